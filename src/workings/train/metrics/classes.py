"""Metrics of classification that count which classes were taken for which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from workings.errors import ArgumentError
from workings.train.checks import check_count
from workings.train.metrics.labels import read_labels, read_scores
from workings.train.metrics.metric import Metric, Statistic

__all__ = ["F1", "Accuracy", "ConfusionMatrix", "Precision", "Recall", "TopK"]

Average = Literal["binary", "macro", "micro", "weighted"]


def share(part: Any, count: Any) -> float:
    """How much of the examples; an error where there are none."""
    if not count:
        raise ArgumentError("there are no examples to measure", fix="one example, or more")
    return float(part / count)


@dataclass(frozen=True)
class Accuracy(Metric):
    """The share of examples whose class was predicted.

    threshold   for one score per example: above it the class is 1; 0 for logits, 0.5 for probabilities
    ignore      a label that marks what is not counted, as padding

    `prediction` is a score for each class, of shape (…, classes), of which the largest counts and the first among
    equals; or one score, or a label, for each target. `target` has labels from 0, or is one-hot.

    >>> Accuracy()([[0.1, 2.0], [3.0, 0.0], [1.0, 0.5]], [1, 0, 1])
    0.6666666666666666
    >>> Accuracy()([-1.5, 2.0], [0, 0])
    0.5

    Raises `ArgumentError` for shapes that do not go together, labels out of range, and nan.
    """

    threshold: float = 0.0
    ignore: int | None = None
    name: str = "accuracy"
    mode: ClassVar = "max"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        found = read_labels(prediction, target, self.threshold, self.ignore)
        return {"right": int(np.sum(found.predicted == found.actual)), "count": found.actual.size}

    def finish(self, total: Statistic) -> float:
        return share(total["right"], total["count"])


@dataclass(frozen=True)
class TopK(Metric):
    """The share of examples whose class is among the `k` with the largest scores; of equal ones the first count more.

    `prediction` is a score for each class, of shape (…, classes). `target` has labels from 0, or is one-hot;
    `ignore` is a label that marks what is not counted.

    >>> TopK(2)([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], [2, 2])
    0.5

    Raises `ArgumentError` as `Accuracy` does, and where there are not more than `k` classes.
    """

    k: int = 5
    ignore: int | None = None
    name: str = ""
    mode: ClassVar = "max"

    def __post_init__(self) -> None:
        check_count("k", self.k)
        object.__setattr__(self, "name", self.name or f"top_{self.k}")

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        scores, actual = read_scores(prediction, target, self.ignore)
        classes = scores.shape[1]
        if self.k >= classes:
            raise ArgumentError(
                f"the class is always among the {self.k} of the largest scores; there are {classes} classes",
                fix=f"TopK({max(1, classes // 2)})",
            )
        own = scores[np.arange(len(actual)), actual][:, None]
        before = (scores > own) | ((scores == own) & (np.arange(classes) < actual[:, None]))
        return {"right": int(np.sum(before.sum(axis=1) < self.k)), "count": actual.size}

    def finish(self, total: Statistic) -> float:
        return share(total["right"], total["count"])


@dataclass(frozen=True)
class ConfusionMatrix(Metric):
    """How many examples of each class were taken for which: row i, column j counts those of class i taken for j.

    threshold   for one score per example, as in `Accuracy`
    classes     how many there are; it has to be said where predictions are labels

    >>> ConfusionMatrix(classes=2)([0, 1, 1, 1], [0, 0, 1, 1])
    array([[1, 1],
           [0, 2]])

    Raises `ArgumentError` as `Accuracy` does.
    """

    threshold: float = 0.0
    classes: int | None = None
    name: str = "confusion_matrix"
    mode: ClassVar = None

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        return counts(prediction, target, self.threshold, self.classes)

    def finish(self, total: Statistic) -> np.ndarray:
        return total["matrix"]


def counts(prediction: Any, target: Any, threshold: float, classes: int | None) -> Statistic:
    """The confusion matrix of a batch."""
    found = read_labels(prediction, target, threshold, classes=classes)
    if found.classes is None:
        raise ArgumentError("predictions are labels, and how many classes there are is not known", fix="classes=10")
    n = found.classes
    matrix = np.bincount(found.actual * n + found.predicted, minlength=n * n).reshape(n, n)
    return {"matrix": matrix}


def averaged(total: Statistic, average: Average | None, ratio: Callable[[Any, Any, Any], tuple[Any, Any]]) -> float:
    """A ratio of counts, averaged over classes.

    `ratio` gives its two parts from how often a class was predicted rightly, was predicted, and is. A class that
    neither is nor was predicted does not count; 0 / 0 is 0.
    """
    matrix = total["matrix"]
    kind = average or ("binary" if len(matrix) == 2 else "macro")
    if kind == "binary" and len(matrix) != 2:
        raise ArgumentError(
            f'average="binary" is for two classes, and there are {len(matrix)}', fix='average="macro", or "weighted"'
        )
    right, predicted, actual = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    share(0, actual.sum())
    if kind == "micro":
        right, predicted, actual = right.sum(), predicted.sum(), actual.sum()
    above, below = (np.asarray(part, np.float64) for part in ratio(right, predicted, actual))
    values = np.divide(above, below, out=np.zeros_like(above), where=below != 0)
    if kind == "binary":
        return float(values[1])
    if kind == "weighted":
        return float(np.average(values, weights=actual))
    return float(np.mean(values[(predicted > 0) | (actual > 0)]))


def _check_average(average: Any) -> None:
    if average not in (None, "binary", "macro", "micro", "weighted"):
        raise ArgumentError(f"average is {average!r}", fix='one of "binary", "macro", "micro", "weighted"')


@dataclass(frozen=True)
class Precision(Metric):
    """Of the examples that were taken for a class, the share that are of it: TP / (TP + FP).

    average     "binary": of class 1, where there are two; "macro": the mean over the classes; "weighted": the mean
                weighted by how many examples each class has; "micro": all counts together. None is "binary" where
                there are two classes, and else "macro"
    threshold   for one score per example, as in `Accuracy`
    classes     how many there are; it has to be said where predictions are labels

    A class that no example is of, and that none was taken for, is left out of the mean; one that none was taken for
    counts as 0. So does scikit-learn.

    >>> Precision()([2.0, 1.0, 3.0, -1.0], [1, 0, 1, 1])
    0.6666666666666666

    Raises `ArgumentError` as `Accuracy` does, and for "binary" with other than two classes.
    """

    average: Average | None = None
    threshold: float = 0.0
    classes: int | None = None
    name: str = "precision"
    mode: ClassVar = "max"

    def __post_init__(self) -> None:
        _check_average(self.average)

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        return counts(prediction, target, self.threshold, self.classes)

    def finish(self, total: Statistic) -> float:
        return averaged(total, self.average, lambda right, predicted, actual: (right, predicted))


@dataclass(frozen=True)
class Recall(Metric):
    """Of the examples of a class, the share that were taken for it: TP / (TP + FN).

    The fields are those of `Precision`.

    >>> Recall()([2.0, 1.0, 3.0, -1.0], [1, 0, 1, 1])
    0.6666666666666666

    Raises `ArgumentError` as `Precision` does.
    """

    average: Average | None = None
    threshold: float = 0.0
    classes: int | None = None
    name: str = "recall"
    mode: ClassVar = "max"

    def __post_init__(self) -> None:
        _check_average(self.average)

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        return counts(prediction, target, self.threshold, self.classes)

    def finish(self, total: Statistic) -> float:
        return averaged(total, self.average, lambda right, predicted, actual: (right, actual))


@dataclass(frozen=True)
class F1(Metric):
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN). The fields are those of `Precision`.

    >>> F1("macro")([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0, 1, 1])
    0.5555555555555555

    Raises `ArgumentError` as `Precision` does.
    """

    average: Average | None = None
    threshold: float = 0.0
    classes: int | None = None
    name: str = "f1"
    mode: ClassVar = "max"

    def __post_init__(self) -> None:
        _check_average(self.average)

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        return counts(prediction, target, self.threshold, self.classes)

    def finish(self, total: Statistic) -> float:
        return averaged(total, self.average, lambda right, predicted, actual: (2 * right, predicted + actual))
