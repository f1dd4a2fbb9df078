"""Rows that are kept apart: what is proven of a graph, held against what happens when a row is changed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import workings as wk
from tests.ops.cases import CASES, Case
from tests.ops.checks import same_bits
from tests.strategies import Sample, array_graphs
from workings import nn, random
from workings.engines import compile_function
from workings.errors import ArgumentError
from workings.graph import Graph, Node, call, constant, evaluate, input_node, registered, substitute
from workings.nn.convolution import Conv2d
from workings.nn.pooling import MaxPool2d
from workings.nn.recurrent import GRU, LSTM
from workings.ops.control import call_loop, results
from workings.transform import axes
from workings.transform.rows import Along, Same, follow, in_blocks, rows

BLOCK = 4

# ── the experiment ──────────────────────────────────────────────────────────────────────────────────────────


def parted(value: Any, place: Along, block: int) -> np.ndarray:
    """The values of each row, one row after the other."""
    first = np.moveaxis(np.asarray(value), place.axis, 0)
    return np.moveaxis(first.reshape(place.before, block, place.after, *first.shape[1:]), 1, 0)


def near(a: Any, b: Any) -> None:
    if a.dtype.kind == "f":
        tolerance = {2: 1e-2, 4: 1e-5, 8: 1e-10}[a.dtype.itemsize]
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(a, b)


def check_apart(
    graph: Graph,
    values: Sequence[Any],
    places: Mapping[int, Along],
    block: int,
    chosen: Mapping[int, int],
    other: Sequence[Any],
) -> None:
    """The outputs at `places` follow each row of the chosen inputs alone, by one function for all places.

    `chosen` has the axis of the rows for each of these inputs, and `other` other values for them.
    """

    def changed(row: int, drawn: Sequence[Any], source: int) -> list[np.ndarray]:
        given = list(values)
        for k, axis in chosen.items():
            given[k] = np.array(given[k])
            np.moveaxis(given[k], axis, 0)[row] = np.moveaxis(np.asarray(drawn[k]), axis, 0)[source]
        with np.errstate(all="ignore"):
            found = evaluate(graph, given)
        return [parted(found[k], place, block) for k, place in places.items()]

    before = changed(0, values, 0)
    for row in range(block):
        source = (row + 1) % block
        rest = [r for r in range(block) if r != row]
        for was, moved, copied in zip(
            before,
            changed(row, other, row),
            changed(row, values, source),
            strict=True,
        ):
            near(moved[rest], was[rest])
            near(copied[rest], was[rest])
            near(copied[row], was[source])


# ── the table of ops ────────────────────────────────────────────────────────────────────────────────────────


def chosen_inputs(nodes: Sequence[Node], most: int = 4) -> Iterator[dict[int, int]]:
    """Every choice of inputs that have rows, with their axes below `most`: of one length, 2 or more."""
    axes = [[None, *(a for a, n in enumerate(node.shape[:most]) if n > 1)] for node in nodes]
    for choice in itertools.product(*axes):
        chosen = {k: axis for k, axis in enumerate(choice) if axis is not None}
        if len({nodes[k].shape[axis] for k, axis in chosen.items()}) == 1:
            yield chosen


def check_case(c: Case) -> int:
    """Check one op on these inputs; how many choices of rows were proven."""
    proven = 0
    for chosen in chosen_inputs(c.nodes()):
        # what has no rows is given as a constant too: of these it is known whether they are the same all along an axis
        for fixed in (False, True):
            nodes, values, other = c.nodes(), c.values(), c.values(1)
            given = [n if k in chosen or not fixed else constant(values[k]) for k, n in enumerate(nodes)]
            graph = Graph(nodes, [c.node(given)])
            (block,) = {nodes[k].shape[axis] for k, axis in chosen.items()}
            found = follow(graph, {nodes[k]: Along(axis) for k, axis in chosen.items()}, block)[graph.outputs[0]]
            if isinstance(found, Along):
                check_apart(graph, values, {0: found}, block, chosen, other)
                proven += 1
    return proven


def more_cases() -> Iterator[Case]:
    """Ops on arrays whose axes are all of one length, so that nothing is told apart by it, and other indices."""
    cube, square = "f8[3,3,3]", "f8[3,3]"
    for a, b in itertools.product((cube, square, "f8[3]", "f8[3,1]"), repeat=2):
        yield Case("add", (a, b))
        if "1" not in a + b:
            yield Case("matmul", (a, b))
    for subscripts in ("ij,jk->ik", "ij,kj->jk", "ii,ij->ij", "ij,ij->j", "ij,ji->ji", "ij,kl->il"):
        yield Case("einsum", (square, square), {"subscripts": subscripts})
    for order in itertools.permutations(range(3)):
        yield Case("transpose", (cube,), {"axes": order})
    for shape in ((9, 3), (3, 9), (27,), (3, 3, 1, 3), (1, 27), (3, 1, 9)):
        yield Case("reshape", (cube,), {"shape": shape})
    yield Case("reshape", ("f8[2,6,2]",), {"shape": (4, 3, 2)})
    yield Case("reshape", ("f8[2,6,2]",), {"shape": (12, 2)})
    yield Case("reshape", ("f8[4,3,2]",), {"shape": (2, 6, 2)})
    every, odd, count = slice(None), np.array([2, 0, 0]), np.arange(3)
    for key, indices in (
        ((0, every, "array"), (odd,)),
        (("array", every, "array"), (odd, odd)),
        ((every, "array", "array"), (odd, count)),
        (("array", "array"), (count, odd)),
        (("array", every, "array"), (count, odd)),
        (("array", ..., "array"), (count[:, None], odd)),
        (("array", "array", 1), (count, count)),
        (("array", 1), (count,)),
        (("array",), (count[::-1],)),
        (("array", "array"), (count[:, None], count)),
        (("array", None, "array"), (odd[:, None], odd)),
        ((None, "array", ..., None), (odd,)),
        ((every, "array", slice(0, 3)), (np.array(1),)),
        ((slice(-1, None, -1), slice(0, 9), slice(1, 3)), ()),
    ):
        taken = Case("getitem", (cube, *indices), {"key": key})
        yield taken
        shape = ",".join(map(str, taken.node(taken.nodes()).shape))
        yield Case("put", (f"f8[{shape}]", *indices), {"key": key, "shape": (3, 3, 3)})
    yield Case("put", ("f8[3]", np.array([0]), odd), {"key": ("array", "array"), "shape": (1, 3)})
    yield Case("argmax_pool2d", (np.arange(32.0).reshape(2, 1, 4, 4), np.ones((2, 1, 2, 2))), {"size": 2, "stride": 2})


MORE = list(more_cases())


@pytest.mark.parametrize("c", [*CASES, *MORE], ids=str)
def test_what_is_proven_holds(c: Case) -> None:
    check_case(c)


def test_every_op_is_known() -> None:
    # input, constant and loops have no rule, and reshape has one that needs the length of a block
    known = {"input", "constant", "scan", "result", "reshape", *axes.AXES}
    missing = [op.name for op in registered() if not op.elementwise and op.name not in known]
    assert not missing, f"transform/axes.py does not say where the axes go in: {', '.join(missing)}"


def test_every_op_keeps_some_rows_apart() -> None:
    proven: set[str] = set()
    for c in [*MORE, *CASES]:
        if c.op not in proven and check_case(c):
            proven.add(c.op)
    assert {c.op for c in CASES} - proven == {"conv_kernel2d"}  # a sum over the images


WRONG = {
    "cumsum": axes._aligned,
    "flip": axes._aligned,
    "sort": axes._aligned,
    "take_along_axis": axes._aligned,
    "put_along": lambda node: ([(0, 1, 2)[: node.ndim]] * 2, (0, 1, 2)[: node.ndim]),
    "transpose": axes._aligned,
    "einsum": lambda node: ([(0, 1, 2, 3)[: i.ndim] for i in node.inputs], (0, 1, 2, 3)[: node.ndim]),
    "matmul": lambda node: ([(0, 1, 2, 3)[: i.ndim] for i in node.inputs], (0, 1, 2, 3)[: node.ndim]),
    "outer": lambda node: ([("a",), ("a",)], ("a", "b")),
}


@pytest.mark.parametrize("op", WRONG)
def test_a_wrong_rule_is_caught(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(axes.AXES, op, WRONG[op])
    caught = 0
    for c in (c for c in [*CASES, *MORE] if c.op == op):
        try:
            check_case(c)
        except (AssertionError, IndexError, ValueError):
            caught += 1
    assert caught


def test_an_op_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(axes.AXES, "sort")
    c = Case("sort", ("f8[2,3,4]",), {"axis": 1})
    (x,) = c.nodes()
    (found,) = rows(Graph([x], [c.node([x])]), [x]).mixed
    assert found is not None
    assert found.reason == "out = sort(x) is not known to keep rows apart"


# ── random graphs ───────────────────────────────────────────────────────────────────────────────────────────


def every_output(sample: Sample, alike: Sequence[bool]) -> Graph:
    """The graph with all its values as outputs, and some of its constants the same all along axis 0."""
    nodes = sample.graph.nodes
    arrays = [node for node in nodes if node.is_constant and node.ndim]
    change = {
        node: constant(np.broadcast_to(node.value[:1], node.shape))
        for node, same in zip(arrays, itertools.cycle(alike), strict=False)
        if same and node.size
    }
    return Graph(sample.graph.inputs, substitute([node for node in nodes if not node.is_constant], change))


@settings(max_examples=400)
@given(array_graphs(), st.lists(st.booleans(), min_size=1, max_size=4), st.data())
def test_what_is_proven_of_random_graphs_holds(sample: Sample, alike: Sequence[bool], data: st.DataObject) -> None:
    graph = every_output(sample, alike)
    choices = list(chosen_inputs(graph.inputs, 1))
    if not choices:
        return
    chosen = data.draw(st.sampled_from(choices))
    (block,) = {graph.inputs[k].shape[0] for k in chosen}
    found = follow(graph, {graph.inputs[k]: Along(0) for k in chosen}, block)
    places: dict[int, Along] = {}
    for k, node in enumerate(graph.outputs):
        state = found[node]
        if isinstance(state, Along):
            places[k] = state
    event(f"{min(len(places) // 4 * 4, 8)} or more are apart")
    rng = np.random.default_rng(1)
    other = [rng.uniform(-2, 2, np.shape(v)) for v in sample.values]
    check_apart(graph, sample.values, places, block, chosen, other)


@settings(max_examples=200)
@given(array_graphs(), st.lists(st.booleans(), min_size=1, max_size=4))
def test_what_is_the_same_along_an_axis_is(sample: Sample, alike: Sequence[bool]) -> None:
    """Such a value goes for one with rows there, though it is made from no row."""
    graph = every_output(sample, alike)
    with np.errstate(all="ignore"):
        values = evaluate(graph, sample.values)
    for block in (2, 3, 4):
        found = follow(graph, {}, block)
        for node, value in zip(graph.outputs, values, strict=True):
            state = found[node]
            assert isinstance(state, Same)
            for axis in state.axes:
                event("the same along an axis")
                first, *rest = np.moveaxis(value, axis, 0)
                assert len(rest) == block - 1
                assert all(same_bits(part, first) for part in rest)


# ── nets ────────────────────────────────────────────────────────────────────────────────────────────────────

rng = np.random.default_rng(3)
W = rng.normal(size=(6, 6))
TABLE = rng.normal(size=(9, 6))
LAYER = {
    "linear": nn.Linear(6, 5, rng=1, dtype=np.float64),
    "norm": nn.LayerNorm(6, dtype=np.float64),
    "attention": nn.MultiHeadAttention(6, 2, causal=True, rng=1, dtype=np.float64),
    "gru": GRU(6, 5, rng=1, dtype=np.float64),
    "lstm": LSTM(6, 5, last=True, rng=1, dtype=np.float64),
    "embedding": nn.Embedding(9, 6, rng=1, dtype=np.float64),
    "batch": nn.BatchNorm(6, dtype=np.float64),
    "block": nn.TransformerBlock(6, 2, rng=1, dtype=np.float64),
    "cnn": nn.Sequential(
        Conv2d(2, 3, 3, padding=1, rng=1, dtype=np.float64),
        nn.ReLU(),
        MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3 * 3 * 2, 4, rng=2, dtype=np.float64),
    ),
}


def floats(*shape: int) -> Callable[[int], np.ndarray]:
    return lambda count: np.random.default_rng(5).normal(size=(count, *shape))


def wholes(*shape: int) -> Callable[[int], np.ndarray]:
    return lambda count: np.random.default_rng(5).integers(0, 9, size=(count, *shape))


def mlp(x: Any) -> Any:
    return wk.functions.softmax(np.maximum(x @ W, 0) @ W[:, :3] + 0.5)


def attention(x: Any) -> Any:
    """With heads, written by hand, and with each token as a row between."""
    batch, time, size = x.shape
    flat = x.reshape(-1, size) @ W
    q = flat.reshape(batch, time, 2, 3).transpose(0, 2, 1, 3)
    scores = np.where(np.tri(time, dtype=bool), q @ np.swapaxes(q, -1, -2), -np.inf)
    return np.einsum("bhij,bhjd->bihd", wk.functions.softmax(scores), q).reshape(batch, time, size)


def with_a_class_token(x: Any) -> Any:
    token = np.broadcast_to(W[:1], (len(x), 1, 6))
    return np.concatenate([token, x + TABLE[: x.shape[1]]], axis=1) @ W


def last_of_each(x: Any, ends: Any) -> Any:
    return (x @ W)[np.arange(len(x)), ends % x.shape[1]]


def recurrent(x: Any) -> Any:
    def turn(h: Any, row: Any) -> Any:
        h = np.tanh(row @ W + h @ W.T)
        return h, h[:, ::-1]

    h, hs = wk.scan(turn, np.zeros((len(x), 6)), np.swapaxes(x, 0, 1), reverse=True)
    return h, np.swapaxes(hs, 0, 1)


def over_time_first(x: Any) -> Any:
    """(B, T, D) as (T · B, D), and back."""
    batch, time, size = x.shape
    flat = np.swapaxes(x, 0, 1).reshape(time * batch, size)
    return np.swapaxes(np.tanh(flat @ W).reshape(time, batch, size), 0, 1)


APART: dict[str, tuple[Callable[..., Any], tuple[Callable[[int], np.ndarray], ...]]] = {
    "mlp": (mlp, (floats(6),)),
    "linear": (LAYER["linear"], (floats(6),)),
    "layer norm": (LAYER["norm"], (floats(3, 6),)),
    "attention": (attention, (floats(5, 6),)),
    "attention, and as many steps as rows": (attention, (floats(BLOCK, 6),)),
    "the layer of attention": (LAYER["attention"], (floats(5, 6),)),
    "a transformer block": (LAYER["block"], (floats(5, 6),)),
    "a class token": (with_a_class_token, (floats(5, 6),)),
    "cnn": (LAYER["cnn"], (floats(2, 6, 5),)),
    "the way back through a cnn": (lambda x: wk.grad(lambda x: np.sum(LAYER["cnn"](x) ** 2))(x), (floats(2, 6, 5),)),
    "embedding": (LAYER["embedding"], (wholes(3),)),
    "lookup": (lambda i: wk.functions.take(TABLE, i, axis=0).mean(axis=1), (wholes(4),)),
    "one hot": (lambda i: wk.functions.one_hot(i, 9) @ TABLE, (wholes(),)),
    "the last of each": (last_of_each, (floats(5, 6), wholes())),
    "two inputs": (lambda x, y: np.concatenate([x @ W, y[:, None] * x], axis=1), (floats(6), floats())),
    "gru": (LAYER["gru"], (floats(3, 6),)),
    "lstm": (LAYER["lstm"], (floats(3, 6),)),
    "a loop over time": (recurrent, (floats(3, 6),)),
    "time first": (over_time_first, (floats(3, 6),)),
    "batch norm": (LAYER["batch"], (floats(6),)),
    "the same for all": (lambda x: (x[:, 0], np.zeros((len(x), 2))), (floats(6),)),
    "places": (lambda x: (np.argmax(x, axis=1), np.sort(x, axis=1)[:, -2:]), (floats(6),)),
}


def traced(net: Callable[..., Any], inputs: Sequence[Callable[[int], np.ndarray]], count: int = BLOCK) -> Graph:
    return wk.trace(net, *(make(count) for make in inputs))


@pytest.mark.parametrize("name", APART)
def test_a_net_that_keeps_rows_apart(name: str) -> None:
    net, inputs = APART[name]
    graph = traced(net, inputs)
    proven = rows(graph, graph.inputs)
    proven.check()
    assert proven
    assert proven.mixed == (None,) * len(graph.outputs)
    values, other = [make(BLOCK) for make in inputs], [make(BLOCK)[::-1] for make in inputs]
    check_apart(
        graph,
        values,
        dict.fromkeys(range(len(graph.outputs)), Along(0)),
        BLOCK,
        dict.fromkeys(range(len(values)), 0),
        other,
    )


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
@pytest.mark.parametrize("name", APART)
def test_any_number_of_rows_in_blocks(name: str, count: int) -> None:
    """The oracle is the net itself, called on arrays of that many rows."""
    net, inputs = APART[name]
    given = [make(count) for make in inputs]
    found = in_blocks(compile_function(traced(net, inputs), "numpy"), BLOCK, given)
    if not count:
        wanted = [w[:0] for w in evaluate(traced(net, inputs), [make(BLOCK) for make in inputs])]
    else:
        with random.drawing(training=False):
            wanted = net(*given)
    for a, b in zip(found, wanted if isinstance(wanted, (tuple, list)) else [wanted], strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        near(a, b)


MIXED: dict[str, tuple[Callable[..., Any], tuple[int, ...], str]] = {
    "softmax over the rows": (
        lambda x: wk.functions.softmax(x, axis=0),
        (6,),
        "max(x) works along axis 0 of x, where the rows lie",
    ),
    "centered": (lambda x: x - x.mean(), (6,), "mean(x) works along axis 0 of x, where the rows lie"),
    "each with each": (
        lambda x: x @ x.T,
        (6,),
        "matmul(x, transpose(x)) brings rows of x together with other rows of transpose(x)",
    ),
    "each with each, summed": (
        lambda x: np.einsum("bi,ci->bc", x, x),
        (6,),
        "einsum(x, x) brings rows of x together with other rows of x",
    ),
    "a constant by place": (
        lambda x: x + np.arange(len(x))[:, None],
        (6,),
        "hangs on the place of a row in its block: a constant, of shape (4, 1), is not the same all along axis 0",
    ),
    "a mask by place": (
        lambda x: np.where(np.arange(4) > 1, x, 0),
        (),
        "hangs on the place of a row in its block: a constant, of shape (4,), is not the same all along axis 0",
    ),
    "signs of zero by place": (
        lambda x: x * np.array([0.0, -0.0, 0.0, 0.0]),
        (),
        "hangs on the place of a row in its block",
    ),
    "cumsum": (lambda x: np.cumsum(x, axis=0), (6,), "cumsum(x) works along axis 0 of x, where the rows lie"),
    "flip": (lambda x: x[::-1], (6,), "getitem(x) works along axis 0 of x, where the rows lie"),
    "the first": (lambda x: x - x[0], (6,), "getitem(x) works along axis 0 of x, where the rows lie"),
    "the diagonal": (lambda x: np.einsum("ii->i", x), (4,), "einsum(x) takes a row of x by its place in the block"),
    "a table by place": (
        lambda x: np.take_along_axis(TABLE[:4], np.argmax(x, axis=1)[:, None], axis=1),
        (6,),
        "hangs on the place of a row in its block: a constant, of shape (4, 6), is not the same all along axis 0",
    ),
    "torn apart": (
        lambda x: x.reshape(6, 4),
        (6,),
        "reshape(x) tears the rows apart: (4, 6) becomes (6, 4)",
    ),
    "joined": (lambda x: x.reshape(-1), (6,), "has several values of each row along axis 0: (24,) for 4 rows"),
    "transposed": (lambda x: x.T, (6,), "has its rows along axis 1, not 0: (6, 4) for 4 rows"),
    "no rows": (lambda x: (x, np.ones(3) * 2), (6,), "is made from no row, and is not the same for all rows"),
    "a loop over the rows": (
        lambda x: wk.scan(lambda h, row: (h + row, h), np.zeros(6), x)[1],
        (6,),
        "goes through axis 0 of x, where the rows lie, and carries on from row to row",
    ),
    "a loop with a start by place": (
        lambda x: wk.scan(lambda h, _: (h + x, None), np.arange(24.0).reshape(4, 6), length=3)[0],
        (6,),
        "hangs on the place of a row in its block: h, of shape (4, 6), is not the same all along axis 0",
    ),
    "a loop that gives out its start by place": (
        lambda x: wk.scan(lambda h, _: (x * 2, h), np.arange(24.0).reshape(4, 6), length=3)[1],
        (6,),
        "which has rows after a turn, and starts otherwise for each of them",
    ),
    "a loop that turns": (
        lambda x: wk.scan(lambda h, _: (h.T, None), x, length=2)[0],
        (4,),
        "whose rows lie along another axis after a turn than before it",
    ),
    "a mean within a loop": (
        lambda x: wk.scan(lambda h, _: (h - h.mean(axis=0), None), x, length=2)[0],
        (6,),
        "mean(h) works along axis 0 of h, where the rows lie",
    ),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_net_that_mixes_rows(name: str) -> None:
    net, shape, reason = MIXED[name]
    graph = traced(net, [floats(*shape)])
    proven = rows(graph, graph.inputs)
    assert not proven
    said = [found.reason for found in proven.mixed if found is not None]
    assert reason in said[0]
    with pytest.raises(ArgumentError, match="may not be run for any number of rows, as they are not kept apart: "):
        proven.check()


def test_a_refusal_names_the_op_its_name_and_the_line() -> None:
    def net(x: Any) -> Any:
        mu = np.mean(x, axis=0)
        return (x - mu) * 2

    graph = wk.trace(net, np.ones((4, 3)))
    with pytest.raises(ArgumentError) as caught:
        rows(graph, graph.inputs).check()
    line = net.__code__.co_firstlineno + 1
    assert str(caught.value) == (
        "net may not be run for any number of rows, as they are not kept apart: "
        "mu = mean(x) works along axis 0 of x, where the rows lie\n"
        f"  at {__file__}, line {line}, in net:\n"
        "      mu = np.mean(x, axis=0)\n"
        "           ^^^^^^^^^^^^^^^^^^\n"
        "  Instead: just 4 rows at a time, for which it was traced"
    )


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_mixes_rows_in_training_alone(training: bool) -> None:
    def net(model: Any, x: Any) -> Any:
        with random.drawing(random.key(1)) if training else contextlib.nullcontext():
            return model(x)

    graph = wk.trace(net, LAYER["batch"], floats(6)(BLOCK))
    proven = rows(graph, graph.inputs[-1:])
    assert bool(proven) is not training
    if training:
        (found,) = proven.mixed
        assert found is not None
        assert "works along axis 0 of x, where the rows lie" in found.reason


def test_dropout_hangs_on_the_place_in_training() -> None:
    def net(x: Any) -> Any:
        with random.drawing(random.key(1)):
            return nn.dropout(x, 0.5)

    graph = wk.trace(net, floats(6)(BLOCK))
    (found,) = rows(graph, graph.inputs).mixed
    assert found is not None
    assert "hangs on the place of a row in its block" in found.reason


def test_only_the_inputs_that_are_named_have_rows() -> None:
    x, y = input_node("x", (4, 3), float), input_node("y", (4, 3), float)
    graph = Graph([x, y], [x * y, x * 2])
    assert rows(graph, [x, y])
    one, other = rows(graph, [x]).mixed
    assert one is not None
    assert one.why.endswith("y, of shape (4, 3), is not the same all along axis 0")
    assert other is None


def test_a_loop_proves_what_it_carries_one_turn_later() -> None:
    """a ← b, b ← c, c ← x: what is known of a changes in the third round."""
    a, b, c, x = (input_node(name, (4, 3), float) for name in "abcx")
    body = Graph([a, b, c, x], [b, c, x * 2], name="body")
    same = [constant(np.full((4, 3), float(k))) for k in range(3)]
    given = input_node("x", (4, 3), float)
    graph = Graph([given], results(call_loop(body, same, [], [given], length=5, reverse=False)))
    assert rows(graph, [given])
    values = [floats(3)(4)]
    check_apart(graph, values, dict.fromkeys(range(3), Along(0)), 4, {0: 0}, [floats(3)(4)[::-1]])
    mixed = Graph([a, b, c, x], [b, c, call("flip", x, axis=0)], name="body")
    graph = Graph([given], results(call_loop(mixed, same, [], [given], length=5, reverse=False)))
    assert all(found is not None for found in rows(graph, [given]).mixed)


@pytest.mark.parametrize("shapes", [[(1, 3)], [(0, 3)], [()], [(4, 3), (5, 3)], []], ids=str)
def test_inputs_without_one_length(shapes: list[tuple[int, ...]]) -> None:
    inputs = [input_node(f"x{k}", shape, float) for k, shape in enumerate(shapes)]
    with pytest.raises(ArgumentError, match="rows are found by one length of axis 0, which is 2 or more: "):
        rows(Graph(inputs, [constant(1.0)]), inputs)


def test_an_input_of_another_graph() -> None:
    x, y = input_node("x", (4,), float), input_node("y", (4,), float)
    with pytest.raises(ArgumentError, match="y is no input of f"):
        rows(Graph([x], [x * 2]), [y])


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_block_is_given() -> None:
    """The last row again fills the last block, so that no strange value comes in; for no rows it is zeros."""
    given: list[Any] = []

    def net(x: Any) -> list[Any]:
        given.append(x.tolist())
        return [x[:, 0]]

    x = np.arange(1, 11).reshape(5, 2)
    assert in_blocks(net, 3, [x])[0].tolist() == [1, 3, 5, 7, 9]
    assert given == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [9, 10]]]
    given.clear()
    (empty,) = in_blocks(net, 2, [x[:0]])
    assert (empty.shape, empty.dtype, given) == ((0,), x.dtype, [[[0, 0], [0, 0]]])


def test_a_result_that_is_written_over_by_the_next_call() -> None:
    buffer = np.zeros(2)

    def net(x: Any) -> list[Any]:
        buffer[:] = x
        return [buffer]

    assert in_blocks(net, 2, [np.arange(5.0)])[0].tolist() == [0, 1, 2, 3, 4]


def test_blocks_of_what_does_not_fit() -> None:
    with pytest.raises(ArgumentError, match=r"not \(3,\), \(2,\) in blocks of 2"):
        in_blocks(lambda x, y: [x], 2, [np.zeros(3), np.zeros(2)])
    with pytest.raises(ArgumentError, match="in blocks of 0"):
        in_blocks(lambda x: [x], 0, [np.zeros(3)])
    with pytest.raises(ArgumentError, match=r"a result for 2 rows has shape \(1, 3\)"):
        in_blocks(lambda x: [np.zeros((1, 3))], 2, [np.zeros((3, 3))])
