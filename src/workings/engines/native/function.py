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
        self._offsets, self._size = arena(loops)
        self._spare: list[np.ndarray] = []
        self._constants = {b: _aligned_copy(b.value) for b in loops.buffers if b.value is not None}

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
        memory = self._spare.pop() if self._spare else np.empty(self._size + _LINE, np.uint8)
        start = -(-memory.ctypes.data // _LINE) * _LINE
        arrays: dict[Buffer, np.ndarray] = {}
        fault = np.zeros((), np.int64)
        addresses = (ctypes.c_void_p * (len(loops.buffers) + 2))()
        for k, buffer in enumerate(loops.buffers):
            if buffer in self._offsets:
                addresses[k] = start + self._offsets[buffer]
                continue
            if buffer.role == "carry":
                array = _aligned_copy(given[buffer])
            elif buffer in given:
                array = np.asarray(given[buffer])
            elif buffer in self._constants:
                array = self._constants[buffer]
            else:
                array = np.empty(buffer.shape, buffer.dtype)
            arrays[buffer] = array
            addresses[k] = array.ctypes.data
        counts = np.zeros(len(loops.buffers), np.int64)
        addresses[len(loops.buffers)] = fault.ctypes.data
        addresses[len(loops.buffers) + 1] = counts.ctypes.data

        def run(thread: int, threads: int, meeting: int, rest: int) -> int:
            return self._compiled(addresses, losses, first, last, thread, threads, meeting, rest)

        reached = run_together(run, self.threads if self._shared else 1)
        self._spare.append(memory)
        if counts.any():
            left = (f"{b.name} {n} times" for b, n in zip(loops.buffers, counts.tolist(), strict=True) if n)
            raise BoundsError(f"accesses leave their buffers: {', '.join(left)}")
        if fault[()]:
            raise OutsideError
        return tuple(_value(arrays[b]) for b in loops.results), reached


def _aligned_copy(value: Any) -> np.ndarray:
    """A copy, row by row, that begins at the start of a line of the cache."""
    value = np.asarray(value)
    room = np.empty(value.nbytes + _LINE, np.uint8)
    start = -room.ctypes.data % _LINE
    array = room[start : start + value.nbytes].view(value.dtype).reshape(value.shape)
    array[...] = value
    return array


def _value(array: np.ndarray) -> Any:
    return array if array.ndim else array[()]
