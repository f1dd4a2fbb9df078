"""Steps as blocks to be set: headings, sentences, and rows of equations. Every renderer starts from these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    Rule,
    Section,
    Summary,
    Value,
    Words,
)
from workings.write.text import text
from workings.write.tree import Number, Tree
from workings.write.values import SMALL, shape_word, summary

__all__ = ["Block", "Heading", "Part", "Prose", "Row", "Rows", "blocks"]

Part: TypeAlias = "str | Tree"


@dataclass(frozen=True)
class Heading:
    """The title, or that of a section with its number."""

    words: Words
    level: int
    number: int | None = None


@dataclass(frozen=True)
class Prose:
    words: Words
    loud: bool = False


@dataclass(frozen=True)
class Row:
    """`left = part = part   shape   value   words`. Without `left` the row goes on with the equation above.

    `value` is an array or number to be shown beside, not as a part of the equation; a `member` row belongs to
    the title row above it.
    """

    left: Part | None
    parts: tuple[Part, ...]
    words: Words = ()
    shape: str = ""
    value: Any = None
    member: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows of one kind.

    style  "table": every part under its fellows. "ledger": one formula each, then shapes and values in columns.
           "chain": one equation, equals signs under each other, reasons beside. "list": words beside each row.
           "line": equations to be read in one go. "agree": a label, a value, a verdict.
           "grid": a title row, and rows of words under it
    """

    rows: tuple[Row, ...]
    style: str


Block: TypeAlias = Heading | Prose | Rows


def blocks(derivation: Derivation) -> list[Block]:
    """The derivation as blocks, in order."""
    result: list[Block] = [Heading(derivation.title, 1)]
    for i, section in enumerate(derivation.sections, start=1):
        result.append(Heading(section.title, 2, i))
        result += _merged(_section(section))
    return result


def _section(section: Section) -> Iterable[Block]:
    given = [step for step in section.steps if isinstance(step, Given)]
    valued = [step for step in section.steps if isinstance(step, (Value, Backward))]
    wide = any(np.shape(step.value) for step in (*given, *valued))
    yield from _givens(given)
    scope: tuple[str, ...] = ()
    scopes = Counter(step.scope for step in valued)
    nudges: dict[str, list[Nudge]] = {}
    for step in section.steps:
        if isinstance(step, Nudge):
            nudges.setdefault(_rule_of(step), []).append(step)
    for step in section.steps:
        if isinstance(step, (Value, Backward)):
            if step.scope and step.scope != scope and scopes[step.scope] > 1:
                yield Rows((Row(" in ".join(reversed(step.scope)), ()),), "ledger" if wide else "table")
            scope = step.scope
            member = bool(step.scope) and scopes[step.scope] > 1
            yield _ledger(step, member) if wide else _equation(step, member)
        elif isinstance(step, Nudge):
            yield from _nudges(nudges.pop(_rule_of(step), []))
        else:
            scope = ()
            yield from _BLOCKS[type(step)](step)


_JOINED = ("table", "list", "ledger", "grid")


def _merged(found: Iterable[Block]) -> list[Block]:
    """Neighboring rows of one style become one table."""
    result: list[Block] = []
    for block in found:
        last = result[-1] if result else None
        if isinstance(block, Rows) and isinstance(last, Rows) and block.style == last.style in _JOINED:
            rows = block.rows[1:] if block.style == "grid" else block.rows  # one title for all
            result[-1] = Rows(last.rows + rows, block.style)
        else:
            result.append(block)
    return result


# ── one step ────────────────────────────────────────────────────────────────────────────────────────────────


def _givens(steps: list[Given]) -> Iterable[Block]:
    words: list[Part] = []
    for step in steps:
        if np.shape(step.value) == ():
            words += [",   " if words else "", step.symbol, " = ", Number(step.value)]
    if words:
        yield Prose(tuple(words))
    for step in steps:
        if np.shape(step.value) != ():
            yield Rows((Row(step.symbol, (), (), shape_word(step.value), step.value),), "ledger")


def _equation(step: Value | Backward, member: bool) -> Rows:
    """A scalar: `z = w · x = 0.5 · 1 = 0.5`."""
    left, words, parts = step.left if isinstance(step, Backward) else step.symbol, step.words, [step.formula]
    if isinstance(step, Value) and step.numbers is not None:
        parts.append(step.numbers)
    if text(parts[-1]) != text(Number(step.value)):
        parts.append(Number(step.value))
    return Rows((Row(left, tuple(parts), words, member=member),), "table")


def _ledger(step: Value | Backward, member: bool) -> Rows:
    """Among arrays: the formula, the shape, and the value beside."""
    left = step.left if isinstance(step, Backward) else step.symbol
    row = Row(left, (step.formula,), step.words, shape_word(step.value), step.value, member)
    return Rows((row,), "ledger")


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


def _rule(step: Rule) -> Iterable[Block]:
    yield Rows((Row(step.name, (), step.words),), "list")


def _nudge(step: Nudge) -> Iterable[Block]:
    if np.shape(step.value):
        small = np.size(step.value) <= SMALL
        words: Words = ("becomes ", summary(step.value)) if small else step.words
        yield Rows((Row(step.formula, (), words, shape_word(step.value)),), "list")
        return
    parts = (step.numbers,) if step.numbers is not None else ()
    yield Rows((Row(step.formula, (*parts, Number(step.value))),), "line")
    if step.words:
        yield Prose(step.words)


_LONG = 100  # characters of a rule; a shorter one is said for each parameter


def _rule_of(step: Nudge) -> str:
    """What the parameters have in common that are nudged by one long rule: its formula without their names."""
    formula, name = text(step.formula), text(step.symbol)
    return formula.replace(name, "…") if np.shape(step.value) and len(formula) > _LONG else formula


def _nudges(steps: Sequence[Nudge]) -> Iterable[Block]:
    """The parameters that are nudged by one rule: the rule for the first of them, and how far the others move."""
    for step in steps[:1]:
        yield from _nudge(step)
    if len(steps) > 1:
        yield Prose(("so too, by the same rule:",))
    for step in steps[1:]:
        yield Rows((Row(step.symbol, (), step.words, shape_word(step.value)),), "list")


def _loss(step: Loss) -> Iterable[Block]:
    words: Words = (step.symbol, ": ", Number(step.before), " → ", Number(step.after))
    yield Prose((*words, ", ", *step.words) if step.words else words)


def _check(step: Check) -> Iterable[Block]:
    if np.shape(step.rows[0].value):
        others = step.rows[1:]
        title = Row("", tuple(_label(row.label) for row in others))
        yield Rows((title, Row(step.left, tuple(_label(row.words) for row in others))), "grid")
        return
    yield Prose((step.left, ":"))
    yield Rows(tuple(Row(_label(row.label), (Number(row.value),), row.words) for row in step.rows), "agree")


def _label(words: Words) -> str:
    return "".join(w if isinstance(w, str) else text(w) for w in words)


def _remark(step: Remark) -> Iterable[Block]:
    yield Prose(step.words, step.loud)


_BLOCKS: Mapping[type, Callable[[Any], Iterable[Block]]] = {
    Given: lambda step: (),  # all at once, in `_givens`
    Local: _local,
    Chain: _chain,
    Summary: _summary,
    Rule: _rule,
    Nudge: _nudge,
    Loss: _loss,
    Check: _check,
    Remark: _remark,
}
