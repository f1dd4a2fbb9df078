"""An axis of a plot: what part of the numbers it shows, where each lies on it, and its ticks."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext

import numpy as np

__all__ = ["Axis", "Tick", "axis"]

_NEAR = 1e-9  # a range that is a smaller part of its numbers than this is shown as one number
_LARGEST = sys.float_info.max
_SMALLEST = math.ulp(0.0)
_TINY = 1e-300


@dataclass(frozen=True)
class Tick:
    """A number on an axis, and how it is written there."""

    value: float
    label: str


@dataclass(frozen=True)
class Axis:
    """The numbers from `low` to `high`, from left to right or from bottom to top; low < high.

    start, end  where these two lie in the picture
    log         whether equal distances are equal ratios
    whole       whether there is nothing between whole numbers
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def at(self, values: np.ndarray) -> np.ndarray:
        """Where values lie in the picture."""
        low, high, values = (self._measure(v) for v in (self.low, self.high, values))
        return self.start + (values - low) / (high - low) * (self.end - self.start)

    def _measure(self, values: float | np.ndarray) -> np.ndarray:
        if self.log:
            return np.log10(values)
        # brought near to 1, so that the difference of two large numbers is finite
        return np.ldexp(values, -math.frexp(max(abs(self.low), abs(self.high)))[1])

    def ticks(self, most: int, fits: Callable[[list[str]], bool] = lambda labels: True) -> tuple[Tick, ...]:
        """Round numbers on the axis, `most` at most, and so few that their labels fit."""
        found: list[Decimal] = []
        for count in range(max(most, 2), 0, -1):
            with localcontext(Context(prec=40)):
                found = _decades(self.low, self.high, count) if self.log else []
                labels = [_power(v) for v in found]
                if not found:
                    found = _even(self.low, self.high, count, 0 if self.whole else None)
                    labels = _labels(found)
            if len(found) <= max(most, 2) and fits(labels):
                return tuple(Tick(float(v), label) for v, label in zip(found, labels, strict=True))
        return ()


def axis(values: np.ndarray, start: float, end: float, *, log: bool = False, margin: float = 0.0) -> Axis:
    """The axis on which all `values` lie, which are finite, and positive where `log`.

    `margin` is the part of the range that is added on both sides. Without any values it goes from 0 to 1.
    """
    if not values.size:
        return Axis(0.1 if log else 0.0, 1.0, start, end, log)
    whole = not log and bool(np.all(values == np.floor(values)))
    low, high = float(values.min()), float(values.max())
    if log:
        factor = 2.0 if high <= 1.1 * low else 10 ** (margin * (math.log10(high) - math.log10(low)))
        high = high * factor if high < _LARGEST / factor else _LARGEST
        return Axis(max(low / factor, _SMALLEST), high, start, end, True)
    size = max(abs(low), abs(high))
    if high / 2 - low / 2 <= max(_NEAR * size, _TINY):
        around = size if size > _TINY else 1.0
        low, high = (low - around, high + around) if size < _LARGEST / 2 else (-_LARGEST, _LARGEST)
        return Axis(low, high, start, end, whole=whole)
    room = margin * 2 * (high / 2 - low / 2)
    return Axis(max(low - room, -_LARGEST), min(high + room, _LARGEST), start, end, whole=whole)


def _even(low: float, high: float, count: int, finest: int | None) -> list[Decimal]:
    """Multiples of 1, 2 or 5 times a power of ten, `finest` or higher; about `count` of them."""
    first, last = Decimal(repr(low)), Decimal(repr(high))
    rough = (last - first) / count
    exponent = rough.adjusted()
    if finest is not None and exponent < finest:
        step = Decimal(1).scaleb(finest)
    else:
        step = next(s for m in (1, 2, 5, 10) if (s := Decimal(m).scaleb(exponent)) >= rough)
    at = (first / step).to_integral_value(ROUND_CEILING)
    found = []
    while at * step <= last:
        found.append(at * step + 0)  # which makes 0 of −0
        at += 1
    return found


def _decades(low: float, high: float, count: int) -> list[Decimal]:
    """Powers of ten, or 1, 2 and 5 times them; none where that would be fewer than two."""
    first, last = Decimal(repr(low)), Decimal(repr(high))
    powers = range(first.adjusted(), last.adjusted() + 1)
    tens = [d for p in powers if first <= (d := Decimal(1).scaleb(p)) <= last]
    finer = [d for p in powers for m in (1, 2, 5) if first <= (d := Decimal(m).scaleb(p)) <= last]
    if 2 <= len(finer) <= count:
        return finer
    every = math.ceil(len(tens) / count)
    return [d for d in tens if d.adjusted() % every == 0] if len(tens) >= 2 else []


_PLAIN = 3  # powers of ten up to this one, and down to its inverse, are written out on a logarithmic axis


def _power(tick: Decimal) -> str:
    """A number on a logarithmic axis."""
    digit, exponent = tick.scaleb(-tick.adjusted()).normalize(), tick.adjusted()
    return f"{digit:f}e{exponent}".replace("-", "−") if abs(exponent) > _PLAIN else f"{tick:,f}"


def _labels(ticks: list[Decimal]) -> list[str]:
    """All in one way: plain, or with a power of ten where that is shorter."""
    digits = max((-int(t.normalize().as_tuple().exponent) for t in ticks if t), default=0)
    plain = [f"{t:,.{max(digits, 0)}f}" for t in ticks]
    if max(map(len, plain), default=0) > 7:
        powers = [f"{t.scaleb(-t.adjusted()).normalize():f}e{t.adjusted()}" if t else "0" for t in ticks]
        if max(map(len, powers)) < max(map(len, plain)):
            plain = powers
    return [label.replace("-", "−") for label in plain]
