"""Simplification: one walk over the graph that folds constants, applies rules, and shares equal nodes.

What is no longer used falls away by itself, since a graph holds only what its outputs need.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from workings.graph import Graph, Node, call, constant, evaluate_node, provenance, remake
from workings.transform.rules import ALGEBRA, EXACT, PATTERNS, STRUCTURE, Pattern

__all__ = ["Note", "Simplified", "matches", "simplify"]

_OPERATORS: Mapping[type, str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.USub: "negative",
}
_COMMUTE = frozenset({"add", "multiply"})
_MOST_REWRITES = 32  # of one node; rules only ever shorten or sort, so this is never met


class Note(NamedTuple):
    """One simplification: `before` became `after`, because of `reason`."""

    before: Node
    after: Node
    reason: str
    tag: str


class Simplified(NamedTuple):
    """A simplified graph, what was done in words, and where each old node went."""

    graph: Graph
    notes: tuple[Note, ...]
    moved: Mapping[Node, Node]


def simplify(graph: Graph, *, algebra: bool = False) -> Simplified:
    """The graph with its rules applied, constants folded, equal nodes shared and unused ones gone.

    Without `algebra` every bit of every output stays as it was. With it, formulas become as a person
    would write them, and may differ by rounding, and where a value is 0, inf or nan.
    """
    tags = (EXACT, ALGEBRA) if algebra else (EXACT,)
    new: dict[Node, Node] = {node: node for node in graph.inputs}
    shared: dict[Any, Node] = {_identity(node): node for node in graph.inputs}
    notes: list[Note] = []
    latest = -1
    for node in graph.nodes[len(graph.inputs) :]:
        inputs = tuple(new[i] for i in node.inputs)
        because = node.because and node.because.moved(new)
        current = node
        # a node behind a new one is made anew too, so that the user's order stays
        behind = node.serial < latest and not node.is_constant
        if inputs != node.inputs or because is not node.because or behind:
            current = remake(node, inputs, because=because)
        current = _reduce(current, tags, notes, shared)
        new[node] = shared.setdefault(_identity(current), current)
        latest = max(latest, new[node].serial)
    return Simplified(Graph(graph.inputs, [new[o] for o in graph.outputs], name=graph.name), tuple(notes), new)


def _reduce(node: Node, tags: Sequence[str], notes: list[Note], shared: dict[Any, Node]) -> Node:
    """Apply rules to one node, whose inputs are simplified already, until none fits."""
    for _ in range(_MOST_REWRITES):
        folded = _fold(node)
        if folded is not None:
            return folded
        step = _rewrite(node, tags, shared)
        if step is None:
            return node
        place = len(notes)
        notes.append(step)
        made = [n for n in _made_between(step.after, node) if n is not step.after]
        for inner in made:  # the parts that a rule made anew are simplified in their turn
            simpler = _reduce(inner, tags, notes, shared)
            simpler = shared.setdefault(_identity(simpler), simpler)
            if simpler is not inner:
                after = remake(step.after, tuple(simpler if i is inner else i for i in step.after.inputs))
                step = notes[place] = step._replace(after=after)
        if step.after.serial < node.serial:
            return step.after
        node = step.after
    return node


def _made_between(after: Node, before: Node) -> list[Node]:
    return [i for i in dict.fromkeys(after.inputs) if i.serial > before.serial and not i.is_constant]


def _fold(node: Node) -> Node | None:
    """The value of an op on constants alone, as a constant, where it is not larger than what it is made from."""
    if not node.inputs or not all(i.is_constant for i in node.inputs):
        return None
    if node.size > max(1, *(i.size for i in node.inputs)):
        return None
    with np.errstate(all="ignore"):
        value = evaluate_node(node, [i.value for i in node.inputs])
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        return None  # a constant is C-contiguous, and NumPy adds in the order of memory
    with provenance(node.origin, node.scope, node.because):
        return constant(value, node.dtype, name=node.name)


def _identity(node: Node) -> Any:
    """What two nodes have in common exactly if they hold the same value."""
    if node.is_input:
        return node
    attributes = tuple((key, _key(value)) for key, value in sorted(node.attributes.items()))
    return node.op, node.inputs, attributes, node.dtype


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes() if value.nbytes <= 4096 else id(value)
    if isinstance(value, tuple):
        return tuple(_key(v) for v in value)
    if isinstance(value, (slice, float)):
        return type(value), repr(value)  # repr tells −0.0 from 0.0, and nan from nothing
    return type(value), value


# ── patterns ────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@cache
def _patterns_for(op: str) -> tuple[Pattern, ...]:
    return tuple(p for p in PATTERNS if _op_of(_parsed(p.before)) == op)


@cache
def _structures_for(op: str) -> tuple[Any, ...]:
    return tuple(s for s in STRUCTURE if s.op == op)


def _op_of(pattern: ast.expr) -> str | None:
    if isinstance(pattern, ast.BinOp):
        return "square" if isinstance(pattern.op, ast.Pow) else _OPERATORS[type(pattern.op)]
    if isinstance(pattern, ast.UnaryOp):
        return _OPERATORS[type(pattern.op)]
    if isinstance(pattern, ast.Call):
        assert isinstance(pattern.func, ast.Name)
        return pattern.func.id
    return None


def _parts_of(pattern: ast.expr) -> list[ast.expr]:
    if isinstance(pattern, ast.BinOp):
        return [pattern.left] if isinstance(pattern.op, ast.Pow) else [pattern.left, pattern.right]
    if isinstance(pattern, ast.UnaryOp):
        return [pattern.operand]
    assert isinstance(pattern, ast.Call)
    return pattern.args


def _number_of(pattern: ast.expr) -> float | None:
    if isinstance(pattern, ast.Constant):
        assert isinstance(pattern.value, (int, float))
        return pattern.value
    if isinstance(pattern, ast.UnaryOp) and isinstance(pattern.operand, ast.Constant):
        inner = _number_of(pattern.operand)
        return None if inner is None else -inner
    return None


def matches(pattern: str, node: Node) -> dict[str, Node] | None:
    """What the names of the pattern stand for, if the node has its form; None if it has not."""
    return _match(_parsed(pattern), node, {})


def _match(pattern: ast.expr, node: Node, found: dict[str, Node]) -> dict[str, Node] | None:
    if isinstance(pattern, ast.Name):
        if pattern.id in found:
            return found if _identity(found[pattern.id]) == _identity(node) else None
        if pattern.id in ("m", "n") and not (node.is_constant and node.shape == ()):
            return None
        return {**found, pattern.id: node}
    number = _number_of(pattern)
    if number is not None:
        return found if node.is_literal(number) else None
    if node.op.name != _op_of(pattern):
        return None
    parts = _parts_of(pattern)
    orders = [node.inputs]
    if node.op.name in _COMMUTE:
        orders.append(node.inputs[::-1])
    for inputs in orders:
        result: dict[str, Node] | None = found
        for part, i in zip(parts, inputs, strict=True):
            result = None if result is None else _match(part, i, result)
        if result is not None:
            return result
    return None


def _build(pattern: ast.expr, found: Mapping[str, Node], dtype: np.dtype, shared: dict[Any, Node]) -> Node:
    if isinstance(pattern, ast.Name):
        return found[pattern.id]
    number = _number_of(pattern)
    if number is not None:
        made = constant(number, dtype)
        return shared.setdefault(_identity(made), made)
    return call(_op_of(pattern) or "", *(_build(part, found, dtype, shared) for part in _parts_of(pattern)))


def _rewrite(node: Node, tags: Sequence[str], shared: dict[Any, Node]) -> Note | None:
    """The first rule that fits the node, applied; None if none fits, or would change its shape or dtype."""
    # the parts of what a rule makes are not the whole derivative that the node was
    because = node.because and node.because._replace(of=None)
    with provenance(node.origin, node.scope, because):
        for structure in _structures_for(node.op.name):
            if structure.tag in tags:
                after = structure.apply(node)
                if after is not None:
                    return Note(node, _named(after, node), structure.reason, structure.tag)
        for rule in _patterns_for(node.op.name):
            if rule.tag not in tags:
                continue
            found = matches(rule.before, node)
            if found is None or not _fitting(rule, found):
                continue
            after = _build(_parsed(rule.after), found, node.dtype, shared)
            if after.is_constant and after.shape != node.shape:
                after = call("broadcast_to", after, shape=node.shape)
            if (after.shape, after.dtype) == (node.shape, node.dtype) and _identity(after) != _identity(node):
                return Note(node, _named(after, node), rule.reason, rule.tag)
    return None


def _fitting(rule: Pattern, found: Mapping[str, Node]) -> bool:
    """Signs are turned among floats alone: −x of an unsigned or of the least integer is not what it says."""
    return rule.after in found or all(node.dtype.kind == "f" for node in found.values())


def _named(after: Node, before: Node) -> Node:
    """A node that a rule made takes the name and the reason of the one it replaces."""
    if after.serial < before.serial or after.is_constant:
        return after
    if before.name is None and before.because is after.because:
        return after
    with provenance(before.origin, before.scope, before.because):
        return call(after.op.name, *after.inputs, label=before.name, **after.attributes)
