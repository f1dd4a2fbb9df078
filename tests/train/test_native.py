"""Training by the engine native: the examples, stop and resume, what it shows, and jit."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError

EXAMPLES = Path(__file__).parents[2] / "examples"


def _train(name: str, engine: str, steps: int, **options: Any) -> Any:
    model = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    rng = np.random.default_rng(0)
    parameters, data = (v(rng) if callable(v) else v for v in (model["parameters"], model["data"]))
    if name == "moons":
        parameters = {"parameters": parameters}
    return wk.train(
        model["loss"], parameters, data, optimizer=model["optimizer"], steps=steps, engine=engine, **options
    )


@pytest.mark.parametrize("name", ["one_neuron", "line", "moons"])
def test_the_examples(name: str) -> None:
    native, numpy = (_train(name, engine, 300) for engine in ("native", "numpy"))
    assert native.engine == "native"
    np.testing.assert_allclose(native.losses, numpy.losses, rtol=1e-9, atol=1e-15)
    if name == "one_neuron":
        assert native.losses.tobytes() == numpy.losses.tobytes()


@pytest.mark.parametrize("name", ["line", "moons"])
def test_stop_and_resume_and_chunks_change_no_bit(name: str) -> None:
    whole = _train(name, "native", 60)
    for chunk in (None, 1, 7):
        parts = _train(name, "native", 25, chunk=chunk)
        parts.resume(steps=35, chunk=chunk)
        assert parts.losses.tobytes() == whole.losses.tobytes()


def test_it_shows_its_loops_and_the_program_in_python() -> None:
    run = _train("line", "native", 1)
    assert run.source("loops").startswith("loops loss\n")
    assert "define i64 @run(" in run.source("llvm")
    assert "def train(" in run.source("python")
    with pytest.raises(ArgumentError) as caught:
        _train("line", "numpy", 1).source("llvm")
    assert str(caught.value) == "the engine numpy runs no llvm\n  Instead: engine='native' for source('llvm')"


def test_jit() -> None:
    def f(x: Any, w: Any) -> Any:
        h = np.tanh(x @ w)
        return {"mean": np.mean(h, axis=0), "largest": np.max(h), "positive": h > 0}

    rng = np.random.default_rng(0)
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-5)):
        x, w = rng.normal(size=(7, 5)).astype(dtype), rng.normal(size=(5, 19)).astype(dtype)
        found, expected = wk.jit(f, engine="native")(x, w), f(x, w)
        for key, value in expected.items():
            assert found[key].dtype == value.dtype
            np.testing.assert_allclose(found[key], value, rtol=tolerance, atol=tolerance, err_msg=key)
    assert wk.jit(f, engine="native").source(x, w).startswith("loops f\n")
