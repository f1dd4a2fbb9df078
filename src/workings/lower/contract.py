"""Sums of products over loops that have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from workings.lower.elements import convert
from workings.lower.fold import new_steps
from workings.lower.loops import Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View

__all__ = ["Part", "contract"]


class Part(NamedTuple):
    """A factor or a result: where its first element lies, and the stride for each loop along which it moves on."""

    x: View
    strides: Mapping[str, int]
    offset: int = 0

    def along(self, loops: Mapping[str, int]) -> View:
        """Its elements in these loops."""
        strides = tuple(self.strides.get(name, 0) for name in loops)
        return replace(self.x, shape=tuple(loops.values()), strides=strides, offset=self.x.offset + self.offset)


def contract(
    low: Lowering,
    dtype: np.dtype,
    outer: Mapping[str, int],
    folded: Mapping[str, int],
    factors: Sequence[Part],
    result: Part,
    added: str = "",
) -> None:
    """A kernel for the sums, over the folded loops, of the products of two factors, or of one factor.

    With the name of an outer loop, in each of its turns the sums are added to what lies there.
    """
    loops = {**outer, **folded}
    shape = tuple(loops.values())
    axes = loops_over(shape)
    kept = tuple(axis for axis in axes if axis < len(outer))
    body: list[Instruction] = []
    inputs: list[Instruction] = []
    for factor in factors:
        load = read(factor.along(loops), axes, shape)
        number = convert(load, dtype)
        body += [load, *new_steps(number, [load])]
        inputs.append(number)
    fold, after = None, []
    if folded:
        value = Instruction("fold", dtype)
        fold, after = Fold("dot" if len(inputs) == 2 else "sum", dtype, tuple(inputs)), [value]
    elif len(inputs) == 2:
        value = Instruction("multiply", dtype, tuple(inputs))
        body.append(value)
    else:
        (value,) = inputs
    place = result.along(outer).access(kept, shape[: len(outer)])
    store = Store(place, value, how="add" if added else "set")
    ordered = tuple(n for n, axis in enumerate(axes) if list(loops)[axis] == added)
    extents = tuple(shape[axis] for axis in axes)
    inner = len(axes) - len(kept)
    low.parts.append(Kernel(extents, inner, tuple(body), fold, tuple(after), (store,), ordered=ordered))
