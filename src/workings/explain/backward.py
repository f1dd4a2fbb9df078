"""Node by node: the derivative carried back from the loss, for arrays, and where paths are too many to list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workings.explain.local import rule
from workings.explain.setting import Setting, worth
from workings.explain.steps import Backward, Remark, Section, Step, Words
from workings.graph import Graph, Node, Op, reachable
from workings.graph.names import Names
from workings.transform import simplify
from workings.write.maths import Tree, by_formula

__all__ = ["MOST_LINES", "backward_section", "condensed", "rules_section"]

# more lines than this are not read; the first and the last ones tell what those between do
MOST_LINES = 60


def condensed(setting: Setting, renumber: bool) -> Setting:
    """The setting with lines only for what reading needs.

    A value without a name goes into the line of the one value that uses it, if its derivative is that value's
    own, or if none flows through it, and no formula of the backward pass mentions it. With `renumber` the values
    that keep a line and have no name are numbered anew.
    """
    uses: Counter[Node] = Counter()
    user: dict[Node, Node] = {}
    for node in setting.forward:
        uses.update(node.inputs)
        user.update((i, node) for i in node.inputs)
    mentioned = _mentioned(setting)
    hidden = set()
    for node in setting.forward:
        if node.name is not None or node is setting.loss or node in setting.given_set:
            continue
        once = uses[node] == 1 and user[node].scope == node.scope
        quiet = node not in setting.active or (
            not setting.scalar and setting.adjoints.get(node) is setting.adjoints.get(user.get(node, node))
        )
        aside = node.dtype.kind == "b" or node.op.maths == "same"
        if node not in mentioned and quiet and (once or (aside and node not in setting.active)):
            hidden.add(node)
    names = {n: s for n, s in setting.names.items() if n not in hidden}
    if renumber:
        anew = [n for n in setting.forward if n in names and n.name is None and n is not setting.loss]
        fixed = {n: s for n, s in names.items() if n not in set(anew)}
        giver = Names(set(fixed.values()))
        names = fixed | {n: giver.give("z") for n in anew}
    return replace(setting, names=names)


def _mentioned(setting: Setting) -> set[Node]:
    """The forward values that formulas of the backward pass are made from."""
    forward = set(setting.forward)
    return {n for n in reachable(setting.adjoints.values(), stop=forward) if n in forward}


@dataclass(frozen=True)
class _Lines:
    """The nodes with a line in the backward pass, and which of them each adjoint is named after."""

    order: tuple[Node, ...]
    owner: Mapping[Node, Node]


def _lines(setting: Setting) -> _Lines:
    order = [n for n in reversed(setting.forward) if n in setting.active and n in setting.names]
    order = [n for n in order if n in setting.adjoints and n is not setting.loss and n not in setting.wrt]
    order += [n for n in setting.wrt if n in setting.adjoints]
    # a parameter's line comes as soon as what it is made from is there: after the line with the least serial
    owner: dict[Node, Node] = {}
    for node in order:
        owner.setdefault(setting.adjoints[node], node)
    return _Lines(tuple(_interleaved(setting, order, owner)), owner)


def _interleaved(setting: Setting, order: Sequence[Node], owner: Mapping[Node, Node]) -> list[Node]:
    """Each parameter's line right after the last line that its formula reads."""
    place = {node: i for i, node in enumerate(order) if node not in setting.wrt}
    stop = {setting.adjoints[n] for n in place}
    keyed = []
    for i, node in enumerate(order):
        if node in place:
            keyed.append((i, 0, i, node))
            continue
        read = [n for n in reachable([setting.adjoints[node]], stop={*stop, *setting.values}) if n in owner]
        after = max((place[owner[n]] for n in read if owner[n] in place), default=-1)
        keyed.append((after, 1, i, node))
    return [node for *_, node in sorted(keyed, key=lambda k: k[:3])]


def backward_section(setting: Setting, title: Words) -> tuple[Section, dict[Node, Any]]:
    """The lines of the backward pass, and the gradients that the printed lines give.

    Each line is simplified on its own, with the lines it reads by name; what is printed is what is evaluated.
    """
    lines = _lines(setting)
    many = len(lines.order) > MOST_LINES
    half = MOST_LINES // 3
    shown = set(lines.order[:half] + lines.order[-half:]) if many else set(lines.order)
    shown |= {n for n in setting.wrt if n in setting.adjoints}
    known: dict[Node, Any] = dict(setting.values)
    steps: list[Step] = []
    results: dict[Node, Any] = {}
    left_out = 0
    for node in lines.order:
        adjoint = setting.adjoints[node]
        if node not in shown:
            known[adjoint] = worth(adjoint, known)
            left_out += 1
            continue
        if left_out:
            steps.append(Remark((f"… {left_out:,} more lines like these …",)))
            left_out = 0
        formula = _formula(setting, lines, node)
        value = worth(formula, known)
        if lines.owner[adjoint] is node:
            known[adjoint] = value
        scope = () if node in setting.wrt else node.scope
        tree = by_formula(formula, _leaf(setting, lines, node))
        steps.append(Backward(node, setting.derivative(node), tree, formula, value, (), scope))
        if node in setting.wrt:
            results[node] = value
    return Section(title, tuple(steps)), results


def _formula(setting: Setting, lines: _Lines, node: Node) -> Node:
    """The adjoint of a node as a person writes it, from forward values and the lines before."""
    adjoint = setting.adjoints[node]
    if lines.owner[adjoint] is not node:
        return adjoint
    stop = {*setting.values, *(a for a, n in lines.owner.items() if n is not node)}
    if adjoint in stop:
        return adjoint
    leaves = [n for n in reachable([adjoint], stop=stop) if n in stop and not (n.is_constant and n.shape == ())]
    return simplify(Graph(leaves, [adjoint]), algebra=True).graph.outputs[0]


def _leaf(setting: Setting, lines: _Lines, node: Node) -> Any:
    def leaf(n: Node) -> Tree | None:
        owner = lines.owner.get(n)
        if owner is not None and owner is not node:
            return setting.derivative(owner)
        return setting.known(n)

    return leaf


def rules_section(setting: Setting) -> Section:
    """The rule of each kind of operation that a derivative flows through, once, in words."""
    seen: dict[Op, Node] = {}
    for node in reversed(setting.forward):
        if node in setting.active and node not in setting.wrt:
            seen.setdefault(node.op, node)
    steps: list[Step] = []
    said: set[Words] = set()
    for op, node in seen.items():
        position = next((i for i, n in enumerate(node.inputs) if n in setting.active), 0)
        words = rule(op, position, node.attributes)
        if words not in said:
            said.add(words)
            steps.append(Remark((f"{op.name}: ", *words)))
    return Section(("The rules: how each kind of step hands a derivative back",), tuple(steps))
