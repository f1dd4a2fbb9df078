"""Whole numbers: division that rounds down, shifts and powers, as NumPy has them, in instructions that cannot trap."""

from __future__ import annotations

import numpy as np

from workings.lower.build import Number, checked, convert, like, made, select

__all__ = ["floor_divide", "power", "remainder", "shift"]


def _divided(x: Number, y: Number) -> tuple[Number, Number | None]:
    """A divisor that x can be divided by, and whether y is 0; None where it is known not to be.

    What the smallest number is by −1 does not fit; divided by 1 it stays as it is, as NumPy has it.
    """
    if y.op == "constant" and y.value not in (0, -1):
        return y, None
    zero = made("equal", y, like(y, 0))
    bad = zero
    if y.dtype.kind == "i":
        least = made("equal", x, like(x, np.iinfo(x.dtype).min))
        bad = made("or", zero, made("and", least, made("equal", y, like(y, -1))))
    return select(bad, like(y, 1), y), zero


def floor_divide(x: Number, y: Number) -> Number:
    """x / y rounded down; 0 where y is 0."""
    by, zero = _divided(x, y)
    quotient = made("divide", x, by)
    if x.dtype.kind == "i":
        rest = made("subtract", x, made("multiply", quotient, by))
        quotient = select(_over(rest, by), made("subtract", quotient, like(x, 1)), quotient)
    return quotient if zero is None else select(zero, like(x, 0), quotient)


def remainder(x: Number, y: Number) -> Number:
    """What is left after whole steps of y, with the sign of y; 0 where y is 0."""
    by, zero = _divided(x, y)
    rest = made("fmod", x, by)
    if x.dtype.kind == "i":
        rest = select(_over(rest, by), made("add", rest, by), rest)
    return rest if zero is None else select(zero, like(x, 0), rest)


def _over(rest: Number, by: Number) -> Number:
    """Whether what is left has another sign than the divisor."""
    zero = like(rest, 0)
    if by.op == "constant":
        return made("less" if by.value > 0 else "greater", rest, zero)
    apart = made("less", made("xor", rest, by), zero)
    return made("and", made("not_equal", rest, zero), apart)


def shift(op: str, x: Number, count: Number) -> Number:
    """The bits moved; by as many places as there are, or more, none is left but those of the sign."""
    bits = 8 * x.dtype.itemsize
    last = like(count, bits - 1)
    # a negative count is a large one without a sign
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    inside = made("less_equal", convert(count, unsigned), convert(last, unsigned))
    if op == "right_shift" and x.dtype.kind == "i":
        return made(op, x, select(inside, count, last))
    return select(inside, made(op, x, select(inside, count, like(count, 0))), like(x, 0))


def power(x: Number, y: Number) -> Number:
    """x multiplied y times, by squares; a fault where y is negative."""
    if y.op == "constant" and y.value >= 0:
        steps = int(y.value).bit_length()
    else:
        steps = 8 * y.dtype.itemsize
        if y.dtype.kind == "i":
            y, steps = checked(y, made("greater_equal", y, like(y, 0))), steps - 1
    result = like(x, 1)
    for k in range(steps):
        if y.op != "constant":
            bit = made("and", made("right_shift", y, like(y, k)), like(y, 1))
            result = select(made("not_equal", bit, like(y, 0)), made("multiply", result, x), result)
        elif int(y.value) >> k & 1:
            result = made("multiply", result, x)
        x = made("multiply", x, x) if k + 1 < steps else x
    return result
