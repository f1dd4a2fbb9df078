"""What `wk.scan` takes and gives: on numbers, on cells and in traced functions; names, dtypes, and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import workings as wk
from workings.graph import Graph, Node, evaluate

XS = np.arange(12.0).reshape(4, 3)


class State(NamedTuple):
    h: Any
    c: Any


@dataclass
class Pair:
    left: Any
    right: Any


def _loop(graph: Graph) -> Node:
    (loop,) = [node for node in graph.nodes if node.op.name == "scan"]
    return loop


def _named(graph: Graph) -> dict[str, str]:
    """The results of the loops that have a name, with their types."""
    return {node.name: node.type for node in graph.nodes if node.op.name == "result" and node.name}


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_on_numbers_it_is_a_loop():
    seen = []

    def turn(total, x):
        seen.append(float(x))
        return total + x, total * x

    last, rows = wk.scan(turn, 1.0, np.array([1.0, 2.0, 3.0]))
    assert (last, rows.tolist(), seen) == (7.0, [1.0, 4.0, 12.0], [1.0, 2.0, 3.0])
    assert isinstance(last, np.float64)


def test_from_the_last_row_to_the_first():
    last, rows = wk.scan(lambda t, x: (2 * t + x, t), 0.0, np.array([1.0, 2.0, 3.0]), reverse=True)
    # 3, then 2 · 3 + 2 = 8, then 2 · 8 + 1 = 17; each row lies where the row of xs lies that it was made with
    assert (last, rows.tolist()) == (17.0, [8.0, 3.0, 0.0])


def test_without_rows_it_counts_turns():
    last, rows = wk.scan(lambda y, _: (y * 2, None), 1.0, length=5)
    assert (last, rows) == (32.0, None)


@pytest.mark.parametrize("traced", [False, True])
def test_no_turns_and_one(traced):
    def net(w, xs):
        return wk.scan(lambda h, x: (h * w + x, {"h": h, "x": x[:2]}), np.ones(3), xs)

    run = wk.jit(net) if traced else net
    last, rows = run(2.0, XS[:0])
    assert last.tolist() == [1.0, 1.0, 1.0]
    assert (rows["h"].shape, rows["x"].shape, rows["h"].dtype) == ((0, 3), (0, 2), np.float64)
    last, rows = run(2.0, XS[:1])
    assert last.tolist() == [2.0, 3.0, 4.0]
    assert rows["x"].tolist() == [[0.0, 1.0]]


def test_the_gradient_of_no_turns():
    def loss(w, start, xs):
        h, hs = wk.scan(lambda h, x: (h * w + x, h), start, xs)
        return np.sum(h**2) + np.sum(hs)

    slope, of_start = wk.grad(loss, (0, 1))(2.0, np.array([1.0, 2.0, 3.0]), XS[:0])
    assert (slope, of_start.tolist()) == (0.0, [2.0, 4.0, 6.0])


def test_the_gradient_of_no_turns_of_what_a_turn_forgets():
    def loss(start, xs):
        h, _ = wk.scan(lambda h, x: (x, None), start, xs)
        return np.sum(h**2)

    assert wk.grad(loss)(np.ones(3), XS[:0]).tolist() == [2.0, 2.0, 2.0]
    assert wk.grad(loss)(np.ones(3), XS).tolist() == [0.0, 0.0, 0.0]


def test_on_cells_it_is_a_loop_of_cells():
    w = wk.parameter(0.5)
    h, hs = wk.scan(lambda h, x: (np.tanh(w * h + x), h), 0.0, np.array([1.0, 2.0]))
    assert float(h) == np.tanh(0.5 * np.tanh(1.0) + 2.0)
    assert hs.shape == (2,)
    slope = float(wk.gradient(h, w))
    assert slope == pytest.approx((1 - float(h) ** 2) * np.tanh(1.0), rel=1e-14)


def test_in_a_traced_function_a_loop_of_plain_numbers_stays_plain():
    def net(x):
        total, _ = wk.scan(lambda t, _: (t * 2, None), 1.0, length=3)
        return x * float(total)

    assert all(node.op.name != "scan" for node in wk.trace(net, 1.0).nodes)
    assert wk.jit(net)(2.0) == 16.0


# ── trees, names, dtypes ────────────────────────────────────────────────────────────────────────────────────


def test_names_are_those_of_the_users_variables():
    def net(w, xs):
        def cell(state, x):
            h, c = state
            c = c + np.sum(x)
            h = np.tanh(h * w + c)
            return (h, c), (h, x)

        (last, memory), (hs, same) = wk.scan(cell, (np.zeros(3), 0.0), xs)
        return np.sum(last) + memory + np.sum(hs) + np.sum(same)

    graph = wk.trace(net, 0.5, XS)
    assert _named(graph) == {"last": "float64[3]", "memory": "float64", "hs": "float64[4,3]", "same": "float64[4,3]"}
    body = _loop(graph).attributes["body"]
    assert body.name == "cell"
    assert [node.name for node in body.inputs] == ["state.0", "state.1", "x", "w"]
    assert [node.name for node in body.outputs] == ["h", "c", "h", "x"]
    made = next(node for node in body.nodes if node.op.name == "tanh")
    assert made.origin is not None
    assert "np.tanh(h * w + c)" in made.origin.source()


@pytest.mark.parametrize(
    ("init", "get"),
    [
        ({"h": np.zeros(3), "c": 0.0}, lambda s: (s["h"], s["c"])),
        ([np.zeros(3), 0.0], lambda s: (s[0], s[1])),
        (State(np.zeros(3), 0.0), lambda s: (s.h, s.c)),
        (Pair(np.zeros(3), 0.0), lambda s: (s.left, s.right)),
    ],
    ids=["dict", "list", "named tuple", "dataclass"],
)
def test_what_is_carried_may_be_any_tree(init, get):
    def net(w, xs):
        def turn(state, x):
            h, c = get(state)
            return _like(init, h + x * w, c + 1.0), None

        state, _ = wk.scan(turn, init, xs)
        assert type(state) is type(init)
        h, c = get(state)
        return np.sum(h) * c

    assert net(2.0, XS) == np.sum(XS * 2.0) * 4.0
    assert wk.jit(net)(2.0, XS) == np.sum(XS * 2.0) * 4.0
    assert wk.grad(net)(2.0, XS) == np.sum(XS) * 4.0


def _like(init: Any, h: Any, c: Any) -> Any:
    if isinstance(init, dict):
        return {"c": c, "h": h}  # in another order
    return [h, c] if isinstance(init, list) else type(init)(h, c)


def test_a_python_number_that_is_carried_takes_the_dtype_it_comes_out_with():
    def net(xs):
        total, _ = wk.scan(lambda t, x: (t + x * 0.5, None), 0, xs)
        return total

    for dtype in (np.float32, np.float64):
        xs = np.ones(3, dtype)
        assert net(xs).dtype == evaluate(wk.trace(net, xs), [xs])[0].dtype == dtype
    assert wk.trace(net, np.ones(3, np.float32)).outputs[0].dtype == np.float32


def test_a_count_stays_a_whole_number():
    def net(w, xs):
        (h, count), _ = wk.scan(lambda c, x: ((c[0] * w + x, c[1] + 1), None), (np.zeros(3), 0), xs)
        return np.sum(h) / count

    graph = wk.trace(net, 0.5, XS)
    assert [node.dtype.name for node in _loop(graph).attributes["body"].outputs] == ["float64", "int64"]
    assert wk.check_gradient(net, 0.5, XS)


def test_what_nothing_depends_on_has_no_gradient():
    def net(w, v, xs):
        h, _ = wk.scan(lambda h, x: (h * w + x, np.floor(x) * v), np.zeros(3), xs)
        return np.sum(h)

    of_w, of_v = wk.grad(net, (0, 1))(0.5, 0.5, XS)
    assert of_w != 0
    assert of_v == 0


def test_a_loop_within_jit_and_grad_of_grad():
    def energy(x):
        y, _ = wk.scan(lambda y, _: (np.sin(y) * x, None), x, length=3)
        return y

    slope = wk.jit(wk.grad(wk.grad(energy)))(0.9)
    h = 1e-5
    about = (energy(0.9 + h) - 2 * energy(0.9) + energy(0.9 - h)) / h**2
    assert slope == pytest.approx(about, rel=1e-5)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────


def _grows(xs):
    return wk.scan(lambda h, x: (np.concatenate([h, h]), None), np.zeros(2), xs)[0]


def _promotes(xs):
    return wk.scan(lambda h, x: ({"h": h["h"] + x}, None), {"h": np.zeros(3, np.float32)}, xs)[0]["h"]


def _loses(xs):
    return wk.scan(lambda c, x: (c[0], None), (np.zeros(2), np.zeros(2)), xs)[0]


def _one_value(xs):
    return wk.scan(lambda h, x: h + x, np.zeros(3), xs)[0]


def _nothing_to_go_through(xs):
    return wk.scan(lambda h, x: (h, None), xs)[0]


def _unequal(xs):
    return wk.scan(lambda h, x: (h, None), 0.0, (xs, np.zeros(5)))[0]


def _a_number(xs):
    return wk.scan(lambda h, x: (h, None), 0.0, {"x": xs[0, 0]})[0]


def _another_length(xs):
    return wk.scan(lambda h, x: (h, None), 0.0, xs, length=3)[0]


def _negative(xs):
    return wk.scan(lambda h, x: (h, None), 0.0, length=-1)[0]


def _no_function(xs):
    return wk.scan(xs, 0.0, length=2)[0]


@pytest.mark.parametrize("traced", [False, True], ids=["numbers", "traced"])
@pytest.mark.parametrize(
    ("net", "error", "problem", "fix"),
    [
        (_grows, wk.ShapeError, "is given h of shape (2,), and returns it with shape (4,)", "an init of shape (4,)"),
        (_promotes, wk.DtypeError, "is given h.h as float32, and returns it as float64", ".astype(np.float32)"),
        (_loses, wk.ArgumentError, "is given c.0, c.1 to carry, and returns c", "the same form as init"),
        (_one_value, wk.ArgumentError, "returns one value, and a turn gives two", "return carry, None"),
        (_nothing_to_go_through, wk.ArgumentError, "no rows to go through", "length=10"),
        (_unequal, wk.ShapeError, "xs.1 has 5 rows, and xs.0 has 4", "as many rows"),
        (_a_number, wk.ShapeError, "xs.x is one number", "an array"),
        (_another_length, wk.ShapeError, "xs has 4 rows, and length is 3", "xs alone"),
        (_negative, wk.ArgumentError, "length is -1", "0 or more"),
        (_no_function, wk.ArgumentError, "takes a function", "wk.scan(f, init, xs)"),
    ],
    ids=lambda v: v.__name__ if callable(v) and not isinstance(v, type) else None,
)
@pytest.mark.filterwarnings("ignore::workings.PromotionWarning")
def test_what_is_no_loop_is_refused(net, error, problem, fix, traced):
    with pytest.raises(error) as caught:
        wk.trace(net, XS) if traced else net(XS)
    assert problem in caught.value.problem
    assert fix in caught.value.fix


def test_a_turn_that_draws_random_numbers_is_refused():
    rng = np.random.default_rng(0)

    def net(w):
        h, _ = wk.scan(lambda h, _: (h * w + rng.normal(), None), 0.0, length=3)
        return h

    with pytest.raises(wk.UnstableError):
        wk.trace(net, 0.5)
