"""What Markdown and a document in LaTeX have in common: equations, words inside them, formulas among words."""

from __future__ import annotations

from collections.abc import Callable

from workings.explain.layout import Part, Row
from workings.explain.steps import Words
from workings.write.latex import latex, said

__all__ = ["equation", "inside", "sentence", "side"]


def side(part: Part | None) -> str:
    """One side of an equation."""
    if part is None:
        return ""
    return said(part) if isinstance(part, str) else latex(part)


def equation(row: Row) -> str:
    """A row on one line."""
    return " = ".join([side(row.left), *map(side, row.parts)])


def inside(words: Words) -> str:
    """Words inside a formula."""
    return "".join(side(w) for w in words)


def sentence(words: Words, plain: Callable[[str], str]) -> str:
    """Words with formulas between dollar signs; `plain` writes what is no formula."""
    pieces = [plain(w) if isinstance(w, str) else f"${latex(w)}$" for w in words]
    return "".join(pieces).replace("$ = $", " = ")
