"""Where a lesson is told: paragraphs, code that is run as it is shown, and a pause after each step."""

from __future__ import annotations

import ast
import io
import linecache
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from typing import Any, TextIO

import click
from rich.console import Console
from rich.text import Text

from workings.explain import Derivation

__all__ = ["Stage"]

_WIDTH = 80
_NARROWEST = 40
_INDENT = "    "
_TERMS = 18  # columns for a term, before its meaning
_KEEP = 2  # rows of a screen that are left for the prompt
_TERM = re.compile(r"\*([^*\s][^*]*)\*")
_BLOCKS = (ast.FunctionDef, ast.For)
_ON = {"\r", "\n", " "}
_OFF = {"q", "Q", "\x1b", "\x04"}


class _LeftError(Exception):
    """The reader has had enough for now."""


class Stage:
    """Tells a lesson, on a terminal or into a pipe.

    file      where to
    width     columns; lines are wrapped to fit
    height    rows of the screen; None where nobody waits for Enter
    color     whether terms and code are set off; None: where `file` is a terminal
    key       reads one key; given by tests
    """

    def __init__(
        self,
        file: TextIO,
        *,
        width: int = _WIDTH,
        height: int | None = None,
        color: bool | None = None,
        key: Callable[[], str] = click.getchar,
    ) -> None:
        self.width = max(_NARROWEST, min(width, _WIDTH))
        self._height = height
        self._key = key
        self._used = 0
        self._cells = 0
        self._names: dict[str, Any] = {"__name__": "__lesson__"}
        self._console = Console(
            file=file,
            width=self.width,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=True,
            no_color=True if color is False else None,
        )

    @classmethod
    def on_terminal(cls, *, pause: bool = True, color: bool | None = None) -> Stage:
        """On standard output; it waits for Enter if that and standard input are a terminal."""
        size = shutil.get_terminal_size()
        shown = sys.stdout.isatty()
        waits = pause and shown and sys.stdin.isatty()
        return cls(
            sys.stdout, width=size.columns if shown else _WIDTH, height=size.lines if waits else None, color=color
        )

    def present(self, lesson: Callable[..., Any], **settings: Any) -> bool:
        """Tell a lesson; whether it was heard to its end."""
        try:
            lesson(self, **settings)
        except _LeftError:
            return False
        return True

    # ── what a lesson is made of ──

    def title(self, text: str) -> None:
        """The head of the lesson."""
        self._put([Text(text, style="bold"), Text("═" * len(text))])

    def step(self, title: str) -> None:
        """Wait for Enter, and begin a step."""
        self.turn()
        head = f"── {title} "
        self._put([Text(head + "─" * max(0, self.width - 2 - len(head)), style="bold")])

    def say(self, text: str) -> None:
        """A paragraph. *Terms* between asterisks are set off where they are introduced."""
        whole = " ".join(text.split())
        plain = _TERM.sub(lambda m: m[1], whole)
        lines = [Text(line) for line in textwrap.wrap(plain, self.width - 2, break_on_hyphens=False)]
        for term in _TERM.findall(whole):
            for line in lines:
                line.highlight_regex(rf"\b{re.escape(term)}\b", "bold")
        self._put(lines)

    def terms(self, terms: Iterable[tuple[str, str]]) -> None:
        """Terms and their meanings, in two columns."""
        lines: list[Text] = []
        for term, meaning in terms:
            first, *rest = textwrap.wrap(meaning, self.width - 4 - _TERMS)
            lines.append(Text("  ") + Text(term.ljust(_TERMS), style="bold") + Text(first))
            lines += [Text(" " * (_TERMS + 2) + line) for line in rest]
        self._put(lines)

    def show(self, text: str) -> None:
        """Lines as they are, set in from the left."""
        self._put([Text(_INDENT + line) for line in text.strip("\n").split("\n")])

    def cell(self, source: str) -> Any:
        """Run lines of Python, and show each with what comes out, as the Python prompt does.

        Returns the value of the last expression. The lines share their names with those of earlier cells.
        """
        source = textwrap.dedent(source).strip("\n") + "\n"
        self._cells += 1
        file = f"<lesson, cell {self._cells}>"
        lines = source.splitlines()
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        value: Any = None
        shown: list[Text] = []
        for statement in ast.parse(source, file).body:
            value, printed = self._run(statement, file)
            block = [""] if isinstance(statement, _BLOCKS) else []  # the empty line that ends a block at the prompt
            shown += self._code([*lines[statement.lineno - 1 : statement.end_lineno], *block])
            shown += [Text(_INDENT + line if line else "") for line in printed.splitlines()]
        self._put(shown)
        return value

    def __getitem__(self, name: str) -> Any:
        """A value that a cell has made."""
        return self._names[name]

    def turn(self) -> None:
        """Wait for Enter, so that what was said can be read; not where nobody waits."""
        if self._height is None or not self._used:
            return
        prompt = "   Enter goes on, q quits "
        self._console.print(Text(prompt, style="dim"), end="")
        self._console.file.flush()
        try:
            key = self._key()
            while key not in _ON | _OFF:
                key = self._key()
        except EOFError:
            key = "q"
        finally:
            self._console.file.write("\r" + " " * len(prompt) + "\r")
            self._console.file.flush()
        self._used = 0
        if key in _OFF:
            raise _LeftError

    # ── how it gets there ──

    def _run(self, statement: ast.stmt, file: str) -> tuple[Any, str]:
        """Run one statement; its value if it is an expression, and what it prints, as the prompt would."""
        value = None
        with redirect_stdout(io.StringIO()) as printed:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), file, "eval"), self._names)
                if value is not None:
                    print(self._displayed(value))
            else:
                exec(compile(ast.Module([statement], []), file, "exec"), self._names)
        return value, printed.getvalue()

    def _displayed(self, value: Any) -> str:
        """A value as the prompt shows it; a document fitted to the width there is."""
        if isinstance(value, Derivation):
            return value.text(self.width - len(_INDENT)).rstrip("\n")
        return repr(value)

    def _code(self, lines: list[str]) -> list[Text]:
        """Lines of Python behind the prompt."""
        prompts = [">>> ", *["... "] * (len(lines) - 1)]
        if not self._console.is_terminal or self._console.no_color:
            return [Text(f"{_INDENT}{prompt}{line}".rstrip()) for prompt, line in zip(prompts, lines, strict=True)]
        from rich.syntax import Syntax

        colored = Syntax("", "python", theme="ansi_dark").highlight("\n".join(lines)).split("\n", allow_blank=True)
        return [
            Text(_INDENT) + Text(prompt, style="dim") + line for prompt, line in zip(prompts, colored, strict=False)
        ]

    def _put(self, lines: Iterable[Text]) -> None:
        """Lines and an empty one. What does not fit the rest of the screen waits; empty lines are where to cut."""
        for piece in _pieces(list(lines), self._room):
            rows = len(piece) + 1
            if self._used and self._used + rows > self._room:
                self.turn()
            for line in piece:
                self._console.print(line)
            self._console.print()
            self._used += rows

    @property
    def _room(self) -> int:
        return sys.maxsize if self._height is None else max(self._height - _KEEP, 4)


def _pieces(lines: list[Text], room: int) -> list[list[Text]]:
    """The lines between empty ones, in pieces that fit a screen."""
    pieces: list[list[Text]] = [[]]
    for line in lines:
        if not line.plain.strip():
            pieces.append([])
            continue
        if len(pieces[-1]) + 1 >= room:
            pieces.append([])
        pieces[-1].append(line)
    return [piece for piece in pieces if piece]
