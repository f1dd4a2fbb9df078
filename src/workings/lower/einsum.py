"""Sums of products by letters: two factors at a time, in an order that keeps what lies between small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

import numpy as np

from workings.graph import Node
from workings.lower.contract import Part, contract
from workings.lower.lowering import Lowering
from workings.lower.views import View, whole
from workings.ops.einsum import terms

__all__ = ["RULES"]

_FEW = 4  # rows or columns, below which elements are not moved to lie side by side


class _Factor(NamedTuple):
    """A view with a letter for each axis, all different."""

    x: View
    letters: str

    @property
    def strides(self) -> Mapping[str, int]:
        return dict(zip(self.letters, self.x.strides, strict=True))


def _diagonal(x: View, letters: str) -> _Factor:
    """A view with one axis for each letter: one that is named twice steps along both at once."""
    strides: dict[str, int] = {}
    lengths: dict[str, int] = {}
    for letter, stride, length in zip(letters, x.strides, x.shape, strict=True):
        strides[letter] = strides.get(letter, 0) + stride
        lengths[letter] = length
    return _Factor(replace(x, shape=tuple(lengths.values()), strides=tuple(strides.values())), "".join(strides))


def _einsum(low: Lowering, node: Node) -> View:
    letters, result = terms(node.attributes["subscripts"])
    lengths = {c: n for x, term in zip(node.inputs, letters, strict=True) for c, n in zip(term, x.shape, strict=True)}
    factors = [_diagonal(low.views[x], term) for x, term in zip(node.inputs, letters, strict=True)]
    for places in _path(node):
        some = [factors[n] for n in places]
        factors = [factor for n, factor in enumerate(factors) if n not in places]
        while len(some) > 1:
            a, b, *some = some
            others = [*some, *factors]
            wanted = _wanted(a.letters + b.letters, others, result)
            some = [_product(low, node, a, b, wanted, lengths), *some]
        factors += some
    (last,) = factors
    return _summed(low, node, last, result, lengths).x


def _path(node: Node) -> list[tuple[int, ...]]:
    """The places of those that are multiplied, one after the other, as NumPy finds them; a product goes to the end."""
    shapes = [np.broadcast_to(np.empty(()), x.shape) for x in node.inputs]
    path, _ = np.einsum_path(node.attributes["subscripts"], *shapes, optimize="greedy")
    return [tuple(places) for places in path[1:]]


def _wanted(letters: str, others: Sequence[_Factor], result: str) -> str:
    """The letters of a product that are needed later on, in their order; those of the result if nothing is left."""
    if not others:
        return result
    needed = result + "".join(factor.letters for factor in others)
    return "".join(dict.fromkeys(c for c in letters if c in needed))


def _product(low: Lowering, node: Node, a: _Factor, b: _Factor, wanted: str, lengths: Mapping[str, int]) -> _Factor:
    """The sums of the products of two factors. What only one of them has is summed before, if it is not wanted."""
    both = a.letters + b.letters
    wanted = "".join(c for c in wanted if c in both)
    a = _summed(low, node, a, "".join(c for c in a.letters if c in wanted or c in b.letters), lengths)
    b = _summed(low, node, b, "".join(c for c in b.letters if c in wanted or c in a.letters), lengths)
    a, b = (_side_by_side(low, node, x, wanted, lengths) for x in (a, b))
    folded = {c: lengths[c] for c in a.letters if c not in wanted}
    return _contracted(low, node, wanted, folded, [a, b], lengths)


def _summed(low: Lowering, node: Node, x: _Factor, wanted: str, lengths: Mapping[str, int]) -> _Factor:
    """A factor with these letters alone, in their order, the others summed: a view where there are none."""
    folded = {c: lengths[c] for c in x.letters if c not in wanted}
    if folded:
        return _contracted(low, node, wanted, folded, [x], lengths)
    shape, strides = tuple(lengths[c] for c in wanted), tuple(x.strides[c] for c in wanted)
    return _Factor(replace(x.x, shape=shape, strides=strides), wanted)


def _contracted(
    low: Lowering,
    node: Node,
    wanted: str,
    folded: Mapping[str, int],
    factors: Sequence[_Factor],
    lengths: Mapping[str, int],
) -> _Factor:
    outer = {c: lengths[c] for c in wanted}
    result = _Factor(whole(low.buffer(node, tuple(outer.values()))), wanted)
    parts = [Part(x.x, x.strides) for x in factors]
    contract(low, node.dtype, outer, folded, parts, Part(result.x, result.strides))
    return result


def _side_by_side(low: Lowering, node: Node, x: _Factor, wanted: str, lengths: Mapping[str, int]) -> _Factor:
    """A factor with the elements of a row of the result next to one another, if they are used often enough."""
    last = wanted[-1:]
    if last not in x.letters or not last or x.strides[last] == 1 or lengths[last] < _FEW:
        return x
    if prod(lengths[c] for c in wanted if c not in x.letters) < _FEW or 0 in x.x.shape:
        return x
    turned = _summed(low, node, x, x.letters.replace(last, "") + last, lengths)
    target = whole(low.buffer(node, turned.x.shape, x.x.buffer.dtype))
    low.copy(turned.x, target)
    return _Factor(target, turned.letters)


RULES = {"einsum": _einsum}
