"""Moving values without changing them: shapes, axes, borders, joining, dtypes. All linear, but for a border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, constant, register
from workings.graph.op import Shape
from workings.ops.infer import check_axis, label, same_dtype

Attributes = Mapping[str, Any]
Inferred = tuple[Shape, np.dtype]


def _transpose_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    axes = attributes["axes"]
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(
            f"transpose: axes {axes} do not name each axis once: {label(x)} has shape {x.shape}",
            fix=f"an order of {tuple(range(x.ndim))}",
        )
    return tuple(x.shape[a] for a in axes), x.dtype


register(
    Op(
        "transpose",
        "the axes in another order",
        _transpose_shape,
        np.transpose,
        vjp=lambda g, node: (call("transpose", g, axes=tuple(int(a) for a in np.argsort(node.attributes["axes"]))),),
        rule="the derivative moves back along the same axes",
        maths="transpose",
        domain=((-3, 3),),
    )
)


def _filled(x: Node, shape: Shape) -> str:
    """A shape like the wrong one that the values of x do fill: one length is left to be computed, where it can."""
    for free in range(len(shape)):
        rest = int(np.prod([n for i, n in enumerate(shape) if i != free], dtype=np.int64))
        if rest > 0 and x.size % rest == 0 and all(n >= 0 for i, n in enumerate(shape) if i != free):
            return f".reshape({', '.join('-1' if i == free else str(n) for i, n in enumerate(shape))})"
    return f"a shape of {x.size} value{'' if x.size == 1 else 's'}, or .reshape(-1)"


def _single_axes(x: Node) -> str:
    axes = [i for i, n in enumerate(x.shape) if n == 1]
    return (
        f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"
        if axes
        else f"{label(x)} as it is; it has no axis of length 1"
    )


def _reshape_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    shape = tuple(attributes["shape"])
    if shape.count(-1) > 1:
        raise ShapeError(
            f"reshape: {shape} has more than one −1", fix="one −1 at most, since it is computed from the rest"
        )
    if -1 in shape:
        rest = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
        if rest == 0 or x.size % rest:
            raise ShapeError(
                f"reshape: {label(x)} has shape {x.shape}, {x.size} values, which do not fill {shape}",
                fix=_filled(x, shape),
            )
        shape = tuple(x.size // rest if n == -1 else n for n in shape)
    if int(np.prod(shape, dtype=np.int64)) != x.size or any(n < 0 for n in shape):
        raise ShapeError(
            f"reshape: {label(x)} has shape {x.shape}, {x.size} values, which do not fill {shape}",
            fix=_filled(x, shape),
        )
    return shape, x.dtype


register(
    Op(
        "reshape",
        "the same values in another shape",
        _reshape_shape,
        np.reshape,
        vjp=lambda g, node: (call("reshape", g, shape=node.inputs[0].shape),),
        rule="the derivative takes the shape back",
        maths="same",
        domain=((-3, 3),),
    )
)


def _broadcast_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    shape = tuple(attributes["shape"])
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"broadcast_to: {label(x)} has shape {x.shape}, which does not stretch to {shape}",
            fix=f"a shape that ends in {x.shape}, where only axes of length 1 may grow",
        )
    return shape, x.dtype


register(
    Op(
        "broadcast_to",
        "the same values, repeated along axes of length 1",
        _broadcast_shape,
        np.broadcast_to,
        # the one place that undoes broadcasting sums this over the repeats
        vjp=lambda g, node: (g,),
        rule="a value that was repeated collects the derivatives of its repeats",
        maths="same",
        domain=((-3, 3),),
    )
)


def _squeeze_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    axis = attributes["axis"]
    axes = (axis,) if isinstance(axis, int) else axis
    for a in axes:
        check_axis("squeeze", x, a)
        if x.shape[a] != 1:
            raise ShapeError(
                f"squeeze: axis {a} of {label(x)}, of shape {x.shape}, is not of length 1", fix=_single_axes(x)
            )
    return tuple(n for i, n in enumerate(x.shape) if i not in axes), x.dtype


register(
    Op(
        "squeeze",
        "without axes of length 1",
        _squeeze_shape,
        np.squeeze,
        vjp=lambda g, node: (call("reshape", g, shape=node.inputs[0].shape),),
        rule="the derivative takes the shape back",
        maths="same",
        domain=((-3, 3),),
    )
)


def _expand_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    axis = attributes["axis"]
    axes = (axis,) if isinstance(axis, int) else axis
    ndim = x.ndim + len(axes)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"expand_dims: axis {axes} names an axis twice", fix=f"axis={tuple(dict.fromkeys(axes))}")
    for a in axes:
        check_axis("expand_dims", x, a, ndim)
    rest = iter(x.shape)
    return tuple(1 if i in axes else next(rest) for i in range(ndim)), x.dtype


register(
    Op(
        "expand_dims",
        "with new axes of length 1",
        _expand_shape,
        np.expand_dims,
        vjp=lambda g, node: (call("reshape", g, shape=node.inputs[0].shape),),
        rule="the derivative takes the shape back",
        maths="same",
        domain=((-3, 3),),
    )
)


def _flip_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    axis = attributes["axis"]
    for a in (axis,) if isinstance(axis, int) else axis:
        check_axis("flip", x, a)
    return x.shape, x.dtype


register(
    Op(
        "flip",
        "in reverse order along axes",
        _flip_shape,
        np.flip,
        vjp=lambda g, node: (call("flip", g, **node.attributes),),
        rule="the derivative is reversed along the same axes",
        domain=((-3, 3),),
    )
)


def _pad_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (x,) = inputs
    widths = attributes["pad_width"]
    if x.ndim == 0:
        raise ShapeError(f"pad: {label(x)} is one number, and has no border", fix="x.reshape(1) first")
    if len(widths) != x.ndim or any(n < 0 for pair in widths for n in pair):
        raise ShapeError(
            f"pad: {widths} is no border for {label(x)}, of shape {x.shape}",
            fix=f"a pair before and after for each of {x.ndim} axes, none negative",
        )
    return tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)), x.dtype


def _pad_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    x, widths = node.inputs[0], node.attributes["pad_width"]
    return (call("getitem", g, key=tuple(slice(a, a + n) for n, (a, _) in zip(x.shape, widths, strict=True))),)


def _pad_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    return call("pad", *tangents, pad_width=node.attributes["pad_width"])


register(
    Op(
        "pad",
        "with a border of one number",
        _pad_shape,
        np.pad,
        vjp=_pad_vjp,
        jvp=_pad_jvp,
        rule="the border is constant, so its derivative is left out",
        domain=((-3, 3),),
    )
)

# ── joining ─────────────────────────────────────────────────────────────────────────────────────────────────


def _joinable(inputs: Sequence[Node], axis: int) -> str:
    """How arrays that do not join along one axis may be joined."""
    first = inputs[0]
    if any(x.ndim != first.ndim for x in inputs):
        return "arrays with as many axes each; x[None] adds one"
    for other in range(first.ndim):
        if all(
            x.shape[:other] + x.shape[other + 1 :] == first.shape[:other] + first.shape[other + 1 :] for x in inputs
        ):
            return f"axis={other} instead of axis={axis}"
    return f"arrays of one shape, apart from axis {axis}"


def _concatenate_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    if not inputs:
        raise ShapeError("concatenate: nothing to join", fix="at least one array")
    axis = attributes["axis"]
    first = inputs[0]
    check_axis("concatenate", first, axis)
    for x in inputs:
        if x.ndim != first.ndim or any(
            m != n for i, (m, n) in enumerate(zip(x.shape, first.shape, strict=True)) if i != axis
        ):
            shapes = ", ".join(f"{label(n)} has shape {n.shape}" for n in inputs)
            raise ShapeError(
                f"concatenate along axis {axis}: the other axes differ: {shapes}", fix=_joinable(inputs, axis)
            )
    total = sum(x.shape[axis] for x in inputs)
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return shape, same_dtype("concatenate", inputs)


def _concatenate_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    axis = node.attributes["axis"]
    parts, start = [], 0
    for x in node.inputs:
        stop = start + x.shape[axis]
        key = (*(slice(None),) * axis, slice(start, stop))
        parts.append(call("getitem", g, key=key))
        start = stop
    return parts


def _joined_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    filled = [
        call("broadcast_to", constant(0, x.dtype), shape=x.shape) if t is None else t
        for t, x in zip(tangents, node.inputs, strict=True)
    ]
    return call(node.op.name, *filled, **node.attributes)


register(
    Op(
        "concatenate",
        "arrays joined along an axis",
        _concatenate_shape,
        lambda *arrays, axis: np.concatenate(arrays, axis=axis),
        vjp=_concatenate_vjp,
        jvp=_joined_jvp,
        rule="each part takes its own part of the derivative",
        domain=((-3, 3), (-3, 3)),
    )
)


def _stack_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    if not inputs:
        raise ShapeError("stack: nothing to join", fix="at least one array")
    axis = attributes["axis"]
    first = inputs[0]
    check_axis("stack", first, axis, first.ndim + 1)
    if any(x.shape != first.shape for x in inputs):
        shapes = ", ".join(f"{label(n)} has shape {n.shape}" for n in inputs)
        raise ShapeError(
            f"stack: the shapes differ: {shapes}", fix="arrays of one shape, or np.concatenate along an axis they have"
        )
    shape = (*first.shape[:axis], len(inputs), *first.shape[axis:])
    return shape, same_dtype("stack", inputs)


def _stack_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    before = (slice(None),) * node.attributes["axis"]
    return [call("getitem", g, key=(*before, i)) for i in range(len(node.inputs))]


register(
    Op(
        "stack",
        "arrays joined along a new axis",
        _stack_shape,
        lambda *arrays, axis: np.stack(arrays, axis=axis),
        vjp=_stack_vjp,
        jvp=_joined_jvp,
        rule="each part takes its own part of the derivative",
        domain=((-3, 3), (-3, 3)),
    )
)

# ── dtypes ──────────────────────────────────────────────────────────────────────────────────────────────────


def _astype_dtype(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    dtype = attributes["dtype"]
    if dtype.kind not in "biuf":
        raise DtypeError(f"astype: {dtype} is no real number")
    return inputs[0].shape, dtype


register(
    Op(
        "astype",
        "the same values as another dtype",
        _astype_dtype,
        lambda x, dtype: x.astype(dtype),
        vjp=lambda g, node: (g,),
        rule="the derivative goes back to the dtype it came from",
        maths="same",
        domain=((-3, 3),),
    )
)
