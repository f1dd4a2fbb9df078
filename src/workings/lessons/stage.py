"""Where a lesson is told: paragraphs, formulas, pictures, and code that is run as it is shown."""

from __future__ import annotations

import ast
import io
import linecache
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workings.draw.plot import Plot
    from workings.graph import Node
    from workings.trace.cell import Cell

__all__ = ["LeftError", "Ran", "Stage"]

_BLOCKS = (ast.FunctionDef, ast.For)


class LeftError(Exception):
    """The reader has had enough for now."""


@dataclass(frozen=True)
class Ran:
    """A statement that was run.

    lines    as it was written
    block    whether it has a body of its own
    apart    whether there is an empty line before it
    printed  what it printed
    value    what it came to, if it is an expression
    """

    lines: tuple[str, ...]
    block: bool
    apart: bool
    printed: str
    value: Any


class Stage(ABC):
    """Tells a lesson; the leaves are a terminal, and a page.

    What is said in `page` is said on a page in place of the words before it; where it is empty, nothing is.
    """

    def __init__(self) -> None:
        self._cells = 0
        self._names: dict[str, Any] = {"__name__": "__lesson__"}

    def present(self, lesson: Callable[..., Any], **settings: Any) -> bool:
        """Tell a lesson; whether it was heard to its end."""
        try:
            lesson(self, **settings)
        except LeftError:
            return False
        return True

    # ── what a lesson is made of ──

    @abstractmethod
    def title(self, text: str) -> None:
        """The head of the lesson."""

    @abstractmethod
    def step(self, title: str) -> None:
        """Begin a step."""

    @abstractmethod
    def say(self, text: str, *, page: str | None = None) -> None:
        """A paragraph. *Terms* between asterisks are being introduced, and `code` stands between backticks."""

    @abstractmethod
    def terms(self, terms: Iterable[tuple[str, str]]) -> None:
        """Terms and their meanings."""

    @abstractmethod
    def show(self, text: str, *, page: str | None = None) -> None:
        """Lines as they are, set off from the text."""

    @abstractmethod
    def formula(self, value: Node | Cell) -> None:
        """What a value is made from, as mathematics, with its number if it has one; nothing on a terminal."""

    @abstractmethod
    def picture(self, source: str, caption: str, *, lines: str = "") -> None:
        """Run `source`, which comes to a picture, and show it; a terminal shows `lines` in its place."""

    @abstractmethod
    def plot(self, drawn: Callable[[], tuple[Plot, str]], *, instead: str = "") -> None:
        """A plot, and what is seen in it; a terminal runs the source `instead`."""

    @abstractmethod
    def turn(self) -> None:
        """Wait until what was said has been read; not where nobody waits."""

    def cell(self, source: str) -> Any:
        """Run lines of Python, and show each with what comes out.

        Returns the value of the last expression. The lines share their names with those of earlier cells.
        """
        ran = self._ran(source)
        self._tell(ran)
        return next((r.value for r in reversed(ran) if r.value is not None), None)

    def __getitem__(self, name: str) -> Any:
        """A value that a cell has made."""
        return self._names[name]

    # ── how it gets there ──

    @abstractmethod
    def _tell(self, ran: Sequence[Ran]) -> None:
        """Show statements and what came out of them."""

    def _ran(self, source: str) -> list[Ran]:
        source = textwrap.dedent(source).strip("\n") + "\n"
        self._cells += 1
        file = f"<lesson, cell {self._cells}>"
        lines = source.splitlines()
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        ran = []
        for s in ast.parse(source, file).body:
            apart = s.lineno > 1 and not lines[s.lineno - 2]
            ran.append(
                Ran(tuple(lines[s.lineno - 1 : s.end_lineno]), isinstance(s, _BLOCKS), apart, *self._run(s, file))
            )
        return ran

    def _run(self, statement: ast.stmt, file: str) -> tuple[str, Any]:
        """Run one statement; what it prints, and its value if it is an expression."""
        value = None
        with redirect_stdout(io.StringIO()) as printed:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), file, "eval"), self._names)
            else:
                exec(compile(ast.Module([statement], []), file, "exec"), self._names)
        return printed.getvalue(), value
