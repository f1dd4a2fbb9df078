"""The events of a run as lines of JSON, for whatever reads them while it goes on or afterwards."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from workings.errors import ArgumentError
from workings.train.events import Event

__all__ = ["JsonLines"]


class JsonLines:
    """A listener that appends each event to a file, as one JSON object on a line of its own.

    `event` is the type, and the fields of the event follow. Each line is in the file before the run goes on. JSON has
    no infinite number and no nan: they are the texts "inf", "-inf" and "nan", which `float` takes. An array is a list.
    `Reason(line["reason"])` is the reason again.

    file    a path, or a file that is open for text; a file is left open

    >>> import io, workings as wk
    >>> file = io.StringIO()
    >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=5, listeners=wk.JsonLines(file))
    >>> lines = [json.loads(line) for line in file.getvalue().splitlines()]
    >>> lines[0]
    {'event': 'Started', 'first': 0, 'last': 5, 'engine': 'native', 'epoch': None}
    >>> lines[-1]["event"], lines[-1]["step"], lines[-1]["reason"]
    ('Stopped', 5, 'the steps are spent')

    Raises `ArgumentError` where the file cannot be written to; in the middle of a run that ends the run, as any error
    of a listener does, and what was learned stays.
    """

    def __init__(self, file: str | os.PathLike[str] | IO[str]) -> None:
        if isinstance(file, (str, os.PathLike)):
            self._path = Path(file).absolute()  # wherever the program goes meanwhile
            self._file: IO[str] | None = None
            self._append("")  # a path that is no good is known before the run
        elif callable(getattr(file, "write", None)):
            self._file = file
        else:
            raise ArgumentError(f"JsonLines got {file!r}, which is no file", fix='wk.JsonLines("events.jsonl")')

    def __call__(self, event: Event) -> None:
        fields = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
        record = _legal({"event": type(event).__name__, **fields})
        self._append(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")

    def _append(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text)
            self._file.flush()
            return
        try:
            # opened anew each time, so that nothing is left open however the run ends
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ArgumentError(f"{self._path} cannot be written: {error.strerror or error}") from error

    def __repr__(self) -> str:
        return f"JsonLines({str(self._path)!r})" if self._file is None else f"JsonLines({self._file!r})"


def _legal(value: Any) -> Any:
    """The value as JSON can spell it."""
    if isinstance(value, Mapping):
        return {str(key): _legal(v) for key, v in value.items()}
    if isinstance(value, np.ndarray):
        return _legal(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_legal(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value  # a `Reason` is a text
    return str(value)
