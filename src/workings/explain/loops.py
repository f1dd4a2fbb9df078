"""A loop in words: what it goes through, and the formulas of one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workings.explain.steps import Remark, Words
from workings.graph import Node
from workings.ops.control import Loop
from workings.write.maths import Leaf, by_formula, expression
from workings.write.statements import plan
from workings.write.tree import Number, Symbol, Tree

__all__ = ["called", "loop_steps"]

MOST_LINES = 24


def called(leaf: Leaf) -> Leaf:
    """The leaf rule by which a loop is shown by its name."""

    def shown(node: Node) -> Tree | None:
        tree = leaf(node)
        if tree is None and node.op.results is not None:
            return Symbol(node.attributes["body"].name, node)
        return tree

    return shown


def loop_steps(node: Node, title: Tree, leaf: Leaf) -> list[Remark]:
    """What a loop does, turn by turn: `leaf` shows the values around it."""
    loop = Loop(node)
    body = loop.body
    carried, rows, _ = loop.split(body.inputs)
    start, arrays, _ = loop.split(node.inputs)
    layout = plan(body, dict.fromkeys(body.nodes, 0), body.outputs)
    lines = [n for n in layout.order if n in layout.pinned and n.op.results is None]
    named = {*body.inputs, *lines}

    def inside(n: Node) -> Tree | None:
        return Symbol(body.names[n], n) if n in named else None

    head: Words = (title, f" is a loop of {loop.length} turn{'' if loop.length == 1 else 's'}")
    for k, (row, array) in enumerate(zip(rows, arrays, strict=True)):
        row_of: Words = (Symbol(body.names[row], row), " a row of ", by_formula(array, leaf))
        head = (*head, ", with " if k == 0 else ", ", *row_of)
    if loop.reverse:
        head = (*head, ", from the last to the first")
    for k, (value, first) in enumerate(zip(carried, start, strict=True)):
        equal: Words = (Symbol(body.names[value], value), " = ", _first(first, leaf))
        head = (*head, "; it starts with " if k == 0 else ", ", *equal)
    steps = [Remark((*head, "; in each turn:"))]
    inner = called(inside)
    for n in lines[:MOST_LINES]:
        steps.append(Remark((Symbol(body.names[n], n), " = ", expression(n, inner))))
    if len(lines) > MOST_LINES:
        steps.append(Remark((f"… {len(lines) - MOST_LINES:,} more values …",)))
    moved = [(b, a) for b, a in zip(carried, body.outputs, strict=False) if a is not b]
    if moved:
        steps.append(Remark(_handed(moved, body.names, inner)))
    for n in layout.order:
        if n.op.results is not None:
            steps += loop_steps(n, Symbol(n.attributes["body"].name, n), inner)
    return steps


def _handed(moved: Sequence[tuple[Node, Node]], names: Mapping[Node, str], inner: Leaf) -> Words:
    words: Words = ("and for the next turn ",)
    for k, (before, after) in enumerate(moved):
        words = (*words, ", " if k else "", Symbol(names[before], before), " becomes ", by_formula(after, inner))
    return words


def _first(node: Node, leaf: Leaf) -> Tree:
    """A start value; zeros of any shape are 0."""
    zeros = node.op.name == "broadcast_to" and node.inputs[0].is_literal(0)
    if zeros or (node.is_constant and not node.value.any()):
        return Number(0)
    return by_formula(node, leaf)
