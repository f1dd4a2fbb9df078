"""The way that a derivative takes back through a net, and the factor that it takes up at each link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workings.draw.units import Units
from workings.graph import Graph, Node, Role, evaluate_node, reachable
from workings.transform import adjoints, simplify
from workings.transform.flow import depending
from workings.write.maths import expression
from workings.write.text import text
from workings.write.tree import Symbol, Tree
from workings.write.values import value_text

__all__ = ["Links", "Slope", "links"]


@dataclass(frozen=True)
class Slope:
    """How fast a value grows with one that it is made from: the formula, and the number where it is known."""

    formula: str
    number: str


@dataclass(frozen=True, eq=False)
class Links:
    """The links that a derivative takes, as pairs of the numbers of values, from a value to its user."""

    active: frozenset[tuple[int, int]] = frozenset()
    units: Units | None = None
    values: Mapping[Node, Any] = field(default_factory=dict)
    names: Mapping[Node, str] = field(default_factory=dict)

    def slope(self, source: int, target: int) -> Slope | None:
        """The factor of one link; None where it is no number."""
        assert self.units is not None
        below, unit = self.units.all[source].node, self.units.all[target]
        loop = any(n.op.results is not None or n.op.name == "result" for n in (below, *unit.nodes))
        if below.shape != () or unit.node.shape != () or loop:
            return None
        own = set(unit.nodes)
        given = list(dict.fromkeys(i for n in unit.nodes for i in n.inputs if i not in own and not i.is_constant))
        partial = adjoints(unit.node, [n for n in given if n.dtype.kind == "f"]).get(below)
        if partial is None:
            return None
        known = [*given, *unit.nodes]
        plain = simplify(Graph(known, [partial]), algebra=True).graph.outputs[0]

        def leaf(node: Node) -> Tree | None:
            return Symbol(self.names[node], node) if node in self.names and node in known else None

        shown = leaf(plain) or expression(plain, leaf)
        return Slope(text(shown), self._number(partial, known))

    def _number(self, partial: Node, known: list[Node]) -> str:
        found = {n: self.values[n] for n in known if n in self.values}
        with np.errstate(all="ignore"):
            for node in reachable([partial], stop=list(found)):
                if node in found:
                    continue
                if node.is_input or not all(i in found for i in node.inputs):
                    return ""
                found[node] = evaluate_node(node, [found[i] for i in node.inputs])
        return value_text(found[partial])


def links(
    graph: Graph,
    units: Units,
    values: Mapping[Node, Any],
    gradients: Mapping[Node, Any],
    names: Mapping[Node, str],
) -> Links:
    """The links that the derivative of the first output takes: to the values whose `gradients` are known, or else
    to all parameters. A graph in which the derivatives are values themselves has none."""
    loss = graph.outputs[0]
    if any(node.because is not None for node in graph.nodes):
        return Links()
    wrt = [n for n in graph.inputs if n in gradients or (n.role is Role.PARAMETER and n.dtype.kind == "f")]
    if loss.shape != () or loss.dtype.kind != "f" or not wrt:
        return Links()
    way = set(gradients) if gradients else set(adjoints(loss, wrt))
    flows = set(depending([loss], wrt))
    way &= flows
    way |= {node for node in flows if node.op.results is not None}  # a loop, by its results
    pairs = []
    for source, target in units.links:
        node = units.all[target].node
        if units.all[source].node in way and node in way and node not in wrt:
            pairs.append((source, target))
    return Links(frozenset(pairs), units, values, names)
