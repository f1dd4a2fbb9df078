"""What the nets of the workloads are trained on: real where it is at hand, otherwise made here, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["digits", "images", "moons", "text"]


def moons(count: int) -> dict[str, np.ndarray]:
    """Points of two half circles that reach into each other, and which is of the upper one."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, np.pi, (2, count // 2))
    upper = np.stack([np.cos(angle[0]), np.sin(angle[0])], axis=1)
    lower = np.stack([1 - np.cos(angle[1]), 0.5 - np.sin(angle[1])], axis=1)
    points = np.concatenate([upper, lower]) + rng.normal(0, 0.1, (count, 2))
    return {"points": points.astype(np.float32), "upper": np.repeat([1, 0], count // 2).astype(np.float32)}


def digits(batch: int) -> dict[str, np.ndarray]:
    """scikit-learn's images of 8 × 8 pixels, as rows from 0 to 1, and their labels; as many as fill batches."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return _full(x.astype(np.float32) / 16, y, batch)


def images(folder: Path | None, batch: int, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Images of 28 × 28 pixels in rows of this shape, and their labels: MNIST's in the folder, or as many made here.

    Those are scikit-learn's digits three times as large, each moved by up to two pixels, down or up and across. (Noise
    would do for the time, and not for the loss: Adam makes steps of what is left of gradients that cancel.)
    """
    if folder is not None:
        from examples.nets.digits import mnist

        x, y = mnist(folder)
    else:
        from sklearn.datasets import load_digits

        small, labels = load_digits(return_X_y=True)
        rng = np.random.default_rng(0)
        chosen = rng.integers(0, len(small), 10_000)
        x, y = np.zeros((len(chosen), 28, 28), np.float32), labels[chosen]
        large = np.kron(small.reshape(-1, 8, 8) / 16, np.ones((3, 3)))
        for image, one, (down, across) in zip(x, chosen, rng.integers(0, 5, (len(chosen), 2)), strict=True):
            image[down : down + 24, across : across + 24] = large[one]
    return _full(x.reshape(len(x), *shape).astype(np.float32), y, batch)


def text(file: Path | None, context: int, batch: int) -> tuple[int, dict[str, np.ndarray]]:
    """How many characters there are, and a text in rows of numbers, with the one that comes next for each.

    The text is that of the file; or one is made here of 65 characters, of which four are likely after each.
    """
    from examples.nets import characters

    if file is not None:
        symbols, numbers = characters.numbered(file.read_text(encoding="utf-8"))
        count = len(symbols)
    else:
        rng = np.random.default_rng(0)
        count, after = 65, rng.integers(0, 65, (65, 4))
        drawn, strays = rng.integers(0, 4, 200_000), rng.integers(0, 65, 200_000)
        stray = rng.random(200_000) < 0.1
        numbers = np.empty(200_000, np.int64)
        last = 0
        for i in range(len(numbers)):
            last = numbers[i] = strays[i] if stray[i] else after[last, drawn[i]]
    last = (len(numbers) - 1) // context * context
    rows, following = (numbers[k : last + k].reshape(-1, context) for k in (0, 1))
    return count, _full(rows, following, batch)


def _full(x: Any, y: Any, batch: int) -> dict[str, np.ndarray]:
    """As many rows as fill batches: a smaller last one is nothing that all can do in one compiled loop."""
    count = len(x) // batch * batch
    return {"x": np.ascontiguousarray(x[:count]), "y": np.ascontiguousarray(y[:count], np.int64)}
