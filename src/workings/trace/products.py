"""NumPy's products of arrays, diagonals and norms, in ops that there are: matmul, outer, einsum, multiply."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.errors import ShapeError
from workings.trace.allowed import FUNCTIONS, allow, axes_of, no_extras, value_of
from workings.trace.apply import apply, strong
from workings.trace.frames import user_origin
from workings.trace.value import refuse

__all__ = ["FUNCTIONS"]


@allow(np.dot)
def _dot(a: Any, b: Any, out: Any = None) -> Any:
    no_extras("dot", {"out": out})
    a, b = value_of(a), value_of(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return _scaled(a, b)
    if np.ndim(a) <= 2 and np.ndim(b) <= 2:
        return apply("matmul", (a, b), {})
    return _contract(a, b, (np.ndim(a) - 1,), (np.ndim(b) - 2 if np.ndim(b) > 1 else 0,))


def _scaled(a: Any, b: Any) -> Any:
    # unlike *, these functions of NumPy do not take Python numbers as weak
    return apply("multiply", (strong(a), strong(b)), {})


@allow(np.linalg.matmul)
def _matmul(x1: Any, x2: Any, /) -> Any:
    return apply("matmul", (value_of(x1), value_of(x2)), {})


@allow(np.vdot)
def _vdot(a: Any, b: Any, /) -> Any:
    a, b = np.reshape(value_of(a), (-1,)), np.reshape(value_of(b), (-1,))
    return apply("matmul", (a, b), {})


@allow(np.inner)
def _inner(a: Any, b: Any, /) -> Any:
    a, b = value_of(a), value_of(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return _scaled(a, b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return apply("matmul", (a, b), {})
    return _contract(a, b, (np.ndim(a) - 1,), (np.ndim(b) - 1,))


@allow(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = value_of(a), value_of(b)
    if isinstance(axes, (tuple, list)):
        left, right = ((x,) if not isinstance(x, (tuple, list)) else tuple(x) for x in axes)
    else:
        count = operator.index(axes)
        left, right = tuple(range(-count, 0)), tuple(range(count))
    left, right = axes_of(a, left, "tensordot"), axes_of(b, right, "tensordot")
    if len(left) != len(right) or [np.shape(a)[i] for i in left] != [np.shape(b)[i] for i in right]:
        raise ShapeError(
            f"np.tensordot: the axes do not match: shapes {np.shape(a)} along {left}, {np.shape(b)} along {right}",
            where=user_origin(),
            fix="axes of the same lengths, in the same order",
        )
    return _contract(a, b, left, right)


def _contract(a: Any, b: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    rest_a = tuple(i for i in range(np.ndim(a)) if i not in left)
    rest_b = tuple(i for i in range(np.ndim(b)) if i not in right)
    shape = tuple(np.shape(a)[i] for i in rest_a) + tuple(np.shape(b)[i] for i in rest_b)
    count = int(np.prod([np.shape(a)[i] for i in left]))
    rows, columns = (int(np.prod([np.shape(x)[i] for i in rest])) for x, rest in ((a, rest_a), (b, rest_b)))
    matrix_a = np.reshape(np.transpose(a, (*rest_a, *left)), (rows, count))
    matrix_b = np.reshape(np.transpose(b, (*right, *rest_b)), (count, columns))
    return np.reshape(apply("matmul", (matrix_a, matrix_b), {}), shape)


@allow(np.einsum)
def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    # the order of the products is chosen anew for the graph, whatever `optimize` says
    no_extras("einsum", {"out": out, **kwargs})
    subscripts, *arrays = operands
    if not isinstance(subscripts, str):
        refuse("np.einsum with lists of numbers for the axes", 'letters, as in np.einsum("ij,jk->ik", a, b)')
    values = [strong(value_of(a)) for a in arrays]
    if len(values) > 2:  # they are multiplied in pairs, and a pair of bools would be added up as bools
        common = np.result_type(*(v.dtype for v in values))
        values = [v if v.dtype == common else v.astype(common) for v in values]
    written = _explicit(subscripts.replace(" ", ""), [np.ndim(v) for v in values])
    return apply("einsum", values, {"subscripts": written})


def _explicit(subscripts: str, axes: Sequence[int]) -> str:
    """The subscripts with the letters of the result, and letters in the place of an ellipsis."""
    inputs, arrow, result = subscripts.partition("->")
    terms = inputs.split(",")
    letters = inputs.replace("...", "").replace(",", "")
    if not all(c in string.ascii_letters for c in letters + result.replace("...", "")):
        raise ShapeError(
            f"np.einsum: {subscripts!r} is not made of letters, commas and one arrow",
            where=user_origin(),
            fix='a letter for each axis, as in "ij,jk->ik"',
        )
    # of the axes that an ellipsis stands for, the last are the same in all arrays
    counts = [n - len(t.replace("...", "")) if "..." in t else 0 for t, n in zip(terms, axes, strict=False)]
    free = [c for c in string.ascii_letters if c not in subscripts]
    rest = "".join(free[: max(counts, default=0)])
    terms = [t.replace("...", rest[len(rest) - max(n, 0) :]) for t, n in zip(terms, counts, strict=False)] + terms[
        len(counts) :
    ]
    if not arrow:
        result = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return f"{','.join(terms)}->{result.replace('...', rest)}"


@allow(np.outer)
def _outer(a: Any, b: Any, out: Any = None) -> Any:
    no_extras("outer", {"out": out})
    a, b = (x if np.ndim(x) == 1 else np.reshape(x, (-1,)) for x in (value_of(a), value_of(b)))
    return apply("outer", (a, b), {})


@allow(np.linalg.outer)
def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    return apply("outer", (value_of(x1), value_of(x2)), {})


@allow(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    no_extras("trace", {"dtype": dtype, "out": out})
    if np.ndim(a) != 2 or operator.index(offset) or (axis1, axis2) != (0, 1):
        refuse("np.trace of anything but one matrix", "np.sum(x * np.eye(n))")
    return np.sum(np.diagonal(a))


@allow(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if np.ndim(a) != 2 or operator.index(offset) or (axis1, axis2) != (0, 1):
        refuse("np.diagonal of anything but one matrix", "x[np.arange(n), np.arange(n) + offset]")
    places = np.arange(min(np.shape(a)))
    return a[places, places]


@allow(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = value_of(x)
    vector = np.ndim(x) == 1 if axis is None else not isinstance(axis, (tuple, list))
    if ord is not None and not (vector and ord in (1, 2)) and not (ord == "fro" and np.ndim(x) == 2 and axis is None):
        refuse("np.linalg.norm with this ord", "np.sqrt(np.sum(x ** 2)), np.max(np.abs(x)) and the like")
    x = x if x.dtype.kind == "f" else x.astype(float)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))
