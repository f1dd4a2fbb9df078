"""Random numbers: the rounds of Threefry and of a shuffle as instructions; what they mean is in `ops/lacking.py`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from workings.graph import Node
from workings.lower.build import BOOL, INT64, Number, constant, convert, like, made, select, steps_to
from workings.lower.loops import Instruction, Kernel, Store
from workings.lower.lowering import Lowering, loops_over, read
from workings.lower.views import View, whole
from workings.lower.whole import remainder

__all__ = ["RULES"]

_WORD = np.dtype(np.uint32)
_TURNED = (13, 15, 26, 6, 17, 29, 16, 24)
_ROUNDS = 24


def _threefry(low: Lowering, node: Node) -> View:
    key, counter = (low.views[i] for i in node.inputs)
    result = whole(low.buffer(node))
    shape = node.shape[:-1]
    _words(low, key, read(counter, loops_over(shape), shape), shape, result)
    return result


def _words(low: Lowering, key: View, counter: Number, shape: tuple[int, ...], result: View) -> None:
    """A kernel that writes two words for each counter, in loops over the shape."""
    axes = loops_over(shape)
    one, two = (read(_at(key, k), axes, shape) for k in (0, 1))
    number = convert(counter, INT64)
    upper = made("right_shift", number, like(number, 32))
    words = _mixed(one, two, convert(number, _WORD), convert(upper, _WORD))
    stores = tuple(Store(_at(result, k).access(axes, shape), word) for k, word in enumerate(words))
    body = steps_to([counter, one, two, *words], [])
    low.parts.append(Kernel(tuple(shape[a] for a in axes), 0, tuple(body), None, (), stores))


def _at(x: View, place: int) -> View:
    """The elements at one place of the last axis."""
    return replace(x, shape=x.shape[:-1], strides=x.strides[:-1], offset=x.offset + place * x.strides[-1])


def _mixed(one: Number, two: Number, x: Number, y: Number) -> tuple[Number, Number]:
    keys = one, two, made("xor", made("xor", one, two), like(one, 0x1BD11BDA))
    x, y = made("add", x, keys[0]), made("add", y, keys[1])
    for step in range(20):
        x = made("add", x, y)
        left = _TURNED[step % 8]
        upper, lower = made("left_shift", y, like(y, left)), made("right_shift", y, like(y, 32 - left))
        y = made("xor", made("or", upper, lower), x)
        if step % 4 == 3:
            n = step // 4 + 1
            x = made("add", x, keys[n % 3])
            y = made("add", made("add", y, keys[(n + 1) % 3]), like(y, n))
    return x, y


def _shuffled(low: Lowering, node: Node) -> View:
    """The words that the rounds take from the key; the place of each index; and two rounds, which are gone through
    twelve times, and twelve times more where a place is behind the last number. What is done stays as it is, so that
    others beside it may go on."""
    key, index = node.inputs
    count = node.attributes["count"]
    keys, places = low.views[key], low.views[index]
    words = whole(low.buffer(node, (*keys.shape[:-1], _ROUNDS // 2, 2), _WORD))
    axes = loops_over(words.shape[:-1])
    counter = Instruction("index", INT64, value=len(axes) - 1)
    spread = replace(keys, shape=(*keys.shape[:-1], 1, 2), strides=(*keys.strides[:-1], 0, keys.strides[-1]))
    _words(low, spread, counter, words.shape[:-1], words)

    axes = loops_over(node.shape)
    extents = tuple(node.shape[a] for a in axes)
    state = whole(low.buffer(node, dtype=_WORD)), whole(low.buffer(node, dtype=BOOL))
    at, on = (x.access(axes, node.shape) for x in state)
    load = read(places, axes, node.shape)
    first = convert(remainder(convert(load, INT64), constant(count, INT64)), _WORD)
    going = constant(True, BOOL)
    body = (load, *steps_to([first], [load]), going)
    low.parts.append(Kernel(extents, 0, body, None, (), (Store(at, first), Store(on, going))))

    here, going = Instruction("load", _WORD, access=at), Instruction("load", BOOL, access=on)
    turn = made("fmod", Instruction("times", INT64), constant(_ROUNDS // 2, INT64))
    nth = Instruction("within", INT64, (turn,), value=_ROUNDS // 2)
    pair = [
        Instruction("load", _WORD, (nth,), replace(part.access(axes, node.shape), by=(2,)))
        for part in (_at(_at(words, k), 0) for k in (0, 1))
    ]
    moved = _two_rounds(here, pair[0], pair[1], count)
    ends = made("equal", turn, like(turn, _ROUNDS // 2 - 1))
    inside = made("less_equal", moved, like(moved, count - 1))
    open_ = made("and", going, made("not", made("and", ends, inside)))
    place = select(going, moved, here)
    body = tuple(steps_to([place, open_], []))
    low.parts.append(Kernel(extents, 0, body, None, (), (Store(at, place), Store(on, open_)), again=open_))

    result = whole(low.buffer(node))
    load = Instruction("load", _WORD, access=at)
    number = convert(load, INT64)
    store = Store(result.access(axes, node.shape), number)
    low.parts.append(Kernel(extents, 0, (load, number), None, (), (store,)))
    return result


def _two_rounds(place: Number, one: Number, two: Number, count: int) -> Number:
    """The row moves on by what its column and a word give, and then the column by what its row and a word give."""
    rows = (math.isqrt(count) + 1) // 2 * 2
    columns = -(-count // rows)
    row = made("divide", place, like(place, columns))
    column = made("subtract", place, made("multiply", row, like(place, columns)))
    row = _onward(row, made("xor", column, one), rows)
    column = _onward(column, made("xor", row, two), columns)
    return made("add", made("multiply", row, like(place, columns)), column)


def _onward(place: Number, move: Number, length: int) -> Number:
    """(place + move, with its bits mixed) % length; the sum need not fit."""
    for by, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        move = made("multiply", made("xor", move, made("right_shift", move, like(move, by))), like(move, factor))
    move = made("xor", move, made("right_shift", move, like(move, 16)))
    end = like(place, length)
    moved = made("add", place, made("fmod", move, end))
    return select(made("less", moved, end), moved, made("subtract", moved, end))


RULES = {"threefry": _threefry, "shuffled": _shuffled}
