"""`workings lesson`: a lesson, carried out as it is told."""

from __future__ import annotations

import click

from workings import lessons
from workings.cli.browser import private, show
from workings.cli.options import traceback_option
from workings.cli.output import announce, checked, put
from workings.lessons.terminal import Terminal

__all__ = ["lesson"]


class Setting(click.ParamType):
    """`name=number`."""

    name = "name=number"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        name, _, number = value.partition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{value!r} is not of the form name=number, such as start=0.7", param, ctx)


@click.command(
    short_help="A lesson in the terminal, step by step, or as a page.",
    epilog="""\b
Examples:
  workings lesson
  workings lesson one_neuron --set learning_rate=1.1
  workings lesson --out lesson.html --open
""",
)
@click.argument("name", default=lessons.FIRST)
@click.option("--list", "listing", is_flag=True, help="List the lessons, and what can be set in each.")
@click.option(
    "--set",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="NAME=NUMBER",
    help="Change a number of the lesson; it is carried out anew, and says what comes of it.",
)
@click.option("--no-pause", is_flag=True, help="Do not wait for Enter after each step.")
@click.option("--out", metavar="PAGE.html", help="Write the lesson as a page that stands alone, with pictures.")
@click.option(
    "--open", "opened", is_flag=True, help="Show the page in the browser; without --out it is a temporary file."
)
@traceback_option
def lesson(
    name: str, listing: bool, settings: tuple[tuple[str, float], ...], no_pause: bool, out: str | None, opened: bool
) -> None:
    """Show a lesson, carried out by the library as it is told.

    In a terminal Enter goes on and q quits; in a pipe it goes through at once. With --out or --open it is told
    on a page instead.
    """
    if listing:
        click.echo(_table())
        return
    if name not in lessons.LESSONS:
        raise click.UsageError(f"there is no lesson {name!r}. The lessons are:\n\n{_table()}")
    known = lessons.LESSONS[name].settings()
    for given, _ in settings:
        if given not in known:
            raise click.UsageError(f"the lesson {name} has no number {given!r}; it has {', '.join(known)}")
    if out is not None or opened:
        _page(name, dict(settings), out, opened)
        return
    stage = Terminal.on_terminal(pause=not no_pause, color=click.get_current_context().color)
    stage.present(lessons.LESSONS[name].load(), **dict(settings))


def _page(name: str, settings: dict[str, float], out: str | None, opened: bool) -> None:
    """Tell the lesson on a page, write it, and show it if that is wanted."""
    path = None if out is None else checked(out, None, ".html")
    from workings.lessons.page import Paper  # what writes and draws it, for those who want a page

    paper = Paper()
    paper.present(lessons.LESSONS[name].load(), **settings)
    path = path or private(f"{name}.html")
    put(path, paper.page().html.encode("utf-8"))
    announce(path)
    if opened:
        show(path)


def _table() -> str:
    """The lessons, and the numbers of each."""
    lines = []
    for name, entry in lessons.LESSONS.items():
        lines.append(f"  {name}   {entry.about}")
        lines.append("    --set " + ", ".join(f"{key}={value:g}" for key, value in entry.settings().items()))
    return "\n".join(lines)
