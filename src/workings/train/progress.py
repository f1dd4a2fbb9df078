"""A progress bar on a terminal; nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from workings.train.events import Event, Progressed, Started, Stopped

__all__ = ["Progress", "shown", "wanted"]

_QUIET_SECONDS = 0.5  # a run that is over sooner needs no bar


def wanted(progress: bool | None) -> bool:
    """Whether a bar is shown: as asked, or (None) when the errors go to a terminal."""
    # a program without a console has no standard error
    return (sys.stderr is not None and sys.stderr.isatty()) if progress is None else progress


T = TypeVar("T")


def shown(work: Iterable[T], total: int, what: str, wanted: bool) -> Iterator[T]:
    """The same things, one after the other, with a bar on standard error while they take long."""
    if not wanted:
        yield from work
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(work, what, total, console=Console(stderr=True), transient=True)


class Progress:
    """A listener that shows step, loss and the time left, on standard error, until the run stops."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._started: Started | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, Progressed):
            if self._bar is None and event.seconds >= _QUIET_SECONDS:
                self._open()
            if self._bar is not None and self._started is not None:
                self._bar.update(self._task, completed=event.step - self._started.first, loss=f"{event.loss:.6g}")
        elif isinstance(event, Stopped):
            self.close()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        assert self._started is not None
        self._bar = Bar(
            TextColumn("training"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("training", total=self._started.last - self._started.first, loss="")
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
