"""Matrix products as folds of products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workings.graph import Node
from workings.lower.elements import convert, elementwise
from workings.lower.fold import new_steps
from workings.lower.loops import Access, Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, row_by_row, whole

__all__ = ["RULES", "product"]


def _matmul(low: Lowering, node: Node) -> View:
    """A sum of products for each element of the result, over the last axis of the first and the first of the
    second; a vector is a matrix of one row, or of one column."""
    a, b = (low.views[i] for i in node.inputs)
    if len(a.shape) == 1:
        a = replace(a, shape=(1, *a.shape), strides=(0, *a.strides))
    if len(b.shape) == 1:
        b = replace(b, shape=(*b.shape, 1), strides=(*b.strides, 0))
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    shape = (*batch, a.shape[-2], b.shape[-1], a.shape[-1])
    first = replace(a, shape=(*a.shape[:-1], 1, a.shape[-1]), strides=(*a.strides[:-1], 0, a.strides[-1]))
    second = replace(
        b,
        shape=(*b.shape[:-2], 1, b.shape[-1], b.shape[-2]),
        strides=(*b.strides[:-2], 0, b.strides[-1], b.strides[-2]),
    )
    return product(low, node, first, second, shape, folded=1)


def product(low: Lowering, node: Node, a: View, b: View, shape: tuple[int, ...], folded: int) -> View:
    """The sums over the last axes, so many of them, of the products of two views that broadcast to `shape`."""
    b = _side_by_side(low, node, b, shape)
    axes = loops_over(shape)
    body: list[Instruction] = []
    factors: list[Instruction] = []
    for x in (a, b):
        load = read(x, axes, shape)
        factor = convert(load, node.dtype)
        body += [load, *new_steps(factor, [load])]
        factors.append(factor)
    outer = tuple(n for n in shape[: len(shape) - folded] if n != 1)
    value = Instruction("fold", node.dtype)
    result = whole(low.buffer(node))
    store = Store(Access(result.buffer, row_by_row(outer)), value)
    fold = Fold("dot", node.dtype, (factors[0], factors[1]))
    inner = sum(n != 1 for n in shape[len(shape) - folded :])
    low.parts.append(Kernel(tuple(shape[x] for x in axes), inner, tuple(body), fold, (value,), (store,)))
    return result


def _side_by_side(low: Lowering, node: Node, b: View, shape: tuple[int, ...]) -> View:
    """The second factor with the elements of a row of the result next to one another, if that saves more than moving
    them costs: then several sums go on at once, each of them in order."""
    rows, columns = shape[-3] if len(shape) > 2 else 1, b.shape[-2]
    if b.strides[-2] == 1 or min(b.shape[-2:]) < 2 or rows < 4 or columns < 4:
        return b
    last_two = (*range(len(b.shape) - 2), len(b.shape) - 1, len(b.shape) - 2)

    def swapped(x: View) -> View:
        return replace(x, shape=tuple(x.shape[n] for n in last_two), strides=tuple(x.strides[n] for n in last_two))

    return swapped(low.compact(node, swapped(b)))


def _outer(low: Lowering, node: Node) -> View:
    axes = loops_over(node.shape)
    a, b = (low.views[i] for i in node.inputs)
    column = replace(a, shape=(*a.shape, 1), strides=(*a.strides, 0))
    loads = [read(x, axes, node.shape) for x in (column, b)]
    body = [*loads, *elementwise(node, loads)]
    result = whole(low.buffer(node))
    store = Store(result.access(axes, node.shape), body[-1])
    low.parts.append(Kernel(tuple(node.shape[x] for x in axes), 0, tuple(body), None, (), (store,)))
    return result


RULES = {"matmul": _matmul, "outer": _outer}
