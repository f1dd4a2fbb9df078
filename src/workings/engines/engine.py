"""What an engine is, and which there are."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from workings.engines.native import NativeEngine, compile_native
from workings.engines.numpy import NumpyEngine, compile_numpy
from workings.engines.reference import ReferenceEngine, compile_reference
from workings.errors import ArgumentError
from workings.graph import Graph, Program

__all__ = ["Engine", "compile_function", "get", "names"]


class Engine(Protocol):
    """Runs the steps of a program. Made from the program, and not changed by running.

    The same arguments give the same bits, and it does not matter in how many calls the steps are run.
    """

    name: ClassVar[str]

    def __init__(self, program: Program) -> None: ...

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


def names() -> tuple[str, ...]:
    """The names of the engines."""
    return tuple(_ENGINES)


def get(name: str) -> type[Engine]:
    """The engine of this name. Raises `ArgumentError`, with the names there are, if there is none.

    >>> get("numpy").name
    'numpy'
    """
    return _ENGINES[_known(name)]


def compile_function(graph: Graph, engine: str = "numpy") -> Callable[..., tuple[Any, ...]]:
    """A graph as a function that is called with its inputs in order and returns a tuple of its outputs.

    "numpy" and "reference" give the same bits; "native" gives them where nothing is summed up and no function is
    approximated. `ArgumentError` if there is no such engine, `UnsupportedError` for an op that it does not have.

    >>> from workings.graph import call, input_node
    >>> import workings.ops
    >>> x = input_node("x", (), "float64")
    >>> compile_function(Graph([x], [call("square", x)]))(np.float64(3))
    (np.float64(9.0),)
    """
    return _COMPILERS[_known(engine)](graph)


def _known(name: str) -> str:
    if name in _ENGINES:
        return name
    near = difflib.get_close_matches(str(name), _ENGINES, n=1)
    *others, last = (repr(n) for n in sorted(_ENGINES))
    raise ArgumentError(
        f"there is no engine {name!r}; there are {', '.join(others)} and {last}",
        fix=f"engine={near[0]!r}" if near else None,
    )
