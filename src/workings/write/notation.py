"""From a tree of mathematics to a formula in two dimensions: what LaTeX and MathML have in common.

Here it is decided where parentheses stand, which products need a sign, and in which letters a symbol is set;
a `Pen` knows how its language spells each piece. Every piece is marked with the id of the node that it is for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeAlias

from workings.graph import Node
from workings.write.alphabet import GREEK, name_parts, style
from workings.write.pen import P, Pen
from workings.write.text import is_name, number
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

__all__ = ["SETTERS", "Ids", "set_formula"]

# How tightly a piece holds together, loosest first; a looser piece inside a tighter one takes parentheses.
CHOICE, LOGIC, RELATION, SUM, REDUCE, PRODUCT, POWER, ATOM = range(8)

Ids: TypeAlias = Callable[[Node | None], "str | None"]


@dataclass(frozen=True)
class Set(Generic[P]):
    """A piece, and what its neighbors have to know: how tightly it holds together, whether it begins with a minus
    or a digit, whether there is a name in it, whether it is (or ends or begins with) a word, whether it stands in
    parentheses, and whether it is taller than a line."""

    piece: P
    level: int
    minus: bool = False
    digit: bool = False
    named: bool = True
    word: bool = False
    round: bool = False
    tall: bool = False


@dataclass(frozen=True)
class _Setting(Generic[P]):
    """A pen, what is shown beside the formula itself, and the letters that are no longer free for an index."""

    pen: Pen[P]
    ids: Ids | None
    shapes: bool
    taken: frozenset[str]

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
        return replace(made, piece=self.fenced(made), level=ATOM, minus=False, digit=False, word=False, round=True)

    def fenced(self, made: Set[P], kind: str = "round") -> P:
        return self.pen.fenced(made.piece, kind, made.tall)

    def infix(self, left: Set[P], sign: str, right: Set[P], level: int) -> Set[P]:
        piece = self.pen.row((left.piece, self.pen.sign(sign), right.piece))
        return Set(piece, level, left.minus, left.digit, left.named or right.named, tall=left.tall or right.tall)

    def listed(self, pieces: Sequence[P]) -> P:
        return pieces[0] if len(pieces) == 1 else self.pen.listed(pieces)


def set_formula(tree: Tree, pen: Pen[P], *, ids: Ids | None = None, shapes: bool = False) -> P:
    """The formula as the pen writes it. `ids` gives the marks of nodes; `shapes` puts shapes under arrays."""
    return _Setting(pen, ids, shapes, _letters(tree)).piece(tree)


def _letters(tree: Tree) -> frozenset[str]:
    """The letters of the alphabet that are names in a formula."""
    found: set[str] = set()
    todo: list[Any] = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Symbol):
            found.add(name_parts(part)[0])
        elif isinstance(part, tuple):
            todo.extend(part)
        elif type(part) in SETTERS:
            todo.extend(getattr(part, field.name) for field in fields(part) if field.name != "node")
    return frozenset(found)


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
    long = len(GREEK.get(stem, stem)) > 1
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
    return Set(on.pen.fraction(_d(on, tree.top), _d(on, tree.bottom)), POWER, tall=True)


# ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────


def _sum(on: _Setting[P], sign: str, left: Tree, right: Tree) -> Set[P]:
    before = on.write(left) if isinstance(left, Number) else on.held(left, SUM)
    after = on.held(right, REDUCE if sign == "−" else SUM)
    return on.infix(before, sign, on.round(after) if after.minus else after, SUM)


def _negative(on: _Setting[P], tree: Negative) -> Set[P]:
    body = on.held(tree.body, REDUCE)
    if body.minus:
        body = on.round(body)
    return Set(on.pen.negated(body.piece), SUM, minus=True, named=body.named, tall=body.tall)


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
    first = pieces[0]
    if sign := "⊙" if tree.style == "elementwise" else "·" if _signed(tree, pieces) else "":
        line = on.pen.row([p for made in pieces for p in (on.pen.sign(sign), made.piece)][1:])
    else:
        apart = [a is not first and (a.word or b.word) for a, b in itertools.pairwise(pieces)]
        line = on.pen.beside([p.piece for p in pieces], apart)
    level = REDUCE if pieces[-1].level == REDUCE else PRODUCT
    named, tall = any(p.named for p in pieces), any(p.tall for p in pieces)
    return Set(line, level, first.minus, first.digit, named, tall=tall)


def _signed(tree: Product, pieces: Sequence[Set[P]]) -> bool:
    """Whether a product needs its signs. A number stands beside names without one; numbers alone do not, and a name
    before parentheses would look like a function, before a fraction like its whole part."""
    factors, rest = tree.factors, pieces[1:]
    if tree.style in ("matrix", "chain") or not isinstance(factors[0], Number):
        return True
    if any(p.digit or not p.named for p in rest):
        return True
    return any(
        is_name(a) and (p.round or isinstance(f, Fraction)) for a, f, p in zip(factors, factors[1:], rest, strict=False)
    )


def _fraction(on: _Setting[P], tree: Fraction) -> Set[P]:
    top, bottom = on.write(tree.top), on.write(tree.bottom)
    return Set(on.pen.fraction(top.piece, bottom.piece), PRODUCT, named=top.named or bottom.named, tall=True)


def _power(on: _Setting[P], tree: Power) -> Set[P]:
    base, exponent = on.held(tree.base, ATOM), on.write(tree.exponent)
    if isinstance(tree.base, Differential):
        base = on.round(base)  # the square of a derivative is not the derivative of a square
    piece = on.pen.raised(base.piece, exponent.piece)
    named, tall = base.named or exponent.named, base.tall or exponent.tall
    return Set(piece, POWER, digit=base.digit, named=named, tall=tall)


def _root(on: _Setting[P], tree: Root) -> Set[P]:
    body = on.write(tree.body)
    return Set(on.pen.root(body.piece), ATOM, named=body.named, tall=body.tall)


def _bars(on: _Setting[P], tree: Bars) -> Set[P]:
    body = on.write(tree.body)
    return Set(on.fenced(body, tree.kind), ATOM, named=body.named, tall=body.tall)


def _transposed(on: _Setting[P], tree: Transposed) -> Set[P]:
    body = on.held(tree.body, ATOM)
    return Set(on.pen.transposed(body.piece), POWER, tall=body.tall)


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────


def _apply(on: _Setting[P], tree: Apply) -> Set[P]:
    parts = [on.write(a) for a in tree.arguments]
    tall = any(p.tall for p in parts)
    if tree.function == "exp" and len(parts) == 1 and not tree.attributes and not tall:
        return Set(on.pen.raised(on.pen.upright("e"), parts[0].piece), POWER)
    function = on.pen.function(tree.function)
    if tree.function in _BASES:
        function = on.pen.lowered(on.pen.function("log"), on.pen.number(_BASES[tree.function], False))
    arguments = [p.piece for p in parts]
    arguments += [on.pen.words(f"{key}={value}") for key, value in tree.attributes]
    return _applied(on, function, arguments, tall)


_BASES = {"log2": 2, "log10": 10}


def _applied(on: _Setting[P], function: P, arguments: Sequence[P], tall: bool) -> Set[P]:
    inside = on.pen.fenced(on.listed(arguments), "round", tall)
    return Set(on.pen.applied(function, inside), ATOM, word=True, tall=tall)


_INDICES = "ijklmn"  # of the axes, as in textbooks; what has more axes is said in words


def _reduce(on: _Setting[P], tree: Reduce) -> Set[P]:
    if tree.word in ("sum", "prod"):
        under, over, body = _indexed(on, tree)
        return Set(on.pen.row((on.pen.big(tree.word, under, over), body.piece)), REDUCE, tall=True)
    body = on.write(tree.body)
    over = on.pen.words(tree.over) if tree.over else None
    return _applied(on, on.pen.function(tree.word, over), [body.piece], body.tall)


def _indexed(on: _Setting[P], tree: Reduce) -> tuple[P | None, P | None, Set[P]]:
    """What stands under and over the sign of a sum, and the element that is summed. A single axis has its limits.

    A letter that is a name in the formula, or the index of a sum around this one, is passed over.
    """
    axes, shape = tree.axes, tree.shape
    letters = _index_letters(axes, on.taken)
    if not letters:
        return on.pen.words(tree.over) if tree.over else None, None, on.held(tree.body, REDUCE)
    on = replace(on, taken=on.taken.union(letters.values()))
    index = [on.pen.word(letters[k], "scalar") if k in letters else on.pen.words(":") for k in range(len(shape))]
    under, over = on.listed([index[k] for k in axes]), None
    if len(axes) == 1:
        under = on.pen.row((under, on.pen.sign("="), on.pen.number(1, False)))
        over = on.pen.number(shape[axes[0]], False)
    body = on.held(tree.body, ATOM)
    symbol = tree.body.of if isinstance(tree.body, Differential) else tree.body
    if isinstance(symbol, Symbol) and name_parts(symbol)[1]:  # an index of its own would run into this one
        body = on.round(body)
    return under, over, replace(body, piece=on.pen.lowered(body.piece, on.listed(index)), level=ATOM)


def _index_letters(axes: Sequence[int], taken: frozenset[str]) -> dict[int, str]:
    """A letter for each axis: i for the first, j for the second, …, or another free one; none if too few are free."""
    found = {k: _INDICES[k] for k in axes if k < len(_INDICES) and _INDICES[k] not in taken}
    rest = [c for c in _INDICES if c not in taken and c not in found.values()]
    without = [k for k in axes if k not in found]
    return {**found, **dict(zip(without, rest, strict=False))} if len(without) <= len(rest) else {}


def _keyed(on: _Setting[P], key: Sequence[str | Tree]) -> P:
    parts = [on.pen.words(part) if isinstance(part, str) else on.piece(part) for part in key]
    return on.pen.fenced(on.listed(parts) if parts else on.pen.words(""), "square", False)


def _index(on: _Setting[P], tree: Index) -> Set[P]:
    body = on.held(tree.body, ATOM)
    return Set(on.pen.before(body.piece, _keyed(on, tree.key)), ATOM, tall=body.tall)


def _placed(on: _Setting[P], tree: Placed) -> Set[P]:
    body = on.held(tree.body, LOGIC)
    words = on.pen.words
    row = on.pen.row((body.piece, words(" put at "), _keyed(on, tree.key), words(", 0 elsewhere")))
    return Set(row, CHOICE, tall=body.tall)


def _relation(on: _Setting[P], tree: Relation) -> Set[P]:
    return on.infix(on.held(tree.left, SUM), tree.sign, on.held(tree.right, SUM), RELATION)


def _logic(on: _Setting[P], tree: Logic) -> Set[P]:
    if tree.word == "not":
        body = on.held(tree.parts[0], ATOM)
        return Set(on.pen.row((on.pen.words("not "), body.piece)), LOGIC, word=True, tall=body.tall)
    left, right = (on.held(part, RELATION) for part in tree.parts)
    row = on.pen.row((left.piece, on.pen.words(f" {tree.word} "), right.piece))
    return Set(row, LOGIC, tall=left.tall or right.tall)


def _choice(on: _Setting[P], tree: Choice) -> Set[P]:
    return Set(on.pen.cases(on.piece(tree.yes), on.piece(tree.condition), on.piece(tree.no)), CHOICE, tall=True)


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
