"""The derivation of one step of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.explain.derive import derive
from workings.explain.setting import worth
from workings.explain.steps import Derivation
from workings.graph import Program, every_value

__all__ = ["derive_step"]


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
    step = program.step
    inputs = [
        *carry,
        *((data or program.data)[node.name or ""] for node in program.data_inputs),
        *((settings or program.settings)[node.name or ""] for node in program.setting_inputs),
    ]
    values = {n: np.asarray(v, n.dtype)[()] for n, v in zip(step.inputs, inputs, strict=True)}
    with np.errstate(all="ignore"):
        found = every_value(step, list(values.values()))
    parameters = [c.input for c in program.carry if c.input in program.gradients]
    return derive(
        program.loss,
        parameters,
        values,
        updates={c.input: c.output for c in program.carry if c.input in program.gradients},
        update_gradients=program.gradients,
        settings=values,
        # a gradient that is constant is a number within the update, and no value of the step
        engine_gradients={n: worth(program.gradients[n], found) for n in parameters},
        names=step.names,
    )
