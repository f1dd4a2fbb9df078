"""The loop: steps in chunks of about 50 ms, events between them, and a way out at every step that asks for it.

How the steps fall into chunks never changes a number.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workings.train.events import Event, Progressed, Reason, Started, Stopped
from workings.train.stops import Stops

if TYPE_CHECKING:
    from workings.engines import Engine

__all__ = ["Position", "replay", "run_steps"]

_CHUNK_SECONDS = 0.05
_MOST_GROWTH = 10
_ROOM = 2**16  # losses
_GROWTH = 8


@dataclass
class Position:
    """Where a run stands: the step, what is carried into it, and the loss before each step that was run.

    The loop moves it on chunk by chunk, so that what was learned is there whatever happens next.
    """

    carry: tuple[Any, ...]
    table: np.ndarray  # with room for losses to come
    step: int = 0

    @property
    def losses(self) -> np.ndarray:
        return self.table[: self.step]

    def make_room(self, last: int) -> np.ndarray:
        """The table, with room for `last` losses; it grows by far, so that many short legs stay cheap. What is not
        used of it takes no memory."""
        if len(self.table) < last:
            table = np.empty(max(last, _GROWTH * self.step, _ROOM), self.table.dtype)
            table[: self.step] = self.losses
            self.table = table
        return self.table


def run_steps(
    engine: Engine,
    stops: Stops,
    position: Position,
    data: Sequence[Any],
    settings: Callable[[], Sequence[Any]],
    steps: int,
    *,
    chunk: int | None = None,
    emit: Callable[[Event], None] = lambda event: None,
    epoch: int | None = None,
    between: Callable[[float], Reason | None] = lambda seconds: None,
) -> Reason:
    """Run so many steps on from `position`, or until a step asks to stop; why it stopped.

    With `chunk` every call of the engine runs so many steps. After each `epoch` of so many steps `between` is
    called, with the seconds since the start; it may ask to stop, change what the `settings` are, and move the
    position. The first Ctrl-C lets the chunk end; a second one goes back to where the chunk began. Both return
    normally. A step that makes a value which is not finite leaves the position at that step, with what was carried
    into it.
    """
    first, last, size, reason = position.step, position.step + steps, chunk or 1, Reason.STEPS
    losses = position.make_room(last)
    begin = time.perf_counter()
    emit(Started(first, last, engine.name, epoch))
    with _Interrupts() as interrupts:
        while position.step < last:
            since = time.perf_counter()
            goal, now = min(position.step + size, last), settings()
            if epoch is not None:
                goal = min(goal, position.step - position.step % epoch + epoch)
            count = goal - position.step
            try:
                interrupts.raises = True
                carry, step = engine.run(position.carry, data, now, losses, position.step, goal)
            except KeyboardInterrupt:
                reason = Reason.INTERRUPTED
                break
            finally:
                interrupts.raises = False
            until = time.perf_counter()
            why = stops.reason(losses, step, carry, now)
            if why is Reason.NON_FINITE:
                step -= 1
                carry = replay(engine, position.carry, data, now, position.step, step, losses.dtype)
            position.carry, position.step = carry, step
            if why is Reason.NON_FINITE:
                reason = why
                break
            emit(Progressed(step, float(losses[step - 1]), until - begin))
            if epoch is not None and step % epoch == 0:
                why = between(time.perf_counter() - begin) or why
            if why is not None or interrupts.met:
                reason = why or Reason.INTERRUPTED
                break
            if chunk is None:
                # by what was run: a chunk may have ended early, at the end of an epoch
                fit = int(count * _CHUNK_SECONDS / max(until - since, 1e-9))
                size = max(1, min(fit, count * _MOST_GROWTH))
    loss = float(losses[position.step - 1]) if position.step else None
    emit(Stopped(position.step, reason, loss, time.perf_counter() - begin))
    return reason


def replay(
    engine: Engine,
    carry: tuple[Any, ...],
    data: Sequence[Any],
    settings: Sequence[Any],
    first: int,
    last: int,
    dtype: np.dtype,
) -> tuple[Any, ...]:
    """What is carried into step `last`: the same steps once more, the same bits.

    A stop condition that was met on the way ends a call of the engine, and the next one goes on.
    """
    losses = np.empty(last, dtype)
    step = first
    while step < last:
        carry, step = engine.run(carry, data, settings, losses, step, last)
    return carry


class _Interrupts:
    """Within, Ctrl-C is counted instead of raised, and `met` says whether it was pressed; the second one raises
    `KeyboardInterrupt` where `raises` holds. Then the handler that was there is put back."""

    def __init__(self) -> None:
        self.met = False
        self.raises = False
        self._restores = False
        self._before: Any = None

    def __call__(self, number: int, frame: Any) -> None:
        if self.met and self.raises:
            self.raises = False
            raise KeyboardInterrupt
        self.met = True

    def __enter__(self) -> _Interrupts:
        # only the main thread gets signals, and an embedded interpreter may own them
        if threading.current_thread() is threading.main_thread():
            with suppress(ValueError):
                self._before = signal.signal(signal.SIGINT, self)
                self._restores = True
        return self

    def __exit__(self, *error: object) -> None:
        if self._restores:
            # None is a handler that was not set from Python
            signal.signal(signal.SIGINT, signal.default_int_handler if self._before is None else self._before)
