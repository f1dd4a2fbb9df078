"""Pieces of HTML for a notebook: they bring their style along, and it reaches nothing but them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workings.draw.palette import COLORS
from workings.explain.shell import escape

__all__ = ["folded", "rows", "shown"]

# Text has the color of the notebook, light or dark; lines have one that can be seen on both.
_STYLE = (
    ".wk-out{line-height:1.45;max-width:100%}"
    ".wk-out .wk-scroll{overflow-x:auto;margin:6px 0}"
    ".wk-out .wk-head{margin:0 0 4px;font-size:1em}"
    ".wk-out .wk-rows{border-collapse:collapse;margin:6px 0;font-size:.93em;width:auto}"
    ".wk-out .wk-rows th,.wk-out .wk-rows td{text-align:left;vertical-align:baseline;padding:2px 18px 2px 0;"
    f"border:0;border-bottom:1px solid {COLORS['line'][0]}55;background:none;color:inherit;white-space:normal}}"
    ".wk-out .wk-rows th{font-weight:600}"
    ".wk-out .wk-rows td{font-variant-numeric:tabular-nums;font-family:ui-monospace,monospace}"
    ".wk-out details{margin:4px 0}"
    ".wk-out summary{cursor:pointer}"
    ".wk-out pre{overflow-x:auto;max-height:460px;white-space:pre;font-size:.9em;line-height:1.35;margin:4px 0}"
)


def shown(*parts: str) -> str:
    """What a notebook shows: markup, in which whoever made it has escaped everything."""
    return f'<div class="wk-out"><style>{_STYLE}</style>{"".join(parts)}</div>'


def folded(summary: str, text: str) -> str:
    """Text that is folded away until someone wants it."""
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(text)}</pre></details>"


def rows(heads: Sequence[str], entries: Iterable[Sequence[str]]) -> str:
    """A table; each row begins with what it is about."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in entries
    )
    table = f'<table class="wk-rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wk-scroll">{table}</div>'
