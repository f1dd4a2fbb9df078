"""Steps scaled by the squares of the gradients: RMSProp and Adagrad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.train.checks import check_rate
from workings.train.optimizers.optimizer import fitted, numbers, pulled
from workings.train.schedules import Schedule

__all__ = ["Adagrad", "RMSProp"]


@dataclass(frozen=True)
class RMSProp:
    """RMSProp: the gradient divided by the root of the running average of its square.

        v ← β v + (1 − β) g²
        w ← w − η g / (√v + ε)

    learning_rate   η, a number or a `Schedule`
    beta            β: the share of the average that is kept; PyTorch's alpha, Keras's rho
    epsilon         ε: keeps the divisor from 0
    momentum        μ: the quotient goes into a velocity, u ← μ u + g / (√v + ε);  w ← w − η u
    centered        the gradient's own average a ← β a + (1 − β) g is taken off: √(v − a²) takes the place of √v
    weight_decay    λ: g + λ w takes the place of g, as if λ/2 w² were added to the loss

    The rules are those of `torch.optim.RMSprop`. An option that is 0 is no part of the program.

    >>> w, state = RMSProp(beta=0.75, epsilon=0).update(
    ...     1.0, 4.0, {"v": 0.0}, {"learning_rate": 0.1, "beta": 0.75, "epsilon": 0.0})
    >>> float(w), state  # √v is 2
    (0.8, {'v': 4.0})

    Raises `ArgumentError` for a negative number, and for β or momentum outside of [0, 1).

    Source: Tieleman and Hinton, Neural networks for machine learning, lecture 6.5 (2012); Graves, Generating
    sequences with recurrent neural networks (2013), equations 38 to 41, for `centered`.
    """

    learning_rate: float | Schedule = 0.01
    beta: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "beta", "epsilon"], ["momentum", "weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        names = ["v", *(["average"] if self.centered else []), *(["velocity"] if self.momentum else [])]
        return {name: np.zeros_like(parameter) for name in names}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        rate, beta = fitted(settings["learning_rate"], parameter), settings["beta"]
        slope = pulled(gradient, parameter, settings)
        v = beta * state["v"] + (1 - beta) * slope**2
        kept = {"v": v}
        if self.centered:
            average = beta * state["average"] + (1 - beta) * slope
            size = np.sqrt(v - average**2) + settings["epsilon"]
            kept["average"] = average
        else:
            size = np.sqrt(v) + settings["epsilon"]
        if not self.momentum:
            return parameter - rate * slope / size, kept
        velocity = settings["momentum"] * state["velocity"] + slope / size
        return parameter - rate * velocity, {**kept, "velocity": velocity}


@dataclass(frozen=True)
class Adagrad:
    """Adagrad: the gradient divided by the root of the sum of all its squares so far.

        s ← s + g²
        w ← w − η / (1 + (t − 1) δ) · g / (√s + ε)

    learning_rate   η, a number or a `Schedule`
    rate_decay      δ: lets the rate fall with the updates, t = 1, 2, …; PyTorch's lr_decay
    start           what the sum s starts from; it is set when training begins, and is no setting
    epsilon         ε: keeps the divisor from 0
    weight_decay    λ: g + λ w takes the place of g, as if λ/2 w² were added to the loss

    The rules are those of `torch.optim.Adagrad`. An option that is 0 is no part of the program.

    >>> rule = Adagrad(0.5, epsilon=0)
    >>> w, state = rule.update(1.0, 3.0, rule.state(1.0), {**rule.settings(), "step": 0})
    >>> float(w), float(state["sum"])
    (0.5, 9.0)

    Raises `ArgumentError` for a negative number.

    Source: Duchi, Hazan and Singer, Adaptive subgradient methods for online learning and stochastic optimization
    (2011), figure 1, with the diagonal alone.
    """

    learning_rate: float | Schedule = 0.01
    rate_decay: float = 0.0
    start: float = 0.0
    epsilon: float = 1e-10
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_rate("start", self.start, "the sum is one of squares")
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "epsilon"], ["rate_decay", "weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {"sum": np.full_like(parameter, self.start)}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        rate = settings["learning_rate"]
        if self.rate_decay:
            rate = rate / (1 + settings["step"] * settings["rate_decay"])
        slope = pulled(gradient, parameter, settings)
        total = state["sum"] + slope**2
        size = np.sqrt(total) + settings["epsilon"]
        return parameter - fitted(rate, parameter) * slope / size, {"sum": total}
