"""A descent by hand: an optimizer's rule, called step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["SHAPES", "STEPS", "descend", "slope", "start"]

STEPS = 50
SHAPES = [(4, 3), (3, 5), (6,), ()]


def start(shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    return np.random.default_rng(3).normal(size=shape).astype(dtype) if shape else dtype(0.7)


def slope(w: Any, step: int) -> Any:
    """A gradient at w that is another one in every step."""
    w = np.asarray(w)
    kick = np.random.default_rng([7, step]).normal(size=w.shape).astype(w.dtype)
    return (np.sin(3 * w) + kick)[()]


def descend(rule: Any, w: Any, steps: int = STEPS) -> Iterator[Any]:
    """The parameter after each step."""
    state, settings = rule.state(w), rule.settings()
    for step in range(steps):
        w, state = rule.update(w, slope(w, step), state, {**settings, "step": np.int64(step)})
        yield w
