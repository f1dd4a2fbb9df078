"""Line plots as SVG: losses over the steps, a loss over a parameter with the nudges drawn on it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from workings.draw.chart import chart, style
from workings.draw.series import Series, checked
from workings.errors import ArgumentError
from workings.optional import load
from workings.write.text import number
from workings.write.written import replace_file

__all__ = ["Plot", "Series", "plot", "script", "style"]

_STEEP = 100


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot, as a picture (`svg`) and in words (`words`).

    A script finds in the picture: each series as an element with `data-series`, its name, and `data-points`, the
    points that are shown as [[x, y], …]; and the element `.wk-overlay`, whose `data-plot` says how numbers become
    places: x from "x0" to "x1" at "left" to "right", y from "y0" to "y1" at "bottom" to "top", "log" where y is
    logarithmic, "logX" where x is, and the labels "x" and "y". In it lie a line `.wk-guide` and a circle `.wk-cursor`
    to be moved, both hidden until then. `script()` is such a script.
    """

    series: tuple[Series, ...]
    title: str
    x_label: str
    y_label: str
    width: int = 640
    height: int = 300
    log: bool = False
    log_x: bool = False

    def svg(self, *, styled: bool = True, hover: bool = False) -> str:
        """The picture, which scales to the width there is.

        With `hover` it says its numbers where the pointer rests on it, by itself, as where no script may run.

        It holds its own style; a page with several plots may have `style()` once and leave it out here.
        No id is used, so that plots never get in each other's way.
        """
        return chart(self, self.words(), styled=styled, hover=hover)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to an .svg file, whole or not at all. The path.

        Raises `ArgumentError` for another ending; `figure` has the others.
        """
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise ArgumentError(
                f"{str(path)!r} does not end in .svg, the form in which a plot is written",
                fix=f"{str(path.with_suffix('.svg'))!r}, or .figure().savefig(…)" if path.name else "plot.svg",
            )
        replace_file(path, self.svg().encode("utf-8"))
        return path

    def words(self) -> str:
        """What is seen: from, to, the lowest and the highest.

        >>> plot([Series("loss", [0, 1, 2], [4.0, 1.0, 2.0])], title="", x_label="step", y_label="loss").words()
        'loss: from 4 at step 0 to 2 at step 2; lowest 1 at step 1.'
        """
        return " ".join(_said(s, self.x_label, self.log, self.log_x) for s in self.series)

    def figure(self) -> Any:
        """The same as a figure of matplotlib, to be changed or saved there.

        It belongs to no window: `figure.savefig("loss.pdf")` writes it, and a notebook shows it.

        Raises `MissingExtraError`, with the command that installs it, where matplotlib is not installed.
        """
        module = load("matplotlib.figure", "a figure", "pip install 'workings[plot]'")
        figure = module.Figure(figsize=(self.width / 100, self.height / 100), layout="constrained")
        axes = figure.add_subplot(xscale="log" if self.log_x else "linear", yscale="log" if self.log else "linear")
        axes.set(title=self.title, xlabel=self.x_label, ylabel=self.y_label)
        for series in self.series:
            axes.plot(
                series.xs, series.ys, {"line": "-", "points": "o", "steps": "o-"}[series.style], label=series.name
            )
        if len(self.series) > 1:
            axes.legend()
        return figure

    def __str__(self) -> str:
        return self.words()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # HTML with the SVG in it, since image/svg+xml is shown as an image of its own that cannot see a dark theme
        return {"text/html": self.svg(hover=True), "text/plain": f"{self.title}. {self.words()}"}


def plot(
    series: Iterable[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    width: int = 640,
    height: int = 300,
    log: bool | None = False,
    log_x: bool = False,
) -> Plot:
    """Plot one or more series.

    `log` makes y logarithmic, and None does where the values are positive and differ by more than a factor of 100;
    `log_x` makes x logarithmic. Values that cannot be shown, as nan, leave gaps. Of thousands of points on a line
    the lowest and the highest of each column of the picture are drawn, so that no peak is lost.

    >>> losses = plot([Series("loss", [0, 1], [2.25, 2.16])], title="Training", x_label="step", y_label="loss")
    >>> losses.svg()[:4], losses.words()
    ('<svg', 'loss: from 2.25 at step 0 down to 2.16 at step 1.')

    Raises `ArgumentError` for series that are no rows of numbers, or whose rows differ in length.
    """
    found = tuple(checked(s) for s in series)
    if not found:
        raise ArgumentError("there is nothing to plot", fix="plot([Series(name, xs, ys)], …)")
    if width < 240 or height < 160:
        raise ArgumentError(f"a plot of {width} by {height} has no room for its axes", fix="240 by 160 at least")
    return Plot(found, title, x_label, y_label, width, height, _steep(found) if log is None else log, log_x)


def script() -> str:
    """JavaScript that reads plots out: where the pointer is, or by the arrow keys."""
    return resources.files("workings.draw").joinpath("plot.js").read_text(encoding="utf-8")


def _steep(series: Iterable[Series]) -> bool:
    """Whether the values are positive, and differ so much that the small ones could not be told apart."""
    ys = np.concatenate([s.ys[np.isfinite(s.ys)] for s in series])
    return bool(ys.size and np.all(ys > 0) and np.max(ys) / _STEEP > np.min(ys))


def _said(series: Series, x_label: str, log: bool, log_x: bool) -> str:
    shown = series.shown(log, log_x)
    xs, ys = np.asarray(series.xs)[shown], np.asarray(series.ys)[shown]

    def place(i: int) -> str:
        return f"{x_label}{' = ' if len(x_label) == 1 else ' '}{_few(xs[i])}"

    left_out = np.flatnonzero(~shown)
    more = ""
    if left_out.size:
        what = "not shown, being not finite or not above 0" if log or log_x else "not finite"
        first = series.xs[left_out[0]]
        where = f", the first at {x_label} {_few(first)}" if np.isfinite(first) else ""
        more = f" {left_out.size:,} of {len(shown):,} values are {what}{where}."
    if not ys.size:
        return f"{series.name}: no values to show.{more}"
    start, end = f"{_few(ys[0])} at {place(0)}", f"{_few(ys[-1])} at {place(-1)}"
    if len(ys) == 1:
        return f"{series.name}: {start}.{more}"
    if series.style == "steps":
        count = len(ys) - 1
        return f"{series.name}: {count:,} step{'s' * (count > 1)}, from {start} to {end}.{more}"
    low, high = int(np.argmin(ys)), int(np.argmax(ys))
    if ys[low] == ys[high]:
        return f"{series.name}: {_few(ys[0])} all the way, from {place(0)} to {place(-1)}.{more}"
    ends = (ys[0], ys[-1])
    way = " down" if np.all(ys[1:] <= ys[:-1]) else " up" if np.all(ys[1:] >= ys[:-1]) else ""
    extremes = [
        f"{word} {_few(ys[i])} at {place(i)}" for word, i in (("lowest", low), ("highest", high)) if ys[i] not in ends
    ]
    return f"{series.name}: from {start}{way} to {end}" + "".join(f"; {e}" for e in extremes) + "." + more


def _few(value: Any) -> str:
    """A number of six digits at most; whole numbers whole."""
    value = float(value)
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace("-", "−")
    return number(float(f"{value:.6g}"))
