"""Formulas as one line of Unicode, as a person writes them, and lines broken to a width.

Parentheses stand only where reading needs them. Sums and products are written without inner parentheses, as on
paper, so `a + (b + c)` and `(a + b) + c` read alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workings.graph import Node
from workings.graph.display import hooks
from workings.write.maths import Leaf, by_name, expression, stated
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

__all__ = ["columns", "display", "formula", "has_name", "is_name", "made_from", "number", "text", "wrap"]

# How tightly a piece of text holds together, loosest first; a looser piece inside a tighter one takes parentheses.
CHOICE, LOGIC, RELATION, REDUCE, SUM, PRODUCT, POWER, ATOM = range(8)

_DIGITS = str.maketrans("-0123456789nkm", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵐ")
SHORT_DIGITS = 6


def number(value: Any, *, short: bool = False) -> str:
    """A number as short as it can be told from its neighbors: 64.0 is `64`, float32 0.1 is `0.1`.

    With `short`, digits beyond the sixth are cut off, not rounded, and an ellipsis says so.

    >>> number(64.0), number(-1.5), number(1e-8), number(2 / 3, short=True)
    ('64', '−1.5', '1e−8', '0.666666…')
    """
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return _signed(str(int(value)))
    value = value[()] if isinstance(value, np.ndarray) else value
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    digits = repr(float(value)) if isinstance(value, float) else str(value)
    mantissa, _, exponent = digits.partition("e")
    if short:
        mantissa = _cut(mantissa)
    mantissa = mantissa.removesuffix(".0")
    if exponent:
        mantissa += f"e{int(exponent)}"
    return _signed(mantissa)


def _signed(digits: str) -> str:
    return digits.replace("-", "−")


def _cut(mantissa: str) -> str:
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).lstrip("-0")
    if len(significant) <= SHORT_DIGITS + 2:
        return mantissa
    spare = len(significant) - SHORT_DIGITS
    kept = fraction[: max(1, len(fraction) - spare)]
    return mantissa if kept == fraction else f"{whole}.{kept}…"


def text(tree: Tree) -> str:
    """The formula on one line.

    >>> from workings.graph import input_node
    >>> import workings.ops
    >>> y, t = input_node("y", (), float), input_node("t", (), float)
    >>> print(text(expression((y - t) ** 2)), text(expression(2 * (y - t) * y)), sep=",  ")
    (y − t)²,  2 (y − t) y
    """
    return _write(tree)[0]


def _write(tree: Tree) -> tuple[str, int]:
    return _WRITERS[type(tree)](tree)


def _held(tree: Tree, least: int) -> str:
    """The tree in text, in parentheses if it holds together less than `least`."""
    piece, level = _write(tree)
    return piece if level >= least else f"({piece})"


def _number(tree: Number) -> tuple[str, int]:
    piece = number(tree.value, short=tree.short)
    return piece, SUM if piece.startswith("−") else POWER if piece.endswith("…") or _by_ten(piece) else ATOM


def _by_ten(piece: str) -> bool:
    """Whether a number is written with a power of ten, as in 1e−7."""
    return "e" in piece and piece[-1].isdecimal()


def _negative(tree: Negative) -> tuple[str, int]:
    body = _held(tree.body, PRODUCT)
    return f"−({body})" if body.startswith("−") else f"−{body}", SUM


# a number that is no part of a name
_NUMBER = re.compile(r"(?<!\w)\d[\d.]*…?(?:e−?\d+)?")


def has_name(tree: Tree) -> bool:
    """Whether a formula has a name in it, of a value or a function, so that it may follow a number without a sign.

    >>> from workings.write.tree import Power, Symbol
    >>> has_name(Power(Symbol("z"), Number(2))), has_name(Power(Number(1e-7), Number(2)))
    (True, False)
    """
    return not isinstance(tree, Number) and any(c.isalpha() for c in _NUMBER.sub("", text(tree)))


def _sum(sign: str, left: Tree, right: Tree) -> tuple[str, int]:
    first = left if not isinstance(left, Number) else None
    before = text(left) if first is None else _held(left, SUM)
    after = _held(right, PRODUCT if sign == "−" else SUM)
    if after.startswith("−"):
        after = f"({after})"
    return f"{before} {sign} {after}", SUM


def _factor(tree: Tree, first: bool) -> str:
    piece, level = _write(tree)
    if isinstance(tree, Fraction):
        return f"({piece})"
    if first and isinstance(tree, Negative) and isinstance(tree.body, Fraction):
        return f"−({text(tree.body)})"
    if first and isinstance(tree, (Number, Negative)):
        return piece
    if level < PRODUCT or piece.startswith("−"):
        return f"({piece})"
    return piece


def _product(tree: Product) -> tuple[str, int]:
    factors = tree.factors
    if tree.style in ("matrix", "elementwise"):
        other = "matrix" if tree.style == "elementwise" else "elementwise"
        pieces = []
        for i, factor in enumerate(factors):
            piece = _factor(factor, i == 0)
            if isinstance(factor, Product) and factor.style == other:
                piece = f"({piece})"
            pieces.append(piece)
        return (" ⊙ " if tree.style == "elementwise" else " · ").join(pieces), PRODUCT
    pieces = [_factor(factor, i == 0) for i, factor in enumerate(factors)]
    # numbers alone do not stand side by side: 2 · (0.5 − 2) · 1, 1e−7 · 2; nor a name at the digits of 1e−7,
    # nor one before parentheses, as if it were a function: 2 · y · (0.5 − w)
    apart = not isinstance(factors[0], Number) or _by_ten(pieces[0])
    if (
        tree.style == "chain"
        or apart
        or any(p[0].isdecimal() for p in pieces[1:])
        or any(is_name(a) and b.startswith("(") for a, b in zip(factors, pieces[1:], strict=False))
        or not all(map(has_name, factors[1:]))
    ):
        return " · ".join(pieces), PRODUCT
    if len(factors) == 2 and _one_letter(factors[1]):
        return "".join(pieces), PRODUCT
    return " ".join(pieces), PRODUCT


def is_name(tree: Tree) -> bool:
    """Whether a factor would look like a function if parentheses came after it."""
    return isinstance(tree, (Symbol, Differential))


def _one_letter(tree: Tree) -> bool:
    """Whether a number stands directly before it, as in 2z and 3x²."""
    if isinstance(tree, Power):
        piece = text(tree)
        return _one_letter(tree.base) and "^" not in piece
    return isinstance(tree, Symbol) and len(tree.name) == 1 and tree.name.isalpha()


def _fraction(tree: Fraction) -> tuple[str, int]:
    top, level = _write(tree.top)
    inner = tree.top.body if isinstance(tree.top, Negative) else tree.top
    if isinstance(inner, Fraction) or (level < PRODUCT and not isinstance(tree.top, (Number, Negative))):
        top = f"({top})"
    bottom = _held(tree.bottom, POWER)
    return f"{top} / {bottom}", PRODUCT


def _power(tree: Power) -> tuple[str, int]:
    base = _held(tree.base, ATOM)
    if isinstance(tree.base, Differential):
        base = f"({base})"  # the square of a derivative is not the derivative of a square
    exponent = text(tree.exponent)
    plain = exponent.replace("−", "-")
    if plain.lstrip("-").isdecimal() or exponent in ("n", "k", "m"):
        return base + plain.translate(_DIGITS), POWER
    return f"{base}^{_held(tree.exponent, ATOM)}", POWER


_BARS = {"absolute": ("|", "|"), "floor": ("⌊", "⌋"), "ceil": ("⌈", "⌉"), "round": ("(", ")")}


def _bars(tree: Bars) -> tuple[str, int]:
    body = text(tree.body)
    if tree.kind == "absolute" and "|" in body:
        return f"abs({body})", ATOM  # bars within bars do not tell where they begin
    left, right = _BARS[tree.kind]
    return f"{left}{body}{right}", ATOM


def _root(tree: Root) -> tuple[str, int]:
    return f"√{_held(tree.body, ATOM)}", ATOM


def _apply(tree: Apply) -> tuple[str, int]:
    arguments = [text(a) for a in tree.arguments] + [f"{key}={value}" for key, value in tree.attributes]
    return f"{tree.function}({', '.join(arguments)})", ATOM


_REDUCE_SIGNS = {"sum": "Σ", "prod": "Π"}


def _reduce(tree: Reduce) -> tuple[str, int]:
    word = _REDUCE_SIGNS.get(tree.word, tree.word)
    if not tree.over:
        return f"{word}({text(tree.body)})", ATOM
    return f"{word} over {tree.over} of {_held(tree.body, POWER)}", REDUCE


def _keyed(key: tuple[str | Tree, ...]) -> str:
    return ", ".join(part if isinstance(part, str) else text(part) for part in key)


def _choice(tree: Choice) -> tuple[str, int]:
    yes, no, condition = (_held(part, LOGIC) for part in (tree.yes, tree.no, tree.condition))
    return f"{yes} where {condition}, else {no}", CHOICE


def _relation(tree: Relation) -> tuple[str, int]:
    return f"{_held(tree.left, REDUCE)} {tree.sign} {_held(tree.right, REDUCE)}", RELATION


def _logic(tree: Logic) -> tuple[str, int]:
    if tree.word == "not":
        return f"not {_held(tree.parts[0], ATOM)}", LOGIC
    return f" {tree.word} ".join(_held(part, RELATION) for part in tree.parts), LOGIC


_WRITERS: Mapping[type, Callable[[Any], tuple[str, int]]] = {
    Number: _number,
    Symbol: lambda tree: (tree.name, ATOM),
    Differential: lambda tree: (f"d{tree.of.name}", ATOM),
    Rate: lambda tree: (f"d{tree.top.name}/d{tree.bottom.name}", POWER),
    Plus: lambda tree: _sum("+", tree.left, tree.right),
    Minus: lambda tree: _sum("−", tree.left, tree.right),
    Negative: _negative,
    Product: _product,
    Fraction: _fraction,
    Power: _power,
    Root: _root,
    Bars: _bars,
    Apply: _apply,
    Reduce: _reduce,
    Transposed: lambda tree: (f"{_held(tree.body, ATOM)}ᵀ", ATOM),
    Index: lambda tree: (f"{_held(tree.body, ATOM)}[{_keyed(tree.key)}]", ATOM),
    Placed: lambda tree: (f"{_held(tree.body, LOGIC)} put at [{_keyed(tree.key)}], 0 elsewhere", CHOICE),
    Relation: _relation,
    Logic: _logic,
    Choice: _choice,
}


# ── lines of a width ────────────────────────────────────────────────────────────────────────────────────────


def columns(line: str) -> int:
    """How many columns of a terminal a line takes: wide letters take two, combining marks none."""
    if line.isascii():
        return len(line)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


# where a line may end before, from the best place to the worst
_BREAKS = (" = ", " ≈ ", " + ", " − ", " where ", " else ", " · ", " ⊙ ", " / ", " ")


def wrap(line: str, width: int, hang: int = 4) -> list[str]:
    """A formula broken before operators to lines of at most `width` columns; what follows hangs in by `hang`.

    A break before `=` is preferred to one before a sum's sign, that to one before a product's, and an
    operator outside parentheses to one inside.

    >>> print(*wrap("dloss/dw = dloss/dz · dz/dw = 2 (w · x − expected) x", 30, 9), sep="\\n")
    dloss/dw = dloss/dz · dz/dw
             = 2 (w · x
             − expected) x
    """
    lines: list[str] = []
    rest = line.rstrip()
    if columns(rest) > width and len(rest) - len(rest.lstrip()) > width // 2:
        rest = " " * (width // 2) + rest.lstrip()
    while columns(rest) > width:
        start = len(rest) - len(rest.lstrip(" "))
        at = _break(rest, width, start)
        lines.append(rest[:at].rstrip())
        rest = " " * min(hang, width // 2) + rest[at:].lstrip()
    return [*lines, rest]


def _break(line: str, width: int, start: int) -> int:
    """Where to end the line: the best place in its second half, or else the last one there is."""
    depth = used = 0
    places: list[tuple[int, int, int]] = []  # (badness, −position, position)
    end = len(line)
    for i, c in enumerate(line):
        used += columns(c)
        if used > width:
            end = i
            break
        if c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
        elif c == " " and i > start:
            rank = next((r for r, mark in enumerate(_BREAKS) if line.startswith(mark, i)), len(_BREAKS))
            rank += 1000 * (line[i - 1] in "=≈+−·⊙/")  # an operator begins a line and does not end one
            places.append((min(depth, 8) * len(_BREAKS) + rank, -i, i))
    late = [p for p in places if p[2] >= start + (end - start) // 2]
    return min(late or places)[2] if places else max(end, start + 1)


# ── nodes on their own ──────────────────────────────────────────────────────────────────────────────────────


def formula(node: Node, leaf: Leaf = by_name) -> str:
    """What a node is made from, on one line."""
    return text(expression(node, leaf))


def made_from(node: Node) -> Tree:
    """What a node is made from, as much as is read at a glance."""
    return expression(node, by_name, deepest=8, largest=60)


def display(node: Node) -> str:
    """A node as a line of mathematics: `y = w · x`. Inputs say their type and role.

    >>> from workings.graph import call, input_node
    >>> import workings.ops
    >>> w, x = input_node("w", (3,), "f8", "parameter"), input_node("x", (3,), "f8")
    >>> w, call("matmul", w, x, label="y")
    (w: float64[3] (parameter), y = w · x)
    """
    if node.is_input:
        return f"{node.name}: {node.type} ({node.role})"
    if node.is_constant and node.shape:
        return f"{node.name or 'constant'}: {node.type}"
    made = made_from(node)
    return text(made) if node.name is None else f"{node.name} = {text(stated(made))}"


hooks.line = display
