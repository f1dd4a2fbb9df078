"""What an engine is, and which there are."""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from workings.errors import ArgumentError, UnsupportedError, WorkingsError
from workings.graph import Graph, Program

__all__ = ["Engine", "compile_function", "get", "names"]


class Engine(Protocol):
    """Runs the steps of a program. Made from the program, and not changed by running.

    `note` says why it is this one that runs, where "auto" was asked for and native cannot; it is empty otherwise.
    The same arguments give the same bits, and it does not matter in how many calls the steps are run.
    """

    name: ClassVar[str]
    note: str

    def run(
        self,
        carry: Sequence[Any],
        data: Sequence[Any],
        settings: Sequence[Any],
        losses: np.ndarray,
        first: int,
        last: int,
    ) -> tuple[tuple[Any, ...], int]:
        """Run the steps from `first` up to `last`; return what is carried on and the step reached.

        `losses[i]` receives the loss before step i. The run ends after the step in which a value was not
        finite, or a stop condition was met: then the step reached is the one after it. If that is `last`, the
        losses and what is carried on tell whether it was so. Values are given in the order of the program's
        inputs, with their dtypes and shapes; `ArgumentError` if they are not.
        """
        ...


Function = Callable[..., tuple[Any, ...]]

AUTO = "auto"
# the module of each, imported when it is first asked for, with its class and what compiles a graph
_ENGINES = {
    "reference": ("workings.engines.reference", "ReferenceEngine", "compile_reference"),
    "numpy": ("workings.engines.numpy", "NumpyEngine", "compile_numpy"),
    "native": ("workings.engines.native", "NativeEngine", "compile_native"),
}


def names() -> tuple[str, ...]:
    """What an engine can be asked for by: the names of the engines, and "auto" for the fastest that will do."""
    return (AUTO, *_ENGINES)


def get(name: str, threads: int | None = None) -> Callable[[Program], Engine]:
    """What makes the engine of this name for a program: its class, told how many threads to use if it uses any.

    With "auto" it is native where llvmlite can be imported and the program has no op that native lacks, and otherwise
    numpy, whose `note` then says why. `ArgumentError`, with the names there are, if there is none of this name.

    >>> get("numpy").name
    'numpy'
    """
    native = functools.partial(_native, threads=threads)
    return _auto(native) if _known(name) == AUTO else native if name == "native" else _engine(name)


def compile_function(graph: Graph, engine: str = "numpy", threads: int | None = None) -> Function:
    """A graph as a function that is called with its inputs in order and returns a tuple of its outputs.

    "numpy" and "reference" give the same bits; "native" gives them where nothing is summed up and no function is
    approximated, and so many `threads` share its work where it is large; "auto" is native or numpy, as for `get`.
    `ArgumentError` if there is no such engine, `UnsupportedError` for an op that it does not have.

    >>> from workings.graph import call, input_node
    >>> import workings.ops
    >>> x = input_node("x", (), "float64")
    >>> compile_function(Graph([x], [call("square", x)]))(np.float64(3))
    (np.float64(9.0),)
    """
    native = functools.partial(_compiler("native"), threads=threads) if _known(engine) in (AUTO, "native") else None
    if native is None:
        return _compiler(engine)(graph)
    if engine == "native":
        return native(graph)
    function, _ = _tried(native, graph)
    return _compiler("numpy")(graph) if function is None else function


def _engine(name: str) -> Any:
    module, engine, _ = _ENGINES[name]
    return getattr(importlib.import_module(module), engine)


def _compiler(name: str) -> Callable[..., Function]:
    module, _, compiler = _ENGINES[name]
    return getattr(importlib.import_module(module), compiler)


def _native(program: Program, threads: int | None) -> Engine:
    return _engine("native")(program, threads)


def _auto(native: Callable[[Program], Engine]) -> Callable[[Program], Engine]:
    def make(program: Program) -> Engine:
        engine, note = _tried(native, program)
        return _engine("numpy")(program, note) if engine is None else engine

    return make


def _tried(make: Callable[[Any], Any], given: Graph | Program) -> tuple[Any, str]:
    """What native makes of it; or None, and why it makes nothing."""
    try:
        return make(given), ""
    except UnsupportedError as error:
        return None, error.problem
    except (ImportError, OSError) as error:  # llvmlite is not there, or is there and cannot be loaded
        return None, error.problem if isinstance(error, WorkingsError) else f"llvmlite cannot be loaded: {error}"


def _known(name: str) -> str:
    if name in names():
        return name
    near = difflib.get_close_matches(str(name), names(), n=1)
    *others, last = (repr(n) for n in sorted(names()))
    raise ArgumentError(
        f"there is no engine {name!r}; there are {', '.join(others)} and {last}",
        fix=f"engine={near[0]!r}" if near else None,
    )
