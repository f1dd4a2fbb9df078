"""Steps of a run worked out again: what was carried into each, bit for bit as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from workings.graph import Program
from workings.train.loop import Position, replay

if TYPE_CHECKING:
    from workings.engines import Engine
    from workings.explain.program import Recorded

__all__ = ["Before", "Leg", "before", "recorded", "spread"]


class Leg(NamedTuple):
    """A stretch of steps that were run with the same settings, from where it began."""

    first: int
    carry: tuple[Any, ...]
    settings: tuple[Any, ...]


class Before(NamedTuple):
    """What was carried into a step, and the settings there."""

    step: int
    carry: tuple[Any, ...]
    settings: tuple[Any, ...]


def before(
    engine: Engine,
    data: Sequence[Any],
    legs: Sequence[Leg],
    position: Position,
    now: tuple[Any, ...],
    steps: Sequence[int],
) -> Iterator[Before]:
    """What was carried into each of `steps`, which ascend; each leg is run through once. `now` are the settings
    with which the run would go on."""
    last: Before | None = None
    for step in steps:
        if step == position.step:
            yield Before(step, position.carry, now)
            continue
        leg = next(leg for leg in reversed(legs) if leg.first <= step)
        first, carry = leg.first, leg.carry
        if last is not None and last.step >= first:
            first, carry = last.step, last.carry
        carry = replay(engine, carry, data, leg.settings, first, step, position.losses.dtype)
        last = Before(step, carry, leg.settings)
        yield last


def spread(last: int, most: int, first: int = 0) -> list[int]:
    """At most `most` of the steps from `first` to `last`, spread evenly, the first and the last among them."""
    if most == 1:
        return [first]
    return sorted({first + round(i * (last - first) / (most - 1)) for i in range(most)})


def recorded(program: Program, found: Before, most: int | None = None) -> Recorded:
    """A step with its derivation and the values of all its nodes; see `record_step`."""
    from workings.explain.backward import UNFOLDED
    from workings.explain.program import record_step

    names = [node.name or "" for node in program.setting_inputs]
    settings = dict(zip(names, found.settings, strict=True))
    return record_step(program, found.carry, found.step, settings=settings, most=UNFOLDED if most is None else most)
