"""Pooling: what is put together of each window over images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workings.graph import Node
from workings.lower.elements import BOOL, INT64, constant, convert
from workings.lower.fold import new_steps
from workings.lower.loops import Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, turned, whole
from workings.ops.window import sliding

__all__ = ["RULES"]

# loops: images, channels, places down and across, and the place in a window
_ROW, _COLUMN = 4, 5


def _windows(node: Node, x: View, places: tuple[int, ...]) -> View:
    """The elements of all windows at so many places down and across."""
    down, across = sliding(node.attributes["size"], node.attributes)
    *outer, row, column = x.strides
    return replace(
        x,
        shape=(*x.shape[:2], *places, down.size, across.size),
        strides=(*outer, row * down.stride, column * across.stride, row, column),
    )


def _folded(low: Lowering, node: Node, how: str) -> View:
    """The values of each window put together, row by row."""
    x = _windows(node, low.views[node.inputs[0]], node.shape[2:])
    axes = loops_over(x.shape)
    body = [read(x, axes, x.shape)]
    after = [Instruction("fold", node.dtype)]
    if node.op.name == "avg_pool2d":
        count = constant(x.shape[_ROW] * x.shape[_COLUMN], node.dtype)
        after += [count, Instruction("divide", node.dtype, (after[0], count))]
    return _stored(low, node, x.shape, body, Fold(how, node.dtype, (body[0],)), after)


def _stored(
    low: Lowering,
    node: Node,
    shape: tuple[int, ...],
    body: list[Instruction],
    fold: Fold,
    after: list[Instruction],
) -> View:
    axes = loops_over(shape)
    outer = tuple(a for a in axes if a < _ROW)
    result = whole(low.buffer(node))
    store = Store(result.access(outer, node.shape), after[-1])
    extents = tuple(shape[a] for a in axes)
    low.parts.append(Kernel(extents, len(axes) - len(outer), tuple(body), fold, tuple(after), (store,)))
    return result


def _max(low: Lowering, node: Node) -> View:
    return _folded(low, node, "or" if node.dtype == BOOL else "maximum")


def _mean(low: Lowering, node: Node) -> View:
    return _folded(low, node, "sum")


def _argmax(low: Lowering, node: Node) -> View:
    """The first place in the window that has the largest value, or nan; the last one, if none has."""
    images, largest = (low.views[i] for i in node.inputs)
    x = _windows(node, images, node.shape[2:])
    down, across = sliding(node.attributes["size"], node.attributes)
    width = images.shape[3]
    axes = loops_over(x.shape)
    dtype = np.result_type(images.buffer.dtype, largest.buffer.dtype)
    y = replace(largest, shape=x.shape, strides=(*largest.strides, 0, 0))
    value, wanted = read(x, axes, x.shape), read(y, axes, x.shape)
    body = [value, wanted]
    sides = [convert(i, dtype) for i in body]
    for side in sides:
        body += new_steps(side, body)
    found = Instruction("equal", BOOL, tuple(sides))
    body.append(found)
    if images.buffer.dtype.kind == "f":
        nan = Instruction("not_equal", BOOL, (value, value))
        found = Instruction("or", BOOL, (found, nan))
        body += [nan, found]
    place = _place(axes, {_ROW: width, _COLUMN: 1}, body)
    last = constant((down.size - 1) * width + across.size - 1, INT64)
    chosen = Instruction("select", INT64, (found, place, last))
    body += [last, chosen]
    after = [Instruction("fold", INT64)]
    corner = _place(axes, {2: width * down.stride, 3: across.stride}, after)
    after.append(Instruction("add", INT64, (after[0], corner)))
    return _stored(low, node, x.shape, body, Fold("minimum", INT64, (chosen,)), after)


def _place(axes: tuple[int, ...], strides: dict[int, int], part: list[Instruction]) -> Instruction:
    """The sum of the turns of some loops times their strides."""
    total = constant(0, INT64)
    part.append(total)
    for axis, stride in strides.items():
        if axis in axes:
            index = Instruction("index", INT64, value=axes.index(axis))
            step = constant(stride, INT64)
            product = Instruction("multiply", INT64, (index, step))
            total = Instruction("add", INT64, (total, product))
            part += [index, step, product, total]
    return total


def _unpooled(low: Lowering, node: Node) -> View:
    """Each value over their number, added to all places of its window; in one window after the other, if they lie
    over each other."""
    y = low.views[node.inputs[0]]
    down, across = sliding(node.attributes["size"], node.attributes)
    result = whole(low.buffer(node))
    apart = down.size <= down.stride and across.size <= across.stride
    places = y.shape[2:]
    covered = (down.size * places[0], across.size * places[1]) == node.shape[2:]
    if not (apart and covered):
        low.fill(result, 0)
    # the place in a window goes before that of the window
    order = (0, 1, _ROW, _COLUMN, 2, 3)
    target = turned(_windows(node, result, places), order)
    source = replace(y, shape=(*y.shape, down.size, across.size), strides=(*y.strides, 0, 0))
    axes = loops_over(target.shape)
    load = read(turned(source, order), axes, target.shape)
    count = constant(down.size * across.size, node.dtype)
    share = Instruction("divide", node.dtype, (load, count))
    store = Store(target.access(axes, target.shape), share, how="set" if apart else "add")
    ordered = () if apart else tuple(n for n, a in enumerate(axes) if order[a] in (_ROW, _COLUMN))
    extents = tuple(target.shape[a] for a in axes)
    low.parts.append(Kernel(extents, 0, (load, count, share), None, (), (store,), ordered=ordered))
    return result


RULES = {"max_pool2d": _max, "argmax_pool2d": _argmax, "avg_pool2d": _mean, "avg_unpool2d": _unpooled}
