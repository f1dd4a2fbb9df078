"""Stop conditions: nodes of the step's graph, and which of them ended a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.graph import Carry, Graph, Node, Program, Role, call, constant, every_value, input_node
from workings.train.checks import check_number, check_rate
from workings.train.events import Reason

__all__ = ["BOUNDS", "Stopping", "Stops", "check_bound", "either", "finite"]

# the settings that bound a run, and the reason that each of them is
BOUNDS: Mapping[str, Reason] = {"until_loss": Reason.LOSS, "until_change": Reason.CHANGE}


def check_bound(name: str, bound: Any) -> float:
    """The bound as a float. Raises `ArgumentError` unless it is a finite number, and for a change not negative."""
    if BOUNDS[name] is Reason.CHANGE:
        return check_rate(name, bound, "it bounds the size of the change")
    return check_number(name, bound, "1e-6")


class Stopping:
    """The bounds among the settings, as conditions of a loss; the state that they need is the same for every loss."""

    def __init__(self, settings: Mapping[str, Node]) -> None:
        self._bounds = {name: settings[name] for name in BOUNDS if name in settings}
        self._previous: Node | None = None

    def conditions(self, loss: Node) -> tuple[dict[str, Node], list[Carry]]:
        """For each bound the node that says it is met, and what must be carried from step to step for it."""
        found: dict[str, Node] = {}
        carried: list[Carry] = []
        for name, setting in self._bounds.items():
            limit = setting if loss.dtype == setting.dtype else call("astype", setting, dtype=loss.dtype)
            if BOUNDS[name] is Reason.LOSS:
                found[name] = call("less", loss, limit)
                continue
            if self._previous is None:
                self._previous = input_node("previous_loss", (), loss.dtype, Role.STATE)
            found[name] = call("less", call("absolute", loss - self._previous), limit)
            carried.append(Carry(self._previous, loss, loss.dtype.type(np.inf)))
        return found, carried


def either(found: Mapping[str, Node]) -> Node:
    """The node that says whether any condition is met."""
    stop: Node | None = None
    for node in found.values():
        stop = node if stop is None else call("logical_or", stop, node)
    return constant(False) if stop is None else stop


def finite(loss: Node, after: Sequence[Node]) -> Node:
    """The node that says whether the loss, and everything that is carried on, is finite."""
    result = call("isfinite", loss)
    for node in after:
        if node is loss or node.dtype.kind != "f":
            continue
        one = call("isfinite", node)
        result = call("logical_and", result, one if node.shape == () else call("all", one))
    return result


class Stops:
    """Tells why a step ended the run, by the nodes that end it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._final = Stops(program.final) if program.final is not None else None
        self._reasons = (Reason.NON_FINITE, *(BOUNDS[name] for name in program.stops))
        self._outputs, self._settings = [c.output for c in program.carry], program.setting_inputs
        # what was carried into a step and is the loss of the step before
        self._previous = [c for c in program.carry if c.output is program.loss]
        # what follows from the loss, from what is carried on and from the settings alone
        known = [program.loss, *self._outputs, *self._settings, *(c.input for c in self._previous)]
        self._graph = Graph(dict.fromkeys(known), [program.finite, *program.stops.values()], name=program.step.name)

    def reason(self, losses: np.ndarray, step: int, carry: Sequence[Any], settings: Sequence[Any]) -> Reason | None:
        """Why the step that led to `step` and to `carry` is the last one; None if it need not be."""
        program = self._program
        if self._final is not None and program.at(step - 1) is not program:
            return self._final.reason(losses, step, carry, settings)
        values = dict(zip((*self._settings, *self._outputs), (*settings, *carry), strict=True))
        for c in self._previous:
            values[c.input] = losses[step - 2] if step > 1 else c.start
        values[program.loss] = losses[step - 1]
        with np.errstate(all="ignore"):
            found = every_value(self._graph, [values[node] for node in self._graph.inputs])
        is_finite, *met = (found[node] for node in self._graph.outputs)
        for reason, holds in zip(self._reasons, (not is_finite, *met), strict=True):
            if holds:
                return reason
        return None
