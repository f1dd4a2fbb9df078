"""Loops as a function of this machine: their memory, and a call of what was compiled."""

from __future__ import annotations

import ctypes
import pickle
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from workings.engines.native.jit import Compiled, host_machine
from workings.engines.native.schedule import Machine, shared_out
from workings.engines.native.threads import run_together, thread_count
from workings.lower import Buffer, Loops, arena

__all__ = ["BoundsError", "Function", "OutsideError"]

_LINE = 64


class OutsideError(Exception):
    """An index lay outside of its axis: what was computed is of no use."""


class BoundsError(Exception):
    """An access left its buffer: the writer or the loops are wrong."""


class Function:
    """Compiled loops, planned for the registers of this machine, or of another `machine`: that changes no bit.

    If `checked`, an access that would leave its buffer is not made, and raises `BoundsError` in the end.

    Calling it runs them: it takes the values of the inputs, and returns those of the results with the step reached.
    """

    def __init__(
        self, loops: Loops, threads: int | None = None, *, machine: Machine | None = None, checked: bool = False
    ) -> None:
        self.loops = loops
        self.checked = checked
        self.machine = machine or host_machine()
        # pickled, no two loops are the same; nothing ever reads it back
        key = pickle.dumps((loops, self.machine, checked), 5)
        self._compiled = Compiled(key, lambda: self.llvm)
        self.threads = thread_count(threads)
        self._shared = shared_out(loops, self.machine)
        self._offsets, size = arena(loops)
        # behind the scratch buffers lie the flag of a fault, and a count for each buffer of accesses outside
        self._flags = -(-size // _LINE) * _LINE
        self._size = self._flags + 8 * (len(loops.buffers) + 1)
        self._constants = {b: _aligned_copy(b.value) for b in loops.buffers if b.value is not None}
        outside = [(k, b) for k, b in enumerate(loops.buffers) if b not in self._offsets and b not in self._constants]
        self._numbers = [(k, b) for k, b in outside if not b.shape]
        self._arrays = [(k, b) for k, b in outside if b.shape]
        self._spare: list[_Memory] = []

    @cached_property
    def llvm(self) -> str:
        """The text that is compiled."""
        # imported where it is needed: not where the code is in the cache
        from workings.engines.native.llvm import write_llvm

        return write_llvm(self.loops, self.machine, checked=self.checked)

    def __call__(
        self, given: Mapping[Buffer, Any], losses: int = 0, first: int = 0, last: int = 0
    ) -> tuple[tuple[Any, ...], int]:
        loops = self.loops
        # memory is used by one call at a time, and kept for the next one
        memory = self._spare.pop() if self._spare else _Memory(self)
        memory.flags[:] = 0
        for buffer, number in memory.numbers.items():
            if buffer in given:
                number[()] = given[buffer]
        arrays: dict[Buffer, np.ndarray] = {}
        for k, buffer in self._arrays:
            if buffer.role == "carry":
                array = _aligned_copy(given[buffer])
            elif buffer in given:
                array = np.asarray(given[buffer])
            else:
                array = np.empty(buffer.shape, buffer.dtype)
            arrays[buffer] = array
            memory.addresses[k] = _address(array)

        def run(thread: int, threads: int, meeting: int, rest: int) -> int:
            return self._compiled(memory.addresses, losses, first, last, thread, threads, meeting, rest)

        reached = run_together(run, self.threads if self._shared else 1)
        fault, counts = int(memory.flags[0]), memory.flags[1:]
        if self.checked and counts.any():
            left = (f"{b.name} {n} times" for b, n in zip(loops.buffers, counts.tolist(), strict=True) if n)
            raise BoundsError(f"accesses leave their buffers: {', '.join(left)}")
        results = tuple(arrays[b] if b.shape else memory.numbers[b][()] for b in loops.results)
        self._spare.append(memory)
        if fault:
            raise OutsideError
        return results, reached


class _Memory:
    """The scratch buffers of one call and the numbers that go in and out, and the addresses of all buffers."""

    def __init__(self, function: Function) -> None:
        buffers, offsets = function.loops.buffers, function._offsets
        self._room = np.empty(function._size + _LINE, np.uint8)
        start = -(-_address(self._room) // _LINE) * _LINE
        self.addresses = (ctypes.c_void_p * (len(buffers) + 2))()
        for k, buffer in enumerate(buffers):
            if buffer in offsets:
                self.addresses[k] = start + offsets[buffer]
            elif buffer in function._constants:
                self.addresses[k] = _address(function._constants[buffer])
        self.numbers = {b: _aligned_copy(np.zeros((), b.dtype)) for _, b in function._numbers}
        for k, buffer in function._numbers:
            self.addresses[k] = _address(self.numbers[buffer])
        first = start - _address(self._room) + function._flags
        self.flags = self._room[first : first + 8 * (len(buffers) + 1)].view(np.int64)
        self.addresses[len(buffers)] = _address(self.flags)
        self.addresses[len(buffers) + 1] = _address(self.flags) + 8


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def _aligned_copy(value: Any) -> np.ndarray:
    """A copy, row by row, that begins at the start of a line of the cache."""
    value = np.asarray(value)
    room = np.empty(value.nbytes + _LINE, np.uint8)
    start = -_address(room) % _LINE
    array = room[start : start + value.nbytes].view(value.dtype).reshape(value.shape)
    array[...] = value
    return array
