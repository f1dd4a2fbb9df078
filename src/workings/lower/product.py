"""Matrix products as folds of products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workings.graph import Node
from workings.lower.elements import convert, elementwise
from workings.lower.fold import new_steps, reduce
from workings.lower.loops import Access, Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, row_by_row, whole
from workings.ops.reduce import reduced_axes

__all__ = ["RULES", "product"]


def _matmul(low: Lowering, node: Node) -> View:
    """A sum of products for each element of the result, over the last axis of the first and the first of the
    second; a vector is a matrix of one row, or of one column."""
    a, b, shape = _factors(low, node)
    return product(low, node, a, b, shape, folded=1)


def _factors(low: Lowering, node: Node) -> tuple[View, View, tuple[int, ...]]:
    """Both factors of a matrix product as views over (…, rows, columns, what is summed), and that shape."""
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
    return first, _side_by_side(low, node, second, shape), shape


def _sum(low: Lowering, node: Node) -> View:
    """A sum; over the matrices of a stack of products, as the gradient of a weight is, all in one."""
    (x,) = node.inputs
    if x not in low.inlined or x.op.name != "matmul":
        return reduce(low, node)
    a, b, shape = _factors(low, x)
    count = len(shape)

    def turned(v: View) -> View:
        lengths = (1,) * (count - len(v.shape)) + v.shape
        strides = (0,) * (count - len(v.shape)) + v.strides
        order = (count - 3, count - 2, *range(count - 3), count - 1)
        return replace(v, shape=tuple(lengths[n] for n in order), strides=tuple(strides[n] for n in order))

    return product(low, node, turned(a), turned(b), (*shape[-3:-1], *shape[:-3], shape[-1]), folded=count - 2)


def _takes(node: Node, x: Node) -> bool:
    """Whether a sum is over all the matrices of a product, and of their numbers as they are."""
    stack = tuple(range(x.ndim - 2))
    plain = all(i.ndim > 1 for i in x.inputs) and node.dtype == x.dtype and node.dtype.kind == "f"
    return x.op.name == "matmul" and plain and x.ndim > 2 and sorted(reduced_axes(node)) == list(stack)


_sum.inlines = True  # type: ignore[attr-defined]
_sum.takes = _takes  # type: ignore[attr-defined]


def product(low: Lowering, node: Node, a: View, b: View, shape: tuple[int, ...], folded: int) -> View:
    """The sums over the last axes, so many of them, of the products of two views that broadcast to `shape`."""
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


RULES = {"matmul": _matmul, "outer": _outer, "sum": _sum}
