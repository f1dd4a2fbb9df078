"""The derivation of one step of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workings.engines import ReferenceEngine
from workings.explain import Derivation, derive
from workings.graph import Program, Role

__all__ = ["explain_step"]


def explain_step(program: Program, carry: Sequence[Any], data: Sequence[Any], settings: Sequence[Any]) -> Derivation:
    """Derive the step that starts from this carry, in the names of the written program."""
    values = ReferenceEngine(program).values(carry, data, settings)
    weights = [c for c in program.carry if c.input.role is Role.PARAMETER]
    inputs = {node: values[node] for node in program.step.inputs}
    return derive(
        program.loss,
        [c.input for c in weights],
        {node: value for node, value in inputs.items() if node.role is not Role.SETTING},
        updates={c.input: c.output for c in weights},
        update_gradients={c.input: program.gradients[c.input] for c in weights},
        settings={node: value for node, value in inputs.items() if node.role in (Role.SETTING, Role.STATE)},
        engine_gradients={c.input: values[program.gradients[c.input]] for c in weights},
        names=program.step.names,
    )
