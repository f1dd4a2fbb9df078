"""The engine that compiles a program, with its loop over the steps, to one function of the machine."""

from __future__ import annotations

import ctypes
import pickle
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workings.engines.native.jit import Compiled
from workings.engines.values import prepared, strong
from workings.errors import ArgumentError
from workings.graph import Graph, Program
from workings.graph.layouts import contiguous
from workings.lower import Buffer, Loops, loops_text, lower_graph, lower_program

__all__ = ["NativeEngine", "compile_native"]

_TARGET = "engine native"


class NativeEngine:
    """Runs a program as machine code, by LLVM: no Python between the steps.

    `loops` is the program as loops, and `sources` has it as text: "loops" and "llvm". Each elementwise operation is
    rounded as NumPy rounds it; sums are taken in lanes, in an order that hangs on shapes alone, and matrix products
    with fused multiply-add. `UnsupportedError` for an op that it does not have, and for batches.
    """

    name: ClassVar[str] = "native"
    note: str = ""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.loops = lower_program(program, _TARGET)
        self._compiled = _compiled(self.loops)

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """What it runs, as text by language."""
        return _sources(self.loops)

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
        if first < last and len(losses) < last:
            raise ArgumentError(
                f"steps up to {last} are to be run, and there is room for {len(losses)} losses",
                fix=f"an array of {last} losses",
            )
        inputs = prepared(self.program.inputs, (*carry, *data, *settings))
        given = dict(zip(self.loops.given, inputs, strict=True))
        training = self.loops.training
        assert training is not None
        arrays = _memory(self.loops, given)
        part = losses[first : max(first, last)]
        direct = part.dtype == training.loss.dtype and part.flags.c_contiguous
        found = part if direct else np.empty(part.shape, training.loss.dtype)
        reached = self._compiled(_pointers(self.loops, arrays), found.ctypes.data, first, last)
        if not direct:
            part[: reached - first] = found[: reached - first]
        return tuple(_value(arrays[b]) for b in self.loops.results), reached


def compile_native(graph: Graph) -> Callable[..., tuple[Any, ...]]:
    """A graph as a function of the machine; `function.sources` are its texts, and `function.source` the loops."""
    return _Function(graph)


class _Function:
    def __init__(self, graph: Graph) -> None:
        self._inputs = graph.inputs
        self.loops = lower_graph(graph, _TARGET)
        self._compiled = _compiled(self.loops)

    @cached_property
    def sources(self) -> Mapping[str, str]:
        return _sources(self.loops)

    @property
    def source(self) -> str:
        return self.sources["loops"]

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        values = [contiguous(strong(node, value)) for node, value in zip(self._inputs, inputs, strict=True)]
        arrays = _memory(self.loops, dict(zip(self.loops.given, prepared(self._inputs, values), strict=True)))
        self._compiled(_pointers(self.loops, arrays), 0, 0, 0)
        return tuple(_value(arrays[b]) for b in self.loops.results)


def _compiled(loops: Loops) -> Compiled:
    # pickled, no two loops are the same; nothing ever reads it back
    return Compiled(pickle.dumps(loops, 5), lambda: _llvm(loops))


def _llvm(loops: Loops) -> str:
    # imported where it is needed: not where the code is in the cache
    from workings.engines.native.llvm import write_llvm

    return write_llvm(loops)


def _sources(loops: Loops) -> Mapping[str, str]:
    return {"loops": loops_text(loops), "llvm": _llvm(loops)}


def _memory(loops: Loops, given: Mapping[Buffer, Any]) -> dict[Buffer, np.ndarray]:
    """An array for each buffer: what is read as it was given, what is written a copy or new."""
    arrays = {}
    for buffer in loops.buffers:
        if buffer.role == "carry":
            arrays[buffer] = np.array(given[buffer], order="C")
        elif buffer in given:
            arrays[buffer] = np.asarray(given[buffer])
        elif buffer.value is not None:
            arrays[buffer] = buffer.value
        else:
            arrays[buffer] = np.empty(buffer.shape, buffer.dtype)
    return arrays


def _pointers(loops: Loops, arrays: Mapping[Buffer, np.ndarray]) -> Any:
    return (ctypes.c_void_p * len(loops.buffers))(*(arrays[b].ctypes.data for b in loops.buffers))


def _value(array: np.ndarray) -> Any:
    return array if array.ndim else array[()]
