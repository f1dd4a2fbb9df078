"""Takes the screens in docs/screens/: pages and pictures in a browser without a window.

`make screens` runs it. It needs Playwright and an installed Chromium or Chrome, as the browser tests do.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

import workings as wk

FOLDER = Path(__file__).parent / "screens"


# ── what is shown ──


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def neuron() -> wk.Run:
    return wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=200)


def layer(x, w, b):
    return np.tanh(x @ w + b)


def classify(layers, out, x, t):
    h = x
    for weights in layers:
        h = layer(h, **weights)
    logits = h @ out["w"] + out["b"]
    log_p = wk.functions.log_softmax(logits)
    return -np.mean(np.sum(t * log_p, axis=1))


def four_layers(steps: int = 200) -> wk.Run:
    rng = np.random.default_rng(0)
    sizes = (2, 16, 16, 16)
    points = rng.normal(size=(100, 2))
    inside = ((points**2).sum(axis=1) < 1.2).astype(int)
    return wk.train(
        classify,
        {
            "layers": [
                {"w": rng.normal(size=(a, b)) / a**0.5, "b": np.zeros(b)}
                for a, b in itertools.pairwise(sizes)
            ],
            "out": {"w": rng.normal(size=(16, 2)) / 4, "b": np.zeros(2)},
        },
        {"x": points, "t": np.eye(2)[inside]},
        optimizer=wk.SGD(0.5),
        steps=steps,
    )


def paths(w, x):
    a = w * x
    b = w**2 + x
    c = np.tanh(a) * b
    return (c - a * w) ** 2


def several_paths() -> wk.Run:
    return wk.train(paths, {"w": 0.7}, {"x": 1.5}, optimizer=wk.SGD(0.05), steps=60)


def block(h, w, v):
    return h + np.tanh(h @ w) @ v


def tower(blocks, x, t):
    h = x
    for weights in blocks:
        h = block(h, **weights)
    return np.mean((h - t) ** 2)


def thousand() -> wk.Graph:
    """A net of a thousand operations in 250 blocks."""
    rng = np.random.default_rng(0)
    blocks = [{"w": rng.normal(size=(4, 4)) / 9, "v": rng.normal(size=(4, 4)) / 9} for _ in range(250)]
    return wk.trace(tower, blocks, rng.normal(size=(8, 4)), np.zeros((8, 4)))
