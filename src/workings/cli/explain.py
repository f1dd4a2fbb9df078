"""`workings explain FILE.py`: derives one step of the training."""

from __future__ import annotations

import shutil
import sys

import click

from workings.cli.model_file import model_file
from workings.cli.options import (
    Whole,
    engine_option,
    file_argument,
    learning_rate_option,
    seed_option,
    traceback_option,
)
from workings.cli.output import announce, checked, put

__all__ = ["explain"]

_ENDINGS = {"text": ".txt", "markdown": ".md"}


@click.command(
    short_help="Derive the gradient of a model file, step by step.",
    epilog="""\b
Example:
  workings explain examples/one_neuron.py --format markdown --out neuron.md
""",
)
@file_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_ENDINGS)),
    default="text",
    show_default=True,
    help="Unicode text, or Markdown with LaTeX.",
)
@click.option(
    "--step",
    type=Whole(10**12),
    metavar="K",
    default=0,
    show_default=True,
    help="Which step to explain; those before it are run first.",
)
@learning_rate_option
@seed_option
@engine_option
@click.option("--out", metavar="FILE", help="Write it there instead of to standard output.")
@traceback_option
def explain(
    file: str,
    learning_rate: float | None,
    seed: int,
    engine: str,
    form: str,
    step: int,
    out: str | None,
) -> None:
    """Derive the gradient of a model file by the chain rule, with the numbers of one step put in and checked.

    FILE.py is Python, and is run; `workings train --help` says what it holds.
    """
    path = None if out is None else checked(out, file, _ENDINGS[form])
    with model_file(file, seed) as model:
        run = model.run(learning_rate=learning_rate, engine=engine)
        run.resume(step)
        if run.steps < step:
            raise KeyboardInterrupt  # the steps before it were not run to their end
        derivation = run.explain(step=step)
    if form == "markdown":
        text = derivation.markdown()
    else:
        text = derivation.text(_width(to_file=path is not None))
    if path is None:
        click.echo(text.rstrip("\n"))
    else:
        put(path, (text.rstrip("\n") + "\n").encode())
        announce(path)


def _width(*, to_file: bool) -> int:
    """80 columns, or fewer on a narrower terminal."""
    return 80 if to_file or not sys.stdout.isatty() else min(80, shutil.get_terminal_size().columns)
