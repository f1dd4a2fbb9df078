"""A builder that computes with NumPy, so that an expansion can be held against mpmath."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np

from workings.lower.scalar import Number

RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
INTEGERS = {"float32": "int32", "float64": "int64", "int32": "float32", "int64": "float64"}


def exact_sum(a: Any, b: Any) -> tuple[Any, Any]:
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def halves(a: Any) -> tuple[Any, Any]:
    high = a * 134217729.0
    high = high - (high - a)
    return high, a - high


def exact_product(a: Any, b: Any) -> tuple[Any, Any]:
    p = a * b
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


def to_odd(a: Any, b: Any) -> Any:
    """`a + b` rounded to odd: a second rounding, to fewer bits, is then as good as one."""
    s, rest = exact_sum(a, b)
    s, rest = np.atleast_1d(s), np.atleast_1d(rest)
    even = (s.view(np.int64) & 1) == 0
    moved = np.nextafter(s, np.where(rest > 0, np.inf, -np.inf))
    return np.where((rest != 0) & even & np.isfinite(s), moved, s)


def slow_fma(a: float, b: float, c: float) -> float:
    if not all(map(np.isfinite, (a, b, c))):
        return c if np.isfinite(a) and np.isfinite(b) else a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c if a == 0 or b == 0 or c == 0 else 0.0
    try:
        return float(exact)  # of a fraction, rounded correctly
    except OverflowError:
        return np.inf if exact > 0 else -np.inf


def fma64(a: Any, b: Any, c: Any) -> Any:
    """After S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums (2008).

    Near the ends of the range it is done with fractions, place by place.
    """
    a, b, c = np.broadcast_arrays(np.atleast_1d(a), b, c)
    p, p_low = exact_product(a, b)
    u, u_low = exact_sum(c, p_low)
    t, t_low = exact_sum(p, u)
    result = t + to_odd(t_low, u_low)
    simple = (a == 0) | (b == 0)
    result = np.where(simple, a * b + c, result)
    sizes = [np.abs(v) for v in (a, b, p, c, result)]
    safe = np.ones(a.shape, bool)
    for size in sizes:
        safe &= ((size < 2.0**900) & (size > 2.0**-900)) | ((size == 0) & (size is sizes[3] or size is sizes[4]))
    safe |= simple & np.isfinite(a) & np.isfinite(b) & np.isfinite(c)
    for place in np.flatnonzero(~safe):
        result[place] = slow_fma(float(a[place]), float(b[place]), float(c[place]))
    return result


def fma32(a: Any, b: Any, c: Any) -> Any:
    wide = [np.asarray(v, np.float64) for v in (a, b, c)]
    plain = wide[0] * wide[1] + wide[2]
    rounded = to_odd(wide[0] * wide[1], wide[2])
    return np.where(np.isfinite(plain) & (plain != 0), rounded, plain).astype(np.float32)


class NumpyBuilder:
    def constant(self, value: Any, kind: str) -> Any:
        made = np.array([value]).astype(kind)
        assert made[0] == value or value != value, (value, kind)
        return made

    add = staticmethod(operator.add)
    subtract = staticmethod(operator.sub)
    multiply = staticmethod(operator.mul)
    divide = staticmethod(operator.truediv)
    negate = staticmethod(operator.neg)
    absolute = staticmethod(np.abs)
    sqrt = staticmethod(np.sqrt)
    round = staticmethod(np.rint)
    select = staticmethod(np.where)
    both = staticmethod(operator.and_)
    either = staticmethod(operator.or_)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return (fma32 if a.dtype == np.float32 else fma64)(a, b, c)

    def compare(self, relation: str, a: Any, b: Any) -> Any:
        return RELATIONS[relation](a, b)

    def shift_left(self, a: Any, count: int) -> Any:
        return a << a.dtype.type(count)

    def shift_right(self, a: Any, count: int) -> Any:
        return (a.view(f"u{a.dtype}") >> count).view(a.dtype)

    def bits(self, a: Any) -> Any:
        return a.view(INTEGERS[str(a.dtype)])

    def convert(self, a: Any, kind: str) -> Any:
        return a.astype(kind)

    def lookup(self, table: Any, index: Any, kind: str) -> Any:
        return np.asarray(table, kind)[index]


def evaluate(expansion: Any, *arrays: Any) -> Any:
    """The values of an expansion at arrays of float32 or float64."""
    numbers = [Number(NumpyBuilder(), np.atleast_1d(a), str(np.asarray(a).dtype)) for a in arrays]
    with np.errstate(all="ignore"):
        result = expansion(*numbers)
    assert result.kind == numbers[0].kind
    assert result.value.dtype == numbers[0].value.dtype
    return np.broadcast_to(result.value, np.broadcast_shapes(*(n.value.shape for n in numbers)))
