"""The loop: steps in chunks of about 50 ms, events between them, and a way out at every step that asks for it.

How the steps fall into chunks never changes a number.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from workings.engines import Engine
from workings.graph import Program
from workings.train.events import Event, Progressed, Reason, Started, Stopped

__all__ = ["Outcome", "run_steps"]

_CHUNK_SECONDS = 0.05
_MOST_GROWTH = 10


class Outcome(NamedTuple):
    """Where the loop came to rest: what is carried on, the step reached, the losses, and why."""

    carry: tuple[Any, ...]
    step: int
    losses: np.ndarray
    reason: Reason
    chunk: tuple[tuple[Any, ...], int]  # the carry and step at the start of the last chunk, to replay it from


def run_steps(
    engine: Engine,
    program: Program,
    carry: tuple[Any, ...],
    data: Sequence[Any],
    settings: Sequence[Any],
    losses: np.ndarray,
    first: int,
    last: int,
    *,
    chunk: int | None = None,
    emit: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """Run the steps from `first` up to `last`, or until a step asks to stop.

    `losses` holds those of the steps before `first`. With `chunk` every call of the engine runs so many steps.
    The first Ctrl-C lets the chunk end; a second one goes back to where the chunk began. Both return normally.
    """
    table = np.empty(last, program.loss.dtype)
    table[:first] = losses
    step, size, reason = first, chunk or 1, Reason.STEPS
    begin = time.perf_counter()
    start = (carry, step)
    emit(Started(first, last, engine.name))
    with _interrupts() as interrupted:
        while step < last:
            start = (carry, step)
            since = time.perf_counter()
            goal = min(step + size, last)
            try:
                carry, step = engine.run(carry, data, settings, table, step, goal)
            except KeyboardInterrupt:
                carry, step = start
                reason = Reason.INTERRUPTED
                break
            now = time.perf_counter()
            why = _why(program, carry, table, step, settings)
            if why is Reason.NON_FINITE or (step < goal and why is not None):
                reason = why
                break
            emit(Progressed(step, float(table[step - 1]), now - begin))
            if why is not None:
                reason = why
                break
            if interrupted.is_set():
                reason = Reason.INTERRUPTED
                break
            if chunk is None:
                fit = int(size * _CHUNK_SECONDS / max(now - since, 1e-9))
                size = max(1, min(fit, size * _MOST_GROWTH))
    loss = float(table[step - 1]) if step else None
    emit(Stopped(step, reason, loss, time.perf_counter() - begin))
    return Outcome(carry, step, table[:step].copy(), reason, start)


def _why(
    program: Program, carry: Sequence[Any], losses: np.ndarray, step: int, settings: Sequence[Any]
) -> Reason | None:
    """Why the step that was just run asked to stop; None if it did not."""
    if not np.isfinite(losses[step - 1]):
        return Reason.NON_FINITE
    if not all(np.all(np.isfinite(value)) for value in carry if np.asarray(value).dtype.kind == "f"):
        return Reason.NON_FINITE
    bounds = {node.name: value for node, value in zip(program.setting_inputs, settings, strict=True)}
    loss = losses[step - 1]
    if "until_loss" in bounds and loss < loss.dtype.type(bounds["until_loss"]):
        return Reason.LOSS
    if "until_change" in bounds and step > 1:
        change = abs(loss - losses[step - 2])
        if change < loss.dtype.type(bounds["until_change"]):
            return Reason.CHANGE
    return None


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Within, the first Ctrl-C sets an event and the second raises `KeyboardInterrupt`, as it does otherwise."""
    met = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield met  # only the main thread gets signals
        return

    def handler(number: int, frame: Any) -> None:
        if met.is_set():
            raise KeyboardInterrupt
        met.set()

    try:
        before = signal.signal(signal.SIGINT, handler)
    except ValueError:  # an embedded interpreter that owns its signals
        yield met
        return
    try:
        yield met
    finally:
        signal.signal(signal.SIGINT, before)
