"""A model file: Python with a function `loss` and dicts `parameters` and `data`, or with a module `model`.

The file is run, since whoever names it on the command line names it as code.
"""

from __future__ import annotations

import difflib
import importlib.util
import linecache
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from workings import nn
from workings.cli.failures import seen
from workings.cli.function_file import FunctionFile, function_file
from workings.cli.module_file import ModuleFile, is_module_file, module_file
from workings.errors import ModelFileError, WorkingsError
from workings.graph import Origin

__all__ = ["ModelFile", "model_file"]

ModelFile = FunctionFile | ModuleFile

_MODULE = "__workings_model__"  # not "__main__": what the file does when it is run by itself is left out


@contextmanager
def model_file(named: str, seed: int | None) -> Iterator[ModelFile]:
    """Run the file and give what it says; an error in its code, here or within, becomes a `ModelFileError`.

    `np.random.seed` and `nn.seed` are set before the file runs, by the seed or 0. `parameters` or `model`, and `data`,
    may be functions: they are called with a random generator each, `np.random.default_rng(seed).spawn(2)`, or with
    nothing if they take nothing. Within, the folder of the file is on `sys.path`, and what it prints goes to standard
    error.
    """
    source = _read(named)
    folder = str(Path(named).absolute().parent)
    sys.path.insert(0, folder)
    try:
        with redirect_stdout(sys.stderr), _blaming(named, folder):
            np.random.seed(seed or 0)
            nn.seed(seed or 0)
            names = _run(named, source)
            yield module_file(named, names, seed) if is_module_file(names) else function_file(named, names, seed or 0)
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _read(named: str) -> str:
    """The text of the file."""
    path = Path(named)
    title = seen(named)
    if os.path.isdir(named):
        raise ModelFileError(f"{title} is a folder", fix=f"a file in it, such as {seen(path / 'net.py')}")
    if path.suffix != ".py":
        raise ModelFileError(f"{title} is no Python file by its name", fix="a file whose name ends in .py")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"there is no file {title}", fix=_nearest_file(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ModelFileError(f"{title} cannot be read: {reason}") from error
    try:
        return importlib.util.decode_source(content)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{title} is not text that Python reads: {error}", fix="save it as UTF-8") from error


def _nearest_file(path: Path) -> str | None:
    try:
        stems = [p.stem for p in path.parent.glob("*.py")]
    except OSError:
        return None
    near = difflib.get_close_matches(path.stem, stems, n=1, cutoff=0.75)
    return seen(path.with_name(f"{near[0]}.py")) if near else None


def _run(named: str, source: str) -> dict[str, Any]:
    """The names that the file defines."""
    # an entry without a time is kept as it is, so that lines in messages are those that ran
    linecache.cache[named] = (len(source), None, source.splitlines(keepends=True), named)
    module = ModuleType(_MODULE)
    module.__file__ = os.path.abspath(named)
    sys.modules[_MODULE] = module
    exec(compile(source, named, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


# ── errors in the file ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _blaming(named: str, folder: str) -> Iterator[None]:
    """Within, an error that comes out of the user's code is raised as a `ModelFileError` with its line."""
    title = seen(named)
    try:
        yield
    except WorkingsError:
        raise
    except SyntaxError as error:
        file = error.filename or named
        where = Origin(file, error.lineno) if error.lineno else None
        raise ModelFileError(f"{seen(file)} is not Python: {error.msg}", where=where) from error
    except SystemExit as error:
        where = _deepest(error, named, folder)
        if where is None:
            raise
        raise ModelFileError(
            f"{title} ended the program while it was run", where=where, fix='if __name__ == "__main__": around it'
        ) from error
    except Exception as error:
        where = _deepest(error, named, folder)
        if where is None:
            raise
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ModelFileError(f"{title} raised {said}", where=where) from error


def _deepest(error: BaseException, named: str, folder: str) -> Origin | None:
    """The innermost line of the file, or of one beside it, that the error passed through."""
    found = None
    for frame in traceback.extract_tb(error.__traceback__):
        beside = frame.filename.startswith(folder + os.sep) and "site-packages" not in frame.filename
        own = frame.filename.startswith(os.path.dirname(os.path.dirname(__file__)))
        if frame.lineno is not None and (frame.filename == named or (beside and not own)):
            found = Origin(frame.filename, frame.lineno, function=frame.name)
    return found
