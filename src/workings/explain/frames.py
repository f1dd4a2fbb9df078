"""Many recorded steps of one derivation in little room: what stays is kept once, numbers are kept apart.

The markup of a section is cut into rows, and each row into a template and the numbers in it. Rows that differ
between steps in more than numbers (a sign, a sentence) have a template for each form they take. One number at all
steps is a column, and is kept once, in however many places it stands. A page puts them together again, so that what
it shows at a step is the markup of that step's derivation, letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any, Generic, TypeVar

from workings.explain.html import ROW_END, ROW_START

__all__ = ["SLOT", "Shared", "Table", "compact", "joined", "restored"]

# what stands in a template for a number, and in a section for a row
SLOT, ROW = "\x00", "\x01"

_ROWS = re.compile(f"{ROW_START}(.*?){ROW_END}", re.DOTALL)
_TAGS = re.compile(r"(<[^>]*>)")
_NUMBER = re.compile(r"\d[\d.]*(?:e[−-]?\d+)?")

T = TypeVar("T")


class Table(Generic[T]):
    """Things, each once, by their place."""

    def __init__(self) -> None:
        self.entries: list[T] = []
        self._places: dict[T, int] = {}

    def place(self, entry: T) -> int:
        """Where `entry` stands; it is added if it is new."""
        found = self._places.setdefault(entry, len(self.entries))
        if found == len(self.entries):
            self.entries.append(entry)
        return found


@dataclass(frozen=True)
class Shared:
    """What the sections of a page have in common: the numbers as they are written, and the columns.

    A column holds places in `strings`, the first one whole and then what is added to it from step to step, which
    packs better; where nothing changes any more it ends.
    """

    strings: Table[str] = field(default_factory=Table)
    columns: Table[tuple[int, ...]] = field(default_factory=Table)


def joined(markup: str) -> str:
    """The markup of a section without the marks of its rows."""
    return markup.replace(ROW_START, "").replace(ROW_END, "")


def compact(versions: Sequence[str], shared: Shared) -> dict[str, Any]:
    """One section at every recorded step: `forms` and `rows` are templates, and `columns` holds the places of the
    columns of `shared` that give, at each step, the form, then for each of its rows the template, then the numbers of
    that template."""
    forms: Table[str] = Table()
    rows: Table[str] = Table()
    steps = []
    for markup in versions:
        codes = [forms.place(_ROWS.sub(ROW, markup))]
        for row in _ROWS.findall(markup):
            template, numbers = _cut(row)
            codes += [rows.place(template), *map(shared.strings.place, numbers)]
        steps.append(codes)
    columns = [shared.columns.place(_changes(column)) for column in zip_longest(*steps, fillvalue=0)]
    return {"forms": forms.entries, "rows": rows.entries, "columns": columns}


def _changes(column: Sequence[int]) -> tuple[int, ...]:
    """The first number, and what is added to it from one to the next, up to the last change."""
    changes = [column[0], *(b - a for a, b in pairwise(column))]
    while len(changes) > 1 and not changes[-1]:
        changes.pop()
    return tuple(changes)


def _cut(row: str) -> tuple[str, list[str]]:
    """The row with a slot for every number in its text, and the numbers."""
    pieces = _TAGS.split(row)
    numbers: list[str] = []
    for i in range(0, len(pieces), 2):
        numbers += _NUMBER.findall(pieces[i])
        pieces[i] = _NUMBER.sub(SLOT, pieces[i])
    return "".join(pieces), numbers


def restored(section: dict[str, Any], strings: Sequence[str], columns: Sequence[Sequence[int]], at: int) -> str:
    """The markup at one of the recorded steps; what the page's script does."""
    codes = (sum(columns[place][: at + 1]) for place in section["columns"])
    pieces = section["forms"][next(codes)].split(ROW)
    result = [pieces[0]]
    for piece in pieces[1:]:
        texts = section["rows"][next(codes)].split(SLOT)
        result += [texts[0], *(strings[next(codes)] + text for text in texts[1:]), piece]
    return "".join(result)
