"""A whole training run as one value: what writers write, engines run and documents explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workings.graph.display import AsHtml
from workings.graph.evaluate import evaluate
from workings.graph.graph import Graph
from workings.graph.node import Node, Role

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
                data, the settings, and the number of the step if anything depends on it, in this order; its
                outputs the loss, `finite`, `stop`, and the carry's
    carry       parameters and state: what a step hands to the next
    data        the values of the data, all rows of them, by name
    settings    numbers that can be changed without compiling again, by name
    gradients   for each parameter that is trained the node of its gradient
    steps       how many steps the written program runs when it is started by itself
    notes       what was simplified on the way, in words
    stops       for each setting that bounds the run the node that says the bound is met
    feed        how the batch of a step is taken from the data: a graph of all the data and the number of the
                step, whose outputs are the data inputs of `step`; None where every step sees all the data
    batches     how many steps an epoch has
    final       the program of the last step of each epoch, where its batch is smaller. It has the inputs of
                this one, apart from those of the data
    """

    step: Graph
    carry: tuple[Carry, ...]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    gradients: Mapping[Node, Node]
    steps: int = 100
    notes: tuple[Any, ...] = field(default=())
    stops: Mapping[str, Node] = field(default_factory=dict)
    feed: Graph | None = None
    batches: int = 1
    final: Program | None = None

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
        """The data as a step sees them: a batch, where there is a feed."""
        return self.step.inputs[len(self.carry) : len(self.carry) + len(self.data)]

    @property
    def setting_inputs(self) -> tuple[Node, ...]:
        start = len(self.carry) + len(self.data)
        return self.step.inputs[start : start + len(self.settings)]

    @property
    def counter(self) -> Node | None:
        """The input that is the number of the step; None where nothing depends on it."""
        last = self.step.inputs[-1]
        return last if last.role is Role.COUNTER else None

    @property
    def inputs(self) -> tuple[Node, ...]:
        """What a run of many steps is given: the carry, all the data, the settings."""
        data = self.data_inputs if self.feed is None else self.feed.inputs[: len(self.data)]
        return (*(c.input for c in self.carry), *data, *self.setting_inputs)

    def at(self, step: int) -> Program:
        """The program whose step this one is: `final` at the end of an epoch, if there is one."""
        return self if self.final is None or (step + 1) % self.batches else self.final

    def values(self, carry: Sequence[Any], data: Sequence[Any], settings: Sequence[Any], step: int) -> list[Any]:
        """The values of the inputs of the graph `step` at the step of this number, with its batch of all the data."""
        number = np.int64(step)
        batch = data if self.feed is None else evaluate(self.feed, [*data, number])
        return [*carry, *batch, *settings, *([number] if self.counter is not None else [])]

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
