"""A learning rate to begin with: found by trying them from small to large, a step with each."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.draw.plot import Plot, Series, plot
from workings.errors import ArgumentError, NonFiniteError
from workings.graph.display import AsHtml
from workings.train.checks import check_count, check_rate
from workings.train.data import split
from workings.train.evaluate import caster
from workings.train.events import Reason
from workings.train.fit import fit
from workings.train.loop import Position
from workings.train.optimizers import optimizer_of
from workings.train.run import Run
from workings.train.schedules import Schedule
from workings.train.train import train

__all__ = ["RangeTest", "find_learning_rate"]

_GROWTH = 4.0  # the loss has run away where it lies above its lowest by more than so many times its fall
_BEFORE = 10.0  # where the loss is lowest, a rate is too large by about this factor
_NOISES = 3.0  # a fall is one where it is larger than so many times what the smoothed loss wavers by
_LEAST = 1e-3  # and larger than this share of the loss
_BEGUN = 0.1  # of the fall: from here on it is one
_FEWEST = 10  # losses, of which something can be said


@dataclass(frozen=True, eq=False, repr=False)
class RangeTest(AsHtml):
    """A learning rate, why it is this one, and the losses over the rates from which that is seen.

    learning_rate    the number, of two digits
    reason           how it comes about, in words
    rates, losses    the rates that were tried, and the loss after the step with each, less what its batch is harder
                     than others before anything is learned
    smoothed         the losses without what they still waver by
    """

    learning_rate: float
    reason: str
    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    def plot(self) -> Plot:
        """The losses over the rates, and the place of the number."""
        top = self.smoothed[0] + (self.smoothed[0] - self.smoothed.min())  # what has run away is cut off
        seen = np.where(self.losses <= top, self.losses, np.nan)
        place = float(np.interp(np.log(self.learning_rate), np.log(self.rates), self.smoothed))
        series = [
            Series("loss", self.rates, seen, "points"),
            Series("smoothed", self.rates, np.where(self.smoothed <= top, self.smoothed, np.nan)),
            Series(f"{self.learning_rate:g}", [self.learning_rate], [place], "points"),
        ]
        label = "loss after a step"
        return plot(series, title="", x_label="learning rate", y_label=label, width=560, height=280, log_x=True)

    def __float__(self) -> float:
        return self.learning_rate

    def __str__(self) -> str:
        return f"learning rate {self.learning_rate:g}: {self.reason}"

    def __repr__(self) -> str:
        return f"<{self}>"


def find_learning_rate(
    model: Any,
    *data: Any,
    loss: str | Callable[[Any, Any], Any] | None = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    tried: int = 100,
    **options: Any,
) -> RangeTest:
    """A learning rate to begin with: rates are tried from small to large, a step with each, until the loss runs away.

    model, data, loss, options   those of `fit`; or, without `loss`, those of `train`: a loss, its parameters and data
    lowest, highest              the first rate and the last
    tried                        how many are tried; each is larger than the one before by the same factor

    The number is the rate at which the smoothed loss falls fastest over the logarithm of the rate, or a tenth of
    that at which it is lowest, whichever is smaller. Where the learning rate is a schedule it is the base of it.

    One run takes all the steps, and the rate is a setting of it: nothing is compiled again from one to the next. A
    first round of it, with a rate of 0, says how hard each batch is by itself. The model stays as it is. What stops
    a run early or reduces its rate, its listeners and its metrics are left out.

    >>> import numpy as np, workings as wk
    >>> x = np.linspace(-1, 1, 50)
    >>> found = wk.find_learning_rate(
    ...     lambda w, x, y: np.mean((w * x - y) ** 2), {"w": 0.0}, {"x": x, "y": 2 * x}, optimizer=wk.SGD())
    >>> found.learning_rate < 2.88  # above 2 / (2 · mean x²) steps overshoot further and further
    True
    >>> run = wk.train(
    ...     lambda w, x, y: np.mean((w * x - y) ** 2), {"w": 0.0}, {"x": x, "y": 2 * x}, optimizer=wk.SGD(float(found)))
    >>> bool(run.losses[-1] < 1e-3 * run.losses[0])
    True

    Raises `ArgumentError` where no rate makes the loss fall, and says why; and what `fit` and `train` raise.

    Source: Smith, Cyclical learning rates for training neural networks (2017), section 3.3.
    """
    low, high = check_rate("lowest", lowest), check_rate("highest", highest)
    if not 0 < low < high:
        raise ArgumentError(
            f"the rates go from {lowest!r} to {highest!r}; they climb, from above 0", fix="lowest=1e-6, highest=10.0"
        )
    count = check_count("tried", tried, 20)
    run = _begun(model, data, loss, options)
    if "learning_rate" not in run.settings:
        raise ArgumentError(
            f"this optimizer has no setting learning_rate; it has {', '.join(run.settings) or 'none'}",
            fix="optimizer=wk.SGD()",
        )
    return _judged(*_tried(run, np.geomspace(low, high, count), int(options.get("accumulate", 1))))


# ── the run ──


def _begun(model: Any, data: tuple[Any, ...], loss: Any, options: dict[str, Any]) -> Run:
    """A run of which no step has been run, and which nothing but its steps will end."""
    make = train if loss is None else fit
    if loss is not None:
        options = {**options, "loss": loss}
    given = dict(inspect.signature(make).bind(model, *data, **options).arguments)
    for name in _LEFT_OUT & given.keys():
        del given[name]
    share = given.pop("validation", None)
    if isinstance(share, float):
        stratify = given.pop("stratify", False)
        # lists are arrays in `fit` too
        cast = caster(np.dtype(given.get("dtype", np.float32)))
        x, y = cast("x", given["x"]), cast("y", given["y"])
        (given["x"], given["y"]), _ = split(x, y, share, given.get("seed", 0), stratify=stratify)
    rule = given.get("optimizer")
    rule = optimizer_of(rule) if isinstance(rule, str) else rule
    rate = getattr(rule, "learning_rate", None)
    if isinstance(rate, Schedule) and dataclasses.is_dataclass(rule) and not isinstance(rule, type):
        # steps as they are at the base of the schedule
        rule = dataclasses.replace(rule, learning_rate=rate.learning_rate)
    given |= {"optimizer": rule, "progress": False}
    return train(**given, steps=0) if loss is None else fit(**given, begin=False)


_LEFT_OUT = frozenset(
    {
        "begin",
        "checkpoints",
        "chunk",
        "early_stopping",
        "epochs",
        "listeners",
        "metrics",
        "progress",
        "reduce_on_plateau",
        "resume",
        "steps",
        "until_change",
        "until_loss",
    }
)


def _tried(run: Run, rates: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The rates until the loss runs away, and the loss before a step with each, as it is for the average batch.

    A first round, in which nothing is learned, says how hard each batch is by itself. With gradients that are
    collected over several steps all of these are one.
    """
    _resume(run, len(rates) * steps, 0.0)
    hard = run.losses.astype(float)
    hard = hard.reshape(-1, steps).mean(axis=1) - hard.mean()
    run._position = Position(run.program.start(), np.empty(0, run.program.loss.dtype))
    losses: list[float] = []
    for rate, more in zip(rates.tolist(), hard.tolist(), strict=True):
        first = run.steps
        try:
            _resume(run, steps, rate)
        except NonFiniteError:
            break
        losses.append(float(np.mean(run.losses[first:], dtype=float)) - more)
        run._legs.clear()  # nobody asks for these steps again, and each holds all parameters
        best = min(losses)
        away = min(losses[-2:]) - best
        if away > _GROWTH * max(losses[0] - best, _LEAST * abs(losses[0])) and len(losses) > _FEWEST:
            break
    return rates[: len(losses)], np.array(losses)


def _resume(run: Run, steps: int, rate: float) -> None:
    run.resume(steps, learning_rate=rate)
    if run.reason is Reason.INTERRUPTED:
        raise KeyboardInterrupt  # there is nothing to be said of a part of the rates


# ── the number ──


def _judged(rates: np.ndarray, losses: np.ndarray) -> RangeTest:
    """The number for these losses, each of which is the one before the step with its rate."""
    # the loss after a step is the one before the next
    rates, losses = rates[:-1], losses[1:]
    if len(losses) < _FEWEST:
        at = f"a learning rate of {rates[-1]:.2g}" if len(rates) else "the first learning rate"
        raise ArgumentError(f"the loss runs away at {at} already, before it could fall", fix="a smaller lowest")
    smoothed, wavering = _smooth(losses)
    bottom = int(np.argmin(smoothed))
    start = float(smoothed[0])
    fall = start - float(smoothed[bottom])
    if fall <= max(_NOISES * wavering, _LEAST * abs(start)):
        grows = smoothed[-1] - start > fall + _LEAST * abs(start)
        how = "it runs away before it has fallen" if grows else f"it stays at about {start:.4g}"
        raise ArgumentError(
            f"no learning rate from {rates[0]:.2g} to {rates[-1]:.2g} makes the loss fall: {how}",
            fix="a smaller lowest" if grows else "a larger highest, or other start values",
        )
    slope = np.gradient(smoothed, np.log(rates))
    # what wavers at the beginning is no fall
    fallen = int(np.flatnonzero(smoothed[: bottom + 1] >= start - _BEGUN * fall)[-1])
    steepest = fallen + int(np.argmin(slope[fallen : bottom + 1]))
    fastest, turning = float(rates[steepest]), float(rates[bottom])
    number = float(f"{min(fastest, turning / _BEFORE):.1e}")
    ran = (
        "beyond which it grows"
        if bottom < len(rates) - 1
        else "the last that was tried; a larger highest may show more"
    )
    said = f"the loss, {start:.4g} at first, falls fastest at {fastest:.2g} and is lowest at {turning:.2g}, {ran}"
    chosen = "this is a tenth of the latter" if turning / _BEFORE < fastest else "this is where it falls fastest"
    return RangeTest(number, f"{said}; {chosen}", rates, losses, smoothed)


def _smooth(losses: np.ndarray) -> tuple[np.ndarray, float]:
    """A weighted mean around each loss, and what it still wavers by: a standard deviation.

    The weights are those of a window of Hann over a tenth of the losses; at the ends it is cut.
    """
    width = max(len(losses) // 20, 2)
    weights = np.hanning(2 * width + 3)[1:-1]
    sums = np.convolve(losses, weights, "same")
    smoothed = sums / np.convolve(np.ones(len(losses)), weights, "same")
    # neighbors differ by what the batches do; the median does not see where the loss runs away
    noise = float(np.median(np.abs(np.diff(losses)))) / (math.sqrt(2) * 0.6745)
    return smoothed, noise * math.sqrt(float(np.sum(weights**2))) / float(np.sum(weights))
