"""What training takes, and what it refuses before the first step, with the whole message."""

from __future__ import annotations

import functools
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError, GradientError

W = {"w": 0.5}
ROWS = {"x": np.array([1.0, 2.0]), "expected": np.array([2.0, 4.0])}


def loss(w, x, expected):
    y = w * x
    return np.mean((y - expected) ** 2)


def scaled(w, x):
    return np.mean((w * x - 1.0) ** 2)


class Odd:
    """Looks like an array, and is none."""

    def __array__(self, dtype=None, copy=None):
        return np.zeros(2)


NAN = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, np.nan]])
THREE, FOUR = np.ones(3), np.ones(4)

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name that is no argument": (
        {"data": {"x": 1.0, "expectd": 2.0}},
        "data has 'expectd', which is no argument of loss(w, x, expected)\n  Instead: 'expected'",
    ),
    "a name like none": (
        {"parameters": {"weight": 0.5}},
        "parameters has 'weight', which is no argument of loss(w, x, expected)\n  Instead: it takes w, x, expected",
    ),
    "an argument is missing": (
        {"data": {"x": 1.0}},
        "loss(w, x, expected) needs 'expected', and neither parameters nor data have it\n"
        '  Instead: data={…, "expected": …}, or parameters={…, "expected": …} if it is trained',
    ),
    "two are missing": (
        {"data": {}},
        "loss(w, x, expected) needs 'x', 'expected', and neither parameters nor data have them\n"
        '  Instead: data={…, "x": …}, or parameters={…, "x": …} if it is trained',
    ),
    "in both": (
        {"parameters": {"w": 0.5, "x": 1.0}},
        "'x' is both in parameters and in data; loss(w, x, expected) takes it once\n"
        "  Instead: parameters for what is trained, data for what is given",
    ),
    "parameters are no dict": (
        {"parameters": [0.5]},
        'parameters is a list, and not a dict of arguments of loss(w, x, expected)\n  Instead: parameters={"w": …}',
    ),
    "data are no dict": (
        {"data": THREE},
        'data is an ndarray, and not a dict of arguments of loss(w, x, expected)\n  Instead: data={"x": …}',
    ),
    "no parameters": (
        {"parameters": {}, "data": {"w": 0.5, **ROWS}},
        "there are no numbers among the parameters of loss(w, x, expected), so there is nothing to train\n"
        '  Instead: parameters={"w": 0.5}',
    ),
    "an integer": (
        {"parameters": {"w": 1}},
        "the parameter w is int64, and only floating values can be nudged\n  Instead: 1.0",
    ),
    "integers": (
        {"parameters": {"w": np.array([1, 2], np.int32)}},
        "the parameter w is int32, and only floating values can be nudged\n  Instead: w.astype(float)",
    ),
    "a parameter is nan": (
        {"parameters": {"w": np.array([1.0, np.inf, np.nan])}},
        "the parameter w starts as inf at [1] (in all, 2 of 3 values are not finite)\n  Instead: finite start values",
    ),
    "rows": (
        {"data": {"x": THREE, "expected": FOUR}},
        "the data are of unequal lengths: x has 3, expected has 4 rows\n"
        "  Instead: one row for each example in every array; a table that is no data can be a variable outside "
        "the loss",
    ),
    "no rows": (
        {"data": {"x": np.ones((0, 2)), "expected": np.ones((0, 2))}},
        "the data are empty: x and expected have no rows\n  Instead: one row for each example",
    ),
    "nan in the data": (
        {"data": {"x": NAN, "expected": THREE}},
        "the data x is nan at [1, 0] (in all, 2 of 6 values are not finite)\n"
        "  Instead: drop those rows, or fill them in",
    ),
    "a number that is nan": (
        {"data": {"x": float("nan"), "expected": 1.0}},
        "the data x is nan\n  Instead: a number",
    ),
    "a list": (
        {"data": {"x": [1.0, 2.0], "expected": 1.0}},
        "the data x is a list of 2 numbers, and not an array\n  Instead: np.array(x)",
    ),
    "a ragged list": (
        {"data": {"x": [[1.0, 2.0], [3.0]], "expected": 1.0}},
        "the data x[0] is a list of 2 numbers, and not an array\n  Instead: np.array(x[0])",
    ),
    "objects": (
        {"data": {"x": np.array([[1.0], None], object), "expected": 1.0}},
        "the data x has dtype object, which is no real number\n  Instead: rows of equal length, as an array of numbers",
    ),
    "texts": (
        {"data": {"x": np.array(["1", "2"]), "expected": 1.0}},
        "the data x has dtype <U1, which is no real number\n  Instead: an array of numbers",
    ),
    "complex": (
        {"data": {"x": np.array([1j]), "expected": 1.0}},
        "the data x has dtype complex128, which is no real number\n  Instead: its .real and .imag, as two arrays",
    ),
    "a complex number": (
        {"data": {"x": 1j, "expected": 1.0}},
        "the data x is a complex number\n  Instead: its .real and .imag, as two numbers",
    ),
    "another kind of array": (
        {"data": {"x": Odd(), "expected": 1.0}},
        "the data x is an Odd, and not an array of NumPy\n  Instead: np.asarray(x)",
    ),
    "a masked array": (
        {"data": {"x": np.ma.array([1.0, 2.0], mask=[0, 1]), "expected": 1.0}},
        "the data x is a masked array, and its mask would be lost\n  Instead: x.filled(0), and the mask as an array",
    ),
    "the loss is a value": (
        {"loss": wk.parameter(1.0, "w")},
        "wk.train takes the loss as a function, and this is a value\n"
        "  Instead: def loss(w, x, expected): return (w * x - expected) ** 2",
    ),
    "the loss is no function": (
        {"loss": 3},
        "wk.train takes the loss as a function, and this is an int\n"
        "  Instead: def loss(w, x, expected): return (w * x - expected) ** 2",
    ),
    "an optimizer that is a number": (
        {"optimizer": 0.01},
        "optimizer is 0.01, which is no optimizer\n  Instead: optimizer=wk.SGD(0.01)",
    ),
    "an optimizer that is a class": (
        {"optimizer": wk.SGD},
        "optimizer is <class 'workings.train.optimizers.sgd.SGD'>, which is no optimizer\n"
        "  Instead: optimizer=SGD(…), an instance",
    ),
    "steps that are a float": (
        {"steps": 1e3},
        "steps is 1000.0; it is a whole number, 0 or more\n  Instead: steps=1000",
    ),
    "negative steps": ({"steps": -1}, "steps is -1; it is a whole number, 0 or more\n  Instead: steps=100"),
    "steps that are a flag": ({"steps": True}, "steps is True; it is a whole number, 0 or more\n  Instead: steps=100"),
    "an engine": (
        {"engine": "numpie"},
        "there is no engine 'numpie'; there are 'auto', 'native', 'numpy' and 'reference'\n  Instead: engine='numpy'",
    ),
    "no chunk": ({"chunk": 0}, "chunk is 0; it is a number of steps, 1 or more\n  Instead: chunk=100, or leave it out"),
    "a loss bound": ({"until_loss": float("nan")}, "until_loss is nan; it must be finite\n  Instead: until_loss=1e-6"),
    "a loss bound in words": (
        {"until_loss": "small"},
        "until_loss is 'small', which is no number\n  Instead: until_loss=1e-6",
    ),
    "a negative change": (
        {"until_change": -0.5},
        "until_change is -0.5; it must not be negative\n  Instead: until_change=0.5; it bounds the size of the change",
    ),
    "listeners": (
        {"listeners": [print, 3]},
        "listeners holds 3, which cannot be called\n  Instead: listeners=[print], called with each event",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_clear_paragraph(case):
    given, message = REFUSED[case]
    keywords = {"loss": loss, "parameters": W, "data": ROWS, **given}
    with pytest.raises((ArgumentError, GradientError)) as caught:
        wk.train(**keywords)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


RATES = {
    -0.01: "learning_rate is -0.01; it must not be negative\n"
    "  Instead: learning_rate=0.01; the minus sign is in the update already",
    float("nan"): "learning_rate is nan; it must be finite\n  Instead: learning_rate=0.01",
    float("inf"): "learning_rate is inf; it must be finite\n  Instead: learning_rate=0.01",
    "0.1": "learning_rate is '0.1', which is no number\n  Instead: learning_rate=0.01",
}


@pytest.mark.parametrize("rate", RATES)
def test_learning_rates(rate):
    with pytest.raises(ArgumentError) as caught:
        wk.SGD(rate)
    assert str(caught.value) == RATES[rate]
    run = wk.train(loss, W, ROWS, steps=3)
    with pytest.raises(ArgumentError) as caught:
        run.resume(1, learning_rate=rate)
    assert str(caught.value) == RATES[rate]
    assert (run.steps, run.settings) == (3, {"learning_rate": 0.01})


SLOPELESS: dict[str, tuple[Any, str, str | None]] = {
    "an array": (
        lambda w, b, x: w * x + b,
        "f returns shape (2,); training needs a scalar",
        "np.mean of it, or np.sum",
    ),
    "whole numbers": (
        lambda w, b, x: np.sum(w * x > b),
        "f returns int64, which has no slope; training needs a floating loss",
        "a loss that moves with the parameters, such as (y - expected) ** 2",
    ),
    "two values": (
        lambda w, b, x: (np.sum(w * x), b),
        "f returns 2 values; training needs one scalar",
        "return the loss alone",
    ),
    "a parameter left out": (
        lambda w, b, x: np.sum(w * x),
        "the loss does not depend on the parameter b",
        "leave it out of the parameters, or use it in the loss",
    ),
    "a parameter compared": (
        lambda w, b, x: np.sum(w * x) + np.argmax(x * b),
        "the loss does not depend on the parameter b; it goes only where there is no slope: a comparison, a "
        "rounding, an index, a product with 0",
        "leave it out of the parameters, or use it in the loss",
    ),
    "a number": (
        lambda w, b, x: 3.0,
        "the loss does not depend on the parameter w",
        "leave it out of the parameters, or use it in the loss",
    ),
}


@pytest.mark.parametrize("case", SLOPELESS)
def test_losses_without_a_gradient(case):
    bad, problem, fix = SLOPELESS[case]
    with pytest.raises(GradientError) as caught:
        wk.train(bad, {"w": 1.0, "b": 0.5}, {"x": np.array([1.0, 2.0])})
    assert (caught.value.problem, caught.value.fix) == (problem, fix)
    if case not in ("two values", "a number"):
        assert caught.value.where.file == __file__


def test_a_loss_that_returns_nothing():
    def nothing(w):
        w**2

    with pytest.raises(ArgumentError) as caught:
        wk.train(nothing, W)
    assert caught.value.problem == "nothing returned nothing, in which there is no value"
    assert caught.value.fix == "return the value, as in `return loss`"


def test_keys_that_look_alike():
    with pytest.raises(ArgumentError) as caught:
        wk.train(lambda p: p[0] * p["0"], {"p": {0: 1.0, "0": 2.0}})
    assert str(caught.value) == "a dict has two keys that are written alike: 0, '0'\n  Instead: keys of one kind"


def test_a_tree_is_named_as_the_user_writes_it():
    tree = {"layers": [{"w": np.array([1, 2])}]}
    with pytest.raises(GradientError) as caught:
        wk.train(lambda layers: 0.0, tree)
    assert caught.value.problem == "the parameter layers[0]['w'] is int64, and only floating values can be nudged"
    with pytest.raises(ArgumentError) as caught:
        wk.train(lambda p: 0.0, {"p": Layer(np.array([1.0, np.nan]), 0.0)})
    assert caught.value.problem == "the parameter p.w starts as nan at [1]"


# ── what is taken ───────────────────────────────────────────────────────────────────────────────────────────


class Loss:
    power = 2

    def __call__(self, w, x):
        return np.mean((w * x - 1.0) ** self.power)

    def method(self, w, x):
        return self(w, x)

    @staticmethod
    def static(w, x):
        return np.mean((w * x - 1.0) ** 2)


def positional(w, /, x, *, shift=1.0):
    return np.mean((w * x - shift) ** 2)


def with_rest(w, **rest):
    return np.mean((w * rest["x"] - 1.0) ** 2)


def with_more(w, x, *more):
    return np.mean((w * x - 1.0) ** 2)


def with_text(w, x, kind="square"):
    return np.mean((w * x - 1.0) ** 2) if kind == "square" else np.mean(abs(w * x - 1.0))


def shifted(w, x, shift):
    return np.mean((w * x - shift) ** 2)


CALLABLES = {
    "lambda": lambda w, x: np.mean((w * x - 1.0) ** 2),
    "object": Loss(),
    "method": Loss().method,
    "static": Loss.static,
    "partial": functools.partial(shifted, shift=1.0),
    "positional": positional,
    "rest": with_rest,
    "more": with_more,
    "default": with_text,
    "jit": wk.jit(scaled),
}


@pytest.mark.parametrize("case", CALLABLES)
def test_any_callable(case):
    data = {"x": np.array([1.0, 3.0])}
    run = wk.train(CALLABLES[case], W, data, steps=20)
    assert run.losses.tobytes() == wk.train(scaled, W, data, steps=20).losses.tobytes()
    assert run.resume(1).steps == 21
    assert run.value("w") == run.parameters["w"]


def test_plain_values_among_the_data_stay_what_they_are():
    one = wk.train(with_text, W, {"x": 3.0, "kind": "absolute"}, steps=3)
    assert one.losses[0] == 0.5
    assert wk.train(with_text, W, {"x": 3.0, "kind": "square"}, steps=3).losses[0] == 0.25


@dataclass
class Layer:
    w: Any
    b: Any
    activation: str = "tanh"
    inner: dict[str, Any] = field(default_factory=dict)


Pair = namedtuple("Pair", "w b")


TREES = {
    "dict of dicts": ({"a": {"w": 0.5}, "c": {"b": 0.1}}, lambda p: (p["a"]["w"], p["c"]["b"])),
    "list": ([0.5, 0.1], lambda p: (p[0], p[1])),
    "tuple": ((0.5, [0.1]), lambda p: (p[0], p[1][0])),
    "namedtuple": (Pair(0.5, 0.1), lambda p: (p.w, p.b)),
    "dataclass": (Layer(0.5, 0.1), lambda p: (p.w, p.b)),
    "nested": (Layer(0.5, 0.1, inner={"c": np.ones(2)}), lambda p: (p.w + np.sum(p.inner["c"]) - 2.0, p.b)),
    "ordered": (OrderedDict(w=0.5, b=0.1), lambda p: (p["w"], p["b"])),
}


@pytest.mark.parametrize("whole", [False, True], ids=["one argument", "all parameters"])
@pytest.mark.parametrize("case", TREES)
def test_trees(case, whole):
    tree, parts = TREES[case]

    def of(p, x):
        w, b = parts(p)
        return np.mean((w * x + b - 1.0) ** 2)

    data = {"x": np.array([1.0, 3.0])}
    if whole:
        run = wk.train(lambda parameters, data: of(parameters, data["x"]), tree, data, steps=7)
        learned = run.parameters
    else:
        run = wk.train(of, {"p": tree}, data, steps=7)
        learned = run.parameters["p"]
    assert type(learned) is type(tree)
    plain = wk.train(lambda w, b, x: np.mean((w * x + b - 1.0) ** 2), {"w": 0.5, "b": 0.1}, data, steps=7)
    if case != "nested":
        assert [float(v) for v in parts(learned)] == [float(v) for v in plain.parameters.values()]
        assert run.losses.tobytes() == plain.losses.tobytes()
    assert run.resume(3).steps == 10


def test_names_that_a_written_program_needs_for_itself():
    def crowded(step, losses, np_, first, last, start, finite, x):
        stop = step * losses * np_ * first
        train = (stop * last + start * finite * x - 1.0) ** 2
        return train

    names = ["step", "losses", "np_", "first", "last", "start", "finite"]
    run = wk.train(crowded, dict.fromkeys(names, 0.5), {"x": 1.0}, until_loss=1e-3, steps=50, engine="numpy")
    again = wk.train(crowded, dict.fromkeys(names, 0.5), {"x": 1.0}, until_loss=1e-3, steps=50, engine="reference")
    assert run.losses.tobytes() == again.losses.tobytes()
    assert list(run.parameters) == names
    assert run.value("step") == run.parameters["step"]
    scope = {}
    exec("def shadowed(np, train, learning_rate, x): return (np * train * learning_rate * x - 1.0) ** 2", scope)
    run = wk.train(scope["shadowed"], {"np": 0.5, "train": 0.5, "learning_rate": 0.5}, {"x": 1.0}, steps=20)
    assert run.losses[-1] < run.losses[0]
    assert run.settings == {"learning_rate": 0.01}
    run.resume(1, learning_rate=0.0)
    assert run.parameters["learning_rate"] == run.value("learning_rate")


def test_names_that_collide():
    def twice(w, d_w, z, θ, x):
        h = w * x
        h = np.tanh(h * d_w)
        h = h * z + θ
        return np.mean(h**2)

    start = {"w": 0.5, "d_w": 0.6, "z": 0.7, "θ": 0.8}
    run = wk.train(twice, start, {"x": np.array([1.0, 2.0])}, steps=20, engine="numpy")
    again = wk.train(twice, start, {"x": np.array([1.0, 2.0])}, steps=20, engine="reference")
    assert run.losses.tobytes() == again.losses.tobytes()
    assert run.value("d_w") == run.parameters["d_w"]
    assert list(run.value("h")) == ["h", "h_2", "h_3"]
    assert "θ = θ - learning_rate * d_θ" in run.source()


def test_data_of_every_kind(tmp_path):
    x = np.arange(12.0).reshape(4, 3) / 12
    mapped = np.memmap(tmp_path / "x.bin", dtype=np.float64, mode="w+", shape=x.shape)
    mapped[:] = x
    locked = x.copy()
    locked.flags.writeable = False
    wider = np.zeros((8, 6))
    wider[::2, ::2] = x

    def net(w, x):
        return np.mean((x @ w - 1.0) ** 2)

    expected = wk.train(net, {"w": np.ones(3)}, {"x": x}, steps=5).losses.tobytes()
    for same in (mapped, locked, np.asfortranarray(x), wider[::2, ::2], x[::-1][::-1]):
        assert wk.train(net, {"w": np.ones(3)}, {"x": same}, steps=5).losses.tobytes() == expected
    for dtype in (np.float16, np.float32, bool, np.uint8, np.int64):
        small = (x * 3).astype(dtype)
        run = wk.train(lambda w, x: np.mean((x.astype(float) @ w) ** 2), {"w": np.ones(3)}, {"x": small}, steps=2)
        assert run.losses[0] == np.mean((small.astype(float) @ np.ones(3)) ** 2)
        assert run.program.data["x"].dtype == dtype


def test_cells_are_taken_by_their_numbers():
    w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    run = wk.train(lambda w, x, expected: (w * x - expected) ** 2, {"w": w}, {"x": x, "expected": expected})
    assert run.parameters["w"] == 1.80107066615787
    assert w.value == 0.5
    y = w * x
    assert wk.train(lambda w: w**2, {"w": y}, steps=1).losses.tolist() == [0.25]


def test_what_the_user_does_to_the_arrays_afterwards_has_no_effect():
    w, x = np.ones(2), np.arange(6.0).reshape(3, 2)
    run = wk.train(lambda w, x: np.mean((x @ w - 1.0) ** 2), {"w": w}, {"x": x}, steps=3)
    assert w.tolist() == [1.0, 1.0]
    w[:] = np.nan
    x[:] = np.nan
    run.parameters["w"][:] = np.nan
    run.losses[:] = np.nan
    run.value("w")[:] = np.nan
    run.value("x")[:] = np.nan
    whole = wk.train(
        lambda w, x: np.mean((x @ w - 1.0) ** 2), {"w": np.ones(2)}, {"x": np.arange(6.0).reshape(3, 2)}, steps=6
    )
    assert run.resume(3).losses.tobytes() == whole.losses.tobytes()
    assert "nan" not in str(run.explain(0))


def test_no_data_and_only_data_of_defaults():
    assert wk.train(lambda w: (w - 1.0) ** 2, W, steps=3).steps == 3
    assert wk.train(positional, W, {"x": 1.0, "shift": 2.0}, steps=3).losses[0] == 2.25
