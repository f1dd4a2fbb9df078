"""Formulas as MathML Core, which browsers show by themselves: https://www.w3.org/TR/mathml-core

Nothing that the user wrote reaches the markup unescaped. With `ids`, the element of every part whose node has an
id carries it as `data-node`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from workings.write.alphabet import GREEK, bold, legible
from workings.write.notation import Ids, set_formula
from workings.write.pen import Pen
from workings.write.text import number
from workings.write.tree import Tree

__all__ = ["math", "mathml", "said"]


def mathml(tree: Tree, *, ids: Ids | None = None, shapes: bool = False) -> str:
    """The inside of a `<math>` element. `shapes` puts the shape of every array under its symbol.

    >>> from workings.graph import input_node
    >>> from workings.write.maths import expression
    >>> import workings.ops
    >>> w, x = input_node("w", (), float), input_node("x", (), float)
    >>> print(mathml(expression(w + x)))
    <mrow><mi>w</mi><mo>+</mo><mi>x</mi></mrow>
    >>> print(mathml(expression(w**2), ids={w: "n0"}.get))
    <msup><mi data-node="n0">w</mi><mn>2</mn></msup>
    """
    return _markup(set_formula(tree, _PEN, ids=ids, shapes=shapes))


def math(inner: str, *, block: bool = False) -> str:
    """A `<math>` element; `block` sets it on a line of its own.

    >>> math("<mi>x</mi>")
    '<math><mi>x</mi></math>'
    """
    return f'<math display="block">{inner}</math>' if block else f"<math>{inner}</math>"


def said(words: str) -> str:
    r"""Words in the midst of a formula, signs of mathematics among them as such.

    >>> said("× 1 disappears")
    '<mrow><mo>×</mo><mtext>\xa01 disappears</mtext></mrow>'
    """
    return _markup(_PEN.words(words))


class Element(NamedTuple):
    """One element of MathML, its content text or elements."""

    tag: str
    content: str | tuple[Element, ...] = ""
    attributes: tuple[tuple[str, str], ...] = ()


def _markup(element: Element) -> str:
    attributes = "".join(f' {key}="{_escape(value)}"' for key, value in element.attributes)
    content = element.content
    inside = _escape(content) if isinstance(content, str) else "".join(map(_markup, content))
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"


def _escape(words: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        words = words.replace(sign, entity)
    return legible(words)


def _row(pieces: Sequence[Element]) -> Element:
    return pieces[0] if len(pieces) == 1 else Element("mrow", tuple(pieces))


def _mo(sign: str, *attributes: tuple[str, str]) -> Element:
    return Element("mo", sign, attributes)


def _mi(word: str, letters: str) -> Element:
    """An identifier. A single letter is set in italics by itself, as a scalar is; others are told not to."""
    shown = bold(GREEK.get(word, word), letters)
    upright = shown == word and letters != "scalar"
    if len(shown) == 1 and (upright or "Α" <= shown <= "Ω"):
        return Element("mi", shown, (("mathvariant", "normal"),))
    return Element("mi", shown)


def _mtext(words: str) -> Element:
    """Words; a space at an end would be dropped, and stays as one that is not."""
    inner = words.strip(" ")
    before = len(words) - len(words.lstrip(" "))
    kept = "\N{NO-BREAK SPACE}"
    if not inner:
        return Element("mtext", kept * len(words))
    return Element("mtext", kept * before + inner + kept * (len(words) - before - len(inner)))


_MO = {"·": "\N{DOT OPERATOR}"}
_FENCES = {
    "round": ("(", ")"),
    "square": ("[", "]"),
    "absolute": ("|", "|"),
    "floor": ("⌊", "⌋"),
    "ceil": ("⌈", "⌉"),
}
_BIG = {"sum": "∑", "prod": "∏"}
_AMONG_WORDS = re.compile("([−×÷·→])")  # signs that are set as mathematics
_APPLIED, _TIMES = "\N{FUNCTION APPLICATION}", "\N{INVISIBLE TIMES}"
_THIN = (("width", "0.1667em"),)
_FIXED = ("stretchy", "false")


class _Pen(Pen[Element]):
    def number(self, value: Any, short: bool) -> Element:
        spelled = number(value, short=short)
        digits = spelled.lstrip("−")
        mantissa, e, exponent = digits.partition("e") if digits[0].isdecimal() else (digits, "", "")
        pieces = [Element("mn" if digits[0].isdecimal() else "mi", mantissa)]
        if e:
            power = exponent.lstrip("−")
            raised = Element("mn", power)
            if power != exponent:
                raised = Element("mrow", (_mo("−"), raised))
            pieces += [_mo("×"), Element("msup", (Element("mn", "10"), raised))]
        return _row([_mo("−"), *pieces] if digits != spelled else pieces)

    def word(self, word: str, style: str) -> Element:
        if word.isdecimal() and word.isascii():
            return Element("mn", word)
        return _mi(word, style)

    def words(self, words: str) -> Element:
        pieces = _AMONG_WORDS.split(legible(words))  # words and signs in turn
        found = [_mo(_MO.get(p, p)) if i % 2 else _mtext(p) for i, p in enumerate(pieces) if p]
        return _row(found) if found else Element("mtext")

    def sign(self, sign: str) -> Element:
        return _mo(_MO.get(sign, sign))

    def row(self, pieces: Sequence[Element]) -> Element:
        return _row(pieces)

    def listed(self, pieces: Sequence[Element]) -> Element:
        comma = _mo(",")
        return _row([p for piece in pieces for p in (comma, piece)][1:])

    def negated(self, body: Element) -> Element:
        return _row((_mo("−"), body))

    def beside(self, pieces: Sequence[Element], apart: Sequence[bool]) -> Element:
        between = [Element("mspace", "", _THIN) if wide else _mo(_TIMES) for wide in apart]
        return _row([pieces[0], *(p for pair in zip(between, pieces[1:], strict=True) for p in pair)])

    def before(self, left: Element, right: Element) -> Element:
        return _row((left, right))

    def fenced(self, body: Element, kind: str, tall: bool) -> Element:
        left, right = _FENCES[kind]
        marks = (("form", "prefix"),), (("form", "postfix"),)
        before, after = marks if left == right else ((), ())
        if not tall:  # browsers keep room on both sides of what may grow
            before, after = (*before, _FIXED), (*after, _FIXED)
        return Element("mrow", (_mo(left, *before), body, _mo(right, *after)))

    def fraction(self, top: Element, bottom: Element) -> Element:
        return Element("mfrac", (top, bottom))

    def root(self, body: Element) -> Element:
        return Element("msqrt", (body,))

    def raised(self, base: Element, exponent: Element) -> Element:
        if base.tag == "msub" and not isinstance(base.content, str):
            # as a person writes it, the exponent over the index; the mark of the symbol goes to both its parts
            stem, index = (Element(p.tag, p.content, p.attributes + base.attributes) for p in base.content)
            return Element("msubsup", (stem, index, exponent))
        return Element("msup", (base, exponent))

    def lowered(self, base: Element, index: Element) -> Element:
        return Element("msub", (base, index))

    def transposed(self, base: Element) -> Element:
        return self.raised(base, _mo("⊤"))

    def differential(self, symbol: Element, long: bool) -> Element:
        d = Element("mi", "d", (("mathvariant", "normal"),))
        return _row((d, Element("mspace", "", _THIN), symbol) if long else (d, symbol))

    def function(self, name: str, under: Element | None = None) -> Element:
        named = Element("mi", legible(name), (("mathvariant", "normal"),) if len(name) == 1 else ())
        return named if under is None else Element("munder", (named, under))

    def applied(self, function: Element, arguments: Element) -> Element:
        return Element("mrow", (function, _mo(_APPLIED), arguments))

    def big(self, word: str, under: Element | None, over: Element | None) -> Element:
        sign = _mo(_BIG[word])
        if under is None:
            return sign
        return Element("munder", (sign, under)) if over is None else Element("munderover", (sign, under, over))

    def cases(self, yes: Element, condition: Element, no: Element) -> Element:
        left = (("style", "text-align: left"),)
        rows = ((yes, Element("mrow", (_mtext("where "), condition))), (no, Element("mtext", "else")))
        table = tuple(Element("mtr", tuple(Element("mtd", (cell,), left) for cell in row)) for row in rows)
        return Element("mrow", (_mo("{"), Element("mtable", table)))

    def shaped(self, symbol: Element, shape: Sequence[int]) -> Element:
        sizes = [Element("mn", str(n)) for n in shape]
        return Element("munder", (symbol, _row([p for n in sizes for p in (_mo("×"), n)][1:])))

    def marked(self, piece: Element, mark: str) -> Element:
        attribute = ("data-node", mark)
        if any(key == "data-node" for key, _ in piece.attributes):
            return Element("mrow", (piece,), (attribute,))
        return piece._replace(attributes=(*piece.attributes, attribute))


_PEN = _Pen()
