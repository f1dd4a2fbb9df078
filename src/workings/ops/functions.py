"""Functions that NumPy lacks, written in NumPy: they take plain arrays and traced values alike.

Each is stable for large inputs, and says what its derivative is where it has a kink. Import them as
`workings.functions`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Operators
from workings.ops import lacking
from workings.ops.images import (
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    max_pool1d,
    max_pool2d,
    upsample2d,
)

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "erf",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "max_pool1d",
    "max_pool2d",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "std",
    "stop_gradient",
    "take",
    "top_k",
    "upsample2d",
    "var",
]


def stop_gradient(x: Any) -> Any:
    """x itself, taken as given: its derivative is 0.

    >>> stop_gradient(3.0)
    3.0
    """
    return x._call("stop_gradient", x) if isinstance(x, Operators) else x


def erf(x: Any) -> Any:
    """The error function 2/√π · ∫₀ˣ exp(−t²) dt, element by element; its derivative is 2/√π · exp(−x²).

    >>> round(float(erf(0.5)), 6)
    0.5205

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.1.
    """
    if not isinstance(x, Operators):
        return lacking.erf(_floating(x))
    value: Any = x
    return x._call("erf", x if value.dtype.kind == "f" else x._call("astype", x, dtype=np.dtype(float)))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements of `x` at `indices` along an axis (None: of x flattened), where either may be traced.

    >>> take(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]), axis=1).tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    table: Any = x if isinstance(x, Operators) else np.asarray(x)
    if axis is None:
        table, axis = np.reshape(table, (np.size(table),)), 0
    (axis,) = _places(table, axis)
    indices = indices if isinstance(indices, Operators) else np.asarray(indices)
    if isinstance(indices, Operators) and not isinstance(table, Operators):
        return indices._call("getitem", table, indices, key=(*(slice(None),) * axis, "array"))
    taken: Any = table
    return taken[(*(slice(None),) * axis, indices)]


def one_hot(labels: Any, count: int, dtype: Any = float) -> Any:
    """1 at the place of each label and 0 elsewhere, along a new last axis of length `count`.

    `labels` are whole numbers from 0 to count − 1; what is none of these has zeros alone. In a net of float32, say
    `dtype=np.float32`. Labels have no derivative.

    >>> one_hot(np.array([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    table: Any = labels if isinstance(labels, Operators) else np.asarray(labels)
    if table.dtype.kind not in "iu":
        raise DtypeError(f"one_hot: the labels are {table.dtype.name}, not whole numbers", fix="labels.astype(int)")
    return (np.expand_dims(table, -1) == np.arange(operator.index(count))).astype(dtype)


def top_k(x: Any, k: int, axis: int = -1) -> Any:
    """The `k` largest values along an axis, the largest first, and their places: (values, places).

    Equal values come in their order, and nan counts as largest. The derivative goes to the places that were taken.

    >>> values, places = top_k(np.array([3.0, 1.0, 5.0, 5.0]), 3)
    >>> values.tolist(), places.tolist()
    ([5.0, 5.0, 3.0], [2, 3, 0])
    """
    (axis,), k = _places(x, axis), operator.index(k)
    count = np.shape(x)[axis]
    if not 0 <= k <= count:
        raise ArgumentError(f"top_k: there are {count} values along axis {axis}, not {k}", fix=f"k from 0 to {count}")
    # turned twice, so that of equal values the first comes first
    order = np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    places = count - 1 - order[(*(slice(None),) * axis, slice(k))]
    return np.take_along_axis(x if isinstance(x, Operators) else np.asarray(x), places, axis), places


# ── activations ─────────────────────────────────────────────────────────────────────────────────────────────


def relu(x: Any) -> Any:
    """max(x, 0), element by element. The derivative is 1 for x > 0 and 0 for x ≤ 0, at the kink too; nan stays nan.

    >>> relu(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]

    Source: Nair and Hinton, Rectified linear units improve restricted Boltzmann machines (2010).
    """
    return np.where(x <= 0, 0, x)


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """x for x > 0 and slope · x elsewhere. The derivative is 1 for x > 0 and `slope` for x ≤ 0, at the kink too.

    >>> leaky_relu(np.array([-1.0, 2.0])).tolist()
    [-0.01, 2.0]

    Source: Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models (2013).
    """
    return np.where(x <= 0, slope * x, x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(−x)), as exp(−log(1 + exp(−x))), which neither overflows nor loses small values.

    The derivative is sigmoid(x) · (1 − sigmoid(x)) everywhere; there is no kink.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.exp(-np.logaddexp(0, -x))


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow; a smooth relu. The derivative is sigmoid(x) everywhere.

    >>> softplus(np.array([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
    """
    return np.logaddexp(x, 0)


def silu(x: Any) -> Any:
    """x · sigmoid(x), also called swish. Smooth: its derivative is s + x · s · (1 − s), with s = sigmoid(x).

    >>> silu(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [-0.0, 0.0, 1000.0]

    Source: Elfwing, Uchibe and Doya, Sigmoid-weighted linear units (2018).
    """
    return x * sigmoid(x)


def gelu(x: Any) -> Any:
    """x · Φ(x), Φ being the normal distribution function (the exact form, by erf). Smooth everywhere.

    >>> round(float(gelu(1.0)), 6)
    0.841345

    Source: Hendrycks and Gimpel, Gaussian error linear units (2016).
    """
    below = erf(x * 0.5**0.5) * 0.5 + 0.5
    return x * below


# ── over an axis ────────────────────────────────────────────────────────────────────────────────────────────


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """log Σ exp(x) over an axis (None: all), without overflow, since the largest value is taken out first.

    The derivative is softmax(x), smooth at ties too. A slice of −inf alone gives −inf.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    highest = np.max(x, axis=axis, keepdims=True)
    # where all is −inf there is nothing to take out (−inf − −inf would be nan)
    peak = stop_gradient(np.where(np.isfinite(highest), highest, 0))
    total = np.sum(np.exp(x - peak), axis=axis, keepdims=True)
    result = np.log(total) + peak
    return result if keepdims else np.squeeze(result, axis=_places(x, axis))


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / Σ exp(x) along an axis: positive numbers that add up to 1. No overflow; smooth at ties too.

    The derivative of pᵢ with respect to xⱼ is pᵢ · ([i = j] − pⱼ).

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    # the peak cancels out, so it has no part in the derivative
    peak = stop_gradient(np.max(x, axis=axis, keepdims=True))
    exponentials = np.exp(x - peak)
    return exponentials / np.sum(exponentials, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) along an axis, exact also where a softmax would round to 0. Smooth at ties too.

    The derivative of log pᵢ with respect to xⱼ is [i = j] − pⱼ.

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    peak = stop_gradient(np.max(x, axis=axis, keepdims=True))
    shifted = x - peak
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _places(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes that `axis` names, counted from 0; None names all."""
    count = np.ndim(x)
    axes = range(count) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    places = [operator.index(a) for a in axes]
    for a in places:
        if not -count <= a < count:
            raise ShapeError(
                f"axis {a} is out of range for shape {np.shape(x)}", fix=f"an axis from {-count} to {count - 1}"
            )
    return tuple(a % count for a in places)


# ── statistics ──────────────────────────────────────────────────────────────────────────────────────────────


def var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean of the squared distances from the mean; `ddof` is taken from the count. As `np.var`.

    >>> float(var(np.array([1.0, 3.0])))
    1.0
    """
    centered = x - np.mean(x, axis=axis, keepdims=True)
    if ddof == 0:
        return np.mean(np.square(centered), axis=axis, keepdims=keepdims)
    count = int(np.prod([np.shape(x)[a] for a in _places(x, axis)]))
    return np.sum(np.square(centered), axis=axis, keepdims=keepdims) / max(count - ddof, 0)


def std(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The square root of `var`, as `np.std`. Where all values are equal it has a kink, and the derivative is nan.

    >>> float(std(np.array([1.0, 3.0])))
    1.0
    """
    return np.sqrt(var(x, axis=axis, ddof=ddof, keepdims=keepdims))


def _floating(x: Any) -> Any:
    value = np.asarray(x)
    return (value if value.dtype.kind == "f" else value.astype(float))[()]
