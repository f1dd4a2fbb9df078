"""`wk.draw`: what can be drawn and with which options, and where a picture goes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import workings as wk
from tests.draw.nets import mlp_program, neuron, paths
from workings.draw import Picture
from workings.errors import ArgumentError
from workings.graph import reachable
from workings.trace.cell import Cell
from workings.trace.value import numbers


def by_name(drawn: Picture) -> dict[str, tuple[str, str]]:
    return {box.name: (box.value, box.gradient) for box in drawn.boxes}


# ── values ──


def test_a_run_draws_the_step_that_is_asked_for():
    def loss(w, x):
        y = w * x
        return (y - 2) ** 2

    run = wk.train(loss, {"w": 0.5}, {"x": 1.0}, optimizer=wk.SGD(0.25), steps=1, progress=False)
    assert by_name(run.draw(0))["w"] == ("0.5", "−3")
    assert by_name(wk.draw(run))["w"] == ("1.25", "−1.5")
    assert by_name(wk.draw(run, values=False))["w"] == ("", "")
    assert "folded" in {box.kind for box in wk.draw(run, depth=0).boxes}


def test_a_value_is_drawn_with_its_numbers_and_gradients():
    assert by_name(wk.draw(neuron())) == {
        "w": ("0.5", "−3"),
        "x": ("1", ""),
        "expected": ("2", ""),
        "y": ("0.5", "−3"),
        "z": ("−1.5", "−3"),
        "loss": ("2.25", ""),
    }


def test_the_gradients_are_those_of_the_chain_rule_over_all_paths():
    loss = paths()
    (w,) = {n for n in reachable([loss.node]) if n.name == "w"}
    gradient = wk.gradient(loss, Cell(w, numbers[w], varies=True))
    assert by_name(wk.draw(loss))["w"][1] == f"{float(gradient)}".replace("-", "−")


def test_kinds():
    kinds = {box.name: (box.kind, box.word) for box in wk.draw(neuron()).boxes}
    assert kinds == {
        "w": ("parameter", "parameter"),
        "x": ("constant", "constant"),
        "expected": ("constant", "constant"),
        "y": ("operation", "multiply"),
        "z": ("operation", "subtract"),
        "loss": ("output", "loss"),
    }


def test_without_numbers():
    drawn = wk.draw(neuron(), values=False)
    assert set(by_name(drawn).values()) == {("", "")}
    assert {e.label for e in drawn.edges if e.backward} == {"× 1", "× x", "× 2z"}
    assert all(not e.backward for e in wk.draw(neuron(), values=False, backward=False).edges)


def test_without_derivatives():
    drawn = wk.draw(neuron(), backward=False)
    assert {value for _, value in by_name(drawn).values()} == {""}
    assert all(not e.backward for e in drawn.edges)
    assert not drawn.steepest


def test_a_value_that_is_no_number_has_no_gradients():
    w = wk.parameter(np.array([1.0, 2.0]))
    h = np.tanh(w)
    drawn = wk.draw(h)
    assert by_name(drawn)["w"] == ("[1, 2]", "")
    assert [box.word for box in drawn.boxes] == ["parameter", "output"]


def test_a_value_that_is_an_input():
    drawn = wk.draw(wk.parameter(0.5, name="w"))
    assert [(b.name, b.kind, b.value) for b in drawn.boxes] == [("w", "parameter", "0.5")]


def test_a_value_without_parameters():
    x = wk.constant(3.0)
    drawn = wk.draw(x * 2)
    assert [b.word for b in drawn.boxes] == ["constant", "output"]


def test_what_a_nudge_made_is_taken_as_given():
    w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    for _ in range(50):
        loss = (w * x - expected) ** 2
        w = w - 0.01 * wk.gradient(loss, w)
    loss = (w * x - expected) ** 2
    drawn = wk.draw(loss)
    assert len(drawn.boxes) == 6
    assert [(b.kind, b.value) for b in drawn.boxes if b.name == "w"] == [("parameter", repr(float(w)))]
    assert by_name(drawn)["w"][1] == f"{float(wk.gradient(loss, w))}".replace("-", "−")


def test_a_nudged_value_itself_shows_its_nudge():
    w, x = wk.parameter(0.5), wk.constant(2.0)
    loss = (w * x) ** 2
    w = w - 0.01 * wk.gradient(loss, w)
    kinds = [box.kind for box in wk.draw(w).boxes]
    assert "derivative" in kinds
    assert kinds.count("parameter") == 1


def test_a_gradient_is_drawn_as_what_it_is_made_of():
    w, x = wk.parameter(0.5), wk.constant(2.0)
    loss = (w * x) ** 2
    drawn = wk.draw(wk.gradient(loss, w))
    (slope,) = [b for b in drawn.boxes if b.name == "dloss/dw"]
    assert (slope.kind, slope.value) == ("derivative", "4")
    edges = [e for e in drawn.edges if e.target == slope.key]
    assert edges
    assert all(e.backward and not e.against for e in edges)


# ── graphs and programs ──


def test_a_graph_has_no_numbers():
    def loss(w, x, expected):
        y = w * x
        return (y - expected) ** 2

    drawn = wk.draw(wk.trace(loss, 0.5, 1.0, 2.0))
    assert {name: box for name, box in by_name(drawn).items() if box != ("", "")} == {}
    assert drawn.title == "The graph of loss"


def test_a_program_is_drawn_as_its_step():
    run = wk.train(lambda w, x: (w * x) ** 2, {"w": 0.5}, {"x": 1.0}, steps=0, until_loss=1e-3)
    drawn = wk.draw(run.program)
    words = [(b.name, b.word, b.formula) for b in drawn.boxes]
    assert ("w", "update", "w − learning_rate · d_w") in words
    assert ("f", "loss", "z²") in words
    # neither what tells when to stop, nor what only that uses
    assert not any(b.name in ("until_loss", "finite", "stop") or "isfinite" in b.word for b in drawn.boxes)
    assert drawn.notes == ("Left out: the checks of when to stop, as for values that are not finite.",)


def test_the_state_of_an_optimizer():
    class Momentum:
        def settings(self):
            return {"learning_rate": 0.01, "momentum": 0.9}

        def state(self, parameter):
            return {"velocity": np.zeros_like(parameter)}

        def update(self, parameter, gradient, state, settings):
            velocity = settings["momentum"] * state["velocity"] + gradient
            return parameter - settings["learning_rate"] * velocity, {"velocity": velocity}

    run = wk.train(lambda w: w**2, {"w": 0.5}, optimizer=Momentum(), steps=0)
    boxes = wk.draw(run.program).boxes
    kinds = {(b.name, b.kind) for b in boxes}
    assert {("velocity_w", "state"), ("velocity_w", "update"), ("w", "update"), ("momentum", "setting")} <= kinds
    assert {b.name: b.formula for b in boxes if b.kind == "update"} == {
        "velocity_w": "momentum · velocity_w + d_w",
        "w": "w − learning_rate · velocity_w",
    }


def test_the_forward_pass_of_a_program_alone():
    drawn = wk.draw(mlp_program(), backward=False, depth=1)
    kinds = {b.kind for b in drawn.boxes}
    assert kinds == {"parameter", "data", "operation", "output", "folded"}


def test_what_draws_itself_is_asked_to():
    class Net:
        def draw(self, depth=None):
            return wk.draw(neuron(), depth=depth)

    assert wk.draw(Net(), depth=1).title == "The graph of loss"
    with pytest.raises(TypeError):
        wk.draw(Net(), direction="right")


# ── what cannot be drawn ──


@pytest.mark.parametrize(
    ("what", "problem", "fix"),
    [
        (layer := lambda x: x, "f is a function, which has none before it is traced", "wk.draw(wk.trace(f, …))"),
        (np.tanh, "tanh is a function", "wk.draw(wk.trace(tanh, …))"),
        (2.5, "a number has no graph behind it", "wk.parameter(…)"),
        (np.ones(3), "an array has no graph behind it", "wk.parameter(…)"),
        (wk.Run, "Run is a class", "one of its objects"),
        ("loss", "this is str", "wk.draw(loss)"),
        (None, "this is NoneType", "wk.draw(loss)"),
    ],
)
def test_what_has_no_graph(what, problem, fix):
    with pytest.raises(ArgumentError) as caught:
        wk.draw(what)
    assert problem in caught.value.problem
    assert fix in (caught.value.fix or "")


def test_a_traced_value_is_not_finished():
    def loss(w):
        y = w * 2
        wk.draw(y)
        return y

    with pytest.raises(ArgumentError, match="y is being traced"):
        wk.trace(loss, 1.0)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"depth": -1}, "depth is -1"),
        ({"depth": 1.5}, "depth is 1.5"),
        ({"depth": True}, "depth is True"),
        ({"direction": "up"}, "there is no direction 'up'"),
        ({"scope": 3}, "scope is 3"),
        ({"most": 3}, "most is 3"),
    ],
)
def test_options_that_mean_nothing(options, problem):
    with pytest.raises(ArgumentError, match=problem):
        wk.draw(neuron(), **options)


# ── where a picture goes ──


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("net.svg", "<?xml"),
        ("net.dot", "digraph"),
        ("net.gv", "digraph"),
        ("net.mmd", "flowchart TD"),
        ("net.mermaid", "flowchart TD"),
        ("net.txt", "   "),
        ("NET.SVG", "<?xml"),
    ],
)
def test_saved_by_the_ending(tmp_path, name, start):
    path = wk.draw(neuron()).save(tmp_path / name)
    assert path == tmp_path / name
    assert path.read_text(encoding="utf-8").startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_saved_svg_is_read_by_others(tmp_path):
    path = wk.draw(neuron()).save(tmp_path / "net.svg")
    assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("name", ["net.png", "net", "net.svg.zip"])
def test_another_ending_is_an_error(tmp_path, name):
    with pytest.raises(ArgumentError, match="says nothing about the form of a picture") as caught:
        wk.draw(neuron()).save(tmp_path / name)
    assert ".svg, .dot, .gv, .mmd, .mermaid, .txt" in (caught.value.fix or "")
    assert not list(tmp_path.iterdir())


def test_a_notebook_shows_it():
    drawn = wk.draw(neuron())
    bundle = drawn._repr_mimebundle_()
    assert bundle["text/plain"] == str(drawn) == repr(drawn) == drawn.text()
    assert drawn.svg() in bundle["text/html"]
    assert drawn._repr_html_() == bundle["text/html"]
