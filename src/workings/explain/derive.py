"""`derive`: a loss, what it is differentiated by and the values, made into a derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workings.explain.chain import chain_along, count_paths, list_paths, sum_over
from workings.explain.check import check_step
from workings.explain.flat import no_path, why_zero
from workings.explain.local import Slope, local_steps, slopes
from workings.explain.nudge import nudge_steps
from workings.explain.setting import Setting, prepare
from workings.explain.steps import Derivation, Given, Remark, Section, Step, Summary, Value, Words
from workings.graph import Node
from workings.write.maths import Number, Tree, expression
from workings.write.text import text

__all__ = ["derive"]

MOST_PATHS = 8
MOST_LINKS = 24


def derive(
    loss: Node,
    wrt: Sequence[Node],
    values: Mapping[Node, Any],
    *,
    learning_rate: float | None = None,
    updates: Mapping[Node, Node] | None = None,
    update_gradients: Mapping[Node, Node] | None = None,
    settings: Mapping[Node, Any] | None = None,
    engine_gradients: Mapping[Node, Any] | None = None,
    names: Mapping[Node, str] | None = None,
) -> Derivation:
    """Derive how `loss` changes with each node of `wrt`, at these values, step by step.

    values            a value for each input of the loss; another node with a value here is taken as given too,
                      and what it was made from is not looked at (unless it is made from `wrt`)
    learning_rate     adds the nudge of gradient descent, w − learning rate · dloss/dw
    updates           or: for each node of `wrt` the node of its next value. `update_gradients` says which nodes
                      stand for the gradients in it, `settings` gives the values of its other inputs
    engine_gradients  the gradients that a run computed, to be held against the formula; without them the
                      gradient of reverse mode is
    names             spellings of nodes that another document uses, to use the same here

    Raises `GradientError` where there is no gradient, `ArgumentError` where a value is missing.
    """
    setting = prepare(loss, wrt, values, names)
    engine = engine_gradients or {}
    few = setting.scalar and len(setting.active) <= MOST_LINKS
    few = few and all(count_paths(setting, node) <= MOST_PATHS for node in setting.wrt)
    sections = [forward_section(setting)]
    results: dict[Node, Any] = {}
    if few:
        links = slopes(setting)
        order = [n for n in reversed(setting.forward) if n in setting.active]
        local = local_steps(setting, links, order)
        if local:
            sections.append(Section(("One link at a time: the local derivatives",), tuple(local)))
        for node in setting.wrt:
            section, value = path_section(setting, links, node)
            sections.append(section)
            results[node] = value
    nudges = nudge_steps(setting, results, learning_rate, updates or {}, update_gradients or {}, settings or {})
    if nudges:
        sections.append(Section(("The nudge",), tuple(nudges)))
    checks = [check_step(setting, node, value, engine.get(node)) for node, value in results.items()]
    sections.append(Section(("The check",), tuple(checks)))
    derivatives: list[str | Tree] = []
    for node in setting.wrt:
        derivatives += [", " if derivatives else "", setting.derivative(node)]
    return Derivation(("The derivation of ", *derivatives), tuple(sections))


def forward_section(setting: Setting) -> Section:
    steps: list[Step] = [Given(n, setting.symbol(n), setting.values[n]) for n in setting.given]
    for node in setting.forward:
        formula = expression(node, setting.known)
        numbers = expression(node, setting.numbers(setting.known)) if node.shape == () else None
        value = setting.values[node]
        if numbers is not None and text(numbers) in (text(formula), text(Number(value))):
            numbers = None
        steps.append(
            Value(node, setting.symbol(node), formula, numbers, value, branch_words(setting, node), node.scope)
        )
    return Section(("Forward: the values",), tuple(steps))


def branch_words(setting: Setting, node: Node) -> Words:
    if node.op.name != "where" or node.shape:
        return ()
    holds = bool(setting.evaluate(node.inputs[0]))
    return (expression(node.inputs[0], setting.known), " holds" if holds else " does not hold")


def path_section(setting: Setting, links: Mapping[tuple[Node, Node], Slope], node: Node) -> tuple[Section, Any]:
    """The chain rule for one parameter, and the gradient that its last formula gives."""
    left = setting.derivative(node)
    paths = list_paths(setting, node)
    if not paths:
        return Section(("The chain rule for ", left), (no_path(setting, node),)), node.dtype.type(0)
    chains = [chain_along(setting, links, path) for path in paths]
    steps: list[Step] = []
    if len(paths) == 1:
        title: Words = ("The chain rule: along the path, the slopes are multiplied",)
        whole = chains[0]
        steps.append(whole)
        if len(chains[0].path) > 2:
            steps.append(in_one_line(setting, whole))
    else:
        title = (
            f"The chain rule: {len(paths)} paths lead from ",
            setting.symbol(node),
            " to ",
            setting.symbol(setting.loss),
        )
        for i, chain in enumerate(chains, start=1):
            steps.append(Remark((f"Path {i}: ", *_arrows(setting, chain.path))))
            steps.append(chain)
        whole = sum_over(setting, chains)
        steps += [Remark(("Together:",)), whole]
    if whole.value == 0:
        steps.append(why_zero(setting, links, paths, node))
    return Section(title, tuple(steps)), whole.value


def _arrows(setting: Setting, path: Sequence[Node]) -> Words:
    words: list[str | Tree] = []
    for node in reversed(path):
        words += [" → " if words else "", setting.symbol(node)]
    return tuple(words)


def in_one_line(setting: Setting, chain: Chain) -> Summary:
    """The notebook's line: dloss/dw = the links = their slopes = the simplified formula = the number."""
    shown = [line.tree for line in chain.lines[:2]]
    for tree in (expression(chain.formula, setting.named), Number(chain.value)):
        if text(tree) not in [text(t) for t in shown]:
            shown.append(tree)
    return Summary(chain.left, tuple(shown), chain.value)
