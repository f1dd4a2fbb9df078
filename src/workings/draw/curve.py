"""Numbers along a line, as an area of block characters for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["curve"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1


def curve(values: Sequence[float] | np.ndarray, width: int = 72, height: int = 8, first: int = 0) -> str:
    """Draw `values` from left to right, at most `width` columns wide, `height` rows and an axis high.

    The area stands on 0, or on the smallest value where that is below 0. Where there are more values than
    columns, a column shows the largest of those that fall on it, so that no peak is lost. `first` is the
    number of the first value, for the axis. Only finite values can be drawn (`ValueError`).

    >>> print(curve([4.0, 2.0, 1.0, 0.5], width=13, height=2))
    4 ┤██
      │████▄▄▂▂
    0 └────────
       0      3
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1 or not numbers.size:
        raise ValueError(f"a curve is drawn from one row of numbers, and this has shape {numbers.shape}")
    if not np.all(np.isfinite(numbers)):
        raise ValueError("a curve is drawn from finite numbers")
    low, high = min(0.0, float(numbers.min())), float(numbers.max())
    labels = _label(high), _label(low)
    margin = max(map(len, labels))
    room = max(width - margin - 3, 2)
    columns = _columns(numbers, room)
    scale = float(np.max(np.abs([low, high]))) or 1.0  # so that the difference of two large numbers is finite
    span = high / scale - low / scale or 1.0
    levels = np.rint((columns / scale - low / scale) / span * height * _EIGHTHS).astype(int)
    lines = []
    for row in reversed(range(height)):
        filled = np.clip(levels - row * _EIGHTHS, 0, _EIGHTHS)
        head = f"{labels[0]:>{margin}} ┤" if row == height - 1 else f"{'':{margin}} │"
        lines.append((head + "".join(_BLOCKS[level] for level in filled)).rstrip())
    lines.append(f"{labels[1]:>{margin}} └{'─' * len(columns)}")
    left, right = str(first), str(first + len(numbers) - 1)
    ends = left if left == right else left + right.rjust(max(len(columns) - len(left), len(right) + 1))
    lines.append(f"{'':{margin}}  {ends}")
    return "\n".join(lines)


def _columns(numbers: np.ndarray, room: int) -> np.ndarray:
    """One number for each column."""
    if len(numbers) > room:
        starts = np.arange(room) * len(numbers) // room
        return np.maximum.reduceat(numbers, starts)
    return np.repeat(numbers, max(1, room // len(numbers)))


def _label(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
