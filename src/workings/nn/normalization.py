"""Normalization: values brought to one scale, over the features of a row or over the rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.nn.module import Module, check_whole, floating, refuse, sizes
from workings.trace.trees import static

__all__ = ["LayerNorm", "RMSNorm"]


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
