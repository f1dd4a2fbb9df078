"""What a new user of `fit` may get wrong, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError, nn

X = np.random.default_rng(0).normal(size=(130, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(int)


def fitted(model: Any = None, x: Any = X, y: Any = Y, **options: Any) -> wk.Run:
    model = nn.Sequential(nn.Linear(4, 8, rng=1), nn.Tanh(), nn.Linear(8, 2, rng=2)) if model is None else model
    options = {"loss": "cross_entropy", "epochs": 3, "progress": False, **options}
    return wk.fit(model, x, y, **options)


def raised(error, *args, **options):
    with pytest.raises(error) as caught:
        fitted(*args, **options)
    return caught.value


def test_metrics_without_validation_are_refused():
    error = raised(ArgumentError, metrics="accuracy")
    assert error.problem == "metrics are measured on validation data, and there are none for accuracy"
    assert error.fix == "validation=0.1; or afterwards run.evaluate(x, y, metrics='accuracy')"


def test_a_metric_that_does_not_fit_is_named_before_the_first_step():
    seen = []
    error = raised(ArgumentError, metrics="r2", validation=0.25, listeners=seen.append)
    assert error.problem.startswith("the metric r2: prediction has shape ")
    assert seen == []


def test_a_model_is_called_with_what_it_takes_and_returns_something():
    error = raised(ArgumentError, x=(X, X))
    assert error.problem.startswith("x is a tuple of 2, and the model is called as Sequential(x")

    @dataclass
    class Silent:
        layer: Any

        def __call__(self, x):
            self.layer(x)

    error = raised(ArgumentError, Silent(nn.Linear(X.shape[1], 2)))
    assert error.problem == "the model Silent returns None"


def test_tables_are_arrays():
    class Table:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype)

    run = fitted(x=Table(X), y=Table(Y))
    assert np.array_equal(run.losses, fitted().losses)
    assert np.array_equal(run.predict(Table(X)), run.predict(X))


def test_frozen_is_a_list_of_names_or_patterns():
    assert raised(ArgumentError, frozen="layers.0.*").fix == "frozen=['layers.0.*']"
    assert raised(ArgumentError, frozen=["layers.0"]).fix == "'layers.0.*' for those within it"


def test_the_seconds_of_a_history_go_on():
    run = fitted(epochs=2)
    run.resume(epochs=2)
    assert np.all(np.diff(run.history["seconds"]) >= 0)


def test_targets_that_are_not_finite_are_not_blamed_on_the_learning_rate():
    target = np.zeros((len(X), 1))
    target[5] = np.inf
    with pytest.raises(wk.NonFiniteError) as caught:
        wk.fit(nn.Linear(X.shape[1], 1), X, target, loss="mse", epochs=1, progress=False)
    assert caught.value.fix == "data that are finite: y is not"
