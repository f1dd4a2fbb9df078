"""A progress bar on a terminal; nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from workings.train.events import EpochEnded, Event, Progressed, Started, Stopped

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
    """A listener that shows epoch, step, the losses and the time left, on standard error, until the run stops."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._started: Started | None = None
        self._validated: float | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, EpochEnded):
            self._validated = event.values.get("validation_loss", self._validated)
        elif isinstance(event, Progressed):
            if self._bar is None and event.seconds >= _QUIET_SECONDS:
                self._open()
            if self._bar is not None and self._started is not None:
                completed = event.step - self._started.first
                self._bar.update(self._task, completed=completed, told=self._told(event, self._started))
        elif isinstance(event, Stopped):
            self.close()

    def _told(self, event: Progressed, started: Started) -> str:
        """The epoch, if there are any, and the losses, in one line."""
        epoch = ""
        if started.epoch is not None:
            # the steps end where the last epoch does, or within it
            epoch = f"epoch {-(-event.step // started.epoch)}/{-(-started.last // started.epoch)}  "
        validated = "" if self._validated is None else f"  validation {self._validated:.6g}"
        return f"{epoch}loss {event.loss:.6g}{validated}"

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        assert self._started is not None
        self._bar = Bar(
            TextColumn("training"),
            BarColumn(bar_width=24 if self._started.epoch is None else 12),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("training", total=self._started.last - self._started.first, told="")
        self._bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
