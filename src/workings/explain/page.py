"""The derivation as a page: the formula beside the picture beside the program, in one file that stands alone.

Whatever is pointed at lights up in all three. A page of a run has a slider over its recorded steps; what it
shows at a step is the derivation of that step, which was computed when the page was made.
"""

from __future__ import annotations

import base64
import json
import os
import re
import webbrowser
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workings.draw.picture import Picture, picture
from workings.draw.plot import Series, plot
from workings.draw.plot import script as plot_script
from workings.draw.plot import style as plot_style
from workings.draw.svg import style as picture_style
from workings.errors import ArgumentError
from workings.explain.code import code
from workings.explain.frames import Shared, compact, joined
from workings.explain.html import ROW_END, ROW_START, Passage, glossary, parts, sentence
from workings.explain.program import Recorded
from workings.explain.shell import asset, document, escape
from workings.explain.steps import Derivation
from workings.graph import Graph, Node
from workings.graph.names import Names
from workings.transform import simplify
from workings.write.ids import Ids
from workings.write.maths import expression
from workings.write.python import write_python_function
from workings.write.text import text
from workings.write.tree import Symbol
from workings.write.values import value_text
from workings.write.written import Written, replace_file

__all__ = ["Page", "derivation_page", "run_page"]

# boxes that are read in one picture; a larger net is shown folded, and its layers one at a time
MOST_BOXES = 60
# layers that have a picture of their own
MOST_VIEWS = 40


@dataclass(frozen=True)
class Page:
    """An HTML page that stands alone: it needs no other file and no network.

    `html` is its text. `save` writes it, `open` shows it in the browser, and a notebook shows it in a frame.
    """

    title: str
    html: str

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path`, whole or not at all; the path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ArgumentError(f"{str(path)!r} is no name for a page", fix=f"{str(path.with_suffix('.html'))!r}")
        replace_file(path, self.html.encode("utf-8"))
        return path

    def open(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to `path` and show it in the browser."""
        saved = self.save(path)
        if not webbrowser.open(saved.absolute().as_uri()):
            raise ArgumentError(f"no browser could be opened; the page is in {str(saved)!r}")
        return saved

    def __repr__(self) -> str:
        return f"<page {self.title!r}, {len(self.html.encode()) // 1000 + 1} kB>"

    def _repr_html_(self) -> str:
        # a frame of its own: neither does the page change the notebook's look, nor the notebook the page's
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(self.title)}" '
            'style="width:100%;height:760px;border:1px solid #7d8791;border-radius:8px"></iframe>'
        )


def derivation_page(derivation: Derivation) -> Page:
    """The page of one derivation; its program is the function that computes the loss and the gradients."""
    subject = derivation.subject
    reached = [node for node in subject.wrt if node in subject.adjoints]
    outputs = [subject.graph.outputs[0], *(subject.adjoints[node] for node in reached)]
    graph = simplify(Graph(subject.graph.inputs, outputs, name="loss_and_gradient")).graph
    names = _spelled(graph, subject.names)
    written = write_python_function(graph, names=names)
    values = {**subject.values, **{subject.adjoints[n]: v for n, v in subject.gradients.items()}}
    return _page([Recorded(0, derivation, values)], graph, names, written, None)


def run_page(recorded: Sequence[Recorded], graph: Graph, written: Written, losses: np.ndarray, about: str = "") -> Page:
    """The page of a run: `graph` is that of its step, `written` its program, `losses` those of all its steps."""
    return _page(recorded, graph, graph.names, written, losses, about)


def _spelled(graph: Graph, known: Mapping[Node, str]) -> dict[Node, str]:
    """The names of the document, and names of their own for what it does not name."""
    names = {node: name for node, name in known.items() if node in set(graph.nodes)}
    free = Names(set(names.values()))
    for node, name in graph.names.items():
        if node not in names:
            names[node] = free.give(re.sub(r"_\d+$", "", name) if node.name is None else name)
    return names


def _page(
    recorded: Sequence[Recorded],
    graph: Graph,
    names: Mapping[Node, str],
    written: Written,
    losses: np.ndarray | None,
    about: str = "",
) -> Page:
    first = recorded[0]
    ids = Ids(graph)
    passages = [parts(frame.derivation, ids) for frame in recorded]
    title = "".join(w if isinstance(w, str) else text(w) for w in first.derivation.title)
    data = _data(recorded, passages, graph, names, ids)
    loss = first.derivation.subject.graph.outputs[0]
    shown = [value_text(frame.derivation.subject.values[loss]) for frame in recorded]
    slider = _slider(recorded, names.get(loss, "loss"), shown) if len(recorded) > 1 else ""
    body = f"""<a class="wk-skip" href="#derivation">Skip to the derivation</a>
<header class="wk-head">
<div><h1>{sentence(first.derivation.title)}</h1>{f'<p class="wk-muted">{escape(about)}</p>' if about else ""}</div>
<button type="button" data-theme-button class="wk-controls">Dark</button>
</header>
{slider}
<main class="wk-columns">
<article id="derivation" class="wk-derivation" aria-label="Derivation">
{_derivation(passages[0])}
</article>
<section id="picture" class="wk-picture-side" aria-labelledby="picture-title">
<h2 id="picture-title">Picture</h2>
{_pictures(first.derivation, names, ids)}
{_losses(losses) if losses is not None and len(losses) > 1 else ""}
</section>
<section id="program" class="wk-program" aria-labelledby="program-title">
<h2 id="program-title">Program</h2>
{code(written, graph, names, ids)}
</section>
</main>
<section id="terms" class="wk-dictionary" aria-labelledby="terms-title">
<h2 id="terms-title">The terms</h2>
{glossary()}
</section>
<footer class="wk-muted"><p>{_footer(recorded)}</p></footer>
<div class="wk-status wk-controls" role="status" aria-live="polite" hidden></div>
<script type="text/plain" id="wk-data">{data}</script>"""
    style = picture_style() + plot_style() + asset("page.css")
    return Page(title, document(title=title, body=body, style=style, script=plot_script() + asset("page.js")))


def _footer(recorded: Sequence[Recorded]) -> str:
    said = (
        "Every number on this page comes from the run and is shown to its last digit, unless an ellipsis or ≈ says "
        "that it is cut. "
    )
    if len(recorded) > 1:
        said += f"{len(recorded)} steps are recorded: each was replayed, derived and checked when the page was made. "
    return said + (
        '<span class="wk-controls">Point at a name, or go to it by Tab and the arrow keys: it lights in the '
        "derivation, in the picture and in the program. Click or Enter keeps it lit, Escape lets it go.</span>"
    )


# ── the derivation ──────────────────────────────────────────────────────────────────────────────────────────


def _derivation(passages: Sequence[Passage]) -> str:
    pieces = [
        f'<section aria-labelledby="{p.key}-title"><h2 id="{p.key}-title"><span class="wk-count">{i}</span> '
        f'<span>{p.title}</span></h2><div id="{p.key}" class="wk-part">{joined(p.body)}</div></section>'
        for i, p in enumerate(passages, start=1)
    ]
    folds = any('class="wk-fold"' in p.body for p in passages)
    buttons = (
        '<p class="wk-controls wk-folds"><button type="button" data-folds="close">Fold the layers</button> '
        '<button type="button" data-folds="open">Unfold them</button></p>'
        if folds
        else ""
    )
    return buttons + "\n".join(pieces)


def _slider(recorded: Sequence[Recorded], name: str, losses: Sequence[str]) -> str:
    first, last = recorded[0].step, recorded[-1].step
    # room for the longest, so that nothing moves with the slider
    steps, room = len(str(last)), len(name) + 3 + max(map(len, losses))
    return f"""<div class="wk-bar wk-controls" role="group" aria-label="Recorded steps">
<button type="button" data-move="-1" aria-label="Previous recorded step">◀</button>
<button type="button" data-play aria-pressed="false">Play</button>
<button type="button" data-move="1" aria-label="Next recorded step">▶</button>
<label for="wk-step">Step</label>
<input type="range" id="wk-step" min="0" max="{len(recorded) - 1}" value="0" step="1" aria-describedby="wk-loss">
<output id="wk-at" for="wk-step" style="--room:{steps}ch">{first}</output> <span class="wk-muted">of {last}</span>
<span id="wk-loss" class="wk-loss" style="--room:{room}ch"></span>
</div>"""


# ── the picture ─────────────────────────────────────────────────────────────────────────────────────────────


def _pictures(derivation: Derivation, names: Mapping[Node, str], ids: Ids) -> str:
    """The whole net, folded where it is large, and each of its layers by itself."""
    subject = derivation.subject

    def drawn(**options: Any) -> Picture:
        return picture(
            subject.graph, values=subject.values, gradients=subject.gradients, ids=ids, names=names, **options
        )

    scopes = _scopes(subject.graph)
    views: list[tuple[str, str, Picture]] = []
    if scopes:
        views.append(("", "folded", drawn(depth=1)))
        if len(subject.graph.nodes) <= MOST_BOXES:
            views.append(("all", "unfolded", drawn(depth=None)))
        views += [("/".join(s), " › ".join(s), drawn(scope=s)) for s in scopes[:MOST_VIEWS]]
    else:
        views.append(("", "the whole net", drawn()))
    chooser = ""
    if len(views) > 1:
        options = "".join(f'<option value="{escape(key)}">{escape(label)}</option>' for key, label, _ in views)
        chooser = (
            '<p class="wk-controls"><label for="wk-view">Show</label> '
            f'<select id="wk-view">{options}</select> '
            '<span class="wk-muted">a folded box opens by a click or Enter</span></p>'
        )
    figures = "".join(
        f'<figure class="wk-view" data-view="{escape(key)}"{"" if i == 0 else " hidden"}>'
        f'<div class="wk-scroll">{drawing.svg(styled=False)}</div>'
        f'<figcaption class="wk-hidden">{escape(drawing.words())}</figcaption></figure>'
        for i, (key, _, drawing) in enumerate(views)
    )
    return chooser + figures


def _scopes(graph: Graph) -> list[tuple[str, ...]]:
    """Every scope that there is something in, outer ones first."""
    found: dict[tuple[str, ...], None] = {}
    for node in graph.nodes:
        for depth in range(1, len(node.scope) + 1):
            found.setdefault(node.scope[:depth])
    return sorted(found, key=len)


def _losses(losses: np.ndarray) -> str:
    series = Series("loss", np.arange(len(losses)), np.asarray(losses, float))
    drawing = plot([series], title="Loss before each step", x_label="step", y_label="loss", width=420, height=260)
    caption = f"<figcaption>{escape(drawing.words())}</figcaption>"
    return f'<h2>Losses</h2><figure class="wk-losses">{drawing.svg(styled=False)}{caption}</figure>'


# ── what changes ────────────────────────────────────────────────────────────────────────────────────────────


def _data(
    recorded: Sequence[Recorded],
    passages: Sequence[Sequence[Passage]],
    graph: Graph,
    names: Mapping[Node, str],
    ids: Ids,
) -> str:
    """What the script needs, as JSON, packed: every node in words, and what differs between the recorded steps."""
    subject = recorded[0].derivation.subject
    shown = [n for n in graph.nodes if n in names and (n in subject.values or n.because is not None)]
    loss = subject.graph.outputs[0]
    shared = Shared()
    keys = list(dict.fromkeys(p.key for frame in passages for p in frame))
    sections = {}
    if len(recorded) > 1:
        for key in keys:
            versions = [next((p.body for p in frame if p.key == key), "") for frame in passages]
            sections[key] = compact(versions, shared)
    values = compact([_listed(shown, frame, "values") for frame in recorded], shared)
    gradients = compact([_listed(shown, frame, "gradients") for frame in recorded], shared)
    data = {
        "steps": [frame.step for frame in recorded],
        "losses": [value_text(frame.derivation.subject.values[loss]) for frame in recorded],
        "nodes": {ids(n): _about(n, names, subject.graph) for n in shown},
        "order": [ids(n) for n in shown],
        "loss": names.get(loss, "loss"),
        "sections": sections,
        "values": values,
        "gradients": gradients,
        "strings": shared.strings.entries,
        "columns": shared.columns.entries,
    }
    text_ = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text_.encode("utf-8", "replace"), 9)).decode()


def _listed(shown: Sequence[Node], frame: Recorded, what: str) -> str:
    """A row for each node: its value, or the gradient of the loss with respect to it; empty where there is none."""
    subject = frame.derivation.subject
    found = frame.values if what == "values" else subject.gradients
    rows = [value_text(found[n]) if n in found else "" for n in shown]
    return "".join(f"{ROW_START}{row}{ROW_END}" for row in rows)


def _about(node: Node, names: Mapping[Node, str], forward: Graph) -> list[str]:
    """A node in words: its name, its formula, its shape, and where the user wrote it."""
    formula = ""
    if node.is_input:
        formula = str(node.role)
    elif not node.is_constant:
        formula = text(expression(node, lambda n: Symbol(names[n], n) if n in names else None))
    place = ""
    if node.because is not None:
        place = node.because.rule
    elif node.origin is not None:
        place = f"{Path(node.origin.file).name}, line {node.origin.line}: {node.origin.source().strip()}".rstrip(": ")
    shape = "×".join(map(str, node.shape))
    return [names[node], formula, shape, place]
