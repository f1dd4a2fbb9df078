"""The engine that compiles a program, with its loop over the steps, to one function of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from workings.engines.native.function import Function, OutsideError
from workings.engines.values import prepared, strong
from workings.errors import ArgumentError
from workings.graph import Graph, Program, evaluate
from workings.graph.layouts import contiguous
from workings.lower import loops_text, lower_graph, lower_program

__all__ = ["NativeEngine", "compile_native"]

_TARGET = "engine native"


class NativeEngine:
    """Runs a program as machine code, by LLVM: no Python between the steps.

    `loops` is the program as loops, and `sources` has it as text: "loops" and "llvm". Each elementwise operation is
    rounded as NumPy rounds it; sums are taken in lanes, in an order that hangs on shapes alone, and matrix products
    with fused multiply-add. `threads` share the work where it is large; how many there are changes no bit.
    `UnsupportedError` for an op that it does not have.
    """

    name: ClassVar[str] = "native"
    note: str = ""

    def __init__(self, program: Program, threads: int | None = None) -> None:
        self.program = program
        self.loops = lower_program(program, _TARGET)
        self._function = Function(self.loops, threads)
        self._inputs = program.inputs

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """What it runs, as text by language."""
        return {"loops": loops_text(self.loops), "llvm": self._function.llvm}

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
        inputs = prepared(self._inputs, (*carry, *data, *settings))
        given = dict(zip(self.loops.given, inputs, strict=False))
        training = self.loops.training
        assert training is not None
        part = losses[first : max(first, last)]
        direct = part.dtype == training.loss.dtype and part.flags.c_contiguous
        found = part if direct else np.empty(part.shape, training.loss.dtype)
        try:
            results, reached = self._function(given, found.ctypes.data, first, last)
        except OutsideError:
            # the error is the one that NumPy has for it
            from workings.engines.reference import ReferenceEngine

            ReferenceEngine(self.program).run(carry, data, settings, losses, first, last)
            raise
        if not direct:
            part[: reached - first] = found[: reached - first]
        return results, reached


def compile_native(graph: Graph, threads: int | None = None) -> Callable[..., tuple[Any, ...]]:
    """A graph as a function of the machine; `function.sources` are its texts, and `function.source` the loops."""
    return _Function(graph, threads)


class _Function:
    def __init__(self, graph: Graph, threads: int | None) -> None:
        self.graph = graph
        self.loops = lower_graph(graph, _TARGET)
        self._function = Function(self.loops, threads)

    @cached_property
    def sources(self) -> Mapping[str, str]:
        return {"loops": loops_text(self.loops), "llvm": self._function.llvm}

    @property
    def source(self) -> str:
        return self.sources["loops"]

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        nodes = self.graph.inputs
        values = [contiguous(strong(node, value)) for node, value in zip(nodes, inputs, strict=True)]
        given = dict(zip(self.loops.given, prepared(nodes, values), strict=True))
        try:
            return self._function(given)[0]
        except OutsideError:
            # the error is the one that NumPy has for it
            evaluate(self.graph, values)
            raise
