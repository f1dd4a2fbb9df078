"""Node by node: the derivative carried back from the loss, for arrays, and where paths are too many to list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workings.explain.fold import folded
from workings.explain.local import rule
from workings.explain.loops import loop_steps
from workings.explain.product import rewritten
from workings.explain.setting import Setting, between, worth
from workings.explain.steps import Backward, Remark, Rule, Section, Step, Words
from workings.graph import Node, Op, reachable
from workings.graph.names import Names
from workings.write.maths import Leaf, by_formula
from workings.write.tree import Symbol, Tree
from workings.write.turn import called

__all__ = ["MOST_LINES", "UNFOLDED", "backward_section", "condensed", "rules_section"]

# more lines than this are not read; the first and the last ones tell what those between do
MOST_LINES = 60
# layers are folded, as far as it helps, where more lines than these would be shown
UNFOLDED = 40
# operations in one line of the forward pass
LONGEST_LINE = 6


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
    hidden: set[Node] = set()
    for node in reversed(setting.forward):
        if node.name is not None or node is setting.loss or node in setting.given_set or node.op.results is not None:
            continue
        flows = node in setting.active if setting.scalar else node in setting.adjoints
        once = uses[node] == 1 and user[node].scope == node.scope
        own = not setting.scalar and flows and setting.adjoints[node] is setting.adjoints.get(user.get(node, node))
        if node.dtype.kind == "b" and node.op.elementwise:
            # a condition is read where it is asked, also in formulas of the backward pass
            hidden.add(node)
            mentioned.update(node.inputs)
        elif node not in mentioned and (own or not flows) and (once or (node.op.maths == "same" and not flows)):
            hidden.add(node)
    # a line that grew too long is taken apart again
    size: dict[Node, int] = {}
    for node in setting.forward:
        size[node] = 1 + sum(size[i] for i in node.inputs if i in hidden)
        if size[node] > LONGEST_LINE:
            hidden.discard(node)
    names = {n: s for n, s in setting.names.items() if n not in hidden}
    if renumber:
        anew = [n for n in setting.forward if n in names and n.name is None and n is not setting.loss]
        anew = [n for n in anew if n.op.results is None]  # a loop is called by its function
        without = set(anew)
        fixed = {n: s for n, s in names.items() if n not in without}
        giver = Names(set(fixed.values()))
        names = fixed | {n: giver.give("z") for n in anew}
    return replace(setting, names=names)


def _mentioned(setting: Setting) -> set[Node]:
    """The forward values that formulas of the backward pass are made from."""
    forward = set(setting.forward)
    return {n for n in reachable(setting.adjoints.values(), stop=forward) if n in forward}


@dataclass(frozen=True)
class _Lines:
    """The nodes with a line in the backward pass, and for each adjoint those of them that share it."""

    order: tuple[Node, ...]
    shared: Mapping[Node, tuple[Node, ...]]

    def read(self, adjoint: Node, by: Node) -> Node | None:
        """The line that an adjoint is named after where the line of `by` reads it: the nearest one made from it."""
        later = [n for n in self.shared.get(adjoint, ()) if n.serial > by.serial]
        return min(later, key=lambda n: n.serial, default=None)


def _lines(setting: Setting) -> _Lines:
    order = [n for n in reversed(setting.forward) if n in setting.adjoints and n in setting.names]
    order = [n for n in order if n is not setting.loss and n not in setting.wrt]
    shared: dict[Node, tuple[Node, ...]] = {}
    for node in order:
        shared[setting.adjoints[node]] = (*shared.get(setting.adjoints[node], ()), node)
    lines = _Lines(tuple(order), shared)
    # each parameter's line stands right after the last one that its formula reads
    place = {node: i for i, node in enumerate(order)}
    after: dict[Node, int] = {}
    for node in setting.wrt:
        if node in setting.adjoints:
            met = reachable([setting.adjoints[node]], stop={*shared, *setting.values})
            read = [lines.read(n, node) for n in met]
            after[node] = max((place[n] for n in read if n is not None), default=-1)
    merged = sorted([*order, *after], key=lambda n: (place[n], 0) if n in place else (after[n], 1))
    return _Lines(tuple(merged), shared)


def backward_section(setting: Setting, title: Words, most: int) -> tuple[Section, dict[Node, Any]]:
    """The lines of the backward pass, and the gradients that the printed lines give.

    Each line is simplified on its own, with the lines it reads by name; what is printed is what is evaluated.
    """
    lines = _lines(setting)
    unfolded = folded(setting, [n for n in setting.forward if n in setting.names], most)
    own = [n for n in lines.order if n in unfolded]
    half = MOST_LINES // 3
    shown = set(own if len(own) <= MOST_LINES else own[:half] + own[-half:])
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
            steps.append(Remark((f"… {left_out:,} more line{'s' if left_out > 1 else ''} like these …",)))
            left_out = 0
        formula = _formula(setting, lines, node)
        value = worth(formula, known)
        if lines.read(adjoint, node) is None:
            known[adjoint] = value
        scope = () if node in setting.wrt else node.scope
        leaf = called(_leaf(setting, lines, node))
        tree = by_formula(formula, leaf)
        steps.append(Backward(node, setting.derivative(node), tree, formula, value, (), scope))
        # one that goes forward, and stacks up more for the way back, was shown there
        for loop in (n for n in between(formula, known) if n.op.results is not None and n.because is not None):
            steps += loop_steps(loop, Symbol(loop.attributes["body"].name, loop), leaf)
        if node in setting.wrt:
            results[node] = value
    return Section(title, tuple(steps)), results


def _formula(setting: Setting, lines: _Lines, node: Node) -> Node:
    """The adjoint of a node as a person writes it, from forward values and the lines before."""
    adjoint = setting.adjoints[node]
    if lines.read(adjoint, node) is not None:
        return adjoint
    stop = {n for n in (*setting.values, *lines.shared) if n.op.results is None} - {adjoint}
    met = reachable([adjoint], stop=stop)
    leaves = [n for n in met if n in stop and not (n.is_constant and n.shape == ())]
    return rewritten(adjoint, leaves)[0]


def _leaf(setting: Setting, lines: _Lines, node: Node) -> Leaf:
    def leaf(n: Node) -> Tree | None:
        line = lines.read(n, node)
        return setting.known(n) if line is None else setting.derivative(line)

    return leaf


def rules_section(setting: Setting) -> Section:
    """The rule of each kind of operation that a derivative flows through, once, in words."""
    seen: dict[Op, Node] = {}
    for node in reversed(setting.forward):
        flows = node in setting.adjoints or (node.op.results is not None and node in setting.active)
        if flows and node not in setting.wrt:
            seen.setdefault(node.op, node)
    steps: list[Step] = []
    said: set[Words] = set()
    for op, node in seen.items():
        position = next((i for i, n in enumerate(node.inputs) if n in setting.adjoints), 0)
        words = rule(op, position, node.attributes)
        if words not in said:
            said.add(words)
            steps.append(Rule(op.name, words))
    return Section(("The rules: how each kind of step hands a derivative back",), tuple(steps))
