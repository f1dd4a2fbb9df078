"""Joining, sums so far, places of the largest and sorting, as loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workings.engines.native import compile_native
from workings.graph import Graph, call, input_node
from workings.lower import lower_graph

# each length is a network of its own; the prime ones have ends that are left out
LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 31, 64, 100, 257]


def _run(op: str, values: np.ndarray, **attributes: Any) -> Any:
    x = input_node("x", values.shape, values.dtype)
    return compile_native(Graph([x], [call(op, x, **attributes)]))(values)[0]


def _strange(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Few different values, and so many equal ones; of floats also nan, inf, 0 and −0."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype == "int64":
        return rng.choice([-(2**63), -1, 0, 7, 2**63 - 1], shape)
    return rng.choice([-np.inf, -1.5, -0.0, 0.0, 1.5, np.inf, np.nan], shape).astype(dtype)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_sorting_is_stable_and_has_nan_last(length: int, dtype: str) -> None:
    values = _strange((length,), dtype, length)
    np.testing.assert_array_equal(_run("argsort", values, axis=0), np.argsort(values, kind="stable"))
    found, wanted = _run("sort", values, axis=0), np.sort(values, kind="stable")
    np.testing.assert_array_equal(found, wanted)
    if values.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found) & ~np.isnan(found), np.signbit(wanted) & ~np.isnan(wanted))


@pytest.mark.parametrize("shape", [(3, 10), (40, 10), (2, 5, 13), (1, 9, 1), (0, 4), (6, 0), (9, 4, 5)])
def test_sorting_along_each_axis(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).standard_normal(shape)
    for axis in range(len(shape)):
        np.testing.assert_array_equal(_run("sort", values, axis=axis), np.sort(values, axis))
        np.testing.assert_array_equal(_run("argsort", values, axis=axis), np.argsort(values, axis, kind="stable"))


def test_what_sorting_costs_grows_little_faster_than_the_length() -> None:
    def work(length: int) -> int:
        x = input_node("x", (length,), "float32")
        loops = lower_graph(Graph([x], [call("argsort", x, axis=0)]))
        return sum(int(np.prod(kernel.extents)) for kernel in loops.kernels)

    assert work(10) <= 10 * 10
    for length in (1000, 10**5, 10**6):
        assert work(length) <= length * (np.log2(length) + 2) ** 2 / 4


@pytest.mark.parametrize("op", ["argmax", "argmin"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_the_first_of_equals_and_the_first_nan(op: str, dtype: str) -> None:
    for seed, shape in enumerate([(7,), (40,), (5, 33), (2, 3, 4), (1, 1)]):
        values = _strange(shape, dtype, seed)
        for axis in (None, *range(len(shape))):
            wanted = getattr(np, op)(values, axis=axis)
            np.testing.assert_array_equal(_run(op, values, **({} if axis is None else {"axis": axis})), wanted)


@pytest.mark.parametrize("shape", [(50,), (3, 20), (20, 3), (2, 9, 4), (1,), (0, 3)])
def test_sums_so_far_are_added_one_after_the_other(shape: tuple[int, ...]) -> None:
    for dtype in ("float64", "float32", "int64", "bool"):
        values = (np.random.default_rng(0).standard_normal(shape) * 10).astype(dtype)
        for axis in range(len(shape)):
            found, wanted = _run("cumsum", values, axis=axis), np.cumsum(values, axis)
            assert (found.dtype, found.tobytes()) == (wanted.dtype, wanted.tobytes())


def test_what_is_joined_is_computed_where_it_goes() -> None:
    x, y = input_node("x", (3, 4), "float64"), input_node("y", (3, 2), "int64")
    joined = call("concatenate", call("exp", x), y, call("flip", x, axis=0), axis=1)
    graph = Graph([x, y], [joined, call("stack", x, call("square", x), axis=1)])
    loops = lower_graph(graph)
    assert not any(buffer.role == "scratch" for buffer in loops.buffers)
    values = np.arange(12.0).reshape(3, 4) / 7, np.arange(6).reshape(3, 2)
    found = compile_native(graph)(*values)
    wanted = np.concatenate([np.exp(values[0]), values[1], values[0][::-1]], axis=1)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-15)
    np.testing.assert_array_equal(found[1], np.stack([values[0], values[0] ** 2], axis=1))


def test_a_border_around_what_is_computed() -> None:
    x = input_node("x", (2, 3), "float32")
    padded = call("pad", call("negative", x), pad_width=((1, 0), (2, 3)), constant_values=float("-inf"))
    values = np.arange(6, dtype="float32").reshape(2, 3)
    (found,) = compile_native(Graph([x], [padded]))(values)
    np.testing.assert_array_equal(found, np.pad(-values, ((1, 0), (2, 3)), constant_values=-np.inf))
