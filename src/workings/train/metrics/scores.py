"""Metrics of classification that look at the scores themselves: the area under the ROC curve, perplexity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from workings import functions
from workings.errors import ArgumentError
from workings.train.metrics.classes import share
from workings.train.metrics.labels import read_scores
from workings.train.metrics.metric import Metric, Statistic, numeric, whole

__all__ = ["Perplexity", "RocAuc"]


@dataclass(frozen=True)
class RocAuc(Metric):
    """The area under the ROC curve: how likely an example of class 1 has a higher score than one of class 0.

    A pair with equal scores counts as half. `prediction` is one score for each example, a logit or a probability,
    or two columns, of which the second less the first is the score. `target` is 0 or 1 for each.

    The order of all scores is needed, so the statistic keeps them, and statistics are put one behind the other.

    >>> RocAuc()([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75

    Raises `ArgumentError` for labels other than 0 and 1, where all examples are of one class, and for nan.

    Source: Hanley and McNeil, The meaning and use of the area under a receiver operating characteristic (ROC) curve
    (1982): it is the Wilcoxon statistic, U / (n₀ n₁).
    """

    name: str = "roc_auc"
    mode: ClassVar = "max"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        p, t = numeric("prediction", prediction), numeric("target", target)
        if p.ndim == t.ndim + 1 and p.shape[-1] == 2:
            p = p[..., 1] - p[..., 0]
        if p.shape != t.shape:
            raise ArgumentError(
                f"prediction has shape {p.shape} and target has shape {t.shape}; the area is for two classes",
                fix="one score for each target, or two columns",
            )
        labels = whole("target", t).ravel()
        bad = labels[(labels != 0) & (labels != 1)]
        if bad.size:
            raise ArgumentError(f"target holds the label {bad[0]}; the area is for two classes, 0 and 1", fix="0 and 1")
        return {"scores": p.ravel(), "labels": labels}

    def merge(self, parts: Sequence[Statistic]) -> Statistic:
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def finish(self, total: Statistic) -> float:
        scores, labels = total["scores"], total["labels"]
        ones = int(labels.sum())
        zeros = labels.size - ones
        share(0, labels.size)
        if not ones or not zeros:
            raise ArgumentError(
                f"all {labels.size:,} examples are of class {int(not zeros)}; the area compares two classes",
                fix="examples of both, as a stratified split has them",
            )
        _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
        # twice the rank, which the examples of one score share, so that all is counted in whole numbers
        twice = 2 * np.cumsum(count) - count + 1
        above = int(twice[place][labels == 1].sum()) - ones * (ones + 1)
        return above / (2 * ones * zeros)


@dataclass(frozen=True)
class Perplexity(Metric):
    """The exponential of the mean cross-entropy: among how many equally likely classes one is left to guess.

        exp(−1/N Σ log softmax(prediction)[target])

    `prediction` is a logit for each class, of shape (…, classes). `target` has labels from 0, or is one-hot;
    `ignore` is a label that marks what is not counted, as padding.

    >>> round(Perplexity()([[0.0, 0.0, 0.0, 0.0]], [2]), 12)
    4.0

    Raises `ArgumentError` as `Accuracy` does.

    Source: Jelinek et al., Perplexity: a measure of the difficulty of speech recognition tasks (1977).
    """

    ignore: int | None = None
    name: str = "perplexity"
    mode: ClassVar = "min"

    def statistic(self, prediction: Any, target: Any) -> Statistic:
        scores, actual = read_scores(prediction, target, self.ignore)
        log_p = functions.log_softmax(scores.astype(np.float64))
        return {"loss": -np.sum(log_p[np.arange(len(actual)), actual]), "count": actual.size}

    def finish(self, total: Statistic) -> float:
        with np.errstate(over="ignore"):
            return float(np.exp(share(total["loss"], total["count"])))
