"""Sums of products by Einstein's notation: each letter is an axis, and what the result does not name is summed."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError, ShapeError
from workings.graph import Node, Op, call, constant, register
from workings.graph.op import Shape
from workings.ops.infer import label, same_dtype, shapes_of

__all__ = ["terms"]


def terms(subscripts: str) -> tuple[list[str], str]:
    """The letters of each input, and those of the result."""
    inputs, _, result = subscripts.partition("->")
    return inputs.split(","), result


def _lengths(inputs: Sequence[Node], letters: Sequence[str]) -> dict[str, int]:
    """The length of each letter's axis."""
    lengths: dict[str, int] = {}
    for node, term in zip(inputs, letters, strict=True):
        if len(term) != node.ndim:
            raise ShapeError(
                f"einsum: {term!r} has {len(term)} letters, and {label(node)} has shape {node.shape}",
                fix="a letter for each axis",
            )
        for letter, length in zip(term, node.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                both = f"{lengths[letter]} and {length}"
                raise ShapeError(
                    f"einsum: the axes called {letter!r} have lengths {both}: {shapes_of(inputs)}",
                    fix="a letter of its own for each length",
                )
    return lengths


def _shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    letters, result = terms(attributes["subscripts"])
    if len(letters) != len(inputs):
        raise ShapeError(
            f"einsum: {attributes['subscripts']!r} is for {len(letters)} arrays, not {len(inputs)}",
            fix="the letters of each array, with commas between",
        )
    lengths = _lengths(inputs, letters)
    unknown = [letter for letter in result if letter not in lengths]
    if unknown or len(set(result)) != len(result):
        wrong = f"{unknown[0]!r}, which no array has" if unknown else "an axis twice"
        raise ShapeError(
            f"einsum: the result {result!r} names {wrong}: {shapes_of(inputs)}",
            fix="each letter at most once, out of those of the arrays",
        )
    dtype = same_dtype("einsum", inputs)
    if len(inputs) > 2 and any(node.dtype != dtype for node in inputs):
        # NumPy multiplies them in pairs, and which comes first would change the numbers
        raise DtypeError(
            "einsum of more than two arrays takes one dtype: "
            + ", ".join(f"{label(node)} is {node.dtype.name}" for node in inputs),
            fix=f"convert all to {dtype.name} with .astype first",
        )
    if dtype.kind == "b":
        raise DtypeError(
            f"einsum: {', '.join(map(label, inputs))} {'is' if len(inputs) == 1 else 'are'} bool",
            fix="convert one with .astype first",
        )
    return tuple(lengths[letter] for letter in result), dtype


def einsum(*arrays: Any, subscripts: str) -> Any:
    return np.einsum(subscripts, *arrays, optimize=True)


def _vjp(g: Node, node: Node) -> Sequence[Node | None]:
    return [_by_input(g, node, k) for k in range(len(node.inputs))]


def _by_input(g: Node, node: Node, position: int) -> Node:
    """The derivative with respect to one input: g in its place, and the letters of the result and of it swapped."""
    letters, result = terms(node.attributes["subscripts"])
    own, x = letters[position], node.inputs[position]
    others = [term for k, term in enumerate(letters) if k != position]
    arrays = [n for k, n in enumerate(node.inputs) if k != position]
    # a letter twice in one array is a diagonal: the way back puts the values on one, and 0 beside it
    free = iter(c for c in string.ascii_letters if c not in node.attributes["subscripts"])
    wanted = ""
    for letter in own:
        if letter in wanted:
            again = next(free)
            others.append(letter + again)
            arrays.append(constant(np.eye(x.shape[own.index(letter)], dtype=g.dtype)))
            letter = again
        wanted += letter
    # what only this array has was summed alone, so its derivative is the same along it
    found = "".join(letter for letter in wanted if letter in result or any(letter in term for term in others))
    if len(arrays) > 1:
        arrays = [n if n.dtype == g.dtype else call("astype", n, dtype=g.dtype) for n in arrays]
    back = call("einsum", g, *arrays, subscripts=f"{','.join([result, *others])}->{found}")
    if found == wanted:
        return back
    lengths = dict(zip(wanted, x.shape, strict=True))
    kept = call("reshape", back, shape=tuple(lengths[c] if c in found else 1 for c in wanted))
    return call("broadcast_to", kept, shape=x.shape)


def _jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    total: Node | None = None
    for k, tangent in enumerate(tangents):
        if tangent is not None:
            moved = call("einsum", *node.inputs[:k], tangent, *node.inputs[k + 1 :], **node.attributes)
            total = moved if total is None else total + moved
    assert total is not None
    return total


register(
    Op(
        "einsum",
        "sums of products: each letter is an axis, and those that the result does not name are summed",
        _shape,
        einsum,
        vjp=_vjp,
        jvp=_jvp,
        rule="a sum of products grows with each factor by the product of the others, summed likewise",
        maths="einsum",
        domain=((-3, 3),),
    )
)
