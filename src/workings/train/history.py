"""How training went, epoch by epoch: a table, a plot, and columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from workings.graph.display import AsHtml

__all__ = ["History"]


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

    def __repr__(self) -> str:
        return f"<history of {len(self)} epoch{'' if len(self) == 1 else 's'}: {', '.join(self.columns)}>"

    def __str__(self) -> str:
        names = self.columns
        if not names:
            return "no epoch has ended"
        cells = [list(names), *([_short(row.get(name)) for name in names] for row in self._rows)]
        widths = [max(len(row[k]) for row in cells) for k in range(len(names))]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells)


def _short(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, (int, np.integer)) else f"{float(value):.4g}"
