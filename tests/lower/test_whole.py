"""Whole numbers and bools of every width, on the engine native: the bits that NumPy gives, at the edges too."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import workings.ops
from tests.ops.checks import same_bits
from workings.engines import compile_function
from workings.errors import UnsupportedError
from workings.graph import Graph, call, input_node

assert workings.ops  # importing it enters the ops in the registry

WHOLE = [np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)]
FLOATS = [np.dtype("f4"), np.dtype("f8")]
EVERY = [*WHOLE, *FLOATS, np.dtype(bool)]


def edges(dtype: np.dtype) -> Any:
    """The ends of the range, what lies around them and around 0, and random bits."""
    if dtype.kind == "b":
        return np.array([False, True])
    rng = np.random.default_rng(dtype.itemsize)
    if dtype.kind == "f":
        ends = [2.0**k for k in (0, 7, 8, 15, 16, 31, 32, 53, 62, 63, 64, 70)]
        near = [f(v, dtype.type(s * np.inf)) for v in map(dtype.type, ends) for f in (np.nextafter,) for s in (-1, 1)]
        values = [0, 0.5, 1.5, 2.5, np.inf, *ends, *near, *rng.normal(size=20) * 10.0 ** rng.uniform(-3, 20, 20)]
        return np.array([*values, *(-np.array(values, dtype)), np.nan], dtype)
    info = np.iinfo(dtype)
    values = [0, 1, 2, 3, 5, 7, 8, 31, 63, 64, info.max, info.max - 1, info.max // 2, info.min, info.min + 1]
    if dtype.kind == "i":
        values += [-1, -2, -3, -7, -8]
    random = rng.integers(info.min, info.max, 20, dtype, endpoint=True)
    return np.concatenate([np.array(values, dtype), random])


def native(op: str, *values: Any, **attributes: Any) -> Any:
    return every([(op, attributes)], *values)[0]


def every(calls: list[tuple[str, dict[str, Any]]], *values: Any) -> Any:
    """The results of several ops on the same values, by one function."""
    nodes = [input_node("xyz"[k], v.shape, v.dtype) for k, v in enumerate(values)]
    graph = Graph(nodes, [call(op, *nodes, **attributes) for op, attributes in calls])
    return compile_function(graph, "native")(*values)


def possible(ops: tuple[str, ...], *values: Any) -> dict[str, Any]:
    """The ops that NumPy has for these dtypes, and what it gives."""
    found: dict[str, Any] = {}
    for op in ops:
        try:
            with np.errstate(all="ignore"):
                found[op] = getattr(np, op)(*values)
        except TypeError:
            continue
    return found


def pairs(one: np.dtype, two: np.dtype) -> Any:
    return (np.array(v) for v in zip(*itertools.product(edges(one), edges(two)), strict=True))


def each_alone(function: Any, *values: Any) -> Any:
    """NumPy one by one: its vectors of float32 and float64 become uint32 in another way than its single numbers."""
    return np.array([function(*some) for some in zip(*values, strict=True)])


@pytest.mark.parametrize("old", EVERY, ids=str)
def test_conversions(old: np.dtype) -> None:
    values = edges(old)
    for new in EVERY:
        with np.errstate(all="ignore"):
            wanted = each_alone(lambda v, new=new: v.astype(new), values)
            # what does not fit into a uint32 hangs on how NumPy was compiled
            fits = (values > -1) & (values < 2.0**32) if old.kind == "f" and new == np.uint32 else values == values
            inside = values.astype(new)
        found = native("astype", values, dtype=new)
        assert same_bits(found, wanted), (old, new)
        assert same_bits(found[fits], inside[fits]), (old, new)


COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
BINARY = (
    *("add", "subtract", "multiply", "floor_divide", "remainder", "maximum", "minimum"),
    *("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"),
)


@pytest.mark.parametrize("one", EVERY, ids=str)
def test_arithmetic_and_comparisons_of_every_pair(one: np.dtype) -> None:
    """It wraps around, and no division traps."""
    for two in EVERY:
        x, y = pairs(one, two)
        wanted = possible(COMPARISONS if "f" in one.kind + two.kind else (*COMPARISONS, *BINARY), x, y)
        if {one, two} == {np.dtype("i8"), np.dtype("u8")}:
            wanted = {op: value for op, value in wanted.items() if value.dtype.kind != "f"}
        found = every([(op, {}) for op in wanted], x, y)
        for (op, value), native_value in zip(wanted.items(), found, strict=True):
            assert same_bits(native_value, value), (op, one, two)


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_arithmetic_with_a_constant(dtype: np.dtype) -> None:
    """One that is known not to be 0 is divided by without a test."""
    x = edges(dtype)
    node = input_node("x", x.shape, dtype)
    cases = [(op, constant) for op in BINARY for constant in edges(dtype)[:8]]
    graph = Graph([node], [call(op, node, constant) for op, constant in cases])
    for (op, constant), found in zip(cases, compile_function(graph, "native")(x), strict=True):
        with np.errstate(all="ignore"):
            assert same_bits(found, getattr(np, op)(x, constant)), (op, constant)


@pytest.mark.parametrize("dtype", [*WHOLE, np.dtype(bool)], ids=str)
def test_ops_of_one_number(dtype: np.dtype) -> None:
    x = edges(dtype)
    names = ("negative", "absolute", "sign", "square", "invert", "reciprocal", "floor", "isfinite", "logical_not")
    wanted = {op: value for op, value in possible(names, x).items() if value.dtype.kind != "f"}
    for (op, value), found in zip(wanted.items(), every([(op, {}) for op in wanted], x), strict=True):
        assert same_bits(found, value), op


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("op", ["floor_divide", "remainder"])
def test_division_that_rounds_down(op: str, dtype: np.dtype) -> None:
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    values = [0, 0.1, 0.3, 0.5, 1, 1.5, 2, 3, 7, 1e10, info.max, info.tiny, info.smallest_subnormal, np.inf]
    values = np.array([*values, *rng.normal(size=20) * 10.0 ** rng.uniform(-5, 5, 20)], dtype)
    values = np.concatenate([values, -values, np.array([np.nan], dtype)])
    x, y = (np.array(v, dtype) for v in zip(*itertools.product(values, values), strict=True))
    with np.errstate(all="ignore"):
        wanted = getattr(np, op)(x, y)
    assert same_bits(native(op, x, y), wanted)
    # many steps of nearly whole numbers
    y = rng.uniform(0.01, 2, 5000).astype(dtype)
    x = (rng.integers(-1000, 1000, 5000) * y).astype(dtype)
    assert same_bits(native(op, x, y), getattr(np, op)(x, y))


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_powers(dtype: np.dtype) -> None:
    bases, exponents = edges(dtype), edges(dtype)
    exponents = exponents[exponents >= 0]
    x, y = (np.array(v, dtype) for v in zip(*itertools.product(bases, exponents), strict=True))
    assert same_bits(native("power", x, y), np.power(x, y))
    node = input_node("x", bases.shape, dtype)
    for exponent in (0, 1, 2, 3, 5, 7, 64):
        graph = Graph([node], [call("power", node, dtype.type(exponent))])
        assert same_bits(compile_function(graph, "native")(bases)[0], np.power(bases, dtype.type(exponent)))


def test_a_negative_power_is_the_error_that_numpy_has() -> None:
    x = np.arange(1, 40)
    y = np.ones(39, int)
    assert native("power", x, y).tolist() == x.tolist()
    y[30] = -1
    with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
        native("power", x, y)
    node = input_node("x", (3,), "int64")
    with pytest.raises(ValueError, match="Integers to negative integer powers are not allowed"):
        compile_function(Graph([node], [call("power", node, np.int64(-2))]), "native")(np.arange(3))


@pytest.mark.parametrize("dtype", [*WHOLE, np.dtype(bool)], ids=str)
def test_reductions(dtype: np.dtype) -> None:
    for shape in ((1,), (17,), (5, 19), (19, 5)):
        x = np.resize(edges(dtype), shape)
        axes = (None, *range(len(shape)))
        cases = [(op, axis) for op in ("sum", "prod", "max", "min", "all", "any") for axis in axes]
        found = every([(op, {"axis": axis, "keepdims": False}) for op, axis in cases], x)
        for (op, axis), value in zip(cases, found, strict=True):
            assert same_bits(value, getattr(np, op)(x, axis=axis)), (op, axis, shape)


@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_products_of_matrices(dtype: np.dtype) -> None:
    for m, k, n in ((1, 1, 1), (3, 4, 5), (7, 17, 19), (2, 0, 3)):
        a, b = np.resize(edges(dtype), (m, k)), np.resize(edges(dtype)[::-1], (k, n))
        assert same_bits(native("matmul", a, b), a @ b)
        assert same_bits(native("outer", a.ravel(), b.ravel()), np.outer(a, b))
    truth = np.array([True, False, True])
    assert same_bits(native("outer", truth, truth), np.outer(truth, truth))


def test_what_becomes_float16_is_refused() -> None:
    x = input_node("x", (3,), "int8")
    with pytest.raises(UnsupportedError, match="engine native has no sqrt on float16"):
        compile_function(Graph([x], [call("sqrt", x)]), "native")
