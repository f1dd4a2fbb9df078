"""Indexing a traced value, as NumPy does."""

from __future__ import annotations

from typing import Any

import numpy as np

from workings.errors import DtypeError, NumberNeededError, ShapeError
from workings.trace.frames import user_origin
from workings.trace.value import Value, apply, refuse

__all__ = ["index"]


def index(x: Value, key: Any) -> Any:
    """x[key] for slices, whole numbers, None, Ellipsis, and arrays of whole numbers, plain or traced.

    A plain boolean mask is turned into the places where it holds; a traced one has no known count and is refused.
    """
    parts = key if isinstance(key, tuple) else (key,)
    plain: list[Any] = []
    indices: list[Any] = []
    axis = 0
    consumed = sum(_consumes(p) for p in parts)
    if consumed > x.ndim:
        raise ShapeError(
            f"{x._label()} has shape {x.shape}, and the index names {consumed} axes", where=user_origin()
        )
    for part in parts:
        if part is None:
            plain.append(None)
        elif part is Ellipsis:
            plain.append(Ellipsis)
            axis += x.ndim - consumed
        elif isinstance(part, slice):
            plain.append(
                slice(*(None if s is None else _whole(s, x) for s in (part.start, part.stop, part.step)))
            )
            axis += 1
        elif isinstance(part, Value) and part.dtype.kind == "b":
            refuse(
                f"the mask {part._label()} picks a number of values that is not known while tracing",
                "np.where(mask, x, 0), or a mask of plain booleans",
            )
        elif isinstance(part, Value):
            if part.dtype.kind not in "iu":
                raise DtypeError(
                    f"the index {part._label()} is {part.dtype.name}, not whole numbers",
                    where=user_origin(),
                    fix=f"{part.node.name or 'i'}.astype(int)",
                )
            plain.append("array")
            indices.append(part)
            axis += 1
        elif isinstance(part, (list, np.ndarray, bool, np.bool_)):
            array = _plain_array(part)
            if array.dtype.kind == "b":
                if array.shape != x.shape[axis : axis + array.ndim]:
                    raise ShapeError(
                        f"the mask has shape {array.shape}, and {x._label()} {x.shape}", where=user_origin()
                    )
                where = np.nonzero(array)
                plain += ["array"] * len(where)
                indices += where
                axis += array.ndim
            else:
                _check_range(array, x, axis)
                plain.append("array")
                indices.append(array)
                axis += 1
        else:
            number = _whole(part, x)
            _check_range(np.asarray(number), x, axis)
            plain.append(number)
            axis += 1
    return apply("getitem", (x, *indices), {"key": tuple(plain)})


def _consumes(part: Any) -> int:
    """How many axes a part of the key takes."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, (np.ndarray, list)):
        array = np.asarray(part) if not isinstance(part, list) or not _holds_values(part) else None
        return array.ndim if array is not None and array.dtype.kind == "b" else 1
    return 1


def _holds_values(parts: list[Any]) -> bool:
    return any(isinstance(p, Value) for p in parts)


def _plain_array(part: Any) -> np.ndarray:
    if isinstance(part, list) and _holds_values(part):
        refuse("a list of traced values stands as an index", "np.stack([i, j])")
    array = np.asarray(part)
    if array.size == 0 and array.dtype.kind == "f":
        array = array.astype(np.intp)
    if array.dtype.kind not in "biu":
        raise DtypeError(f"the index is {array.dtype.name}, not whole numbers", where=user_origin())
    return array


def _check_range(numbers: np.ndarray, x: Value, axis: int) -> None:
    count = x.shape[axis]
    if numbers.size and not (-count <= numbers.min() and numbers.max() < count):
        bad = numbers.min() if numbers.min() < -count else numbers.max()
        raise ShapeError(
            f"index {bad} is out of range along axis {axis}: {x._label()} has shape {x.shape}",
            where=user_origin(),
        )


def _whole(part: Any, x: Value) -> int:
    if isinstance(part, Value):
        return part.__index__()
    try:
        return part.__index__()
    except AttributeError:
        raise NumberNeededError(
            f"the index {part!r} of {x._label()} is no whole number",
            where=user_origin(),
            fix="an int, or a slice",
        ) from None
