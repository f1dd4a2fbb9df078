"""The composites on plain arrays and in a trace: the same bits, second derivatives, precise values at the edges."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import workings as wk
from workings import functions as wf
from workings.graph import evaluate
from workings.transform import central_differences

ELEMENTWISE = [wf.erf, wf.gelu, wf.leaky_relu, wf.relu, wf.sigmoid, wf.silu, wf.softplus, wf.stop_gradient]
ALONG = [wf.softmax, wf.log_softmax, wf.logsumexp, wf.var, wf.std]
SMOOTH = [wf.erf, wf.gelu, wf.sigmoid, wf.silu, wf.softplus, wf.softmax, wf.log_softmax, wf.logsumexp, wf.var, wf.std]
VALUES = np.array([[0.5, -1.25, 3.0], [-0.75, 2.0, 0.125]])
EDGES = np.array([[-1e300, -1e3, -30.0, -0.0], [1e300, 1e3, 30.0, 0.0]])


@pytest.mark.parametrize("function", ELEMENTWISE + ALONG, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_plain_and_traced_give_the_same_bits(function, dtype) -> None:
    with np.errstate(all="ignore"):
        for x in (VALUES.astype(dtype), np.clip(EDGES, -1e30, 1e30).astype(dtype), VALUES[0, 0].astype(dtype)):
            if x.ndim == 0 and function in (wf.softmax, wf.log_softmax):
                continue
            plain = np.asarray(function(x))
            (traced,) = evaluate(wk.trace(function, x), [x])
            assert plain.dtype == dtype
            assert np.asarray(traced).dtype == dtype
            assert np.asarray(traced).tobytes() == plain.tobytes()


@pytest.mark.parametrize("function", SMOOTH, ids=lambda f: f.__name__)
def test_second_derivatives(function) -> None:
    def slope(x, i):
        return wk.grad(lambda v: np.sum(np.sin(function(v))))(x)[i]

    curved = wk.hessian(lambda v: np.sum(np.sin(function(v))))(VALUES[0])
    for i in range(3):
        graph = wk.trace(lambda x, i=i: slope(x, i), VALUES[0])
        np.testing.assert_allclose(curved[i], central_differences(graph, [VALUES[0]], 0), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("function", "exact"),
    [
        (wf.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
        (wf.softplus, lambda x: mpmath.log(1 + mpmath.exp(x))),
        (wf.silu, lambda x: x / (1 + mpmath.exp(-x))),
        (wf.erf, mpmath.erf),
    ],
)
def test_precise_to_the_last_digits(function, exact) -> None:
    with mpmath.workdps(400):
        for x in (-700.0, -40.0, -1.0, -1e-10, 0.0, 1e-10, 1.0, 30.0, 700.0):
            wanted = float(exact(mpmath.mpf(x)))
            assert float(function(np.float64(x))) == pytest.approx(wanted, rel=4e-13 if abs(x) > 100 else 1e-14, abs=0)


def test_values_at_infinity() -> None:
    inf = np.array([-np.inf, np.inf])
    assert wf.sigmoid(inf).tolist() == [0.0, 1.0]
    assert wf.softplus(inf).tolist() == [0.0, np.inf]
    assert wf.relu(inf).tolist() == [0.0, np.inf]
    assert wf.leaky_relu(inf).tolist() == [-np.inf, np.inf]
    assert wf.erf(inf).tolist() == [-1.0, 1.0]
    assert wf.softmax(np.array([-np.inf, 0.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("function", [wf.relu, wf.leaky_relu], ids=lambda f: f.__name__)
def test_kinks_in_forward_mode_too(function) -> None:
    left = wk.grad(function)(-1.0)
    for kink in (0.0, -0.0):
        assert wk.grad(function)(kink) == left
        assert wk.jvp(function, (kink,), (1.0,))[1] == left


def test_axes() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    for axis in (None, 0, -1, np.int64(1), (0, 2), (-1, 0)):
        for ddof in (0, 1):
            np.testing.assert_allclose(wf.var(x, axis=axis, ddof=ddof), np.var(x, axis=axis, ddof=ddof), rtol=1e-15)
        assert wf.logsumexp(x, axis=axis, keepdims=True).shape == np.sum(x, axis=axis, keepdims=True).shape
        assert wf.logsumexp(x, axis=axis).shape == np.sum(x, axis=axis).shape
    with pytest.raises(wk.ShapeError, match=r"axis 3 is out of range for shape \(2, 3, 4\)"):
        wf.take(x, [0], axis=3)
    for call in (lambda v: wf.take(v, [0], axis=3), lambda v: wf.var(v, axis=-4, ddof=1)):
        with pytest.raises(wk.ShapeError, match=r"axis -?\d is out of range"):
            wk.trace(call, x)


def test_whole_numbers_and_lists() -> None:
    n = np.array([-1, 0, 2])
    for function in (wf.erf, wf.sigmoid, wf.softplus, wf.relu, wf.softmax, wf.logsumexp, wf.var):
        (traced,) = evaluate(wk.trace(function, n), [n])
        np.testing.assert_array_equal(traced, function(n))
    assert wf.take([1.0, 2.0, 3.0], [2, 0]).tolist() == [3.0, 1.0]
    assert wf.erf(0) == 0.0


def test_numpy_means_the_same_as_ours() -> None:
    x = VALUES
    traced = wk.trace(lambda v: (np.var(v, 0), np.std(v, axis=1, ddof=1)), x)
    found = evaluate(traced, [x])
    assert found[0].tobytes() == np.var(x, 0).tobytes()
    np.testing.assert_allclose(found[1], np.std(x, axis=1, ddof=1), rtol=1e-15)
