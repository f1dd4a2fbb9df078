"""What a run answers: any value by name, for any data; any step explained; the program it runs."""

from __future__ import annotations

import inspect
import pickle
import runpy
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError
from workings.train import prepare


def loss(w, b, x, t):
    h = x @ w
    h = np.tanh(h)
    h = h * b
    error = h - t
    return np.mean(error**2)


@pytest.fixture(scope="module")
def run():
    rng = np.random.default_rng(3)
    data = {"x": rng.normal(size=(5, 2)), "t": rng.normal(size=5)}
    return wk.train(loss, {"w": np.array([0.5, -0.5]), "b": 0.7}, data, optimizer=wk.SGD(0.1), steps=30, engine="numpy")


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_value_for_the_data_of_the_training(run):
    x, t = run.program.data["x"], run.program.data["t"]
    w, b = run.parameters["w"], run.parameters["b"]
    h = np.tanh(x @ w) * b
    assert run.value("error").tolist() == (h - t).tolist()
    assert run.value("w").tolist() == w.tolist()
    assert run.value("x").tolist() == x.tolist()
    assert run.value("loss") == np.mean((h - t) ** 2)
    assert type(run.value("loss")) is np.float64


def test_a_name_that_was_used_again(run):
    found = run.value("h")
    assert list(found) == ["h", "h_2", "h_3"]
    for name in ("h_2", "h_3"):
        assert run.value(name).tolist() == found[name].tolist()
    assert found["h_2"].tolist() == np.tanh(found["h"]).tolist()
    source = run.source()
    assert "h_2 = np.tanh(h)" in source
    assert "h_3 = h_2 * b" in source
    other = run.value("h", x=np.ones((2, 2)))
    assert list(other) == ["h", "h_2", "h_3"]
    assert other["h_3"].shape == (2,)


def test_a_name_that_the_written_program_gave_to_another():
    def net(w, x):
        h = w * x
        h = h + 1.0
        h_2 = h * 2.0
        return h_2**2

    run = wk.train(net, {"w": 1.0}, {"x": 3.0}, steps=0)
    assert run.value("h") == {"h": 3.0, "h_2": 4.0}
    assert run.value("h_2") == 4.0
    assert run.value("h_2_2") == 8.0
    assert "h_2_2 = h_2 * 2" in run.source()


@pytest.mark.parametrize("rows", [1, 2, 5, 12])
def test_other_data_with_any_number_of_rows(run, rows):
    x = np.random.default_rng(rows).normal(size=(rows, 2))
    expected = np.tanh(x @ run.parameters["w"]) * run.parameters["b"]
    assert run.value("h_3", x=x).tolist() == expected.tolist()
    t = np.ones(rows)
    assert run.value("loss", x=x, t=t) == np.mean((expected - t) ** 2)
    assert run.value("x", x=x).tolist() == x.tolist()


def test_data_left_out_are_those_of_the_training_where_they_fit(run):
    assert run.value("loss", x=run.program.data["x"]) == run.value("loss")
    with pytest.raises(ArgumentError) as caught:
        run.value("error", x=np.ones((2, 2)))
    assert str(caught.value) == (
        "error depends on t too, and x has another number of rows than in training\n"
        "  Instead: run.value('error', x=…, t=…)"
    )
    with pytest.raises(ArgumentError, match="t depends on t too"):
        run.value("t", x=np.ones((2, 2)))


def test_gradients_by_name(run):
    value = wk.grad(loss, wrt=("w", "b"))
    d_w, d_b = value(run.parameters["w"], run.parameters["b"], run.program.data["x"], run.program.data["t"])
    assert run.value("d_w").tolist() == d_w.tolist()
    assert run.value("d_b") == d_b
    assert run.value("d_error").shape == (5,)
    with pytest.raises(ArgumentError) as caught:
        run.value("d_w", x=np.ones((2, 2)))
    assert str(caught.value) == (
        "d_w belongs to the backward pass, which is that of the data trained on; x cannot be given for it\n"
        "  Instead: run.value('d_w'), or wk.grad(loss) for other data"
    )


def test_a_gradient_that_has_another_name_in_the_backward_pass():
    def sums(a, b, x):
        y = a + b
        return (y - x) ** 2

    run = wk.train(sums, {"a": 1.0, "b": 2.0}, {"x": 5.0}, steps=0)
    assert (run.value("d_a"), run.value("d_b")) == (-4.0, -4.0)
    assert "d_a = d_z\n" in run.source()


def test_names_there_are_not(run):
    with pytest.raises(ArgumentError) as caught:
        run.value("eror")
    assert str(caught.value) == (
        "there is no value 'eror' in loss; there are w, b, x, t, h, h_2, h_3, error, loss\n"
        "  Instead: 'error' or 'd_error'"
    )
    with pytest.raises(ArgumentError) as caught:
        run.value("error", y=3.0)
    assert str(caught.value) == "'y' is none of the data of loss\n  Instead: one of x, t"
    with pytest.raises(ArgumentError) as caught:
        run.value("error", w=3.0)
    assert caught.value.problem == "'w' is none of the data of loss"
    with pytest.raises(ArgumentError, match="there is no value 'learning_rate'"):
        run.value("learning_rate")


def test_data_that_do_not_fit(run):
    with pytest.raises(wk.ShapeError, match="matmul"):
        run.value("h", x=np.ones((2, 3)))
    with pytest.raises(ArgumentError, match=r"the data x is nan at \[0, 1\]"):
        run.value("h", x=np.array([[1.0, np.nan]]))
    with pytest.raises(ArgumentError, match="the data x is a list of 2 numbers"):
        run.value("h", x=[1.0, 2.0])


def test_data_take_the_dtype_of_the_training():
    def picks(w, x, i):
        y = w * x
        return np.mean(y * i)

    start = {"w": np.float32(2.0)}
    run = wk.train(picks, start, {"x": np.float32([1, 2]), "i": np.array([1, 2], np.uint8)}, steps=0)
    assert run.value("y", x=3.0).dtype == np.float32
    assert run.value("y", x=np.array([3, 4])).tolist() == [6.0, 8.0]
    assert run.value("i", i=np.array([3, 4])).dtype == np.uint8
    with pytest.raises(ArgumentError) as caught:
        run.value("i", i=np.array([3.5, 4.0]))
    assert str(caught.value) == "i was uint8 in training, and float64 does not fit\n  Instead: uint8 numbers"


@dataclass
class Table:
    x: Any
    t: Any


def test_data_in_trees():
    def net(p, table):
        y = p["w"] * table.x
        return np.mean((y - table.t) ** 2)

    run = wk.train(net, {"p": {"w": 1.5}}, {"table": Table(np.ones(3), np.zeros(3))}, steps=0)
    assert run.value("y").tolist() == [1.5] * 3
    assert run.value("y", table=Table(np.array([2.0, 4.0]), np.zeros(2))).tolist() == [3.0, 6.0]
    assert run.value("d_w") == 3.0

    def whole(parameters, data):
        y = parameters["w"] * data["x"]
        return np.mean((y - data["t"]) ** 2)

    run = wk.train(whole, {"w": 1.5}, {"x": np.ones(3), "t": np.zeros(3)}, steps=0)
    assert run.value("y", x=np.array([2.0, 4.0])).tolist() == [3.0, 6.0]
    with pytest.raises(ArgumentError, match="whole depends on t too"):
        run.value("whole", x=np.array([2.0, 4.0]))


def test_leaves_of_trees_by_name():
    def net(layers, x):
        y = x
        for layer in layers:
            y = np.tanh(y * layer["w"] + layer["b"])
        return np.mean(y**2)

    layers = [{"w": 0.5, "b": 0.1}, {"w": 0.6, "b": 0.2}]
    run = wk.train(net, {"layers": layers}, {"x": np.ones(2)}, steps=3)
    for name in ("layers.1.w", "layers_1_w"):
        assert run.value(name) == run.parameters["layers"][1]["w"]
    assert run.value("d_layers_1_w").shape == ()
    assert list(run.value("y")) == ["y", "y_2"]


def test_values_that_a_loss_makes_with_functions():
    def net(w, x):
        p = wk.functions.softmax(x * w)
        return np.mean(p**2)

    run = wk.train(net, {"w": 0.3}, {"x": np.arange(3.0)}, steps=2)
    assert np.sum(run.value("p")) == pytest.approx(1.0)
    assert run.value("p", x=np.arange(4.0)).shape == (4,)


def test_values_may_be_inf_without_a_word():
    run = wk.train(lambda w, x: np.exp(w * x), {"w": 1.0}, {"x": 1.0}, steps=1)
    assert run.value("f", x=1e5) == np.inf


# ── steps, explained ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", ["numpy", "reference"])
def test_any_step_is_explained_as_if_training_had_ended_there(run, engine):
    arguments = (loss, {"w": np.array([0.5, -0.5]), "b": 0.7}, dict(run.program.data))
    whole = wk.train(*arguments, optimizer=wk.SGD(0.1), steps=12, engine=engine)
    whole.resume(8, learning_rate=0.02).resume(3).resume(4, learning_rate=0.3)
    for step in (0, 5, 11, 12, 15, 20, 22, 23, 26, 27):
        fresh = wk.train(*arguments, optimizer=wk.SGD(0.1), steps=min(step, 12), engine="numpy")
        fresh.resume(0, learning_rate=0.02 if step >= 12 else 0.1)
        fresh.resume(max(0, min(step, 23) - 12))
        fresh.resume(max(0, step - 23), learning_rate=0.3 if step >= 23 else None)
        assert fresh.steps == step
        assert str(whole.explain(step)) == str(fresh.explain()), step
    assert str(whole.explain()) == str(whole.explain(step=27))


def test_steps_that_cannot_be_explained(run):
    for bad in (-1, 31, 1.5, True, "0"):
        with pytest.raises(ArgumentError) as caught:
            run.explain(bad)
        assert str(caught.value) == (
            f"step is {bad!r}; steps 0 to 30 can be explained\n  Instead: run.explain(step=30)"
        )


# ── the program ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_source_is_what_the_engine_runs(run):
    assert run.source() == run.source("python") == run._engine.source
    assert inspect.getsource(run._engine.train).strip() in run.source()
    same = wk.train(loss, {"w": np.array([0.5, -0.5]), "b": 0.7}, dict(run.program.data), optimizer=wk.SGD(0.1),
                    steps=30, engine="reference")  # fmt: skip
    assert same.source() == run.source()
    with pytest.raises(ArgumentError) as caught:
        run.source("cobol")
    assert str(caught.value) == "there is no writer for 'cobol'\n  Instead: 'python'"


def test_a_changed_rate_leaves_the_program_as_it_was():
    run = wk.train(lambda w: (w - 1.0) ** 2, {"w": 0.5}, steps=2, engine="numpy")
    engine, train, source = run._engine, run._engine.train, run.source()
    run.resume(3, learning_rate=0.5)
    assert run._engine is engine
    assert engine.train is train
    assert run.source() == source
    assert run.settings == {"learning_rate": 0.5}
    assert run.parameters["w"] == 1.0


def test_written_to_a_file(run, tmp_path):
    path = tmp_path / "net.py"
    saved = run.write(path)
    assert saved[0] == path
    assert path.read_text(encoding="utf-8") == run.source()
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert f"step 29: loss {run.losses[-1]}" in done.stdout
    scope = runpy.run_path(str(path))
    assert callable(scope["train"])
    with pytest.raises(ArgumentError):
        run.write(tmp_path / "net.npz")


def test_settings_there_are_not(run):
    with pytest.raises(ArgumentError) as caught:
        run.resume(1, momentum=0.9)
    assert str(caught.value) == "this run has no setting 'momentum'\n  Instead: one of learning_rate"
    with pytest.raises(ArgumentError) as caught:
        run.resume(1, until_loss=0.1)
    assert str(caught.value) == (
        "this run was made without until_loss, and the condition is part of its program\n"
        "  Instead: wk.train(…, until_loss=0.1)"
    )
    assert run.steps == 30


def test_in_words(run):
    first, last = run.losses[0], run.losses[-1]
    assert repr(run) == f"<run of loss: 30 steps, loss {first:.6g} → {last:.6g}, engine numpy; the steps are spent>"
    assert run.engine == "numpy"
    assert run.reason == "the steps are spent"


def test_prepared_and_not_run():
    run = prepare(loss, {"w": np.ones(2), "b": 1.0}, {"x": np.ones((3, 2)), "t": np.ones(3)}, steps=10)
    assert run.steps == 0
    assert run.program.steps == 10
    assert run.value("error").shape == (3,)
    assert "losses = np.empty(10)" in run.source()


def test_parameters_can_be_pickled(run):
    copy = pickle.loads(pickle.dumps((run.parameters, run.losses, run.reason, run.settings)))
    assert copy[0]["b"] == run.parameters["b"]


def test_a_value_that_was_simplified_away_is_still_there():
    def loss(w, x):
        a = w * x
        b = w * x
        c = a * 1
        d = -b
        e = c - d
        return e * e

    run = wk.train(loss, {"w": 0.5}, {"x": 3.0}, steps=1, optimizer=wk.SGD(0.0))
    assert [float(run.value(name)) for name in "abcde"] == [1.5, 1.5, 1.5, -1.5, 3.0]
    assert [float(run.value(name, x=1.0)) for name in "abcde"] == [0.5, 0.5, 0.5, -0.5, 1.0]


def test_start_values_and_data_of_another_byte_order():
    run = wk.train(lambda w, x: np.sum(w * w * x), {"w": np.ones(2, ">f8")}, {"x": np.array([1, 2], ">i4")}, steps=5)
    assert run.parameters["w"].dtype == np.float64
    assert run.parameters["w"].dtype.isnative
    np.testing.assert_allclose(run.parameters["w"], [0.98**5, 0.96**5])


def test_a_listener_cannot_resume_the_run_it_listens_to():
    runs = []

    def again(event):
        if isinstance(event, wk.Progressed):
            runs[0].resume(3)

    run = wk.train(lambda w: w * w, {"w": 1.0}, steps=0, listeners=[again])
    runs.append(run)
    with pytest.raises(wk.ArgumentError, match="cannot be resumed by one of its own listeners"):
        run.resume(2, chunk=1)
    assert run.steps == 1
    assert run._running is False


def test_a_run_is_not_pickled():
    run = wk.train(lambda w: w * w, {"w": 1.0}, steps=1)
    with pytest.raises(wk.ArgumentError, match="cannot be pickled or copied"):
        pickle.dumps(run)
