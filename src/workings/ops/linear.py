"""Matrix products.

Source of the derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008), section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, register
from workings.graph.op import Shape
from workings.ops.infer import label, same_dtype

__all__ = ["product_jvp"]


def swap_last(x: Node) -> Node:
    """The matrix transpose, of each matrix of a batch."""
    return call("transpose", x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _matmul_shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    a, b = inputs
    both = f"{label(a)} has shape {a.shape}, {label(b)} has shape {b.shape}"
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(f"matmul: a scalar is no matrix: {both}", fix="multiply with *")
    if a.dtype.kind == "b" and b.dtype.kind == "b":
        raise DtypeError(f"matmul: {label(a)} and {label(b)} are bool", fix="convert one with .astype first")
    rows = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != rows:
        fix = "the columns of the first must be as many as the rows of the second"
        if b.ndim == 2 and a.shape[-1] == b.shape[1]:
            fix = f"{label(a)} @ {label(b)}.T would give {(*a.shape[:-1], b.shape[0])}"
        elif a.ndim == 2 and a.shape[0] == rows:
            fix = f"{label(a)}.T @ {label(b)} would give {(a.shape[1], *b.shape[1:])}"
        raise ShapeError(f"matmul: the shapes do not chain: {both}", fix=fix)
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"matmul: the batches do not broadcast: {both}", fix="as many matrices in both, or one that is used for all"
        ) from None
    shape = batch + (a.shape[-2:-1] if a.ndim > 1 else ()) + (b.shape[-1:] if b.ndim > 1 else ())
    return shape, same_dtype("matmul", inputs)


def _matmul_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    a, b = node.inputs
    if a.ndim == 1 and b.ndim == 1:
        return g * b, g * a
    if a.ndim == 1 and b.ndim == 2:
        return b @ g, call("outer", a, g)
    if a.ndim == 2 and b.ndim == 1:
        return call("outer", g, b), a.T @ g
    if a.ndim == 1:
        # a vector before a batch of matrices: as a batch of one row each
        row = call("expand_dims", g, axis=g.ndim - 1)
        by_a = call("squeeze", row @ swap_last(b), axis=row.ndim - 2)
        return by_a, call("reshape", a, shape=(-1, 1)) @ row
    if b.ndim == 1:
        column = call("expand_dims", g, axis=g.ndim)
        by_b = call("squeeze", swap_last(a) @ column, axis=column.ndim - 1)
        return column @ call("reshape", b, shape=(1, -1)), by_b
    return g @ swap_last(b), swap_last(a) @ g


def product_jvp(name: str) -> Any:
    """For an op that is linear in each of its two inputs."""

    def jvp(tangents: Sequence[Node | None], node: Node) -> Node:
        a, b = node.inputs
        by_a, by_b = tangents
        parts = [call(name, by_a, b, **node.attributes)] if by_a is not None else []
        parts += [call(name, a, by_b, **node.attributes)] if by_b is not None else []
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    return jvp


register(
    Op(
        "matmul",
        "the matrix product, by NumPy's rules for vectors and batches",
        _matmul_shape,
        np.matmul,
        vjp=_matmul_vjp,
        jvp=product_jvp("matmul"),
        rule="for y = A·B the derivatives are dA = dy·Bᵀ and dB = Aᵀ·dy",
        maths="matmul",
        spellings={"python": "{0} @ {1}"},
        domain=((-3, 3), (-3, 3)),
    )
)


def _outer_shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    a, b = inputs
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(
            f"outer takes two vectors: {label(a)} has shape {a.shape}, {label(b)} has shape {b.shape}",
            fix="flatten with .reshape(-1) first",
        )
    return (a.shape[0], b.shape[0]), same_dtype("outer", inputs)


register(
    Op(
        "outer",
        "the matrix of all products of two vectors",
        _outer_shape,
        np.outer,
        vjp=lambda g, node: (g @ node.inputs[1], node.inputs[0] @ g),
        jvp=product_jvp("outer"),
        rule="for y = a·bᵀ the derivatives are da = dy·b and db = dyᵀ·a",
        maths="outer",
        domain=((-3, 3), (-3, 3)),
    )
)
