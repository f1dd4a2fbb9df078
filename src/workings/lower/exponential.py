"""exp and what is made of it: expm1, exp2, tanh, sinh, cosh, and the exponential in powers.

The argument is taken apart, `x = n·ln2 + r` with |r| ≤ ln(2)/2 (W. J. Cody and W. Waite, Software Manual for the
Elementary Functions, 1980), and `exp(r) − 1 = r + r²·P(r)` is kept as a pair, so that `2ⁿ·exp(r) − 1` and its quotients
lose nothing where they cancel.
"""

from __future__ import annotations

from typing import Any

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, constant
from workings.lower.extended import Pair
from workings.lower.scalar import Number

__all__ = [
    "cosh",
    "exp",
    "exp2",
    "exp_of_pair",
    "expm1",
    "polynomial",
    "power_of_two",
    "signed",
    "sinh",
    "tanh",
    "whole",
]

MANTISSA = {"float32": 23, "float64": 52}
BIAS = {"float32": 127, "float64": 1023}
SIGN = {"float32": -(2**31), "float64": -(2**63)}
TOP = {"float32": 89.0, "float64": 710.0}  # exp is inf from here on
BOTTOM = {"float32": -104.0, "float64": -746.0}  # and 0 from here on
SEAM = 0.90625  # where tanh of float32 goes from one formula to the other
TINY = {"float32": 2.0**-40, "float64": 2.0**-80}  # below this odd functions are x, and products of small parts vanish


def polynomial(x: Number, coefficients: Any) -> Number:
    """The value of a polynomial, lowest power first, by Horner's rule."""
    *rest, result = coefficients
    result = x.like(result)
    for coefficient in reversed(rest):
        result = result.fma(x, coefficient)
    return result


def signed(size: Number, x: Number) -> Number:
    """`size`, which is not negative, with the sign of x."""
    return (size.bits() | (x.bits() & SIGN[x.kind])).bits()


def whole(x: Number, factor: float = 1.0) -> tuple[Number, Number]:
    """The nearest whole number to x·factor as a float and as an integer, below 2**21 in size.

    Larger ones give anything. Adding 1.5·2**52 leaves the whole number in the last bits; no conversion is needed, which
    not every machine has.
    """
    magic = 1.5 * 2.0 ** MANTISSA[x.kind]
    moved = x.fma(factor, magic) if factor != 1.0 else x + magic
    return moved - magic, moved.bits() - x.constant(magic).bits()


def power_of_two(k: Number, kind: str) -> Number:
    """2**k for an integer k within the exponents of normal numbers."""
    return ((k + BIAS[kind]) << MANTISSA[kind]).bits()


def scaled(x: Number, k: Number) -> Number:
    """`x · 2**k` for |k| < 2**11, rounded once in the subnormal numbers: in two steps, of which the first is exact."""
    half = ((k + 2**12) >> 1) - 2**11
    return x * power_of_two(half, x.kind) * power_of_two(k - half, x.kind)


def reduced(x: Number, rest: Number | None = None) -> tuple[Number, Pair]:
    """n and `exp(r) − 1`, where `x + rest = n·ln2 + r`."""
    n, k = whole(x, constant("log2e", x.kind)[0])
    hi, lo = constant("ln2", x.kind)
    start = (-n).fma(hi, x)  # exact, as the two are close
    move = n * lo if rest is None else n.fma(lo, -rest)
    r = start - move
    lost = (start - r) - move
    return k, grown(r, lost)


def grown(r: Number, lost: Number) -> Pair:
    """`exp(r + lost) − 1` for |r| ≤ ln(2)/2."""
    return extended.quick(r, (r * r).fma(polynomial(r, POLYNOMIALS["exp"][r.kind]), lost.fma(r, lost)))


def less_one(x: Number) -> Pair:
    """`exp(x) − 1` as a pair, below the overflow."""
    k, q = reduced(x)
    scale = power_of_two(k, x.kind)
    base = extended.total(scale, x.like(-1.0))
    s = extended.total(base.hi, q.hi * scale)
    return extended.quick(s.hi, q.lo.fma(scale, s.lo + base.lo))


def finished(x: Number, y: Number) -> Number:
    """`y` as the exponential of x, with what is beyond the range put in."""
    y = (x >= TOP[x.kind]).choose(float("inf"), y)
    return (x <= BOTTOM[x.kind]).choose(0.0, y)


def plain(x: Number, factor: float = 1.0) -> tuple[Number, Number, Number]:
    """n, r and `exp(r) − 1 − r`, where `x·factor = n·ln2 + r`, for a factor of 1 or 2."""
    n, k = whole(x, factor * constant("log2e", x.kind)[0])
    hi, lo = constant("ln2", x.kind)
    r = (-n).fma(lo, (-n).fma(hi, x if factor == 1.0 else factor * x))
    return k, r, r * r * polynomial(r, POLYNOMIALS["exp"][x.kind])


def exp(x: Number) -> Number:
    """e**x."""
    k, r, rest = plain(x)
    s = extended.quick(x.like(1.0), r)
    return finished(x, scaled(s.hi + (s.lo + rest), k))


def exp_of_pair(x: Number, lo: Number) -> Number:
    """`exp(x + lo)`, where lo is small beside 1."""
    k, q = reduced(x, lo)
    s = extended.quick(x.like(1.0), q.hi)
    return finished(x, scaled(s.hi + (s.lo + q.lo), k))


def exp2(x: Number) -> Number:
    """2**x."""
    n, k = whole(x)
    hi, lo = constant("ln2", x.kind)
    t = x - n
    r = extended.product(t, x.like(hi))
    q = grown(r.hi, t.fma(lo, r.lo))
    y = scaled(1.0 + q.hi, k)
    y = (x >= float(BIAS[x.kind] + 1)).choose(float("inf"), y)
    return (x <= float(-BIAS[x.kind] - MANTISSA[x.kind] - 1)).choose(0.0, y)


def expm1(x: Number) -> Number:
    """e**x − 1."""
    low = -2.0 * MANTISSA[x.kind]
    # Near the overflow 2**n is one too large for a float, so half of it is used.
    k, q = reduced((x < low).choose(low, x))
    high = x > -low
    scale = power_of_two(k - high.choose(k.like(1), k.like(0)), x.kind)
    base = extended.total(scale, high.choose(x.like(0.0), -1.0))
    s = extended.total(base.hi, q.hi * scale)
    y = s.hi + q.lo.fma(scale, s.lo + base.lo)
    y = high.choose(y + y, y)
    y = (x >= TOP[x.kind]).choose(float("inf"), y)
    return (abs(x) < TINY[x.kind]).choose(x, y)


def tanh(x: Number) -> Number:
    """The hyperbolic tangent: `e / (e + 2)` with `e = exp(2·|x|) − 1`.

    For float32, of which nets have most, it is a polynomial up to 29/32 and `1 − 2/(exp(2·|x|) + 1)` from there on.
    """
    size = abs(x)
    if x.kind == "float32":
        size = (size > 10.0).choose(10.0, size)
        z = size * size
        near = (size * z).fma(polynomial(z, POLYNOMIALS["tanh"][x.kind]), size)
        k, r, rest = plain(size, 2.0)
        scale = power_of_two(k, x.kind)
        far = 1.0 - 2.0 / (r + rest).fma(scale, scale + 1.0)
        return signed((size < SEAM).choose(near, far), x)
    end = {"float32": 10.0, "float64": 20.0}[x.kind]
    e = less_one(2.0 * (size > end).choose(end, size))
    below = extended.total(e.hi, x.like(2.0))
    q = extended.divide(e, Pair(below.hi, below.lo + e.lo))
    y = (size >= end).choose(1.0, q.hi + q.lo)
    return signed((size < TINY[x.kind]).choose(size, y), x)


def halved(size: Number) -> tuple[Number, Number, Number]:
    """`exp(size)/2` as the sum of the first two, each still to be scaled by 2**k, the third."""
    k, q = reduced(size)
    s = extended.quick(size.like(1.0), q.hi)
    return s.hi, s.lo + q.lo, k - 1


def sinh(x: Number) -> Number:
    """The hyperbolic sine: `(e + e / (e + 1)) / 2` with `e = exp(|x|) − 1`."""
    size = abs(x)
    end = 30.0
    e = less_one((size > end).choose(end, size))
    below = extended.total(x.like(1.0), e.hi)
    s = extended.plus(e, extended.divide(e, Pair(below.hi, below.lo + e.lo)))
    hi, lo, k = halved(size)
    large = (size >= TOP[x.kind] + 1.0).choose(float("inf"), scaled(hi + lo, k))
    y = (size > end).choose(large, 0.5 * (s.hi + s.lo))
    return signed((size < TINY[x.kind]).choose(size, y), x)


def cosh(x: Number) -> Number:
    """The hyperbolic cosine: `p + 1 / (4·p)` with `p = exp(|x|) / 2`."""
    size = abs(x)
    end = 30.0
    hi, lo, k = halved((size > end).choose(end, size))
    scale = power_of_two(k, x.kind)
    p = hi * scale
    s = extended.total(p, 0.25 / p)
    y = s.hi + lo.fma(scale, s.lo)
    hi, lo, k = halved(size)
    large = (size >= TOP[x.kind] + 1.0).choose(float("inf"), scaled(hi + lo, k))
    return (size > end).choose(large, y)
