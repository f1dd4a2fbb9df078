"""The text form: what it looks like, that it is read back, and what is said of a text that is no graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.ops.checks import same_bits
from workings.errors import ParseError
from workings.graph import Graph, Op, Role, call, constant, evaluate, input_node, register, verify
from workings.graph import op as registry
from workings.graph.text import write
from workings.transform import reverse


@pytest.fixture
def fold() -> Iterator[None]:
    """An op whose attribute is a graph, applied to a row after another."""

    def numpy(start: Any, rows: Any, body: Graph, **rest: Any) -> Any:
        for row in rows:
            (start,) = evaluate(body, [start, row])
        return start

    register(Op("fold", "rows folded by a graph", lambda inputs, attributes: (inputs[0].shape, inputs[0].dtype), numpy))
    yield
    del registry._OPS["fold"]


def check(graph: Graph, *values: Any) -> str:
    """The text, after a round trip through it."""
    text, table = write(graph)
    again = verify(Graph.parse(text, table))
    assert str(again) == text
    assert set(again.names) == {n for n in again.nodes if not (n.is_constant and n.shape == ())}
    assert len(set(again.names.values())) == len(again.names)
    for a, b in zip(evaluate(graph, values), evaluate(again, values), strict=True):
        assert same_bits(a, b)
    return text


def test_the_neuron() -> None:
    w, x, expected = (input_node(n, (), float, r) for n, r in (("w", "parameter"), ("x", "data"), ("expected", "data")))
    y = call("multiply", w, x, label="y")
    loss = (y - expected) ** 2
    (d_w,) = reverse(loss, [w])
    assert d_w is not None
    text = check(Graph([w, x, expected], [loss, d_w], name="loss"), 0.5, 1.0, 2.0)
    assert text == (
        "graph loss(w: parameter float64, x: data float64, expected: data float64)\n"
        "  y: float64 = multiply(w, x)\n"
        "  %z: float64 = subtract(y, expected)\n"
        "  %z_2: float64 = square(%z)\n"
        "  %d_z: float64 = multiply(2:float64, %z)\n"
        "  %d_w: float64 = multiply(%d_z, x)\n"
        "  return %z_2, %d_w"
    )


SCALARS = [2, -3, 0, -0.0, 0.1, 1e300, 5e-324, -1e-5, 1e22, np.inf, -np.inf, np.nan, True, False, 2**62, -(2**63)]


@pytest.mark.parametrize("value", SCALARS)
def test_scalar_constants(value: Any) -> None:
    x = input_node("x", (), np.float64)
    text = check(Graph([x], [constant(value), call("add", x, constant(float(value), np.float64))]), np.float64(1))
    assert f"{value!r}:{np.dtype(type(value)).name}" in text


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "uint64", "bool"])
def test_other_dtypes(dtype: str) -> None:
    graph = Graph([], [constant(1, dtype), constant(np.array([0, 1], dtype)), constant(np.ones((3, 4), dtype))])
    assert f"return 1:{dtype}, " in check(graph)
    exact = constant(np.float32(0.1))
    assert check(Graph([], [exact])).endswith("0.10000000149011612:float32")


@pytest.mark.parametrize("shape", [(0,), (1,), (2, 0, 3), (0, 2), (2, 4), (1, 1, 8), (3, 3), (2, 5)])
def test_arrays(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).choice([-0.0, np.inf, -np.inf, np.nan, 1e-310, 0.1], shape)
    text = check(Graph([], [constant(values)]))
    assert ("@0" in text) == (values.size > 8)


def test_the_table_holds_an_array_once_for_each_constant() -> None:
    big = constant(np.arange(12.0))
    x = input_node("x", (12,), np.float64)
    text, table = write(Graph([x], [(x + big) * big - constant(np.ones(12))]))
    assert len(table) == 2
    again = Graph.parse(text, table)
    assert sum(node.is_constant for node in again.nodes) == 2
    with pytest.raises(ParseError, match="at least 2 constants"):
        Graph.parse(text, table[:1])


def test_attributes() -> None:
    x = input_node("x", (2, 3, 4), np.float64)
    at = input_node("at", (2,), np.int64)
    value = np.arange(24.0).reshape(2, 3, 4)
    key = (0, slice(None, None, -1), None, ..., slice(1, -1, 2))
    graph = Graph(
        [x, at],
        [
            call("getitem", x, key=key),
            call("getitem", x, at, key=(slice(None), "array")),
            call("sum", x, axis=(0, 2), keepdims=True),
            call("reshape", x, shape=(np.int64(-1),)),
            call("reshape", call("sum", x), shape=()),
            call("astype", x, dtype=np.dtype(np.float32)),
            call("put", at, shape=(3,), key=(slice(0, 2),)),
        ],
    )
    text = check(graph, value, np.array([2, 0]))
    assert "key=(0, slice(None, None, -1), None, Ellipsis, slice(1, -1, 2))" in text
    assert "key=(slice(None, None, None), 'array')" in text
    assert "axis=(0, 2), keepdims=True" in text
    assert "dtype=dtype(float32)" in text
    assert "shape=(-1,)" in text
    assert "shape=()" in text


def test_a_graph_among_the_attributes(fold: None) -> None:
    h, row = input_node("h", (2,), float, Role.STATE), input_node("row", (2,), float)
    many = constant(np.arange(10.0))
    body = Graph([h, row], [call("tanh", h * 0.5 + row, label="h") + call("sum", many)], name="cell")
    start, rows = input_node("start", (2,), float), input_node("rows", (3, 2), float)
    outer = call("fold", start, rows, body=body, depth=1, fill=-np.inf, word="it's", none=None)
    text = check(Graph([start, rows], [outer * constant(np.ones((5, 2)))]), np.zeros(2), np.ones((3, 2)))
    assert "body={graph cell(h: state float64[2], row: data float64[2]); %z: float64[2] = " in text
    # a graph within a graph within a graph
    row = input_node("row", (3, 2), float)
    inner = Graph([h, row], [call("fold", h, row, body=body)], name="inner")
    rows = input_node("rows", (4, 3, 2), float)
    check(Graph([start, rows], [call("fold", start, rows, body=inner)]), np.zeros(2), np.ones((4, 3, 2)))


NAMES = ["inf", "nan", "graph", "slice", "dtype", "None_", "é", "_x", "x.y", "x-y", "return", "2x", "h_2"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_all_kinds(name: str) -> None:
    x = input_node(name, (), np.float64)
    y = call("multiply", x, np.inf, label=name)
    z = call("add", y, np.nan, label="inf")
    check(Graph([x], [z, x, y], name=name), np.float64(2))
    check(Graph([x], [call("exp", z)], name="<lambda>"), np.float64(2))


def test_space_and_line_ends_do_not_matter() -> None:
    text = "graph f ( x : data float64[ 2 ] )\n\n   y:float64[2]=add( x,2 :float64 )\n\treturn   y\n\n"
    assert str(Graph.parse(text)) == "graph f(x: data float64[2])\n  y: float64[2] = add(x, 2:float64)\n  return y"


HEAD = "graph f(x: data float64[3])\n"
WRONG = {
    "": "line 1: expected a name, found 'the end'",
    "grph f()": "expected 'graph'",
    "graph f(x: guest float64)\n return x": "a role, not guest",
    "graph f(x: data float65)\n return x": "a dtype, not float65",
    "graph f(x: data float64": "expected",
    HEAD + "  y: float64[3] = exp(z)\n  return y": "line 2: expected a name made above, found 'z'",
    HEAD + "  y: float64[4] = exp(x)\n  return y": r"y of type float64\[3\]",
    HEAD + "  y: float64[3] = frob(x)\n  return y": "no op 'frob'",
    HEAD + "  y: float64[3] = add(x, 2)\n  return y": "expected ':'",
    HEAD + "  y: float64[3] = add(x, [1, 2]:float64[2])\n  return y": "do not broadcast",
    HEAD + "  y: float64[3] = add(x, [1, 2]:float64[3])\n  return y": "",
    HEAD + "  y: float64[3] = add(x x)\n  return y": "',' or ",
    HEAD + "  y: float64[3] = add(x, x\n": "expected",
    HEAD + "  y: float64[3] = add(x, x)\n": "expected",
    HEAD + "  y: float64[3] = sum(x, axis=frob)\n  return y": "a value, not frob",
    HEAD + "  y: float64[3] = add(x, @0:float64[3])\n  return y": "at least 1 constants",
    HEAD + "  y: float64[3] = ?\n": "a name, a number or a mark",
    HEAD + "  y: float64[q] = add(x, x)\n  return y": "",
    HEAD + "  return y": "a name made above",
    HEAD + "  y: float64[3] = exp(x)\n  y: float64[3] = exp(x)\n  return y": "",
    HEAD + "  return x\n  return x": "",
    "graph f(x: data float64, x: data float64)\n  return x": "",
    HEAD + "  y: float64 = sum(x, axis=1)\n  return y": "sum: axis 1 is out of range",
    HEAD + "  y: float64 = transpose(x)\n  return y": "a legal node y",
    HEAD + "  y: int8 = add(300:int8, 1:int8)\n  return y": "",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_graph(text: str) -> None:
    with pytest.raises(ParseError, match=r"line \d+: expected" if not WRONG[text] else WRONG[text]):
        Graph.parse(text)
