"""The grammar of loops, checked by machine."""

from __future__ import annotations

from collections.abc import Sequence

from workings.errors import GraphError
from workings.lower.loops import Access, Buffer, Instruction, Kernel, Loops, Repeat, touched

__all__ = ["known_range", "verify_loops"]

_GIVEN = frozenset({"carry", "data", "setting", "counter", "constant"})
_WRITTEN = frozenset({"carry", "scratch", "output"})


def verify_loops(loops: Loops) -> Loops:
    """Return the loops if they are legal; raise `GraphError` naming the kernel if they are not.

    Legal means: every access lies within its buffer for all turns, and for all values of an index that is computed;
    a buffer is written before it is read, if it is not given, and what is given stays as it is, unless it is carried;
    an instruction comes after what it takes; what is stored has the buffer's dtype; and the loop that is gone through
    several turns at a time is there, and is free of order.
    """
    parts = [loops.kernels]
    if loops.training is not None and loops.training.final is not None:
        parts.append(loops.training.final)
    for kernels in parts:
        known: set[Buffer] = {b for b in loops.buffers if b.role in _GIVEN}
        _Check(loops, known).all(kernels, ())
        for buffer in loops.results:
            if buffer not in known:
                raise GraphError(f"loops {loops.name}: result {buffer.name} is never written")
    return loops


class _Check:
    def __init__(self, loops: Loops, known: set[Buffer]) -> None:
        self.name = loops.name
        self.declared = set(loops.buffers)
        self.known = known
        self.number = 0

    def all(self, parts: Sequence[Kernel | Repeat], turns: tuple[int, ...]) -> None:
        for part in parts:
            if isinstance(part, Repeat):
                self.all(part.body, (*turns, part.length))
            else:
                self.kernel(part, turns)
                self.number += 1

    def kernel(self, kernel: Kernel, turns: tuple[int, ...]) -> None:
        label = f"loops {self.name}: kernel {self.number}"
        for access in (*kernel.reads(), *kernel.writes()):
            if access.buffer not in self.declared:
                raise GraphError(f"{label}: buffer {access.buffer.name} is not declared")
        reads, own = touched(kernel)
        for buffer in reads:
            # in a nest with an order, a turn may read what one before has written
            if buffer not in self.known and not (kernel.ordered and buffer in own):
                raise GraphError(f"{label}: reads {buffer.name} before it is written")
        for store in kernel.stores:
            buffer = store.access.buffer
            if buffer.role not in _WRITTEN:
                raise GraphError(f"{label}: writes {buffer.name}, which is given ({buffer.role})")
            if store.value.dtype != buffer.dtype:
                raise GraphError(f"{label}: stores {store.value.dtype.name} into {buffer.name}, {buffer.dtype.name}")
        places = {(s.access, s.indices) for s in kernel.stores}
        if len(places) != len(kernel.stores):
            raise GraphError(f"{label}: writes an element twice")
        _check_accesses(label, kernel, turns)
        _check_order(label, kernel, turns)
        self.known |= own


def _check_accesses(label: str, kernel: Kernel, turns: tuple[int, ...]) -> None:
    parts = [(kernel.extents, [(i.access, i.inputs) for i in kernel.body if i.access])]
    after = [(i.access, i.inputs) for i in kernel.after if i.access]
    parts.append((kernel.outer, after + [(s.access, s.indices) for s in kernel.stores]))
    for extents, accesses in parts:
        for access, indices in accesses:
            name = access.buffer.name
            if len(access.strides) != len(extents) or len(access.by) != len(indices):
                raise GraphError(f"{label}: {name} has strides {access.strides} for loops {extents}")
            if len(access.turns) > len(turns):
                raise GraphError(f"{label}: {name} has strides {access.turns} for repeats {turns}")
            spans = [(stride * (n - 1)) for stride, n in zip(access.strides, extents, strict=True)]
            spans += [stride * (n - 1) for stride, n in zip(access.turns, turns, strict=False)]
            for stride, index in zip(access.by, indices, strict=True):
                limit = known_range(index, kernel, turns)
                if limit is None:
                    raise GraphError(f"{label}: {name} is taken at {index.op}, of which no range is known")
                spans.append(stride * (limit - 1))
            if 0 not in extents and 0 not in turns and not _inside(access, spans):
                raise GraphError(f"{label}: an access of {name} leaves it")
    for axis in (*kernel.ordered, *([] if kernel.axis is None else [kernel.axis])):
        if not 0 <= axis < len(kernel.extents):
            raise GraphError(f"{label}: there is no loop {axis}")
    if kernel.axis in kernel.ordered:
        raise GraphError(f"{label}: loop {kernel.axis} is gone through in order, and several turns at a time")


def known_range(index: Instruction, kernel: Kernel, turns: Sequence[int] = ()) -> int | None:
    """A number that the values of this instruction, none negative, stay below; None if it is not known."""
    if index.op == "index":
        return kernel.extents[index.value]
    if index.op == "turn":
        return turns[index.value]
    return int(index.value) if index.op in ("wrapped", "within") else None


def _inside(access: Access, spans: Sequence[int]) -> bool:
    low = access.offset + sum(min(span, 0) for span in spans)
    high = access.offset + sum(max(span, 0) for span in spans)
    return low >= 0 and high < access.buffer.size


def _check_order(label: str, kernel: Kernel, turns: tuple[int, ...]) -> None:
    seen: set[Instruction] = set()

    def check(part: Sequence[Instruction], loops: int) -> None:
        for i in part:
            if any(x not in seen for x in i.inputs):
                raise GraphError(f"{label}: {i.op} takes what is not computed yet")
            if (i.op == "index" and i.value >= loops) or (i.op == "turn" and i.value >= len(turns)):
                raise GraphError(f"{label}: there is no loop {i.value}")
            if i.op == "times" and kernel.again is None:
                raise GraphError(f"{label}: no turn is gone through again, and it is counted how often")
            seen.add(i)

    check(kernel.body, len(kernel.extents))
    if kernel.again is not None and kernel.again not in seen:
        raise GraphError(f"{label}: a turn is repeated by what is not computed")
    if kernel.fold is not None:
        if any(i not in seen or i.dtype != kernel.fold.dtype for i in kernel.fold.inputs):
            raise GraphError(f"{label}: the fold takes what the body does not compute in its dtype")
        seen.clear()
    elif kernel.folded:
        raise GraphError(f"{label}: loops are folded, and no fold is given")
    check(kernel.after, len(kernel.outer))
    if any(i not in seen for s in kernel.stores for i in (s.value, *s.indices)):
        raise GraphError(f"{label}: stores what is not computed where it is stored")
