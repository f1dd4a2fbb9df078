"""Instructions, made one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from workings.lower.loops import Instruction

__all__ = [
    "BOOL",
    "COMPARISONS",
    "INT64",
    "Number",
    "checked",
    "constant",
    "convert",
    "like",
    "made",
    "select",
    "steps_to",
]

BOOL, INT64 = np.dtype(bool), np.dtype(np.int64)
COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})

Number = Instruction


def constant(value: Any, dtype: np.dtype) -> Number:
    return Instruction("constant", dtype, value=dtype.type(value))


def like(x: Number, value: float) -> Number:
    """A constant of the same dtype."""
    return constant(value, x.dtype)


def made(op: str, *inputs: Number) -> Number:
    return Instruction(op, BOOL if op in COMPARISONS else inputs[0].dtype, inputs)


def select(condition: Number, a: Number, b: Number) -> Number:
    return Instruction("select", a.dtype, (condition, a, b))


def convert(x: Number, dtype: np.dtype) -> Number:
    """`x` in another dtype, as NumPy's `astype` has it."""
    if x.dtype == dtype:
        return x
    if dtype == BOOL:
        return made("not_equal", x, like(x, 0))
    if x.op == "constant":
        with np.errstate(all="ignore"):
            return Instruction("constant", dtype, value=x.value.astype(dtype))
    return Instruction("convert", dtype, (x,))


def checked(x: Number, condition: Number) -> Number:
    """`x`; a fault where the condition does not hold."""
    return Instruction("checked", x.dtype, (x, condition))


def steps_to(results: Iterable[Number], known: Iterable[Number]) -> list[Number]:
    """The instructions, in order, that lead from those that are there to these results: a walk back."""
    border, found = set(known), []
    todo = [(result, False) for result in reversed(list(results))]
    while todo:
        number, done = todo.pop()
        if done:
            found.append(number)
        elif number not in border:
            border.add(number)
            todo.append((number, True))
            todo.extend((i, False) for i in number.inputs)
    return found
