"""Metrics of regression: how far predictions are from their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workings.errors import ArgumentError
from workings.train.metrics.classes import share
from workings.train.metrics.metric import Metric, Statistic, numeric

__all__ = ["MAE", "R2", "RMSE"]


def read_pairs(prediction: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and targets of one shape, in float64."""
    p, t = numeric("prediction", prediction), numeric("target", target)
    if p.shape != t.shape:
        axis = "[:, 0]" if p.ndim == 2 else "[..., 0]"
        if p.ndim and p.shape[:-1] == t.shape and p.shape[-1] == 1:
            fix = f"prediction{axis}"
        elif t.ndim and t.shape[:-1] == p.shape and t.shape[-1] == 1:
            fix = f"target{'[:, 0]' if t.ndim == 2 else '[..., 0]'}"
        else:
            fix = "one prediction for each target"
        raise ArgumentError(f"prediction has shape {p.shape} and target has shape {t.shape}", fix=fix)
    return p.astype(np.float64), t.astype(np.float64)


@dataclass(frozen=True)
class MAE(Metric):
    """The mean absolute error: 1/N Σ |prediction − target|, over all elements of arrays of one shape.

    >>> MAE()([1.0, 2.0], [1.5, 0.0])
    1.25

    Raises `ArgumentError` for shapes that differ, for nan, and where there are no examples.
    """

    name: str = "mae"
    mode: ClassVar = "min"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        p, t = read_pairs(prediction, target)
        return {"error": np.sum(np.abs(p - t)), "count": t.size}

    def finish(self, total: Statistic) -> float:
        return share(total["error"], total["count"])


@dataclass(frozen=True)
class RMSE(Metric):
    """The root of the mean squared error: √(1/N Σ (prediction − target)²), over all elements of arrays of one shape.

    >>> RMSE()([1.0, 2.0], [1.0, 0.0])
    1.4142135623730951

    Raises `ArgumentError` for shapes that differ, for nan, and where there are no examples.
    """

    name: str = "rmse"
    mode: ClassVar = "min"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        p, t = read_pairs(prediction, target)
        return {"error": np.sum((p - t) ** 2), "count": t.size}

    def finish(self, total: Statistic) -> float:
        return share(total["error"], total["count"]) ** 0.5


@dataclass(frozen=True)
class R2(Metric):
    """The share of the targets' variance that is explained: R² = 1 − Σ (prediction − target)² / Σ (target − mean)².

    1 is perfect, 0 is as good as the mean, and worse is negative. Arrays are of one shape, with one row for each
    example; of several columns the mean of their R² is taken. A column whose targets are all equal counts as 1 where
    it is predicted exactly, and else as 0. So does scikit-learn.

    >>> R2()([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0])
    0.9486081370449679

    The statistic has means, each measured from an origin close by, and squares about them, so that nothing cancels
    where the targets are large and close together.

    Raises `ArgumentError` for shapes that differ, for nan, and for fewer than two examples.

    Source for `merge`: Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample
    variances (1979).
    """

    name: str = "r2"
    mode: ClassVar = "max"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        p, t = read_pairs(prediction, target)
        if not t.ndim:
            raise ArgumentError("prediction and target are single numbers", fix="arrays, with one row for each example")
        rows = len(t)
        p, t = p.reshape(rows, -1) if rows else p[:, None], t.reshape(rows, -1) if rows else t[:, None]
        origin = t.mean(axis=0) if rows else np.zeros(t.shape[1])
        mean = np.sum(t - origin, axis=0) / max(rows, 1)
        return {
            "count": rows,
            "origin": origin,
            "mean": mean,
            "spread": np.sum((t - origin - mean) ** 2, axis=0),
            "error": np.sum((p - t) ** 2, axis=0),
        }

    def merge(self, parts: Sequence[Statistic]) -> Statistic:
        parts = [part for part in parts if part["count"]] or list(parts[:1])
        counts, origin = [part["count"] for part in parts], parts[0]["origin"]
        means = [part["origin"] - origin + part["mean"] for part in parts]
        mean = sum(n * m for n, m in zip(counts, means, strict=True)) / max(sum(counts), 1)
        between = sum(n * (m - mean) ** 2 for n, m in zip(counts, means, strict=True))
        return {
            "count": sum(counts),
            "origin": origin,
            "mean": mean,
            "spread": sum(part["spread"] for part in parts) + between,
            "error": sum(part["error"] for part in parts),
        }

    def finish(self, total: Statistic) -> float:
        if total["count"] < 2:
            raise ArgumentError(f"R² of {total['count']} examples is not defined", fix="two examples, or more")
        error, spread = total["error"], total["spread"]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(spread > 0, 1 - error / spread, np.where(error == 0, 1.0, 0.0))
        return float(np.mean(values))
