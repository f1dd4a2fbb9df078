"""Random numbers: the rounds of Threefry and of a shuffle as instructions; what they mean is in `ops/lacking.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from workings.graph import Node
from workings.lower.build import INT64, Number, constant, convert, like, made, select, steps_to
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
    axes = loops_over(node.shape[:-1])
    count = read(counter, axes, node.shape[:-1])
    _words(low, key, count, [count], node.shape[:-1], result)
    return result


def _words(
    low: Lowering, key: View, counter: Number, body: list[Instruction], shape: tuple[int, ...], result: View
) -> None:
    """A kernel that writes two words for each counter, which the body computes in loops over the shape."""
    axes = loops_over(shape)
    one, two = (read(_at(key, k), axes, shape) for k in (0, 1))
    counter = convert(counter, INT64)
    x, y = _mixed(one, two, convert(counter, _WORD), convert(made("right_shift", counter, like(counter, 32)), _WORD))
    steps = steps_to([x, y], [*body, one, two])
    stores = tuple(Store(_at(result, k).access(axes, shape), word) for k, word in ((0, x), (1, y)))
    low.parts.append(Kernel(tuple(shape[a] for a in axes), 0, (*body, one, two, *steps), None, (), stores))


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
    """Three kernels: the words that the rounds take from the key; the place of each index, marked as new by the size
    of the table; and the rounds, which are gone through until a place is not behind the last number."""
    key, index = node.inputs
    count = node.attributes["count"]
    keys, places = low.views[key], low.views[index]
    rows = (math.isqrt(count) + 1) // 2 * 2
    columns = -(-count // rows)
    shape = (*keys.shape[:-1], _ROUNDS // 2)
    words = whole(low.buffer(node, (*shape, 2), _WORD))
    axes = loops_over(shape)
    counter = Instruction("index", INT64, value=len(axes) - 1)
    spread = replace(keys, shape=(*keys.shape[:-1], 1, 2), strides=(*keys.strides[:-1], 0, keys.strides[-1]))
    _words(low, spread, counter, [counter], shape, words)
    result = whole(low.buffer(node))
    axes = loops_over(node.shape)
    extents = tuple(node.shape[a] for a in axes)
    to = result.access(axes, node.shape)
    # where each one starts
    load = read(places, axes, node.shape)
    first = remainder(convert(load, INT64), constant(count, INT64))
    first = made("add", first, like(first, rows * columns))
    body = [load, *steps_to([first], [load])]
    low.parts.append(Kernel(extents, 0, tuple(body), None, (), (Store(to, first),)))
    # one that is inside stays as it is, so that others beside it may go on
    here = Instruction("load", INT64, access=to)
    place = select(
        made("greater_equal", here, like(here, rows * columns)),
        made("subtract", here, like(here, rows * columns)),
        here,
    )
    loads: list[Instruction] = []

    def word(step: int) -> Number:
        every = replace(words, shape=words.shape[:-2], strides=words.strides[:-2], offset=step)
        loads.append(read(every, axes, node.shape))
        return loads[-1]

    moved = convert(_rounds(convert(place, _WORD), rows, columns, word), INT64)
    done = select(made("less", here, like(here, count)), here, moved)
    again = made("greater_equal", done, like(done, count))
    body = [here, *loads, *steps_to([done, again], [here, *loads])]
    low.parts.append(Kernel(extents, 0, tuple(body), None, (), (Store(to, done),), again=again))
    return result


def _rounds(place: Number, rows: int, columns: int, word: Callable[[int], Number]) -> Number:
    by = like(place, columns)
    row = made("divide", place, by)
    column = made("subtract", place, made("multiply", row, by))
    for step in range(_ROUNDS):
        move = made("xor", row if step % 2 else column, word(step))
        for places, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            move = made(
                "multiply", made("xor", move, made("right_shift", move, like(move, places))), like(move, factor)
            )
        move = made("xor", move, made("right_shift", move, like(move, 16)))
        if step % 2:
            column = _onward(column, move, columns)
        else:
            row = _onward(row, move, rows)
    return made("add", made("multiply", row, by), column)


def _onward(place: Number, move: Number, length: int) -> Number:
    """(place + move) % length, of which the sum need not fit."""
    moved = made("add", place, made("fmod", move, like(move, length)))
    return select(made("less", moved, like(moved, length)), moved, made("subtract", moved, like(moved, length)))


RULES = {"threefry": _threefry, "shuffled": _shuffled}
