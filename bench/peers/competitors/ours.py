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

    def resume(steps: int) -> None:
        # one call of the engine, with no return to Python in between
        run.resume(steps, chunk=steps)

    def start_anew() -> None:
        # a run keeps all of its losses, and the others those of one call
        nonlocal run
        run = prepared(task, engine)

    return Competitor(resume, lambda: float(run.losses[-1]), start_anew if task.batch is None else None)
