"""`workings train FILE.py`: trains, and reports what came of it."""

from __future__ import annotations

from pathlib import Path

import click

from workings.cli.model_file import model_file
from workings.cli.module_file import ModuleFile
from workings.cli.options import (
    FUNCTION,
    MODULE,
    Finite,
    Rate,
    engine_option,
    epochs_option,
    file_argument,
    learning_rate_option,
    refuse,
    seed_option,
    steps_option,
    traceback_option,
)
from workings.cli.output import announce, arrays_of, checked, put
from workings.cli.report import epochs_report, steps_report
from workings.train import JsonLines, Reason, Run

__all__ = ["train"]

INTERRUPTED = 130
_ARRAYS, _MODEL = ".npz", ".safetensors"


@click.command(
    short_help="Train the net of a model file.",
    epilog="""\b
Examples:
  workings train examples/one_neuron.py --steps 200 --out run.npz
  workings train examples/digits_like.py --epochs 5 --events digits.jsonl
  workings train examples/digits_like.py --epochs 5 --out digits.safetensors
""",
)
@file_argument
@steps_option
@epochs_option
@learning_rate_option
@seed_option
@engine_option
@click.option("--until-loss", type=Finite(), metavar="L", help="Stop after the step whose loss is below L.")
@click.option(
    "--until-change", type=Rate(), metavar="C", help="Stop after the step that changes the loss by less than C."
)
@click.option(
    "--out",
    metavar="FILE",
    help="Write it there, or into that folder: as .safetensors a module that wk.load reads, as .npz the losses and the "
    "parameters.",
)
@click.option("--events", metavar="FILE.jsonl", help="Append each event of the run there, as a line of JSON.")
@traceback_option
@click.pass_context
def train(
    ctx: click.Context,
    file: str,
    steps: int | None,
    epochs: int | None,
    learning_rate: float | None,
    seed: int | None,
    engine: str,
    until_loss: float | None,
    until_change: float | None,
    out: str | None,
    events: str | None,
) -> None:
    """Train the net of a model file, and report what came of it.

    FILE.py is Python, and is run. It is about a module or about a function.

    Of a module it has a `model`, its data `x` and `y`, or a function `data`
    of a random generator that returns both, and a `loss`; and if wanted the
    other keywords of wk.fit by their names: `optimizer`, `batch_size`,
    `epochs`, `validation`, `metrics`, `seed` and so on.

    Of a function it has `loss`, which returns a scalar, dicts `parameters`
    and `data` with its arguments by name and, if wanted, an `optimizer` and a
    number of `steps`. The two dicts may also be functions of a random
    generator that return them: `def data(rng): ...`.

    Ctrl-C ends the training early and keeps what was learned.

    With --out, numpy.load reads `losses` and `parameters/NAME` back from an
    .npz, and wk.load a model from .safetensors.
    """
    path = None if out is None else checked(out, file, (_ARRAYS, _MODEL))
    listeners = [] if events is None else [JsonLines(checked(events, None, (".jsonl", ".json"), "--events"))]
    given = {"--steps": steps, "--until-loss": until_loss, "--until-change": until_change}
    with model_file(file, seed) as model:
        if isinstance(model, ModuleFile):
            refuse(given, MODULE)
            path = None if out is None else checked(out, file, (_MODEL, _ARRAYS))
            run = model.train(epochs=epochs, learning_rate=learning_rate, engine=engine, listeners=listeners)
            held = {} if model.settings.get("validation") is None else run.evaluate()
            told = epochs_report(run, file, held)
        else:
            refuse({"--epochs": epochs}, FUNCTION)
            path = None if out is None else checked(out, file, _ARRAYS)
            run = model.run(
                steps=steps,
                learning_rate=learning_rate,
                engine=engine,
                until_loss=until_loss,
                until_change=until_change,
                listeners=listeners,
            )
            run.resume(run.program.steps)
            told = steps_report(run, file)
    click.echo(told)
    if path is not None:
        _save(run, path)
    if run.reason is Reason.INTERRUPTED:
        ctx.exit(INTERRUPTED)


def _save(run: Run, path: Path) -> None:
    if path.suffix.lower() == _MODEL:
        run.save(path)
    else:
        put(path, arrays_of(run))
    announce(path)
