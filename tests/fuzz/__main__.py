"""Random graphs and trainings, run by the engine native and held against the reference, for as long as is wanted.

    python -m tests.fuzz --minutes 60            as many as there is time for
    python -m tests.fuzz --seed 807 --count 1    the one of this seed again

Each is compiled twice: as it is, and for the registers of another machine with the bounds of every load and store
checked. Both, and one thread and several, have to give the same bits, and those have to be the reference's where no
op may be rounded in another way, and near them elsewhere (see `tests/fuzz/near.py`). The first one that does not is
printed, and the exit status is 1. Ctrl-C ends it with the summary.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

os.environ["WORKINGS_CACHE"] = ""  # nothing here is ever compiled again

from tests.fuzz.check import check_graph, smallest
from tests.fuzz.graphs import random_sample
from tests.fuzz.near import Found
from tests.fuzz.nets import check_program, random_training
from workings.errors import UnsupportedError
from workings.graph import Graph

__all__ = ["main"]

_TRAININGS = 40  # one training for so many graphs


@dataclass
class _Summary:
    """What was run so far."""

    start: float = field(default_factory=time.monotonic)
    cases: Counter[str] = field(default_factory=Counter)
    ops: Counter[str] = field(default_factory=Counter)
    numbers: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(self, kind: str, graph: Graph, found: Found) -> None:
        self.cases[kind] += 1
        self.ops.update(_ops(graph))
        self.numbers = [a + b for a, b in zip(self.numbers, found[:3], strict=True)]

    def __str__(self) -> str:
        same, near, unsettled = self.numbers
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in self.cases.items()) or "nothing"
        return (
            f"{kinds} with {len(self.ops)} ops in {(time.monotonic() - self.start) / 60:.1f} minutes: "
            f"{same:,} numbers the same, {near:,} near, {unsettled:,} not settled"
        )


def _ops(graph: Graph) -> set[str]:
    found: set[str] = set()
    for node in graph.nodes:
        if not node.is_input and not node.is_constant:
            found.add(node.op.name)
        if node.op.results is not None:
            found |= _ops(node.attributes["body"])
    return found


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0, help="for how long (1)")
    parser.add_argument("--count", type=int, help="at most so many cases")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first case (0)")
    parser.add_argument("--threads", type=int, default=2, help="how many threads are held against one (2)")
    options = parser.parse_args(arguments)
    summary = _Summary()
    end = summary.start + 60 * options.minutes
    seed = options.seed
    try:
        while time.monotonic() < end and (options.count is None or seed < options.seed + options.count):
            wrong = _one(seed, options.threads, summary)
            if wrong is not None:
                _line("")
                print(f"seed {seed}: {wrong}\n{summary}")
                return 1
            seed += 1
            _line(f"seed {seed}: {summary}")
    except KeyboardInterrupt:
        pass
    _line("")
    print(summary)
    return 0


def _one(seed: int, threads: int, summary: _Summary) -> str | None:
    """Run the case of this seed; what is wrong with it, and its graph."""
    if seed % _TRAININGS == _TRAININGS - 1:
        program = random_training(seed)
        try:
            found = check_program(program, seed, threads)
        except UnsupportedError:
            summary.cases["trainings refused"] += 1
            return None
        summary.add("trainings", program.step, found)
        return found.wrong and f"{found.wrong}\n{program.step}"
    sample = random_sample(seed)
    found = check_graph(sample, seed, threads)
    summary.add("graphs", sample.graph, found)
    if found.wrong is None:
        return None
    part = smallest(sample, seed, threads)
    return f"{found.wrong}\n{sample.graph}\n\nThe part up to the first value that is wrong by itself:\n{part.graph}"


def _line(text: str) -> None:
    """The progress, where a person is looking."""
    if sys.stderr.isatty():
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        sys.stderr.write(f"\r\x1b[K{text[:width]}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
