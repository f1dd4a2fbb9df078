"""How an error is said on the command line: one paragraph, without control characters."""

from __future__ import annotations

import textwrap
import traceback

import click

from workings.errors import WorkingsError
from workings.places import printable

__all__ = ["printable", "say", "seen"]

_WIDTH = 80


def say(error: Exception, *, whole: bool) -> None:
    """Say what went wrong on standard error; `whole` shows the traceback instead of the paragraph."""
    if whole:
        click.echo(printable("".join(traceback.format_exception(error))), err=True, nl=False)
        return
    head = click.style("Error:", fg="red", bold=True)
    click.echo(f"{head} {printable(_paragraph(error))}", err=True)


def _paragraph(error: Exception) -> str:
    if isinstance(error, WorkingsError):
        first, *rest = str(error).split("\n")
        return "\n".join([_wrapped(first), *(_hung(line) for line in rest)])
    if isinstance(error, MemoryError):
        return _wrapped(f"there is not enough memory: {error}" if str(error) else "there is not enough memory")
    if isinstance(error, OSError) and error.strerror:
        return _wrapped(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    return _wrapped(f"{type(error).__name__}: {error} (this was not foreseen; --traceback shows where it comes from)")


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(
        text, _WIDTH, initial_indent=" " * 7, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    return "\n".join(lines).lstrip()


def _hung(line: str) -> str:
    """The advice is wrapped; lines of the user's code, and the mark below them, stay as they are."""
    if not line.startswith("  Instead: "):
        return line
    return "\n".join(
        textwrap.wrap(line.strip(), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    )


def seen(path: object) -> str:
    """A path as it can be shown in a sentence."""
    return printable(str(path)).replace("\n", "\\n")
