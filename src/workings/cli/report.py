"""What came of a run, to be read."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from workings.cli.failures import printable
from workings.draw import curve
from workings.trace.trees import flatten
from workings.train import History, Reason, Run
from workings.train.record import spread

__all__ = ["epochs_report", "steps_report"]

_WRITTEN_OUT = 16  # elements of a parameter that are shown; of a larger one only its shape is
_EPOCHS = 20  # rows of a history that are shown
_GROWN = "The loss has grown. Each nudge goes too far: try a smaller --learning-rate."


def steps_report(run: Run, title: str) -> str:
    """What came of training a function: the losses, why it stopped, the parameters if they are small."""
    return _lines(_of_steps(run, title, _width()))


def epochs_report(run: Run, title: str, validation: Mapping[str, Any]) -> str:
    """What came of training a module: its history, why it stopped, how good it is on the validation data."""
    return _lines(_of_epochs(run, title, validation, _width()))


def _width() -> int:
    width = min(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else 80
    return max(width - 4, 40)


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(printable(line) for line in lines)


def _head(run: Run, title: str, count: str) -> Iterator[str]:
    rate = run.settings.get("learning_rate")
    yield f"{title}: {count} on engine {run.engine}" + ("" if rate is None else f", learning rate {rate:g}")
    if run.engine_note:
        yield f"It ran on {run.engine} since {run.engine_note}."
    yield f"It stopped because {_because(run.reason)}."


def _because(reason: Reason) -> str:
    return "it was interrupted; what was learned until then is kept" if reason is Reason.INTERRUPTED else str(reason)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# ── of a module ──


def _of_epochs(run: Run, title: str, validation: Mapping[str, Any], width: int) -> Iterator[str]:
    history, size = run.history, run.program.batches
    more = run.steps % size
    count = f"{_counted(len(history), 'epoch')} of {_counted(size, 'step')}"
    yield from _head(run, title, count + (f" and {_counted(more, 'step')}" if more else ""))
    if not len(history):
        return
    yield ""
    shown = History([history[k] for k in spread(len(history) - 1, _EPOCHS)])
    yield from (f"  {line}" for line in str(shown).split("\n"))
    losses = history["loss"]
    if losses[-1] > losses[0]:
        yield ""
        yield _GROWN
    if len(losses) > 2:
        yield ""
        yield from (f"  {line}" for line in history.curve(width=width, height=7).split("\n"))
    if validation:
        yield ""
        yield "Validation"
        yield ""
        room = max(map(len, validation))
        for name, value in validation.items():
            head = f"  {name:<{room}}  "
            if np.ndim(value) == 0:
                yield f"{head}{float(value):.6g}"
            else:
                yield from (head + np.array2string(np.asarray(value), prefix=head, max_line_width=width)).split("\n")


# ── of a function ──


def _of_steps(run: Run, title: str, width: int) -> Iterator[str]:
    yield from _head(run, title, _counted(run.steps, "step"))
    losses = run.losses
    if len(losses):
        yield ""
        places = sorted({0, len(losses) - 1})
        for place in places:
            yield f"  loss before step {place:<{len(str(places[-1]))}}  {losses[place].item()!r}"
    if len(losses) > 1 and losses[-1] > losses[0]:
        yield ""
        yield _GROWN
    if len(losses) > 2:
        yield ""
        yield from (f"  {line}" for line in curve(losses, width=width, height=7).split("\n"))
    yield ""
    for path, value in flatten(run.parameters):
        yield from (f"  {line}" for line in _parameter(_named(path), value, width))


def _named(path: tuple[str, ...]) -> str:
    return ".".join(part if part.isidentifier() or part.isdigit() else repr(part) for part in path)


def _parameter(name: str, value: Any, width: int) -> list[str]:
    if np.ndim(value) == 0:
        return [f"{name} = {value.item()!r}"]
    if value.size > _WRITTEN_OUT:
        return [f"{name}: {value.dtype.name}[{'×'.join(map(str, value.shape))}]"]
    head = f"{name} = "
    shown = np.array2string(
        value,
        max_line_width=max(width - len(head), 20),
        separator=", ",
        prefix=" " * len(head),
        formatter={"float_kind": str},  # as many digits as tell it from its neighbors
    )
    return (head + shown).split("\n")
