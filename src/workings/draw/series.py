"""Rows of numbers for a plot, and which of many points are worth drawing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workings.errors import ArgumentError

__all__ = ["Series", "Style", "checked", "thin"]

Style = Literal["line", "points", "steps"]

_MARK = 3.0  # the size of a mark: what lies in one square of this size is one
_MOST = 2_500


@dataclass(frozen=True, eq=False)
class Series:
    """Numbers to plot: `ys` over `xs`, one row of each.

    style  "line"; "points"; or "steps", points joined by arrows in their order
    """

    name: str
    xs: Any
    ys: Any
    style: Style = "line"

    def shown(self, log: bool, log_x: bool = False) -> np.ndarray:
        """For each point, whether it can be shown."""
        good = np.isfinite(self.xs) & np.isfinite(self.ys)
        if log:
            good = good & (np.asarray(self.ys) > 0)
        return good & (np.asarray(self.xs) > 0) if log_x else good


def checked(series: Series) -> Series:
    """The series with arrays as its rows; raises `ArgumentError` where they are no rows of the same length."""
    rows = []
    for name, row in (("xs", series.xs), ("ys", series.ys)):
        array = np.asarray(row)
        if array.dtype.kind not in "iuf" or array.ndim != 1:
            raise ArgumentError(
                f"the {name} of {series.name!r} are {array.dtype} of shape {array.shape}, and not a row of numbers",
                fix="a list or an array of one dimension",
            )
        if array.dtype.itemsize > 8:
            with np.errstate(over="ignore"):
                array = array.astype(float)
        rows.append(array)
    if len(rows[0]) != len(rows[1]):
        raise ArgumentError(
            f"{series.name!r} has {len(rows[0])} xs and {len(rows[1])} ys", fix="as many of the one as of the other"
        )
    if series.style not in ("line", "points", "steps"):
        raise ArgumentError(f"there is no style {series.style!r}", fix="line, points or steps")
    return Series(series.name, rows[0], rows[1], series.style)


def thin(style: Style, x: np.ndarray, y: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """From places in the picture, and which of them can be shown: the numbers of those to draw, not too many."""
    apart = 1.0
    while len(keep := _THIN[style](x, y, np.flatnonzero(shown), apart)) > _MOST:
        apart *= 2
    return keep


def _thin_line(x: np.ndarray, y: np.ndarray, at: np.ndarray, apart: float) -> np.ndarray:
    """Of the points in each column of the picture: the lowest and the highest, and the ends of the line."""
    if len(at) <= 2:
        return at
    column = np.floor(x[at] / apart)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    keep = {0, len(at) - 1}
    for a, b in itertools.pairwise([*starts.tolist(), len(at)]):
        keep |= {a + int(np.argmin(y[at[a:b]])), a + int(np.argmax(y[at[a:b]]))}
    return at[sorted(keep)]


def _thin_points(x: np.ndarray, y: np.ndarray, at: np.ndarray, apart: float) -> np.ndarray:
    """One point of those that would lie on each other."""
    cells = np.stack([np.floor(x[at] / (_MARK * apart)), np.floor(y[at] / (_MARK * apart))], axis=1)
    _, first = np.unique(cells, axis=0, return_index=True)
    return at[np.sort(first)]


def _thin_steps(x: np.ndarray, y: np.ndarray, at: np.ndarray, apart: float) -> np.ndarray:
    """The points that are apart from the one before, each way once; and the last."""
    cells = np.stack([np.floor(x[at] / (_MARK * apart)), np.floor(y[at] / (_MARK * apart))], axis=1).tolist()
    keep: list[int] = []
    been: set[tuple[float, ...]] = set()
    before: list[float] = []
    for i, cell in zip(at.tolist(), cells, strict=True):
        if cell != before and (*before, *cell) not in been:
            been.add((*before, *cell))
            keep.append(i)
            before = cell
    if at.size and keep[-1] != at[-1]:
        keep.append(int(at[-1]))
    return np.array(keep, dtype=int)


_THIN = {"line": _thin_line, "points": _thin_points, "steps": _thin_steps}
