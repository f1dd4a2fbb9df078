"""NumPy's functions that move values without changing them: shapes, axes, joining, taking, sorting, borders."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.ops import functions as composites
from workings.trace.allowed import FUNCTIONS, allow, axes_of, no_extras, plain, result_type, shape_of, value_of
from workings.trace.apply import apply, strong
from workings.trace.frames import user_origin
from workings.trace.value import Value, refuse, stop

__all__ = ["FUNCTIONS", "cast"]


def _is_value(x: Any) -> bool:
    return isinstance(x, Value)


# ── shapes and axes ─────────────────────────────────────────────────────────────────────────────────────────


@allow(np.transpose, np.permute_dims)
def _transpose(a: Any, axes: Any = None) -> Any:
    order = tuple(reversed(range(a.ndim))) if axes is None else axes_of(a, tuple(axes), "transpose")
    return apply("transpose", (a,), {"axes": order})


@allow(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"{x._label()} has shape {x.shape}, and is no matrix", where=user_origin(), fix="x[:, None]")
    return np.swapaxes(x, -1, -2)


@allow(np.swapaxes)
def _swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    one, two = axes_of(a, axis1, "swapaxes"), axes_of(a, axis2, "swapaxes")
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
def _reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
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
    if order != "C":  # "A" and "K" read memory as it lies, which a graph does not know
        refuse(f"np.ravel(…, order={order!r})", "x.ravel(), or x.T.ravel()")
    return apply("reshape", (a,), {"shape": (a.size,)})


@allow(np.broadcast_to)
def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return apply("broadcast_to", (array,), {"shape": shape_of(shape)})


@allow(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    values = [value_of(a) for a in args]
    try:
        shape = np.broadcast_shapes(*(np.shape(a) for a in values))
    except ValueError:
        shapes = " and ".join(str(np.shape(a)) for a in values)
        raise ShapeError(f"np.broadcast_arrays: the shapes {shapes} do not broadcast", where=user_origin()) from None
    return tuple(apply("broadcast_to", (a,), {"shape": shape}, element=i) for i, a in enumerate(values))


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
    done = [a if np.ndim(a) else np.reshape(a, (1,)) for a in (value_of(a) for a in arys)]
    return done[0] if len(done) == 1 else tuple(done)


@allow(np.atleast_2d)
def _atleast_2d(*arys: Any) -> Any:
    done = [a if np.ndim(a) > 1 else np.reshape(a, (1, np.size(a))) for a in (value_of(a) for a in arys)]
    return done[0] if len(done) == 1 else tuple(done)


@allow(np.flip)
def _flip(m: Any, axis: Any = None) -> Any:
    axes = tuple(range(m.ndim)) if axis is None else axes_of(m, axis, "flip")
    return m if axes == () else apply("flip", (m,), {"axis": axes})


def _whole(name: str, argument: str, value: Any) -> int:
    try:
        return operator.index(plain(value))
    except TypeError:
        refuse(f"np.{name}: {argument}={value!r} is no whole number", f"{argument}=1, as an int")


@allow(np.roll)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if isinstance(axis, (tuple, list)) or isinstance(shift, (tuple, list, np.ndarray)):
        refuse("np.roll along several axes at once", "np.roll once for each axis")
    if not _is_value(a) or _is_value(shift):
        refuse("np.roll by a traced shift", "a plain shift, or workings.functions.take(x, places)")
    if axis is None and a.ndim != 1:
        return np.reshape(_roll(np.reshape(a, (a.size,)), shift, 0), a.shape)
    at = axes_of(a, 0 if axis is None else axis, "roll")
    count = a.shape[at]
    shift = _whole("roll", "shift", shift) % count if count else 0
    if shift == 0:
        return a
    before = (slice(None),) * at
    return np.concatenate([a[(*before, slice(count - shift, None))], a[(*before, slice(0, count - shift))]], axis=at)


# ── joining and splitting ───────────────────────────────────────────────────────────────────────────────────


def _parts(arrays: Any) -> list[Any]:
    return [value_of(a) for a in arrays]


@allow(np.concatenate)
def _concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    no_extras("concatenate", {"out": out, "dtype": dtype, "casting": casting})
    parts = _parts(arrays)
    if axis is None:
        parts, axis = [np.reshape(p, (np.size(p),)) for p in _of_one_dtype(parts)], 0
    return apply("concatenate", parts, {"axis": axes_of(parts[0], axis, "concatenate")})


def _of_one_dtype(parts: list[Any]) -> list[Any]:
    """The parts, with each Python number in the dtype it takes beside the others."""
    dtype = result_type(*(type(p)(0) if type(p) in (int, float) else p for p in parts))
    if all(type(p) in (int, float) or (_is_value(p) and p.weak) for p in parts):
        return parts  # they meet each other only
    return [
        np.asarray(p).astype(dtype) if type(p) in (int, float) else p.astype(dtype) if _is_value(p) and p.weak else p
        for p in parts
    ]


@allow(np.stack)
def _stack(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    no_extras("stack", {"out": out, "dtype": dtype, "casting": casting})
    parts = [strong(p) for p in _parts(arrays)]
    return apply("stack", parts, {"axis": axes_of(parts[0], axis, "stack", np.ndim(parts[0]) + 1)})


@allow(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    no_extras("vstack", {"dtype": dtype, "casting": casting})
    return np.concatenate([np.atleast_2d(a) for a in _parts(tup)], axis=0)


@allow(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    no_extras("hstack", {"dtype": dtype, "casting": casting})
    parts = [np.atleast_1d(a) for a in _parts(tup)]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1)


@allow(np.column_stack)
def _column_stack(tup: Any) -> Any:
    return np.concatenate([np.reshape(a, (np.size(a), 1)) if np.ndim(a) < 2 else a for a in _parts(tup)], axis=1)


def _sections(ary: Any, indices_or_sections: Any, axis: Any, *, uneven: bool) -> Any:
    if not _is_value(ary) or _is_value(indices_or_sections):
        refuse("np.split at traced places", "plain places")
    at = axes_of(ary, axis, "split")
    count = ary.shape[at]
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = int(indices_or_sections)
        if sections <= 0 or (count % sections and not uneven):
            raise ShapeError(
                f"np.split: axis {axis} of {ary._label()}, of shape {ary.shape}, does not divide into {sections}",
                where=user_origin(),
                fix="np.array_split, whose parts may differ in length",
            )
        each, over = divmod(count, sections)
        cuts = [i * each + min(i, over) for i in range(1, sections)]
    else:
        cuts = [plain(c).__index__() for c in indices_or_sections]
    keys = [slice(a, b) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    before = (slice(None),) * at
    return [apply("getitem", (ary,), {"key": (*before, key)}, element=i) for i, key in enumerate(keys)]


@allow(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    return _sections(ary, indices_or_sections, axis, uneven=False)


@allow(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    return _sections(ary, indices_or_sections, axis, uneven=True)


@allow(np.unstack)
def _unstack(x: Any, /, *, axis: Any = 0) -> Any:
    at = axes_of(x, axis, "unstack")
    before = (slice(None),) * at
    return tuple(apply("getitem", (x,), {"key": (*before, i)}, element=i) for i in range(x.shape[at]))


@allow(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    if not _is_value(A):
        refuse("np.tile a traced number of times", "a plain number of times")
    times = shape_of(reps)
    ndim = max(A.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - A.ndim) + A.shape
    pairs = [n for t, s in zip(times, shape, strict=True) for n in (t, s)]
    spread = np.broadcast_to(np.reshape(A, [n for s in shape for n in (1, s)]), pairs)
    return np.reshape(spread, [t * s for t, s in zip(times, shape, strict=True)])


@allow(np.repeat)
def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    if not _is_value(a) or _is_value(repeats):
        refuse("np.repeat a traced number of times", "a plain number of times")
    flat, along = (np.reshape(a, (a.size,)), 0) if axis is None else (a, axis)
    at = axes_of(flat, along, "repeat")
    return flat[(*(slice(None),) * at, np.repeat(np.arange(flat.shape[at]), repeats))]


@allow(np.diff)
def _diff(a: Any, n: int = 1, axis: Any = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    no_extras("diff", {"prepend": prepend, "append": append})
    n = _whole("diff", "n", n)
    if n <= 0:
        return a if n == 0 else refuse("np.diff less than no times", "n=1")
    before = (slice(None),) * axes_of(a, axis, "diff")
    for _ in range(n - 1):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]


@allow(np.take)
def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
    no_extras("take", {"out": out, "mode": mode})
    return composites.take(value_of(a), value_of(indices), axis=axes_of(a, axis, "take"))


@allow(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = strong(value_of(arr)), value_of(indices)
    if axis is None:
        arr, axis = np.reshape(arr, (np.size(arr),)), 0
    at = axes_of(arr, axis, "take_along_axis")
    shape, places = list(np.shape(arr)), list(np.shape(indices))
    if len(shape) == len(places):  # the other axes stretch to each other
        shape[at] = places[at] = 1
        try:
            both = np.broadcast_shapes(shape, places)
        except ValueError:
            pass  # which the op refuses, with its names
        else:
            arr, indices = (
                x if np.shape(x) == size else np.broadcast_to(x, size)
                for x in (arr, indices)
                for size in [(*both[:at], np.shape(x)[at], *both[at + 1 :])]
            )
    return apply("take_along_axis", (arr, indices), {"axis": at})


# ── order ───────────────────────────────────────────────────────────────────────────────────────────────────


def _ordered(name: str) -> Callable[..., Any]:
    def handler(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        # whatever the kind, equal values keep their order, which every kind allows
        if order is not None:
            refuse(f"np.{name}(…, order=…), which is for arrays with fields", f"np.{name}(x, axis)")
        x, along = (np.reshape(a, (a.size,)), 0) if axis is None else (a, axis)
        return apply(name, (x,), {"axis": axes_of(x, along, name)})

    return handler


FUNCTIONS[np.sort], FUNCTIONS[np.argsort] = _ordered("sort"), _ordered("argsort")

# ── borders ─────────────────────────────────────────────────────────────────────────────────────────────────

_MIRRORS = ("edge", "reflect", "symmetric", "wrap")  # these pad with values that there are


@allow(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if not _is_value(array) or any(_is_value(v) for v in (pad_width, *kwargs.values())):
        refuse("np.pad with a traced width or border", "plain numbers, or np.concatenate with what to join")
    widths = _widths(array, pad_width)
    if mode in _MIRRORS and not kwargs:
        return _mirrored(array, widths, mode)
    if mode != "constant" or set(kwargs) > {"constant_values"}:
        refuse(
            f"np.pad with mode={mode!r}{''.join(f', {k}=…' for k in kwargs)}", 'mode="constant", "edge" or "reflect"'
        )
    value = np.unique(kwargs.get("constant_values", 0))
    if value.size != 1:
        refuse("np.pad with several constant_values", "np.pad once for each of them")
    number = value.astype(array.dtype)[0].item()
    attributes: dict[str, Any] = {"pad_width": widths}
    return apply("pad", (array,), attributes if number == 0 else attributes | {"constant_values": number})


def _widths(x: Any, pad_width: Any) -> tuple[tuple[int, int], ...]:
    """How wide the border is before and after along each axis."""
    try:
        if isinstance(pad_width, dict):
            found = np.zeros((x.ndim, 2), int)
            for axis, width in pad_width.items():
                found[axis] = width
        else:
            found = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))
    except (ValueError, IndexError):
        raise ShapeError(
            f"np.pad: {pad_width!r} is no border for {x._label()}, of shape {x.shape}",
            where=user_origin(),
            fix=f"a pair (before, after) for each of {x.ndim} axes",
        ) from None
    return tuple((_whole("pad", "pad_width", a), _whole("pad", "pad_width", b)) for a, b in found)


def _mirrored(x: Any, widths: tuple[tuple[int, int], ...], mode: Any) -> Any:
    for axis, (before, after) in enumerate(widths):
        if before or after:
            if x.shape[axis] == 0:
                raise ShapeError(
                    f"np.pad: {x._label()} has shape {x.shape}, and nothing to repeat along axis {axis}",
                    where=user_origin(),
                    fix='mode="constant"',
                )
            x = x[(*(slice(None),) * axis, np.pad(np.arange(x.shape[axis]), (before, after), mode))]
    return x


# ── triangles ───────────────────────────────────────────────────────────────────────────────────────────────


@allow(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, m.dtype.type(0))


@allow(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), m.dtype.type(0), m)


# ── the same values ─────────────────────────────────────────────────────────────────────────────────────────


def cast(x: Any, dtype: Any) -> Any:
    """x as another dtype, which must be one of real numbers or conditions."""
    if isinstance(dtype, Value):
        refuse(f"{dtype._label()} is no dtype", "y.dtype, where y is the value to follow")
    kind = np.dtype(dtype)
    if kind.kind not in "biuf":
        stop(DtypeError, f"{x._label()} as {kind} would be no real number", "a dtype of real numbers, as np.float64")
    return apply("astype", (x,), {"dtype": kind})


@allow(np.astype)
def _astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    return cast(x, dtype)


@allow(np.copy)
def _copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    no_extras("copy", {"order": order})
    return a


@allow(np.real)
def _real(val: Any) -> Any:
    return val
