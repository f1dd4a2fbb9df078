"""What a step takes on the engines native and numpy, and how long native takes to compile.

    python bench/native.py            prints a table
    python bench/native.py --json F   writes the figures to F as well

The two run in turns, and each figure is the median of its rounds. Times are of this machine and this run; what
matters is their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np

import workings as wk

ROUNDS = 5


def neuron(w, x, expected):
    return (w * x - expected) ** 2


def moons(w1, b1, w2, b2, w3, b3, points, upper):
    h = np.tanh(points @ w1 + b1)
    h = np.tanh(h @ w2 + b2)
    score = h @ w3 + b3
    return np.mean(np.logaddexp(0, score) - upper * score)


def two_moons(count: int, dtype: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters of a net 2-16-16-1, and so many points of two half circles."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, np.pi, (2, count // 2))
    upper = np.stack([np.cos(angle[0]), np.sin(angle[0])], axis=1)
    lower = np.stack([1 - np.cos(angle[1]), 0.5 - np.sin(angle[1])], axis=1)
    points = np.concatenate([upper, lower]) + rng.normal(0, 0.1, (count, 2))
    parameters = {
        "w1": rng.normal(0, 1, (2, 16)).astype(dtype),
        "b1": np.zeros(16, dtype),
        "w2": rng.normal(0, 0.25, (16, 16)).astype(dtype),
        "b2": np.zeros(16, dtype),
        "w3": rng.normal(0, 0.25, 16).astype(dtype),
        "b3": dtype(0),
    }
    return parameters, {"points": points.astype(dtype), "upper": np.repeat([1.0, 0.0], count // 2).astype(dtype)}


def measure(title: str, loss: Any, parameters: Any, data: Any, rate: float, steps: dict[str, int]) -> dict[str, Any]:
    """Seconds for a step on each engine: steps of a run that goes on, compiled and warm."""
    runs, made = {}, {}
    for engine in steps:
        start = time.perf_counter()
        runs[engine] = wk.train(loss, parameters, data, optimizer=wk.SGD(rate), steps=100, engine=engine)
        made[engine] = time.perf_counter() - start
    first, other = (run.losses[-1] for run in runs.values())
    assert abs(first - other) <= 1e-3 * abs(other), "the engines do not agree after 100 steps: the row is void"
    found: dict[str, list[float]] = {engine: [] for engine in steps}
    for _ in range(ROUNDS):
        for engine, count in steps.items():
            start = time.perf_counter()
            runs[engine].resume(count, chunk=count)
            found[engine].append((time.perf_counter() - start) / count)
    step = {engine: statistics.median(times) for engine, times in found.items()}
    return {"net": title, "step": step, "first 100 steps": made, "ratio": step["numpy"] / step["native"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="F", help="write the figures there")
    options = parser.parse_args()
    rows = [
        measure(
            "one neuron, float64",
            neuron,
            {"w": 0.5},
            {"x": 1.0, "expected": 2.0},
            1e-6,
            {"native": 10**6, "numpy": 10**4},
        )
    ]
    for dtype in (np.float64, np.float32):
        title = f"moons 2-16-16-1, 100 points, {np.dtype(dtype).name}"
        rows.append(measure(title, moons, *two_moons(100, dtype), 0.1, {"native": 5000, "numpy": 1000}))
    print(f"{'net':<38}{'native µs':>11}{'numpy µs':>11}{'ratio':>9}{'first 100 steps, native s':>28}")
    for row in rows:
        step, made = row["step"], row["first 100 steps"]
        print(
            f"{row['net']:<38}{1e6 * step['native']:>11.4f}{1e6 * step['numpy']:>11.2f}"
            f"{row['ratio']:>9.1f}{made['native']:>28.2f}"
        )
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
