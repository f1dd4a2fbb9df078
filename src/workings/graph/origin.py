"""Where in the user's code something was made."""

from __future__ import annotations

import linecache
from typing import NamedTuple

from workings.places import place

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
        return place(self.file, self.line, self.function, self.column, self.end_column, self.end_line)
