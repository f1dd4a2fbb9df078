"""The command `workings`, and what its commands share: how errors are said, and when colors are used."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

import workings
from workings.cli.draw import draw
from workings.cli.explain import explain
from workings.cli.failures import say
from workings.cli.lesson import lesson
from workings.cli.options import traceback_option, traceback_wanted
from workings.cli.summary import summary
from workings.cli.train import train
from workings.cli.write import write

__all__ = ["main"]

INTERRUPTED = 130  # 128 + SIGINT, as a shell has it


class Group(click.Group):
    """A group of commands whose errors are one paragraph on standard error, and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        for stream in (sys.stdout, sys.stderr):
            if (getattr(stream, "encoding", None) or "").lower().replace("-", "") != "utf8":
                # a terminal that cannot show "−" shows "?"; no output is lost to it
                getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise  # click's own, for usage errors and the end of a pipe
        except Exception as error:
            say(error, whole=traceback_wanted(ctx))
            ctx.exit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(workings.__version__, "--version", prog_name="workings", message="%(prog)s %(version)s")
@traceback_option
def main() -> None:
    """Train a neural net written in plain NumPy, and show its workings.

    \b
    Begin with the lesson:
      workings lesson

    \b
    With a net of your own in net.py, which has a function `loss` and
    two dicts, `parameters` and `data`, or a module `model`, its data
    `x` and `y` and a `loss`:
      workings train net.py
      workings summary net.py
      workings explain net.py --open
      workings draw net.py --out net.svg
      workings write net.py --out program.py
    """


for command in (lesson, train, summary, explain, draw, write):
    main.add_command(command)
