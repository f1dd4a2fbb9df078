"""A derivation as Unicode text: lines of at most the given width, equals signs under each other."""

from __future__ import annotations

import textwrap

from workings.explain.layout import Heading, Prose, Row, Rows, blocks
from workings.explain.steps import Derivation, Words
from workings.write.text import columns, text, wrap
from workings.write.tree import Tree
from workings.write.values import summary

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
    title = sentence(block.words) if block.number is None else f"{block.number}  {sentence(block.words)}"
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
    rows = [_cells(row, block.style) for row in block.rows]
    if block.style == "ledger":
        return _ledger(block.rows, rows, width)
    if block.style == "grid":
        return _grid(block, width)
    if block.style in ("table", "agree"):
        marks = ("", "") if block.style == "agree" else ("(", ")")
        words = [f"{marks[0]}{sentence(row.words)}{marks[1]}" if row.words else "" for row in block.rows]
        lined = _lined_up(rows, words, width)
        if lined is not None:
            return lined
    left = max((columns(cells[0]) for cells in rows), default=0)
    left = left if left <= width // 2 else 0
    lines: list[str] = []
    beside = _beside(rows, left, width) if block.style in ("chain", "list", "agree") else 0
    for row, cells in zip(block.rows, rows, strict=True):
        lines += _row(row, cells, left, beside, width)
    return lines


def _grid(block: Rows, width: int) -> list[str]:
    table = [[_piece(row.left), *map(_piece, row.parts)] for row in block.rows]
    wide = [max(columns(cells[i]) for cells in table) for i in range(len(table[0]))]
    lines = []
    for cells in table:
        pieces = [cell + " " * (room - columns(cell)) for cell, room in zip(cells, wide, strict=True)]
        lines += wrap(INDENT + GAP.join(pieces).rstrip(), width, len(INDENT) + wide[0] + len(GAP))
    return lines


def _cells(row: Row, style: str) -> list[str]:
    cells = [(INDENT if row.member else "") + _piece(row.left), *(f"= {_piece(part)}" for part in row.parts)]
    return [*cells, f" {row.shape}"] if row.shape and style == "list" else cells


def _lined_up(rows: list[list[str]], words: list[str], width: int) -> list[str] | None:
    """A table with every part under its fellows, if it fits: the last part of each row in the last column."""
    most = max(map(len, rows))
    table = [
        [*cells[:-1], *[""] * (most - len(cells)), cells[-1]] if len(cells) > 1 else [*cells, *[""] * (most - 1)]
        for cells in rows
    ]
    wide = [max(columns(cells[i]) for cells in table) for i in range(most)]
    lines = []
    for cells, said in zip(table, words, strict=True):
        pieces = [cell + " " * (room - columns(cell)) for cell, room in zip(cells, wide, strict=True)]
        lines.append((INDENT + " ".join(pieces) + (GAP + said if said else "")).rstrip())
    return lines if all(columns(line) <= width for line in lines) else None


def _ledger(rows: tuple[Row, ...], cells: list[list[str]], width: int) -> list[str]:
    """Formulas, shapes and values in columns; means are left out, and formulas too long for their column
    stand on a line of their own, where the width asks for it."""
    left = max((n for n in (columns(c[0]) for c in cells) if n <= width // 3), default=0)
    shape = max(columns(row.shape) for row in rows)
    formulas = sorted({columns(c[1]) for c in cells if len(c) > 1}, reverse=True) or [0]
    for mean in (True, False):
        values = ["" if r.value is None else _piece(summary(r.value, mean=mean)) for r in rows]
        room = width - len(INDENT) - left - shape - max(map(columns, values)) - 5
        formula = next((f for f in formulas if f <= room), 0)
        long = sum(1 for c in cells if len(c) > 1 and columns(c[1]) > formula)
        if long == 0 or (not mean and formula):
            break
    start = len(INDENT) + left + 1 + formula + 2
    lines: list[str] = []
    for row, c, value in zip(rows, cells, values, strict=True):
        head = INDENT + c[0] + " " * (left - columns(c[0]))
        tail = f"{row.shape:<{shape}}  {value}".rstrip() if shape else value
        line = " ".join([head, *c[1:]]).rstrip()
        if columns(line) + 2 <= start and start + columns(tail) <= width:
            line += " " * (start - columns(line)) + tail
            lines.append(line.rstrip())
            continue
        lines += wrap(line, width, len(INDENT) + left + 1)
        if tail and columns(lines[-1]) + 2 + columns(tail) <= width and columns(lines[-1]) + 2 > start:
            lines[-1] += "  " + tail
        elif tail:
            at = min(start, max(len(INDENT) * 2, width - columns(tail)))
            lines += wrap(" " * at + tail, width, at)
    return lines


def _beside(rows: list[list[str]], left: int, width: int) -> int:
    """The column in which words stand beside equations: after all of them that are not too long."""
    ends = [len(INDENT) + left + 1 + sum(columns(c) + 1 for c in cells[1:]) for cells in rows]
    fitting = [end for end in ends if end <= width * 0.6]
    return max(fitting, default=0) + len(GAP) - 1


def _row(row: Row, cells: list[str], left: int, beside: int, width: int) -> list[str]:
    head = INDENT + cells[0] + " " * max(0, left - columns(cells[0]))
    hang = columns(head) + 1 if columns(head) + 1 <= width // 3 else len(INDENT) + 4
    line = " ".join([head, *cells[1:]])
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
