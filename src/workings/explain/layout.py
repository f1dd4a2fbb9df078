"""Steps as blocks to be set: headings, sentences, and rows of equations. Every renderer starts from these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from workings.explain.steps import (
    Backward,
    Chain,
    Check,
    Derivation,
    Given,
    Local,
    Loss,
    Nudge,
    Remark,
    Section,
    Summary,
    Value,
    Words,
)
from workings.write.maths import Number, Tree
from workings.write.text import number, text

__all__ = ["Block", "Heading", "Prose", "Row", "Rows", "blocks", "summary"]

Part: TypeAlias = "str | Tree"
SMALL = 6


@dataclass(frozen=True)
class Heading:
    words: Words
    level: int


@dataclass(frozen=True)
class Prose:
    words: Words
    loud: bool = False


@dataclass(frozen=True)
class Row:
    """`left = part = part   shape   words`. Without `left` the row goes on with the equation above."""

    left: Part | None
    parts: tuple[Part, ...]
    words: Words = ()
    shape: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows of one kind. `style`: "table" lines up every part, "chain" only the equals signs, "list" has
    longer words beside each equation, "line" is an equation to be read in one go."""

    rows: tuple[Row, ...]
    style: str


Block: TypeAlias = Heading | Prose | Rows


def blocks(derivation: Derivation) -> list[Block]:
    """The derivation as blocks, in order."""
    result: list[Block] = [Heading(derivation.title, 1)]
    for i, section in enumerate(derivation.sections, start=1):
        result.append(Heading((f"{i}  ", *section.title), 2))
        result += _merged(_section(section))
    return result


def _section(section: Section) -> Iterable[Block]:
    given = [step for step in section.steps if isinstance(step, Given)]
    if given:
        yield from _givens(given)
    for step in section.steps:
        yield from _BLOCKS[type(step)](step)


def _merged(found: Iterable[Block]) -> list[Block]:
    """Neighboring rows of one style become one table."""
    result: list[Block] = []
    for block in found:
        last = result[-1] if result else None
        if isinstance(block, Rows) and isinstance(last, Rows) and block.style == last.style in ("table", "list"):
            result[-1] = Rows(last.rows + block.rows, block.style)
        else:
            result.append(block)
    return result


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def summary(value: Any, *, short: bool = True) -> Part:
    """A value in a document: a number, a few numbers, or the range of many."""
    array = np.asarray(value)
    if array.shape == ():
        return Number(value)
    if array.size <= SMALL:
        return _listed(array)
    if array.dtype.kind != "f":
        return f"{number(array.min())} … {number(array.max())}" if array.dtype.kind in "iu" else f"{array.sum():,} true"
    finite = array[np.isfinite(array)]
    if finite.size < array.size:
        return f"{array.size - finite.size:,} of {array.size:,} not finite"
    low, mean, high = (number(float(f"{float(v):.3g}")) for v in (array.min(), array.mean(), array.max()))
    return f"{low} … {high}, mean {mean}"


def _listed(array: np.ndarray) -> str:
    if array.ndim == 0:
        return number(array[()], short=True)
    return f"[{', '.join(_listed(a) for a in array)}]"


def _shape(value: Any) -> str:
    shape = np.shape(value)
    return f"[{'×'.join(map(str, shape))}]" if shape else ""


# ── one step ────────────────────────────────────────────────────────────────────────────────────────────────


def _givens(steps: list[Given]) -> Iterable[Block]:
    scalars = [s for s in steps if np.shape(s.value) == ()]
    words: list[Part] = []
    for step in scalars:
        words += [",   " if words else "", step.symbol, " = ", Number(step.value)]
    if words:
        yield Prose(tuple(words))
    arrays = [s for s in steps if np.shape(s.value) != ()]
    if arrays:
        yield Rows(tuple(Row(s.symbol, (summary(s.value),), (), _shape(s.value)) for s in arrays), "table")


def _value(step: Value) -> Iterable[Block]:
    parts: list[Part] = [step.formula]
    if step.numbers is not None:
        parts.append(step.numbers)
    shown = summary(step.value)
    if not isinstance(shown, str) and text(shown) == text(step.formula):
        parts = []
    yield Rows((Row(step.symbol, (*parts, shown), step.words, _shape(step.value)),), "table")


def _local(step: Local) -> Iterable[Block]:
    value = Number(step.value, None, True)
    parts = (step.formula,) if text(step.formula) == text(value) else (step.formula, value)
    yield Rows((Row(step.rate, parts, step.words),), "list")


def _chain(step: Chain) -> Iterable[Block]:
    rows = [Row(None if i else step.left, (line.tree,), line.words) for i, line in enumerate(step.lines)]
    yield Rows(tuple(rows), "chain")


def _summary(step: Summary) -> Iterable[Block]:
    yield Prose(("All in one line:",))
    yield Rows((Row(step.left, step.trees),), "line")


def _backward(step: Backward) -> Iterable[Block]:
    yield Rows((Row(step.left, (step.formula,), step.words, _shape(step.value)),), "table")


def _nudge(step: Nudge) -> Iterable[Block]:
    parts = (step.numbers,) if step.numbers is not None else ()
    yield Rows((Row(step.formula, (*parts, summary(step.value))),), "line")
    if step.words:
        yield Prose(step.words)


def _loss(step: Loss) -> Iterable[Block]:
    words: Words = (step.symbol, ": ", Number(step.before), " → ", Number(step.after))
    yield Prose((*words, ", ", *step.words) if step.words else words)


def _check(step: Check) -> Iterable[Block]:
    rows = []
    for agreement in step.rows:
        label = "".join(w if isinstance(w, str) else text(w) for w in agreement.label)
        rows.append(Row(label, (summary(agreement.value),), agreement.words))
    yield Prose((step.left, ":"))
    yield Rows(tuple(rows), "agree")


def _remark(step: Remark) -> Iterable[Block]:
    yield Prose(step.words, step.loud)


_BLOCKS: Mapping[type, Callable[[Any], Iterable[Block]]] = {
    Given: lambda step: (),
    Value: _value,
    Local: _local,
    Chain: _chain,
    Summary: _summary,
    Backward: _backward,
    Nudge: _nudge,
    Loss: _loss,
    Check: _check,
    Remark: _remark,
}
