"""Metrics against scikit-learn, and for batches of unequal sizes against all examples at once."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

import workings as wk
from workings.errors import ArgumentError
from workings.train.metrics import METRICS, metric_of

M = wk.metrics
N, CLASSES = 200, 7


def rng():
    return np.random.default_rng(11)


def many(dtype=np.float64):
    """Logits of 7 classes that are right about half the time; class 6 is never right, class 5 never there."""
    labels = rng().choice([0, 1, 2, 3, 4, 6], size=N, p=[0.4, 0.25, 0.15, 0.1, 0.07, 0.03])
    logits = rng().normal(size=(N, CLASSES))
    logits[np.arange(N), labels] += 1.0
    logits[:, 6] -= 10.0
    return logits.astype(dtype), labels


def two():
    labels = rng().integers(0, 2, size=N)
    return np.round(rng().normal(size=N) + 0.8 * labels, 1), labels  # rounded, so that there are ties


def numbers():
    target = 1e6 + rng().normal(size=(N, 3)) * [1.0, 10.0, 0.1]
    return target + rng().normal(size=(N, 3)) * 0.5, target


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def there(function, logits, target, **options):
    """scikit-learn's, which warns where a class was never predicted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(target, np.argmax(logits, axis=1), **options)


AVERAGES = [
    (ours(average), many, lambda p, t, f=function, a=average: there(f, p, t, average=a))
    for ours, function in (
        (M.Precision, sklearn.precision_score),
        (M.Recall, sklearn.recall_score),
        (M.F1, sklearn.f1_score),
    )
    for average in ("macro", "micro", "weighted")
]

# a metric, its data, and what scikit-learn says
CASES = [
    (M.Accuracy(), many, lambda p, t: there(sklearn.accuracy_score, p, t)),
    (M.Accuracy(), two, lambda p, t: sklearn.accuracy_score(t, p > 0)),
    (M.Accuracy(threshold=0.5), two, lambda p, t: sklearn.accuracy_score(t, p > 0.5)),
    (M.TopK(1), many, lambda p, t: there(sklearn.accuracy_score, p, t)),
    (M.TopK(2), many, lambda p, t: sklearn.top_k_accuracy_score(t, p, k=2, labels=range(CLASSES))),
    (M.TopK(5), many, lambda p, t: sklearn.top_k_accuracy_score(t, p, k=5, labels=range(CLASSES))),
    (M.ConfusionMatrix(), many, lambda p, t: there(sklearn.confusion_matrix, p, t, labels=range(CLASSES))),
    (M.ConfusionMatrix(), two, lambda p, t: sklearn.confusion_matrix(t, p > 0)),
    *AVERAGES,
    (M.Precision(), many, lambda p, t: there(sklearn.precision_score, p, t, average="macro")),
    (M.Precision(), two, lambda p, t: sklearn.precision_score(t, p > 0)),
    (M.Recall(), two, lambda p, t: sklearn.recall_score(t, p > 0)),
    (M.F1(), two, lambda p, t: sklearn.f1_score(t, p > 0)),
    (M.F1("macro", 0.5), two, lambda p, t: sklearn.f1_score(t, p > 0.5, average="macro")),
    (M.RocAuc(), two, lambda p, t: sklearn.roc_auc_score(t, p)),
    (M.R2(), numbers, lambda p, t: sklearn.r2_score(t, p)),
    (M.RMSE(), numbers, lambda p, t: sklearn.mean_squared_error(t.ravel(), p.ravel()) ** 0.5),
    (M.MAE(), numbers, lambda p, t: sklearn.mean_absolute_error(t, p)),
    (M.Perplexity(), many, lambda p, t: math.exp(sklearn.log_loss(t, softmax(p), labels=range(CLASSES)))),
]


def named(case):
    return f"{case[0]!r} of {case[1].__name__}"


def in_batches(metric, prediction, target, sizes=(1, 64, 7, 0, 50)):
    ends = np.cumsum(sizes)
    pieces = zip(np.split(prediction, ends), np.split(target, ends), strict=True)
    return metric.finish(metric.merge([metric.statistic(p, t) for p, t in pieces]))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_against_scikit_learn(case):
    metric, data, wanted = case
    prediction, target = data()
    np.testing.assert_allclose(metric(prediction, target), wanted(prediction, target), rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_batches_of_unequal_sizes(case):
    metric, data, _ = case
    prediction, target = data()
    np.testing.assert_allclose(in_batches(metric, prediction, target), metric(prediction, target), rtol=1e-12)
    one_by_one = in_batches(metric, prediction, target, (1,) * (N - 1))
    np.testing.assert_allclose(one_by_one, metric(prediction, target), rtol=1e-12)
    parts = [metric.statistic(p, t) for p, t in zip(np.split(prediction, 4), np.split(target, 4), strict=True)]
    step_by_step = parts[0]
    for part in parts[1:]:
        step_by_step = metric.merge([step_by_step, part])
    np.testing.assert_allclose(metric.finish(step_by_step), metric(prediction, target), rtol=1e-12)


def test_every_metric_is_tested():
    assert {type(metric) for metric, _, _ in CASES} == set(METRICS.values())


@pytest.mark.parametrize("name", METRICS)
def test_by_name(name):
    metric = metric_of(name)
    assert type(metric) is METRICS[name]
    assert metric.name == ("top_5" if name == "top_k" else name)
    assert metric.mode in ("min", "max", None)


def test_a_metric_is_called_what_it_is_to_be_called():
    assert M.F1("macro", name="f1_macro").name == "f1_macro"
    assert M.TopK(3).name == "top_3"


# ── forms of predictions and targets ──


@pytest.mark.parametrize("metric", [M.Accuracy(), M.F1(), M.TopK(2), M.Perplexity()], ids=repr)
def test_forms_of_labels(metric):
    logits, labels = many(np.float32)
    wanted = metric(logits, labels)
    assert metric(logits, labels.astype(np.uint8)) == wanted
    assert metric(logits, labels.astype(np.float32)) == wanted
    assert metric(logits, np.eye(CLASSES)[labels]) == wanted
    assert metric(logits.tolist(), labels.tolist()) == pytest.approx(wanted)
    assert metric(logits.reshape(10, 20, CLASSES), labels.reshape(10, 20)) == wanted


def test_predicted_labels():
    logits, labels = many()
    predicted = np.argmax(logits, axis=1)
    assert M.Accuracy()(predicted, labels) == M.Accuracy()(logits, labels)
    assert M.F1(classes=CLASSES)(predicted, labels) == M.F1()(logits, labels)
    scores, ones = two()
    assert M.Accuracy()(scores > 0, ones) == M.Accuracy()(scores, ones) == M.Accuracy()(scores[:, None], ones[:, None])


def test_two_columns_are_one_score():
    scores, labels = two()
    assert M.RocAuc()(np.stack([-scores / 2, scores / 2], axis=1), labels) == M.RocAuc()(scores, labels)
    assert M.F1()(np.stack([0 * scores, scores], axis=1), labels) == M.F1()(scores, labels)


def test_a_label_that_marks_a_gap():
    logits, labels = many()
    with_gaps = np.where(np.arange(N) % 3 == 0, -100, labels)
    kept = with_gaps >= 0
    for make in (M.Accuracy, lambda **options: M.TopK(3, **options), M.Perplexity):
        assert make(ignore=-100)(logits, with_gaps) == pytest.approx(make()(logits[kept], labels[kept]), rel=1e-14)
    assert M.Accuracy(ignore=-1)([2, 1, 0], [2, 0, -1]) == 0.5


def test_ties_of_the_largest_scores():
    flat = np.zeros((3, 3))
    assert M.Accuracy()(flat, [0, 1, 2]) == M.TopK(1)(flat, [0, 1, 2]) == pytest.approx(1 / 3)
    assert M.TopK(2)(flat, [0, 1, 2]) == pytest.approx(2 / 3)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30))
def test_the_area_counts_every_pair(examples):
    scores = np.array([score for score, _ in examples], float)
    labels = np.array([label for _, label in examples])
    if labels.all() or not labels.any():
        return
    pairs = [(1.0 if a > b else 0.5 if a == b else 0.0) for a in scores[labels] for b in scores[~labels]]
    assert M.RocAuc()(scores, labels) == sum(pairs) / len(pairs)


def test_the_area_of_many_examples_is_exact():
    n = 300_000  # whose pairs do not fit 32 bits
    scores, labels = np.arange(n), np.arange(n) % 2
    assert M.RocAuc()(scores, labels) == pytest.approx(0.5 + 1 / n, rel=1e-15)


def test_targets_that_are_all_equal():
    assert M.R2()([1.0, 1.0], [1.0, 1.0]) == sklearn.r2_score([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert M.R2()([1.0, 2.0], [1.0, 1.0]) == sklearn.r2_score([1.0, 1.0], [1.0, 2.0]) == 0.0
    prediction, target = np.array([[1.0, 2.0], [1.5, 3.0]]), np.array([[1.0, 2.0], [1.0, 4.0]])
    assert M.R2()(prediction, target) == sklearn.r2_score(target, prediction)


def test_narrow_dtypes_do_not_overflow_or_round():
    scores, target = np.full(5000, 3.0, np.float16), np.zeros(5000, np.float16)
    assert M.RMSE()(scores * 100, target) == 300.0
    assert M.MAE()(scores, target) == 3.0
    small = np.array([0, 255], np.uint8)
    assert M.MAE()(small, small[::-1]) == 255.0


def test_a_perplexity_beyond_all_numbers():
    assert M.Perplexity()([[0.0, 2000.0]], [0]) == math.inf


# ── what is refused ──

FLAT = np.zeros((4, 3))
LABELS = np.array([0, 1, 2, 1])

REFUSED = {
    "a label too large": (
        lambda: M.Accuracy()(FLAT, [0, 1, 2, 3]),
        "target holds the label 3; there are 3 classes, 0 to 2\n"
        "  Instead: labels from 0, or ignore= for one that marks a gap",
    ),
    "a label below 0": (
        lambda: M.Perplexity()(FLAT, [0, 1, 2, -1]),
        "target holds the label -1; there are 3 classes, 0 to 2\n"
        "  Instead: labels from 0, or ignore= for one that marks a gap",
    ),
    "a predicted label below 0": (
        lambda: M.Accuracy()([-1, 0], [0, 0]),
        "prediction holds the label -1; labels are counted from 0\n"
        "  Instead: labels from 0, or ignore= for one that marks a gap",
    ),
    "a label that is none": (
        lambda: M.Accuracy()(FLAT, [0.0, 1.0, 0.5, 1.0]),
        "target holds 0.5, which is no label\n  Instead: whole numbers from 0",
    ),
    "unequal lengths": (
        lambda: M.Accuracy()(FLAT, [0, 1, 2]),
        "prediction has shape (4, 3) and target has shape (3,)\n"
        "  Instead: prediction of shape (N, classes), or (N,) for two classes, and target of shape (N,)",
    ),
    "a column against a row": (
        lambda: M.F1()(np.zeros((4, 1)), LABELS),
        "prediction has shape (4, 1) and target has shape (4,)\n"
        "  Instead: prediction[..., 0], one score for each target",
    ),
    "a row against a column": (
        lambda: M.Accuracy()(np.zeros(4), LABELS[:, None]),
        "prediction has shape (4,) and target has shape (4, 1)\n"
        "  Instead: target[..., 0], one label for each prediction",
    ),
    "not one-hot": (
        lambda: M.TopK(1)(FLAT, np.ones((4, 3))),
        "target has the shape of prediction, (4, 3), and is not one-hot: a single 1 in each row\n"
        "  Instead: labels, one for each row",
    ),
    "nan": (
        lambda: M.Accuracy()(FLAT * math.nan, LABELS),
        "prediction holds nan\n  Instead: finite values; a run stops at the first step that makes nan",
    ),
    "strings": (
        lambda: M.Accuracy()(FLAT, ["a", "b", "c", "b"]),
        "target has dtype <U1, which is no real number\n  Instead: an array of numbers",
    ),
    "labels where scores are needed": (
        lambda: M.Perplexity()(LABELS, LABELS),
        "prediction is of int64; this metric needs a score for every class\n  Instead: the logits, before argmax",
    ),
    "no examples": (
        lambda: M.Accuracy()(np.zeros((0, 3)), np.zeros(0, int)),
        "there are no examples to measure\n  Instead: one example, or more",
    ),
    "all ignored": (
        lambda: M.Perplexity(ignore=1)(FLAT[:2], [1, 1]),
        "there are no examples to measure\n  Instead: one example, or more",
    ),
    "k too large": (
        lambda: M.TopK(3)(FLAT, LABELS),
        "the class is always among the 3 of the largest scores; there are 3 classes\n  Instead: TopK(1)",
    ),
    "k below 1": (lambda: M.TopK(0), "k is 0; it is a whole number, 1 or more\n  Instead: k=1"),
    "an unknown average": (
        lambda: M.F1("samples"),
        'average is \'samples\'\n  Instead: one of "binary", "macro", "micro", "weighted"',
    ),
    "binary of three": (
        lambda: M.Recall("binary")(FLAT, LABELS),
        'average="binary" is for two classes, and there are 3\n  Instead: average="macro", or "weighted"',
    ),
    "an unknown number of classes": (
        lambda: M.ConfusionMatrix()([0, 1], [0, 1]),
        "predictions are labels, and how many classes there are is not known\n  Instead: classes=10",
    ),
    "another number of classes": (
        lambda: M.ConfusionMatrix(classes=4)(FLAT, LABELS),
        "prediction has 3 classes, and classes is 4\n  Instead: leave classes out",
    ),
    "an area of one class": (
        lambda: M.RocAuc()([0.1, 0.2], [1, 1]),
        "all 2 examples are of class 1; the area compares two classes\n"
        "  Instead: examples of both, as a stratified split has them",
    ),
    "an area of three classes": (
        lambda: M.RocAuc()(FLAT, LABELS),
        "prediction has shape (4, 3) and target has shape (4,); the area is for two classes\n"
        "  Instead: one score for each target, or two columns",
    ),
    "an area of another label": (
        lambda: M.RocAuc()([0.1, 0.2], [1, 2]),
        "target holds the label 2; the area is for two classes, 0 and 1\n  Instead: 0 and 1",
    ),
    "columns against a row": (
        lambda: M.MAE()(np.zeros((4, 1)), np.zeros(4)),
        "prediction has shape (4, 1) and target has shape (4,)\n  Instead: prediction[:, 0]",
    ),
    "a row against columns": (
        lambda: M.R2()(np.zeros(4), np.zeros((4, 1))),
        "prediction has shape (4,) and target has shape (4, 1)\n  Instead: target[:, 0]",
    ),
    "one example": (
        lambda: M.R2()([1.0], [1.0]),
        "R² of 1 examples is not defined\n  Instead: two examples, or more",
    ),
    "single numbers": (
        lambda: M.R2()(1.0, 1.0),
        "prediction and target are single numbers\n  Instead: arrays, with one row for each example",
    ),
    "an unknown name": (lambda: metric_of("acuracy"), "there is no metric 'acuracy'\n  Instead: 'accuracy'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == message
