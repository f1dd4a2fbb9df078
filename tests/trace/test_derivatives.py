"""Derivatives of functions: trees, nesting, second and third derivatives, forward and reverse mode, errors."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError, GradientError
from workings.graph import evaluate
from workings.transform import central_differences

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Layer:
    w: np.ndarray
    b: Any
    name: str = "layer"


W = np.array([[0.5, -1.0, 0.25], [1.5, 2.0, -0.75]])
X = np.array([0.3, -0.2, 0.9])


# ── the calculus book ──


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: 3.0 * x, lambda x: 3.0),
        (lambda x: x**5, lambda x: 5 * x**4),
        (lambda x: 1 / x, lambda x: -1 / x**2),
        (lambda x: np.sin(x) * np.exp(-x), lambda x: (math.cos(x) - math.sin(x)) * math.exp(-x)),
        (lambda x: np.log(np.cosh(x)), math.tanh),
        (lambda x: x**x, lambda x: x**x * (math.log(x) + 1)),
        (lambda x: np.arctan(x) ** 2, lambda x: 2 * math.atan(x) / (1 + x * x)),
        (lambda x: np.sqrt(1 + x * x), lambda x: x / math.sqrt(1 + x * x)),
        (lambda x: np.where(x > 0, x**2, -x), lambda x: 2 * x),
        (lambda x: 4.0, lambda x: 0.0),
        (lambda x: x, lambda x: 1.0),
    ],
)
def test_derivatives_by_hand(f, slope) -> None:
    for x in (0.3, 1.7):
        assert wk.grad(f)(x) == pytest.approx(slope(x), rel=1e-14, abs=1e-15)


def test_the_notebook() -> None:
    def loss(w, x, expected):
        y = w * x
        return (y - expected) ** 2

    assert wk.grad(loss)(0.5, 1.0, 2.0) == -3.0
    assert wk.value_and_grad(loss)(0.5, 1.0, 2.0) == (2.25, -3.0)
    assert wk.hessian(loss)(0.5, 3.0, 2.0) == 18.0


# ── trees and arguments ──


def test_gradients_of_trees() -> None:
    def loss(p):
        h = np.tanh(p["first"].w @ p["pair"].a + p["first"].b)
        return np.sum(h * p["list"][0]) + p["list"][1] ** 2 + p["pair"].b

    p = {
        "first": Layer(W, np.float64(0.1)),
        "pair": Pair(X, 2.0),
        "list": [np.array([1.0, -1.0]), 3.0],
        "none": None,
        "title": "net",
        "flag": True,
    }
    found = wk.grad(loss)(p)
    assert isinstance(found["first"], Layer)
    assert isinstance(found["pair"], Pair)
    assert (found["none"], found["title"], found["flag"], found["first"].name) == (None, "net", True, "layer")
    assert found["list"][1] == 6.0
    assert found["pair"].b == 1.0
    assert found["first"].w.shape == (2, 3)
    assert wk.check_gradient(loss, p)
    assert p["first"].w is W


def test_wrt_by_position_name_tuple_and_from_the_end() -> None:
    def f(a, b, c=3.0):
        return a * b**2 * c

    at = (2.0, 5.0)
    assert wk.grad(f)(*at) == 75.0
    assert wk.grad(f, wrt=1)(*at) == 60.0
    assert wk.grad(f, "b")(*at) == 60.0
    assert wk.grad(f, wrt=-1)(*at) == 50.0
    assert wk.grad(f, wrt=("c", 0))(*at) == (50.0, 75.0)
    assert wk.grad(f, wrt=["b"])(*at) == (60.0,)
    assert wk.grad(f, wrt="c")(*at, c=1.0) == 50.0
    assert wk.grad(f)(b=5.0, a=2.0) == 75.0
    value, slopes = wk.value_and_grad(f, wrt=(0, 1))(*at)
    assert (value, slopes) == (150.0, (75.0, 60.0))


def test_arguments_of_all_kinds() -> None:
    def f(x, /, n=3, *rest, scale=2.0, **more):
        return sum(x**i for i in range(n)) * scale + sum(r * x for r in rest) + more.get("plus", 0.0) * x

    assert wk.grad(f)(2.0) == 2.0 * (1 + 2 * 2)
    assert wk.grad(f)(2.0, scale=1.0) == 5.0
    assert wk.grad(f)(2.0, plus=7.0) == 17.0
    assert wk.grad(functools.partial(f, scale=1.0))(2.0) == 5.0
    assert wk.grad(lambda x, *rest: x * rest[0])(2.0, 5.0) == 5.0
    with pytest.raises(wk.NumberNeededError, match=r"range\(\)"):
        wk.grad(f)(2.0, 3)
    assert wk.grad(lambda x: f(x, 3))(2.0) == 10.0


def test_whole_numbers_may_be_given_beside_floats() -> None:
    def f(x, i, n):
        return x[i] * n

    assert wk.grad(f)(X, np.array(2), 3).tolist() == [0.0, 0.0, 3.0]


def test_gradients_keep_their_dtype() -> None:
    def f(w, x):
        return np.sum((w @ x) ** 2)

    found = wk.grad(f, wrt=(0, 1))(W.astype(np.float32), X.astype(np.float32))
    assert [g.dtype for g in found] == [np.float32, np.float32]
    mixed = wk.grad(lambda w, x: np.sum(w.astype(float) * x))(X.astype(np.float32), X)
    assert mixed.dtype == np.float32
    rate = wk.value_and_grad(lambda w, r: np.sum(w * r), wrt=(0, 1))(X.astype(np.float32), 0.5)
    assert (rate[0].dtype, rate[1][0].dtype, rate[1][1].dtype) == (np.float32, np.float32, np.float64)


# ── nesting ──


def test_perturbations_are_not_confused() -> None:
    grad = wk.grad
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: grad(lambda y: x * y**2)(x))(3.0) == 12.0
    assert grad(lambda x: x * grad(lambda x: x**2)(x))(3.0) == 12.0
    assert grad(lambda x: grad(lambda y: grad(lambda z: x * y * z)(1.0))(1.0) * x)(3.0) == 6.0
    # Siskind and Pearlmutter, Perturbation confusion and referential transparency (2005)
    shift = grad(lambda x: grad(lambda y: x * y)(1.0) + 0.0 * x)
    assert shift(5.0) == 1.0


def test_perturbations_are_not_confused_in_forward_mode() -> None:
    def push(f, x):
        return wk.jvp(f, (x,), (1.0,))[1]

    assert push(lambda x: x * push(lambda y: x + y, 1.0), 1.0) == 1.0
    assert push(lambda x: x * push(lambda y: x * y, 2.0), 3.0) == 6.0
    assert push(lambda x: x * wk.grad(lambda y: x * y)(2.0), 3.0) == 6.0
    assert wk.grad(lambda x: x * push(lambda y: x * y, 2.0))(3.0) == 6.0


def test_many_derivatives() -> None:
    f = np.sin
    expected = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin, math.cos]
    g = lambda x: f(x)
    for slope in expected:
        assert g(0.7) == pytest.approx(slope(0.7), rel=1e-14)
        g = wk.grad(g)
    third = wk.grad(wk.grad(wk.grad(lambda x: x**4)))
    assert third(2.0) == 48.0


def test_gradients_inside_traced_functions() -> None:
    def penalty(w):
        slope = wk.grad(lambda v: np.sum(v**3))(w)
        return np.sum(slope**2)

    assert wk.grad(penalty)(X) == pytest.approx(36 * X**3)
    graph = wk.trace(penalty, X)
    assert evaluate(graph, [X])[0] == pytest.approx(np.sum((3 * X**2) ** 2))
    both = wk.trace(lambda w: wk.value_and_grad(lambda v: np.sum(v * w))(w), X)
    assert len(both.outputs) == 2
    curved = wk.trace(lambda w: wk.hessian(lambda v: np.sum(v**3) * w[0])(w), X)
    assert evaluate(curved, [X])[0] == pytest.approx(np.diag(6 * X) * X[0])


def test_a_step_of_descent_can_be_differentiated() -> None:
    def loss(w, x):
        return (w * x - 2.0) ** 2

    def after(rate, w=0.5):
        for _ in range(3):
            w = w - rate * wk.grad(loss)(w, 1.0)
        return loss(w, 1.0)

    # w − 2 shrinks by (1 − 2 rate) in each step
    assert wk.grad(after)(0.1) == pytest.approx(6 * 2.25 * 0.8**5 * -2, rel=1e-13)


# ── second derivatives, forward mode ──


def test_hessian_against_central_differences() -> None:
    def f(x):
        return np.sum(np.tanh(W @ x) ** 2) + x[0] * x[1] ** 2 * x[2]

    found = wk.hessian(f)(X)
    assert found.shape == (3, 3)
    np.testing.assert_allclose(found, found.T, atol=1e-15)
    for i in range(3):
        graph = wk.trace(lambda x, i=i: wk.grad(f)(x)[i], X)
        np.testing.assert_allclose(found[i], central_differences(graph, [X], 0), atol=1e-8)


def test_hessian_of_a_matrix_and_of_one_of_several_arguments() -> None:
    def f(w, x):
        return np.sum((w @ x) ** 2)

    by_w = wk.hessian(f)(W, X)
    assert by_w.shape == (2, 3, 2, 3)
    np.testing.assert_allclose(by_w[0, :, 0, :], 2 * np.outer(X, X))
    assert not by_w[0, :, 1, :].any()
    np.testing.assert_allclose(wk.hessian(f, wrt="x")(W, X), 2 * W.T @ W)
    assert not wk.hessian(lambda w: np.sum(w))(X).any()
    assert wk.hessian(lambda w: np.sum(w) * 1.0)(np.zeros(0)).shape == (0, 0)


def test_forward_and_reverse_mode_agree(rng) -> None:
    def f(p, x):
        h = wk.functions.softmax(p["w"] @ x + p["b"])
        return -np.log(h[0]) + np.std(h) + np.prod(h) + np.max(h)

    p = {"w": W, "b": np.array([0.1, -0.3])}
    direction = {"w": rng.normal(size=(2, 3)), "b": rng.normal(size=2)}
    slopes, by_x = wk.grad(f, wrt=(0, 1))(p, X)
    dx = rng.normal(size=3)
    value, tangent = wk.jvp(f, (p, X), (direction, dx))
    assert value == pytest.approx(f(p, X))
    along = np.sum(slopes["w"] * direction["w"]) + slopes["b"] @ direction["b"] + by_x @ dx
    assert tangent == pytest.approx(along, rel=1e-13)


def test_jvp_gives_results_of_the_functions_form() -> None:
    value, tangent = wk.jvp(lambda x: {"a": x * 2, "b": (x @ x, 1.0)}, (X,), (np.ones(3),))
    assert tangent["a"].tolist() == [2.0, 2.0, 2.0]
    assert tangent["b"] == (pytest.approx(2 * X.sum()), 0.0)
    assert value["b"][1] == 1.0


# ── the check ──


def test_check_gradient_sees_what_is_wrong_and_what_is_right() -> None:
    assert wk.check_gradient(lambda x, w: np.sum(np.tanh(w @ x)), X, W)
    assert wk.check_gradient(lambda x, w: np.sum(np.tanh(w @ x)), X, W, order=2)
    # the derivative of what is taken as given is 0, and its differences are not
    check = wk.check_gradient(lambda x: np.sum(wk.functions.stop_gradient(x) * x), X)
    assert not check
    assert "DIFFER" in str(check)
    assert "x" in str(check)
    assert wk.check_gradient(lambda x, n: np.sum(x**n), X + 2.0, 3).names == ("x",)
    assert wk.check_gradient(lambda x, w: np.sum(x * w), X, X, wrt="w").names == ("w",)


# ── errors ──


def test_gradient_errors() -> None:
    with pytest.raises(GradientError, match=r"f returns shape \(3,\); a gradient is taken of a scalar") as caught:
        wk.grad(lambda x: x * 2)(X)
    assert caught.value.fix == "np.sum or np.mean of it"
    assert caught.value.where.file == __file__
    with pytest.raises(GradientError, match="returns 2 values"):
        wk.grad(lambda x: (x.sum(), x.sum()))(X)
    with pytest.raises(GradientError, match="x is int64; only floating values have a gradient") as caught:
        wk.grad(lambda x: x * 2)(3)
    assert "1.0 in place of 1" in caught.value.fix
    with pytest.raises(GradientError, match="returns int64"):
        wk.grad(lambda x: np.argmax(x))(X)
    with pytest.raises(GradientError, match="returns bool"):
        wk.grad(lambda x: x > 0)(1.0)
    with pytest.raises(GradientError, match="there is no number in name"):
        wk.grad(lambda x, name: x, wrt="name")(1.0, "a")
    with pytest.raises(GradientError, match=r"its tangent \(2,\)"):
        wk.jvp(lambda x: x, (X,), (X[:2],))
    with pytest.raises(GradientError, match="n is int64; only floating values can move"):
        wk.jvp(lambda x, n: x * n, (1.0, 2), (1.0, 1.0))
    assert wk.jvp(lambda x, n: x * n, (1.0, 2), (1.0, 0)) == (2.0, 2.0)


def test_argument_errors() -> None:
    with pytest.raises(ArgumentError, match="wrt=5 is no argument of f, which takes x, y"):
        wk.grad(lambda x, y: x * y, wrt=5)(1.0, 2.0)
    with pytest.raises(ArgumentError, match="wrt='z'"):
        wk.grad(lambda x, y: x * y, wrt="z")(1.0, 2.0)
    with pytest.raises(ArgumentError, match=r"does not take these arguments: missing a required argument: 'y'"):
        wk.grad(lambda x, y: x * y)(1.0)
    with pytest.raises(ArgumentError, match="primals and tangents as tuples"):
        wk.jvp(lambda x: x, 1.0, 1.0)
    with pytest.raises(ArgumentError, match="one array or number, not a tree"):
        wk.hessian(lambda p: p["a"] * p["b"])({"a": 1.0, "b": 2.0})
    with pytest.raises(ArgumentError, match="is a set"):
        wk.grad(lambda s: sum(s))({1.0, 2.0})


def test_a_function_keeps_its_name() -> None:
    def loss(w):
        """The loss."""
        return w**2

    assert (wk.grad(loss).__name__, wk.grad(loss).__doc__) == ("loss", "The loss.")
    assert wk.grad(functools.partial(loss))(3.0) == 6.0
    assert wk.grad(np.sin)(0.0) == 1.0
    assert wk.grad(Layer_loss())(3.0) == 6.0


class Layer_loss:  # noqa: N801
    def __call__(self, w):
        return w**2
