"""The allow-list of NumPy's functions, by identity, and how their arguments are read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workings.errors import ShapeError
from workings.trace.apply import _holds_values
from workings.trace.cell import Cell
from workings.trace.frames import user_origin
from workings.trace.traced import Traced
from workings.trace.value import Value, refuse

__all__ = [
    "FUNCTIONS",
    "MISSING",
    "UFUNCS",
    "allow",
    "axes_of",
    "near",
    "no_extras",
    "plain",
    "result_type",
    "shape_of",
    "value_of",
]

MISSING: Any = np._NoValue  # what NumPy itself passes where an argument was left out

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def allow(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a handler for these functions of NumPy; it takes the arguments that they take."""

    def enter(handler: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = handler
        return handler

    return enter


def near(name: str) -> str:
    """What to write for a function that is not traced: those with a similar name, or where the list is."""
    known = [f.__name__ for f in FUNCTIONS] + [u.__name__ for u in UFUNCS]
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.75)
    if close:
        return " or ".join(f"np.{n}" for n in close)
    return "operators, the usual functions of NumPy, or those of workings.functions; or compute it outside"


# ── arguments ───────────────────────────────────────────────────────────────────────────────────────────────


def plain(value: Any) -> Any:
    """An argument that says how, not what: it must be known while tracing."""
    if isinstance(value, Traced):
        return value.__index__()
    if isinstance(value, Cell):
        return value.value.__index__()
    return value


def result_type(*args: Any) -> np.dtype:
    """np.result_type of values, numbers and dtypes."""

    def kind(a: Any) -> Any:
        if not isinstance(a, Value):
            return a
        return a.dtype.type(0).item() if a.weak else a.dtype

    return np.result_type(*(kind(a) for a in args))


def axes_of(x: Any, axis: Any, name: str, ndim: int | None = None) -> Any:
    """`axis` as NumPy takes it, made plain: None, an int ≥ 0, or a tuple of such."""
    shape = np.shape(x)
    count = len(shape) if ndim is None else ndim
    if axis is None:
        return None
    many = isinstance(axis, (tuple, list))
    axes = []
    for a in axis if many else (axis,):
        a = plain(a)
        try:
            a = a.__index__()
        except (AttributeError, TypeError):
            refuse(f"{name}: axis={axis!r} is no whole number", "axis=0, or None for all")
        if not -count <= a < count:
            raise ShapeError(
                f"{name}: axis {a} is out of range: {x._label() if isinstance(x, Value) else 'it'} has shape {shape}",
                where=user_origin(),
                fix=f"an axis from {-count} to {count - 1}" if count else "no axis, since it is a scalar",
            )
        axes.append(a % count)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: axis={axis} names an axis twice", where=user_origin())
    return tuple(axes) if many else axes[0]


def shape_of(shape: Any) -> tuple[int, ...]:
    """A shape argument, made plain."""
    parts = shape if isinstance(shape, (tuple, list)) else (shape,)
    return tuple(plain(n).__index__() for n in parts)


def value_of(x: Any) -> Any:
    """An array argument: a value or number as it is, a list of plain numbers as an array."""
    if isinstance(x, (list, tuple)):
        if _holds_values(x):
            refuse("a list of traced values stands where an array should", "np.stack([a, b])")
        return np.asarray(x)
    return x


_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "out": (None,),
    "dtype": (None,),
    "where": (True,),
    "initial": (),
    "order": ("C", "K", "A", None),
    "casting": ("same_kind",),
    "subok": (False, True),
    "copy": (None, True, False),
    "device": (None,),
    "like": (None,),
    "mode": ("raise",),
}


def no_extras(name: str, extras: Mapping[str, Any]) -> None:
    """Refuse arguments that a graph has no place for, unless they were left at NumPy's default."""
    for key, value in extras.items():
        if value is MISSING or any(value is default or _same(value, default) for default in _DEFAULTS.get(key, ())):
            continue
        if key == "dtype":
            refuse(f"np.{name}(…, dtype=…)", f"np.{name}(x.astype(dtype)), or .astype(dtype) of the result")
        if key == "out":
            refuse(f"np.{name}(…, out=…) writes into an array", f"y = np.{name}(…)")
        if key == "where":
            refuse(f"np.{name}(…, where=…)", f"np.{name}(np.where(mask, x, neutral)), or np.where around the result")
        if key == "initial":
            refuse(f"np.{name}(…, initial=…)", f"np.{name}(…), and the start value added or compared outside")
        refuse(f"np.{name}(…, {key}=…)", f"np.{name}(…) without it")


def _same(value: Any, default: Any) -> bool:
    return isinstance(default, str) and isinstance(value, str) and value == default
