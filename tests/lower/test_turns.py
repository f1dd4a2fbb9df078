"""Loops of the graph as repeats: against the reference, and how little is moved."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.ops.checks import same_bits
from tests.transform import test_scan
from workings import nn
from workings.engines.native import compile_native
from workings.errors import UnsupportedError
from workings.graph import Graph, evaluate
from workings.lower import Loops, Repeat, arena, kernels_of, loops_text, lower_graph
from workings.lower.loops import touched
from workings.trace.trees import flatten
from workings.transform import simplify

rng = np.random.default_rng(3)
ROWS = rng.normal(size=(6, 3))
WIDE = rng.normal(size=(6, 4, 17))
B = rng.normal(size=3)
ONE = np.float64(0.7)


def _graph(f: Callable[..., Any], *values: Any) -> Graph:
    return simplify(wk.trace(f, *values)).graph


def _loops(f: Callable[..., Any], *values: Any) -> Loops:
    return lower_graph(_graph(f, *values))


def _repeat(loops: Loops) -> Repeat:
    (found,) = (part for part in loops.kernels if isinstance(part, Repeat))
    return found


# ── bodies of elementwise arithmetic: to the last bit ───────────────────────────────────────────────────────


def product(xs: Any, start: Any) -> Any:
    return wk.scan(lambda h, x: (h * 0.5 + x, h * x), start, xs)


def backwards(xs: Any, start: Any) -> Any:
    return wk.scan(lambda h, x: (h * 0.5 + x, (h, x - h)), start, xs, reverse=True)


def before_and_after(xs: Any, start: Any) -> Any:
    def turn(h: Any, x: Any) -> Any:
        new = h * x + 1
        return new, (h, new)

    return wk.scan(turn, start, xs)


def before_and_after_from_behind(xs: Any, start: Any) -> Any:
    def turn(h: Any, x: Any) -> Any:
        new = h * x + 1
        return new, (h, new)

    return wk.scan(turn, start, xs, reverse=True)


def swapped(xs: Any, start: Any) -> Any:
    return wk.scan(lambda c, x: ((c[1], c[0] - x), None), (start, start * 2), xs)


def both_the_same(xs: Any, start: Any) -> Any:
    def turn(carried: Any, x: Any) -> Any:
        new = carried[0] * x + carried[1]
        return (new, new), new

    return wk.scan(turn, (start, start * 2), xs)


def handed_on(xs: Any, start: Any) -> Any:
    return wk.scan(lambda c, x: ((x, c[0], c[1] + c[0]), c[1]), (start, start * 2, start * 3), xs)


def the_same_in_every_turn(xs: Any, start: Any, b: Any) -> Any:
    return wk.scan(lambda h, x: (h + x * np.sqrt(b * b + 1), (b, x, np.sqrt(b * b + 1), 2.0)), start, xs)


def made_anew(xs: Any, start: Any, b: Any) -> Any:
    return wk.scan(lambda h, x: ((b * 2, h[0]), h[1] - x), (start, start), xs)


def never_changed(xs: Any, start: Any) -> Any:
    return wk.scan(lambda c, x: ((c[0], c[1] * c[0]), x * c[0]), (start, start + 1), xs)


def turned(xs: Any, start: Any) -> Any:
    return wk.scan(lambda h, x: (np.flip(h) * x, (np.expand_dims(h, 0), np.flip(h))), start, xs)


def transposed(xs: Any) -> Any:
    def turn(h: Any, x: Any) -> Any:
        new = h * 0.5 + x.T
        return new, (new.T, np.reshape(new.T, -1))

    return wk.scan(turn, np.zeros((17, 4)), xs)


def transposed_carry(xs: Any, start: Any) -> Any:
    return wk.scan(lambda h, x: (h.T * x, (h, h.T)), start, xs)


def nested(xs: Any, start: Any) -> Any:
    def outer(h: Any, x: Any) -> Any:
        last, seen = wk.scan(lambda c, b: (c * 0.5 + b, c - b), h, x, reverse=True)
        return last, (seen, h)

    return wk.scan(outer, start, xs)


def nested_twice(xs: Any, start: Any) -> Any:
    def innermost(c: Any, x: Any) -> Any:
        return c * x + start, c

    def inner(c: Any, _: Any) -> Any:
        last, seen = wk.scan(innermost, c, xs)
        return last, seen

    return wk.scan(lambda c, _: wk.scan(inner, c, length=2, reverse=True), start, length=3)


def of_whole_numbers(xs: Any) -> Any:
    return wk.scan(lambda c, x: (c + 1, (c * 2, x > c)), 0, xs)


def scalars(x: Any, y: Any) -> Any:
    return wk.scan(lambda c, _: (c * x + y, c), y, length=9)


def nothing_read(xs: Any, start: Any) -> Any:
    return wk.scan(lambda h, x: (h + x, np.exp(x)), start, xs)[0]


EXACT: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (product, (ROWS, B)),
    (product, (WIDE, WIDE[0])),
    (product, (ROWS[:1], B)),
    (product, (ROWS[:0], B)),
    (product, (WIDE[:, :0], WIDE[0, :0])),
    (product, (ROWS[:, 0], ONE)),
    (product, (np.broadcast_to(ROWS[0], (4, 3)), B)),
    (product, (WIDE.astype(np.float32), WIDE[0].astype(np.float32))),
    (backwards, (ROWS, B)),
    (backwards, (ROWS[:1], B)),
    (backwards, (ROWS[:0], B)),
    (backwards, (WIDE, WIDE[0])),
    (before_and_after, (ROWS, B)),
    (before_and_after, (WIDE, WIDE[1])),
    (before_and_after_from_behind, (ROWS, B)),
    (before_and_after_from_behind, (WIDE[:1], WIDE[1])),
    (swapped, (ROWS, B)),
    (both_the_same, (ROWS, B)),
    (handed_on, (ROWS, B)),
    (handed_on, (WIDE, WIDE[0])),
    (the_same_in_every_turn, (ROWS, B, B * 2)),
    (the_same_in_every_turn, (ROWS[:1], B, B * 2)),
    (made_anew, (ROWS, B, B * 3)),
    (never_changed, (ROWS, B)),
    (turned, (ROWS, B)),
    (transposed, (WIDE,)),
    (transposed_carry, (WIDE[:, :, :4], WIDE[1, :, 5:9])),
    (nested, (WIDE, WIDE[0, 0])),
    (nested, (WIDE[:, :0], WIDE[0, 0])),
    (nested, (WIDE[:, :1], WIDE[0, 0])),
    (nested_twice, (ROWS, B)),
    (of_whole_numbers, (np.arange(5) * 3 % 4,)),
    (scalars, (ONE, ONE)),
    (nothing_read, (ROWS, B)),
]


@pytest.mark.parametrize(("f", "values"), EXACT, ids=lambda v: getattr(v, "__name__", ""))
def test_arithmetic_turn_by_turn_to_the_last_bit(f: Callable[..., Any], values: tuple[Any, ...]) -> None:
    for graph in (wk.trace(f, *values), _graph(f, *values)):
        wanted = evaluate(graph, list(values))
        for threads in (1, 2):
            found = compile_native(graph, threads)(*values)
            assert all(same_bits(a, b) for a, b in zip(found, wanted, strict=True)), loops_text(lower_graph(graph))


# ── sums, products and smooth functions: near ───────────────────────────────────────────────────────────────


def _near(found: Any, wanted: Any, tolerance: float) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, np.max(np.abs(b), initial=0)))


def _has(graph: Graph) -> bool:
    try:
        lower_graph(graph)
    except UnsupportedError:
        return False
    return True


def _known(nets: dict[str, Any]) -> list[str]:
    """Those of which the engine has every op."""
    return [name for name, (f, values) in nets.items() if _has(wk.trace(f, *values))]


NETS = {net.__name__: (functools.partial(net, wk.scan), values) for net, values in test_scan.NETS}


@pytest.mark.parametrize("name", _known(NETS))
def test_nets_with_their_derivatives(name: str) -> None:
    """The value, the gradient, and what is derived from that in both modes."""
    net, values = next((net, values) for net, values in test_scan.NETS if net.__name__ == name)
    for graph in test_scan.graphs(net, values):
        wanted = evaluate(graph, list(values))
        one, two = (compile_native(graph, threads)(*values) for threads in (1, 2))
        assert all(same_bits(a, b) for a, b in zip(one, two, strict=True))
        _near(one, wanted, 1e-13)


def _layer(make: Any, dtype: Any, **options: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    draw = np.random.default_rng(0)
    layer = make(5, 19, rng=draw, dtype=dtype, **options)

    def loss(layer: Any, x: Any, wanted: Any) -> Any:
        return np.mean((layer(x) - wanted) ** 2)

    return loss, (layer, draw.normal(size=(3, 7, 5)).astype(dtype), draw.normal(size=(3, 7, 19)).astype(dtype))


LAYERS = {
    f"{make.__name__} {dtype}": _layer(make, dtype) for make in (nn.RNN, nn.LSTM, nn.GRU) for dtype in ("f4", "f8")
}


@pytest.mark.parametrize("name", _known(LAYERS))
def test_layers_with_their_gradients(name: str) -> None:
    f, values = LAYERS[name]
    derived = wk.value_and_grad(f)
    (loss, gradient), (wanted, by_numpy) = wk.jit(derived, engine="native")(*values), derived(*values)
    tolerance = 1e-13 if name.endswith("f8") else 1e-5
    _near([loss], [wanted], tolerance)
    _near([v for _, v in flatten(gradient)], [v for _, v in flatten(by_numpy)], tolerance)


def test_training_a_layer_in_steps() -> None:
    f, (layer, x, wanted) = LAYERS["RNN f8"]

    def train(engine: str, **options: Any) -> Any:
        data = {"x": x, "wanted": wanted}
        return wk.train(f, {"layer": layer}, data, optimizer=wk.Adam(0.01), steps=20, engine=engine, **options)

    native, numpy = train("native"), train("numpy")
    np.testing.assert_allclose(native.losses, numpy.losses, rtol=1e-10)
    assert train("native", chunk=3).losses.tobytes() == native.losses.tobytes()


# ── what is moved, and where it lies ────────────────────────────────────────────────────────────────────────


def test_a_turn_reads_a_row_and_writes_the_next() -> None:
    def cell(h: Any, x: Any) -> Any:
        h = np.tanh(x + h * 0.5)
        return h, h

    loops = _loops(lambda xs, start: wk.scan(cell, start, xs)[1] * 2, ROWS, B)
    assert "\n".join(loops_text(loops).splitlines()[6:]) == (
        "  for i in 3 by 8:\n"
        "    t0 = load start[i]\n"
        "    store h[i] = t0\n"
        "\n"
        "  repeat a in 6:\n"
        "\n"
        "    for i in 3 by 8:\n"
        "      t0 = load h[3a + i]\n"
        "      t1 = 0.5 (float64)\n"
        "      t2 = load xs[3a + i]\n"
        "      t3 = multiply t0, t1\n"
        "      t4 = add t2, t3\n"
        "      t5 = tanh t4\n"
        "      store h[3a + i + 3] = t5\n"
        "\n"
        "  for i in 18 by 8:\n"
        "    t0 = load h[i + 3]\n"
        "    t1 = 2.0 (float64)\n"
        "    t2 = multiply t0, t1\n"
        "    store f[i] = t2"
    )


def test_what_is_carried_alone_stays_where_it_lies() -> None:
    loops = _loops(lambda xs, start: wk.scan(lambda h, x: (h * x, None), start, xs)[0], ROWS, B)
    (kernel,) = kernels_of([_repeat(loops)])
    assert [a.buffer.name for a in (*kernel.reads(), *kernel.writes())].count(loops.results[0].name) == 2


def test_rows_are_written_where_they_lie_in_the_end() -> None:
    def turn(h: Any, x: Any) -> Any:
        gap = h * x - 1
        return gap * gap, (np.expand_dims(gap, 0), np.exp(x))

    loops = _loops(lambda xs, start: wk.scan(turn, start, xs)[1], ROWS, B)
    (kernel,) = kernels_of([_repeat(loops)])
    assert {b for b in loops.results if b.role == "output"} < {a.buffer for a in kernel.writes()}
    # and h alone has memory beside them, for one row
    assert [b.shape for b in loops.buffers if b.role == "scratch"] == [(3,)]


def test_rows_that_nobody_reads_cost_nothing() -> None:
    loops = lower_graph(wk.trace(nothing_read, ROWS, B))
    (kernel,) = kernels_of([_repeat(loops)])
    assert [i.op for i in kernel.body] == ["load", "load", "add"]
    assert [b.shape for b in loops.buffers] == [(6, 3), (3,), (3,)]


def test_what_is_the_same_in_every_turn_is_computed_once() -> None:
    loops = _loops(the_same_in_every_turn, ROWS, B, B * 2)
    (kernel,) = kernels_of([_repeat(loops)])
    assert "sqrt" not in [i.op for i in kernel.body]
    # rows that are the rows of something else, or all the same, are copied once, as results have to be
    outputs = set(loops.results)
    assert all(not outputs & {a.buffer for a in k.writes()} for k in kernels_of([_repeat(loops)]) if k is not kernel)


def test_a_loop_within_a_loop_writes_the_rows_of_both() -> None:
    loops = _loops(nested, WIDE, WIDE[0, 0])
    (inner,) = (part for part in _repeat(loops).body if isinstance(part, Repeat))
    (kernel,) = kernels_of([inner])
    # what the inner loop carries is a row of what the outer one carries
    assert [a.turns for a in kernel.writes()] == [(17,), (4 * 17, -17)]


def test_scratch_of_a_turn_keeps_its_place_for_all_turns() -> None:
    """What is written in the last part of a turn may be read in the first part of the next one."""

    def turn(h: Any, x: Any) -> Any:
        both = np.outer(h, x)
        return np.sum(both @ both, axis=0) * 1e-3, None

    loops = _loops(lambda xs, start: wk.scan(turn, start, xs)[0], ROWS, B)
    offsets, _ = arena(loops)
    inside = [b for b in offsets if any(b in set().union(*touched(k)) for k in kernels_of([_repeat(loops)]))]
    places = sorted((offsets[b], offsets[b] + b.size * b.dtype.itemsize) for b in inside)
    assert len(places) > 1
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))


def test_what_all_elements_say_is_kept_for_each_turn() -> None:
    """Found out where the elements are made, and stored in the row of the turn."""

    def f(x: Any) -> Any:
        def turn(carried: Any, row: Any) -> Any:
            new = carried + row
            return new, np.all(new < 3)

        return wk.scan(turn, np.zeros(5), x)

    x = np.arange(20.0).reshape(4, 5) / 5
    last, small = wk.jit(f, engine="native")(x)
    expected, wanted = f(x)
    assert last.tobytes() == expected.tobytes()
    assert small.tolist() == wanted.tolist() == [True, True, False, False]
