"""Sums of two floats that are not rounded together: about twice the digits.

After T. J. Dekker, A floating-point technique for extending the available precision (1971), and D. E. Knuth, The Art of
Computer Programming, volume 2, section 4.2.2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from workings.lower.scalar import Number

__all__ = ["Pair", "divide", "multiply", "plus", "product", "quick", "root", "total"]


class Pair(NamedTuple):
    """The number `hi + lo`, where `lo` is at most half a unit in the last place of `hi` or little more."""

    hi: Number
    lo: Number

    def scaled(self, factor: Any) -> Pair:
        """Both parts times a power of two."""
        return Pair(self.hi * factor, self.lo * factor)


def total(a: Number, b: Number) -> Pair:
    """`a + b` exactly."""
    s = a + b
    t = s - a
    return Pair(s, (a - (s - t)) + (b - t))


def quick(a: Number, b: Number) -> Pair:
    """`a + b` exactly, where a is the larger in magnitude or 0."""
    s = a + b
    return Pair(s, b - (s - a))


def product(a: Number, b: Number) -> Pair:
    """`a · b` exactly."""
    p = a * b
    return Pair(p, a.fma(b, -p))


def plus(a: Pair, b: Pair) -> Pair:
    """`a + b`."""
    s = total(a.hi, b.hi)
    t = total(a.lo, b.lo)
    s = quick(s.hi, s.lo + t.hi)
    return quick(s.hi, s.lo + t.lo)


def multiply(a: Pair, b: Pair) -> Pair:
    """`a · b`."""
    p = product(a.hi, b.hi)
    return quick(p.hi, a.hi.fma(b.lo, a.lo.fma(b.hi, p.lo)))


def divide(a: Pair, b: Pair) -> Pair:
    """`a / b`, with one division."""
    inverse = 1.0 / b.hi
    q = a.hi * inverse
    rest = (-q).fma(b.lo, (-q).fma(b.hi, a.hi) + a.lo)
    return quick(q, rest * inverse)


def root(a: Pair) -> Pair:
    """The square root; 0 gives 0."""
    s = a.hi.sqrt()
    rest = (-s).fma(s, a.hi) + a.lo
    return quick(s, s.equals(0.0).choose(0.0, rest / (s + s)))
