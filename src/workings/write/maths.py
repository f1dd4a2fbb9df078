"""Nodes as mathematics: what a value is made from, as a tree of a formula.

Which nodes are shown by a symbol and which by what they are made from is the caller's to say: `expression` takes
a function `leaf` that gives the tree of a node to be shown as it is, and None for a node to be looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from workings.errors import UnsupportedError
from workings.graph import Node
from workings.write.tree import (
    Apply,
    Bars,
    Choice,
    Fraction,
    Index,
    Logic,
    Minus,
    Negative,
    Number,
    Placed,
    Plus,
    Power,
    Product,
    Reduce,
    Relation,
    Root,
    Symbol,
    Transposed,
    Tree,
)

__all__ = ["KINDS", "Leaf", "by_formula", "by_name", "expression", "stated"]

# A formula is for reading: what goes deeper, or grows larger, is shown by name. The bounds also keep
# every tree shallow enough for a writer to walk it by plain recursion.
DEEPEST = 40
LARGEST = 400

Leaf: TypeAlias = Callable[[Node], "Tree | None"]


# ── from a node to a tree ───────────────────────────────────────────────────────────────────────────────────


def by_name(node: Node) -> Tree | None:
    """The leaf rule of plain display: what has a name is shown by it."""
    return Symbol(node.name, node) if node.name is not None else None


def expression(node: Node, leaf: Leaf = by_name, *, deepest: int = DEEPEST, largest: int = LARGEST) -> Tree:
    """What `node` is made from, down to the leaves.

    `leaf` is asked for every node below `node` itself, and gives its tree, or None for a node to be looked
    into. Inputs and what lies deeper than `deepest` operations, or beyond `largest` of them, are shown by name
    (`…` without one). Raises `UnsupportedError` for an op whose kind of maths is not known here.
    """
    # From the top: each place in the formula once, as far as the bounds go. Trees grow from the bottom after.
    places: list[tuple[Node, int, list[int] | None]] = [(node, 0, None)]
    trees: dict[int, Tree] = {}
    at = 0
    while at < len(places):
        current, depth, _ = places[at]
        tree = leaf(current) if at else None
        if tree is None and current.is_constant:
            tree = _constant(current)
        elif tree is None and (current.is_input or depth >= deepest or len(places) > largest):
            tree = Symbol(current.name or "…", current)
        if tree is not None:
            trees[at] = tree
        else:
            below = list(range(len(places), len(places) + len(current.inputs)))
            places[at] = (current, depth, below)
            places.extend((i, depth + 1, None) for i in current.inputs)
        at += 1
    for place in reversed(range(len(places))):
        if place not in trees:
            current, _, below = places[place]
            trees[place] = _combine(current, [trees.pop(i) for i in below or ()])
    return trees[0]


def by_formula(node: Node, leaf: Leaf = by_name) -> Tree:
    """The leaf's tree of the node itself if it has one, and otherwise what it is made from."""
    tree = leaf(node)
    return expression(node, leaf) if tree is None else tree


def stated(tree: Tree) -> Tree:
    """The formula as it stands to the right of an equals sign: one that is an equation itself, in parentheses."""
    return Bars(tree, "round") if isinstance(tree, Relation) and tree.sign == "=" else tree


_LEAST_SHARE = 1e-6  # below, 1/n is no easier to read


def _constant(node: Node) -> Tree:
    if node.shape == ():
        share = _share(node)
        return Number(node.attributes["value"], node) if share is None else share
    return Symbol(node.name or "constant", node)


def _share(node: Node) -> Tree | None:
    """The number 1/n that a derivative has from a mean of n, as a person writes it."""
    value = node.value
    if node.because is None or node.dtype.kind != "f" or not _LEAST_SHARE <= abs(value) < 0.5:
        return None
    n = round(1 / float(value))
    return Fraction(Number(1 if n > 0 else -1), Number(abs(n)), node) if node.dtype.type(1 / n) == value else None


def _combine(node: Node, parts: list[Tree]) -> Tree:
    kind = node.op.maths
    if kind is None:
        return _named(node, parts)
    if kind not in KINDS:
        raise UnsupportedError(
            f"the op {node.op.name!r} says that mathematics writes it as {kind!r}, which is not a known kind",
            where=node.origin,
            fix=f"one of {', '.join(sorted(KINDS))}, or none for a named function",
        )
    return KINDS[kind](node, parts)


def _product(node: Node, parts: list[Tree]) -> Tree:
    style = "elementwise" if all(map(_shape, parts, node.inputs)) else "scalar"
    factors: list[Tree] = []
    for part in parts:
        if isinstance(part, Product) and part.style == style:
            factors.extend(part.factors)
        else:
            factors.append(part)
    return Product(tuple(factors), style, node)


def _shape(tree: Tree, node: Node) -> tuple[int, ...]:
    """The shape of what a node is shown by: of a number spread over an array, that of the number."""
    return node.shape if tree.node is None else tree.node.shape


def _matmul(node: Node, parts: list[Tree]) -> Tree:
    factors: list[Tree] = []
    for part in parts:
        # a vector times a vector is a number, which does not go on into the next product
        if isinstance(part, Product) and part.style == "matrix" and part.node is not None and part.node.ndim == 2:
            factors.extend(part.factors)
        else:
            factors.append(part)
    return Product(tuple(factors), "matrix", node)


def _outer(node: Node, parts: list[Tree]) -> Tree:
    a, b = parts
    return Product((a, Transposed(b, node.inputs[1])), "matrix", node)


def _transpose(node: Node, parts: list[Tree]) -> Tree:
    axes = tuple(node.attributes["axes"])
    n = len(axes)
    if n < 2 or not _shape(parts[0], node.inputs[0]):
        return parts[0]
    if axes == (*range(n - 2), n - 1, n - 2):
        return Transposed(parts[0], node)
    return Apply("transpose", tuple(parts), (("axes", _word(axes)),), node)


_OVER = {0: "rows", 1: "columns"}
_REDUCTIONS = frozenset({"mean", "max", "min", "argmax", "argmin", "all", "any"})


def _reduce(word: str, node: Node, parts: Sequence[Tree]) -> Tree:
    axis = node.attributes.get("axis")
    shape = node.inputs[0].shape
    axes = tuple(range(len(shape))) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    return Reduce(word, _over(axes, len(shape)), parts[0], node, axes, shape)


def _over(axes: tuple[int, ...], ndim: int) -> str:
    if len(axes) == ndim:
        return ""
    if ndim == 2:
        return _OVER[axes[0]]
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def _reduction(word: str) -> Callable[[Node, list[Tree]], Tree]:
    return lambda node, parts: _reduce(word, node, parts)


def _key(node: Node, parts: Sequence[Tree]) -> tuple[str | Tree, ...]:
    rest = iter(parts)
    return tuple(
        next(rest) if isinstance(part, str) and part == "array" else _word(part) for part in node.attributes["key"]
    )


def _index(node: Node, parts: list[Tree]) -> Tree:
    return Index(parts[0], _key(node, parts[1:]), node)


def _loop(node: Node, parts: list[Tree]) -> Tree:
    turns = (("turns", str(node.attributes["length"])),)
    return Apply(node.attributes["body"].name, tuple(parts), turns, node)


def _result(node: Node, parts: list[Tree]) -> Tree:
    """What a value was after the last turn of a loop, or what it was in each."""
    loop, index = node.inputs[0], node.attributes["index"]
    body = loop.attributes["body"]
    last = index < loop.attributes["carry"]
    of = body.inputs[index] if last else body.outputs[index]
    return Index(parts[0], (f"{'last' if last else 'each'} {body.names.get(of, 'y')}",), node)


def _named(node: Node, parts: list[Tree]) -> Tree:
    """An op that mathematics has no sign for: a reduction in words, or a function by its name."""
    if node.op.name in _REDUCTIONS:
        return _reduce(node.op.name, node, parts)
    if node.op.name == "absolute":
        return Bars(parts[0], "absolute", node)
    if node.op.name == "put":
        return Placed(parts[0], _key(node, parts[1:]), node)
    attributes = tuple((key, _word(value)) for key, value in node.attributes.items())
    return Apply(node.op.name, tuple(parts), attributes, node)


def _word(value: Any) -> str:
    """An attribute in a formula, as the user would write it."""
    if isinstance(value, slice):
        ends = ["" if end is None else str(end) for end in (value.start, value.stop)]
        return ":".join(ends if value.step is None else [*ends, str(value.step)])
    if value is Ellipsis:
        return "…"
    if value is None:
        return "new"
    if isinstance(value, tuple):
        return f"({', '.join(map(_word, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, np.ndarray):
        return "…"
    return getattr(value, "name", None) or str(value)


def _einsum(node: Node, parts: list[Tree]) -> Tree:
    letters = node.attributes["subscripts"].replace("->", "→")
    return Apply("einsum", (Symbol(f'"{letters}"', words=True), *parts), (), node)


def _relation(sign: str) -> Callable[[Node, list[Tree]], Tree]:
    return lambda node, parts: Relation(sign, parts[0], parts[1], node)


def _logic(word: str) -> Callable[[Node, list[Tree]], Tree]:
    return lambda node, parts: Logic(word, tuple(parts), node)


def _bars(kind: str) -> Callable[[Node, list[Tree]], Tree]:
    return lambda node, parts: Bars(parts[0], kind, node)


# What each kind of maths that an op may name looks like: (node, trees of its inputs) -> tree
KINDS: Mapping[str, Callable[[Node, list[Tree]], Tree]] = {
    "add": lambda node, parts: Plus(parts[0], parts[1], node),
    "subtract": lambda node, parts: Minus(parts[0], parts[1], node),
    "multiply": _product,
    "divide": lambda node, parts: Fraction(parts[0], parts[1], node),
    "negative": lambda node, parts: Negative(parts[0], node),
    "reciprocal": lambda node, parts: Fraction(Number(1), parts[0], node),
    "power": lambda node, parts: Power(parts[0], parts[1], node),
    "square": lambda node, parts: Power(parts[0], Number(2), node),
    "sqrt": lambda node, parts: Root(parts[0], node),
    "exp": lambda node, parts: Apply("exp", tuple(parts), (), node),
    "exp2": lambda node, parts: Power(Number(2), parts[0], node),
    "absolute": _bars("absolute"),
    "floor": _bars("floor"),
    "ceil": _bars("ceil"),
    "less": _relation("<"),
    "less_equal": _relation("≤"),
    "greater": _relation(">"),
    "greater_equal": _relation("≥"),
    "equal": _relation("="),
    "not_equal": _relation("≠"),
    "logical_and": _logic("and"),
    "logical_or": _logic("or"),
    "logical_xor": _logic("xor"),
    "logical_not": _logic("not"),
    "where": lambda node, parts: Choice(parts[0], parts[1], parts[2], node),
    "same": lambda node, parts: parts[0],
    "sum": _reduction("sum"),
    "prod": _reduction("prod"),
    "matmul": _matmul,
    "outer": _outer,
    "einsum": _einsum,
    "transpose": _transpose,
    "index": _index,
    "loop": _loop,
    "result": _result,
}
