"""A derivation as Markdown with LaTeX, as Jupyter and GitHub show it."""

from __future__ import annotations

import re

from workings.explain.equations import equation, inside, sentence, side
from workings.explain.layout import Heading, Prose, Rows, blocks
from workings.explain.steps import Derivation, Words
from workings.write.latex import latex
from workings.write.values import summary

__all__ = ["render"]


def render(derivation: Derivation) -> str:
    """The derivation as Markdown; formulas stand between dollar signs."""
    pieces = []
    for block in blocks(derivation):
        if isinstance(block, Heading):
            number = "" if block.number is None else f"{block.number}. "
            pieces.append("#" * (block.level + 1) + f" {number}{_sentence(block.words)}")
        elif isinstance(block, Prose):
            words = _sentence(block.words)
            pieces.append(f"> **{words}**" if block.loud else words)
        else:
            pieces += _STYLES[block.style](block)
    return "\n\n".join(pieces) + "\n"


def _plain(words: str) -> str:
    """Words in Markdown, with what it would read as a mark made harmless."""
    return re.sub(r"([\\`*_{}\[\]<>#|$])", r"\\\1", words)


def _sentence(words: Words) -> str:
    return sentence(words, _plain)


def _aligned(block: Rows) -> list[str]:
    """Equations with their first equals signs under each other, words beside."""
    lines = []
    for row in block.rows:
        right = " = ".join(map(side, row.parts))
        line = f"{side(row.left)} &= {right}" if row.parts else side(row.left)
        lines.append(rf"{line} && {inside(row.words)}" if row.words else line)
    body = " \\\\\n".join(lines)
    return [f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"]


def _ledger(block: Rows) -> list[str]:
    lines = ["| | shape | values |", "|---|---|---|"]
    for row in block.rows:
        shown = f"*{row.left}*" if isinstance(row.left, str) else f"${equation(row)}$"
        value = "" if row.value is None else summary(row.value)
        listed = _plain(value) if isinstance(value, str) else f"${latex(value)}$"
        lines.append(f"| {shown} | {_plain(row.shape)} | {listed} |")
    return ["\n".join(lines)]


def _listed(block: Rows) -> list[str]:
    lines = []
    for row in block.rows:
        head = f"`{row.left}`" if isinstance(row.left, str) and not row.parts else f"${equation(row)}$"
        head += f" {_plain(row.shape)}" if row.shape else ""
        lines.append(f"- {head}: {_sentence(row.words)}")
    return ["\n".join(lines)]


def _lines(block: Rows) -> list[str]:
    return [f"$$\n{equation(row)}\n$$" for row in block.rows]


def _agreements(block: Rows) -> list[str]:
    lines = []
    for row in block.rows:
        shown = " ".join(f"${side(part)}$" for part in row.parts)
        verdict = _sentence(row.words)
        lines.append(f"- {row.left}: " + ", ".join(piece for piece in (shown, verdict) if piece))
    return ["\n".join(lines)]


def _grid(block: Rows) -> list[str]:
    lines = []
    for i, row in enumerate(block.rows):
        cells = [f"${side(row.left)}$" if row.left else "", *(_plain(p) for p in row.parts if isinstance(p, str))]
        lines.append(f"| {' | '.join(cells)} |")
        if i == 0:
            lines.append("|---" * len(cells) + "|")
    return ["\n".join(lines)]


_STYLES = {
    "table": _aligned,
    "chain": _aligned,
    "ledger": _ledger,
    "list": _listed,
    "line": _lines,
    "agree": _agreements,
    "grid": _grid,
}
