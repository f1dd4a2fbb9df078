"""The local derivative of one composition: its formula, the branch it takes here, and its rule in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workings.explain.setting import Setting, worth
from workings.explain.steps import Local, Words
from workings.graph import Graph, Node, Op, call, constant, input_node, reachable, remake
from workings.transform import simplify
from workings.write.maths import by_formula, expression
from workings.write.tree import Tree

__all__ = ["Slope", "local_steps", "rule", "slope", "slopes", "taken"]


class Slope(NamedTuple):
    """How fast `top` grows with its input `bottom`, all else held: a formula of values of the forward pass."""

    top: Node
    bottom: Node
    formula: Node
    branches: tuple[Words, ...]


def slopes(setting: Setting) -> dict[tuple[Node, Node], Slope]:
    """The slope of every link between active nodes, for a scalar setting."""
    found = {}
    for top in setting.forward:
        if top not in setting.active or top in setting.wrt:
            continue
        for bottom in dict.fromkeys(top.inputs):
            if bottom in setting.active:
                found[top, bottom] = slope(setting, top, bottom)
    return found


def slope(setting: Setting, top: Node, bottom: Node) -> Slope:
    """One link. Where the op chooses, the slope is that of the branch taken at the present values."""
    total: Node | None = None
    branches: list[Words] = []
    for position, i in enumerate(top.inputs):
        if i is not bottom:
            continue
        part = _partial(top, position)
        part = constant(part, top.dtype) if not isinstance(part, Node) else part
        part, said = taken(setting, part)
        branches.extend(said)
        total = part if total is None else total + part
    assert total is not None
    return Slope(top, bottom, total, tuple(dict.fromkeys(branches)))


def _partial(top: Node, position: int) -> Any:
    if top.op.partials is None:
        return 1  # the same value in another guise
    partial = top.op.partials[position]
    return partial if isinstance(partial, int) else partial(*top.inputs, top)


def taken(setting: Setting, formula: Node) -> tuple[Node, list[Words]]:
    """A scalar formula with each choice replaced by the branch that holds here, and what was said about it."""
    new: dict[Node, Node] = {}
    holds: dict[Node, bool] = {}
    for node in reachable([formula], stop=setting.values):
        if node in setting.values:
            continue
        inputs = tuple(new.get(i, i) for i in node.inputs)
        if node.op.name == "where" and node.shape == ():
            holds[node] = bool(worth(node.inputs[0], setting.values))
            new[node] = inputs[1] if holds[node] else inputs[2]
        elif inputs != node.inputs:
            new[node] = remake(node, inputs)
    # a choice within a branch that is not taken says nothing about this formula
    said: list[Words] = []
    seen: set[Node] = set()
    todo = [formula]
    while todo:
        node = todo.pop()
        if node in seen or node in setting.values:
            continue
        seen.add(node)
        if node in holds:
            condition = expression(node.inputs[0], setting.known)
            said.append((condition, " holds here" if holds[node] else " does not hold here"))
            todo.append(node.inputs[1] if holds[node] else node.inputs[2])
        else:
            todo.extend(node.inputs)
    return new.get(formula, formula), said


def rule(op: Op, position: int, attributes: Mapping[str, Any] | None = None) -> Words:
    """The derivative of an op with respect to one input, in words: its own, or made from its partial."""
    if op.rule is not None:
        return (op.rule,)
    if op.partials is None:
        return (f"the derivative of {op.name}",)
    letters = ("u", "v", "s")
    given = [input_node(letters[i], (), "f8") for i in range(len(op.partials))]
    whole = call(op.name, *given, **(attributes or {}))
    partial = op.partials[position]
    formula = constant(partial, "f8") if isinstance(partial, int) else partial(*given, whole)
    formula = simplify(Graph(given, [formula]), algebra=True).graph.outputs[0]
    words: list[str | Tree] = ["the derivative of ", expression(whole)]
    if len(given) > 1:
        words += [" with respect to ", expression(given[position])]
    return (*words, " is ", expression(formula))


def local_steps(setting: Setting, links: Mapping[tuple[Node, Node], Slope], order: Sequence[Node]) -> list[Local]:
    """A step for each link, from the loss back."""
    steps = []
    said: set[Words] = set()
    for top in order:
        for bottom in dict.fromkeys(top.inputs):
            link = links.get((top, bottom))
            if link is None:
                continue
            words = _about(rule(top.op, top.inputs.index(bottom), top.attributes), top, bottom)
            words = ("as above",) if words in said and len(str(words)) > 60 else words
            said.add(words)
            for branch in link.branches:
                words = (*words, "; ", *branch)
            if top.inputs.count(bottom) > 1:
                words = (*words, "; ", setting.symbol(bottom), " is met twice, and its slopes add up")
            formula = tidy_slope(setting, link.formula)
            value = setting.evaluate(link.formula)
            steps.append(Local(top, bottom, setting.rate(top, bottom), formula, value, words))
    return steps


def _about(words: Words, top: Node, bottom: Node) -> Words:
    """Of a rule for two inputs, `… as the first does, and … as the second`, what it says of the first."""
    if len(top.inputs) == 2 and top.inputs[0] is bottom and top.inputs[1] is not bottom and len(words) == 1:
        return (str(words[0]).partition(", and ")[0],)
    return words


def tidy_slope(setting: Setting, formula: Node) -> Tree:
    return by_formula(formula, setting.known)
