"""Where in the user's code something was made."""

from __future__ import annotations

import linecache
from typing import NamedTuple

__all__ = ["Origin"]

_WIDEST = 120  # characters of a line of code in a message


class Origin(NamedTuple):
    """A place in the user's code; columns count from 0 and are None where Python does not know them."""

    file: str
    line: int
    column: int | None = None
    end_column: int | None = None
    function: str = "<module>"
    end_line: int | None = None

    def source(self) -> str:
        """The line of source text, or "" where none is at hand (as under `exec`)."""
        return linecache.getline(self.file, self.line).rstrip("\n")

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}"
        if self.function != "<module>":
            place += f", in {self.function}"
        line = self.source()
        if not line.strip():
            return place
        text = line.strip()
        start = width = 0
        if self.column is not None and self.end_column is not None and self.end_line in (None, self.line):
            # columns are counted in UTF-8 bytes, the marker in characters
            raw = line.encode()
            start = len(raw[: self.column].decode(errors="replace")) - (len(line) - len(line.lstrip()))
            width = len(raw[self.column : self.end_column].decode(errors="replace"))
        if start < 0 or width <= 0 or (start, width) == (0, len(text)):
            start = width = 0
        text, start, width = _cut(text, start, width)
        place += f":\n    {text}"
        if width:
            place += "\n    " + " " * start + "^" * width
        return place


def _cut(text: str, start: int, width: int) -> tuple[str, int, int]:
    """A line that is too long, cut to the part that is meant."""
    if len(text) <= _WIDEST:
        return text, start, width
    left = max(0, min(start - 20, len(text) - _WIDEST))
    right = left + _WIDEST
    start, width = start - left, min(width, right - start)
    text = ("…" if left else "") + text[left + bool(left) : right] + ("…" if right < len(text) else "")
    return text, start, width
