"""How wide a formula in LaTeX is, and where its lines may end: a pen that measures what it writes.

Widths are in quads (the `em` of the font), and those of Computer Modern; they are rather too large than too small.
What is too wide to stand in one piece is spelled so that it can be broken: a fraction with a stroke, a root by its
name, brackets in a fixed size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from workings.write.latex import PEN
from workings.write.notation import set_formula
from workings.write.pen import Pen
from workings.write.text import number
from workings.write.tree import Tree

__all__ = ["Chunk", "Line", "broken", "equals", "joined", "measured", "spread", "tex", "words_width"]


@dataclass(frozen=True)
class Chunk:
    """A piece of a formula that no line ends within.

    A line may end before it if it has a `rank`; that of the best place is 0. `depth` counts the brackets around it,
    and `mark` is a sign to be written before it where a line does end.
    """

    tex: str
    width: float
    rank: int | None = None
    depth: int = 0
    mark: str = ""


Line: TypeAlias = tuple[Chunk, ...]

# the ranks of places, from the best to the worst
_EQUALS, _WORDS, _SUM, _PRODUCT, _QUOTIENT, _COMMA, _BESIDE = range(7)
_RANKS = {"+": _SUM, "−": _SUM, "·": _PRODUCT, "⊙": _PRODUCT}
_SIGNS = {"+": 1.22, "−": 1.22, "·": 0.73, "⊙": 1.22}  # with the space around them
_RELATION = 1.34
_COMMAND = 0.17  # the space after the name of a function
_INDEX = 0.75  # how large an index is

_NARROW = dict.fromkeys("ijlI|!.,:;'`[]", 0.3) | dict.fromkeys("rstf()-/", 0.42) | {" ": 0.34}
_WIDE = dict.fromkeys("mwMW", 0.95) | dict.fromkeys("&%@+=<>−≈", 0.85)
_HEAVY = 1.17  # how much wider bold letters are
_HOLE = "\0"  # stands for a piece while LaTeX is written around it; no formula holds one


def words_width(words: str) -> float:
    """How wide words are."""
    return sum(map(_letter, words))


def _letter(c: str) -> float:
    if c in _NARROW:
        return _NARROW[c]
    return _WIDE.get(c) or (0.76 if c.isupper() else 0.56 if c.isascii() and c.isalpha() else 0.5 if c.isascii() else 1)


def measured(tree: Tree, room: float) -> Line:
    """The formula in pieces, none of which is wider than `room` where that can be helped."""
    return set_formula(tree, _Ruler(room))


def equals(line: Line, right: Line) -> Line:
    """The equation `line = right`; without a `line`, its right side alone."""
    return joined(line, joined((Chunk("=", _RELATION, _EQUALS),), right))


def tex(line: Line) -> str:
    r"""The formula on one line.

    >>> from workings.write.tree import Number, Plus, Symbol
    >>> sum_ = Plus(Symbol("w"), Number(2))
    >>> tex(measured(sum_, 40)), [chunk.tex for chunk in equals(measured(Symbol("y"), 40), measured(sum_, 40))]
    ('w + 2', ['y', '= w', '+ 2'])
    """
    return " ".join(chunk.tex for chunk in line)


def spread(line: Line) -> float:
    """How wide the formula is on one line."""
    return sum(chunk.width for chunk in line)


def broken(line: Line, room: float, hang: float = 0) -> list[str]:
    """The formula in lines of at most `room`; those after the first hang in, and have `hang` less.

    A place outside of brackets is preferred to one inside, then one before `=` to one before a sum's sign, and that
    to one before a product's; an operator begins a line and does not end one.
    """
    lines: list[str] = []
    rest = line
    while spread(rest) > room and (at := _place(rest, room)):
        lines.append(tex(rest[:at]))
        first = rest[at]
        rest = (replace(first, tex=f"{first.mark} {first.tex}".lstrip(), rank=None), *rest[at + 1 :])
        room = room - hang if len(lines) == 1 else room
    return [*lines, tex(rest)]


def _place(line: Line, room: float) -> int:
    """Where to end the line: the best place after its first third, or else the last one; 0 if there is none."""
    places: list[tuple[float, int, float]] = []  # (badness, position, where that is)
    used = 0.0
    for i, chunk in enumerate(line):
        if i and chunk.rank is not None and (used <= room or not places):
            places.append((chunk.depth * 10 + chunk.rank, i, used))
        used += chunk.width
    late = [(bad, -i) for bad, i, where in places if where >= room / 3]
    return -min(late)[1] if late else places[-1][1] if places else 0


def joined(left: Line, right: Line, gap: str = " ") -> Line:
    """Two pieces one after the other; a line may end between them only where the right one says so."""
    if not left or not right or right[0].rank is not None:
        return left + right
    last, first = left[-1], right[0]
    whole = replace(last, tex=f"{last.tex}{gap}{first.tex}", width=last.width + first.width)
    return (*left[:-1], whole, *right[1:])


def _around(before: str, body: Line, after: str, width: float) -> Line:
    """The body with something before and after it, which together are so wide."""
    front = joined((Chunk(before, width / 2),), body, "") if before else body
    return joined(front, (Chunk(after, width / 2 if before else width),), "")


class _Ruler(Pen[Line]):
    def __init__(self, room: float) -> None:
        self.room = room

    def number(self, value: Any, short: bool) -> Line:
        digits, e, exponent = number(value, short=short).partition("e")
        width = words_width(digits) + (_RELATION + 1 + _INDEX * words_width(exponent) if e else 0)
        return (Chunk(PEN.number(value, short), width),)

    def word(self, word: str, style: str) -> Line:
        width = words_width(word) if len(word) > 1 else max(words_width(word), 0.6)
        return (Chunk(PEN.word(word, style), width * (1 if style == "scalar" else _HEAVY)),)

    def upright(self, letter: str) -> Line:
        return (Chunk(PEN.upright(letter), words_width(letter)),)

    def words(self, words: str) -> Line:
        return (Chunk(PEN.words(words), words_width(words), _WORDS if words[:1] in (" ", ",") else None),)

    def sign(self, sign: str) -> Line:
        return (Chunk(PEN.sign(sign), _SIGNS.get(sign, _RELATION), _RANKS.get(sign, _WORDS)),)

    def row(self, pieces: Sequence[Line]) -> Line:
        line: Line = ()
        for piece in pieces:
            line = joined(line, piece)
        return line

    def listed(self, pieces: Sequence[Line]) -> Line:
        line = pieces[0]
        for piece in pieces[1:]:
            line = _around("", line, ",", 0.5)
            line = (*line, replace(piece[0], rank=_COMMA), *piece[1:])
        return line

    def negated(self, body: Line) -> Line:
        return joined((Chunk("-", 0.8),), body, "")

    def beside(self, pieces: Sequence[Line], apart: Sequence[bool]) -> Line:
        line = pieces[0]
        for wide, piece in zip(apart, pieces[1:], strict=True):
            if wide:
                line = _around("", line, r" \thinspace", _COMMAND)
            line = (*line, replace(piece[0], rank=_BESIDE, mark=PEN.sign("·")), *piece[1:])
        return line

    def before(self, left: Line, right: Line) -> Line:
        return joined(left, right, "")

    def fenced(self, body: Line, kind: str, tall: bool) -> Line:
        large = tall and spread(body) > self.room / 2
        if tall and not large:
            return (Chunk(PEN.fenced(tex(body), kind, tall), spread(body) + 1.5),)
        left, right = PEN.fenced(_HOLE, kind, False).split(_HOLE)
        if large:
            left, right = rf"\Bigl{left.strip()} ", rf" \Bigr{right.strip()}"
        inner = tuple(replace(chunk, depth=chunk.depth + 1) for chunk in body)
        outer = _around(left, inner, right, 1.2 if large else 0.8)
        return (replace(outer[0], depth=outer[0].depth - 1), *outer[1:])

    def fraction(self, top: Line, bottom: Line) -> Line:
        width = max(spread(top), spread(bottom)) + 0.3
        if width <= self.room:
            return (Chunk(PEN.fraction(tex(top), tex(bottom)), width),)
        stroke = (Chunk("/", 0.5, _QUOTIENT),)
        return joined(joined(self.fenced(top, "round", True), stroke), self.fenced(bottom, "round", True))

    def root(self, body: Line) -> Line:
        if spread(body) + 1 <= self.room:
            return (Chunk(PEN.root(tex(body)), spread(body) + 1),)
        return self.applied(self.function("sqrt"), self.fenced(body, "round", True))

    def raised(self, base: Line, exponent: Line) -> Line:
        return self._after(base, PEN.raised(_HOLE, tex(exponent)), _INDEX * spread(exponent) + 0.1)

    def lowered(self, base: Line, index: Line) -> Line:
        return self._after(base, PEN.lowered(_HOLE, tex(index)), _INDEX * spread(index) + 0.1)

    def transposed(self, base: Line) -> Line:
        return self._after(base, PEN.transposed(_HOLE), 0.7)

    @staticmethod
    def _after(base: Line, around: str, width: float) -> Line:
        return _around("", base, around.removeprefix(_HOLE), width)

    def differential(self, symbol: Line, long: bool) -> Line:
        return (Chunk(PEN.differential(tex(symbol), long), spread(symbol) + 0.56 + (_COMMAND if long else 0)),)

    def function(self, name: str, under: Line | None = None) -> Line:
        below = None if under is None else tex(under)
        width = words_width(name) + _COMMAND + (0 if under is None else _INDEX * spread(under))
        return (Chunk(PEN.function(name, below), width),)

    def applied(self, function: Line, arguments: Line) -> Line:
        return joined(function, arguments, "")

    def big(self, word: str, under: Line | None, over: Line | None) -> Line:
        limits = [None if limit is None else tex(limit) for limit in (under, over)]
        widest = max((spread(limit) for limit in (under, over) if limit is not None), default=0)
        return (Chunk(PEN.big(word, *limits), 1.3 + _INDEX * widest),)

    def cases(self, yes: Line, condition: Line, no: Line) -> Line:
        width = max(spread(yes), spread(no)) + spread(condition) + 5
        if width <= self.room:
            return (Chunk(PEN.cases(tex(yes), tex(condition), tex(no)), width),)
        words = self.words
        return self.fenced(self.row((yes, words(" where "), condition, words(", else "), no)), "round", True)

    def shaped(self, symbol: Line, shape: Sequence[int]) -> Line:
        return (Chunk(PEN.shaped(tex(symbol), shape), max(spread(symbol), len(shape) * 1.5)),)

    def marked(self, piece: Line, mark: str) -> Line:
        return (Chunk(PEN.marked(tex(piece), mark), spread(piece)),)
