"""What a metric is: a statistic of each batch, how statistics are put together, and the number at the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from workings.errors import ArgumentError

__all__ = ["Metric", "Statistic", "numeric", "whole"]

Statistic = Mapping[str, Any]


class Metric(ABC):
    """A number that says how good predictions are, exact for batches of any sizes.

    `statistic(prediction, target)` gives arrays by name for one batch, `merge` makes one statistic of several, and
    `finish` the number. Called with all predictions at once, a metric does the three in one.

    name    what the number is called in a history; it may be given, to tell two alike apart
    mode    "max" where more is better, "min" where less is; None where neither is said

    A metric of one's own is a class with these; where the arrays simply add up, `merge` is there already.

    >>> class Bias(Metric):
    ...     name, mode = "bias", None
    ...     def statistic(self, prediction, target):
    ...         return {"sum": np.sum(prediction - target), "count": len(target)}
    ...     def finish(self, total):
    ...         return float(total["sum"] / total["count"])
    >>> bias, parts = Bias(), [([1.0], [1.0]), ([2.0, 5.0], [1.0, 0.0])]
    >>> bias.finish(bias.merge([bias.statistic(np.array(p), np.array(t)) for p, t in parts]))
    2.0
    """

    name: str
    mode: ClassVar[Literal["min", "max"] | None]

    @abstractmethod
    def statistic(self, prediction: Any, target: Any) -> Statistic:
        """The arrays of one batch."""

    @abstractmethod
    def finish(self, total: Statistic) -> Any:
        """The number that a statistic comes to."""

    def merge(self, parts: Sequence[Statistic]) -> Statistic:
        """The statistic of several batches together."""
        return {name: sum(part[name] for part in parts) for name in parts[0]}

    def __call__(self, prediction: Any, target: Any) -> Any:
        return self.finish(self.statistic(prediction, target))


def numeric(name: str, values: Any) -> np.ndarray:
    """Values as an array of real numbers without nan."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ArgumentError(f"{name} has dtype {array.dtype}, which is no real number", fix="an array of numbers")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ArgumentError(f"{name} holds nan", fix="finite values; a run stops at the first step that makes nan")
    return array


def whole(name: str, values: np.ndarray) -> np.ndarray:
    """Labels as int64; they may have come as floats that are whole numbers."""
    if values.dtype.kind == "f":
        odd = values[values != np.trunc(values)]
        if odd.size or not np.isfinite(values).all():
            found = odd.flat[0] if odd.size else np.inf
            raise ArgumentError(f"{name} holds {found}, which is no label", fix="whole numbers from 0")
    return values.astype(np.int64)
