"""Laws that hold for every graph, on random ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops.checks import same_bits, typed_as_declared
from tests.strategies import Sample, array_graphs, scalar_graphs
from workings.graph import Graph, Node, call, constant, evaluate, every_value, input_node, substitute, verify
from workings.graph.text import write
from workings.transform import forward, reverse, simplify

ANY = st.one_of(scalar_graphs(), array_graphs())
WITH_STOPS = st.one_of(scalar_graphs(stops=True), array_graphs(stops=True))
NARROW = st.one_of(scalar_graphs(np.float32), array_graphs(np.float32))
WITH_GRADIENTS = st.one_of(WITH_STOPS, NARROW)


def with_gradients(sample: Sample) -> Graph:
    """The graph, with its gradients as further outputs."""
    (loss,) = sample.graph.outputs
    found = [g for g in reverse(loss, sample.wrt) if g is not None]
    return Graph(sample.graph.inputs, [loss, *found], name="loss")


def wild(sample: Sample, seed: int = 0) -> list[Any]:
    """Values for the inputs among which are signed zeros, inf, nan and subnormals."""
    rng = np.random.default_rng(seed)
    result = []
    for node in sample.graph.inputs:
        pool = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, 1.0, -1.0, 1e300, 0.5], np.float64)
        with np.errstate(all="ignore"):
            result.append(rng.choice(pool, node.shape).astype(node.dtype)[()])
    return result


def along(graph: Graph, values: list[Any], wrt: list[Node], directions: list[Any], h: float) -> float:
    """Central difference of a scalar graph along a direction in all inputs at once."""
    ends = []
    for step in (h, -h):
        moved = dict(zip(wrt, directions, strict=True))
        ends.append(
            evaluate(
                graph, [v + step * moved[n] if n in moved else v for n, v in zip(graph.inputs, values, strict=True)]
            )[0]
        )
    return (ends[0] - ends[1]) / (2 * h)


@settings(max_examples=600)
@given(ANY, st.integers(0, 1000))
def test_gradients_against_central_differences(sample: Sample, seed: int) -> None:
    graph, values = sample
    verify(graph)
    full = verify(with_gradients(sample))
    every = every_value(full, values)
    typed_as_declared(every)
    (loss,) = graph.outputs
    gradients = dict(zip(sample.wrt, reverse(loss, sample.wrt), strict=True))
    rng = np.random.default_rng(seed)
    directions = [rng.uniform(-1, 1, node.shape) for node in sample.wrt]
    by_reverse = 0.0
    for node, u in zip(sample.wrt, directions, strict=True):
        gradient = gradients[node]
        if gradient is not None:
            assert (gradient.shape, gradient.dtype) == (node.shape, node.dtype)
            by_reverse += np.sum(evaluate(Graph(graph.inputs, [gradient]), values)[0] * u)
    # two steps of different length tell rounding and curvature from a mistake
    h = 1e-5
    wanted = along(graph, values, sample.wrt, directions, h)
    rough = abs(wanted - along(graph, values, sample.wrt, directions, 2 * h))
    assert abs(by_reverse - wanted) <= 1e-6 * max(1.0, abs(wanted)) + 10 * rough, f"{by_reverse} is not {wanted}"
    tangents = [input_node(f"t{k}", node.shape, node.dtype) for k, node in enumerate(sample.wrt)]
    (moved,) = forward([loss], sample.wrt, tangents)
    if moved is None:
        assert by_reverse == 0
        return
    every = every_value(verify(Graph([*graph.inputs, *tangents], [moved])), [*values, *directions])
    typed_as_declared(every)
    np.testing.assert_allclose(every[moved], by_reverse, rtol=1e-9, atol=1e-11)


@settings(max_examples=200)
@given(ANY, st.integers(0, 1000))
def test_second_derivatives_are_symmetric(sample: Sample, seed: int) -> None:
    """u · (H v) = v · (H u), by forward over reverse; and reverse over reverse gives the same H u."""
    graph, values = sample
    (loss,) = graph.outputs
    rng = np.random.default_rng(seed)
    wrt = [n for n, g in zip(sample.wrt, reverse(loss, sample.wrt), strict=True) if g is not None]
    if not wrt:
        return
    firsts = [g for g in reverse(loss, wrt) if g is not None]
    us, vs = ([rng.uniform(-1, 1, n.shape) for n in wrt] for _ in range(2))

    def dot(nodes: list[Node], weights: list[Any]) -> Node:
        total = constant(0.0)
        for node, weight in zip(nodes, weights, strict=True):
            total = total + call("sum", node * constant(weight))
        return total

    def number(node: Node | None) -> float:
        return 0.0 if node is None else float(evaluate(verify(Graph(graph.inputs, [node])), values)[0])

    found = []
    for one, other in ((us, vs), (vs, us)):
        (moved,) = forward([dot(firsts, one)], wrt, [constant(d) for d in other])
        found.append(number(moved))
        seconds = reverse(dot(firsts, one), wrt)
        found.append(
            sum(number(call("sum", s * constant(d))) for s, d in zip(seconds, other, strict=True) if s is not None)
        )
    np.testing.assert_allclose(found, found[0], rtol=1e-7, atol=1e-8 * max(1.0, *map(abs, found)))


@settings(max_examples=300)
@given(WITH_GRADIENTS)
def test_exact_simplification_keeps_every_bit(sample: Sample) -> None:
    graph = with_gradients(sample)
    done = verify(simplify(graph).graph)
    for values in (sample.values, wild(sample), wild(sample, 1)):
        with np.errstate(all="ignore"):
            for a, b in zip(evaluate(graph, values), evaluate(done, values), strict=True):
                assert same_bits(a, b), f"{a} is not {b} in\n{graph}\n{done}"


@settings(max_examples=150)
@given(array_graphs(large=True))
def test_exact_simplification_keeps_every_bit_of_large_arrays(sample: Sample) -> None:
    # here the layout of an array in memory matters: NumPy adds in the order of memory
    graph = with_gradients(sample)
    done = verify(simplify(graph).graph)
    for a, b in zip(evaluate(graph, sample.values), evaluate(done, sample.values), strict=True):
        assert same_bits(a, b), f"{a} is not {b} in\n{graph}\n{done}"


@settings(max_examples=200)
@given(ANY)
def test_algebra_changes_little(sample: Sample) -> None:
    graph = with_gradients(sample)
    done = verify(simplify(graph, algebra=True).graph)
    for a, b in zip(evaluate(graph, sample.values), evaluate(done, sample.values), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("algebra", [False, True])
@settings(max_examples=200)
@given(sample=WITH_GRADIENTS)
def test_simplifying_twice_is_simplifying_once(algebra: bool, sample: Sample) -> None:
    once = simplify(with_gradients(sample), algebra=algebra)
    twice = simplify(once.graph, algebra=algebra)
    assert not twice.notes
    assert str(twice.graph) == str(once.graph)


@settings(max_examples=200)
@given(WITH_GRADIENTS)
def test_simplification_tells_where_every_node_went(sample: Sample) -> None:
    graph = with_gradients(sample)
    done = simplify(graph)
    assert set(done.moved) == set(graph.nodes)
    with np.errstate(all="ignore"):
        before = every_value(graph, sample.values)
        after = every_value(Graph(graph.inputs, [done.moved[n] for n in graph.nodes]), sample.values)
    for node in graph.nodes:
        moved = done.moved[node]
        assert same_bits(before[node], after[moved])


@settings(max_examples=300)
@given(WITH_GRADIENTS)
def test_text_is_read_back(sample: Sample) -> None:
    for graph in (sample.graph, with_gradients(sample), simplify(with_gradients(sample)).graph):
        text, table = write(graph)
        again = verify(Graph.parse(text, table))
        assert write(again)[0] == text == str(graph)
        with np.errstate(all="ignore"):
            for a, b in zip(evaluate(graph, sample.values), evaluate(again, sample.values), strict=True):
                assert same_bits(a, b)


@settings(max_examples=200)
@given(WITH_GRADIENTS)
def test_substitution_is_composition(sample: Sample) -> None:
    graph = with_gradients(sample)
    # every input becomes x + 0·x of a new one, which has the same value
    fresh = [input_node(f"{n.name}_new", n.shape, n.dtype, n.role) for n in graph.inputs if n.role]
    doubled = [call("multiply", node, 1) for node in fresh]
    outputs = substitute(graph.outputs, dict(zip(graph.inputs, doubled, strict=True)))
    new = verify(Graph(fresh, outputs))
    assert not set(graph.inputs) & set(new.nodes)
    with np.errstate(all="ignore"):
        for a, b in zip(evaluate(graph, sample.values), evaluate(new, sample.values), strict=True):
            assert same_bits(a, b)
    assert [o.type for o in graph(*fresh)] == [o.type for o in graph.outputs]


@settings(max_examples=200)
@given(NARROW)
def test_narrow_graphs_stay_narrow(sample: Sample) -> None:
    for node in with_gradients(sample).nodes:
        assert node.dtype in (np.dtype(np.float32), np.dtype(bool), np.dtype(np.int64)), repr(node)


@settings(max_examples=100)
@given(ANY)
def test_names_are_given_once(sample: Sample) -> None:
    graph = with_gradients(sample)
    names = list(graph.names.values())
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)
    known = {n for n in graph.nodes if n.is_constant and n.shape == ()} | set(graph.names)
    assert known == set(graph.nodes)
