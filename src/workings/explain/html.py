"""A derivation as parts of a page: each section as markup, with mathematics in MathML.

Every row is set between two marks, so that a page of many recorded steps can keep what changes apart from what
stays (`workings.explain.frames`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workings.explain.glossary import MENTION, TERMS, TERMS_TO_COME, term_of
from workings.explain.layout import Block, Heading, Part, Prose, Row, Rows, blocks
from workings.explain.shell import escape
from workings.explain.steps import Derivation, Words
from workings.graph import Node
from workings.write.mathml import math, mathml, said
from workings.write.tree import Tree
from workings.write.values import summary

__all__ = ["ROW_END", "ROW_START", "Passage", "glossary", "parts", "sentence", "term_id"]

# `escape` lets neither of them through
ROW_START, ROW_END = "\x02", "\x03"

Ids = Callable[[Node | None], str | None]

_MENTION = re.compile(MENTION)


@dataclass(frozen=True)
class Passage:
    """One section of a derivation: `title` and `body` are markup, `name` is short plain text for a list."""

    key: str
    title: str
    body: str


@dataclass
class _Setter:
    """What the parts of one section share: the ids, and the terms that were linked already."""

    ids: Ids | None
    linked: set[str] = field(default_factory=set)

    # ── pieces ──

    def tree(self, tree: Tree) -> str:
        return f'<span class="wk-m">{math(mathml(tree, ids=self.ids))}</span>'

    def equals(self, part: Part) -> str:
        """`= part`, as one piece that a line is broken before."""
        inner = said(part) if isinstance(part, str) else mathml(part, ids=self.ids)
        # what stands before it is a space away already
        equation = math(f'<mo lspace="0">=</mo>{inner}')
        return f'<span class="wk-m">{equation}</span>'

    def part(self, part: Part | None) -> str:
        if part is None:
            return ""
        return escape(part) if isinstance(part, str) else self.tree(part)

    def plain(self, words: str) -> str:
        """Words with the terms of the dictionary linked, each once in a section."""

        def link(found: re.Match[str]) -> str:
            term = term_of(found[0])
            if term is None or term in self.linked:
                return escape(found[0])
            self.linked.add(term)
            return f'<a class="wk-term" href="#{term_id(term)}">{escape(found[0])}</a>'

        pieces, at = [], 0
        for found in _MENTION.finditer(words):
            pieces += [escape(words[at : found.start()]), link(found)]
            at = found.end()
        return "".join([*pieces, escape(words[at:])])

    def words(self, words: Words) -> str:
        return "".join(self.plain(w) if isinstance(w, str) else self.tree(w) for w in words)

    # ── blocks ──

    def block(self, block: Block) -> str:
        if isinstance(block, Prose):
            words = self.words(block.words)
            loud = f'<p class="wk-loud" role="note"><strong>{words}</strong></p>'
            return _row(loud if block.loud else f"<p>{words}</p>")
        assert isinstance(block, Rows)
        if block.style in ("table", "ledger"):
            return self.folded(block)
        return _WRITERS[block.style](self, block.rows)

    def folded(self, block: Rows) -> str:
        """A table; the rows of one scope fold away under its name."""
        write = _WRITERS[block.style]
        pieces: list[str] = []
        rows: list[Row] = []
        title: str | None = None

        def end() -> None:
            if rows:
                table = write(self, rows)
                if title is not None:
                    summary_ = f"<summary>{escape(title)}</summary>"
                    table = f'<details class="wk-fold" open data-fold="{escape(title)}">{summary_}{table}</details>'
                pieces.append(table)
                rows.clear()

        for row in block.rows:
            if isinstance(row.left, str) and not row.parts:
                end()
                title = row.left
                continue
            if title is not None and not row.member:
                end()
                title = None
            rows.append(row)
        end()
        return "".join(pieces)

    def equations(self, rows: Sequence[Row]) -> str:
        """Equations with their equals signs under each other, the last part of each in the last column."""
        most = max(len(row.parts) for row in rows)
        reasons = any(row.words for row in rows)
        lines = []
        for row in rows:
            cells = [self.equals(p) for p in row.parts]
            cells = [*cells[:-1], *[""] * (most - len(cells)), *cells[-1:]]
            lines.append(_line(self.part(row.left), cells, self.words(row.words) if reasons else None))
        return f'<table class="wk-equations">{"".join(lines)}</table>'

    def ledger(self, rows: Sequence[Row]) -> str:
        """Formulas, and the shape and the range of what they come to."""
        heads = "".join(f'<th scope="col">{word}</th>' for word in ("formula", "shape", "value"))
        lines = []
        for row in rows:
            equation = " ".join([self.part(row.left), *map(self.equals, row.parts)])
            if row.words:
                equation += f' <span class="wk-why">{self.words(row.words)}</span>'
            value = "" if row.value is None else self.part(summary(row.value))
            lines.append(_line(equation, [escape(row.shape.strip("[]")), value]))
        return f'<table class="wk-ledger"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'

    def chain(self, rows: Sequence[Row]) -> str:
        lines = []
        for row in rows:
            parts = " ".join(map(self.equals, row.parts))
            lines.append(_line(self.part(row.left), [parts], self.words(row.words)))
        return f'<table class="wk-equations wk-chain">{"".join(lines)}</table>'

    def list(self, rows: Sequence[Row]) -> str:
        lines = []
        for row in rows:
            if isinstance(row.left, str) and not row.parts:
                head = f"<code>{escape(row.left)}</code>"
            else:
                head = " ".join([self.part(row.left), *map(self.equals, row.parts)])
            shape = f' <span class="wk-muted">{escape(row.shape)}</span>' if row.shape else ""
            why = f'<span class="wk-why">{self.words(row.words)}</span>'
            lines.append(_row(f'<li><span class="wk-said">{head}{shape}</span> {why}</li>'))
        return f'<ul class="wk-list">{"".join(lines)}</ul>'

    def line(self, rows: Sequence[Row]) -> str:
        lines = (" ".join([self.part(row.left), *map(self.equals, row.parts)]) for row in rows)
        return "".join(_row(f'<p class="wk-line-of">{line}</p>') for line in lines)

    def agreements(self, rows: Sequence[Row]) -> str:
        lines = []
        for row in rows:
            values = " ".join(map(self.equals, row.parts))
            lines.append(_line(self.part(row.left), [values, self.words(row.words)]))
        return f'<table class="wk-equations wk-agree">{"".join(lines)}</table>'

    def grid(self, rows: Sequence[Row]) -> str:
        title, *rest = rows
        heads = "".join(f'<th scope="col">{self.part(p)}</th>' for p in title.parts)
        lines = "".join(_line(self.part(row.left), [self.part(p) for p in row.parts]) for row in rest)
        return f'<table class="wk-grid"><thead><tr><td></td>{heads}</tr></thead><tbody>{lines}</tbody></table>'


_WRITERS: dict[str, Callable[[_Setter, Sequence[Row]], str]] = {
    "table": _Setter.equations,
    "ledger": _Setter.ledger,
    "chain": _Setter.chain,
    "list": _Setter.list,
    "line": _Setter.line,
    "agree": _Setter.agreements,
    "grid": _Setter.grid,
}


def _row(markup: str) -> str:
    return f"{ROW_START}{markup}{ROW_END}"


def _line(head: str, cells: Sequence[str], why: str | None = None) -> str:
    """A row of a table; `why` is what is said beside it."""
    first = f'<th scope="row">{head}</th>' if head else "<td></td>"
    last = "" if why is None else f'<td class="wk-why">{why}</td>'
    return _row(f"<tr>{first}{''.join(f'<td>{cell}</td>' for cell in cells)}{last}</tr>")


def parts(derivation: Derivation, ids: Ids | None = None) -> list[Passage]:
    """The sections of a derivation as markup, rows between their marks."""
    found: list[Passage] = []
    setter = _Setter(ids)
    body: list[str] = []
    for block in blocks(derivation):
        if isinstance(block, Heading):
            if block.level == 1:
                continue
            if found:
                found[-1] = Passage(found[-1].key, found[-1].title, "".join(body))
            setter, body = _Setter(ids), []
            found.append(Passage(f"part-{len(found) + 1}", setter.words(block.words), ""))
        else:
            body.append(setter.block(block))
    if found:
        found[-1] = Passage(found[-1].key, found[-1].title, "".join(body))
    return found


def sentence(words: Words, ids: Ids | None = None) -> str:
    """Words with formulas in them as markup."""
    return "".join(escape(w) if isinstance(w, str) else math(mathml(w, ids=ids)) for w in words)


def term_id(name: str) -> str:
    """Where a term stands in the dictionary of a page."""
    return "term-" + name.replace(" ", "-")


def glossary() -> str:
    """The dictionary: every term and its meaning."""
    rows = "".join(
        f'<div><dt id="{term_id(term.name)}">{escape(term.name)}</dt><dd>{escape(term.meaning)}</dd></div>'
        for term in (*TERMS, *TERMS_TO_COME)
    )
    return f'<dl class="wk-terms">{rows}</dl>'
