"""`workings summary FILE.py`: the layers of a module, their shapes and how many parameters they have."""

from __future__ import annotations

import click

from workings.cli.failures import printable, seen
from workings.cli.model_file import model_file
from workings.cli.module_file import ModuleFile
from workings.cli.options import file_argument, seed_option, traceback_option
from workings.errors import ModelFileError

__all__ = ["summary"]


@click.command(
    short_help="List the layers of a model file.",
    epilog="""\b
Example:
  workings summary examples/digits_like.py
""",
)
@file_argument
@seed_option
@traceback_option
def summary(file: str, seed: int | None) -> None:
    """List the layers of the module in a model file, with their shapes and the number of their parameters.

    The shapes are those for a batch of the file's data, if it has any.

    FILE.py is Python, and is run; `workings train --help` says what it holds.
    """
    with model_file(file, seed) as model:
        if not isinstance(model, ModuleFile):
            raise ModelFileError(
                f"{seen(file)} is about a function, which has no layers", fix=f"workings draw {seen(file)}"
            )
        text = str(model.summary())
    click.echo("\n".join(map(printable, text.split("\n"))))
