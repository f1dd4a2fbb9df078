"""Many recorded steps of one derivation in little room: what stays is kept once, numbers are kept apart.

The markup of a section is cut into rows, and each row into a template and the numbers in it. Rows that differ
between steps in more than numbers (a sign, a sentence) have a template for each form they take. A page puts
them together again, so that what it shows at a step is the markup of that step's derivation, letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from workings.explain.html import ROW_END, ROW_START

__all__ = ["SLOT", "Table", "compact", "joined", "restored"]

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


def joined(markup: str) -> str:
    """The markup of a section without the marks of its rows."""
    return markup.replace(ROW_START, "").replace(ROW_END, "")


def compact(versions: Sequence[str], strings: Table[str]) -> dict[str, Any]:
    """One section at every recorded step: `forms` and `rows` are templates, and `steps` holds for each step
    the form, then for each of its rows the template, then the numbers of that template, as places in `strings`."""
    forms: Table[str] = Table()
    rows: Table[str] = Table()
    steps = []
    for markup in versions:
        codes = [forms.place(_ROWS.sub(ROW, markup))]
        for row in _ROWS.findall(markup):
            template, numbers = _cut(row)
            codes += [rows.place(template), *map(strings.place, numbers)]
        steps.append(codes)
    return {"forms": forms.entries, "rows": rows.entries, "steps": steps}


def _cut(row: str) -> tuple[str, list[str]]:
    """The row with a slot for every number in its text, and the numbers."""
    pieces = _TAGS.split(row)
    numbers: list[str] = []
    for i in range(0, len(pieces), 2):
        numbers += _NUMBER.findall(pieces[i])
        pieces[i] = _NUMBER.sub(SLOT, pieces[i])
    return "".join(pieces), numbers


def restored(section: dict[str, Any], strings: Sequence[str], at: int) -> str:
    """The markup at one of the recorded steps; what the page's script does."""
    codes = iter(section["steps"][at])
    pieces = section["forms"][next(codes)].split(ROW)
    result = [pieces[0]]
    for piece in pieces[1:]:
        texts = section["rows"][next(codes)].split(SLOT)
        result += [texts[0], *(strings[next(codes)] + text for text in texts[1:]), piece]
    return "".join(result)
