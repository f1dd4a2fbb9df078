"""What happens when an epoch ends: validation, the history, a rate that is reduced, and the end by patience."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.train.arguments import nearest
from workings.train.checks import check_count, check_rate
from workings.train.evaluate import Evaluator
from workings.train.feed import Batches
from workings.train.history import History
from workings.train.metrics import Metric
from workings.train.schedules import Plateau, ReduceOnPlateau

__all__ = ["EarlyStopping", "Epochs", "Watched"]


@dataclass(frozen=True)
class EarlyStopping:
    """Training ends when a number of the history has not improved for so many epochs.

    monitor         the number that is watched: "validation_loss", "loss", or a metric by its name
    patience        how many epochs in a row may bring no improvement
    minimum_change  an improvement is larger than this
    mode            "min" where less is better, "max" where more is; None: what the number says of itself
    restore         whether the parameters are put back to those of the best epoch at the end

    >>> EarlyStopping(patience=3)
    EarlyStopping(monitor='validation_loss', patience=3, minimum_change=0.0, mode=None, restore=True)

    Source: Prechelt, Early stopping, but when? (1998).
    """

    monitor: str = "validation_loss"
    patience: int = 5
    minimum_change: float = 0.0
    mode: str | None = None
    restore: bool = True

    def __post_init__(self) -> None:
        check_count("patience", self.patience, 0)
        check_rate("minimum_change", self.minimum_change, "it bounds the size of a change")
        if self.mode not in (None, "min", "max"):
            raise ArgumentError(f"mode is {self.mode!r}; less is better, or more", fix='mode="min", or mode="max"')


@dataclass
class Watched:
    """The best of a number so far: its value, its epoch, what was carried after it, and how long that is ago."""

    value: float | None = None
    epoch: int = 0
    carry: tuple[Any, ...] | None = None
    waited: int = 0


class Epochs:
    """What a run of `fit` does at the end of each epoch, and remembers from one to the next."""

    def __init__(
        self,
        evaluator: Evaluator,
        validation: tuple[Any, Any] | None,
        metrics: Sequence[Metric],
        stopping: EarlyStopping | None,
        plateau: ReduceOnPlateau | None,
        batches: Batches,
        rows: int,
        facts: Mapping[str, Any],
    ) -> None:
        self.evaluator = evaluator
        self.validation = validation
        self.metrics = tuple(metrics)
        self.stopping = stopping
        self.plateau = plateau
        self.batches = batches
        self.rows = rows
        self.facts = dict(facts)  # what a saved model needs to be asked again
        self.history = History()
        self.best = Watched()
        self.reduced = Plateau()
        known = self._columns()
        if self.metrics and validation is None:
            raise ArgumentError(
                f"metrics are measured on validation data, and there are none for {self.metrics[0].name}",
                fix=f"validation=0.1; or afterwards run.evaluate(x, y, metrics={self.metrics[0].name!r})",
            )
        if stopping is not None and stopping.monitor not in known:
            missing = "; there are no validation data" if validation is None else ""
            raise ArgumentError(
                f"early stopping watches {stopping.monitor!r}, which no epoch gives{missing}",
                fix="validation=0.1" if validation is None else nearest(stopping.monitor, known),
            )

    def _columns(self) -> list[str]:
        names = ["loss"]
        if self.validation is not None:
            names += ["validation_loss", *(m.name for m in self.metrics)]
        return names

    @property
    def held(self) -> tuple[Any, Any]:
        """The validation data. Raises `ArgumentError` where there are none."""
        if self.validation is None:
            raise ArgumentError("this run has no validation data", fix="run.evaluate(x, y), or validation=0.1 for fit")
        return self.validation

    @property
    def restores(self) -> bool:
        """Whether the end by patience puts the parameters back to the best ones."""
        return self.stopping is not None and self.stopping.restore

    def end(self, step: int, losses: np.ndarray, model: Callable[[], Any], seconds: float) -> dict[str, Any]:
        """The row of the history for the epoch that ended with this step; `losses` are those of its steps."""
        # the smaller last batch counts by its rows
        sizes = np.full(len(losses), self.batches.size)
        sizes[-1] = self.rows - self.batches.size * (len(losses) - 1)
        row: dict[str, Any] = {"epoch": step // len(losses), "loss": float(np.average(losses, weights=sizes))}
        if self.validation is not None:
            found = self.evaluator.evaluate(model(), *self.validation, self.metrics)
            row["validation_loss"] = found.pop("loss")
            row |= found
        row["seconds"] = round(seconds, 3)
        self.history.append(row)
        return row

    def watch(self, row: Mapping[str, Any], carry: tuple[Any, ...]) -> bool:
        """Note what is watched; whether it has not improved for too long."""
        watched = self.stopping or EarlyStopping("validation_loss" if "validation_loss" in row else "loss")
        found, best = row[watched.monitor], self.best
        if np.ndim(found):
            raise ArgumentError(
                f"early stopping watches {watched.monitor!r}, which is no number but of shape {np.shape(found)}",
                fix="a metric that is one number, or the validation_loss",
            )
        value = float(found)
        if best.value is None or self._better(watched, value, best.value):
            self.best = Watched(value, int(row["epoch"]), carry if self.restores else None)
            return False
        best.waited += 1
        return self.stopping is not None and best.waited > self.stopping.patience

    def _better(self, watched: EarlyStopping, value: float, best: float) -> bool:
        modes = {m.name: m.mode for m in self.metrics}
        more = (watched.mode or modes.get(watched.monitor) or "min") == "max"
        if math.isnan(value) or math.isnan(best):
            return math.isnan(best) and not math.isnan(value)
        return (value - best if more else best - value) > watched.minimum_change

    def rate(self, row: Mapping[str, Any]) -> float:
        """What the learning rate is multiplied with from here on."""
        if self.plateau is None:
            return 1.0
        value = float(row.get("validation_loss", row["loss"]))
        factor, self.reduced = self.plateau.after(value, self.reduced)
        return factor
