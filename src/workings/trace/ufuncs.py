"""NumPy's ufuncs on traced values, and SciPy's by name: an allow-list; all else is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError
from workings.graph.operators import squares
from workings.ops import functions as composites
from workings.trace.allowed import UFUNCS, near
from workings.trace.apply import apply
from workings.trace.refused import FIXES
from workings.trace.value import Value, refuse, stop

__all__ = ["call_ufunc"]


def _op(name: str) -> Callable[..., Any]:
    return lambda *inputs: apply(name, inputs, {})


_SAME_NAME = """
    add subtract multiply divide negative reciprocal square sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan
    arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh arctan2 hypot logaddexp absolute sign floor ceil
    rint trunc floor_divide remainder maximum minimum less less_equal greater greater_equal equal not_equal
    logical_and logical_or logical_xor logical_not isfinite isnan isinf matmul left_shift right_shift
"""


def _power(x: Any, y: Any) -> Any:
    if isinstance(x, Value) and x.dtype.kind != "b" and squares(x, y):
        return apply("square", (x,), {})
    return apply("power", (x, y), {})


def _bits(condition: str, whole: str) -> Callable[..., Any]:
    return lambda *inputs: next(x for x in inputs if isinstance(x, Value))._bits(condition, whole, *inputs)


def _floating(ufunc: np.ufunc, x: Any) -> Any:
    """x in the floating dtype that the ufunc makes of it: float16 of uint8, float64 of int64."""
    dtype = ufunc.resolve_dtypes((x.dtype, None))[-1]
    return x if x.dtype == dtype else x.astype(dtype)


def _fabs(x: Any) -> Any:
    return apply("absolute", (_floating(np.fabs, x),), {})


def _radians(x: Any) -> Any:
    return _floating(np.deg2rad, x) * (np.pi / 180)


def _degrees(x: Any) -> Any:
    return _floating(np.rad2deg, x) * (180 / np.pi)


def _positive(x: Any) -> Any:
    if x.dtype.kind == "b":
        stop(DtypeError, f"np.positive of the condition {x._label()}", "x.astype(int)")
    return x


def _conjugate(x: Any) -> Any:
    return x.astype(np.int8) if x.dtype.kind == "b" else x


def _divmod(x: Any, y: Any) -> Any:
    return apply("floor_divide", (x, y), {}, element=0), apply("remainder", (x, y), {}, element=1)


UFUNCS |= {getattr(np, name): _op(name) for name in _SAME_NAME.split()}
UFUNCS |= {
    np.power: _power,
    np.fabs: _fabs,
    np.positive: _positive,
    np.conjugate: _conjugate,
    np.deg2rad: _radians,
    np.radians: _radians,
    np.rad2deg: _degrees,
    np.degrees: _degrees,
    np.divmod: _divmod,
    np.bitwise_and: _bits("logical_and", "bitwise_and"),
    np.bitwise_or: _bits("logical_or", "bitwise_or"),
    np.bitwise_xor: _bits("logical_xor", "bitwise_xor"),
    np.invert: _bits("logical_not", "invert"),
}


def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


def _log_expit(x: Any) -> Any:
    return -composites.softplus(-x)


# SciPy's ufuncs reach us by their names, without SciPy being imported here
_SCIPY: dict[str, Callable[..., Any]] = {
    "erf": composites.erf,
    "expit": composites.sigmoid,
    "log_expit": _log_expit,
    "logit": _logit,
}
_REDUCED = {"add": "np.sum", "multiply": "np.prod", "maximum": "np.max", "minimum": "np.min"}
_REDUCED |= {"logical_and": "np.all", "logical_or": "np.any", "logaddexp": "workings.functions.logsumexp"}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A ufunc met a traced value."""
    name = ufunc.__name__
    if method != "__call__":
        _refuse_method(name, method)
    for key, value in kwargs.items():
        if key == "out" and any(o is not None for o in (value if isinstance(value, tuple) else (value,))):
            refuse(
                f"np.{name} is to write into an array (out=, or += and the like on a plain array)",
                f"y = np.{name}(…), which makes a new one; a = a + t in place of a += t",
            )
        if key == "where" and value is not True:
            refuse(f"np.{name}(…, where=…) leaves values unset", f"np.where(mask, np.{name}(…), other)")
        if key == "dtype" and value is not None:
            refuse(f"np.{name}(…, dtype=…)", f"np.{name}(…).astype(dtype)")
        if key in ("signature", "sig", "axes", "axis", "keepdims", "extobj"):
            refuse(f"np.{name}(…, {key}=…)", f"np.{name}(…) without it")
        if key == "casting" and value != "same_kind":
            refuse(f"np.{name}(…, casting=…)", f"np.{name}(…) without it")
    handler = UFUNCS.get(ufunc)
    if handler is not None:
        return handler(*inputs)
    if getattr(np, name, None) is ufunc:
        refuse(f"np.{name} is not traced", FIXES.get(name) or near(name))
    handler = _SCIPY.get(name)
    if handler is None:
        refuse(f"{name} (a ufunc of another library) is not traced", FIXES.get(name) or near(name))
    return handler(*inputs)


def _refuse_method(name: str, method: str) -> None:
    fix = f"np.{name} with reshaped inputs"
    if method == "at":
        refuse(f"np.{name}.at writes into an array", "np.where, or an index on the right-hand side")
    if method == "outer":
        fix = f"np.{name}(a[:, None], b[None, :])"
    elif method in ("reduce", "reduceat"):
        fix = _REDUCED.get(name, fix)
    elif method == "accumulate" and name == "add":
        fix = "np.cumsum"
    refuse(f"np.{name}.{method} is not traced", fix)
