"""What an optimizer is, and what the update rules share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from workings.train.checks import check_setting
from workings.train.schedules import Schedule

__all__ = ["Optimizer", "fitted", "numbers", "pulled", "shrunk"]


@runtime_checkable
class Optimizer(Protocol):
    """How parameters are nudged.

    `settings` are numbers that can be changed while training goes on. `state(parameter)` gives what is kept
    beside a parameter from step to step, by name, at the start. `update` is plain NumPy: it takes a parameter,
    its gradient, its state and the settings, and returns the next parameter and the next state. It is called
    once for each parameter, when training begins, and what it does becomes part of the program.

    Beside its settings `update` is given `settings["step"]`, the number of updates before this one. Settings are
    weak, as Python's numbers are: a float32 parameter stays float32.

    >>> import workings as wk
    >>> class Momentum:
    ...     def settings(self):
    ...         return {"learning_rate": 0.01, "decay": 0.9}
    ...     def state(self, parameter):
    ...         return {"velocity": np.zeros_like(parameter)}
    ...     def update(self, parameter, gradient, state, settings):
    ...         velocity = settings["decay"] * state["velocity"] + gradient
    ...         return parameter - settings["learning_rate"] * velocity, {"velocity": velocity}
    >>> import numpy as np
    >>> run = wk.train(lambda w: (w - 2) ** 2, {"w": 0.0}, optimizer=Momentum(), steps=100)
    >>> round(float(run.parameters["w"]), 1)
    2.0
    """

    def settings(self) -> Mapping[str, float]: ...

    def state(self, parameter: Any) -> Mapping[str, Any]: ...

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]: ...


def numbers(optimizer: Any, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, float]:
    """Fields of an optimizer as settings, checked; an optional one that is 0 is left out, and so is its term.

    Of a schedule it is the base that is a setting.
    """
    found: dict[str, float] = {}
    for name in (*names, *optional):
        value = getattr(optimizer, name)
        number = check_setting(name, value.learning_rate if isinstance(value, Schedule) else value)
        if name in names or number != 0:
            found[name] = number
    return found


def fitted(number: Any, parameter: Any) -> Any:
    """A number that was worked out with the step, in the dtype of the parameter it meets.

    The step is an int64, and what it meets becomes a float64 that is not weak.
    """
    return number.astype(np.result_type(parameter)) if isinstance(number, np.generic) else number


def pulled(gradient: Any, parameter: Any, settings: Mapping[str, Any]) -> Any:
    """Weight decay as a part of the loss, λ/2 w²: its slope is added to the gradient."""
    return gradient + settings["weight_decay"] * parameter if "weight_decay" in settings else gradient


def shrunk(parameter: Any, settings: Mapping[str, Any]) -> Any:
    """Weight decay apart from the loss: the parameter becomes smaller by the share η λ."""
    if "weight_decay" not in settings:
        return parameter
    return parameter * fitted(1 - settings["learning_rate"] * settings["weight_decay"], parameter)
