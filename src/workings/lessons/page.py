"""A lesson as a page: the same telling as on a terminal, with formulas and pictures, in one file that stands alone."""

from __future__ import annotations

import io
import keyword
import re
import token
import tokenize
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from workings.draw.picture import Picture
from workings.draw.plot import Plot
from workings.draw.plot import script as plot_script
from workings.draw.plot import style as plot_style
from workings.explain import Derivation
from workings.explain.frames import joined
from workings.explain.glossary import MENTION, term_of
from workings.explain.html import parts, sentence, term_id
from workings.explain.page import Page
from workings.explain.shell import asset, document, escape
from workings.graph import Node
from workings.lessons.stage import Ran, Stage
from workings.trace.cell import Cell
from workings.write.mathml import math, mathml, said
from workings.write.maths import expression
from workings.write.tree import Rate, Symbol
from workings.write.values import summary

__all__ = ["Paper"]

# what is not plain text in a paragraph; "step 7" is a place in the lesson, and no term
_MARKS = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\*(?P<new>[^*\s][^*]*)\*"
    r"|\bd(?P<top>\w+)/d(?P<bottom>\w+)\b"
    rf"|(?P<term>{MENTION})(?!\s\d)"
    r"|\b(?P<name>[wxyz])\b"
)
_RATE = re.compile(r"d(\w+)/d(\w+)")
_CLASSES = {token.COMMENT: "wk-comment", token.STRING: "wk-string", token.NUMBER: "wk-number"}


@dataclass
class _Section:
    """A step of the lesson: its pieces of markup, and the terms that are linked in it already."""

    key: str
    title: str
    pieces: list[str] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)


class Paper(Stage):
    """Tells a lesson into a page: `page()` gives it when the lesson was told."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._sections = [_Section("opening", "")]
        self._introduced: set[str] = set()

    def page(self) -> Page:
        """What was told until now, as a page."""
        body = f"""<a class="wk-skip" href="#lesson">Skip to the lesson</a>
<header class="wk-head">
<h1>{escape(self._title)}</h1>
<button type="button" data-theme-button class="wk-controls">Dark</button>
</header>
<div class="wk-lesson">
<nav class="wk-contents" aria-label="Steps of the lesson">
<ol>{"".join(_entry(s) for s in self._sections if s.title)}</ol>
</nav>
<main id="lesson">
{"".join(map(_section, self._sections))}
<footer class="wk-muted"><p>Every number on this page came out of the code above it when the page was made.</p></footer>
</main>
</div>"""
        own = resources.files("workings.lessons").joinpath("page.css").read_text(encoding="utf-8")
        style = asset("page.css") + plot_style() + own
        return Page(self._title, document(title=self._title, body=body, style=style, script=plot_script()))

    # ── what a lesson is made of ──

    def title(self, text: str) -> None:
        self._title = text

    def step(self, title: str) -> None:
        number = re.match(r"(\d+) · ", title)
        key = f"step-{number[1]}" if number else re.sub(r"\W+", "-", title.lower()).strip("-")
        self._sections.append(_Section(key, title))

    def say(self, text: str, *, page: str | None = None) -> None:
        words = " ".join((text if page is None else page).split())
        if words:
            self._put(f"<p>{self._inline(words)}</p>")

    def terms(self, terms: Iterable[tuple[str, str]]) -> None:
        rows = "".join(
            f'<div><dt id="{escape(term_id(name))}">{escape(name)}</dt><dd>{escape(meaning)}</dd></div>'
            for name, meaning in terms
        )
        self._put(f'<dl class="wk-terms">{rows}</dl>')

    def show(self, text: str, *, page: str | None = None) -> None:
        self._put(f'<div class="wk-cell">{_code((text if page is None else page).strip().splitlines())}</div>')

    def formula(self, value: Node | Cell) -> None:
        self._put(f'<div class="wk-formula">{_equation(value)}</div>')

    def picture(self, source: str, caption: str, *, lines: str = "") -> None:
        ran = self._ran(source)
        (picture,) = (r.value for r in ran if isinstance(r.value, Picture))
        self._put(
            f'<div class="wk-cell">{"".join(_code(r.lines) for r in ran)}'
            f"{self._figure(picture.svg(), caption, picture.words())}</div>"
        )

    def plot(self, drawn: Callable[[], tuple[Plot, str]], *, instead: str = "") -> None:
        plot, caption = drawn()
        self._put(self._figure(plot.svg(styled=False), caption))

    def turn(self) -> None:
        pass

    # ── how it gets there ──

    def _put(self, markup: str) -> None:
        self._sections[-1].pieces.append(markup)

    def _figure(self, svg: str, caption: str, words: str = "") -> str:
        more = f'<span class="wk-hidden"> {escape(words)}</span>' if words else ""
        return f"<figure>{svg}<figcaption>{self._inline(caption)}{more}</figcaption></figure>"

    def _inline(self, words: str) -> str:
        """A paragraph as markup: terms linked, each once in a section, names and code set off."""
        pieces, at = [], 0
        for found in _MARKS.finditer(words):
            pieces += [escape(words[at : found.start()]), self._marked(found)]
            at = found.end()
        return "".join([*pieces, escape(words[at:])])

    def _marked(self, found: re.Match[str]) -> str:
        if found["code"]:
            return f"<code>{escape(found['code'])}</code>"
        if found["new"]:
            return self._new(found["new"])
        if found["top"]:
            return math(mathml(Rate(Symbol(found["top"]), Symbol(found["bottom"]))))
        if found["term"]:
            return self._linked(found["term"])
        return f"<var>{escape(found[0])}</var>"

    def _new(self, words: str) -> str:
        """What is being introduced; a few words that end as a sentence does are a heading of their paragraph."""
        if words.endswith("."):
            return f"<strong>{escape(words)}</strong>"
        term = term_of(words)
        if term is not None:
            self._introduced.add(term)
        return f"<dfn>{self._linked(words)}</dfn>"

    def _linked(self, words: str) -> str:
        term, linked = term_of(words), self._sections[-1].linked
        if term is None or term not in self._introduced or term in linked:
            return escape(words)
        linked.add(term)
        return f'<a class="wk-term" href="#{term_id(term)}">{escape(words)}</a>'

    def _tell(self, ran: Sequence[Ran]) -> None:
        """The lines, and below those from which something came: what came."""
        pieces: list[str] = []
        lines: list[str] = []
        for r in ran:
            lines += [*([""] if r.apart and lines else []), *r.lines]
            out = (f'<pre class="wk-printed">{escape(r.printed)}</pre>' if r.printed else "") + _shown(r.value)
            if out:
                pieces.append(f'{_code(lines)}<div class="wk-out">{out}</div>')
                lines = []
        if lines:
            pieces.append(_code(lines))
        self._put(f'<div class="wk-cell">{"".join(pieces)}</div>')


def _entry(section: _Section) -> str:
    return f'<li><a href="#{section.key}">{_numbered(section.title)}</a></li>'


def _numbered(title: str) -> str:
    """`1 · The net` with its number set apart."""
    number, dot, rest = title.partition(" · ")
    return f'<span class="wk-count">{escape(number)}</span> {escape(rest)}' if dot else escape(title)


def _section(section: _Section) -> str:
    inner = "\n".join(section.pieces)
    if not section.title:
        return f'<div class="wk-opening">{inner}</div>\n'
    key = section.key
    return (
        f'<section id="{key}" aria-labelledby="{key}-title">\n'
        f'<h2 id="{key}-title">{_numbered(section.title)}</h2>\n{inner}\n</section>\n'
    )


# ── what comes out of a cell ──


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Cell):
        return _equation(value)
    if isinstance(value, Derivation):
        passages = "".join(f"<h4>{p.title}</h4>{joined(p.body)}" for p in parts(value))
        return f'<div class="wk-derivation"><h3>{sentence(value.title)}</h3>{passages}</div>'
    return f'<pre class="wk-printed">{escape(repr(value))}</pre>'


def _equation(value: Node | Cell) -> str:
    """`y = w · x = 0.5`: a name, what it is made from, and what that comes to."""
    node = value.node if isinstance(value, Cell) else value
    trees: list[Any] = []
    rate = _RATE.fullmatch(value.title or "") if isinstance(value, Cell) else None
    if rate:
        trees.append(Rate(Symbol(rate[1]), Symbol(rate[2])))
    if node.is_input or (node.name is not None and not rate):
        trees.append(Symbol(node.name or "", node))
    if not node.is_input and not node.is_constant:
        trees.append(expression(node, deepest=8, largest=60))
    if isinstance(value, Cell):
        trees.append(summary(value.value))
    return math("<mo>=</mo>".join(said(t) if isinstance(t, str) else mathml(t) for t in trees), block=True)


# ── code ──


def _code(lines: Sequence[str]) -> str:
    return f'<pre class="wk-code"><code>{_colored(lines)}</code></pre>'


def _colored(lines: Sequence[str]) -> str:
    """Lines of Python as markup; lines that are none, as those of a shell, are shown as they are."""
    source = "\n".join(lines)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return escape(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    pieces, at = [], 0
    for found in tokens:
        style = "wk-keyword" if keyword.iskeyword(found.string) else _CLASSES.get(found.type)
        if style and found.string:
            start, end = (starts[row - 1] + column for row, column in (found.start, found.end))
            pieces += [escape(source[at:start]), f'<span class="{style}">{escape(found.string)}</span>']
            at = end
    return "".join([*pieces, escape(source[at:])])
