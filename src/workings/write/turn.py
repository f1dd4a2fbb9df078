"""One turn of a loop in formulas: its lines, and what is handed to the next one."""

from __future__ import annotations

from typing import NamedTuple

from workings.graph import Node
from workings.write.maths import Leaf, by_formula, expression
from workings.write.statements import plan
from workings.write.tree import Symbol, Tree

__all__ = ["Turn", "called", "turn_of"]


class Turn(NamedTuple):
    """The formulas of a turn: `lines` in computing order, and for what is `carried` on what it becomes.

    `inner` are the loops within, and `leaf` the rule that shows the values of a turn by their names.
    """

    lines: tuple[tuple[Symbol, Tree], ...]
    carried: tuple[tuple[Symbol, Tree], ...]
    inner: tuple[Node, ...]
    leaf: Leaf


def called(leaf: Leaf) -> Leaf:
    """The leaf rule by which a loop is shown by its name."""

    def shown(node: Node) -> Tree | None:
        tree = leaf(node)
        if tree is None and node.op.results is not None:
            return Symbol(node.attributes["body"].name, node)
        return tree

    return shown


def turn_of(node: Node) -> Turn:
    """The formulas of one turn of a loop, in the names of its body."""
    body = node.attributes["body"]
    layout = plan(body, dict.fromkeys(body.nodes, 0), body.outputs)
    lines = [n for n in layout.order if n in layout.pinned and n.op.results is None]
    named = {*body.inputs, *lines}
    leaf = called(lambda n: Symbol(body.names[n], n) if n in named else None)
    moved = [(b, a) for b, a in zip(body.inputs[: node.attributes["carry"]], body.outputs, strict=False) if a is not b]
    return Turn(
        tuple((Symbol(body.names[n], n), expression(n, leaf)) for n in lines),
        tuple((Symbol(body.names[before], before), by_formula(after, leaf)) for before, after in moved),
        tuple(n for n in layout.order if n.op.results is not None),
        leaf,
    )
