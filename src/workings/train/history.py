"""How training went, epoch by epoch: a table, plots, and columns of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from workings.draw.curve import curve
from workings.draw.plot import Plot, Series, plot
from workings.errors import ArgumentError
from workings.graph.display import AsHtml
from workings.train.arguments import nearest

__all__ = ["History"]

_LOSSES = ("loss", "validation_loss")


class History(AsHtml, Sequence[Mapping[str, Any]]):
    """One row for each epoch: `history[0]["loss"]`; a column by its name: `history["loss"]`.

    `loss` is the mean over the rows of the epoch, of the losses before each update; `validation_loss` and the
    metrics are those at its end. What a metric that is not one number gives, as a confusion matrix, is kept too, and
    left out of the table.

    >>> history = History()
    >>> history.append({"epoch": 1, "loss": 0.5, "accuracy": 0.75})
    >>> history["loss"]
    array([0.5])
    >>> print(history)
    epoch  loss  accuracy
        1   0.5      0.75
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] = ()) -> None:
        self._rows: list[dict[str, Any]] = [dict(row) for row in rows]

    @classmethod
    def restored(cls, rows: Iterable[Mapping[str, Any]]) -> History:
        """The history whose rows were written down as plain data: there nan and inf are words, and arrays are lists."""
        return cls([{name: _number(value) for name, value in row.items()} for row in rows])

    def append(self, row: Mapping[str, Any]) -> None:
        """Add the row of an epoch."""
        self._rows.append(dict(row))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that are numbers in every row, in order."""
        names = dict.fromkeys(name for row in self._rows for name in row)
        return tuple(n for n in names if all(np.ndim(row.get(n, np.nan)) == 0 for row in self._rows))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter([dict(row) for row in self._rows])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if not any(key in row for row in self._rows):
                raise KeyError(key)
            return np.array([row.get(key, np.nan) for row in self._rows])
        return self._rows[key]

    def table(self) -> list[list[str]]:
        """The cells of the table, its head first."""
        names = self.columns
        return [list(names), *([_short(row.get(name)) for name in names] for row in self._rows)]

    def plot(self, *names: str) -> Plot:
        """A plot over the epochs: of the columns named, or of the losses. A notebook shows it.

        `print(history.plot())` says it in a sentence, `plot().save("loss.svg")` writes the picture, and
        `plot().figure()` is a figure of matplotlib.

        >>> history = History([{"epoch": 1, "loss": 4.0}, {"epoch": 2, "loss": 1.0}])
        >>> history.plot().words()
        'loss: from 4 at epoch 1 down to 1 at epoch 2.'

        Raises `ArgumentError` for a name that is no column of numbers, and while no epoch has ended.
        """
        shown = self._chosen(names)
        series = [Series(name, self["epoch"], self[name].astype(float)) for name in shown]
        label = shown[0] if len(shown) == 1 else "loss" if not names else ""
        return plot(series, title="", x_label="epoch", y_label=label, width=560, height=260, log=None)

    def curve(self, name: str = "loss", width: int = 72, height: int = 8) -> str:
        """A column over the epochs, drawn in characters for a terminal.

        >>> print(History([{"epoch": 1, "loss": 4.0}, {"epoch": 2, "loss": 1.0}]).curve(width=12, height=2))
        4 ┤████
          │████▄▄▄▄
        0 └────────
           1      2

        Raises `ArgumentError` for a name that is no column of numbers, and for numbers that are not finite.
        """
        (name,) = self._chosen((name,))
        values = self[name].astype(float)
        if not np.all(np.isfinite(values)):
            raise ArgumentError(f"{name} is not finite in every epoch", fix="history.plot(…), which leaves gaps")
        return curve(values, width, height, first=int(self["epoch"][0]))

    def _chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """The columns of these names, or the losses that there are."""
        if not self._rows:
            raise ArgumentError("no epoch has ended, so there is nothing to plot", fix="run.resume(epochs=1) first")
        known = self.columns
        for name in names:
            if name not in known:
                raise ArgumentError(f"the history has no column {name!r}", fix=nearest(name, known))
        return tuple(names) or tuple(name for name in _LOSSES if name in known)

    def __repr__(self) -> str:
        return f"<history of {len(self)} epoch{'' if len(self) == 1 else 's'}: {', '.join(self.columns)}>"

    def __str__(self) -> str:
        cells = self.table()
        if not cells[0]:
            return "no epoch has ended"
        widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells)


def _number(value: Any) -> Any:
    if isinstance(value, list):
        found = np.asarray(value)
        return found.astype(float) if found.dtype.kind == "U" else found
    return float(value) if isinstance(value, str) else value


def _short(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, (int, np.integer)) else f"{float(value):.4g}"
