"""The printed formula held against the run's gradient and against central differences, in measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from workings.explain.setting import Setting
from workings.explain.steps import Agreement, Check, Words
from workings.graph import Graph, Node, every_value
from workings.write.maths import expression
from workings.write.text import number

__all__ = ["check_step", "difference_words", "magnitude", "moved_loss", "rounded"]

# Arrays up to this size are compared element by element with central differences, larger ones along one direction.
ELEMENTS = 6
# Parts of the usual step, tried one after the other while a kink within the step is what makes the difference.
_SHORTER = (1 / 8, 1 / 64)


def check_step(setting: Setting, node: Node, formula_value: Any, engine: Any | None) -> Check:
    """Three values of one gradient: the printed formula's, the run's, and that of central differences."""
    eps = float(np.finfo(node.dtype).eps)
    size = magnitude(formula_value)
    # regrouping costs a few roundings; more than that is another formula
    close = max(1e4 * eps * size, 1e-300)
    rows = [Agreement(("the formula",), formula_value, None, bool(np.all(np.isfinite(formula_value))))]
    if engine is None:
        run, label = (
            setting.evaluate(setting.adjoints[node]) if node in setting.adjoints else np.zeros(node.shape),
            "reverse mode",
        )
    else:
        run, label = engine, "the run"
    found = _row((label,), formula_value, run, close)
    if not found.ok:
        # it may be small because terms cancel, each with its own rounding, as for a bias of an attention's keys
        found = _row((label,), formula_value, run, max(close, 10 * eps * _terms(setting, node)))
    rows.append(found)
    differences = _differences(setting, node, formula_value, size, ())
    small = magnitude(setting.values[node])
    if not differences.ok and 0 < small < 1:
        # beside values as small as those of an embedding, normed later, the usual step is a long way
        closer = _differences(setting, node, formula_value, size, (), small)
        differences = closer if closer.ok else differences
    # a value taken as given is let move first: where that agrees all the same, there is nothing to be said of it
    held = () if differences.ok else setting.stopped(node)
    if held:
        differences = _differences(setting, node, formula_value, size, held)
    turning: list[Node] = []
    if not differences.ok and bool(np.all(np.isfinite(formula_value))):
        turning = _turning(setting, node, 1.0)
        for part in _SHORTER:
            if differences.ok or not turning:
                break
            differences = _differences(setting, node, formula_value, size, held, part)
            turning = _turning(setting, node, part)
    if not differences.ok and turning:
        words = _kink_words(setting, turning[0], differences.difference or 0.0)
        differences = replace(differences, ok=True, words=words)
    return Check(node, setting.derivative(node), (*rows, differences), held)


def _terms(setting: Setting, node: Node) -> float:
    """The size of the largest derivative on the way to a node."""
    way = {node}
    for n in setting.forward:
        if any(i in way for i in n.inputs):
            way.add(n)
    table = setting.adjoints
    found = {n: table[n] for n in way if n in table and n is not node}
    known = dict(setting.values)
    with np.errstate(all="ignore"):
        for adjoint in sorted(set(found.values()), key=lambda n: n.serial):
            known[adjoint] = setting.evaluate(adjoint, known)
    return max((magnitude(known[adjoint]) for adjoint in found.values()), default=0.0)


def _differences(
    setting: Setting, node: Node, formula_value: Any, size: float, held: Sequence[Node], part: float = 1.0
) -> Agreement:
    if node.size > ELEMENTS:
        return _along(setting, node, formula_value, held, part)
    measured = _by_element(setting, node, held, part)
    return _row(("central differences",), formula_value, measured, _coarse(setting, node, size))


def _turning(setting: Setting, node: Node, part: float) -> list[Node]:
    """The choices that are made otherwise at one end of the step: a kink lies in it, and its slope is none of one side.

    Choices are the comparisons and places that the derivative is made of, as x ≤ 0 and the place of the largest.
    """
    adjoint = setting.adjoints.get(node)
    if adjoint is None:
        return []
    graph = Graph(setting.given, [setting.loss, adjoint])
    choices = [n for n in graph.nodes if n.inputs and (n.dtype.kind in "biu" or n.op.name == "sign")]

    def chosen(x: Any) -> list[Any]:
        inputs = [np.asarray(x if n is node else setting.values[n], n.dtype)[()] for n in setting.given]
        with np.errstate(all="ignore"):
            values = every_value(graph, inputs)
        return [values[n] for n in choices]

    x = np.asarray(setting.values[node])
    here = chosen(x) if choices else []
    found: set[int] = set()
    for direction in _directions(node) if choices else ():
        h = part * _step(node, x)
        for end in (x + h * direction, x - h * direction):
            values = chosen(np.asarray(end, node.dtype))
            found |= {i for i, (a, b) in enumerate(zip(here, values, strict=True)) if not np.array_equal(a, b)}
    return [choices[i] for i in sorted(found)]


def _kink_words(setting: Setting, choice: Node, apart: float) -> Words:
    words = f"{rounded(apart, 2)} apart, which is no measure: within the step "
    return (words, expression(choice, setting.known), " turns over, a kink")


def _row(label: Words, formula_value: Any, other: Any, tolerance: float) -> Agreement:
    same = np.array_equal(np.asarray(formula_value), np.asarray(other), equal_nan=True)
    with np.errstate(all="ignore"):
        apart = float(np.max(np.abs(np.asarray(formula_value, float) - np.asarray(other, float)), initial=0.0))
    ok = same or apart <= tolerance
    return Agreement(label, other, 0.0 if same else apart, bool(ok), (difference_words(0.0 if same else apart, ok),))


def difference_words(apart: float, ok: bool) -> str:
    if apart == 0:
        return "the same to the last bit"
    if not np.isfinite(apart):
        return "not comparable"
    measured = f"{rounded(apart, 2)} apart"
    return measured if ok else f"DIFFERENT: {measured}"


def rounded(value: float, digits: int = 4) -> str:
    """A number in words: rounded, since it is a measure and no value of the run."""
    return number(float(f"{value:.{digits}g}"))


def magnitude(value: Any) -> float:
    """The size of the largest element that is finite."""
    finite = np.abs(np.asarray(value, float))
    return float(np.max(finite[np.isfinite(finite)], initial=0.0))


def _coarse(setting: Setting, node: Node, size: float) -> float:
    """How far central differences may be off: the rounding of the loss over a step, and the curvature's curvature."""
    eps = float(np.finfo(node.dtype).eps)
    loss = abs(float(setting.values[setting.loss]))
    return 1e3 * eps ** (2 / 3) * max(size, loss if np.isfinite(loss) else 0.0, 1.0)


def moved_loss(setting: Setting, moved: Mapping[Node, Any], held: Sequence[Node] = ()) -> Any:
    """The loss with some of the given values replaced; what is `held` keeps its value, whatever it is made from."""
    given = (*setting.given, *held)
    graph = Graph(given, [setting.loss])
    inputs = [np.asarray(moved.get(n, setting.values[n]), n.dtype)[()] for n in given]
    with np.errstate(all="ignore"):
        return every_value(graph, inputs)[setting.loss]


def _step(node: Node, value: Any) -> float:
    return float(np.cbrt(np.finfo(node.dtype).eps)) * max(1.0, magnitude(value))


def _directions(node: Node) -> list[Any]:
    """The directions in which central differences are taken: each element alone, or one through all."""
    if node.size > ELEMENTS:
        return [np.random.default_rng(0).choice([-1.0, 1.0], node.shape)]
    return [np.reshape(row, node.shape) for row in np.eye(node.size)]


def _slope_along(setting: Setting, node: Node, direction: Any, held: Sequence[Node], part: float) -> float:
    """(f(x + hv) − f(x − hv)) / 2h, with h as it came out after rounding."""
    x = np.asarray(setting.values[node])
    h = part * _step(node, x)
    above = np.asarray(x + h * direction, node.dtype)
    below = np.asarray(x - h * direction, node.dtype)
    reach = float(np.max(np.abs(above - below)))
    rise = float(moved_loss(setting, {node: above}, held)) - float(moved_loss(setting, {node: below}, held))
    return rise / reach if reach else float("nan")


def _by_element(setting: Setting, node: Node, held: Sequence[Node], part: float) -> Any:
    slopes = [_slope_along(setting, node, direction, held, part) for direction in _directions(node)]
    return np.reshape(np.array(slopes, float), node.shape)[()]


def _along(setting: Setting, node: Node, formula_value: Any, held: Sequence[Node], part: float) -> Agreement:
    """One direction through all elements: its slope by the formula is the sum of gradient times direction."""
    (signs,) = _directions(node)
    measured = _slope_along(setting, node, signs, held, part)
    told = float(np.sum(np.asarray(formula_value, float) * signs))
    scale = float(np.sqrt(np.sum(np.square(np.asarray(formula_value, float)))))
    apart = abs(measured - told)
    ok = apart <= _coarse(setting, node, max(scale, abs(told)))
    words = difference_words(apart, bool(ok))
    if not ok:
        words += f" ({rounded(measured, 6)} along one direction, the formula {rounded(told, 6)})"
    return Agreement(("central differences",), measured, apart, bool(ok), (words,))
