"""A page in the browser: where it lies, and how it is opened."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from workings.cli.failures import seen
from workings.errors import ArgumentError

__all__ = ["private", "show"]


def private(name: str) -> Path:
    """A place for a page that is only to be looked at: a new temporary folder that none but its owner can read.

    It is left there, since the browser reads the page when it gets to it.
    """
    return Path(tempfile.mkdtemp(prefix="workings-"), name)


def show(path: Path) -> None:
    """Open a written page in the browser; an error, which says where the page is, where there is none."""
    if not webbrowser.open(path.absolute().as_uri()):
        raise ArgumentError(f"no browser could be opened; the page is in {seen(path)}")
