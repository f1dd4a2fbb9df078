"""Windows that slide over images: convolution and pooling.

Images are (N, C, H, W): how many, channels, height, width. Kernels are (O, C/groups, h, w). `stride`, `padding` and
`dilation` are whole numbers, or one for each of the two axes (padding: a pair before and after), and absent where
they change nothing, as `groups` is.

A convolution is linear in the images and in the kernels. So there is a sum of products y · K · x over all places,
with a factor from each of three arrays, and the three ops are its derivatives with respect to each of them: `conv2d`
gives y's, `conv_transpose2d` x's and `conv_kernel2d` K's. Each one's derivatives are therefore the other two.

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, register
from workings.graph.op import Shape
from workings.ops import lacking
from workings.ops.infer import label, same_dtype, shapes_of
from workings.ops.linear import product_jvp

__all__ = ["Axis", "sliding"]

Attributes = Mapping[str, Any]
Inferred = tuple[Shape, np.dtype]


class Axis(NamedTuple):
    """How windows slide along one axis."""

    size: int
    stride: int
    before: int
    after: int
    dilation: int

    @property
    def span(self) -> int:
        """From the first to the last element of a window."""
        return self.dilation * (self.size - 1) + 1

    def places(self, length: int) -> int:
        """How many windows fit in this length."""
        return (length + self.before + self.after - self.span) // self.stride + 1


def sliding(size: Any, attributes: Attributes) -> tuple[Axis, Axis]:
    """Both axes, from a size and attributes that may be one number for both."""
    strides, dilations = (attributes.get(key, 1) for key in ("stride", "dilation"))
    numbers = [np.broadcast_to(n, 2).tolist() for n in (size, strides, dilations)]
    pairs = np.broadcast_to(attributes.get("padding", 0), (2, 2)).tolist()
    one, two = (Axis(n, s, a, b, d) for n, s, d, (a, b) in zip(*numbers, pairs, strict=True))
    return one, two


# ── what fits ───────────────────────────────────────────────────────────────────────────────────────────────


def _images(name: str, *nodes: Node) -> None:
    for node in nodes:
        if node.ndim != 4:
            raise ShapeError(
                f"{name}: {label(node)} has shape {node.shape}, not the four axes (images, channels, height, width)",
                fix=f"{label(node)}[None, None] for one gray image" if node.ndim == 2 else "a reshape to four axes",
            )


def _fitting(name: str, x: Node, sliding: Sequence[Axis], what: str = "kernel") -> Shape:
    """The number of windows down and across the images x; at least one has to fit."""
    for axis, length in zip(sliding, x.shape[2:], strict=True):
        if axis.span > length + axis.before + axis.after or axis.size < 1:
            padded = f", with padding {length + axis.before + axis.after}" if axis.before or axis.after else ""
            raise ShapeError(
                f"{name}: a {what} of length {axis.span} does not fit: {label(x)} has shape {x.shape}{padded}",
                fix=f"a smaller {what}, or padding={(axis.span - length + 1) // 2} or more",
            )
    return tuple(axis.places(length) for axis, length in zip(sliding, x.shape[2:], strict=True))


def _products(name: str, inputs: Sequence[Node]) -> np.dtype:
    if all(node.dtype.kind == "b" for node in inputs):
        raise DtypeError(
            f"{name}: {label(inputs[0])} and {label(inputs[1])} are bool", fix="convert one with .astype first"
        )
    return same_dtype(name, inputs)


def _grouped(
    name: str, channels: int, groups: int, kernels: int, per_group: int | None, inputs: Sequence[Node]
) -> None:
    """Raise unless the channels of images and kernels divide into the groups."""
    both = shapes_of(inputs)
    if groups < 1 or channels % groups or kernels % groups:
        raise ShapeError(
            f"{name}: {channels} channels and {kernels} kernels do not divide into {groups} groups: {both}",
            fix="groups=1, or a number that divides both",
        )
    if per_group is not None and per_group != channels // groups:
        fix = f"a kernel of shape {(kernels, channels // groups, *inputs[1].shape[2:])}"
        if per_group and channels % per_group == 0 and kernels % (channels // per_group) == 0:
            fix += f", or groups={channels // per_group}"
        raise ShapeError(
            f"{name}: the images have {channels} channels, and each kernel is for {per_group}"
            f"{'' if groups == 1 else f' in each of {groups} groups'}: {both}",
            fix=fix,
        )


def _conv_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    x, kernel = inputs
    _images("conv2d", x, kernel)
    o, c, *size = kernel.shape
    _grouped("conv2d", x.shape[1], attributes.get("groups", 1), o, c, inputs)
    return (x.shape[0], o, *_fitting("conv2d", x, sliding(size, attributes))), _products("conv2d", inputs)


def _placed(name: str, y: Node, size: Shape, sliding: Sequence[Axis], inputs: Sequence[Node]) -> None:
    """Raise unless images of this size have just as many windows as y has places."""
    fits = all(axis.span <= n + axis.before + axis.after for axis, n in zip(sliding, size, strict=True))
    places = tuple(axis.places(n) for axis, n in zip(sliding, size, strict=True))
    if not fits or places != y.shape[2:]:
        pairs = list(zip(sliding, y.shape[2:], strict=True))
        least = [axis.stride * (n - 1) + axis.span - axis.before - axis.after for axis, n in pairs]
        raise ShapeError(
            f"{name}: images of height and width {size} have {places if fits else 'no'} windows, "
            f"not {y.shape[2:]}: {shapes_of(inputs)}",
            fix=f"a height and width from {tuple(least)} to "
            f"{tuple(n + axis.stride - 1 for axis, n in zip(sliding, least, strict=True))}",
        )


def _transpose_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    y, kernel = inputs
    name, size, groups = "conv_transpose2d", tuple(attributes["size"]), attributes.get("groups", 1)
    _images(name, y, kernel)
    o, c, *window = kernel.shape
    if o != y.shape[1]:
        raise ShapeError(
            f"{name}: {label(y)} has {y.shape[1]} channels, and there are {o} kernels: {shapes_of(inputs)}",
            fix=f"a kernel of shape {(y.shape[1], *kernel.shape[1:])}, one for each channel that comes in",
        )
    _grouped(name, o, groups, o, None, inputs)
    _placed(name, y, size, sliding(window, attributes), inputs)
    return (y.shape[0], groups * c, *size), _products(name, inputs)


def _kernel_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    x, y = inputs
    name, size, groups = "conv_kernel2d", tuple(attributes["size"]), attributes.get("groups", 1)
    _images(name, x, y)
    if x.shape[0] != y.shape[0]:
        raise ShapeError(f"{name}: as many images in both are needed: {shapes_of(inputs)}", fix="the same images")
    _grouped(name, x.shape[1], groups, y.shape[1], None, inputs)
    _placed(name, y, x.shape[2:], sliding(size, attributes), inputs)
    return (y.shape[1], x.shape[1] // groups, *size), _products(name, inputs)


# ── the three ops of a convolution ──────────────────────────────────────────────────────────────────────────


def _shared(node: Node) -> dict[str, Any]:
    return {key: value for key, value in node.attributes.items() if key != "size"}


def _conv_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    x, kernel = node.inputs
    by_x = call("conv_transpose2d", g, kernel, size=x.shape[2:], **_shared(node))
    return by_x, call("conv_kernel2d", x, g, size=kernel.shape[2:], **_shared(node))


def _transpose_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    y, kernel = node.inputs
    return call("conv2d", g, kernel, **_shared(node)), call(
        "conv_kernel2d", g, y, size=kernel.shape[2:], **_shared(node)
    )


def _kernel_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    x, y = node.inputs
    return call("conv_transpose2d", y, g, size=x.shape[2:], **_shared(node)), call("conv2d", x, g, **_shared(node))


register(
    Op(
        "conv2d",
        "the sum of each window of images times each kernel",
        _conv_shape,
        lacking.conv2d,
        vjp=_conv_vjp,
        jvp=product_jvp("conv2d"),
        rule="each derivative goes back through the kernel to the window it came from, "
        "and a kernel collects the windows it met, times their derivatives",
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "conv_transpose2d",
        "kernels, times the values of images, added up at the windows of larger images",
        _transpose_shape,
        lacking.conv_transpose2d,
        vjp=_transpose_vjp,
        jvp=product_jvp("conv_transpose2d"),
        rule="the way back of a transposed convolution is the convolution",
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "conv_kernel2d",
        "the sum over places of each window of x times the y of its place, as kernels",
        _kernel_shape,
        lacking.conv_kernel2d,
        vjp=_kernel_vjp,
        jvp=product_jvp("conv_kernel2d"),
        rule="for y = conv(x, K) it is dK; its own derivatives are the convolution and the way back of one",
        domain=((-3, 3), (-3, 3)),
    )
)

# ── pooling ─────────────────────────────────────────────────────────────────────────────────────────────────


def _floating(name: str, x: Node) -> None:
    if x.dtype.kind != "f":
        raise DtypeError(f"{name}: {label(x)} is {x.dtype.name}", fix="convert it with .astype(float) first")


def _pooled(name: str, *, floating: bool) -> Callable[[Sequence[Node], Attributes], Inferred]:
    def infer(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
        x = inputs[0]
        _images(name, x)
        if floating:
            _floating(name, x)
        shape = _fitting(name, x, sliding(attributes["size"], attributes), "window")
        return (*x.shape[:2], *shape), x.dtype

    return infer


def _places_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    shape, _ = _pooled("argmax_pool2d", floating=False)(inputs, attributes)
    if inputs[1].shape != shape:
        raise ShapeError(
            f"argmax_pool2d: {shapes_of(inputs)}, which are not its {shape} windows", fix="max_pool2d of x"
        )
    return shape, np.dtype(int)


def _unpooled_shape(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (y,) = inputs
    _images("avg_unpool2d", y)
    _floating("avg_unpool2d", y)
    shape = tuple(attributes["shape"])
    _placed("avg_unpool2d", y, shape, sliding(attributes["size"], attributes), inputs)
    return (*y.shape[:2], *shape), y.dtype


def _in_rows(x: Node) -> Node:
    """Each image as one row of its values."""
    return call("reshape", x, shape=(*x.shape[:2], x.shape[2] * x.shape[3]))


def _winners(node: Node) -> Node:
    return _in_rows(call("argmax_pool2d", node.inputs[0], node, **node.attributes))


def _max_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    (x,) = node.inputs
    back = call("put_along", _in_rows(g), _winners(node), axis=2, length=x.shape[2] * x.shape[3])
    return (call("reshape", back, shape=x.shape),)


def _max_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    (t,) = tangents
    assert t is not None
    return call("reshape", call("take_along_axis", _in_rows(t), _winners(node), axis=2), shape=node.shape)


register(
    Op(
        "max_pool2d",
        "the largest value of each window; of equals the first, row by row, has the derivative",
        _pooled("max_pool2d", floating=False),
        lacking.max_pool2d,
        vjp=_max_vjp,
        jvp=_max_jvp,
        rule="only the largest value of each window matters (the first of equals)",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "argmax_pool2d",
        "where the largest value of each window lies in its image, counted row by row (the first of equals)",
        _places_shape,
        lacking.argmax_pool2d,
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "avg_pool2d",
        "the mean of each window",
        _pooled("avg_pool2d", floating=True),
        lacking.avg_pool2d,
        vjp=lambda g, node: (call("avg_unpool2d", g, shape=node.inputs[0].shape[2:], **node.attributes),),
        rule="every one of n values of a window counts 1/n",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "avg_unpool2d",
        "each value shared out equally over its window",
        _unpooled_shape,
        lacking.avg_unpool2d,
        vjp=lambda g, node: (call("avg_pool2d", g, size=node.attributes["size"], stride=node.attributes["stride"]),),
        rule="a value collects the mean of the derivatives in its window",
        domain=((-3, 3),),
    )
)
