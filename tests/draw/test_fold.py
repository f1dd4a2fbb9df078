"""What shares a box: scopes, parts of a large net, and what is written out in a formula. Nothing gets lost."""

from __future__ import annotations

import numpy as np
import pytest

import workings as wk
from tests.draw.nets import loop, mlp, mlp_program, nested
from workings.draw import Picture, picture
from workings.errors import ArgumentError
from workings.graph import Graph, Role, call, constant, input_node


def names(drawn: Picture, kind: str) -> list[str]:
    return [box.name for box in drawn.boxes if box.kind == kind]


def box(drawn: Picture, name: str):
    (found,) = [b for b in drawn.boxes if b.name == name]
    return found


# ── scopes ──


def test_depth_0_is_one_box():
    drawn = picture(mlp().graph, depth=0)
    assert [b.name for b in drawn.boxes] == ["x", "t", "net", "classify"]
    assert box(drawn, "net").word == "21 operations, 8 parameters"
    assert "holds p_0_w, p_0_b, p_1_w, p_1_b, p_2_w, p_2_b, p_3_w and p_3_b" in box(drawn, "net").title


def test_depth_1_is_a_box_for_each_layer():
    drawn = picture(mlp().graph, depth=1)
    assert names(drawn, "folded") == ["layer", "layer_2", "layer_3", "log_softmax"]
    first = box(drawn, "layer")
    assert (first.word, first.formula, first.scope) == (
        "3 operations, 2 parameters",
        "x 100×2 → h 100×16",
        ("layer",),
    )
    assert "holds p_0_w and p_0_b" in first.title
    # what no layer has for itself stays outside
    assert names(drawn, "parameter") == ["p_3_w", "p_3_b"]


def test_depth_2_opens_the_layers_in_frames():
    drawn = picture(mlp().graph, depth=2)
    assert not names(drawn, "folded")
    assert [f.title for f in drawn.frames] == ["layer", "layer_2", "layer_3", "log_softmax"]
    key = {f.title: f.key for f in drawn.frames}
    assert [b.name for b in drawn.boxes if b.inside == key["layer_2"]] == ["p_1_w", "p_1_b", "z_3", "z_4", "h_2"]
    assert drawn.frames == picture(mlp().graph).frames == picture(mlp().graph, depth=9).frames


def test_scopes_within_scopes():
    graph = wk.trace(nested, np.ones((4, 4)), np.ones((3, 4)))
    one = picture(graph, depth=1)
    assert names(one, "folded") == ["block", "block_2"]
    two = picture(graph, depth=2)
    assert [f.title for f in two.frames] == ["block", "block_2"]
    assert names(two, "folded") == ["layer", "layer_2"] * 2
    three = picture(graph, depth=3)
    inside = {f.key: f for f in three.frames}
    assert [(f.title, inside[f.inside].title if f.inside else None) for f in three.frames] == [
        ("block", None),
        ("block_2", None),
        ("layer", "block"),
        ("layer_2", "block"),
        ("layer", "block_2"),
        ("layer_2", "block_2"),
    ]


def test_the_inside_of_one_scope():
    drawn = picture(mlp().graph, scope="layer_2")
    assert drawn.title == "layer_2, a part of net"
    assert [(b.name, b.word) for b in drawn.boxes if b.kind == "end"] == [("h", "from layer"), ("layer_3", "goes on")]
    assert names(drawn, "parameter") == ["p_1_w", "p_1_b"]
    assert {f.title for f in drawn.frames} == {"layer_2"}
    arrows = [(e.source, e.target) for e in drawn.edges if not e.backward]
    by_name = {b.key: b.name for b in drawn.boxes}
    assert {(by_name[a], by_name[b]) for a, b in arrows} == {
        ("h", "z_3"),
        ("p_1_w", "z_3"),
        ("z_3", "z_4"),
        ("p_1_b", "z_4"),
        ("z_4", "h_2"),
        ("h_2", "layer_3"),
    }


def test_the_inside_of_an_inner_scope():
    graph = wk.trace(nested, np.ones((4, 4)), np.ones((3, 4)))
    drawn = picture(graph, scope=("block_2", "layer"))
    assert [f.title for f in drawn.frames] == ["block_2 › layer"]
    assert [(b.name, b.word) for b in drawn.boxes if b.kind == "end"] == [("z_7", "from block"), ("layer_2", "goes on")]
    assert names(drawn, "data") == ["w"]
    outer = picture(graph, scope="block_2", depth=1)
    assert names(outer, "folded") == ["layer", "layer_2"]


def test_a_scope_that_there_is_not():
    with pytest.raises(ArgumentError, match="net has no scope 'layer_9'") as caught:
        picture(mlp().graph, scope="layer_9")
    assert caught.value.fix == "scope='layer', 'layer_2', 'layer_3' or 'log_softmax'"
    with pytest.raises(ArgumentError, match="nothing in it was made by a function that it calls"):
        picture(wk.trace(lambda x: x * x, 0.1), scope="layer")


def test_folding_keeps_an_order():
    """However a net is folded, no arrow of its values leads back, unless a scope itself is left and entered again."""
    for depth in (0, 1, 2):
        drawn = picture(mlp().graph, depth=depth)
        order = {b.key: i for i, b in enumerate(drawn.boxes)}
        assert all(order[e.source] < order[e.target] for e in drawn.edges if not e.against)


def test_a_scope_that_is_left_and_entered_again():
    x = input_node("x", (), float)
    a = call("sin", x, scope=("f",), label="a")
    b = call("cos", a, label="b")
    c = call("tanh", b, scope=("f",), label="c")
    drawn = picture(Graph([x], [call("square", c, label="d")]), depth=1)
    by_name = {b.key: b.name for b in drawn.boxes}
    arrows = {(by_name[e.source], by_name[e.target]) for e in drawn.edges}
    assert arrows == {("x", "f"), ("f", "b"), ("b", "f"), ("f", "d")}
    assert drawn.svg()
    assert drawn.text().count("f  2 operations") == 1


def test_the_way_back_through_a_layer_has_a_box_of_its_own():
    drawn = wk.draw(mlp_program(), depth=1)
    assert names(drawn, "folded") == [
        "layer",
        "layer_2",
        "layer_3",
        "log_softmax",
        "log_softmax, backward",
        "layer_3, backward",
        "layer_2, backward",
        "layer, backward",
        "update",
    ]


# ── what is written out in a formula ──


def test_links_of_a_derivative_are_written_out():
    drawn = wk.draw(mlp_program(), depth=5)
    found = box(drawn, "d_z_6")
    assert found.formula == "d_h_3 ⊙ (1 − h_3²)"
    assert len(found.nodes) == 3


def test_literals_have_no_box():
    drawn = picture(wk.trace(lambda x: 2 * x + 3, 1.0))
    assert [b.name for b in drawn.boxes] == ["x", "z", "f"]
    assert box(drawn, "f").formula == "z + 3"


def test_a_constant_array_has_one():
    table = constant(np.arange(12.0).reshape(3, 4), name="table")
    x = input_node("x", (4,), float)
    drawn = picture(Graph([x], [call("matmul", table, x, label="y")]))
    assert (box(drawn, "table").kind, box(drawn, "table").shape) == ("constant", "3×4")


def test_an_output_that_is_a_number():
    drawn = picture(wk.trace(lambda x: 3.0, 1.0))
    assert [b.kind for b in drawn.boxes] == ["data", "constant"]


def test_an_input_that_nothing_uses_is_there():
    x, y = input_node("x", (), float), input_node("y", (), float, Role.PARAMETER)
    assert [b.name for b in picture(Graph([x, y], [call("square", x)])).boxes] == ["x", "y", "f"]


# ── a large net ──


def test_what_repeats_itself_is_folded():
    drawn = wk.draw(wk.trace(loop, 0.1, 0.2, 0.3))
    (folded,) = [b for b in drawn.boxes if b.kind == "folded"]
    assert folded.name == "… 987 more operations …"
    assert "what comes before it, 329 more times" in folded.title
    assert drawn.notes == ("… stands for 329 more turns of the 3 operations before it.",)
    shown = [b.name for b in drawn.boxes if b.kind == "operation"]
    assert shown[:7] == ["h", "z", "x_2", "h_2", "z_2", "x_3", "h_3"]
    assert len(shown) + len(folded.nodes) + 1 == 1000


def test_parameters_that_are_folded_are_counted_and_named():
    def net(p, x):
        for w in p:
            x = np.tanh(w * x)
        return x**2

    drawn = picture(wk.trace(net, [0.1] * 500, 0.3))
    (folded,) = [b for b in drawn.boxes if b.kind == "folded"]
    assert folded.word == "folded, 496 data"
    assert "holds p_3, p_4, p_5" in folded.title
    assert "and 485 more" in folded.title
    assert sum(len(b.nodes) for b in drawn.boxes) == 501 + 1001


def test_many_inputs_of_one_operation():
    inputs = [input_node(f"p_{i}", (2,), float, Role.PARAMETER) for i in range(300)]
    drawn = picture(Graph(inputs, [call("sum", call("concatenate", *inputs, axis=0, label="all"), label="y")]))
    assert len(drawn.boxes) <= 10
    (folded,) = [b for b in drawn.boxes if b.kind == "folded"]
    assert folded.name == "… 298 more parameters …"
    assert sum(len(b.nodes) for b in drawn.boxes) == 302


def test_many_layers_are_folded_as_they_repeat_themselves():
    def layer(x, w, b):
        return np.tanh(x @ w + b)

    def net(p, x):
        for w, b in p:
            x = layer(x, w, b)
        return np.mean(x)

    drawn = picture(wk.trace(net, [(np.eye(3), np.zeros(3))] * 200, np.ones((5, 3))))
    assert names(drawn, "folded")[:2] == ["layer", "layer_2"]
    assert names(drawn, "folded")[-1] == "layer_200"
    assert drawn.notes == (
        "Folded to depth 1 of 2, so that it can be read.",
        "… stands for 196 more turns of the 3 operations before it.",
    )


def test_a_net_without_a_pattern_keeps_its_ends():
    rng = np.random.default_rng(3)
    x = t = input_node("x", (), float)
    for i in range(500):
        t = call(str(rng.choice(["sin", "cos", "tanh", "exp", "sqrt", "square", "negative"])), t, label=f"v{i}")
    drawn = picture(Graph([x], [t]))
    assert len(drawn.boxes) <= 60
    assert [drawn.boxes[1].name, drawn.boxes[-1].name] == ["v0", "v499"]
    assert "… stands for the middle of a long net." in drawn.notes
    assert sum(len(b.nodes) for b in drawn.boxes) == 501


def test_a_program_of_many_steps_is_read_too():
    def net(p, x):
        for q in p:
            x = np.tanh(q["w"] * x + q["b"])
        return x**2

    run = wk.train(net, {"p": [{"w": 0.1, "b": 0.2}] * 250}, {"x": 0.3}, steps=0)
    drawn = wk.draw(run.program)
    assert len(drawn.boxes) <= 60
    assert [b.word for b in drawn.boxes if b.kind == "output"] == ["loss"]
    kept = {node for b in drawn.boxes for node in b.nodes}
    assert {c.input for c in run.program.carry} <= kept
    assert {c.output for c in run.program.carry} <= kept


def test_most_says_how_large_a_picture_may_be():
    graph = wk.trace(lambda w, b, x: loop(w, b, x, turns=100), 0.1, 0.2, 0.3)
    assert len(picture(graph, most=20).boxes) <= 20
    assert len(picture(graph, most=10_000).boxes) == 304


def test_more_outputs_than_there_is_room_for():
    x = input_node("x", (), float)
    graph = Graph([x], [call("multiply", x, float(i)) for i in range(2, 202)])
    drawn = picture(graph)
    assert len(drawn.boxes) <= 60
    assert sum(len(b.nodes) for b in drawn.boxes) == 201


def test_many_ends_of_a_scope_share_boxes():
    inputs = [call("sin", input_node(f"x_{i}", (), float), label=f"a_{i}") for i in range(40)]
    total = call("sum", call("stack", *inputs, axis=0, scope=("f",)), scope=("f",), label="s")
    outside = [call("multiply", total, float(i)) for i in range(2, 42)]
    graph = Graph([i.inputs[0] for i in inputs], [call("sum", call("stack", *outside, axis=0), label="y")])
    drawn = picture(graph, scope="f")
    ends = [(b.name, b.word) for b in drawn.boxes if b.kind == "end"]
    assert len(ends) == 2 * 7
    assert ("… 34 more values …", "from outside") in ends
    assert ("… 34 more values …", "goes on") in ends
    assert drawn.svg()


def test_a_graph_without_an_output():
    with pytest.raises(ArgumentError, match="has no output"):
        picture(Graph([input_node("x", (), float)], []))
