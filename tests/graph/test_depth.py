"""Depth is data: a chain of 100,000 nodes meets no recursion limit anywhere."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from workings.graph import Graph, Node, Role, call, evaluate, input_node, substitute, verify
from workings.graph.text import write
from workings.transform import forward, reverse, simplify


def chain(length: int, shape: tuple[int, ...] = ()) -> tuple[Node, Node]:
    """w, and a chain of `length` nodes above it."""
    w = input_node("w", shape, np.float64, Role.PARAMETER)
    y = w
    for k in range(length // 2):
        y = call("multiply", call("sin", y, label="h" if k % 3 else None), 1 if k % 5 == 0 else 0.999)
    return w, y


def everything(length: int) -> weakref.ref[Node]:
    """Build, differentiate, simplify, print, parse, evaluate and let go."""
    w, y = chain(length)
    (gradient,) = reverse(y, [w])
    assert gradient is not None
    (along,) = forward([y], [w], [input_node("t", (), np.float64)])
    assert along is not None
    graph = verify(Graph([w], [y, gradient], name="loss"))
    assert len(graph) > length
    short = simplify(graph).graph
    assert len(short) < len(graph)
    algebra = simplify(short, algebra=True).graph
    text, table = write(short)
    again = Graph.parse(text, table)
    assert str(again) == text
    assert len(graph.users[w]) == 2
    moved = input_node("v", (), np.float64)
    other = Graph([moved], substitute(graph.outputs, {w: moved}))
    value = np.float64(0.3)
    wanted = evaluate(graph, [value])
    for g in (short, again, other):
        assert evaluate(g, [value]) == wanted
    np.testing.assert_allclose(evaluate(algebra, [value]), wanted, rtol=1e-6)
    repr(y), hash(y), str(graph.outputs[0])
    return weakref.ref(w)


def test_a_deep_chain() -> None:
    everything(10_000)


@pytest.mark.slow
def test_a_very_deep_chain_is_let_go() -> None:
    gone = everything(100_000)
    gc.collect()
    assert gone() is None


def test_letting_go_of_a_very_deep_chain() -> None:
    w, y = chain(100_000)
    gone = weakref.ref(w)
    (gradient,) = reverse(y, [w])
    del w, y, gradient
    gc.collect()
    assert gone() is None


def test_a_wide_sum_and_many_uses() -> None:
    w = input_node("w", (), np.float64)
    total = w * 0.0
    for k in range(1, 2001):
        total = total + w * float(k)
    (gradient,) = reverse(total, [w])
    assert gradient is not None
    assert evaluate(Graph([w], [gradient]), [np.float64(1)])[0] == 2000 * 2001 / 2


def test_paths_are_shared_not_walked() -> None:
    # 2¹⁰⁰ paths from the input to the output
    w = input_node("w", (), np.float64)
    y = w
    for _ in range(100):
        y = y + y
    (gradient,) = reverse(y, [w])
    assert gradient is not None
    graph = simplify(Graph([w], [gradient])).graph
    assert len(graph) < 300
    assert evaluate(graph, [np.float64(1)])[0] == 2.0**100
