"""How the loops of a kernel are gone through on a machine: what is taken side by side, and shared out to threads.

None of it changes a bit: each element is computed by the same instructions in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from workings.lower import Buffer, Instruction, Kernel, Loops, kernels_of
from workings.lower.elements import MATHS
from workings.lower.verify import known_range

__all__ = ["Machine", "Schedule", "depends", "schedule", "shared_out", "work"]

_WORTH = 20_000  # instructions of vectors, from which on a kernel is shared out to threads


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
    turned   whether elements that lie side by side along `rows` go where they lie side by side along the lanes
    """

    rows: int | None
    height: int
    columns: int
    split: int | None
    unit: int
    turned: bool = False


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
        # where the lanes are put together at the end, more rows make more text than speed
        most = max(1, min(room // columns, 12 if in_outer else 4))
        rows = _reused(kernel, lane)
        if rows is not None:
            height = _height(kernel.extents[rows], most)
            if height == 1:
                rows = None
        if rows is None and in_outer and each == 1:
            columns = max(1, min(4, kernel.extents[lane] // kernel.width))
    turned = _turned(kernel)
    if turned is not None:
        rows, height = turned, min(kernel.width, kernel.extents[turned])
    elif kernel.again is not None and kernel.axis is not None:
        # one step hangs on the one before: several side by side fill the time
        columns = max(1, min(4, kernel.extents[kernel.axis] // kernel.width))
    split, unit = None, 1
    if work(kernel) >= _WORTH:
        for axis in range(outer):
            units = kernel.width * columns if axis == kernel.axis else height if axis == rows else 1
            count = kernel.extents[axis] // units
            if count >= 2 and (split is None or count >= 8) and _parallel(kernel, axis):
                split, unit = axis, units
                if count >= 8:
                    break
    return Schedule(rows, height, columns, split, unit, turned is not None)


def shared_out(loops: Loops, machine: Machine) -> bool:
    """Whether any kernel is large enough to be shared out to threads."""
    return any(schedule(k, machine).split is not None for k in kernels_of(loops.everything))


def _parallel(kernel: Kernel, axis: int) -> bool:
    """Whether threads may share a loop: its turns need not come in order, and each comes with all turns of the loops
    that do, or keeps to elements of its own in all of those."""
    if axis in kernel.ordered:
        return False
    return all(axis < other for other in kernel.ordered) or all(
        _keeps_apart(kernel, axis, buffer) for buffer in {store.access.buffer for store in kernel.stores}
    )


def _keeps_apart(kernel: Kernel, axis: int, buffer: Buffer) -> bool:
    """Whether the turns of a loop touch different elements of a buffer, whatever the turns of the other loops are.

    They do if which turn it is can be told from the number of the element alone: with steps of s for n turns it is
    number // s % n, where the smaller steps of the other loops stay within s and the larger ones are whole n · s.
    """
    axes = depends(kernel)
    accesses = [(i.access, i.inputs) for i in kernel.instructions if i.access is not None]
    accesses += [(store.access, store.indices) for store in kernel.stores]
    accesses = [(access, indices) for access, indices in accesses if access.buffer is buffer]
    first = accesses[0][0]
    step, turns = abs(first.strides[axis]), kernel.extents[axis]
    least, most = 0, 0
    for access, indices in accesses:
        if access.strides[axis] != first.strides[axis] or access.turns != first.turns or step == 0:
            return False
        if any(index.op == "turn" or axis in axes[index] for index in indices):
            return False
        others = [(access.strides[a], kernel.extents[a]) for a in range(len(access.strides)) if a != axis]
        others += [(by, known_range(index, kernel) or 0) for by, index in zip(access.by, indices, strict=True)]
        others = [(stride, count) for stride, count in others if count > 1]
        if any(abs(stride) >= step and stride % (step * turns) for stride, _ in others):
            return False
        spans = [stride * (count - 1) for stride, count in others if abs(stride) < step]
        start = (access.offset - first.offset + step) % (step * turns) - step
        least = min(least, start + sum(span for span in spans if span < 0))
        most = max(most, start + sum(span for span in spans if span > 0))
    return most - least < step


def _turned(kernel: Kernel) -> int | None:
    """For a kernel that only moves elements, the loop along which they lie side by side, if that is another one than
    the one along which they are to lie so, which goes in lanes."""
    if kernel.fold is not None or len(kernel.body) != 1 or len(kernel.stores) != 1 or kernel.axis is None:
        return None
    (load,), (store,), lane = kernel.body, kernel.stores, kernel.axis
    if load.access is None or load.inputs or store.indices or store.how != "set" or kernel.ordered:
        return None
    if load.dtype.kind == "b" or store.access.strides[lane] != 1:
        return None
    return next(
        (
            axis
            for axis, stride in enumerate(load.access.strides)
            if stride == 1 and axis != lane and kernel.extents[axis] > 1
        ),
        None,
    )


def _reused(kernel: Kernel, lane: int) -> int | None:
    """The outer loop along which the most loads stay where they are; of equals, the most of whole vectors, since a
    single number costs less to take again; of these, the innermost."""
    best: tuple[tuple[int, int], int] | None = None
    loads = [i.access.strides for i in kernel.body if i.access is not None and i.access.buffer.shape != ()]
    for axis in range(len(kernel.outer) - 1, -1, -1):
        if axis == lane or axis in kernel.ordered or kernel.extents[axis] < 2:
            continue
        still = [strides for strides in loads if strides[axis] == 0]
        found = len(still), sum(lane >= 0 and strides[lane] != 0 for strides in still)
        if best is None or found > best[0]:
            best = found, axis
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
