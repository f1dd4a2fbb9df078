"""The printed formula held against the run's gradient and against central differences, in measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.explain.setting import Setting
from workings.explain.steps import Agreement, Check, Words
from workings.graph import Graph, Node, every_value
from workings.write.text import number

__all__ = ["check_step", "difference_words", "moved_loss", "rounded"]

# Arrays up to this size are compared element by element with central differences, larger ones along one direction.
ELEMENTS = 6


def check_step(setting: Setting, node: Node, formula_value: Any, engine: Any | None) -> Check:
    """Three values of one gradient: the printed formula's, the run's, and that of central differences."""
    eps = float(np.finfo(node.dtype).eps)
    size = _size(formula_value)
    # regrouping costs a few roundings; more than that is another formula
    close = 1e4 * eps * max(size, 1e-300)
    rows = [Agreement(("the formula",), formula_value, None, bool(np.all(np.isfinite(formula_value))))]
    if engine is None:
        run, label = (
            setting.evaluate(setting.adjoints[node]) if node in setting.adjoints else np.zeros(node.shape),
            "reverse mode",
        )
    else:
        run, label = engine, "the run"
    rows.append(_row((label,), formula_value, run, close))
    differences = _differences(setting, node, formula_value, size, ())
    # a value taken as given is let move first: where that agrees all the same, there is nothing to be said of it
    held = () if differences.ok else setting.stopped(node)
    if held:
        differences = _differences(setting, node, formula_value, size, held)
    return Check(node, setting.derivative(node), (*rows, differences), held)


def _differences(setting: Setting, node: Node, formula_value: Any, size: float, held: Sequence[Node]) -> Agreement:
    if node.size > ELEMENTS:
        return _along(setting, node, formula_value, held)
    measured = _by_element(setting, node, held)
    return _row(("central differences",), formula_value, measured, _coarse(setting, node, size))


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


def _size(value: Any) -> float:
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
    return float(np.cbrt(np.finfo(node.dtype).eps)) * max(1.0, _size(value))


def _slope_along(setting: Setting, node: Node, direction: Any, held: Sequence[Node]) -> float:
    """(f(x + hv) − f(x − hv)) / 2h, with h as it came out after rounding."""
    x = np.asarray(setting.values[node])
    h = _step(node, x)
    above = np.asarray(x + h * direction, node.dtype)
    below = np.asarray(x - h * direction, node.dtype)
    reach = float(np.max(np.abs(above - below)))
    rise = float(moved_loss(setting, {node: above}, held)) - float(moved_loss(setting, {node: below}, held))
    return rise / reach if reach else float("nan")


def _by_element(setting: Setting, node: Node, held: Sequence[Node]) -> Any:
    result = np.zeros(node.shape)
    for index in np.ndindex(node.shape):
        direction = np.zeros(node.shape)
        direction[index] = 1.0
        result[index] = _slope_along(setting, node, direction, held)
    return result[()]


def _along(setting: Setting, node: Node, formula_value: Any, held: Sequence[Node]) -> Agreement:
    """One direction through all elements: its slope by the formula is the sum of gradient times direction."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], node.shape)
    measured = _slope_along(setting, node, signs, held)
    told = float(np.sum(np.asarray(formula_value, float) * signs))
    scale = float(np.sqrt(np.sum(np.square(np.asarray(formula_value, float)))))
    apart = abs(measured - told)
    ok = apart <= _coarse(setting, node, max(scale, abs(told)))
    words = difference_words(apart, bool(ok))
    if not ok:
        words += f" ({rounded(measured, 6)} along one direction, the formula {rounded(told, 6)})"
    return Agreement(("central differences",), measured, apart, bool(ok), (words,))
