"""NumPy's functions on traced values: reductions and choices, and the way in to all others.

What is not in the list is refused by name. Each handler takes the arguments NumPy's function takes, in its order,
and answers with ops. What would only change memory (`out`, `where`, `order`, `casting`) is refused, since a graph
has none.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

import workings.trace.arrangement
import workings.trace.products  # noqa: F401  (these enter their functions in the list)
from workings.errors import RefusedError
from workings.ops import functions as composites
from workings.trace.allowed import (
    FUNCTIONS,
    MISSING,
    UFUNCS,
    allow,
    axes_of,
    near,
    no_extras,
    result_type,
    shape_of,
    value_of,
)
from workings.trace.apply import apply, strong
from workings.trace.frames import user_origin
from workings.trace.refused import FIXES
from workings.trace.source import called
from workings.trace.ufuncs import call_ufunc
from workings.trace.value import Value, refuse

__all__ = ["FUNCTIONS", "UFUNCS", "call_function", "call_ufunc"]


# ── reductions ──────────────────────────────────────────────────────────────────────────────────────────────


def _kept(keepdims: Any) -> bool:
    return keepdims is not MISSING and bool(keepdims)


def _reduce(name: str, a: Any, axis: Any, keepdims: Any) -> Any:
    x = value_of(a)
    attributes: dict[str, Any] = {}
    found = axes_of(x, axis, name)
    if found is not None:
        attributes["axis"] = found[0] if isinstance(found, tuple) and len(found) == 1 else found
        if isinstance(found, tuple) and len(found) == 0:
            if name in ("all", "any") or x.dtype.kind in "bui":
                refuse(f"np.{name} over no axes", "x itself")
            return x  # reducing no axes
    if _kept(keepdims):
        attributes["keepdims"] = True
    return apply(name, (x,), attributes)


def _totals(name: str) -> Callable[..., Any]:
    def handler(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = MISSING,
        where: Any = MISSING,
    ) -> Any:
        no_extras(name, {"dtype": dtype, "out": out, "initial": initial, "where": where})
        return _reduce(name, a, axis, keepdims)

    return handler


def _extremes(name: str) -> Callable[..., Any]:
    def handler(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = MISSING,
        where: Any = MISSING,
    ) -> Any:
        no_extras(name, {"out": out, "initial": initial, "where": where})
        return _reduce(name, a, axis, keepdims)

    return handler


def _conditions(name: str) -> Callable[..., Any]:
    def handler(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = MISSING) -> Any:
        no_extras(name, {"out": out, "where": where})
        return _reduce(name, a, axis, keepdims)

    return handler


FUNCTIONS |= {np.sum: _totals("sum"), np.prod: _totals("prod")}
FUNCTIONS |= {np.max: _extremes("max"), np.min: _extremes("min")}
FUNCTIONS |= {np.amax: _extremes("max"), np.amin: _extremes("min")}
FUNCTIONS |= {np.all: _conditions("all"), np.any: _conditions("any")}


@allow(np.mean)
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = MISSING
) -> Any:
    no_extras("mean", {"dtype": dtype, "out": out, "where": where})
    return _reduce("mean", a, axis, keepdims)


def _places(name: str) -> Callable[..., Any]:
    def handler(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        no_extras(name, {"out": out})
        return _reduce(name, a, None if axis is None else operator.index(axis), keepdims)

    return handler


FUNCTIONS[np.argmax], FUNCTIONS[np.argmin] = _places("argmax"), _places("argmin")


def _spread(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        where: Any = MISSING,
        mean: Any = MISSING,
        correction: Any = MISSING,
    ) -> Any:
        no_extras(name, {"dtype": dtype, "out": out, "where": where, "mean": mean})
        taken = ddof if correction is MISSING else correction
        if isinstance(taken, Value):
            refuse(f"np.{name}(…, ddof=…) of a traced number", "a plain number")
        return function(value_of(a), axis=axes_of(a, axis, name), ddof=taken, keepdims=_kept(keepdims))

    return handler


FUNCTIONS[np.var], FUNCTIONS[np.std] = _spread("var", composites.var), _spread("std", composites.std)


@allow(np.average)
def _average(a: Any, axis: Any = None, weights: Any = None, returned: Any = False, *, keepdims: Any = False) -> Any:
    if returned:
        refuse("np.average(…, returned=True)", "np.sum(weights) beside it")
    keep = _kept(keepdims)
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keep)
    a, weights = value_of(a), value_of(weights)
    if np.shape(weights) != np.shape(a):
        refuse("np.average with weights of another shape", "np.sum(w * x, axis=…) / np.sum(w)")
    return np.sum(a * weights, axis=axis, keepdims=keep) / np.sum(weights, axis=axis, keepdims=keep)


@allow(np.cumsum)
def _cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    no_extras("cumsum", {"dtype": dtype, "out": out})
    flat, along = (a.reshape(-1), 0) if axis is None else (a, axis)
    return apply("cumsum", (flat,), {"axis": axes_of(flat, along, "cumsum")})


# ── choices ─────────────────────────────────────────────────────────────────────────────────────────────────


@allow(np.where)
def _where(condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        refuse("np.where with a condition alone gives a length that depends on values", "np.where(condition, a, b)")
    condition = value_of(condition)
    if not isinstance(condition, Value):
        condition = np.asarray(condition).astype(bool)
    elif condition.dtype.kind != "b":
        condition = condition != 0
    return apply("where", (condition, *(value_of(c) for c in choices)), {})


@allow(np.clip)
def _clip(
    a: Any,
    a_min: Any = MISSING,
    a_max: Any = MISSING,
    out: Any = None,
    *,
    min: Any = MISSING,
    max: Any = MISSING,
    **extras: Any,
) -> Any:
    no_extras("clip", {"out": out, **extras})
    if (a_min is MISSING) != (a_max is MISSING) and (min, max) == (MISSING, MISSING):
        refuse("np.clip with one bound", "np.clip(x, low, None), or np.clip(x, None, high)")
    low = a_min if a_min is not MISSING else min
    high = a_max if a_max is not MISSING else max
    low, high = (None if bound is MISSING else value_of(bound) for bound in (low, high))
    a = strong(value_of(a))
    if low is None and high is None:
        return a
    if low is None:
        return apply("minimum", (a, high), {})
    if high is None:
        return apply("maximum", (a, low), {})
    return apply("clip", (a, low, high), {})


@allow(np.round, np.around)
def _round(a: Any, decimals: Any = 0, out: Any = None) -> Any:
    no_extras("round", {"out": out})
    if operator.index(decimals):
        refuse("np.round to decimals", f"np.rint(x * {10**decimals}) / {10**decimals}")
    return a if a.dtype.kind in "iu" else apply("rint", (a,), {})


@allow(np.nan_to_num)
def _nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if x.dtype.kind != "f":
        return x
    info = np.finfo(x.dtype)
    nan, high, low = (
        x.dtype.type(v) for v in (nan, info.max if posinf is None else posinf, info.min if neginf is None else neginf)
    )
    finite = np.where(np.isfinite(x), x, np.where(x > 0, high, low))
    return np.where(np.isnan(x), nan, finite)


# ── answers that are plain already ──────────────────────────────────────────────────────────────────────────


FUNCTIONS |= {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axes_of(a, axis, "size")],
    np.result_type: result_type,
    np.iscomplexobj: lambda x: False,
    np.isrealobj: lambda x: True,
}


def _filled_like(name: str, fill: float) -> Callable[..., Any]:
    def handler(
        a: Any,
        dtype: Any = None,
        order: Any = "K",
        subok: Any = True,
        shape: Any = None,
        *,
        device: Any = None,
    ) -> Any:
        no_extras(name, {"order": order, "device": device})
        return np.full(a.shape if shape is None else shape_of(shape), fill, dtype=a.dtype if dtype is None else dtype)

    return handler


FUNCTIONS[np.zeros_like], FUNCTIONS[np.ones_like] = _filled_like("zeros_like", 0), _filled_like("ones_like", 1)


@allow(np.full_like)
def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    no_extras("full_like", {"order": order, "device": device})
    kind = a.dtype if dtype is None else np.dtype(dtype)
    size = np.shape(a) if shape is None else shape_of(shape)
    if isinstance(fill_value, Value):
        return apply("broadcast_to", (fill_value.astype(kind),), {"shape": size})
    return np.full(size, value_of(fill_value), dtype=kind)


# ── the way in ──────────────────────────────────────────────────────────────────────────────────────────────


def call_function(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A function of NumPy met a traced value."""
    handler = FUNCTIONS.get(function)
    if handler is None:
        _refuse_function(function)
    try:
        return handler(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, RefusedError) or error.__traceback__ is None or error.__traceback__.tb_next is not None:
            raise
        refuse(f"np.{function.__name__} with these arguments ({error})", "the arguments NumPy documents")


def _refuse_function(function: Any) -> NoReturn:
    name = getattr(function, "__name__", str(function))
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
    call = called(user_origin())
    # np.full and np.full_like hand a traced value on to np.copyto
    if call is not None and call.kind == "call" and call.name != name and call.name in FIXES:
        refuse(f"np.{call.name} of a plain array, with a traced value in it, is not traced", FIXES[call.name])
    fix = FIXES.get("fft" if module.startswith("np.fft") else name)
    if name == "copyto":
        fix = "y = x, np.broadcast_to(t, shape) for np.full, or np.where(mask, new, old)"
    refuse(f"{module}.{name} is not traced", fix or near(name))
