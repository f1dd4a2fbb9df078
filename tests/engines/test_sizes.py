"""The engine native at both ends: no rows at all, ten million numbers, thousands of operations, a hundred models."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.ops.checks import same_bits

LARGE = 10**7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(LARGE,), (LARGE // 10, 10), (10, LARGE // 10)])
def test_sums_of_ten_million_numbers(dtype: Any, shape: tuple[int, ...]) -> None:
    """No further from the exact sum than NumPy is, but for a rounding."""
    x = np.random.default_rng(0).uniform(size=shape).astype(dtype)
    exact = x.astype(np.longdouble)
    for axis in (None, *range(x.ndim)):
        found = wk.jit(lambda x, axis=axis: (np.sum(x, axis), np.max(x, axis)), engine="native")(x)
        wanted = exact.sum(axis)
        off, allowed = (np.abs(s - wanted) for s in (found[0], np.sum(x, axis)))
        assert np.all(off <= np.max(allowed) + np.spacing(np.abs(wanted.astype(dtype))))
        assert same_bits(found[1], np.max(x, axis))


def test_no_rows() -> None:
    def loss(w: Any, x: Any, y: Any) -> Any:
        return np.sum((np.maximum(x @ w, 0) - y) ** 2)

    w = np.ones(3)
    value, slope = wk.jit(wk.value_and_grad(loss), engine="native")(w, np.ones((0, 3)), np.ones(0))
    assert value == 0
    assert same_bits(slope, np.zeros(3))


def test_a_step_of_five_thousand_values() -> None:
    """Of numbers: as compositions of what is rounded as NumPy rounds it."""

    def loss(layers: Any, x: Any) -> Any:
        for layer in layers:
            x = layer["w"] * x / (1 + x * x) + layer["b"]
        return x * x

    rng = np.random.default_rng(0)
    layers = [{"w": float(w), "b": float(b)} for w, b in rng.normal(size=(210, 2))]
    runs = [wk.train(loss, {"layers": layers}, {"x": 0.3}, steps=3, engine=e) for e in ("native", "numpy")]
    assert len(runs[0].program.step) > 5000
    assert same_bits(runs[0].losses, runs[1].losses)
    assert runs[0].parameters == runs[1].parameters


MODELS = """
import gc, sys
import numpy as np
import workings as wk

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def train(width):
    rng = np.random.default_rng(width)
    w, v = rng.normal(size=(3, width)), rng.normal(size=width)
    data = {"x": rng.normal(size=(50, 3)), "y": np.ones(50)}
    loss = lambda w, v, x, y: np.mean((np.maximum(x @ w, 0) @ v - y) ** 2)
    assert wk.train(loss, {"w": w, "v": v}, data, steps=5, engine="native").engine == "native"

for width in range(2, 22):
    train(width)
gc.collect()
before = used()
for width in range(22, 122):
    train(width)
gc.collect()
print(used() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory of a process is read as Linux tells it")
def test_a_hundred_models_in_one_process() -> None:
    """Each leaves what LLVM keeps of it, an eighth of a megabyte; its code and its data go."""
    done = subprocess.run(
        [sys.executable, "-c", MODELS],
        env={**os.environ, "WORKINGS_CACHE": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 40
