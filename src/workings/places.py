"""Places in the user's code: which files are the user's, what they are called, and how a place reads in a message."""

from __future__ import annotations

import functools
import linecache
import sys
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["called", "is_the_users", "notebook", "place", "printable", "users_frames"]

_WIDEST = 120  # characters of a line of code in a message

_PACKAGE = Path(__file__).parent
_SITES = ("site-packages", "dist-packages")
# what calls back into the user's values, or runs the user's cells, and is never what the user wrote
_LIBRARIES = ("numpy", "scipy", "sklearn", "pandas", "matplotlib", "torch", "jax", "IPython", "ipykernel", "click")


@functools.cache
def _inner() -> tuple[str, ...]:
    """How the files of this package, of NumPy and of Python's own frozen modules begin."""
    numpy = sys.modules.get("numpy")
    folders = [] if numpy is None else [str(Path(numpy.__file__ or "").parent)]
    return (f"{_PACKAGE}/", f"{_PACKAGE}\\", *folders, "<__array_function__ internals>", "<frozen ")


@functools.cache
def _standard() -> str:
    """Where Python's own modules lie; asked for when it is needed, since the answer has to be loaded."""
    return sysconfig.get_path("stdlib")


def is_the_users(file: str) -> bool:
    """Whether a file is the user's code, and not that of this package, of NumPy and its kin, or of Python itself."""
    if file.startswith(_inner()):
        return False
    for site in _SITES:
        if site in file:
            rest = file.split(site, 1)[1].replace("\\", "/")
            return rest.split("/")[1] not in _LIBRARIES
    return not file.startswith(_standard())


def notebook() -> Any:
    """The shell of IPython that runs the user's cells, or None outside of a notebook."""
    module = sys.modules.get("IPython")  # where it runs, it has been imported
    found = getattr(module, "get_ipython", None)
    return None if found is None else found()


def called(file: str) -> str:
    """What a person calls a file: a cell of a notebook is `Cell In[3]`, and not the temporary file it has."""
    shell = notebook()
    naming = getattr(getattr(shell, "compile", None), "format_code_name", None)
    known = None if naming is None else naming(file)
    return file if known is None else " ".join(known)


def place(
    file: str,
    line: int,
    function: str = "<module>",
    column: int | None = None,
    end_column: int | None = None,
    end_line: int | None = None,
) -> str:
    """A place in a message: the file, the line and its text, and a mark below what is meant.

    Columns count UTF-8 bytes from 0, as Python has them; the text is left out where none is at hand.

    >>> linecache.cache["<net>"] = (9, None, ["y = w * x"], "<net>")
    >>> print(place("<net>", 1, "loss", 4, 9))
    <net>, line 1, in loss:
        y = w * x
            ^^^^^
    """
    said = f"{called(file)}, line {line}"
    if function != "<module>":
        said += f", in {function}"
    source = linecache.getline(file, line).rstrip("\n")
    if not source.strip():
        return said
    text = source.strip()
    start = width = 0
    if column is not None and end_column is not None and end_line in (None, line):
        # the marker counts characters
        raw = source.encode()
        start = len(raw[:column].decode(errors="replace")) - (len(source) - len(source.lstrip()))
        width = len(raw[column:end_column].decode(errors="replace"))
    if start < 0 or width <= 0 or (start, width) == (0, len(text)):
        start = width = 0
    text, start, width = _cut(text, start, width)
    said += f":\n    {text}"
    if width:
        said += "\n    " + " " * start + "^" * width
    return said


def _cut(text: str, start: int, width: int) -> tuple[str, int, int]:
    """A line that is too long, cut to the part that is meant."""
    if len(text) <= _WIDEST:
        return text, start, width
    left = max(0, min(start - 20, len(text) - _WIDEST))
    right = left + _WIDEST
    start, width = start - left, min(width, right - start)
    text = ("…" if left else "") + text[left + bool(left) : right] + ("…" if right < len(text) else "")
    return text, start, width


def users_frames(found: TracebackType | None) -> tuple[Sequence[traceback.FrameSummary], int]:
    """The frames of a traceback that run the user's code, outermost first, and how many were left out below them.

    What ran before the first of them, as the notebook itself, is not counted.
    """
    frames = traceback.extract_tb(found)
    users = [i for i, frame in enumerate(frames) if is_the_users(frame.filename)]
    first = users[0] if users else 0
    return [frames[i] for i in users], len(frames) - first - len(users)


def printable(text: str) -> str:
    """The text with what would steer a terminal written out, as Python writes it; lines stay lines.

    >>> print(printable("a\\x1b[31mb"))
    a\\x1b[31mb
    """
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
