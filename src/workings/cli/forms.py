"""In which form a command gives its result, and where to: by `--format`, or by the ending of `--out`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from workings.cli.browser import private, show
from workings.cli.output import announce, checked, put
from workings.write.written import is_device

__all__ = ["Forms", "Goal", "open_option"]

open_option = click.option(
    "--open",
    "opened",
    is_flag=True,
    help="Show it in the browser; without --out it is written to a temporary folder that only you can read.",
)


@dataclass(frozen=True)
class Goal:
    """Where a result goes, in which form: a file, the browser, or standard output."""

    form: str
    path: Path | None
    opened: bool
    name: str  # of a file that is only to be looked at

    def reach(self, content: str) -> None:
        """Write the result, say where, and show it if that is wanted; a result without an end of line gets one."""
        content = content.rstrip("\n") + "\n"
        if self.path is None and not self.opened:
            click.echo(content, nl=False)
            return
        path = self.path or private(self.name)
        put(path, content.encode("utf-8"))
        announce(path)
        if self.opened:
            show(path)


@dataclass(frozen=True)
class Forms:
    """The forms of a command by name, each with the endings of its files; `shown` is the one for the browser."""

    endings: Mapping[str, tuple[str, ...]]
    plain: str
    shown: str

    def option(self, help: str) -> Callable[[Any], Any]:
        """The option `--format`."""
        said = f"{help} By default what the ending of --out says, {self.shown} with --open, and {self.plain} otherwise."
        return click.option("--format", "form", type=click.Choice(list(self.endings)), help=said)

    def goal(self, file: str, form: str | None, out: str | None, *, opened: bool) -> Goal:
        """What was asked for, checked before the work begins."""
        if form is None:
            form = self._by_ending(out) or (self.shown if opened else self.plain)
        if opened and form != self.shown:
            raise click.UsageError(
                f"--open shows {self.shown} in the browser, and this is {form}: --format {self.shown}, "
                f"with an --out that ends in {self.endings[self.shown][0]} if there is one"
            )
        path = None if out is None else checked(out, file, self.endings[form])
        return Goal(form, path, opened, Path(file).with_suffix(self.endings[form][0]).name)

    def _by_ending(self, out: str | None) -> str | None:
        if out is None or os.path.isdir(out) or is_device(Path(out)):
            return None
        ending = Path(out).suffix.lower()
        found = next((form for form, known in self.endings.items() if ending in known), None)
        if found is None and ending:
            every = [e for known in self.endings.values() for e in known]
            listed = f"{', '.join(every[:-1])} or {every[-1]}"
            raise click.BadParameter(
                f"the ending {ending!r} says nothing about the form; it is one of {listed}", param_hint="'--out'"
            )
        return found
