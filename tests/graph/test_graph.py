"""Nodes, graphs, names and what stands beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workings.errors import ArgumentError, DtypeError, GraphError
from workings.graph import (
    Because,
    Graph,
    Node,
    Op,
    Origin,
    Role,
    call,
    constant,
    evaluate,
    input_node,
    lookup,
    provenance,
    register,
    registered,
    substitute,
    verify,
)
from workings.transform import reverse, simplify


def scalar(name: str = "x") -> Node:
    return input_node(name, (), np.float64)


def test_nodes_are_frozen_and_compared_by_identity() -> None:
    x = scalar()
    for change in (lambda: setattr(x, "name", "y"), lambda: delattr(x, "name")):
        with pytest.raises(AttributeError, match="frozen"):
            change()
    with pytest.raises(TypeError):
        x.attributes["role"] = Role.STATE  # type: ignore[index]
    assert (x + 1) != (x + 1)
    assert len({x, x, scalar()}) == 2
    with pytest.raises(TypeError, match="no truth value"):
        bool(x > 0)


@pytest.mark.parametrize(
    ("make", "op"),
    [
        (lambda a, b: a + b, "add"),
        (lambda a, b: a - b, "subtract"),
        (lambda a, b: a * b, "multiply"),
        (lambda a, b: a / b, "divide"),
        (lambda a, b: a**b, "power"),
        (lambda a, b: a < b, "less"),
        (lambda a, b: a <= b, "less_equal"),
        (lambda a, b: a > b, "greater"),
        (lambda a, b: a >= b, "greater_equal"),
    ],
)
def test_operators(make: Any, op: str) -> None:
    x, y = scalar(), scalar("y")
    mirrored = {"less": "greater", "greater": "less", "less_equal": "greater_equal", "greater_equal": "less_equal"}
    assert make(x, y).op.name == op
    assert [i.is_constant for i in make(x, 3.0).inputs] == [False, True]
    left = make(3.0, x)
    assert left.op.name == mirrored.get(op, op)
    for found, value in ((make(x, 3.0), make(2.0, 3.0)), (left, make(3.0, 2.0))):
        assert evaluate(Graph([x], [found]), [np.float64(2.0)])[0] == value


def test_the_square_is_a_product() -> None:
    x = scalar()
    assert [(x**n).op.name for n in (2, 2.0, 3, True, np.float64(2))] == [
        "square",
        "square",
        "power",
        "power",
        "power",  # a NumPy scalar is no Python number: its dtype counts
    ]


def test_python_numbers_are_weak_and_keep_their_spelling() -> None:
    x = input_node("x", (3,), np.float32)
    assert (x * 2).dtype == (x * 0.1).dtype == np.float32
    assert (x * 2).inputs[1].attributes["value"] == 2
    assert type((x * 2).inputs[1].attributes["value"]) is int
    assert (x * np.float64(2)).dtype == np.float64
    assert (input_node("i", (), np.int64) * 0.5).dtype == np.float64
    with pytest.raises(DtypeError):
        constant(300, np.int8)
    with pytest.raises(DtypeError):
        constant("word")
    with pytest.raises(DtypeError):
        constant(1 + 2j, np.float64)


def test_constants_are_copies_that_cannot_be_written() -> None:
    given = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    held = constant(given)
    given[0, 0] = 9
    assert held.value[0, 0] == 0
    assert held.value.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        held.value[0, 0] = 1


def test_literals_tell_signed_zeros() -> None:
    assert constant(0.0).is_literal(0)
    assert constant(0).is_literal(0)
    assert constant(0.0).is_literal(0.0)
    assert not constant(-0.0).is_literal(0)
    assert constant(-0.0).is_literal(-0.0)
    assert not constant(np.zeros(1)).is_literal(0)
    assert not scalar().is_literal(0)
    assert not constant(np.nan).is_literal(np.nan)


def test_nodes_stand_in_the_order_in_which_they_were_made() -> None:
    x, y = scalar(), scalar("y")
    a = call("exp", x, label="a")
    b = call("sin", y, label="b")
    unused = call("cos", x)
    c = call("add", b, a, label="c")
    graph = Graph([y, x], [c])
    assert graph.nodes == (y, x, a, b, c)
    assert unused not in graph.nodes
    assert len(graph) == 5
    assert graph.users[x] == (a,)
    assert graph.users[c] == ()
    # what lies behind an input is not the graph's
    assert Graph([a, b], [c]).nodes == (a, b, c)


def test_simplifying_keeps_the_order_of_the_users_lines() -> None:
    x, y = scalar(), scalar("y")
    first = call("exp", x * 1, label="first")
    second = call("sin", y, label="second")
    third = call("cos", first, label="third")
    graph = simplify(Graph([x, y], [third, second])).graph
    assert [node.name for node in graph.nodes] == ["x", "y", "first", "second", "third"]


def test_names_are_given_once_and_follow_the_user() -> None:
    x = scalar()
    h = call("exp", x, label="h")
    again = call("sin", h, label="h")
    third = call("cos", again, label="h")
    graph = Graph([x], [third + call("tanh", third) + h], name="net")
    assert list(graph.names.values()) == ["x", "h", "h_2", "h_3", "z", "z_2", "net"]
    (d_x,) = reverse(graph.outputs[0], [x])
    assert d_x is not None
    both = Graph([x], [graph.outputs[0], d_x])
    assert both.names[d_x] == "d_x"
    assert [both.names[n] for n in graph.nodes[:4]] == ["x", "h", "h_2", "h_3"]


def test_calling_a_graph_is_substitution() -> None:
    x = scalar()
    graph = Graph([x], [call("exp", x, label="y"), x])
    t = scalar("t")
    y, same = graph(t * 2)
    assert same.op.name == "multiply"
    assert y.name == "y"
    np.testing.assert_array_equal(evaluate(Graph([t], [y]), [np.float64(1.5)]), np.exp(3.0))
    with pytest.raises(GraphError, match="takes 1 inputs, not 2"):
        graph(t, t)


def test_substitution_takes_reasons_along() -> None:
    x = scalar()
    y = call("exp", x, label="y")
    loss = call("sin", y, label="loss")
    (d_x,) = reverse(loss, [x])
    assert d_x is not None
    t = scalar("t")
    new_loss, d_t = substitute([loss, d_x], {x: t})
    graph = verify(Graph([t], [new_loss, d_t]))
    for node in graph.nodes:
        if node.because is not None:
            assert node.because.node in graph.nodes
    assert d_t.because is not None
    assert d_t.because.of is t
    assert graph.names[d_t] == "d_t"


def test_what_stands_beside_a_node() -> None:
    x = scalar()
    origin = Origin("net.py", 3, 4, 9, "forward")
    because = Because(x, "a rule")
    with provenance(origin, ("layer",), because):
        y = x + 1
        own = call("add", x, 1, origin=Origin("other.py", 7), scope=())
    assert (y.origin, y.scope, y.because) == (origin, ("layer",), because)
    assert y.inputs[1].origin == origin
    assert own.origin == Origin("other.py", 7)
    assert (x + 1).origin is None
    assert str(Origin("gone.py", 3)) == "gone.py, line 3"


def test_every_derivative_node_says_where_it_comes_from() -> None:
    x = input_node("x", (3, 4), np.float64)
    y = call("matmul", call("tanh", x, label="h"), constant(np.ones((4, 2))), label="y")
    loss = call("mean", y * y, label="loss")
    (d_x,) = reverse(loss, [x])
    assert d_x is not None
    forward_nodes = set(Graph([x], [loss]).nodes)
    made = [n for n in Graph([x], [d_x]).nodes if n not in forward_nodes and not n.is_constant]
    assert made
    for node in made:
        assert node.because is not None
        assert node.because.node in forward_nodes
        assert node.because.rule
    wholes = [n.because.of for n in made if n.because is not None]
    assert {of.name for of in wholes if of is not None} >= {"x", "h", "y"}


def test_simplifying_keeps_reasons_of_forward_nodes_that_are_there() -> None:
    x = scalar()
    y = call("multiply", x * 1, 3, label="y")
    loss = call("square", y, label="loss")
    (d_x,) = reverse(loss, [x])
    assert d_x is not None
    for algebra in (False, True):
        graph = simplify(Graph([x], [loss, d_x]), algebra=algebra).graph
        wholes = [node.because.of for node in graph.nodes if node.because and node.because.of is not None]
        assert len(wholes) == len(set(wholes)), f"two nodes are the derivative by one\n{graph}"
        for node in graph.nodes:
            if node.because is not None:
                assert node.because.node in graph.nodes


def test_values_have_to_fit() -> None:
    graph = Graph([input_node("x", (3,), np.float64)], [])
    with pytest.raises(ArgumentError, match=r"x has shape \(3,\), and the value given \(4,\)"):
        evaluate(graph, [np.zeros(4)])
    with pytest.raises(ArgumentError, match="takes 1 values, not 2"):
        evaluate(graph, [np.zeros(3), np.zeros(3)])
    x = scalar()
    assert evaluate(Graph([x], [x + 1]), {"x": np.float64(2)}) == [3]


def test_an_op_is_registered_once() -> None:
    with pytest.raises(GraphError, match="there is an op 'add' already"):
        register(Op("add", "again", lookup("add").infer, np.add))
    assert len({op.name for op in registered()}) == len(registered())
    assert all(op.doc and not op.doc.endswith(".") for op in registered())
    assert repr(lookup("add")) == "<op add: x + y>"
