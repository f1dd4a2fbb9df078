"""What `derive` says in particular situations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import workings as wk
from tests.explain.nets import NETS, Net
from workings.errors import ArgumentError, GradientError
from workings.explain import derive
from workings.explain.steps import Agreement, Chain, Check, Local, Remark
from workings.explain.text import sentence
from workings.graph import call, input_node, lookup
from workings.graph.op import _OPS
from workings.write.text import columns, text


def scalar(name, role="data"):
    return input_node(name, (), float, role)


def said(derivation):
    """All the words of a derivation as one line, to look for sentences that are broken over lines."""
    return " ".join(derivation.text().split())


def test_an_engine_that_differs_is_told_loudly():
    w, x = scalar("w", "parameter"), scalar("x")
    loss = call("square", w * x, label="loss")
    derivation = derive(loss, [w], {w: 2.0, x: 3.0}, engine_gradients={w: 36.001})
    assert not derivation.ok
    assert "the run = 36.001 DIFFERENT: 0.001 apart" in said(derivation)
    assert "!! THEY DIFFER" in said(derivation)
    assert "> **THEY DIFFER" in derivation.markdown()


def test_a_wrong_partial_is_seen_in_the_check(monkeypatch):
    tanh = lookup("tanh")
    monkeypatch.setitem(_OPS, "tanh", replace(tanh, partials=(lambda x, y: 1 - y,)))
    derivation = Net(lambda w, x: np.tanh(w * x), {"w": 0.3, "x": 2.0}, ("w",)).derivation()
    assert not derivation.ok
    assert "!! THEY DIFFER" in said(derivation)


def test_a_wrong_simplification_is_seen_in_the_check(monkeypatch):
    from workings.explain import chain

    monkeypatch.setattr(chain, "gather", lambda formula, leaves: (formula + 1, ("nonsense",)))
    derivation = NETS["squared_loss"].derivation()
    assert not derivation.ok
    assert "DIFFERENT" in said(derivation)


def test_why_a_gradient_is_zero():
    assert "the gradient is 0 here, a nudge changes nothing: dh/dz is 0" in said(NETS["dead_relu"].derivation())
    assert "nothing that has a slope leads from w to loss" in said(NETS["flat"].derivation())
    w, x = scalar("w", "parameter"), scalar("x")
    unused = derive(call("square", x, label="loss"), [w], {w: 1.0, x: 2.0})
    assert "the gradient is 0: loss is not made from w" in said(unused)
    cancelling = derive(call("subtract", w * w, call("square", w), label="loss"), [w], {w: 3.0})
    assert "the paths cancel" in said(cancelling)


def test_a_gradient_that_is_too_small_is_not_said_to_cancel():
    w, v, x = scalar("w", "parameter"), scalar("v", "parameter"), scalar("x")
    loss = call("multiply", call("multiply", w, 1e-300, label="z"), w, label="loss")
    tiny = said(derive(loss, [w], {w: 1e-200}))
    assert "cancel" not in tiny
    assert "the slopes of a path multiply to a number so small that float64 has only 0 for it and dloss/dw is 0" in tiny
    single = said(derive(call("multiply", w * 1e-200 * 1e-200, x, label="loss"), [w], {w: 1.0, x: 2.0}))
    assert "a nudge changes nothing: the slopes multiply to a number so small that float64 has only 0" in single
    # one path is lost to rounding, the other two cancel
    loss = call("add", call("subtract", w * v, v * w), w * 1e-200 * 1e-200, label="loss")
    assert "the paths cancel" in said(derive(loss, [w], {w: 1.0, v: 2.0}))


@pytest.mark.parametrize("shape", [(), (3,), (9,)])
def test_central_differences_hold_what_is_taken_as_given(shape):
    w = input_node("w", shape, float, "parameter")
    target = call("stop_gradient", 2.0 * w, label="target")
    squares = call("square", target - w)
    loss = call("sum", squares, label="loss") if shape else call("add", squares, 0.0, label="loss")
    derivation = derive(loss, [w], {w: np.full(shape, 1.5)[()]}, learning_rate=0.1)
    assert derivation.ok
    assert "THEY DIFFER" not in said(derivation)
    assert "central differences hold target at its value, as stop_gradient asks" in said(derivation)
    assert "what is taken as given moves too, so it is" in said(derivation)
    (check,) = [s for s in derivation.steps if isinstance(s, Check)]
    assert [n.name for n in check.held] == ["target"]


def test_a_wrong_gradient_is_seen_beside_a_stopped_one(monkeypatch):
    monkeypatch.setitem(_OPS, "tanh", replace(lookup("tanh"), partials=(lambda x, y: 1 - y,)))
    w = scalar("w", "parameter")
    loss = call("multiply", call("tanh", w), call("stop_gradient", w), label="loss")
    assert "!! THEY DIFFER" in said(derive(loss, [w], {w: 0.7}))


def test_nothing_is_said_of_a_stop_that_makes_no_difference():
    derivation = NETS["cross_entropy"].derivation()
    assert derivation.ok
    assert "as stop_gradient asks" not in said(derivation)
    assert "taken as given moves" not in said(derivation)


def test_where_a_value_that_is_not_finite_arises():
    derivation = NETS["logarithm_of_zero"].derivation()
    assert "!! the first value that is not finite: log(p)" in said(derivation)
    assert "nets.py, line" in said(derivation)
    assert "a nudge would carry that into w" in said(derivation)
    w = scalar("w", "parameter")
    given = derive(call("square", w, label="loss"), [w], {w: float("nan")})
    assert "!! w is given, and is not finite" in said(given)


def test_a_tie_says_so():
    w, x = scalar("w", "parameter"), scalar("x")
    loss = call("maximum", w, x, label="loss")
    derivation = derive(loss, [w], {w: 1.0, x: 1.0})
    assert "w > x does not hold here; w = x holds here" in said(derivation)
    (local,) = [s for s in derivation.steps if isinstance(s, Local)]
    assert local.value == 0.5


def test_a_value_met_twice():
    w = scalar("w", "parameter")
    derivation = derive(call("multiply", w, w, label="loss"), [w], {w: 3.0})
    assert "dloss/dw = w + w = 6" in said(derivation)
    assert "w is met twice, and its slopes add up" in said(derivation)
    (chain,) = [s for s in derivation.steps if isinstance(s, Chain)]
    assert text(chain.final) == "2w"


def test_a_product_of_many_factors_is_gathered():
    w, x = scalar("w", "parameter"), scalar("x")
    y = call("divide", 1, 1 + call("exp", -w * x), label="y")
    derivation = derive(call("negative", call("log", y), label="loss"), [w], {w: 0.5, x: 2.0})
    (chain,) = [s for s in derivation.steps if isinstance(s, Chain)]
    assert text(chain.final) == "−exp(−w · x) · x / (1 + exp(−w · x))"


def test_eight_paths_are_listed_and_nine_are_not():
    def paths(n):
        w = scalar("w", "parameter")
        total = call("multiply", w, 1.5)
        for i in range(1, n):
            total = total + call("sin", w * (i + 1))
        return derive(total, [w], {w: 0.4})

    assert "the products along 8 paths, added up" in said(paths(8))
    assert "9 paths lead from w to loss" in said(paths(9))
    assert paths(9).ok


def test_paths_beyond_count_are_not_walked():
    w = scalar("w", "parameter")
    h = w
    for _ in range(200):
        h = h + call("sin", h)
    derivation = derive(h, [w], {w: 0.1})
    assert "more than 1,000,000,000,000 paths lead from w to loss" in said(derivation)
    assert derivation.ok or "apart" in said(derivation)


def test_a_long_chain_is_shortened_and_still_right():
    w, x = scalar("w", "parameter"), scalar("x")
    h = x
    for i in range(20_000):
        h = call("tanh", w * h) if i % 2 else h + x
    derivation = derive(h, [w], {w: 0.9, x: 0.5}, learning_rate=0.1)
    assert len(derivation.text().splitlines()) < 150
    assert "more values …" in said(derivation)
    assert "more lines like these …" in said(derivation)
    assert derivation.ok


def test_values_made_by_earlier_nudges_are_given():
    w, b, x = wk.parameter(0.5), wk.parameter(0.25), wk.constant(1.0)
    for _ in range(5):
        loss = (w * x + b - 2) ** 2
        gradient_w, gradient_b = wk.gradient(loss, w, b)
        w = w - 0.1 * gradient_w
        b = b - 0.1 * gradient_b
    loss = (w * x + b - 2) ** 2
    derivation = wk.explain(loss, w)
    assert derivation.ok
    assert len([s for s in derivation.steps if isinstance(s, Check)]) == 1
    assert len(derivation.text().splitlines()) < 45
    assert f"b = {float(b)}" in said(derivation)


def test_a_missing_value_is_named():
    w, x = scalar("w", "parameter"), scalar("x")
    with pytest.raises(ArgumentError, match="no value is given for x"):
        derive(w * x, [w], {w: 1.0})
    with pytest.raises(ArgumentError, match=r"x has shape \(\), and the value given \(2,\)"):
        derive(w * x, [w], {w: 1.0, x: [1.0, 2.0]})


def test_what_has_no_gradient_is_refused():
    w = input_node("w", (3,), float, "parameter")
    k = input_node("k", (), int)
    with pytest.raises(GradientError, match="a gradient is taken of a scalar"):
        derive(w * 2.0, [w], {w: np.ones(3)})
    with pytest.raises(GradientError, match="only floating values have a gradient"):
        derive(call("sum", w * k), [k], {w: np.ones(3), k: 2})
    with pytest.raises(ArgumentError, match="at least one"):
        derive(call("sum", w), [], {w: np.ones(3)})


def test_the_nudge_of_another_rule():
    w, x = scalar("w", "parameter"), scalar("x")
    rate, speed = scalar("learning_rate", "setting"), scalar("speed", "state")
    slope = input_node("g", (), float)
    loss = call("square", w * x, label="loss")
    derivation = derive(
        loss,
        [w],
        {w: 2.0, x: 1.0},
        updates={w: w - rate * (0.9 * speed + slope)},
        update_gradients={w: slope},
        settings={rate: 0.1, speed: 0.5},
    )
    assert "w − learning rate · (0.9 speed + dloss/dw) = 2 − 0.1 · (0.9 · 0.5 + 4) = 1.555" in said(derivation)


def test_a_step_of_a_run_is_derived_with_the_runs_own_numbers():
    run = wk.train(
        lambda w, x, expected: (w * x - expected) ** 2,
        parameters={"w": 0.5},
        data={"x": 1.0, "expected": 2.0},
        optimizer=wk.SGD(0.01),
        steps=3,
    )
    derivation = run.explain(step=0)
    (check,) = [s for s in derivation.steps if isinstance(s, Check)]
    assert [row.words for row in check.rows[1:2]] == [("the same to the last bit",)]
    assert "the run = −3 the same to the last bit" in said(derivation)
    assert "w − learning rate · dloss/dw = 0.5 − 0.01 · (−3) = 0.53" in said(derivation).replace("df/dw", "dloss/dw")


def test_a_constant_gradient_is_no_value_of_the_step():
    run = wk.train(lambda w, b, x, t: w * x + b - t, {"w": 0.5, "b": 0.1}, {"x": 1.0, "t": 2.0}, steps=1)
    derivation = run.explain(0)
    assert derivation.ok
    checks = {s.node.name: s for s in derivation.steps if isinstance(s, Check)}
    assert checks["b"].rows[1].value == 1
    assert "b − learning rate = 0.1 − 0.01 = 0.09" in said(derivation)
    fivefold = wk.train(lambda b, t: 5 * b - t, {"b": 0.5}, {"t": 2.0}, steps=1).explain(0)
    assert fivefold.ok
    assert "the run = 5 the same to the last bit" in said(fivefold)


def test_parameters_that_share_a_gradient_are_each_nudged_by_their_own():
    run = wk.train(lambda a, b, x: (a + b) * x * x, {"a": 0.5, "b": 0.1}, {"x": 2.0}, steps=1)
    assert "a − learning rate · df/da" in said(run.explain(0))
    w, v, slope = scalar("w", "parameter"), scalar("v", "parameter"), scalar("g")
    loss = call("add", w, v, label="loss")
    updates = {w: w - 0.1 * slope, v: v - 0.1 * slope}
    derivation = derive(
        loss, [w, v], {w: 1.0, v: 2.0}, updates=updates, update_gradients={w: slope, v: slope}, settings={}
    )
    assert "w − 0.1 dloss/dw = 1 − 0.1 · 1 = 0.9" in said(derivation)
    assert "v − 0.1 dloss/dv = 2 − 0.1 · 1 = 1.9" in said(derivation)


def test_it_is_a_value():
    derivation = NETS["squared_loss"].derivation()
    assert str(derivation) == repr(derivation) == derivation.text(80)
    assert derivation._repr_markdown_() == derivation.markdown()
    assert all(isinstance(row, Agreement) for s in derivation.steps if isinstance(s, Check) for row in s.rows)
    assert next(sentence(s.words) for s in derivation.steps if isinstance(s, Remark)).startswith("the slope alone")
    with pytest.raises(AttributeError):
        derivation.title = ()


@pytest.mark.parametrize("name", ["a_name_as_long_as_a_whole_line_" * 3, "重み_最初の", "λ", "e", "d"])
@pytest.mark.parametrize("width", [30, 40, 80])
def test_names_of_any_length_and_script_fit(name, width):
    w, x = scalar(name, "parameter"), scalar("x" * 40)
    a = input_node("A" * 70, (3, 2), float, "parameter")
    y = call("multiply", w, x, label="output_" * 6)
    values = {w: 0.5, x: 2.0, a: np.ones((3, 2))}
    for loss, wrt in ((call("square", y - 1), w), (call("sum", a * w + y), a)):
        derivation = derive(loss, [wrt], values, learning_rate=0.1)
        assert derivation.ok
        assert all(columns(line) <= width for line in derivation.text(width).splitlines())


@pytest.mark.parametrize("count", [3, 9])
def test_a_kink_within_the_step_is_told_and_not_taken_for_a_mistake(count):
    # at 0 the derivative of relu is 0 by convention, and central differences see the mean of both sides
    w = input_node("w", (count,), float, "parameter")
    loss = call("sum", call("where", call("less_equal", w, 0.0), 0.0, w), label="loss")
    derivation = derive(loss, [w], {w: np.zeros(count)})
    assert derivation.ok
    assert "which is no measure: within the step w ≤ 0 turns over, a kink" in said(derivation)


def test_a_kink_near_by_is_avoided_by_a_shorter_step():
    w = input_node("w", (3,), float, "parameter")
    loss = call("sum", call("where", call("less_equal", w, 0.0), 0.0, w), label="loss")
    derivation = derive(loss, [w], {w: np.array([2e-6, 1.0, -1.0])})  # the usual step is 6e-6
    assert derivation.ok
    assert "no measure" not in said(derivation)


def test_a_wrong_partial_is_seen_beside_a_kink_that_is_far(monkeypatch):
    monkeypatch.setitem(_OPS, "tanh", replace(lookup("tanh"), partials=(lambda x, y: 1 - y,)))
    w = input_node("w", (3,), float, "parameter")
    loss = call("sum", call("tanh", call("where", call("less_equal", w, 0.0), 0.0, w)), label="loss")
    assert "!! THEY DIFFER" in said(derive(loss, [w], {w: np.array([0.5, 1.0, -1.0])}))


def test_terms_that_cancel_are_held_against_their_own_rounding():
    # shares add up to 1 whatever b is, so the derivative is 0, and each way of adding up rounds otherwise
    b = input_node("b", (), np.float32, "parameter")
    x = input_node("x", (7,), np.float32)
    scores = call("exp", call("multiply", x, b))
    loss = call("sum", call("divide", scores, call("sum", scores)), label="loss")
    values = {b: np.float32(0.3), x: np.linspace(-1, 1, 7, dtype=np.float32)}
    assert derive(loss, [b], values, engine_gradients={b: np.float32(1e-8)}).ok
    assert not derive(loss, [b], values, engine_gradients={b: np.float32(1e-3)}).ok


def test_a_step_that_is_long_for_what_is_small_is_shortened():
    # an embedding of 0.02 through a norm: the usual step of float32 is a quarter of it
    w = input_node("w", (8,), np.float32, "parameter")
    length = call("sqrt", call("sum", call("square", w)))
    loss = call("sum", call("square", call("subtract", call("divide", w, length), 0.2)), label="loss")
    values = {w: (0.02 * np.random.default_rng(1).normal(size=8)).astype(np.float32)}
    assert derive(loss, [w], values).ok
