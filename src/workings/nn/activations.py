"""Activation functions as modules; the functions themselves, with their sources, are in `workings.functions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.nn.module import Module, refuse
from workings.ops import functions
from workings.trace.trees import static

__all__ = [
    "GELU",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


@dataclass(eq=False, repr=False)
class ReLU(Module):
    """max(x, 0), as `workings.functions.relu`.

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, x: Any) -> Any:
        return functions.relu(x)


@dataclass(eq=False, repr=False)
class LeakyReLU(Module):
    """x for x > 0 and slope · x elsewhere, as `workings.functions.leaky_relu`.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    slope: float = static(default=0.01)

    def __call__(self, x: Any) -> Any:
        return functions.leaky_relu(x, self.slope)


@dataclass(eq=False, repr=False)
class GELU(Module):
    """x · Φ(x), the exact form, as `workings.functions.gelu`.

    >>> round(float(GELU()(1.0)), 6)
    0.841345
    """

    def __call__(self, x: Any) -> Any:
        return functions.gelu(x)


@dataclass(eq=False, repr=False)
class SiLU(Module):
    """x · sigmoid(x), as `workings.functions.silu`.

    >>> round(float(SiLU()(1.0)), 6)
    0.731059
    """

    def __call__(self, x: Any) -> Any:
        return functions.silu(x)


@dataclass(eq=False, repr=False)
class Tanh(Module):
    """np.tanh.

    >>> float(Tanh()(0.0))
    0.0
    """

    def __call__(self, x: Any) -> Any:
        return np.tanh(x)


@dataclass(eq=False, repr=False)
class Sigmoid(Module):
    """1 / (1 + exp(−x)), as `workings.functions.sigmoid`.

    >>> float(Sigmoid()(0.0))
    0.5
    """

    def __call__(self, x: Any) -> Any:
        return functions.sigmoid(x)


@dataclass(eq=False, repr=False)
class Softplus(Module):
    """log(1 + exp(x)), as `workings.functions.softplus`.

    >>> round(float(Softplus()(0.0)), 6)
    0.693147
    """

    def __call__(self, x: Any) -> Any:
        return functions.softplus(x)


@dataclass(eq=False, repr=False)
class Softmax(Module):
    """exp(x) / Σ exp(x) along an axis, as `workings.functions.softmax`.

    A net that is trained by `cross_entropy` gives logits, and needs no softmax at its end.

    >>> Softmax()(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """

    axis: int = static(default=-1)

    def __call__(self, x: Any) -> Any:
        _check(self, x, self.axis)
        return functions.softmax(x, self.axis)


@dataclass(eq=False, repr=False)
class LogSoftmax(Module):
    """log(softmax(x)) along an axis, as `workings.functions.log_softmax`.

    >>> LogSoftmax()(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """

    axis: int = static(default=-1)

    def __call__(self, x: Any) -> Any:
        _check(self, x, self.axis)
        return functions.log_softmax(x, self.axis)


def _check(module: Module, x: Any, axis: int) -> None:
    count = np.ndim(x)
    if not -count <= axis < count:
        refuse(
            module, f"has no axis {axis} in an input of shape {np.shape(x)}", f"an axis from {-count} to {count - 1}"
        )
