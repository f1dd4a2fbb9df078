"""Indexing: slices, whole numbers and arrays of whole numbers.

`key` is a tuple of slices, ints, None (a new axis), Ellipsis, and the word "array", which stands for the next
of the inputs after the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, register
from workings.graph.op import Shape
from workings.ops.infer import first_jvp, label
from workings.ops.lacking import getitem, put


def _indexed_shape(shape: Shape, key: tuple[Any, ...], indices: Sequence[Node]) -> Shape:
    # a view of one element with strides 0 has any shape and takes no memory
    probe = np.broadcast_to(np.int8(0), shape)
    rest = iter(indices)
    whole = tuple(np.zeros(next(rest).shape, np.intp) if part == "array" else part for part in key)
    return probe[whole].shape


def _check(name: str, indices: Sequence[Node]) -> None:
    for index in indices:
        if index.dtype.kind not in "iu":
            raise DtypeError(
                f"{name}: the index {label(index)} is {index.dtype.name}, not whole numbers",
                fix="np.where for a condition, .astype(int) for whole numbers",
            )


def _fix(x: Node, indices: Sequence[Node], key: tuple[Any, ...]) -> str:
    """What fits instead of a key that does not."""
    taken = sum(part is not None and part is not Ellipsis for part in key)
    if x.ndim == 0:
        return f"{label(x)} itself, since it is one number"
    if taken > x.ndim:
        return f"at most {x.ndim} {'index' if x.ndim == 1 else 'indices'}, one for each axis"
    try:
        np.broadcast_shapes(*(index.shape for index in indices))
    except ValueError:
        return "index arrays of one shape"
    places = ", ".join(f"{-n}…{n - 1}" if n else "none" for n in x.shape)
    return f"whole numbers within the length of each axis: {places}"


def _getitem_shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    x, *indices = inputs
    _check("index", indices)
    try:
        return _indexed_shape(x.shape, attributes["key"], indices), x.dtype
    except (IndexError, ValueError) as error:
        raise ShapeError(
            f"index: {label(x)} has shape {x.shape}: {error}", fix=_fix(x, indices, attributes["key"])
        ) from None


def _put_shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    values, *indices = inputs
    _check("put", indices)
    shape, key = tuple(attributes["shape"]), attributes["key"]
    if _indexed_shape(shape, key, indices) != values.shape:
        raise ShapeError(
            f"put: {label(values)} has shape {values.shape}, which does not fit {key} of {shape}",
            fix=f"values of shape {_indexed_shape(shape, key, indices)}",
        )
    return shape, values.dtype


def _getitem_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    x, *indices = node.inputs
    back = call("put", g, *indices, shape=x.shape, key=node.attributes["key"])
    return (back, *(None for _ in indices))


def _put_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    _, *indices = node.inputs
    return (call("getitem", g, *indices, key=node.attributes["key"]), *(None for _ in indices))


register(
    Op(
        "getitem",
        "x[key]",
        _getitem_shape,
        getitem,
        vjp=_getitem_vjp,
        jvp=first_jvp,
        rule="the derivative goes to the places that were taken, and is 0 elsewhere",
        maths="index",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "put",
        "zeros, with values added at key",
        _put_shape,
        put,
        vjp=_put_vjp,
        jvp=first_jvp,
        rule="each value takes the derivative of the place it was put",
        domain=((-3, 3),),
    )
)
