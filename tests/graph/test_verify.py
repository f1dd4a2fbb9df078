"""Each way in which a graph can break the grammar is found, and the error names the node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workings.errors import GraphError
from workings.graph import Graph, Node, Op, call, constant, input_node, lookup, verify


def x() -> Node:
    return input_node("x", (3,), np.float64)


def node(op: str, *inputs: Node, shape: tuple[int, ...] = (3,), dtype: Any = np.float64, **attributes: Any) -> Node:
    """A node made by hand, without the inference that `call` does."""
    return Node(lookup(op), inputs, attributes, shape, np.dtype(dtype), name="y")


def unregistered(a: Node) -> Graph:
    op = Op("cube", "x³", lambda inputs, attributes: ((3,), np.dtype(float)), lambda v: v**3)
    return Graph([a], [Node(op, (a,), {}, (3,), np.dtype(np.float64), name="y")])


def early(a: Node) -> Graph:
    first = call("exp", a, label="first")
    second = call("exp", first, label="second")
    object.__setattr__(first, "serial", second.serial + 1)
    return Graph([a], [second])


def holding(value: Any, shape: tuple[int, ...], dtype: Any) -> Node:
    return Node(lookup("constant"), (), {"value": value}, shape, np.dtype(dtype), name="c")


def nested(a: Node) -> Graph:
    inner = input_node("t", (3,), np.float64)
    wrong = Graph([inner], [node("exp", inner, shape=(4,))], name="inner")
    return Graph([a], [Node(lookup("negative"), (a,), {"body": wrong}, (3,), np.dtype(np.float64), name="y")])


def foreign_output(a: Node) -> Graph:
    graph = Graph([a], [call("exp", a)])
    graph.outputs = (call("exp", a),)
    return graph


ILLEGAL = {
    "an op that is not registered": (unregistered, r"node y \(cube\): the op is not registered"),
    "a result among the inputs": (lambda a: Graph([call("exp", a)], [a]), "is a result of exp"),
    "an input without a role": (
        lambda a: Graph([i := Node(lookup("input"), (), {"role": "guest"}, (), np.dtype(float), name="i")], [i]),
        "input i has no role",
    ),
    "an input that is not listed": (
        lambda a: Graph([a], [call("add", a, input_node("stray", (3,), np.float64))]),
        "input 'stray' is not among the graph's inputs",
    ),
    "an input that is an output only": (lambda a: Graph([], [a]), "input 'x' is not among"),
    "a node before what it is made from": (early, "node second .*uses first before it is made"),
    "a wrong shape": (
        lambda a: Graph([a], [node("exp", a, shape=(4,))]),
        r"recorded as float64\[4\], but .* float64\[3\]",
    ),
    "a wrong dtype": (lambda a: Graph([a], [node("exp", a, dtype=np.float32)]), r"recorded as float32\[3\], but"),
    "shapes that the op refuses": (
        lambda a: Graph([a], [node("add", a, constant(np.zeros(4)))]),
        r"node y \(add\): add: the shapes do not broadcast",
    ),
    "too many inputs": (lambda a: Graph([a], [node("exp", a, a)]), r"node y \(exp\): exp takes 1 input"),
    "an attribute that does not fit": (
        lambda a: Graph([a], [node("sum", a, shape=(), axis=1)]),
        r"node y \(sum\): sum: axis 1 is out of range",
    ),
    "a constant of another shape": (
        lambda a: Graph([a], [holding(np.zeros(2), (3,), float)]),
        r"but holds float64\[2\]",
    ),
    "a constant of another dtype": (
        lambda a: Graph([a], [holding(np.zeros(3, np.float32), (3,), float)]),
        "but holds float32",
    ),
    "an illegal graph among the attributes": (nested, "graph inner: node y"),
    "an output that is none of the nodes": (foreign_output, "an output is not among its nodes"),
}


@pytest.mark.parametrize(("make", "message"), ILLEGAL.values(), ids=ILLEGAL)
def test_illegal(make: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        verify(make(x()))


def test_an_input_listed_twice() -> None:
    a = x()
    with pytest.raises(GraphError, match="an input is listed twice"):
        Graph([a, a], [a])


def test_a_legal_graph_is_handed_back() -> None:
    a = x()
    for graph in (Graph([a], [a]), Graph([a], []), Graph([], [constant(2.0)]), Graph([a], [a * 2, a * 2, a])):
        assert verify(graph) is graph
