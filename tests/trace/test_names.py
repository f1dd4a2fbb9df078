"""Names, lines, columns and scopes: the graph speaks as the user's code does. Runs on Python 3.11, 3.12 and 3.13."""

from __future__ import annotations

import code
import contextlib
import functools
import io
import linecache
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings.graph import Graph

V = np.array([0.5, -1.25, 2.0])
M = np.arange(6.0).reshape(2, 3)


def names(function: Callable[..., Any], *arguments: Any) -> list[str | None]:
    """The names of the nodes that are no inputs and no constants, in order."""
    graph = wk.trace(function, *(arguments or (V,)))
    return [n.name for n in graph.nodes[len(graph.inputs) :] if not n.is_constant]


def scopes(graph: Graph) -> list[tuple[str, ...]]:
    return [n.scope for n in graph.nodes[len(graph.inputs) :] if not n.is_constant]


# ── names from stores ──


def test_a_value_has_the_name_it_is_stored_under() -> None:
    def f(x):
        h = np.tanh(x)
        y = h * 2 + 1
        return y

    assert names(f) == ["h", None, "y"]


def test_a_result_that_is_returned_at_once_has_the_name_of_its_function() -> None:
    def loss(x):
        return np.sum(x * 2)

    assert names(loss) == [None, "loss"]


def test_several_results_returned_at_once_have_none() -> None:
    def f(x):
        return x * 2, x + 1

    assert names(f) == [None, None]


def test_chained_assignment_gives_the_first_name() -> None:
    def f(x):
        a = b = x * 2
        return a + b, b

    assert names(f) == ["a", None]


def test_tuple_targets() -> None:
    def f(x):
        a, b = x * 2, x + 1
        (c, d), e = (a * b, a - b), a / 2
        return [a, b, c, d, e]

    assert names(f) == ["a", "b", "c", "d", "e"]


def test_three_tuple_targets() -> None:
    def f(x):
        a, b, c = x * 2, x + 1, x - 3
        return [a, b, c]

    assert names(f) == ["a", "b", "c"]


def test_starred_targets() -> None:
    def f(x):
        first, *rest = x
        a, *others = np.split(x, 3)
        return first, rest, a, others

    assert names(f) == ["first", None, None, "a", None, None]


def test_unpacking_of_a_value() -> None:
    def f(m):
        row, other = m
        return row * other

    assert names(f, M) == ["row", "other", "f"]


def test_walrus() -> None:
    def f(x):
        return (h := np.tanh(x)) * h

    assert names(f) == ["h", "f"]


def test_attributes_and_items() -> None:
    class Store:
        pass

    def f(x):
        store, table = Store(), {}
        store.hidden = x * 2
        table["scores"] = store.hidden + 1
        table[0] = x - 1
        return table["scores"] * table[0]

    assert names(f) == ["hidden", "scores", None, "f"]


def test_augmented_assignment() -> None:
    def f(x):
        total = x.sum()
        total += 1
        total *= 2
        return total

    assert names(f) == ["total", "total", "total"]
    assert [v for k, v in wk.trace(f, V).names.items() if not k.is_constant] == ["x", "total", "total_2", "total_3"]


def test_loops_count() -> None:
    def f(x):
        h = x
        for i in range(3):
            h = np.tanh(h) * (i + 1)
        return h

    assert names(f) == [None, "h", None, "h", None, "h"]
    graph = wk.trace(f, V)
    assert [graph.names[n] for n in graph.nodes if n.name == "h"] == ["h", "h_2", "h_3"]


def test_loops_over_values() -> None:
    def f(m):
        total = 0.0
        for row in m:
            total = total + row.sum()
        for i, column in enumerate(m.T):
            total = total + column * i
        return total

    found = names(f, M)
    assert found[0] == "row"
    assert "total" in found


def test_comprehensions_give_no_names() -> None:
    def f(x):
        parts = [np.sin(v) for v in (x, x * 2)]
        both = {key: np.cos(v) for key, v in zip("ab", parts, strict=True)}
        return both["a"] + both["b"]

    assert set(names(f)) <= {None, "f"}


def test_conditional_expressions_and_blocks() -> None:
    def f(x, flag=True):
        a = np.sin(x) if flag else np.cos(x)
        b = np.sin(x) if not flag else np.cos(x)
        with np.errstate(all="ignore"):
            c = a * b
        try:
            d = c + 1
        finally:
            e = c - 1
        if flag:
            g = d * e
        return g

    assert names(f) == ["a", "b", "c", "d", "e", "g"]


def test_globals_and_cells() -> None:
    def f(x):
        global _stored
        _stored = x * 2
        kept = x + 1

        def inner():
            nonlocal kept
            kept = kept * 3
            return kept

        return inner() + _stored

    assert names(f) == ["_stored", "kept", "kept", "f"]


def test_what_is_handed_on_has_no_name() -> None:
    def f(x):
        y = np.exp(np.sin(x))
        z = abs(-y) @ np.cos(y)
        return z

    assert names(f) == [None, "y", None, None, None, "z"]


# ── names through calls ──


def test_names_climb_through_returns() -> None:
    def inner(v):
        return np.tanh(v)

    def middle(v):
        return inner(v)

    def f(x):
        h = middle(x)
        return h * 2

    assert names(f) == ["h", "f"]


def test_a_name_inside_wins_over_one_outside() -> None:
    def layer(v):
        inside = np.tanh(v)
        return inside

    def f(x):
        h = layer(x)
        return h * 2

    assert names(f) == ["inside", "f"]


def test_names_climb_out_of_returned_tuples() -> None:
    def both(v):
        return np.sin(v), np.cos(v)

    def f(x):
        s, c = both(x)
        return s * c

    assert names(f) == ["s", "c", "f"]


def test_names_climb_out_of_with_and_try() -> None:
    def layer(v):
        with np.errstate(all="ignore"):
            return np.log(v)

    def guarded(v):
        try:
            return np.exp(v)
        except ZeroDivisionError:
            return v

    def f(x):
        a = layer(x)
        b = guarded(a)
        return a + b

    assert names(f) == ["a", "b", "f"]


def test_names_climb_through_decorators_lambdas_partials_and_generators() -> None:
    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @logged
    def layer(v, by=2.0):
        return v * by

    def pieces(v):
        yield np.sin(v)
        yield np.cos(v)

    def f(x):
        a = layer(x)
        b = (lambda v: v + 1)(a)
        c = functools.partial(layer, by=3.0)(b)
        for piece in pieces(c):
            c = c * piece
        return c

    assert names(f) == ["a", "b", "c", "piece", "c", "piece", "c"]


def test_functions_that_give_several_values() -> None:
    def f(m):
        a, b = np.split(m, 2)
        q, r = np.divmod(a, 2.0)
        top, bottom = m
        u, v = np.broadcast_arrays(a, b)
        return [a, b, q, r, top, bottom, u, v]

    assert names(f, M) == ["a", "b", "q", "r", "top", "bottom", "u", "v"]


def test_steps_inside_a_function_of_numpy_are_not_the_users_value() -> None:
    def f(x):
        steps = np.diff(x)
        size = np.linalg.norm(steps)
        spread = np.var(x)
        turned = np.roll(x, 1)
        return steps.sum() * size * spread + turned

    found = names(f)
    for name in ("steps", "size", "spread", "turned"):
        assert found.count(name) == 1, (name, found)
    graph = wk.trace(f, V)
    last = {n.name: n.op.name for n in graph.nodes}
    assert (last["steps"], last["size"], last["spread"], last["turned"]) == ("subtract", "sqrt", "mean", "concatenate")


# ── lines and columns ──


def segment(function: Callable[..., Any], name: str, *arguments: Any) -> str:
    """The source between the columns of the node of this name."""
    graph = wk.trace(function, *(arguments or (V,)))
    origin = next(n for n in graph.nodes if n.name == name).origin
    assert origin is not None
    assert origin.file == __file__
    line = linecache.getline(origin.file, origin.line).encode()
    return line[origin.column : origin.end_column].decode()


def test_lines_and_columns() -> None:
    def f(x):
        größe = "π·"; y = np.tanh(x) * len(größe); return y  # noqa: E702  # fmt: skip

    def g(x):
        def layer(v):
            return np.sin(v + 1)

        h = layer(x)
        return h @ h

    assert segment(f, "y") == "np.tanh(x) * len(größe)"
    assert segment(g, "h") == "np.sin(v + 1)"
    assert segment(g, "g") == "h @ h"


def test_an_origin_knows_its_function_and_line() -> None:
    def f(x):
        return x * 2

    (node,) = wk.trace(f, 1.0).outputs
    assert node.origin is not None
    assert (node.origin.function, node.origin.line) == ("f", f.__code__.co_firstlineno + 1)


def test_code_without_source_has_its_line() -> None:
    space: dict[str, Any] = {"np": np}
    exec("def f(x):\n    h = np.tanh(x)\n    return h.sum(\n    )\n", space)
    graph = wk.trace(space["f"], V)
    h, out = [n for n in graph.nodes if not n.is_input]
    assert h.origin is not None
    assert (h.name, h.origin.file, h.origin.line) == ("h", "<string>", 2)
    assert str(h.origin) == "<string>, line 2, in f"
    assert out.origin.line == 3
    exec("def g(x):\n    return float(x)\n", space)
    with pytest.raises(wk.NumberNeededError, match="at <string>, line 2, in g"):
        wk.trace(space["g"], 1.0)


# ── scopes ──


def test_scopes_tell_calls_apart() -> None:
    def layer(v, w):
        return np.tanh(v * w)

    def net(x):
        a = layer(x, 2.0)
        b = layer(a, 3.0)
        return wk.functions.softmax(b)

    found = scopes(wk.trace(net, V))
    assert found[:4] == [("layer",), ("layer",), ("layer_2",), ("layer_2",)]
    assert set(found[4:]) == {("softmax",)}


def test_scopes_nest_and_lambdas_make_none() -> None:
    def inner(v):
        return np.sin(v)

    def outer(v):
        return inner(v) + (lambda u: u * 2)(v)

    def net(x):
        return outer(x)

    assert scopes(wk.trace(net, V)) == [("outer", "inner"), ("outer",), ("outer",)]


def test_methods_are_scopes() -> None:
    class Net:
        def __call__(self, x):
            return self.layer(x) * 2

        def layer(self, x):
            return np.tanh(x)

        @classmethod
        def build(cls, x):
            return cls()(x)

    graph = wk.trace(Net(), V)
    assert scopes(graph) == [("layer",), ()]
    assert graph.name == "Net"
    assert scopes(wk.trace(Net.build, V)) == [("Net", "layer"), ("Net",)]


# ── cells: scripts, the REPL, exec ──


def test_cells_are_named_in_a_script() -> None:
    w = wk.parameter(0.5)
    x, expected = wk.constant(1.0), wk.constant(2.0)
    y = w * x
    loss = (y - expected) ** 2
    w2, b2 = wk.parameter([1.0, 2.0]), wk.parameter(0.0, name="bias")
    assert [c.node.name for c in (w, x, expected, y, loss, w2, b2)] == ["w", "x", "expected", "y", "loss", "w2", "bias"]


def test_cells_are_named_in_the_repl() -> None:
    console = code.InteractiveConsole({"wk": wk, "np": np})
    lines = ["w = wk.parameter(0.5)", "x = wk.constant(1.0)", "y = w * x", "y", "w = w - 0.5 * wk.gradient(y, w)", "w"]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        for line in lines:
            assert not console.push(line)
    assert console.locals["y"].node.name == "y"
    assert console.locals["w"].node.name == "w"
    assert float(console.locals["w"]) == 0.0
    assert shown.getvalue().startswith("y = ")


def test_cells_are_named_under_exec() -> None:
    space: dict[str, Any] = {"wk": wk}
    exec("w = wk.parameter(0.5)\nfor _ in range(3):\n    w = w - 0.1 * wk.gradient(w * w, w)\n", space)
    assert space["w"].node.name == "w"


def test_a_name_is_not_taken_from_a_tracing_tool() -> None:
    def f(x):
        h = x * 2
        return h

    seen = []
    before = sys.gettrace()
    sys.settrace(lambda *_: seen.append(1))
    threading.settrace(lambda *_: None)
    try:
        found = names(f)
    finally:
        sys.settrace(before)
        threading.settrace(None)  # type: ignore[arg-type]
    assert found == ["h"]
    assert seen


def test_derivatives_in_a_traced_function_have_the_names_they_are_stored_in() -> None:
    def net(w, x):
        return np.tanh(w * x)

    def loss(w, x):
        u, slope = wk.jvp(lambda x: net(w, x), (x,), (1.0,))
        value, g = wk.value_and_grad(net)(w, x)
        c = wk.grad(net, wrt="x")(w, x)
        a, b = wk.grad(net, wrt=(0, 1))(w, x)
        return (u + slope) * value + g + c * a + b

    names = {n.name for n in wk.trace(loss, np.float64(0.5), np.float64(1.0)).nodes}
    assert {"u", "slope", "value", "g", "c", "a", "b"} <= names
