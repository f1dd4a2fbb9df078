"""Lines of Python, indented and wrapped, and which node each of them computes."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from workings.graph import Node
from workings.ops import lacking
from workings.write.expressions import needed
from workings.write.statements import Statement

__all__ = ["Page"]

_WIDTH = 100


class Page:
    """Collects the lines of a text."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self.nodes: dict[int, Node] = {}

    @property
    def text(self) -> str:
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def line(self, text: str = "", indent: int = 0, node: Node | None = None) -> None:
        self._lines.append(f"{' ' * indent}{text}" if text else "")
        if node is not None:
            self.nodes[len(self._lines)] = node

    def statement(self, statement: Statement, name: str, indent: int) -> None:
        """The line, or the two lines, that compute a node, or the call that computes several."""
        if statement.arguments is not None:
            self.listed(f"{name} = {statement.expression.text}(", statement.arguments, ")", indent)
            self.nodes[len(self._lines)] = statement.node
            return
        self.line(f"{name} = {statement.expression.text}", indent, statement.node)
        if statement.more:
            self.line(statement.more, indent, statement.node)

    def copies(self, copies: Sequence[tuple[str, str, Node]], inputs: Mapping[str, Node], indent: int) -> None:
        """Assign values (name, text, node) to names that hold `inputs`: one after the other where no value is lost
        by it, and else all at once."""
        waiting = list(copies)
        while waiting:
            for copy in waiting:
                name = copy[0]
                if not any(other is not copy and other[2] is inputs[name] for other in waiting):
                    self.line(f"{name} = {copy[1]}", indent, copy[2])
                    waiting.remove(copy)
                    break
            else:
                self.line(f"{', '.join(c[0] for c in waiting)} = {', '.join(c[1] for c in waiting)}", indent)
                return

    def gap(self, lines: int = 1) -> None:
        """Leave empty lines, but none below the head of a block, and no more than asked for."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        if self._lines and not self._lines[-1].endswith(":"):
            self._lines.extend([""] * lines)

    def docstring(self, first: str, rest: str = "", indent: int = 0) -> None:
        """A docstring: a sentence, and a paragraph below it."""
        quotes = '"""'
        if not rest and indent + len(first) + 6 <= _WIDTH:
            self.line(f"{quotes}{first}{quotes}", indent)
            return
        width = _WIDTH - indent
        for text in textwrap.wrap(quotes + first, width, break_long_words=False):
            self.line(text, indent)
        if rest:
            self.line()
            for text in textwrap.wrap(rest, width, break_long_words=False):
                self.line(text, indent)
        self.line(quotes, indent)

    def listed(
        self, before: str, items: Sequence[str], after: str, indent: int = 0, brackets: tuple[str, str] = ("", "")
    ) -> None:
        """`before`, the items with commas, and `after`, on one line or on as many as it takes.

        `brackets` are added where there are several lines and no brackets in `before` and `after`.
        """
        whole = f"{before}{', '.join(items)}{after}"
        if not items or indent + len(whole) <= _WIDTH:
            self.line(whole, indent)
            return
        self.line(before + brackets[0], indent)
        self.rows(items, indent + 4)
        self.line(brackets[1] + after, indent)

    def rows(self, items: Sequence[str], indent: int) -> None:
        """The items with commas, on as many lines as it takes."""
        row = ""
        for item in items:
            if row and indent + len(row) + len(item) + 2 > _WIDTH:
                self.line(row, indent)
                row = ""
            row = f"{row} {item}," if row else f"{item},"
        self.line(row, indent)

    def condition(self, before: str, parts: Sequence[str], word: str, after: str, indent: int) -> None:
        """`before`, the parts joined by `and` or `or`, and `after`; each part on its own line if need be."""
        negated = before.endswith("not ")
        whole = f" {word} ".join(parts)
        if negated and len(parts) > 1:
            whole = f"({whole})"
        if indent + len(before + whole + after) <= _WIDTH:
            self.line(before + whole + after, indent)
            return
        self.line(f"{before}(", indent)
        for k, part in enumerate(parts):
            self.line(part if k == 0 else f"{word} {part}", indent + 4)
        self.line(f"){after}", indent)

    def preamble(self, nodes: Iterable[Node], path: bool) -> None:
        """The imports, and the functions that NumPy lacks, copied with what they need."""
        functions = dict.fromkeys(f for node in nodes for f in needed(node))
        sources = [textwrap.dedent(inspect.getsource(getattr(lacking, f))).strip() for f in functions]
        if any("math." in source for source in sources):
            self.line("import math")
        if path:
            self.line("from pathlib import Path")
        self.gap()
        self.line("import numpy as np")
        for source in sources:
            self.gap(2)
            for text in source.splitlines():
                self.line(text)
        self.gap(2)
