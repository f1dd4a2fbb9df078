"""Sorting, and taking along an axis at other places in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, register
from workings.graph.op import Shape
from workings.ops.infer import check_axis, first_jvp, label, shapes_of
from workings.ops.lacking import put_along

Attributes = Mapping[str, Any]
Inferred = tuple[Shape, np.dtype]

# ── sorting ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sort_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    check_axis("sort", x, attributes["axis"])
    return x.shape, x.dtype


def _argsort_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    check_axis("argsort", inputs[0], attributes["axis"])
    return inputs[0].shape, np.dtype(np.intp)


def _sort_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    axis = node.attributes["axis"]
    order = call("argsort", node.inputs[0], axis=axis)
    # where each value went is the order of the order
    return (call("take_along_axis", g, call("argsort", order, axis=axis), axis=axis),)


def _sort_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    (t,) = tangents
    axis = node.attributes["axis"]
    return call("take_along_axis", t, call("argsort", node.inputs[0], axis=axis), axis=axis)


register(
    Op(
        "sort",
        "the values along an axis from the smallest to the largest; equal ones stay in their order",
        _sort_shape,
        lambda x, axis: np.sort(x, axis=axis, kind="stable"),
        vjp=_sort_vjp,
        jvp=_sort_jvp,
        rule="each value takes the derivative of the place that it was sorted to",
        spellings={"python": 'np.sort({0}, axis={axis}, kind="stable")'},
        domain=((-3, 3),),
    )
)
register(
    Op(
        "argsort",
        "the places along an axis from the smallest value to the largest; equal ones stay in their order",
        _argsort_shape,
        lambda x, axis: np.argsort(x, axis=axis, kind="stable"),
        spellings={"python": 'np.argsort({0}, axis={axis}, kind="stable")'},
        domain=((-3, 3),),
    )
)

# ── taking and putting along an axis ────────────────────────────────────────────────────────────────────────


def _check_along(name: str, x: Node, indices: Node, axis: int) -> None:
    """Raise unless both have the same shape, apart from the axis."""
    check_axis(name, x, axis)
    if indices.dtype.kind not in "iu":
        raise DtypeError(
            f"{name}: the index {label(indices)} is {indices.dtype.name}, not whole numbers", fix=".astype(int)"
        )
    if indices.ndim != x.ndim or any(
        m != n for k, (m, n) in enumerate(zip(x.shape, indices.shape, strict=True)) if k != axis
    ):
        length = indices.shape[axis] if axis < indices.ndim else 1
        raise ShapeError(
            f"{name}: the shapes differ apart from axis {axis}: {shapes_of((x, indices))}",
            fix=f"indices of shape {(*x.shape[:axis], length, *x.shape[axis + 1 :])}",
        )


def _take_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    x, indices = inputs
    axis = attributes["axis"]
    _check_along("take_along_axis", x, indices, axis)
    if x.shape[axis] == 0 and indices.size:
        raise ShapeError(
            f"take_along_axis: there is nothing to take along axis {axis}: {shapes_of(inputs)}", fix="no indices"
        )
    return indices.shape, x.dtype


def _put_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    values, indices = inputs
    axis, length = attributes["axis"], attributes["length"]
    _check_along("put_along", values, indices, axis)
    if values.shape != indices.shape or (length == 0 and values.size):
        raise ShapeError(
            f"put_along: {shapes_of(inputs)}, which do not fit a length of {length}", fix="an index for each value"
        )
    return (*values.shape[:axis], length, *values.shape[axis + 1 :]), values.dtype


def _take_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    x, indices = node.inputs
    axis = node.attributes["axis"]
    return call("put_along", g, indices, axis=axis, length=x.shape[axis]), None


def _put_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    return call("take_along_axis", g, node.inputs[1], axis=node.attributes["axis"]), None


register(
    Op(
        "take_along_axis",
        "the values at places along an axis, other places in each row",
        _take_shape,
        np.take_along_axis,
        vjp=_take_vjp,
        jvp=first_jvp,
        rule="the derivative goes to the places that were taken, and is 0 elsewhere",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "put_along",
        "zeros, with values added at places along an axis, other places in each row",
        _put_shape,
        put_along,
        vjp=_put_vjp,
        jvp=first_jvp,
        rule="each value takes the derivative of the place it was put",
        domain=((-3, 3),),
    )
)
