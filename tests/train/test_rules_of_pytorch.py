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
    # a difference in the last bit goes into the next gradient
    close = 40 * float(np.finfo(dtype).eps)
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
    here = list(descend(wk.Muon(**MUON), begin, 1))[0]
    there = list(by_torch(torch, "Muon", {**MUON_THERE, "adjust_lr_fn": "match_rms_adamw"}, begin, 1))[0]
    assert np.linalg.norm(here - there) < 0.02 * np.linalg.norm(here - begin)
