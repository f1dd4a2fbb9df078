"""Normalization: values brought to one scale, over the features of a row or over the rows of a batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings import random
from workings.nn.module import Module, check_axis_size, check_rate, check_whole, floating, refuse, sizes
from workings.ops.functions import stop_gradient
from workings.trace.trees import state, static

__all__ = ["BatchNorm", "LayerNorm", "RMSNorm"]


@dataclass(init=False, eq=False, repr=False)
class LayerNorm(Module):
    """(x − mean) / √(variance + epsilon) · weight + bias, over the last axes of x.

    shape   the size of the last axis, or of the last axes: mean and variance are over these, row by row
    weight  of this shape, starts at 1
    bias    of this shape, starts at 0; None with `bias=False`

    The variance is the mean squared distance from the mean. Raises `ShapeError` for other last axes.

    >>> layer = LayerNorm(2)
    >>> np.round(layer(np.array([[1.0, 3.0], [0.0, 0.5]])), 3)
    array([[-1.,  1.],
           [-1.,  1.]])

    Source: Ba, Kiros and Hinton, Layer normalization (2016), eq. 4.
    """

    shape: tuple[int, ...] = static()
    epsilon: float = static()
    weight: Any
    bias: Any

    def __init__(
        self, shape: int | Sequence[int], *, epsilon: float = 1e-5, bias: bool = True, dtype: Any = np.float32
    ) -> None:
        self.shape, self.epsilon = _shape("LayerNorm", shape), epsilon
        self.weight = np.ones(self.shape, dtype)
        self.bias = np.zeros(self.shape, dtype) if bias else None

    def __call__(self, x: Any) -> Any:
        axis = _last(self, x, self.shape)
        centered = x - np.mean(x, axis=axis, keepdims=True)
        variance = np.mean(np.square(centered), axis=axis, keepdims=True)
        normal = centered / np.sqrt(variance + self.epsilon)
        scaled = normal * self.weight
        return scaled if self.bias is None else scaled + self.bias

    def __repr__(self) -> str:
        return f"LayerNorm({', '.join(map(str, self.shape))})"


@dataclass(init=False, eq=False, repr=False)
class RMSNorm(Module):
    """x / √(mean(x²) + epsilon) · weight, over the last axes of x: a layer norm that leaves the mean.

    PyTorch takes the smallest step of the dtype for epsilon, where it is not given; here it is 1e-6.

    >>> np.round(RMSNorm(2)(np.array([1.0, 7.0])), 3)
    array([0.2, 1.4])

    Source: Zhang and Sennrich, Root mean square layer normalization (2019), eq. 4.
    """

    shape: tuple[int, ...] = static()
    epsilon: float = static()
    weight: Any

    def __init__(self, shape: int | Sequence[int], *, epsilon: float = 1e-6, dtype: Any = np.float32) -> None:
        self.shape, self.epsilon = _shape("RMSNorm", shape), epsilon
        self.weight = np.ones(self.shape, dtype)

    def __call__(self, x: Any) -> Any:
        axis = _last(self, x, self.shape)
        size = np.sqrt(np.mean(np.square(x), axis=axis, keepdims=True) + self.epsilon)
        return x / size * self.weight

    def __repr__(self) -> str:
        return f"RMSNorm({', '.join(map(str, self.shape))})"


@dataclass(init=False, eq=False, repr=False)
class BatchNorm(Module):
    """(x − mean) / √(variance + epsilon) · weight + bias, for each feature over all rows of the batch.

    weight            (features,), starts at 1
    bias              (features,), starts at 0
    running_mean      (features,), a state: starts at 0
    running_variance  (features,), a state: starts at 1
    momentum          how far the states go towards the batch's mean and variance in each step of training

    The input has shape (batch, features), or (batch, features, …) with the places of a signal or an image behind;
    mean and variance are over all axes but the second. In training (see `workings.random.drawing`) they are those of
    the batch, and the states follow them; otherwise they are the states. As in PyTorch, the variance divides by the
    count of values to normalize, and by one less in the state. Raises `ShapeError` for another number of features, and
    in training for a single value for each feature, whose variance is no use.

    >>> layer = BatchNorm(2)
    >>> layer(np.array([[1.0, 2.0]])).round(3)
    array([[1., 2.]])
    >>> with random.drawing(training=True):
    ...     layer(np.array([[1.0, 2.0], [3.0, 6.0]])).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    >>> layer.running_mean
    array([0.2, 0.4], dtype=float32)

    Source: Ioffe and Szegedy, Batch normalization (2015), algorithms 1 and 2.
    """

    features: int = static()
    momentum: float = static()
    epsilon: float = static()
    weight: Any
    bias: Any
    running_mean: Any = state()
    running_variance: Any = state()

    def __init__(self, features: int, *, momentum: float = 0.1, epsilon: float = 1e-5, dtype: Any = np.float32) -> None:
        check_whole("BatchNorm", features=features)
        check_rate("BatchNorm", "momentum", momentum)
        self.features, self.momentum, self.epsilon = features, momentum, epsilon
        self.weight, self.bias = np.ones(features, dtype), np.zeros(features, dtype)
        self.running_mean, self.running_variance = np.zeros(features, dtype), np.ones(features, dtype)

    def __call__(self, x: Any) -> Any:
        floating(self, x)
        shape = np.shape(x)
        check_axis_size(self, x, self.features, axis=1, least=2, form=f"(batch, {self.features}, …)")
        if not random.training():
            mean, variance = self._along(self.running_mean, x), self._along(self.running_variance, x)
            return self._scaled((x - mean) / np.sqrt(variance + self.epsilon))
        axes = (0, *range(2, len(shape)))
        count = math.prod(shape) // self.features
        if count < 2:
            refuse(
                self,
                f"wants more than one value for each feature in training, and got {shape}",
                "a larger batch; the last one of an epoch has the rows that are left",
            )
        mean = np.mean(x, axis=axes, keepdims=True)
        centered = x - mean
        variance = np.mean(np.square(centered), axis=axes, keepdims=True)
        self.running_mean = self._followed(self.running_mean, mean)
        self.running_variance = self._followed(self.running_variance, variance * (count / (count - 1)))
        return self._scaled(centered / np.sqrt(variance + self.epsilon))

    def _followed(self, before: Any, found: Any) -> Any:
        """The state after a step, in its own dtype."""
        now = np.reshape(stop_gradient(found), (self.features,))
        after = (1 - self.momentum) * before + self.momentum * now
        return after.astype(before.dtype)

    def _scaled(self, normal: Any) -> Any:
        return normal * self._along(self.weight, normal) + self._along(self.bias, normal)

    def _along(self, value: Any, x: Any) -> Any:
        """A value for each feature, in a shape that goes along the second axis of x."""
        return value if np.ndim(x) == 2 else np.reshape(value, (self.features, *(1,) * (np.ndim(x) - 2)))

    def __repr__(self) -> str:
        return f"BatchNorm({self.features})"


def _shape(owner: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    axes: tuple[Any, ...] = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    for i, size in enumerate(axes):
        check_whole(owner, **{"shape" if len(axes) == 1 else f"shape[{i}]": size})
    return axes


def _last(module: Any, x: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The last axes, checked to be of this shape."""
    floating(module, x)
    if np.shape(x)[-len(shape) :] != shape:
        refuse(
            module,
            f"wants an input of shape {sizes(shape)}, and got {np.shape(x)}",
            f"{type(module).__name__}({np.shape(x)[-1] if np.ndim(x) else '…'})",
        )
    return tuple(range(-len(shape), 0))
