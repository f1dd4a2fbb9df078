"""The loops of one kernel, as lines of LLVM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.engines.native.instructions import Writer, plain
from workings.engines.native.schedule import Schedule, depends
from workings.lower import Access, Buffer, Instruction, Kernel, Store
from workings.lower.elements import MATHS

__all__ = ["Nest"]


_LONG = 6  # instructions


class _Copy(NamedTuple):
    """One of several turns taken side by side: so many rows on, so many columns on, and its number of lanes."""

    row: int = 0
    column: int = 0
    width: int = 1


class Nest:
    """The loops of one kernel.

    `pointers` has the address of each buffer, `turns` the turns of what the kernel is repeated by, and `fault` the
    address of a flag. With `span`, the names of two numbers, the loop that threads share goes from the one to the
    other alone, and what is left over at its end comes along with the last.
    """

    def __init__(
        self,
        kernel: Kernel,
        writer: Writer,
        pointers: dict[Buffer, str],
        plan: Schedule,
        turns: Sequence[str] = (),
        fault: str = "",
        span: tuple[str, str] | None = None,
    ) -> None:
        self.k = kernel
        self.w = writer
        self.pointers = pointers
        self.plan = plan
        self.turns = turns
        self.fault = fault
        self.span = span
        self.gathered: dict[tuple[Store, int], str] = {}
        self.outer = len(kernel.outer)
        self.lane = kernel.axis if kernel.axis is not None and kernel.axis < self.outer else None
        self.in_lanes = kernel.axis is not None and kernel.axis >= self.outer
        self.depends = depends(kernel)

    def write(self) -> None:
        self._start_gathering()
        self._outer(0, {}, [0], [(0, 1)])
        self._end_gathering()

    # ── what all turns put together in one element ──────────────────────────────────────────────────────────
    def _start_gathering(self) -> None:
        """A register for each number of lanes."""
        widths = {1}
        if self.lane is not None:
            extent, width = self.k.extents[self.lane], self.k.width
            widths = {n for n in (width if extent >= width else 0, extent % width) if n}
        for store in self.k.stores:
            if store.how in ("and", "or"):
                for width in sorted(widths):
                    slot = self.w.accumulator(store.how, store.value.dtype, width)
                    self.gathered[store, width] = slot

    def _end_gathering(self) -> None:
        w = self.w
        for (store, width), slot in self.gathered.items():
            dtype, kind = store.value.dtype, w.kind(store.value.dtype, width)
            value = w.halves(store.how, dtype, width, w.emit(f"load {kind}, ptr {slot}"))
            byte = w.emit(f"zext i1 {value} to i8")
            at = dict.fromkeys(range(self.outer), "0")
            pointer = _Values(self, at, None).address(store.access, _Copy(), [])
            w.line(f"%g{len(w.lines)} = atomicrmw {store.how} ptr {pointer}, i8 {byte} monotonic")

    # ── the outer loops ─────────────────────────────────────────────────────────────────────────────────────
    def _outer(self, axis: int, at: dict[int, str], rows: list[int], columns: list[tuple[int, int]]) -> None:
        if axis == self.outer:
            self._turn(at, [_Copy(row, *column) for row in rows for column in columns])
            return
        extent, width = self.k.extents[axis], self.k.width
        unit = width * self.plan.columns if axis == self.lane else self.plan.height if axis == self.plan.rows else 1
        full, left = extent - extent % unit, extent % unit

        def inner(index: str, count: int) -> None:
            if axis == self.lane:
                pieces = [(start, min(width, count - start)) for start in range(0, count, width)]
                self._outer(axis + 1, {**at, axis: index}, rows, pieces)
            elif axis == self.plan.rows:
                self._outer(axis + 1, {**at, axis: index}, list(range(count)), columns)
            else:
                self._outer(axis + 1, {**at, axis: index}, rows, columns)

        if axis == self.plan.split and self.span is not None:
            first, last = self.span
            self.w.loop(first, last, unit, lambda index: inner(index, unit))
            if left:
                self.w.only_if(f"icmp eq i64 {last}, {full}", lambda: inner(str(full), left))
            return
        self.w.loop(0, full, unit, lambda index: inner(index, unit))
        if left:
            inner(str(full), left)

    # ── a turn ──────────────────────────────────────────────────────────────────────────────────────────────
    def _turn(self, at: dict[int, str], copies: Sequence[_Copy]) -> None:
        """What is done for one element of the outer loops, or for several side by side."""
        k = self.k
        if self.plan.turned:
            self._turned(at, copies)
        elif k.fold is None:
            if k.again is None:
                self._finish(k.body, _Values(self, at, self.lane), copies, None)
            else:
                again, times = k.again, self.w.slot("i64")
                self.w.store("i64", "0", times)
                self.w.while_true(lambda: self._once_more(at, copies, again, times))
            return
        else:
            totals = self._folded(at, copies)
            if copies[-1].row and sum(20 if i.op in MATHS else i.access is None for i in k.after) > _LONG:
                self._row_by_row(at, copies, totals)
            else:
                self._finish(k.after, _Values(self, at, self.lane), copies, totals)

    def _row_by_row(self, at: dict[int, str], copies: Sequence[_Copy], totals: Sequence[str]) -> None:
        """What follows a fold, as a loop over the rows: written out for each it would be long to compile."""
        k, w, rows = self.k, self.w, self.plan.rows
        assert k.fold is not None
        assert rows is not None
        count = copies[-1].row + 1
        first = [copy for copy in copies if not copy.row]
        kinds = [w.kind(k.fold.dtype, copy.width) for copy in first]
        places = [w.slot(f"[{count} x {kind}]") for kind in kinds]
        for n, total in enumerate(totals):
            row, column = divmod(n, len(first))
            kind = kinds[column]
            place = w.emit(f"getelementptr {kind}, ptr {places[column]}, i64 {row}")
            w.store(kind, total, place)

        def one(index: str) -> None:
            row = w.emit(f"add i64 {at[rows]}, {index}")
            some = []
            for kind, place in zip(kinds, places, strict=True):
                there = w.emit(f"getelementptr {kind}, ptr {place}, i64 {index}")
                some.append(w.emit(f"load {kind}, ptr {there}"))
            self._finish(k.after, _Values(self, {**at, rows: row}, self.lane), first, some)

        w.loop(0, count, 1, one)

    def _turned(self, at: dict[int, str], copies: Sequence[_Copy]) -> None:
        """Elements that lie side by side along another loop than where they go: a square of them is turned over in
        registers."""
        (load,), (store,) = self.k.body, self.k.stores
        assert load.access is not None
        rows, width = copies[-1].row + 1, copies[0].width
        assert self.plan.rows is not None
        assert self.lane is not None
        values = _Values(self, at, self.lane)
        base = values.address(load.access, copies[0], [])
        one, dtype = plain(load.dtype, memory=True), load.dtype
        taken = []
        for n in range(width):
            shift = n * load.access.strides[self.lane]
            place = self.w.emit(f"getelementptr inbounds {one}, ptr {base}, i64 {shift}")
            taken.append(self.w.take(place, dtype, rows, 1))
        for copy, value in zip(copies, self.w.turned(taken, dtype, rows), strict=True):
            values.known[values.key(load, copy)] = value, width
            values.store(store, copy)

    def _once_more(self, at: dict[int, str], copies: Sequence[_Copy], again: Instruction, times: str) -> str:
        """A turn, and whether it is to be gone through again: where it is for one of several, all are."""
        values, w, truth = _Values(self, at, self.lane), self.w, np.dtype(bool)
        values.times = w.emit(f"load i64, ptr {times}")
        w.store("i64", w.emit(f"add nuw nsw i64 {values.times}, 1"), times)
        self._finish(self.k.body, values, copies, None)
        found = [w.halves("or", truth, copy.width, values.wide(again, copy)) for copy in copies]
        result = found[0]
        for more in found[1:]:
            result = w.put_together("or", truth, 1, result, more)
        return result

    def _finish(
        self, part: Sequence[Instruction], values: _Values, copies: Sequence[_Copy], totals: Sequence[str] | None
    ) -> None:
        for n, copy in enumerate(copies):
            for i in part:
                if i.op == "fold" and totals is not None:
                    values.known[values.key(i, copy)] = totals[n], copy.width
                else:
                    values.of(i, copy)
            for store in self.k.stores:
                values.store(store, copy)

    # ── folds ───────────────────────────────────────────────────────────────────────────────────────────────
    def _folded(self, at: dict[int, str], copies: Sequence[_Copy]) -> list[str]:
        """The results of the fold at these places."""
        k, w = self.k, self.w
        fold = k.fold
        assert fold is not None
        dtype = fold.dtype
        empty = 0 in k.extents[self.outer :]
        widths = [k.width if self.in_lanes else copy.width for copy in copies]
        slots = [w.accumulator(fold.how, dtype, width) for width in widths]

        def turn(at: dict[int, str], some: int) -> None:
            values = _Values(self, at, k.axis)
            for copy, slot, width in zip(copies, slots, widths, strict=True):
                copy = copy._replace(width=some) if self.in_lanes else copy
                for i in k.body:
                    values.of(i, copy)
                given = [values.wide(i, copy) for i in fold.inputs]
                w.accumulate(fold.how, dtype, width, slot, given, copy.width)

        def nest(axis: int, at: dict[int, str], some: int) -> None:
            if axis == len(k.extents):
                turn(at, some)
                return
            extent = k.extents[axis]
            by = k.width if axis == k.axis else 1
            full = extent - extent % by

            def inner(index: str, count: int) -> None:
                nest(axis + 1, {**at, axis: index}, count if axis == k.axis else some)

            w.loop(0, full, by, lambda index: inner(index, by))
            if full < extent:
                inner(str(full), extent - full)

        if not empty:
            nest(self.outer, at, 1)
        totals = [w.emit(f"load {w.kind(dtype, width)}, ptr {slot}") for slot, width in zip(slots, widths, strict=True)]
        if self.in_lanes:
            totals = [w.halves(fold.how, dtype, k.width, total) for total in totals]
        return totals


class _Values:
    """The values of instructions in one turn, each computed once for all copies in which it is the same.

    A value that does not change along the loop in lanes is one number, and is spread out where it meets others.
    """

    def __init__(self, nest: Nest, at: dict[int, str], lane: int | None) -> None:
        self.nest = nest
        self.w = nest.w
        self.at = at
        self.lane = lane
        self.times = ""
        self.known: dict[tuple[Instruction, int, int, int], tuple[str, int]] = {}
        self.spread: dict[tuple[str, np.dtype, int], str] = {}
        self.bases: dict[tuple[Any, ...], str] = {}

    def key(self, i: Instruction, copy: _Copy) -> tuple[Instruction, int, int, int]:
        axes = self.nest.depends[i]
        row = copy.row if self.nest.plan.rows in axes else 0
        return (i, row, copy.column, copy.width) if self.lane in axes else (i, row, 0, 1)

    def of(self, i: Instruction, copy: _Copy) -> str:
        """The value, as one number or as many as the copy has lanes: see `key`."""
        key = self.key(i, copy)
        if key not in self.known:
            self.known[key] = self._computed(i, copy, key[-1]), key[-1]
        return self.known[key][0]

    def wide(self, i: Instruction, copy: _Copy) -> str:
        """The value in as many lanes as the copy has."""
        self.of(i, copy)
        value, width = self.known[self.key(i, copy)]
        if width == copy.width:
            return value
        # numbers of two dtypes may be written alike
        spread = value, i.dtype, copy.width
        if spread not in self.spread:
            self.spread[spread] = self.w.repeated(value, i.dtype, copy.width)
        return self.spread[spread]

    def _computed(self, i: Instruction, copy: _Copy, width: int) -> str:
        w = self.w
        if i.access is not None:
            return self._load(i, copy, width)
        if i.op == "index":
            return self._index(i.value, copy, width)
        if i.op == "turn":
            return self.nest.turns[int(i.value)]
        if i.op == "times":
            return self.times
        given = [self.of(x, copy) if width == 1 else self.wide(x, copy) for x in i.inputs]
        if i.op == "within":
            return given[0]
        if i.op == "wrapped":
            return w.wrapped(given[0], i.inputs[0].dtype, int(i.value), width, self.nest.fault)
        if i.op == "checked":
            return w.checked(given[0], given[1], width, self.nest.fault)
        return w.instruction(i, given, width)

    def _index(self, axis: int, copy: _Copy, width: int) -> str:
        shift = copy.row if axis == self.nest.plan.rows else copy.column if axis == self.lane else 0
        first = self.at[axis] if not shift else self.w.emit(f"add i64 {self.at[axis]}, {shift}")
        if width == 1:
            return first
        dtype = np.dtype(np.int64)
        steps = ", ".join(f"i64 {n}" for n in range(width))
        return self.w.emit(f"add <{width} x i64> {self.w.repeated(first, dtype, width)}, <{steps}>")

    def _load(self, i: Instruction, copy: _Copy, width: int) -> str:
        access = i.access
        assert access is not None
        indices = [self.of(x, copy) for x in i.inputs]
        if width > 1 and any(self.known[self.key(x, copy)][1] > 1 for x in i.inputs):
            # each lane takes its element from a place of its own
            lanes = [self.wide(x, copy) for x in i.inputs]
            parts = []
            for n in range(width):
                at = [self.w.lane(v, x.dtype, width, n) for v, x in zip(lanes, i.inputs, strict=True)]
                parts.append(self.address(access, copy, at, n * self._step(access)))
            return self.w.gathered(parts, i.dtype, width)
        return self.w.take(self.address(access, copy, indices), i.dtype, width, self._step(access))

    def store(self, store: Store, copy: _Copy) -> None:
        access, dtype = store.access, store.access.buffer.dtype
        indices = [self.of(x, copy) for x in store.indices]
        width, step = copy.width, self._step(access)
        if store.how in ("and", "or"):
            slot = self.nest.gathered[store, width]
            self.w.accumulate(store.how, dtype, width, slot, [self.wide(store.value, copy)], width)
            return
        value = self.of(store.value, copy) if width == 1 else self.wide(store.value, copy)
        if width > 1 and any(self.known[self.key(x, copy)][1] > 1 for x in store.indices):
            # each lane goes to a place of its own
            lanes = [self.wide(x, copy) for x in store.indices]
            for n in range(width):
                at = [self.w.lane(v, x.dtype, width, n) for v, x in zip(lanes, store.indices, strict=True)]
                place = self.address(access, copy, at, n * step)
                self._put(store, place, 1, 0, self.w.lane(value, dtype, width, n))
        else:
            self._put(store, self.address(access, copy, indices), width, step, value)

    def _put(self, store: Store, pointer: str, width: int, step: int, value: str) -> None:
        dtype = store.access.buffer.dtype
        if store.how == "add":
            before = self.w.take(pointer, dtype, width, step)
            value = self.w.put_together("sum", dtype, width, before, value)
        self.w.put(pointer, dtype, width, step, value)

    def _step(self, access: Access) -> int:
        return 0 if self.lane is None or self.lane >= len(access.strides) else access.strides[self.lane]

    def address(self, access: Access, copy: _Copy, indices: Sequence[str], extra: int = 0) -> str:
        """The place of an element: what all copies share, and then so many elements on."""
        w, nest = self.w, self.nest
        pointer = nest.pointers[access.buffer]
        one = plain(access.buffer.dtype, memory=True)
        shift = access.offset + extra
        for axis, stride in enumerate(access.strides):
            shift += stride * (copy.row if axis == nest.plan.rows else copy.column if axis == self.lane else 0)
        key = access.buffer, access.turns, access.strides, access.by, tuple(indices)
        if key not in self.bases:
            terms = list(_products(w, zip(nest.turns, access.turns, strict=False)))
            terms += _products(w, ((self.at[a], stride) for a, stride in enumerate(access.strides)))
            terms += _products(w, zip(indices, access.by, strict=True))
            total = terms[0] if terms else ""
            for term in terms[1:]:
                total = w.emit(f"add nsw i64 {total}, {term}")
            place = w.emit(f"getelementptr inbounds {one}, ptr {pointer}, i64 {total}") if terms else pointer
            self.bases[key] = place
        pointer = self.bases[key]
        return w.emit(f"getelementptr inbounds {one}, ptr {pointer}, i64 {shift}") if shift else pointer


def _products(w: Writer, pairs: Iterator[tuple[str, int]] | zip[tuple[str, int]]) -> Iterator[str]:
    for index, stride in pairs:
        if stride and index != "0":
            yield index if stride == 1 else w.emit(f"mul nsw i64 {index}, {stride}")
