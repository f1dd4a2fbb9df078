"""The process of one competitor: reads orders from standard input and answers on standard output, a line of JSON each.

    python -m bench.peers.worker NAME FOLDER          waits for orders
    python -m bench.peers.worker NAME FOLDER STEPS    runs so many steps, answers and ends

NAME is a key of `COMPETITORS`, FOLDER holds the files of a `Task`. The first answer says how long it took to import the
library and to make the competitor, or why it cannot be made. An order is {"steps": n, "calls": c}: that many steps in
one call, that many calls; the answer has the seconds of all of them and the last loss.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any

from bench.peers.task import RefusalError, Task

# the module of `bench.peers.competitors` and the function in it
COMPETITORS = {
    "workings native": ("ours", "native"),
    "workings numpy": ("ours", "numpy"),
    "PyTorch eager": ("pytorch", "eager"),
    "PyTorch eager, torch.optim": ("pytorch", "with_optimizer"),
    "torch.compile": ("pytorch", "compiled"),
    "JAX jit per step": ("in_jax", "stepwise"),
    "JAX scan": ("in_jax", "scanned"),
    "C by hand": ("by_hand", "in_c"),
}


def main(name: str, folder: str, steps: str | None = None) -> None:
    # what a library prints goes to standard error, and the answers where the parent reads
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def answer(**found: Any) -> None:
        answers.write(json.dumps(found) + "\n")
        answers.flush()

    try:
        task = Task.read(folder)
        keep_to(task.threads)
        module, function = COMPETITORS[name]
        begin = time.perf_counter()
        make = getattr(importlib.import_module(f"bench.peers.competitors.{module}"), function)
        imported = time.perf_counter()
        competitor = make(task)
        made = time.perf_counter()
        if steps is not None:
            competitor.run(int(steps))
            answer(loss=competitor.loss(), peak=peak())
            answers.flush()
            os._exit(0)  # how long a library takes to clean up is no part of what is measured
        answer(imported=imported - begin, made=made - imported)
        for line in sys.stdin:
            order = json.loads(line)
            if competitor.rest is not None and order.get("calls", 1) > 1:
                competitor.rest()
            begin = time.perf_counter()
            for _ in range(order.get("calls", 1)):
                competitor.run(order["steps"])
            seconds = time.perf_counter() - begin
            answer(seconds=seconds, loss=competitor.loss())
    except Exception as error:
        answer(refused=reason(error))
        if not refusal(error):
            raise


def refusal(error: Exception) -> bool:
    """Whether it is a competitor that says that it cannot do this, and no mistake."""
    return isinstance(error, (RefusalError, ImportError)) or type(error).__name__ == "UnsupportedError"


def reason(error: Exception) -> str:
    """An error in a line."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed"
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return first if refusal(error) else f"{type(error).__name__}: {first}"


def keep_to(threads: int) -> None:
    """Keep this process to so many cores, where the system can; JAX knows no other bound."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def peak() -> int:
    """The most memory that this process has had at a time, in bytes."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
