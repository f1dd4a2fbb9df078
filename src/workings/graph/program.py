"""A whole training run as one value: what writers write, engines run and documents explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workings.graph.display import AsHtml
from workings.graph.graph import Graph
from workings.graph.node import Node

__all__ = ["Carry", "Program"]


@dataclass(frozen=True, eq=False)
class Carry:
    """One value carried from step to step: the step's input, its output, and the value at the start."""

    input: Node
    output: Node
    start: Any

    @property
    def name(self) -> str:
        return self.input.name or ""


@dataclass(frozen=True, eq=False, repr=False)
class Program(AsHtml):
    """A training run: the graph of one step, and the loop around it.

    step        forward pass, backward pass and update of one step. Its inputs are those of the carry, the
                data and the settings, in this order; its outputs the loss, `finite`, `stop`, and the carry's
    carry       parameters and state: what a step hands to the next
    data        the values of the data, by name
    settings    numbers that can be changed without compiling again, by name
    gradients   for each parameter the node of its gradient
    steps       how many steps the written program runs when it is started by itself
    notes       what was simplified on the way, in words
    """

    step: Graph
    carry: tuple[Carry, ...]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    gradients: Mapping[Node, Node]
    steps: int = 100
    notes: tuple[Any, ...] = field(default=())

    @property
    def loss(self) -> Node:
        """The node of the loss."""
        return self.step.outputs[0]

    @property
    def finite(self) -> Node:
        """The node that tells whether the loss and everything carried on is finite."""
        return self.step.outputs[1]

    @property
    def stop(self) -> Node:
        """The node that tells whether a stop condition is met."""
        return self.step.outputs[2]

    @property
    def data_inputs(self) -> tuple[Node, ...]:
        return self.step.inputs[len(self.carry) : len(self.carry) + len(self.data)]

    @property
    def setting_inputs(self) -> tuple[Node, ...]:
        return self.step.inputs[len(self.carry) + len(self.data) :]

    def __repr__(self) -> str:
        given: dict[str, list[str]] = {}
        for node in self.step.inputs:
            given.setdefault(str(node.role), []).append(node.name or "")
        listed = "; ".join(f"{role} {', '.join(names)}" for role, names in given.items())
        return f"<program of {self.step.name}: {listed}; {len(self.step)} values in a step>"

    def start(self) -> tuple[Any, ...]:
        """The carry at the start: copies, C-contiguous, that a run may keep."""
        return tuple(_own(c.start, c.input.dtype) for c in self.carry)


def _own(value: Any, dtype: np.dtype) -> Any:
    # start values are NumPy scalars or arrays: a Python float raises where IEEE gives inf
    return dtype.type(value) if np.ndim(value) == 0 else np.array(value, dtype=dtype, order="C")
