"""`workings draw FILE.py`: the graph of composed functions as a picture."""

from __future__ import annotations

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
from workings.draw import Picture, picture
from workings.explain.steps import Subject

__all__ = ["draw"]

_FORMS = Forms(
    {"svg": (".svg",), "dot": (".dot", ".gv"), "mermaid": (".mmd", ".mermaid"), "text": (".txt",)},
    plain="text",
    shown="svg",
)


@click.command(
    short_help="Draw the net of a model file.",
    epilog="""\b
Examples:
  workings draw examples/one_neuron.py
  workings draw examples/moons.py --depth 1 --out moons.svg
  workings draw examples/one_neuron.py --format dot --no-backward
""",
)
@file_argument
@_FORMS.option("A picture, the languages of Graphviz and Mermaid, or a tree of text.")
@click.option(
    "--depth",
    type=Whole(10**6),
    metavar="N",
    help="How far functions that the loss calls are unfolded: 0 shows all as one box, 1 each of the outermost as one; "
    "by default as far as can be read.",
)
@click.option(
    "--scope", metavar="NAME", help="The inside of one function alone, such as layer_2; of one in it, layer_2/norm."
)
@click.option(
    "--step",
    type=Whole(10**12),
    metavar="K",
    default=0,
    show_default=True,
    help="From which step the values are; those before it are run first.",
)
@click.option("--backward/--no-backward", default=True, help="With the gradients, or without; with them by default.")
@learning_rate_option
@seed_option
@engine_option
@click.option("--out", metavar="FILE", help="Write it there, or into that folder, and not to standard output.")
@open_option
@traceback_option
def draw(
    file: str,
    learning_rate: float | None,
    seed: int | None,
    engine: str,
    form: str | None,
    depth: int | None,
    scope: str | None,
    step: int,
    backward: bool,
    out: str | None,
    opened: bool,
) -> None:
    """Draw what the loss of a model file is composed of, with the values of one step and their gradients.

    FILE.py is Python, and is run; `workings train --help` says what it holds.
    """
    goal = _FORMS.goal(file, form, out, opened=opened)
    with model_file(file, seed) as model:
        subject = _subject(model, learning_rate, engine, step)
        drawn = picture(
            subject.graph,
            values=subject.values,
            gradients=subject.gradients if backward else {},
            names=subject.names,
            depth=depth,
            scope=_scope(scope, subject),
            backward=backward,
        )
    goal.reach(_written(drawn, goal.form, terminal_width(to_file=goal.path is not None)))


def _subject(model: ModelFile, learning_rate: float | None, engine: str, step: int) -> Subject:
    run = model.run(learning_rate=learning_rate, engine=engine)
    run.resume(step)
    if run.steps < step:
        raise KeyboardInterrupt  # the steps before it were not run to their end
    return run.explain(step=step).subject


def _scope(wanted: str | None, subject: Subject) -> tuple[str, ...]:
    """The scope of this name; an error that lists those there are where there is none."""
    if wanted is None:
        return ()
    ends = {n.scope[:k]: None for n in subject.graph.nodes for k in range(1, len(n.scope) + 1)}
    known = ["/".join(scope) for scope in ends]
    if wanted not in known:
        there = f"; it calls {', '.join(known)}" if known else ", nor any other"
        raise click.BadParameter(f"the loss calls no function {wanted!r}{there}", param_hint="'--scope'")
    return tuple(wanted.split("/"))


def _written(drawn: Picture, form: str, width: int) -> str:
    if form == "text":
        return drawn.text(width)
    return {"svg": drawn.svg, "dot": drawn.dot, "mermaid": drawn.mermaid}[form]()
