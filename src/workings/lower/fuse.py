"""Kernels → fewer kernels: those that go over the same elements become one, and loops that can be one loop do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workings.lower.loops import Access, Buffer, Instruction, Kernel, moved

__all__ = ["collapse", "fuse", "lanes"]


def fuse(kernels: Sequence[Kernel], kept: Iterable[Buffer]) -> list[Kernel]:
    """Each kernel without a fold joins the last one before it that goes over the same elements, if nothing between
    them is in its way; then a buffer that nothing else reads, and that is not `kept`, is not stored."""
    result: list[Kernel] = []
    for kernel in kernels:
        place = _partner(result, kernel)
        if place is None:
            result.append(kernel)
        else:
            result[place] = _joined(result[place], kernel)
    read = {access.buffer for kernel in result for access in kernel.reads()} | set(kept)
    return [_without_stores(kernel, read) for kernel in result]


def _partner(before: Sequence[Kernel], kernel: Kernel) -> int | None:
    if kernel.fold is not None:
        return None
    reads = kernel.reads()
    buffers = {access.buffer for access in reads}
    for place in range(len(before) - 1, -1, -1):
        other = before[place]
        written = {access.buffer: access for access in other.writes()}
        if other.outer == kernel.extents and all(a == written.get(a.buffer, a) for a in reads):
            return place
        if not buffers.isdisjoint(written):
            return None
    return None


def _joined(first: Kernel, second: Kernel) -> Kernel:
    """Both in one nest; what the second reads of the first it takes as it was computed."""
    stored = dict(first.stores)
    part = first.body if first.fold is None else first.after
    loaded = {i.access: i for i in part if i.access is not None}
    new: dict[Instruction, Instruction] = {}
    added: list[Instruction] = []
    for i in second.body:
        known = None if i.access is None else stored.get(i.access) or loaded.get(i.access)
        if known is not None:
            new[i] = known
        else:
            new[i] = replace(i, inputs=tuple(new[x] for x in i.inputs))
            added.append(new[i])
    stores = (*first.stores, *((access, new[i]) for access, i in second.stores))
    joined = (*part, *added)
    return (
        replace(first, body=joined, stores=stores)
        if first.fold is None
        else replace(first, after=joined, stores=stores)
    )


def _without_stores(kernel: Kernel, read: set[Buffer]) -> Kernel:
    return replace(kernel, stores=tuple((access, i) for access, i in kernel.stores if access.buffer in read))


def collapse(kernel: Kernel) -> Kernel:
    """Neighboring loops become one wherever all accesses step through both as through one."""
    axis = 0
    while axis + 1 < len(kernel.extents):
        outer = len(kernel.outer)
        apart = axis + 1 == outer  # the last outer and the first folded loop
        inner = kernel.extents[axis + 1]
        bodies = [i.access for i in kernel.body if i.access is not None]
        others = [i.access for i in kernel.after if i.access is not None] + kernel.writes()
        touched = bodies + (others if axis + 1 < outer else [])
        if apart or not all(a.strides[axis] == a.strides[axis + 1] * inner for a in touched):
            axis += 1
            continue
        extents = (*kernel.extents[:axis], kernel.extents[axis] * inner, *kernel.extents[axis + 2 :])

        def short(access: Access, axis: int = axis) -> Access:
            return replace(access, strides=(*access.strides[:axis], *access.strides[axis + 1 :]))

        def same(access: Access) -> Access:
            return access

        folded = kernel.folded - (axis + 1 >= outer)
        kernel = replace(moved(kernel, short, short if axis + 1 < outer else same), extents=extents, folded=folded)
    return kernel


def lanes(kernel: Kernel) -> Kernel:
    """The kernel with the loop chosen that goes several turns at a time: 64 bytes of its widest numbers.

    Preferred is a loop along which everything lies side by side or stays, an outer one before a folded one, since
    it leaves each sum in its order; the innermost of several. The choice hangs on shapes alone.
    """
    widest = max((i.dtype.itemsize for i in kernel.instructions), default=8)
    width = 64 // max(widest, 4)
    outer = len(kernel.outer)
    best: tuple[int, int] | None = None
    for axis in (*range(outer - 1, -1, -1), *range(len(kernel.extents) - 1, outer - 1, -1)):
        if kernel.extents[axis] < width:
            continue
        accesses = [i.access for i in kernel.body if i.access is not None]
        if axis < outer:
            accesses += [i.access for i in kernel.after if i.access is not None] + kernel.writes()
        apart = sum(access.strides[axis] not in (0, 1) for access in accesses)
        if best is None or apart < best[0]:
            best = (apart, axis)
    if best is None or best[0] > 1:
        return kernel
    return replace(kernel, axis=best[1], width=width)
