"""The loops that graphs become: what is fused, what is written where, and which loops are legal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.write import programs
from workings.errors import GraphError, UnsupportedError
from workings.graph import Graph, Program, Role, call, constant, input_node
from workings.lower import Kernel, Loops, loops_text, lower_graph, lower_program, verify_loops


def _layer() -> Graph:
    x, w, b = (input_node(n, s, "float64") for n, s in (("x", (20, 3)), ("w", (3, 16)), ("b", (16,))))
    return Graph([x, w, b], [call("tanh", x @ w + b, label="h")], name="layer")


def test_a_layer_is_one_kernel() -> None:
    assert loops_text(lower_graph(_layer())) == (
        "loops layer\n"
        "  x: float64[20,3] (data)\n"
        "  w: float64[3,16] (data)\n"
        "  b: float64[16] (data)\n"
        "  h: float64[20,16] (output)\n"
        "\n"
        "  for i in 20:\n"
        "    for j in 16 by 8:\n"
        "      fold k in 3: dot of\n"
        "        t0 = load x[3i + k]\n"
        "        t1 = load w[j + 16k]\n"
        "      then\n"
        "        t2 = dot t0, t1\n"
        "        t3 = load b[j]\n"
        "        t4 = add t2, t3\n"
        "        t5 = tanh t4\n"
        "        store h[16i + j] = t5\n"
    )


def test_the_neuron_is_one_kernel_within_the_loop_over_the_steps() -> None:
    loops = lower_program(programs.neuron())
    assert len(loops.kernels) == 1
    assert {b.name: b.role for b in loops.results} == {"w": "carry"}
    text = loops_text(loops)
    assert "  for step in first .. last:\n" in text
    assert "    store w[] = " in text
    assert "    losses[step] = loss\n    leave if not " in text


def test_what_is_used_twice_is_computed_once() -> None:
    x = input_node("x", (4, 5), "float64")
    h = call("exp", x, label="h")
    loops = lower_graph(Graph([x], [h * h + h]))
    (kernel,) = loops.kernels
    assert [i.op for i in kernel.body] == ["load", "exp", "multiply", "add"]
    assert len(kernel.stores) == 1


def test_moving_axes_moves_no_elements() -> None:
    x = input_node("x", (4, 5), "float64")
    seen = call("flip", call("expand_dims", x.T, axis=1), axis=0)
    (kernel,) = lower_graph(Graph([x], [call("square", seen)])).kernels
    assert [a.strides for a in kernel.reads()] == [(-1, 5)]
    assert kernel.reads()[0].offset == 4
    # but rows of another length of what does not lie row by row do
    loops = lower_graph(Graph([x], [call("square", call("reshape", x.T, shape=(10, 2)))]))
    assert len(loops.kernels) == 2


def test_loops_that_step_as_one_are_one() -> None:
    x, y = input_node("x", (4, 5), "float64"), input_node("y", (4, 5), "float64")
    (kernel,) = lower_graph(Graph([x, y], [x + y])).kernels
    assert kernel.extents == (20,)
    (kernel,) = lower_graph(Graph([x, y], [x + y.T.T * x.T.T])).kernels
    assert kernel.extents == (20,)
    (kernel,) = lower_graph(Graph([x], [call("sum", x, axis=1)])).kernels
    assert (kernel.extents, kernel.folded) == ((4, 5), 1)


def test_what_is_carried_is_written_where_it_lies_only_if_nothing_reads_the_old_value_later() -> None:
    a, b = (input_node(n, (3,), "float64", Role.PARAMETER) for n in "ab")

    loss = call("sum", a, label="loss")

    def program(*after: Any) -> Program:
        outputs = [loss, constant(True), constant(False)]
        return programs.assemble(outputs, [(a, after[0], np.zeros(3)), (b, after[1], np.ones(3))], {}, {}, {}, steps=3)

    plain = lower_program(program(a * 0.5, b + 1.0))
    assert not any(buffer.shape == (3,) for buffer in plain.buffers if buffer.role == "scratch")
    # one turn reads an element of each and then writes both
    swapped = lower_program(program(a - b, a + b))
    assert not any(buffer.shape == (3,) for buffer in swapped.buffers if buffer.role == "scratch")
    turned = lower_program(program(call("flip", a, axis=0), b))
    assert [b.name for b in turned.results] == ["a", "b"]
    assert any(buffer.shape == (3,) for buffer in turned.buffers if buffer.role == "scratch")


def test_the_lanes_hang_on_shapes_and_dtypes_alone() -> None:
    for dtype, width in (("float64", 8), ("float32", 16)):
        x = input_node("x", (100,), dtype)
        (kernel,) = lower_graph(Graph([x], [call("sum", x)])).kernels
        assert (kernel.axis, kernel.width) == (0, width)
        one = input_node("x", (1,), dtype)
        (kernel,) = lower_graph(Graph([one], [call("sum", one)])).kernels
        assert (kernel.axis, kernel.width) == (None, 1)


def _broken(change: Any) -> Loops:
    loops = lower_graph(_layer())
    return replace(loops, kernels=tuple(change(kernel) for kernel in loops.kernels))


def _farther(kernel: Kernel) -> Kernel:
    return _stored(kernel, offset=1)


def _into_data(kernel: Kernel) -> Kernel:
    data = kernel.reads()[0].buffer
    return _stored(kernel, buffer=data)


def _stored(kernel: Kernel, **changes: Any) -> Kernel:
    return replace(kernel, stores=tuple(replace(s, access=replace(s.access, **changes)) for s in kernel.stores))


BROKEN = {
    "an access of h leaves it": _farther,
    "writes x, which is given": _into_data,
    "has strides": lambda k: _stored(k, strides=(1,)),
    "loops are folded, and no fold is given": lambda k: replace(k, fold=None),
    "takes what is not computed yet": lambda k: replace(k, after=k.after[::-1]),
    "stores what is not computed where it is stored": lambda k: replace(k, after=k.after[:-1]),
    "there is no loop 7": lambda k: replace(k, axis=7),
    "writes an element twice": lambda k: replace(k, stores=k.stores * 2),
    "result h is never written": lambda k: replace(k, stores=()),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_loops_that_are_not_legal(problem: str) -> None:
    with pytest.raises(GraphError, match=problem):
        verify_loops(_broken(BROKEN[problem]))


def test_what_there_are_no_loops_for() -> None:
    x = input_node("x", (3,), "float64")
    with pytest.raises(UnsupportedError) as caught:
        lower_graph(Graph([x], [call("astype", x, dtype=np.dtype("float16"))]), "engine native")
    assert str(caught.value) == (
        "engine native has no astype on float16\n  Instead: engine='numpy', which has every op"
    )
    half = input_node("x", (3,), "float16")
    with pytest.raises(UnsupportedError, match="engine native has no input of x on float16"):
        lower_graph(Graph([half], [half + half]), "engine native")
    small = input_node("x", (3,), "int8")
    with pytest.raises(UnsupportedError, match="engine native has no sqrt on float16"):
        lower_graph(Graph([small], [call("sqrt", small)]), "engine native")


def test_the_line_of_the_op_is_named() -> None:
    with pytest.raises(UnsupportedError, match=r"engine native has no astype on float16\n  at .*\.py.*\n.*astype"):
        wk.train(
            lambda w, x: np.sum((x * w).astype("float16")), {"w": 0.5}, {"x": np.ones(3)}, steps=1, engine="native"
        )
