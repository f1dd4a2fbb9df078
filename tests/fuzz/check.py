"""One random case run by the engine native in several ways, and held against the reference."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.fuzz.graphs import Sample
from tests.fuzz.near import Found, compare
from tests.ops.checks import same_bits
from workings.engines.native import schedule
from workings.engines.native.function import Function
from workings.engines.native.schedule import Machine
from workings.engines.values import prepared, strong
from workings.graph import Graph, verify
from workings.graph.layouts import contiguous
from workings.lower import lower_graph

__all__ = ["MACHINES", "check_graph", "shared_from", "smallest"]

MACHINES = (Machine(64, 32), Machine(32, 16), Machine(16, 16), Machine(16, 32))


@contextmanager
def shared_from(work: float) -> Iterator[None]:
    """Threads share kernels that are worth so much less than they usually are."""
    before = schedule._WORTH
    schedule._WORTH = work  # type: ignore[misc]
    try:
        yield
    finally:
        schedule._WORTH = before  # type: ignore[misc]


def check_graph(sample: Sample, seed: int, threads: int) -> Found:
    """Compile and run the graph; what is wrong is an access outside, other bits on a way that should change none, a
    value too far from the reference, and any error."""
    try:
        return _checked(sample, seed, threads)
    except Exception as error:  # whatever it is, it has to be reported with its graph
        return _wrong(f"{type(error).__name__}: {error}")


def _checked(sample: Sample, seed: int, threads: int) -> Found:
    rng = random.Random(seed)
    graph = verify(sample.graph)
    loops = lower_graph(graph)
    machine = rng.choice(MACHINES)
    values = [contiguous(strong(node, v)) for node, v in zip(graph.inputs, sample.values, strict=True)]
    given = dict(zip(loops.given, prepared(graph.inputs, values), strict=True))
    with shared_from(rng.choice([1, 1, 50, 1000])):
        # first, since an access outside is not made by this one
        found = Function(loops, threads, machine=machine, checked=True)(given)[0]
        compiled = Function(loops, threads)
    if not _same(found, compiled(given)[0]):
        return _wrong(f"planned for {machine} it gives other bits")
    compiled.threads = 1
    if not _same(found, compiled(given)[0]):
        return _wrong(f"1 and {threads} threads give other bits")
    return compare(graph, values, found)


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(same_bits(x, y) for x, y in zip(a, b, strict=True))


def _wrong(what: str) -> Found:
    return Found(0, 0, 0, what)


def smallest(sample: Sample, seed: int, threads: int) -> Sample:
    """The part of a graph up to the first value that is wrong by itself; all of it where there is none."""
    graph = sample.graph
    for node in graph.nodes:
        if node.is_input or node.is_constant or node.op.results is not None:
            continue
        part = Sample(Graph(graph.inputs, [node], name=graph.name), sample.values)
        if check_graph(part, seed, threads).wrong is not None:
            return part
    return sample
