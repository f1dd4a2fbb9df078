"""What an elementwise op does with single numbers, in instructions of one dtype each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workings.graph import Node
from workings.lower.loops import Instruction

__all__ = ["DTYPES", "MATHS", "constant", "convert", "elementwise", "has"]

BOOL, INT64 = np.dtype(bool), np.dtype(np.int64)
DTYPES = (np.dtype(np.float64), np.dtype(np.float32), INT64, BOOL)

# Functions that are approximated. They stay instructions here; who writes the loops says how each is computed.
_OF_ONE = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "erf"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan"),
    *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
)
MATHS = frozenset({*_OF_ONE, "arctan2", "hypot", "power"})

Number = Instruction
Rule = Callable[..., Number]


def constant(value: Any, dtype: np.dtype) -> Number:
    return Instruction("constant", dtype, value=dtype.type(value))


def convert(x: Number, dtype: np.dtype) -> Number:
    """`x` in another dtype, as NumPy's `astype` has it."""
    if x.dtype == dtype:
        return x
    if dtype == BOOL:
        return _made("not_equal", x, constant(0, x.dtype))
    if x.op == "constant":
        with np.errstate(all="ignore"):
            return constant(x.value, dtype)
    return Instruction("convert", dtype, (x,))


_COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})


def _made(op: str, *inputs: Number) -> Number:
    return Instruction(op, BOOL if op in _COMPARISONS else inputs[0].dtype, inputs)


def _select(condition: Number, a: Number, b: Number) -> Number:
    return Instruction("select", a.dtype, (condition, a, b))


def _number(x: Number, value: float) -> Number:
    return constant(value, x.dtype)


def _is_nan(x: Number) -> Number:
    return _made("not_equal", x, x) if x.dtype.kind == "f" else constant(False, BOOL)


def maximum(x: Number, y: Number) -> Number:
    """The larger one, nan if one is nan; of two equal ones the second, as NumPy has it (they may be 0 and −0)."""
    return _larger("greater", x, y)


def minimum(x: Number, y: Number) -> Number:
    return _larger("less", x, y)


def _larger(comparison: str, x: Number, y: Number) -> Number:
    if x.dtype == BOOL:
        return _made("or" if comparison == "greater" else "and", x, y)
    wins = _made(comparison, x, y)
    if x.dtype.kind == "f":
        wins = _made("or", wins, _is_nan(x))
    return _select(wins, x, y)


def _clip(x: Number, low: Number, high: Number) -> Number:
    # at a tie x stays, which tells 0 from −0; a bound that is nan gives nan
    for comparison, bound in (("less", low), ("greater", high)):
        outside = _made(comparison, x, bound)
        if x.dtype.kind == "f":
            outside = _made("and", _made("or", outside, _is_nan(bound)), _made("equal", x, x))
        x = _select(outside, bound, x)
    return x


def _sign(x: Number) -> Number:
    zero = _number(x, 0)
    rest = _select(_made("equal", x, zero), zero, x) if x.dtype.kind == "f" else zero
    negative = _select(_made("less", x, zero), _number(x, -1), rest)
    return _select(_made("greater", x, zero), _number(x, 1), negative)


def _absolute(x: Number) -> Number:
    if x.dtype.kind == "f":
        return _made("absolute", x)
    return x if x.dtype == BOOL else _select(_made("less", x, _number(x, 0)), _made("negative", x), x)


def _is_finite(x: Number) -> Number:
    if x.dtype.kind != "f":
        return constant(True, BOOL)
    return _made("less", _made("absolute", x), _number(x, np.inf))


def _is_inf(x: Number) -> Number:
    if x.dtype.kind != "f":
        return constant(False, BOOL)
    return _made("equal", _made("absolute", x), _number(x, np.inf))


def _rounded(op: str) -> Rule:
    return lambda x: _made(op, x) if x.dtype.kind == "f" else x


def _logaddexp(x: Number, y: Number) -> Number:
    """log(eˣ + eʸ) = the larger one + log1p(e to minus their distance), as NumPy computes it."""
    distance = _made("subtract", x, y)
    larger = _select(_made("greater", distance, _number(x, 0)), x, y)
    rest = _made("log1p", _made("exp", _made("negative", _made("absolute", distance))))
    # equal ones may be infinite, and then their distance is nan
    tie = _made("add", x, _number(x, np.log(2)))
    return _select(_made("equal", x, y), tie, _made("add", larger, rest))


def _truth(op: str) -> Rule:
    return lambda *inputs: _made(op, *(convert(x, BOOL) for x in inputs))


def _sum(x: Number, y: Number) -> Number:
    return _made("or" if x.dtype == BOOL else "add", x, y)


def _product(x: Number, y: Number) -> Number:
    return _made("and" if x.dtype == BOOL else "multiply", x, y)


_RULES: dict[str, Rule] = {
    "add": _sum,
    "subtract": lambda x, y: _made("subtract", x, y),
    "multiply": _product,
    "outer": _product,
    "divide": lambda x, y: _made("divide", x, y),
    "negative": lambda x: _made("negative", x),
    "absolute": _absolute,
    "reciprocal": lambda x: _made("divide", _number(x, 1), x),
    "square": lambda x: _product(x, x),
    "sqrt": lambda x: _made("sqrt", x),
    "sign": _sign,
    "floor": _rounded("floor"),
    "ceil": _rounded("ceil"),
    "rint": _rounded("rint"),
    "trunc": _rounded("trunc"),
    "maximum": maximum,
    "minimum": minimum,
    "where": lambda condition, a, b: _select(convert(condition, BOOL), a, b),
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
    **{name: (lambda *inputs, name=name: _made(name, *inputs)) for name in (*_COMPARISONS, *MATHS)},
}

# these take whatever they are given, and all others one dtype
_AS_GIVEN = frozenset({"stop_gradient", "astype", "isfinite", "isnan", "isinf"})
_AS_GIVEN |= {"logical_and", "logical_or", "logical_xor", "logical_not"}
_ONLY_FLOATS = frozenset({"divide", "reciprocal", "sqrt", "logaddexp"}) | MATHS


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
    if name in _COMPARISONS:
        return [np.result_type(*dtypes)] * 2
    return [node.dtype] * len(dtypes)


def elementwise(node: Node, inputs: Sequence[Number]) -> list[Number]:
    """The instructions, in order, that compute `node` from its inputs; the last one is its value."""
    given = [convert(x, dtype) for x, dtype in zip(inputs, _common(node), strict=True)]
    result = convert(_RULES[node.op.name](*given), node.dtype)
    # what is new: a walk back from the result to the inputs
    border, found, todo = set(inputs), [], [(result, False)]
    while todo:
        number, done = todo.pop()
        if done:
            found.append(number)
        elif number not in border:
            border.add(number)
            todo.append((number, True))
            todo.extend((i, False) for i in number.inputs)
    return found if found else [result]
