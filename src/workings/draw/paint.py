"""How a picture looks: the colors of boxes and arrows, the CSS, and text made fit for SVG."""

from __future__ import annotations

import html
from collections.abc import Mapping

from workings.draw.layout import Rect
from workings.draw.letters import FONT, is_known, width
from workings.draw.palette import COLORS, variables
from workings.draw.picture import Kind
from workings.draw.shapes import outline, point

__all__ = ["colors", "drawn", "escape", "light", "span", "style", "written"]

ROOT = ".wk-picture"

# of each kind: the colors of its line and of its inside, and how the line is drawn
_PAINT: Mapping[Kind, tuple[str, str, str]] = {
    "parameter": ("parameter", "parameter-fill", ""),
    "data": ("data", "data-fill", ""),
    "constant": ("constant", "constant-fill", ""),
    "state": ("state", "state-fill", ""),
    "setting": ("constant", "constant-fill", ""),
    "operation": ("operation", "operation-fill", ""),
    "output": ("ink", "operation-fill", ""),
    "derivative": ("backward", "derivative-fill", ' stroke-dasharray="5 3"'),
    "update": ("good", "update-fill", ""),
    "folded": ("folded", "folded-fill", ""),
    "end": ("line", "paper", ' stroke-dasharray="1 4" stroke-linecap="round"'),
}
# of each style of text: its color
_INK: Mapping[str, str] = {
    "word": "muted",
    "name": "ink",
    "made-up": "muted",
    "formula": "ink",
    "value": "ink",
    "gradient": "backward",
    "factor": "backward",
    "note": "muted",
    "title": "folded",
}
# further parts: (selector, what is painted, in which color)
_RULES = (
    (".wk-paper", "fill", "paper"),
    (".wk-card", "stroke", "folded"),
    (".wk-card", "fill", "folded-fill"),
    (".wk-frame", "stroke", "folded"),
    (".wk-output .wk-word", "fill", "ink"),
    (".wk-factor,.wk-picture .wk-title", "stroke", "paper"),
    (".wk-forward>path", "stroke", "forward"),
    (".wk-forward>.wk-tip", "fill", "forward"),
    (".wk-backward>path", "stroke", "backward"),
)


def style() -> str:
    """The CSS of all pictures, for a page that has several."""
    rules = [variables(ROOT), f"{ROOT} text{{font-family:{FONT};font-variant-numeric:tabular-nums}}"]
    for kind, (line, fill, _) in _PAINT.items():
        rules.append(f"{ROOT} .wk-{kind} .wk-shape{{stroke:var(--wk-{line});fill:var(--wk-{fill})}}")
        rules.append(f"{ROOT} .wk-{kind} .wk-mark{{stroke:var(--wk-{line})}}")
    rules += [f"{ROOT} .wk-{name}{{fill:var(--wk-{color})}}" for name, color in _INK.items()]
    rules += [f"{ROOT} {where}{{{what}:var(--wk-{color})}}" for where, what, color in _RULES]
    rules.append(
        f"{ROOT} .wk-box:focus-visible{{outline:none}}{ROOT} .wk-box:focus-visible .wk-shape{{stroke-width:4}}"
    )
    return "\n".join(rules) + "\n"


def light(color: str) -> str:
    """The color where a program knows no variables."""
    return COLORS[color][0]


def colors(kind: Kind) -> tuple[str, str]:
    """The colors of a kind's line and inside, for paper."""
    line, fill, _ = _PAINT[kind]
    return light(line), light(fill)


def escape(text: str) -> str:
    """Text as it stands in an element or an attribute."""
    return html.escape(text)


def drawn(kind: Kind, place: Rect) -> str:
    """The outline of a box, painted."""
    line, fill, more = _PAINT[kind]
    thick = 2.2 if kind == "output" else 1.5
    return (
        f'<g fill="{light(fill)}" stroke="{light(line)}" stroke-width="{thick}" stroke-linejoin="round"{more}>'
        f"{outline(kind, place)}</g>"
    )


def written(text: str, style: str, size: float, x: float, y: float, *, more: str = "", bold: bool = False) -> str:
    """A piece of text at a place."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text class="wk-{style}" x="{point(x)}" y="{point(y)}" font-size="{size:g}" fill="{light(_INK[style])}"'
        f"{weight}{_fitted(text, size, bold)}{more}>{escape(text)}</text>"
    )


def span(text: str, style: str, *, more: str = "", bold: bool = False) -> str:
    """A piece of text within a line."""
    weight = ' font-weight="600"' if bold else ""
    return f'<tspan class="wk-{style}" fill="{light(_INK[style])}"{weight}{more}>{escape(text)}</tspan>'


def _fitted(text: str, size: float, bold: bool) -> str:
    """The attribute that presses a text of unknown letters into the room that is kept for it."""
    if is_known(text):
        return ""
    return f' textLength="{point(width(text, size, bold=bold))}" lengthAdjust="spacingAndGlyphs"'
