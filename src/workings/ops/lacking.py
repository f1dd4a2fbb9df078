"""What NumPy lacks, as short functions that a written program copies into its preamble.

Each uses `np`, `math`, its arguments and one another alone, so that its source can stand anywhere.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["erf", "getitem", "put", "shuffled", "threefry"]


def erf(x):
    """The error function, element by element."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)[()]


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
