"""C written by hand, forward, backward and update in one loop, for the two nets that are small enough for it."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from bench.peers.compiler import LOOSE, STRICT, library
from bench.peers.task import Competitor, RefusalError, Task

__all__ = ["in_c"]


def in_c(task: Task) -> Competitor:
    """gcc's machine code: `STRICT` for the neuron, whose every bit counts, `LOOSE` for moons."""
    if task.net == "neuron":
        return _neuron(task)
    if task.net == "moons":
        return _moons(task)
    raise RefusalError(f"{task.net} is not written in C")


def _neuron(task: Task) -> Competitor:
    function = library("neuron", STRICT).run
    number, pointer, count = ctypes.c_double, ctypes.c_void_p, ctypes.c_long
    function.argtypes, function.restype = [pointer, number, number, number, pointer, count, count], count
    w, losses = np.array(task.parameters["w"]), np.empty(1)
    x, expected = float(task.data["x"]), float(task.data["expected"])

    def run(steps: int) -> None:
        nonlocal losses
        losses = np.empty(steps)
        assert function(w.ctypes.data, x, expected, task.rate, losses.ctypes.data, 0, steps) == steps

    return Competitor(run, lambda: float(losses[-1]))


def _moons(task: Task) -> Competitor:
    function = library("moons", LOOSE).run
    pointer = ctypes.c_void_p
    function.argtypes, function.restype = [pointer, pointer, pointer, ctypes.c_float, pointer, ctypes.c_long], None
    order = ("w1", "b1", "w2", "b2", "w3", "b3")
    net = np.concatenate([task.parameters[name].ravel() for name in order])
    points, upper = (np.ascontiguousarray(task.data[name]) for name in ("points", "upper"))
    assert points.shape == (100, 2)
    losses: Any = np.empty(1, np.float32)

    def run(steps: int) -> None:
        nonlocal losses
        losses = np.empty(steps, np.float32)
        function(net.ctypes.data, points.ctypes.data, upper.ctypes.data, task.rate, losses.ctypes.data, steps)

    return Competitor(run, lambda: float(losses[-1]))
