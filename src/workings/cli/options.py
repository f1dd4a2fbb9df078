"""Options that several commands share."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from workings import engines

__all__ = [
    "FUNCTION",
    "MODULE",
    "Finite",
    "Rate",
    "Whole",
    "engine_option",
    "epochs_option",
    "file_argument",
    "learning_rate_option",
    "refuse",
    "seed_option",
    "steps_option",
    "terminal_width",
    "traceback_option",
    "traceback_wanted",
]

_KEY = "workings.traceback"


class Whole(click.ParamType):
    """A whole number from 0 up to `most`."""

    name = "whole number"

    def __init__(self, most: int) -> None:
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is no whole number", param, ctx)
        if not 0 <= number <= self.most:
            self.fail(f"{number} is not between 0 and {self.most}", param, ctx)
        return number


class Finite(click.ParamType):
    """A finite number."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is no number", param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not finite", param, ctx)
        return number


class Rate(Finite):
    """A finite number that is not negative."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = super().convert(value, param, ctx)
        if number < 0:
            self.fail(f"{number:g} is negative", param, ctx)
        return number


def _remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_KEY] = True


def traceback_wanted(ctx: click.Context) -> bool:
    """Whether `--traceback` was given, before or after the name of the command."""
    return bool(ctx.meta.get(_KEY))


traceback_option = click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember,
    help="Show where an error comes from in full.",
)


file_argument = click.argument("file", metavar="FILE.py", type=click.Path(path_type=str))

epochs_option = click.option(
    "--epochs", type=Whole(10**9), metavar="N", help="Of a module: how many epochs of training; the file's, or 10."
)

steps_option = click.option(
    "--steps", type=Whole(10**12), metavar="N", help="Of a function: how many steps of training; the file's, or 100."
)

learning_rate_option = click.option(
    "--learning-rate",
    type=Rate(),
    metavar="R",
    help="In place of the optimizer's own, which for a function is 0.01 and for a module 0.001 if the file has no "
    "optimizer.",
)

seed_option = click.option(
    "--seed",
    type=Whole(2**32 - 1),
    metavar="S",
    help="For start values, data and orders that are drawn at random; the file's `seed`, or 0.",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(engines.names()),
    default="auto",
    show_default=True,
    help="What runs the steps. numpy and reference, which goes value by value, give the same bits; "
    "native compiles them; auto is native where that has every op, and numpy otherwise.",
)


MODULE = "a module, which is trained for --epochs"
FUNCTION = "a function, which is trained for --steps"


def refuse(given: Mapping[str, Any], what: str) -> None:
    """A usage error for an option that is given, and says nothing about a file of this kind."""
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(f"{name} is not for this file: it is about {what}")


def terminal_width(*, to_file: bool) -> int:
    """For text: 80 columns, or fewer on a narrower terminal."""
    return 80 if to_file or not sys.stdout.isatty() else min(80, shutil.get_terminal_size().columns)
