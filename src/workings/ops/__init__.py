"""The ops: one record for each primitive, in families. Importing this package enters them in the registry."""

from workings.ops import (
    arithmetic,
    bits,
    choose,
    control,
    einsum,
    index,
    linear,
    move,
    order,
    random,
    reduce,
    smooth,
    window,
)

__all__ = [
    "arithmetic",
    "bits",
    "choose",
    "control",
    "einsum",
    "index",
    "linear",
    "move",
    "order",
    "random",
    "reduce",
    "smooth",
    "window",
]
