"""What `fit` refuses, before the first step, and what its run refuses; with the whole message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import nn
from workings.errors import WorkingsError

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(40, 4))
Y = DRAW.integers(0, 3, 40)
IMAGES = np.zeros((40, 1, 8, 8))


def net(hidden: int = 8, taken: int = 8) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, hidden, rng=0), nn.ReLU(), nn.Linear(taken, 3, rng=1))


def fit(model: Any = None, x: Any = X, y: Any = Y, **options: Any) -> wk.Run:
    given = {"loss": "cross_entropy", "epochs": 1, "progress": False} | options
    return wk.fit(net() if model is None else model, x, y, **given)


@dataclass
class Whole(nn.Module):
    weight: np.ndarray

    def __call__(self, x):
        return x @ self.weight


class Forward:
    def forward(self, x):
        return x


class Plain:
    def __init__(self) -> None:
        self.hidden = nn.Linear(4, 3, rng=0)

    def __call__(self, x):
        return self.hidden(x)


REFUSED: dict[str, tuple[Callable[[], Any], type[WorkingsError], str]] = {
    # ── shapes that do not chain: which layer, what it wanted, what came ──
    "matrices": (
        lambda: fit(net(8, 9)),
        wk.ShapeError,
        "layers.2, Linear(9 → 3), wants an input of shape (…, 9), and got (32, 8)\n"
        "  Instead: a layer before it that gives 9, or 8 in place of 9 in this one",
    ),
    "the first layer": (
        lambda: fit(x=X[:, :3]),
        wk.ShapeError,
        "layers.0, Linear(4 → 8), wants an input of shape (…, 4), and got (32, 3)\n"
        "  Instead: a layer before it that gives 4, or 3 in place of 4 in this one",
    ),
    "channels": (
        lambda: fit(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(3, 4, 3)), IMAGES),
        wk.ShapeError,
        "layers.1, Conv2d(3 → 4, 3×3), wants an input of shape (batch, 3, height, width), and got (32, 4, 6, 6)\n"
        "  Instead: channels on the second axis; 4 in place of 3 if that is their number",
    ),
    "images without channels": (
        lambda: fit(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 3)), IMAGES[:, 0]),
        wk.ShapeError,
        "layers.0, Conv2d(1 → 4, 3×3), wants an input of shape (batch, 1, height, width), and got (32, 8, 8)\n"
        "  Instead: np.expand_dims(x, 1) for a single channel, or 4 axes",
    ),
    "images before a matrix": (
        lambda: fit(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(10, 3)), IMAGES),
        wk.ShapeError,
        "layers.2, Linear(10 → 3), wants an input of shape (…, 10), and got (32, 144)\n"
        "  Instead: a layer before it that gives 10, or 144 in place of 10 in this one",
    ),
    "after augment": (
        lambda: fit(augment=lambda x: x[:, :3]),
        wk.ShapeError,
        "layers.0, Linear(4 → 8), wants an input of shape (…, 4), and got (32, 3)\n"
        "  Instead: a layer before it that gives 4, or 3 in place of 4 in this one",
    ),
    "predictions": (
        lambda: fit().predict(X[:, :3]),
        wk.ShapeError,
        "layers.0, Linear(4 → 8), wants an input of shape (…, 4), and got (32, 3)\n"
        "  Instead: a layer before it that gives 4, or 3 in place of 4 in this one",
    ),
    # ── labels and targets ──
    "a label too large": (
        lambda: fit(y=Y + 1),
        wk.ArgumentError,
        "cross_entropy: the label 3 is out of range for 3 classes\n  Instead: labels from 0 to 2",
    ),
    "a label below 0": (
        lambda: fit(y=Y - 1),
        wk.ArgumentError,
        "cross_entropy: the label -1 is out of range for 3 classes\n"
        "  Instead: labels from 0 to 2; ignore=-1 if it marks what does not count",
    ),
    "a label of the validation": (
        lambda: fit(validation=(X, Y + 1)),
        wk.ArgumentError,
        "cross_entropy: the label 3 is out of range for 3 classes\n  Instead: labels from 0 to 2",
    ),
    "a label when it is evaluated": (
        lambda: fit().evaluate(X, Y + 1),
        wk.ArgumentError,
        "cross_entropy: the label 3 is out of range for 3 classes\n  Instead: labels from 0 to 2",
    ),
    "labels that are floats": (
        lambda: fit(y=Y.astype(float)),
        wk.DtypeError,
        "cross_entropy: the labels are float32, and not whole numbers\n"
        "  Instead: target.astype(int), or probabilities of shape (40, 3)",
    ),
    "labels that are words": (
        lambda: fit(y=np.array(["ant", "bee", "cat"])[Y]),
        wk.DtypeError,
        "cross_entropy: the labels are <U3, and not whole numbers\n"
        "  Instead: np.unique(target, return_inverse=True)[1], which numbers the classes",
    ),
    "labels in a column": (
        lambda: fit(y=Y[:, None]),
        wk.ShapeError,
        "cross_entropy: the prediction has shape (40, 3) and the target (40, 1), where it wants labels (40,), or "
        "probabilities (40, 3)\n  Instead: target[:, 0]",
    ),
    "a target that would broadcast": (
        lambda: fit(nn.Linear(4, 1), y=X[:, 0], loss="mse"),
        wk.ShapeError,
        "mse: the prediction has shape (40, 1), and the target (40,); each would be held against each, (40, 40)\n"
        "  Instead: prediction[..., 0], or target[..., None]",
    ),
    # ── batches ──
    "a batch of none": (
        lambda: fit(batch_size=0),
        wk.ArgumentError,
        "batch_size is 0; it is a number of rows, 1 or more\n  Instead: batch_size=32",
    ),
    "a batch of less than none": (
        lambda: fit(batch_size=-4),
        wk.ArgumentError,
        "batch_size is -4; it is a number of rows, 1 or more\n  Instead: batch_size=32",
    ),
    "a batch larger than the data": (
        lambda: fit(batch_size=41),
        wk.ArgumentError,
        "batch_size is 41, and there are only 40 rows\n  Instead: batch_size=40",
    ),
    "a batch larger than what validation leaves": (
        lambda: fit(batch_size=40, validation=0.2),
        wk.ArgumentError,
        "batch_size is 40, and there are only 32 rows\n  Instead: batch_size=32",
    ),
    # ── rates, and what is trained ──
    "a negative rate": (
        lambda: fit(optimizer=wk.Adam(-0.1)),
        wk.ArgumentError,
        "learning_rate is -0.1; it must not be negative\n"
        "  Instead: learning_rate=0.1; the minus sign is in the update already",
    ),
    "a negative rate in a schedule": (
        lambda: fit(optimizer=wk.Adam(wk.schedules.Cosine(-0.1, steps=10))),
        wk.ArgumentError,
        "learning_rate is -0.1; it must not be negative\n"
        "  Instead: learning_rate=0.1; the minus sign is in the update already",
    ),
    "a negative rate later": (
        lambda: fit().resume(epochs=1, learning_rate=-1),
        wk.ArgumentError,
        "learning_rate is -1; it must not be negative\n"
        "  Instead: learning_rate=1; the minus sign is in the update already",
    ),
    "everything frozen": (
        lambda: fit(frozen=["*"]),
        wk.ArgumentError,
        "every parameter is frozen: layers.0.weight, layers.0.bias, layers.2.weight, layers.2.bias\n"
        "  Instead: frozen=[…] that leaves one to train",
    ),
    "frozen by a wrong name": (
        lambda: fit(frozen=["layers.0.wieght"]),
        wk.ArgumentError,
        "frozen has 'layers.0.wieght', and no parameter is called so\n"
        "  Instead: 'layers.0.weight' or 'layers.2.weight' or 'layers.0.bias'",
    ),
    # ── rows ──
    "unequal lengths": (
        lambda: fit(y=Y[:39]),
        wk.ArgumentError,
        "x has 40 rows and y has 39\n  Instead: one target for each input",
    ),
    "unequal lengths of the validation": (
        lambda: fit(validation=(X[:10], Y[:9])),
        wk.ArgumentError,
        "the validation's x has 10 rows and the validation's y has 9\n  Instead: one target for each input",
    ),
    "unequal lengths when it is evaluated": (
        lambda: fit().evaluate(X, Y[:39]),
        wk.ArgumentError,
        "x has 40 rows and y has 39\n  Instead: one target for each input",
    ),
    "no rows": (
        lambda: fit(x=X[:0], y=Y[:0]),
        wk.ArgumentError,
        "x and y have no rows\n  Instead: one row for each example",
    ),
    "a number for x": (
        lambda: fit(x=3.0),
        wk.ArgumentError,
        "x is one number, and has no rows\n  Instead: one row for each example",
    ),
    "rows of unequal lengths": (
        lambda: fit(x=[[1.0, 2.0], [3.0]]),
        wk.ArgumentError,
        "x is a list of rows that are of unequal lengths\n  Instead: rows of one length, the shorter ones padded",
    ),
    "no y": (
        lambda: fit(y=None),
        wk.ArgumentError,
        "y is None\n  Instead: an array with one row for each example as y",
    ),
    # ── integers where floats are needed, and floats where integers are ──
    "integers": (
        lambda: fit(x=np.round(X).astype(int)),
        wk.DtypeError,
        "layers.0, Linear(4 → 8), wants floats, and got int64\n  Instead: x.astype(np.float32)",
    ),
    "pixels": (
        lambda: fit(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 3)), IMAGES.astype(np.uint8)),
        wk.DtypeError,
        "layers.0, Conv2d(1 → 4, 3×3), wants floats, and got uint8\n"
        "  Instead: x.astype(np.float32) / 255, if they are pixels",
    ),
    "integer parameters": (
        lambda: fit(Whole(np.ones((4, 3), int))),
        wk.GradientError,
        "the parameter model.weight is int64, and only floating values can be nudged\n  Instead: weight.astype(float)",
    ),
    "an integer dtype": (
        lambda: fit(dtype=int),
        wk.ArgumentError,
        "dtype is int64, and only floating values can be nudged\n  Instead: dtype=np.float32",
    ),
    "a dtype that is none": (
        lambda: fit(dtype="float33"),
        wk.ArgumentError,
        "dtype is 'float33', which NumPy does not know\n  Instead: dtype=np.float32",
    ),
    "floats for an embedding": (
        lambda: fit(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3)), X[:, 0]),
        wk.DtypeError,
        "layers.0, Embedding(10 → 4), wants whole numbers, and got float32\n  Instead: x.astype(int)",
    ),
    "symbols that an embedding does not have": (
        lambda: fit(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3)), np.arange(40)),
        wk.ArgumentError,
        "x holds 10, and layers.0.weight has 10 rows\n"
        "  Instead: whole numbers from 0 to 9, or a larger layers.0.weight",
    ),
    # ── names, with the nearest ──
    "a loss": (
        lambda: fit(loss="crossentropy"),
        wk.ArgumentError,
        "there is no loss 'crossentropy'\n  Instead: 'cross_entropy'",
    ),
    "a loss like none": (
        lambda: fit(loss="xyz"),
        wk.ArgumentError,
        "there is no loss 'xyz'\n  Instead: one of mse, mae, huber, quantile, cosine, poisson, cross_entropy, "
        "binary_cross_entropy, hinge, kl_divergence, or a function of prediction and target",
    ),
    "an optimizer": (
        lambda: fit(optimizer="adamm"),
        wk.ArgumentError,
        "there is no optimizer 'adamm'\n  Instead: 'adam' or 'nadam' or 'adamw'",
    ),
    "a metric": (
        lambda: fit(metrics="acuracy"),
        wk.ArgumentError,
        "there is no metric 'acuracy'\n  Instead: 'accuracy'",
    ),
    "an engine": (
        lambda: fit(engine="nmpy"),
        wk.ArgumentError,
        "there is no engine 'nmpy'; there are 'auto', 'native', 'numpy' and 'reference'\n  Instead: engine='numpy'",
    ),
    # ── the wrong kind of thing ──
    "a metric's class": (
        lambda: fit(metrics=wk.metrics.Accuracy),
        wk.ArgumentError,
        "metrics holds <class 'workings.train.metrics.classes.Accuracy'>, which is no metric\n"
        "  Instead: Accuracy(), an instance",
    ),
    "an optimizer's class": (
        lambda: fit(optimizer=wk.Adam),
        wk.ArgumentError,
        "optimizer is <class 'workings.train.optimizers.adam.Adam'>, which is no optimizer\n"
        "  Instead: optimizer=Adam(…), an instance",
    ),
    "a layer's class": (
        lambda: fit(nn.Linear),
        wk.ArgumentError,
        "the model is the class Linear\n  Instead: Linear(…), an instance",
    ),
    "a list for a model": (
        lambda: fit([nn.Linear(4, 3)]),
        wk.ArgumentError,
        "the model is a list, which cannot be called\n  Instead: nn.Sequential(*layers)",
    ),
    "a model of another library": (
        lambda: fit(Forward()),
        wk.ArgumentError,
        "the model is a Forward, which cannot be called\n  Instead: the method called __call__ in place of forward",
    ),
    "a model that is no dataclass": (
        lambda: fit(Plain()),
        wk.ArgumentError,
        "the model, Plain, has no arrays that are trained\n"
        "  Instead: @dataclass above class Plain, with a line for each field, as `hidden: nn.Linear`",
    ),
    "a model without parameters": (
        lambda: fit(nn.Sequential(nn.ReLU())),
        wk.ArgumentError,
        "the model, Sequential, has no arrays that are trained\n"
        "  Instead: a module of nn with a layer such as nn.Linear; wk.train for a function and its parameters",
    ),
    "a number for early_stopping": (
        lambda: fit(early_stopping=3, validation=0.2),
        wk.ArgumentError,
        "early_stopping is 3\n  Instead: early_stopping=wk.EarlyStopping()",
    ),
    "a class for reduce_on_plateau": (
        lambda: fit(reduce_on_plateau=wk.schedules.ReduceOnPlateau, validation=0.2),
        wk.ArgumentError,
        "reduce_on_plateau is the class ReduceOnPlateau\n  Instead: reduce_on_plateau=wk.schedules.ReduceOnPlateau()",
    ),
    "augment that is no function": (
        lambda: fit(augment="shift"),
        wk.ArgumentError,
        "augment is 'shift'\n  Instead: augment=lambda x: …, of the inputs of a batch",
    ),
    "a listener that is no function": (
        lambda: fit(listeners=3),
        wk.ArgumentError,
        "listeners holds 3, which cannot be called\n  Instead: listeners=[print], called with each event",
    ),
    "a share of all": (
        lambda: fit(validation=1),
        wk.ArgumentError,
        "validation is 1; a share lies between 0 and 1\n  Instead: validation=0.1",
    ),
    "a list for validation": (
        lambda: fit(validation=[X, Y]),
        wk.ArgumentError,
        "validation is a list; it is a share of the data, or a pair of inputs and targets\n"
        "  Instead: validation=0.1, or validation=(x_validation, y_validation)",
    ),
    "early stopping without validation": (
        lambda: fit(early_stopping=wk.EarlyStopping()),
        wk.ArgumentError,
        "early stopping watches 'validation_loss', which no epoch gives; there are no validation data\n"
        "  Instead: validation=0.1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_the_whole_message(case: str) -> None:
    ask, kind, message = REFUSED[case]
    with pytest.raises(WorkingsError) as caught:
        ask()
    error = caught.value
    assert type(error) is kind
    assert f"{error.problem}\n  Instead: {error.fix}" == message
    assert error.where is None or error.where.file == __file__


def test_an_ignored_label_may_lie_outside() -> None:
    def measure(prediction: Any, target: Any) -> Any:
        return nn.cross_entropy(prediction, target, ignore=-1)

    run = fit(y=np.where(np.arange(40) % 5 == 0, -1, Y), loss=measure)
    assert np.isfinite(run.losses).all()


def test_negative_indices_within_an_array_are_taken() -> None:
    @dataclass
    class Last(nn.Module):
        weight: np.ndarray

        def __call__(self, x):
            return self.weight[x]

    run = fit(Last(np.ones((3, 3), np.float32)), np.full(40, -1))
    assert run.model.weight.shape == (3, 3)
