"""Sums of products by letters, as loops."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import pytest

from tests.ops.oracles import oracle
from workings.engines.native import compile_native
from workings.graph import Graph, Node, call, input_node
from workings.lower import Loops, lower_graph


def _nodes(subscripts: str, lengths: dict[str, int], dtypes: Sequence[str] = ()) -> list[Node]:
    terms = subscripts.partition("->")[0].split(",")
    return [
        input_node(f"x{n}", tuple(lengths[c] for c in term), dtypes[n] if dtypes else "float64")
        for n, term in enumerate(terms)
    ]


def _drawn(seed: int) -> tuple[str, dict[str, int]]:
    rng = np.random.default_rng(seed)
    lengths = {c: int(rng.choice([0, 1, 2, 3, 5, 9], p=[0.04, 0.16, 0.2, 0.2, 0.2, 0.2])) for c in "abcde"}
    terms = ["".join(rng.choice(list("abcde"), rng.integers(0, 4))) for _ in range(rng.integers(1, 5))]
    used = rng.permutation(sorted(set("".join(terms))))
    return f"{','.join(terms)}->{''.join(used[: rng.integers(0, len(used) + 1)])}", lengths


@pytest.mark.parametrize("seed", range(40))
def test_any_letters(seed: int) -> None:
    subscripts, lengths = _drawn(seed)
    rng = np.random.default_rng(seed)
    # more than two have to be of one dtype
    others = ["float64", "int64", "bool"] if subscripts.count(",") == 1 else ["float64"]
    nodes = _nodes(subscripts, lengths, ["float64", *rng.choice(others, 4)])
    values = [np.asarray(rng.uniform(-3, 3, node.shape)).astype(node.dtype) for node in nodes]
    (found,) = compile_native(Graph(nodes, [call("einsum", *nodes, subscripts=subscripts)]))(*values)
    wanted = oracle("einsum")(*(v.astype(float) for v in values), subscripts=subscripts)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-11)


def _loops(subscripts: str, **lengths: int) -> Loops:
    nodes = _nodes(subscripts, lengths)
    return lower_graph(Graph(nodes, [call("einsum", *nodes, subscripts=subscripts)]))


def _work(loops: Loops) -> int:
    return sum(prod(kernel.extents) for kernel in loops.kernels)


def test_two_factors_are_one_kernel() -> None:
    for subscripts in ("ij,jk->ik", "bij,bjk->bik", "ij,ij->", "ij,j->i", "i,j->ij", "ijk,ilk->jl"):
        assert len(_loops(subscripts, b=3, i=3, j=3, k=3, l=3).kernels) == 1, subscripts


def test_axes_in_another_order_and_diagonals_are_read_as_they_lie() -> None:
    loops = _loops("iij->ji", i=3, j=4)
    (kernel,) = loops.kernels
    assert not any(buffer.role == "scratch" for buffer in loops.buffers)
    assert {access.strides for access in kernel.reads()} == {(1, 16)}


def test_elements_that_are_used_often_are_moved_side_by_side() -> None:
    loops = _loops("ik,jk->ij", i=32, j=32, k=32)
    assert len(loops.kernels) == 2
    assert loops.kernels[-1].axis == 1


def test_what_one_factor_alone_has_is_summed_before() -> None:
    assert _work(_loops("ia,ja->ij", i=50, j=50, a=1)) <= 50 * 50 + 100
    assert _work(_loops("ia,jb->ij", i=50, j=50, a=50, b=50)) <= 3 * 50 * 50


def test_several_factors_are_multiplied_in_a_cheap_order() -> None:
    # (a b) (b c) (c d) with a thin end: from the right
    assert _work(_loops("ab,bc,cd->ad", a=40, b=40, c=40, d=1)) <= 3 * 40 * 40


def test_whole_numbers_wrap_as_they_do_in_numpy() -> None:
    nodes = _nodes("ij,jk->ik", {"i": 3, "j": 5, "k": 9}, ["int64", "int64"])
    values = [np.random.default_rng(0).integers(-(2**62), 2**62, node.shape) for node in nodes]
    (found,) = compile_native(Graph(nodes, [call("einsum", *nodes, subscripts="ij,jk->ik")]))(*values)
    np.testing.assert_array_equal(found, values[0] @ values[1])
