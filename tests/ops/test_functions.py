"""The composites: what they mean, that they stay finite for large inputs, and their derivatives as stated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import workings as wk
from workings import functions

Function = Callable[..., Any]

ELEMENTWISE: dict[str, tuple[Function, Function]] = {
    "relu": (functions.relu, lambda x: np.maximum(x, 0)),
    "leaky_relu": (functions.leaky_relu, lambda x: np.where(x > 0, x, 0.01 * x)),
    "sigmoid": (functions.sigmoid, scipy.special.expit),
    "softplus": (functions.softplus, lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)),
    "silu": (functions.silu, lambda x: x * scipy.special.expit(x)),
    "gelu": (functions.gelu, lambda x: x * scipy.stats.norm.cdf(x)),
    "erf": (functions.erf, scipy.special.erf),
}
ALONG: dict[str, tuple[Function, Function]] = {
    "softmax": (functions.softmax, scipy.special.softmax),
    "log_softmax": (functions.log_softmax, scipy.special.log_softmax),
    "logsumexp": (functions.logsumexp, scipy.special.logsumexp),
    "var": (functions.var, np.var),
    "std": (functions.std, np.std),
    "var of a sample": (lambda x, axis: functions.var(x, axis, ddof=1), lambda x, axis: np.var(x, axis, ddof=1)),
}
LARGE = np.array([-1e300, -1000.0, -40.0, -1e-20, 1e-20, 40.0, 1000.0, 1e300])


def slope(function: Function, x: np.ndarray) -> np.ndarray:
    """The derivative of an elementwise function, by reverse mode."""
    return wk.grad(lambda v: np.sum(function(v)))(x)


def differences(function: Function, x: np.ndarray, h: float = 1e-6) -> np.ndarray:
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        result[index] = (function(x + step) - function(x - step)) / (2 * h)
    return result


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    ours, theirs = ELEMENTWISE[name]
    x = np.random.default_rng(1).uniform(-3, 3, (4, 5))
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-14)
    np.testing.assert_allclose(wk.jit(ours)(x), theirs(x), rtol=1e-14)
    np.testing.assert_allclose(slope(ours, x), differences(lambda v: np.sum(theirs(v)), x), rtol=1e-6, atol=1e-8)
    assert ours(x.astype(np.float32)).dtype == np.float32
    assert slope(ours, x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_large_inputs(name: str) -> None:
    ours, theirs = ELEMENTWISE[name]
    with np.errstate(all="ignore"):
        # the cancellation in erf is that of its formula: 1 + erf(x) is 0 below −6
        np.testing.assert_allclose(ours(LARGE), theirs(LARGE), rtol=1e-13, atol=1e-16)
        assert np.all(np.isfinite(slope(ours, LARGE)))


def test_erf_in_float32_is_right_to_four_in_the_last_place() -> None:
    ends = np.array([0.0, -0.0, 1e-45, 3.919, 3.92, 30.0, np.inf, -np.inf, np.nan])
    x = np.concatenate([np.linspace(-6, 6, 200_001), np.logspace(-30, 0, 1001), ends]).astype(np.float32)
    found = functions.erf(x)
    wanted = scipy.special.erf(x.astype(np.float64))
    np.testing.assert_allclose(found, wanted, rtol=4 * 2.0**-23, atol=1e-45)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
    assert np.nanmax(np.abs(found)) == 1


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ALONG)
def test_along_an_axis(name: str, axis: int) -> None:
    ours, theirs = ALONG[name]
    x = np.random.default_rng(2).uniform(-3, 3, (3, 4))
    weights = np.random.default_rng(3).uniform(-1, 1, np.shape(theirs(x, axis=axis)))
    np.testing.assert_allclose(ours(x, axis=axis), theirs(x, axis=axis), rtol=1e-13)
    np.testing.assert_allclose(wk.jit(lambda v: ours(v, axis=axis))(x), theirs(x, axis=axis), rtol=1e-13)
    gradient = wk.grad(lambda v: np.sum(ours(v, axis=axis) * weights))(x)
    wanted = differences(lambda v: np.sum(theirs(v, axis=axis) * weights), x)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_large_differences_and_ties(name: str) -> None:
    ours, theirs = ALONG[name]
    for row in ([1000.0, 1000.0, -1000.0], [1e300, 0.0, -1e300], [3.0, 3.0, 3.0], [-1e4, -1e4, 0.0]):
        x = np.array([row])
        np.testing.assert_allclose(ours(x, axis=1), theirs(x, axis=1), rtol=1e-14)
        gradient = wk.grad(lambda v: np.sum(ours(v, axis=1)[..., 0:1]))(x)
        p = scipy.special.softmax(x, axis=1)
        first = np.array([[1.0, 0.0, 0.0]])
        wanted = {"softmax": p[0, 0] * (first - p), "log_softmax": first - p, "logsumexp": p}[name]
        np.testing.assert_allclose(gradient, wanted, rtol=1e-12, atol=1e-15)


def test_masked_logits() -> None:
    x = np.array([[0.0, -np.inf, 1.0]])
    for name in ("softmax", "logsumexp"):
        ours, theirs = ALONG[name]
        np.testing.assert_allclose(ours(x, axis=1), theirs(x, axis=1), rtol=1e-14)
        gradient = wk.grad(lambda v, f=ours: np.sum(f(v, axis=1)[..., 0:1]))(x)
        assert gradient[0, 1] == 0
        assert np.all(np.isfinite(gradient))
    with np.errstate(divide="ignore"):  # the log of 0 is meant
        assert functions.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    assert functions.logsumexp(np.array([np.inf, 0.0])) == np.inf


def test_kinks_as_stated() -> None:
    at = np.array([-1.0, -0.0, 0.0, 1.0])
    assert slope(functions.relu, at).tolist() == [0, 0, 0, 1]
    assert slope(functions.leaky_relu, at).tolist() == [0.01, 0.01, 0.01, 1]
    assert np.isnan(functions.relu(np.array([np.nan]))[0])
    with np.errstate(all="ignore"):
        assert np.isnan(wk.grad(lambda v: functions.std(v))(np.array([2.0, 2.0]))).all()


def test_stop_gradient() -> None:
    assert wk.grad(lambda x: x * functions.stop_gradient(x))(3.0) == 3
    assert functions.stop_gradient(3.0) == 3


def test_take() -> None:
    x, at = np.arange(12.0).reshape(3, 4), np.array([2, 0, 2])
    for axis in (None, 0, 1, -1):
        np.testing.assert_array_equal(functions.take(x, at, axis), np.take(x, at, axis))
        gradient = wk.grad(lambda v, a=axis: np.sum(functions.take(v, at, a) * 2))(x)
        counts = np.zeros_like(x)
        for place in np.ravel(np.take(np.arange(12).reshape(3, 4), at, axis)):
            counts.flat[place] += 2
        np.testing.assert_array_equal(gradient, counts)


def test_one_hot() -> None:
    labels = np.array([[2, 0], [1, 5]])
    assert functions.one_hot(labels, 3).tolist() == [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 0, 0]]]
    assert functions.one_hot(labels, 3, np.float32).dtype == np.float32
    np.testing.assert_array_equal(wk.jit(lambda n: functions.one_hot(n, 3))(labels), functions.one_hot(labels, 3))
    assert functions.one_hot(1, 2).tolist() == [0, 1]
    for wrong in (np.array([1.0]), np.array([True])):
        for call in (functions.one_hot, lambda n, c: wk.trace(lambda m: functions.one_hot(m, c), n)):
            with pytest.raises(wk.DtypeError, match="not whole numbers"):
                call(wrong, 2)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, bool])
def test_top_k(axis: int, dtype: type) -> None:
    x = np.random.default_rng(4).integers(0, 3, (4, 5)).astype(dtype)
    for k in range(4):
        values, places = functions.top_k(x, k, axis)
        # by Python's own sort, which keeps the order of equals
        rows = np.moveaxis(x, axis, -1)
        wanted = [sorted(range(len(row)), key=lambda i, row=row: -int(row[i]))[:k] for row in rows]
        np.testing.assert_array_equal(np.moveaxis(places, axis, -1), np.array(wanted, int).reshape(len(rows), k))
        np.testing.assert_array_equal(values, np.take_along_axis(x, places, axis))
        found, at = wk.jit(lambda v, k=k: functions.top_k(v, k, axis))(x)
        np.testing.assert_array_equal(found, values)
        np.testing.assert_array_equal(at, places)
        assert values.dtype == dtype


def test_the_derivative_of_top_k_goes_where_the_values_were() -> None:
    x = np.array([3.0, 1.0, 5.0, 5.0, np.nan])
    weights = np.array([1.0, 2.0, 3.0])
    assert wk.grad(lambda v: np.sum(functions.top_k(v, 3)[0] * weights))(x).tolist() == [0, 0, 2, 3, 1]
    with pytest.raises(wk.ArgumentError, match="there are 5 values along axis 0, not 6"):
        functions.top_k(x, 6)


def test_the_derivative_of_sorting_goes_back_to_where_the_values_were() -> None:
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    x = np.array([2.0, -1.0, 2.0, np.nan])
    assert wk.grad(lambda v: np.sum(np.sort(v) * weights))(x).tolist() == [2, 1, 3, 4]
    assert wk.jvp(np.sort, (x,), (weights,))[1].tolist() == [2, 1, 3, 4]
    # in the order of another array, and twice at one place
    assert wk.grad(lambda v: np.sum(np.take_along_axis(v, np.array([3, 3, 0]), 0)))(x).tolist() == [1, 0, 0, 2]
