"""What an elementwise op does with single numbers, in instructions of one dtype each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workings.graph import Node
from workings.lower import remainder, whole
from workings.lower.build import BOOL, COMPARISONS, INT64, Number, constant, convert, like, made, select, steps_to

__all__ = ["BOOL", "DTYPES", "INT64", "MATHS", "constant", "convert", "elementwise", "has"]

DTYPES = frozenset(map(np.dtype, ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]))

# Functions that are approximated. They stay instructions here; who writes the loops says how each is computed.
_OF_ONE = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "erf"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan"),
    *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
)
MATHS = frozenset({*_OF_ONE, "arctan2", "hypot", "power"})

Rule = Callable[..., Number]


def _is_nan(x: Number) -> Number:
    return made("not_equal", x, x) if x.dtype.kind == "f" else constant(False, BOOL)


def maximum(x: Number, y: Number) -> Number:
    """The larger one, nan if one is nan; of two equal ones the second, as NumPy has it (they may be 0 and −0)."""
    return _larger("greater", x, y)


def minimum(x: Number, y: Number) -> Number:
    return _larger("less", x, y)


def _larger(comparison: str, x: Number, y: Number) -> Number:
    if x.dtype == BOOL:
        return made("or" if comparison == "greater" else "and", x, y)
    wins = made(comparison, x, y)
    if x.dtype.kind == "f":
        wins = made("or", wins, _is_nan(x))
    return select(wins, x, y)


def _clip(x: Number, low: Number, high: Number) -> Number:
    # at a tie x stays, which tells 0 from −0; a bound that is nan gives nan
    for comparison, bound in (("less", low), ("greater", high)):
        outside = made(comparison, x, bound)
        if x.dtype.kind == "f":
            outside = made("and", made("or", outside, _is_nan(bound)), made("equal", x, x))
        x = select(outside, bound, x)
    return x


def _sign(x: Number) -> Number:
    zero = like(x, 0)
    rest = select(made("equal", x, zero), zero, x) if x.dtype.kind == "f" else zero
    negative = rest if x.dtype.kind == "u" else select(made("less", x, zero), like(x, -1), rest)
    return select(made("greater", x, zero), like(x, 1), negative)


def _absolute(x: Number) -> Number:
    if x.dtype.kind == "f":
        return made("absolute", x)
    return x if x.dtype.kind in "bu" else select(made("less", x, like(x, 0)), made("negative", x), x)


def _is_finite(x: Number) -> Number:
    if x.dtype.kind != "f":
        return constant(True, BOOL)
    return made("less", made("absolute", x), like(x, np.inf))


def _is_inf(x: Number) -> Number:
    if x.dtype.kind != "f":
        return constant(False, BOOL)
    return made("equal", made("absolute", x), like(x, np.inf))


def _rounded(op: str) -> Rule:
    return lambda x: made(op, x) if x.dtype.kind == "f" else x


def _logaddexp(x: Number, y: Number) -> Number:
    """log(eˣ + eʸ) = the larger one + log1p(e to minus their distance), as NumPy computes it."""
    distance = made("subtract", x, y)
    larger = select(made("greater", distance, like(x, 0)), x, y)
    rest = made("log1p", made("exp", made("negative", made("absolute", distance))))
    # equal ones may be infinite, and then their distance is nan
    tie = made("add", x, like(x, np.log(2)))
    return select(made("equal", x, y), tie, made("add", larger, rest))


def _truth(op: str) -> Rule:
    return lambda *inputs: made(op, *(convert(x, BOOL) for x in inputs))


def _sum(x: Number, y: Number) -> Number:
    return made("or" if x.dtype == BOOL else "add", x, y)


def _product(x: Number, y: Number) -> Number:
    return made("and" if x.dtype == BOOL else "multiply", x, y)


def _reciprocal(x: Number) -> Number:
    if x.dtype.kind == "f":
        return made("divide", like(x, 1), x)
    # NumPy goes through float64 too
    real = convert(x, np.dtype(np.float64))
    return convert(made("divide", like(real, 1), real), x.dtype)


def _compared(op: str, x: Number, y: Number) -> Number:
    if x.dtype == y.dtype:
        return made(op, x, y)
    # an int64 and a uint64 are compared as the numbers that they are
    signs = {"i": x, "u": y} if x.dtype.kind == "i" else {"i": y, "u": x}
    if x.dtype.kind == "u":
        op = {"less": "greater", "less_equal": "greater_equal"}.get(op) or op.replace("greater", "less")
    below = made("less", signs["i"], like(signs["i"], 0))
    rest = made(op, convert(signs["i"], signs["u"].dtype), signs["u"])
    return select(below, constant(op in ("less", "less_equal", "not_equal"), BOOL), rest)


def _by_kind(of_floats: Rule, of_wholes: Rule) -> Rule:
    return lambda x, y: (of_floats if x.dtype.kind == "f" else of_wholes)(x, y)


_RULES: dict[str, Rule] = {
    "add": _sum,
    "subtract": lambda x, y: made("subtract", x, y),
    "multiply": _product,
    "outer": _product,
    "divide": lambda x, y: made("divide", x, y),
    "negative": lambda x: made("negative", x),
    "absolute": _absolute,
    "reciprocal": _reciprocal,
    "floor_divide": _by_kind(remainder.floor_divide, whole.floor_divide),
    "remainder": _by_kind(remainder.remainder, whole.remainder),
    "square": lambda x: _product(x, x),
    "sqrt": lambda x: made("sqrt", x),
    "sign": _sign,
    "floor": _rounded("floor"),
    "ceil": _rounded("ceil"),
    "rint": _rounded("rint"),
    "trunc": _rounded("trunc"),
    "maximum": maximum,
    "minimum": minimum,
    "where": lambda condition, a, b: select(convert(condition, BOOL), a, b),
    "clip": _clip,
    "stop_gradient": lambda x: x,
    "astype": lambda x: x,
    "logical_and": _truth("and"),
    "logical_or": _truth("or"),
    "logical_xor": _truth("xor"),
    "logical_not": _truth("not"),
    "isfinite": _is_finite,
    "isnan": _is_nan,
    "isinf": _is_inf,
    "logaddexp": _logaddexp,
    **{name: (lambda x, y, name=name: _compared(name, x, y)) for name in COMPARISONS},
    **{name: (lambda *inputs, name=name: made(name, *inputs)) for name in MATHS},
    "power": _by_kind(lambda x, y: made("power", x, y), whole.power),
    "bitwise_and": lambda x, y: made("and", x, y),
    "bitwise_or": lambda x, y: made("or", x, y),
    "bitwise_xor": lambda x, y: made("xor", x, y),
    "invert": lambda x: made("not", x),
    "left_shift": lambda x, y: whole.shift("left_shift", x, y),
    "right_shift": lambda x, y: whole.shift("right_shift", x, y),
}

# these take whatever they are given, and all others one dtype
_AS_GIVEN = frozenset({"stop_gradient", "astype", "isfinite", "isnan", "isinf"})
_AS_GIVEN |= {"logical_and", "logical_or", "logical_xor", "logical_not"}
_ONLY_FLOATS = frozenset({"divide", "sqrt", "logaddexp"}) | MATHS - {"power"}


def has(node: Node) -> bool:
    """Whether there is a rule for this elementwise op on numbers of these dtypes."""
    if node.op.name not in _RULES or any(i.dtype not in DTYPES for i in (*node.inputs, node)):
        return False
    return node.op.name not in _ONLY_FLOATS or node.dtype.kind == "f"


def _common(node: Node) -> list[np.dtype]:
    """The dtypes in which NumPy computes: those that its ufunc resolves to."""
    name, dtypes = node.op.name, [i.dtype for i in node.inputs]
    if name in _AS_GIVEN:
        return dtypes
    if name == "where":
        return [BOOL, node.dtype, node.dtype]
    if name in COMPARISONS:
        return list(getattr(np, name).resolve_dtypes((*dtypes, None))[:2])
    return [node.dtype] * len(dtypes)


def elementwise(node: Node, inputs: Sequence[Number]) -> list[Number]:
    """The instructions, in order, that compute `node` from its inputs; the last one is its value."""
    given = [convert(x, dtype) for x, dtype in zip(inputs, _common(node), strict=True)]
    result = convert(_RULES[node.op.name](*given), node.dtype)
    return steps_to([result], inputs) or [result]
