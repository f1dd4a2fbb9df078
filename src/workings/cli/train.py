"""`workings train FILE.py`: trains, and reports what came of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Any

import click
import numpy as np

from workings.cli.failures import printable
from workings.cli.model_file import model_file
from workings.cli.options import (
    Finite,
    Rate,
    engine_option,
    file_argument,
    learning_rate_option,
    seed_option,
    steps_option,
    traceback_option,
)
from workings.cli.output import announce, arrays_of, checked, put
from workings.draw import curve
from workings.trace.trees import flatten
from workings.train import Reason, Run

__all__ = ["report", "train"]

INTERRUPTED = 130
_WRITTEN_OUT = 16  # elements of a parameter that are shown; of a larger one only its shape is


@click.command(
    short_help="Train the net of a model file.",
    epilog="""\b
Example:
  workings train examples/one_neuron.py --steps 200 --out run.npz
""",
)
@file_argument
@steps_option
@learning_rate_option
@seed_option
@engine_option
@click.option("--until-loss", type=Finite(), metavar="L", help="Stop after the step whose loss is below L.")
@click.option(
    "--until-change", type=Rate(), metavar="C", help="Stop after the step that changes the loss by less than C."
)
@click.option(
    "--out",
    metavar="RUN.npz",
    help="Write the losses and the parameters there, or into that folder.",
)
@traceback_option
@click.pass_context
def train(
    ctx: click.Context,
    file: str,
    steps: int | None,
    learning_rate: float | None,
    seed: int,
    engine: str,
    until_loss: float | None,
    until_change: float | None,
    out: str | None,
) -> None:
    """Train the net of a model file, and report what came of it.

    FILE.py is Python, and is run. It has a function `loss` that returns a
    scalar, dicts `parameters` and `data` with its arguments by name and, if
    wanted, an `optimizer` and a number of `steps`. The two dicts may also be
    functions of a random generator that return them: `def data(rng): ...`.

    Ctrl-C ends the training early and keeps what was learned.

    With --out, numpy.load reads `losses` and `parameters/NAME` back.
    """
    path = None if out is None else checked(out, file, ".npz")
    with model_file(file, seed) as model:
        run = model.run(
            steps=steps,
            learning_rate=learning_rate,
            engine=engine,
            until_loss=until_loss,
            until_change=until_change,
        )
        run.resume(run.program.steps)
    click.echo(report(run, file))
    if path is not None:
        put(path, arrays_of(run))
        announce(path)
    if run.reason is Reason.INTERRUPTED:
        ctx.exit(INTERRUPTED)


def report(run: Run, title: str) -> str:
    """What came of a run, to be read: the losses, why it stopped, the parameters if they are small."""
    width = min(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else 80
    return "\n".join(printable(line) for line in _report(run, title, max(width - 4, 40)))


def _report(run: Run, title: str, width: int) -> Iterator[str]:
    count = f"{run.steps:,} step{'' if run.steps == 1 else 's'}"
    rate = run.settings.get("learning_rate")
    yield f"{title}: {count} on engine {run.engine}" + ("" if rate is None else f", learning rate {rate:g}")
    yield f"It stopped because {_because(run.reason)}."
    losses = run.losses
    if len(losses):
        yield ""
        places = sorted({0, len(losses) - 1})
        for place in places:
            yield f"  loss before step {place:<{len(str(places[-1]))}}  {losses[place].item()!r}"
    if len(losses) > 1 and losses[-1] > losses[0]:
        yield ""
        yield "The loss has grown. Each nudge goes too far: try a smaller --learning-rate."
    if len(losses) > 2:
        yield ""
        yield from (f"  {line}" for line in curve(losses, width=width, height=7).split("\n"))
    yield ""
    for path, value in flatten(run.parameters):
        yield from (f"  {line}" for line in _parameter(_named(path), value, width))


def _because(reason: Reason) -> str:
    return "it was interrupted; what was learned until then is kept" if reason is Reason.INTERRUPTED else str(reason)


def _named(path: tuple[str, ...]) -> str:
    return ".".join(part if part.isidentifier() or part.isdigit() else repr(part) for part in path)


def _parameter(name: str, value: Any, width: int) -> list[str]:
    if np.ndim(value) == 0:
        return [f"{name} = {value.item()!r}"]
    if value.size > _WRITTEN_OUT:
        return [f"{name}: {value.dtype.name}[{'×'.join(map(str, value.shape))}]"]
    head = f"{name} = "
    shown = np.array2string(
        value,
        max_line_width=max(width - len(head), 20),
        separator=", ",
        prefix=" " * len(head),
        formatter={"float_kind": str},  # as many digits as tell it from its neighbors
    )
    return (head + shown).split("\n")
