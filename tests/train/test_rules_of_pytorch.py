"""The optimizers and schedules step by step against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.train.descent import SHAPES, STEPS, descend, slope, start

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def torch() -> Any:
    module = pytest.importorskip("torch")
    before = module.get_default_dtype()
    module.set_default_dtype(module.float64)  # NAdam keeps its product in it
    yield module
    module.set_default_dtype(before)


def by_torch(torch: Any, name: str, options: dict[str, Any], begin: Any, steps: int = STEPS):
    w = torch.nn.Parameter(torch.tensor(begin))
    optimizer = getattr(torch.optim, name)([w], **options)
    for step in range(steps):
        w.grad = torch.tensor(slope(w.detach().numpy().copy()[()], step))
        optimizer.step()
        yield w.detach().numpy().copy()


ADAM = {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-6}
ADAM_THERE = {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-6}
RMS, RMS_THERE = {"learning_rate": 0.01, "beta": 0.9}, {"lr": 0.01, "alpha": 0.9}
MUON, MUON_THERE = {"learning_rate": 0.02, "weight_decay": 0.05}, {"lr": 0.02, "weight_decay": 0.05}

PAIRS = {
    "sgd": (wk.SGD(0.05), "SGD", {"lr": 0.05}),
    "sgd, momentum": (wk.SGD(0.05, momentum=0.9), "SGD", {"lr": 0.05, "momentum": 0.9}),
    "sgd, dampening": (
        wk.SGD(0.05, momentum=0.9, dampening=0.3, weight_decay=0.1),
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    ),
    "sgd, nesterov": (
        wk.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.1),
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ),
    "adam": (wk.Adam(**ADAM), "Adam", ADAM_THERE),
    "adam, as it comes": (wk.Adam(), "Adam", {}),
    "adam, decay": (wk.Adam(**ADAM, weight_decay=0.1), "Adam", {**ADAM_THERE, "weight_decay": 0.1}),
    "adamw": (wk.AdamW(**ADAM, weight_decay=0.1), "AdamW", {**ADAM_THERE, "weight_decay": 0.1}),
    "adamw, as it comes": (wk.AdamW(), "AdamW", {}),
    "nadam": (wk.NAdam(**ADAM), "NAdam", ADAM_THERE),
    "nadam, as it comes": (wk.NAdam(), "NAdam", {}),
    "nadam, decay": (wk.NAdam(**ADAM, weight_decay=0.1), "NAdam", {**ADAM_THERE, "weight_decay": 0.1}),
    "nadam, decay apart": (
        wk.NAdam(**ADAM, weight_decay=0.1, decoupled=True, momentum_decay=0.01),
        "NAdam",
        {**ADAM_THERE, "weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.01},
    ),
    "rmsprop": (wk.RMSProp(**RMS), "RMSprop", RMS_THERE),
    "rmsprop, as it comes": (wk.RMSProp(), "RMSprop", {}),
    "rmsprop, momentum": (
        wk.RMSProp(**RMS, momentum=0.8, weight_decay=0.1),
        "RMSprop",
        {**RMS_THERE, "momentum": 0.8, "weight_decay": 0.1},
    ),
    "rmsprop, centered": (wk.RMSProp(**RMS, centered=True), "RMSprop", {**RMS_THERE, "centered": True}),
    "adagrad": (wk.Adagrad(), "Adagrad", {}),
    "adagrad, all": (
        wk.Adagrad(0.1, rate_decay=0.05, start=0.2, weight_decay=0.1),
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2, "weight_decay": 0.1},
    ),
    "muon": (wk.Muon(**MUON), "Muon", {**MUON_THERE, "adjust_lr_fn": "match_rms_adamw"}),
    "muon, plain": (
        wk.Muon(**MUON, momentum=0.9, nesterov=False, match_adamw=False),
        "Muon",
        {**MUON_THERE, "momentum": 0.9, "nesterov": False},
    ),
    "muon, the rest": (
        wk.Muon(**ADAM, weight_decay=0.1),
        "AdamW",
        {**ADAM_THERE, "weight_decay": 0.1},
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", PAIRS)
def test_step_by_step(torch: Any, monkeypatch: pytest.MonkeyPatch, case: str, dtype: Any) -> None:
    ours, name, options = PAIRS[case]
    # PyTorch's Muon rounds to bfloat16 on the way; without that its rule is ours
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x.clone())
    # a difference in the last bit goes into the next gradient, and momentum carries it on
    close = {np.float64: 20, np.float32: 100}[dtype] * float(np.finfo(dtype).eps)
    for shape in SHAPES:
        if case.startswith("muon") and (len(shape) == 2) != (name == "Muon"):
            continue
        begin = start(shape, dtype)
        for step, (here, there) in enumerate(
            zip(descend(ours, begin), by_torch(torch, name, options, begin), strict=True)
        ):
            assert np.result_type(here) == there.dtype
            np.testing.assert_allclose(here, there, rtol=close, atol=close, err_msg=f"{shape}, step {step}")


def test_muon_against_pytorch_as_it_is(torch: Any) -> None:
    """Three digits of bfloat16 in each step of Newton–Schulz."""
    begin = start((6, 4))
    here = next(descend(wk.Muon(**MUON), begin, 1))
    there = next(by_torch(torch, "Muon", {**MUON_THERE, "adjust_lr_fn": "match_rms_adamw"}, begin, 1))
    assert np.linalg.norm(here - there) < 0.02 * np.linalg.norm(here - begin)


# ── schedules ──

S = wk.schedules


SCHEDULES = {
    "step": (S.StepDecay(0.3, every=7, factor=0.5), lambda s, o: s.StepLR(o, 7, 0.5)),
    "exponential": (S.Exponential(0.3, factor=0.95), lambda s, o: s.ExponentialLR(o, 0.95)),
    "cosine": (S.Cosine(0.3, steps=60), lambda s, o: s.CosineAnnealingLR(o, 60)),
    "cosine with a floor": (
        S.Cosine(0.3, steps=60, floor=0.1),
        lambda s, o: s.CosineAnnealingLR(o, 60, eta_min=0.03),
    ),
    "polynomial": (S.Polynomial(0.3, steps=40, power=2.5), lambda s, o: s.PolynomialLR(o, 40, 2.5)),
    "line": (S.Polynomial(0.3, steps=40), lambda s, o: s.PolynomialLR(o, 40)),
    "line to a floor": (S.Polynomial(0.3, steps=40, floor=0.2), lambda s, o: s.LinearLR(o, 1.0, 0.2, 40)),
    "one cycle": (S.OneCycle(0.3, steps=60), lambda s, o: s.OneCycleLR(o, 0.3, 60, cycle_momentum=False)),
    "one cycle, else": (
        S.OneCycle(0.3, steps=60, rise=0.45, first=0.1, last=0.001),
        lambda s, o: s.OneCycleLR(
            o, 0.3, 60, pct_start=0.45, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
    ),
    "warm-up": (S.Constant(0.3, warmup=10), lambda s, o: s.LinearLR(o, 1 / 10, 1.0, 9)),
    "warm-up, then cosine": (
        S.Cosine(0.3, steps=60, warmup=10),
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 1 / 10, 1.0, 9), s.CosineAnnealingLR(o, 50)], [10]),
    ),
    "warm-up, then steps": (
        S.StepDecay(0.3, every=7, warmup=10),
        lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 1 / 10, 1.0, 9), s.StepLR(o, 7)], [10]),
    ),
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_schedules(torch: Any, case: str) -> None:
    ours, make = SCHEDULES[case]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    there = []
    for _ in range(60):
        there.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    # PyTorch makes each rate from the one before
    np.testing.assert_allclose(ours(np.arange(60)), there, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        ({"factor": 0.5, "patience": 0}, {"factor": 0.5, "patience": 0}),
        ({"factor": 0.3, "patience": 2, "cooldown": 3}, {"factor": 0.3, "patience": 2, "cooldown": 3}),
        (
            {"factor": 0.3, "patience": 1, "threshold": 0.05, "minimum": 0.02},
            {"factor": 0.3, "patience": 1, "threshold": 0.05, "min_lr": 0.02 * 0.4},
        ),
    ],
)
def test_plateaus(torch: Any, mode: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    values = 1 / (1 + np.arange(120) // 15) + 0.1 * rng.random(120)
    values = [*(values if mode == "min" else 2 - values), float("nan"), 1.0]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, eps=0.0, **theirs)
    rule, state, rate = S.ReduceOnPlateau(mode=mode, **ours), S.Plateau(), 0.4
    rates = set()
    for value in values:
        scheduler.step(value)
        scale, state = rule.after(value, state)
        rate *= scale
        rates.add(rate)
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        assert rate == pytest.approx(0.4 * state.scale, rel=1e-12)
    assert len(rates) > 2
