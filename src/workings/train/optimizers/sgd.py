"""Gradient descent, with and without momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.train.optimizers.optimizer import fitted, numbers, pulled
from workings.train.schedules import Schedule

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD:
    """Gradient descent: each parameter moves against its gradient, w ← w − η g, where g = dloss/dw.

    learning_rate   η, a number or a `Schedule`. Too small and training crawls; too large and the loss grows from
                    step to step. It may be 0
    momentum        μ: the parameter moves by a velocity, v ← μ v + g;  w ← w − η v, which starts as 0
    dampening       τ: v ← μ v + (1 − τ) g; the first velocity is g itself
    nesterov        looks ahead along the velocity: w ← w − η (g + μ v)
    weight_decay    λ: g + λ w takes the place of g, as if λ/2 w² were added to the loss

    An option that is 0 is no part of the program. The rules are those of `torch.optim.SGD`.

    >>> SGD(0.01).update(0.5, -3.0, {}, {"learning_rate": 0.01})
    (0.53, {})
    >>> SGD(0.01, momentum=0.9).settings()
    {'learning_rate': 0.01, 'momentum': 0.9}

    Raises `ArgumentError` for a negative rate, for momentum outside of [0, 1), and for Nesterov's step without
    momentum or with dampening.

    Source: Robbins and Monro, A stochastic approximation method (1951); Cauchy (1847) for the full batch; Polyak
    (1964) for momentum; Sutskever et al., On the importance of initialization and momentum in deep learning
    (2013), equations 3 and 4, for Nesterov's step.
    """

    learning_rate: float | Schedule = 0.01
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.settings()
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            lacking = "with dampening" if self.momentum else "without momentum"
            raise ArgumentError(
                f"Nesterov's step {lacking} is not defined", fix="SGD(0.01, momentum=0.9, nesterov=True)"
            )
        if self.dampening != 0 and self.momentum == 0:
            raise ArgumentError("dampening without momentum does nothing", fix="SGD(0.01, momentum=0.9, dampening=0.1)")

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate"], ["momentum", "dampening", "weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {"velocity": np.zeros_like(parameter)} if self.momentum else {}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        rate = fitted(settings["learning_rate"], parameter)
        slope = pulled(gradient, parameter, settings)
        if not self.momentum:
            return parameter - rate * slope, {}
        velocity = settings["momentum"] * state["velocity"]
        if self.dampening:
            # the first velocity is the gradient whole
            velocity = velocity + np.where(settings["step"] == 0, slope, (1 - settings["dampening"]) * slope)
        else:
            velocity = velocity + slope
        direction = slope + settings["momentum"] * velocity if self.nesterov else velocity
        return parameter - rate * direction, {"velocity": velocity}
