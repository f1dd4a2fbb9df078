"""The picture of a plot: where everything goes, and the SVG."""

from __future__ import annotations

import html
import itertools
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from workings.draw.axis import Axis, Tick, axis
from workings.draw.palette import COLORS, variables
from workings.draw.series import Series, Style, thin

if TYPE_CHECKING:
    from workings.draw.plot import Plot

__all__ = ["chart", "style"]

# Told apart by color, by dashes and by the shape of a point; after the last comes the first again.
_COLORS = ("forward", "backward", "parameter", "folded", "good", "operation")
_DASHES = ("", "8 4", "2 3.5", "11 4 2 4", "5 2.5")
_SHAPES = ("circle", "square", "triangle", "diamond", "cross")

# Widths and heights are those of the larger letters that a narrow screen gets, on which the picture shrinks.
_SIZE, _LARGE = 13, 18
_ROW = 24
_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",sans-serif'
_LONGEST_LABEL = 150  # beside the end of a line
_RADIUS = 3.5
_COLUMNS = 100  # that say their numbers


def chart(plot: Plot, words: str, *, styled: bool, hover: bool) -> str:
    """The plot as SVG, described by `words`."""
    return _Drawing(plot).svg(words, styled, hover)


def style() -> str:
    """The CSS of all plots, for a page that has several."""
    rules = [variables(".wk-plot")]
    rules += [f".wk-plot .wk-{kind}{{{attribute}:var(--wk-{name})}}" for kind, attribute, name in _PAINTS]
    rules += [f".wk-plot .wk-s{i}{{stroke:var(--wk-{name});fill:var(--wk-{name})}}" for i, name in enumerate(_COLORS)]
    rules.append(f".wk-plot text{{font:{_SIZE}px {_FONT};stroke:none}}.wk-plot .wk-title{{font-weight:600}}")
    rules.append(f"@media screen and (max-width:520px){{.wk-plot text{{font-size:{_LARGE}px}}}}")
    rules.append(".wk-readout{min-height:1.5em}@media print{.wk-readout{display:none}}")
    return "\n".join(rules) + "\n"


# what is painted, with which attribute, in which color
_PAINTS = (
    ("paper", "fill", "paper"),
    ("grid", "stroke", "hair"),
    ("axis", "stroke", "line"),
    ("label", "fill", "muted"),
    ("text", "fill", "ink"),
    ("hollow", "fill", "paper"),
    ("guide", "stroke", "line"),
    ("cursor", "fill", "ink"),
)


class _Drawing:
    """Where everything goes, and the elements of the picture in the order in which they are painted."""

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        self.parts: list[str] = []
        shown = [self._shown(s) for s in plot.series]
        xs = np.concatenate([np.asarray(s.xs, float)[ok] for s, ok in zip(plot.series, shown, strict=True)])
        ys = np.concatenate([np.asarray(s.ys, float)[ok] for s, ok in zip(plot.series, shown, strict=True)])
        if not plot.log and ys.size and 0 < ys.min() <= ys.max() / 2:
            ys = np.append(ys, 0.0)  # a loss is seen above 0
        self.title = _fitted(plot.title, plot.width - 16)
        self.top = 12 + _ROW * bool(self.title) + _ROW * bool(plot.y_label)
        self.right: float = plot.width - 18
        self.beside = self._beside()
        self.rows: list[list[tuple[int, str]]] = []
        if self.beside:
            self.right -= max(_width(name) for name in self.beside.values()) + 4
        elif len(plot.series) > 1 or any(s.name not in ("", plot.y_label) for s in plot.series):
            self.rows = self._entries()
            self.top += _ROW * len(self.rows)
        self.height = plot.height + _ROW * max(0, len(self.rows) - 1)
        self.bottom = self.height - 8 - _ROW - _ROW * bool(plot.x_label)
        lines = all(s.style == "line" for s in plot.series)
        self.y = axis(ys, self.bottom, self.top, log=plot.log, margin=0.04)
        if ys.size and ys.min() == 0 and ys.max() > 0 and not plot.log:
            self.y = Axis(0.0, self.y.high, self.bottom, self.top)
        self.y_ticks = self.y.ticks(max(2, int((self.bottom - self.top) / 34)))
        self.left = 16 + max([_width(t.label) for t in self.y_ticks], default=0)
        self.x = axis(xs, self.left, self.right, log=plot.log_x, margin=0.0 if lines else 0.03)
        self.x_ticks = self.x.ticks(9, self._side_by_side)

    def svg(self, words: str, styled: bool, hover: bool) -> str:
        plot = self.plot
        self._frame()
        for i, series in enumerate(plot.series):
            self._series(i, series)
        self._legend()
        self._overlay()
        if hover:
            self._columns()
        css = f"<style>{style()}</style>" if styled else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="wk-plot" viewBox="0 0 {plot.width} {self.height}" '
            f'width="{plot.width}" height="{self.height}" role="img" font-family="{_escape(_FONT)}" '
            f'font-size="{_SIZE}">'
            f"<title>{_escape(plot.title)}</title><desc>{_escape(words)}</desc>{css}"
            f'<rect class="wk-paper" width="{plot.width}" height="{self.height}" fill="{_light("paper")}"/>'
            + "".join(self.parts)
            + "</svg>"
        )

    def _side_by_side(self, labels: list[str]) -> bool:
        return sum(_width(label) + 14 for label in labels) <= self.right - self.left

    def _beside(self) -> dict[int, str]:
        """Names that can stand beside the ends of their lines."""
        series = self.plot.series
        names = {i: s.name for i, s in enumerate(series)}
        if not 2 <= len(series) <= 4 or any(s.style != "line" or not s.name for s in series):
            return {}
        ends = [s.xs[np.flatnonzero(self._shown(s))[-1:]] for s in series]
        together = all(e.size for e in ends) and len({float(e[0]) for e in ends}) == 1
        short = max(map(_width, names.values())) <= min(_LONGEST_LABEL, self.plot.width / 4)
        return names if together and short else {}

    def _entries(self) -> list[list[tuple[int, str]]]:
        """The entries of the legend, in rows."""
        rows: list[list[tuple[int, str]]] = []
        used = 0.0
        room = self.plot.width - 24
        for i, series in enumerate(self.plot.series):
            name = _fitted(series.name, room - 40)
            wide = _width(name) + 58
            if not rows or used + wide > room:
                rows.append([])
                used = 0.0
            rows[-1].append((i, name))
            used += wide
        return rows

    def _text(self, x: float, y: float, text: str, kind: str = "label", anchor: str = "start", more: str = "") -> None:
        color = _light("muted" if kind == "label" else "ink")
        self.parts.append(
            f'<text class="wk-{kind}" x="{_p(x)}" y="{_p(y)}" text-anchor="{anchor}" fill="{color}"{more}>'
            f"{_escape(text)}</text>"
        )

    def _frame(self) -> None:
        plot, left, right = self.plot, self.left, self.right
        if self.title:
            self._text(8, 20, self.title, "text wk-title", more=' font-weight="600"')
        if plot.y_label:
            self._text(8, self.top - 11, _fitted(plot.y_label, plot.width - 16))
        if plot.x_label:
            self._text(right, self.height - 9, _fitted(plot.x_label, plot.width - 30), anchor="end")
        heights, places = (a.at(np.array([t.value for t in ticks])) for a, ticks in self._ticks())
        self.parts.append(
            f'<path class="wk-grid" stroke="{_light("hair")}" fill="none" d="'
            + "".join(f"M{_p(left)} {_p(y)}H{_p(right)}" for y in heights)
            + "".join(f"M{_p(x)} {_p(self.top)}V{_p(self.bottom)}" for x in places)
            + '"/>'
        )
        for tick, y in zip(self.y_ticks, heights, strict=True):
            self._text(left - 7, y + 4.5, tick.label, anchor="end")
        for tick, x in zip(self.x_ticks, places, strict=True):
            self._text(x, self.bottom + 19, tick.label, anchor="middle")
        base = float(self.y.at(np.zeros(()))) if not plot.log and self.y.low <= 0 <= self.y.high else self.bottom
        self.parts.append(f'<path class="wk-axis" stroke="{_light("line")}" d="M{_p(left)} {_p(base)}H{_p(right)}"/>')

    def _ticks(self) -> tuple[tuple[Axis, tuple[Tick, ...]], ...]:
        return (self.y, self.y_ticks), (self.x, self.x_ticks)

    def _series(self, i: int, series: Series) -> None:
        shown = self._shown(series)
        x, y = np.full(len(shown), np.nan), np.full(len(shown), np.nan)
        x[shown] = self.x.at(np.asarray(series.xs, float)[shown])
        y[shown] = self.y.at(np.asarray(series.ys, float)[shown])
        keep = thin(series.style, x, y, shown)
        points = "[" + ",".join(f"[{_json(series.xs[k])},{_json(series.ys[k])}]" for k in keep) + "]"
        at = list(zip(x[keep].tolist(), y[keep].tolist(), strict=True))
        if series.style == "line":
            drawn = self._line(i, at, np.diff(np.cumsum(~shown)[keep]) > 0)
        elif series.style == "steps":
            drawn = _arrows(at) + _shape(i, at[:1], hollow=True) + _shape(i, at[1:])
        else:
            drawn = _shape(i, at)
        self.parts.append(
            f'<g {_paint(i)} data-series="{_escape(series.name)}" data-style="{series.style}" '
            f'data-points="{points}">{drawn}</g>'
        )

    def _line(self, i: int, at: list[tuple[float, float]], gaps: np.ndarray) -> str:
        starts = [0, *(np.flatnonzero(gaps) + 1).tolist(), len(at)]
        runs = [at[a:b] for a, b in itertools.pairwise(starts) if a < b]
        lines = "".join("M" + "L".join(f"{_p(x)} {_p(y)}" for x, y in run) for run in runs if len(run) > 1)
        drawn = f'<path fill="none" stroke-width="2" stroke-linejoin="round"{_dash(i)} d="{lines}"/>' if lines else ""
        dots = "".join(f"M{_p(x)} {_p(y)}h0" for run in runs for x, y in run if len(run) == 1)
        return drawn + (f'<path stroke-width="5" stroke-linecap="round" d="{dots}"/>' if dots else "")

    def _legend(self) -> None:
        series = self.plot.series
        if self.beside:
            ends = [self.y.at(np.asarray(s.ys, float)[np.flatnonzero(self._shown(s))[-1]]) for s in series]
            for i, y in _spread(dict(enumerate(map(float, ends))), self.top, self.bottom).items():
                self.parts.append(f'<g {_paint(i)}><text x="{_p(self.right + 7)}" y="{_p(y + 4.5)}" stroke="none">')
                self.parts.append(f"{_escape(series[i].name)}</text></g>")
        y = 20.0 + _ROW * bool(self.title)
        for row in self.rows:
            x = 8.0
            for i, name in row:
                self.parts.append(f"<g {_paint(i)}>{_swatch(i, series[i].style, x, y - 4.5)}</g>")
                self._text(x + 34, y, name, "text")
                x += _width(name) + 58
            y += _ROW

    def _overlay(self) -> None:
        x, y = self.x, self.y
        numbers = {"x0": x.low, "x1": x.high, "y0": y.low, "y1": y.high, "log": self.plot.log}
        numbers |= {"logX": True} if self.plot.log_x else {}
        numbers |= {"left": self.left, "right": self.right, "top": self.top, "bottom": self.bottom}
        numbers |= {"x": self.plot.x_label, "y": self.plot.y_label}
        top, bottom = _p(self.top), _p(self.bottom)
        self.parts.append(
            f'<g class="wk-overlay" data-plot="{_escape(json.dumps(numbers, separators=(",", ":")))}">'
            f'<line class="wk-guide" y1="{top}" y2="{bottom}" stroke="{_light("line")}" visibility="hidden"/>'
            f'<circle class="wk-cursor" r="4.5" fill="{_light("ink")}" visibility="hidden"/>'
            f'<rect x="{_p(self.left)}" y="{top}" width="{_p(self.right - self.left)}" '
            f'height="{_p(self.bottom - self.top)}" fill="none" pointer-events="all"/></g>'
        )

    def _columns(self) -> None:
        """Columns over the picture that say the numbers below them, where the pointer rests."""
        said: dict[float, list[str]] = {}
        for series in self.plot.series:
            shown = self._shown(series)
            xs, ys = np.asarray(series.xs)[shown], np.asarray(series.ys)[shown]
            for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                said.setdefault(x, []).append(f"{series.name} {y:.6g}")
        every = sorted(said)
        if not every:
            return
        xs = [every[k] for k in sorted({round(i * (len(every) - 1) / _COLUMNS) for i in range(_COLUMNS + 1)})]
        at = self.x.at(np.array(xs)).tolist()
        edges = [self.left, *((a + b) / 2 for a, b in itertools.pairwise(at)), self.right]
        for x, (left, right) in zip(xs, itertools.pairwise(edges), strict=True):
            told = "\n".join([f"{self.plot.x_label} {x:.6g}", *said[x]]).replace("-", "−")
            self.parts.append(
                f'<rect x="{_p(left)}" y="{_p(self.top)}" width="{_p(right - left)}" '
                f'height="{_p(self.bottom - self.top)}" fill="none" pointer-events="all">'
                f"<title>{_escape(told)}</title></rect>"
            )

    def _shown(self, series: Series) -> np.ndarray:
        return series.shown(self.plot.log, self.plot.log_x)


# ── marks ──


def _paint(i: int) -> str:
    k = i % len(_COLORS)
    color = _light(_COLORS[k])
    return f'class="wk-s{k}" stroke="{color}" fill="{color}"'


def _dash(i: int) -> str:
    dash = _DASHES[i % len(_DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _shape(i: int, at: Sequence[tuple[float, float]], *, hollow: bool = False) -> str:
    """Points, as one path."""
    if not at:
        return ""
    r = _RADIUS
    form = {
        "circle": f"m{-r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z",
        "square": f"m{-r} {-r}h{2 * r}v{2 * r}h{-2 * r}z",
        "triangle": f"m0 {-r - 1}l{r + 0.5} {2 * r}h{-2 * r - 1}z",
        "diamond": f"m0 {-r - 1}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z",
        "cross": f"m{-r} {-r}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}",
    }[_SHAPES[i % len(_SHAPES)]]
    paths = "".join(f"M{_p(x)} {_p(y)}{form}" for x, y in at)
    look = f' class="wk-hollow" fill="{_light("paper")}"' if hollow else ""
    return f'<path{look} stroke-width="1.5" d="{paths}"/>'


def _arrows(at: list[tuple[float, float]]) -> str:
    """The way from point to point, with heads where there is room for them, and one at the end."""
    if len(at) < 2:
        return ""
    way = "M" + "L".join(f"{_p(x)} {_p(y)}" for x, y in at)
    heads = []
    since = 0.0
    for k, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(at)):
        length = float(np.hypot(x1 - x0, y1 - y0))
        if not length:
            continue
        since += length
        last = k == len(at) - 2
        if since >= 24 or last:
            u, v = (x1 - x0) / length, (y1 - y0) / length
            # a step too short for a head has it behind its end, so that it still says which way
            reach = -_RADIUS - 1 if length >= 16 else _RADIUS + 10
            if last or length >= 16:
                heads.append(_head(x1 + u * reach, y1 + v * reach, u, v))
            since = 0.0
    return (
        f'<path fill="none" stroke-width="1.5" d="{way}"/><path stroke="none" d="{"".join(heads)}"/>'
        if heads
        else f'<path fill="none" stroke-width="1.5" d="{way}"/>'
    )


def _head(x: float, y: float, u: float, v: float) -> str:
    back, side = 8.0, 4.0
    left = (x - back * u - side * v, y - back * v + side * u)
    right = (x - back * u + side * v, y - back * v - side * u)
    return f"M{_p(x)} {_p(y)}" + "".join(f"L{_p(a)} {_p(b)}" for a, b in (left, right)) + "z"


def _swatch(i: int, style: Style, x: float, y: float) -> str:
    if style == "line":
        return f'<path fill="none" stroke-width="2"{_dash(i)} d="M{_p(x)} {_p(y)}h28"/>'
    if style == "points":
        return _shape(i, [(x + 14, y)])
    return _arrows([(x + 3, y), (x + 25, y)]) + _shape(i, [(x + 3, y)], hollow=True) + _shape(i, [(x + 25, y)])


def _spread(wanted: dict[int, float], top: float, bottom: float) -> dict[int, float]:
    """Heights as near to the wanted ones as rows that do not touch can be."""
    order = sorted(wanted, key=lambda i: wanted[i])
    placed: dict[int, float] = {}
    at = top
    for k, i in enumerate(order):
        at = min(max(at, wanted[i]), bottom - _ROW * (len(order) - 1 - k))
        placed[i] = at
        at += _ROW
    return placed


# ── text ──


def _light(name: str) -> str:
    """The color where a renderer knows no variables."""
    return COLORS[name][0]


def _p(value: float) -> str:
    """A place in the picture, to a tenth."""
    return f"{float(value):.1f}".removesuffix(".0")


def _json(value: Any) -> str:
    """A number to its last digit."""
    return repr(float(value)) if isinstance(value, float) else str(value).lower()


def _width(text: str) -> float:
    """About how wide a text is, in the larger letters."""
    wide = sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.56 for c in text)
    return wide * _LARGE


def _fitted(text: str, room: float) -> str:
    """The text in one line, cut where there is no more room."""
    text = " ".join(text.split())
    if _width(text) <= room:
        return text
    while text and _width(text + "…") > room:
        text = text[:-1]
    return text + "…"


def _escape(text: str) -> str:
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text))
