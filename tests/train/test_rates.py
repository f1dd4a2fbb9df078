"""The learning rate that is found: against bounds that are known, and refused where nothing falls."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import workings as wk
from workings import engines, nn
from workings.trace.trees import flatten

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6))
Y = (X[:, 0] > X[:, 1] ** 2 - 1).astype(int)


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 24, rng=0), nn.Tanh(), nn.Linear(24, 2, rng=1))


def bowl(curvature: float):
    return lambda w: curvature / 2 * np.sum(w**2)


@pytest.mark.parametrize("curvature", [0.01, 1.0, 100.0])
def test_of_a_bowl_the_rate_is_below_the_bound_and_not_far_below(curvature):
    # gradient descent on λ/2 w² converges for η < 2/λ, and at once for η = 1/λ
    found = wk.find_learning_rate(
        bowl(curvature), {"w": np.ones(3)}, optimizer=wk.SGD(), lowest=1e-7, highest=1e4, tried=150
    )
    assert 0.01 / curvature < found.learning_rate < 1 / curvature
    assert float(found) == found.learning_rate
    assert np.max(found.rates[np.isfinite(found.losses)]) < 1e4  # it ended when the loss ran away


@pytest.mark.parametrize(
    "optimizer", [wk.SGD(), wk.SGD(momentum=0.9), wk.Adam(), wk.RMSProp(), "lion", wk.Muon(), None], ids=str
)
def test_of_a_net_the_rate_trains_better_than_much_smaller_ones(optimizer):
    settings = {"loss": "cross_entropy", "batch_size": 32}
    found = wk.find_learning_rate(model(), X, Y, optimizer=optimizer, **settings)

    def trained(factor: float) -> float:
        run = wk.fit(model(), X, Y, optimizer=optimizer, begin=False, progress=False, **settings)
        run.resume(epochs=6, learning_rate=factor * found.learning_rate)
        return run.evaluate(X, Y)["loss"]

    assert trained(1) < trained(0.01)
    assert trained(1) < 0.9 * np.log(2)


def test_nothing_is_compiled_again(monkeypatch):
    made = []

    def get(name, threads):
        compiled = engines.get(name, threads)
        return lambda program: made.append(program) or compiled(program)

    monkeypatch.setattr(sys.modules["workings.train.fit"], "get", get)
    found = wk.find_learning_rate(model(), X, Y, loss="cross_entropy")
    assert len(found.rates) > 50
    assert len(made) == 1


def test_the_model_and_the_data_stay_as_they_are():
    net, x, y = model(), X.copy(), Y.copy()
    before = [leaf.copy() for _, leaf in flatten(net)]
    wk.find_learning_rate(net, x, y, loss="cross_entropy")
    assert all(np.array_equal(a, b) for a, (_, b) in zip(before, flatten(net), strict=True))
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)
    start = {"w": np.ones(3)}
    wk.find_learning_rate(bowl(1.0), start)
    assert np.array_equal(start["w"], np.ones(3))


def test_the_same_arguments_as_those_of_fit():
    heard = []
    settings = {
        "loss": nn.cross_entropy,
        "optimizer": wk.Adam(),
        "validation": 0.2,
        "stratify": True,
        "metrics": "accuracy",
        "early_stopping": wk.EarlyStopping(patience=0),
        "reduce_on_plateau": wk.schedules.ReduceOnPlateau(patience=0),
        "epochs": 3,
        "batch_size": 40,
        "seed": 3,
        "listeners": heard.append,
        "progress": True,
    }
    found = wk.find_learning_rate(model(), X, Y, **settings)
    again = wk.find_learning_rate(model(), x=X, y=Y, **settings)
    assert np.array_equal(found.losses, again.losses)
    assert not heard
    assert wk.fit(model(), X, Y, **{**settings, "progress": False}).steps  # which takes them too


def test_lists_are_arrays_as_in_fit():
    x = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    net = nn.Sequential(nn.Linear(2, 8, rng=1), nn.Tanh(), nn.Linear(8, 2, rng=2))
    options = {"loss": "cross_entropy", "validation": 0.2}
    found = wk.find_learning_rate(net, x.tolist(), y.tolist(), **options)
    assert np.array_equal(found.losses, wk.find_learning_rate(net, x, y, **options).losses)


def test_a_schedule_is_tried_at_its_base():
    plain = wk.find_learning_rate(model(), X, Y, loss="cross_entropy", optimizer=wk.Adam(0.01))
    rate = wk.schedules.Cosine(0.01, steps=100, warmup=50)
    scheduled = wk.find_learning_rate(model(), X, Y, loss="cross_entropy", optimizer=wk.Adam(rate))
    assert np.array_equal(plain.losses, scheduled.losses)


def test_steps_that_share_an_update_share_a_rate():
    found = wk.find_learning_rate(model(), X, Y, loss="cross_entropy", accumulate=3, batch_size=16)
    assert 1e-4 < found.learning_rate < 1


@pytest.mark.parametrize("lowest", [10.0, 1e6])
def test_a_loss_that_only_grows_is_refused(lowest):
    with pytest.raises(wk.ArgumentError, match="runs away"):
        wk.find_learning_rate(bowl(1.0), {"w": np.ones(3)}, lowest=lowest, highest=lowest * 1e6)


def test_a_loss_that_stays_is_refused():
    with pytest.raises(wk.ArgumentError, match=r"no learning rate from 1e-12 to .* makes the loss fall: it stays at"):
        wk.find_learning_rate(bowl(1.0), {"w": np.ones(3)}, lowest=1e-12, highest=1e-9)


def test_labels_of_noise_and_small_rates_are_refused():
    y = np.random.default_rng(1).integers(0, 2, len(X))
    with pytest.raises(wk.ArgumentError, match="makes the loss fall"):
        wk.find_learning_rate(model(), X, y, loss="cross_entropy", optimizer=wk.SGD(), highest=1e-4)


def test_ctrl_c_ends_it():
    def resume(self, *args, **settings):
        self.reason = wk.Reason.INTERRUPTED
        return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wk.Run, "resume", resume)
        with pytest.raises(KeyboardInterrupt):
            wk.find_learning_rate(model(), X, Y, loss="cross_entropy")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lowest": 0.0}, "above 0"),
        ({"lowest": -1.0}, "negative"),
        ({"lowest": 1.0, "highest": 0.1}, "climb"),
        ({"tried": 3}, "tried is 3"),
        ({"tried": 40.5}, "tried is 40.5"),
    ],
    ids=str,
)
def test_bad_bounds(options, said):
    with pytest.raises(wk.ArgumentError, match=said):
        wk.find_learning_rate(bowl(1.0), {"w": 1.0}, **options)


def test_an_optimizer_without_a_rate():
    class Signs:
        def settings(self):
            return {"step_size": 0.1}

        def state(self, parameter):
            return {}

        def update(self, parameter, gradient, state, settings):
            return parameter - settings["step_size"] * np.sign(gradient), {}

    with pytest.raises(wk.ArgumentError, match="no setting learning_rate; it has step_size"):
        wk.find_learning_rate(bowl(1.0), {"w": 1.0}, optimizer=Signs())


def test_how_it_is_shown():
    found = wk.find_learning_rate(bowl(1.0), {"w": np.ones(3)})
    assert str(found) == f"learning rate {found.learning_rate:g}: {found.reason}"
    assert repr(found) == f"<{found}>"
    assert "falls fastest at" in found.reason
    drawn = found.plot()
    assert drawn.log_x
    assert [s.name for s in drawn.series] == ["loss", "smoothed", f"{found.learning_rate:g}"]
    assert '"logX":true' in drawn.svg().replace("&quot;", '"')
    page = found._repr_html_()
    assert page is not None
    assert found.reason in page
    assert "<svg" in page
