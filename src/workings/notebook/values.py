"""A value in a notebook: its formula as mathematics, its number, and what else there is to know of an array."""

from __future__ import annotations

import numpy as np

from workings.graph import Node
from workings.trace.cell import Cell, Slope
from workings.trace.value import Value
from workings.write.alphabet import legible
from workings.write.latex import latex
from workings.write.text import made_from
from workings.write.tree import Number, Rate, Symbol

__all__ = ["value_markdown"]

_LISTED = 200  # elements of an array that are shown; of a larger one its corners are
_COLUMNS = 100


def value_markdown(value: Node | Value) -> str:
    """`y = w x = 0.5` as a formula. An array stands below it as NumPy writes it, and its dtype and shape beside it."""
    if isinstance(value, Cell):
        return _cell(value)
    node = value.node if isinstance(value, Value) else value
    return f"{_formula(_equal(node, None))} `{node.type}`" + (f" {node.role}" if node.is_input else "")


def _cell(cell: Cell) -> str:
    number = cell.value
    parts = _equal(cell.node, cell.slope)
    if cell.shape == ():
        plain = cell.dtype == np.float64
        return _formula([*parts, latex(Number(number))]) + ("" if plain else f" `{cell.node.type}`")
    shown = np.array2string(number, threshold=_LISTED, max_line_width=_COLUMNS)
    return f"{_formula(parts)} `{cell.node.type}`\n\n```text\n{shown}\n```"


def _equal(node: Node, slope: Slope | None) -> list[str]:
    """What a value is called, and what it is made from: the sides of its equation, in LaTeX."""
    name = node.name if slope is None else None
    parts = [] if slope is None else [_rate(slope)]
    if name is not None:
        parts.append(latex(Symbol(name, node)))
    if not node.is_input and not (node.is_constant and node.shape):
        parts.append(latex(made_from(node)))
    return parts or [latex(Symbol("constant", node))]


def _rate(slope: Slope) -> str:
    bottom = Symbol(slope.bottom.name or "w", slope.bottom)
    if slope.again is None:
        return latex(Rate(Symbol(slope.top.name or "loss", slope.top), bottom))
    return rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}} {latex(bottom)}}} {_rate(slope.again)}"


def _formula(parts: list[str]) -> str:
    """An equation in the midst of Markdown.

    What Markdown, which may be read first, would take for its own is spelled so that it does not.
    """
    formula = legible(" = ".join(parts))
    for sign, spelled in _SPELLED:
        formula = formula.replace(sign, spelled)
    return rf"$\displaystyle {formula}$"


_SPELLED = (("<", r"\lt "), (">", r"\gt "), ("`", "\N{MODIFIER LETTER GRAVE ACCENT}"))
