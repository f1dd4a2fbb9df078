"""Where in a sequence something stands: learned, sinusoidal and rotary positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.nn.initial import Initial, Rng, generator, truncated_normal
from workings.nn.module import Module, check_axis_size, check_whole, floating, refuse
from workings.trace.frames import user_origin
from workings.trace.trees import static

__all__ = ["LearnedPositions", "SinusoidalPositions", "rotary", "sinusoids"]


def sinusoids(length: int, size: int, *, base: float = 10000.0) -> np.ndarray:
    """The table of sines and cosines that marks positions, of shape (length, size).

    Row t has sin(t / base^(2i / size)) at column 2i and the cosine of the same at column 2i + 1.

    >>> np.round(sinusoids(2, 4), 4)
    array([[0.    , 1.    , 0.    , 1.    ],
           [0.8415, 0.5403, 0.01  , 1.    ]])

    Source: Vaswani et al., Attention is all you need (2017), section 3.5.
    """
    check_whole("sinusoids", length=length, size=size)
    if size % 2:
        raise ArgumentError(
            f"sinusoids: size is {size}, and sines and cosines come in pairs", where=user_origin(), fix="an even size"
        )
    angles = np.outer(np.arange(length), base ** (-np.arange(0, size, 2) / size))
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, size)


def rotary(x: Any, *, base: float = 10000.0, start: int = 0) -> Any:
    """x turned by its position, so that products of two rows depend on how far they are apart.

    x has shape (…, time, size) with an even size. Features i and i + size/2 of row t are the two coordinates of a
    point, which is turned by the angle (start + t) / base^(2i / size). (The paper pairs neighboring features: the same
    up to the order of the features, which are learned.)

    >>> rotary(np.array([[[1.0, 0.0], [1.0, 0.0]]])).round(4)
    array([[[1.    , 0.    ],
            [0.5403, 0.8415]]])

    Source: Su et al., RoFormer: Enhanced transformer with rotary position embedding (2021), eq. 34.
    """
    shape = np.shape(x)
    if len(shape) < 2 or shape[-1] % 2:
        raise ArgumentError(
            f"rotary wants an input of shape (…, time, size) with an even size, and got {shape}",
            where=user_origin(),
            fix="an even number of features",
        )
    half = shape[-1] // 2
    angles = np.outer(np.arange(start, start + shape[-2]), base ** (-np.arange(half) / half))
    cosines, sines = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cosines - b * sines, a * sines + b * cosines], axis=-1)


@dataclass(init=False, eq=False, repr=False)
class LearnedPositions(Module):
    """x + a learned vector for each position.

    weight  (length, size), drawn by `initial`

    The input has shape (…, time, size), with a time of at most `length`. Raises `ShapeError` for a longer one.

    >>> LearnedPositions(8, 4)(np.zeros((2, 5, 4), np.float32)).shape
    (2, 5, 4)

    Source: Gehring et al., Convolutional sequence to sequence learning (2017), section 3.1.
    """

    length: int = static()
    size: int = static()
    weight: Any

    def __init__(
        self, length: int, size: int, *, initial: Initial = truncated_normal, rng: Rng = None, dtype: Any = np.float32
    ) -> None:
        check_whole("LearnedPositions", length=length, size=size)
        self.length, self.size = length, size
        self.weight = initial((length, size), generator(rng), dtype)

    def __call__(self, x: Any) -> Any:
        check_axis_size(self, x, self.size, least=2, form=f"(…, time, {self.size})")
        time = np.shape(x)[-2]
        if time > self.length:
            refuse(
                self, f"has {self.length} positions, and got a sequence of {time}", "a larger length, or a shorter x"
            )
        return x + self.weight[:time]

    def __repr__(self) -> str:
        return f"LearnedPositions({self.length}, {self.size})"


@dataclass(eq=False, repr=False)
class SinusoidalPositions(Module):
    """x + `sinusoids`, which needs no parameters, and has no longest sequence. x has shape (…, time, size).

    >>> SinusoidalPositions()(np.zeros((2, 5, 4), np.float32)).dtype
    dtype('float32')

    Source: Vaswani et al., Attention is all you need (2017), section 3.5.
    """

    base: float = static(default=10000.0)

    def __call__(self, x: Any) -> Any:
        floating(self, x)
        shape = np.shape(x)
        if len(shape) < 2 or shape[-1] % 2:
            refuse(
                self, f"wants an input of shape (…, time, an even size), and got {shape}", "an even number of features"
            )
        return x + sinusoids(shape[-2], shape[-1], base=self.base).astype(x.dtype)
