"""What a derivation is about: the graph, the values, the names, and what can flow where."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Graph, Node, evaluate_node, reachable
from workings.graph.names import Names
from workings.transform import adjoints
from workings.transform.flow import depending
from workings.write.tree import Differential, Number, Rate, Symbol, Tree

__all__ = ["Setting", "prepare", "worth"]


@dataclass(frozen=True, eq=False)
class Setting:
    """The loss, what it is differentiated by, and everything known about the nodes between.

    given       the nodes taken as given, with their values in `values`; what made them is not looked at
    forward     the compositions, in computing order
    active      those of given and forward through which a derivative flows
    adjoints    the derivative of the loss with respect to each active node, as graph
    scalar      whether everything active is a number and every link a plain slope
    """

    loss: Node
    wrt: tuple[Node, ...]
    given: tuple[Node, ...]
    forward: tuple[Node, ...]
    active: Mapping[Node, Node]
    adjoints: Mapping[Node, Node]
    values: Mapping[Node, Any]
    names: Mapping[Node, str]
    scalar: bool

    def symbol(self, node: Node) -> Symbol:
        return Symbol(self.names.get(node) or node.name or "…", node)

    def rate(self, top: Node, bottom: Node) -> Rate:
        return Rate(self.symbol(top), self.symbol(bottom), self.adjoints.get(bottom))

    def derivative(self, node: Node) -> Rate | Differential:
        """The name of dloss/dnode: `dloss/dw` where all is scalar, `dw` otherwise."""
        if self.scalar:
            return self.rate(self.loss, node)
        return Differential(self.symbol(node), self.adjoints.get(node))

    def known(self, node: Node) -> Tree | None:
        """The leaf rule of local formulas: every value of the forward pass is shown by its name."""
        return self.symbol(node) if node in self.names else None

    def named(self, node: Node) -> Tree | None:
        """The leaf rule of whole formulas: values that the user named are shown by name, others by formula."""
        return self.symbol(node) if self.keeps(node) else None

    def keeps(self, node: Node) -> bool:
        """Whether a whole formula is written in this node: given, or named by the user; the loss is written out."""
        return node in self.names and (node in self.given_set or (node.name is not None and node is not self.loss))

    @cached_property
    def given_set(self) -> frozenset[Node]:
        return frozenset(self.given)

    def stopped(self, node: Node) -> tuple[Node, ...]:
        """The values made from `node` that the derivative takes as given, because `stop_gradient` says so."""
        made = {node}
        for n in self.forward:
            if any(i in made for i in n.inputs):
                made.add(n)
        return tuple(n for n in self.forward if n in made and n.op.name == "stop_gradient")

    def numbers(self, leaf: Callable[[Node], Tree | None]) -> Callable[[Node], Tree | None]:
        """The same leaf rule with scalar values in place of names; digits may be cut."""

        def put_in(node: Node) -> Tree | None:
            tree = leaf(node)
            if tree is None or node not in self.values or node.shape != ():
                return tree
            return Number(self.values[node], node, short=True)

        return put_in

    def evaluate(self, node: Node, also: Mapping[Node, Any] | None = None) -> Any:
        """The value of a formula made from forward nodes."""
        known = {**self.values, **also} if also else self.values
        return worth(node, known)


def worth(node: Node, known: Mapping[Node, Any]) -> Any:
    """The value of a node, made from nodes of known values."""
    found: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for n in between(node, known):
            found[n] = evaluate_node(n, [known[i] if i in known else found[i] for i in n.inputs])
    return known[node] if node in known else found[node]


def between(node: Node, known: Container[Node]) -> list[Node]:
    """What a node is made from down to known nodes, without those, in computing order.

    As `reachable`, for a border too large to be gone through at every call.
    """
    seen: set[Node] = set()
    todo = [node]
    while todo:
        n = todo.pop()
        if n not in seen and n not in known:
            seen.add(n)
            todo.extend(n.inputs)
    return sorted(seen, key=lambda n: n.serial)


def prepare(
    loss: Node, wrt: Sequence[Node], values: Mapping[Node, Any], names: Mapping[Node, str] | None = None
) -> Setting:
    """Gather what a derivation needs. Raises `ArgumentError` where a value is missing or of another shape."""
    if not wrt:
        raise ArgumentError("a derivation is of a loss with respect to at least one value; none is given")
    table = adjoints(loss, wrt)
    active = _leading(loss, depending([loss], wrt))
    past = _past([loss], wrt)
    given = [n for n in values if n not in past or n in wrt]
    nodes = reachable([loss], stop=[*wrt, *given])
    settled = _settled(nodes, {*wrt, *given}, past)
    known: dict[Node, Any] = {}
    for node in reachable([loss, *wrt], stop=[n for n in values if n not in past or n in wrt]):
        if node in values and (node not in past or node in wrt):
            known[node] = _fitting(node, values[node])
        elif node.is_input:
            raise ArgumentError(
                f"no value is given for {node.name}", where=node.origin, fix="give one for each of the loss's inputs"
            )
        else:
            with np.errstate(all="ignore"):
                known[node] = evaluate_node(node, [known[i] for i in node.inputs])
    border = {*wrt, *given, *settled}
    nodes = reachable([loss], stop=border)
    inputs = [*wrt, *(n for n in nodes if n not in wrt and (n in border or n.is_input or _named_constant(n)))]
    graph = Graph(inputs, [loss], name="loss")
    between = tuple(n for n in graph.nodes[len(inputs) :] if not n.is_constant)
    links = [n for n in active.values() if n not in wrt]
    scalar = all(n.shape == () for n in (*wrt, *active.values())) and all(
        n.op.partials is not None or n.op.maths == "same" for n in links
    )
    spelled = dict(graph.names)
    free = Names(set(spelled.values()))
    spelled.update({n: free.give("given") for n in inputs if n.name is None})
    spelled.update({n: s for n, s in (names or {}).items() if n in spelled})
    return Setting(
        loss, tuple(wrt), tuple(inputs), between, active, table, {n: known[n] for n in graph.nodes}, spelled, scalar
    )


def _leading(loss: Node, depending: Mapping[Node, Node]) -> dict[Node, Node]:
    """Those of the nodes that depend on a parameter from which a derivative flows on to the loss."""
    leading = {loss} if loss in depending else set()
    for node in reversed(list(depending)):
        if node in leading:
            leading.update(i for i in node.inputs if i in depending)
    return {node: node for node in depending if node in leading}


def _named_constant(node: Node) -> bool:
    return node.is_constant and node.name is not None


def _past(outputs: Sequence[Node], wrt: Sequence[Node]) -> set[Node]:
    """Everything that is made from `wrt`, whether a derivative flows through it or not."""
    found = set(wrt)
    for node in reachable(outputs, stop=wrt):
        if any(i in found for i in node.inputs):
            found.add(node)
    return found


def _settled(nodes: Sequence[Node], border: set[Node], past: set[Node]) -> set[Node]:
    """Values that earlier nudges made, as `w = w - rate * gradient` does: their history is no part of this
    derivation. What is made from them is."""
    nudged: set[Node] = set()
    for node in nodes:
        if node in border or node in past:
            continue
        # a gradient, or made from one by operations without a name in between
        if node.because is not None or any(i in nudged and (i.name is None or i.because) for i in node.inputs):
            nudged.add(node)
    return {n for n in nudged if n.name is not None or n.because is not None}


def _fitting(node: Node, value: Any) -> Any:
    if np.shape(value) != node.shape:
        raise ArgumentError(f"{node.name} has shape {node.shape}, and the value given {np.shape(value)}")
    return np.asarray(value, dtype=node.dtype)[()]
