"""Lion: steps of one size, by the sign of an average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.train.optimizers.optimizer import fitted, numbers, shrunk
from workings.train.schedules import Schedule

__all__ = ["Lion"]


@dataclass(frozen=True)
class Lion:
    """Lion: every parameter moves by the learning rate, in the direction of an average's sign.

        c = β₁ m + (1 − β₁) g
        w ← (1 − η λ) w − η sign(c)
        m ← β₂ m + (1 − β₂) g

    learning_rate   η, a number or a `Schedule`; three to ten times smaller than Adam's
    beta_1          β₁: how much of the average decides the step
    beta_2          β₂: how much of the average is kept
    weight_decay    λ, apart from the gradient; three to ten times larger than that of `AdamW`

    PyTorch has no Lion; the rule is that of the paper's own code. Where c is 0 the sign is 0, and only the decay
    moves the parameter.

    >>> w, state = Lion(0.5).update(
    ...     1.0, -250.0, {"m": 0.0}, {"learning_rate": 0.5, "beta_1": 0.9, "beta_2": 0.99})
    >>> float(w), round(state["m"], 6)
    (1.5, -2.5)

    Raises `ArgumentError` for a negative number, and for a β outside of [0, 1).

    Source: Chen et al., Symbolic discovery of optimization algorithms (2023), algorithm 2.
    """

    learning_rate: float | Schedule = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "beta_1", "beta_2"], ["weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {"m": np.zeros_like(parameter)}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        m, beta_1, beta_2 = state["m"], settings["beta_1"], settings["beta_2"]
        sign = np.sign(beta_1 * m + (1 - beta_1) * gradient)
        after = beta_2 * m + (1 - beta_2) * gradient
        return shrunk(parameter, settings) - fitted(settings["learning_rate"], parameter) * sign, {"m": after}
