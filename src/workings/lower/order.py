"""What hangs on an order: the place of the largest value, sums so far, and sorting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import NamedTuple

from workings.graph import Node, call
from workings.lower import fold
from workings.lower.elements import BOOL, INT64, constant, convert
from workings.lower.loops import Access, Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, row_by_row, turned, whole
from workings.ops.reduce import reduced_axes

__all__ = ["RULES"]

# ── the place of the largest ────────────────────────────────────────────────────────────────────────────────


def _place(low: Lowering, node: Node) -> View:
    """The first place of the largest (or smallest) value, or of nan: that value first, and then the smallest of all
    places that have it."""
    (x,) = node.inputs
    reduced = reduced_axes(node)
    how = "max" if node.op.name == "argmax" else "min"
    found = fold.RULES[how](low, call(how, x, axis=reduced, keepdims=True))
    kept = tuple(a for a in loops_over(x.shape) if a not in reduced)
    axes = (*kept, *(a for a in loops_over(x.shape) if a in reduced))
    value, wanted = read(low.views[x], axes, x.shape), read(found, axes, x.shape)
    wins = Instruction("equal", BOOL, (value, wanted))
    body = [value, wanted, wins]
    if x.dtype.kind == "f":
        nan = Instruction("not_equal", BOOL, (value, value))
        wins = Instruction("or", BOOL, (wins, nan))
        body += [nan, wins]
    place = constant(0, INT64)
    body.append(place)
    strides = dict(zip(reduced, row_by_row(tuple(x.shape[a] for a in reduced)), strict=True))
    for axis in axes[len(kept) :]:
        index = Instruction("index", INT64, value=axes.index(axis))
        stride = constant(strides[axis], INT64)
        steps = Instruction("multiply", INT64, (index, stride))
        place = Instruction("add", INT64, (place, steps))
        body += [index, stride, steps, place]
    # one of them wins in any case
    least = constant(prod(x.shape[a] for a in reduced) - 1, INT64)
    chosen = Instruction("select", INT64, (wins, place, least))
    body += [least, chosen]
    result = whole(low.buffer(node))
    value = Instruction("fold", INT64)
    store = Store(Access(result.buffer, row_by_row(tuple(x.shape[a] for a in kept))), value)
    extents = tuple(x.shape[a] for a in axes)
    first = Fold("minimum", INT64, (chosen,))
    low.parts.append(Kernel(extents, len(axes) - len(kept), tuple(body), first, (value,), (store,)))
    return result


# ── sums so far ─────────────────────────────────────────────────────────────────────────────────────────────


def _cumsum(low: Lowering, node: Node) -> View:
    """The first value as it is, and then each one added to the sum before it."""
    x, result, axis = low.views[node.inputs[0]], whole(low.buffer(node)), node.attributes["axis"]
    length = node.shape[axis]
    _kernel(low, [_part(x, axis, 0, min(length, 1))], _part(result, axis, 0, min(length, 1)))
    if length > 1:
        before = _part(result, axis, 0, length - 1)
        _kernel(low, [before, _part(x, axis, 1, length - 1)], _part(result, axis, 1, length - 1), axis)
    return result


def _kernel(low: Lowering, terms: list[View], target: View, ordered: int | None = None) -> None:
    """A kernel that writes the sum of some values, in the order of an axis."""
    axes = loops_over(target.shape)
    dtype = target.buffer.dtype
    total: Instruction | None = None
    body: list[Instruction] = []
    for term in terms:
        load = read(term, axes, target.shape)
        number = convert(load, dtype)
        body += [load, *fold.new_steps(number, [load])]
        total = number if total is None else Instruction("add", dtype, (total, number))
    assert total is not None
    body += fold.new_steps(total, body)
    store = Store(target.access(axes, target.shape), total)
    orders = () if ordered not in axes else (axes.index(ordered),)
    extents = tuple(target.shape[a] for a in axes)
    low.parts.append(Kernel(extents, 0, tuple(body), None, (), (store,), ordered=orders))


def _part(x: View, axis: int, start: int, length: int, step: int = 1) -> View:
    """So many elements along an axis, from one on."""
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    strides = (*x.strides[:axis], x.strides[axis] * step, *x.strides[axis + 1 :])
    return replace(x, shape=shape, strides=strides, offset=x.offset + start * x.strides[axis])


# ── sorting ─────────────────────────────────────────────────────────────────────────────────────────────────

_MANY = 8  # rows, from which on those that are sorted go in lanes


def _sort(low: Lowering, node: Node) -> View:
    # equal whole numbers are the same; 0 and −0 are equal, and keep their order
    arrays = _sorted(low, node, with_places=node.dtype.kind == "f")
    return arrays[0]


def _argsort(low: Lowering, node: Node) -> View:
    return _sorted(low, node, with_places=True)[1]


def _sorted(low: Lowering, node: Node, with_places: bool) -> list[View]:
    """The values in order, and the places they come from, which tell equal ones apart.

    Source: Batcher, Sorting networks and their applications (1968), the bitonic sorter: rows of twice the length are
    merged from two, of which one is read backwards. What is compared hangs on the length alone.
    """
    (source,) = node.inputs
    x, axis = low.views[source], node.attributes["axis"]
    rest = tuple(a for a in range(len(x.shape)) if a != axis)
    many = prod(x.shape[a] for a in rest) >= _MANY
    order = (axis, *rest) if many else (*rest, axis)
    back = tuple(order.index(a) for a in range(len(order)))
    shape = tuple(x.shape[a] for a in order)
    arrays = [turned(whole(low.buffer(node, shape, source.dtype)), back)]
    low.copy(x, arrays[0])
    if with_places:
        arrays.append(turned(whole(low.buffer(node, shape, INT64)), back))
        _count(low, arrays[1], axis)
    for pairs in _network(x.shape[axis]):
        _compare(low, arrays, axis, pairs)
    return arrays


def _count(low: Lowering, target: View, axis: int) -> None:
    """A kernel that writes the turns along an axis."""
    axes = loops_over(target.shape)
    number = Instruction("index", INT64, value=axes.index(axis)) if axis in axes else constant(0, INT64)
    store = Store(target.access(axes, target.shape), number)
    low.parts.append(Kernel(tuple(target.shape[a] for a in axes), 0, (number,), None, (), (store,)))


class _Pairs(NamedTuple):
    """What is compared at one time: pairs in so many blocks, which are `apart`.

    The pairs of a block begin at `first` and `second`; the first ones go on from there, the second ones by `step`.
    """

    blocks: int
    apart: int
    pairs: int
    first: int
    second: int
    step: int


def _network(length: int) -> Iterator[_Pairs]:
    """All that is compared, in order.

    The second of a pair takes the larger value. So those behind the end, which would be larger than all, stay where
    they are, and are left out.
    """

    def blocks(size: int, first: int, second: int, step: int) -> Iterator[_Pairs]:
        full, rest = divmod(length, size)
        if full:
            yield _Pairs(full, size, size // 2, first, second, step)
        left = rest - size // 2
        if left > 0:
            # the second ones end at the end
            start = full * size + (0 if step > 0 else size - rest)
            yield _Pairs(1, 0, left, start, full * size + (size // 2 if step > 0 else rest - 1), step)

    size = 2
    while size < 2 * length:
        yield from blocks(size, 0, size - 1, -1)
        half = size // 2
        while half > 1:
            yield from blocks(half, 0, half // 2, 1)
            half //= 2
        size *= 2


def _compare(low: Lowering, arrays: list[View], axis: int, pairs: _Pairs) -> None:
    """A kernel that exchanges the two of each pair, in all arrays, where they are not in order."""

    def seen(x: View, start: int, step: int) -> View:
        stride = x.strides[axis]
        return replace(
            x,
            shape=(*x.shape[:axis], pairs.blocks, pairs.pairs, *x.shape[axis + 1 :]),
            strides=(*x.strides[:axis], stride * pairs.apart, stride * step, *x.strides[axis + 1 :]),
            offset=x.offset + start * stride,
        )

    sides = [(seen(x, pairs.first, 1), seen(x, pairs.second, pairs.step)) for x in arrays]
    shape = sides[0][0].shape
    axes = loops_over(shape)
    loads = [(read(a, axes, shape), read(b, axes, shape)) for a, b in sides]
    body = [load for pair in loads for load in pair]
    a, b = loads[0]
    wrong = _made(body, "greater", a, b)
    strange = None
    if a.dtype.kind == "f":
        # nan goes to the end
        strange, plain = _made(body, "not_equal", a, a), _made(body, "equal", b, b)
        wrong = _made(body, "or", wrong, _made(body, "and", strange, plain))
    for i, j in loads[1:]:
        equal = _made(body, "equal", a, b)
        if strange is not None:
            equal = _made(body, "or", equal, _made(body, "and", strange, _made(body, "not_equal", b, b)))
        later = _made(body, "and", equal, _made(body, "greater", i, j))
        wrong = _made(body, "or", wrong, later)
    stores: list[Store] = []
    for (one, other), (x, y) in zip(sides, loads, strict=True):
        for place, (yes, no) in ((one, (y, x)), (other, (x, y))):
            value = Instruction("select", yes.dtype, (wrong, yes, no))
            body.append(value)
            stores.append(Store(place.access(axes, shape), value))
    low.parts.append(Kernel(tuple(shape[a] for a in axes), 0, tuple(body), None, (), tuple(stores)))


def _made(body: list[Instruction], op: str, *inputs: Instruction) -> Instruction:
    body.append(Instruction(op, BOOL, inputs))
    return body[-1]


RULES = {"argmax": _place, "argmin": _place, "cumsum": _cumsum, "sort": _sort, "argsort": _argsort}
