"""Choosing between values, element by element; each says what its derivative is at a tie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import DtypeError
from workings.graph import Node, Op, call, constant, register
from workings.graph.op import Shape
from workings.ops.infer import broadcast_shapes, elementwise, label, like_first, same_dtype


def where(condition: Node, a: Any, b: Any) -> Node:
    return call("where", condition, a, b)


def _half_at_tie(winner: str) -> tuple[Any, Any]:
    """Partials of maximum and minimum: 1 for the winner, 0 for the loser, and half each at a tie."""

    def mine(x: Node, y: Node, z: Node) -> Node:
        return _share(call(winner, x, y), x, y, z.dtype)

    def other(x: Node, y: Node, z: Node) -> Node:
        return _share(call(winner, y, x), x, y, z.dtype)

    return mine, other


def _share(wins: Node, x: Node, y: Node, dtype: np.dtype) -> Node:
    tie = where(call("equal", x, y), constant(0.5, dtype), constant(0, dtype))
    return where(wins, constant(1, dtype), tie)


def _mask(condition: Node, dtype: np.dtype, *, yes: int, no: int) -> Node:
    return where(condition, constant(yes, dtype), constant(no, dtype))


for _name, _doc, _winner in (
    ("maximum", "the larger of x and y; at a tie the derivative is half for each", "greater"),
    ("minimum", "the smaller of x and y; at a tie the derivative is half for each", "less"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=_half_at_tie(_winner),
            rule="only the value that was chosen matters (half each at a tie)",
            domain=((-3, 3), (-3, 3)),
        )
    )


def _where(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    condition, a, b = inputs
    if condition.dtype.kind != "b":
        raise DtypeError(
            f"where: the condition {label(condition)} is {condition.dtype.name}, not bool",
            fix="compare it with something, as in `x > 0`",
        )
    return broadcast_shapes("where", inputs), same_dtype("where", (a, b))


register(
    Op(
        "where",
        "a where the condition holds, b elsewhere",
        _where,
        np.where,
        partials=(
            0,
            lambda c, a, b, y: _mask(c, y.dtype, yes=1, no=0),
            lambda c, a, b, y: _mask(c, y.dtype, yes=0, no=1),
        ),
        rule="only the value that was chosen matters",
        maths="where",
        domain=((-1, 1), (-3, 3), (-3, 3)),
    )
)
register(
    Op(
        "clip",
        "x held between low and high; the derivative at a bound is 1 for x, 0 for the bound",
        lambda inputs, attributes: (broadcast_shapes("clip", inputs), same_dtype("clip", inputs)),
        np.clip,
        partials=(
            lambda x, low, high, y: _mask(call("logical_and", x >= low, x <= high), y.dtype, yes=1, no=0),
            lambda x, low, high, y: _mask(call("logical_and", x < low, low <= high), y.dtype, yes=1, no=0),
            lambda x, low, high, y: _mask(call("greater", call("maximum", x, low), high), y.dtype, yes=1, no=0),
        ),
        rule="inside the bounds it grows as x does, outside it is flat",
        domain=((-3, 3), (-2, -1), (1, 2)),
    )
)
register(
    Op(
        "stop_gradient",
        "x itself, with derivative 0: what it is made from is taken as given",
        like_first,
        lambda x: x,
        partials=(0,),
        rule="it is taken as given",
        maths="same",
        spellings={"python": "{0}"},
        domain=((-3, 3),),
    )
)
