"""Start values of parameters, by the papers they come from.

Each is a function of a shape, a random generator and a dtype. For a matrix the fans are its numbers of rows (in) and
columns (out), as `Linear` has them; for the weights of a convolution, of shape (out, in, *kernel), they are `in` and
`out` times the size of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from workings.errors import ArgumentError
from workings.trace.frames import user_origin

__all__ = [
    "Initial",
    "fans",
    "generator",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "seed",
    "truncated_normal",
    "zeros",
]

Rng = int | np.random.Generator | None


class Initial(Protocol):
    """A function that makes start values: `initial(shape, rng, dtype)`."""

    def __call__(self, shape: Sequence[int], rng: Rng, dtype: Any, /) -> np.ndarray: ...


_ambient = np.random.default_rng(0)


def seed(number: int) -> None:
    """Restart the generator that layers take their start values from where they are given none.

    It starts at seed 0 in each process, so that a program makes the same net whenever it runs.

    >>> from workings import nn
    >>> nn.seed(1)
    >>> first = nn.Linear(2, 2).weight
    >>> nn.seed(1)
    >>> bool(np.all(nn.Linear(2, 2).weight == first))
    True
    """
    global _ambient
    _ambient = generator(number)


def generator(rng: Rng) -> np.random.Generator:
    """The random generator that `rng` means: a seed, a generator, or None for that of `nn.seed`."""
    if rng is None:
        return _ambient
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(rng)
    raise ArgumentError(
        f"rng is {rng!r}, which is neither a seed nor a generator",
        where=user_origin(),
        fix="rng=0, or rng=np.random.default_rng(0)",
    )


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many values go into one output of a layer with weights of this shape, and out of one input.

    >>> fans((64, 10)), fans((8, 3, 5, 5))
    ((64, 10), (75, 200))
    """
    if len(shape) < 2:
        raise ArgumentError(
            f"weights of shape {tuple(shape)} have no fans", where=user_origin(), fix="two axes or more, or nn.zeros"
        )
    if len(shape) == 2:
        return shape[0], shape[1]
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _uniform(shape: Sequence[int], rng: Rng, dtype: Any, bound: float) -> np.ndarray:
    return generator(rng).uniform(-bound, bound, shape).astype(dtype)


def _normal(shape: Sequence[int], rng: Rng, dtype: Any, deviation: float) -> np.ndarray:
    return (deviation * generator(rng).standard_normal(shape)).astype(dtype)


def glorot_uniform(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Uniform within ±√(6 / (in + out)): variance 2 / (in + out). Keeps the scale of values and of gradients through
    linear and tanh layers.

    >>> bool(np.all(np.abs(glorot_uniform((2, 4), 0)) <= 1))
    True

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16.
    """
    return _uniform(shape, rng, dtype, math.sqrt(6 / sum(fans(shape))))


def glorot_normal(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Normal with variance 2 / (in + out).

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), eq. 12.
    """
    return _normal(shape, rng, dtype, math.sqrt(2 / sum(fans(shape))))


def he_uniform(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Uniform within ±√(6 / in): variance 2 / in, which keeps the scale through relu layers.

    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015), eq. 10, as a uniform distribution.
    """
    return _uniform(shape, rng, dtype, math.sqrt(6 / fans(shape)[0]))


def he_normal(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Normal with variance 2 / in, which keeps the scale through relu layers.

    Source: He, Zhang, Ren and Sun, Delving deep into rectifiers (2015), eq. 10.
    """
    return _normal(shape, rng, dtype, math.sqrt(2 / fans(shape)[0]))


def lecun_uniform(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Uniform within ±√(3 / in): variance 1 / in.

    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), section 4.6.
    """
    return _uniform(shape, rng, dtype, math.sqrt(3 / fans(shape)[0]))


def lecun_normal(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """Normal with variance 1 / in.

    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), eq. 16.
    """
    return _normal(shape, rng, dtype, math.sqrt(1 / fans(shape)[0]))


def orthogonal(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """A random matrix with orthonormal rows or columns, whichever are fewer, uniform among all such matrices.

    Of more than two axes, the first one against all others.

    >>> q = orthogonal((3, 3), 0, np.float64)
    >>> np.round(q @ q.T, 12) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])

    Source: Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks (2013); uniform by the signs of Mezzadri, How to generate random matrices from the classical compact
    groups (2007).
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    drawn = generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return np.ascontiguousarray((q if rows >= columns else q.T).reshape(shape), dtype)


def truncated_normal(
    shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32, deviation: float = 0.02
) -> np.ndarray:
    """Normal with mean 0 and this deviation, drawn again where it lies beyond two deviations.

    What is left deviates by 0.88 times `deviation`.

    >>> float(np.max(np.abs(truncated_normal((1000,), 0)))) <= 0.04
    True

    Source: Devlin, Chang, Lee and Toutanova, BERT (2018), whose code starts every matrix so, with 0.02.
    """
    rng = generator(rng)
    drawn = np.asarray(rng.standard_normal(shape))
    while np.any(far := np.abs(drawn) > 2):
        drawn[far] = rng.standard_normal(np.count_nonzero(far))
    return (deviation * drawn).astype(dtype)


def zeros(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """All 0, as biases start. Takes a generator like the others, and draws nothing from it."""
    return np.zeros(shape, dtype)


def ones(shape: Sequence[int], rng: Rng = None, dtype: Any = np.float32) -> np.ndarray:
    """All 1, as the scales of a normalization start. Takes a generator like the others, and draws nothing from it."""
    return np.ones(shape, dtype)
