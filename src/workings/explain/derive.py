"""`derive`: a loss, what it is differentiated by and the values, made into a derivation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from workings.explain.backward import MOST_LINES, UNFOLDED, backward_section, condensed, rules_section
from workings.explain.chain import UNCOUNTED, chain_along, count_paths, list_paths, sum_over
from workings.explain.check import ELEMENTS, check_step
from workings.explain.few import few_checks, few_nudges
from workings.explain.flat import no_path, why_zero
from workings.explain.fold import folded
from workings.explain.local import Slope, local_steps, slopes
from workings.explain.loops import loop_steps
from workings.explain.nudge import nudge_steps
from workings.explain.setting import Setting, prepare, worth
from workings.explain.steps import (
    Chain,
    Check,
    Derivation,
    Given,
    Remark,
    Section,
    Step,
    Subject,
    Summary,
    Value,
    Words,
)
from workings.graph import Graph, Node, Role
from workings.write.maths import expression, stated
from workings.write.text import columns, text
from workings.write.tree import Apply, Differential, Number, Symbol, Tree

__all__ = ["derive"]

MOST_PATHS = 8
MOST_LINKS = 24
MOST_HELD = 4
_MOST_NAMED = 5  # in the title
ONE_LINE = 78


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
    most: int = UNFOLDED,
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
    most              layers are folded, each into one line, so far that at most so many values have a line

    Raises `GradientError` where there is no gradient, `ArgumentError` where a value is missing.
    """
    setting = condensed(prepare(loss, wrt, values, names), renumber=names is None)
    ways = {node: count_paths(setting, node) for node in setting.wrt} if setting.scalar else {}
    few = setting.scalar and len(setting.active) <= MOST_LINKS and max(ways.values()) <= MOST_PATHS
    sections = [forward_section(setting, most)]
    found, results = _by_paths(setting) if few else _by_nodes(setting, ways, most)
    sections += found
    settled = {**(settings or {})}
    nudges = nudge_steps(setting, results, learning_rate, updates or {}, update_gradients or {}, settled)
    if nudges:
        sections.append(Section(("The nudge",), tuple(few_nudges(setting, nudges, most))))
    engine = engine_gradients or {}
    checks = [check_step(setting, node, value, engine.get(node)) for node, value in results.items()]
    sections.append(check_section(setting, checks, most))
    return Derivation(
        ("How ", setting.symbol(loss), " changes with ", *_subjects(setting)),
        tuple(sections),
        _subject(setting),
    )


def _subject(setting: Setting) -> Subject:
    """The graph that was derived, with all its values."""
    known = dict(setting.values)
    for adjoint in sorted(set(setting.adjoints.values()), key=lambda n: n.serial):
        known[adjoint] = worth(adjoint, known)
    gradients = {node: known[adjoint] for node, adjoint in setting.adjoints.items()}
    graph = Graph(setting.given, [setting.loss], name=setting.names.get(setting.loss) or "loss")
    return Subject(graph, setting.wrt, setting.values, setting.adjoints, gradients, setting.names)


def check_section(setting: Setting, checks: Sequence[Check], most: int = UNFOLDED) -> Section:
    """What was printed, held against two other ways to the same number."""
    steps = few_checks(checks, most)
    held = dict.fromkeys(n for check in checks for n in check.held)
    if held:
        shown = _listing([setting.known(n) or expression(n, setting.known) for n in held])
        if len(held) > MOST_HELD:
            shown = (f"{len(held)} values",)
        words: Words = ("central differences hold ", *shown, f" at {'its value' if len(held) == 1 else 'their values'}")
        steps.insert(0, Remark((*words, ", as stop_gradient asks")))
    if any(np.size(check.rows[0].value) > ELEMENTS for check in checks):
        along = "central differences of many elements are taken along one direction through all of them"
        steps.insert(0, Remark((along,)))
    finite = all(np.all(np.isfinite(check.rows[0].value)) for check in checks)
    if not finite:
        steps.append(Remark(("the gradient is not finite here, so there is nothing to compare",), loud=True))
    elif not all(check.ok for check in checks):
        loud = "THEY DIFFER: do not trust this derivation before you know why (a kink, or too much rounding?)"
        steps.append(Remark((loud,), loud=True))
    return Section(("The check: the formula against other ways to the same number",), tuple(steps))


def _subjects(setting: Setting) -> Words:
    """What the loss is differentiated by: by name, where they are few enough for a title."""
    if len(setting.wrt) > _MOST_NAMED:
        every = all(n.role is Role.PARAMETER for n in setting.wrt)
        return (f"{len(setting.wrt)} {'parameters' if every else 'values'}",)
    return _listing([setting.symbol(n) for n in setting.wrt])


def _listing(trees: Sequence[Tree]) -> Words:
    """Several values as a list: W, b and c."""
    words: list[str | Tree] = []
    for i, tree in enumerate(trees):
        words += ["" if i == 0 else " and " if i == len(trees) - 1 else ", ", tree]
    return tuple(words)


def _by_paths(setting: Setting) -> tuple[list[Section], dict[Node, Any]]:
    """Local slopes, and for each parameter their products along its paths."""
    links = slopes(setting)
    order = [n for n in reversed(setting.forward) if n in setting.active]
    sections = []
    local = local_steps(setting, links, order)
    if local:
        sections.append(Section(("The slopes of the links, one at a time",), tuple(local)))
    results = {}
    for node in setting.wrt:
        section, results[node] = path_section(setting, links, node)
        sections.append(section)
    return sections, results


def _by_nodes(setting: Setting, ways: Mapping[Node, int], most: int) -> tuple[list[Section], dict[Node, Any]]:
    """The derivative carried back node by node, with every rule it uses said once."""
    title: Words = ("Backward: the chain rule, from the loss back, value by value",)
    section, results = backward_section(setting, title, most)
    said: list[Step] = []
    for node, count in ways.items():
        if count > MOST_PATHS:
            many = f"{count:,} paths" if count < UNCOUNTED else f"more than {UNCOUNTED:,} paths"
            words: Words = (f"{many} lead from ", setting.symbol(node), " to ", setting.symbol(setting.loss))
            said.append(Remark((*words, "; each value adds up what the values made from it hand back")))
    if not setting.scalar:
        said.append(
            Remark(
                (
                    Differential(Symbol("v")),
                    " stands for the derivative of ",
                    setting.symbol(setting.loss),
                    " with respect to ",
                    Symbol("v"),
                    "; it has the shape of ",
                    Symbol("v"),
                )
            )
        )
    for node in setting.wrt:
        if node not in results:
            said.append(no_path(setting, node))
            results[node] = np.zeros(node.shape, node.dtype)[()]
        elif not np.any(results[node]):
            words = (setting.derivative(node), " is 0 here: a nudge changes nothing")
            section = replace(section, steps=(*section.steps, Remark(words)))
    section = replace(section, steps=(*said, *section.steps))
    results = {node: results[node] for node in setting.wrt}
    return [rules_section(setting), section], results


def forward_section(setting: Setting, most: int = UNFOLDED) -> Section:
    """What is given, and every value that has a line, in computing order."""
    named = [n for n in setting.values if n in setting.names and n.is_constant and n not in setting.given_set]
    steps: list[Step] = [Given(n, setting.symbol(n), setting.values[n]) for n in (*setting.given, *named)]
    lines = [n for n in setting.forward if n in setting.names]
    folds = folded(setting, lines, most)
    if any(folds.values()):
        steps.append(Remark(("a layer with brackets is one line: what it makes of what it is given",)))
    lines = list(folds)
    half = MOST_LINES // 3
    shown = lines if len(lines) <= MOST_LINES else lines[:half] + lines[-half:]
    for i, node in enumerate(shown):
        if i == half and len(shown) < len(lines):
            steps.append(Remark((f"… {len(lines) - len(shown):,} more values …",)))
        fold = folds[node]
        if fold is not None:
            call = Apply(".".join(fold.scope), tuple(setting.symbol(n) for n in fold.given), (), node)
            steps.append(Value(node, setting.symbol(node), call, None, setting.values[node]))
        elif node.op.results is not None:
            steps += loop_steps(node, setting.symbol(node), setting.known)
        else:
            steps.append(_value(setting, node))
    return Section(("Forward: the values",), (*steps, *_first_not_finite(setting)))


def _value(setting: Setting, node: Node) -> Value:
    formula = stated(expression(node, setting.known))
    plain = setting.scalar and node.op.name != "where" and all(i.shape == () for i in (node, *node.inputs))
    numbers = expression(node, setting.numbers(setting.known)) if plain else None
    value = setting.values[node]
    if numbers is not None and text(numbers) in (text(formula), text(Number(value))):
        numbers = None
    return Value(node, setting.symbol(node), formula, numbers, value, branch_words(setting, node), node.scope)


def _first_not_finite(setting: Setting) -> list[Step]:
    """Where the first value that is inf or nan arises from finite ones."""
    for node in (*setting.given, *setting.forward):
        value = setting.values[node]
        if node.dtype.kind != "f" or np.all(np.isfinite(value)):
            continue
        if node in setting.given_set:
            return [Remark((setting.symbol(node), " is given, and is not finite"), loud=True)]
        words: Words = ("the first value that is not finite: ", expression(node, setting.known))
        if node.origin is not None:
            words = (*words, f" ({Path(node.origin.file).name}, line {node.origin.line})")
        return [Remark(words, loud=True)]
    return []


def branch_words(setting: Setting, node: Node) -> Words:
    if node.op.name == "stop_gradient":
        return ("taken as given: nothing is handed back to what it is made from",)
    if node.op.maths == "same":
        return (node.op.doc,)
    if node.op.name != "where" or node.shape:
        return ()
    holds = bool(setting.evaluate(node.inputs[0]))
    return (expression(node.inputs[0], setting.known), " holds" if holds else " does not hold")


def path_section(setting: Setting, links: Mapping[tuple[Node, Node], Slope], node: Node) -> tuple[Section, Any]:
    """The chain rule for one parameter, and the gradient that its last formula gives."""
    left = setting.derivative(node)
    paths = list_paths(setting, node)
    if not paths:
        return Section((left,), (no_path(setting, node),)), node.dtype.type(0)
    chains = [chain_along(setting, links, path) for path in paths]
    steps: list[Step] = []
    if len(paths) == 1:
        whole = chains[0]
        if len(paths[0]) > 2:
            title: Words = (left, ": along ", *_arrows(setting, paths[0]), ", the slopes are multiplied")
            steps += [whole, *in_one_line(setting, whole)]
        else:
            title = (left, ": a single link")
            steps.append(whole)
    else:
        title = (left, f": the products along {len(paths)} paths, added up")
        for i, chain in enumerate(chains, start=1):
            steps.append(Remark((f"Path {i}: ", *_arrows(setting, chain.path))))
            steps.append(chain)
        whole = sum_over(setting, chains)
        steps += [Remark(("Together:",)), whole]
    if whole.value == 0:
        steps.append(why_zero(setting, links, paths))
    return Section(title, tuple(steps)), whole.value


def _arrows(setting: Setting, path: Sequence[Node]) -> Words:
    words: list[str | Tree] = []
    for node in reversed(path):
        words += [" → " if words else "", setting.symbol(node)]
    return tuple(words)


def in_one_line(setting: Setting, chain: Chain) -> list[Step]:
    """The notebook's line: dloss/dw = the links = their slopes = the simplified formula = the number.

    Nothing where it would not fit a line.
    """
    shown = [line.tree for line in chain.lines[:2]]
    for tree in (chain.final, Number(chain.value)):
        if text(tree) not in [text(t) for t in shown]:
            shown.append(tree)
    if columns(" = ".join(map(text, (chain.left, *shown)))) > ONE_LINE:
        return []
    return [Summary(chain.left, tuple(shown), chain.value)]
