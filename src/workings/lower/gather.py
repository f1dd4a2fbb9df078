"""Taking elements at places, and adding to them there. Where only slices and numbers say which, nothing is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workings.graph import Node
from workings.lower.build import INT64, Number, constant, convert, steps_to
from workings.lower.loops import Access, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, whole
from workings.lower.whole import remainder

__all__ = ["RULES"]


@dataclass(frozen=True)
class _Taken:
    """What a key takes of an array: `view` has the elements at the start of the axes that are indexed by arrays,
    whose lengths and strides are `lengths` and `by`; the axes of the arrays themselves, so many, come at `place`."""

    view: View
    lengths: tuple[int, ...]
    by: tuple[int, ...]
    place: int
    count: int

    @property
    def ordered(self) -> range:
        return range(self.place, self.place + self.count)


def _taken(x: View, key: Sequence[Any], indices: Sequence[Node]) -> _Taken:
    """By NumPy's rules: a number beside an array is one too, and where other parts stand between such, the axes of
    the arrays come first."""
    whole_key = list(key)
    missing = len(x.shape) - sum(part is not None and part is not Ellipsis for part in key)
    if all(part is not Ellipsis for part in key):
        whole_key.append(Ellipsis)
    offset, axis = x.offset, 0
    shape: list[int] = []
    strides: list[int] = []
    lengths: list[int] = []
    by: list[int] = []
    arrays: list[int] = []  # where in the key they stand, and before which axis of the result
    before: list[int] = []
    for place, part in enumerate(whole_key):
        if part is None:
            shape.append(1)
            strides.append(0)
            continue
        if part is Ellipsis:
            shape += x.shape[axis : axis + missing]
            strides += x.strides[axis : axis + missing]
            axis += missing
            continue
        n, stride = x.shape[axis], x.strides[axis]
        axis += 1
        if isinstance(part, slice):
            start, stop, step = part.indices(n)
            shape.append(len(range(start, stop, step)))
            strides.append(stride * step)
            offset += start * stride
            continue
        arrays.append(place)
        before.append(len(shape))
        if isinstance(part, str):
            lengths.append(n)
            by.append(stride)
        else:
            offset += (part + n if part < 0 else part) * stride
    count = len(np.broadcast_shapes(*(i.shape for i in indices)))
    together = not arrays or arrays[-1] - arrays[0] == len(arrays) - 1
    place = before[0] if together and before else 0
    wide = [1] * count
    view = replace(
        x,
        shape=(*shape[:place], *wide, *shape[place:]),
        strides=(*strides[:place], *wide, *strides[place:]),
        offset=offset if 0 not in shape else 0,
    )
    return _Taken(view, tuple(lengths), tuple(by), place, count)


def _spread(index: View, taken: _Taken, ndim: int) -> View:
    """An index with the axes of the result that come after it."""
    after = ndim - taken.place - taken.count
    return replace(index, shape=(*index.shape, *[1] * after), strides=(*index.strides, *[0] * after))


def _places(
    low: Lowering, nodes: Sequence[Node], taken: _Taken, axes: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[list[Instruction], list[Number]]:
    """The instructions for the index along each axis that is indexed by an array, and these."""
    body: list[Instruction] = []
    places: list[Number] = []
    for node, length in zip(nodes, taken.lengths, strict=True):
        load, place = _place(
            low, node, low.views[node], length, lambda x: read(_spread(x, taken, len(shape)), axes, shape)
        )
        body += [load, *steps_to([place], [load])]
        places.append(place)
    return body, places


def _place(low: Lowering, node: Node, x: View, length: int, load: Any) -> tuple[Instruction, Number]:
    """An index along an axis of this length, and its load; it is checked unless it is known to be in range."""
    if node.is_constant:
        value = np.asarray(node.value)
        if value.size and -length <= int(value.min()) and int(value.max()) < length:
            fixed = np.where(value < 0, value.astype(np.int64) + length, value.astype(np.int64))
            if not np.array_equal(fixed, value) or value.dtype != INT64:
                x = whole(low.buffer(node, dtype=INT64, value=fixed))
            number = load(x)
            return number, Instruction("within", INT64, (number,), value=length)
    number = load(x)
    if node.op.name == "shuffled" and node.attributes["count"] <= length:
        return number, Instruction("within", INT64, (number,), value=length)
    # an array of large numbers without a sign is taken as one of int64; a single one is not
    index = number if node.shape == () else convert(number, INT64)
    return number, Instruction("wrapped", INT64, (index,), value=length)


def _getitem(low: Lowering, node: Node) -> View:
    x, *indices = node.inputs
    taken = _taken(low.views[x], node.attributes["key"], indices)
    if not indices:
        return replace(taken.view, shape=node.shape)
    axes = loops_over(node.shape)
    body, places = _places(low, indices, taken, axes, node.shape)
    access = replace(taken.view.access(axes, node.shape), by=taken.by)
    value = Instruction("load", node.dtype, tuple(places), access)
    result = whole(low.buffer(node))
    store = Store(result.access(axes, node.shape), value)
    low.parts.append(Kernel(tuple(node.shape[a] for a in axes), 0, (*body, value), None, (), (store,)))
    return result


def _put(low: Lowering, node: Node) -> View:
    values, *indices = node.inputs
    result = whole(low.buffer(node))
    taken = _taken(result, node.attributes["key"], indices)
    shape = values.shape
    low.fill(result, 0)
    if not indices:
        low.copy(low.views[values], taken.view)
        return result
    axes = loops_over(shape)
    body, places = _places(low, indices, taken, axes, shape)
    value = read(low.views[values], axes, shape)
    access = replace(taken.view.access(axes, shape), by=taken.by)
    ordered = tuple(k for k, a in enumerate(axes) if a in taken.ordered)
    _add(low, shape, axes, [*body, value], Store(access, value, tuple(places), "add"), ordered)
    return result


def _add(
    low: Lowering,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    body: Sequence[Instruction],
    store: Store,
    ordered: tuple[int, ...],
) -> None:
    """A kernel that adds numbers up where several may go to one place: in NumPy's order."""
    extents = tuple(shape[a] for a in axes)
    low.parts.append(Kernel(extents, 0, tuple(body), None, (), (store,), ordered=ordered))


def _take_along(low: Lowering, node: Node) -> View:
    x, indices = node.inputs
    axis = node.attributes["axis"]
    axes = loops_over(node.shape)
    load, place = _place(low, indices, low.views[indices], x.shape[axis], lambda view: read(view, axes, node.shape))
    value = Instruction("load", node.dtype, (place,), _along(low.views[x], axis, axes, node.shape))
    result = whole(low.buffer(node))
    store = Store(result.access(axes, node.shape), value)
    body = (load, *steps_to([place], [load]), value)
    low.parts.append(Kernel(tuple(node.shape[a] for a in axes), 0, body, None, (), (store,)))
    return result


def _along(x: View, axis: int, axes: tuple[int, ...], shape: tuple[int, ...]) -> Access:
    """An element of each row along the axis, at a place that is computed."""
    start = replace(x, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :]))
    return replace(start.access(axes, shape), by=(x.strides[axis],))


def _put_along(low: Lowering, node: Node) -> View:
    values, indices = node.inputs
    axis, length = node.attributes["axis"], node.attributes["length"]
    result = whole(low.buffer(node))
    low.fill(result, 0)
    if 0 in values.shape:
        return result
    axes = loops_over(values.shape)
    load = read(low.views[indices], axes, values.shape)
    # places count modulo the length
    place = remainder(convert(load, INT64), constant(length, INT64))
    place = Instruction("within", INT64, (place,), value=length)
    value = read(low.views[values], axes, values.shape)
    store = Store(_along(result, axis, axes, values.shape), value, (place,), "add")
    body = [load, *steps_to([place], [load]), value]
    _add(low, values.shape, axes, body, store, tuple(k for k, a in enumerate(axes) if a == axis))
    return result


RULES = {"getitem": _getitem, "put": _put, "take_along_axis": _take_along, "put_along": _put_along}
