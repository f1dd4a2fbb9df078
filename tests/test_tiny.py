"""The whole main job in seconds: run this first."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import workings as wk


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


@pytest.mark.parametrize("engine", ["numpy", "reference"])
def test_one_neuron_is_traced_derived_trained_and_explained(engine):
    run = wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=100, engine=engine)
    assert run.parameters["w"] == 1.80107066615787
    assert run.losses[0] == 2.25
    run.resume(steps=100)
    assert list(run.losses[100:103]) == [0.03957287986287364, 0.0380057938203038, 0.03650076438501975]
    assert run.parameters["w"] == 1.9736180800914178
    assert run.value("y", x=3.0) == 5.920854240274253
    line = "dloss/dw = dloss/dz · dz/dy · dy/dw = 2z · 1 · x = 2 (y − expected) x = −3"
    assert line in str(run.explain(step=0))
    assert "w = w - learning_rate * d_w" in run.source("python")
    assert "workings" not in run.source("python")


def test_cells_carry_numbers_and_formulas():
    w = wk.parameter(0.5)
    x = wk.constant(1.0)
    expected = wk.constant(2.0)
    y = w * x
    loss = (y - expected) ** 2
    assert repr(y) == "y = w · x = 0.5"
    assert repr(loss) == "loss = (y − expected)² = 2.25"
    assert repr(wk.gradient(loss, w)) == "dloss/dw = 2 (y − expected) x = -3.0"
    for _ in range(100):
        y = w * x
        loss = (y - expected) ** 2
        w = w - 0.01 * wk.gradient(loss, w)
    assert float(w) == 1.80107066615787


def test_functions_of_arrays_have_gradients():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    slope = wk.grad(lambda w: np.mean(np.tanh(x @ w) ** 2))(w)
    z = np.tanh(x @ w)
    np.testing.assert_allclose(slope, x.T @ (2 * z * (1 - z**2)) / z.size, rtol=1e-12)
    assert wk.check_gradient(lambda w: np.mean(np.tanh(x @ w) ** 2), w).ok


def test_import_loads_numpy_and_the_standard_library_alone():
    code = (
        "import sys, numpy; before = set(sys.modules); import workings; "
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["workings"]


def test_every_public_name_is_there_and_documented():
    for name in wk.__all__:
        value = getattr(wk, name)
        if name != "__version__":
            assert value.__doc__, name
    assert set(wk.__all__) <= set(dir(wk))
