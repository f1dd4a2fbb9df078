"""Smooth functions, element by element: the page of a calculus book.

Source of the derivatives: Abramowitz and Stegun, Handbook of Mathematical Functions, chapters 4 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError
from workings.graph import Node, Op, call, constant, register
from workings.graph.op import Interval, Shape
from workings.ops.infer import elementwise, label
from workings.ops.lacking import erf


def _smooth(
    name: str, doc: str, partial: Callable[[Node, Node], Any], domain: Interval, maths: str | None = None
) -> None:
    ufunc = getattr(np, name)
    register(Op(name, doc, elementwise(ufunc), ufunc, partials=(partial,), maths=maths, domain=(domain,)))


def sin(x: Node) -> Node:
    return call("sin", x)


def cos(x: Node) -> Node:
    return call("cos", x)


def sqrt(x: Node) -> Node:
    return call("sqrt", x)


# ── exponentials and logarithms ─────────────────────────────────────────────────────────────────────────────
_smooth("exp", "e to the power x", lambda x, y: y, (-3, 3), "exp")
_smooth("exp2", "2 to the power x", lambda x, y: math.log(2) * y, (-3, 3), "exp2")
_smooth("expm1", "exp(x) − 1, exact for small x", lambda x, y: y + 1, (-3, 3))
_smooth("log", "the natural logarithm of x", lambda x, y: 1 / x, (0.1, 4))
_smooth("log2", "the logarithm of x to base 2", lambda x, y: 1 / (math.log(2) * x), (0.1, 4))
_smooth("log10", "the logarithm of x to base 10", lambda x, y: 1 / (math.log(10) * x), (0.1, 4))
_smooth("log1p", "log(1 + x), exact for small x", lambda x, y: 1 / (1 + x), (-0.9, 3))

# ── circular and hyperbolic ─────────────────────────────────────────────────────────────────────────────────
_smooth("sin", "the sine of x (radians)", lambda x, y: cos(x), (-3, 3))
_smooth("cos", "the cosine of x (radians)", lambda x, y: -sin(x), (-3, 3))
_smooth("tan", "the tangent of x (radians)", lambda x, y: 1 + y**2, (-1.2, 1.2))
_smooth("arcsin", "the angle whose sine is x", lambda x, y: 1 / sqrt(1 - x**2), (-0.9, 0.9))
_smooth("arccos", "the angle whose cosine is x", lambda x, y: -1 / sqrt(1 - x**2), (-0.9, 0.9))
_smooth("arctan", "the angle whose tangent is x", lambda x, y: 1 / (1 + x**2), (-3, 3))
_smooth("sinh", "the hyperbolic sine of x", lambda x, y: call("cosh", x), (-3, 3))
_smooth("cosh", "the hyperbolic cosine of x", lambda x, y: call("sinh", x), (-3, 3))
_smooth("tanh", "the hyperbolic tangent of x", lambda x, y: 1 - y**2, (-3, 3))
_smooth("arcsinh", "the x' whose hyperbolic sine is x", lambda x, y: 1 / sqrt(1 + x**2), (-3, 3))
_smooth("arccosh", "the x' ≥ 0 whose hyperbolic cosine is x", lambda x, y: 1 / sqrt(x**2 - 1), (1.1, 4))
_smooth("arctanh", "the x' whose hyperbolic tangent is x", lambda x, y: 1 / (1 - x**2), (-0.9, 0.9))


def _share(x: Node, y: Node, z: Node) -> Node:
    """exp(x − z), the part of x in z = logaddexp(x, y), with its limit where z is infinite and x − z is nan.

    Of two infinities of one sign each has half.
    """
    if y.is_constant and np.all(np.isfinite(y.value)):
        # beside a finite y, z is infinite only where it is x
        return call("exp", call("where", call("equal", x, z), 0, x - z))
    half, whole, nothing = (constant(n, z.dtype) for n in (-math.log(2), 0, -math.inf))
    tie = call("where", call("equal", x, y), half, call("where", x > y, whole, nothing))
    return call("exp", call("where", call("isinf", z), tie, x - z))


# ── of two values ───────────────────────────────────────────────────────────────────────────────────────────
register(
    Op(
        "arctan2",
        "the angle of the point (y, x) seen from the origin",
        elementwise(np.arctan2),
        np.arctan2,
        partials=(lambda y, x, z: x / (x**2 + y**2), lambda y, x, z: -y / (x**2 + y**2)),
        domain=((-3, 3), (0.5, 3)),
    )
)
register(
    Op(
        "hypot",
        "the length of the hypotenuse, sqrt(x² + y²)",
        elementwise(np.hypot),
        np.hypot,
        partials=(lambda x, y, z: x / z, lambda x, y, z: y / z),
        domain=((0.5, 3), (0.5, 3)),
    )
)
register(
    Op(
        "logaddexp",
        "log(exp(x) + exp(y)), without overflow",
        elementwise(np.logaddexp),
        np.logaddexp,
        partials=(lambda x, y, z: _share(x, y, z), lambda x, y, z: _share(y, x, z)),
        domain=((-3, 3), (-3, 3)),
    )
)


# ── what NumPy lacks ────────────────────────────────────────────────────────────────────────────────────────
def _floating(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    (x,) = inputs
    if x.dtype.kind != "f":
        raise DtypeError(f"erf: {label(x)} is {x.dtype.name}", fix="convert it with .astype(float) first")
    return x.shape, x.dtype


register(
    Op(
        "erf",
        "the error function, 2/√π · ∫₀ˣ exp(−t²) dt",
        _floating,
        erf,
        partials=(lambda x, y: 2 / math.sqrt(math.pi) * call("exp", -(x**2)),),
        rule="the derivative of erf(x) is the bell curve 2/√π · exp(−x²)",
        spellings={"python": "erf({0})"},
        domain=((-2, 2),),
    )
)
