"""`workings write FILE.py`: writes the training as a program that stands alone."""

from __future__ import annotations

import click

from workings.cli.failures import printable, seen
from workings.cli.model_file import model_file
from workings.cli.module_file import ModuleFile
from workings.cli.options import (
    FUNCTION,
    MODULE,
    epochs_option,
    file_argument,
    learning_rate_option,
    refuse,
    seed_option,
    steps_option,
    traceback_option,
)
from workings.cli.output import announce, checked
from workings.errors import ArgumentError
from workings.write.python import write_python

__all__ = ["write"]


@click.command(
    short_help="Write the training of a model file as a program.",
    epilog="""\b
Example:
  workings write examples/moons.py --language python --out program.py
""",
)
@file_argument
@click.option(
    "--language", type=click.Choice(["python"]), default="python", show_default=True, help="What to write it in."
)
@click.option("--out", metavar="PROGRAM.py", help="Write it there; its arrays go beside it, into PROGRAM.npz.")
@steps_option
@epochs_option
@learning_rate_option
@seed_option
@traceback_option
def write(
    file: str,
    steps: int | None,
    epochs: int | None,
    learning_rate: float | None,
    seed: int | None,
    language: str,
    out: str | None,
) -> None:
    """Write the training of a model file as a program that needs only NumPy.

    It is what the engine `numpy` runs, word for word. Arrays too large for a
    text go into a file beside it; without --out, a program that needs none
    goes to standard output.

    FILE.py is Python, and is run; `workings train --help` says what it holds.
    """
    path = None if out is None else checked(out, file, ".py")
    with model_file(file, seed) as model:
        if isinstance(model, ModuleFile):
            refuse({"--steps": steps}, MODULE)
            run = model.run(epochs=epochs, learning_rate=learning_rate)
        else:
            refuse({"--epochs": epochs}, FUNCTION)
            run = model.run(steps=steps, learning_rate=learning_rate)
        written = write_python(run.program)
    if path is not None:
        try:
            saved = written.save(path)
        except OSError as error:
            raise ArgumentError(f"{seen(path)} cannot be written: {error.strerror or error}") from error
        announce(*saved)
        return
    if written.arrays:
        names = ", ".join(printable(name) for name in written.arrays)
        raise ArgumentError(
            f"this program reads arrays from a file beside it ({names}), so it needs a place", fix="--out program.py"
        )
    click.echo(written.source, nl=False)
