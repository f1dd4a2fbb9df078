"""Dropout: a part of the values is left out at random while the net is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workings import random
from workings.nn.module import Module, check_rate, floating
from workings.trace.trees import static

__all__ = ["Dropout", "dropout"]


def dropout(x: Any, rate: float) -> Any:
    """In training each value is 0 with probability `rate`, and else x / (1 − rate), so that the mean stays.

    Otherwise it is x. Whether the net is trained, and the random numbers, come from what surrounds the call, see
    `workings.random.drawing`.

    >>> dropout(np.ones(3), 0.5).tolist()
    [1.0, 1.0, 1.0]
    >>> with random.drawing(random.key(0)):
    ...     sorted(set(dropout(np.ones(1000), 0.5).tolist()))
    [0.0, 2.0]

    Source: Srivastava et al., Dropout: A simple way to prevent neural networks from overfitting (2014); scaled in
    training, as in section 10.
    """
    if rate == 0 or not random.training():
        return x
    kept = random.bernoulli(random.next_key(), 1 - rate, np.shape(x))
    return np.where(kept, x / (1 - rate), 0)


@dataclass(init=False, eq=False, repr=False)
class Dropout(Module):
    """`dropout` as a layer: in training a part of the values is 0, otherwise x is given as it is.

    rate    which part, from 0 to below 1

    >>> Dropout(0.5)(np.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    rate: float = static()

    def __init__(self, rate: float = 0.5) -> None:
        check_rate("Dropout", "rate", rate, below=True)
        self.rate = rate

    def __call__(self, x: Any) -> Any:
        floating(self, x)
        return dropout(x, self.rate)
