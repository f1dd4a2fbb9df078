"""Every op in Python: the text of single nodes, of numbers, and the bits of random graphs."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.ops.cases import APART
from tests.write.random_graphs import arguments, random_call, random_graph
from workings.engines import compile_function
from workings.graph import Graph, Node, call, constant, every_value, input_node, registered
from workings.graph.layouts import CONTIGUOUS, Layouts
from workings.write import write_python_function
from workings.write.literals import number, spelled, typed

OPS = [op.name for op in registered() if op.name not in APART]

a, b = input_node("a", (3, 4), "float64"), input_node("b", (3, 4), "float64")
f = input_node("f", (3, 4), "float32")
i = input_node("i", (3,), "int64")
s = input_node("s", (), "float64")
u = input_node("u", (), "uint32")
flag = input_node("flag", (3, 4), "bool")
one, nought = constant(1, "float32"), constant(0, "float32")


def _text(node: Node) -> str:
    inputs = [n for n in (a, b, f, i, s, u, flag) if n in Graph([a, b, f, i, s, u, flag], [node]).nodes]
    return write_python_function(Graph(inputs, [node])).source.rsplit("    return ", 1)[1].strip()


def test_every_op_is_written() -> None:
    """The cells of the table (op, Python) that are empty; there are none."""
    missing = []
    for op in OPS:
        rng = random.Random(1)
        nodes = [input_node("x", shape, "float64") for shape in ((), (3,), (3, 1), (3, 4), (1, 4))]
        nodes += [input_node("n", (3,), "int64"), input_node("c", (3, 4), "bool")]
        made = next((m for m in (random_call(rng, op, nodes) for _ in range(200)) if m is not None), None)
        assert made is not None, f"{op}: no call of it was found"
        try:
            write_python_function(Graph(nodes, [made]))
        except Exception as error:
            missing.append((op, "python", str(error)))
    assert not missing


@pytest.mark.parametrize(
    ("node", "text"),
    [
        # no more parentheses than it needs, and none that would regroup
        (a + b + a, "a + b + a"),
        (a + (b + a), "a + (b + a)"),
        (a - (b - a), "a - (b - a)"),
        ((a + b) * a, "(a + b) * a"),
        (a * b + a, "a * b + a"),
        (a / (b * a), "a / (b * a)"),
        (a * (b / a), "a * (b / a)"),
        (-(a * b), "-(a * b)"),
        (-a * b, "-a * b"),
        (call("negative", -a), "-(-a)"),
        (a - (-b), "a - (-b)"),
        ((a + b).T, "(a + b).T"),
        (call("equal", a > b, b > a), "(a > b) == (b > a)"),
        (a.T @ (b + a), "a.T @ (b + a)"),
        (call("exp", a + b), "np.exp(a + b)"),
        (call("bitwise_or", call("left_shift", i, 3), call("bitwise_and", i, 7)), "i << 3 | i & 7"),
        (call("left_shift", call("bitwise_or", i, 3), call("add", i, 7)), "(i | 3) << i + 7"),
        (
            call("bitwise_xor", call("bitwise_and", i, call("bitwise_xor", i, 1)), ~(i > 0)),
            "i & (i ^ 1) ^ np.logical_not(i > 0)",
        ),
        (call("invert", call("right_shift", i, 2)) * i, "~(i >> 2) * i"),
        (call("equal", call("bitwise_and", i, 1), 0), "(i & 1) == 0"),
        # unsigned scalars wrap around without a warning
        (u + 1, "np.add(u, 1)"),
        (-(u * u), "np.negative(np.multiply(u, u))"),
        (call("right_shift", u, 1), "u >> 1"),
        # numbers stand bare beside a value that gives them its type
        (2 * a, "2 * a"),
        (a * 0.1, "a * 0.1"),
        (f * 0.1, "f * 0.1"),
        (a - 1.0, "a - 1.0"),
        (a + -2, "a + (-2)"),
        (a * -2, "a * -2"),
        (call("maximum", 0, a), "np.maximum(0, a)"),
        (call("where", flag, 0, f), "np.where(flag, 0, f)"),
        (call("clip", f, -1, 0.5), "np.clip(f, -1, 0.5)"),
        (call("power", a, -1.5), "np.power(a, -1.5)"),
        (2.5 * i, "2.5 * i"),
        # and with their type where nothing does, or something would give them another
        (call("where", flag, 1, 0), "np.where(flag, np.int64(1), np.int64(0))"),
        (
            call("where", flag, constant(1, "float32"), constant(0, "float32")),
            "np.where(flag, np.float32(1), np.float32(0))",
        ),
        (f * constant(0.1, "float64"), "f * np.float64(0.1)"),
        (i * constant(2, "float64"), "i * np.float64(2)"),
        (call("clip", constant(0.5, "float32"), f, f), "np.clip(np.float32(0.5), f, f)"),
        (call("stack", constant(0.5), s, axis=0), "np.stack([np.float64(0.5), s], axis=0)"),
        (call("broadcast_to", constant(0, "float32"), shape=(3,)), "np.broadcast_to(np.float32(0), (3,))"),
        (call("exp", constant(1.0)), "np.exp(np.float64(1.0))"),
        (call("logical_and", flag, True), "np.logical_and(flag, True)"),
        (call("logical_not", constant(True)), "np.logical_not(np.True_)"),
        # numbers that have a shorter way
        (a * (1 / 1438), "a * (1 / 1438)"),
        ((1 / 1438) * a, "1 / 1438 * a"),
        (a * float("inf"), "a * np.inf"),
        (call("where", flag, a, float("nan")), "np.where(flag, a, np.nan)"),
        (f * constant(np.float32(0.1).item(), "float32"), "f * 0.1"),
        # axes, shapes, keys
        (call("sum", a, axis=0, keepdims=True), "np.sum(a, axis=0, keepdims=True)"),
        (call("sum", a, axis=(0, 1)), "np.sum(a, axis=(0, 1))"),
        (call("transpose", a, axes=(1, 0)), "a.T"),
        (call("reshape", a, shape=(4, 3)), "a.reshape(4, 3)"),
        (call("reshape", a + b, shape=(12,)), "np.reshape(a + b, (12,))"),
        (call("expand_dims", a, axis=0), "np.expand_dims(a, axis=0)"),
        (call("getitem", a, key=(slice(None), slice(1, 3))), "a[:, 1:3]"),
        (call("getitem", a, key=(-1,)), "a[-1]"),
        (call("getitem", a, key=(..., None, slice(None, None, -1))), "a[..., None, ::-1]"),
        (call("getitem", a, i, key=("array",)), "a[i]"),
        (call("getitem", a, i, i, key=("array", "array")), "a[i, i]"),
        (call("getitem", a, constant(2), key=("array",)), "a[2]"),
        (call("getitem", a + b, key=(0,)), "(a + b)[0]"),
        (call("concatenate", a, b, axis=1), "np.concatenate([a, b], axis=1)"),
        (call("astype", a > b, dtype=np.dtype("float32")), "(a > b).astype(np.float32)"),
        (call("astype", a, dtype=np.dtype("bool")), "a.astype(bool)"),
        (call("stop_gradient", a + b) * a, "(a + b) * a"),
        (call("erf", a / 2), "erf(a / 2)"),
    ],
)
def test_one_expression(node: Node, text: str) -> None:
    assert _text(node) == text


@pytest.mark.parametrize(
    ("node", "lines"),
    [
        (call("put", s, shape=(3,), key=(1,)), ["f = np.zeros(3)", "f[1] += s"]),
        (
            call("put", call("getitem", a, i, key=("array",)), i, shape=(5, 4), key=("array",)),
            ["f = np.zeros((5, 4))", "np.add.at(f, i, a[i])"],
        ),
        (
            call("put", i, i, shape=(5, 9), key=("array", 2)),
            ["f = np.zeros((5, 9), dtype=np.int64)", "np.add.at(f, (i, 2), i)"],
        ),
        (
            call("put", call("getitem", a, i, key=(slice(0, 3), "array")), i, shape=(3, 4), key=(slice(0, 3), "array")),
            ["f = np.zeros((3, 4))", "np.add.at(f, (slice(0, 3), i), a[0:3, i])"],
        ),
    ],
)
def test_values_put_into_zeros(node: Node, lines: list[str]) -> None:
    source = write_python_function(Graph([a, i, s], [node], name="f")).source
    assert [line.strip() for line in source.splitlines()][-4:-2] == lines


@pytest.mark.parametrize(
    ("stored", "dtype", "text"),
    [
        (2, "float64", "2"),
        (2.0, "float64", "2.0"),
        (-0.0, "float64", "-0.0"),
        (0.1, "float32", "0.1"),
        (float(np.float32(0.1)), "float32", "0.1"),
        (1e300, "float64", "1e+300"),
        (2**60, "float64", "1.152921504606847e+18"),
        (2.0, "int64", "2"),
        (True, "bool", "True"),
        (True, "float64", "1"),
        (float("-inf"), "float32", "-np.inf"),
        (-float("nan"), "float64", "-np.nan"),
        (1 / 3, "float64", "1 / 3"),
        (-1 / 3, "float64", "-1 / 3"),
        (0.001, "float64", "0.001"),
        (0.0625, "float64", "0.0625"),
        (2 / 3, "float64", "0.6666666666666666"),
        (float(np.float32(1) / np.float32(60)), "float32", "1 / 60"),
    ],
)
def test_a_number(stored: Any, dtype: str, text: str) -> None:
    kind = np.dtype(dtype)
    assert number(stored, kind, fractions=True) == text
    for written in (text, typed(stored, kind)):
        value = kind.type(eval(written, {"np": np}))
        assert value.tobytes() == kind.type(stored).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64", "bool"])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (5,), (16,), (2, 3), (2, 2, 4), (1, 1), (40,), (4, 4), (7, 7)])
def test_an_array(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    values = [np.zeros(shape, dtype), np.ones(shape, dtype), (rng.normal(size=shape) ** 2 * 9).astype(dtype)]
    values += [np.arange(np.prod(shape)).reshape(shape).astype(dtype)]
    if dtype.startswith("float"):
        values += [np.full(shape, -0.0, dtype), np.full(shape, np.nan, dtype), np.full(shape, -np.inf, dtype)]
    if len(set(shape)) == 1 and len(shape) == 2:
        values.append(np.eye(shape[0], dtype=dtype))
    for value in values:
        text = spelled(value)
        if text is None:
            assert value.size > 16 or value.ndim == 3  # a block of such a size is no row that fits a line
            continue
        again = eval(text.text, {"np": np})
        assert (again.dtype, again.shape, again.tobytes()) == (value.dtype, value.shape, value.tobytes())
        assert again.flags.c_contiguous


def _bits(value: Any) -> Any:
    """Everything about a value but the sign of a nan, which IEEE leaves open for a sum of two nans."""
    value = np.asarray(value)
    same = np.where(np.isnan(value), np.asarray(np.nan, value.dtype), value) if value.dtype.kind == "f" else value
    return value.dtype, value.shape, value.strides, np.ascontiguousarray(same).tobytes()


@pytest.mark.parametrize("chunk", range(8))
def test_random_graphs_keep_every_bit_type_and_layout(chunk: int) -> None:
    checked = 0
    for seed in range(60 * chunk, 60 * (chunk + 1)):
        graph = random_graph(seed, 14 if seed % 6 else 50)
        inputs = arguments(graph, seed)
        with np.errstate(all="ignore"):
            try:
                values = every_value(graph, inputs)
            except ValueError:  # whole numbers to negative powers: NumPy refuses, in the text as well
                with pytest.raises(ValueError, match="negative integer powers"):
                    compile_function(graph)(*inputs)
                continue
        function: Any = compile_function(graph)
        for node, value in zip(graph.outputs, function(*inputs), strict=True):
            assert type(value) is type(values[node]), function.source
            assert _bits(value) == _bits(values[node]), function.source
        known = Layouts(graph.inputs)
        for node, value in values.items():
            if node.ndim and known[node] == CONTIGUOUS:
                assert value.flags.c_contiguous, node
            if node.ndim and known.compact(node):
                assert value.size == 0 or _without_gaps(value), node
            if not node.ndim and not node.is_input and known.certain(node):
                assert isinstance(value, np.generic), node
        checked += 1
    assert checked > 50


def _without_gaps(value: np.ndarray) -> bool:
    span = sum((n - 1) * stride for n, stride in zip(value.shape, value.strides, strict=True))
    return all(s > 0 or n == 1 for n, s in zip(value.shape, value.strides, strict=True)) and (
        span == (value.size - 1) * value.itemsize
    )


def test_the_random_graphs_reach_every_op() -> None:
    seen = Counter(node.op.name for seed in range(300) for node in random_graph(seed).nodes)
    assert set(OPS) <= set(seen)


def test_large_values_computed_in_place_keep_their_layout() -> None:
    """NumPy reuses a large operand that nobody else holds; a sum over the result must not notice."""
    x, y = input_node("x", (300, 200), "float64"), input_node("y", (200, 300), "float64")
    v = input_node("v", (200,), "float64")
    rng = np.random.default_rng(5)
    inputs = [rng.normal(size=(300, 200)), rng.normal(size=(200, 300)), rng.normal(size=200)]
    node = x + (v + y.T)
    other = (y.T + v) + x
    graph = Graph([x, y, v], [call("sum", node), call("sum", other), node.T @ other, -other])
    for value, expected in zip(
        compile_function(graph)(*inputs), compile_function(graph, "reference")(*inputs), strict=True
    ):
        assert _bits(value) == _bits(expected)
