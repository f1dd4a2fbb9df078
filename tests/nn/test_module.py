"""Modules: their parameters by name, how they are shown, their scopes, and errors that name the layer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import nn, random
from workings.functions import relu
from workings.graph import Graph


@dataclass
class Plain:
    """A module of the user's, without the base class."""

    weight: Any
    power: int = nn.static(default=2)

    def __call__(self, x: Any) -> Any:
        y = x @ self.weight
        return y**self.power

    def twice(self, x: Any) -> Any:
        return self(x) * 2


@dataclass(repr=False)
class Net(nn.Module):
    first: Plain
    rest: dict[str, Any]
    scale: Any = None
    count: Any = nn.state(default=0.0)

    def __call__(self, x: Any) -> Any:
        h = self.first(x)
        h = self.rest["head"](relu(h))
        return h if self.scale is None else h * self.scale


def net() -> Net:
    return Net(Plain(np.ones((4, 3))), {"head": nn.Sequential(nn.Linear(3, 2, dtype=float))})


X = np.ones((5, 4))


def scopes(graph: Graph) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(n.scope for n in graph.nodes if n.inputs))


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_and_states() -> None:
    model = net()
    assert list(model.parameters()) == ["first.weight", "rest.head.layers.0.weight", "rest.head.layers.0.bias"]
    assert model.parameters()["first.weight"] is model.first.weight
    assert model.states() == {"count": 0.0}
    assert list(nn.BatchNorm(2).parameters()) == ["weight", "bias"]


def test_the_paths_are_the_names_in_the_graph() -> None:
    def loss(model: Any, x: Any) -> Any:
        return np.sum(model(x))

    graph = wk.trace(loss, net(), X)
    assert [n.name for n in graph.inputs] == [
        "first.weight",
        "rest.head.layers.0.weight",
        "rest.head.layers.0.bias",
        "count",
        "x",
    ]


def test_names_of_two_models_that_are_alike() -> None:
    def loss(teacher: Any, student: Any, x: Any, weight: Any) -> Any:
        return np.sum(teacher(x) - student(x)) * weight

    one = nn.Linear(4, 2)
    graph = wk.trace(loss, one, one, X.astype(np.float32), np.float32(1))
    names = ["teacher.weight", "teacher.bias", "student.weight", "student.bias", "x", "weight"]
    assert [n.name for n in graph.inputs] == names


def test_gradients_have_the_form_of_the_model() -> None:
    gradient = wk.grad(lambda model, x: np.sum(model(x)))(net(), X)
    assert isinstance(gradient, Net)
    assert gradient.first.power == 2
    assert gradient.first.weight.shape == (4, 3)
    assert gradient.rest["head"][0].bias.tolist() == [5.0, 5.0]


def test_float32_unless_it_is_said() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Dropout(0.1), nn.GELU(), nn.RMSNorm(2))
    assert {p.dtype for p in model.parameters().values()} == {np.dtype(np.float32)}
    assert model(np.ones((1, 2), np.float32)).dtype == np.float32
    assert nn.Linear(2, 2, dtype=np.float64).weight.dtype == np.float64


# ── how they are shown ──────────────────────────────────────────────────────────────────────────────────────


def test_shown() -> None:
    assert repr(net()) == (
        "Net(\n"
        "  first=Plain(weight=float64[4,3], power=2),\n"
        "  rest={\n"
        "    'head': Sequential(\n"
        "      Linear(3 → 2),\n"
        "    ),\n"
        "  },\n"
        "  scale=None,\n"
        "  count=0.0,\n"
        ")"
    )
    assert repr(nn.Sequential()) == "Sequential()"
    assert repr(nn.Conv2d(2, 4, (3, 5), stride=2, padding=(1, 2), groups=2, bias=False)) == (
        "Conv2d(2 → 4, 3×5, stride=2, padding=(1, 2), groups=2, bias=False)"
    )
    assert repr(nn.MaxPool2d(3, stride=2)) == "MaxPool2d(3×3, stride=2)"
    assert repr(nn.LeakyReLU()) == "LeakyReLU(slope=0.01)"


def test_summary() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same"),
        nn.BatchNorm(4),
        np.tanh,
        nn.Residual(nn.Sequential(nn.Flatten(), nn.Linear(16, 16))),
    )
    model.layers = (*model.layers[:3], nn.MaxPool2d(2), nn.Flatten(), nn.Residual(nn.Linear(16, 16)))
    summary = model.summary((2, 1, 4, 4))
    assert str(summary) == "\n".join(
        [
            "layer           what                                gives         parameters",
            "layers.0        Conv2d(1 → 4, 3×3, padding='same')  (2, 4, 4, 4)          40",
            "layers.1        BatchNorm(4)                        (2, 4, 4, 4)           8",
            "layers.3        MaxPool2d(2×2)                      (2, 4, 2, 2)           0",
            "layers.4        Flatten(keep=1)                     (2, 16)                0",
            "layers.5        Residual                            (2, 16)                 ",
            "layers.5.inner  Linear(16 → 16)                     (2, 16)              272",
            "Sequential, 320 parameters, 8 numbers of state, 1.2 KiB",
        ]
    )
    assert summary.parameters == sum(p.size for p in model.parameters().values())
    assert "gives" not in str(model.summary())
    assert "<td" in summary._repr_html_()
    assert isinstance(model.layers[1], nn.BatchNorm)  # the model is as it was
    assert type(model) is nn.Sequential


def test_summary_of_what_is_called_twice_or_not_at_all() -> None:
    @dataclass
    class Odd(nn.Module):
        one: nn.Linear
        two: nn.Linear
        own: Any

        def __call__(self, x: Any) -> Any:
            return self.one(self.one(x)) + self.own

    model = Odd(nn.Linear(3, 3), nn.Linear(3, 3), np.zeros(3, np.float32))
    rows = {row.place: row for row in model.summary((2, 3)).rows}
    assert str(model.summary((2, 3))).splitlines()[2].split() == ["one", "Linear(3", "→", "3)", "(2,", "3)", "×2", "12"]
    assert rows["itself"] == ("itself", "Odd", ("(2, 3)",), 3)
    assert rows["two"].gives == ()


def test_summary_of_several_inputs_and_of_numbers() -> None:
    attention = nn.MultiHeadAttention(4, 2)
    assert attention.summary((2, 3, 4), (2, 5, 4)).rows[1].gives == ("(2, 5, 4)",)
    assert nn.Embedding(5, 2).summary((3,), dtype=int).rows[0].gives == ("(3, 2)",)
    assert nn.Embedding(5, 2).summary(np.array([0, 1])).rows[0].gives == ("(2, 2)",)
    with pytest.raises(wk.ArgumentError, match="takes inputs of the net, or their shapes"):
        attention.summary("x")


# ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_is_one_scope_named_by_its_place() -> None:
    def loss(model: Any, x: Any) -> Any:
        return np.sum(model(x))

    model, head = ("model",), ("model", "rest.head")
    assert scopes(wk.trace(loss, net(), X)) == [(*model, "first"), (*model, "relu"), (*head, "layers.0"), ()]


def test_calls_of_one_layer_and_its_methods() -> None:
    def loss(model: Any, x: Any) -> Any:
        return np.sum(model(x) + model(x) + model.twice(x))

    found = scopes(wk.trace(loss, Plain(np.ones((4, 4))), X))
    assert found == [("model",), ("model_2",), (), ("model.twice",)]


def test_a_model_that_is_the_function_or_lies_outside() -> None:
    model = nn.Sequential(nn.Linear(4, 3, dtype=float), nn.ReLU())
    graph = wk.trace(model, X)
    assert graph.name == "Sequential"
    assert scopes(graph) == [("layers.0",), ("layers.1", "relu")]
    outside = wk.trace(lambda x: model(x), X)
    assert scopes(outside) == [("Sequential", "layers.0"), ("Sequential", "layers.1", "relu")]
    assert scopes(wk.trace(lambda x: nn.Tanh()(nn.Tanh()(x)), X)) == [("Tanh",), ("Tanh_2",)]


def test_scopes_of_cells() -> None:
    y = nn.ReLU()(wk.parameter(2.0))
    assert y.node.scope == ("ReLU", "relu")


def test_pictures_fold_by_layer() -> None:
    def loss(model: Any, x: Any) -> Any:
        return np.sum(model(x))

    graph = wk.trace(loss, nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), X.astype(np.float32))
    folded = str(wk.draw(graph, depth=2))
    assert all(f"layers.{i}" in folded for i in range(3))
    assert "y" in str(wk.draw(graph, scope=("model", "layers.2")))


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────


def chained(model: Any, x: Any) -> Any:
    return np.sum(model(x))


def test_layers_that_do_not_chain() -> None:
    model = nn.Sequential(nn.Linear(64, 128), nn.Linear(64, 10))
    x = np.zeros((32, 64), np.float32)
    for call in (lambda: chained(model, x), lambda: wk.trace(chained, model, x)):
        with pytest.raises(wk.ShapeError) as caught:
            call()
        error = caught.value
        assert error.problem == "layers.1, Linear(64 → 10), wants an input of shape (…, 64), and got (32, 128)"
        assert error.fix == "a layer before it that gives 64, or 128 in place of 64 in this one"
        assert error.where.source().strip() == "return np.sum(model(x))"
    with pytest.raises(wk.ShapeError, match=r"^Linear\(64 → 128\) wants an input of shape"):
        model[0](np.zeros((3, 2)))


def test_errors_of_the_users_own_layers_name_them() -> None:
    model = nn.Sequential(Plain(np.ones((4, 3))), Plain(np.ones((4, 3))))
    with pytest.raises(wk.ShapeError) as caught:
        wk.trace(chained, model, X)
    assert caught.value.problem.startswith("in layers.1 (Plain): matmul: the shapes do not chain")
    assert caught.value.where.source().strip() == "y = x @ self.weight"


FLOATS, IMAGES = np.zeros((2, 3, 4)), np.zeros((2, 3, 8, 8))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.Linear(0, 3), "Linear: inputs is 0, and has to be a whole number of at least 1"),
        (lambda: nn.Linear(2, 3.0), "Linear: outputs is 3.0"),
        (lambda: nn.Linear(2, True), "Linear: outputs is True"),
        (lambda: nn.Linear(2, 3, rng="seed"), "rng is 'seed', which is neither a seed nor a generator"),
        (lambda: nn.Sequential(nn.ReLU), "layer 0 of Sequential is <class"),
        (lambda: nn.Sequential(nn.ReLU(), 3), "layer 1 of Sequential is 3, which is no layer"),
        (lambda: nn.Embedding(5, 2)(FLOATS), "Embedding(5 → 2) wants whole numbers, and got float64"),
        (lambda: nn.Embedding(5, 2)([[1, -1]]), "Embedding(5 → 2) has no row -1"),
        (lambda: nn.Embedding(5, 2)([5]), "Embedding(5 → 2) has no row 5"),
        (lambda: nn.Residual(nn.Linear(4, 3))(FLOATS), "its inner layers give (2, 3, 3), which cannot be added"),
        (lambda: nn.LayerNorm((3, 5))(FLOATS), "LayerNorm(3, 5) wants an input of shape (…, 3, 5), and got (2, 3, 4)"),
        (lambda: nn.LayerNorm(4)(FLOATS.astype(int)), "LayerNorm(4) wants floats, and got int64"),
        (lambda: nn.BatchNorm(4)(FLOATS), "BatchNorm(4) wants an input of shape (batch, 4, …), and got (2, 3, 4)"),
        (lambda: nn.BatchNorm(4, momentum=2), "momentum is 2, and has to be a number from 0 to 1"),
        (lambda: nn.Dropout(1.0), "rate is 1.0, and has to be a number from 0 to below 1"),
        (lambda: nn.Softmax(3)(FLOATS), "Softmax(axis=3) has no axis 3 in an input of shape (2, 3, 4)"),
        (lambda: nn.LearnedPositions(2, 4)(FLOATS), "LearnedPositions(2, 4) has 2 positions, and got a sequence of 3"),
        (lambda: nn.SinusoidalPositions()(FLOATS[..., :3]), "wants an input of shape (…, time, an even size)"),
        (lambda: nn.sinusoids(3, 3), "size is 3, and sines and cosines come in pairs"),
        (lambda: nn.rotary(FLOATS[..., :3]), "rotary wants an input of shape (…, time, size) with an even size"),
        (lambda: nn.MultiHeadAttention(8, 3), "8 features do not divide into 3 heads"),
        (lambda: nn.MultiHeadAttention(6, 2, rotary=True), "a head has 3 features, and rotary ones come in pairs"),
        (lambda: nn.MultiHeadAttention(8, 2)(FLOATS), "wants an input of shape (batch, time, 8), and got (2, 3, 4)"),
        (lambda: nn.MultiHeadAttention(4, 2)(FLOATS, lengths=[3]), "wants lengths of shape (2,), and got (1,)"),
        (lambda: nn.MultiHeadAttention(4, 2)(FLOATS, lengths=[3.0, 1.0]), "lengths that are whole numbers"),
        (lambda: nn.TransformerBlock(8, 2)(FLOATS), "TransformerBlock wants an input of shape (batch, time, 8)"),
        (lambda: nn.GRU(3, 2)(FLOATS), "GRU(3 → 2) wants an input of shape (batch, time, 3), and got (2, 3, 4)"),
        (lambda: nn.Conv2d(1, 2, 3)(IMAGES), "wants an input of shape (batch, 1, height, width), and got (2, 3, 8, 8)"),
        (lambda: nn.Conv2d(1, 2, 3)(FLOATS), "wants an input of shape (batch, 1, height, width), and got (2, 3, 4)"),
        (lambda: nn.Conv2d(3, 2, (3, 3, 3)), "kernel is (3, 3, 3), and there are 2 axes"),
        (lambda: nn.Conv2d(3, 2, 3, groups=2), "3 channels in and 2 out do not divide into 2 groups"),
        (lambda: nn.ConvTranspose2d(3, 2, 3, extra=1), "extra=1 with stride=1"),
        (lambda: nn.MaxPool2d(2)(FLOATS), "MaxPool2d(2×2) wants an input of shape (batch, channels, height, width)"),
        (lambda: nn.GlobalAvgPool()(X), "wants an input of shape (batch, channels, …), and got (5, 4)"),
        (lambda: nn.Flatten(3)(X), "Flatten(keep=3) wants 3 axes or more, and got shape (5, 4)"),
    ],
)
def test_bad_input(call: Any, words: str) -> None:
    with pytest.raises(wk.WorkingsError) as caught:
        call()
    assert words in caught.value.problem
    assert caught.value.fix
    assert caught.value.where.file == __file__


def test_a_batch_of_one_cannot_be_normalized_in_training() -> None:
    with random.drawing(training=True), pytest.raises(wk.ShapeError, match="more than one value for each feature"):
        nn.BatchNorm(4)(X[:1])


# ── the import ──────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_imported_when_it_is_used() -> None:
    code = (
        "import sys, workings as wk; assert 'workings.nn' not in sys.modules; wk.nn.Linear(1, 1);"
        "from workings import nn; assert wk.nn is nn"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_missing_between_images_and_a_linear_layer_is_said():
    with pytest.raises(wk.ShapeError) as caught:
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(144, 3))(np.zeros((2, 1, 8, 8)))
    assert caught.value.fix == "nn.Flatten() before it"


def test_a_list_of_layers_is_put_apart():
    with pytest.raises(wk.ArgumentError) as caught:
        nn.Sequential([nn.Linear(2, 2)])
    assert caught.value.fix == "nn.Sequential(*layers), the layers one by one"
