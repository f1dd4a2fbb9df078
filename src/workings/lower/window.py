"""Windows that slide over images: convolutions as folds of products, and pooling.

No window is written out. Where one reaches over the border, the images are copied once into larger ones with zeros
around; from there on a window is strides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import gcd
from typing import NamedTuple

import numpy as np

from workings.graph import Node
from workings.lower.contract import Part, contract
from workings.lower.lowering import Lowering
from workings.lower.views import View, turned, whole
from workings.ops.window import Axis, sliding

__all__ = ["RULES"]

# the loops: n images, g groups, o and c channels within a group (of y and of x), i and j the place down and across,
# k and l the place in a window

_MANY = 32  # bytes of channels, from which on they go in lanes


def _bordered(low: Lowering, node: Node, borders: tuple[tuple[int, int], tuple[int, int]]) -> View:
    """The images with zeros around them: so many rows above and below, and columns before and after."""
    x = low.views[node]
    if borders == ((0, 0), (0, 0)):
        return x
    if (x, borders) not in low.bordered:
        (top, bottom), (left, right) = borders
        *outer, height, width = x.shape
        target = whole(low.buffer(node, (*outer, top + height + bottom, left + width + right), x.buffer.dtype))
        low.fill(target, 0)
        inside = replace(target, shape=x.shape, offset=top * target.strides[2] + left)
        low.copy(x, inside)
        low.bordered[x, borders] = target
    return low.bordered[x, borders]


# ── convolution ─────────────────────────────────────────────────────────────────────────────────────────────


def _conv(low: Lowering, node: Node) -> View:
    """For each image, kernel and place the sum over channel and place in the window, in this order."""
    x, kernel = node.inputs
    n, channels, *places = node.shape
    groups = node.attributes.get("groups", 1)
    down, across = sliding(kernel.shape[2:], node.attributes)
    images = _bordered(low, x, ((down.before, down.after), (across.before, across.after)))
    kernels, y = low.views[kernel], whole(low.buffer(node))
    outer = {"n": n, "g": groups, "o": channels // groups, "i": places[0], "j": places[1]}
    folded = {"c": kernel.shape[1], "k": down.size, "l": across.size}
    first = Part(images, _windows(images, folded["c"], down, across))
    second = Part(kernels, _kernels(kernels, outer["o"]))
    contract(low, node.dtype, outer, folded, (first, second), Part(y, _images(y, "o", outer["o"])))
    return y


def _images(x: View, name: str, channels: int) -> dict[str, int]:
    """The strides of images with so many channels in a group, over which the loop of this name goes."""
    image, channel, row, column = x.strides
    return {"n": image, "g": channel * channels, name: channel, "i": row, "j": column}


def _windows(x: View, channels: int, down: Axis, across: Axis) -> dict[str, int]:
    """The strides of all windows over images."""
    *_, row, column = x.strides
    found = _images(x, "c", channels) | {"k": row * down.dilation, "l": column * across.dilation}
    return found | {"i": row * down.stride, "j": column * across.stride}


def _kernels(x: View, channels: int) -> dict[str, int]:
    """The strides of kernels, so many of them in a group."""
    kernel, channel, row, column = x.strides
    return {"g": kernel * channels, "o": kernel, "c": channel, "k": row, "l": column}


class _Phase(NamedTuple):
    """Places along an axis, `stride` apart, at which the same elements of a window meet something.

    first, places  the first place, and how many there are
    tap, taps      the first element of a window that meets something there, and how many do
    step, back     from one such element to the next, and how far before it is what that one meets
    start          what the first element meets at the first place
    """

    first: int
    places: int
    tap: int
    taps: int
    step: int
    back: int
    start: int


def _phases(axis: Axis, length: int) -> Iterator[_Phase]:
    """The windows over an axis of this length, seen from its places."""
    common = gcd(axis.stride, axis.dilation)
    step, back = axis.stride // common, axis.dilation // common
    for first in range(min(axis.stride, length)):
        places = -(-(length - first) // axis.stride)
        place = first + axis.before
        tap = next((k for k in range(min(step, axis.size)) if (place - k * axis.dilation) % axis.stride == 0), 0)
        start, rest = divmod(place - tap * axis.dilation, axis.stride)
        taps = 0 if rest else -(-(axis.size - tap) // step)
        yield _Phase(first, places, tap, taps, step, back, start)


def _border(phases: list[_Phase], length: int) -> tuple[int, int]:
    """How far what is met lies before the first of so many places, and after the last."""
    lowest = min((p.start - p.back * (p.taps - 1) for p in phases if p.taps), default=0)
    highest = max((p.start + p.places - 1 for p in phases if p.taps), default=0)
    return max(-lowest, 0), max(highest - length + 1, 0)


def _conv_transpose(low: Lowering, node: Node) -> View:
    """For each place of the larger images the sum over channel and what of the kernel meets something there: where
    windows are a stride apart, other elements for each place between, and a kernel for each of these."""
    y, kernel = node.inputs
    groups = node.attributes.get("groups", 1)
    down, across = sliding(kernel.shape[2:], node.attributes)
    rows, columns = list(_phases(down, node.shape[2])), list(_phases(across, node.shape[3]))
    (top, _), (left, _) = borders = _border(rows, y.shape[2]), _border(columns, y.shape[3])
    images, kernels, x = _bordered(low, y, borders), low.views[kernel], whole(low.buffer(node))
    pairs = [(row, column) for row in rows for column in columns if row.taps and column.taps]
    if len(pairs) < len(rows) * len(columns) or not pairs:
        low.fill(x, 0)
    for row, column in pairs:
        outer = {"n": node.shape[0], "g": groups, "c": kernel.shape[1], "i": row.places, "j": column.places}
        folded = {"o": kernel.shape[0] // groups, "k": row.taps, "l": column.taps}
        strides = _images(images, "o", folded["o"])
        i, j = strides["i"], strides["j"]
        strides |= {"k": -row.back * i, "l": -column.back * j}
        first = Part(images, strides, (row.start + top) * i + (column.start + left) * j)
        strides = _kernels(kernels, folded["o"])
        k, m = strides["k"], strides["l"]
        strides |= {"k": row.step * k, "l": column.step * m}
        second = Part(kernels, strides, row.tap * k + column.tap * m)
        strides = _images(x, "c", outer["c"])
        i, j = strides["i"], strides["j"]
        strides |= {"i": down.stride * i, "j": across.stride * j}
        contract(low, node.dtype, outer, folded, (first, second), Part(x, strides, row.first * i + column.first * j))
    return x


def _conv_kernel(low: Lowering, node: Node) -> View:
    """For each element of the kernels the sum over image and place: the sums of each image are added up in order.

    With many channels these are put last, so that many sums go on at once, each of them in order.
    """
    x, y = node.inputs
    groups = node.attributes.get("groups", 1)
    down, across = sliding(node.attributes["size"], node.attributes)
    images = _bordered(low, x, ((down.before, down.after), (across.before, across.after)))
    places, kernels = low.views[y], whole(low.buffer(node))
    n, channels, *_ = y.shape
    lengths = {"g": groups, "o": channels // groups, "c": node.shape[1], "k": down.size, "l": across.size}
    folded = {"n": n, "i": y.shape[2], "j": y.shape[3]}
    first = Part(images, _windows(images, lengths["c"], down, across))
    if lengths["o"] * node.dtype.itemsize < _MANY:
        second = Part(places, _images(places, "o", lengths["o"]))
        contract(low, node.dtype, lengths, folded, (first, second), Part(kernels, _kernels(kernels, lengths["o"])))
        return kernels
    places = low.compact(y, turned(places, (0, 2, 3, 1)))
    second = Part(places, _images(turned(places, (0, 3, 1, 2)), "o", lengths["o"]))
    sums = whole(low.buffer(node, (*node.shape[1:], channels)))
    low.fill(sums, 0)
    # of the loops that meet the same part of y, the longest is gone through together with the lanes
    order = sorted("klc", key=lambda name: lengths[name])
    outer = {"n": n, "g": groups} | {name: lengths[name] for name in (*order, "o")}
    target = Part(sums, _kernels(turned(sums, (3, 0, 1, 2)), lengths["o"]))
    del folded["n"]
    contract(low, node.dtype, outer, folded, (first, second), target, added="n")
    rest = int(np.prod(node.shape[1:]))
    low.copy(View(sums.buffer, (channels, rest), (1, channels)), View(kernels.buffer, (channels, rest), (rest, 1)))
    return kernels


RULES = {"conv2d": _conv, "conv_transpose2d": _conv_transpose, "conv_kernel2d": _conv_kernel}
