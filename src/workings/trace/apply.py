"""The one way from code to graph: an op applied to values, numbers and arrays."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, EscapedError, PromotionWarning, RefusedError, ShapeError, WorkingsError
from workings.graph import Node, call, constant
from workings.graph.node import weak_dtype
from workings.trace.cell import Cell
from workings.trace.frames import Scopes, layer, locate, user_origin
from workings.trace.traced import Traced, escaped
from workings.trace.value import Value, current_scopes, numbers, refuse, stop

__all__ = ["apply", "as_node", "belonging", "strong"]

_NUMBERS = (bool, int, float, complex)
_PYTHON: dict[str, type] = {"b": bool, "i": int, "f": float}
_ARRAYS = (np.ndarray, np.memmap, list, tuple, range)
_SOLE = {"getitem": ("take",)}  # what a function of ours is called that is one op of another name


def apply(
    op: str,
    inputs: Sequence[Any],
    attributes: dict[str, Any],
    *,
    element: int | None = None,
    iterating: bool = False,
    operator: bool = False,
) -> Any:
    """Apply an op to values, numbers and arrays, and wrap the node as what its inputs are.

    `element` is the place of the result where the user's operation gives several. A Python number given to the
    traced function stays weak through Python's operators, as it does outside, but not through NumPy's functions.
    """
    scopes = current_scopes.get()
    traced, owner = belonging(inputs, scopes)
    place = locate(scopes, element, iterating=iterating)
    # a function of ours that is one op and no more is no scope
    scope = place.scope[:-1] if place.scope[-1:] in ((op,), _SOLE.get(op)) else place.scope
    try:
        nodes, weak = _nodes(op, inputs, traced)
        node = call(op, *nodes, origin=place.origin, scope=scope, label=place.name, **attributes)
        if node.dtype.kind not in "biuf":
            raise DtypeError(
                f"{op} gives {node.dtype.name}, and only real numbers are traced",
                fix="the real and the imaginary part as two values",
            )
    except WorkingsError as error:
        if error.where is None:
            error.where = place.origin or user_origin()
        inside = layer()
        if inside is not None:
            at, module = inside
            error.problem = f"in {f'{at} ({type(module).__name__})' if at else type(module).__name__}: {error.problem}"
        if owner is not None and not isinstance(error, ShapeError) and error not in owner.refused:
            owner.refused.append(error)  # plain arrays may have done it, so catching this changes the way taken
        raise
    except OverflowError as error:
        stop(DtypeError, f"{op}: {error}", "a wider dtype, as in x.astype(int)", where=place.origin)
    if not weak and not (scopes is not None and scopes.again):
        _warn_of_promotion(op, nodes, node)
    if traced:
        settings = weak and _settings_alone(inputs)
        like = _PYTHON.get(node.dtype.kind) if weak and operator and not settings else None
        return Traced(node, weak=settings or like is not None, like=like, owner=owner)
    values = [numbers[n] if n in numbers else n.value for n in nodes]  # noqa: SIM401 (a value is not worked out twice)
    for n, value in zip(nodes, values, strict=True):
        numbers.setdefault(n, value)
    with np.errstate(all="ignore"):
        number = node.op.numpy(*values, **attributes)
    return Cell(node, number, varies=any(isinstance(x, Cell) and x.varies for x in inputs))


def belonging(inputs: Sequence[Any], scopes: Scopes | None) -> tuple[bool, Scopes | None]:
    """Whether the result is traced, and the trace it belongs to; values of another trace must not come in."""
    traced, cell, owner = False, False, scopes
    for x in inputs:
        if isinstance(x, Traced):
            traced = True
            of = x.owner
            if of is not None and of is not scopes:
                if of.over:
                    stop(EscapedError, *escaped(x))
                if of.thread != threading.get_ident():
                    stop(
                        RefusedError,
                        f"{x._label()} is used in another thread than the one that traces it",
                        "call the function directly; a graph needs no threads",
                        scopes=of,
                    )
                owner = owner or of
        elif isinstance(x, Cell):
            cell = True
    return traced or (scopes is not None and not cell), owner


def _settings_alone(inputs: Sequence[Any]) -> bool:
    return all(x.like not in (int, float, bool) for x in inputs if isinstance(x, Traced))


def strong(x: Any) -> Any:
    """An argument that NumPy makes an array of before all else, so that a Python number keeps its own dtype."""
    if type(x) in (bool, int, float):
        return np.asarray(x)
    if isinstance(x, Traced) and x.weak and x.like in (bool, int, float):
        return Traced(x.node, like=x.like, owner=x.owner)
    return x


def as_node(value: Any, beside: Sequence[np.dtype], traced: bool) -> Node:
    """The node for one input of an op; `beside` are the strong dtypes that it meets."""
    if isinstance(value, Cell):
        if not traced:
            return value.node
        if value.varies:
            stop(
                EscapedError,
                f"the traced function uses the cell {value._label()}, which depends on a parameter",
                f"pass it as an argument, or use {value.node.name or 'w'}.value, its number as it is now",
            )
        return constant(value.value, name=value.node.name)
    if isinstance(value, Value):
        if value.weak and beside:
            dtype = np.result_type(*beside, value.dtype.type(0).item())
            return value.node if value.dtype == dtype else call("astype", value.node, dtype=dtype)
        return value.node
    if isinstance(value, Node):
        return value
    if type(value) in _NUMBERS:
        return _number(value, beside)
    if isinstance(value, (list, tuple)) and _holds_values(value):
        refuse("a list of traced values stands where an array should", "np.stack([a, b])")
    if not isinstance(value, np.generic) and type(value) not in _ARRAYS:
        _refuse_constant(value)
    return constant(value)


def _number(value: bool | int | float | complex, beside: Sequence[np.dtype]) -> Node:
    try:
        return constant(value, weak_dtype(value, beside))
    except DtypeError as error:
        error.fix = "a wider dtype first, as in x.astype(int) or x.astype(float)"
        raise


def _holds_values(parts: Any) -> bool:
    return any(isinstance(p, Value) or (isinstance(p, (list, tuple)) and _holds_values(p)) for p in parts)


def _refuse_constant(value: Any) -> None:
    kind = type(value).__name__
    if isinstance(value, np.ma.MaskedArray):
        refuse("a masked array would lose its mask", "np.where(mask, 0, values), with a plain mask")
    if isinstance(value, np.ndarray):
        refuse(f"a {kind} has rules of its own, as * for the matrix product", "np.asarray(…) of it")
    if hasattr(value, "__array__") or isinstance(value, (int, float)):
        refuse(f"a {kind} stands where a plain array should", "a plain array, as np.asarray(…) makes, or float(…)")
    stop(DtypeError, f"{value!r} ({kind}) is no number", "numbers, and arrays of numbers")


# the inputs that say where, and have no say in the dtype of the result: (first, last + 1)
_PLACES: dict[str, tuple[int, int | None]] = {
    "where": (0, 1),
    **dict.fromkeys(("getitem", "put", "take_along_axis", "put_along", "threefry", "shuffled"), (1, None)),
}
_COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})


def _nodes(op: str, inputs: Sequence[Any], traced: bool) -> tuple[list[Node], bool]:
    """The nodes of the inputs; and whether all of them are weak, so that the result is weak too."""
    places = range(*slice(*_PLACES.get(op, (0, 0))).indices(len(inputs)))
    meeting = [x for i, x in enumerate(inputs) if i not in places]
    beside: list[np.dtype] = []
    for x in meeting:
        if isinstance(x, Value):
            if not x.weak:
                beside.append(x.dtype)
        elif isinstance(x, (Node, np.ndarray, np.generic)):
            beside.append(x.dtype)
        elif type(x) in (list, tuple, range) and not _holds_values(x):
            beside.append(np.asarray(x).dtype)
    weak = not beside and any(isinstance(x, Value) for x in meeting)
    if weak:
        beside = [x.dtype for x in meeting if isinstance(x, Value)]
    elif beside and op in _WHOLE_NUMBERS_APART and all(dtype.kind in "iu" for dtype in beside):
        return [_apart(op, x, beside) if _is_whole(x) else as_node(x, beside, traced) for x in inputs], False
    nodes = [
        as_node(x, () if i in places or (weak and isinstance(x, Value)) else beside, traced)
        for i, x in enumerate(inputs)
    ]
    return nodes, weak


# NumPy compares a whole number with an array of bytes for what it is, and divides in floats; whether it would
# fit a byte is asked nowhere
_WHOLE_NUMBERS_APART = _COMPARISONS | {"divide"}


def _is_whole(x: Any) -> bool:
    return type(x) is int or (isinstance(x, Traced) and x.weak and x.dtype.kind == "i")


def _apart(op: str, x: Any, beside: Sequence[np.dtype]) -> Node:
    """A whole number that meets an array of whole numbers, without being made one of the array's dtype."""
    if isinstance(x, Value):
        return x.node
    dtype = np.result_type(*beside)
    if np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
        return constant(x, dtype)
    if op == "divide":
        return constant(float(x))
    for wide in (np.int64, np.uint64):
        if np.iinfo(wide).min <= x <= np.iinfo(wide).max:
            return constant(x, wide)
    return constant(math.inf if x > 0 else -math.inf)  # beyond all whole numbers of NumPy


_NO_PROMOTION = frozenset({"getitem", "put", "take_along_axis", "put_along", "astype"})


def _warn_of_promotion(op: str, inputs: Sequence[Node], node: Node) -> None:
    """Warn where a floating value became wider because of what it met; that doubles the cost of all that follows."""
    if node.dtype.kind != "f" or op in _NO_PROMOTION:
        return
    narrow = [i for i in inputs if i.dtype.kind == "f" and i.dtype.itemsize < node.dtype.itemsize]
    if not narrow:
        return
    wide = next((i for i in inputs if i.dtype.itemsize >= node.dtype.itemsize), inputs[-1])
    small, other = narrow[0], wide.name or ("a constant" if wide.is_constant else wide.op.name)
    message = (
        f"{small.name or small.op.name} is {small.dtype.name} and becomes {node.dtype.name} where it meets {other} "
        f"({wide.dtype.name}); a Python number keeps the dtype, as in 64 ** 0.5 for np.sqrt(64), "
        f"and so does .astype(np.{small.dtype.name})"
    )
    origin = node.origin
    if origin is None:
        warnings.warn(message, PromotionWarning, stacklevel=2)
    else:
        warnings.warn_explicit(message, PromotionWarning, origin.file, origin.line)
