"""Indexing a traced value, as NumPy does."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.errors import DtypeError, NumberNeededError, ShapeError
from workings.trace.apply import apply
from workings.trace.frames import user_origin
from workings.trace.traced import Traced
from workings.trace.value import Value, refuse, stop

__all__ = ["index"]


def index(x: Value, key: Any) -> Any:
    """x[key] for slices, whole numbers, None, Ellipsis, and arrays of whole numbers, plain or traced.

    A plain boolean mask is turned into the places where it holds; a traced one has no known count and is refused.
    """
    parts = tuple(_array_of(p) if isinstance(p, list) else p for p in (key if isinstance(key, tuple) else (key,)))
    plain: list[Any] = []
    indices: list[Any] = []
    axis = 0
    consumed = sum(_consumes(p) for p in parts)
    if consumed > x.ndim:
        raise ShapeError(
            f"{x._label()} has shape {x.shape}, and the index names {consumed} axes",
            where=user_origin(),
            fix=f"an index for {x.ndim} axes" if x.ndim else "the scalar itself",
        )
    if sum(p is Ellipsis for p in parts) > 1:
        raise ShapeError("an index can have one … only", where=user_origin(), fix="a : for each axis")
    for part in parts:
        if part is None:
            plain.append(None)
        elif part is Ellipsis:
            plain.append(Ellipsis)
            axis += x.ndim - consumed
        elif isinstance(part, slice):
            plain.append(slice(*(_bound(s, x) for s in (part.start, part.stop, part.step))))
            axis += 1
        elif isinstance(part, Value):
            _check_traced(part)
            plain.append("array")
            indices.append(part)
            axis += 1
        elif isinstance(part, np.ndarray):
            if part.dtype.kind == "b":
                _check_mask(part, x, axis)
                places = np.nonzero(part)
                plain += ["array"] * len(places)
                indices += places
                axis += part.ndim
            else:
                _check_range(part, x, axis)
                plain.append("array")
                indices.append(part)
                axis += 1
        elif isinstance(part, (bool, np.bool_)):
            refuse(f"the index {part} adds an axis of length {int(part)}", "x[None] for x[True]")
        else:
            number = _whole(part, x)
            _check_range(np.asarray(number), x, axis)
            plain.append(number)
            axis += 1
    return apply("getitem", (x, *indices), {"key": tuple(plain)})


def _consumes(part: Any) -> int:
    """How many axes a part of the key takes."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _array_of(part: list[Any]) -> np.ndarray:
    if any(isinstance(p, Value) for p in part):
        refuse("a list of traced values stands as an index", "np.stack([i, j])")
    array = np.asarray(part)
    return array.astype(np.intp) if array.size == 0 and array.dtype.kind == "f" else array


def _check_traced(part: Value) -> None:
    if part.dtype.kind == "b":
        refuse(
            f"the mask {part._label()} picks a number of values that is not known while tracing",
            "np.where(mask, x, 0), or a mask of plain booleans",
        )
    if part.dtype.kind not in "iu":
        stop(
            DtypeError,
            f"the index {part._label()} is {part.dtype.name}, not whole numbers",
            f"{part.node.name or 'i'}.astype(int)",
        )


def _check_mask(mask: np.ndarray, x: Value, axis: int) -> None:
    if mask.shape != x.shape[axis : axis + mask.ndim]:
        raise ShapeError(
            f"the mask has shape {mask.shape}, and {x._label()} {x.shape}",
            where=user_origin(),
            fix="a mask of the same shape",
        )


def _check_range(numbers: np.ndarray, x: Value, axis: int) -> None:
    if numbers.dtype.kind not in "iu":
        stop(DtypeError, f"an index of {x._label()} is {numbers.dtype.name}, not whole numbers", "i.astype(int)")
    count = x.shape[axis]
    if numbers.size and not (-count <= numbers.min() and numbers.max() < count):
        bad = numbers.min() if numbers.min() < -count else numbers.max()
        raise ShapeError(
            f"index {bad} is out of range along axis {axis}: {x._label()} has shape {x.shape}",
            where=user_origin(),
            fix=f"an index from {-count} to {count - 1}" if count else "nothing; there is no element",
        )


def _bound(part: Any, x: Value) -> int | None:
    if isinstance(part, Traced):
        stop(
            NumberNeededError,
            f"a slice of {x._label()} has the traced bound {part._label()}, so its length is not known while tracing",
            "np.where(np.arange(n) < bound, x, 0), or a plain bound from outside",
        )
    return None if part is None else _whole(part, x)


def _whole(part: Any, x: Value) -> int:
    if isinstance(part, Value):
        return part.__index__()
    try:
        return part.__index__()
    except AttributeError:
        stop(NumberNeededError, f"the index {part!r} of {x._label()} is no whole number", "an int, or a slice")
