"""How the loops of a kernel are gone through on a machine: what is taken side by side, and shared out to threads.

None of it changes a bit: each element is computed by the same instructions in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workings.lower import Instruction, Kernel
from workings.lower.elements import MATHS

__all__ = ["Machine", "Schedule", "depends", "schedule", "work"]

_WORTH = 10_000  # instructions of vectors, from which on a kernel is shared out to threads


class Machine(NamedTuple):
    """What a schedule needs to know: how many bytes a vector register has, and how many of them there are."""

    vector: int = 64
    registers: int = 32


@dataclass(frozen=True)
class Schedule:
    """The elements whose sums are taken side by side, and the loop that threads share.

    rows     a loop of which `height` turns are taken together; None for none
    columns  so many vectors along the loop that goes in lanes are taken together
    split    the loop that threads share; None where one thread does it all
    unit     how many of its turns stay together
    """

    rows: int | None
    height: int
    columns: int
    split: int | None
    unit: int


def schedule(kernel: Kernel, machine: Machine) -> Schedule:
    """How a kernel is gone through on this machine."""
    rows, height, columns = None, 1, 1
    outer = len(kernel.outer)
    if kernel.fold is not None:
        size = kernel.fold.dtype.itemsize
        lane = kernel.axis if kernel.axis is not None else -1
        each = max(1, kernel.width * size // machine.vector) if kernel.axis is not None else 1
        # what stays free holds the factors
        room = max(1, (machine.registers - machine.registers // 4) // each)
        in_outer = 0 <= lane < outer
        if in_outer and kernel.extents[lane] >= 2 * kernel.width and each == 1:
            columns = 2
        most = max(1, min(room // columns, 12))
        rows = _reused(kernel, lane)
        if rows is not None:
            height = _height(kernel.extents[rows], most)
            if height == 1:
                rows = None
        if rows is None and in_outer and each == 1:
            columns = max(1, min(4, kernel.extents[lane] // kernel.width))
    elif kernel.again is not None and kernel.axis is not None:
        # one step hangs on the one before: several side by side fill the time
        columns = max(1, min(4, kernel.extents[kernel.axis] // kernel.width))
    split, unit = None, 1
    if work(kernel) >= _WORTH:
        for axis in range(outer):
            units = kernel.width * columns if axis == kernel.axis else height if axis == rows else 1
            count = kernel.extents[axis] // units
            if axis not in kernel.ordered and count >= 2 and (split is None or count >= 8):
                split, unit = axis, units
                if count >= 8:
                    break
    return Schedule(rows, height, columns, split, unit)


def _reused(kernel: Kernel, lane: int) -> int | None:
    """The outer loop along which the most loads stay where they are, the innermost of several."""
    best: tuple[int, int] | None = None
    for axis in range(len(kernel.outer) - 1, -1, -1):
        if axis == lane or axis in kernel.ordered or kernel.extents[axis] < 2:
            continue
        still = sum(
            i.access.strides[axis] == 0 for i in kernel.body if i.access is not None and i.access.buffer.shape != ()
        )
        if best is None or still > best[0]:
            best = still, axis
    return None if best is None else best[1]


def _height(extent: int, most: int) -> int:
    """So many turns of a loop at once that few are left over."""
    if extent <= most:
        return extent
    exact = [n for n in range(most, max(most * 2 // 3, 1) - 1, -1) if extent % n == 0]
    return exact[0] if exact else most


def work(kernel: Kernel) -> float:
    """How many instructions of vectors a kernel takes, roughly."""
    turns = 1
    for n in kernel.extents:
        turns *= n
    each = sum(20 if i.op in MATHS else 1 for i in kernel.body) or 1
    after = sum(20 if i.op in MATHS else 1 for i in kernel.after)
    outer = 1
    for n in kernel.outer:
        outer *= n
    return (turns * each + outer * after) / (kernel.width if kernel.axis is not None else 1)


def depends(kernel: Kernel) -> dict[Instruction, frozenset[int]]:
    """For each instruction the loops on whose turn its value hangs."""
    found: dict[Instruction, frozenset[int]] = {}
    for i in kernel.instructions:
        axes: set[int] = set().union(*(found[x] for x in i.inputs)) if i.inputs else set()
        if i.access is not None:
            axes |= {a for a, stride in enumerate(i.access.strides) if stride}
        if i.op == "index":
            axes.add(i.value)
        if i.op == "fold":
            axes |= set(range(len(kernel.outer)))
        found[i] = frozenset(axes)
    return found
