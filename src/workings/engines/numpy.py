"""The engine that runs the written program itself: the text you read is the text that runs."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from workings.engines.values import prepared, strong
from workings.graph import Graph, Program
from workings.write.python import write_python, write_python_function
from workings.write.written import Written

__all__ = ["NumpyEngine", "compile_numpy"]

_numbers = itertools.count(1)


class NumpyEngine:
    """Executes what `write_python` wrote, as it stands.

    `written` is the program, `source` its text, and `train` the function in it; tracebacks and
    `inspect.getsource(engine.train)` show that text. `note` says why it runs in place of another.
    """

    name: ClassVar[str] = "numpy"

    def __init__(self, program: Program, note: str = "") -> None:
        self.program = program
        self.note = note
        self.written = write_python(program)
        self.train = _load(self.written, program.step.name)
        self._constants = tuple(self.written.arrays[name] for name in self.written.constants)

    @property
    def source(self) -> str:
        """The text that runs."""
        return self.written.source

    def run(
        self,
        carry: Sequence[Any],
        data: Sequence[Any],
        settings: Sequence[Any],
        losses: np.ndarray,
        first: int,
        last: int,
    ) -> tuple[tuple[Any, ...], int]:
        """Run the steps from `first` up to `last`; see `Engine.run`."""
        inputs = prepared(self.program.inputs, (*carry, *data, *settings))
        split = len(carry) + len(data)
        arguments = (*inputs[:split], *self._constants, *inputs[split:])
        with np.errstate(all="ignore"):
            *carried, step = self.train(*arguments, losses, first, last)
        return tuple(carried), int(step)


def compile_numpy(graph: Graph) -> Callable[..., tuple[Any, ...]]:
    """A graph as the function that `write_python_function` writes; `function.source` is its text."""
    written = write_python_function(graph)
    call = _load(written, graph.name)
    constants = tuple(written.arrays[name] for name in written.constants)
    alone = len(graph.outputs) == 1

    def function(*inputs: Any) -> tuple[Any, ...]:
        given = [strong(node, value) for node, value in zip(graph.inputs, inputs, strict=True)]
        with np.errstate(all="ignore"):
            result = call(*given, *constants)
        return (result,) if alone else result

    function.written = written  # type: ignore[attr-defined]
    function.source = written.source  # type: ignore[attr-defined]
    return function


def _load(written: Written, title: str) -> Callable[..., Any]:
    """Execute a text, with the main part left out by its own test, and return its function.

    The text is entered where tracebacks and `inspect` look for source, for as long as the function lives.
    """
    filename = f"<workings: {title} {next(_numbers)}>"
    # without a time of modification, `linecache.checkcache` keeps what is no file
    linecache.cache[filename] = (len(written.source), None, written.source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": filename, "__file__": filename}
    exec(compile(written.source, filename, "exec"), namespace)
    function = namespace[written.function]
    weakref.finalize(function, linecache.cache.pop, filename, None)
    return function
