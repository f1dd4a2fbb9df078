"""The derivation of one step of a training run, and all that is known of the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.explain.backward import UNFOLDED
from workings.explain.derive import derive
from workings.explain.setting import worth
from workings.explain.steps import Derivation
from workings.graph import Node, Program, every_value

__all__ = ["Recorded", "derive_step", "record_step"]


@dataclass(frozen=True)
class Recorded:
    """A step of a run: its number, its derivation, and the values of all nodes of its graph."""

    step: int
    derivation: Derivation
    values: Mapping[Node, Any]


def derive_step(
    program: Program,
    carry: Sequence[Any],
    *,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Derivation:
    """Derive the step that a program makes from these values of its carry, in the order of `program.carry`.

    `data` and `settings` are the program's own unless given. The names are those of the written program, and the
    gradients that the formulas are held against those that its step computes.
    """
    return record_step(program, carry, data=data, settings=settings).derivation


def record_step(
    program: Program,
    carry: Sequence[Any],
    step: int = 0,
    *,
    data: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    most: int = UNFOLDED,
) -> Recorded:
    """The step that a program makes from these values, derived (see `derive_step`), with all its values; layers are
    folded until at most so many values have a line."""
    program = program.at(step)
    graph = program.step
    given = [(data or program.data)[node.name or ""] for node in program.data_inputs]
    rates = [(settings or program.settings)[node.name or ""] for node in program.setting_inputs]
    inputs = program.values(carry, given, rates, step)
    values = {n: np.asarray(v, n.dtype)[()] for n, v in zip(graph.inputs, inputs, strict=True)}
    with np.errstate(all="ignore"):
        found = every_value(graph, list(values.values()))
    parameters = [c.input for c in program.carry if c.input in program.gradients]
    derivation = derive(
        program.loss,
        parameters,
        values,
        updates={c.input: c.output for c in program.carry if c.input in program.gradients},
        update_gradients=program.gradients,
        settings=values,
        # a gradient that is constant is a number within the update, and no value of the step
        engine_gradients={n: worth(program.gradients[n], found) for n in parameters},
        names=graph.names,
        most=most,
    )
    return Recorded(step, derivation, found)
