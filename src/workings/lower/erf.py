"""The error function: of float64 from its Taylor series at the multiples of 1/8, of float32 in two parts."""

from __future__ import annotations

from workings.lower import extended
from workings.lower.coefficients import POLYNOMIALS, STEEP, erf_pieces
from workings.lower.exponential import exp, polynomial, signed, whole
from workings.lower.scalar import Number

__all__ = ["erf"]

SEAM = 1.25  # where erf of float32 goes from one formula to the other
END = {"float32": 4.0, "float64": 6.0}  # erf is 1 from here on


def erf(x: Number) -> Number:
    """The error function `2/√π · ∫₀ˣ exp(−t²) dt`."""
    return _in_two_parts(x) if x.kind == "float32" else _in_pieces(x)


def _in_two_parts(x: Number) -> Number:
    """x + x·P(x²) up to the seam, and from there 1 − exp(−Q(x)): no table, which lanes would read one by one."""
    size = abs(x)
    square = size * size
    low = size.fma(polynomial(square, POLYNOMIALS["erf"][x.kind]), size)
    far = (size < END[x.kind]).choose(size, END[x.kind])
    high = 1.0 - exp(-polynomial(far, POLYNOMIALS["log_erfc"][x.kind]))
    y = (size < SEAM).choose(low, high)
    return signed(x.differs(x).choose(x, y), x)


def _in_pieces(x: Number) -> Number:
    size = abs(x)
    near = (size < END[x.kind]).choose(size, END[x.kind])  # of nan too, so that it has a place
    n, place = whole(8.0 * near)
    t = near - 0.125 * n
    hi, lo, *columns = (place.lookup(column, x.kind) for column in erf_pieces(x.kind))
    *columns, p = columns
    for column in reversed(columns):
        p = p.fma(t, column)
    s = extended.quick(hi, (n < float(STEEP)).choose(t, 0.0))
    y = s.hi + (s.lo + t.fma(p, lo))
    y = (size >= END[x.kind]).choose(1.0, y)
    return signed(x.differs(x).choose(x, y), x)
