"""How the batch of a step is taken from the data: a graph like any other, of all the data and the step's number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings import random
from workings.errors import ArgumentError
from workings.graph import Graph, Node, call, constant, input_node

__all__ = ["Batches", "feed", "whole_inputs"]


@dataclass(frozen=True)
class Batches:
    """The data in batches of `size` rows, the last one of an epoch being what is left.

    With `shuffle` every epoch goes through the rows in another order, which the `seed` and the number of the
    epoch determine; without it, in the order of the data.
    """

    size: int
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        size = self.size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ArgumentError(
                f"batch_size is {size!r}; it is a number of rows, 1 or more",
                fix="batch_size=32",
            )

    def check(self, rows: int) -> None:
        """Raise `ArgumentError` unless a batch of this size can be taken from so many rows."""
        if not rows:
            raise ArgumentError("batch_size is given, and there are no rows among the data", fix="batch_size=None")
        if self.size > rows:
            raise ArgumentError(
                f"batch_size is {self.size:,}, and there are only {rows:,} rows", fix=f"batch_size={rows}"
            )

    def per_epoch(self, rows: int) -> int:
        """How many steps an epoch of so many rows has."""
        return -(-rows // self.size)


def feed(batch: Sequence[Node], whole: Sequence[Node], counter: Node, batches: Batches, rows: int) -> Graph:
    """The graph that takes the inputs `batch` of a step from all rows of the data, the inputs `whole`.

    What is the same in both is no array of rows, and is handed on. The order of the rows in an epoch is that of
    a keyed bijection, so that nothing is stored and any step can be worked out by itself.
    """
    count = batches.per_epoch(rows)
    taken = [(b, w) for b, w in zip(batch, whole, strict=True) if b is not w]
    size = taken[0][0].shape[0]
    place = call("remainder", counter, count, label="batch") * batches.size
    place = call("add", place, np.arange(size), label="place")
    if batches.shuffle:
        epoch = call("floor_divide", counter, count, label="epoch")
        key = constant(random.key(batches.seed), name="key")
        order = call("threefry", key, call("invert", epoch), label="order")  # random.fold_in(key, epoch)
        place = call("shuffled", order, place, count=rows, label="rows")
    drawn = {b: call("getitem", w, place, key=("array",), label=b.name) for b, w in taken}
    return Graph([*whole, counter], [drawn.get(b, w) for b, w in zip(batch, whole, strict=True)], name="feed")


def whole_inputs(batch: Sequence[Node], values: Sequence[Any]) -> list[Node]:
    """The inputs of a feed that takes `batch` from these values."""
    return [
        node if np.shape(value) == node.shape else input_node(f"all_{node.name}", np.shape(value), node.dtype)
        for node, value in zip(batch, values, strict=True)
    ]
