"""Formulas as LaTeX: the same trees as the text, in the signs that MathJax, KaTeX and TeX know.

Nothing that the user wrote reaches TeX unescaped.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

from workings.write.text import has_name, number
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

__all__ = ["escape", "latex", "name", "said"]

CHOICE, LOGIC, RELATION, REDUCE, SUM, PRODUCT, POWER, ATOM = range(8)

_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"}
    | {"xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"}
    | {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"}
)
_KNOWN = frozenset(
    {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min"}
)
_SPECIAL = {
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
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
# signs among words that are set as mathematics: text fonts may lack them
_SIGNS = {"−": "-", "×": r"\times ", "÷": r"\div ", "·": r"\cdot ", "→": r"\to ", "…": r"\ldots "}


def escape(words: str) -> str:
    r"""Words for the inside of `\text{…}`, with everything that TeX would read as a command made harmless.

    >>> escape("a_b {50%}")
    'a\\_b \\{50\\%\\}'
    """
    return "".join(_SPECIAL.get(c, c) for c in words)


def said(words: str) -> str:
    r"""Words in the midst of a formula.

    >>> said("× 1 disappears")
    '\\times \\text{ 1 disappears}'
    """
    pieces = re.split(f"([{''.join(_SIGNS)}])", words)
    return "".join(_SIGNS.get(p) or rf"\text{{{escape(p)}}}" for p in pieces if p)


def name(word: str, *, words: bool = False) -> str:
    r"""A name of the user's: one letter as it is, `alpha` as α, `h_2` with an index, long names upright.

    >>> name("w"), name("alpha"), name("W_1"), name("expected"), name("x_train")
    ('w', '\\alpha', 'W_{1}', '\\mathrm{expected}', 'x_{\\mathrm{train}}')
    """
    if words:
        return said(word)
    stem, _, index = word.partition("_")
    if stem and index and "_" not in index:
        return f"{_word(stem)}_{{{index if index.isdecimal() else _word(index)}}}"
    return _word(word)


def _word(word: str) -> str:
    if len(word) == 1 and word.isalpha():
        return word
    if word in _GREEK:
        return f"\\{word}"
    if word.isascii() and word.isalnum():
        return rf"\mathrm{{{word}}}"
    return rf"\text{{{escape(word)}}}"


def latex(tree: Tree) -> str:
    r"""The formula in LaTeX.

    >>> from workings.graph import input_node
    >>> from workings.write.maths import expression
    >>> import workings.ops
    >>> y, t = input_node("y", (), float), input_node("expected", (), float)
    >>> print(latex(expression((y - t) ** 2 / y)))
    \frac{\left(y - \mathrm{expected}\right)^{2}}{y}
    """
    return _write(tree)[0]


def _write(tree: Tree) -> tuple[str, int]:
    return _WRITERS[type(tree)](tree)


def _round(piece: str) -> str:
    return rf"\left({piece}\right)"


def _held(tree: Tree, least: int) -> str:
    piece, level = _write(tree)
    return piece if level >= least else _round(piece)


def digits(value: Any, *, short: bool = False) -> str:
    """A number in LaTeX."""
    piece = number(value, short=short).replace("−", "-").replace("…", r"\ldots")
    if piece.lstrip("-") == "∞":
        return piece.replace("∞", r"\infty")
    if piece in ("nan", "true", "false"):
        return rf"\mathrm{{{piece}}}"
    mantissa, e, exponent = piece.partition("e")
    return rf"{mantissa} \times 10^{{{exponent}}}" if e else mantissa


def _number(tree: Number) -> tuple[str, int]:
    piece = digits(tree.value, short=tree.short)
    if piece.startswith("-"):
        return piece, SUM
    return piece, PRODUCT if r"\times" in piece else POWER if piece.endswith("ldots") else ATOM


def _sum(sign: str, left: Tree, right: Tree) -> tuple[str, int]:
    before = latex(left) if isinstance(left, Number) else _held(left, SUM)
    after = _held(right, PRODUCT if sign == "-" else SUM)
    if after.startswith("-"):
        after = _round(after)
    return f"{before} {sign} {after}", SUM


def _factor(tree: Tree, first: bool) -> str:
    piece, level = _write(tree)
    if first and isinstance(tree, (Number, Negative)):
        return piece
    return _round(piece) if level < PRODUCT or piece.startswith("-") else piece


def _product(tree: Product) -> tuple[str, int]:
    factors = tree.factors
    pieces = [_factor(factor, i == 0) for i, factor in enumerate(factors)]
    if tree.style in ("matrix", "elementwise"):
        other = "matrix" if tree.style == "elementwise" else "elementwise"
        pieces = [
            _round(p) if isinstance(f, Product) and f.style == other else p
            for p, f in zip(pieces, factors, strict=True)
        ]
        # a product of matrices is written side by side; a scalar product of vectors keeps its dot
        sign = r" \odot " if tree.style == "elementwise" else r" \cdot "
        return sign.join(pieces), PRODUCT
    if tree.style == "chain" or not isinstance(factors[0], Number):
        return r" \cdot ".join(pieces), PRODUCT
    if any(p[0].isdecimal() for p in pieces[1:]) or not all(map(has_name, factors[1:])):
        return r" \cdot ".join(pieces), PRODUCT  # numbers alone do not stand side by side
    line = pieces[0]
    for before, after in itertools.pairwise(pieces):
        apart = "mathrm" in before[-20:] or after.startswith(("\\mathrm", "\\text", "\\operatorname"))
        line += (r" \, " if apart and before is not pieces[0] else " ") + after
    return line, PRODUCT


def _power(tree: Power) -> tuple[str, int]:
    return f"{_held(tree.base, ATOM)}^{{{latex(tree.exponent)}}}", POWER


_BARS = {"absolute": ("lvert", "rvert"), "floor": ("lfloor", "rfloor"), "ceil": ("lceil", "rceil")}


def _bars(tree: Bars) -> tuple[str, int]:
    left, right = _BARS[tree.kind]
    return rf"\left\{left} {latex(tree.body)} \right\{right}", ATOM


def _apply(tree: Apply) -> tuple[str, int]:
    if tree.function == "exp" and len(tree.arguments) == 1 and not tree.attributes:
        return f"e^{{{latex(tree.arguments[0])}}}", POWER
    function = f"\\{tree.function}" if tree.function in _KNOWN else rf"\operatorname{{{escape(tree.function)}}}"
    arguments = [latex(a) for a in tree.arguments]
    arguments += [rf"\text{{{escape(f'{key}={value}')}}}" for key, value in tree.attributes]
    return f"{function}{_round(', '.join(arguments))}", ATOM


_REDUCE_SIGNS = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min"}


def _reduce(tree: Reduce) -> tuple[str, int]:
    sign = _REDUCE_SIGNS.get(tree.word) or rf"\operatorname{{{escape(tree.word)}}}"
    over = rf"_{{\text{{{escape(tree.over)}}}}}" if tree.over else ""
    if tree.word in ("sum", "prod"):
        return f"{sign}{over} {_held(tree.body, PRODUCT)}", REDUCE
    return f"{sign}{over}{_round(latex(tree.body))}", ATOM


def _keyed(key: tuple[str | Tree, ...]) -> str:
    return ", ".join(rf"\text{{{escape(part)}}}" if isinstance(part, str) else latex(part) for part in key)


def _choice(tree: Choice) -> tuple[str, int]:
    rows = rf"{latex(tree.yes)} & \text{{where }} {latex(tree.condition)} \\ {latex(tree.no)} & \text{{else}}"
    return rf"\begin{{cases}} {rows} \end{{cases}}", ATOM


_RELATIONS = {"<": r"\lt", "≤": r"\le", ">": r"\gt", "≥": r"\ge", "=": "=", "≠": r"\ne"}


def _relation(tree: Relation) -> tuple[str, int]:
    return f"{_held(tree.left, REDUCE)} {_RELATIONS[tree.sign]} {_held(tree.right, REDUCE)}", RELATION


def _logic(tree: Logic) -> tuple[str, int]:
    if tree.word == "not":
        return rf"\text{{not }} {_held(tree.parts[0], ATOM)}", LOGIC
    return rf" \text{{ {tree.word} }} ".join(_held(part, RELATION) for part in tree.parts), LOGIC


def _placed(tree: Placed) -> tuple[str, int]:
    return rf"{_held(tree.body, LOGIC)} \text{{ put at }} [{_keyed(tree.key)}] \text{{, 0 elsewhere}}", CHOICE


def _symbol(tree: Symbol) -> str:
    return name(tree.name, words=tree.words)


def _differential(tree: Symbol) -> str:
    spelled = _symbol(tree)
    return rf"\mathrm{{d}}{spelled}" if len(spelled) < 7 else rf"\mathrm{{d}}\,{spelled}"


_WRITERS: Mapping[type, Callable[[Any], tuple[str, int]]] = {
    Number: _number,
    Symbol: lambda tree: (_symbol(tree), ATOM),
    Differential: lambda tree: (_differential(tree.of), ATOM),
    Rate: lambda tree: (rf"\frac{{{_differential(tree.top)}}}{{{_differential(tree.bottom)}}}", POWER),
    Plus: lambda tree: _sum("+", tree.left, tree.right),
    Minus: lambda tree: _sum("-", tree.left, tree.right),
    Negative: lambda tree: (f"-{_held(tree.body, PRODUCT)}", SUM),
    Product: _product,
    Fraction: lambda tree: (rf"\frac{{{latex(tree.top)}}}{{{latex(tree.bottom)}}}", PRODUCT),
    Power: _power,
    Root: lambda tree: (rf"\sqrt{{{latex(tree.body)}}}", ATOM),
    Bars: _bars,
    Apply: _apply,
    Reduce: _reduce,
    Transposed: lambda tree: (rf"{_held(tree.body, ATOM)}^{{\top}}", POWER),
    Index: lambda tree: (f"{_held(tree.body, ATOM)}[{_keyed(tree.key)}]", ATOM),
    Placed: _placed,
    Relation: _relation,
    Logic: _logic,
    Choice: _choice,
}
