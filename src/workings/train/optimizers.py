"""Optimizers: update rules written in NumPy, and traced like any function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from workings.errors import ArgumentError

__all__ = ["SGD", "Optimizer", "check_number", "check_rate", "check_setting"]


@runtime_checkable
class Optimizer(Protocol):
    """How parameters are nudged.

    `settings` are numbers that can be changed while training goes on. `state(parameter)` gives what is kept
    beside a parameter from step to step, by name, at the start. `update` is plain NumPy: it takes a parameter,
    its gradient, its state and the settings, and returns the next parameter and the next state. It is called
    once for each parameter, when training begins, and what it does becomes part of the program.

    Settings are weak, as Python's numbers are: a float32 parameter stays float32.

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


@dataclass(frozen=True)
class SGD:
    """Gradient descent: each parameter moves against its gradient, w ← w − η · dloss/dw.

    `learning_rate` is η. Too small and training crawls; too large and the loss grows from step to step.
    It may be 0 and must not be negative, inf or nan (`ArgumentError`).

    >>> SGD(0.01).update(0.5, -3.0, {}, {"learning_rate": 0.01})
    (0.53, {})

    Source: Robbins and Monro, A stochastic approximation method (1951); Cauchy (1847) for the full batch.
    """

    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        check_rate("learning_rate", self.learning_rate)

    def settings(self) -> Mapping[str, float]:
        return {"learning_rate": float(self.learning_rate)}

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        return parameter - settings["learning_rate"] * gradient, {}


def check_number(name: str, value: Any, example: str = "0.01") -> float:
    """The value as a float. Raises `ArgumentError` unless it is a finite number."""
    try:
        # float() would take a text too
        number = float("" if isinstance(value, (str, bytes, bool)) else value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is {value!r}, which is no number", fix=f"{name}={example}") from None
    if not math.isfinite(number):
        raise ArgumentError(f"{name} is {number:g}; it must be finite", fix=f"{name}={example}")
    return number


def check_rate(name: str, value: Any, sign: str = "the minus sign is in the update already") -> float:
    """The value as a float. Raises `ArgumentError` unless it is a finite number, and not negative."""
    number = check_number(name, value)
    if number < 0:
        raise ArgumentError(f"{name} is {number:g}; it must not be negative", fix=f"{name}={-number:g}; {sign}")
    return number


def check_setting(name: str, value: Any) -> float:
    """The value of a setting as a float, checked by what its name says."""
    return check_rate(name, value) if name == "learning_rate" else check_number(name, value)
