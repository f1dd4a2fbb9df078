"""What threads share: no loop of which one turn touches what another one writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.fuzz.check import MACHINES, shared_from
from tests.fuzz.graphs import random_sample
from workings.engines.native.schedule import Machine, schedule
from workings.graph import Graph, call, input_node
from workings.lower import Kernel, kernels_of, lower_graph
from workings.lower.verify import known_range

# an op, its inputs, and for each of its kernels with loops in order the loop that threads share
SHARED = [
    ("cumsum", ["f8[1000,64]"], {"axis": 0}, [1]),
    ("cumsum", ["f8[64,1000]"], {"axis": 1}, [0]),
    ("cumsum", ["f8[1000]"], {"axis": 0}, [None]),
    ("put", ["f4[1024,64]", "i8[1024]"], {"shape": (65, 64), "key": ("array",)}, [1]),
    ("put", ["f4[1024]", "i8[1024]"], {"shape": (65,), "key": ("array",)}, [None]),
    ("avg_unpool2d", ["f8[16,8,13,13]"], {"shape": (15, 15), "size": (3, 3), "stride": 1}, [0]),
    # a row of the windows lies over those of the next
    ("avg_unpool2d", ["f8[1,1,13,13]"], {"shape": (15, 15), "size": (3, 3), "stride": 1}, [None]),
]


def _graph(op: str, kinds: Sequence[str], attributes: dict[str, Any]) -> Graph:
    nodes = []
    for k, kind in enumerate(kinds):
        dtype, _, shape = kind.rstrip("]").partition("[")
        nodes.append(input_node(f"x_{k}", tuple(map(int, shape.split(","))), dtype))
    return Graph(nodes, [call(op, *nodes, **attributes)])


@pytest.mark.parametrize(("op", "kinds", "attributes", "wanted"), SHARED, ids=[f"{s[0]}-{s[1][0]}" for s in SHARED])
def test_of_loops_in_order(op: str, kinds: list[str], attributes: dict[str, Any], wanted: list[int | None]) -> None:
    kernels = kernels_of(lower_graph(_graph(op, kinds, attributes)).kernels)
    with shared_from(1):
        assert [schedule(kernel, Machine()).split for kernel in kernels if kernel.ordered] == wanted


def _crossed(kernel: Kernel, axis: int) -> bool:
    """Whether one turn of a loop touches an element that another one writes."""
    reads = [(i.access, i.inputs, False) for i in kernel.instructions if i.access is not None]
    # what all turns put together in one element is seen to
    writes = [(s.access, s.indices, True) for s in kernel.stores if s.how not in ("and", "or")]
    writer = {access.buffer: np.full(access.buffer.size, -1) for access, _, _ in writes}
    for access, indices, written in [*writes, *reads]:
        if access.buffer not in writer:
            continue
        counts = [*kernel.extents[: len(access.strides)], *(known_range(i, kernel) or 0 for i in indices)]
        steps = [*access.strides, *access.by]
        for turn in range(kernel.extents[axis]):
            elements = np.full((), access.offset)
            for k, (step, count) in enumerate(zip(steps, counts, strict=True)):
                elements = np.add.outer(elements, step * (np.array([turn]) if k == axis else np.arange(count)))
            by = writer[access.buffer]
            if np.any((by[elements] != -1) & (by[elements] != turn)):
                return True
            if written:
                by[elements] = turn
    return False


@pytest.mark.parametrize("block", range(4))
def test_of_random_graphs(block: int) -> None:
    shared = 0
    for seed in range(100 * block, 100 * (block + 1)):
        for kernel in kernels_of(lower_graph(random_sample(seed).graph).kernels):
            with shared_from(1):
                split = schedule(kernel, MACHINES[seed % len(MACHINES)]).split
            if split is not None and math.prod(kernel.extents) <= 20_000:
                shared += 1
                assert not _crossed(kernel, split), (seed, kernel)
    assert shared > 50


def test_what_crosses_is_seen() -> None:
    (kernel,) = (k for k in kernels_of(lower_graph(_graph(*SHARED[-1][:3])).kernels) if k.ordered)
    assert [_crossed(kernel, axis) for axis in range(len(kernel.extents))] == [True] * 4
