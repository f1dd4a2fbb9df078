"""Methods and attributes of arrays on traced values."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from workings.trace.allowed import near, no_extras
from workings.trace.arrangement import cast
from workings.trace.refused import METHOD_FIXES
from workings.trace.value import Value, refuse

__all__ = ["METHODS", "method"]


def _reshape(x: Any, *shape: Any, **kwargs: Any) -> Any:
    kwargs = {key: value for key, value in kwargs.items() if key != "copy"}
    return np.reshape(x, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape, **kwargs)


def _transpose(x: Any, *axes: Any) -> Any:
    if not axes or axes == (None,):
        return np.transpose(x)
    return np.transpose(x, axes[0] if isinstance(axes[0], (tuple, list)) else axes)


def _astype(x: Value, dtype: Any, order: Any = "K", casting: Any = "unsafe", **memory: Any) -> Any:
    no_extras("astype", {"order": order, **memory})
    if casting != "unsafe" and not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"Cannot cast array data from {x.dtype!r} to {np.dtype(dtype)!r} according to {casting!r}")
    return cast(x, dtype)


_SAME_NAME = """
    sum mean prod max min all any argmax argmin var std argsort cumsum clip dot squeeze swapaxes ravel repeat round take
    trace diagonal
"""
METHODS: dict[str, Callable[..., Any]] = {name: getattr(np, name) for name in _SAME_NAME.split()}


def _clip(x: Any, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return np.clip(x, min, max, out)


def _copy(x: Any, order: Any = "C") -> Any:
    return np.copy(x, order)


METHODS |= {
    "clip": _clip,
    "reshape": _reshape,
    "transpose": _transpose,
    "astype": _astype,
    "flatten": np.ravel,
    "copy": _copy,
    "conj": lambda x: x,
    "conjugate": lambda x: x,
}
_PROPERTIES: dict[str, Callable[..., Any]] = {
    "T": np.transpose,
    "mT": np.matrix_transpose,
    "real": lambda x: x,
    "itemsize": lambda x: x.dtype.itemsize,
    "nbytes": lambda x: x.size * x.dtype.itemsize,
}


def method(x: Value, name: str) -> Any:
    """A method or attribute of a value, as an array has it."""
    if name in _PROPERTIES:
        return _PROPERTIES[name](x)
    found = METHODS.get(name)
    if found is not None:
        return lambda *args, **kwargs: found(x, *args, **kwargs)
    # what a traced value stands for may have more; asked of its class, since a value without it would come here again
    of = x.like if hasattr(type(x), "like") and not hasattr(np.ndarray, name) else np.ndarray
    if not hasattr(of, name):
        _no_attribute(x, name)
    if callable(getattr(of, name)):  # refused when called, so that hasattr answers as for an array
        return lambda *args, **kwargs: _refuse(x, f"{name}()", name)
    _refuse(x, name, name)


def _refuse(x: Value, spelled: str, name: str) -> NoReturn:
    refuse(f".{spelled} of {x._label()} is not traced", METHOD_FIXES.get(name) or near(name))


def _no_attribute(x: Value, name: str) -> NoReturn:
    close = difflib.get_close_matches(name, [*METHODS, *_PROPERTIES, "shape", "dtype", "ndim", "size"], n=1)
    hint = f"; did you mean .{close[0]}?" if close else ""
    raise AttributeError(f"{x._label()} has no attribute {name!r}{hint}")
