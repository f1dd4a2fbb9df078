"""sin, cos and tan, for arguments of any size by one path.

The number of quarter turns is x·2/π. Only its part below 4 matters, so of 2/π only bits within some hundred places
beyond the exponent of x count (M. H. Payne and R. N. Hanek, Radian reduction for trigonometric functions, 1983). They
are looked up, for every 16 exponents, as a sum of floats; products with fused multiply-add are exact, and multiples of
4 are taken off at each. What is left is accurate to 2⁻⁶⁰ of itself, also for the float64 that comes closest to a
multiple of π/2. For float32 it is done in float64, with two of the floats in place of four.
"""

from __future__ import annotations

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, constant, two_over_pi
from workings.lower.exponential import SIGN, TINY, polynomial, power_of_two
from workings.lower.extended import Pair
from workings.lower.scalar import Number

__all__ = ["cos", "sin", "tan"]

PLACES = {"float32": 8, "float64": 64}


def below_four(x: Number) -> Number:
    """x without the nearest multiple of 4."""
    return (-4.0 * x.like(1.0)).fma((0.25 * x).round(), x)


def quarters(x: Number, narrow: str) -> tuple[Number, Pair]:
    """The number of quarter turns modulo 4, as the last bits of an integer, and the angle left, at most about π/4.

    x is a finite float64 that is not negative, of a value of the kind `narrow`.
    """
    exponent = (x.bits() >> 52) - 1023
    last = 16 * PLACES[narrow] - 1
    exponent = (exponent < 0).choose(exponent.like(0), exponent)
    exponent = (exponent > last).choose(exponent.like(last), exponent)  # inf and nan
    place = exponent >> 4
    near = x * power_of_two(place.like(0) - (place << 4), "float64")
    columns = zip(*(two_over_pi(p, narrow) for p in range(PLACES[narrow])), strict=True)
    products = [extended.product(near, place.lookup(column, "float64")) for column in columns]
    s = extended.total(below_four(products[0].hi), below_four(products[0].lo))
    lost = [s.lo]
    if narrow == "float64":
        s = extended.total(s.hi, below_four(products[1].hi))
        lost.append(s.lo)
    n = s.hi.round()
    rest = s.hi - n
    small = products[1].lo + products[1].hi if narrow == "float32" else products[2].lo + products[3].hi
    terms = lost if narrow == "float32" else [products[1].lo, products[2].hi, *lost]
    for term in terms:
        step = extended.total(rest, term)
        rest, small = step.hi, small + step.lo
    turn = extended.quick(rest, small)
    hi, lo = constant("pi_2", "float64")
    angle = extended.multiply(turn, Pair(x.like(hi), x.like(lo)))
    inside = x < 0.7853981633974483
    magic = 1.5 * 2.0**52
    n = inside.choose(0.0, n)
    return (n + magic).bits(), Pair(inside.choose(x, angle.hi), inside.choose(0.0, angle.lo))


def sine(r: Pair, narrow: str) -> Pair:
    """sin(r), as in fdlibm's k_sin.c."""
    z = r.hi * r.hi
    p = polynomial(z, POLYNOMIALS["sin"][narrow])
    return Pair(r.hi, (z * r.hi).fma(p, r.lo * (1.0 - 0.5 * z)))


def cosine(r: Pair, narrow: str) -> Pair:
    """cos(r), as in fdlibm's k_cos.c."""
    square = extended.product(r.hi, r.hi)
    z = square.hi
    s = extended.quick(z.like(1.0), -0.5 * z)
    rest = (z * z).fma(polynomial(z, POLYNOMIALS["cos"][narrow]), -(0.5 * square.lo + r.hi * r.lo))
    return Pair(s.hi, s.lo + rest)


def wave(x: Number, ahead: int) -> Number:
    """sin(x + ahead·π/2) for |x|, without the sign that an odd function has; nan for inf."""
    kind = x.kind
    size = abs(x).convert("float64")
    n, r = quarters(size, kind)
    n = n + ahead
    s, c = sine(r, kind), cosine(r, kind)
    y = (n & 1).equals(0).choose(s.hi + s.lo, c.hi + c.lo)
    y = (y.bits() + ((n & 2) << 62)).bits()
    return (size < float("inf")).choose(y, float("nan")).convert(kind)


def mirrored(y: Number, x: Number) -> Number:
    """y with its sign turned where x has one."""
    return (y.bits() + (x.bits() & SIGN[x.kind])).bits()


def sin(x: Number) -> Number:
    """The sine of an angle in radians."""
    return mirrored(wave(x, 0), x)


def cos(x: Number) -> Number:
    """The cosine of an angle in radians."""
    return wave(x, 1)


def tan(x: Number) -> Number:
    """The tangent of an angle in radians: sine over cosine, both as pairs."""
    kind = x.kind
    size = abs(x).convert("float64")
    n, r = quarters(size, kind)
    s, c = extended.quick(*sine(r, kind)), extended.quick(*cosine(r, kind))
    even = (n & 1).equals(0)
    above = Pair(even.choose(s.hi, -c.hi), even.choose(s.lo, -c.lo))
    under = Pair(even.choose(c.hi, s.hi), even.choose(c.lo, s.lo))
    q = extended.divide(above, under)
    y = (size < TINY["float64"]).choose(size, q.hi + q.lo)
    return mirrored((size < float("inf")).choose(y, float("nan")).convert(kind), x)
