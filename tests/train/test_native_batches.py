"""Batches, epochs and random numbers inside the loop of the engine native: the batches and draws of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import nn
from workings.errors import NonFiniteError
from workings.train import Reason

ROWS = 21
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def data(dtype: str, rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(rows, 5)).astype(dtype), "t": rng.integers(0, 3, rows)}


def start(dtype: str) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    shapes = {"w": (5, 7), "b": (7,), "v": (7, 3)}
    return {name: (0.3 * rng.normal(size=shape)).astype(dtype) for name, shape in shapes.items()}


def loss(w: Any, b: Any, v: Any, x: Any, t: Any) -> Any:
    h = np.tanh(x @ w + b)
    return nn.cross_entropy(h @ v, t)


def dropped(w: Any, b: Any, v: Any, x: Any, t: Any) -> Any:
    h = np.tanh(x @ w + b)
    h = np.where(wk.random.bernoulli(wk.random.next_key(), 0.7, h.shape), h / 0.7, 0)
    return nn.cross_entropy(h @ v, t)


def trained(engine: str, dtype: str = "float64", steps: int = 40, f: Any = loss, **options: Any) -> Any:
    options = {"optimizer": wk.SGD(0.1), "batch_size": 8, **options}
    return wk.train(f, start(dtype), data(dtype), steps=steps, engine=engine, **options)


OPTIONS: dict[str, dict[str, Any]] = {
    "a smaller last batch": {},
    "in order": {"shuffle": False},
    "batches that divide the rows": {"batch_size": 7},
    "one row": {"batch_size": 1},
    "one row left": {"batch_size": 20},
    "another seed": {"seed": 11},
    "adamw, clipped by the norm": {"optimizer": wk.AdamW(0.05), "clip_norm": 0.1},
    "momentum, clipped by value": {"optimizer": wk.SGD(0.05, momentum=0.9), "clip_value": 0.02},
    "shared updates and an average": {"accumulate": 3, "average": 0.9, "optimizer": wk.Adam(0.02)},
    "a schedule": {"optimizer": wk.SGD(wk.schedules.Exponential(0.2, factor=0.95))},
    "rates by name": {"rates": {"v": 0.1}, "frozen": ["b"]},
    "dropout": {"f": dropped},
    "dropout, adam": {"f": dropped, "optimizer": wk.Adam(0.02), "seed": 5},
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", OPTIONS)
def test_losses_and_parameters_are_those_of_numpy(name: str, dtype: str) -> None:
    native, numpy = (trained(engine, dtype, **OPTIONS[name]) for engine in ("native", "numpy"))
    assert native.losses.dtype == numpy.losses.dtype == dtype
    np.testing.assert_allclose(native.losses, numpy.losses, rtol=TOLERANCE[dtype])
    for key, value in numpy.parameters.items():
        np.testing.assert_allclose(native.parameters[key], value, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("batch_size", [1, 4, 8, 20])
def test_each_step_sees_the_rows_that_it_sees_in_numpy(batch_size: int) -> None:
    """Told by a loss that is the sum of distinct powers of two, one for each row."""
    marks = {"m": 2.0 ** np.arange(ROWS)}

    def marked(w: Any, m: Any) -> Any:
        return np.sum(m) + w * 0.5

    native, numpy = (
        wk.train(
            marked,
            {"w": 0.0},
            marks,
            optimizer=wk.SGD(0.0),
            steps=70,
            engine=engine,
            batch_size=batch_size,
            seed=3,
        )
        for engine in ("native", "numpy")
    )
    assert native.losses.tolist() == numpy.losses.tolist()


def test_shuffled_rows_need_no_check() -> None:
    text = trained("native", steps=1).source("loops")
    assert f" within {ROWS}\n" in text
    assert " wrapped " not in text


@pytest.mark.parametrize("name", ["a smaller last batch", "shared updates and an average", "dropout, adam"])
def test_chunks_and_resumes_change_no_bit(name: str) -> None:
    whole = trained("native", steps=40, **OPTIONS[name])
    for chunk in (1, 7):
        parts = trained("native", steps=11, chunk=chunk, **OPTIONS[name]).resume(steps=29, chunk=chunk)
        assert parts.losses.tobytes() == whole.losses.tobytes()
        for key, value in whole.parameters.items():
            assert parts.parameters[key].tobytes() == value.tobytes()


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────


def model() -> nn.Sequential:
    # a bias before a batch is normalized would have the slope 0, of which Adam makes large steps out of rounding
    first = nn.Linear(5, 9, bias=False, rng=1)
    return nn.Sequential(first, nn.BatchNorm(9), nn.ReLU(), nn.Dropout(0.3), nn.Linear(9, 3, rng=2))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_model_with_state_and_dropout_is_fitted_alike(dtype: str) -> None:
    rows = data(dtype, 130)
    native, numpy = (
        wk.fit(
            model(),
            rows["x"],
            rows["t"],
            loss="cross_entropy",
            optimizer=wk.AdamW(0.01),
            batch_size=32,
            epochs=4,
            validation=0.2,
            metrics=["accuracy"],
            clip_norm=1.0,
            dtype=dtype,
            engine=engine,
            progress=False,
        )
        for engine in ("native", "numpy")
    )
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(native.losses, numpy.losses, rtol=tolerance)
    for key in ("loss", "validation_loss", "accuracy"):
        np.testing.assert_allclose(native.history[key], numpy.history[key], rtol=tolerance)
    answers = native.predict(rows["x"][:7]), numpy.predict(rows["x"][:7])
    np.testing.assert_allclose(*answers, rtol=10 * tolerance, atol=10 * tolerance)
    # what is kept beside the parameters, the mean and variance of the batches, is trained along
    assert not np.array_equal(native.model.layers[1].running_mean, model().layers[1].running_mean)
    np.testing.assert_allclose(
        native.model.layers[1].running_mean, numpy.model.layers[1].running_mean, rtol=tolerance, atol=tolerance
    )


def test_an_embedding_learns_the_rows_that_a_batch_has() -> None:
    rng = np.random.default_rng(0)
    words, targets = rng.integers(0, 11, (50, 4)), rng.normal(size=50)

    def error(table: Any, words: Any, targets: Any) -> Any:
        return np.mean((np.sum(table[words], axis=(1, 2)) - targets) ** 2)

    table = rng.normal(size=(11, 3))
    native, numpy = (
        wk.train(
            error,
            {"table": table},
            {"words": words, "targets": targets},
            optimizer=wk.SGD(0.01),
            steps=30,
            batch_size=16,
            engine=engine,
        )
        for engine in ("native", "numpy")
    )
    np.testing.assert_allclose(native.losses, numpy.losses, rtol=1e-10)
    np.testing.assert_allclose(native.parameters["table"], numpy.parameters["table"], rtol=1e-10)


# ── where a run ends ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_it_stops_at_the_step_where_numpy_stops(chunk: int | None) -> None:
    options: dict[str, Any] = {"steps": 3000, "chunk": chunk, "optimizer": wk.Adam(0.05)}
    for condition, reason in (({"until_loss": 0.3}, Reason.LOSS), ({"until_change": 1e-4}, Reason.CHANGE)):
        native, numpy = (trained(engine, **options, **condition) for engine in ("native", "numpy"))
        assert native.reason is numpy.reason is reason
        assert native.steps == numpy.steps


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_a_loss_that_is_not_finite_is_named_at_its_step(chunk: int | None) -> None:
    rows = np.ones((40, 1))
    rows[29] = 1e200
    found = []
    for engine in ("native", "numpy"):
        with pytest.raises(NonFiniteError) as caught:
            wk.train(
                lambda w, x: np.mean((x * w) ** 2),
                {"w": np.ones(1)},
                {"x": rows},
                optimizer=wk.SGD(1e-3),
                steps=20,
                batch_size=8,
                chunk=chunk,
                engine=engine,
            )
        found.append(caught.value)
    native, numpy = found
    assert native.run.steps == numpy.run.steps
    assert native.problem == numpy.problem
    np.testing.assert_allclose(native.run.parameters["w"], numpy.run.parameters["w"], rtol=1e-12)


@pytest.mark.parametrize("chunk", [None, 1, 7])
def test_a_label_outside_is_the_error_that_numpy_has(chunk: int | None) -> None:
    rows = data("float64")
    rows["t"][17] = 3

    def picked(w: Any, b: Any, v: Any, x: Any, t: Any) -> Any:
        scores = np.tanh(x @ w + b) @ v
        return -np.mean(scores[np.arange(len(t)), t])

    messages = []
    for engine in ("native", "numpy"):
        with pytest.raises(IndexError) as caught:
            wk.train(picked, start("float64"), rows, steps=20, batch_size=8, engine=engine, chunk=chunk)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] == "index 3 is out of bounds for axis 1 with size 3"


def test_training_goes_on_after_a_label_outside() -> None:
    """What one run did wrong is nothing to the next one."""
    f = wk.jit(lambda x, i: np.sum(x[i]), engine="native")
    x = np.arange(5.0)
    with pytest.raises(IndexError):
        f(x, np.array([1, 7]))
    assert f(x, np.array([1, 4])) == 5
