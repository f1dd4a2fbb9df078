"""A derivation as a document in LaTeX that pdfLaTeX, XeLaTeX and LuaLaTeX set with the packages each of them brings.

Formulas are measured (`workings.write.ruler`), so that equations which are too wide for the page are broken, and
reasons stand beside them or below. Nothing of the user's reaches TeX unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from workings.explain.equations import equation, sentence, side
from workings.explain.layout import Heading, Part, Prose, Row, blocks
from workings.explain.steps import Derivation, Words
from workings.write.glyphs import CODEPOINT, spelled
from workings.write.latex import escape
from workings.write.ruler import Chunk, Line, broken, equals, joined, measured, spread, tex, words_width
from workings.write.tree import Tree
from workings.write.values import summary

__all__ = ["render"]

ROOM = 40.0  # quads of the font across a page
TABLE = 43.0  # of the font of tables
HANG = 2.0  # of what follows in an equation on several lines
GAP = 2.0  # between an equation and its reason
BETWEEN = 1.3  # the columns of a table
REASON = 12.0  # the narrowest column of reasons that is longer than one line

_HEAD = r"""\documentclass[11pt, fleqn]{article}
\usepackage[a4paper, margin=25mm]{geometry}
\usepackage{amsmath, amssymb}
\usepackage{booktabs, longtable}
\allowdisplaybreaks
\raggedright
\setlength{\parskip}{1ex plus 0.5ex minus 0.2ex}
\setlength{\mathindent}{1.5em}
\setlength{\jot}{0.5ex}
\setlength{\LTleft}{\mathindent}
\renewcommand{\arraystretch}{1.15}
\newcommand{\reason}[2]{\parbox[t]{#1}{\raggedright\small #2\strut}}
% before an equation that no words lead to
\newcommand{\closer}{\vspace{-\baselineskip}}"""


def render(derivation: Derivation) -> str:
    """The derivation as a document in LaTeX."""
    title, body = "", ""
    leads = False  # whether what comes next goes on with a paragraph
    for block in blocks(derivation):
        if isinstance(block, Heading):
            words = _sentence(block.words)
            if block.level == 1:
                title = words
            else:
                body += f"\n\n\\section{{{words}}}"
            leads = False
        elif isinstance(block, Prose):
            body += f"\n\n{_prose(block)}"
            leads = not block.loud
        else:
            shown = _STYLES[block.style](block.rows)
            display = shown.startswith(r"\begin{align")
            body += f"\n{shown}" if display and leads else f"\n\n\\closer\n{shown}" if display else f"\n\n{shown}"
            leads = display
    title, body = spelled(title), spelled(body.lstrip())
    head = [_HEAD, CODEPOINT] if r"\code" in title + body else [_HEAD]
    start = ["", r"\begin{document}", "", rf"\begin{{center}}\LARGE {title}\end{{center}}", ""]
    return "\n".join([*head, *start, body, "", r"\end{document}", ""])


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

# numbers that words would not be set well in: with a minus, or a power of ten
_NUMBER = re.compile(r"(?<![\w.])(?:(−)(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)(?=e))(?:e(−?\d+))?(?!\w)")

_SENTENCE = re.compile(r"[a-z] [a-z]")  # where words follow each other, and not formulas alone


def _plain(words: str) -> str:
    """What was written by others, as it is: no two of its signs become one."""
    return re.sub(r"-(?=-)|'(?=')", r"\g<0>{}", escape(words)).replace("`", r"\textasciigrave{}")


def _words(words: str) -> str:
    """Words of the derivation, with the numbers in them set as such."""
    pieces, at = [], 0
    for found in _NUMBER.finditer(words):
        minus, digits, more, exponent = found.groups("")
        ten = rf" \times 10^{{{exponent.replace('−', '-')}}}" if exponent else ""
        pieces += [_plain(words[at : found.start()]), f"${minus and '-'}{digits or more}{ten}$"]
        at = found.end()
    return "".join([*pieces, _plain(words[at:])]).replace(",   ", r",\quad ")


def _sentence(words: Words) -> str:
    return sentence(words, _words).replace("$ → $", r" \to ")


def _prose(block: Prose) -> str:
    """A paragraph; a sentence begins with a capital and ends with a stop."""
    first, last = block.words[0], block.words[-1]
    words = _sentence(block.words).replace(r"\frac", r"\dfrac")
    if isinstance(first, str):
        words = words[:1].upper() + words[1:]
    said = "".join(w for w in block.words if isinstance(w, str))
    if (isinstance(last, str) and last[-1:].isalnum()) or (not isinstance(last, str) and _SENTENCE.search(said)):
        words += "."
    return f"\\begin{{quote}}\n\\bfseries {words}\n\\end{{quote}}" if block.loud else words


def _width(words: Words) -> float:
    return sum(words_width(w) if isinstance(w, str) else spread(measured(w, ROOM)) for w in words)


def _reason(words: Words, width: float) -> str:
    return rf"\reason{{{width:.1f}em}}{{{_sentence(words)}}}"


# ── equations ───────────────────────────────────────────────────────────────────────────────────────────────


def _line(part: Part | None) -> Line:
    if part is None:
        return ()
    return (Chunk(side(part), words_width(part)),) if isinstance(part, str) else measured(part, ROOM - 2 * HANG)


def _whole(start: Line, row: Row) -> Line:
    """`start = part = part`."""
    for part in row.parts:
        start = equals(start, _line(part))
    return start


def _equations(rows: Sequence[Row]) -> str:
    """Equations with their first equals signs under each other; reasons in a column beside them, or each below its
    own where there is not the room."""
    lefts = [_line(row.left) for row in rows]
    left = max(map(spread, lefts))
    if left > ROOM / 2:  # too wide to stand before all the rest
        lefts, rights, left = [()] * len(rows), [_whole(*each) for each in zip(lefts, rows, strict=True)], 0.0
    else:
        rights = [_whole((), row) for row in rows]
    column = _beside(rows, left + max(map(spread, rights)))
    lines = []
    for row, start, right in zip(rows, lefts, rights, strict=True):
        first, *more = broken(right, ROOM - left, HANG)
        lines.append(f"{tex(start)} &{first}".lstrip())
        lines += [f"&{piece}" if left and piece.startswith("=") else rf"&\qquad {{}}{piece}" for piece in more]
        if row.words and column:
            lines[-1] += rf" &&\quad {_reason(row.words, column)}"
        elif row.words:
            lines.append(rf"&\qquad {_reason(row.words, min(_width(row.words), ROOM - left - HANG))}")
    body = " \\\\\n".join(lines)
    begin, end = ("alignat*}{2", "alignat*") if column else ("align*", "align*")
    return f"\\begin{{{begin}}}\n{body}\n\\end{{{end}}}"


def _beside(rows: Sequence[Row], width: float) -> float:
    """How wide a column of reasons beside equations of this width is; 0 if there is no reason, or not the room."""
    natural = max(_width(row.words) for row in rows)
    room = ROOM - width - GAP
    return min(natural, room) if room >= min(natural, REASON) else 0


# ── tables and lists ────────────────────────────────────────────────────────────────────────────────────────


def _ledger(rows: Sequence[Row]) -> str:
    """Formulas, and the shape and the range of what they come to. Means are left out where there is not the room."""
    formulas = [_whole(_line(row.left), row) for row in rows]
    widest = max(spread(formula) + row.member for formula, row in zip(formulas, rows, strict=True))
    shape = max(words_width("shape"), *(words_width(row.shape) for row in rows))
    values: list[str | Tree] = []
    rest = room = 0.0
    for mean in (True, False):
        values = ["" if row.value is None else summary(row.value, mean=mean) for row in rows]
        rest = shape + max(_width((value,)) for value in values) + 2 * BETWEEN
        room = TABLE - rest
        if room >= min(widest, TABLE / 2):
            break
    whole = min(widest, room) + rest
    lines = []
    for row, formula, value in zip(rows, formulas, values, strict=True):
        if isinstance(row.left, str) and not row.parts:
            lines.append(_across(rf"{{\itshape {_plain(row.left)}}}") + r" \\*")
            continue
        inset = r"\quad " if row.member else ""
        first, *more = broken(_held(formula, room - row.member), room - row.member, HANG)
        cells = [" & ".join([f"{inset}${first}$", _shape(row.shape), _sentence((value,))])]
        cells += [rf"{inset}$\qquad {{}}{piece}$ & &" for piece in more]
        if row.words:
            width = min(_width(row.words), whole - 2 * HANG)
            cells.append(_across(rf"{inset}\qquad {_reason(row.words, width)}"))
        lines.append(" \\\\*\n".join(cells) + r" \\")
    return _table("lll", ("formula", "shape", "value"), lines)


def _held(line: Line, room: float) -> Line:
    """An equation that is not broken before its first equals sign, so that no name stands alone.

    What is measured is rather too large, so it may be a little more than the room.
    """
    if len(line) < 2 or line[0].width + line[1].width > 1.1 * room:
        return line
    return joined(line[:1], (replace(line[1], rank=None), *line[2:]))


def _across(cell: str) -> str:
    return rf"\multicolumn{{3}}{{@{{}}l@{{}}}}{{{cell}}}"


def _shape(shape: str) -> str:
    return f"${shape.strip('[]')}$".replace("×", r" \times ") if shape else ""


def _table(columns: str, heads: Sequence[str], lines: Sequence[str]) -> str:
    """A table that may go on over pages, with its title on each."""
    kept = (*range(2), *range(max(0, len(lines) - 3), len(lines) - 1))  # no page begins or ends within these
    body = "\n".join(line.rstrip("*") + "*" if i in kept else line for i, line in enumerate(lines))
    title = f"\\toprule\n{' & '.join(heads)} \\\\\n\\midrule\n\\endhead\n\\bottomrule\n\\endfoot"
    return f"{{\\small\n\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n{title}\n{body}\n\\end{{longtable}}}}"


def _grid(rows: Sequence[Row]) -> str:
    """Words in columns under a title, which share the width if they are too wide for it."""
    table = [["" if part is None else part for part in (row.left, *row.parts)] for row in rows]
    widths = [max(_width((cells[i],)) for cells in table) for i in range(len(table[0]))]
    columns = "l" * len(widths)
    if sum(widths) + BETWEEN * len(widths) > TABLE:
        share = (TABLE - widths[0]) / (len(widths) - 1) - BETWEEN
        columns = "l" + f"p{{{share:.1f}em}}" * (len(widths) - 1)
    title, *lines = [[_sentence((cell,)) for cell in cells] for cells in table]
    return _table(columns, title, [" & ".join(cells) + r" \\" for cells in lines])


def _listed(rows: Sequence[Row]) -> str:
    """Equations with their reasons; formulas that are no equations, and names, with what is said of them."""
    if all(row.parts for row in rows):
        return _equations(rows)
    lines = []
    for row in rows:
        if isinstance(row.left, str) and not row.parts:
            head = rf"\texttt{{{_plain(row.left)}}}"
        else:
            head = f"${equation(row)}$"
        shape = f" ({_shape(row.shape)})" if row.shape else ""
        lines.append(rf"\item {head}{shape}: {_sentence(row.words)}")
    close = r"\setlength{\itemsep}{0pt}\setlength{\parskip}{0pt}"
    return "\n".join([rf"\begin{{itemize}}{close}", *lines, r"\end{itemize}"])


_STYLES = {
    "table": _equations,
    "chain": _equations,
    "line": _equations,
    "agree": _equations,
    "ledger": _ledger,
    "list": _listed,
    "grid": _grid,
}
