"""Muon: steps that move a matrix equally along all its directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.train.checks import check_count
from workings.train.optimizers.adam import adam, zeros
from workings.train.optimizers.optimizer import fitted, numbers, shrunk
from workings.train.schedules import Schedule

__all__ = ["Muon", "orthogonal"]

_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the polynomial a x + b x³ + c x⁵, steep at 0
_LEAST = 1e-7  # what a norm is at least


def orthogonal(x: Any, steps: int = 5) -> Any:
    """The matrix nearest to `x` whose rows or columns are orthonormal, about: all singular values near 1.

    Newton–Schulz: x / ‖x‖, then `steps` times X ← a X + (b A + c A²) X with A = X Xᵀ, which applies an odd
    polynomial to each singular value. It is tuned to be steep at 0 rather than to settle: after 5 steps, those that
    were more than a hundredth of ‖x‖ lie between 0.68 and 1.14.

    >>> u = orthogonal(np.array([[3.0, 0.0], [0.0, 4.0]]))
    >>> bool(np.all(np.abs(np.diag(u) - 1) < 0.35)), u[0, 1] == 0
    (True, np.True_)
    """
    tall = x.shape[0] > x.shape[1]
    u = x / np.maximum(np.sqrt(np.sum(x**2)), _LEAST)
    for _ in range(steps):
        gram = u.T @ u if tall else u @ u.T  # the smaller of the two
        mix = _B * gram + _C * (gram @ gram)
        u = _A * u + (u @ mix if tall else mix @ u)
    return u


@dataclass(frozen=True)
class Muon:
    """Muon: for a matrix, momentum made orthogonal; for every other shape, `AdamW`.

    For a matrix W of shape (m, n), with O(·) as in `orthogonal`,

        V ← μ V + (1 − μ) G
        W ← (1 − η λ) W − η s O((1 − μ) G + μ V),   s = 0.2 √max(m, n)

    The factor s gives the step the size that a step of AdamW has, so that one learning rate and one weight decay
    serve all parameters (Liu et al.). Vectors, scalars and arrays of more axes, as biases, gains and the kernels
    of convolutions, are updated by the rule of `AdamW`. So would embeddings and the last layer better be, which
    are matrices here.

    learning_rate               η, a number or a `Schedule`, of both rules
    momentum                    μ
    weight_decay                λ, apart from the gradient, of both rules
    nesterov                    without it, O(V) takes the place of O((1 − μ) G + μ V)
    match_adamw                 if False, s = √max(1, m / n), as in Jordan's code: the learning rate is then that of
                                matrices, about 0.02, and too large for the rest
    iterations                  steps of Newton–Schulz
    beta_1, beta_2, epsilon     those of `AdamW`

    `torch.optim.Muon` takes matrices alone, has `match_adamw=False` unless it is told `"match_rms_adamw"`, and runs
    Newton–Schulz in bfloat16, with about 3 digits; here it is run in the parameter's own dtype. Otherwise the
    rules are the same.

    >>> rule = Muon()
    >>> sorted(rule.state(np.zeros((4, 3)))), sorted(rule.state(np.zeros(3)))
    (['velocity'], ['m', 'v'])

    Raises `ArgumentError` for a negative number, and for a momentum or β outside of [0, 1).

    Source: Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024); Liu et al., Muon is
    scalable for LLM training (2025), equation 4, for s.
    """

    learning_rate: float | Schedule = 0.001
    momentum: float = 0.95
    weight_decay: float = 0.1
    nesterov: bool = True
    match_adamw: bool = True
    iterations: int = 5
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        self.settings()
        check_count("iterations", self.iterations)

    def settings(self) -> Mapping[str, float]:
        return numbers(self, ["learning_rate", "momentum", "beta_1", "beta_2", "epsilon"], ["weight_decay"])

    def state(self, parameter: Any) -> Mapping[str, Any]:
        return {"velocity": np.zeros_like(parameter)} if np.ndim(parameter) == 2 else zeros(parameter)

    def update(
        self, parameter: Any, gradient: Any, state: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> tuple[Any, Mapping[str, Any]]:
        if np.ndim(parameter) != 2:
            return adam(shrunk(parameter, settings), gradient, state, settings)
        momentum = settings["momentum"]
        velocity = momentum * state["velocity"] + (1 - momentum) * gradient
        ahead = (1 - momentum) * gradient + momentum * velocity if self.nesterov else velocity
        rows, columns = parameter.shape
        scale = 0.2 * max(rows, columns) ** 0.5 if self.match_adamw else max(1, rows / columns) ** 0.5
        rate = fitted(settings["learning_rate"] * scale, parameter)
        return shrunk(parameter, settings) - rate * orthogonal(ahead, self.iterations), {"velocity": velocity}
