"""Adam and its kin: each parameter's step is scaled by the size its gradients have had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.train.optimizers.optimizer import fitted, numbers, pulled, shrunk
from workings.train.schedules import Schedule

__all__ = ["Adam", "AdamW", "NAdam", "adam"]


def adam(
    parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[Any, Mapping[str, Any]]:
    """Adam's rule: algorithm 1 of its paper, in the order at the end of its section 2."""
    count = settings["step"] + 1
    corrected = settings["learning_rate"] / (1 - settings["beta_1"] ** count)
    root = (1 - settings["beta_2"] ** count) ** 0.5
    m, v = moments(gradient, state, settings)
    size = np.sqrt(v) / fitted(root, parameter) + settings["epsilon"]
    return parameter - fitted(corrected, parameter) * m / size, {"m": m, "v": v}


def moments(gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """The running averages of the gradient and of its square."""
    m = settings["beta_1"] * state["m"] + (1 - settings["beta_1"]) * gradient
    v = settings["beta_2"] * state["v"] + (1 - settings["beta_2"]) * gradient**2
    return m, v


def zeros(parameter: Any) -> Mapping[str, Any]:
    """Where the running averages start."""
    return {"m": np.zeros_like(parameter), "v": np.zeros_like(parameter)}


@dataclass(frozen=True)
class Adam:
    """Adam: running averages of the gradient and of its square, corrected for their start at 0.

    With g = dloss/dw and t = 1, 2, … counting the updates,

        m ← β₁ m + (1 − β₁) g
        v ← β₂ v + (1 − β₂) g²
        w ← w − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)

    learning_rate     η, a number or a `Schedule`; about what a parameter moves by in a step
    beta_1, beta_2    β₁ and β₂: the shares of the averages that are kept
    epsilon           ε: keeps the divisor from 0
    weight_decay      λ: g + λ w takes the place of g, as if λ/2 w² were added to the loss; it is scaled along with
                      the gradient. `AdamW` takes it apart

    The rule is that of `torch.optim.Adam` without `amsgrad`. The bias corrections are worked out in float64 for
    parameters of any dtype.

    >>> rule = Adam(0.001)
    >>> w, state = rule.update(1.0, 250.0, rule.state(1.0), {**rule.settings(), "step": 0})
    >>> round(float(w), 6)  # the first step is the learning rate, however large the gradient is
    0.999

    Raises `ArgumentError` for a negative number, and for a β outside of [0, 1).

    Source: Kingma and Ba, Adam: a method for stochastic optimization (2014), algorithm 1.
    """

    learning_rate: float | Schedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "beta_1", "beta_2", "epsilon"], ["weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return zeros(parameter)

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        return adam(parameter, pulled(gradient, parameter, settings), state, settings)


@dataclass(frozen=True)
class AdamW:
    """Adam with the weight decay apart: w ← (1 − η λ) w, then Adam's step, whose averages see the gradient alone.

    learning_rate, beta_1, beta_2, epsilon    as those of `Adam`
    weight_decay                              λ; every step takes the share η λ of each parameter away

    The rule is that of `torch.optim.AdamW` without `amsgrad`.

    >>> rule = AdamW(0.1, weight_decay=0.5)
    >>> w, state = rule.update(1.0, 0.0, rule.state(1.0), {**rule.settings(), "step": 0})
    >>> float(w)
    0.95

    Raises `ArgumentError` for a negative number, and for a β outside of [0, 1).

    Source: Loshchilov and Hutter, Decoupled weight decay regularization (2017), algorithm 2; the decay is times
    the learning rate, as in PyTorch.
    """

    learning_rate: float | Schedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "beta_1", "beta_2", "epsilon"], ["weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return zeros(parameter)

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        return adam(shrunk(parameter, settings), gradient, state, settings)


@dataclass(frozen=True)
class NAdam:
    """Adam with Nesterov's look ahead: the average goes in as it will be after the next gradient.

    With m and v as in `Adam`, and the momentum warmed up by the decay ψ,

        μₜ = β₁ (1 − 0.96^(t ψ) / 2),   Πₜ = μ₁ μ₂ … μₜ
        w ← w − (η (1 − μₜ) / (1 − Πₜ) · g + η μₜ₊₁ / (1 − Πₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + ε)

    learning_rate, beta_1, beta_2, epsilon, weight_decay    as those of `Adam`
    momentum_decay                                          ψ
    decoupled                                               takes the weight decay apart, as `AdamW` does

    The rule is that of `torch.optim.NAdam`; the product Π is kept in float64 for parameters of any dtype.

    >>> rule = NAdam()
    >>> sorted(rule.state(np.zeros(2)))
    ['m', 'product', 'v']

    Raises `ArgumentError` for a negative number, and for a β outside of [0, 1).

    Source: Dozat, Incorporating Nesterov momentum into Adam (2016), algorithm 2.
    """

    learning_rate: float | Schedule = 0.002
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float = 0.0
    decoupled: bool = False

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "beta_1", "beta_2", "epsilon", "momentum_decay"], ["weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {**zeros(parameter), "product": np.float64(1.0)}

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        rate, count = settings["learning_rate"], settings["step"] + 1
        if self.decoupled:
            parameter = shrunk(parameter, settings)
        else:
            gradient = pulled(gradient, parameter, settings)
        bias = 1 - settings["beta_2"] ** count
        mu = settings["beta_1"] * (1 - 0.5 * 0.96 ** (count * settings["momentum_decay"]))
        mu_next = settings["beta_1"] * (1 - 0.5 * 0.96 ** ((count + 1) * settings["momentum_decay"]))
        product = state["product"] * mu
        now = rate * (1 - mu) / (1 - product)
        ahead = rate * mu_next / (1 - product * mu_next)
        m, v = moments(gradient, state, settings)
        size = np.sqrt(v / fitted(bias, parameter)) + settings["epsilon"]
        new = parameter - fitted(now, parameter) * gradient / size - fitted(ahead, parameter) * m / size
        return new, {"m": m, "v": v, "product": product}
