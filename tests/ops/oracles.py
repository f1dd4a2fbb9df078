"""What each op means, said a second time and independently of the op's record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.special

__all__ = ["oracle"]


def _getitem(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    whole = list(key)
    places = [place for place, part in enumerate(key) if part == "array"]
    for place, index in zip(places, indices, strict=True):
        whole[place] = index
    return x[tuple(whole)]


def _put(values: Any, *indices: Any, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
    # which place each value goes to: index an array of places
    places = _getitem(np.arange(int(np.prod(shape))).reshape(shape), *indices, key=key)
    flat = np.zeros(int(np.prod(shape)), np.asarray(values).dtype)
    for place, value in zip(np.ravel(places), np.ravel(values), strict=True):
        flat[place] += value
    return flat.reshape(shape)


def _einsum(*arrays: Any, subscripts: str) -> Any:
    """Every product of elements by itself, added where the result's letters say."""
    terms, _, result = subscripts.partition("->")
    letters = terms.split(",")
    arrays = tuple(np.asarray(a) for a in arrays)
    lengths = {c: n for term, a in zip(letters, arrays, strict=True) for c, n in zip(term, a.shape, strict=True)}
    total = np.zeros([lengths[c] for c in result], np.result_type(*arrays))
    for index in np.ndindex(*lengths.values()):
        at = dict(zip(lengths, index, strict=True))
        product = total.dtype.type(1)
        for term, a in zip(letters, arrays, strict=True):
            product = product * a[tuple(at[c] for c in term)]
        total[tuple(at[c] for c in result)] += product
    return total


def _pad(x: Any, pad_width: Any, constant_values: Any = 0) -> Any:
    shape = [n + before + after for n, (before, after) in zip(np.shape(x), pad_width, strict=True)]
    whole = np.full(shape, constant_values, np.asarray(x).dtype)
    whole[tuple(slice(a, a + n) for n, (a, _) in zip(np.shape(x), pad_width, strict=True))] = x
    return whole


def _along(values: Any, indices: Any, axis: int, length: int) -> Any:
    shape = list(values.shape)
    shape[axis] = length
    whole = np.zeros(shape, values.dtype)
    for index in np.ndindex(values.shape):
        whole[(*index[:axis], int(indices[index]), *index[axis + 1 :])] += values[index]
    return whole


def _places(x: Any, indices: Any, axis: int) -> Any:
    result = np.empty(indices.shape, x.dtype)
    for index in np.ndindex(indices.shape):
        result[index] = x[(*index[:axis], int(indices[index]), *index[axis + 1 :])]
    return result


def _triples(
    images: int,
    kernels: int,
    channels: int,
    height_width: Any,
    window: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Which element of x meets which of the kernel for which of y; `channels` are those of one group."""
    stride, dilation = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    padding = np.broadcast_to(padding, (2, 2))
    places = [
        range(0, n + before + after - d * (k - 1), s)
        for n, (before, after), k, s, d in zip(height_width, padding, window, stride, dilation, strict=True)
    ]
    for n, o, c, i, j in np.ndindex(images, kernels, channels, *window):
        for p, down in enumerate(places[0]):
            for q, across in enumerate(places[1]):
                row, column = down + i * dilation[0] - padding[0, 0], across + j * dilation[1] - padding[1, 0]
                if 0 <= row < height_width[0] and 0 <= column < height_width[1]:
                    group = o // (kernels // groups)
                    yield (n, group * channels + c, row, column), (o, c, i, j), (n, o, p, q)


def _conv(x: Any, kernel: Any, **how: Any) -> Any:
    # where the last window begins, counted by trying all
    stride, dilation = (np.broadcast_to(how.get(key, 1), 2) for key in ("stride", "dilation"))
    padded = np.array(x.shape[2:]) + np.broadcast_to(how.get("padding", 0), (2, 2)).sum(axis=1)
    places = [
        len([at for at in range(0, n, s) if at + d * (k - 1) < n])
        for n, k, s, d in zip(padded, kernel.shape[2:], stride, dilation, strict=True)
    ]
    y = np.zeros((len(x), len(kernel), *places), np.result_type(x, kernel))
    for a, b, c in _triples(len(x), len(kernel), kernel.shape[1], x.shape[2:], kernel.shape[2:], **how):
        y[c] += x[a] * kernel[b]
    return y


def _conv_transpose(y: Any, kernel: Any, size: Any, groups: int = 1, **how: Any) -> Any:
    x = np.zeros((len(y), groups * kernel.shape[1], *size), np.result_type(y, kernel))
    for a, b, c in _triples(len(y), len(kernel), kernel.shape[1], size, kernel.shape[2:], groups=groups, **how):
        x[a] += y[c] * kernel[b]
    return x


def _conv_kernel(x: Any, y: Any, size: Any, groups: int = 1, **how: Any) -> Any:
    kernel = np.zeros((y.shape[1], x.shape[1] // groups, *size), np.result_type(x, y))
    for a, b, c in _triples(len(x), y.shape[1], kernel.shape[1], x.shape[2:], size, groups=groups, **how):
        kernel[b] += x[a] * y[c]
    return kernel


def _windows(shape: Any, size: Any, stride: Any) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
    """Each window over images of this shape: its index in the result, and its key in the images."""
    (h, w), (down, right) = np.broadcast_to(size, 2), np.broadcast_to(stride, 2)
    for n, c in np.ndindex(*shape[:2]):
        for p, i in enumerate(range(0, shape[2] - h + 1, down)):
            for q, j in enumerate(range(0, shape[3] - w + 1, right)):
                yield (n, c, p, q), (n, c, slice(i, i + h), slice(j, j + w))


def _pool(function: Callable[..., Any]) -> Callable[..., Any]:
    def pool(x: Any, size: Any, stride: Any) -> Any:
        places = [
            len(range(0, n - k + 1, s))
            for n, k, s in zip(x.shape[2:], np.broadcast_to(size, 2), np.broadcast_to(stride, 2), strict=True)
        ]
        result = np.zeros((*x.shape[:2], *places), x.dtype)
        for index, key in _windows(x.shape, size, stride):
            result[index] = function(x[key])
        return result

    return pool


def _argmax_pool(x: Any, largest: Any, size: Any, stride: Any) -> Any:
    places = np.zeros(largest.shape, int)
    for index, key in _windows(x.shape, size, stride):
        i, j = np.unravel_index(np.argmax(x[key]), x[key].shape)
        places[index] = (key[2].start + i) * x.shape[3] + key[3].start + j
    return places


def _avg_unpool(y: Any, size: Any, stride: Any, shape: Any) -> Any:
    x = np.zeros((*y.shape[:2], *shape), y.dtype)
    for index, key in _windows(x.shape, size, stride):
        x[key] += y[index] / x[key].size
    return x


_OWN: dict[str, Callable[..., Any]] = {
    "erf": scipy.special.erf,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "getitem": _getitem,
    "put": _put,
    "einsum": _einsum,
    "pad": _pad,
    "sort": lambda x, axis: np.sort(x, axis),
    # places of equal values would come in any order otherwise
    "argsort": lambda x, axis: np.argsort(x, axis, kind="stable"),
    "take_along_axis": _places,
    "put_along": _along,
    "conv2d": _conv,
    "conv_transpose2d": _conv_transpose,
    "conv_kernel2d": _conv_kernel,
    "max_pool2d": _pool(np.max),
    "avg_pool2d": _pool(np.mean),
    "argmax_pool2d": _argmax_pool,
    "avg_unpool2d": _avg_unpool,
    "stop_gradient": lambda x: x,
    "astype": lambda x, dtype: np.asarray(x).astype(dtype)[()],
    "concatenate": lambda *parts, axis: np.concatenate(parts, axis),
    "stack": lambda *parts, axis: np.stack(parts, axis),
}


def oracle(name: str) -> Callable[..., Any]:
    """The function of NumPy or SciPy that the op `name` stands for."""
    return _OWN[name] if name in _OWN else getattr(np, name)
