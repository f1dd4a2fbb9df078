"""Loops → the text of an LLVM module. Nothing is contracted or regrouped: no instruction has a fast-math flag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workings.engines.native.instructions import Writer, plain
from workings.engines.native.jit import ENTRY
from workings.engines.native.maths import define
from workings.lower import Access, Buffer, Instruction, Kernel, Loops

__all__ = ["write_llvm"]

_TILE = 4  # so many sums are taken side by side, since one alone waits for each addition


def write_llvm(loops: Loops) -> str:
    """A module with the function `run(pointers, losses, first, last)`, which returns the step that was reached.

    `pointers` has the address of each buffer of `loops.buffers`, in order.
    """
    w = Writer(define)
    _Module(loops, w).function()
    types = ", ".join(f"ptr noalias %b{k}" for k in range(len(loops.buffers)))
    head = (
        f"define internal i64 @loop({types}{', ' if types else ''}ptr noalias %losses, i64 %first, i64 %last) noinline"
    )
    entry = [f"define i64 @{ENTRY}(ptr %pointers, ptr %losses, i64 %first, i64 %last) {{"]
    for k in range(len(loops.buffers)):
        entry += [f"  %p{k} = getelementptr ptr, ptr %pointers, i64 {k}", f"  %b{k} = load ptr, ptr %p{k}"]
    arguments = "".join(f"ptr %b{k}, " for k in range(len(loops.buffers)))
    entry += [f"  %step = call i64 @loop({arguments}ptr %losses, i64 %first, i64 %last)", "  ret i64 %step", "}"]
    body = [f"{head} {{", "entry:", *w.entry, *w.lines, "}"]
    return "\n".join([f"; {loops.name}", *sorted(w.declared.values()), "", *body, "", *entry, ""])


class _Module:
    """The function of some loops: scalars in registers, arrays where they are."""

    def __init__(self, loops: Loops, writer: Writer) -> None:
        self.loops = loops
        self.w = writer
        self.pointers = {b: f"%b{k}" for k, b in enumerate(loops.buffers)}

    def function(self) -> None:
        w = self.w
        scalars = [b for b in self.loops.buffers if b.shape == ()]
        for buffer in scalars:
            outside = self.pointers[buffer]
            self.pointers[buffer] = inside = w.slot(plain(buffer.dtype, memory=True))
            if buffer.role not in ("scratch", "output"):
                kind = plain(buffer.dtype, memory=True)
                w.store(kind, w.emit(f"load {kind}, ptr {outside}"), inside)
        training = self.loops.training
        if training is None:
            self._kernels()
            reached = "%last"
        else:
            reached = self._steps()
        for k, buffer in enumerate(self.loops.buffers):
            if buffer.shape == () and buffer.role in ("carry", "output"):
                kind = plain(buffer.dtype, memory=True)
                w.store(kind, w.emit(f"load {kind}, ptr {self.pointers[buffer]}"), f"%b{k}")
        w.line(f"ret i64 {reached}")

    def _steps(self) -> str:
        w, t = self.w, self.loops.training
        assert t is not None
        slot = w.slot("i64")
        w.store("i64", "%first", slot)
        head, body, done = w.label(), w.label(), w.label()
        w.line(f"br label %{head}")
        w.place(head)
        step = w.emit(f"load i64, ptr {slot}")
        w.line(f"br i1 {w.emit(f'icmp slt i64 {step}, %last')}, label %{body}, label %{done}")
        w.place(body)
        if t.counter is not None:
            w.store("i64", step, self.pointers[t.counter])
        self._kernels()
        kind = plain(t.loss.dtype, memory=True)
        number = w.emit(f"sub i64 {step}, %first")
        place = w.emit(f"getelementptr inbounds {kind}, ptr %losses, i64 {number}")
        w.store(kind, w.emit(f"load {kind}, ptr {self.pointers[t.loss]}"), place)
        w.store("i64", w.emit(f"add i64 {step}, 1"), slot)
        finite, stop = (w.emit(f"load i8, ptr {self.pointers[b]}") for b in (t.finite, t.stop))
        good = w.emit(f"icmp ne i8 {finite}, 0")
        on = w.emit(f"icmp eq i8 {stop}, 0")
        w.line(f"br i1 {w.emit(f'and i1 {good}, {on}')}, label %{head}, label %{done}")
        w.place(done)
        return w.emit(f"load i64, ptr {slot}")

    def _kernels(self) -> None:
        for kernel in self.loops.kernels:
            if 0 not in kernel.outer:
                _Nest(kernel, self.w, self.pointers).write()


class _Nest:
    """The loops of one kernel."""

    def __init__(self, kernel: Kernel, writer: Writer, pointers: dict[Buffer, str]) -> None:
        self.k = kernel
        self.w = writer
        self.pointers = pointers
        outer = len(kernel.outer)
        # side by side along the innermost loop that is not gone through in lanes
        able = [a for a in range(outer) if a != kernel.axis and kernel.extents[a] >= _TILE]
        self.tiled = able[-1] if able and kernel.fold is not None else None

    def write(self) -> None:
        self._outer(0, {}, 1, 1)

    def _outer(self, axis: int, place: dict[int, str], width: int, copies: int) -> None:
        k = self.k
        if axis == len(k.outer):
            self._turn(place, width, copies)
            return
        by = k.width if axis == k.axis else _TILE if axis == self.tiled else 1
        extent = k.extents[axis]
        full = extent - extent % by

        def inner(index: str, some: int) -> None:
            at = {**place, axis: index}
            if axis == k.axis:
                self._outer(axis + 1, at, some, copies)
            elif axis == self.tiled:
                self._outer(axis + 1, at, width, some)
            else:
                self._outer(axis + 1, at, width, copies)

        self.w.loop(0, full, by, lambda index: inner(index, by))
        if full < extent:
            self.w.loop(full, extent, 1, lambda index: inner(index, 1))

    def _turn(self, place: dict[int, str], width: int, copies: int) -> None:
        """What is done for one element of the outer loops, or for several side by side."""
        k, w = self.k, self.w
        places = [place]
        if copies > 1:
            assert self.tiled is not None
            first = place[self.tiled]
            places += [{**place, self.tiled: w.emit(f"add i64 {first}, {n}")} for n in range(1, copies)]
        lane = k.axis if width > 1 else None
        if k.fold is None:
            for at in places:
                values = self._instructions(k.body, at, width, lane, {})
                self._stores(values, at, width, lane)
            return
        totals = self._folded(places, width, lane)
        for at, total in zip(places, totals, strict=True):
            start = {i: total for i in k.after if i.op == "fold"}
            values = self._instructions(k.after, at, width, lane, start)
            self._stores(values, at, width, lane)

    def _folded(self, places: Sequence[dict[int, str]], width: int, lane: int | None) -> list[str]:
        """The results of the fold at these places."""
        k, w = self.k, self.w
        assert k.fold is not None
        dtype, outer = k.fold.dtype, len(k.outer)
        in_lanes = k.axis is not None and k.axis >= outer
        empty = 0 in k.extents[outer:]
        singles = [w.accumulator(k.fold.how, dtype, width, empty) for _ in places]
        wides = [w.accumulator(k.fold.how, dtype, k.width, empty) for _ in places] if in_lanes else singles

        def turn(at: dict[int, str], some: int, axis: int | None, sums: Sequence[str]) -> None:
            assert k.fold is not None
            for place, slot in zip(places, sums, strict=True):
                values = self._instructions(k.body, {**place, **at}, some, axis, {})
                w.accumulate(k.fold.how, dtype, some, slot, [values[i] for i in k.fold.inputs])

        def nest(axis: int, at: dict[int, str], some: int, sums: Sequence[str]) -> None:
            if axis == len(k.extents):
                turn(at, some, k.axis if some > 1 else None, sums)
                return
            by = k.width if axis == k.axis else 1
            full = k.extents[axis] - k.extents[axis] % by
            wide = wides if axis == k.axis else sums
            w.loop(0, full, by, lambda i: nest(axis + 1, {**at, axis: i}, by if axis == k.axis else some, wide))
            if full < k.extents[axis]:
                w.loop(full, k.extents[axis], 1, lambda i: nest(axis + 1, {**at, axis: i}, some, sums))

        if not empty:
            nest(outer, {}, width, singles)
        kind = w.kind(dtype, width)
        totals = [w.emit(f"load {kind}, ptr {slot}") for slot in singles]
        if not in_lanes:
            return totals
        vectors = [w.emit(f"load {w.kind(dtype, k.width)}, ptr {slot}") for slot in wides]
        halves = [w.halves(k.fold.how, dtype, k.width, vector) for vector in vectors]
        return [w.put_together(k.fold.how, dtype, 1, a, b) for a, b in zip(halves, totals, strict=True)]

    def _instructions(
        self,
        part: Sequence[Instruction],
        place: dict[int, str],
        width: int,
        lane: int | None,
        values: dict[Instruction, str],
    ) -> dict[Instruction, str]:
        for i in part:
            if i in values:
                continue
            if i.access is not None:
                values[i] = self._load(i.access, i.dtype, place, width, lane)
            else:
                values[i] = self.w.instruction(i, [values[x] for x in i.inputs], width)
        return values

    def _stores(self, values: dict[Instruction, str], place: dict[int, str], width: int, lane: int | None) -> None:
        for access, i in self.k.stores:
            self.w.put(self._address(access, place), access.buffer.dtype, width, self._step(access, lane), values[i])

    def _load(self, access: Access, dtype: np.dtype, place: dict[int, str], width: int, lane: int | None) -> str:
        return self.w.take(self._address(access, place), dtype, width, self._step(access, lane))

    def _step(self, access: Access, lane: int | None) -> int:
        return 0 if lane is None or lane >= len(access.strides) else access.strides[lane]

    def _address(self, access: Access, place: dict[int, str]) -> str:
        w = self.w
        pointer = self.pointers[access.buffer]
        terms = [str(access.offset)] if access.offset else []
        for axis, stride in enumerate(access.strides):
            if stride:
                terms.append(place[axis] if stride == 1 else w.emit(f"mul nsw i64 {place[axis]}, {stride}"))
        if not terms:
            return pointer
        total = terms[0]
        for term in terms[1:]:
            total = w.emit(f"add nsw i64 {total}, {term}")
        return w.emit(f"getelementptr inbounds {plain(access.buffer.dtype, memory=True)}, ptr {pointer}, i64 {total}")
