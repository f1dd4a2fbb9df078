"""A short run of `python -m tests.fuzz`, and that it finds what it is there to find."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.fuzz import near
from tests.fuzz.__main__ import main
from tests.fuzz.check import check_graph
from tests.fuzz.graphs import Sample, random_sample
from tests.ops.checks import same_bits
from workings.engines.native import compile_native, nest
from workings.engines.native.instructions import Writer
from workings.graph import Graph, call, constant, input_node
from workings.lower import elements, turns
from workings.lower.views import View


def test_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "5", "--seed", "34", "--count", "8"]) == 0
    assert "7 graphs" in (shown := capsys.readouterr().out)
    assert "0 not settled" in shown


def test_a_seed_is_the_same_case_in_every_process() -> None:
    code = (
        "from tests.fuzz.graphs import random_sample as r; print([(str(s.graph), s.values) for s in map(r, range(9))])"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "12"
    ]
    assert found[0] == found[1]
    assert found[0].count(b"graph fuzz(") == 9


def test_an_access_moved_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it gives, and by its bounds, with the name of the buffer; it is not made."""
    address = nest._Values.address

    def moved(self: Any, access: Any, copy: Any, indices: Any, extra: int = 0) -> str:
        return address(self, access, copy, indices, extra + 1)

    monkeypatch.setattr(nest._Values, "address", moved)
    x = input_node("x", (17,), "float64")
    sample = Sample(Graph([x], [call("square", x, label="y")]), [np.arange(17.0)])
    wrong = check_graph(sample, 0, 2).wrong
    assert wrong == "BoundsError: accesses leave their buffers: x 1 times, y 1 times"


def test_a_store_moved_by_one_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    put = Writer.put

    def moved(self: Writer, pointer: str, dtype: np.dtype, *rest: Any) -> None:
        put(self, self.emit(f"getelementptr i8, ptr {pointer}, i64 -{dtype.itemsize}"), dtype, *rest)

    monkeypatch.setattr(Writer, "put", moved)
    x = input_node("x", (3, 5), "float32")
    sample = Sample(Graph([x], [call("transpose", x, axes=(1, 0), label="y")]), [np.ones((3, 5), np.float32)])
    wrong = check_graph(sample, 0, 2).wrong
    assert wrong is not None
    assert wrong.startswith("BoundsError: accesses leave their buffers: y ")


def _other_way(self: Any, x: View) -> View:
    step = x.strides[0] * (self.length > 1)
    first, turns = (0, step) if self.reverse else (step * (self.length - 1), -step)
    return View(
        x.buffer, x.shape[1:], x.strides[1:], x.offset + first, (*x.turns, *(0,) * (self.depth - len(x.turns)), turns)
    )


def _first_lane(self: Writer, how: str, dtype: np.dtype, width: int, vector: str) -> str:
    return self.lane(vector, dtype, width, 0)


PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "rows of a loop the other way round": (lambda m: m.setattr(turns._Turns, "row", _other_way), "scan"),
    "a sum of one lane": (lambda m: m.setattr(Writer, "halves", _first_lane), "sum"),
    "a difference that is a sum": (
        lambda m: m.setitem(elements._RULES, "subtract", elements._RULES["add"]),
        "subtract",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_caught(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, op = PLANTED[mistake]
    plant(monkeypatch)
    samples = ((seed, random_sample(seed)) for seed in range(200))
    having = ((seed, sample) for seed, sample in samples if any(n.op.name == op for n in sample.graph.nodes))
    assert any(check_graph(sample, seed, 2).wrong is not None for seed, sample in itertools.islice(having, 20))


def test_a_graph_is_the_same_for_the_same_seed() -> None:
    one, two = random_sample(7), random_sample(7)
    assert str(one.graph) == str(two.graph)
    assert all(same_bits(a, b) for a, b in zip(one.values, two.values, strict=True))


# ── how near is near ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_that_are_exact_have_no_tolerance(dtype: str) -> None:
    x = input_node("x", (1000,), dtype)
    graph = Graph([x], [call("sum", x)])
    rng = np.random.default_rng(0)
    values = (rng.integers(-16, 17, 1000) / 8).astype(dtype)
    total = np.sum(values)
    assert near.compare(graph, [values], [total]) == (1, 0, 0, None)
    assert near.compare(graph, [values], [np.nextafter(total, total + 1)]).wrong is not None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_other_sums_have_that_of_their_roundings(dtype: str) -> None:
    x = input_node("x", (1000,), dtype)
    graph = Graph([x], [call("sum", x)])
    values = np.random.default_rng(0).normal(size=1000).astype(dtype)
    backwards = np.cumsum(values[::-1])[-1]
    assert near.compare(graph, [values], [backwards]).wrong is None
    # without an element it is none of them
    missing = np.sum(values[1:])
    assert near.compare(graph, [values], [missing]).wrong is not None


def test_a_function_that_is_approximated_has_units_in_the_last_place() -> None:
    x = input_node("x", (100,), "float64")
    graph = Graph([x], [call("exp", x)])
    values = np.linspace(-3, 3, 100)
    for units, good in ((1, True), (4, True), (100, False)):
        off = np.exp(values) + units * np.spacing(np.exp(values))
        assert (near.compare(graph, [values], [off]).wrong is None) is good


def test_what_rounding_may_tip_is_not_held_against_it() -> None:
    x = input_node("x", (), "float64")
    less = call("less", call("exp", x), constant(np.exp(0.5)))
    for answer in (np.True_, np.False_):
        assert near.compare(Graph([x], [less]), [np.float64(0.5)], [answer]).wrong is None
    assert near.compare(Graph([x], [less]), [np.float64(0.6)], [np.True_]).wrong is not None


# ── what it found ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", [(), (1,), (9,), (3, 17)])
@pytest.mark.parametrize("op", ["sum", "mean"])
def test_sums_of_minus_zeros(op: str, shape: tuple[int, ...]) -> None:
    x = input_node("x", shape, "float32")
    value = np.full(shape, -0.0, np.float32)
    (found,) = compile_native(Graph([x], [call(op, x)]))(value)
    assert same_bits(found, getattr(np, op)(value))
