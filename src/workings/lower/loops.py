"""Loops as data: typed buffers, and kernels that go over them. Nothing here knows a machine or a language.

A kernel is one loop nest. In each turn its `body` computes single numbers from loads; without a fold they are
stored. With a fold the last `folded` loops of the nest are gone through for each turn of the others: the values
of the body are put together into one number, and `after` goes on with it before it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

__all__ = [
    "MOST",
    "Access",
    "Buffer",
    "Fold",
    "Instruction",
    "Kernel",
    "Loops",
    "Repeat",
    "Store",
    "Training",
    "exchanged",
    "kernels_of",
    "moved",
    "touched",
]

MOST = 600
"""The size of a kernel, from which on nothing joins it: a longer one takes long to compile."""


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory for one value, row by row; compared by identity.

    role    "carry", "data", "setting" and "counter" are given; "constant" is given and has a `value`;
            "scratch" is written before it is read, "output" is what a function returns
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    role: str
    value: np.ndarray | None = None

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class Access:
    """An element of a buffer: that number `offset` plus each loop's turn times its stride, counted in elements.

    `turns` has the strides for the turns of what the kernel is repeated by, outermost first, and `by` those for
    numbers that are computed: the inputs of the load, or the indices of the store.
    """

    buffer: Buffer
    strides: tuple[int, ...]
    offset: int = 0
    turns: tuple[int, ...] = ()
    by: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Instruction:
    """One number computed in a turn, compared by identity.

    op      "load" has an `access`, "constant" a `value`, "fold" is what the fold has put together; "index" is the
            turn of the loop `value`, "turn" that of the repeat `value`, counted from outside, and "times" is how
            often a turn that is gone through again was gone through before; "wrapped" is an index as NumPy takes it
            along an axis of length `value`: one that is negative counts from the end, and one outside is a fault;
            "within" is an index known to be from 0 to below `value`; "checked" is the first input, and a fault if
            the second, a bool, does not hold; "convert" goes to another dtype and "select" takes the second or third
            input as the first, a bool, says; the others are ops of one dtype by NumPy's names. Of whole numbers
            "divide" rounds towards 0; neither it nor "fmod" is ever given 0, or the smallest number and −1, and a
            shift is by fewer places than there are
    """

    op: str
    dtype: np.dtype
    inputs: tuple[Instruction, ...] = ()
    access: Access | None = None
    value: Any = None


@dataclass(frozen=True)
class Fold:
    """How numbers are put together: "sum", "product", "dot" (of products, each with one rounding), "maximum",
    "minimum", "and" or "or"; `inputs` are the instructions of the body that go in."""

    how: str
    dtype: np.dtype
    inputs: tuple[Instruction, ...]


@dataclass(frozen=True)
class Store:
    """A number written to an element; with `how` "add" it is added to what lies there, and with "and" or "or" it is
    put together with that, which all turns may do to one element. The element may hang on `indices`, whose ranges are
    known: see `Access.by`."""

    access: Access
    value: Instruction
    indices: tuple[Instruction, ...] = ()
    how: str = "set"


@dataclass(frozen=True)
class Kernel:
    """One loop nest.

    extents  how many turns each loop has, outermost first
    folded   how many of them, counted from the innermost, are folded
    body     what each turn computes, in order
    fold     what is put together; None where nothing is
    after    what is computed for each result of the fold, in order; its accesses have strides for the outer loops
    stores   where which number goes
    axis     the loop that is gone through `width` turns at a time, None for none. Along a folded axis the turns go
             to that many lanes in order, which are put together in halves, and the rest is added at the end
    ordered  loops whose turns have to come one after the other: what one writes another one reads
    again    a bool of the body: a turn is gone through again as long as it holds. Turns that are taken side by side are
             gone through again together, so one time more than is needed must change nothing
    """

    extents: tuple[int, ...]
    folded: int
    body: tuple[Instruction, ...]
    fold: Fold | None
    after: tuple[Instruction, ...]
    stores: tuple[Store, ...]
    axis: int | None = None
    width: int = 1
    ordered: tuple[int, ...] = ()
    again: Instruction | None = None

    @property
    def outer(self) -> tuple[int, ...]:
        """The turns of the loops that are not folded."""
        return self.extents[: len(self.extents) - self.folded]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return (*self.body, *self.after)

    def reads(self) -> list[Access]:
        return [i.access for i in self.instructions if i.access is not None]

    def writes(self) -> list[Access]:
        return [store.access for store in self.stores]


@dataclass(frozen=True)
class Repeat:
    """Kernels that are gone through `length` times, in each turn one after the other."""

    length: int
    body: tuple[Kernel | Repeat, ...]


@dataclass(frozen=True)
class Training:
    """What a step of a program gives beside what is carried: scalars that its kernels write.

    `final` has the kernels of the last step of each epoch of `batches` steps, where it is another one.
    """

    loss: Buffer
    finite: Buffer
    stop: Buffer
    counter: Buffer | None
    final: tuple[Kernel | Repeat, ...] | None = None
    batches: int = 1


@dataclass(frozen=True)
class Loops:
    """A function, or with `training` the loop over the steps, as kernels in the order in which they run.

    `given` are the buffers of the inputs in order and `results` those of the outputs; a carried value is both.
    """

    name: str
    given: tuple[Buffer, ...]
    results: tuple[Buffer, ...]
    buffers: tuple[Buffer, ...]
    kernels: tuple[Kernel | Repeat, ...]
    training: Training | None = None

    @property
    def everything(self) -> tuple[Kernel | Repeat, ...]:
        """The kernels of each step, then those of a final one."""
        final = None if self.training is None else self.training.final
        return (*self.kernels, *(final or ()))


def kernels_of(parts: Iterable[Kernel | Repeat]) -> Iterator[Kernel]:
    """The kernels, those that are repeated too, in order."""
    for part in parts:
        if isinstance(part, Repeat):
            yield from kernels_of(part.body)
        else:
            yield part


def touched(part: Kernel | Repeat) -> tuple[set[Buffer], set[Buffer]]:
    """The buffers that are read, and those that are written."""
    kernels = list(kernels_of([part]))
    reads = {access.buffer for kernel in kernels for access in kernel.reads()}
    # what is added to something reads it
    reads |= {s.access.buffer for kernel in kernels for s in kernel.stores if s.how != "set"}
    return reads, {access.buffer for kernel in kernels for access in kernel.writes()}


def moved(
    kernel: Kernel,
    body: Callable[[Access], Access],
    after: Callable[[Access], Access],
    loop: Callable[[int], int] = lambda number: number,
) -> Kernel:
    """The kernel with other accesses, those of the body by one function and all others by another, and with the loop
    of each number as `loop` numbers it."""
    new: dict[Instruction, Instruction] = {}

    def remade(instruction: Instruction, change: Callable[[Access], Access]) -> Instruction:
        access = None if instruction.access is None else change(instruction.access)
        value = loop(instruction.value) if instruction.op == "index" else instruction.value
        inputs = tuple(new[i] for i in instruction.inputs)
        new[instruction] = replace(instruction, inputs=inputs, access=access, value=value)
        return new[instruction]

    bodies = tuple(remade(i, body) for i in kernel.body)
    afters = tuple(remade(i, after) for i in kernel.after)
    fold = kernel.fold and replace(kernel.fold, inputs=tuple(new[i] for i in kernel.fold.inputs))
    stores = tuple(
        replace(s, access=after(s.access), value=new[s.value], indices=tuple(new[i] for i in s.indices))
        for s in kernel.stores
    )
    ordered = tuple(map(loop, kernel.ordered))
    again = kernel.again and new[kernel.again]
    return replace(kernel, body=bodies, fold=fold, after=afters, stores=stores, ordered=ordered, again=again)


def exchanged(
    parts: Iterable[Kernel | Repeat], new: dict[Buffer, Buffer], offset: int = 0, turns: tuple[int, ...] = ()
) -> list[Kernel | Repeat]:
    """The parts with other buffers in place of some, in which all lies so many elements on, and in each turn of the
    repeats around so many more."""

    def change(access: Access) -> Access:
        if access.buffer not in new:
            return access
        strides = tuple(map(sum, zip_longest(access.turns, turns, fillvalue=0)))
        return replace(access, buffer=new[access.buffer], offset=access.offset + offset, turns=strides)

    def each(part: Kernel | Repeat) -> Kernel | Repeat:
        if isinstance(part, Repeat):
            return replace(part, body=tuple(each(p) for p in part.body))
        reads, writes = touched(part)
        return part if new.keys().isdisjoint(reads | writes) else moved(part, change, change)

    return [each(part) for part in parts] if new else list(parts)
