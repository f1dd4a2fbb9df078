"""Kernels → fewer kernels: those that go over the same elements become one, and loops that can be one loop do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workings.lower.loops import Access, Buffer, Instruction, Kernel, Repeat, moved, touched

__all__ = ["collapse", "fuse", "lanes"]

Part = Kernel | Repeat


def fuse(parts: Sequence[Part], kept: Iterable[Buffer]) -> list[Part]:
    """Each kernel without a fold joins the last one before it that goes over the same elements, if nothing between
    them is in its way; then a buffer that nothing else reads, and that is not `kept`, is not stored."""
    result: list[Part] = []
    for part in parts:
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
    for place in range(len(before) - 1, -1, -1):
        other = before[place]
        others_read, others_written = touched(other)
        if isinstance(other, Kernel) and other.outer == kernel.extents and _plain(other):
            places = {s.access.buffer: s.access for s in other.stores}
            if all(a == places.get(a.buffer, a) for a in reads) and written.isdisjoint(others_read | others_written):
                return place
        if not read.isdisjoint(others_written) or not written.isdisjoint(others_read | others_written):
            return None
    return None


def _plain(kernel: Kernel) -> bool:
    """Whether each turn writes elements of its own, whatever the others do."""
    return not kernel.ordered and kernel.again is None and all(s.how == "set" and not s.indices for s in kernel.stores)


def _joined(first: Kernel, second: Kernel) -> Kernel:
    """Both in one nest; what the second reads of the first it takes as it was computed."""
    stored = {s.access: s.value for s in first.stores}
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
            part = replace(part, stores=tuple(s for s in part.stores if s.access.buffer in needed or s.how != "set"))
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

        folded = kernel.folded - (axis + 1 >= outer)
        kernel = replace(moved(kernel, short, short if axis + 1 < outer else same), extents=extents, folded=folded)
        kernel = _renumbered(kernel, axis)
    return kernel


def _renumbered(kernel: Kernel, gone: int) -> Kernel:
    """The kernel with the loops after one that is gone counted anew."""
    if not kernel.ordered and all(i.op != "index" for i in kernel.instructions):
        return kernel
    new: dict[Instruction, Instruction] = {}
    for i in kernel.instructions:
        value = i.value - 1 if i.op == "index" and i.value > gone else i.value
        new[i] = replace(i, value=value, inputs=tuple(new[x] for x in i.inputs))
    stores = tuple(replace(s, value=new[s.value], indices=tuple(new[i] for i in s.indices)) for s in kernel.stores)
    return replace(
        kernel,
        body=tuple(new[i] for i in kernel.body),
        after=tuple(new[i] for i in kernel.after),
        fold=kernel.fold and replace(kernel.fold, inputs=tuple(new[i] for i in kernel.fold.inputs)),
        stores=stores,
        ordered=tuple(a - 1 if a > gone else a for a in kernel.ordered),
        again=kernel.again and new[kernel.again],
    )


def lanes(kernel: Kernel) -> Kernel:
    """The kernel with the loop chosen that goes several turns at a time: 64 bytes of its widest numbers.

    The choice, by what a turn costs then, hangs on shapes alone. Of equals the innermost is taken, an outer one
    before a folded one, since that leaves each sum in its order.
    """
    widest = max((i.dtype.itemsize for i in kernel.instructions), default=8)
    width = 64 // max(widest, 4)
    outer = len(kernel.outer)
    if kernel.again is not None:
        return kernel
    best, axis = _cost(kernel, None, width), None
    for a in (*range(outer - 1, -1, -1), *range(len(kernel.extents) - 1, outer - 1, -1)):
        if a in kernel.ordered or kernel.extents[a] < 2:
            continue
        cost = _cost(kernel, a, width)
        if cost < best:
            best, axis = cost, a
    return kernel if axis is None else replace(kernel, axis=axis, width=width)


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
