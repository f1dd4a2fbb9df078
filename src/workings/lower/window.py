"""Windows that slide over images: convolutions as folds of products, and pooling.

No window is written out. Where one reaches over the border, the images are copied once into larger ones with zeros
around; from there on a window is strides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import gcd
from typing import NamedTuple

import numpy as np

from workings.graph import Node
from workings.lower.elements import convert
from workings.lower.fold import new_steps
from workings.lower.loops import Fold, Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, whole
from workings.ops.window import Axis, sliding

__all__ = ["RULES"]

# The loops: n images, g groups, o and c channels within a group (of y and of x), i and j the place down and across,
# k and l the place in a window.
Strides = Mapping[str, int]


def _dots(
    low: Lowering, dtype: np.dtype, loops: Mapping[str, int], folded: str, factors: tuple[View, View], target: View
) -> None:
    """A kernel that goes through the loops in their order and sums the products of two factors over the last ones;
    the views have a stride for each loop, the target for each that is not folded."""
    shape = tuple(loops.values())
    axes = loops_over(shape)
    outer = tuple(a for a in axes if a < len(target.shape))
    body: list[Instruction] = []
    inputs: list[Instruction] = []
    for x in factors:
        load = read(x, axes, shape)
        factor = convert(load, dtype)
        body += [load, *new_steps(factor, [load])]
        inputs.append(factor)
    value = Instruction("fold", dtype)
    store = Store(target.access(outer, target.shape), value)
    extents = tuple(shape[a] for a in axes)
    fold = Fold("dot", dtype, tuple(inputs))
    low.parts.append(Kernel(extents, len(axes) - len(outer), tuple(body), fold, (value,), (store,)))


def _along(x: View, loops: Mapping[str, int], strides: Strides, offset: int = 0) -> View:
    """The elements of `x` in these loops: what is not named stays where it is."""
    return replace(
        x,
        shape=tuple(loops.values()),
        strides=tuple(strides.get(name, 0) for name in loops),
        offset=x.offset + offset,
    )


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
    groups = node.attributes.get("groups", 1)
    down, across = sliding(kernel.shape[2:], node.attributes)
    images = _bordered(low, x, ((down.before, down.after), (across.before, across.after)))
    kernels, result = low.views[kernel], whole(low.buffer(node))
    lengths = {"n": node.shape[0], "g": groups, "o": node.shape[1] // groups, "i": node.shape[2], "j": node.shape[3]}
    lengths |= {"c": kernel.shape[1], "k": down.size, "l": across.size}
    first = _windows(images.strides, lengths, down, across)
    second = _kernels(kernels.strides, lengths)
    third = _images(result.strides, lengths["o"], "o")
    loops = _ordered(lengths, first, third, "o", "ckl")
    factors = _along(images, loops, first), _along(kernels, loops, second)
    _dots(low, node.dtype, loops, "ckl", factors, _along(result, _outer(loops, "ckl"), third))
    return result


def _images(strides: tuple[int, ...], channels: int, name: str) -> dict[str, int]:
    """The strides of images, whose channels within a group have this name."""
    image, channel, row, column = strides
    return {"n": image, "g": channel * channels, name: channel, "i": row, "j": column}


def _windows(strides: tuple[int, ...], lengths: Mapping[str, int], down: Axis, across: Axis) -> dict[str, int]:
    """The strides of all windows over images."""
    found = _images(strides, lengths["c"], "c")
    row, column = found["i"], found["j"]
    found |= {"i": row * down.stride, "j": column * across.stride}
    return found | {"k": row * down.dilation, "l": column * across.dilation}


def _kernels(strides: tuple[int, ...], lengths: Mapping[str, int]) -> dict[str, int]:
    kernel, channel, row, column = strides
    return {"g": kernel * lengths["o"], "o": kernel, "c": channel, "k": row, "l": column}


def _ordered(lengths: Mapping[str, int], first: Strides, third: Strides, channel: str, folded: str) -> dict[str, int]:
    """The loops over the results, then the folded ones. Rows that step on as one long row are one; otherwise the
    channels go within a row, as all of them meet the same part of the images."""
    long = all(s["i"] == s["j"] * lengths["j"] for s in (first, third))
    order = ("n", "g", channel, "i", "j") if long else ("n", "g", "i", channel, "j")
    return {name: lengths[name] for name in (*order, *folded)}


def _outer(loops: Mapping[str, int], folded: str) -> dict[str, int]:
    return {name: n for name, n in loops.items() if name not in folded}


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
    axes = sliding(kernel.shape[2:], node.attributes)
    rows, columns = (list(_phases(axis, n)) for axis, n in zip(axes, node.shape[2:], strict=True))
    pairs = [(row, column) for row in rows for column in columns]
    images = _bordered(low, y, (_border(rows, y.shape[2]), _border(columns, y.shape[3])))
    top, left = (_border(rows, y.shape[2])[0], _border(columns, y.shape[3])[0])
    kernels, result = low.views[kernel], whole(low.buffer(node))
    if not all(row.taps and column.taps for row, column in pairs) or not pairs:
        low.fill(result, 0)
    for row, column in pairs:
        if not (row.taps and column.taps):
            continue
        lengths = {"n": node.shape[0], "g": groups, "c": kernel.shape[1], "o": kernel.shape[0] // groups}
        lengths |= {"i": row.places, "j": column.places, "k": row.taps, "l": column.taps}
        first = _images(images.strides, lengths["o"], "o")
        offset = (row.start + top) * first["i"] + (column.start + left) * first["j"]
        first |= {"k": -row.back * first["i"], "l": -column.back * first["j"]}
        second = _kernels(kernels.strides, lengths)
        tap = row.tap * second["k"] + column.tap * second["l"]
        second |= {"k": second["k"] * row.step, "l": second["l"] * column.step}
        third = _images(result.strides, lengths["c"], "c")
        place = row.first * third["i"] + column.first * third["j"]
        third |= {"i": third["i"] * axes[0].stride, "j": third["j"] * axes[1].stride}
        loops = _ordered(lengths, first, third, "c", "okl")
        factors = _along(images, loops, first, offset), _along(kernels, loops, second, tap)
        _dots(low, node.dtype, loops, "okl", factors, _along(result, _outer(loops, "okl"), third, place))
    return result


def _conv_kernel(low: Lowering, node: Node) -> View:
    """For each element of the kernels the sum over image and place."""
    x, y = node.inputs
    groups = node.attributes.get("groups", 1)
    down, across = sliding(node.attributes["size"], node.attributes)
    images = _bordered(low, x, ((down.before, down.after), (across.before, across.after)))
    places, result = low.views[y], whole(low.buffer(node))
    loops = {"g": groups, "o": node.shape[0] // groups, "c": node.shape[1], "k": down.size, "l": across.size}
    third = _kernels(result.strides, loops)
    target = _along(result, loops, third)
    loops |= {"n": x.shape[0], "i": y.shape[2], "j": y.shape[3]}
    first = _windows(images.strides, loops, down, across)
    second = _images(places.strides, loops["o"], "o")
    _dots(low, node.dtype, loops, "nij", (_along(images, loops, first), _along(places, loops, second)), target)
    return result


RULES = {"conv2d": _conv, "conv_transpose2d": _conv_transpose, "conv_kernel2d": _conv_kernel}
