"""What NumPy lacks, as short functions that a written program copies into its preamble.

Each uses `np`, `math`, its arguments and one another alone, so that its source can stand anywhere.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "argmax_pool2d",
    "avg_pool2d",
    "avg_unpool2d",
    "conv2d",
    "conv_kernel2d",
    "conv_transpose2d",
    "erf",
    "getitem",
    "max_pool2d",
    "patches2d",
    "put",
    "put_along",
    "shifts2d",
    "shuffled",
    "threefry",
]


def erf(x):
    """The error function, element by element; in float32 a quotient, right to 4 · 2⁻²³ of its value."""
    if x.dtype != np.float32:
        return np.vectorize(math.erf, otypes=[x.dtype])(x)[()]
    p = np.array([6.571955e-06, 0.0004052885, 0.004191926, 0.05556873, 0.1924245, 1.128379226], x.dtype)
    q = np.array([2.48051e-07, 7.09922e-05, 0.00140641816, 0.01620646194, 0.117201008, 0.50386524, 1], x.dtype)
    x = np.clip(x, -3.92, 3.92)  # from there on it is 1
    square = x * x
    y = x * (np.polyval(p, square) / np.polyval(q, square))
    return np.clip(y, -1, 1)


def getitem(x, *indices, key):
    """x[key]; each "array" in the key stands for the next of the indices."""
    rest = iter(indices)
    return x[tuple(next(rest) if isinstance(part, str) else part for part in key)]


def put(values, *indices, shape, key):
    """Zeros of the given shape, with the values added at the key."""
    rest = iter(indices)
    zeros = np.zeros(shape, values.dtype)
    np.add.at(zeros, tuple(next(rest) if isinstance(part, str) else part for part in key), values)
    return zeros


def threefry(key, counter):
    """Two words of 32 random bits that hang on the key and the counter alone: Threefry-2x32, 20 rounds."""
    counter = np.expand_dims(counter, -1).astype(np.int64)  # no scalars: they would warn where they wrap around
    one, two = key[..., :1], key[..., 1:]
    keys = one, two, one ^ two ^ np.uint32(0x1BD11BDA)
    x = counter.astype(np.uint32) + keys[0]
    y = (counter >> 32).astype(np.uint32) + keys[1]
    for step in range(20):
        x += y
        left = (13, 15, 26, 6, 17, 29, 16, 24)[step % 8]
        y = (y << left | y >> 32 - left) ^ x
        if step % 4 == 3:
            x += keys[(step // 4 + 1) % 3]
            y += keys[(step // 4 + 2) % 3]
            y += np.uint32(step // 4 + 1)
    words = np.empty((*x.shape[:-1], 2), np.uint32)
    words[..., :1], words[..., 1:] = x, y
    return words


def shuffled(key, index, *, count):
    """Where each index goes when the numbers below `count` are shuffled, in an order that hangs on the key alone.

    A number is a row and a column of a table. In turn its row moves on by an amount that its column and the key give,
    and its column by one that its row and the key give, so no two ever meet. What comes out behind the last number
    goes through once more.
    """
    rows = (math.isqrt(count) + 1) // 2 * 2  # even, or half of all orders could never come
    columns = -(-count // rows)
    words = threefry(key[..., None, :], np.arange(12))
    place, outside = np.expand_dims(index, -1).astype(np.int64) % count, True
    while np.any(outside):
        row, column = np.divmod(place, columns)
        for step in range(24):
            other = row if step % 2 else column
            move = other.astype(np.uint32) ^ words[..., step // 2, step % 2, None]
            move = (move ^ move >> 16) * np.uint32(0x85EBCA6B)
            move = (move ^ move >> 13) * np.uint32(0xC2B2AE35)
            move ^= move >> 16
            if step % 2:
                column = (column + move) % columns
            else:
                row = (row + move) % rows
        place = np.where(outside, row * columns + column, place)
        outside = place >= count
    return place[..., 0][()]


def put_along(values, indices, axis, length):
    """Zeros, `length` of them along the axis, with the values added at the indices."""
    values, indices = np.moveaxis(values, axis, -1), np.moveaxis(indices, axis, -1)
    *rows, _ = values.shape
    zeros = np.zeros((*rows, length), values.dtype)
    starts = length * np.arange(math.prod(rows)).reshape(*rows, 1)
    places = starts + indices.astype(int) % max(length, 1)
    np.add.at(zeros.reshape(-1), places.reshape(-1), values.reshape(-1))
    return np.moveaxis(zeros, -1, axis)


# ── windows over images: (N, C, H, W) ───────────────────────────────────────────────────────────────────────


def patches2d(x, size, stride, padding, dilation):
    """What a kernel of this size meets at each place of the images x: (N, C, h, w, places down, places across)."""
    stride, dilation = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    x = np.pad(x, ((0, 0), (0, 0), *np.broadcast_to(padding, (2, 2))))
    windows = np.lib.stride_tricks.sliding_window_view(x, dilation * (np.array(size) - 1) + 1, axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return windows.transpose(0, 1, 4, 5, 2, 3)


def shifts2d(x, size, stride=1, dilation=1):
    """For each place in a window, from left to right and down: what all windows over x have there, as views."""
    (h, w), (down, right), (by, bx) = (np.broadcast_to(n, 2) for n in (size, stride, dilation))
    height = (x.shape[2] - by * (h - 1) - 1) // down + 1
    width = (x.shape[3] - bx * (w - 1) - 1) // right + 1
    corners = [(by * i, bx * j) for i in range(h) for j in range(w)]
    return [x[:, :, i : i + down * height : down, j : j + right * width : right] for i, j in corners]


def conv2d(x, kernel, stride=1, padding=0, dilation=1, groups=1):
    """The sum of each window of x times each kernel: one matrix product, with a column for each window."""
    patches = patches2d(x, kernel.shape[2:], stride, padding, dilation)
    n, c, h, w, height, width = patches.shape
    rows = c // groups * h * w
    columns = patches.reshape(n, groups, rows, height * width)
    y = kernel.reshape(groups, len(kernel) // groups, rows) @ columns
    return y.reshape(n, len(kernel), height, width)


def conv_transpose2d(y, kernel, size, stride=1, padding=0, dilation=1, groups=1):
    """Images of this size; each y adds its kernel, times y, to the window of its place: the way back of conv2d."""
    (top, bottom), (left, right) = np.broadcast_to(padding, (2, 2))
    n, o, height, width = y.shape
    _, c, h, w = kernel.shape
    rows = kernel.reshape(groups, o // groups, c * h * w).swapaxes(1, 2)
    patches = rows @ y.reshape(n, groups, o // groups, height * width)
    patches = patches.reshape(n, groups * c, h * w, height, width)
    x = np.zeros((n, groups * c, size[0] + top + bottom, size[1] + left + right), patches.dtype)
    for k, there in enumerate(shifts2d(x, (h, w), stride, dilation)):
        there += patches[:, :, k]
    return x[:, :, top : top + size[0], left : left + size[1]]


def conv_kernel2d(x, y, size, stride=1, padding=0, dilation=1, groups=1):
    """Kernels of this size: the sum of each window of x times the y of its place."""
    patches = patches2d(x, size, stride, padding, dilation)
    n, c, h, w, height, width = patches.shape
    columns = patches.reshape(n, groups, c // groups * h * w, height * width)
    rows = y.reshape(n, groups, y.shape[1] // groups, height * width)
    products = rows @ columns.swapaxes(2, 3)
    return np.sum(products, axis=0, dtype=products.dtype).reshape(y.shape[1], c // groups, h, w)


def max_pool2d(x, size, stride):
    """The largest value of each window over x."""
    first, *rest = shifts2d(x, size, stride)
    largest = first.copy()
    for there in rest:
        np.maximum(largest, there, out=largest)
    return largest


def argmax_pool2d(x, largest, size, stride):
    """Where the largest value of each window lies in its image, counted row by row: the first of equals."""
    (h, w), (down, right) = np.broadcast_to(size, 2), np.broadcast_to(stride, 2)
    nth, missed = np.zeros(largest.shape, int), np.ones(largest.shape, bool)
    for there in shifts2d(x, size, stride)[:-1]:
        missed &= (there != largest) & (there == there)  # nan alone is not equal to itself
        nth += missed
    within = np.array([i * x.shape[3] + j for i in range(h) for j in range(w)])
    rows, columns = np.arange(largest.shape[2]) * down, np.arange(largest.shape[3]) * right
    return within[nth] + (rows[:, np.newaxis] * x.shape[3] + columns)


def avg_pool2d(x, size, stride):
    """The mean of each window over x."""
    shifts = shifts2d(x, size, stride)
    total = np.zeros(shifts[0].shape, x.dtype)
    for there in shifts:
        total += there
    return total / len(shifts)


def avg_unpool2d(y, size, stride, shape):
    """Images of this shape; each y is shared out equally over its window: the way back of avg_pool2d."""
    x = np.zeros((*y.shape[:2], *shape), y.dtype)
    shifts = shifts2d(x, size, stride)
    for there in shifts:
        there += y / len(shifts)
    return x
