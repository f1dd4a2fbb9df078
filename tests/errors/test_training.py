"""The errors of training and of missing packages: whole messages, and what each error carries along."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import workings as wk
from workings import optional


def loss(w, x):
    y = w * x
    return y**2


def test_non_finite():
    with pytest.raises(wk.NonFiniteError) as caught:
        wk.train(loss, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(0.1), steps=1000)
    error = caught.value
    assert str(error) == (
        "step 120: loss is inf, made by square from y = 2.8211885615580233e+154\n"
        f"  at {__file__}, line 16, in loss:\n"
        "      return y**2\n"
        "             ^^^^\n"
        "  Instead: a smaller learning rate than 0.1, so that the values do not grow from step to step"
    )
    assert isinstance(error, ArithmeticError)
    assert error.run.steps == error.step == 120
    assert error.node.op.name == "square"
    assert list(error.values) == ["y"]
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_arguments_of_training():
    with pytest.raises(wk.ArgumentError) as caught:
        wk.train(loss, {"w": 1.0}, {"X": 10.0})
    assert str(caught.value) == "data has 'X', which is no argument of loss(w, x)\n  Instead: it takes w, x"
    assert isinstance(caught.value, ValueError)
    with pytest.raises(wk.ArgumentError) as caught:
        wk.train(loss, {"w": 1.0}, {"x": np.array([[1.0, np.nan]])})
    assert str(caught.value) == "the data x is nan at [0, 1]\n  Instead: drop those rows, or fill them in"


def test_a_package_that_is_missing():
    with pytest.raises(wk.MissingExtraError) as caught:
        optional.load("no_such_package.part", "a picture of the net", "pip install 'workings[plot]'")
    assert str(caught.value) == (
        "a picture of the net needs the package 'no_such_package', which is not installed\n"
        "  Instead: pip install 'workings[plot]'"
    )
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_package_that_is_there_and_broken_says_so_itself(tmp_path, monkeypatch):
    (tmp_path / "halfway_there.py").write_text("import what_it_needs_itself\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_needs_itself") as caught:
        optional.load("halfway_there", "an example", "pip install halfway")
    assert not isinstance(caught.value, wk.WorkingsError)
