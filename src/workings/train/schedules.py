"""Schedules: the learning rate as a function of the step, in plain NumPy that is traced like everything else.

>>> import workings as wk
>>> rate = wk.schedules.Cosine(0.1, steps=1000, warmup=100)
>>> optimizer = wk.SGD(rate)
>>> rate([0, 49, 99, 550, 1000]).round(6).tolist()
[0.001, 0.05, 0.1, 0.05, 0.0]

Every schedule is a scale of the base rate, which is a setting of the run: `run.resume(100, learning_rate=0.01)` makes
the whole schedule that much lower from there on. Steps are counted from 0, and every step is an update.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError
from workings.train.checks import check_count, check_number, check_rate

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "OneCycle",
    "Plateau",
    "Polynomial",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
]


class Schedule(ABC):
    """A learning rate that depends on the step: `learning_rate`, the base, times `scale(step)`.

    A schedule of one's own is a class with these two. `scale` is plain NumPy that takes a step, or an array of
    them, and is traced; step 0 is the first.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Zigzag(Schedule):
    ...     learning_rate: float = 0.1
    ...     def scale(self, step):
    ...         return np.where(step % 2 == 0, 1.0, 0.5)
    >>> Zigzag()(np.arange(3)).tolist()
    [0.1, 0.05, 0.1]
    """

    learning_rate: float

    @abstractmethod
    def scale(self, step: Any) -> Any:
        """What the base rate is multiplied with at this step."""

    def rate(self, learning_rate: Any, step: Any) -> Any:
        """The rate at this step, for a base rate that may have been changed since."""
        return learning_rate * self.scale(step)

    def __call__(self, step: Any) -> Any:
        """The rate at this step, or at each of an array of steps."""
        return self.rate(self.learning_rate, np.asarray(step)[()])


def _ramp(step: Any, warmup: int, fall: Any) -> Any:
    """The scale `fall`, which is 1 during the warm-up, on the ramp (step + 1) / warmup."""
    return np.minimum((step + 1) / warmup, 1.0) * fall if warmup else fall


def _since(step: Any, warmup: int) -> Any:
    """How many steps ago the warm-up was over; 0 while it lasts."""
    return np.maximum(step - warmup, 0) if warmup else step


def _part(step: Any, steps: int, warmup: int) -> Any:
    """How much of the steps behind the warm-up is over, from 0 to 1."""
    return np.minimum(_since(step, warmup) / (steps - warmup), 1.0)


def _above(floor: float, fall: Any) -> Any:
    """A fall from 1 to 0 as one to the floor."""
    return floor + (1 - floor) * fall if floor else fall


def _check(schedule: Any) -> None:
    """Check the fields that schedules have in common."""
    check_rate("learning_rate", schedule.learning_rate)
    warmup = check_count("warmup", schedule.warmup, 0)
    if hasattr(schedule, "floor"):
        _check_within("floor", schedule.floor, "a share of the learning rate", "0.1")
    if hasattr(schedule, "steps") and check_count("steps", schedule.steps) <= warmup:
        raise ArgumentError(
            f"steps is {schedule.steps} and warmup is {warmup}; the warm-up is a part of the steps",
            fix=f"steps={warmup + schedule.steps}, or a shorter warm-up",
        )


def _check_within(name: str, value: Any, what: str, example: str, *, open_ends: bool = False) -> None:
    number = check_number(name, value, example)
    if not (0 < number < 1 if open_ends else 0 <= number <= 1):
        raise ArgumentError(f"{name} is {number:g}; it is {what}, between 0 and 1", fix=f"{name}={example}")


def _check_factor(factor: Any) -> None:
    if check_number("factor", factor, "0.1") <= 0:
        raise ArgumentError(f"factor is {factor:g}; a rate stays above 0", fix="factor=0.1")


@dataclass(frozen=True)
class Constant(Schedule):
    """The base rate η at every step, behind a warm-up.

    learning_rate   η
    warmup          in so many steps the rate climbs to η: it is (s + 1) / warmup of it at step s. Step `warmup` is
                    the first of the schedule proper

    The other schedules take a warm-up in the same way.

    >>> Constant(0.1, warmup=4)(np.arange(6)).tolist()
    [0.025, 0.05, 0.07500000000000001, 0.1, 0.1, 0.1]

    Raises `ArgumentError` for a negative rate or warm-up.

    Source: Goyal et al., Accurate, large minibatch SGD (2017), section 2.2, for gradual warm-up.
    """

    learning_rate: float
    warmup: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def scale(self, step: Any) -> Any:
        return _ramp(step, max(self.warmup, 1), 1.0)


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by a factor every so many steps: η γ^⌊s / every⌋.

    learning_rate   η
    every           how many steps the rate stays what it is
    factor          γ
    warmup          see `Constant`; s is counted from its end

    The rule is that of PyTorch's `StepLR`.

    >>> StepDecay(0.5, every=2, factor=0.5)(np.arange(5)).tolist()
    [0.5, 0.5, 0.25, 0.25, 0.125]

    Raises `ArgumentError` for a negative rate, a factor that is not above 0, and counts that are none.
    """

    learning_rate: float
    every: int
    factor: float = 0.1
    warmup: int = 0

    def __post_init__(self) -> None:
        _check(self)
        check_count("every", self.every)
        _check_factor(self.factor)

    def scale(self, step: Any) -> Any:
        return _ramp(step, self.warmup, self.factor ** (_since(step, self.warmup) // self.every))


@dataclass(frozen=True)
class Exponential(Schedule):
    """The rate falls by the same factor in every step, or in every so many: η γ^(s / every).

    learning_rate   η
    factor          γ
    every           in so many steps the rate falls by the factor
    warmup          see `Constant`; s is counted from its end

    With `every=1` the rule is that of PyTorch's `ExponentialLR`.

    >>> Exponential(1.0, factor=0.25, every=2)(np.arange(4)).tolist()
    [1.0, 0.5, 0.25, 0.125]

    Raises `ArgumentError` for a negative rate, a factor that is not above 0, and counts that are none.
    """

    learning_rate: float
    factor: float
    every: int = 1
    warmup: int = 0

    def __post_init__(self) -> None:
        _check(self)
        check_count("every", self.every)
        _check_factor(self.factor)

    def scale(self, step: Any) -> Any:
        return _ramp(step, self.warmup, self.factor ** (_since(step, self.warmup) / self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """The rate falls along half a wave of the cosine, to a floor: η (φ + (1 − φ) (1 + cos π p) / 2).

    learning_rate   η
    steps           where the floor is reached, counted from step 0; p is the share of the steps behind the warm-up
                    that is over. From there on the rate stays at the floor
    floor           φ, as a share of η
    warmup          see `Constant`; the steps include it

    The rule is that of PyTorch's `CosineAnnealingLR` with `eta_min` = φ η.

    >>> Cosine(1.0, steps=4)(np.arange(6)).round(6).tolist()
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.0]

    Raises `ArgumentError` for a negative rate, a floor outside of [0, 1], and a warm-up that leaves no steps.

    Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts (2016), equation 5, without
    restarts.
    """

    learning_rate: float
    steps: int
    floor: float = 0.0
    warmup: int = 0

    def __post_init__(self) -> None:
        _check(self)

    def scale(self, step: Any) -> Any:
        part = _part(step, self.steps, self.warmup)
        fall = (1 + np.cos(np.pi * part)) / 2
        return _ramp(step, self.warmup, _above(self.floor, fall))


@dataclass(frozen=True)
class Polynomial(Schedule):
    """The rate falls along a power, with power 1 along a line, to a floor: η (φ + (1 − φ) (1 − p)^power).

    learning_rate   η
    steps           where the floor is reached, counted from step 0; p is the share of the steps behind the warm-up
                    that is over. From there on the rate stays at the floor
    power           1 for a line; larger ones fall faster at first
    floor           φ, as a share of η
    warmup          see `Constant`; the steps include it

    Without a floor the rule is that of PyTorch's `PolynomialLR`.

    >>> Polynomial(1.0, steps=4)(np.arange(6)).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]

    Raises `ArgumentError` for a negative rate, a power that is not above 0, a floor outside of [0, 1], and a warm-up
    that leaves no steps.
    """

    learning_rate: float
    steps: int
    power: float = 1.0
    floor: float = 0.0
    warmup: int = 0

    def __post_init__(self) -> None:
        _check(self)
        if check_number("power", self.power, "1.0") <= 0:
            raise ArgumentError(f"power is {self.power:g}; the rate falls with a power above 0", fix="power=1.0")

    def scale(self, step: Any) -> Any:
        left = 1 - _part(step, self.steps, self.warmup)
        fall = left if self.power == 1 else left**self.power
        return _ramp(step, self.warmup, _above(self.floor, fall))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate rises from a small one to η, and falls to a tiny one, each along half a wave of the cosine.

    learning_rate   η, the highest rate
    steps           how many there are; the last one, step `steps − 1`, has the lowest rate
    rise            the share of the steps in which the rate rises
    first           the rate at step 0, as a share of η
    last            the rate at the last step and from there on, as a share of η

    The rule is that of PyTorch's `OneCycleLR` with `cycle_momentum=False`, where `div_factor` is 1 / first and
    `final_div_factor` is first / last. The peak lies at step rise · steps − 1, which may fall between two.

    >>> OneCycle(1.0, steps=11, rise=0.5, first=0.0, last=0.0)([0, 10]).tolist()
    [0.0, 0.0]

    Raises `ArgumentError` for a negative rate, shares outside of [0, 1], and steps too few for a rise and a fall.

    Source: Smith and Topin, Super-convergence: very fast training of neural networks using large learning rates
    (2017).
    """

    learning_rate: float
    steps: int
    rise: float = 0.3
    first: float = 0.04
    last: float = 4e-6

    def __post_init__(self) -> None:
        check_rate("learning_rate", self.learning_rate)
        _check_within("rise", self.rise, "a share of the steps", "0.3", open_ends=True)
        _check_within("first", self.first, "a share of the learning rate", "0.04")
        _check_within("last", self.last, "a share of the learning rate", "4e-6")
        if self.rise * check_count("steps", self.steps) <= 1:
            raise ArgumentError(
                f"steps is {self.steps}, in which there is no room to rise for a share of {self.rise:g}",
                fix=f"steps={math.floor(1 / self.rise) + 1}, or more",
            )

    def scale(self, step: Any) -> Any:
        peak, end = self.rise * self.steps - 1, self.steps - 1
        up = np.minimum(step / peak, 1.0)
        down = np.clip((step - peak) / (end - peak), 0.0, 1.0)
        rising = 1 + (self.first - 1) / 2 * (1 + np.cos(np.pi * up))
        falling = self.last + (1 - self.last) / 2 * (1 + np.cos(np.pi * down))
        return np.where(step <= peak, rising, falling)


# ── a rate that follows what is measured ──


class Plateau(NamedTuple):
    """Where a `ReduceOnPlateau` stands; plain numbers, so that it can be written down and taken up again.

    best     the best value so far; None before the first
    waited   how many values in a row were no better
    resting  how many values will be let pass without counting
    scale    the rate, as a share of the one it began with
    """

    best: float | None = None
    waited: int = 0
    resting: int = 0
    scale: float = 1.0


@dataclass(frozen=True)
class ReduceOnPlateau:
    """The learning rate is multiplied by a factor when a value, as the loss of validation, no longer gets better.

    factor      what the rate is multiplied with
    patience    how many values in a row may be no better; at the next one the rate is reduced
    threshold   a value is better if it is by more than this share of the best
    cooldown    for so many values after a reduction none is counted as no better
    minimum     the rate is not reduced below this share of the one it began with
    mode        "min" where less is better, "max" where more is

    `after(value, state)` is called with each value, and the state of before; `Plateau()` is the first. It returns
    what the rate is to be multiplied with now, 1 where nothing changes, and the next state. The rule is that of
    PyTorch's `ReduceLROnPlateau`, but that the threshold is a share of the best value's size, so that negative values
    are compared alike.

    >>> rule, state = ReduceOnPlateau(factor=0.5, patience=1), Plateau()
    >>> for value in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     scale, state = rule.after(value, state)
    ...     print(value, scale, state.waited)
    3.0 1.0 0
    2.0 1.0 0
    2.0 1.0 1
    2.0 0.5 0
    1.0 1.0 0

    A value that is nan is no better. Raises `ArgumentError` for a factor outside of (0, 1), and numbers out of range.
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    minimum: float = 0.0
    mode: str = "min"

    def __post_init__(self) -> None:
        _check_within("factor", self.factor, "a share of the learning rate", "0.1", open_ends=True)
        check_count("patience", self.patience, 0)
        check_rate("threshold", self.threshold, "it is the size of a difference")
        check_count("cooldown", self.cooldown, 0)
        _check_within("minimum", self.minimum, "a share of the learning rate", "0.001")
        if self.mode not in ("min", "max"):
            raise ArgumentError(f"mode is {self.mode!r}; less is better, or more", fix='mode="min", or mode="max"')

    def after(self, value: float, state: Plateau) -> tuple[float, Plateau]:
        """What the rate is multiplied with after this value, and the next state."""
        best, waited, resting, scale = state
        value = float(value)
        if self._better(value, best):
            best, waited = value, 0
        else:
            waited += 1
        if resting:
            waited, resting = 0, resting - 1
        if waited <= self.patience:
            return 1.0, Plateau(best, waited, resting, scale)
        after = max(scale * self.factor, min(self.minimum, scale))
        change = self.factor if after == scale * self.factor else after / scale
        return change, Plateau(best, 0, self.cooldown, after)

    def _better(self, value: float, best: float | None) -> bool:
        if best is None:
            return not math.isnan(value)
        margin = self.threshold * abs(best)
        return value < best - margin if self.mode == "min" else value > best + margin
