"""Arithmetic, comparison and logic, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.graph import Node, Op, call, register
from workings.ops.infer import elementwise

# ── sums and products ───────────────────────────────────────────────────────────────────────────────────────

register(
    Op(
        "add",
        "x + y",
        elementwise(np.add),
        np.add,
        partials=(1, 1),
        rule="a sum grows exactly as each of its terms does",
        maths="add",
        spellings={"python": "{0} + {1}"},
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "subtract",
        "x − y",
        elementwise(np.subtract),
        np.subtract,
        partials=(1, -1),
        rule="a difference grows as its first term does, and shrinks as its second grows",
        maths="subtract",
        spellings={"python": "{0} - {1}"},
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "multiply",
        "x · y",
        elementwise(np.multiply),
        np.multiply,
        partials=(lambda x, y, z: y, lambda x, y, z: x),
        rule="the derivative of a product with respect to one factor is the other factor",
        maths="multiply",
        spellings={"python": "{0} * {1}"},
        domain=((-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "divide",
        "x / y",
        elementwise(np.divide),
        np.divide,
        partials=(lambda x, y, z: 1 / y, lambda x, y, z: -z / y),
        rule="the derivative of x / y is 1/y with respect to x, and −(x/y)/y with respect to y",
        maths="divide",
        spellings={"python": "{0} / {1}"},
        domain=((-3, 3), (0.5, 3)),
    )
)
register(
    Op(
        "negative",
        "−x",
        elementwise(np.negative),
        np.negative,
        partials=(-1,),
        rule="turning the sign turns the sign of the slope",
        maths="negative",
        spellings={"python": "-{0}"},
        domain=((-3, 3),),
    )
)
register(
    Op(
        "absolute",
        "|x|, the distance of x from 0; at 0 the derivative is 0",
        elementwise(np.absolute),
        np.absolute,
        partials=(lambda x, y: call("sign", x),),
        rule="the distance from 0 grows as x does right of 0, and shrinks left of it",
        maths="absolute",
        domain=((0.1, 3),),
    )
)
register(
    Op(
        "reciprocal",
        "1 / x",
        elementwise(np.reciprocal),
        np.reciprocal,
        partials=(lambda x, y: -(y**2),),
        maths="reciprocal",
        domain=((0.5, 3),),
    )
)

# ── powers ──────────────────────────────────────────────────────────────────────────────────────────────────

register(
    Op(
        "square",
        "x²",
        elementwise(np.square),
        np.square,
        partials=(lambda x, y: 2 * x,),
        maths="square",
        domain=((-3, 3),),
    )
)


def _power_by_base(x: Node, y: Node, z: Node) -> Any:
    if y.is_constant and y.shape == ():
        n = y.attributes["value"]
        # written out for small n: 0 · x⁻¹ would be nan at x = 0
        return 0 if n == 0 else 1 if n == 1 else n * x if n == 2 else n * x ** (n - 1)
    # where the exponent is 0 the power is constant, also at x = 0, where 0 · 0⁻¹ would be nan
    both = call("logical_and", call("equal", x, 0), call("equal", y, 0))
    return y * call("where", both, 1, x) ** (y - 1)


def _power_by_exponent(x: Node, y: Node, z: Node) -> Any:
    # 0 to any positive power stays 0, so its slope is 0, not 0 · log 0
    base = x if x.dtype == z.dtype else call("astype", x, dtype=z.dtype)
    return z * call("log", call("where", call("equal", base, 0), 1, base))


register(
    Op(
        "power",
        "x to the power y",
        elementwise(np.power),
        np.power,
        partials=(_power_by_base, _power_by_exponent),
        rule="the derivative of xⁿ is n·xⁿ⁻¹ with respect to x, and xⁿ·log x with respect to n",
        maths="power",
        domain=((0.5, 3), (-2, 3)),
    )
)
register(
    Op(
        "sqrt",
        "the square root of x",
        elementwise(np.sqrt),
        np.sqrt,
        partials=(lambda x, y: 1 / (2 * y),),
        maths="sqrt",
        domain=((0.1, 4),),
    )
)

# ── remainders and roundings: flat wherever they have a slope ────────────────────────────────────────────────

register(
    Op(
        "floor_divide",
        "x / y rounded down",
        elementwise(np.floor_divide),
        np.floor_divide,
        partials=(0, 0),
        spellings={"python": "{0} // {1}"},
        domain=((-3, 3), (0.5, 3)),
    )
)
register(
    Op(
        "remainder",
        "what is left of x after whole steps of y; the sign is y's",
        elementwise(np.remainder),
        np.remainder,
        partials=(1, lambda x, y, z: -call("floor_divide", x, y)),
        rule="within one step the remainder grows as x does",
        spellings={"python": "{0} % {1}"},
        domain=((5.2, 5.6), (1.95, 2.4)),
    )
)
for _name, _doc in (
    ("sign", "−1, 0 or 1, as x is negative, zero or positive"),
    ("floor", "x rounded down"),
    ("ceil", "x rounded up"),
    ("rint", "x rounded to the nearest whole number, halves to even"),
    ("trunc", "x rounded towards 0"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=(0,),
            rule="it is flat wherever it has a slope, so its derivative is 0 (also at the jumps)",
            maths=_name if _name in ("floor", "ceil") else None,
            domain=((0.1, 0.9),),
        )
    )

# ── comparison and logic: no derivative ─────────────────────────────────────────────────────────────────────

for _name, _sign, _doc in (
    ("less", "<", "x < y"),
    ("less_equal", "<=", "x ≤ y"),
    ("greater", ">", "x > y"),
    ("greater_equal", ">=", "x ≥ y"),
    ("equal", "==", "x = y"),
    ("not_equal", "!=", "x ≠ y"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=(0, 0),
            rule="a comparison is flat wherever it has a slope",
            maths=_name,
            spellings={"python": f"{{0}} {_sign} {{1}}"},
            domain=((-3, 3), (-3, 3)),
        )
    )
for _name, _doc in (
    ("logical_and", "whether both are true"),
    ("logical_or", "whether one or both are true"),
    ("logical_xor", "whether just one is true"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=(0, 0),
            maths=_name,
            domain=((-1, 1), (-1, 1)),
        )
    )
register(
    Op(
        "logical_not",
        "whether it is false",
        elementwise(np.logical_not),
        np.logical_not,
        partials=(0,),
        maths="logical_not",
        domain=((-1, 1),),
    )
)
for _name, _doc in (
    ("isfinite", "whether x is neither inf nor nan"),
    ("isnan", "whether x is nan"),
    ("isinf", "whether x is inf or −inf"),
):
    register(Op(_name, _doc, elementwise(getattr(np, _name)), getattr(np, _name), partials=(0,), domain=((-3, 3),)))
