"""The grammar of loops, checked by machine."""

from __future__ import annotations

from workings.errors import GraphError
from workings.lower.loops import Access, Buffer, Instruction, Kernel, Loops

__all__ = ["verify_loops"]

_GIVEN = frozenset({"carry", "data", "setting", "counter", "constant"})
_WRITTEN = frozenset({"carry", "scratch", "output"})


def verify_loops(loops: Loops) -> Loops:
    """Return the loops if they are legal; raise `GraphError` naming the kernel if they are not.

    Legal means: every access lies within its buffer for all turns; a buffer is written before it is read, if it
    is not given, and what is given stays as it is, unless it is carried; an instruction comes after what it takes;
    what is stored has the buffer's dtype; and the loop that is gone through several turns at a time is there.
    """
    known: set[Buffer] = {b for b in loops.buffers if b.role in _GIVEN}
    declared = set(loops.buffers)
    for number, kernel in enumerate(loops.kernels):
        label = f"loops {loops.name}: kernel {number}"
        for access in (*kernel.reads(), *kernel.writes()):
            if access.buffer not in declared:
                raise GraphError(f"{label}: buffer {access.buffer.name} is not declared")
        own = {access.buffer for access in kernel.writes()}
        for access in kernel.reads():
            if access.buffer not in known:
                raise GraphError(f"{label}: reads {access.buffer.name} before it is written")
        for access, instruction in kernel.stores:
            if access.buffer.role not in _WRITTEN:
                raise GraphError(f"{label}: writes {access.buffer.name}, which is given ({access.buffer.role})")
            if instruction.dtype != access.buffer.dtype:
                raise GraphError(
                    f"{label}: stores {instruction.dtype.name} into {access.buffer.name}, {access.buffer.dtype.name}"
                )
        if len(own) != len(kernel.stores):
            raise GraphError(f"{label}: writes a buffer twice")
        _check_accesses(label, kernel)
        _check_order(label, kernel)
        known |= own
    for buffer in loops.results:
        if buffer not in known:
            raise GraphError(f"loops {loops.name}: result {buffer.name} is never written")
    return loops


def _check_accesses(label: str, kernel: Kernel) -> None:
    parts = [(kernel.extents, [i.access for i in kernel.body if i.access])]
    parts.append((kernel.outer, [i.access for i in kernel.after if i.access] + kernel.writes()))
    for extents, accesses in parts:
        for access in accesses:
            if len(access.strides) != len(extents):
                raise GraphError(f"{label}: {access.buffer.name} has strides {access.strides} for loops {extents}")
            if 0 not in extents and not _inside(access, extents):
                raise GraphError(f"{label}: an access of {access.buffer.name} leaves it")
    if kernel.axis is not None and not 0 <= kernel.axis < len(kernel.extents):
        raise GraphError(f"{label}: there is no loop {kernel.axis}")


def _inside(access: Access, extents: tuple[int, ...]) -> bool:
    ends = [stride * (extent - 1) for stride, extent in zip(access.strides, extents, strict=True)]
    low = access.offset + sum(min(end, 0) for end in ends)
    high = access.offset + sum(max(end, 0) for end in ends)
    return low >= 0 and high < access.buffer.size


def _check_order(label: str, kernel: Kernel) -> None:
    seen: set[Instruction] = set()
    for instruction in kernel.body:
        if any(i not in seen for i in instruction.inputs):
            raise GraphError(f"{label}: {instruction.op} takes what is not computed yet")
        seen.add(instruction)
    if kernel.fold is not None:
        if any(i not in seen or i.dtype != kernel.fold.dtype for i in kernel.fold.inputs):
            raise GraphError(f"{label}: the fold takes what the body does not compute in its dtype")
        seen.clear()
    elif kernel.folded:
        raise GraphError(f"{label}: loops are folded, and no fold is given")
    for instruction in kernel.after:
        if any(i not in seen for i in instruction.inputs):
            raise GraphError(f"{label}: {instruction.op} takes what is not computed yet")
        seen.add(instruction)
    if any(i not in seen for _, i in kernel.stores):
        raise GraphError(f"{label}: stores what is not computed where it is stored")
