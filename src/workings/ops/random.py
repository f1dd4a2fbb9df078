"""Random numbers by counting: the same bits for the same key and counter, on every engine, and nothing stored.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011), for Threefry; Black and
Rogaway, Ciphers with arbitrary finite domains (2002), for shuffles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Node, Op, register
from workings.graph.op import Infer, Shape
from workings.ops.infer import label, shapes_of
from workings.ops.lacking import shuffled, threefry

__all__ = ["MOST", "check_key"]

MOST = 2**32  # numbers that can be shuffled
_FIX = "a key, as workings.random.key(seed) makes it"


def check_key(name: str, called: str, shape: Shape, dtype: np.dtype) -> None:
    """Raise unless it has the dtype and shape of a key, or of an array of keys."""
    if dtype != np.uint32:
        raise DtypeError(f"{name}: the key {called} is {dtype.name}, not two words of uint32", fix=_FIX)
    if shape[-1:] != (2,):
        raise ShapeError(f"{name}: the key {called} has shape {shape}, and a key is two words", fix=_FIX)


def _keyed(name: str) -> Infer:
    def infer(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
        key, index = inputs
        check_key(name, label(key), key.shape, key.dtype)
        if index.dtype.kind not in "iu":
            raise DtypeError(
                f"{name}: {label(index)} is {index.dtype.name}, not whole numbers", fix="convert it with .astype(int)"
            )
        if not 1 <= attributes.get("count", 1) <= MOST:
            raise ArgumentError(f"{name}: {attributes['count']} numbers cannot be shuffled", fix="from 1 to 2**32")
        try:
            shape = np.broadcast_shapes(key.shape[:-1], index.shape)
        except ValueError:
            raise ShapeError(
                f"{name}: keys and numbers do not broadcast: {shapes_of(inputs)}",
                fix="as many keys as numbers, or one of either",
            ) from None
        return (*shape, 2) if name == "threefry" else shape, np.dtype(np.uint32 if name == "threefry" else np.int64)

    return infer


register(
    Op(
        "threefry",
        "two random words of 32 bits for each counter, by the key",
        _keyed("threefry"),
        threefry,
        domain=((0, 2**32 - 1), (-(2**62), 2**62)),
    )
)
register(
    Op(
        "shuffled",
        "where each index goes when the numbers below count are shuffled by the key",
        _keyed("shuffled"),
        shuffled,
        domain=((0, 2**32 - 1), (0, 4)),
    )
)
