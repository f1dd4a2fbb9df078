"""log and what is made of it: log1p, log2, log10, power, and the inverse hyperbolic functions.

The argument is taken apart, `x = 2ᵏ·m` with √½ ≤ m < √2, and with `f = m − 1` and `s = f/(2 + f)` the logarithm of m is
`2s + s³·P(s²)` (as in FreeBSD's and fdlibm's e_log.c), where s is kept as a pair.
"""

from __future__ import annotations

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, constant, parts
from workings.lower.exponential import (
    BIAS,
    MANTISSA,
    SIGN,
    TINY,
    exp_of_pair,
    polynomial,
    power_of_two,
    signed,
)
from workings.lower.extended import Pair
from workings.lower.scalar import Number

__all__ = ["arccosh", "arcsinh", "arctanh", "log", "log1p", "log2", "log10", "power"]

ROOT_HALF = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}  # the bits of √½
SMALLEST = {"float32": 2.0**-126, "float64": 2.0**-1022}
THIRDS = {kind: parts(2 * 2**200 // 3, -200, kind, 2) for kind in ("float32", "float64")}  # 2/3

HUGE = {"float32": 2.0**14, "float64": 2.0**30}  # squares are no longer wanted


def as_float(k: Number, kind: str) -> Number:
    """A small integer that is not negative as a float, by its place among the bits of a large one."""
    large = 2.0 ** MANTISSA[kind]
    return (k | k.constant(large, kind).bits()).bits() - large


def split(x: Number) -> tuple[Number, Number, Number]:
    """The float n, the integer n and m, where `x = 2**n · m` and √½ ≤ m < √2, for positive finite x."""
    mantissa, bias, root = MANTISSA[x.kind], BIAS[x.kind], ROOT_HALF[x.kind]
    small = x < SMALLEST[x.kind]
    large = 2 * mantissa
    normal = small.choose(x * 2.0**large, x)
    moved = normal.bits() + ((bias << mantissa) - root)
    m = ((moved & ((1 << mantissa) - 1)) + root).bits()
    k = moved >> mantissa
    base = small.choose(k.like(bias + large), k.like(bias))
    return as_float(k, x.kind) - small.choose(x.like(float(bias + large)), float(bias)), k - base, m


def of_mantissa(m: Number, rest: Number | None, *, long: bool = False) -> Pair:
    """`log(m + rest)` for √½ ≤ m < √2, within 2⁻⁵ units in the last place of hi, or if `long` within 2⁻¹¹."""
    kind = m.kind
    f = Pair(m - 1.0, m.like(0.0)) if rest is None else extended.total(m - 1.0, rest)
    below = extended.total(m.like(2.0), f.hi)
    s = extended.divide(f, Pair(below.hi, below.lo + f.lo if rest is not None else below.lo))
    z = s.hi * s.hi
    if not long:
        tail = (s.hi * z).fma(polynomial(z, POLYNOMIALS["log"][kind]), 2.0 * s.lo)
        return extended.quick(2.0 * s.hi, tail)
    square = extended.multiply(s, s)
    cube = extended.multiply(square, s)
    third, lo = THIRDS[kind]
    p = extended.multiply(cube, Pair(m.like(third), m.like(lo)))
    tail = cube.hi * square.hi * polynomial(square.hi, POLYNOMIALS["log_rest"][kind])
    return extended.plus(s.scaled(2.0), extended.quick(p.hi, p.lo + tail))


def times(n: Number, name: str, factor: Pair | None = None) -> Pair:
    """A constant times n, or times a pair."""
    hi, lo = constant(name, n.kind)
    by = Pair(n.like(hi), n.like(lo))
    if factor is not None:
        return extended.multiply(factor, by)
    p = extended.product(n, by.hi)
    return Pair(p.hi, n.fma(by.lo, p.lo))


def logarithm(hi: Number, lo: Number) -> Pair:
    """`log(hi + lo)` for positive finite hi."""
    n, k, m = split(hi)
    far = n > 70.0  # then lo is too small to show, and 2**-k may be too
    scale = power_of_two(far.choose(k.like(0), k.like(0) - k), hi.kind)
    return extended.plus(times(n, "ln2"), of_mantissa(m, far.choose(0.0, lo * scale)))


def finished(x: Number, y: Number) -> Number:
    """`y` as the logarithm of x, with what is beyond the range put in."""
    infinity = float("inf")
    y = (x < infinity).choose(y, x)
    y = x.equals(0.0).choose(-infinity, y)
    return (x < 0.0).choose(float("nan"), y)


def log(x: Number) -> Number:
    """The natural logarithm."""
    n, _, m = split(x)
    a, b = times(n, "ln2"), of_mantissa(m, None)
    s = extended.total(a.hi, b.hi)
    return finished(x, s.hi + (s.lo + (a.lo + b.lo)))


def log2(x: Number) -> Number:
    """The logarithm to base 2."""
    n, _, m = split(x)
    b = times(n, "log2e", of_mantissa(m, None))
    s = extended.total(n, b.hi)
    return finished(x, s.hi + (s.lo + b.lo))


def log10(x: Number) -> Number:
    """The logarithm to base 10."""
    n, _, m = split(x)
    a, b = times(n, "log10_2"), times(n, "log10e", of_mantissa(m, None))
    s = extended.total(a.hi, b.hi)
    return finished(x, s.hi + (s.lo + (a.lo + b.lo)))


def log1p(x: Number) -> Number:
    """The natural logarithm of 1 + x."""
    u = extended.total(x.like(1.0), x)
    y = logarithm(u.hi, u.lo)
    y = (abs(x) < TINY[x.kind]).choose(x, y.hi + y.lo)
    return finished_shifted(x, y)


def finished_shifted(x: Number, y: Number) -> Number:
    """`y` as the logarithm of 1 + x, with what is beyond the range put in."""
    infinity = float("inf")
    y = (x < infinity).choose(y, x)
    y = x.equals(-1.0).choose(-infinity, y)
    return (x < -1.0).choose(float("nan"), y)


def arcsinh(x: Number) -> Number:
    """The inverse hyperbolic sine: `log(1 + a + a²/(1 + √(1 + a²)))` with `a = |x|`."""
    size = abs(x)
    huge = size > HUGE[x.kind]
    a = huge.choose(1.0, size)
    square = extended.product(a, a)
    one = Pair(x.like(1.0), x.like(0.0))
    r = extended.root(extended.plus(one, square))
    w = extended.plus(extended.divide(square, extended.plus(one, r)), Pair(a, x.like(0.0)))
    u = extended.plus(one, w)
    # For large a the argument is 2·a + 1/(2·a), and the logarithm of 2 is added.
    hi, lo = huge.choose(size, u.hi), huge.choose(0.25 / size / size * size, u.lo)
    y = logarithm(hi, lo)
    two = times(huge.choose(x.like(1.0), 0.0), "ln2")
    y = extended.plus(y, two)
    y = (size < float("inf")).choose(y.hi + y.lo, size)
    return signed((size < TINY[x.kind]).choose(size, y), x)


def arccosh(x: Number) -> Number:
    """The inverse hyperbolic cosine: `log(1 + t + √(2t + t²))` with `t = x − 1`."""
    huge = x > HUGE[x.kind]
    a = huge.choose(1.0, x)
    one = Pair(x.like(1.0), x.like(0.0))
    t = extended.total(a, x.like(-1.0))
    r = extended.root(extended.multiply(t, extended.plus(t, one.scaled(2.0))))
    u = extended.plus(one, extended.plus(t, r))
    hi, lo = huge.choose(x, u.hi), huge.choose(-0.25 / x / x * x, u.lo)
    y = extended.plus(logarithm(hi, lo), times(huge.choose(x.like(1.0), 0.0), "ln2"))
    y = (x < float("inf")).choose(y.hi + y.lo, x)
    return (x < 1.0).choose(float("nan"), y)


def arctanh(x: Number) -> Number:
    """The inverse hyperbolic tangent: `log((1 + a)/(1 − a))/2` with `a = |x|`."""
    size = abs(x)
    zero = x.like(0.0)
    below = extended.total(x.like(1.0), -size)
    f = extended.divide(Pair(2.0 * size, zero), below)
    u = extended.plus(Pair(x.like(1.0), zero), f)
    y = logarithm(u.hi, u.lo)
    y = 0.5 * (y.hi + y.lo)
    y = size.equals(1.0).choose(float("inf"), y)
    y = (size <= 1.0).choose(y, float("nan"))
    return signed((size < TINY[x.kind]).choose(size, y), x)


def power(x: Number, y: Number) -> Number:
    """`x ** y`: `exp(y · log(x))`, in float64 for float32 and else with pairs."""
    kind = x.kind
    base, exponent = abs(x).convert("float64"), y.convert("float64")
    n, _, m = split(base)
    # A wide logarithm is far more precise than the narrow result needs.
    b = of_mantissa(m, None, long=kind == "float64")
    b = extended.plus(times(n, "ln2"), b)
    product = extended.product(exponent, b.hi)
    lo = exponent.fma(b.lo, product.lo)
    infinity = float("inf")
    size = exp_of_pair(product.hi, (abs(product.hi) < 800.0).choose(lo, 0.0))
    rises = exponent > 0.0
    size = base.equals(0.0).choose(rises.choose(base.like(0.0), infinity), size)
    size = base.equals(infinity).choose(rises.choose(base.like(infinity), 0.0), size)
    outward = ((base > 1.0) & rises) | ((base < 1.0) & (exponent < 0.0))
    size = abs(exponent).equals(infinity).choose(outward.choose(base.like(infinity), 0.0), size)
    size = (abs(exponent).equals(infinity) & base.equals(1.0)).choose(1.0, size).convert(kind)
    # The sign, for a negative base: whole exponents only, and the odd ones keep it.
    is_whole = y.round().equals(y)
    half = 0.5 * y
    odd = is_whole & half.round().differs(half) & (abs(y) < infinity)
    negative = odd.choose((size.bits() | (x.bits() & SIGN[kind])).bits(), size)
    bad = (x < 0.0) & (x > -infinity) & y.round().differs(y)
    result = bad.choose(float("nan"), negative)
    result = (x.differs(x) | y.differs(y)).choose(float("nan"), result)
    return (x.equals(1.0) | y.equals(0.0)).choose(1.0, result)
