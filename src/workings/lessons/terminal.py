"""A lesson on a terminal or in a pipe: wrapped lines, the Python prompt, and a pause after each step."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click
from rich.console import Console
from rich.text import Text

from workings.explain import Derivation
from workings.lessons.stage import LeftError, Ran, Stage

if TYPE_CHECKING:
    from workings.draw.plot import Plot
    from workings.graph import Node
    from workings.trace.cell import Cell

__all__ = ["Terminal"]

_WIDTH = 80
_NARROWEST = 40
_INDENT = "    "
_TERMS = 18  # columns for a term, before its meaning
_KEEP = 2  # rows of a screen that are left for the prompt
_TERM = re.compile(r"\*([^*\s][^*]*)\*")
_ON = {"\r", "\n", " "}
_OFF = {"q", "Q", "\x1b", "\x04"}


class Terminal(Stage):
    """Tells a lesson on a terminal or into a pipe.

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
        super().__init__()
        self.width = max(_NARROWEST, min(width, _WIDTH))
        self._height = height
        self._key = key
        self._used = 0
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
    def on_terminal(cls, *, pause: bool = True, color: bool | None = None) -> Terminal:
        """On standard output; it waits for Enter if that and standard input are a terminal."""
        size = shutil.get_terminal_size()
        shown = sys.stdout.isatty()
        waits = pause and shown and sys.stdin.isatty()
        return cls(
            sys.stdout, width=size.columns if shown else _WIDTH, height=size.lines if waits else None, color=color
        )

    # ── what a lesson is made of ──

    def title(self, text: str) -> None:
        self._put([Text(text, style="bold"), Text("═" * len(text))])

    def step(self, title: str) -> None:
        self.turn()
        head = f"── {title} "
        self._put([Text(head + "─" * max(0, self.width - 2 - len(head)), style="bold")])

    def say(self, text: str, *, page: str | None = None) -> None:
        whole = " ".join(text.replace("`", "").split())
        if not whole:
            return
        plain = _TERM.sub(lambda m: m[1], whole)
        lines = [Text(line) for line in textwrap.wrap(plain, self.width - 2, break_on_hyphens=False)]
        for term in _TERM.findall(whole):
            for line in lines:
                line.highlight_regex(rf"\b{re.escape(term)}\b", "bold")
        self._put(lines)

    def terms(self, terms: Iterable[tuple[str, str]]) -> None:
        lines: list[Text] = []
        for term, meaning in terms:
            first, *rest = textwrap.wrap(meaning, self.width - 4 - _TERMS)
            lines.append(Text("  ") + Text(term.ljust(_TERMS), style="bold") + Text(first))
            lines += [Text(" " * (_TERMS + 2) + line) for line in rest]
        self._put(lines)

    def show(self, text: str, *, page: str | None = None) -> None:
        self._put([Text(_INDENT + line) for line in text.strip("\n").split("\n")])

    def formula(self, value: Node | Cell) -> None:
        pass  # the line of Python beside it says the same

    def picture(self, source: str, caption: str, *, lines: str = "") -> None:
        if lines:
            self.show(lines)

    def plot(self, drawn: Callable[[], tuple[Plot, str]], *, instead: str = "") -> None:
        if instead:
            self.cell(instead)

    def turn(self) -> None:
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
            raise LeftError

    # ── how it gets there ──

    def _tell(self, ran: Sequence[Ran]) -> None:
        """The lines behind the prompt, each with what came out, as the Python prompt shows it."""
        shown: list[Text] = []
        for r in ran:
            printed = r.printed if r.value is None else f"{r.printed}{self._displayed(r.value)}\n"
            shown += self._code([*r.lines, *[""] * r.block])  # the empty line that ends a block at the prompt
            shown += [Text(_INDENT + line if line else "") for line in printed.splitlines()]
        self._put(shown)

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
