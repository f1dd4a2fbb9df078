"""How long it takes to trace, differentiate and simplify, by the number of ops; and to import.

    python bench/scale.py            prints a table
    python bench/scale.py --json F   writes the figures to F as well

Times are of this machine and this run; what matters is how they grow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import numpy as np

import workings as wk
from workings.graph import Graph
from workings.transform import reverse, simplify


def net(ops: int):
    """A function of so many ops: four to a layer."""

    def f(w, x):
        h = x
        for _ in range(ops // 4):
            h = np.tanh(h * w + 0.1) * x
        return h

    return f


def measure(ops: int) -> dict[str, float]:
    start = time.perf_counter()
    graph = wk.trace(net(ops), 0.5, 1.0)
    traced = time.perf_counter()
    gradient = reverse(graph.outputs[0], graph.inputs[:1])
    reversed_ = time.perf_counter()
    simplify(Graph(graph.inputs, [graph.outputs[0], *gradient]))
    simplified = time.perf_counter()
    return {
        "ops": ops,
        "trace": traced - start,
        "differentiate": reversed_ - traced,
        "simplify": simplified - reversed_,
        "all": simplified - start,
    }


def cell_steps(steps: int) -> float:
    """Seconds for so many steps written by hand, cell by cell."""
    w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    start = time.perf_counter()
    for _ in range(steps):
        loss = (w * x - expected) ** 2
        w = w - 0.01 * wk.gradient(loss, w)
    return time.perf_counter() - start


def import_seconds() -> float:
    """Seconds that `import workings` takes over `import numpy`: the least of five."""
    code = "import time, numpy; t = time.perf_counter(); import workings; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="F", help="write the figures to this file")
    arguments = parser.parse_args()
    rows = [measure(ops) for ops in (1_000, 10_000, 100_000)]
    print(f"{'ops':>8}{'trace':>10}{'differentiate':>15}{'simplify':>10}{'all':>10}   seconds")
    for row in rows:
        print(
            f"{row['ops']:>8}{row['trace']:>10.3f}{row['differentiate']:>15.3f}"
            f"{row['simplify']:>10.3f}{row['all']:>10.3f}"
        )
    cells = {steps: cell_steps(steps) for steps in (100, 1_000)}
    for steps, seconds in cells.items():
        print(f"{steps} steps cell by cell: {seconds:.3f} s")
    imported = import_seconds()
    print(f"import workings, over import numpy: {imported:.4f} s")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"scale": rows, "cells": cells, "import": imported}, file, indent=2)


if __name__ == "__main__":
    main()
