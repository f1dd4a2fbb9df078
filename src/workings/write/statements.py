"""A graph as lines of code: which nodes get a line of their own, and in which order the lines stand.

A value with a name is a line; a value without one, used once, is part of the line that uses it, as long as
that line stays readable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from workings.graph import Graph, Node, reachable
from workings.graph.layouts import ORDERED, Layouts
from workings.write.expressions import Expression, express, literal, operators, put_lines
from workings.write.literals import spelled

__all__ = ["Plan", "Statement", "arrange", "compose", "is_zeros", "only_start", "plan", "starts_inside"]

_WIDEST = 80  # characters of one expression
_DEEPEST = 12  # expressions in one another
_ELIDED = 2**18  # bytes from which NumPy may compute in the place of an operand


class Statement(NamedTuple):
    """The line that computes `node`; `more` is a line that belongs below it.

    A node with several results is called with `arguments`, and `results` are those nodes by their numbers, None
    where one is not used.
    """

    node: Node
    expression: Expression
    more: str = ""
    arguments: tuple[str, ...] | None = None
    results: tuple[Node | None, ...] = ()

    @property
    def targets(self) -> tuple[Node | None, ...]:
        """The nodes whose names stand on the left."""
        return self.results or (self.node,)


class Plan(NamedTuple):
    """How a graph is laid out in lines.

    order       the nodes, in the order of the sections
    section     each node's section
    pinned      the nodes that have a line
    views       nodes such as `x.T`, which are written wherever they are needed
    joints      nodes that are written by others, as `a and b`, and so not at all here
    results     for each node with several results those that are used, by their numbers
    """

    order: tuple[Node, ...]
    section: Mapping[Node, int]
    pinned: set[Node]
    views: frozenset[Node]
    joints: frozenset[Node]
    results: Mapping[Node, Mapping[int, Node]]


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
    joints |= {node for node in order if node not in known and _starts_loops(node, graph)}
    results: dict[Node, dict[int, Node]] = {}
    views = set()
    for node in order:
        if node in known or node in joints:
            continue
        if node.name is not None or node.op.name in ("put", "result") or node.op.results is not None:
            known.add(node)
        elif uses[node] > 1 or latest.get(node, 0) > section[node]:
            turned = node.op.name == "transpose" and node.ndim == 2
            (views if turned and node.inputs[0] in known else known).add(node)
    for node in order:
        if node.op.name == "result":
            results.setdefault(node.inputs[0], {}).setdefault(node.attributes["index"], node)
        of = node.because.of if node.because else None
        if of in known and node not in joints and node not in views:
            known.add(node)
    return Plan(tuple(order), section, known - inputs, frozenset(views), joints, results)


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
        if node.op.name == "result":
            first = plan.results[node.inputs[0]][node.attributes["index"]]
            if first is not node:
                statements.append(Statement(node, Expression(name(first, node) or "", reads=frozenset([first]))))
            continue
        if _may_change_layout(node, known):
            for i in dict.fromkeys(node.inputs):
                if i in pending and i.shape == node.shape:
                    settle(i)
        while True:
            statement = _line(node, plan, operand, name)
            expression, more = statement.expression, statement.more
            inner = [i for i in dict.fromkeys(node.inputs) if i in pending]
            width = max(len(expression.text), len(more), len(", ".join(statement.arguments or ())))
            if not inner or (width <= _WIDEST and expression.depth <= _DEEPEST):
                break
            settle(max(inner, key=lambda i: (len(pending[i].text), i.serial)))
        for i in inner:
            if i not in plan.views:
                del pending[i]
        if node in plan.pinned:
            statements.append(statement)
        else:
            pending[node] = expression
    return statements, pending


def _line(
    node: Node,
    plan: Plan,
    operand: Callable[[Node, int], Expression],
    name: Callable[[Node, Node], str | None],
) -> Statement:
    """The line of a node, with the one below it where it takes two."""
    inside = starts_inside(node)
    operands = [operand(node, k) for k in range(len(node.inputs)) if k not in inside]
    several = node.op.results
    if several is None and node.op.name != "put":
        return Statement(node, express(node, operands))
    called = name(node, node) or ""
    depth = 1 + max((x.depth for x in operands), default=0)
    reads: frozenset[Node] = frozenset().union(*(x.reads for x in operands))
    if several is None:
        zeros, more = put_lines(node, called, operands)
        return Statement(node, Expression(zeros, depth=depth, reads=reads), more)
    used = plan.results.get(node, {})
    found = tuple(used.get(k) for k in range(len(several(node.attributes))))
    arguments = tuple(x.text for x in operands)
    return Statement(node, Expression(called, depth=depth, reads=reads), "", arguments, found)


def starts_inside(node: Node) -> frozenset[int]:
    """The positions of start values of a loop that are written in its own function: numbers, and zeros."""
    if node.op.results is None:
        return frozenset()
    start = enumerate(node.inputs[: node.attributes["carry"]])
    return frozenset(k for k, value in start if _is_plain(value))


def _is_plain(node: Node) -> bool:
    if node.is_constant:
        text = spelled(node.value) if node.shape else None
        return node.shape == () or is_zeros(node) or (text is not None and not text.items)
    return is_zeros(node)


def is_zeros(node: Node) -> bool:
    """Whether every element is 0, and none −0."""
    if node.is_constant:
        return not np.any(node.value) and not np.any(np.signbit(node.value))
    return node.op.name == "broadcast_to" and node.inputs[0].is_literal(0)


def _starts_loops(node: Node, graph: Graph) -> bool:
    """Whether a value is no more than what loops start from, and is written there."""
    users = graph.users[node]
    return bool(users) and _is_plain(node) and all(only_start(node, user) for user in users)


def only_start(node: Node, user: Node) -> bool:
    """Whether a node is no more to the user of it than what a loop starts from, which is written there."""
    inside = starts_inside(user)
    return all(k in inside for k, i in enumerate(user.inputs) if i is node)


def _may_change_layout(node: Node, known: Layouts) -> bool:
    """Whether NumPy, computing in the place of an operand that nobody else holds, could lay the result out
    otherwise than in a new array."""
    if node.ndim < 2 or node.size * node.dtype.itemsize < _ELIDED or not operators(node):
        return False
    return any(known[i] < ORDERED for i in node.inputs)
