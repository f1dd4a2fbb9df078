"""Rules that several ops share: shapes and dtypes, each raising an error that names its inputs and their shapes, and
the derivative along a direction of what is linear in its first input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, call
from workings.graph.op import Infer, Shape

__all__ = [
    "broadcast_shapes",
    "check_axis",
    "elementwise",
    "first_jvp",
    "label",
    "like_first",
    "reduced_shape",
    "reduction",
    "same_dtype",
    "shapes_of",
]


def label(node: Node) -> str:
    """How an error calls a value: by its name, or by what made it."""
    if node.name is not None:
        return node.name
    if node.is_constant:
        value = node.attributes["value"]
        return repr(value) if node.shape == () else "a constant"
    return f"{node.op.name}({', '.join(i.name or '…' for i in node.inputs)})"


def shapes_of(inputs: Sequence[Node]) -> str:
    """The inputs with their shapes: `x has shape (3, 4), w has shape (5,)`."""
    return ", ".join(f"{label(node)} has shape {node.shape}" for node in inputs)


def broadcast_shapes(name: str, inputs: Sequence[Node]) -> Shape:
    """The shape that the inputs broadcast to."""
    first = inputs[0].shape
    if all(node.shape == first for node in inputs):
        return first
    filled = {node.shape for node in inputs if node.shape != ()}
    if len(filled) == 1:
        return filled.pop()
    try:
        return np.broadcast_shapes(*(node.shape for node in inputs))
    except ValueError:
        raise ShapeError(
            f"{name}: the shapes do not broadcast: {shapes_of(inputs)}",
            fix="give both the same shape, or length 1 along the axes that should stretch",
        ) from None


@lru_cache(maxsize=4096)
def _resolve(ufunc: np.ufunc, dtypes: tuple[np.dtype, ...]) -> np.dtype:
    return ufunc.resolve_dtypes((*dtypes, None))[-1]


def elementwise(ufunc: np.ufunc) -> Infer:
    """Broadcast the shapes; the dtype is the one the ufunc gives."""
    name = ufunc.__name__

    def infer(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
        if len(inputs) != ufunc.nin:
            raise ShapeError(
                f"{name} takes {ufunc.nin} inputs, not {len(inputs)}", fix=f"{name}({', '.join('xyz'[: ufunc.nin])})"
            )
        try:
            dtype = _resolve(ufunc, tuple(node.dtype for node in inputs))
        except TypeError:
            kinds = ", ".join(f"{label(node)} is {node.dtype.name}" for node in inputs)
            raise DtypeError(f"{name} cannot take these dtypes: {kinds}", fix="convert with .astype first") from None
        return broadcast_shapes(name, inputs), dtype

    return infer


def same_dtype(name: str, inputs: Sequence[Node]) -> np.dtype:
    """The dtype that the inputs promote to."""
    try:
        return np.result_type(*(node.dtype for node in inputs))
    except TypeError:
        kinds = ", ".join(f"{label(node)} is {node.dtype.name}" for node in inputs)
        raise DtypeError(f"{name} cannot take these dtypes together: {kinds}") from None


def like_first(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    """The shape and dtype of the first input."""
    return inputs[0].shape, inputs[0].dtype


def check_axis(name: str, node: Node, axis: int, ndim: int | None = None) -> None:
    """Raise unless `axis` is a plain axis of `node` (0 ≤ axis < ndim)."""
    count = node.ndim if ndim is None else ndim
    if not 0 <= axis < count:
        raise ShapeError(
            f"{name}: axis {axis} is out of range: {label(node)} has shape {node.shape}",
            fix=f"an axis below {count}" if count else f"no axis: {label(node)} is one number",
        )


def reduced_shape(name: str, node: Node, axis: int | tuple[int, ...] | None, keepdims: bool) -> Shape:
    """The shape left when `axis` (None: all) is reduced away."""
    axes = tuple(range(node.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    for a in axes:
        check_axis(name, node, a)
    if len(set(axes)) != len(axes):
        raise ShapeError(
            f"{name}: axis {axes} names an axis twice: {label(node)} has shape {node.shape}",
            fix=f"axis={tuple(dict.fromkeys(axes))}",
        )
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(node.shape))
    return tuple(n for i, n in enumerate(node.shape) if i not in axes)


def reduction(name: str, function: Callable[..., Any], *, empty: bool) -> Infer:
    """Reduce `axis` away; `empty` says whether an axis of length 0 can be reduced."""

    @lru_cache(maxsize=256)
    def result(dtype: np.dtype) -> np.dtype:
        return np.asarray(function(np.zeros(1, dtype))).dtype

    def infer(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
        (x,) = inputs
        axis, keepdims = attributes.get("axis"), attributes.get("keepdims", False)
        shape = reduced_shape(name, x, axis, keepdims)
        axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        if not empty and any(x.shape[a] == 0 for a in axes):
            raise ShapeError(
                f"{name} of nothing: {label(x)} has shape {x.shape}",
                fix="at least one value along each axis that is reduced",
            )
        return shape, result(x.dtype)

    return infer


def first_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    """For an op that is linear in its first input, where the others are places: the same op on the tangent."""
    t = tangents[0]
    assert t is not None
    return call(node.op.name, t, *node.inputs[1:], **node.attributes)
