"""Metrics: how good predictions are, as a statistic of each batch and a finish.

>>> import workings as wk
>>> metric = wk.metrics.Accuracy()
>>> batches = [([[2.0, 1.0], [0.0, 3.0]], [0, 1]), ([[2.0, 1.0]], [1])]
>>> metric.finish(metric.merge([metric.statistic(p, t) for p, t in batches]))
0.6666666666666666

Batches may be of any sizes; the number is that of all examples at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workings.errors import ArgumentError
from workings.train.metrics.classes import F1, Accuracy, ConfusionMatrix, Precision, Recall, TopK
from workings.train.metrics.metric import Metric, Statistic
from workings.train.metrics.regression import MAE, R2, RMSE
from workings.train.metrics.scores import Perplexity, RocAuc
from workings.train.names import by_name

__all__ = [
    "F1",
    "MAE",
    "METRICS",
    "R2",
    "RMSE",
    "Accuracy",
    "ConfusionMatrix",
    "Metric",
    "Perplexity",
    "Precision",
    "Recall",
    "RocAuc",
    "Statistic",
    "TopK",
    "metric_of",
    "metrics_of",
]

# each by the name it can be asked for by
METRICS: Mapping[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "top_k": TopK,
    "confusion_matrix": ConfusionMatrix,
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "roc_auc": RocAuc,
    "r2": R2,
    "rmse": RMSE,
    "mae": MAE,
    "perplexity": Perplexity,
}

_COLUMNS = ("epoch", "loss", "validation_loss", "seconds")  # what a history has beside metrics


def metric_of(name: str) -> Metric:
    """The metric of this name, as it is without options.

    >>> metric_of("accuracy")
    Accuracy(threshold=0.0, ignore=None, name='accuracy')

    Raises `ArgumentError` with the nearest names where there is none.
    """
    return by_name("metric", name, METRICS)()


def metrics_of(metrics: str | Metric | Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Metrics, each given by itself or by its name.

    >>> [metric.name for metric in metrics_of(["accuracy", RMSE()])]
    ['accuracy', 'rmse']

    Raises `ArgumentError` for two of one name, and for one that is called like another column of a history.
    """
    every: list[Any] = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
    for metric in every:
        if not isinstance(metric, (str, Metric)):
            raise ArgumentError(
                f"metrics holds {metric!r}, which is no metric",
                fix=f"{metric.__name__}(), an instance" if isinstance(metric, type) else 'metrics="accuracy"',
            )
    found = tuple(metric_of(m) if isinstance(m, str) else m for m in every)
    taken: set[str] = {*_COLUMNS}
    for metric in found:
        if metric.name in taken:
            what = "is a column of every history" if metric.name in _COLUMNS else "is the name of two metrics"
            raise ArgumentError(f"{metric.name!r} {what}", fix="a metric with another name=…")
        taken.add(metric.name)
    return found
