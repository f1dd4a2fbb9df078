"""Random numbers by counting, for plain arrays and traced values alike: nothing is stored, and nothing is used up.

A *key* is two words of 32 bits. What is drawn hangs on the key and the shape alone, so the same key draws the same
numbers, on every engine and after every stop and resume; another key, of `split` or `fold_in`, draws others. In a
traced function a plain key draws plain numbers, constants of the graph; a traced key, as `fold_in` of a traced step
gives, draws anew in each run of the graph.

>>> from workings import random
>>> key = random.key(7)
>>> random.uniform(key, 3).tolist()
[0.9084802548235673, 0.6903172233009601, 0.09496394599420477]
>>> bool(np.all(random.uniform(key, 3) == random.uniform(key, 3)))
True
>>> one, two = random.split(key)
>>> random.permutation(one, 5).tolist(), random.permutation(two, 5).tolist()
([1, 0, 2, 4, 3], [0, 2, 3, 4, 1])

Layers that draw, as a dropout does, take their keys from what surrounds them: see `drawing`, `next_key`, `training`.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Operators
from workings.ops import lacking
from workings.ops.random import MOST, check_key

__all__ = [
    "bernoulli",
    "bits",
    "categorical",
    "drawing",
    "fold_in",
    "gumbel",
    "key",
    "next_key",
    "normal",
    "permutation",
    "shuffled",
    "split",
    "threefry",
    "training",
    "uniform",
]

# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────


def key(seed: int) -> np.ndarray:
    """The key of a seed, a whole number from 0 to 2⁶⁴ − 1: its lower and its upper 32 bits.

    >>> key(7), key(2**32)
    (array([7, 0], dtype=uint32), array([0, 1], dtype=uint32))

    Raises `ArgumentError` for any other seed.
    """
    fix = "a whole number from 0 to 2**64 - 1; a number that is traced, as a step, goes into fold_in(key, step)"
    try:
        number = None if isinstance(seed, Operators) else operator.index(seed)
    except TypeError:
        number = None
    if number is None or not 0 <= number < 2**64:
        raise ArgumentError(f"the seed {seed!r} makes no key", fix=fix)
    return np.array([number & 0xFFFFFFFF, number >> 32], np.uint32)


def fold_in(key: Any, data: Any) -> Any:
    """The key for a whole number under a key, as for step 3 of a run: `fold_in(key, 3)`.

    `data` is from 0 to 2⁶³ − 1, plain or traced; an array of them, of shape S, gives keys of shape S + (2,). Other
    numbers give other keys, which have nothing to do with one another, nor with what `key` itself draws.

    >>> fold_in(key(7), 3)
    array([2694080544, 1602540140], dtype=uint32)

    The key is the block of random bits before the first, at −1 − data; draws take the blocks from 0 on.

    Raises `ArgumentError` for a plain negative number, `DtypeError` for what is not whole.
    """
    number = _whole("fold_in", data)
    if not isinstance(data, Operators) and not np.all((number >= 0) & (number < 2**63)):
        raise ArgumentError("fold_in: a number is negative, or too large", fix="whole numbers from 0 to 2**63 - 1")
    number = number if number.dtype == np.int64 else number.astype(np.int64)
    return threefry(_checked("fold_in", key), ~number)


def split(key: Any, count: int = 2) -> Any:
    """`count` keys from one, as an array of shape (count, 2): `fold_in` of 0, 1, …

    >>> split(key(7)).shape
    (2, 2)
    """
    return fold_in(key, np.arange(_count("split", count)))


# ── bits ────────────────────────────────────────────────────────────────────────────────────────────────────


def threefry(key: Any, counter: Any) -> Any:
    """The generator itself: for each counter two words of 32 random bits, in a last axis of length 2.

    `key` has shape K + (2,) and dtype uint32, `counter` holds whole numbers of 64 bits in shape C; the words have the
    shape that K and C broadcast to, and (2,). All else here is made of this function and `shuffled`, which are one op
    each. Neither has a derivative.

    >>> threefry(key(0), 0)
    array([1797259609, 2579123966], dtype=uint32)

    Source: Threefry-2x32 with 20 rounds, of Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as
    1, 2, 3 (2011), with the lower word of the counter first.
    """
    key, counter = _checked("threefry", key), _whole("threefry", counter)
    for value in (key, counter):
        if isinstance(value, Operators):
            return value._call("threefry", key, counter)
    return lacking.threefry(key, counter)


def bits(key: Any, shape: int | Sequence[int] = ()) -> Any:
    """Random words of dtype uint32, each of the 2³² as likely as any other.

    A shorter draw is the beginning of a longer one.

    >>> bits(key(7), 3)
    array([3901892970, 3158004665, 2964889903], dtype=uint32)
    """
    shape = _shape("bits", shape)
    count = math.prod(shape)
    words = threefry(_one("bits", key), np.arange((count + 1) // 2))
    return _filled(np.reshape(words, (count + count % 2,)), shape)


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────


def uniform(key: Any, shape: int | Sequence[int] = (), dtype: Any = np.float64, low: Any = 0.0, high: Any = 1.0) -> Any:
    """Random numbers from `low` up to `high`, each as likely as any other.

    For 0 and 1 they are multiples of 2⁻⁵³ in float64, of 2⁻²⁴ in float32, and never 1; for other bounds,
    `low + (high - low) * u`, whose rounding may give `high`. Bounds may be arrays, and traced: the derivative is that
    of this formula.

    >>> uniform(key(7), (2, 2)).tolist()
    [[0.9084802548235673, 0.6903172233009601], [0.09496394599420477, 0.17015938454621937]]
    >>> uniform(key(7), dtype=np.float32)
    np.float32(0.9084802)

    Raises `DtypeError` for any other dtype.
    """
    shape, dtype = _shape("uniform", shape), _floating("uniform", dtype)
    count = math.prod(shape)
    if dtype == np.float32:
        u = (bits(key, count) >> 8).astype(np.float32) / 2**24
    else:
        words = threefry(_one("uniform", key), np.arange(count))
        u = ((words[:, 0] >> 5) + (words[:, 1] >> 6) / 2**26) / 2**27
    u = _filled(u, shape)
    if type(low) in (int, float) and type(high) in (int, float) and (low, high) == (0, 1):
        return u
    return low + (high - low) * u


def normal(key: Any, shape: int | Sequence[int] = (), dtype: Any = np.float64) -> Any:
    """Random numbers of the normal distribution, with mean 0 and standard deviation 1.

    Two numbers u and v, uniform between 0 and 1, give two: √(−2 log u) · cos 2πv and √(−2 log u) · sin 2πv, which are
    exactly normal and independent. u has 32 random bits in float32 and 64 in float64, and is most finely spaced near
    0, where the large numbers come from: the largest there can be are 6.8 and 9.5.

    >>> normal(key(7), 2).round(6).tolist()
    [-0.160477, -0.40769]

    Raises `DtypeError` for a dtype other than float32 and float64.

    Source: Box and Muller, A note on the generation of random normal deviates (1958).
    """
    shape, dtype = _shape("normal", shape), _floating("normal", dtype)
    count = math.prod(shape)
    u = _fractions(key, count + count % 2, dtype)
    radius, angle = np.sqrt(-2 * np.log(u[0::2])), 2 * math.pi * u[1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _filled(np.reshape(pairs, (count + count % 2,)), shape)


def gumbel(key: Any, shape: int | Sequence[int] = (), dtype: Any = np.float64) -> Any:
    """Random numbers of the Gumbel distribution: −log(−log u), with u uniform between 0 and 1.

    The largest of logits, each with such a number added, is at i with the probability softmax(logits)ᵢ. It is
    computed from 1 − u, which is most finely spaced where the large numbers come from.

    >>> gumbel(key(7), 2).round(6).tolist()
    [-0.871796, -0.158888]

    Raises `DtypeError` for a dtype other than float32 and float64.

    Source: Maddison, Tarlow and Minka, A* sampling (2014), section 2.
    """
    shape, dtype = _shape("gumbel", shape), _floating("gumbel", dtype)
    # fractions are rounded, and 1 itself has no logarithm here
    u = np.minimum(_fractions(key, math.prod(shape), dtype), 1 - float(np.finfo(dtype).epsneg))
    return _filled(-np.log(-np.log1p(-u)), shape)


def _fractions(key: Any, count: int, dtype: np.dtype) -> Any:
    """Random numbers above 0 and up to 1, spaced ever more finely towards 0: (w + ½) / 2³² of words w of 32 bits in
    float32, and (w + ½) / 2⁶⁴ of 64 bits in float64, rounded to the nearest."""
    if dtype == np.float32:
        return (bits(key, count).astype(np.float32) + 0.5) / 2**32
    words = threefry(_one("random", key), np.arange(count))
    return (words[:, 0] + (words[:, 1] + 0.5) / 2**32) / 2**32


# ── choices ─────────────────────────────────────────────────────────────────────────────────────────────────


def bernoulli(key: Any, p: Any = 0.5, shape: int | Sequence[int] | None = None) -> Any:
    """True with probability p, and else False, in the shape of p or in another that p broadcasts to.

    A word of 32 random bits is compared with p · 2³², so p counts to 2⁻³²; 0 and 1 are never and always. There is no
    derivative with respect to p.

    >>> bernoulli(key(7), 0.5, 4).tolist()
    [False, False, False, True]

    Raises `ArgumentError` for a plain p that is no probability.
    """
    share: Any = p if isinstance(p, Operators) else np.asarray(p)[()]
    if not isinstance(p, Operators) and not np.all((share >= 0) & (share <= 1)):
        raise ArgumentError("bernoulli: p is no probability", fix="numbers from 0 to 1")
    return bits(key, share.shape if shape is None else shape) < share * 2.0**32


def categorical(key: Any, logits: Any, axis: int = -1) -> Any:
    """The index of a class along an axis, drawn with the probabilities softmax(logits). It has no derivative.

    A logit of −inf is never drawn, as long as another is finite.

    >>> categorical(key(7), np.log([0.2, 0.3, 0.5]))
    np.int64(2)

    Source: Maddison, Tarlow and Minka, A* sampling (2014), section 2.
    """
    scores: Any = logits if isinstance(logits, Operators) else np.asarray(logits)
    if scores.ndim == 0:
        raise ShapeError("categorical: the logits are one number, so there is nothing to choose", fix="an array")
    dtype = np.dtype(np.float32 if scores.dtype.kind == "f" and scores.dtype.itemsize <= 4 else np.float64)
    return np.argmax(scores + gumbel(key, scores.shape, dtype), axis=axis)


def shuffled(key: Any, n: int, i: Any) -> Any:
    """Where i goes when the numbers below n are shuffled: another number below n, of dtype int64.

    The key says in which order, and no two go to one place. Nothing is stored: a batch of places of a shuffle of a
    billion takes no more than the batch. i, plain or traced, is a whole number or an array of them; a traced one that
    is out of range counts modulo n.

    >>> shuffled(key(7), 10, np.arange(10)).tolist()
    [1, 9, 6, 0, 5, 7, 3, 4, 2, 8]

    The number is a row and a column of a table of about √n rows; 24 rounds add to the one an amount given by the key
    and the other (a Feistel network), and what comes out at n or above goes through again.

    Raises `ShapeError` for a plain i out of range, `ArgumentError` for an n below 1 or above 2³².

    Source: Black and Rogaway, Ciphers with arbitrary finite domains (2002), methods 2 and 3; the rounds are those of
    Mitchell, Stokes, Frank and Holmes, Bandwidth-optimal random shuffling for GPUs (2022), their mixing that of
    Appleby, MurmurHash3 (2011).
    """
    key, n, i = _checked("shuffled", key), _count("shuffled", n), _whole("shuffled", i)
    if not 1 <= n <= MOST:
        raise ArgumentError(f"shuffled: {n} numbers cannot be shuffled", fix="from 1 to 2**32")
    if not isinstance(i, Operators) and not np.all((i >= 0) & (i < n)):
        raise ShapeError(f"shuffled: an index is out of range for {n} numbers", fix=f"from 0 to {n - 1}")
    for value in (key, i):
        if isinstance(value, Operators):
            return value._call("shuffled", key, i, count=n)
    return lacking.shuffled(key, i, count=n)


def permutation(key: Any, n: int) -> Any:
    """The numbers from 0 to n − 1 in a random order, each order as likely as any other: `shuffled` of them all.

    >>> permutation(key(7), 10).tolist()
    [1, 9, 6, 0, 5, 7, 3, 4, 2, 8]
    """
    every = np.arange(_count("permutation", n))
    return shuffled(key, n, every) if n else every


# ── what surrounds a layer ──────────────────────────────────────────────────────────────────────────────────


class Drawing:
    """What layers are told by `drawing`: the key, whether they are trained, and how many keys were taken."""

    __slots__ = ("draws", "key", "training")

    def __init__(self, key: Any, training: bool) -> None:
        self.key = key
        self.training = training
        self.draws = 0


_current: ContextVar[Drawing | None] = ContextVar("drawing", default=None)


def current() -> Drawing | None:
    """The innermost `drawing` around the code that runs."""
    return _current.get()


@contextmanager
def drawing(key: Any = None, *, training: bool = True) -> Iterator[None]:
    """Inside, layers take their keys from this one, and behave as in training, or not.

    The key may be plain or traced, as `fold_in(key(seed), step)`. `next_key` counts from 0 each time this is entered,
    so the same key around the same code draws the same. Inside another one, the inner one holds.

    >>> def noisy(x):
    ...     return x + normal(next_key(), np.shape(x)) if training() else x
    >>> noisy(1.0)
    1.0
    >>> with drawing(key(7)):
    ...     round(float(noisy(1.0)), 6), round(float(noisy(1.0)), 6)
    (1.602911, -0.513665)
    """
    token = _current.set(Drawing(None if key is None else _one("drawing", key), bool(training)))
    try:
        yield
    finally:
        _current.reset(token)


def next_key() -> Any:
    """A key of its own for each call inside of `drawing`: `fold_in(key, 0)`, then of 1, 2, … in the order of calls.

    Raises `ArgumentError` where there is no key to take it from.
    """
    found = _current.get()
    if found is None or found.key is None:
        where = "outside of workings.random.drawing" if found is None else "inside of a drawing without a key"
        raise ArgumentError(
            f"a key for random numbers is asked for {where}",
            fix="with workings.random.drawing(workings.random.key(seed)): … around the call",
        )
    draw = found.draws
    found.draws += 1
    return fold_in(found.key, draw)


def training() -> bool:
    """Whether the code runs as in training: inside of `drawing`, unless that says `training=False`.

    >>> with drawing(training=False):
    ...     training()
    False
    """
    found = _current.get()
    return found is not None and found.training


# ── arguments ───────────────────────────────────────────────────────────────────────────────────────────────


def _checked(name: str, key: Any) -> Any:
    """A key, or an array of keys."""
    value: Any = key if isinstance(key, Operators) else np.asarray(key)
    check_key(name, repr(key) if np.ndim(value) == 0 else "given", tuple(value.shape), value.dtype)
    return value


def _one(name: str, key: Any) -> Any:
    value = _checked(name, key)
    if value.ndim != 1:
        raise ShapeError(f"{name}: one key is needed, and {value.shape[:-1]} are given", fix="keys[0], or a loop")
    return value


def _whole(name: str, data: Any) -> Any:
    value: Any = data if isinstance(data, Operators) else np.asarray(data)
    if value.dtype.kind not in "iu":
        raise DtypeError(f"{name}: {value.dtype.name} is no whole number", fix="convert it with .astype(int)")
    return value


def _count(name: str, count: Any) -> int:
    try:
        found = operator.index(count)
    except TypeError:
        raise ArgumentError(f"{name}: {count!r} is no count", fix="a whole number") from None
    if found < 0:
        raise ArgumentError(f"{name}: {found} is no count", fix="a whole number from 0 on")
    return found


def _shape(name: str, shape: Any) -> tuple[int, ...]:
    parts = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(_count(name, n) for n in parts)


def _floating(name: str, dtype: Any) -> np.dtype:
    found = np.dtype(dtype)
    if found not in (np.float32, np.float64):
        raise DtypeError(f"{name}: there are no random numbers of dtype {found}", fix="np.float32 or np.float64")
    return found


def _filled(flat: Any, shape: tuple[int, ...]) -> Any:
    """The first values in this shape; a scalar where it is ()."""
    if shape == ():
        return flat[0]
    count = math.prod(shape)
    values = flat[:count] if len(flat) > count else flat
    return values if len(shape) == 1 else np.reshape(values, shape)
