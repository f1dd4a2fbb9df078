"""The engine that runs a program node by node and can show every value: the meaning of a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from workings.engines.values import prepared, strong
from workings.graph import Graph, Node, Program, evaluate, every_value
from workings.graph.layouts import contiguous

__all__ = ["ReferenceEngine", "compile_reference"]


class ReferenceEngine:
    """Runs each step as NumPy calls, one for each node. Slow, and what the other engines are held against."""

    name: ClassVar[str] = "reference"
    note: str = ""

    def __init__(self, program: Program) -> None:
        self.program = program

    def values(
        self, carry: Sequence[Any], data: Sequence[Any], settings: Sequence[Any], step: int = 0
    ) -> dict[Node, Any]:
        """The value of every node in the step of this number, for these inputs."""
        given = prepared(self.program.inputs, (*carry, *data, *settings))
        with np.errstate(all="ignore"):
            return self._step(given[: len(carry)], given[len(carry) :], step, every_value)

    def _step(self, carry: Sequence[Any], given: Sequence[Any], step: int, how: Callable[..., Any]) -> Any:
        """The graph of this step, evaluated in that way."""
        program = self.program.at(step)
        split = len(program.data)
        values = program.values(carry, given[:split], given[split:], step)
        return how(program.step, [contiguous(value) for value in values])

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
        program = self.program
        inputs = prepared(program.inputs, (*carry, *data, *settings))
        carried, given = inputs[: len(program.carry)], inputs[len(program.carry) :]
        with np.errstate(all="ignore"):
            for step in range(first, last):
                loss, finite, stop, *after = self._step(carried, given, step, evaluate)
                losses[step] = loss
                carried = tuple(contiguous(value) for value in after)
                if not finite or stop:
                    return carried, step + 1
        return carried, last


def compile_reference(graph: Graph) -> Callable[..., tuple[Any, ...]]:
    """A graph as a function that evaluates it node by node."""

    def function(*inputs: Any) -> tuple[Any, ...]:
        with np.errstate(all="ignore"):
            return tuple(
                evaluate(graph, [strong(node, value) for node, value in zip(graph.inputs, inputs, strict=True)])
            )

    return function
