"""Kernels → fewer kernels: those that go over the same elements become one, and loops that can be one loop do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from workings.lower.elements import MATHS
from workings.lower.loops import MOST, Access, Buffer, Instruction, Kernel, Repeat, Store, moved, touched

__all__ = ["collapse", "fuse", "lanes", "size"]

Part = Kernel | Repeat

_FEW = 6  # instructions that are computed one by one rather than in a loop of their own


def size(kernel: Kernel) -> int:
    """How much a kernel computes in a turn: a function that is approximated counts as many instructions."""
    return sum(20 if i.op in MATHS else 1 for i in kernel.instructions)


def fuse(parts: Sequence[Part], kept: Iterable[Buffer]) -> list[Part]:
    """Each kernel without a fold joins the last one before it that goes over the same elements, if nothing between
    them is in its way, and so does a fold whose order does not matter; then a buffer that nothing else reads, and that
    is not `kept`, is not stored."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, Kernel) and part.fold is not None:
            place = _producer(result, part)
            if place is not None:
                result[place : place + 1] = _told(result[place], part)
                continue
        place = None if isinstance(part, Repeat) else _partner(result, part)
        if place is None:
            result.append(part)
        else:
            first = result[place]
            assert isinstance(first, Kernel)
            assert isinstance(part, Kernel)
            result[place] = _joined(first, part)
    return _without_stores(result, set(kept))


def _partner(before: Sequence[Part], kernel: Kernel) -> int | None:
    if kernel.fold is not None or not _plain(kernel):
        return None
    reads = kernel.reads()
    read, written = touched(kernel)
    own = size(kernel)
    for place in range(len(before) - 1, -1, -1):
        other = before[place]
        others_read, others_written = touched(other)
        if isinstance(other, Kernel) and other.outer == kernel.extents and _plain(other):
            places = {s.access.buffer: s.access for s in other.stores}
            single = {s.access.buffer for s in other.stores if s.how != "set"}
            # elements that have nothing to do with one another would only crowd the registers
            near = not kernel.extents or any(b.shape != () for b in read & (others_read | others_written))
            near = near and not _one_by_one(other, kernel) and size(other) + own <= MOST
            matching = all(a == places.get(a.buffer, a) for a in reads)
            if near and matching and single.isdisjoint(read) and written.isdisjoint(others_read | others_written):
                return place
        if not read.isdisjoint(others_written) or not written.isdisjoint(others_read | others_written):
            return None
    return None


def _one_by_one(first: Kernel, second: Kernel) -> bool:
    """Whether much that could be computed in lanes would follow a fold that takes up the lanes itself."""
    if first.fold is None or not first.outer or sum(i.access is None for i in second.body) <= _FEW:
        return False
    flat = lanes(collapse(first))
    return flat.axis is None or flat.axis >= len(flat.outer)


def _plain(kernel: Kernel) -> bool:
    """Whether each turn writes elements of its own, whatever the others do."""
    return not kernel.ordered and kernel.again is None and all(s.how != "add" and not s.indices for s in kernel.stores)


def _producer(before: Sequence[Part], kernel: Kernel) -> int | None:
    """The kernel that writes all that a fold by "and" or "or" over everything reads."""
    assert kernel.fold is not None
    if kernel.fold.how not in ("and", "or") or kernel.outer or not _plain(kernel) or len(kernel.after) != 1:
        return None
    reads = [i.access for i in kernel.body if i.access is not None]
    for place in range(len(before) - 1, -1, -1):
        other = before[place]
        written = touched(other)[1]
        if any(a.buffer in written for a in reads):
            if not isinstance(other, Kernel) or other.outer != kernel.extents or not _plain(other):
                return None
            places = [s.access for s in other.stores if s.how == "set"]
            return place if all(a in places for a in reads) else None
    return None


def _told(first: Part, second: Kernel) -> list[Part]:
    """A kernel that puts what it computes together as the second one does, after one that sets it to what changes
    nothing."""
    assert isinstance(first, Kernel)
    assert second.fold is not None
    (store,) = second.stores
    start = Instruction("constant", second.fold.dtype, value=np.bool_(second.fold.how == "and"))
    fill = Kernel((), 0, (start,), None, (), (replace(store, value=start),))
    still = replace(store.access, strides=(0,) * len(second.extents))
    how = second.fold.how
    (value,) = second.fold.inputs
    alone = replace(second, folded=0, fold=None, after=(), stores=(Store(still, value, how=how),))
    return [fill, _joined(first, alone)]


def _joined(first: Kernel, second: Kernel) -> Kernel:
    """Both in one nest; what the second reads of the first it takes as it was computed."""
    stored = {s.access: s.value for s in first.stores if s.how == "set"}
    part = first.body if first.fold is None else first.after
    loaded = {(i.access, i.inputs): i for i in part if i.access is not None}
    new: dict[Instruction, Instruction] = {}
    added: list[Instruction] = []
    for i in second.body:
        inputs = tuple(new[x] for x in i.inputs)
        known = None
        if i.access is not None:
            known = stored.get(i.access) if not inputs else None
            known = known or loaded.get((i.access, inputs))
        if known is not None:
            new[i] = known
        else:
            new[i] = replace(i, inputs=inputs)
            added.append(new[i])
    stores = (*first.stores, *(replace(s, value=new[s.value]) for s in second.stores))
    joined = (*part, *added)
    return (
        replace(first, body=joined, stores=stores)
        if first.fold is None
        else replace(first, after=joined, stores=stores)
    )


def _without_stores(parts: Sequence[Part], kept: set[Buffer]) -> list[Part]:
    """The parts without the stores, and the instructions, that nothing needs, from the last part to the first."""
    result: list[Part] = []
    needed = set(kept)
    for part in reversed(parts):
        if isinstance(part, Kernel):
            here = needed | (touched(part)[0] if part.ordered or part.again is not None else set())
            part = replace(part, stores=tuple(s for s in part.stores if s.access.buffer in here or s.how != "set"))
            if not part.stores:
                continue
            part = _without_idle(part)
        needed |= touched(part)[0]
        result.append(part)
    result.reverse()
    return result


def _without_idle(kernel: Kernel) -> Kernel:
    """The kernel without instructions that lead to no store."""
    used: set[Instruction] = {i for s in kernel.stores for i in (s.value, *s.indices)}
    if kernel.fold is not None:
        used |= set(kernel.fold.inputs)
    if kernel.again is not None:
        used.add(kernel.again)
    for i in reversed(kernel.instructions):
        if i in used:
            used |= set(i.inputs)
    return replace(
        kernel,
        body=tuple(i for i in kernel.body if i in used),
        after=tuple(i for i in kernel.after if i in used),
    )


def collapse(kernel: Kernel) -> Kernel:
    """Neighboring loops become one wherever all accesses step through both as through one."""
    axis = 0
    while axis + 1 < len(kernel.extents):
        outer = len(kernel.outer)
        apart = axis + 1 == outer  # the last outer and the first folded loop
        apart |= any(i.op == "index" and i.value in (axis, axis + 1) for i in kernel.instructions)
        apart |= axis in kernel.ordered or axis + 1 in kernel.ordered
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

        def later(loop: int, axis: int = axis) -> int:
            return loop - 1 if loop > axis else loop

        folded = kernel.folded - (axis + 1 >= outer)
        kernel = moved(kernel, short, short if axis + 1 < outer else same, later)
        kernel = replace(kernel, extents=extents, folded=folded)
    return kernel


def lanes(kernel: Kernel) -> Kernel:
    """The kernel with the loop chosen that goes several turns at a time: 64 bytes of its widest numbers.

    The choice, by what a turn costs then, hangs on shapes alone. Of equals the innermost is taken, an outer one
    before a folded one, since that leaves each sum in its order.
    """
    widest = max((i.dtype.itemsize for i in _varied(kernel)), default=8)
    width = 64 // max(widest, 4)
    outer = len(kernel.outer)
    best, axis = _cost(kernel, None, width), None
    for a in (*range(outer - 1, -1, -1), *range(len(kernel.extents) - 1, outer - 1, -1)):
        if a in kernel.ordered or kernel.extents[a] < 2:
            continue
        cost = _cost(kernel, a, width)
        if cost < best:
            best, axis = cost, a
    return kernel if axis is None else replace(kernel, axis=axis, width=width)


def _varied(kernel: Kernel) -> list[Instruction]:
    """The instructions whose values are not the same in all turns; all of them, if there is none."""
    found: dict[Instruction, None] = {}
    for i in kernel.instructions:
        if i.op in ("load", "index", "fold") or any(x in found for x in i.inputs):
            found[i] = None
    return list(found or kernel.instructions)


def _cost(kernel: Kernel, axis: int | None, width: int) -> float:
    """What a turn costs, in instructions, with this loop in lanes."""
    outer = len(kernel.outer)
    lone = sum(i.access is None for i in kernel.instructions)
    loads = [i.access for i in kernel.body if i.access is not None]
    stores: list[Access] = []
    if axis is None or axis < outer:
        loads += [i.access for i in kernel.after if i.access is not None]
        stores = kernel.writes()
    if axis is None:
        return lone + len(loads) + len(stores)
    vectors = -(-kernel.extents[axis] // width)
    used = kernel.extents[axis] / vectors

    def moved(access: Access, load: bool) -> float:
        stride, lone = access.strides[axis], any(access.by)
        if stride in (0, 1) and not lone:
            return 1.0
        # numbers that lie apart are moved one by one, unless those between are few and are loaded with them
        near = load and not lone and 2 * abs(stride) <= width
        return min(1.5 * used, 2.0 * abs(stride)) if near else 1.5 * used

    moves = sum(moved(a, True) for a in loads) + sum(moved(a, False) for a in stores)
    ends = 0.0
    if axis >= outer:
        # the lanes are put together at the end
        turns = 1
        for n in kernel.extents[outer:]:
            turns *= n
        ends = 8.0 / max(turns, 1)
    return (lone + moves) / used + ends
