"""Numbers and arrays as Python spells them, to the last bit.

A number beside a value of a NumPy type takes that type (NEP 50), so `2 * x` needs no more than `2`. Where
nothing stands beside it, it is written with its type: `np.float32(2)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["INLINE", "Spelled", "array", "name_of", "number", "spelled", "typed"]

INLINE = 16  # elements of an array that is written out in full
_WHOLE = 2**53  # up to here every whole number is a float
_ROW = 88  # characters of one row of an array
_SAMPLE = 64  # elements that are looked at before the whole array is
_FEW = 4  # elements that are always written out
_LONG = 6  # more digits than a person would write
_SHARES = 10**7  # 1/n is tried up to this n
_DEFAULTS = ("float64", "int64", "bool")  # what np.array makes of plain numbers


def name_of(dtype: np.dtype) -> str:
    """`np.float32`; `bool` is Python's."""
    return "bool" if dtype.kind == "b" else f"np.{dtype.name}"


def number(stored: Any, dtype: np.dtype, *, fractions: bool = False, derived: bool = False) -> str:
    """A number that becomes exactly `dtype.type(stored)` when it is converted to `dtype`.

    With `fractions`, 1/n is written as that where its digits are many, or where it is `derived`: no number of
    the user's, but the 1/n of a mean.

    >>> number(np.float32(0.1).item(), np.dtype("float32")), number(2, np.dtype("float64"))
    ('0.1', '2')
    >>> number(1 / 1438, np.dtype("float64"), fractions=True)
    '1 / 1438'
    """
    if dtype.kind == "b":
        return str(bool(stored))
    if dtype.kind in "iu":
        return str(int(stored))
    if dtype.kind == "c":
        return repr(complex(stored))
    value = dtype.type(stored)
    if not np.isfinite(value):
        sign = "-" if np.signbit(value) else ""
        return sign + ("np.nan" if np.isnan(value) else "np.inf")
    if isinstance(stored, int) and abs(stored) <= _WHOLE:
        return str(int(stored))
    text = repr(float(stored))
    short = repr(float(str(value)))
    if len(short) < len(text) and _same(dtype.type(float(short)), value):
        text = short
    many = derived or len(re.sub(r"e.*|\D", "", text).strip("0")) > _LONG
    if fractions and many and 1 / _SHARES < abs(value) < (0.5 if derived else 1):
        n = round(1 / float(stored))
        if _same(dtype.type(1 / n), value):
            return f"1 / {n}" if n > 0 else f"-1 / {-n}"
    return text


def _same(a: Any, b: Any) -> bool:
    return a.tobytes() == b.tobytes()


def typed(stored: Any, dtype: np.dtype) -> str:
    """A number of this dtype wherever it stands: `np.float64(2)`."""
    if dtype.kind == "b":
        return "np.True_" if stored else "np.False_"
    return f"np.{dtype.name}({number(stored, dtype, fractions=True)})"


class Spelled(NamedTuple):
    """A value's text in three parts, so that a line that is too long can be broken between `items`."""

    before: str
    items: tuple[str, ...] = ()
    after: str = ""

    @property
    def text(self) -> str:
        return f"{self.before}{', '.join(self.items)}{self.after}"


def spelled(value: np.ndarray) -> Spelled | None:
    """An array as a person would write it: `np.zeros(10)`, `np.array([1.0, 2.0])`; None if it is too long."""
    written = array(value) if value.size <= INLINE else None
    short = _generated(value) if value.size > _FEW else None
    if short is not None and (written is None or len(short) <= len(written.text)):
        return Spelled(short)
    return None if written is None or any(len(item) > _ROW for item in written.items) else written


def array(value: np.ndarray) -> Spelled:
    """`np.array([1.0, 2.0])`, with a dtype where NumPy would not choose it by itself."""
    if value.size == 0:
        return Spelled(_call("np.zeros", _shape(value.shape), value.dtype, "float64"))
    # bottom up over the axes: the elements, then each row of what stands there
    texts = [number(item, value.dtype) for item in value.ravel(order="C").tolist()]
    for length in reversed(value.shape[1:]):
        texts = [f"[{', '.join(texts[i : i + length])}]" for i in range(0, len(texts), length)]
    plain = value.dtype.name in _DEFAULTS
    return Spelled("np.array([", tuple(texts), "])" if plain else f"], dtype={name_of(value.dtype)})")


def _generated(value: np.ndarray) -> str | None:
    """How NumPy makes an array that follows a simple pattern; None where there is none."""
    dtype, shape, count = value.dtype, value.shape, value.shape[0]
    first = value.flat[0]
    candidates: list[tuple[str, Callable[[], np.ndarray]]] = []
    if all(item.tobytes() == first.tobytes() for item in value.flat[:_SAMPLE]):
        candidates = [
            (_call("np.zeros", _shape(shape), dtype, "float64"), lambda: np.zeros(shape, dtype)),
            (_call("np.ones", _shape(shape), dtype, "float64"), lambda: np.ones(shape, dtype)),
            (f"np.full({_shape(shape)}, {typed(first.item(), dtype)})", lambda: np.full(shape, first)),
        ]
    elif value.ndim == 1 and dtype.kind != "b" and value[1] == 1:
        candidates = [(_call("np.arange", str(count), dtype, "int64"), lambda: np.arange(count, dtype=dtype))]
    elif shape == (count, count) and value[0, 0] == 1:
        candidates = [(_call("np.eye", str(count), dtype, "float64"), lambda: np.eye(count, dtype=dtype))]
    for text, make in candidates:
        made = make()
        if made.dtype == dtype and made.tobytes() == value.tobytes():
            return text
    return None


def _call(function: str, argument: str, dtype: np.dtype, default: str) -> str:
    kind = "" if dtype.name == default else f", dtype={name_of(dtype)}"
    return f"{function}({argument}{kind})"


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if len(shape) == 1 else str(shape)
