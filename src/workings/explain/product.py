"""Products gathered as a person writes them: one sign, one number, each value once, what divides below.

`simplify` knows patterns of two operations; a chain of twenty factors wants all of them seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from workings.graph import Graph, Node, call, constant, input_node, reachable, remake, substitute
from workings.transform import Note, simplify

__all__ = ["gather", "rewritten"]

_PRODUCTS = frozenset({"multiply", "divide", "negative", "square", "reciprocal", "power"})


@dataclass
class _Monomial:
    """sign · number above / number below · values to whole powers, in the order they were met."""

    above: Any = 1
    below: Any = 1
    powers: dict[Node, int] = field(default_factory=dict)


def rewritten(formula: Node, leaves: Iterable[Node]) -> tuple[Node, tuple[Note, ...], dict[Node, Node]]:
    """The formula simplified by algebra, what was done, and which input stands for which leaf in that account.

    No rule looks behind a leaf: each is an input of its own meanwhile.
    """
    border = set(leaves)
    inner = [n for n in reachable([formula], stop=border) if n in border]
    stand = {leaf: input_node(leaf.name or "v", leaf.shape, leaf.dtype) for leaf in inner}
    (cut,) = substitute([formula], stand)
    result = simplify(Graph(stand.values(), [cut]), algebra=True)
    back = {new: leaf for leaf, new in stand.items()}
    return substitute(result.graph.outputs, back)[0], result.notes, back


def gather(formula: Node, leaves: Iterable[Node]) -> tuple[Node, tuple[str, ...]]:
    """The formula with every product in it gathered, and what was done, in words.

    For scalar formulas; `leaves` are not looked into. Equal on paper; rounding may differ.
    """
    border = set(leaves)
    reasons: dict[str, None] = {}
    new: dict[Node, Node] = {}
    shapes: dict[Node, _Monomial] = {}
    for node in reachable([formula], stop=border):
        if node in border or not node.inputs:
            shapes[node] = _literal(node) if node not in border else _Monomial(powers={node: 1})
            new[node] = node
            continue
        monomial = _joined(node, [shapes[i] for i in node.inputs]) if node.op.name in _PRODUCTS else None
        if monomial is None:
            inputs = tuple(_built(shapes[i], new[i]) for i in node.inputs)
            new[node] = remake(node, inputs) if inputs != node.inputs else node
            shapes[node] = _Monomial(powers={new[node]: 1})
        else:
            new[node] = node
            shapes[node] = monomial
            for reason in _told(monomial, [shapes[i] for i in node.inputs]):
                reasons[reason] = None
    result = _built(shapes[formula], new[formula])
    return result, tuple(reasons)


def _literal(node: Node) -> _Monomial:
    value = node.attributes.get("value") if node.is_constant and node.shape == () else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
        return _Monomial(above=value)
    return _Monomial(powers={node: 1})


def _joined(node: Node, parts: list[_Monomial]) -> _Monomial | None:
    name = node.op.name
    if name == "multiply":
        return _times(parts[0], parts[1], 1)
    if name == "divide":
        return None if parts[1].above == 0 else _times(parts[0], parts[1], -1)
    if name == "negative":
        return _times(_Monomial(above=-1), parts[0], 1)
    if name == "square":
        return _times(parts[0], parts[0], 1)
    if name == "reciprocal":
        return None if parts[0].above == 0 else _times(_Monomial(), parts[0], -1)
    exponent = parts[1]
    whole = exponent.above / exponent.below if not exponent.powers else None
    if whole is None or whole != int(whole) or abs(whole) > 12 or whole < 1:
        return None
    result = _Monomial()
    for _ in range(int(whole)):
        result = _times(result, parts[0], 1)
    return result


def _times(a: _Monomial, b: _Monomial, power: int) -> _Monomial:
    above, below = (b.above, b.below) if power == 1 else (b.below, b.above)
    result = _Monomial(a.above * above, a.below * below, dict(a.powers))
    for base, exponent in b.powers.items():
        result.powers[base] = result.powers.get(base, 0) + power * exponent
    return result


def _told(monomial: _Monomial, parts: list[_Monomial]) -> list[str]:
    """What became of values that both parts of a product hold."""
    both = [base for base in parts[0].powers if len(parts) > 1 and base in parts[1].powers]
    told = ["what divides and multiplies alike cancels"] if any(monomial.powers[b] == 0 for b in both) else []
    return [*told, "equal factors become a power"] if any(monomial.powers[b] != 0 for b in both) else told


def _built(monomial: _Monomial, node: Node) -> Node:
    """The monomial as nodes, or the node itself where it was no product."""
    if monomial.powers == {node: 1} and monomial.above == 1 and monomial.below == 1:
        return node
    dtype = node.dtype
    above, below = _reduced(monomial.above, monomial.below)
    top = [_power(base, n) for base, n in monomial.powers.items() if n > 0]
    bottom = [_power(base, -n) for base, n in monomial.powers.items() if n < 0]
    if above == 0:
        return constant(0, dtype)
    if not top or above not in (1, -1):
        top = [constant(above, dtype), *top]
    if below != 1:
        bottom = [constant(below, dtype), *bottom]
    result = _multiplied(top)
    if above == -1 and monomial.powers and not top[0].is_literal(-1):
        result = -result
    return result / _multiplied(bottom) if bottom else result


def _reduced(above: Any, below: Any) -> tuple[Any, Any]:
    if below < 0:
        above, below = -above, -below
    if float(above).is_integer() and float(below).is_integer() and max(abs(above), below) < 2**53:
        ratio = Fraction(int(above), int(below))
        return ratio.numerator, ratio.denominator
    return above, below


def _power(base: Node, n: int) -> Node:
    if n == 1:
        return base
    return call("square", base) if n == 2 else base**n


def _multiplied(factors: list[Node]) -> Node:
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result
