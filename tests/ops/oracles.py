"""What each op means, said a second time and independently of the op's record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special

__all__ = ["mixed", "oracle", "threefry_words"]


def _getitem(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    whole = list(key)
    places = [place for place, part in enumerate(key) if part == "array"]
    for place, index in zip(places, indices, strict=True):
        whole[place] = index
    return x[tuple(whole)]


def _put(values: Any, *indices: Any, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
    # which place each value goes to: index an array of places
    places = _getitem(np.arange(int(np.prod(shape))).reshape(shape), *indices, key=key)
    flat = np.zeros(int(np.prod(shape)), np.asarray(values).dtype)
    for place, value in zip(np.ravel(places), np.ravel(values), strict=True):
        flat[place] += value
    return flat.reshape(shape)


def threefry_words(key: Sequence[int], words: Sequence[int], rounds: int = 20) -> tuple[int, int]:
    """Threefry-2x32 as its paper has it, one block of two words, in Python's whole numbers."""
    whole = 2**32
    keys = [*key, 0x1BD11BDA ^ key[0] ^ key[1]]
    x, y = ((word + k) % whole for word, k in zip(words, keys, strict=False))
    for step in range(rounds):
        x = (x + y) % whole
        turn = [13, 15, 26, 6, 17, 29, 16, 24][step % 8]
        y = ((y * 2**turn) % whole + y // 2 ** (32 - turn)) ^ x
        if step % 4 == 3:
            n = step // 4 + 1
            x, y = (x + keys[n % 3]) % whole, (y + keys[(n + 1) % 3] + n) % whole
    return x, y


def _threefry(key: Any, counter: Any) -> Any:
    keys = np.asarray(key)
    shape = np.broadcast_shapes(keys.shape[:-1], np.shape(counter))
    counters = np.broadcast_to(counter, shape).ravel().tolist()
    pairs = np.broadcast_to(keys, (*shape, 2)).reshape(-1, 2).tolist()
    blocks = [threefry_words(k, (c % 2**32, c % 2**64 >> 32)) for k, c in zip(pairs, counters, strict=True)]
    return np.array(blocks, np.uint32).reshape(*shape, 2)


def mixed(word: int) -> int:
    """The end of MurmurHash3, which spreads each bit of a word over all of it."""
    word = (word ^ word >> 16) * 0x85EBCA6B % 2**32
    word = (word ^ word >> 13) * 0xC2B2AE35 % 2**32
    return word ^ word >> 16


def _shuffled_one(key: Sequence[int], index: int, count: int) -> int:
    rows = math.isqrt(count)
    rows += rows % 2
    columns = math.ceil(count / rows)
    words = [word for counter in range(12) for word in threefry_words(key, (counter, 0))]
    place = index % count
    while True:
        row, column = divmod(place, columns)
        for by_column, by_row in zip(words[0::2], words[1::2], strict=True):
            row = (row + mixed(column ^ by_column)) % rows
            column = (column + mixed(row ^ by_row)) % columns
        place = row * columns + column
        if place < count:
            return place


def _shuffled(key: Any, index: Any, count: int) -> Any:
    keys = np.asarray(key)
    shape = np.broadcast_shapes(keys.shape[:-1], np.shape(index))
    indices = np.broadcast_to(index, shape).ravel().tolist()
    pairs = np.broadcast_to(keys, (*shape, 2)).reshape(-1, 2).tolist()
    found = [_shuffled_one(k, i, count) for k, i in zip(pairs, indices, strict=True)]
    return np.array(found, np.int64).reshape(shape)


_OWN: dict[str, Callable[..., Any]] = {
    "erf": scipy.special.erf,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "getitem": _getitem,
    "put": _put,
    "stop_gradient": lambda x: x,
    "astype": lambda x, dtype: np.asarray(x).astype(dtype)[()],
    "concatenate": lambda *parts, axis: np.concatenate(parts, axis),
    "threefry": _threefry,
    "shuffled": _shuffled,
    "stack": lambda *parts, axis: np.stack(parts, axis),
}


def oracle(name: str) -> Callable[..., Any]:
    """The function of NumPy or SciPy that the op `name` stands for."""
    return _OWN[name] if name in _OWN else getattr(np, name)
