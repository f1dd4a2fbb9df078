"""`workings explain FILE.py`: derives one step of the training, or all of it as a page."""

from __future__ import annotations

import sys

import click

from workings.cli.forms import Forms, open_option
from workings.cli.model_file import ModelFile, model_file
from workings.cli.options import (
    Whole,
    engine_option,
    file_argument,
    learning_rate_option,
    seed_option,
    terminal_width,
    traceback_option,
)

__all__ = ["explain"]

_FORMS = Forms(
    {"text": (".txt",), "markdown": (".md",), "latex": (".tex",), "html": (".html", ".htm")},
    plain="text",
    shown="html",
)


@click.command(
    short_help="Derive the gradient of a model file, step by step.",
    epilog="""\b
Examples:
  workings explain examples/one_neuron.py
  workings explain examples/one_neuron.py --out neuron.md
  workings explain examples/one_neuron.py --out neuron.tex
  workings explain examples/one_neuron.py --format markdown --step 10
  workings explain examples/one_neuron.py --steps 20 --open
""",
)
@file_argument
@_FORMS.option("Unicode text, Markdown with LaTeX, a LaTeX document, or a page for a browser.")
@click.option(
    "--step", type=Whole(10**12), metavar="K", help="Which step to explain, from 0; those before it are run first."
)
@click.option(
    "--steps",
    type=Whole(10**12),
    metavar="N",
    help="For a page, how many steps to run; the file's `steps`, or 100. Up to 100 of them are recorded on it, "
    "spread over all.",
)
@learning_rate_option
@seed_option
@engine_option
@click.option("--out", metavar="FILE", help="Write it there, or into that folder, and not to standard output.")
@open_option
@traceback_option
def explain(
    file: str,
    learning_rate: float | None,
    seed: int | None,
    engine: str,
    form: str | None,
    step: int | None,
    steps: int | None,
    out: str | None,
    opened: bool,
) -> None:
    """Derive the gradient of a model file by the chain rule, with the numbers of one step put in and checked.

    As a page (html) the derivation stands beside a picture and the program,
    with a slider over the steps of the run; with --step it is about that one
    step. The page is one file that needs no network.

    FILE.py is Python, and is run; `workings train --help` says what it holds.
    """
    goal = _FORMS.goal(file, form, out, opened=opened)
    if steps is not None and (goal.form != "html" or step is not None):
        raise click.UsageError("--steps is for a page of the whole run: with --format html, and without --step")
    if goal.form == "html" and goal.path is None and not opened and sys.stdout.isatty():
        raise click.UsageError("a page is too long for a terminal: --open shows it, and --out writes it to a file")
    with model_file(file, seed) as model:
        content = _explained(model, learning_rate, engine, goal.form, step, steps, to_file=goal.path is not None)
    goal.reach(content)


def _explained(
    model: ModelFile,
    learning_rate: float | None,
    engine: str,
    form: str,
    step: int | None,
    steps: int | None,
    *,
    to_file: bool,
) -> str:
    run = model.run(steps=steps, learning_rate=learning_rate, engine=engine)
    whole = form == "html" and step is None
    wanted = run.program.steps if whole else step or 0
    run.resume(wanted)
    if run.steps < wanted:
        raise KeyboardInterrupt  # what was asked for was not run to its end
    if whole:
        return run.page().html
    derivation = run.explain(step=wanted)
    if form == "text":
        return derivation.text(terminal_width(to_file=to_file))
    return {"markdown": derivation.markdown, "latex": derivation.latex, "html": derivation.html}[form]()
