"""Losses: values against formulas and scikit-learn, gradients, the same bits in a trace, and what is refused."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import scipy.special
import sklearn.metrics

import workings as wk
from workings import nn
from workings.graph import evaluate
from workings.nn.losses import check_target

RNG = np.random.default_rng(5)
ROWS, OTHERS = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))
LABELS = np.array([0, 3, 2, 2, 1, 0])
SHARES = scipy.special.softmax(OTHERS, axis=-1)
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0])
LOGS = scipy.special.log_softmax(ROWS, axis=-1)
CHOSEN = -LOGS[np.arange(6), LABELS]
YES = (OTHERS > 0).astype(int)
SIGNS = 2 * YES - 1


def smoothed(amount: float) -> Any:
    return (1 - amount) * np.eye(4)[LABELS] + amount / 4


# each: the loss with its options, a target, and its value by another way
CASES: dict[str, tuple[Any, Any, Any]] = {
    "mse": (nn.mse, OTHERS, sklearn.metrics.mean_squared_error(OTHERS, ROWS)),
    "mse, whole numbers": (nn.mse, YES, np.mean((ROWS - YES) ** 2)),
    "mae": (nn.mae, OTHERS, sklearn.metrics.mean_absolute_error(OTHERS, ROWS)),
    "huber": (functools.partial(nn.huber, delta=0.7), OTHERS, scipy.special.huber(0.7, ROWS - OTHERS).mean()),
    "quantile": (
        functools.partial(nn.quantile, level=0.8),
        OTHERS,
        sklearn.metrics.mean_pinball_loss(OTHERS, ROWS, alpha=0.8),
    ),
    "cosine": (
        nn.cosine,
        OTHERS,
        np.mean(1 - np.diagonal(sklearn.metrics.pairwise.cosine_similarity(ROWS, OTHERS))),
    ),
    "poisson": (nn.poisson, np.abs(OTHERS), np.mean(np.exp(ROWS) - np.abs(OTHERS) * ROWS)),
    "cross_entropy": (nn.cross_entropy, LABELS, sklearn.metrics.log_loss(LABELS, scipy.special.softmax(ROWS, axis=-1))),
    "cross_entropy, shares": (nn.cross_entropy, SHARES, -np.mean(np.sum(SHARES * LOGS, axis=-1))),
    "cross_entropy, smoothing": (
        functools.partial(nn.cross_entropy, smoothing=0.2),
        LABELS,
        -np.mean(np.sum(smoothed(0.2) * LOGS, axis=-1)),
    ),
    "cross_entropy, ignore": (
        functools.partial(nn.cross_entropy, ignore=2),
        LABELS,
        np.mean(CHOSEN[LABELS != 2]),
    ),
    "cross_entropy, weights": (
        functools.partial(nn.cross_entropy, weights=WEIGHTS),
        LABELS,
        np.average(CHOSEN, weights=WEIGHTS[LABELS]),
    ),
    "binary_cross_entropy": (
        nn.binary_cross_entropy,
        YES,
        sklearn.metrics.log_loss(YES.ravel(), scipy.special.expit(ROWS.ravel())),
    ),
    "binary_cross_entropy, weight": (
        functools.partial(nn.binary_cross_entropy, weight=3.0),
        YES,
        -np.mean(3 * YES * scipy.special.log_expit(ROWS) + (1 - YES) * scipy.special.log_expit(-ROWS)),
    ),
    "hinge": (nn.hinge, SIGNS, sklearn.metrics.hinge_loss(SIGNS.ravel(), ROWS.ravel())),
    "kl_divergence": (nn.kl_divergence, SHARES, np.mean(np.sum(scipy.special.rel_entr(SHARES, np.exp(LOGS)), axis=-1))),
}


def test_every_loss_has_a_case() -> None:
    assert {name.partition(",")[0] for name in CASES} == set(nn.LOSSES)
    assert all(getattr(nn, name) is loss.function for name, loss in nn.LOSSES.items())
    assert {name for name, loss in nn.LOSSES.items() if loss.logits} == {
        "binary_cross_entropy",
        "cross_entropy",
        "kl_divergence",
    }


@pytest.mark.parametrize("name", CASES)
def test_value(name: str) -> None:
    loss, target, wanted = CASES[name]
    assert float(loss(ROWS, target)) == pytest.approx(float(wanted), rel=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_gradient(name: str) -> None:
    loss, target, _ = CASES[name]
    check = wk.check_gradient(lambda prediction, target: loss(prediction, target), ROWS, target, wrt=0, order=1)
    assert check.ok, str(check)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_plain_arrays_and_a_trace_give_the_same_bits(name: str, dtype: Any) -> None:
    loss, target, _ = CASES[name]
    given = target.astype(dtype) if target.dtype.kind == "f" else target

    def of(prediction: Any, target: Any) -> Any:
        return loss(prediction, target)

    prediction = ROWS.astype(dtype)
    graph = wk.trace(of, prediction, given)
    (traced,) = evaluate(graph, [prediction, given])
    plain = loss(prediction, given)
    assert plain.dtype == traced.dtype == dtype
    assert traced.tobytes() == plain.tobytes()
    title = name.partition(",")[0]
    assert all(n.scope[:1] == (title,) and n.origin.file == __file__ for n in graph.nodes if n.inputs and n.origin)


def test_large_logits_neither_overflow_nor_lose_the_loss() -> None:
    assert float(nn.cross_entropy(np.array([[1000.0, 0.0]]), np.array([1]))) == 1000.0
    assert float(nn.binary_cross_entropy(np.array([1000.0, -1000.0]), np.array([0, 1]))) == 1000.0
    for weight in (1.0, 2.0):
        assert float(nn.binary_cross_entropy(np.array([1000.0]), np.array([1]), weight=weight)) == 0.0
    slope = wk.grad(nn.cross_entropy)(np.array([[1000.0, -np.inf]]), np.array([0]))
    assert slope.tolist() == [[0.0, 0.0]]


def test_nothing_that_counts_gives_0() -> None:
    target = np.full(6, 2)
    assert float(nn.cross_entropy(ROWS, target, ignore=2)) == 0.0
    slope = wk.grad(lambda z: nn.cross_entropy(z, target, ignore=2))(ROWS)
    assert not np.any(slope)


def test_a_label_that_is_ignored_may_be_out_of_range() -> None:
    target = np.array([-1, 3, 2, -1, 1, 0])
    wanted = np.mean(-LOGS[np.arange(6), target][target >= 0])
    assert float(nn.cross_entropy(ROWS, target, ignore=-1)) == pytest.approx(wanted, rel=1e-12)


def test_shapes_that_would_broadcast_by_accident() -> None:
    for name, loss in nn.LOSSES.items():
        if loss.wants == "labels":
            continue
        target = np.ones(4)
        with pytest.raises(wk.ShapeError) as caught:
            loss.function(np.zeros((4, 1)), target)
        assert str(caught.value).startswith(
            f"{name}: the prediction has shape (4, 1), and the target (4,); each would be held against each, (4, 4)"
        )
        assert caught.value.fix == "prediction[..., 0], or target[..., None]"
        assert caught.value.where.file == __file__
        with pytest.raises(wk.ShapeError, match="each would be held against each"):
            wk.trace(loss.function, np.zeros(4), np.ones((4, 1)))
        with pytest.raises(wk.ShapeError, match=r"shape \(4,\), and the target \(3,\)\n"):
            loss.function(np.zeros(4), np.ones(3))


@pytest.mark.parametrize(
    ("target", "kind", "words", "fix"),
    [
        (np.array([0, 4]), wk.ArgumentError, "the label 4 is out of range for 4 classes", "labels from 0 to 3"),
        (
            np.array([0, -1]),
            wk.ArgumentError,
            "the label -1 is out of range for 4 classes",
            "labels from 0 to 3; ignore=-1 if it marks what does not count",
        ),
        (
            np.array([0.0, 1.0]),
            wk.DtypeError,
            "the labels are float64, and not whole numbers",
            "target.astype(int), or probabilities of shape (2, 4)",
        ),
        (
            np.array([0, 1, 2]),
            wk.ShapeError,
            "the prediction has shape (2, 4), and the labels (3,)",
            "labels of shape (2,)",
        ),
        (
            np.array([[0], [1]]),
            wk.ShapeError,
            "the prediction has shape (2, 4) and the target (2, 1), "
            "where it wants labels (2,), or probabilities (2, 4)",
            "target[:, 0]",
        ),
        (
            np.array([[0, 0, 2, 0], [0, 0, 0, 1]]),
            wk.ArgumentError,
            "the target holds 2, which is no probability",
            "whole numbers for labels, one for each row",
        ),
    ],
)
def test_labels_that_do_not_fit(target: Any, kind: type[wk.WorkingsError], words: str, fix: str) -> None:
    with pytest.raises(kind) as caught:
        nn.cross_entropy(ROWS[:2], target)
    assert caught.value.problem == f"cross_entropy: {words}"
    assert caught.value.fix == fix
    with pytest.raises(kind):
        check_target("cross_entropy", (2, 4), target)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.binary_cross_entropy(ROWS, ROWS * 9), "which is no probability"),
        (lambda: nn.hinge(ROWS, YES), "the target holds 0, and its classes are −1 and 1"),
        (lambda: nn.poisson(ROWS, np.full((6, 4), -1)), "the target holds -1, which is no count"),
        (lambda: nn.huber(ROWS, OTHERS, delta=0), "delta is 0, and has to be a number above 0"),
        (lambda: nn.quantile(ROWS, OTHERS, level=1), "level is 1, and has to be a number between 0 and 1"),
        (lambda: nn.cross_entropy(ROWS, LABELS, smoothing=1.0), "smoothing is 1.0"),
        (lambda: nn.cross_entropy(ROWS, LABELS, weights=[1.0]), "weights have shape (1,), and there are 4 classes"),
        (lambda: nn.cross_entropy(ROWS, LABELS, weights=-WEIGHTS), "a weight is negative"),
        (lambda: nn.cosine(1.0, 2.0), "only rows have an angle"),
        (lambda: nn.cross_entropy(1.0, 2.0), "where it wants logits"),
        (lambda: nn.kl_divergence(1.0, 1.0), "not logits of classes"),
        (lambda: nn.loss_of(3), "the loss is 3, which is no function"),
    ],
)
def test_bad_arguments(call: Any, words: str) -> None:
    with pytest.raises(wk.WorkingsError) as caught:
        call()
    assert words in caught.value.problem
    assert caught.value.fix
    assert caught.value.where.file == __file__


def test_names() -> None:
    assert nn.loss_of("huber") is nn.huber
    assert nn.loss_of(nn.huber) is nn.huber
    for name, near in {
        "crossentropy": "cross_entropy",
        "MSE": "mse",
        "binary cross-entropy": "binary_cross_entropy",
    }.items():
        with pytest.raises(wk.ArgumentError) as caught:
            nn.loss_of(name)
        assert caught.value.problem == f"there is no loss {name!r}"
        assert caught.value.fix == repr(near)
    with pytest.raises(wk.ArgumentError) as caught:
        nn.loss_of("zzz")
    assert caught.value.fix is not None
    assert caught.value.fix.startswith("one of mse, mae")


@pytest.mark.parametrize(
    ("name", "ours"),
    [("categorical_crossentropy", "cross_entropy"), ("mean_squared_error", "mse"), ("crossentropy", "cross_entropy")],
)
def test_the_names_that_others_have_lead_to_ours(name, ours):
    with pytest.raises(wk.ArgumentError) as caught:
        nn.losses.loss_of(name)
    assert caught.value.fix == repr(ours)
