"""Update rules of one's own: their state is carried, their settings can be changed, and their bits hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError


@dataclass(frozen=True)
class Momentum:
    learning_rate: float = 0.05
    decay: float = 0.9

    def settings(self):
        return {"learning_rate": self.learning_rate, "decay": self.decay}

    def state(self, parameter):
        return {"velocity": np.zeros_like(parameter)}

    def update(self, parameter, gradient, state, settings):
        velocity = settings["decay"] * state["velocity"] + (1 - settings["decay"]) * gradient
        return parameter - settings["learning_rate"] * velocity, {"velocity": velocity}


class Adam:
    """Kingma and Ba, Adam: a method for stochastic optimization (2014), algorithm 1."""

    def settings(self):
        return {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}

    def state(self, parameter):
        return {"m": np.zeros_like(parameter), "v": np.zeros_like(parameter), "count": parameter.dtype.type(0)}

    def update(self, parameter, gradient, state, settings):
        beta_1, beta_2 = settings["beta_1"], settings["beta_2"]
        count = state["count"] + 1
        m = beta_1 * state["m"] + (1 - beta_1) * gradient
        v = beta_2 * state["v"] + (1 - beta_2) * gradient**2
        m_hat = m / (1 - beta_1**count)
        v_hat = v / (1 - beta_2**count)
        new = parameter - settings["learning_rate"] * m_hat / (np.sqrt(v_hat) + settings["epsilon"])
        return new, {"m": m, "v": v, "count": count}


def loss(w, b, x, t):
    y = np.tanh(x @ w) + b
    return np.mean((y - t) ** 2)


def problem(dtype=np.float64):
    rng = np.random.default_rng(5)
    parameters = {"w": rng.normal(size=(3, 2)).astype(dtype), "b": np.zeros(2, dtype)}
    data = {"x": rng.normal(size=(20, 3)).astype(dtype), "t": rng.normal(size=(20, 2)).astype(dtype)}
    return loss, parameters, data


def bits(run):
    return run.losses.tobytes(), [v.tobytes() for v in run.parameters.values()]


RULES = [wk.SGD(0.1), Momentum(), Adam()]


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_bits(rule, dtype, engine):
    whole = wk.train(*problem(dtype), optimizer=rule, steps=40, engine="numpy")
    assert whole.losses[-1] < whole.losses[0]
    parts = wk.train(*problem(dtype), optimizer=rule, steps=9, engine=engine, chunk=4)
    for more in (1, 20, 10):
        parts.resume(more, chunk=7)
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_float32_stays_float32(rule):
    run = wk.train(*problem(np.float32), optimizer=rule, steps=3, until_change=1e-9)
    for carry in run.program.carry:
        assert carry.input.dtype == carry.output.dtype == np.float32, carry.name
    # settings are float64, and so is what is made of settings alone; nothing that is computed from values is
    for node in run.program.step.nodes:
        if node.dtype == np.float64 and node.inputs:
            assert all(i.role == "setting" or i.is_constant for i in node.inputs), node


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_momentum_is_what_numpy_computes(dtype):
    f, start, data = problem(dtype)
    run = wk.train(f, start, data, optimizer=Momentum(), steps=30, engine="numpy")
    slopes = wk.grad(f, wrt=("w", "b"))
    parameters, velocity = dict(start), {k: np.zeros_like(v) for k, v in start.items()}
    for _ in range(30):
        found = dict(zip("wb", slopes(**parameters, **data), strict=True))
        for name in "wb":
            velocity[name] = 0.9 * velocity[name] + (1 - 0.9) * found[name]
            parameters[name] = parameters[name] - 0.05 * velocity[name]
    assert bits(run)[1] == [parameters[k].tobytes() for k in "wb"]
    assert run.value("velocity_w").tolist() == velocity["w"].tolist()


def test_the_written_program_reads_like_the_rule():
    f, start, data = problem()
    one = wk.train(lambda w, x: f(w, 0.0, x, data["t"]), {"w": start["w"]}, {"x": data["x"]}, optimizer=Momentum())
    assert "velocity_w = decay * velocity_w + (1 - decay) * d_w" in one.source()
    assert "w = w - learning_rate * velocity_w" in one.source()
    two = wk.train(f, start, data, optimizer=Momentum()).source()
    for name in "wb":
        assert f"velocity_{name} = decay * velocity_{name} + " in two
        assert f"{name} = {name} - learning_rate * velocity_{name}" in two


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_gradient_descent_reads_the_same_in_every_dtype(dtype):
    run = wk.train(*problem(dtype), steps=5, until_loss=1e-6)
    assert "w = w - learning_rate * d_w" in run.source()
    assert "b = b - learning_rate * d_b" in run.source()
    assert "astype" not in run.source()
    assert {n.dtype for n in run.program.setting_inputs} == {np.dtype(dtype)}


def test_any_setting_can_be_changed_and_nothing_is_compiled_again():
    run = wk.train(*problem(), optimizer=Momentum(), steps=10, engine="numpy")
    engine, train = run._engine, run._engine.train
    run.resume(10, decay=0.5, learning_rate=0.2)
    assert run._engine is engine
    assert engine.train is train
    assert run.settings == {"learning_rate": 0.2, "decay": 0.5}
    other = wk.train(*problem(), optimizer=Momentum(), steps=10, engine="reference")
    assert bits(other.resume(10, decay=0.5, learning_rate=0.2)) == bits(run)
    assert str(run.explain(15)) == str(other.explain(15))
    with pytest.raises(ArgumentError) as caught:
        run.resume(1, decai=0.5)
    assert str(caught.value) == "this run has no setting 'decai'\n  Instead: 'decay'"
    with pytest.raises(ArgumentError, match="decay is inf; it must be finite"):
        run.resume(1, decay=float("inf"))
    assert run.settings == {"learning_rate": 0.2, "decay": 0.5}


def test_changing_nothing_is_a_run_as_before():
    run = wk.train(*problem(), optimizer=Momentum(), steps=10)
    whole = wk.train(*problem(), optimizer=Momentum(), steps=20)
    assert bits(run.resume(10, decay=0.9, learning_rate=0.05)) == bits(whole)


def test_what_is_carried_keeps_its_dtype():
    class Wide:
        def settings(self):
            return {"learning_rate": 0.1}

        def state(self, parameter):
            return {"sum": parameter, "count": 0}

        def update(self, parameter, gradient, state, settings):
            total = state["sum"].astype(np.float64) + gradient.astype(np.float64)
            return parameter.astype(np.float64) - settings["learning_rate"] * total, {
                "sum": total,
                "count": state["count"] + 1,
            }

    run = wk.train(*problem(np.float32), optimizer=Wide(), steps=4, engine="numpy")
    assert all(c.input.dtype == c.output.dtype for c in run.program.carry)
    assert run.parameters["w"].dtype == np.float32
    assert run.value("count_w") == 4
    assert run.value("count_w").dtype == np.int64
    other = wk.train(*problem(np.float32), optimizer=Wide(), steps=2, engine="reference").resume(2)
    assert bits(other) == bits(run)


def test_a_rule_without_settings_or_gradient():
    class Shrink:
        def settings(self):
            return {}

        def state(self, parameter):
            return {}

        def update(self, parameter, gradient, state, settings):
            return parameter * 0.5, {}

    run = wk.train(lambda w: w**2, {"w": 1.0}, optimizer=Shrink(), steps=3)
    assert run.losses.tolist() == [1.0, 0.25, 0.0625]
    with pytest.raises(ArgumentError) as caught:
        run.resume(1, learning_rate=0.1)
    assert str(caught.value) == "this run has no setting 'learning_rate'"


class Wrong:
    def __init__(self, update, settings=None):
        self._update, self._settings = update, settings or {"learning_rate": 0.1}

    def __repr__(self):
        return "Wrong()"

    def settings(self):
        return self._settings

    def state(self, parameter):
        return {"kept": np.zeros_like(parameter)}

    def update(self, parameter, gradient, state, settings):
        return self._update(parameter, gradient, state)


WRONG = {
    "no state": (
        Wrong(lambda p, g, s: p - g),
        "the update of Wrong() returns one value, and not a parameter and a state\n  Instead: return parameter, {}",
    ),
    "another state": (
        Wrong(lambda p, g, s: (p - g, {})),
        "Wrong() keeps kept at the start, and nothing after an update\n  Instead: the same names in both",
    ),
    "another shape": (
        Wrong(lambda p, g, s: (np.sum(p), s)),
        "Wrong() makes w of shape (2,) into shape ()\n  Instead: an update that keeps the shape",
    ),
    "a negative rate": (
        Wrong(lambda p, g, s: (p, s), {"learning_rate": -1.0}),
        "learning_rate is -1; it must not be negative\n"
        "  Instead: learning_rate=1; the minus sign is in the update already",
    ),
    "no number": (
        Wrong(lambda p, g, s: (p, s), {"decay": None}),
        "decay is None, which is no number\n  Instead: decay=0.01",
    ),
    "a name that is taken": (
        Wrong(lambda p, g, s: (p, s), {"until_loss": 1.0}),
        "until_loss is a setting of Wrong(), and one of training itself\n  Instead: another name",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_rules_that_are_wrong(case):
    rule, message = WRONG[case]
    with pytest.raises(ArgumentError) as caught:
        wk.train(lambda w: np.sum(w**2), {"w": np.ones(2)}, optimizer=rule, steps=1)
    assert str(caught.value) == message


def test_random_numbers_in_a_rule_are_refused():
    rng = np.random.default_rng(0)

    class Noisy(wk.SGD):
        def update(self, parameter, gradient, state, settings):
            return parameter - settings["learning_rate"] * gradient + rng.normal(), state

    with pytest.raises(wk.UnstableError, match="update does not do the same twice"):
        wk.train(lambda w: w * w, {"w": 1.0}, optimizer=Noisy(0.1))
