"""Optimizers: update rules written in NumPy, and traced like any function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from workings.errors import ArgumentError

__all__ = ["SGD", "Optimizer"]


@runtime_checkable
class Optimizer(Protocol):
    """How parameters are nudged.

    `settings` are numbers that can be changed while training goes on. `state(parameter)` gives what is kept
    beside a parameter from step to step, by name, at the start. `update` is plain NumPy: it takes a parameter,
    its gradient, its state and the settings, and returns the next parameter and the next state.
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


def check_rate(name: str, value: Any) -> None:
    """Raise unless `value` is a finite number, and not negative."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is {value!r}, which is no number", fix=f"{name}=0.01") from None
    if not math.isfinite(number) or number < 0:
        fix = f"{name}={-number:g}; the minus sign is in the update already" if number < 0 else f"{name}=0.01"
        raise ArgumentError(f"{name} is {number:g}; it must be finite and not negative", fix=fix)
