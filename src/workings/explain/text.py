"""A derivation as Unicode text: lines of at most the given width, equals signs under each other."""

from __future__ import annotations

import textwrap

from workings.explain.layout import Heading, Prose, Row, Rows, blocks
from workings.explain.steps import Derivation, Words
from workings.write.maths import Tree
from workings.write.text import columns, text, wrap

__all__ = ["render", "sentence"]

INDENT = "  "
GAP = "   "


def render(derivation: Derivation, width: int = 80) -> str:
    """The derivation as text, no line longer than `width` columns."""
    width = max(width, 30)
    lines: list[str] = []
    for block in blocks(derivation):
        if isinstance(block, Heading):
            lines += _heading(block, width)
        elif isinstance(block, Prose):
            lines += _prose(block, width)
        else:
            lines += _rows(block, width)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def sentence(words: Words) -> str:
    """Words with formulas in them as plain text."""
    return "".join(w if isinstance(w, str) else text(w) for w in words)


def _heading(block: Heading, width: int) -> list[str]:
    title = sentence(block.words)
    lines = wrap(title, width, 3)
    if block.level == 1:
        return [*lines, "═" * min(width, max(map(columns, lines)))]
    return ["", *lines]


def _prose(block: Prose, width: int) -> list[str]:
    said = sentence(block.words)
    said = f"!! {said}" if block.loud else said
    return _filled(said, INDENT, INDENT, width)


def _filled(said: str, first: str, then: str, width: int) -> list[str]:
    """A sentence in lines; words longer than a line are cut."""
    lines = wrap_words(said, width - len(first), width - len(then))
    return [(then if i else first) + line for i, line in enumerate(lines)]


def wrap_words(said: str, first: int, then: int) -> list[str]:
    lines = textwrap.wrap(said, max(8, min(first, then)), break_on_hyphens=False) or [""]
    return [piece for line in lines for piece in wrap(line, max(8, min(first, then)), 0)]


def _piece(part: str | Tree | None) -> str:
    return "" if part is None else part if isinstance(part, str) else text(part)


def _rows(block: Rows, width: int) -> list[str]:
    rows = [_cells(row) for row in block.rows]
    left = max((columns(cells[0]) for cells in rows), default=0)
    left = left if left <= width // 3 else 0
    if block.style == "table":
        lined = _lined_up(rows, [sentence(row.words) for row in block.rows], [row.shape for row in block.rows], width)
        if lined is not None:
            return lined
    lines: list[str] = []
    beside = _beside(rows, left, width) if block.style in ("chain", "list", "agree") else 0
    for row, cells in zip(block.rows, rows, strict=True):
        lines += _row(row, cells, left, beside, width)
    return lines


def _cells(row: Row) -> list[str]:
    return [_piece(row.left), *(f"= {_piece(part)}" for part in row.parts)]


def _lined_up(rows: list[list[str]], words: list[str], shapes: list[str], width: int) -> list[str] | None:
    """A table with every part under its fellows, if it fits: the last part of each row in the last column."""
    most = max(map(len, rows))
    table = [[*cells[:-1], *[""] * (most - len(cells)), cells[-1]] for cells in rows]
    table = [
        [*cells, shape, f"({said})" if said else ""] for cells, shape, said in zip(table, shapes, words, strict=True)
    ]
    wide = [max(columns(cells[i]) for cells in table) for i in range(most + 2)]
    lines = []
    for cells in table:
        line = INDENT
        for i, (cell, room) in enumerate(zip(cells, wide, strict=True)):
            if room:
                gap = " " if i < most else GAP
                line += cell + " " * (room - columns(cell)) + gap
        lines.append(line.rstrip())
    return lines if all(columns(line) <= width for line in lines) else None


def _beside(rows: list[list[str]], left: int, width: int) -> int:
    """The column in which words stand beside equations: after all of them that are not too long."""
    ends = [len(INDENT) + left + 1 + sum(columns(c) + 1 for c in cells[1:]) for cells in rows]
    fitting = [end for end in ends if end <= width * 0.6]
    return max(fitting, default=0) + len(GAP) - 1


def _row(row: Row, cells: list[str], left: int, beside: int, width: int) -> list[str]:
    head = INDENT + cells[0] + " " * max(0, left - columns(cells[0]))
    hang = columns(head) + 1 if columns(head) + 1 <= width // 3 else len(INDENT) + 4
    line = " ".join([head, *cells[1:]]) + (GAP + row.shape if row.shape else "")
    lines = wrap(line, width, hang)
    said = sentence(row.words)
    if not said:
        return lines
    end = columns(lines[-1])
    room = width - beside
    if beside and end + 2 <= beside and room >= 24:
        filled = _filled(said, "", "", room)
        lines[-1] += " " * (beside - end) + filled[0]
        lines += [" " * beside + more for more in filled[1:]]
        return lines
    if end + len(GAP) + columns(said) <= width:
        lines[-1] += GAP + said
        return lines
    inner = " " * (hang + 2)
    return lines + _filled(said, inner, inner, width)
