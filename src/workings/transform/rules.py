"""The rules of simplification, as a table: a pattern, what it becomes, and the reason in words.

EXACT rules keep every bit, for −0 and inf too, and regroup nothing: engines use them. A nan stays a nan, but
which one it is (its sign bit, which NumPy itself leaves open) may change. The bits of a sum depend on how its
terms lie in memory; so an EXACT rule is applied only where the result certainly lies as it did. ALGEBRA rules
are equal on paper; only documents use them, and measure the difference they make.

In a pattern a name stands for any value (twice the same name: the same value), `m` and `n` for any constant
number, and a number for itself. Sums and products match in both orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workings.graph import Node, call

__all__ = ["ALGEBRA", "EXACT", "PATTERNS", "STRUCTURE", "Pattern", "Structure"]

EXACT, ALGEBRA = "exact", "algebra"


class Pattern(NamedTuple):
    """`before` becomes `after`, because of `reason`."""

    before: str
    after: str
    reason: str
    tag: str


PATTERNS = (
    # ones and zeros
    Pattern("x * 1", "x", "× 1 disappears", EXACT),
    Pattern("x / 1", "x", "÷ 1 disappears", EXACT),
    Pattern("x - 0", "x", "− 0 disappears", EXACT),
    # NumPy's power rounds otherwise than a product does; only newer versions take these two apart
    Pattern("power(x, 1)", "x", "the power 1 disappears", ALGEBRA),
    Pattern("power(x, 2)", "x ** 2", "the power 2 is a square", ALGEBRA),
    Pattern("x + 0", "x", "+ 0 disappears", ALGEBRA),
    Pattern("x * 0", "0", "nothing times anything is nothing", ALGEBRA),
    Pattern("0 / x", "0", "nothing shared out is nothing", ALGEBRA),
    Pattern("0 - x", "-x", "0 − x is −x", ALGEBRA),
    # signs
    Pattern("-(-x)", "x", "two minus signs cancel", EXACT),
    Pattern("x * -1", "-x", "× −1 turns the sign", EXACT),
    Pattern("x / -1", "-x", "÷ −1 turns the sign", EXACT),
    Pattern("(-x) * (-y)", "x * y", "two minus signs cancel", EXACT),
    Pattern("(-x) / (-y)", "x / y", "two minus signs cancel", EXACT),
    Pattern("x - (-y)", "x + y", "minus a negative is plus", EXACT),
    Pattern("x + (-y)", "x - y", "plus a negative is minus", EXACT),
    Pattern("(-x) ** 2", "x ** 2", "a square has no sign", EXACT),
    Pattern("absolute(-x)", "absolute(x)", "a distance has no sign", EXACT),
    Pattern("-(x - y)", "y - x", "the minus sign turns the difference round", ALGEBRA),
    # a value met twice
    Pattern("x + x", "2 * x", "x + x is 2x", EXACT),
    Pattern("x - x", "0", "what is taken away is all there was", ALGEBRA),
    Pattern("x / x", "1", "a value over itself is 1", ALGEBRA),
    Pattern("x * x", "x ** 2", "x times x is x²", EXACT),
    Pattern("(x / y) * y", "x", "÷ y and × y cancel", ALGEBRA),
    Pattern("x * y / y", "x", "× y and ÷ y cancel", ALGEBRA),
    Pattern("n * x + m * x", "(n + m) * x", "like terms add up", ALGEBRA),
    Pattern("n * x + x", "(n + 1) * x", "like terms add up", ALGEBRA),
    # numbers gathered in front
    Pattern("n * (m * x)", "(n * m) * x", "the numbers are multiplied", ALGEBRA),
    Pattern("(n * x) * y", "n * (x * y)", "the number comes first", ALGEBRA),
    Pattern("x * n", "n * x", "the number comes first", ALGEBRA),
    Pattern("(x / n) * m", "(m / n) * x", "the numbers are multiplied", ALGEBRA),
    Pattern("-(n * x)", "(-n) * x", "the minus sign joins the number", ALGEBRA),
    # functions and their inverses
    Pattern("log(exp(x))", "x", "log undoes exp", ALGEBRA),
    Pattern("exp(log(x))", "x", "exp undoes log", ALGEBRA),
    Pattern("sqrt(x) ** 2", "x", "the square undoes the root", ALGEBRA),
    Pattern("sqrt(x ** 2)", "absolute(x)", "the root of a square is the distance from 0", ALGEBRA),
    Pattern("absolute(absolute(x))", "absolute(x)", "a distance is positive already", EXACT),
    Pattern("logical_not(logical_not(x))", "x", "not not is yes", EXACT),
    Pattern("where(c, x, x)", "x", "both choices are the same", EXACT),
)


class Structure(NamedTuple):
    """A rule about shapes and axes: for the op `op`, `apply` gives what a node becomes, or None.

    `keeps_layout` says that both sides are views, or read views, of the same strides.
    """

    op: str
    apply: Callable[[Node], Node | None]
    reason: str
    tag: str = EXACT
    keeps_layout: bool = True


def _same_type(node: Node) -> Node | None:
    x = node.inputs[0]
    return x if (x.shape, x.dtype) == (node.shape, node.dtype) else None


def _same_axes(node: Node) -> Node | None:
    axes = node.attributes["axes"]
    return node.inputs[0] if tuple(axes) == tuple(range(len(axes))) else None


def _transposed_twice(node: Node) -> Node | None:
    inner = node.inputs[0]
    if inner.op.name != "transpose":
        return None
    axes = tuple(inner.attributes["axes"][a] for a in node.attributes["axes"])
    return call("transpose", inner.inputs[0], axes=axes)


def _inside_itself(node: Node) -> Node | None:
    inner = node.inputs[0]
    if inner.op is not node.op:
        return None
    return call(node.op.name, inner.inputs[0], **node.attributes)


def _stretched_needlessly(node: Node) -> Node | None:
    """An elementwise op stretches its inputs by itself, as long as another input has the full shape."""
    if len(node.inputs) != 2:
        return None
    a, b = node.inputs
    inputs = None
    if a.op.name == "broadcast_to" and b.shape == node.shape and b.op.name != "broadcast_to":
        inputs = (a.inputs[0], b)
    elif b.op.name == "broadcast_to" and a.shape == node.shape and a.op.name != "broadcast_to":
        inputs = (a, b.inputs[0])
    return None if inputs is None else call(node.op.name, *inputs)


def _spread_scalar(node: Node) -> Node | None:
    inner = node.inputs[0]
    if inner.op.name != "broadcast_to" or inner.inputs[0].shape != ():
        return None
    return call("broadcast_to", inner.inputs[0], shape=node.shape)


STRUCTURE = (
    Structure("reshape", _spread_scalar, "one value everywhere has any shape"),
    Structure("reshape", _same_type, "the shape is the same already"),
    Structure("broadcast_to", _same_type, "the shape is the same already"),
    Structure("astype", _same_type, "the dtype is the same already", keeps_layout=False),
    Structure("transpose", _same_axes, "the axes stay as they are"),
    Structure("transpose", _transposed_twice, "transposing twice is transposing once, or not at all"),
    # the first of the two may make a copy, row by row, which the second views
    Structure("reshape", _inside_itself, "only the last shape counts", keeps_layout=False),
    Structure("broadcast_to", _inside_itself, "only the last shape counts"),
    *(
        Structure(op, _stretched_needlessly, "arithmetic stretches by itself")
        for op in ("add", "subtract", "multiply", "divide")
    ),
)
