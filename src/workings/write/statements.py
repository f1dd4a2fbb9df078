"""A graph as lines of code: which nodes get a line of their own, and in which order the lines stand.

A value with a name is a line; a value without one, used once, is part of the line that uses it, as long as
that line stays readable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from workings.graph import Graph, Node, reachable
from workings.graph.layouts import ORDERED, Layouts
from workings.write.expressions import Expression, express, literal, operators, put_lines

__all__ = ["Plan", "Statement", "arrange", "compose", "plan"]

_WIDEST = 80  # characters of one expression
_DEEPEST = 12  # expressions in one another
_ELIDED = 2**18  # bytes from which NumPy may compute in the place of an operand


class Statement(NamedTuple):
    """The line that computes `node`; `more` is a line that belongs below it."""

    node: Node
    expression: Expression
    more: str = ""


class Plan(NamedTuple):
    """How a graph is laid out in lines.

    order       the nodes, in the order of the sections
    section     each node's section
    pinned      the nodes that have a line
    views       nodes such as `x.T`, which are written wherever they are needed
    joints      nodes that are written by others, as `a and b`, and so not at all here
    """

    order: tuple[Node, ...]
    section: Mapping[Node, int]
    pinned: set[Node]
    views: frozenset[Node]
    joints: frozenset[Node]


def arrange(*outputs: Sequence[Node]) -> dict[Node, int]:
    """The section of each node: 0 for what the first outputs need, 1 for what else the second ones do, and so
    on. So a section needs only itself and those before it."""
    section: dict[Node, int] = {}
    for number, part in enumerate(outputs):
        for node in reachable(part, stop=tuple(section)):
            section.setdefault(node, number)
    return section


def plan(
    graph: Graph, section: Mapping[Node, int], outputs: Sequence[Node], joints: frozenset[Node] = frozenset()
) -> Plan:
    """Decide which nodes have lines: named ones, outputs, those used more than once or in a later section, and
    the derivatives with respect to what has a line."""
    inputs = set(graph.inputs)
    computed = [n for n in graph.nodes if n not in inputs and not n.is_constant]
    order = sorted(computed, key=lambda n: (section[n], n.serial))
    uses: Counter[Node] = Counter()
    latest: dict[Node, int] = {}
    for node in order:
        uses.update(node.inputs)
        for i in node.inputs:
            latest[i] = max(latest.get(i, 0), section[node])
    known = inputs | {node for node in outputs if not node.is_constant}
    views = set()
    for node in order:
        if node in known or node in joints:
            continue
        if node.name is not None or node.op.name == "put":
            known.add(node)
        elif uses[node] > 1 or latest.get(node, 0) > section[node]:
            turned = node.op.name == "transpose" and node.ndim == 2
            (views if turned and node.inputs[0] in known else known).add(node)
    for node in order:
        of = node.because.of if node.because else None
        if of in known and node not in joints and node not in views:
            known.add(node)
    return Plan(tuple(order), section, known - inputs, frozenset(views), joints)


def compose(
    plan: Plan, name: Callable[[Node, Node], str | None], known: Layouts
) -> tuple[list[Statement], dict[Node, Expression]]:
    """The lines of a plan, and the expressions that no line has taken up.

    `name(node, user)` is what a node is called where `user` reads it (None: as a number). A line that would be
    too long, or too deep, is taken apart, and its parts are added to `plan.pinned`.
    """
    statements: list[Statement] = []
    pending: dict[Node, Expression] = {}

    def operand(node: Node, position: int) -> Expression:
        i = node.inputs[position]
        if i in pending:
            return pending[i]
        called = name(i, node)
        return literal(i, node, position) if called is None else Expression(called, reads=frozenset([i]))

    def settle(node: Node) -> None:
        plan.pinned.add(node)
        statements.append(Statement(node, pending.pop(node)))

    for node in plan.order:
        if node in plan.joints:
            continue
        if _may_change_layout(node, known):
            for i in dict.fromkeys(node.inputs):
                if i in pending and i.shape == node.shape:
                    settle(i)
        while True:
            expression, more = _line(node, [operand(node, k) for k in range(len(node.inputs))], name)
            inner = [i for i in dict.fromkeys(node.inputs) if i in pending]
            width = max(len(expression.text), len(more))
            if not inner or (width <= _WIDEST and expression.depth <= _DEEPEST):
                break
            settle(max(inner, key=lambda i: (len(pending[i].text), i.serial)))
        for i in inner:
            if i not in plan.views:
                del pending[i]
        if node in plan.pinned:
            statements.append(Statement(node, expression, more))
        else:
            pending[node] = expression
    return statements, pending


def _line(
    node: Node, operands: Sequence[Expression], name: Callable[[Node, Node], str | None]
) -> tuple[Expression, str]:
    """The expression of a node, and the line below it where it takes two."""
    if node.op.name != "put":
        return express(node, operands), ""
    zeros, more = put_lines(node, name(node, node) or "", operands)
    depth = 1 + max(x.depth for x in operands)
    return Expression(zeros, depth=depth, reads=frozenset().union(*(x.reads for x in operands))), more


def _may_change_layout(node: Node, known: Layouts) -> bool:
    """Whether NumPy, computing in the place of an operand that nobody else holds, could lay the result out
    otherwise than in a new array."""
    if node.ndim < 2 or node.size * node.dtype.itemsize < _ELIDED or not operators(node):
        return False
    return any(known[i] < ORDERED for i in node.inputs)
