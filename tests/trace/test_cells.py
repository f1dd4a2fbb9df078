"""Cell by cell: parameters, constants and gradients with their numbers."""

from __future__ import annotations

import gc
import re
import weakref

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError, DtypeError, EscapedError, GradientError, RefusedError
from workings.graph import reachable
from workings.trace import Cell


def the_neuron(start: float = 0.5):
    w = wk.parameter(start)
    x = wk.constant(1.0)
    expected = wk.constant(2.0)
    y = w * x
    loss = (y - expected) ** 2
    return w, x, expected, y, loss


# ── the notebook ──


def test_the_first_steps_of_the_notebook() -> None:
    w = wk.parameter(0.5)
    x = wk.constant(1.0)
    expected = wk.constant(2.0)
    y = w * x
    loss = y - expected
    assert (float(y), float(loss), float(wk.gradient(loss, w))) == (0.5, -1.5, 1.0)
    w = w - 0.01 * wk.gradient(loss, w)
    assert float(w) == 0.49
    y = w * x
    loss = y - expected
    assert float(loss) == -1.51
    w, x, expected, y, loss = the_neuron()
    assert (float(loss), float(wk.gradient(loss, w))) == (2.25, -3.0)


def test_a_hundred_steps_by_hand_and_a_hundred_more() -> None:
    w = wk.parameter(0.5)
    x, expected = wk.constant(1.0), wk.constant(2.0)
    losses = []
    for _ in range(200):
        y = w * x
        loss = (y - expected) ** 2
        losses.append(float(loss))
        w = w - 0.01 * wk.gradient(loss, w)
        if len(losses) == 100:
            assert float(w) == 1.80107066615787
    assert losses[100:103] == [0.03957287986287364, 0.0380057938203038, 0.03650076438501975]
    assert float(w) == 1.9736180800914178
    assert float(w * 3.0) == 5.920854240274253


def test_steps_do_not_pile_up_in_a_gradient() -> None:
    w = wk.parameter(0.5)
    x, expected = wk.constant(1.0), wk.constant(2.0)
    sizes = []
    for _ in range(30):
        loss = (w * x - expected) ** 2
        slope = wk.gradient(loss, w)
        sizes.append(len(reachable([slope.node], stop=[w.node, loss.node])))
        w = w - 0.01 * slope
    assert sizes[1:] == [sizes[1]] * 29  # what `w` was made from is not looked at


def test_values_nobody_holds_are_forgotten() -> None:
    w = wk.parameter(np.ones(1000))
    gone = weakref.ref((w * 2).node)
    gc.collect()
    assert gone() is None


# ── what a cell is ──


def test_parameters_and_constants() -> None:
    w, x, expected, y, _ = the_neuron()
    assert (w.node.role, x.node.role) == ("parameter", "constant")
    assert (w.node.name, expected.node.name, y.node.name) == ("w", "expected", "y")
    assert isinstance(w, Cell)
    assert (w.shape, w.dtype, w.ndim, w.size) == ((), np.float64, 0, 1)
    assert wk.parameter(np.zeros((2, 3))).shape == (2, 3)
    assert wk.parameter([1.0, 2.0], name="weights").node.name == "weights"
    assert wk.constant(3).dtype == np.int64
    assert wk.constant(np.array([True, False])).dtype == bool


def test_an_array_is_copied() -> None:
    start = np.array([1.0, 2.0])
    w = wk.parameter(start)
    start[0] = 9.0
    assert w.value.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        w.value[0] = 5.0


def test_what_cells_show() -> None:
    w, _, _, y, loss = the_neuron()
    assert repr(w) == "w = 0.5"
    assert repr(y).endswith("= 0.5")
    assert repr(y).startswith("y")
    assert repr(loss).endswith("= 2.25")
    assert repr(wk.gradient(loss, w)).endswith("= -3.0")
    assert "dloss/dw" in repr(wk.gradient(loss, w))
    assert re.fullmatch(r"x_\d+: float64\[2\] = \[1\. 2\.\]", repr(wk.constant([1.0, 2.0])))
    a = wk.parameter(np.eye(2, dtype=np.float32))
    assert repr(a) == "a: float32[2,2] =\n[[1. 0.]\n [0. 1.]]"
    assert repr(a == 1) == "a = 1: bool[2,2] =\n[[ True False]\n [False  True]]"
    b = a * 2
    assert repr(b) == "b: float32[2,2] = a · 2 =\n[[2. 0.]\n [0. 2.]]"
    assert repr(wk.gradient(np.sum(b), a)).startswith("dloss/da: float32[2,2] = ")


def test_what_a_gradient_of_a_gradient_is_called() -> None:
    w = wk.parameter(2.0)
    y = w**3
    once = wk.gradient(y, w)
    assert repr(once) == "dy/dw = 3w² = 12.0"
    assert repr(wk.gradient(once, w)).startswith("d(dy/dw)/dw = ")
    slope = once * 2
    assert wk.gradient(slope, w).title == "dslope/dw"


def test_a_cell_has_a_number_for_python() -> None:
    w, _, _, y, _ = the_neuron()
    assert float(w) == 0.5
    assert int(wk.constant(3.7)) == 3
    assert f"{w:.3f} {w:>6}" == "0.500    0.5"
    assert round(w * 1.234, 2) == 0.62
    assert complex(w) == 0.5 + 0j
    assert [10, 20, 30][wk.constant(1)] == 20
    assert 2.0 in wk.constant([1.0, 2.0])
    assert len(wk.constant([1.0, 2.0])) == 2
    assert [float(v) for v in wk.constant([1.0, 2.0])] == [1.0, 2.0]
    assert max(wk.constant(1.0), wk.constant(2.0)).value == 2.0
    branch = "up" if y < 2 else "down"
    assert branch == "up"
    assert not (y > 2)
    while w < 1:
        w = w * 2
    assert float(w) == 1.0


def test_cells_go_through_numpy() -> None:
    w = wk.parameter(np.array([[0.5, -1.0], [2.0, 0.25]]))
    x = wk.constant(np.array([1.0, 3.0]))
    h = np.tanh(w @ x)
    loss = np.mean(np.square(h - [0.0, 1.0])) + wk.functions.softmax(h)[0] * np.sum(w.T)
    plain_h = np.tanh(w.value @ x.value)
    plain = np.mean(np.square(plain_h - [0.0, 1.0])) + wk.functions.softmax(plain_h)[0] * np.sum(w.value.T)
    assert loss.value == plain
    assert h.node.name == "h"
    assert np.array([1.0, 2.0]) @ x == 7.0
    assert (2.0 + x + np.float64(1) + [1.0, 2.0]).value.tolist() == [5.0, 8.0]


def test_cells_keep_their_dtype() -> None:
    w = wk.parameter(np.float32(0.5))
    v = wk.parameter(np.ones(3, np.float32))
    x = wk.constant(np.arange(3.0, dtype=np.float32))
    loss = np.sum((v * x * w - 1.0) ** 2)
    assert loss.dtype == np.float32
    for cell in (wk.gradient(loss, w), wk.gradient(loss, v), v - 0.1 * wk.gradient(loss, v)):
        assert cell.dtype == np.float32
        assert cell.value.dtype == np.float32
    wide = np.sum(v.astype(float) * np.arange(3.0))
    assert wk.gradient(wide, v).value.dtype == np.float32


def test_a_python_float_makes_float64() -> None:
    assert wk.parameter(1.0).dtype == np.float64
    with pytest.warns(wk.PromotionWarning):
        assert (wk.parameter(1.0) * wk.constant(np.float32(2))).dtype == np.float64


# ── gradients ──


def test_several_parameters() -> None:
    w, b = wk.parameter([0.5, -0.5]), wk.parameter(0.25)
    x = wk.constant([1.0, 2.0])
    loss = (w @ x + b - 1.0) ** 2
    by_w, by_b = wk.gradient(loss, w, b)
    error = w.value @ x.value + b.value - 1.0
    np.testing.assert_allclose(by_w.value, 2 * error * x.value)
    np.testing.assert_allclose(by_b.value, 2 * error)


def test_a_gradient_with_respect_to_what_lies_between() -> None:
    w, x, _expected, y, loss = the_neuron()
    assert float(wk.gradient(loss, y)) == -3.0
    assert float(wk.gradient(y, w)) == 1.0
    assert float(wk.gradient(loss, x)) == -1.5
    assert float(wk.gradient(loss, loss)) == 1.0


def test_a_gradient_is_a_value_again() -> None:
    w = wk.parameter(2.0)
    loss = w**3
    slope = wk.gradient(loss, w)
    assert float(slope) == 12.0
    assert float(wk.gradient(slope, w)) == 12.0
    assert float(wk.gradient(wk.gradient(slope, w), w)) == 6.0


def test_functions_take_cells() -> None:
    w = wk.parameter(2.0)
    slope = wk.grad(lambda v: v**3)(w)
    assert isinstance(slope, Cell)
    assert float(slope) == 12.0
    assert float(wk.gradient(slope, w)) == 12.0
    value, tangent = wk.jvp(lambda v: v**2, (w,), (1.0,))
    assert (float(value), float(tangent)) == (4.0, 4.0)


# ── errors ──


def test_a_changed_parameter_needs_its_loss_again() -> None:
    w, _x, _expected, _y, loss = the_neuron()
    w = w - 0.01 * wk.gradient(loss, w)
    with pytest.raises(GradientError) as caught:
        wk.gradient(loss, w)
    assert caught.value.problem == "loss was made from another w, before w was changed"
    assert caught.value.fix == "compute loss again from the new w, then ask for its gradient"
    assert caught.value.where.file == __file__


def test_what_has_no_gradient() -> None:
    _w, _x, _expected, _y, loss = the_neuron()
    other = wk.parameter(1.0)
    with pytest.raises(GradientError, match="loss does not depend on other"):
        wk.gradient(loss, other)
    with pytest.raises(GradientError, match="only floating values can be nudged") as caught:
        wk.parameter(1)
    assert caught.value.fix == "wk.parameter(1.0)"
    vector = wk.parameter([1.0, 2.0])
    with pytest.raises(GradientError, match=r"shape \(2,\); a gradient is taken of a scalar"):
        wk.gradient(vector * 2, vector)
    with pytest.raises(GradientError, match="only floating values have a gradient"):
        wk.gradient(np.argmax(vector), vector)


def test_gradient_takes_values_and_grad_takes_functions() -> None:
    w, _, _, _, loss = the_neuron()

    def f(w):
        return w**2

    with pytest.raises(ArgumentError, match=r"f is a function") as caught:
        wk.gradient(f, w)
    assert caught.value.fix == "wk.grad(f)(…), the gradient of a function"
    with pytest.raises(ArgumentError, match=r"loss is a value") as caught:
        wk.grad(loss)
    assert caught.value.fix == "wk.gradient(loss, w), the gradient of a value"
    with pytest.raises(ArgumentError, match="with respect to what"):
        wk.gradient(loss)
    with pytest.raises(ArgumentError, match="w is float"):
        wk.gradient(loss, 0.5)
    with pytest.raises(ArgumentError, match="the loss is int"):
        wk.gradient(3, w)
    with pytest.raises(ArgumentError, match="is being traced") as caught:
        wk.trace(lambda v: wk.gradient(v * v, v), 1.0)
    assert "wk.grad(f)" in caught.value.fix
    for error in (wk.grad, wk.value_and_grad, wk.hessian):
        with pytest.raises(ArgumentError, match="takes a function, not int"):
            error(3)


def test_what_cells_refuse() -> None:
    w = wk.parameter([1.0, 2.0])
    with pytest.raises(RefusedError, match="would lose its workings"):
        np.asarray(w)
    with pytest.raises(wk.MutationError, match="w = w"):
        w += 1.0
    with pytest.raises(wk.MutationError):
        w[0] = 1.0
    with pytest.raises(ArgumentError, match="has its workings already"):
        wk.constant(w)
    with pytest.raises(ArgumentError, match="is no number"):
        wk.parameter("a")
    with pytest.raises(DtypeError, match="'b'"):
        w + "b"
    with pytest.raises(wk.ShapeError, match="do not broadcast"):
        w + np.zeros(3)
    with pytest.raises(EscapedError, match=r"w, which depends on a parameter"):
        wk.trace(lambda x: x * w, 1.0)
    with pytest.raises(EscapedError, match="depends on a parameter"):
        wk.trace(lambda x: w, 1.0)


def test_a_captured_constant_is_its_number() -> None:
    c = wk.constant(3.0)
    assert wk.grad(lambda x: c * x**2)(2.0) == 12.0
    assert wk.trace(lambda x: c, 1.0).outputs[0].is_constant


def test_inf_and_nan_are_shown_and_not_warned_of() -> None:
    w = wk.parameter(0.0)
    assert float(1 / w) == np.inf
    assert np.isnan(float(np.log(w - 1)))


def test_cells_without_a_variable_are_told_apart() -> None:
    both = {"p": wk.parameter(3.0), "q": wk.parameter(5.0)}
    v = both["p"] * both["q"]
    found = re.fullmatch(r"v = (w_\d+) · (w_\d+) = 15.0", repr(v))
    assert found is not None
    assert found[1] != found[2]


def test_a_tuple_of_cells_has_a_tuple_of_gradients() -> None:
    a, b = wk.parameter(2.0), wk.parameter(3.0)
    loss = a * b
    assert [float(g) for g in wk.gradient(loss, (a, b))] == [3.0, 2.0]
    assert str(wk.explain(loss, (a, b))) == str(wk.explain(loss, a, b))


def test_a_gradient_of_a_gradient_says_so() -> None:
    a = wk.parameter(2.0)
    y = a**3
    assert repr(wk.gradient(wk.gradient(y, a), a)).startswith("d(dy/da)/da = ")


def test_a_rate_that_is_none_is_refused() -> None:
    w = wk.parameter(2.0)
    with pytest.raises(wk.ArgumentError, match="must be finite and not negative"):
        wk.explain(w * w, learning_rate=-0.1)


def test_an_attribute_that_arrays_do_not_have() -> None:
    w = wk.parameter(0.5)
    with pytest.raises(AttributeError, match=r"w has no attribute 'shap'; did you mean \.shape\?"):
        _ = w.shap
    assert not hasattr(w, "_repr_of_some_other_tool_")
