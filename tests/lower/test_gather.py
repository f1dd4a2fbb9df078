"""Indexing on the engine native: the places that NumPy takes, in its order, and its error where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import workings as wk
import workings.ops
from tests.ops.checks import same_bits
from workings.engines import compile_function
from workings.engines.native.function import Function, OutsideError
from workings.errors import GraphError
from workings.graph import Graph, Node, call, constant, input_node
from workings.lower import lower_graph, verify_loops
from workings.ops.lacking import getitem, put

assert workings.ops  # importing it enters the ops in the registry

ROWS, GRID, ONE = np.array([2, 0, -1]), np.array([[0, 1, 1], [2, -2, 0]]), np.array(1)
PARTS = (slice(None), slice(3, 0, -2), slice(4, 9), 1, None, ...)


def native(nodes: Sequence[Node], output: Node, *values: Any) -> Any:
    return compile_function(Graph(nodes, [output]), "native")(*values)[0]


def keys() -> list[tuple[Any, ...]]:
    """Keys with one, two and three arrays, and all that may stand before, between and after them."""
    found: list[tuple[Any, ...]] = []
    for length in (1, 2, 3):
        for key in itertools.product([*PARTS, ROWS, GRID, ONE], repeat=length):
            taken = sum(part is not None and part is not ... for part in key)
            if sum(part is ... for part in key) <= 1 and taken <= 3:
                found.append(key)
    between = [(a, *b, c) for a in (ROWS, 1) for b in itertools.product(PARTS, repeat=2) for c in (GRID, ROWS)]
    found += [key for key in between if sum(part is ... for part in key) <= 1]
    return found


def parted(key: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """The key of the op, and the arrays in it."""
    return tuple("array" if isinstance(p, np.ndarray) else p for p in key), [
        p for p in key if isinstance(p, np.ndarray)
    ]


@pytest.mark.parametrize("part", range(4))
def test_every_kind_of_key(part: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3, 4))
    node = input_node("x", x.shape, x.dtype)
    every = [parted(key) for key in keys()][part::4]
    # one graph for many keys, and the way back of each
    for some in (every[k : k + 60] for k in range(0, len(every), 60)):
        inputs: list[Node] = [node]
        values: list[Any] = [x]
        outputs: list[Node] = []
        wanted: list[Any] = []
        names: list[Any] = []
        for key, arrays in some:
            try:
                taken = getitem(x, *arrays, key=key)
            except IndexError:
                continue
            nodes = [input_node(f"i{len(inputs)}_{k}", a.shape, a.dtype) for k, a in enumerate(arrays)]
            inputs += nodes
            values += arrays
            outputs.append(call("getitem", node, *nodes, key=key))
            outputs.append(call("put", outputs[-1], *nodes, shape=x.shape, key=key))
            wanted += [taken, put(taken, *arrays, shape=x.shape, key=key)]
            names += [key, key]
        found = compile_function(Graph(inputs, outputs), "native")(*values)
        for key, got, expected in zip(names, found, wanted, strict=True):
            assert same_bits(got, expected), key


def test_slices_move_no_elements() -> None:
    x = input_node("x", (6, 5), "float64")
    (kernel,) = lower_graph(Graph([x], [call("square", call("getitem", x, key=(slice(None, None, -2), 1)))])).kernels
    (access,) = kernel.reads()
    assert (access.offset, access.strides) == (26, (-10,))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_indices_of_every_dtype(dtype: str) -> None:
    x = np.arange(12.0).reshape(3, 4)
    index = np.array([2, 0, -1, -3] if dtype.startswith("i") else [2, 0, 1, 2]).astype(dtype)
    nodes = [input_node("x", x.shape, x.dtype), input_node("i", index.shape, index.dtype)]
    assert same_bits(native(nodes, call("getitem", *nodes, key=("array",)), x, index), x[index])
    (last,) = index[-1:]
    nodes[1] = input_node("i", (), index.dtype)
    assert same_bits(native(nodes, call("getitem", *nodes, key=("array",)), x, last), x[last])


def test_nothing_is_taken_of_nothing() -> None:
    none = np.zeros((0, 2), int)
    for shape in ((3, 4), (0, 4), (3, 0)):
        nodes = [input_node("x", shape, "float64"), input_node("i", none.shape, "int64")]
        taken = call("getitem", *nodes, key=("array",))
        assert native(nodes, taken, np.ones(shape), none).shape == (0, 2, shape[1])
        back = call("put", taken, nodes[1], shape=shape, key=("array",))
        assert same_bits(native(nodes, back, np.ones(shape), none), np.zeros(shape))


def test_what_is_put_to_one_place_is_added_in_order() -> None:
    rng = np.random.default_rng(0)
    for dtype in ("f4", "f8", "i4", "u1"):
        values = (rng.normal(size=(500, 19)) * 10.0 ** rng.uniform(-8, 8, (500, 19))).astype(dtype)
        rows = rng.integers(-7, 7, 500)
        nodes = [input_node("v", values.shape, dtype), input_node("i", rows.shape, "int64")]
        found = native(nodes, call("put", *nodes, shape=(7, 19), key=("array",)), values, rows)
        assert same_bits(found, put(values, rows, shape=(7, 19), key=("array",)))
        nodes[1] = input_node("i", values.shape, "int64")
        places = rng.integers(-9, 12, values.shape)
        for axis in (0, 1):
            found = native(nodes, call("put_along", *nodes, axis=axis, length=11), values, places)
            assert same_bits(found, workings.ops.lacking.put_along(values, places, axis, 11))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_taking_along_an_axis(axis: int) -> None:
    rng = np.random.default_rng(axis)
    x = rng.normal(size=(5, 17, 3))
    for count in (0, 1, 2, 20):
        shape = tuple(count if k == axis else n for k, n in enumerate(x.shape))
        places = rng.integers(-x.shape[axis], x.shape[axis], shape)
        nodes = [input_node("x", x.shape, x.dtype), input_node("i", shape, "int64")]
        found = native(nodes, call("take_along_axis", *nodes, axis=axis), x, places)
        assert same_bits(found, np.take_along_axis(x, places, axis))


# ── places that there are none of ───────────────────────────────────────────────────────────────────────────


def wrong(op: str, x: Any, places: Any, **attributes: Any) -> tuple[str, str]:
    """The errors of the engines native and numpy."""
    nodes = [input_node("x", x.shape, x.dtype), input_node("i", places.shape, places.dtype)]
    graph, messages = Graph(nodes, [call(op, *nodes, **attributes)]), []
    for engine in ("native", "numpy"):
        with pytest.raises(IndexError) as caught:
            compile_function(graph, engine)(x, places)
        messages.append(str(caught.value))
    return messages[0], messages[1]


@pytest.mark.parametrize("place", [3, -4, 2**40, -(2**63), 2**63 - 1])
def test_an_index_outside_is_the_error_that_numpy_has(place: int) -> None:
    x = np.arange(12.0).reshape(3, 4)
    for at in range(20):
        places = np.arange(20) % 3
        places[at] = place
        native_error, numpy_error = wrong("getitem", x, places, key=("array",))
        assert native_error == numpy_error == f"index {place} is out of bounds for axis 0 with size 3"
    native_error, numpy_error = wrong("getitem", x, np.array(place), key=("array",))
    assert native_error == numpy_error
    native_error, numpy_error = wrong("put", np.ones(20), places, shape=(3,), key=("array",))
    assert native_error == numpy_error
    native_error, numpy_error = wrong("take_along_axis", x, np.full((1, 4), place), axis=0)
    assert native_error == numpy_error


def test_a_constant_index_outside_is_an_error_too() -> None:
    x = input_node("x", (3,), "float64")
    graph = Graph([x], [call("getitem", x, constant(np.array([0, 3])), key=("array",))])
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with size 3"):
        compile_function(graph, "native")(np.ones(3))


def test_constant_indices_within_are_not_checked() -> None:
    x = input_node("x", (3, 2), "float64")
    for rows in (np.array([2, -1, 0]), np.array([1, 1], "u1")):
        loops = lower_graph(Graph([x], [call("getitem", x, constant(rows), key=("array",))]))
        assert not any(i.op == "wrapped" for kernel in loops.kernels for i in kernel.instructions)
        values = np.arange(6.0).reshape(3, 2)
        graph = Graph([x], [call("getitem", x, constant(rows), key=("array",))])
        assert same_bits(compile_function(graph, "native")(values)[0], values[rows])


def test_nothing_is_read_or_written_outside() -> None:
    """Around the memory of each value stands a guard that an index outside would reach."""
    places = np.tile(np.arange(-9, 12), 3)
    x, i = input_node("x", (4,), "float64"), input_node("i", places.shape, "int64")
    taken = call("getitem", x, i, key=("array",))
    loops = lower_graph(Graph([x, i], [taken, call("put", taken, i, shape=(4,), key=("array",))]))
    function = Function(loops, 1)
    whole = np.full(64, np.nan)
    whole[30:34] = 1, 2, 3, 4
    with pytest.raises(OutsideError):
        function(dict(zip(loops.given, (whole[30:34], places), strict=True)))
    assert np.isnan(whole[:30]).all()
    assert np.isnan(whole[34:]).all()


# ── random numbers ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 63, 100, 1000, 4095, 60000, 2**31, 2**32 - 1, 2**32])
def test_shuffles_have_the_bits_of_the_reference(count: int) -> None:
    rng = np.random.default_rng(count)
    for shape in ((), (1,), (3,), (64,), (147,), (9, 50), (0,)):
        index = np.asarray(rng.integers(-count, 2 * count, shape))
        key = rng.integers(0, 2**32, 2, np.uint32)
        nodes = [input_node("key", (2,), "uint32"), input_node("i", shape, "int64")]
        found = native(nodes, call("shuffled", *nodes, count=count), key, index[()])
        assert same_bits(found, workings.ops.lacking.shuffled(key, index, count=count)), shape


def test_the_rounds_of_a_shuffle_are_gone_through_again_until_all_are_inside() -> None:
    nodes = [input_node("key", (2,), "uint32"), input_node("i", (40,), "int64")]
    loops = lower_graph(Graph(nodes, [call("shuffled", *nodes, count=1000)]))
    (rounds,) = [k for k in loops.kernels if k.again is not None]
    assert (rounds.extents, rounds.axis, rounds.width) == ((40,), 0, 16)
    assert [i.op for i in rounds.body].count("fmod") == 3
    once = replace(loops, kernels=tuple(replace(k, again=None) for k in loops.kernels))
    with pytest.raises(GraphError, match="no turn is gone through again, and it is counted how often"):
        verify_loops(once)


def test_a_whole_shuffle_comes_back_in_another_order() -> None:
    shuffle = wk.jit(lambda key: wk.random.permutation(key, 1000), engine="native")
    for seed in range(3):
        found = shuffle(wk.random.key(seed))
        assert same_bits(found, wk.random.permutation(wk.random.key(seed), 1000))
        assert sorted(found.tolist()) == list(range(1000))


def test_keys_of_their_own_for_each_place() -> None:
    keys = wk.random.split(wk.random.key(3), 21)
    index = np.arange(21) % 11
    nodes = [input_node("keys", keys.shape, "uint32"), input_node("i", (21,), "int64")]
    for op, attributes in (("threefry", {}), ("shuffled", {"count": 11})):
        found = native(nodes, call(op, *nodes, **attributes), keys, index)
        assert same_bits(found, getattr(workings.ops.lacking, op)(keys, index, **attributes))


def test_drawn_numbers_are_those_of_numpy() -> None:
    def drawn(key: Any) -> Any:
        some = wk.random.split(key, 3)
        return (
            wk.random.bits(some[0], (7, 5)),
            wk.random.uniform(some[1], (3, 11)),
            wk.random.uniform(some[1], 50, np.float32),
            wk.random.bernoulli(some[2], 0.3, (33,)),
            wk.random.permutation(some[2], 77),
        )

    for seed in (0, 2**63):
        key = wk.random.key(seed)
        for found, expected in zip(wk.jit(drawn, engine="native")(key), drawn(key), strict=True):
            assert same_bits(found, expected)
