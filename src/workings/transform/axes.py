"""Where the axes of values go: for each op, which axis of its inputs is which axis of its result.

Axes are marked. An axis of an input and one of the result have the same mark where the op does at every place of the
axis the same, with what the inputs have at that place: y[…, i, …] is made from x[…, i, …], by one function for all i.
None marks an axis of which that is not known. Two inputs with one mark are gone through side by side, and an input of
length 1 there counts at every place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from workings.graph import Node
from workings.ops.einsum import terms
from workings.ops.reduce import reduced_axes

__all__ = ["AXES", "Marks", "marks"]

Marks = Sequence[Hashable]
Marked = tuple[Sequence[Marks], Marks]


def marks(node: Node) -> Marked | None:
    """The marks of each input's axes, and those of the result; None for an op of which nothing is known.

    >>> from workings.graph import call, input_node
    >>> x = input_node("x", (4, 3), float)
    >>> marks(call("sum", x, axis=1))
    ([(0, 1)], (0,))
    """
    rule = _aligned if node.op.elementwise else AXES.get(node.op.name)
    return None if rule is None else rule(node)


def _all(node: Node) -> tuple[int, ...]:
    return tuple(range(node.ndim))


def _but(axes: Sequence[Hashable], without: Any) -> Marks:
    """The axes, with those of `without`, a number or several, not known."""
    gone = (without,) if isinstance(without, int) else tuple(without)
    return tuple(None if axis in gone else axis for axis in axes)


def _last(count: int) -> tuple[int, ...]:
    """Marks of so many axes, counted from the last, as broadcasting does."""
    return tuple(range(-count, 0))


# ── element by element, and products ────────────────────────────────────────────────────────────────────────


def _aligned(node: Node) -> Marked:
    return [_last(i.ndim) for i in node.inputs], _last(node.ndim)


def _keyed(node: Node) -> Marked:
    """Random numbers: a key is two words along the last axis, and so is what `threefry` gives."""
    key, index = node.inputs
    word = (None,) if node.op.name == "threefry" else ()
    return [(*_last(key.ndim - 1), None), _last(index.ndim)], (*_last(node.ndim - len(word)), *word)


def _matmul(node: Node) -> Marked:
    a, b = node.inputs
    batch = max(a.ndim, b.ndim) - 2
    row = ("row",) if a.ndim > 1 else ()
    column = ("column",) if b.ndim > 1 else ()
    left = (*_last(max(a.ndim - 2, 0)), *row, "inner")
    right = (*_last(max(b.ndim - 2, 0)), "inner", *column)
    return [left, right], (*_last(max(batch, 0)), *row, *column)


def _einsum(node: Node) -> Marked:
    letters, result = terms(node.attributes["subscripts"])
    return [tuple(term) for term in letters], tuple(result)


# ── reductions, and what goes along an axis ─────────────────────────────────────────────────────────────────


def _reduction(node: Node) -> Marked:
    axes = _all(node.inputs[0])
    left = _but(axes, reduced_axes(node))
    return [axes], left if node.attributes.get("keepdims") else tuple(axis for axis in left if axis is not None)


def _along(node: Node) -> Marked:
    axes = _all(node.inputs[0])
    return [axes], _but(axes, node.attributes["axis"])


def _take(node: Node) -> Marked:
    axes = _all(node)
    return [_but(axes, node.attributes["axis"]), axes], axes


def _put_along(node: Node) -> Marked:
    values = _but(_all(node), node.attributes["axis"])
    return [values, values], values


# ── moving ──────────────────────────────────────────────────────────────────────────────────────────────────


def _transpose(node: Node) -> Marked:
    return [_all(node.inputs[0])], tuple(node.attributes["axes"])


def _squeeze(node: Node) -> Marked:
    axes = _all(node.inputs[0])
    return [axes], tuple(axis for axis in _but(axes, node.attributes["axis"]) if axis is not None)


def _expand(node: Node) -> Marked:
    rest = iter(_all(node.inputs[0]))
    new = _but(_all(node), node.attributes["axis"])
    return [_all(node.inputs[0])], tuple(None if axis is None else next(rest) for axis in new)


def _pad(node: Node) -> Marked:
    widths = node.attributes["pad_width"]
    return [_all(node)], _but(_all(node), [k for k, pair in enumerate(widths) if any(pair)])


def _concatenate(node: Node) -> Marked:
    axes = _but(_all(node), node.attributes["axis"])
    return [axes] * len(node.inputs), axes


def _stack(node: Node) -> Marked:
    axes, at = _all(node.inputs[0]), node.attributes["axis"]
    return [axes] * len(node.inputs), (*axes[:at], None, *axes[at:])


# ── indexing ────────────────────────────────────────────────────────────────────────────────────────────────


def _getitem(node: Node) -> Marked:
    x, *indices = node.inputs
    whole, at, taken = _indexed(x.shape, node.attributes["key"], indices)
    return [whole, *at], taken


def _put(node: Node) -> Marked:
    whole, at, taken = _indexed(node.shape, node.attributes["key"], node.inputs[1:])
    return [taken, *at], whole


def _indexed(shape: Sequence[int], key: Sequence[Any], indices: Sequence[Node]) -> tuple[Marks, list[Marks], Marks]:
    """The marks of an array, of the arrays of indices, and of what the key takes from it."""
    taking = sum(part is not None and part is not Ellipsis for part in key)
    missing = [slice(None)] * (len(shape) - taking)
    dots = next((k for k, part in enumerate(key) if part is Ellipsis), len(key))
    parts = [*key[:dots], *missing, *key[dots + 1 :]]
    at: list[Marks] = [tuple(("index", mark) for mark in _last(index.ndim)) for index in indices]
    whole: list[Hashable] = []
    sliced: list[Hashable] = []
    rest = iter(range(len(indices)))
    for part in parts:
        axis = len(whole)
        if part is None:
            sliced.append(None)
        elif isinstance(part, slice):
            whole.append(axis if part.indices(shape[axis]) == (0, shape[axis], 1) else None)
            sliced.append(whole[-1])
        elif isinstance(part, str):
            k = next(rest)
            counted = _counted(indices[k], shape[axis])
            whole.append(None if counted is None else at[k][counted])
            at[k] = at[k] if counted is None else (None,) * len(at[k])
        else:
            whole.append(None)
    # NumPy itself says where it lays the axes of indices: they have length 2 here, and all others 1
    widths = iter(indices)
    laid = np.zeros((1,) * len(shape), bool)[tuple(_narrow(part, widths) for part in key)].shape
    wide, plain = iter([("index", mark) for mark in _last(laid.count(2))]), iter(sliced)
    return tuple(whole), at, tuple(next(wide) if n == 2 else next(plain) for n in laid)


def _narrow(part: Any, indices: Iterator[Node]) -> Any:
    """A part of a key that takes as many axes, of an array whose axes have length 1."""
    if isinstance(part, str):
        return np.zeros((2,) * next(indices).ndim, int)
    if part is None or part is Ellipsis:
        return part
    return slice(None) if isinstance(part, slice) else 0


def _counted(index: Node, length: int) -> int | None:
    """The axis along which an index is 0, 1, 2, … up to the length, so that it takes each place at that place."""
    if not index.is_constant or length < 2 or index.size != length or length not in index.shape:
        return None
    counts = np.array_equal(np.ravel(index.value), np.arange(length))
    return index.shape.index(length) if counts else None


# ── windows over images ─────────────────────────────────────────────────────────────────────────────────────


def _convolution(node: Node) -> Marked:
    images = (0, None, None, None)
    return [images, (None,) * 4], images


def _kernels(node: Node) -> Marked:
    return [(None,) * 4, (None,) * 4], (None,) * 4  # a sum over the images


def _pool(node: Node) -> Marked:
    images = (0, 1, None, None)
    return [images] * len(node.inputs), images


AXES: dict[str, Callable[[Node], Marked]] = {
    **dict.fromkeys(("astype", "broadcast_to"), _aligned),
    **dict.fromkeys(("threefry", "shuffled"), _keyed),
    "matmul": _matmul,
    "outer": lambda node: ([("row",), ("column",)], ("row", "column")),
    "einsum": _einsum,
    **dict.fromkeys(("sum", "mean", "prod", "max", "min", "argmax", "argmin", "all", "any"), _reduction),
    **dict.fromkeys(("cumsum", "sort", "argsort", "flip"), _along),
    "take_along_axis": _take,
    "put_along": _put_along,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "expand_dims": _expand,
    "pad": _pad,
    "concatenate": _concatenate,
    "stack": _stack,
    "getitem": _getitem,
    "put": _put,
    **dict.fromkeys(("conv2d", "conv_transpose2d"), _convolution),
    "conv_kernel2d": _kernels,
    **dict.fromkeys(("max_pool2d", "argmax_pool2d", "avg_pool2d", "avg_unpool2d"), _pool),
}
