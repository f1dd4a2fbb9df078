"""Reductions over axes, and cumulative sums.

`axis` is absent for all axes, an int, or a tuple of ints, none negative; `keepdims` is absent unless True.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ShapeError
from workings.graph import Node, Op, call, constant, register
from workings.graph.op import Infer, Shape
from workings.ops.infer import check_axis, reduction, shapes_of


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes that a reduction takes away, as a tuple."""
    axis = node.attributes.get("axis")
    if axis is None:
        return tuple(range(node.inputs[0].ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


def kept(node: Node, value: Node) -> Node:
    """`value`, shaped like the reduction `node`, with the reduced axes back as length 1."""
    x = node.inputs[0]
    if node.attributes.get("keepdims") or value.shape == ():
        return value
    axes = reduced_axes(node)
    return call("reshape", value, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def spread(node: Node, value: Node) -> Node:
    """`value` of a reduction's shape, stretched over what was reduced."""
    return call("broadcast_to", kept(node, value), shape=node.inputs[0].shape)


def _count(node: Node) -> int:
    return int(np.prod([node.inputs[0].shape[a] for a in reduced_axes(node)], dtype=np.int64))


def _tie_shares(node: Node) -> Node:
    """For max and min: each winner's share of the derivative, 1 over the number of winners."""
    x = node.inputs[0]
    wins = call("equal", x, kept(node, node))
    share = call("astype", wins, dtype=x.dtype)
    total = call("sum", share, **node.attributes)
    return share / kept(node, total)


def _choice_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    return (kept(node, g) * _tie_shares(node),)


def _choice_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    (t,) = tangents
    assert t is not None
    return call("sum", t * _tie_shares(node), **node.attributes)


def _others(node: Node) -> Node:
    """For prod: the product of all the other factors, those before a factor times those after it.

    Nothing is divided, so zeros and infinities among the factors do no harm, and the derivatives of the products
    before and after are again right to any order.
    """
    x = node.inputs[0]
    axes = reduced_axes(node)
    count = _count(node)
    if count < 2:
        return call("broadcast_to", constant(1, x.dtype), shape=x.shape)
    others = [i for i in range(x.ndim) if i not in axes]
    order = (*others, *axes)
    rows = x if order == tuple(range(x.ndim)) else call("transpose", x, axes=order)
    shape = rows.shape
    if len(axes) > 1:
        rows = call("reshape", rows, shape=(*(x.shape[i] for i in others), count))
    last = rows.ndim - 1
    # the products so far, from the left and from the right
    both = call("stack", rows, call("flip", rows, axis=last), axis=0)
    before, after = (call("getitem", _products_before(both), key=(k,)) for k in (0, 1))
    result = before * call("flip", after, axis=last)
    if len(axes) > 1:
        result = call("reshape", result, shape=shape)
    return result if rows is x else call("transpose", result, axes=tuple(order.index(i) for i in range(x.ndim)))


def _products_before(x: Node) -> Node:
    """The product of all that stands before each place of the last axis.

    Each round multiplies twice as many factors as the one before. Source: Hillis and Steele, Data parallel
    algorithms (1986).
    """
    *rest, count = x.shape
    everything = (slice(None),) * len(rest)

    def moved(values: Node, by: int) -> Node:
        ones = call("broadcast_to", constant(1, x.dtype), shape=(*rest, by))
        earlier = call("getitem", values, key=(*everything, slice(0, count - by)))
        return call("concatenate", ones, earlier, axis=len(rest))

    result, reach = moved(x, 1), 1
    while reach < count - 1:
        result, reach = result * moved(result, reach), 2 * reach
    return result


def _mean_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    count = _count(node)
    # float16 ends at 65504; the share of one term still fits
    share = g / count if count <= float(np.finfo(g.dtype).max) else g * (1 / count)
    return (spread(node, share),)


def _prod_jvp(tangents: Sequence[Node | None], node: Node) -> Node:
    (t,) = tangents
    assert t is not None
    return call("sum", t * _others(node), **node.attributes)


register(
    Op(
        "sum",
        "the sum over axes",
        reduction("sum", np.sum, empty=True),
        np.sum,
        vjp=lambda g, node: (spread(node, g),),
        rule="every term of a sum counts once",
        maths="sum",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "mean",
        "the mean over axes",
        reduction("mean", np.mean, empty=False),
        np.mean,
        vjp=_mean_vjp,
        rule="every one of n terms of a mean counts 1/n",
        domain=((-3, 3),),
    )
)
register(
    Op(
        "prod",
        "the product over axes",
        reduction("prod", np.prod, empty=True),
        np.prod,
        vjp=lambda g, node: (kept(node, g) * _others(node),),
        jvp=_prod_jvp,
        rule="the derivative of a product with respect to one factor is the product of the others",
        maths="prod",
        domain=((0.5, 2),),
    )
)
for _name, _word in (("max", "largest"), ("min", "smallest")):
    register(
        Op(
            _name,
            f"the {_word} value over axes; tied winners share the derivative equally",
            reduction(_name, getattr(np, _name), empty=False),
            getattr(np, _name),
            vjp=_choice_vjp,
            jvp=_choice_jvp,
            rule=f"only the {_word} value matters (shared equally at a tie)",
            domain=((-3, 3),),
        )
    )


def _place(name: str) -> Infer:
    """Like other reductions, but along one axis or all of them flattened, as a place is one whole number."""
    infer = reduction(name, getattr(np, name), empty=False)

    def along(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
        axis = attributes.get("axis")
        if isinstance(axis, tuple):
            raise ShapeError(
                f"{name}: a place along axes {axis} is more than one number: {shapes_of(inputs)}",
                fix="one axis, or reshape the axes into one first",
            )
        return infer(inputs, attributes)

    return along


for _name, _word in (("argmax", "largest"), ("argmin", "smallest")):
    register(
        Op(
            _name,
            f"the index of the {_word} value along an axis (the first of equals)",
            _place(_name),
            getattr(np, _name),
            domain=((-3, 3),),
        )
    )
for _name, _doc in (("all", "whether all are true"), ("any", "whether one is true")):
    register(Op(_name, _doc, reduction(_name, getattr(np, _name), empty=True), getattr(np, _name), domain=((-1, 1),)))


def _cumsum_shape(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    (x,) = inputs
    axis = attributes["axis"]
    check_axis("cumsum", x, axis)
    return x.shape, np.cumsum(np.zeros(1, x.dtype)).dtype


def _cumsum_vjp(g: Node, node: Node) -> Sequence[Node | None]:
    axis = node.attributes["axis"]
    backwards = call("flip", g, axis=axis)
    return (call("flip", call("cumsum", backwards, axis=axis), axis=axis),)


register(
    Op(
        "cumsum",
        "the sum so far along an axis",
        _cumsum_shape,
        np.cumsum,
        vjp=_cumsum_vjp,
        rule="a term counts in every sum from its place on",
        domain=((-3, 3),),
    )
)
