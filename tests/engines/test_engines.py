"""The engines: the same bits in any number of calls, leaving where they should, and showing their text."""

from __future__ import annotations

import gc
import inspect
import linecache
import sys
import traceback
from typing import Any

import numpy as np
import pytest

from tests.write import programs
from tests.write.programs import arguments, assemble
from tests.write.random_graphs import random_program
from workings.engines import NativeEngine, NumpyEngine, ReferenceEngine, compile_function, get
from workings.errors import ArgumentError, MissingExtraError
from workings.graph import Graph, Program, Role, call, constant, input_node
from workings.lower import loops_text

ENGINES = [ReferenceEngine, NumpyEngine]
EVERY = [*ENGINES, NativeEngine]  # native gives other bits where something is summed up or approximated


def _run(engine: Any, p: Program, last: int, chunks: int = 1) -> tuple[bytes, list[bytes], int]:
    """Run the steps up to `last` in so many calls."""
    losses = np.zeros(p.steps)
    carry, step = p.start(), 0
    for goal in sorted({last * (k + 1) // chunks for k in range(chunks)} - {0}):
        carry, step = engine.run(carry, *arguments(p), losses, step, goal)
    assert [(v.dtype, v.shape) for v in carry] == [(c.input.dtype, c.input.shape) for c in p.carry]
    for value in carry:
        assert isinstance(value, np.generic) if value.shape == () else value.flags.c_contiguous
    return losses.tobytes(), [v.tobytes() for v in carry], step


@pytest.mark.parametrize("name", programs.ALL)
def test_engines_and_chunks_agree_to_the_bit(name: str) -> None:
    p = programs.ALL[name]()
    expected = _run(ReferenceEngine(p), p, p.steps)
    reached = expected[2]
    for make in ENGINES:
        engine = make(p)
        assert _run(engine, p, p.steps) == expected, make.name
        for chunks in (1, 4, 200):
            assert _run(engine, p, reached, chunks) == expected, (make.name, chunks)


@pytest.mark.parametrize("block", range(5))
def test_engines_agree_on_random_steps(block: int) -> None:
    """Values carried on in every order, swapped, shifted, transposed, and read by checks after they changed."""
    for seed in range(100 * block, 100 * (block + 1)):
        p = random_program(seed)
        engine = NumpyEngine(p)
        assert _run(engine, p, p.steps) == _run(ReferenceEngine(p), p, p.steps), engine.source


@pytest.mark.parametrize("name", programs.ALL)
def test_native_is_near_and_the_same_in_any_number_of_calls(name: str) -> None:
    p = programs.ALL[name]()
    engine = NativeEngine(p)
    losses, carried, reached = _run(engine, p, p.steps)
    for chunks in (1, 4, 200):
        assert _run(engine, p, reached, chunks) == (losses, carried, reached), chunks
    expected = _run(ReferenceEngine(p), p, p.steps)
    assert reached == expected[2]
    # rounding grows with the steps
    tolerance = 1e-4 if p.carry[0].input.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(np.frombuffer(losses), np.frombuffer(expected[0]), rtol=tolerance)
    for c, a, b in zip(p.carry, carried, expected[1], strict=True):
        found, wanted = (np.frombuffer(v, c.input.dtype) for v in (a, b))
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance, err_msg=c.name)


@pytest.mark.parametrize("block", range(3))
def test_native_agrees_on_random_steps(block: int) -> None:
    """To the bit, as long as nothing is summed up."""
    for seed in range(50 * block, 50 * (block + 1)):
        p = random_program(seed)
        engine = NativeEngine(p)
        losses, carried, reached = _run(engine, p, p.steps)
        expected = _run(ReferenceEngine(p), p, p.steps)
        assert reached == expected[2], loops_text(engine.loops)
        if any(node.op.name in ("sum", "mean", "matmul") for node in p.step.nodes):
            for c, a, b in zip(p.carry, carried, expected[1], strict=True):
                found, wanted = (np.frombuffer(v, c.input.dtype) for v in (a, b))
                np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=loops_text(engine.loops))
        else:
            assert (losses, carried) == expected[:2], loops_text(engine.loops)


def test_native_shows_what_it_runs() -> None:
    engine = NativeEngine(programs.neuron())
    assert engine.sources["loops"] == loops_text(engine.loops)
    assert engine.sources["llvm"].startswith("; loss\ndeclare double @llvm.fabs.f64(double)\n")
    for flag in (" fast ", " contract ", " reassoc ", " nnan ", " fmuladd"):
        assert flag not in engine.sources["llvm"]


def test_native_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    with pytest.raises(MissingExtraError) as caught:
        NativeEngine(programs.neuron())
    assert str(caught.value) == (
        "the engine native needs the package 'llvmlite', which is not installed\n  Instead: pip install llvmlite"
    )


def test_native_wants_room_for_the_losses() -> None:
    p = programs.neuron()
    with pytest.raises(ArgumentError, match="steps up to 4 are to be run, and there is room for 3 losses"):
        NativeEngine(p).run(p.start(), *arguments(p), np.empty(3), 0, 4)
    apart, together = np.zeros((5, 2))[:, 0], np.zeros(5)
    NativeEngine(p).run(p.start(), *arguments(p), apart, 0, 5)
    NativeEngine(p).run(p.start(), *arguments(p), together, 0, 5)
    assert apart.tolist() == together.tolist() != [0.0] * 5


@pytest.mark.parametrize("make", EVERY)
def test_the_neuron(make: Any) -> None:
    p = programs.neuron()
    engine = make(p)
    losses = np.empty(200)
    (w,), step = engine.run(p.start(), *arguments(p), losses, 0, 100)
    assert (float(w), step) == (1.80107066615787, 100)
    (w,), step = engine.run((w,), *arguments(p), losses, 100, 200)
    assert float(w) == 1.9736180800914178
    assert losses[0] == 2.25
    assert losses[100:103].tolist() == [0.03957287986287364, 0.0380057938203038, 0.03650076438501975]


@pytest.mark.parametrize("make", EVERY)
def test_it_leaves_at_the_step_that_is_not_finite(make: Any) -> None:
    p = programs.explodes()
    losses = np.full(p.steps, 7.0)
    carry, step = make(p).run(p.start(), *arguments(p), losses, 0, p.steps)
    assert step == 6
    assert not np.isfinite(carry[0])
    assert np.isfinite(losses[: step - 1]).all()
    assert np.isinf(losses[step - 1])
    assert (losses[step:] == 7.0).all()


@pytest.mark.parametrize("make", EVERY)
def test_it_leaves_where_a_stop_condition_is_met(make: Any) -> None:
    p = programs.with_bias()
    losses = np.full(p.steps, 7.0)
    _, step = make(p).run(p.start(), *arguments(p), losses, 0, p.steps)
    assert losses[step - 1] < 1e-3 <= losses[step - 2]
    assert losses[step] == 7.0


@pytest.mark.parametrize("make", EVERY)
def test_no_steps(make: Any) -> None:
    p = programs.neuron()
    carry, step = make(p).run(p.start(), *arguments(p), np.empty(0), 5, 5)
    assert (carry, step) == ((0.5,), 5)


@pytest.mark.parametrize("make", EVERY)
def test_the_layout_of_what_is_given_does_not_matter(make: Any) -> None:
    p = programs.mlp(rows=30)
    data, settings = arguments(p)
    losses, other = np.empty(9), np.empty(9)
    engine = make(p)
    first, _ = engine.run(p.start(), data, settings, losses, 0, 9)
    turned = tuple(np.asfortranarray(v) for v in data)
    second, _ = engine.run(tuple(np.asfortranarray(v) for v in p.start()), turned, settings, other, 0, 9)
    assert losses.tobytes() == other.tobytes()
    assert [v.tobytes() for v in first] == [v.tobytes() for v in second]


@pytest.mark.parametrize("make", EVERY)
def test_what_is_given_is_checked(make: Any) -> None:
    p = programs.neuron()
    engine = make(p)
    data, settings = arguments(p)
    with pytest.raises(ArgumentError, match=r"w is float64 in the program, and the value given is float32"):
        engine.run((np.float32(0.5),), data, settings, np.empty(1), 0, 1)
    with pytest.raises(ArgumentError, match=r"x is float64 in the program, and the value given is float64\[3\]"):
        engine.run(p.start(), (np.ones(3), data[1]), settings, np.empty(1), 0, 1)
    with pytest.raises(ArgumentError, match=r"4 values are needed \(w, x, expected, learning_rate\), and 3"):
        engine.run(p.start(), data[:1], settings, np.empty(1), 0, 1)


@pytest.mark.parametrize("make", EVERY)
def test_settings_change_without_a_new_engine(make: Any) -> None:
    p = programs.neuron()
    engine = make(p)
    data, _ = arguments(p)
    (w,), _ = engine.run(p.start(), data, (np.float64(0.5),), np.empty(1), 0, 1)
    assert w == 0.5 + 0.5 * 3


def test_the_reference_shows_every_value() -> None:
    p = programs.neuron()
    values = ReferenceEngine(p).values(p.start(), *arguments(p))
    named = {p.step.names[node]: float(value) for node, value in values.items() if node in p.step.names}
    assert named["y"] == 0.5
    assert named["loss"] == 2.25
    assert named["d_w"] == -3.0
    assert set(values) == set(p.step.nodes)


def test_the_numpy_engine_runs_the_text_it_shows() -> None:
    engine = NumpyEngine(programs.neuron())
    assert inspect.getsource(engine.train).startswith("def train(w, x, expected, learning_rate, losses, first, last):")
    assert inspect.getsource(engine.train) in engine.source
    filename = engine.train.__code__.co_filename
    assert filename.startswith("<workings: loss ")
    linecache.checkcache()
    assert "".join(linecache.getlines(filename)) == engine.source


def test_a_traceback_shows_the_line_of_the_text() -> None:
    p = programs.neuron()
    engine = NumpyEngine(p)
    try:
        engine.run(p.start(), *arguments(p), np.empty(3), 0, 100)
    except IndexError:
        shown = traceback.format_exc()
    assert "in train\n    losses[step] = loss" in shown


def test_the_text_is_forgotten_with_its_engine() -> None:
    engine = NumpyEngine(programs.neuron())
    filename = engine.train.__code__.co_filename
    assert filename in linecache.cache
    del engine
    gc.collect()
    assert filename not in linecache.cache


def test_a_large_constant_of_the_net() -> None:
    p = programs.gelu()
    engine = NumpyEngine(p)
    assert engine.written.constants == ("mask",)
    assert "def train(w, x, mask, learning_rate, losses, first, last):" in engine.source


def test_a_stop_condition_that_always_holds() -> None:
    w = input_node("w", (), "float64", Role.PARAMETER)
    loss = call("square", w, label="loss")
    p = assemble([loss, constant(True), constant(True)], [(w, w - 0.1 * w, 1.0)], {}, {}, {}, steps=5)
    for make in EVERY:
        assert _run(make(p), p, 5)[2] == 1


def test_getting_an_engine() -> None:
    assert get("numpy") is NumpyEngine
    assert get("reference") is ReferenceEngine
    assert isinstance(get("native", threads=1)(programs.mlp()), NativeEngine)
    with pytest.raises(ArgumentError) as caught:
        get("nunpy")
    assert str(caught.value) == (
        "there is no engine 'nunpy'; there are 'auto', 'native', 'numpy' and 'reference'\n  Instead: engine='numpy'"
    )
    with pytest.raises(
        ArgumentError, match=r"there is no engine 'gpu'; there are 'auto', 'native', 'numpy' and 'reference'$"
    ):
        get("gpu")


@pytest.mark.parametrize("engine", ["numpy", "reference", "native"])
def test_a_function(engine: str) -> None:
    x, y = input_node("x", (3,), "float64"), input_node("y", (), "float64")
    graph = Graph([x, y], [call("sum", x * y), x / y])
    total, ratio = compile_function(graph, engine)(np.array([1.0, 2.0, 3.0]), 2.0)
    assert (total, ratio.tolist()) == (12.0, [0.5, 1.0, 1.5])
    assert compile_function(Graph([x], [call("max", x)]), engine)(np.arange(3.0)) == (2.0,)
    assert compile_function(Graph([y], [y]), engine)(3) == (3.0,)
    # no warning where NumPy would give one
    assert np.isinf(compile_function(graph, engine)(np.ones(3), 0)[1]).all()


def test_a_function_with_a_large_constant() -> None:
    x = input_node("x", (20,), "float64")
    table = np.linspace(0, 1, 20) ** 2
    function: Any = compile_function(Graph([x], [call("multiply", x, constant(table, name="table"), label="y")]))
    assert "def f(x, table):" in function.source
    assert function(np.ones(20))[0].tobytes() == table.tobytes()
