"""A run in a notebook: what it was, how the loss went, and what was learned."""

from __future__ import annotations

import numpy as np

from workings.draw.plot import Series, plot
from workings.explain.shell import escape
from workings.notebook.parts import rows, shown
from workings.trace.trees import flatten, leaf_names
from workings.train import Run
from workings.write.text import number
from workings.write.values import value_text

__all__ = ["run_html"]


def run_html(run: Run) -> str:
    """The steps and why it stopped, the first and the last loss, the losses as a plot, the parameters as a table."""
    count = f"{run.steps:,} step{'' if run.steps == 1 else 's'}"
    head = f"Run of <strong>{escape(run.program.step.name)}</strong>: {count} on engine {escape(run.engine)}"
    head += f" ({escape(run.engine_note)})" if run.engine_note else ""
    parts = [f'<p class="wk-head">{head}; {escape(run.reason) if run.steps else "not begun"}.</p>']
    losses = run.losses
    if len(losses):
        last = f", and {number(losses[-1])} before step {len(losses) - 1:,}" if len(losses) > 1 else ""
        parts.append(f'<p class="wk-head">The loss was {number(losses[0])} before step 0{last}.</p>')
    if len(losses) > 1:
        parts.append(_plotted(losses))
    leaves = list(flatten(run.parameters))
    names = leaf_names([path for path, _ in leaves])
    entries = [(n, _type(v), value_text(v)) for n, (_, v) in zip(names, leaves, strict=True)]
    parts.append(rows(("parameter", "dtype and shape", "value"), entries))
    parts.append(rows(("setting", "value"), [(name, number(value)) for name, value in run.settings.items()]))
    return shown(*parts)


def _plotted(losses: np.ndarray) -> str:
    series = Series("loss", np.arange(len(losses)), losses)
    drawing = plot([series], title="", x_label="step", y_label="loss", width=560, height=240, log=None)
    return f'<div class="wk-scroll">{drawing.svg(hover=True)}</div>'


def _type(value: np.ndarray) -> str:
    shape = ",".join(map(str, np.shape(value)))
    return f"{value.dtype.name}[{shape}]" if shape else value.dtype.name
