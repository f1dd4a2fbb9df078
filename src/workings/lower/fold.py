"""Reductions as folds."""

from __future__ import annotations

import numpy as np

from workings.graph import Node
from workings.lower.elements import BOOL, constant, convert
from workings.lower.loops import Access, Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over
from workings.lower.views import View, row_by_row, whole
from workings.ops.reduce import reduced_axes

__all__ = ["RULES", "new_steps", "reduce"]

_FOLDS = {"sum": "sum", "mean": "sum", "prod": "product", "max": "maximum", "min": "minimum", "all": "and", "any": "or"}


def reduce(low: Lowering, node: Node) -> View:
    """The elements put together along some axes, with what computes them if they are needed here alone."""
    (x,) = node.inputs
    reduced = reduced_axes(node)
    kept = tuple(a for a in loops_over(x.shape) if a not in reduced)
    folded = tuple(a for a in loops_over(x.shape) if a in reduced)
    body, value = low.expression(x, (*kept, *folded))
    number = convert(value, node.dtype)
    body += new_steps(number, body)
    how = _FOLDS[node.op.name]
    if node.dtype == BOOL:
        how = {"maximum": "or", "minimum": "and"}.get(how, how)
    after = [Instruction("fold", node.dtype)]
    if node.op.name == "mean":
        count = constant(int(np.prod([x.shape[a] for a in reduced], dtype=np.int64)), node.dtype)
        after += [count, Instruction("divide", node.dtype, (after[0], count))]
    extents = tuple(x.shape[a] for a in (*kept, *folded))
    result = whole(low.buffer(node))
    store = Store(Access(result.buffer, row_by_row(tuple(x.shape[a] for a in kept))), after[-1])
    fold = Fold(how, node.dtype, (number,))
    low.parts.append(Kernel(extents, len(folded), tuple(body), fold, tuple(after), (store,)))
    return result


reduce.inlines = True  # type: ignore[attr-defined]


def new_steps(value: Instruction, known: list[Instruction]) -> list[Instruction]:
    """What a conversion adds to the instructions that are there."""
    if value in known:
        return []
    return [*(i for i in value.inputs if i not in known), value]


RULES = dict.fromkeys(_FOLDS, reduce)
