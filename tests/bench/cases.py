"""Small tasks of every net, and measurements that take no time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.peers.measure import Options
from bench.peers.task import Task
from bench.peers.workloads import Sources, Workload, filled, moons, neuron

QUICK = Options(rounds=2, threads=1, seconds=0.02)


def mlp(sources: Sources, threads: int) -> Task:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(32, 4)).astype(np.float32), "y": rng.integers(0, 3, 32)}
    return filled(Task("mlp", {"widths": [4, 8, 3]}, "sgd", 0.1, threads, 8, data=data))


def cnn(sources: Sources, threads: int) -> Task:
    rng = np.random.default_rng(0)
    data = {"x": rng.random((16, 1, 8, 8), np.float32), "y": rng.integers(0, 3, 16)}
    shape = {"pixels": 8, "channels": [1, 2, 3], "classes": 3}
    return filled(Task("cnn", shape, "adam", 0.001, threads, 4, data=data))


def characters(net: str, rule: str, **shape: int) -> Callable[[Sources, int], Task]:
    def task(sources: Sources, threads: int) -> Task:
        rng = np.random.default_rng(0)
        data = {name: rng.integers(0, 7, (16, 6)) for name in ("x", "y")}
        return filled(
            Task(net, {"characters": 7, "width": 8, "context": 6, **shape}, rule, 0.001, threads, 4, data=data)
        )

    return task


TASKS = {
    "neuron": neuron,
    "moons": moons,
    "mlp": mlp,
    "cnn": cnn,
    "transformer": characters("transformer", "adamw", heads=2, layers=2),
    "gru": characters("gru", "adam"),
}


def small(net: str, *competitors: str) -> Workload:
    """The workload of a small task."""
    return Workload(net, TASKS[net], competitors, ())
