"""workings, by the engines native and numpy."""

from __future__ import annotations

from bench.peers.nets import prepared
from bench.peers.task import Competitor, Task

__all__ = ["native", "numpy"]


def native(task: Task) -> Competitor:
    return _run(task, "native")


def numpy(task: Task) -> Competitor:
    return _run(task, "numpy")


def _run(task: Task, engine: str) -> Competitor:
    run = prepared(task, engine)
    # one call of the engine, with no return to Python in between
    return Competitor(lambda steps: run.resume(steps, chunk=steps), lambda: float(run.losses[-1]))
