"""Loops → the text of an LLVM module. Nothing is contracted or regrouped: no instruction has a fast-math flag.

A kernel is a function of its own, shared by all that are alike; kernels of single numbers stand in the loop itself.
Where the work is worth it, several threads run the same function: they share out the loops of large kernels, the
first of them does all else alone, and they wait for one another in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workings.engines.native.bounds import WITHIN, with_bounds
from workings.engines.native.instructions import Writer, plain
from workings.engines.native.jit import ENTRY
from workings.engines.native.maths import define
from workings.engines.native.nest import Nest
from workings.engines.native.schedule import Machine, Schedule, schedule
from workings.lower import Buffer, Kernel, Loops, Repeat, kernels_of
from workings.lower.elements import MATHS
from workings.lower.fuse import size
from workings.lower.loops import touched

__all__ = ["write_llvm"]

_SHORT = 100  # the size of a kernel of single numbers that stands in the loop itself
_INLINED = 8  # approximated functions that become part of one kernel

_MEET = """\
define internal void @meet(ptr %meeting, i64 %threads, ptr %rest) noinline {
  %round = getelementptr i64, ptr %meeting, i64 16
  %now = load atomic i64, ptr %round acquire, align 8
  %before = atomicrmw add ptr %meeting, i64 1 acq_rel
  %here = add i64 %before, 1
  %all = icmp eq i64 %here, %threads
  br i1 %all, label %last, label %wait
last:
  store atomic i64 0, ptr %meeting monotonic, align 8
  %next = add i64 %now, 1
  store atomic i64 %next, ptr %round release, align 8
  ret void
wait:
  %turn = phi i64 [ 0, %0 ], [ %more, %on ]
  %seen = load atomic i64, ptr %round acquire, align 8
  %done = icmp ne i64 %seen, %now
  br i1 %done, label %out, label %spin
spin:
  %more = add i64 %turn, 1
  %patience = and i64 %more, 4095
  %tired = icmp eq i64 %patience, 0
  br i1 %tired, label %yield, label %on
yield:
  %given = call i32 %rest()
  br label %on
on:
  br label %wait
out:
  ret void
}"""


def write_llvm(loops: Loops, machine: Machine, *, checked: bool = False) -> str:
    """A module with `run(pointers, losses, first, last, thread, threads, meeting, rest)`, which returns the step
    that was reached.

    `pointers` has the address of each buffer of `loops.buffers`, in order, and then that of a flag that is set
    where an index lies outside. `meeting` is memory in which threads wait for one another, 256 bytes of zeros, and
    `rest` a function that lets other threads run. If `checked`, an access that would leave its buffer is not made,
    but counted: after the flag `pointers` has the address of an int64 for each buffer.
    """
    return _Module(loops, machine, checked).text()


class _Module:
    def __init__(self, loops: Loops, machine: Machine, checked: bool) -> None:
        self.loops = loops
        self.checked = checked
        self.machine = machine
        self.plans: dict[Kernel, Schedule] = {}
        for kernel in kernels_of(loops.everything):
            self.plans[kernel] = schedule(kernel, machine)
        self.threads = any(plan.split is not None for plan in self.plans.values())
        self.functions: dict[str, str] = {}
        self.w = Writer(define)
        self.pointers = {b: f"%b{k}" for k, b in enumerate(loops.buffers)}
        self.used: set[str] = set()

    def text(self) -> str:
        w, loops = self.w, self.loops
        for k, _ in enumerate(loops.buffers):
            w.line(f"%p{k} = getelementptr ptr, ptr %pointers, i64 {k}")
            w.line(f"%b{k} = load ptr, ptr %p{k}")
        w.line(f"%pf = getelementptr ptr, ptr %pointers, i64 {len(loops.buffers)}")
        w.line("%fault = load ptr, ptr %pf")
        if self.checked:
            w.line(f"%pc = getelementptr ptr, ptr %pointers, i64 {len(loops.buffers) + 1}")
            w.line("%counts = load ptr, ptr %pc")
            w.line("store ptr %counts, ptr @counts")
        self._body()
        names = ("ptr %pointers", "ptr noalias %losses", "i64 %first", "i64 %last")
        names += ("i64 %thread", "i64 %threads", "ptr %meeting", "ptr %rest")
        head = f"define i64 @{ENTRY}({', '.join(names)}) {{"
        functions = [f"{text.replace('@kernel(', f'{name}(', 1)}" for text, name in self.functions.items()]
        declared = sorted(w.declared.values())
        meet = [_MEET] if self.threads else []
        meet += [WITHIN] if self.checked else []
        return "\n".join(
            [
                f"; {loops.name}",
                *declared,
                *meet,
                "",
                *functions,
                head,
                "entry:",
                *w.entry,
                *self._within(w.lines, self.pointers),
                "}",
                "",
            ]
        )

    def _within(self, lines: list[str], names: dict[Buffer, str]) -> list[str]:
        """The lines of a function, in which buffers have these names, with their bounds if they are to be checked."""
        if not self.checked:
            return lines
        numbers = {b: k for k, b in enumerate(self.loops.buffers)}
        return with_bounds(lines, {name: (b, numbers[b]) for b, name in names.items()})

    def _body(self) -> None:
        w, loops = self.w, self.loops
        # single numbers are kept in registers, unless several threads need them
        inside = [] if self.threads else [b for b in loops.buffers if b.shape == ()]
        outside = dict(self.pointers)
        for buffer in inside:
            self.pointers[buffer] = slot = w.slot(plain(buffer.dtype, memory=True))
            if buffer.role not in ("scratch", "output"):
                kind = plain(buffer.dtype, memory=True)
                w.store(kind, w.emit(f"load {kind}, ptr {outside[buffer]}"), slot)
        if loops.training is None:
            self._parts(loops.kernels, [])
            self._meet()
            reached = "%last"
        else:
            reached = self._steps()
        for buffer in inside:
            if buffer.role in ("carry", "output"):
                kind = plain(buffer.dtype, memory=True)
                w.store(kind, w.emit(f"load {kind}, ptr {self.pointers[buffer]}"), outside[buffer])
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
            counter = self.pointers[t.counter]
            self._alone(lambda: w.store("i64", step, counter))
            self._meet()
        if t.final is None:
            self._parts(self.loops.kernels, [])
        else:
            last, other, on = w.label(), w.label(), w.label()
            number = w.emit(f"srem i64 {step}, {t.batches}")
            w.line(f"br i1 {w.emit(f'icmp eq i64 {number}, {t.batches - 1}')}, label %{last}, label %{other}")
            w.place(last)
            self._parts(t.final, [])
            w.line(f"br label %{on}")
            w.place(other)
            self._parts(self.loops.kernels, [])
            w.line(f"br label %{on}")
            w.place(on)
        self._meet()
        kind = plain(t.loss.dtype, memory=True)

        def keep() -> None:
            number = w.emit(f"sub i64 {step}, %first")
            place = w.emit(f"getelementptr inbounds {kind}, ptr %losses, i64 {number}")
            w.store(kind, w.emit(f"load {kind}, ptr {self.pointers[t.loss]}"), place)

        self._alone(keep)
        w.store("i64", w.emit(f"add i64 {step}, 1"), slot)
        finite, stop = (w.emit(f"load i8, ptr {self.pointers[b]}") for b in (t.finite, t.stop))
        good = w.emit(f"icmp ne i8 {finite}, 0")
        on = w.emit(f"and i1 {good}, {w.emit(f'icmp eq i8 {stop}, 0')}")
        whole = w.emit(f"icmp eq i64 {w.emit('load i64, ptr %fault')}, 0")
        on = w.emit(f"and i1 {on}, {whole}")
        self._meet()
        w.line(f"br i1 {on}, label %{head}, label %{done}")
        w.place(done)
        return w.emit(f"load i64, ptr {slot}")

    # ── threads ─────────────────────────────────────────────────────────────────────────────────────────────
    def _meet(self) -> None:
        """Where all threads wait for one another."""
        if self.threads:
            w = self.w
            w.only_if(
                "icmp ugt i64 %threads, 1",
                lambda: w.line("call void @meet(ptr %meeting, i64 %threads, ptr %rest)"),
            )

    def _alone(self, body: Callable[[], Any]) -> None:
        """What the first thread does."""
        if self.threads:
            self.w.only_if("icmp eq i64 %thread, 0", body)
        else:
            body()

    def _shared(self, part: Kernel | Repeat) -> bool:
        """Whether threads share the work of a part, or of a kernel in it."""
        return any(self.plans[k].split is not None for k in kernels_of([part]))

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────
    def _parts(self, parts: Sequence[Kernel | Repeat], turns: list[str]) -> None:
        """The parts in order; before and after what threads share they wait, unless it is not needed."""
        read: set[Buffer] = set()
        written: set[Buffer] = set()
        group: list[Kernel | Repeat] = []

        def flush() -> None:
            if group:
                some = list(group)
                group.clear()
                self._alone(lambda: [self._part(part, turns) for part in some])

        shared = False
        for part in parts:
            if not self._shared(part):
                if not group and shared:
                    self._meet()
                    shared = False
                group.append(part)
                continue
            if group:
                flush()
                self._meet()
                read, written = set(), set()
            reads, writes = touched(part)
            if shared and (reads & written or writes & (read | written) or self._overlap(writes, read | written)):
                self._meet()
                read, written = set(), set()
            self._part(part, turns)
            read |= reads
            written |= writes
            shared = True
        flush()

    def _overlap(self, writes: set[Buffer], others: set[Buffer]) -> bool:
        # scratch buffers may share their memory
        return any(b.role == "scratch" for b in writes) and any(b.role == "scratch" for b in others)

    def _part(self, part: Kernel | Repeat, turns: list[str]) -> None:
        if isinstance(part, Repeat):
            shared = self._shared(part)

            def turn(index: str) -> None:
                if shared:
                    self._meet()
                self._parts(part.body, [*turns, index])

            if part.length:
                self._meet() if shared else None
                self.w.loop(0, part.length, 1, turn)
            return
        if 0 in part.outer:
            return
        if not part.extents and size(part) <= _SHORT:
            Nest(part, self.w, self.pointers, self.plans[part], turns, "%fault").write()
        else:
            self._call(part, turns)

    def _call(self, kernel: Kernel, turns: list[str]) -> None:
        """A call of the function of a kernel, which is written if there is none like it yet."""
        w, plan = self.w, self.plans[kernel]
        buffers = list(dict.fromkeys(a.buffer for a in (*kernel.reads(), *kernel.writes())))
        inner = Writer(define, inlines=sum(i.op in MATHS for i in kernel.instructions) <= _INLINED)
        inner.declared = w.declared
        names = {b: f"%a{k}" for k, b in enumerate(buffers)}
        numbers = [f"%t{k}" for k in range(len(turns))]
        span = None if plan.split is None else ("%low", "%high")
        Nest(kernel, inner, names, plan, numbers, "%fault", span).write()
        faults = any(i.op in ("wrapped", "checked") for i in kernel.instructions)
        parameters = [f"ptr noalias %a{k}" for k in range(len(buffers))] + [f"i64 {n}" for n in numbers]
        parameters += ["ptr noalias %fault"] * faults + ["i64 %low", "i64 %high"] * (span is not None)
        lines = [f"define internal void @kernel({', '.join(parameters)}) noinline {{", "entry:"]
        text = "\n".join([*lines, *inner.entry, *self._within(inner.lines, names), "  ret void", "}", ""])
        name = self.functions.setdefault(text, f"@kernel{len(self.functions)}")
        given = [f"ptr {self.pointers[b]}" for b in buffers] + [f"i64 {t}" for t in turns]
        given += ["ptr %fault"] * faults
        if plan.split is not None:
            units = kernel.extents[plan.split] // plan.unit
            ends = []
            for thread in ("%thread", w.emit("add i64 %thread, 1")):
                share = w.emit(f"udiv i64 {w.emit(f'mul i64 {thread}, {units}')}, %threads")
                ends.append(w.emit(f"mul i64 {share}, {plan.unit}"))
            given += [f"i64 {end}" for end in ends]
        w.line(f"call void {name}({', '.join(given)})")
