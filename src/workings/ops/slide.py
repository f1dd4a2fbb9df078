"""The arguments of functions over windows: how windows slide, read as a user writes it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ArgumentError, ShapeError
from workings.graph import Operators, call, input_node, lookup

__all__ = ["bordered", "checked", "floats", "numbers", "pairs", "row", "slide", "upscaling"]

Pair = tuple[int, int]


def checked(name: str, argument: str, x: Any, *axes: str) -> tuple[int, ...]:
    """The shape of x, which has these axes."""
    shape = np.shape(x)
    if len(shape) != len(axes):
        called = getattr(getattr(x, "node", x), "name", None) or argument
        raise ShapeError(
            f"{name}: {called} has shape {shape}, not the {len(axes)} axes ({', '.join(axes)})",
            fix=f"{called}[None]" if len(shape) == len(axes) - 1 else f"a reshape to {len(axes)} axes",
        )
    return shape


def numbers(name: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each axis, from one for all or one for each."""
    try:
        many = isinstance(value, (tuple, list))
        each = tuple(map(operator.index, value)) if many else (operator.index(value),) * count
    except TypeError:
        each = ()
    if len(each) != count or any(n < least for n in each):
        wanted = "a whole number" if count == 1 else f"a whole number, or {count} of them,"
        raise ArgumentError(f"{name}={value!r} is not {wanted} from {least} on", fix=f"{name}={max(least, 1)}")
    return each


def pairs(padding: Any, lengths: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> tuple[Pair, ...]:
    """The padding before and after along each axis; `lengths` are those of the images, `spans` those of a window."""
    count = len(lengths)
    if isinstance(padding, str) and padding == "valid":
        return ((0, 0),) * count
    if isinstance(padding, str) and padding == "same":
        along = zip(lengths, spans, strides, strict=True)
        missing = [max((-(-n // stride) - 1) * stride + span - n, 0) for n, span, stride in along]
        return tuple((n // 2, n - n // 2) for n in missing)
    if count == 1 and isinstance(padding, (tuple, list)) and len(padding) == 2:
        padding = (padding,)
    each = padding if isinstance(padding, (tuple, list)) else (padding,) * count
    if isinstance(padding, str) or len(each) != count:
        wanted = "a number or a pair" if count == 1 else f"a number, or a number or a pair for each of {count} axes"
        raise ArgumentError(f'padding={padding!r} is not "same", "valid", {wanted}', fix="padding=0")
    found = [numbers("padding", pair, 2, least=0) for pair in each]
    return tuple((before, after) for before, after in found)


def row(name: str, x: Any, size: Any, stride: Any, padding: Any) -> tuple[int, int, Pair]:
    """How windows of pooling slide along one axis: their size, stride and padding."""
    *_, length = checked(name, "x", x, "rows", "channels", "length")
    (window,) = numbers("size", size, 1)
    (step,) = (window,) if stride is None else numbers("stride", stride, 1)
    (around,) = pairs(padding, (length,), (window,), (step,))
    return window, step, around


_SILENT = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}  # how a convolution slides without saying so


def slide(op: str, arrays: Mapping[str, Any], **attributes: Any) -> Any:
    """Apply an op of windows to traced values, or to plain arrays: then by its meaning, after the same checks."""
    pooling = op.endswith("pool2d")
    given = {}
    for key, value in attributes.items():
        short = value if key == "size" and not pooling else _alike(value)
        if pooling or short != _SILENT.get(key):
            given[key] = short
    traced = next((x for x in arrays.values() if isinstance(x, Operators)), None)
    if traced is not None:
        return traced._call(op, *arrays.values(), **given)
    plain = {name: np.asarray(x) for name, x in arrays.items()}
    call(op, *(input_node(name, x.shape, x.dtype) for name, x in plain.items()), **given)
    return lookup(op).numpy(*plain.values(), **given)


def _alike(value: Any) -> Any:
    """One number where all are the same."""
    flat = np.ravel(value).tolist()
    return flat[0] if len(set(flat)) == 1 else value


def bordered(x: Any, padding: Sequence[Pair], size: Sequence[int], *, lowest: bool) -> Any:
    """Images with a border, of the lowest number there is or of 0, in which no window lies altogether."""
    if not np.any(padding):
        return x
    for around, length in zip(padding, size, strict=True):
        if max(around) >= length:
            raise ArgumentError(
                f"padding={tuple(padding)} leaves windows of {tuple(size)} without a value", fix="less padding"
            )
    value: Any = x if isinstance(x, Operators) else np.asarray(x)
    dtype: np.dtype = value.dtype
    least = 0 if not lowest or dtype.kind == "b" else -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)
    return np.pad(value, ((0, 0), (0, 0), *padding), constant_values=least)


def floats(x: Any) -> Any:
    """x, as floating numbers where it is none."""
    value: Any = x if isinstance(x, Operators) else np.asarray(x)
    return value if value.dtype.kind == "f" else value.astype(float)


def upscaling(length: int, scale: int, dtype: np.dtype) -> np.ndarray:
    """The matrix that puts `scale` values for each one, on straight lines between the middles of the old ones."""
    at = np.clip((np.arange(length * scale) + 0.5) / scale - 0.5, 0, length - 1)
    # a value counts less the farther away it is, and not at all from its neighbor on
    return np.maximum(1 - np.abs(at[:, np.newaxis] - np.arange(length)), 0).astype(dtype)
