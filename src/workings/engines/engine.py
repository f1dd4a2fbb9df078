"""What an engine is, and which there are."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np

from workings.engines.native import NativeEngine, compile_native
from workings.engines.numpy import NumpyEngine, compile_numpy
from workings.engines.reference import ReferenceEngine, compile_reference
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


_ENGINES: dict[str, type[Engine]] = {e.name: e for e in (ReferenceEngine, NumpyEngine, NativeEngine)}
_COMPILERS: dict[str, Callable[[Graph], Callable[..., tuple[Any, ...]]]] = {
    "reference": compile_reference,
    "numpy": compile_numpy,
    "native": compile_native,
}
AUTO = "auto"


def names() -> tuple[str, ...]:
    """What an engine can be asked for by: the names of the engines, and "auto" for the fastest that will do."""
    return (AUTO, *_ENGINES)


def get(name: str) -> Callable[[Program], Engine]:
    """What makes the engine of this name for a program: its class.

    With "auto" it is native where llvmlite can be imported and the program has no op that native lacks, and otherwise
    numpy, whose `note` then says why. `ArgumentError`, with the names there are, if there is none of this name.

    >>> get("numpy").name
    'numpy'
    """
    return _auto if _known(name) == AUTO else _ENGINES[name]


def compile_function(graph: Graph, engine: str = "numpy") -> Callable[..., tuple[Any, ...]]:
    """A graph as a function that is called with its inputs in order and returns a tuple of its outputs.

    "numpy" and "reference" give the same bits; "native" gives them where nothing is summed up and no function is
    approximated; "auto" is native or numpy, as for `get`. `ArgumentError` if there is no such engine,
    `UnsupportedError` for an op that it does not have.

    >>> from workings.graph import call, input_node
    >>> import workings.ops
    >>> x = input_node("x", (), "float64")
    >>> compile_function(Graph([x], [call("square", x)]))(np.float64(3))
    (np.float64(9.0),)
    """
    if _known(engine) == AUTO:
        function, _ = _first(compile_native, graph)
        return compile_numpy(graph) if function is None else function
    return _COMPILERS[engine](graph)


def _auto(program: Program) -> Engine:
    engine, note = _first(NativeEngine, program)
    return NumpyEngine(program, note) if engine is None else engine


T = TypeVar("T")
G = TypeVar("G", Graph, Program)


def _first(make: Callable[[G], T], given: G) -> tuple[T | None, str]:
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
