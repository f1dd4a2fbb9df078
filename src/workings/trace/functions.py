"""NumPy's functions on traced values: an allow-list by identity; all else is refused by name.

Each entry takes the arguments NumPy's function takes, and answers with ops. What would only change memory
(`out`, `where`, `order`, `casting`) is refused, since a graph has none.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from workings.errors import RefusedError, ShapeError
from workings.graph import Operators
from workings.ops import functions as composites
from workings.trace.frames import user_origin
from workings.trace.refused import FIXES, METHOD_FIXES
from workings.trace.value import Cell, Traced, Value, apply, refuse

__all__ = ["FUNCTIONS", "METHODS", "UFUNCS", "call_function", "call_ufunc", "method"]

_MISSING = np._NoValue  # what NumPy itself passes where an argument was left out


# ── ufuncs ──────────────────────────────────────────────────────────────────────────────────────────────────


def _op(name: str) -> Callable[..., Any]:
    return lambda *inputs: apply(name, inputs, {})


_SAME_NAME = (
    "add subtract multiply divide negative reciprocal square sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan "
    "arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh arctan2 hypot logaddexp absolute sign floor ceil "
    "rint trunc floor_divide remainder maximum minimum less less_equal greater greater_equal equal not_equal "
    "logical_and logical_or logical_xor logical_not isfinite isnan isinf matmul"
).split()


def _power(x: Any, y: Any) -> Any:
    if type(y) in (int, float) and y == 2:
        return apply("square", (x,), {})
    return apply("power", (x, y), {})


def _joined(op: str) -> Callable[..., Any]:
    return lambda *inputs: next(x for x in inputs if isinstance(x, Value))._bits(op, *inputs)


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {getattr(np, name): _op(name) for name in _SAME_NAME}
UFUNCS |= {
    np.power: _power,
    np.fabs: _op("absolute"),
    np.positive: lambda x: x,
    np.conjugate: lambda x: x,
    np.deg2rad: lambda x: x * (np.pi / 180),
    np.radians: lambda x: x * (np.pi / 180),
    np.rad2deg: lambda x: x * (180 / np.pi),
    np.degrees: lambda x: x * (180 / np.pi),
    np.bitwise_and: _joined("logical_and"),
    np.bitwise_or: _joined("logical_or"),
    np.bitwise_xor: _joined("logical_xor"),
    np.invert: _joined("logical_not"),
}
# SciPy's ufuncs reach us by their names, without SciPy being imported here
_SCIPY: dict[str, Callable[..., Any]] = {
    "erf": composites.erf,
    "expit": composites.sigmoid,
    "log_expit": lambda x: -composites.softplus(-x),
    "logit": lambda x: np.log(x) - np.log1p(-x),
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A ufunc met a traced value."""
    name = ufunc.__name__
    if method != "__call__":
        fix = {"add": "np.sum or np.cumsum", "multiply": "np.prod", "maximum": "np.max", "minimum": "np.min"}
        if method == "at":
            refuse(f"np.{name}.at writes into an array", "np.where, or an index on the right-hand side")
        if method == "outer":
            refuse(f"np.{name}.outer", f"np.{name}(a[:, None], b[None, :])")
        refuse(f"np.{name}.{method}", fix.get(name, f"np.{name} with reshaped inputs"))
    for key, value in kwargs.items():
        if key == "out":
            refuse(f"np.{name}(…, out=…) writes into an array", f"y = np.{name}(…)")
        if key == "where" and value is not True:
            refuse(f"np.{name}(…, where=…) leaves values unset", f"np.where(mask, np.{name}(…), other)")
        if key == "dtype" and value is not None:
            refuse(f"np.{name}(…, dtype=…)", f"np.{name}(…).astype(dtype)")
        if key not in ("out", "where", "dtype"):
            refuse(f"np.{name}(…, {key}=…)", f"np.{name}(…)")
    handler = UFUNCS.get(ufunc)
    if handler is None and getattr(np, name, None) is not ufunc:
        handler = _SCIPY.get(name)
        if handler is None:
            refuse(f"the ufunc {name}", FIXES.get(name, "NumPy's functions, or those of workings.functions"))
    if handler is None:
        refuse(f"np.{name} is not traced", FIXES.get(name) or _near(name))
    return handler(*inputs)


def _near(name: str) -> str:
    known = [f.__name__ for f in FUNCTIONS] + [u.__name__ for u in UFUNCS]
    close = difflib.get_close_matches(name, known, n=2)
    if close:
        return " or ".join(f"np.{n}" for n in close)
    return "operators and the functions listed in workings.trace.functions; those of workings.functions too"


# ── arguments ───────────────────────────────────────────────────────────────────────────────────────────────


def plain(value: Any, what: str) -> Any:
    """An argument that says how, not what: it must be known while tracing."""
    if isinstance(value, Traced):
        return value.__index__()
    if isinstance(value, Cell):
        return value.value.__index__()
    return value


def axes_of(x: Value, axis: Any, name: str, ndim: int | None = None) -> Any:
    """`axis` as NumPy takes it, made plain: None, an int ≥ 0, or a tuple of such."""
    count = x.ndim if ndim is None else ndim
    if axis is None:
        return None
    many = isinstance(axis, (tuple, list))
    axes = []
    for a in axis if many else (axis,):
        a = plain(a, "an axis")
        try:
            a = a.__index__()
        except (AttributeError, TypeError):
            raise RefusedError(f"{name}: axis={axis!r} is no whole number", where=user_origin()) from None
        if not -count <= a < count:
            raise ShapeError(
                f"{name}: axis {a} is out of range: {x._label()} has shape {x.shape}",
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
    return tuple(plain(n, "a shape").__index__() for n in parts)


def value_of(x: Any) -> Any:
    """An array argument: a value as it is, a list of values stacked, anything else an array."""
    if isinstance(x, (list, tuple)) and any(isinstance(v, Value) for v in x):
        refuse("a list of traced values stands where an array should", "np.stack([a, b])")
    return x if isinstance(x, Value) or type(x) in (bool, int, float) else np.asarray(x)


def no_extras(name: str, extras: Mapping[str, Any]) -> None:
    """Refuse arguments that a graph has no place for, unless they were left at NumPy's default."""
    defaults = {
        "out": None, "dtype": None, "where": True, "initial": None, "order": ("C", "K", None), "casting": "same_kind",
        "subok": False, "copy": None, "like": None, "mode": "raise", "min": None, "max": None, "correction": 0,
    }  # fmt: skip
    for key, value in extras.items():
        if value is _MISSING:
            continue
        default = defaults.get(key, _MISSING)
        if key in defaults and (
            value is default or (isinstance(default, tuple) and value in default) or (key == "copy")
        ):
            continue
        if key == "dtype":
            refuse(f"np.{name}(…, dtype=…)", f"np.{name}(x.astype(dtype))")
        if key == "out":
            refuse(f"np.{name}(…, out=…) writes into an array", f"y = np.{name}(…)")
        refuse(f"np.{name}(…, {key}=…)", f"np.{name}(…) without it")


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────

FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def allow(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a handler for these functions of NumPy."""

    def enter(handler: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = handler
        return handler

    return enter


def _reduction(name: str) -> Callable[..., Any]:
    def handler(a: Any, axis: Any = None, *args: Any, keepdims: Any = False, **extras: Any) -> Any:
        if args:
            refuse(f"np.{name} with more than two positional arguments", f"np.{name}(x, axis=…, keepdims=…)")
        no_extras(name, extras)
        x = a if isinstance(a, Value) else value_of(a)
        attributes: dict[str, Any] = {}
        found = axes_of(x, axis, name)
        if found is not None:
            attributes["axis"] = found[0] if isinstance(found, tuple) and len(found) == 1 else found
            if isinstance(found, tuple) and len(found) == 0:
                return x  # reducing no axes
        if keepdims is not _MISSING and keepdims:
            attributes["keepdims"] = True
        return apply(name, (x,), attributes)

    return handler


for _name in ("sum", "mean", "prod", "max", "min", "all", "any"):
    FUNCTIONS[getattr(np, _name)] = _reduction(_name)
FUNCTIONS[np.amax], FUNCTIONS[np.amin] = FUNCTIONS[np.max], FUNCTIONS[np.min]


def _arg_reduction(name: str) -> Callable[..., Any]:
    def handler(a: Any, axis: Any = None, *, keepdims: Any = False, **extras: Any) -> Any:
        no_extras(name, extras)
        attributes: dict[str, Any] = {}
        if axis is not None:
            attributes["axis"] = axes_of(a, axis, name)
        if keepdims is not _MISSING and keepdims:
            attributes["keepdims"] = True
        return apply(name, (a,), attributes)

    return handler


FUNCTIONS[np.argmax], FUNCTIONS[np.argmin] = _arg_reduction("argmax"), _arg_reduction("argmin")


@allow(np.var)
def _var(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False, **extras: Any) -> Any:
    no_extras("var", extras)
    return composites.var(a, axis=axis, ddof=ddof, keepdims=bool(keepdims is not _MISSING and keepdims))


@allow(np.std)
def _std(a: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False, **extras: Any) -> Any:
    no_extras("std", extras)
    return composites.std(a, axis=axis, ddof=ddof, keepdims=bool(keepdims is not _MISSING and keepdims))


@allow(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: Any = False, keepdims: Any = False
) -> Any:
    if returned:
        refuse("np.average(…, returned=True)", "np.sum(weights) beside it")
    keep = bool(keepdims is not _MISSING and keepdims)
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keep)
    if np.shape(weights) != np.shape(a):
        refuse("np.average with weights of another shape", "np.sum(w * x, axis=…) / np.sum(w)")
    return np.sum(a * weights, axis=axis, keepdims=keep) / np.sum(weights, axis=axis, keepdims=keep)


@allow(np.cumsum)
def _cumsum(a: Any, axis: Any = None, **extras: Any) -> Any:
    no_extras("cumsum", extras)
    if axis is None:
        a, axis = (a.reshape(-1), 0)
    return apply("cumsum", (a,), {"axis": axes_of(a, axis, "cumsum")})


@allow(np.where)
def _where(condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        refuse(
            "np.where with a condition alone gives a length that depends on values",
            "np.where(condition, a, b)",
        )
    condition = value_of(condition)
    if isinstance(condition, Value) and condition.dtype.kind != "b":
        condition = condition != 0
    return apply("where", (condition, *(value_of(c) for c in choices)), {})


@allow(np.clip)
def _clip(
    a: Any,
    a_min: Any = _MISSING,
    a_max: Any = _MISSING,
    *,
    min: Any = _MISSING,
    max: Any = _MISSING,
    **extras: Any,
) -> Any:
    no_extras("clip", extras)
    low = a_min if a_min is not _MISSING else min
    high = a_max if a_max is not _MISSING else max
    low, high = (None if bound is _MISSING else bound for bound in (low, high))
    if low is None and high is None:
        return a
    if low is None:
        return apply("minimum", (a, high), {})
    if high is None:
        return apply("maximum", (a, low), {})
    return apply("clip", (a, low, high), {})


@allow(np.round, np.around)
def _round(a: Any, decimals: int = 0, **extras: Any) -> Any:
    no_extras("round", extras)
    if decimals:
        refuse("np.round to decimals", "np.rint(x * 100) / 100")
    return apply("rint", (a,), {})


@allow(np.dot)
def _dot(a: Any, b: Any, out: Any = None) -> Any:
    no_extras("dot", {"out": out})
    a, b = value_of(a), value_of(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return apply("multiply", (a, b), {})
    if np.ndim(a) > 2 and np.ndim(b) > 1 or np.ndim(b) > 2:
        return _tensordot(a, b, ((np.ndim(a) - 1,), (np.ndim(b) - 2 if np.ndim(b) > 1 else 0,)))
    return apply("matmul", (a, b), {})


@allow(np.vdot)
def _vdot(a: Any, b: Any) -> Any:
    return apply("matmul", (np.reshape(a, (-1,)), np.reshape(b, (-1,))), {})


@allow(np.inner)
def _inner(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return apply("multiply", (a, b), {})
    return _tensordot(a, b, ((np.ndim(a) - 1,), (np.ndim(b) - 1,)))


@allow(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        left, right = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
    else:
        left, right = ((x,) if isinstance(x, int) else tuple(x) for x in axes)
    left, right = tuple(x % np.ndim(a) for x in left), tuple(x % np.ndim(b) for x in right)
    if [np.shape(a)[i] for i in left] != [np.shape(b)[i] for i in right]:
        raise ShapeError(
            f"np.tensordot: the axes do not match: shapes {np.shape(a)} along {left}, {np.shape(b)} along {right}",
            where=user_origin(),
        )
    rest_a = tuple(i for i in range(np.ndim(a)) if i not in left)
    rest_b = tuple(i for i in range(np.ndim(b)) if i not in right)
    shape = tuple(np.shape(a)[i] for i in rest_a) + tuple(np.shape(b)[i] for i in rest_b)
    count = int(np.prod([np.shape(a)[i] for i in left]))
    matrix_a = np.reshape(np.transpose(a, (*rest_a, *left)), (-1, count))
    matrix_b = np.reshape(np.transpose(b, (*right, *rest_b)), (count, -1))
    return np.reshape(apply("matmul", (matrix_a, matrix_b), {}), shape)


@allow(np.outer)
def _outer(a: Any, b: Any, out: Any = None) -> Any:
    no_extras("outer", {"out": out})
    a, b = (x if np.ndim(x) == 1 else np.reshape(x, (-1,)) for x in (value_of(a), value_of(b)))
    return apply("outer", (a, b), {})


@allow(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, **extras: Any) -> Any:
    no_extras("trace", extras)
    if np.ndim(a) != 2 or offset:
        refuse("np.trace of anything but one matrix", "np.sum(x * np.eye(n))")
    return np.sum(a * np.eye(*np.shape(a), dtype=a.dtype))


@allow(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord is not None and not (ord == 2 and (x.ndim == 1 or isinstance(axis, int))):
        refuse("np.linalg.norm with this ord", "np.sqrt(np.sum(x ** 2)) and the like")
    return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))


# ── shapes and axes ──


@allow(np.transpose, np.permute_dims)
def _transpose(a: Any, axes: Any = None) -> Any:
    order = tuple(reversed(range(a.ndim))) if axes is None else axes_of(a, tuple(axes), "transpose")
    return apply("transpose", (a,), {"axes": order})


@allow(np.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    return np.swapaxes(x, -1, -2)


@allow(np.swapaxes)
def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    one, two = axes_of(a, (axis1,), "swapaxes")[0], axes_of(a, (axis2,), "swapaxes")[0]
    order = list(range(a.ndim))
    order[one], order[two] = order[two], order[one]
    return apply("transpose", (a,), {"axes": tuple(order)})


@allow(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    one = axes_of(a, source if isinstance(source, (tuple, list)) else (source,), "moveaxis")
    two = axes_of(a, destination if isinstance(destination, (tuple, list)) else (destination,), "moveaxis")
    order = [i for i in range(a.ndim) if i not in one]
    for to, source_axis in sorted(zip(two, one, strict=True)):
        order.insert(to, source_axis)
    return apply("transpose", (a,), {"axes": tuple(order)})


@allow(np.reshape)
def _reshape(a: Any, /, shape: Any = None, order: Any = "C", **extras: Any) -> Any:
    no_extras("reshape", extras)
    if order != "C":
        refuse(f"np.reshape(…, order={order!r})", "a transpose before and after")
    return apply("reshape", (a,), {"shape": _filled(a, shape_of(shape))})


def _filled(x: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its −1 worked out, where that can be done; the op refuses the rest."""
    rest = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
    if shape.count(-1) != 1 or rest <= 0 or x.size % rest:
        return shape
    return tuple(x.size // rest if n == -1 else n for n in shape)


@allow(np.ravel)
def _ravel(a: Any, order: Any = "C") -> Any:
    if order not in ("C", "K", "A"):
        refuse(f"np.ravel(…, order={order!r})", "x.T.ravel()")
    return apply("reshape", (a,), {"shape": (a.size,)})


@allow(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return apply("broadcast_to", (array,), {"shape": shape_of(shape)})


@allow(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(
        apply("broadcast_to", (value_of(a),), {"shape": shape}, element=i) for i, a in enumerate(args)
    )


@allow(np.squeeze)
def _squeeze(a: Any, axis: Any = None) -> Any:
    axes = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axes_of(a, axis, "squeeze")
    return a if axes == () else apply("squeeze", (a,), {"axis": axes})


@allow(np.expand_dims)
def _expand_dims(a: Any, axis: Any) -> Any:
    more = len(axis) if isinstance(axis, (tuple, list)) else 1
    return apply("expand_dims", (a,), {"axis": axes_of(a, axis, "expand_dims", a.ndim + more)})


@allow(np.atleast_1d)
def _atleast_1d(*arys: Any) -> Any:
    done = [a if np.ndim(a) else np.reshape(a, (1,)) for a in arys]
    return done[0] if len(done) == 1 else tuple(done)


@allow(np.atleast_2d)
def _atleast_2d(*arys: Any) -> Any:
    done = [a if np.ndim(a) > 1 else np.reshape(a, (1, -1)) for a in arys]
    return done[0] if len(done) == 1 else tuple(done)


@allow(np.flip)
def _flip(m: Any, axis: Any = None) -> Any:
    axes = tuple(range(m.ndim)) if axis is None else axes_of(m, axis, "flip")
    return m if axes == () else apply("flip", (m,), {"axis": axes})


@allow(np.roll)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(_roll(np.reshape(a, (-1,)), shift, 0), a.shape)
    if not isinstance(axis, int) or not isinstance(shift, int):
        refuse("np.roll along several axes at once", "np.roll once for each axis")
    at = axes_of(a, axis, "roll")
    count = a.shape[at]
    shift = shift % count if count else 0
    if shift == 0:
        return a
    before = (slice(None),) * at
    return np.concatenate(
        [a[(*before, slice(count - shift, None))], a[(*before, slice(0, count - shift))]], axis=at
    )


# ── joining and splitting ──


def _parts(arrays: Any) -> list[Any]:
    if isinstance(arrays, Value):
        return [arrays[i] for i in range(len(arrays))]
    return [value_of(a) for a in arrays]


@allow(np.concatenate)
def _concatenate(arrays: Any, axis: Any = 0, **extras: Any) -> Any:
    no_extras("concatenate", extras)
    parts = _parts(arrays)
    if axis is None:
        parts, axis = [np.reshape(p, (-1,)) for p in parts], 0
    first = next((p for p in parts if isinstance(p, Value)), parts[0])
    return apply("concatenate", parts, {"axis": axes_of(first, axis, "concatenate")})


@allow(np.stack)
def _stack(arrays: Any, axis: int = 0, **extras: Any) -> Any:
    no_extras("stack", extras)
    parts = _parts(arrays)
    first = next((p for p in parts if isinstance(p, Value)), parts[0])
    return apply("stack", parts, {"axis": axes_of(first, axis, "stack", first.ndim + 1)})


@allow(np.vstack)
def _vstack(tup: Any, **extras: Any) -> Any:
    no_extras("vstack", extras)
    return np.concatenate([np.atleast_2d(a) for a in _parts(tup)], axis=0)


@allow(np.hstack)
def _hstack(tup: Any, **extras: Any) -> Any:
    no_extras("hstack", extras)
    parts = [np.atleast_1d(a) for a in _parts(tup)]
    return np.concatenate(parts, axis=0 if parts[0].ndim == 1 else 1)


@allow(np.column_stack)
def _column_stack(tup: Any) -> Any:
    return np.concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in _parts(tup)], axis=1)


@allow(np.split, np.array_split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    at = axes_of(ary, axis, "split")
    count = ary.shape[at]
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = int(indices_or_sections)
        if count % sections:
            raise ShapeError(
                f"np.split: axis {axis} of {ary._label()}, of shape {ary.shape}, does not divide into {sections}",
                where=user_origin(),
            )
        cuts = [count // sections * i for i in range(1, sections)]
    else:
        cuts = [plain(c, "a cut").__index__() for c in indices_or_sections]
    edges = [0, *(min(c % (count + 1) if c < 0 else c, count) for c in cuts), count]
    before = (slice(None),) * at
    return [
        apply("getitem", (ary,), {"key": (*before, slice(a, b))}, element=i)
        for i, (a, b) in enumerate(zip(edges, edges[1:], strict=False))
    ]


@allow(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    times = shape_of(reps)
    ndim = max(A.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - A.ndim) + A.shape
    pairs = [n for t, s in zip(times, shape, strict=True) for n in (t, s)]
    spread = np.broadcast_to(np.reshape(A, [n for s in shape for n in (1, s)]), pairs)
    return np.reshape(spread, [t * s for t, s in zip(times, shape, strict=True)])


@allow(np.repeat)
def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    if not isinstance(repeats, (int, np.integer)):
        refuse("np.repeat with a count for each element", "an index, as x[np.repeat(np.arange(n), counts)]")
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    at = axes_of(a, axis, "repeat")
    return a[(*(slice(None),) * at, np.repeat(np.arange(a.shape[at]), repeats))]


@allow(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, **extras: Any) -> Any:
    no_extras("diff", extras)
    before = (slice(None),) * axes_of(a, axis, "diff")
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


@allow(np.take)
def _take(a: Any, indices: Any, axis: Any = None, **extras: Any) -> Any:
    no_extras("take", extras)
    return composites.take(a, indices, axis=axis)


@allow(np.astype)
def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return apply("astype", (x,), {"dtype": np.dtype(dtype)})


@allow(np.copy)
def _copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    return a


@allow(np.real)
def _real(val: Any) -> Any:
    return val


@allow(np.nan_to_num)
def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    info = np.finfo(x.dtype)
    high = float(info.max) if posinf is None else posinf
    low = float(info.min) if neginf is None else neginf
    finite = np.where(np.isfinite(x), x, np.where(x > 0, high, low))
    return np.where(np.isnan(x), nan, finite)


@allow(np.array_equal)
def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    refuse("np.array_equal asks for a plain answer", "np.all(a == b)")


# ── answers that are plain already ──

FUNCTIONS |= {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.result_type: lambda *args: np.result_type(*(a.dtype if isinstance(a, Value) else a for a in args)),
    np.iscomplexobj: lambda x: False,
    np.isrealobj: lambda x: True,
    np.isscalar: lambda element: False,
}


def _filled_like(fill: float) -> Callable[..., Any]:
    def handler(
        a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **extras: Any
    ):
        no_extras("zeros_like", extras)
        return np.full(
            a.shape if shape is None else shape_of(shape), fill, dtype=a.dtype if dtype is None else dtype
        )

    return handler


FUNCTIONS[np.zeros_like], FUNCTIONS[np.ones_like] = _filled_like(0), _filled_like(1)


@allow(np.full_like)
def _full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
):
    kind = a.dtype if dtype is None else np.dtype(dtype)
    size = np.shape(a) if shape is None else shape_of(shape)
    if isinstance(fill_value, Value):
        return apply("broadcast_to", (fill_value.astype(kind),), {"shape": size})
    return np.full(size, fill_value, dtype=kind)


def call_function(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A function of NumPy met a traced value."""
    handler = FUNCTIONS.get(function)
    if handler is None:
        name = getattr(function, "__name__", str(function))
        module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
        refuse(f"{module}.{name} is not traced", FIXES.get(name) or _near(name))
    try:
        return handler(*args, **kwargs)
    except TypeError as error:
        if (
            isinstance(error, RefusedError)
            or error.__traceback__ is None
            or error.__traceback__.tb_next is not None
        ):
            raise
        refuse(f"np.{function.__name__} with these arguments ({error})", "the arguments NumPy documents")


# ── methods of arrays ───────────────────────────────────────────────────────────────────────────────────────


def _reshape_method(x: Value, *shape: Any, **kwargs: Any) -> Any:
    return np.reshape(
        x, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape, **kwargs
    )


def _transpose_method(x: Value, *axes: Any) -> Any:
    if not axes or axes == (None,):
        return np.transpose(x)
    return np.transpose(x, axes[0] if isinstance(axes[0], (tuple, list)) else axes)


def _astype_method(x: Value, dtype: Any, **kwargs: Any) -> Any:
    return apply("astype", (x,), {"dtype": np.dtype(dtype)})


METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "sum mean prod max min all any argmax argmin var std cumsum clip dot squeeze swapaxes ravel repeat round "
        "take trace"
    ).split()
}
METHODS |= {
    "reshape": _reshape_method,
    "transpose": _transpose_method,
    "astype": _astype_method,
    "flatten": np.ravel,
    "copy": lambda x, order="C": x,
    "conj": lambda x: x,
    "conjugate": lambda x: x,
}
_PROPERTIES: dict[str, Callable[[Value], Any]] = {
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
    if hasattr(np.ndarray, name):
        refuse(f".{name} of {x._label()} is not traced", METHOD_FIXES.get(name) or _near(name))
    _no_attribute(x, name)


def _no_attribute(x: Value, name: str) -> NoReturn:
    close = difflib.get_close_matches(name, [*METHODS, *_PROPERTIES, "shape", "dtype", "ndim", "size"], n=1)
    hint = f"; did you mean .{close[0]}?" if close else ""
    raise AttributeError(f"{x._label()} has no attribute {name!r}{hint}")


assert issubclass(Value, Operators)
