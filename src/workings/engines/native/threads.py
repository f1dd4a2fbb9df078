"""A small pool of threads that run one function together."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from workings.errors import ArgumentError

__all__ = ["available", "run_together", "thread_count"]

_MOST = 64


def available() -> int:
    """How many processors this process may use, at most 8: more hardly pay for small nets."""
    if hasattr(os, "sched_getaffinity"):
        return min(8, len(os.sched_getaffinity(0)))
    return min(8, os.cpu_count() or 1)


def thread_count(threads: int | None = None) -> int:
    """How many threads a run has: those asked for, else the environment variable WORKINGS_THREADS, else `available`.

    >>> thread_count(2)
    2
    """
    if threads is None:
        text = os.environ.get("WORKINGS_THREADS", "").strip()
        if not text:
            return available()
        if not text.isdigit() or not 1 <= int(text) <= _MOST:
            raise ArgumentError(
                f"the environment variable WORKINGS_THREADS is {text!r}; it is a number of threads from 1 to {_MOST}",
                fix="WORKINGS_THREADS=1",
            )
        return int(text)
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or not 1 <= threads <= _MOST:
        raise ArgumentError(f"threads is {threads!r}; it is a number from 1 to {_MOST}", fix="threads=1")
    return int(threads)


class _Pool:
    """Threads that wait for work. They belong to this process: after a fork there are none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process = 0
        self.size = 0
        self.executor: ThreadPoolExecutor | None = None

    def ready(self, count: int) -> ThreadPoolExecutor:
        if self.executor is None or self.process != os.getpid() or self.size < count:
            if self.executor is not None and self.process == os.getpid():
                self.executor.shutdown(wait=False)
            self.executor = ThreadPoolExecutor(count, thread_name_prefix="workings")
            self.process, self.size = os.getpid(), count
        return self.executor


_pool = _Pool()


def run_together(function: Callable[[int, int, int, int], int], threads: int) -> int:
    """Call `function(thread, threads, meeting, rest)` on so many threads at once, and return what the first gave.

    `meeting` is memory of zeros in which they count one another, and `rest` the address of a function that lets
    other threads run. Where another run has the pool already, this one is done by one thread: the bits are the same.
    """
    if threads == 1 or not _pool.lock.acquire(blocking=False):
        return function(0, 1, 0, 0)
    try:
        executor = _pool.ready(threads - 1)
        memory = np.zeros(64, np.int64)
        meeting = -(-memory.ctypes.data // 128) * 128
        others = [executor.submit(function, k, threads, meeting, _rest()) for k in range(1, threads)]
        reached = function(0, threads, meeting, _rest())
        for other in others:
            other.result()
        return reached
    finally:
        _pool.lock.release()


@functools.cache
def _rest() -> int:
    library: Any = ctypes.CDLL("kernel32") if sys.platform == "win32" else ctypes.CDLL(None)
    function = library.SwitchToThread if sys.platform == "win32" else library.sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _forked() -> None:
    # the lock may have been held, and the threads are gone
    _pool.lock = threading.Lock()
    _pool.executor = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
