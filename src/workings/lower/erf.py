"""The error function, from its Taylor series at the multiples of 1/8."""

from __future__ import annotations

from workings.lower import extended
from workings.lower.coefficients import STEEP, erf_pieces
from workings.lower.exponential import signed, whole
from workings.lower.scalar import Number

__all__ = ["erf"]

END = {"float32": 4.0, "float64": 6.0}  # erf is 1 from here on


def erf(x: Number) -> Number:
    """The error function `2/√π · ∫₀ˣ exp(−t²) dt`."""
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
