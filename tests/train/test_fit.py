"""Models trained by epochs: what `fit` makes of a model, its data and a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

import workings as wk
from workings import ArgumentError, nn
from workings.train.metrics import Metric

RNG = np.random.default_rng(0)
X = RNG.normal(size=(130, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(int)


def net(dropout: float = 0.0) -> nn.Sequential:
    inner = [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.Linear(4, 8, rng=1), nn.Tanh(), *inner, nn.Linear(8, 2, rng=2))


def fitted(model: Any = None, x: Any = X, y: Any = Y, **options: Any) -> wk.Run:
    options = {"loss": "cross_entropy", "optimizer": wk.Adam(0.02), "epochs": 3, "progress": False, **options}
    return wk.fit(net() if model is None else model, x, y, **options)


def test_a_model_learns_and_answers():
    run = fitted(epochs=30, validation=0.2, metrics=["accuracy"])
    assert run.evaluate(X, Y)["accuracy"] > 0.95
    answers = run.predict(X)
    assert answers.shape == (130, 2)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, run.model(X), rtol=1e-5, atol=1e-6)
    assert run.evaluate(X, Y)["accuracy"] == accuracy_score(Y, answers.argmax(axis=1))


def test_the_model_that_was_given_stays_as_it_was():
    model = net()
    before = {name: value.copy() for name, value in model.parameters().items()}
    run = fitted(model)
    assert all(np.array_equal(before[name], value) for name, value in model.parameters().items())
    assert not np.array_equal(before["layers.0.weight"], run.model.parameters()["layers.0.weight"])


def test_parameters_are_called_by_their_dotted_paths():
    run = fitted()
    assert [c.name for c in run.program.carry if str(c.input.role) == "parameter"] == [
        "layers.0.weight",
        "layers.0.bias",
        "layers.2.weight",
        "layers.2.bias",
    ]
    assert "layers_0_weight = layers_0_weight - " in run.source()


def test_the_loss_of_an_epoch_counts_each_row_once():
    run = fitted(epochs=2, batch_size=50, optimizer=wk.SGD(0.0), shuffle=False)
    whole = float(nn.cross_entropy(net()(X), Y))
    np.testing.assert_allclose(run.history["loss"], [whole, whole], rtol=1e-6)
    assert run.evaluate(X, Y)["loss"] == pytest.approx(whole, rel=1e-6)
    assert run.steps == 6


def test_validation_by_share_by_pair_and_by_class():
    share = fitted(validation=0.25, stratify=True, metrics="accuracy")
    assert share.history.columns == ("epoch", "loss", "validation_loss", "accuracy", "seconds")
    assert len(share.history) == 3
    (x, y), held = wk.data.split(X, Y, 0.25, 0, stratify=True)
    pair = fitted(None, x, y, validation=held, metrics="accuracy")
    assert np.array_equal(share.losses, pair.losses)
    assert np.array_equal(share.history["validation_loss"], pair.history["validation_loss"])


def test_the_same_seed_gives_the_same_bits_on_every_engine_and_another_seed_others():
    one = fitted(net(0.3), seed=3, engine="numpy")
    assert np.array_equal(one.losses, fitted(net(0.3), seed=3, engine="numpy").losses)
    assert np.array_equal(one.losses, fitted(net(0.3), seed=3, engine="reference", chunk=2).losses)
    assert not np.array_equal(one.losses, fitted(net(0.3), seed=4, engine="numpy").losses)


def test_resume_goes_on_by_epochs():
    whole, parts = fitted(net(0.3), epochs=5), fitted(net(0.3), epochs=2).resume(epochs=3)
    assert np.array_equal(whole.losses, parts.losses)
    assert len(parts.history) == 5
    with pytest.raises(ArgumentError, match="for a number of steps or of epochs"):
        whole.resume()


def test_dropout_is_for_training_alone():
    run = fitted(net(0.5))
    assert np.array_equal(run.predict(X), run.predict(X))
    np.testing.assert_allclose(run.predict(X), run.model(X), rtol=1e-5, atol=1e-6)


def test_running_statistics_are_carried_and_a_model_holds_them():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm(3), nn.Linear(3, 2, rng=1))
    run = fitted(model, batch_size=130, optimizer=wk.SGD(0.0), epochs=1, shuffle=False)
    mean = model[0](X).mean(axis=0)
    np.testing.assert_allclose(run.model.states()["layers.1.running_mean"], 0.1 * mean, rtol=1e-4, atol=1e-6)
    assert [c.name for c in run.program.carry if str(c.input.role) == "state"] == [
        "layers.1.running_mean",
        "layers.1.running_variance",
    ]


def test_early_stopping_puts_the_best_parameters_back():
    noise = np.random.default_rng(5).integers(0, 2, 130)  # nothing can be learned
    stopping = wk.EarlyStopping(patience=2)
    run = fitted(None, X, noise, validation=0.3, epochs=200, early_stopping=stopping, optimizer=wk.Adam(0.1))
    assert run.reason is wk.Reason.PATIENCE
    losses = run.history["validation_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3
    _, held = wk.data.split(X, noise, 0.3, 0)
    assert run.evaluate(*held)["loss"] == pytest.approx(losses[best], rel=1e-6)
    assert str(run.explain())  # from where it stands now
    run.resume(epochs=1)


def test_the_rate_is_reduced_where_nothing_improves():
    rule = wk.schedules.ReduceOnPlateau(factor=0.5, patience=0)
    run = fitted(optimizer=wk.SGD(1e-12), reduce_on_plateau=rule, epochs=4)
    assert run.settings["learning_rate"] == pytest.approx(1e-12 * 0.5**3)
    assert run.explain(step=1)  # each stretch of steps is replayed with its own rate


def test_several_inputs_and_targets():
    @dataclass
    class Two:
        a: Any
        b: Any

        def __call__(self, left, right):
            return {"sum": left @ self.a + right @ self.b, "left": left @ self.a}

    def loss(prediction, target):
        return nn.mse(prediction["sum"], target["sum"]) + nn.mse(prediction["left"], target["left"])

    model = Two(np.zeros((2, 1)), np.zeros((2, 1)))
    left, right = X[:, :2], X[:, 2:]
    target = {"sum": X.sum(axis=1, keepdims=True), "left": left.sum(axis=1, keepdims=True)}
    run = wk.fit(
        model, (left, right), target, loss=loss, optimizer=wk.Adam(0.1), epochs=40, progress=False, validation=0.1
    )
    np.testing.assert_allclose(run.model.a, np.ones((2, 1)), atol=0.02)
    assert set(run.predict((left, right))) == {"sum", "left"}
    named = wk.fit(model, {"left": left, "right": right}, target, loss=loss, epochs=1, progress=False)
    assert named.predict({"left": left[:5], "right": right[:5]})["sum"].shape == (5, 1)


def test_inputs_by_name_may_come_in_any_order():
    @dataclass
    class Both:
        weight: Any

        def __call__(self, first, second):
            return first @ self.weight + 10 * (second @ self.weight)

    t = X.sum(axis=1, keepdims=True)
    run = fitted(Both(np.ones((4, 1))), {"first": X, "second": 2 * X}, t, loss="mse", epochs=1)
    answers = run.predict({"first": X, "second": 2 * X})
    assert np.array_equal(run.predict({"second": 2 * X, "first": X}), answers)
    np.testing.assert_allclose(answers, run.model(X, 2 * X), rtol=1e-5, atol=1e-5)


def test_inputs_are_changed_on_the_way_in():
    run = fitted(augment=lambda x: x + 0.1 * wk.random.normal(wk.random.next_key(), x.shape, x.dtype), epochs=2)
    assert "threefry" in run.source()
    assert not np.array_equal(run.losses, fitted(epochs=2).losses)
    assert np.array_equal(run.predict(X), run.predict(X))


def test_the_average_of_the_parameters_is_what_answers():
    run = fitted(average=0.9)
    raw = run.parameters["model"].parameters()["layers.0.weight"]
    assert not np.array_equal(raw, run.model.parameters()["layers.0.weight"])
    np.testing.assert_allclose(run.predict(X), run.model(X), rtol=1e-5, atol=1e-6)


def test_lists_and_float64():
    run = wk.fit(
        nn.Linear(2, 1, rng=0), [[1.0, 2.0], [2.0, 1.0], [0.0, 1.0]], [[3.0], [3.0], [1.0]], loss="mse",
        dtype=np.float64, epochs=2, progress=False,
    )  # fmt: skip
    assert run.predict([[1.0, 1.0]]).dtype == np.float64


def test_events_of_epochs():
    events: list[Any] = []
    run = fitted(validation=0.2, listeners=events.append)
    ended = [event for event in events if isinstance(event, wk.EpochEnded)]
    assert [event.epoch for event in ended] == [1, 2, 3]
    assert [event.values for event in ended] == list(run.history)


def test_a_run_of_a_function_has_no_model():
    run = wk.train(lambda w: w**2, {"w": 1.0}, steps=1)
    for what in ("model", "history"):
        with pytest.raises(ArgumentError, match=f"this run is of a function, and has no {what}"):
            getattr(run, what)


def test_a_parameter_that_is_bound_anew_is_refused():
    @dataclass
    class Greedy:
        w: Any

        def __call__(self, x):
            self.w = self.w * 2
            return x @ self.w

    with pytest.raises(ArgumentError) as caught:
        wk.fit(Greedy(np.zeros((4, 1))), X, X[:, :1], loss="mse", progress=False)
    assert caught.value.problem == "loss puts something else in the place of model.w, which is a parameter"


@dataclass
class Counted:
    """A model of a state alone, or of a state that it loses."""

    scale: Any = nn.state(default=1.0)
    weight: Any = None

    def __call__(self, x):
        scale = self.scale
        if self.weight is not None:
            scale, self.scale = scale * self.weight, None
        return x * scale


class Odd(Metric):
    mode = "max"

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value

    def statistic(self, prediction, target):
        return {}

    def merge(self, parts):
        return {}

    def finish(self, total):
        return self.value


class Fixed:
    def settings(self):
        return {}

    def state(self, parameter):
        return {}

    def update(self, parameter, gradient, state, settings):
        return parameter - 0.1 * gradient, {}

    def __repr__(self):
        return "Fixed()"


PLATEAU = wk.schedules.ReduceOnPlateau()
REFUSED = {
    "labels of validation": ({"validation": (X, Y + 1)}, "cross_entropy: the label 2 is out of range for 2 classes"),
    "two metrics alike": ({"metrics": ["accuracy", "accuracy"]}, "'accuracy' is the name of two metrics"),
    "a metric like the loss": ({"metrics": Odd("loss", 1.0)}, "'loss' is a column of every history"),
    "a table that is watched": (
        {"validation": 0.2, "metrics": "confusion_matrix", "early_stopping": wk.EarlyStopping("confusion_matrix")},
        "early stopping watches 'confusion_matrix', which is no number but of shape (2, 2)",
    ),
    "no rate to reduce": (
        {"optimizer": Fixed(), "reduce_on_plateau": PLATEAU},
        "reduce_on_plateau is given, and Fixed() has no setting learning_rate",
    ),
    "states alone": (
        {"model": Counted(), "y": X, "loss": "mse"},
        "the model, Counted, has no arrays that are trained",
    ),
    "a state that is lost": (
        {"model": Counted(weight=1.0), "y": X, "loss": "mse"},
        "loss leaves no number in the place of model.scale, which is a state",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    options, message = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        fitted(**options)
    assert caught.value.problem == message


def test_labels_to_evaluate_are_checked(tmp_path):
    run = fitted(epochs=1)
    for asked in (run, wk.load(run.save(tmp_path / "net"))):
        with pytest.raises(ArgumentError, match="the label 2 is out of range for 2 classes"):
            asked.evaluate(X, Y + 1)


def test_what_is_never_a_number_never_improves():
    watch = wk.EarlyStopping("odd", patience=2)
    run = fitted(epochs=9, validation=0.2, metrics=Odd("odd", float("nan")), early_stopping=watch)
    assert (run.reason, len(run.history)) == (wk.Reason.PATIENCE, 4)  # the first, and three more


def test_no_epochs_more_are_none_even_within_one():
    run = fitted(epochs=1)
    assert run.resume(steps=1).resume(epochs=0).steps == 6


def test_every_layer_has_a_place_in_the_picture_the_program_and_the_derivation():
    run = fitted(net(0.2))
    for text in (str(wk.draw(run.program, depth=1)), run.source()):
        for layer in ("layers.0", "layers.2", "layers.3"):
            assert layer in text
    derivation = str(run.explain())
    for line in ("x · layers_0_weight + layers_0_bias", "tanh(x_2)", "dropout in layers.2", "x_4 · layers_3_weight"):
        assert line in derivation


def test_a_thousand_short_epochs():
    run = wk.fit(nn.Linear(1, 1, rng=0), X[:4, :1], X[:4, :1], loss="mse", epochs=1000, progress=False)
    assert len(run.history) == 1000
