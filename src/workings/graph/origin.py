"""Where in the user's code something was made."""

from __future__ import annotations

import linecache
from typing import NamedTuple

__all__ = ["Origin"]


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
        place += f":\n    {text}"
        if self.column is not None and self.end_column is not None and self.end_line in (None, self.line):
            # columns are counted in UTF-8 bytes, the marker in characters
            raw = line.encode()
            start = len(raw[: self.column].decode(errors="replace")) - (len(line) - len(line.lstrip()))
            width = len(raw[self.column : self.end_column].decode(errors="replace"))
            if start >= 0 and width > 0 and (start, width) != (0, len(text)):
                place += "\n    " + " " * start + "^" * width
        return place
