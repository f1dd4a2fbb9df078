"""Values in formulas, pictures and documents: a number whole, a few numbers in a row, the range of many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workings.write.text import number, text
from workings.write.tree import Number, Tree

__all__ = ["SMALL", "shape_word", "summary", "value_text"]

SMALL = 6
LISTED = 42  # columns that a few numbers may take


def summary(value: Any, *, mean: bool = True) -> str | Tree:
    """A value in a document: a number, a few numbers, or the range of many."""
    array = np.asarray(value)
    if array.shape == ():
        return Number(value)
    if array.size <= SMALL and len(listed := _listed(array)) <= LISTED:
        return listed
    if array.dtype.kind == "b":
        return f"{np.count_nonzero(array):,} of {array.size:,} true"
    if array.dtype.kind != "f":
        return f"{number(array.min())} … {number(array.max())}"
    finite = int(np.count_nonzero(np.isfinite(array)))
    if finite < array.size:
        return f"{array.size - finite:,} of {array.size:,} not finite"
    low, middle, high = (number(float(f"{float(v):.3g}") + 0.0) for v in (array.min(), array.mean(), array.max()))
    if low == high:
        return f"all {low}"
    return f"{low} … {high}" + (f", mean {middle}" if mean else "")


def value_text(value: Any, *, mean: bool = True) -> str:
    """A value in one line of text: a number to its last digit, a few numbers, or the range of many.

    >>> value_text(np.float64(0.1)), value_text(np.zeros((2, 9)))
    ('0.1', 'all 0')
    """
    if isinstance(value, tuple):  # all the results of a loop, each of which has a value of its own
        return ""
    shown = summary(value, mean=mean)
    return shown if isinstance(shown, str) else text(shown)


def _listed(array: np.ndarray) -> str:
    """A few numbers, exact where that is short, and otherwise rounded, which the sign before them says."""
    exact = _nested(array, number)
    if len(exact) <= 8 * array.size + 4:
        return exact
    return "≈ " + _nested(array, lambda v: number(float(f"{float(v):.3g}")))


def _nested(array: np.ndarray, spell: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return spell(array[()])
    return f"[{', '.join(_nested(a, spell) for a in array)}]"


def shape_word(value: Any) -> str:
    shape = np.shape(value)
    return f"[{'×'.join(map(str, shape))}]" if shape else ""
