"""arctan, arctan2, arcsin and arccos.

arctan brings its argument near one of 0, ½, 1, 1½ and ∞ by `arctan(x) = arctan(c) + arctan((x − c)/(1 + c·x))`, as
fdlibm's s_atan.c does; the quotient is a pair. arcsin and arccos go from near 1 to near 0 by
`arcsin(x) = π/2 − 2·arcsin(√((1 − x)/2))`.
"""

from __future__ import annotations

import decimal
import functools

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, constant, parts
from workings.lower.exponential import SIGN, TINY, polynomial, scaled, signed
from workings.lower.extended import Pair
from workings.lower.scalar import Number

__all__ = ["arccos", "arcsin", "arctan", "arctan2"]


@functools.cache
def arctan_at(place: int, kind: str) -> tuple[float, float]:
    """arctan(place/2) as a sum of two floats, for places 0 to 3: by the series of Euler, of positive terms."""
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


def ratio(above: Number, below: Number) -> Pair:
    """`arctan(above / below)` for numbers that are not negative, of which one is near 1 and neither is large."""
    kind = above.kind
    zero = above.like(0.0)
    center, hi, lo = zero, zero, zero
    for place, start in ((1, 7 / 16), (2, 11 / 16), (3, 19 / 16)):
        past = above >= start * below
        center = past.choose(place / 2, center)
        hi, lo = (past.choose(value, old) for value, old in zip(arctan_at(place, kind), (hi, lo), strict=True))
    far = above >= 39 / 16 * below
    hi, lo = (far.choose(value, old) for value, old in zip(constant("pi_2", kind), (hi, lo), strict=True))
    out, back = extended.product(below, -center), extended.product(above, center)
    top, bottom = extended.total(above, out.hi), extended.total(below, back.hi)
    top = Pair(far.choose(-below, top.hi), far.choose(0.0, top.lo + out.lo))
    bottom = Pair(far.choose(above, bottom.hi), far.choose(0.0, bottom.lo + back.lo))
    t = extended.divide(top, bottom)
    z = t.hi * t.hi
    tail = (t.hi * z).fma(polynomial(z, POLYNOMIALS["arctan"][kind]), t.lo)
    s = extended.total(hi, t.hi)
    return extended.quick(s.hi, s.lo + (lo + tail))


def arctan(x: Number) -> Number:
    """The inverse tangent."""
    size = abs(x)
    end = 2.0**70
    a = ratio((size > end).choose(end, size), x.like(1.0))
    return signed((size < TINY[x.kind]).choose(size, a.hi + a.lo), x)


def arctan2(y: Number, x: Number) -> Number:
    """The angle of the point (x, y): `arctan(|y|/|x|)`, or π less it where x has a sign, with the sign of y."""
    kind = y.kind
    above, below = abs(y).convert("float64"), abs(x).convert("float64")
    infinity = float("inf")
    # Where one is infinite the other is nothing, and two that are infinite, or 0, are 1 and 1, or 0 and 1.
    wide = above.equals(infinity) | below.equals(infinity)
    above, below = (
        wide.choose(v.equals(infinity).choose(v.like(1.0), v.differs(v).choose(v, 0.0)), v) for v in (above, below)
    )
    below = (above.equals(0.0) & below.equals(0.0)).choose(1.0, below)
    size = (above > below).choose(above, below)
    k = 1023 - (size.bits() >> 52)
    near, far = scaled(above, k), scaled(below, k)
    tiny = near < far * 2.0**-60
    a = ratio(near, far)
    direct = above / below
    a = Pair(tiny.choose(direct, a.hi), tiny.choose(0.0, a.lo))
    hi, lo = constant("pi_2", "float64")
    s = extended.quick(above.like(2.0 * hi), -a.hi)
    behind = (x.bits() & SIGN[kind]).differs(0)
    angle = behind.choose(s.hi + (s.lo + (2.0 * lo - a.lo)), a.hi + a.lo)
    angle = (x.differs(x) | y.differs(y)).choose(float("nan"), angle)
    return signed(angle.convert(kind), y)


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
