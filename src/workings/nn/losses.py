"""Losses: how far predictions are from what was expected, as one number.

Each is a function `loss(prediction, target, **options)` of NumPy, the mean over all elements or rows. Prediction and
target have equal shapes, except where the target holds labels. `LOSSES` has them by name.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Operators
from workings.ops.functions import log_softmax, softplus
from workings.trace.frames import user_origin

__all__ = [
    "LOSSES",
    "Loss",
    "binary_cross_entropy",
    "check_suited",
    "check_target",
    "cosine",
    "cross_entropy",
    "hinge",
    "huber",
    "kl_divergence",
    "loss_of",
    "mae",
    "mse",
    "poisson",
    "quantile",
]


class Loss(NamedTuple):
    """A loss and what it takes.

    function  `function(prediction, target, **options)`
    takes     what the prediction is: "values", "logits" (any real numbers, which the loss makes probabilities of by
              itself, so that the net ends without a softmax or a sigmoid), "log rates" or "scores"
    wants     what the target is: "values", "labels" (whole numbers that name classes, or their probabilities),
              "probabilities" (from 0 to 1), "counts" (not negative) or "signs" (−1 and 1)
    """

    function: Callable[..., Any]
    takes: str
    wants: str

    @property
    def logits(self) -> bool:
        """Whether the loss takes logits."""
        return self.takes == "logits"


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def mse(prediction: Any, target: Any) -> Any:
    """The mean squared error: mean (prediction − target)².

    >>> float(mse(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0

    Raises `ShapeError` for shapes that differ, though they might broadcast.
    """
    prediction, target = _pair("mse", prediction, target)
    error = prediction - target
    return np.mean(np.square(error))


def mae(prediction: Any, target: Any) -> Any:
    """The mean absolute error: mean |prediction − target|. Its derivative is 0 where both are equal.

    >>> float(mae(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    1.0
    """
    prediction, target = _pair("mae", prediction, target)
    error = prediction - target
    return np.mean(np.abs(error))


def huber(prediction: Any, target: Any, *, delta: float = 1.0) -> Any:
    """Squared for small errors, absolute for large ones, so that outliers pull less.

    With e = prediction − target, the mean of e² / 2 where |e| ≤ delta, and of delta · (|e| − delta / 2) elsewhere.

    >>> float(huber(np.array([0.5, 3.0]), np.array([0.0, 0.0])))
    1.3125

    Source: Huber, Robust estimation of a location parameter (1964).
    """
    _check_positive("huber", "delta", delta)
    prediction, target = _pair("huber", prediction, target)
    error = prediction - target
    distance = np.abs(error)
    return np.mean(np.where(distance <= delta, np.square(error) / 2, delta * (distance - delta / 2)))


def quantile(prediction: Any, target: Any, *, level: float = 0.5) -> Any:
    """The pinball loss, which is least where the prediction is the quantile `level` of the targets.

    With e = target − prediction, the mean of max(level · e, (level − 1) · e). At 0.5 it is half the mean absolute
    error. PyTorch has none; scikit-learn's `mean_pinball_loss` is this one.

    >>> float(quantile(np.array([0.0, 0.0]), np.array([1.0, -1.0]), level=0.75))
    0.5

    Source: Koenker and Bassett, Regression quantiles (1978).
    """
    if not 0 < level < 1:
        raise ArgumentError(
            f"quantile: level is {level!r}, and has to be a number between 0 and 1",
            where=user_origin(),
            fix="level=0.5 for the median",
        )
    prediction, target = _pair("quantile", prediction, target)
    error = target - prediction
    return np.mean(np.where(error > 0, level * error, (level - 1) * error))


def cosine(prediction: Any, target: Any) -> Any:
    """1 − the cosine of the angle between each row of the prediction and of the target, on average.

    The angle is over the last axis; 10⁻¹² is added to each squared length, as in PyTorch's `CosineEmbeddingLoss`, so
    that rows of 0 give 1.

    >>> round(float(cosine(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[2.0, 0.0], [1.0, 0.0]]))), 9)
    0.5
    """
    prediction, target = _pair("cosine", prediction, target)
    if np.ndim(prediction) == 0:
        _refuse("cosine: prediction and target are numbers, and only rows have an angle", "arrays of rows")
    product = np.sum(prediction * target, axis=-1)
    lengths = (np.sum(np.square(prediction), axis=-1) + 1e-12) * (np.sum(np.square(target), axis=-1) + 1e-12)
    return np.mean(1 - product / np.sqrt(lengths))


def poisson(prediction: Any, target: Any) -> Any:
    """For counts: mean exp(prediction) − target · prediction, the prediction being the logarithm of the rate.

    It is −log of the Poisson probability of the target, without log(target!), which has no part in the gradient.

    >>> float(poisson(np.array([0.0]), np.array([3.0])))
    1.0
    """
    prediction, target = _pair("poisson", prediction, target)
    return np.mean(np.exp(prediction) - target * prediction)


# ── classes ─────────────────────────────────────────────────────────────────────────────────────────────────


def cross_entropy(
    prediction: Any,
    target: Any,
    *,
    smoothing: float = 0.0,
    ignore: int | None = None,
    weights: Any = None,
) -> Any:
    """−log of the probability that the logits give to the right class, on average.

    prediction  logits of shape (…, classes); their softmax is taken here, and no probability rounds to 0
    target      the right classes, whole numbers of shape (…); or probabilities of shape (…, classes)
    smoothing   this part of the target's probability is spread evenly over all classes
    ignore      the label of what does not count, as padding; if nothing counts, the loss is 0 (PyTorch's is nan)
    weights     one for each class; the mean over labels is weighted by them, that over probabilities is not

    Classes are the last axis; in PyTorch they are the second. Raises `ArgumentError` for labels out of range in a
    plain array, `DtypeError` for labels that are floats.

    >>> round(float(cross_entropy(np.array([[2.0, 0.0], [0.0, 0.0]]), np.array([0, 1]))), 6)
    0.410038

    Source: smoothing is that of Szegedy et al., Rethinking the Inception architecture (2015), section 7.
    """
    prediction, target = _given(prediction), _given(target)
    check_target("cross_entropy", np.shape(prediction), target, ignore=ignore)
    if not 0 <= smoothing < 1:
        raise ArgumentError(
            f"cross_entropy: smoothing is {smoothing!r}, and has to be a number from 0 to below 1",
            where=user_origin(),
            fix="smoothing=0.1",
        )
    classes = np.shape(prediction)[-1]
    logs = log_softmax(prediction)
    if weights is not None:
        _check_weights(weights, classes)
        weights = np.asarray(weights, prediction.dtype) if not isinstance(weights, Operators) else weights
    if np.ndim(target) == np.ndim(prediction):
        expected = _like(prediction, target)
        if smoothing:
            expected = (1 - smoothing) * expected + smoothing / classes
        if weights is not None:
            logs = logs * weights
        return -np.mean(np.sum(expected * logs, axis=-1))
    chosen = target[..., None] == np.arange(classes)
    surprise = -np.sum(np.where(chosen, logs if weights is None else logs * weights, 0), axis=-1)
    if smoothing:
        spread = -np.mean(logs if weights is None else logs * weights, axis=-1)
        surprise = (1 - smoothing) * surprise + smoothing * spread
    if weights is None and ignore is None:
        return np.mean(surprise)
    shares = np.sum(np.where(chosen, 1 if weights is None else weights, 0), axis=-1).astype(prediction.dtype)
    if ignore is not None:
        counts = target != ignore
        surprise, shares = np.where(counts, surprise, 0), np.where(counts, shares, 0)
    total = np.sum(shares)
    return np.sum(surprise) / np.where(total > 0, total, 1)


def binary_cross_entropy(prediction: Any, target: Any, *, weight: float = 1.0) -> Any:
    """For yes or no: −log of the probability that the logits give to what is the case, on average.

    prediction  logits; their sigmoid is the probability of yes, and is taken here, without overflow
    target      0 or 1, or a probability, of the same shape
    weight      how much a yes counts against a no (PyTorch: `pos_weight`)

    That is, mean weight · t · softplus(−z) + (1 − t) · softplus(z).

    >>> round(float(binary_cross_entropy(np.array([0.0, 1000.0]), np.array([1, 1]))), 6)
    0.346574
    """
    _check_positive("binary_cross_entropy", "weight", weight)
    prediction, target = _pair("binary_cross_entropy", prediction, target)
    if weight == 1.0:
        return np.mean(softplus(prediction) - target * prediction)
    return np.mean(weight * target * softplus(-prediction) + (1 - target) * softplus(prediction))


def hinge(prediction: Any, target: Any, *, margin: float = 1.0) -> Any:
    """For two classes, −1 and 1: mean max(0, margin − target · prediction). The derivative is 0 at the kink.

    PyTorch has no such loss; scikit-learn's `hinge_loss` is this one.

    >>> float(hinge(np.array([2.0, 0.5, -1.0]), np.array([1, 1, 1])))
    0.8333333333333334

    Source: Cortes and Vapnik, Support-vector networks (1995).
    """
    _check_positive("hinge", "margin", margin)
    prediction, target = _pair("hinge", prediction, target)
    missing = margin - target * prediction
    return np.mean(np.where(missing <= 0, 0, missing))


def kl_divergence(prediction: Any, target: Any) -> Any:
    """How far the softmax of the logits is from the target's probabilities: mean over rows of Σ p · (log p − log q).

    prediction  logits of shape (…, classes); log q is their log_softmax (PyTorch's `kl_div` takes log q itself)
    target      probabilities of this shape; where p is 0, so is the term

    >>> round(float(kl_divergence(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))), 6)
    0.693147

    Source: Kullback and Leibler, On information and sufficiency (1951).
    """
    prediction, target = _pair("kl_divergence", prediction, target)
    if np.ndim(prediction) == 0:
        _refuse(
            "kl_divergence: the prediction is one number, and not logits of classes", "logits of shape (…, classes)"
        )
    present = target > 0
    information = np.log(np.where(present, target, 1)) - log_softmax(prediction)
    return np.mean(np.sum(np.where(present, target * information, 0), axis=-1))


LOSSES: dict[str, Loss] = {
    "mse": Loss(mse, "values", "values"),
    "mae": Loss(mae, "values", "values"),
    "huber": Loss(huber, "values", "values"),
    "quantile": Loss(quantile, "values", "values"),
    "cosine": Loss(cosine, "values", "values"),
    "poisson": Loss(poisson, "log rates", "counts"),
    "cross_entropy": Loss(cross_entropy, "logits", "labels"),
    "binary_cross_entropy": Loss(binary_cross_entropy, "logits", "probabilities"),
    "hinge": Loss(hinge, "scores", "signs"),
    "kl_divergence": Loss(kl_divergence, "logits", "probabilities"),
}


# what Keras calls them, where that is nearer to another loss
_ELSEWHERE = {
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
    "kld": "kl_divergence",
    "cosine_similarity": "cosine",
}


def loss_of(loss: str | Callable[..., Any]) -> Callable[..., Any]:
    """The loss of this name; a function is one itself.

    >>> loss_of("mse") is mse
    True

    Raises `ArgumentError` for an unknown name, with the nearest known one.
    """
    if isinstance(loss, str):
        if loss not in LOSSES:
            spelled = loss.lower().replace("-", "_").replace(" ", "_")
            near = [_ELSEWHERE[spelled]] if spelled in _ELSEWHERE else difflib.get_close_matches(spelled, LOSSES, n=1)
            raise ArgumentError(
                f"there is no loss {loss!r}",
                where=user_origin(),
                fix=repr(near[0]) if near else f"one of {', '.join(LOSSES)}, or a function of prediction and target",
            )
        return LOSSES[loss].function
    if not callable(loss):
        raise ArgumentError(
            f"the loss is {loss!r}, which is no function",
            where=user_origin(),
            fix='loss="mse", or a function of prediction and target',
        )
    return loss


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────


def check_suited(measure: Callable[..., Any], shape: tuple[int, ...], target: Any) -> None:
    """Raise where a target does not suit a loss of `nn`, with its options or without; another function takes any."""
    options = measure.keywords if isinstance(measure, functools.partial) else {}
    inner = measure.func if isinstance(measure, functools.partial) else measure
    for name, known in LOSSES.items():
        if known.function is inner:
            check_target(name, shape, target, ignore=options.get("ignore"))


def check_target(name: str, shape: tuple[int, ...], target: Any, *, ignore: int | None = None) -> None:
    """Raise where a target does not suit the loss of this name, for predictions of this shape.

    The values of a plain array are looked at as well; those of a traced one are not known.
    """
    wants = LOSSES[name].wants
    if wants == "labels" and np.ndim(target) == len(shape) - 1:
        _check_labels(name, shape, target, ignore)
        return
    if wants == "labels" and (np.shape(target) != shape or not shape):
        expected = f"labels {shape[:-1]}, or probabilities {shape}" if shape else "logits of shape (…, classes)"
        squeezes = shape and np.shape(target) == (*shape[:-1], 1)
        _refuse(
            f"{name}: the prediction has shape {shape} and the target {np.shape(target)}, where it wants {expected}",
            f"target[{', '.join(':' for _ in shape[:-1]) or '...'}, 0]"
            if squeezes
            else "one label for each row of logits",
        )
    if np.shape(target) != shape:
        _refuse_shapes(name, shape, np.shape(target))
    if isinstance(target, Operators):
        return
    values = np.asarray(target)
    if wants in ("labels", "probabilities") and np.any((values < 0) | (values > 1)):
        bad = values[(values < 0) | (values > 1)].flat[0]
        raise ArgumentError(
            f"{name}: the target holds {bad}, which is no probability",
            where=user_origin(),
            fix="numbers from 0 to 1" if wants == "probabilities" else "whole numbers for labels, one for each row",
        )
    if wants == "signs" and not np.all(np.isin(values, (-1, 1))):
        bad = values[~np.isin(values, (-1, 1))].flat[0]
        raise ArgumentError(
            f"{name}: the target holds {bad}, and its classes are −1 and 1",
            where=user_origin(),
            fix="2 * target − 1, if they are 0 and 1",
        )
    if wants == "counts" and np.any(values < 0):
        raise ArgumentError(
            f"{name}: the target holds {values[values < 0].flat[0]}, which is no count",
            where=user_origin(),
            fix="numbers from 0 on",
        )


def _check_labels(name: str, shape: tuple[int, ...], target: Any, ignore: int | None) -> None:
    if np.shape(target) != shape[:-1]:
        _refuse(
            f"{name}: the prediction has shape {shape}, and the labels {np.shape(target)}",
            f"labels of shape {shape[:-1]}",
        )
    labels: Any = target if isinstance(target, Operators) else np.asarray(target)
    if labels.dtype.kind not in "iu":
        raise DtypeError(
            f"{name}: the labels are {labels.dtype}, and not whole numbers",
            where=user_origin(),
            fix="np.unique(target, return_inverse=True)[1], which numbers the classes"
            if labels.dtype.kind in "UST"
            else f"target.astype(int), or probabilities of shape {shape}",
        )
    if isinstance(target, Operators):
        return
    out = (labels < 0) | (labels >= shape[-1])
    if ignore is not None:
        out &= labels != ignore
    if np.any(out):
        bad = int(labels[out].flat[0])
        raise ArgumentError(
            f"{name}: the label {bad} is out of range for {shape[-1]} classes",
            where=user_origin(),
            fix=f"labels from 0 to {shape[-1] - 1}"
            + (f"; ignore={bad} if it marks what does not count" if bad < 0 and ignore is None else ""),
        )


def _given(x: Any) -> Any:
    return x if isinstance(x, Operators) else np.asarray(x)


def _like(prediction: Any, target: Any) -> Any:
    """The target; whole numbers and truth values as floats of the prediction's dtype."""
    return target if target.dtype.kind == "f" else target.astype(prediction.dtype)


def _pair(name: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target, checked to have one shape."""
    prediction, target = _given(prediction), _given(target)
    check_target(name, np.shape(prediction), target)
    return prediction, _like(prediction, target)


def _refuse(problem: str, fix: str) -> NoReturn:
    raise ShapeError(problem, where=user_origin(), fix=fix)


def _refuse_shapes(name: str, shape: tuple[int, ...], other: tuple[int, ...]) -> NoReturn:
    """Shapes differ; what to write depends on which of them has an axis of length 1 too many."""
    problem = f"{name}: the prediction has shape {shape}, and the target {other}"
    try:
        stretched = np.broadcast_shapes(shape, other)
    except ValueError:
        _refuse(problem, "predictions and targets of one shape")
    if shape == (*other, 1):
        fix = "prediction[..., 0], or target[..., None]"
    elif other == (*shape, 1):
        fix = "target[..., 0], or prediction[..., None]"
    else:
        fix = "predictions and targets of one shape"
    _refuse(f"{problem}; each would be held against each, {stretched}", fix)


def _check_positive(name: str, option: str, value: Any) -> None:
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or not 0 < value < np.inf:
        raise ArgumentError(
            f"{name}: {option} is {value!r}, and has to be a number above 0", where=user_origin(), fix=f"{option}=1.0"
        )


def _check_weights(weights: Any, classes: int) -> None:
    if np.shape(weights) != (classes,):
        _refuse(
            f"cross_entropy: weights have shape {np.shape(weights)}, and there are {classes} classes",
            "one weight for each class",
        )
    if not isinstance(weights, Operators) and not np.all(np.asarray(weights) >= 0):
        raise ArgumentError("cross_entropy: a weight is negative", where=user_origin(), fix="weights from 0 on")
