"""What is measured: the workloads of the bar, their tasks, who runs them, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.peers import data
from bench.peers.nets import named, rows
from bench.peers.task import Task

__all__ = ["JAX", "OPTIMIZER", "OURS", "PYTORCH", "WORKLOADS", "Bar", "Sources", "Workload"]

OURS = "workings native"
PYTORCH = ("PyTorch eager", "torch.compile")
JAX = ("JAX jit per step", "JAX scan")
BEST = (*PYTORCH, *JAX)
OPTIMIZER = "PyTorch eager, torch.optim"
DEEP = (OURS, "workings numpy", *BEST)
FULL = 600  # rows are handed over for so many steps; then they come again


class Sources(NamedTuple):
    """Where real data lie; None: they are made here."""

    mnist: Path | None = None
    text: Path | None = None


class Bar(NamedTuple):
    """What is to be reached.

    least    so many times the speed of the best of `peers`
    most     so many times the time of the best of `peers`, at most
    above    so many seconds over `peers`, at most
    ours     whose figure it is
    """

    peers: tuple[str, ...]
    least: float | None = None
    most: float | None = None
    above: float | None = None
    ours: str = OURS


@dataclass(frozen=True)
class Workload:
    """One row of the bar.

    title        what it is, in words
    task         makes the task from the sources and the number of threads
    competitors  who runs it, workings first
    bars         what is to be reached
    kind         "step": time for a step in a process that lives on; "start": a whole process with its first 100
                 steps; "memory": the most memory of a whole process
    call         steps in a call; None: as many as take about half a second
    bound        whether the arithmetic bound says anything: no, where one value waits for the other
    note         what has to be known to read the figures
    """

    title: str
    task: Callable[[Sources, int], Task]
    competitors: tuple[str, ...]
    bars: tuple[Bar, ...]
    kind: str = "step"
    call: int | None = None
    bound: bool = True
    note: str = ""


# ── the tasks ───────────────────────────────────────────────────────────────────────────────────────────────


def neuron(sources: Sources, threads: int) -> Task:
    start, x, expected = np.array(0.5), np.array(1.0), np.array(2.0)
    return Task("neuron", {}, "sgd", 0.01, threads, None, {"w": start}, {"expected": expected, "x": x})


def moons(sources: Sources, threads: int) -> Task:
    rng = np.random.default_rng(0)
    parameters = {
        "w1": rng.normal(0, 1, (2, 16)),
        "b1": np.zeros(16),
        "w2": rng.normal(0, 0.25, (16, 16)),
        "b2": np.zeros(16),
        "w3": rng.normal(0, 0.25, 16),
        "b3": np.zeros(()),
    }
    start = {name: value.astype(np.float32) for name, value in parameters.items()}
    return Task("moons", {}, "sgd", 0.1, threads, None, start, data.moons(100))


def digits(widths: list[int], batch: int, rule: str, rate: float) -> Callable[[Sources, int], Task]:
    def task(sources: Sources, threads: int) -> Task:
        return filled(Task("mlp", {"widths": widths}, rule, rate, threads, batch, data=data.digits(batch)))

    return task


def mnist(sources: Sources, threads: int) -> Task:
    shape = {"widths": [784, 256, 128, 10]}
    return filled(Task("mlp", shape, "adam", 0.001, threads, 128, data=data.images(sources.mnist, 128, (784,))))


def cnn(sources: Sources, threads: int) -> Task:
    shape = {"pixels": 28, "channels": [1, 16, 32], "classes": 10}
    rows = data.images(sources.mnist, 64, (1, 28, 28))
    return filled(Task("cnn", shape, "adam", 0.001, threads, 64, data=rows))


def characters(net: str, batch: int, rule: str, **shape: int) -> Callable[[Sources, int], Task]:
    def task(sources: Sources, threads: int) -> Task:
        count, rows = data.text(sources.text, shape["context"], batch)
        return filled(Task(net, {"characters": count, **shape}, rule, 0.001, threads, batch, data=rows))

    return task


def filled(task: Task) -> Task:
    """The task with its start values and its rows, which are those of workings."""
    task.parameters = named(task)
    task.index = rows(task, FULL).astype(np.int32)
    return task


# ── the bar ─────────────────────────────────────────────────────────────────────────────────────────────────

COLD, WARM, NUMPY = "workings native, nothing cached", "workings native, cache warm", "import numpy alone"

WORKLOADS: Mapping[str, Workload] = {
    "neuron": Workload(
        "One neuron, float64, 10,000 steps in a call",
        neuron,
        (OURS, "workings numpy", OPTIMIZER, *BEST, "C by hand"),
        (Bar((OPTIMIZER,), least=5000), Bar(("PyTorch eager",), least=5000)),
        call=10**4,
        bound=False,
        note="""\
The loop itself takes what it takes in calls of a million steps. In calls of 10,000 the rest is Python around each call:
events, signals, and room for losses, which a run keeps and which is memory touched for the first time. And PyTorch's
step is the fastest there is by hand, with the update written out, not an optimizer of `torch.optim`.""",
    ),
    "neuron-million": Workload(
        "One neuron, float64, a million steps in a call",
        neuron,
        (OURS, "JAX scan", "C by hand"),
        (Bar(("C by hand",), most=1.5),),
        call=10**6,
        bound=False,
    ),
    "moons": Workload(
        "Moons, 2-16-16-1, tanh, all 100 points in a step, SGD",
        moons,
        (*DEEP, "C by hand"),
        (
            Bar(("JAX scan",), least=2),
            Bar(("PyTorch eager",), least=50),
            Bar(("C by hand",), most=1.6),
        ),
    ),
    "digits-sgd": Workload(
        "Digits, 64-64-10, batch 32, SGD",
        digits([64, 64, 10], 32, "sgd", 0.1),
        DEEP,
        (Bar(("JAX scan",), least=1.5), Bar(("PyTorch eager",), least=8)),
    ),
    "digits-adam": Workload(
        "Digits, 64-128-64-10, batch 64, Adam",
        digits([64, 128, 64, 10], 64, "adam", 0.001),
        DEEP,
        (Bar(("JAX scan",), least=1.5), Bar(("PyTorch eager",), least=8)),
    ),
    "mnist": Workload(
        "MNIST, 784-256-128-10, batch 128, Adam",
        mnist,
        DEEP,
        (Bar(("PyTorch eager", "torch.compile", "JAX scan"), least=1.1), Bar(("bound",), most=1.4)),
    ),
    "cnn": Workload(
        "CNN, 28 × 28, channels 1 → 16 → 32, 3 × 3, two poolings, batch 64, Adam",
        cnn,
        DEEP,
        (Bar(BEST, least=1.5),),
    ),
    "transformer": Workload(
        "Character transformer, 2 layers, width 64, 4 heads, context 64, batch 16, AdamW",
        characters("transformer", 16, "adamw", width=64, heads=4, layers=2, context=64),
        DEEP,
        (Bar(BEST, least=1.2),),
    ),
    "gru": Workload(
        "Character GRU, width 64, 64 steps of time, batch 32, Adam",
        characters("gru", 32, "adam", width=64, context=64),
        DEEP,
        (Bar(BEST, least=1.2),),
    ),
    "cold-start": Workload(
        "Cold start of moons: a whole process, from its start to the result of the first 100 steps",
        moons,
        (COLD, WARM, "workings numpy", "PyTorch eager", "JAX scan", NUMPY),
        (
            Bar(("JAX scan",), most=0.6, ours=COLD),
            Bar(("PyTorch eager",), most=0.4, ours=COLD),
            Bar((NUMPY,), above=0.15, ours=WARM),
        ),
        kind="start",
    ),
    "memory": Workload(
        "Memory: the most that a whole process has at a time, for 100 steps of the MNIST net",
        mnist,
        (OURS, "workings numpy", "PyTorch eager", "JAX scan"),
        (Bar(("PyTorch eager",), most=1.0),),
        kind="memory",
    ),
}
