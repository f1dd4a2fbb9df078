"""Functions over images and sequences that NumPy lacks: convolution, pooling, upsampling.

Two-dimensional ones take (images, channels, height, width), one-dimensional ones (rows, channels, length), as PyTorch
does. They take plain arrays and traced values alike. A one-dimensional function is the two-dimensional one on images
of height 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.ops.slide import bordered, checked, floats, numbers, pairs, row, slide, upscaling

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "max_pool1d",
    "max_pool2d",
    "upsample2d",
]

_IMAGES = ("images", "channels", "height", "width")
_KERNELS = ("kernels", "channels", "height", "width")
_ROWS = ("rows", "channels", "length")

# ── convolution ─────────────────────────────────────────────────────────────────────────────────────────────


def conv2d(x: Any, kernel: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """The sum of each window of images `x` times each kernel:

        y[n, o, p, q] = Σ over c, i, j of x[n, c, s·p + d·i, s·q + d·j] · kernel[o, c, i, j]

    `x` is (N, C, H, W) and `kernel` (O, C/groups, h, w); the result is (N, O, H', W') with
    H' = ⌊(H + before + after − d·(h − 1) − 1) / s⌋ + 1. The kernel is not flipped, as everywhere in deep learning.

    `stride` s is the way from one window to the next, `dilation` d that between the elements of one window; each is a
    number, or one for each axis. `padding` puts zeros around the images: a number, a number or a pair (before, after)
    for each axis, "valid" for none, or "same" for H' = ⌈H/s⌉, where an odd one goes after. With `groups`, the channels
    and the kernels are divided into as many parts, and each part of the kernels sees its part of the channels.

    Raises `ShapeError` where channels do not match or no window fits.

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(x, np.ones((1, 1, 2, 2))).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]

    Source: LeCun et al., Gradient-based learning applied to document recognition (1998); the arithmetic of the shapes
    is in Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
    """
    images = checked("conv2d", "x", x, *_IMAGES)
    kernels = checked("conv2d", "kernel", kernel, *_KERNELS)
    strides, dilations = numbers("stride", stride, 2), numbers("dilation", dilation, 2)
    spans = [d * (n - 1) + 1 for d, n in zip(dilations, kernels[2:], strict=True)]
    around = pairs(padding, images[2:], spans, strides)
    return slide(
        "conv2d", {"x": x, "kernel": kernel}, stride=strides, padding=around, dilation=dilations, groups=groups
    )


def conv1d(x: Any, kernel: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:
    """The sum of each window of the rows of `x` times each kernel: `conv2d` along one axis.

    `x` is (N, C, L) and `kernel` (O, C/groups, l); the result is (N, O, L'). A pair as `padding` is (before, after):
    with (l − 1, 0) no value sees what comes after it.

    >>> conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]), padding=(1, 0)).tolist()
    [[[1.0, 1.0, 2.0]]]
    """
    *_, length = checked("conv1d", "x", x, *_ROWS)
    *_, window = checked("conv1d", "kernel", kernel, "kernels", "channels", "length")
    (step,), (gap,) = numbers("stride", stride, 1), numbers("dilation", dilation, 1)
    (around,) = pairs(padding, (length,), (gap * (window - 1) + 1,), (step,))
    return np.squeeze(
        conv2d(np.expand_dims(x, 2), np.expand_dims(kernel, 2), (1, step), ((0, 0), around), (1, gap), groups),
        axis=2,
    )


def conv_transpose2d(
    x: Any, kernel: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, size: Any = None
) -> Any:
    """The way back of `conv2d`: each value of `x`, times a kernel, is added to a window of a larger image.

        y[n, c, s·p + d·i, s·q + d·j] += x[n, o, p, q] · kernel[o, c, i, j]

    `x` is (N, O, H, W) and `kernel` (O, C/groups, h, w): just the kernel of the convolution that takes y to the
    shape of x. The result is (N, C, H', W') with H' = s·(H − 1) + d·(h − 1) + 1 − before − after, or `size`,
    (H', W'), which may be up to s − 1 more (PyTorch's output_padding). `padding` is what that convolution pads with,
    and so is cut off here; with "same" H' = s·H.

    >>> conv_transpose2d(np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 1, 2)), stride=2).tolist()
    [[[[1.0, 1.0, 2.0, 2.0]]]]

    Source: Zeiler et al., Deconvolutional networks (2010).
    """
    images = checked("conv_transpose2d", "x", x, *_IMAGES)
    kernels = checked("conv_transpose2d", "kernel", kernel, *_KERNELS)
    strides, dilations = numbers("stride", stride, 2), numbers("dilation", dilation, 2)
    spans = [d * (n - 1) + 1 for d, n in zip(dilations, kernels[2:], strict=True)]
    scaled = [s * n for s, n in zip(strides, images[2:], strict=True)]
    around = pairs(padding, scaled, spans, strides)
    least = [s * (n - 1) + span for s, n, span in zip(strides, images[2:], spans, strict=True)]
    if size is None:
        size = scaled if padding == "same" else [n - a - b for n, (a, b) in zip(least, around, strict=True)]
    return slide(
        "conv_transpose2d",
        {"x": x, "kernel": kernel},
        size=numbers("size", tuple(size) if isinstance(size, list) else size, 2),
        stride=strides,
        padding=around,
        dilation=dilations,
        groups=groups,
    )


def conv_transpose1d(
    x: Any, kernel: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1, size: Any = None
) -> Any:
    """The way back of `conv1d`: `conv_transpose2d` along one axis.

    `x` is (N, O, L) and `kernel` (O, C/groups, l); the result is (N, C, L').

    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.array([[[1.0, 3.0]]])).tolist()
    [[[1.0, 5.0, 6.0]]]
    """
    *_, length = checked("conv_transpose1d", "x", x, *_ROWS)
    *_, window = checked("conv_transpose1d", "kernel", kernel, "kernels", "channels", "length")
    (step,), (gap,) = numbers("stride", stride, 1), numbers("dilation", dilation, 1)
    (around,) = pairs(padding, (step * length,), (gap * (window - 1) + 1,), (step,))
    if size is None and padding == "same":
        size = step * length
    return np.squeeze(
        conv_transpose2d(
            np.expand_dims(x, 2),
            np.expand_dims(kernel, 2),
            (1, step),
            ((0, 0), around),
            (1, gap),
            groups,
            None if size is None else (1, *numbers("size", size, 1)),
        ),
        axis=2,
    )


# ── pooling ─────────────────────────────────────────────────────────────────────────────────────────────────


def max_pool2d(x: Any, size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The largest value of each window of `size`, a number or (height, width), over images (N, C, H, W).

    `stride` is the way from one window to the next: `size` if it is left out. `padding` as in `conv2d`, by a border
    that is lower than every number. The derivative goes to the largest value of each window; of equals, to the first,
    row by row. For one value per image, write `np.max(x, axis=(2, 3))`.

    >>> max_pool2d(np.array([[[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 8.0, 7.0]]]]), 2).tolist()
    [[[[4.0, 8.0]]]]
    """
    images = checked("max_pool2d", "x", x, *_IMAGES)
    window = numbers("size", size, 2)
    strides = window if stride is None else numbers("stride", stride, 2)
    around = pairs(padding, images[2:], window, strides)
    return slide("max_pool2d", {"x": bordered(x, around, window, lowest=True)}, size=window, stride=strides)


def max_pool1d(x: Any, size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The largest value of each window of `size` over rows (N, C, L): `max_pool2d` along one axis.

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
    [[[3.0, 2.0]]]
    """
    window, step, around = row("max_pool1d", x, size, stride, padding)
    return np.squeeze(max_pool2d(np.expand_dims(x, 2), (1, window), (1, step), ((0, 0), around)), axis=2)


def avg_pool2d(x: Any, size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window of `size`, a number or (height, width), over images (N, C, H, W).

    `stride` is the way from one window to the next: `size` if it is left out. `padding` as in `conv2d`; its zeros
    count in the mean. For one value per image, write `np.mean(x, axis=(2, 3))`.

    >>> avg_pool2d(np.array([[[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 8.0, 7.0]]]]), 2).tolist()
    [[[[2.5, 6.5]]]]
    """
    images = checked("avg_pool2d", "x", x, *_IMAGES)
    window = numbers("size", size, 2)
    strides = window if stride is None else numbers("stride", stride, 2)
    around = pairs(padding, images[2:], window, strides)
    return slide("avg_pool2d", {"x": bordered(floats(x), around, window, lowest=False)}, size=window, stride=strides)


def avg_pool1d(x: Any, size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window of `size` over rows (N, C, L): `avg_pool2d` along one axis.

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
    [[[2.0, 1.0]]]
    """
    window, step, around = row("avg_pool1d", x, size, stride, padding)
    return np.squeeze(avg_pool2d(np.expand_dims(x, 2), (1, window), (1, step), ((0, 0), around)), axis=2)


# ── upsampling ──────────────────────────────────────────────────────────────────────────────────────────────


def upsample2d(x: Any, scale: Any, mode: str = "nearest") -> Any:
    """Images (N, C, H, W) made larger by the factor `scale`, a number or one for each axis: (N, C, s·H, s·W).

    With "nearest" each value becomes a block of equal ones, and its derivative is the sum over the block. With
    "bilinear" new values lie on straight lines between the middles of the old ones, along one axis and then the
    other (PyTorch's align_corners=False).

    >>> upsample2d(np.array([[[[1.0, 2.0]]]]), (1, 2)).tolist()
    [[[[1.0, 1.0, 2.0, 2.0]]]]
    >>> upsample2d(np.array([[[[1.0, 2.0]]]]), (1, 2), mode="bilinear").tolist()
    [[[[1.0, 1.25, 1.75, 2.0]]]]
    """
    n, c, height, width = checked("upsample2d", "x", x, *_IMAGES)
    down, across = numbers("scale", scale, 2)
    if mode == "nearest":
        return np.reshape(
            np.broadcast_to(np.reshape(x, (n, c, height, 1, width, 1)), (n, c, height, down, width, across)),
            (n, c, height * down, width * across),
        )
    if mode != "bilinear":
        raise ArgumentError(f"mode={mode!r} is no way of upsampling", fix='mode="nearest", or mode="bilinear"')
    images = floats(x)
    return upscaling(height, down, images.dtype) @ images @ upscaling(width, across, images.dtype).T
