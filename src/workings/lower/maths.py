"""The functions of mathematics as expansions: written in the operations of one scalar, the same bits on every target.

Each is free of branches and made of `Number` (`workings.lower.scalar`), so that a loop of it vectorizes. It takes ±0,
inf, nan, subnormals and arguments outside its domain as NumPy does, and its result is within `ulps` units in the last
place of the exact one, for every argument; subnormal results too, whose unit is the smallest number. Odd functions are
odd and even ones even to the bit. Neighbors may fall by a unit where a function rises; nothing more is promised there.

The builder's fused multiply-add is the only place where a product is not rounded. float32 is computed in float32, but
for the circular functions, arctan2, hypot and power, which go through float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from workings.lower import arc, circular, exponential, extended, logarithm
from workings.lower.erf import erf
from workings.lower.scalar import Number

__all__ = ["EXPANSIONS", "Expansion"]


def hypot(x: Number, y: Number) -> Number:
    """`√(x² + y²)`: in float64 for float32, else with pairs, and brought by a power of two near to 1 where need be."""
    a, b = abs(x).convert("float64"), abs(y).convert("float64")
    large, small = (a > b).choose(a, b), (a > b).choose(b, a)
    infinity = float("inf")
    if x.kind == "float32":
        size = (a * a + b * b).sqrt()
    else:
        high, low = large > 2.0**500, large < 2.0**-400
        scale = high.choose(a.like(2.0**-600), low.choose(a.like(2.0**600), 1.0))
        back = high.choose(a.like(2.0**600), low.choose(a.like(2.0**-600), 1.0))
        large, small = large * scale, small * scale
        square = extended.plus(extended.product(large, large), extended.product(small, small))
        root = extended.root(square)
        size = (root.hi + root.lo) * back
    size = (x.differs(x) | y.differs(y)).choose(float("nan"), size)
    return (a.equals(infinity) | b.equals(infinity)).choose(infinity, size).convert(x.kind)


class Expansion(NamedTuple):
    """The function that writes it, and its bounds in units in the last place by kind of float."""

    write: Callable[..., Number]
    ulps: Mapping[str, float]


def bounded(write: Callable[..., Number], float32: float, float64: float) -> Expansion:
    return Expansion(write, {"float32": float32, "float64": float64})


EXPANSIONS: dict[str, Expansion] = {
    "exp": bounded(exponential.exp, 1.0, 1.0),
    "exp2": bounded(exponential.exp2, 1.0, 1.0),
    "expm1": bounded(exponential.expm1, 1.0, 1.0),
    "tanh": bounded(exponential.tanh, 1.1, 1.0),
    "sinh": bounded(exponential.sinh, 1.0, 1.0),
    "cosh": bounded(exponential.cosh, 1.0, 1.0),
    "log": bounded(logarithm.log, 1.0, 1.0),
    "log1p": bounded(logarithm.log1p, 1.0, 1.0),
    "log2": bounded(logarithm.log2, 1.0, 1.0),
    "log10": bounded(logarithm.log10, 1.0, 1.0),
    "power": bounded(logarithm.power, 1.0, 1.0),
    "sin": bounded(circular.sin, 1.0, 1.0),
    "cos": bounded(circular.cos, 1.0, 1.0),
    "tan": bounded(circular.tan, 1.0, 1.0),
    "arctan": bounded(arc.arctan, 1.0, 1.0),
    "arcsin": bounded(arc.arcsin, 1.0, 1.0),
    "arccos": bounded(arc.arccos, 1.0, 1.0),
    "arctan2": bounded(arc.arctan2, 1.0, 1.0),
    "arcsinh": bounded(logarithm.arcsinh, 1.0, 1.0),
    "arccosh": bounded(logarithm.arccosh, 1.0, 1.0),
    "arctanh": bounded(logarithm.arctanh, 1.0, 1.0),
    "hypot": bounded(hypot, 1.0, 1.0),
    "erf": bounded(erf, 2.0, 1.0),
}
"""The expansions by the names of NumPy's functions; erf is `workings.functions.erf`."""
