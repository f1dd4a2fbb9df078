"""Loops: `wk.scan` against the same loop unrolled, finite differences and JAX, in value and derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.ops.checks import same_bits
from workings.engines import compile_function
from workings.graph import Graph, call, evaluate, verify
from workings.graph.text import write
from workings.trace.trees import flatten
from workings.transform import forward, reverse, simplify

rng = np.random.default_rng(7)
XS = rng.normal(size=(5, 3))
W, U, B = rng.normal(size=(3, 4)), rng.normal(size=(4, 4)) / 2, rng.normal(size=4)
ROWS = rng.normal(size=(5, 2, 3))
TOKENS = np.array([2, 0, 1, 1, 2])
TABLE = rng.normal(size=(3, 4))

Scan = Callable[..., Any]


def unrolled(f: Any, init: Any, xs: Any = None, *, length: int | None = None, reverse: bool = False) -> Any:
    """What a loop means: each turn by itself, written by Python's own loop, so that tracing sees every one."""
    count = length if xs is None else len(next(iter(flatten(xs)))[1])
    assert count
    carry, rows = init, []
    for t in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, _each(xs, lambda leaf, t=t: leaf[t]))
        rows.append(y)
    rows = rows[::-1] if reverse else rows
    return carry, _stacked(rows)


def _each(tree: Any, f: Callable[[Any], Any]) -> Any:
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: _each(part, f) for key, part in tree.items()}
    return tuple(_each(part, f) for part in tree) if isinstance(tree, tuple) else f(tree)


def _stacked(rows: list[Any]) -> Any:
    first = rows[0]
    if first is None:
        return None
    if isinstance(first, dict):
        return {key: _stacked([row[key] for row in rows]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked([row[k] for row in rows]) for k in range(len(first)))
    return np.stack(rows)


# ── nets: functions of a way to loop and of arrays ──────────────────────────────────────────────────────────


def rnn(scan: Scan, w: Any, u: Any, b: Any, xs: Any) -> Any:
    def cell(h, x):
        h = np.tanh(x @ w + h @ u + b)
        return h, h

    h, hs = scan(cell, np.zeros(4), xs)
    return np.sum(h**2) + np.mean(hs)


def last_only(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def cell(h, x):
        return np.tanh(x @ w + h @ u), None

    h, nothing = scan(cell, np.zeros(4), xs)
    assert nothing is None
    return np.sum(h * np.arange(1.0, 5.0))


def rows_only(scan: Scan, w: Any, xs: Any, start: Any) -> Any:
    def cell(h, x):
        return h * 0.5 + np.sum(x * x), np.sin(x @ w) * h

    _, ys = scan(cell, start, xs)
    return np.sum(ys * np.arange(20.0).reshape(5, 4))


def lstm(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def cell(carry, x):
        h, c = carry
        z = x @ w + h @ u
        i, f, g, o = z[:2], z[2:4], z[4:6], z[6:]
        c = wk.functions.sigmoid(f) * c + wk.functions.sigmoid(i) * np.tanh(g)
        h = wk.functions.sigmoid(o) * np.tanh(c)
        return (h, c), h

    (h, c), hs = scan(cell, (np.zeros(2), np.zeros(2)), xs)
    return np.sum(h * c) + np.sum(hs**3)


def of_dicts(scan: Scan, w: Any, xs: Any, ys: Any) -> Any:
    def turn(state, row):
        total = state["total"] + row["x"] * w
        return {"total": total, "count": state["count"] + 1}, {"gap": total - row["y"], "square": total**2}

    state, out = scan(turn, {"total": np.zeros(3), "count": 0}, {"x": xs, "y": ys})
    return np.sum(out["gap"] * out["square"]) + np.sum(state["total"]) * state["count"]


def from_behind(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def cell(h, x):
        h = np.tanh(x @ w + h @ u)
        return h, h * x[0]

    h, hs = scan(cell, np.ones(4), xs, reverse=True)
    return np.sum(h) + np.sum(hs * np.arange(20.0).reshape(5, 4))


def powers(scan: Scan, x: Any, start: Any) -> Any:
    y, _ = scan(lambda y, _: (y * x + 0.25 * y**2, None), start, length=4)
    return y


def swapped(scan: Scan, w: Any, start: Any) -> Any:
    (a, b), seen = scan(lambda c, _: ((c[1], np.sin(c[0]) * w + c[1]), c[0]), (start, start * 2), length=5)
    return np.sum(a * b) + np.sum(seen**2)


def batch(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def cell(h, x):
        h = np.tanh(x @ w + h @ u)
        return h, np.max(h, axis=1)

    h, tops = scan(cell, np.zeros((2, 4)), xs)
    return np.sum(h**2) + np.sum(tops)


def nested(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def inner(h, x):
        h = np.tanh(h + x * w[0, 0])
        return h, h * x

    def outer(h, x):
        last, seen = scan(inner, h[0], x)
        h = np.tanh(h @ u + last) + np.sum(seen**2)
        return h, h * last

    h, hs = scan(outer, np.ones(4), xs)
    return np.sum(h) + np.sum(hs * np.arange(20.0).reshape(5, 4))


def twice(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    def layer(weights, rows):
        def cell(h, x):
            h = np.tanh(x @ weights + h @ u)
            return h, h

        return scan(cell, np.zeros(4), rows)[1]

    return np.mean(layer(u, layer(w, xs)) ** 2)


def tokens(scan: Scan, table: Any, u: Any, indices: Any) -> Any:
    def cell(carry, index):
        h, seen = carry
        h = np.tanh(wk.functions.take(table, index, axis=0) + h @ u)
        return (h, seen + index), (h, index * 2)

    (h, seen), (hs, doubled) = scan(cell, (np.zeros(4), 0), indices)
    return np.sum(h * seen) + np.sum(hs * doubled[:, None])


def around(scan: Scan, w: Any, u: Any, xs: Any) -> Any:
    scaled = np.exp(w) @ u  # made outside, used in every turn
    mask = np.array([1.0, 0.0, 1.0, 2.0])

    def cell(h, x):
        h = np.tanh(x @ scaled + h * np.cos(u[0])) * mask
        return h, None

    h, _ = scan(cell, np.zeros(4), xs)
    return np.sum(h * scaled[0])


def delayed(scan: Scan, w: Any, start: Any, xs: Any) -> Any:
    # what is carried is made anew in every turn, so that the start value is felt in the first one alone
    last, gaps = scan(lambda before, x: (x * 2, (x - before) ** 2), start * w, xs)
    return np.sum(gaps * np.arange(15.0).reshape(5, 3)) + np.sum(last)


NETS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (rnn, (W, U, B, XS)),
    (last_only, (W, U, XS)),
    (rows_only, (W, XS, B)),
    (lstm, (rng.normal(size=(3, 8)), rng.normal(size=(2, 8)), XS)),
    (of_dicts, (rng.normal(size=3), XS, rng.normal(size=(5, 3)))),
    (from_behind, (W, U, XS)),
    (powers, (np.float64(0.7), np.float64(0.4))),
    (swapped, (np.float64(0.7), B)),
    (batch, (W, U, ROWS)),
    (nested, (W, U, XS)),
    (twice, (W, U, XS)),
    (tokens, (TABLE, U, TOKENS)),
    (around, (W, U, XS)),
    (delayed, (np.float64(0.7), np.cos(XS[0]), XS)),
]
IDS = [net.__name__ for net, _ in NETS]


def _floats(values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(k for k, v in enumerate(values) if np.asarray(v).dtype.kind == "f")


def _both(net: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return functools.partial(net, wk.scan), functools.partial(net, unrolled)


def _near(a: Any, b: Any, tolerance: float = 1e-13) -> None:
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.max(np.abs(b), initial=0))))


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_a_loop_has_the_value_of_its_turns(net, values):
    looped, plain = _both(net)
    graph = verify(wk.trace(looped, *values))
    assert any(node.op.name == "scan" for node in graph.nodes)
    _near(looped(*values), plain(*values), 1e-15)
    _near(evaluate(graph, list(values))[0], plain(*values), 1e-15)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_its_gradient_is_that_of_its_turns(net, values):
    looped, plain = _both(net)
    wrt = _floats(values)
    for mine, theirs in zip(wk.grad(looped, wrt)(*values), wk.grad(plain, wrt)(*values), strict=True):
        _near(mine, theirs)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
@pytest.mark.parametrize("order", [1, 2])
def test_its_gradient_is_that_of_differences(net, values, order):
    looped, _ = _both(net)
    check = wk.check_gradient(looped, *values, order=order, tolerance=1e-5)
    assert check.ok, str(check)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_along_a_direction_it_moves_as_its_turns_do(net, values):
    looped, plain = _both(net)
    moves = tuple(np.cos(v) if k in _floats(values) else np.zeros_like(v) for k, v in enumerate(values))
    for mine, theirs in zip(wk.jvp(looped, values, moves), wk.jvp(plain, values, moves), strict=True):
        _near(mine, theirs)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_second_derivatives_in_both_orders(net, values):
    looped, plain = _both(net)
    wrt = max(_floats(values), key=lambda k: -np.size(values[k]))
    _near(wk.hessian(looped, wrt)(*values), wk.hessian(plain, wrt)(*values), 1e-11)

    def steepness(loss, x):
        return np.sum(wk.grad(loss, wrt)(*values[:wrt], x, *values[wrt + 1 :]) ** 2)

    mine, theirs = (wk.grad(functools.partial(steepness, loss))(values[wrt]) for loss in (looped, plain))
    _near(mine, theirs, 1e-11)


# ── every pass keeps the graph legal, and every engine its bits ─────────────────────────────────────────────


def graphs(net: Callable[..., Any], values: tuple[Any, ...]) -> list[Graph]:
    """The net, with its gradient, with that and its own derivatives in both modes; simplified and not."""
    looped, _ = _both(net)
    plain = wk.trace(looped, *values)
    wrt = [node for node in plain.inputs if node.dtype.kind == "f"]
    gradients = [g for g in reverse(plain.outputs[0], wrt) if g is not None]
    once = Graph(plain.inputs, [plain.outputs[0], *gradients], name=plain.name)
    short = simplify(once).graph
    first = short.outputs[1]
    again = reverse(first if first.shape == () else call("sum", first), short.inputs[:1])
    along = forward(short.outputs[1:], [short.inputs[0]], [short.inputs[0]])
    more = [g for g in (*again, *along) if g is not None]
    second = Graph(short.inputs, [*short.outputs, *more], name=short.name)
    return [plain, once, short, second, simplify(second).graph]


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_every_graph_is_legal_and_every_engine_gives_the_same_bits(net, values):
    made = graphs(net, values)
    for graph in made:
        verify(graph)
        wanted = evaluate(graph, list(values))
        for engine in ("numpy", "reference"):
            found = compile_function(graph, engine)(*values)
            assert all(same_bits(a, b) for a, b in zip(found, wanted, strict=True)), engine
    before, after = evaluate(made[1], list(values)), evaluate(made[2], list(values))
    assert all(same_bits(a, b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_a_graph_with_loops_reads_back(net, values):
    for graph in graphs(net, values):
        text, table = write(graph)
        again = Graph.parse(text, table)
        verify(again)
        assert str(again) == text
        pairs = zip(evaluate(again, list(values)), evaluate(graph, list(values)), strict=True)
        assert all(same_bits(a, b) for a, b in pairs)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_simplifying_is_done_in_one_go(net, values):
    for graph in graphs(net, values):
        once = simplify(graph).graph
        assert str(simplify(once).graph) == str(once)


@pytest.mark.parametrize(("net", "values"), NETS, ids=IDS)
def test_a_gradient_runs_each_loop_once_each_way(net, values):
    """The loop that stacks up what the way back needs is the loop of the net itself."""
    plain, once, short, *_ = graphs(net, values)
    loops = [sum(node.op.name == "scan" for node in graph.nodes) for graph in (plain, short)]
    assert loops[1] == 2 * loops[0]
    assert sum(node.op.name == "scan" for node in once.nodes) >= loops[1]


# ── against JAX ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.oracle
@pytest.mark.parametrize("reverse", [False, True])
def test_jax_has_the_same_loop(reverse):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)

    def loss(scan, np, w, u, b, xs, start):
        def cell(carry, x):
            h, total = carry
            h = np.tanh(x @ w + h @ u + b)
            return (h, total + np.sum(h)), {"h": h, "x": x * total}

        (h, total), rows = scan(cell, (start, 0.0), xs, reverse=reverse)
        return np.sum(h**2) * total + np.mean(rows["h"]) + np.sum(np.sin(rows["x"]))

    values = (W, U, B, XS, np.cos(B))
    mine = functools.partial(loss, wk.scan, np)
    theirs = functools.partial(loss, jax.lax.scan, jax.numpy)
    _near(mine(*values), theirs(*values), 1e-14)
    wrt = tuple(range(len(values)))
    for a, b in zip(wk.grad(mine, wrt)(*values), jax.grad(theirs, wrt)(*values), strict=True):
        _near(a, np.asarray(b))
    _near(wk.hessian(mine, 2)(*values), np.asarray(jax.hessian(theirs, 2)(*values)), 1e-12)
    for a, b in zip(wk.jvp(mine, values, values), jax.jvp(theirs, values, values), strict=True):
        _near(a, np.asarray(b))


# ── the grammar ─────────────────────────────────────────────────────────────────────────────────────────────


def _mean_of(body: Graph) -> Graph:
    """The body with its last output spread over one axis more."""
    last = call("expand_dims", body.outputs[-1], axis=(0,))
    return Graph(body.inputs, [*body.outputs[:-1], last], name=body.name)


def test_a_graph_within_a_graph_is_verified():
    graph = wk.trace(functools.partial(rnn, wk.scan), W, U, B, XS)
    (loop,) = [node for node in graph.nodes if node.op.name == "scan"]
    body = loop.attributes["body"]
    whole = Graph(graph.inputs, [loop], name="f")
    with pytest.raises(wk.GraphError, match="all the results of a scan at once"):
        verify(whole)
    stray = Graph(body.inputs[1:], body.outputs, name="cell")
    with pytest.raises(wk.GraphError, match="is not among the graph's inputs"):
        verify(stray)
    for changed in ({"length": 4}, {"length": -1}, {"carry": 9}, {"rows": 2}, {"body": _mean_of(body)}):
        attributes = {**loop.attributes, **changed}
        if "body" in changed:  # a row of another shape is legal, what is carried must keep its own
            attributes["carry"] = 2
        with pytest.raises((wk.GraphError, wk.ShapeError)):
            call("scan", *loop.inputs, **attributes)
    with pytest.raises(wk.GraphError, match="has 2 results, and none has the number 2"):
        call("result", loop, index=2)
    with pytest.raises(wk.GraphError, match="has no results"):
        call("result", graph.inputs[0], index=0)


def test_a_loop_of_many_turns_is_as_small_a_graph_as_one_of_few():
    def loss(w, xs):
        return wk.scan(lambda h, x: (np.tanh(h * w + x), None), 0.0, xs)[0]

    sizes = {len(wk.trace(wk.grad(loss), 0.5, np.zeros(n))) for n in (2, 20, 20_000)}
    assert len(sizes) == 1
    assert wk.check_gradient(loss, 0.5, np.cos(np.arange(3000.0)), wrt="w")


def test_deep_bodies_and_loops_in_loops_need_no_deep_stack():
    def loss(w, xs):
        def turn(h, x):
            for _ in range(600):
                h = h * w + x
            return h, None

        return wk.scan(turn, 0.0, xs)[0]

    def within(depth):
        def turn(h, x):
            return (wk.scan(within(depth - 1), h, length=2)[0] if depth else np.sin(h)) * 0.5 + 1, None

        return turn

    assert np.isfinite(wk.grad(loss)(0.5, np.ones(3)))
    value, slope = wk.value_and_grad(lambda x: wk.scan(within(2), x, length=2)[0])(0.3)
    plain, theirs = wk.jvp(lambda x: wk.scan(within(2), x, length=2)[0], (0.3,), (1.0,))
    _near(value, plain, 1e-15)
    _near(slope, theirs)
