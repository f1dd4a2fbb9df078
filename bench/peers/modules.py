"""The nets that are made of modules of `workings.nn`, by name; their start values are the same in every process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from workings import nn

__all__ = ["MODULES", "cross_entropy"]


def cross_entropy(model, x, y):
    return nn.cross_entropy(model(x), y)


def mlp(widths: Sequence[int]) -> Any:
    rng = np.random.default_rng(0)
    layers = [nn.Linear(a, b, rng=rng) for a, b in pairwise(widths)]
    return nn.Sequential(*(part for layer in layers[:-1] for part in (layer, nn.ReLU())), layers[-1])


def cnn(pixels: int, channels: Sequence[int], classes: int) -> Any:
    """Convolutions of 3 × 3, each followed by a pooling of 2 × 2, and a dense layer."""
    rng = np.random.default_rng(0)
    parts: list[Any] = []
    for a, b in pairwise(channels):
        parts += [nn.Conv2d(a, b, 3, padding="same", rng=rng), nn.ReLU(), nn.MaxPool2d(2)]
    side = pixels >> len(channels) - 1
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(channels[-1] * side * side, classes, rng=rng))


def transformer(characters: int, width: int, heads: int, layers: int, context: int) -> Any:
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Embedding(characters, width, rng=rng),
        nn.LearnedPositions(context, width, rng=rng),
        *(nn.TransformerBlock(width, heads, causal=True, rng=rng) for _ in range(layers)),
        nn.LayerNorm(width),
        nn.Linear(width, characters, rng=rng),
    )


def gru(characters: int, width: int, context: int) -> Any:
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Embedding(characters, width, rng=rng),
        nn.GRU(width, width, rng=rng),
        nn.Linear(width, characters, rng=rng),
    )


MODULES: Mapping[str, Callable[..., Any]] = {"mlp": mlp, "cnn": cnn, "transformer": transformer, "gru": gru}
