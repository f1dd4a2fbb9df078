"""Matrices: `Linear`, `Embedding`, and `Flatten`, which makes rows of images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError, DtypeError
from workings.graph import Operators
from workings.nn.initial import Initial, Rng, generator, glorot_uniform, truncated_normal
from workings.nn.module import Module, check_axis_size, check_whole, refuse
from workings.ops.functions import take
from workings.trace.trees import static

__all__ = ["Embedding", "Flatten", "Linear"]


@dataclass(init=False, eq=False, repr=False)
class Linear(Module):
    """x @ weight + bias: each output a weighted sum of the inputs, plus a number.

    weight  (inputs, outputs), drawn by `initial`. PyTorch stores the transpose
    bias    (outputs,), starts at 0; None with `bias=False`

    The input has any shape (…, inputs), the result (…, outputs). Raises `ShapeError` for another last axis.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    inputs: int = static()
    outputs: int = static()
    weight: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        check_whole("Linear", inputs=inputs, outputs=outputs)
        self.inputs, self.outputs = inputs, outputs
        self.weight = initial((inputs, outputs), generator(rng), dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None

    def __call__(self, x: Any) -> Any:
        check_axis_size(self, x, self.inputs)
        if self.bias is None:
            return x @ self.weight
        return x @ self.weight + self.bias

    def __repr__(self) -> str:
        return f"Linear({self.inputs} → {self.outputs}{', bias=False' if self.bias is None else ''})"


@dataclass(init=False, eq=False, repr=False)
class Embedding(Module):
    """A vector for each of `count` symbols: row i of the weights for the whole number i.

    weight  (count, size), drawn by `initial`

    The input has any shape (…) of whole numbers from 0 to count − 1, the result (…, size). The gradient of a row is
    the sum over the places where its symbol stands. Raises `DtypeError` for floats, and `ArgumentError` for a number
    out of range in a plain array (NumPy would take −1 as the last).

    >>> layer = Embedding(10, 4)
    >>> layer(np.array([[1, 2, 3]])).shape
    (1, 3, 4)
    """

    count: int = static()
    size: int = static()
    weight: Any

    def __init__(
        self, count: int, size: int, *, initial: Initial = truncated_normal, rng: Rng = None, dtype: Any = np.float32
    ) -> None:
        check_whole("Embedding", count=count, size=size)
        self.count, self.size = count, size
        self.weight = initial((count, size), generator(rng), dtype)

    def __call__(self, x: Any) -> Any:
        x = x if isinstance(x, Operators) else np.asarray(x)
        if x.dtype.kind not in "iu":
            refuse(self, f"wants whole numbers, and got {x.dtype}", "x.astype(int)", DtypeError)
        if not isinstance(x, Operators) and x.size and not 0 <= x.min() <= x.max() < self.count:
            bad = x[(x < 0) | (x >= self.count)].flat[0]
            refuse(
                self, f"has no row {bad}", f"whole numbers from 0 to {self.count - 1}, or a larger count", ArgumentError
            )
        return take(self.weight, x, axis=0)

    def __repr__(self) -> str:
        return f"Embedding({self.count} → {self.size})"


@dataclass(init=False, eq=False, repr=False)
class Flatten(Module):
    """All axes but the first `keep` as one: (N, 8, 5, 5) becomes (N, 200).

    >>> Flatten()(np.zeros((32, 8, 5, 5))).shape
    (32, 200)
    """

    keep: int = static()

    def __init__(self, keep: int = 1) -> None:
        check_whole("Flatten", 0, keep=keep)
        self.keep = keep

    def __call__(self, x: Any) -> Any:
        shape = np.shape(x)
        if len(shape) < self.keep:
            refuse(self, f"wants {self.keep} axes or more, and got shape {shape}", "a batch of arrays")
        return np.reshape(x, (*shape[: self.keep], math.prod(shape[self.keep :])))
