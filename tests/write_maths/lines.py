"""A function of NumPy as the lines of a document: its values, and its gradient by the reverse graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from workings.graph import Graph, Node
from workings.transform import adjoints, simplify
from workings.write.maths import expression, stated
from workings.write.tree import Differential, Symbol, Tree

__all__ = ["Line", "Lines", "lines_of"]


class Line(NamedTuple):
    """A value: the symbol it is shown by, and what it is made from, None for an input."""

    symbol: Symbol | Differential
    formula: Tree | None
    node: Node


class Lines(NamedTuple):
    """The lines of a graph. `graph` holds all their nodes; `slopes` has the adjoint of each input."""

    graph: Graph
    inputs: tuple[Line, ...]
    forward: tuple[Line, ...]
    backward: tuple[Line, ...]
    slopes: Mapping[Node, Node]

    @property
    def all(self) -> tuple[Line, ...]:
        return (*self.inputs, *self.forward, *self.backward)


def lines_of(graph: Graph, *, algebra: bool = False) -> Lines:
    """A line for what has a name, is used more than once, or is the gradient of either; the rest is written out.

    They are simplified as for an engine, or with `algebra` as for a document.
    """
    graph, table = _derived(graph, algebra)
    slopes = {n: table[n] for n in graph.inputs if n in table}
    whole = Graph(graph.inputs, list(dict.fromkeys([*graph.outputs, *slopes.values()])), name=graph.name)
    first = set(graph.nodes)
    uses = Counter(i for node in whole.nodes for i in node.inputs)
    names = {**whole.names, **graph.names}
    shown: dict[Node, Symbol | Differential] = {}
    for node in whole.nodes:
        often = uses[node] > 1 and node.dtype.kind != "b"
        if node in names and (node.is_input or node.is_constant or node in graph.outputs or node.name or often):
            shown[node] = Symbol(names[node], node)
    read = {table[node] for node in shown if node in table}
    for node, adjoint in table.items():  # from the output back
        if uses[adjoint] > 1 and adjoint not in read and node in names:
            shown[node] = Symbol(names[node], node)
            read.add(adjoint)
    for node in reversed(graph.nodes):
        adjoint = table.get(node)
        if node in shown and adjoint is not None and adjoint not in first and not adjoint.is_constant:
            symbol = shown[node]
            assert isinstance(symbol, Symbol)
            if not isinstance(shown.get(adjoint), Differential):
                shown[adjoint] = Differential(symbol, adjoint)

    def line(node: Node) -> Line:
        given = node.is_input or (node.is_constant and node.shape != ())
        return Line(shown[node], None if given else stated(expression(node, shown.get)), node)

    inputs = tuple(line(n) for n in whole.nodes if n in shown and (n.is_input or n.is_constant))
    forward = tuple(line(n) for n in graph.nodes if n in shown and n.inputs)
    backward = [line(n) for n in whole.nodes if n in shown and n.inputs and n not in first]
    for node, adjoint in slopes.items():  # what is another's gradient too, or a number
        symbol = Differential(Symbol(names[node], node), adjoint)
        if shown.get(adjoint) != symbol:
            backward.append(Line(symbol, shown.get(adjoint) or expression(adjoint, shown.get), adjoint))
    return Lines(whole, inputs, forward, tuple(backward), slopes)


def _derived(graph: Graph, algebra: bool) -> tuple[Graph, dict[Node, Node]]:
    """The graph and the adjoints of its values, both simplified."""
    graph = simplify(graph, algebra=algebra).graph
    table = adjoints(graph.outputs[0], [n for n in graph.inputs if n.dtype.kind == "f"])
    whole = Graph(graph.inputs, [*graph.outputs, *dict.fromkeys(table.values())], name=graph.name)
    moved = simplify(whole, algebra=algebra).moved
    plain = Graph(graph.inputs, [moved[n] for n in graph.outputs], name=graph.name)
    return plain, {moved[n]: moved[adjoint] for n, adjoint in table.items()}
