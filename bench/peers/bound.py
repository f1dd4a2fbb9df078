"""The arithmetic bound: what a step has to compute and to move, and how long this machine needs for that at best.

Counted is what any way of doing it has to do. A product and a sum are two operations, a function such as tanh is one.
The way back through a product of matrices takes as many operations as the way forward, once for the weights and once
for what goes in, which the first layer leaves out. Moved are the parameters and what the optimizer keeps, read and
written, and the rows of the batch, read.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np

from bench.peers.compiler import LOOSE, library
from bench.peers.task import RefusalError, Task

__all__ = ["Bound", "Work", "bound", "work"]

UPDATE = {"sgd": 2, "adam": 12, "adamw": 13}  # operations for each parameter
KEPT = {"sgd": 1, "adam": 3, "adamw": 3}  # arrays of the size of the parameters


@dataclass(frozen=True)
class Work:
    """What a step does: floating-point operations, and bytes that are moved; `memory` is what it all lies in."""

    operations: int
    moved: int
    memory: int


@dataclass(frozen=True)
class Bound:
    """The least time for a step, by what limits it, and what was measured for that."""

    seconds: float
    limit: str
    peak: float
    bandwidth: float
    how: str


# ── counts ──────────────────────────────────────────────────────────────────────────────────────────────────


def work(task: Task) -> Work:
    """What a step of the task does."""
    count = sum(value.size for value in task.parameters.values())
    size = sum(value.nbytes for value in task.parameters.values())
    rows = task.batch or max((len(v) for v in task.data.values() if v.ndim), default=1)
    batch = sum(v.nbytes // len(v) * rows if v.ndim else v.nbytes for v in task.data.values())
    operations = NETS[task.net](task, rows) + UPDATE[task.rule] * count
    return Work(operations, 2 * KEPT[task.rule] * size + batch, KEPT[task.rule] * size + batch)


def product(rows: int, inputs: int, outputs: int, first: bool = False) -> int:
    """x · W + b for so many rows, forward and backward."""
    return (2 if first else 3) * 2 * rows * inputs * outputs + 2 * rows * outputs


def neuron(task: Task, rows: int) -> int:
    return 6  # product, difference and square; twice the difference times x


def moons(task: Task, rows: int) -> int:
    layers = product(rows, 2, 16, first=True) + product(rows, 16, 16) + product(rows, 16, 1)
    return layers + 2 * 4 * rows * 16 + 8 * rows  # tanh, and 1 − h² times what comes back; the loss


def mlp(task: Task, rows: int) -> int:
    widths = task.shape["widths"]
    layers = sum(product(rows, a, b, first=not i) for i, (a, b) in enumerate(pairwise(widths)))
    return layers + 2 * rows * sum(widths[1:-1]) + entropy(rows, widths[-1])


def cnn(task: Task, rows: int) -> int:
    side, channels, total = task.shape["pixels"], task.shape["channels"], 0
    for i, (a, b) in enumerate(pairwise(channels)):
        places = rows * side * side
        total += product(places, 9 * a, b, first=not i) + 2 * places * b + 3 * places * b // 4  # relu; the largest of 4
        side //= 2
    classes = task.shape["classes"]
    return total + product(rows, channels[-1] * side * side, classes) + entropy(rows, classes)


def transformer(task: Task, rows: int) -> int:
    s = task.shape
    time, width, heads = s["context"], s["width"], s["heads"]
    places = rows * time
    seen = rows * time * (time + 1) // 2  # pairs of a place and one that it sees
    norm = 16 * places * width
    attention = 3 * product(places, width, width) + product(places, width, width)
    attention += 3 * 2 * 2 * seen * width + 10 * seen * heads  # scores and mixing, both ways; softmax
    feed = product(places, width, 4 * width) + product(places, 4 * width, width) + 14 * places * 4 * width  # gelu
    layer = 2 * norm + attention + feed + 4 * places * width
    head = product(places, width, s["characters"]) + entropy(places, s["characters"])
    return s["layers"] * layer + norm + head + 3 * places * width  # the sums of the embedding and of its gradient


def gru(task: Task, rows: int) -> int:
    s = task.shape
    width, places = s["width"], rows * s["context"]
    turns = product(places, width, 3 * width) + product(places, width, 3 * width)
    head = product(places, width, s["characters"]) + entropy(places, s["characters"])
    return turns + 3 * 12 * places * width + head + places * width


def entropy(rows: int, classes: int) -> int:
    """Cross entropy: the largest, exp, the sum, log; the share less the label."""
    return 6 * rows * classes


NETS = {"neuron": neuron, "moons": moons, "mlp": mlp, "cnn": cnn, "transformer": transformer, "gru": gru}


# ── the machine ─────────────────────────────────────────────────────────────────────────────────────────────


def bound(task: Task) -> Bound:
    """The larger of operations over the measured peak and bytes over the measured bandwidth.

    The bandwidth is that of memory of the step's size, so that what fits into a cache counts as lying there.
    """
    needed = work(task)
    try:
        functions = library("peak", LOOSE)
    except RefusalError:
        peak, bandwidth, how = _by_numpy(needed.memory)
    else:
        functions.peak.restype = functions.bandwidth.restype = ctypes.c_double
        functions.bandwidth.argtypes = [ctypes.c_int, ctypes.c_long]
        peak = functions.peak(task.threads)
        bandwidth, how = functions.bandwidth(task.threads, max(needed.memory, 4096 * task.threads)), "a program in C"
    by = {"operations": needed.operations / peak, "memory": needed.moved / bandwidth}
    limit = max(by, key=lambda name: by[name])
    return Bound(by[limit], limit, peak, bandwidth, how)


def _by_numpy(memory: int, size: int = 2048) -> tuple[float, float, str]:
    matrix, other = np.ones((size, size), np.float32), np.ones((size, size), np.float32)
    row = np.ones(max(memory // 4, 1024), np.float32)
    turns = 1 + 10**8 // row.nbytes
    multiply = _least(lambda: np.matmul(matrix, other))
    move = _least(lambda: [np.multiply(row, np.float32(1), out=row) for _ in range(turns)])
    return 2 * prod((size,) * 3) / multiply, 2 * turns * row.nbytes / move, "NumPy, as there is no gcc"


def _least(do) -> float:
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        do()
        times.append(time.perf_counter() - begin)
    return min(times)
