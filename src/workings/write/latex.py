r"""Formulas as LaTeX: the same trees as the text, in commands that KaTeX, MathJax and TeX with amsmath know.

Nothing that the user wrote reaches TeX unescaped. With `ids`, every part whose node has an id stands in
`\htmlData{node=n12}{…}`, which KaTeX (with `trust`) and MathJax (with its `html` extension) turn into the
attribute `data-node`; `PREAMBLE` makes TeX pass it by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workings.write.alphabet import GREEK, legible
from workings.write.notation import Ids, set_formula
from workings.write.pen import KNOWN, Pen
from workings.write.text import number
from workings.write.tree import Symbol, Tree

__all__ = ["LETTERS", "PEN", "PREAMBLE", "escape", "latex", "name", "said"]

# what a TeX document needs beside amsmath for formulas with ids
PREAMBLE = r"\providecommand{\htmlData}[2]{#2}"

# Signs among words that are set as mathematics. Commands that end with a letter are preferred to those of one sign,
# which some readers of Markdown take for their own escapes.
_SIGNS = {
    "−": "-",
    "×": r"\times",
    "÷": r"\div",
    "·": r"\cdot",
    "→": r"\to",
    "…": r"\ldots",
    "≈": r"\approx",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "⊙": r"\odot",
    "\\": r"\backslash",
    "{": r"\lbrace",
    "}": r"\rbrace",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\hat{\phantom{x}}",
    "~": r"\sim",
    "|": r"\vert",
    "<": "<",
    ">": ">",
}
# Greek letters for which TeX has a command; for the others it has a Latin one that looks the same
LETTERS = {letter: f"\\{word}" for word, letter in GREEK.items()}
LETTERS |= {"ε": r"\varepsilon", "φ": r"\varphi", "ϵ": r"\epsilon", "ϕ": r"\phi", "ϑ": r"\vartheta", "ς": r"\varsigma"}
LETTERS |= {"ο": "o"} | dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧ", (rf"\mathrm{{{c}}}" for c in "ABEZHIKMNOPTX"), strict=True))

# what is set as mathematics where it stands among words
_AMONG = {**_SIGNS, **LETTERS}
_AMONG_WORDS = re.compile(f"([{re.escape(''.join(_AMONG))}])")


def escape(words: str) -> str:
    r"""Words for the inside of `\text{…}` or for the text of a document, with everything that TeX would read as a
    command made harmless.

    >>> print(escape("a_b {50%}"))
    a\_b \{50\%\}
    """
    return "".join(_IN_TEXT.get(c, c) for c in legible(words))


_IN_TEXT = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def said(words: str) -> str:
    r"""Words in the midst of a formula.

    >>> print(said("× 1 disappears"))
    \times \text{ 1 disappears}
    """
    return _lettered(words, "text")


def _lettered(words: str, font: str) -> str:
    """Words in a font of text; signs and Greek letters among them are set as mathematics, and all else is no sign
    of TeX's."""
    pieces = _AMONG_WORDS.split(legible(words))  # words and signs in turn
    return " ".join(_AMONG[p] if i % 2 else rf"\{font}{{{p}}}" for i, p in enumerate(pieces) if p)


def name(word: str, *, words: bool = False) -> str:
    r"""A name of the user's: one letter as it is, `alpha` as α, `h_2` with an index, long names upright.

    >>> name("w"), name("alpha"), name("W_1"), name("expected"), name("x_train")
    ('w', '\\alpha', 'W_{1}', '\\mathrm{expected}', 'x_{\\mathrm{train}}')
    """
    return latex(Symbol(word, words=words))


def latex(tree: Tree, *, ids: Ids | None = None, shapes: bool = False) -> str:
    r"""The formula in LaTeX. `shapes` puts the shape of every array under its symbol.

    >>> from workings.graph import input_node
    >>> from workings.write.maths import expression
    >>> import workings.ops
    >>> y, t = input_node("y", (), float), input_node("expected", (), float)
    >>> print(latex(expression((y - t) ** 2 / y)))
    \frac{(y - \mathrm{expected})^{2}}{y}
    >>> W = input_node("W", (3, 4), float)
    >>> print(latex(expression(2 * W), ids={W: "n0"}.get, shapes=True))
    2 \htmlData{node=n0}{\underset{3 \times 4}{\mathbf{W}}}
    """
    return set_formula(tree, PEN, ids=ids, shapes=shapes)


_FENCES = {
    "round": ("(", ")"),
    "square": ("[", "]"),
    "absolute": (r"\lvert", r"\rvert"),
    "floor": (r"\lfloor", r"\rfloor"),
    "ceil": (r"\lceil", r"\rceil"),
}
_BIG = {"sum": r"\sum", "prod": r"\prod"}
_WORDS: Mapping[str, tuple[str, str]] = {
    "scalar": (r"\mathrm{%s}", "text"),
    "vector": (r"\mathbf{%s}", "textbf"),
    "matrix": (r"\mathbf{%s}", "textbf"),
    "tensor": (r"\boldsymbol{\mathsf{%s}}", "textbf"),
}
_LETTER = {
    "scalar": "%s",
    "vector": r"\boldsymbol{%s}",
    "matrix": r"\mathbf{%s}",
    "tensor": r"\boldsymbol{\mathsf{%s}}",
}
_GREEK_LETTER = {**_LETTER, "matrix": r"\boldsymbol{%s}", "tensor": r"\boldsymbol{%s}"}  # upright ones TeX lacks


class _Pen(Pen[str]):
    def number(self, value: Any, short: bool) -> str:
        piece = number(value, short=short).replace("−", "-").replace("…", r"\ldots")
        if piece.lstrip("-") == "∞":
            return piece.replace("∞", r"\infty")
        if piece in ("nan", "true", "false"):
            return rf"\mathrm{{{piece}}}"
        mantissa, e, exponent = piece.partition("e")
        return rf"{mantissa} \times 10^{{{exponent}}}" if e else mantissa

    def word(self, word: str, style: str) -> str:
        if word.isascii() and word.isdecimal():
            return word
        letter = GREEK.get(word, word)
        if letter in LETTERS:
            return _GREEK_LETTER[style] % LETTERS[letter]
        if word.isascii() and word.isalnum():
            return (_LETTER[style] if len(word) == 1 else _WORDS[style][0]) % word
        piece = _lettered(word, "textit" if len(word) == 1 and style == "scalar" else _WORDS[style][1])
        return piece if piece and " " not in piece else f"{{{piece}}}"  # an index is one of the whole name

    def upright(self, letter: str) -> str:
        return rf"\mathrm{{{letter}}}"

    def words(self, words: str) -> str:
        return said(words)

    def sign(self, sign: str) -> str:
        return _SIGNS.get(sign, sign)

    def row(self, pieces: Sequence[str]) -> str:
        return " ".join(pieces)

    def listed(self, pieces: Sequence[str]) -> str:
        return ", ".join(pieces)

    def negated(self, body: str) -> str:
        return f"-{body}"

    def beside(self, pieces: Sequence[str], apart: Sequence[bool]) -> str:
        between = (r" \thinspace " if wide else " " for wide in apart)
        return pieces[0] + "".join(f"{gap}{piece}" for gap, piece in zip(between, pieces[1:], strict=True))

    def fenced(self, body: str, kind: str, tall: bool) -> str:
        left, right = _FENCES[kind]
        gap = " " if left.startswith("\\") else ""
        sizes = (r"\left", r"\right") if tall else ("", "")
        return f"{sizes[0]}{left}{gap}{body}{gap}{sizes[1]}{right}"

    def fraction(self, top: str, bottom: str) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def root(self, body: str) -> str:
        return rf"\sqrt{{{body}}}"

    def raised(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def lowered(self, base: str, index: str) -> str:
        return f"{base}_{{{index}}}"

    def transposed(self, base: str) -> str:
        return rf"{base}^{{\top}}"

    def differential(self, symbol: str, long: bool) -> str:
        d = self.upright("d")
        return rf"{d}\thinspace {symbol}" if long else f"{d}{symbol}"

    def function(self, name: str, under: str | None = None) -> str:
        if name in KNOWN:
            spelled = f"\\{name}"
        elif name.isascii() and name.isalnum():
            spelled = rf"\operatorname{{{name}}}"
        else:
            spelled = rf"\operatorname{{\text{{{escape(name)}}}}}"
        return spelled if under is None else f"{spelled}_{{{under}}}"

    def before(self, left: str, right: str) -> str:
        return f"{left}{right}"

    def applied(self, function: str, arguments: str) -> str:
        return f"{function}{arguments}"

    def big(self, word: str, under: str | None, over: str | None) -> str:
        return _BIG[word] + (f"_{{{under}}}" if under else "") + (f"^{{{over}}}" if over else "")

    def cases(self, yes: str, condition: str, no: str) -> str:
        return rf"\begin{{cases}} {yes} & \text{{where }} {condition} \\ {no} & \text{{else}} \end{{cases}}"

    def shaped(self, symbol: str, shape: Sequence[int]) -> str:
        sizes = r" \times ".join(map(str, shape))
        return rf"\underset{{{sizes}}}{{{symbol}}}"

    def marked(self, piece: str, mark: str) -> str:
        return rf"\htmlData{{node={mark}}}{{{piece}}}"


PEN = _Pen()
