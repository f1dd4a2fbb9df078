"""arctan, arcsin and arccos.

arctan brings its argument near one of 0, ½, 1, 1½ and ∞ by `arctan(x) = arctan(c) + arctan((x − c)/(1 + c·x))`, as
fdlibm's s_atan.c does; arcsin and arccos go from near 1 to near 0 by `arcsin(x) = π/2 − 2·arcsin(√((1 − x)/2))`.
"""

from __future__ import annotations

import decimal
import functools

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, constant, parts
from workings.lower.exponential import TINY, polynomial, signed
from workings.lower.extended import Pair
from workings.lower.scalar import Number

__all__ = ["arccos", "arcsin", "arctan"]


@functools.cache
def arctan_at(place: int, kind: str) -> tuple[float, float]:
    """arctan(place/2) as a sum of two floats, for places 0 to 3: by the series Σ 2²ⁿ(n!)²/(2n + 1)! · …, of Euler."""
    with decimal.localcontext(decimal.Context(prec=80)):
        c = decimal.Decimal(place) / 2
        y = c * c / (1 + c * c)
        term, sum, n = c / (1 + c * c), decimal.Decimal(0), 0
        while term > decimal.Decimal(10) ** -75:
            sum += term
            n += 1
            term = term * y * 2 * n / (2 * n + 1)
        hi, lo = parts(int(sum * 2**240), -240, kind, 2)
    return hi, lo


def arctan(x: Number) -> Number:
    """The inverse tangent."""
    kind = x.kind
    size = abs(x)
    zero, one = x.like(0.0), x.like(1.0)
    center, hi, lo = zero, zero, zero
    for place, start in ((1, 7 / 16), (2, 11 / 16), (3, 19 / 16)):
        past = size >= start
        center = past.choose(place / 2, center)
        hi, lo = (past.choose(value, old) for value, old in zip(arctan_at(place, kind), (hi, lo), strict=True))
    far = size >= 39 / 16
    hi, lo = (far.choose(value, old) for value, old in zip(constant("pi_2", kind), (hi, lo), strict=True))
    above = extended.total(size, -center)
    scaled = extended.product(size, center)
    below = extended.total(one, scaled.hi)
    below = Pair(below.hi, below.lo + scaled.lo)
    above = Pair(far.choose(-1.0, above.hi), far.choose(0.0, above.lo))
    below = Pair(far.choose(size, below.hi), far.choose(0.0, below.lo))
    t = extended.divide(above, below)
    z = t.hi * t.hi
    tail = (t.hi * z).fma(polynomial(z, POLYNOMIALS["arctan"][kind]), t.lo)
    s = extended.total(hi, t.hi)
    y = s.hi + (s.lo + (lo + tail))
    y = size.equals(float("inf")).choose(constant("pi_2", kind)[0], y)
    return signed((size < TINY[kind]).choose(size, y), x)


def near_zero(x: Number) -> tuple[Number, Pair]:
    """Whether |x| > ½, and `arcsin(r)` for r = |x| or, in that case, r = √((1 − |x|)/2)."""
    size = abs(x)
    large = size > 0.5
    square = large.choose(0.5 * (1.0 - size), size * size)
    r = extended.root(Pair(square, x.like(0.0)))
    r = Pair(large.choose(r.hi, size), large.choose(r.lo, 0.0))
    tail = (r.hi * square).fma(polynomial(square, POLYNOMIALS["arcsin"][x.kind]), r.lo)
    return large, extended.quick(r.hi, tail)


def arcsin(x: Number) -> Number:
    """The inverse sine."""
    large, a = near_zero(x)
    hi, lo = constant("pi_2", x.kind)
    s = extended.total(x.like(hi), -2.0 * a.hi)
    y = large.choose(s.hi + (s.lo + (-2.0 * a.lo + lo)), a.hi + a.lo)
    size = abs(x)
    y = (size > 1.0).choose(float("nan"), y)
    return signed((size < TINY[x.kind]).choose(size, y), x)


def arccos(x: Number) -> Number:
    """The inverse cosine."""
    large, a = near_zero(x)
    hi, lo = constant("pi_2", x.kind)
    negative = x < 0.0
    # 2a, π − 2a, π/2 − a or π/2 + a
    base = large.choose(negative.choose(x.like(2.0), 0.0), 1.0)
    turned = large.choose(negative.choose(x.like(-2.0), 2.0), negative.choose(x.like(1.0), -1.0))
    s = extended.total(base * hi, turned * a.hi)
    y = s.hi + (s.lo + turned.fma(a.lo, base * lo))
    return (abs(x) > 1.0).choose(float("nan"), y)
