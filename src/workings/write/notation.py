"""From a tree of mathematics to a formula in two dimensions: what LaTeX and MathML have in common.

Here it is decided where parentheses stand, which products need a sign, and in which letters a symbol is set;
a `Pen` knows how its language spells each piece. Every piece is marked with the id of the node that it is for.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeAlias, TypeVar

from workings.graph import Node
from workings.write.alphabet import name_parts, style
from workings.write.text import number
from workings.write.tree import (
    Apply,
    Bars,
    Choice,
    Differential,
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
    Rate,
    Reduce,
    Relation,
    Root,
    Symbol,
    Transposed,
    Tree,
)

__all__ = ["KNOWN", "SETTERS", "Ids", "Pen", "set_formula"]

# How tightly a piece holds together, loosest first; a looser piece inside a tighter one takes parentheses.
CHOICE, LOGIC, RELATION, SUM, REDUCE, PRODUCT, POWER, ATOM = range(8)

# functions that mathematics writes by these very names
KNOWN = frozenset(
    {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min"}
)

Ids: TypeAlias = Callable[[Node | None], "str | None"]
P = TypeVar("P")


class Pen(ABC, Generic[P]):
    """How a language spells each piece of a formula; a piece, `P`, is what the language makes of it."""

    @abstractmethod
    def number(self, value: Any, short: bool) -> P:
        """A number, with its sign."""

    @abstractmethod
    def word(self, word: str, style: str) -> P:
        """A name, or a part of one, in the letters of a style."""

    @abstractmethod
    def words(self, words: str) -> P:
        """Words in the midst of a formula."""

    @abstractmethod
    def sign(self, sign: str, form: str = "infix") -> P:
        """One of + − · ⊙ = < ≤ > ≥ ≠ and the comma; `form` is "infix", "prefix" or "postfix"."""

    @abstractmethod
    def row(self, pieces: Sequence[P]) -> P:
        """Pieces one after the other."""

    @abstractmethod
    def beside(self, apart: bool) -> P:
        """What stands between two factors without a sign; `apart` where they would run together."""

    @abstractmethod
    def fenced(self, body: P, kind: str) -> P:
        """The body between "round" or "square" brackets, or bars: "absolute", "floor", "ceil"."""

    @abstractmethod
    def fraction(self, top: P, bottom: P) -> P: ...

    @abstractmethod
    def root(self, body: P) -> P: ...

    @abstractmethod
    def raised(self, base: P, exponent: P) -> P: ...

    @abstractmethod
    def lowered(self, base: P, index: P) -> P: ...

    @abstractmethod
    def transposed(self, base: P) -> P: ...

    @abstractmethod
    def differential(self, symbol: P, long: bool) -> P:
        """An upright d before a symbol; `long` if the symbol is a word."""

    @abstractmethod
    def function(self, name: str, under: P | None = None) -> P:
        """The name of a function, with what stands under it."""

    @abstractmethod
    def applied(self, function: P, arguments: P) -> P:
        """A function before its arguments in parentheses."""

    @abstractmethod
    def big(self, word: str, under: P | None, over: P | None) -> P:
        """The large sign of a "sum" or a "prod" with its limits."""

    @abstractmethod
    def cases(self, yes: P, condition: P, no: P) -> P:
        """`yes` where the condition holds, else `no`."""

    @abstractmethod
    def shaped(self, symbol: P, shape: Sequence[int]) -> P:
        """A symbol with its shape under it."""

    @abstractmethod
    def marked(self, piece: P, mark: str) -> P:
        """The piece with the id of its node."""


@dataclass(frozen=True)
class Set(Generic[P]):
    """A piece, and what its neighbors have to know: how tightly it holds together, whether it begins with a minus
    or a digit, whether there is a name in it, and whether it is (or ends or begins with) a word."""

    piece: P
    level: int
    minus: bool = False
    digit: bool = False
    named: bool = True
    word: bool = False


@dataclass(frozen=True)
class _Setting(Generic[P]):
    """A pen, and what is shown beside the formula itself."""

    pen: Pen[P]
    ids: Ids | None
    shapes: bool

    def write(self, tree: Tree) -> Set[P]:
        made = SETTERS[type(tree)](self, tree)
        mark = self.ids(tree.node) if self.ids is not None else None
        return made if mark is None else replace(made, piece=self.pen.marked(made.piece, mark))

    def piece(self, tree: Tree) -> P:
        return self.write(tree).piece

    def held(self, tree: Tree, least: int) -> Set[P]:
        """The tree, in parentheses if it holds together less than `least`."""
        made = self.write(tree)
        return made if made.level >= least else self.round(made)

    def round(self, made: Set[P]) -> Set[P]:
        return replace(
            made, piece=self.pen.fenced(made.piece, "round"), level=ATOM, minus=False, digit=False, word=False
        )

    def infix(self, left: P, sign: str, right: P) -> P:
        return self.pen.row((left, self.pen.sign(sign), right))

    def listed(self, pieces: Sequence[P]) -> P:
        comma = self.pen.sign(",")
        return self.pen.row([p for piece in pieces for p in (comma, piece)][1:])


def set_formula(tree: Tree, pen: Pen[P], *, ids: Ids | None = None, shapes: bool = False) -> P:
    """The formula as the pen writes it. `ids` gives the marks of nodes; `shapes` puts shapes under arrays."""
    return _Setting(pen, ids, shapes).piece(tree)


# ── symbols and numbers ─────────────────────────────────────────────────────────────────────────────────────


def _number(on: _Setting[P], tree: Number) -> Set[P]:
    spelled = number(tree.value, short=tree.short)
    digits = spelled.lstrip("−")
    ten = "e" in digits and digits[-1].isdecimal()
    level = SUM if digits != spelled else PRODUCT if ten else POWER if digits.endswith("…") else ATOM
    return Set(on.pen.number(tree.value, tree.short), level, digits != spelled, digits[0].isdecimal(), named=False)


def _name(on: _Setting[P], symbol: Symbol, letters: str) -> Set[P]:
    """A symbol without its mark, in the given letters."""
    if symbol.words:
        return Set(on.pen.words(symbol.name), ATOM, word=True)
    stem, index = name_parts(symbol)
    piece = on.pen.word(stem, letters)
    long = len(stem) > 1
    if not index:
        return Set(piece, ATOM, word=long)
    return Set(on.pen.lowered(piece, on.pen.word(index, "scalar")), ATOM, word=long)


def _symbol(on: _Setting[P], tree: Symbol) -> Set[P]:
    return _with_shape(on, _name(on, tree, style(tree.node)), tree.node)


def _with_shape(on: _Setting[P], made: Set[P], node: Node | None) -> Set[P]:
    if not on.shapes or node is None or not node.shape:
        return made
    return replace(made, piece=on.pen.shaped(made.piece, node.shape))


def _d(on: _Setting[P], symbol: Symbol) -> P:
    made = _name(on, symbol, style(symbol.node))
    return on.pen.differential(made.piece, made.word)


def _differential(on: _Setting[P], tree: Differential) -> Set[P]:
    return _with_shape(on, Set(_d(on, tree.of), ATOM, word=True), tree.of.node)


def _rate(on: _Setting[P], tree: Rate) -> Set[P]:
    return Set(on.pen.fraction(_d(on, tree.top), _d(on, tree.bottom)), POWER)


# ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────


def _sum(on: _Setting[P], sign: str, left: Tree, right: Tree) -> Set[P]:
    before = on.write(left) if isinstance(left, Number) else on.held(left, SUM)
    after = on.held(right, REDUCE if sign == "−" else SUM)
    if after.minus:
        after = on.round(after)
    piece = on.infix(before.piece, sign, after.piece)
    return Set(piece, SUM, before.minus, before.digit, before.named or after.named)


def _negative(on: _Setting[P], tree: Negative) -> Set[P]:
    body = on.held(tree.body, REDUCE)
    if body.minus:
        body = on.round(body)
    return Set(on.pen.row((on.pen.sign("−", "prefix"), body.piece)), SUM, minus=True, named=body.named)


def _factor(on: _Setting[P], tree: Tree, first: bool, last: bool) -> Set[P]:
    made = on.write(tree)
    if first and isinstance(tree, (Number, Negative)):
        return made
    if made.minus or made.level < (REDUCE if last else PRODUCT):
        return on.round(made)
    return made


def _product(on: _Setting[P], tree: Product) -> Set[P]:
    factors = tree.factors
    pieces = [_factor(on, f, i == 0, i == len(factors) - 1) for i, f in enumerate(factors)]
    if tree.style in ("matrix", "elementwise"):
        other = "matrix" if tree.style == "elementwise" else "elementwise"
        pieces = [
            on.round(p) if isinstance(f, Product) and f.style == other and p.level < ATOM else p
            for p, f in zip(pieces, factors, strict=True)
        ]
    first, *rest = pieces
    level = REDUCE if pieces[-1].level == REDUCE else PRODUCT
    found = Set(first.piece, level, first.minus, first.digit, any(p.named for p in pieces))
    if tree.style == "elementwise":
        sign = on.pen.sign("⊙")
    elif tree.style in ("matrix", "chain") or not isinstance(factors[0], Number):
        sign = on.pen.sign("·")
    elif any(p.digit for p in rest) or not all(p.named for p in rest):
        sign = on.pen.sign("·")  # numbers alone do not stand side by side
    else:
        sign = None
    line = [first.piece]
    for before, after in itertools.pairwise(pieces):
        apart = before is not first and (before.word or after.word)
        line += [on.pen.beside(apart) if sign is None else sign, after.piece]
    return replace(found, piece=on.pen.row(line))


def _fraction(on: _Setting[P], tree: Fraction) -> Set[P]:
    top, bottom = on.write(tree.top), on.write(tree.bottom)
    return Set(on.pen.fraction(top.piece, bottom.piece), PRODUCT, named=top.named or bottom.named)


def _power(on: _Setting[P], tree: Power) -> Set[P]:
    base, exponent = on.held(tree.base, ATOM), on.write(tree.exponent)
    piece = on.pen.raised(base.piece, exponent.piece)
    return Set(piece, POWER, digit=base.digit, named=base.named or exponent.named)


def _root(on: _Setting[P], tree: Root) -> Set[P]:
    body = on.write(tree.body)
    return Set(on.pen.root(body.piece), ATOM, named=body.named)


def _bars(on: _Setting[P], tree: Bars) -> Set[P]:
    body = on.write(tree.body)
    return Set(on.pen.fenced(body.piece, tree.kind), ATOM, named=body.named)


def _transposed(on: _Setting[P], tree: Transposed) -> Set[P]:
    return Set(on.pen.transposed(on.held(tree.body, ATOM).piece), POWER)


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────


def _apply(on: _Setting[P], tree: Apply) -> Set[P]:
    if tree.function == "exp" and len(tree.arguments) == 1 and not tree.attributes:
        return Set(on.pen.raised(on.pen.word("e", "scalar"), on.piece(tree.arguments[0])), POWER)
    arguments = [on.piece(a) for a in tree.arguments]
    arguments += [on.pen.words(f"{key}={value}") for key, value in tree.attributes]
    inside = on.pen.fenced(on.listed(arguments), "round")
    return Set(on.pen.applied(on.pen.function(tree.function), inside), ATOM, word=True)


def _reduce(on: _Setting[P], tree: Reduce) -> Set[P]:
    over = on.pen.words(tree.over) if tree.over else None
    if tree.word in ("sum", "prod"):
        body = on.held(tree.body, REDUCE)
        return Set(on.pen.row((on.pen.big(tree.word, over, None), body.piece)), REDUCE)
    inside = on.pen.fenced(on.piece(tree.body), "round")
    return Set(on.pen.applied(on.pen.function(tree.word, over), inside), ATOM, word=True)


def _keyed(on: _Setting[P], key: Sequence[str | Tree]) -> P:
    parts = [on.pen.words(part) if isinstance(part, str) else on.piece(part) for part in key]
    return on.pen.fenced(on.listed(parts), "square")


def _index(on: _Setting[P], tree: Index) -> Set[P]:
    return Set(on.pen.row((on.held(tree.body, ATOM).piece, _keyed(on, tree.key))), ATOM)


def _placed(on: _Setting[P], tree: Placed) -> Set[P]:
    body = on.held(tree.body, LOGIC).piece
    words = on.pen.words
    return Set(on.pen.row((body, words(" put at "), _keyed(on, tree.key), words(", 0 elsewhere"))), CHOICE)


def _relation(on: _Setting[P], tree: Relation) -> Set[P]:
    left, right = on.held(tree.left, SUM), on.held(tree.right, SUM)
    return Set(on.infix(left.piece, tree.sign, right.piece), RELATION, left.minus, left.digit)


def _logic(on: _Setting[P], tree: Logic) -> Set[P]:
    if tree.word == "not":
        return Set(on.pen.row((on.pen.words("not "), on.held(tree.parts[0], ATOM).piece)), LOGIC, word=True)
    left, right = (on.held(part, RELATION).piece for part in tree.parts)
    return Set(on.pen.row((left, on.pen.words(f" {tree.word} "), right)), LOGIC)


def _choice(on: _Setting[P], tree: Choice) -> Set[P]:
    return Set(on.pen.cases(on.piece(tree.yes), on.piece(tree.condition), on.piece(tree.no)), ATOM)


SETTERS: Mapping[type, Callable[[_Setting[Any], Any], Set[Any]]] = {
    Number: _number,
    Symbol: _symbol,
    Differential: _differential,
    Rate: _rate,
    Plus: lambda on, tree: _sum(on, "+", tree.left, tree.right),
    Minus: lambda on, tree: _sum(on, "−", tree.left, tree.right),
    Negative: _negative,
    Product: _product,
    Fraction: _fraction,
    Power: _power,
    Root: _root,
    Bars: _bars,
    Apply: _apply,
    Reduce: _reduce,
    Transposed: _transposed,
    Index: _index,
    Placed: _placed,
    Relation: _relation,
    Logic: _logic,
    Choice: _choice,
}
