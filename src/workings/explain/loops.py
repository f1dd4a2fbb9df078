"""A loop in words: what it goes through, and the formulas of one turn."""

from __future__ import annotations

from collections.abc import Sequence

from workings.explain.steps import Remark, Words
from workings.graph import Node
from workings.ops.control import Loop
from workings.write.maths import Leaf, by_formula
from workings.write.statements import is_zeros
from workings.write.tree import Number, Symbol, Tree
from workings.write.turn import turn_of

__all__ = ["loop_steps"]

MOST_LINES = 24


def loop_steps(node: Node, title: Tree, leaf: Leaf) -> list[Remark]:
    """What a loop does, turn by turn: `leaf` shows the values around it."""
    loop = Loop(node)
    names = loop.body.names
    carried, rows, _ = loop.split([Symbol(names[n], n) for n in loop.body.inputs])
    start, arrays, _ = loop.split(node.inputs)
    turn = turn_of(node)
    head: Words = (title, f" is a loop of {loop.length} turn{'' if loop.length == 1 else 's'}")
    whole = [(row, " a row of ", by_formula(array, leaf)) for row, array in zip(rows, arrays, strict=True)]
    head = (*head, *_listed(", with ", whole), ", from the last to the first" if loop.reverse else "")
    first = [(value, " = ", _first(given, leaf)) for value, given in zip(carried, start, strict=True)]
    steps = [Remark((*head, *_listed("; it starts with ", first), "; in each turn:"))]
    steps += [Remark((symbol, " = ", tree)) for symbol, tree in turn.lines[:MOST_LINES]]
    if len(turn.lines) > MOST_LINES:
        steps.append(Remark((f"… {len(turn.lines) - MOST_LINES:,} more values …",)))
    if turn.carried:
        handed = [(before, " becomes ", after) for before, after in turn.carried]
        steps.append(Remark(_listed("and for the next turn ", handed)))
    for inner in turn.inner:
        steps += loop_steps(inner, Symbol(inner.attributes["body"].name, inner), turn.leaf)
    return steps


def _listed(before: str, parts: Sequence[Words]) -> Words:
    words: Words = ()
    for k, part in enumerate(parts):
        words = (*words, ", " if k else before, *part)
    return words


def _first(node: Node, leaf: Leaf) -> Tree:
    """A start value; zeros of any shape are 0."""
    return Number(0) if is_zeros(node) else by_formula(node, leaf)
