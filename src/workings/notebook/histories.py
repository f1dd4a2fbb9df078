"""The history of a run, and the test of learning rates, in a notebook: a plot with the table, or the reason."""

from __future__ import annotations

from workings.draw.plot import Plot
from workings.explain.shell import escape
from workings.notebook.parts import rows, shown
from workings.train import History, RangeTest
from workings.write.text import number

__all__ = ["history_html", "range_html"]


def history_html(history: History) -> str:
    """The losses as a plot, and one row for each epoch."""
    if not len(history):
        return shown('<p class="wk-head">No epoch has ended.</p>')
    heads, *cells = history.table()
    return shown(_plotted(history.plot()), rows(heads, cells))


def range_html(test: RangeTest) -> str:
    """The number, the reason, and the losses over the rates."""
    head = f"Learning rate <strong>{number(test.learning_rate)}</strong>: {escape(test.reason)}."
    return shown(f'<p class="wk-head">{head}</p>', _plotted(test.plot()))


def _plotted(drawing: Plot) -> str:
    return f'<div class="wk-scroll">{drawing.svg(hover=True)}</div>'
