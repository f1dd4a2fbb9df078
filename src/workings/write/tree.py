"""The parts of a formula: a small tree that the writers of text, LaTeX and MathML turn into their own signs.

Every part carries the node that it stands for, so that a page can light it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from workings.graph import Node

__all__ = [
    "Apply",
    "Bars",
    "Choice",
    "Differential",
    "Fraction",
    "Index",
    "Logic",
    "Minus",
    "Negative",
    "Number",
    "Placed",
    "Plus",
    "Power",
    "Product",
    "Rate",
    "Reduce",
    "Relation",
    "Root",
    "Symbol",
    "Transposed",
    "Tree",
]


@dataclass(frozen=True)
class Number:
    """A number; `value` is as the user wrote it, or of its NumPy dtype. `short` allows cutting its digits."""

    value: Any
    node: Node | None = None
    short: bool = False


@dataclass(frozen=True)
class Symbol:
    """A value shown by its name. `words` marks a name of several words, as `learning rate`."""

    name: str
    node: Node | None = None
    words: bool = False


@dataclass(frozen=True)
class Differential:
    """`dW`: the derivative of the loss with respect to `of`, in matrix derivations."""

    of: Symbol
    node: Node | None = None


@dataclass(frozen=True)
class Rate:
    """`dz/dy`: how fast `top` grows with `bottom`."""

    top: Symbol
    bottom: Symbol
    node: Node | None = None


@dataclass(frozen=True)
class Plus:
    left: Tree
    right: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Minus:
    left: Tree
    right: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Negative:
    body: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Product:
    """Factors multiplied. `style`: "scalar" (numbers, or a number times an array), "elementwise", "matrix",
    or "chain", the links of the chain rule, which always keep a sign between them."""

    factors: tuple[Tree, ...]
    style: str = "scalar"
    node: Node | None = None


@dataclass(frozen=True)
class Fraction:
    top: Tree
    bottom: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Power:
    base: Tree
    exponent: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Root:
    body: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Bars:
    """A body between bars; `kind` is "absolute", "floor" or "ceil", or "round" for parentheses that are no matter of
    precedence."""

    body: Tree
    kind: str
    node: Node | None = None


@dataclass(frozen=True)
class Apply:
    """A named function; `attributes` are what it takes beside its arguments, as (name, text) pairs."""

    function: str
    arguments: tuple[Tree, ...]
    attributes: tuple[tuple[str, str], ...] = ()
    node: Node | None = None


@dataclass(frozen=True)
class Reduce:
    """A sum, product, mean, largest … of the body; `over` is "" for all elements, or "rows", "columns", "axis 2".

    `axes` are those of the body that it goes over, and `shape` is the body's.
    """

    word: str
    over: str
    body: Tree
    node: Node | None = None
    axes: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Transposed:
    body: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Index:
    """`body[key]`; the parts of the key are texts or trees."""

    body: Tree
    key: tuple[str | Tree, ...]
    node: Node | None = None


@dataclass(frozen=True)
class Placed:
    """The body put at a key of an array of zeros."""

    body: Tree
    key: tuple[str | Tree, ...]
    node: Node | None = None


@dataclass(frozen=True)
class Relation:
    """A comparison; `sign` is one of < ≤ > ≥ = ≠."""

    sign: str
    left: Tree
    right: Tree
    node: Node | None = None


@dataclass(frozen=True)
class Logic:
    """`word` is "and", "or", "xor" (of two) or "not" (of one)."""

    word: str
    parts: tuple[Tree, ...]
    node: Node | None = None


@dataclass(frozen=True)
class Choice:
    """`yes` where the condition holds, `no` elsewhere."""

    condition: Tree
    yes: Tree
    no: Tree
    node: Node | None = None


Tree: TypeAlias = (
    Number
    | Symbol
    | Differential
    | Rate
    | Plus
    | Minus
    | Negative
    | Product
    | Fraction
    | Power
    | Root
    | Bars
    | Apply
    | Reduce
    | Transposed
    | Index
    | Placed
    | Relation
    | Logic
    | Choice
)
