"""A loss over its parameter, and the nudges that gradient descent makes on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.draw.plot import Plot, Series, plot
from workings.train import SGD, train

__all__ = ["Way", "losses_plot", "way", "way_plot"]

_ARROWS = 8
_LONGEST = 1000  # nudges to an arrow
_POINTS = 100  # on the curve, about


@dataclass(frozen=True)
class Way:
    """Where the nudges take w.

    ws, losses  the parameter, and its loss: at the start, and then at the end of each arrow
    every       how many nudges an arrow stands for
    goal        the value of w with which the answer is right
    """

    ws: tuple[float, ...]
    losses: tuple[float, ...]
    every: int
    goal: float


def way(loss: Callable[..., Any], start: float, learning_rate: float, x: float, expected: float) -> Way:
    """Train, and look at w between nudges: so often that the arrows can be seen, until it leaves the picture."""
    goal = expected / x
    span = abs(goal - start) or abs(goal) or 1.0
    data = {"x": x, "expected": expected}
    run = train(loss, {"w": start}, data, optimizer=SGD(learning_rate), steps=0, progress=False)
    first = abs(float(run.resume(steps=1, progress=False).parameters["w"]) - start)
    every = _round(0.35 * span / first) if first else 1
    ws = [start]
    while first and len(ws) <= _ARROWS and abs(ws[-1] - goal) <= 2.5 * span:
        run.resume(steps=every - 1 if len(ws) == 1 else every, progress=False)
        ws.append(float(run.parameters["w"]))
        if ws[-1] == ws[-2]:
            break
    return Way(tuple(ws), tuple(float(loss(w, x, expected)) for w in ws), every, goal)


def _round(count: float) -> int:
    """1, 2, 5, 10, 20, …: the largest that is not above `count`."""
    return max(m * 10**p for p in range(4) for m in (1, 2, 5) if m * 10**p <= min(max(count, 1), _LONGEST))


def way_plot(found: Way, loss: Callable[..., Any], formula: str, x: float, expected: float) -> Plot:
    """The loss over w, with the nudges as arrows on it."""
    low, high = min(*found.ws, found.goal), max(*found.ws, found.goal)
    room = 0.4 * (high - low) or abs(found.goal) or 1.0
    ws = _between(low - room, high + room)
    series = [Series(f"loss = {formula}", ws, loss(ws, x, expected))]
    if len(found.ws) > 1:
        name = "nudges" if found.every == 1 else f"nudges, {found.every:,} to an arrow"
        series.append(Series(name, found.ws, found.losses, "steps"))
    series.append(Series("goal", [found.goal], [float(loss(found.goal, x, expected))], "points"))
    return plot(series, title=f"The loss {formula} over w", x_label="w", y_label="loss", height=340)


def _between(low: float, high: float) -> np.ndarray:
    """Round numbers from `low` to `high`, evenly."""
    digits = math.floor(math.log10((high - low) / _POINTS))
    step = next(m for m in (1, 2, 5, 10) if m * 10.0**digits >= (high - low) / _POINTS)
    numbers = range(math.floor(low / (step * 10.0**digits)), math.ceil(high / (step * 10.0**digits)) + 1)
    return np.array([float(f"{k * step}e{digits}") for k in numbers])


def losses_plot(losses: np.ndarray) -> Plot:
    """The loss before each step; on a scale of ratios where it grows out of all proportion."""
    steep = float(losses[0]) > 0 and float(losses.max()) > 1e4 * float(losses[0])
    series = Series("loss", np.arange(len(losses)), losses)
    return plot([series], title="The loss before each step", x_label="step", y_label="loss", log=steep)
