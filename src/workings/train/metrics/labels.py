"""Predictions and targets of a classification, brought into one form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError
from workings.train.metrics.metric import numeric, whole

__all__ = ["Labels", "Scores", "read_labels", "read_scores"]


class Labels(NamedTuple):
    """For each example the class that was predicted and the one it is; how many classes there are, if it is known."""

    predicted: np.ndarray
    actual: np.ndarray
    classes: int | None


class Scores(NamedTuple):
    """For each example a score of every class, of shape (examples, classes), and the class it is."""

    scores: np.ndarray
    actual: np.ndarray


def read_labels(
    prediction: Any, target: Any, threshold: float = 0.0, ignore: int | None = None, classes: int | None = None
) -> Labels:
    """Labels as they are, from scores of classes (the largest counts), or from one (above the threshold it is 1)."""
    p, t = numeric("prediction", prediction), numeric("target", target)
    if p.dtype.kind == "f" and (p.ndim > t.ndim or _is_one_hot(p, t)):
        scores, actual = read_scores(p, t, ignore)
        _check_count(classes, scores.shape[1])
        return Labels(np.argmax(scores, axis=1), actual, scores.shape[1])
    if p.shape != t.shape:
        raise _apart(p, t)
    actual = whole("target", t).ravel()
    kept = slice(None) if ignore is None else actual != ignore
    if p.dtype.kind == "f":
        predicted, classes = (p > threshold).astype(np.int64), _check_count(classes, 2)
    else:
        predicted = whole("prediction", p)
    predicted, actual = predicted.ravel()[kept], actual[kept]
    _check_range("prediction", predicted, classes)
    _check_range("target", actual, classes)
    return Labels(predicted, actual, classes)


def read_scores(prediction: Any, target: Any, ignore: int | None = None) -> Scores:
    """A score for every class, and labels, which may have come one-hot."""
    p, t = numeric("prediction", prediction), numeric("target", target)
    if p.dtype.kind != "f":
        raise ArgumentError(
            f"prediction is of {p.dtype}; this metric needs a score for every class", fix="the logits, before argmax"
        )
    if _is_one_hot(p, t):
        rows = t.reshape(-1, t.shape[-1])
        if not (np.all((rows == 0) | (rows == 1)) and np.all(np.count_nonzero(rows, axis=1) == 1)):
            raise ArgumentError(
                f"target has the shape of prediction, {t.shape}, and is not one-hot: a single 1 in each row",
                fix="labels, one for each row",
            )
        t = np.argmax(t, axis=-1)
    if p.ndim < 2 or p.shape[-1] < 2 or p.shape[:-1] != t.shape:
        raise _apart(p, t)
    classes = p.shape[-1]
    scores, actual = p.reshape(-1, classes), whole("target", t).ravel()
    if ignore is not None:
        scores, actual = scores[actual != ignore], actual[actual != ignore]
    _check_range("target", actual, classes)
    return Scores(scores, actual)


def _is_one_hot(p: np.ndarray, t: np.ndarray) -> bool:
    return p.shape == t.shape and p.ndim > 1 and p.shape[-1] > 1


def _apart(p: np.ndarray, t: np.ndarray) -> ArgumentError:
    if p.ndim and p.shape[:-1] == t.shape and p.shape[-1] == 1:
        fix = "prediction[..., 0], one score for each target"
    elif t.ndim and t.shape[:-1] == p.shape and t.shape[-1] == 1:
        fix = "target[..., 0], one label for each prediction"
    else:
        fix = "prediction of shape (N, classes), or (N,) for two classes, and target of shape (N,)"
    return ArgumentError(f"prediction has shape {p.shape} and target has shape {t.shape}", fix=fix)


def _check_count(classes: int | None, found: int) -> int:
    if classes is not None and classes != found:
        raise ArgumentError(f"prediction has {found} classes, and classes is {classes}", fix="leave classes out")
    return found


def _check_range(name: str, labels: np.ndarray, classes: int | None) -> None:
    bad = labels < 0 if classes is None else (labels < 0) | (labels >= classes)
    if bad.any():
        there = f"there are {classes} classes, 0 to {classes - 1}" if classes else "labels are counted from 0"
        raise ArgumentError(
            f"{name} holds the label {labels[bad][0]}; {there}",
            fix="labels from 0, or ignore= for one that marks a gap",
        )
