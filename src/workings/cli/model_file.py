"""A model file: Python with a function `loss` and dicts `parameters` and `data`.

The file is run, since whoever names it on the command line names it as code.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib.util
import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from workings.cli.failures import seen
from workings.errors import ModelFileError, WorkingsError
from workings.graph import Origin
from workings.train import SGD, Optimizer, Run, prepare

__all__ = ["ModelFile", "model_file"]

_MODULE = "__workings_model__"  # not "__main__": what the file does when it is run by itself is left out
_STEPS = 100


@dataclass(frozen=True)
class ModelFile:
    """What a model file says."""

    loss: Callable[..., Any]
    parameters: Any
    data: Any
    optimizer: Optimizer
    steps: Any

    def run(
        self,
        *,
        steps: int | None = None,
        learning_rate: float | None = None,
        engine: str = "numpy",
        until_loss: float | None = None,
        until_change: float | None = None,
    ) -> Run:
        """A run of which no step has been run yet; what is None is as the file has it."""
        return prepare(
            self.loss,
            self.parameters,
            self.data,
            optimizer=self.optimizer if learning_rate is None else _with_rate(self.optimizer, learning_rate),
            steps=self.steps if steps is None else steps,
            engine=engine,
            until_loss=until_loss,
            until_change=until_change,
        )


def _with_rate(optimizer: Any, learning_rate: float) -> Any:
    fields = {f.name for f in dataclasses.fields(optimizer)} if dataclasses.is_dataclass(optimizer) else set()
    if "learning_rate" not in fields or isinstance(optimizer, type):
        raise ModelFileError(
            f"the optimizer of this file, {type(optimizer).__name__}, has no field learning_rate to set from outside",
            fix="set it in the file",
        )
    return dataclasses.replace(optimizer, learning_rate=learning_rate)


@contextmanager
def model_file(named: str, seed: int) -> Iterator[ModelFile]:
    """Run the file and give what it says; an error in its code, here or within, becomes a `ModelFileError`.

    `np.random.seed(seed)` is set before the file runs. `parameters` and `data` may be functions: they are
    called with a random generator each, `np.random.default_rng(seed).spawn(2)`, or with nothing if they take
    nothing. Within, the folder of the file is on `sys.path`, and what it prints goes to standard error.
    """
    source = _read(named)
    folder = str(Path(named).absolute().parent)
    sys.path.insert(0, folder)
    try:
        with redirect_stdout(sys.stderr), _blaming(named, folder):
            np.random.seed(seed)
            yield _understood(named, _run(named, source), seed)
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


# ── what the file says ──────────────────────────────────────────────────────────────────────────────────────


def _understood(named: str, names: Mapping[str, Any], seed: int) -> ModelFile:
    loss = _required(named, names, "loss", "def loss(w, x): …, which returns a scalar")
    parameters = _required(named, names, "parameters", 'parameters = {"w": 0.5}')
    data = _required(named, names, "data", 'data = {"x": 1.0}, or data = {} for a loss that needs none')
    if not callable(loss):
        raise ModelFileError(
            f"`loss` in {seen(named)} is {_kind(loss)}, not a function",
            fix="def loss(w, x): …, which returns a scalar",
        )
    optimizer = names.get("optimizer")
    if optimizer is None:
        optimizer = SGD()
    elif isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        raise ModelFileError(
            f"`optimizer` in {seen(named)} is {_kind(optimizer)}, which is no optimizer",
            fix="optimizer = wk.SGD(0.01), after import workings as wk",
        )
    first, second = np.random.default_rng(seed).spawn(2)
    return ModelFile(
        loss=loss,
        parameters=_made(named, "parameters", parameters, first),
        data=_made(named, "data", data, second),
        optimizer=optimizer,
        steps=names.get("steps", _STEPS),
    )


def _required(named: str, names: Mapping[str, Any], name: str, fix: str) -> Any:
    if name in names:
        return names[name]
    known = {n.lower(): n for n in names if not n.startswith("__")}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    more = f" (is `{known[near[0]]}` meant?)" if near else ""
    raise ModelFileError(f"{seen(named)} has no `{name}`{more}", fix=fix)


def _made(named: str, name: str, value: Any, rng: np.random.Generator) -> Any:
    """`parameters` or `data`, made by the function if it is one."""
    if not inspect.isroutine(value):
        return value
    needed = [
        p.name
        for p in inspect.signature(value).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if len(needed) > 1:
        raise ModelFileError(
            f"the function `{name}` in {seen(named)} takes {', '.join(needed)}",
            where=Origin(named, value.__code__.co_firstlineno) if inspect.isfunction(value) else None,
            fix=f"def {name}(rng): …, where rng is a generator such as np.random.default_rng() gives",
        )
    return value(rng) if needed else value()


def _kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"
