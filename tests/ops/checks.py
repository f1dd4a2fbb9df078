"""What the tests of ops check, as functions of one case, so that planted mistakes can be run against them too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.ops.cases import Case
from tests.ops.oracles import oracle
from workings.engines import compile_function, names
from workings.errors import UnsupportedError
from workings.graph import Graph, Node, call, constant, evaluate, every_value, input_node, lookup, verify
from workings.lower import lower_graph
from workings.transform import forward, reverse

__all__ = [
    "ENGINES",
    "ROUNDED",
    "Engine",
    "check_complex_step",
    "check_dtypes",
    "check_engine",
    "check_forward",
    "check_inference",
    "check_reverse",
    "check_second_order",
    "graph_of",
    "same_bits",
    "same_number",
    "scalar_of",
    "typed_as_declared",
]


class Engine(NamedTuple):
    """A way to compute a graph: `run(graph, values)` gives its outputs. `tolerance` 0 means: the same bits.

    `rounded` has the ops that this engine rounds in another way, and by how many machine epsilons; `has` says whether
    the engine can compute a graph.
    """

    name: str
    run: Callable[[Graph, Sequence[Any]], Sequence[Any]]
    tolerance: float = 0.0
    rounded: Mapping[str, float] = {}
    has: Callable[[Graph], bool] = lambda graph: True


def _native_has(graph: Graph) -> bool:
    try:
        lower_graph(graph)
    except UnsupportedError:
        return False
    return True


# what native computes by functions of its own, and sums that it takes in another order
_APPROXIMATED = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh "
    "arctan2 hypot power erf logaddexp"
)
_NATIVE = dict.fromkeys(_APPROXIMATED.split(), 4.0) | dict.fromkeys(("sum", "mean", "prod", "matmul"), 16.0)


def _compiled(name: str) -> Callable[[Graph, Sequence[Any]], Sequence[Any]]:
    return lambda graph, values: compile_function(graph, name)(*values)


# Further engines are held against the same cases by adding them here.
ENGINES = [
    Engine("evaluate", evaluate),
    *(Engine(name, _compiled(name)) for name in names() if name not in ("auto", "native")),
    Engine("native", _compiled("native"), rounded=_NATIVE, has=_native_has),
]


def graph_of(case: Case) -> Graph:
    nodes = case.nodes()
    return Graph(nodes, [case.node(nodes)])


def same_bits(a: Any, b: Any) -> bool:
    """Whether two values have the same shape, dtype and bits; one nan is like another."""
    a, b = np.asarray(a), np.asarray(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    words = f"u{a.dtype.itemsize}"
    nan = np.isnan(a) & np.isnan(b)
    return bool(
        np.all(nan | (np.ascontiguousarray(a).view(words) == np.ascontiguousarray(b).view(words)).reshape(a.shape))
    )


def same_number(a: Any, b: Any, units: float) -> bool:
    """Whether two values are the same where either is 0, infinite or nan, and elsewhere at most so many units in the
    last place apart; a result that is 0 or infinite may be that far from one that is not."""
    a, b = np.asarray(a), np.asarray(b)
    if not units or a.dtype.kind != "f":
        return same_bits(a, b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= units * np.spacing(np.minimum(np.abs(a), np.abs(b)))
    return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


def typed_as_declared(values: dict[Node, Any]) -> None:
    """Every value has the shape and dtype that its node declares."""
    for node, value in values.items():
        found = np.asarray(value)
        assert (found.shape, found.dtype) == (node.shape, node.dtype), (
            f"{node!r}: declared {node.type}, found {found.dtype}{list(found.shape)}"
        )


# ── meaning ─────────────────────────────────────────────────────────────────────────────────────────────────


# two libraries round erf differently, and NumPy adds up in another order than a loop does: in machine epsilons
ROUNDED = dict.fromkeys(("erf", "put", "put_along", "avg_pool2d", "avg_unpool2d"), 4.0)
ROUNDED |= dict.fromkeys(("einsum", "conv2d", "conv_transpose2d", "conv_kernel2d"), 64.0)


def check_inference(case: Case) -> None:
    """The shape and dtype inferred are those that NumPy gives."""
    node = case.node(case.nodes())
    with np.errstate(all="ignore"):
        found = np.asarray(oracle(case.op)(*case.values(), **case.attributes))
    assert (node.shape, node.dtype) == (found.shape, found.dtype)


def check_engine(case: Case, engine: Engine) -> None:
    """The engine's value is the oracle's."""
    graph = graph_of(case)
    for draw in range(2):
        values = case.values(draw)
        with np.errstate(all="ignore"):
            wanted = np.asarray(oracle(case.op)(*values, **case.attributes))
            found = np.asarray(engine.run(graph, values)[0])
        epsilons = max(ROUNDED.get(case.op, 0.0), engine.rounded.get(case.op, 0.0))
        tolerance = engine.tolerance or epsilons * _epsilon(wanted)
        if tolerance:
            assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
        else:
            assert same_bits(found, wanted), f"{found} is not {wanted}"


def _epsilon(value: np.ndarray) -> float:
    return float(np.finfo(value.dtype).eps) if value.dtype.kind == "f" else 0.0


# ── derivatives ─────────────────────────────────────────────────────────────────────────────────────────────


def scalar_of(node: Node, seed: int = 0) -> tuple[Node, np.ndarray]:
    """A weighted sum of a node's elements, and the weights: no symmetry that could hide a mistake."""
    weights = np.random.default_rng(seed).uniform(0.5, 1.5, node.shape)
    return call("sum", call("multiply", node, constant(weights))), weights


def _active(case: Case, nodes: list[Node]) -> list[int]:
    return [k for k, node in enumerate(nodes) if node.dtype == np.float64 and not _flat(case.op, k)]


def _flat(op: str, position: int) -> bool:
    partials = lookup(op).partials
    return partials is not None and partials[position] == 0


def _zeros(node: Node) -> np.ndarray:
    return np.zeros(node.shape, node.dtype)


def _differences(function: Callable[..., Any], values: Sequence[Any], position: int, h: float = 1e-6) -> np.ndarray:
    """Central differences of a scalar or array function by each element of one input (the last axes)."""
    x = np.array(values[position], dtype=np.float64)
    columns = []
    for index in np.ndindex(x.shape):
        ends = []
        for step in (h, -h):
            moved = x.copy()
            moved[index] += step
            ends.append(np.asarray(function(*values[:position], moved[()], *values[position + 1 :])))
        columns.append((ends[0] - ends[1]) / (2 * h))
    size = columns[0].shape if columns else ()
    return (
        np.moveaxis(np.array(columns).reshape(*x.shape, *size), range(x.ndim), range(-x.ndim, 0))
        if x.ndim
        else columns[0]
    )


def check_reverse(case: Case) -> None:
    """The gradient by reverse mode is that of central differences, with its node's shape and dtype."""
    nodes = case.nodes()
    loss, weights = scalar_of(case.node(nodes))
    values = case.values()
    wrt = _active(case, nodes)
    gradients = reverse(loss, [nodes[k] for k in wrt])

    def function(*inputs: Any) -> Any:
        return np.sum(oracle(case.op)(*inputs, **case.attributes) * weights)

    for k, gradient in zip(wrt, gradients, strict=True):
        assert gradient is not None, f"no gradient by input {k}"
        graph = verify(Graph(nodes, [gradient]))
        every = every_value(graph, values)
        typed_as_declared(every)
        assert (gradient.shape, gradient.dtype) == (nodes[k].shape, nodes[k].dtype)
        wanted = _differences(function, values, k)
        np.testing.assert_allclose(every[gradient], wanted, rtol=2e-7, atol=2e-8, err_msg=f"by input {k}")


def check_forward(case: Case) -> None:
    """Forward mode is the transpose of reverse mode, v · (J u) = u · (Jᵀ v), and agrees with differences along u."""
    nodes = case.nodes()
    out = case.node(nodes)
    values = case.values()
    wrt = _active(case, nodes)
    rng = np.random.default_rng(1)
    directions = [rng.uniform(-1, 1, nodes[k].shape) for k in wrt]
    tangents = [input_node(f"t{k}", nodes[k].shape, np.float64) for k in wrt]
    (moved,) = forward([out], [nodes[k] for k in wrt], tangents)
    assert moved is not None
    every = every_value(verify(Graph([*nodes, *tangents], [moved])), [*values, *directions])
    typed_as_declared(every)
    loss, weights = scalar_of(out)
    by_reverse = 0.0
    for gradient, u in zip(reverse(loss, [nodes[k] for k in wrt]), directions, strict=True):
        assert gradient is not None
        by_reverse += np.sum(evaluate(Graph(nodes, [gradient]), values)[0] * u)
    by_forward = np.sum(every[moved] * weights)
    np.testing.assert_allclose(by_forward, by_reverse, rtol=1e-12, atol=1e-13)
    # one input at a time: the other tangents are absent, not zero
    for k, tangent, u in zip(wrt, tangents, directions, strict=True):
        (alone,) = forward([out], [nodes[k]], [tangent])
        assert alone is not None
        found = evaluate(verify(Graph([*nodes, tangent], [alone])), [*values, u])[0]
        h = 1e-6
        ends = [
            oracle(case.op)(*values[:k], values[k] + step * u, *values[k + 1 :], **case.attributes) for step in (h, -h)
        ]
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-7)


# NumPy's meaning of these is not the complex-analytic one, or there is none
NOT_COMPLEX = frozenset(["absolute", "floor_divide", "remainder", "arctan2", "hypot", "logaddexp", "clip"])


def check_complex_step(case: Case) -> None:
    """Im f(x + ih·u) / h, free of cancellation, is the derivative along u to almost the last bit.

    Source: Squire and Trapp, Using complex variables to estimate derivatives of real functions (1998).
    """
    nodes = case.nodes()
    out = case.node(nodes)
    values = case.values()
    h = 1e-30
    for k in _active(case, nodes):
        u = np.random.default_rng(k).uniform(-1, 1, nodes[k].shape)
        tangent = input_node("t", nodes[k].shape, np.float64)
        (moved,) = forward([out], [nodes[k]], [tangent])
        assert moved is not None
        found = evaluate(Graph([*nodes, tangent], [moved]), [*values, u])[0]
        attributes = dict(case.attributes)
        if case.op == "astype":
            attributes = {"dtype": np.dtype(complex)}
        if case.op == "erf":
            function: Callable[..., Any] = oracle("erf")
        else:
            function = lookup(case.op).numpy
        complexes = [v + 1j * h * u if i == k else v for i, v in enumerate(values)]
        wanted = np.imag(function(*complexes, **attributes)) / h
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)


def check_second_order(case: Case) -> None:
    """The gradient of the gradient, reverse over reverse and forward over reverse, against differences of the first."""
    nodes = case.nodes()
    loss, _ = scalar_of(case.node(nodes))
    values = case.values()
    wrt = _active(case, nodes)
    firsts = [g for g in reverse(loss, [nodes[k] for k in wrt]) if g is not None]
    graph = Graph(nodes, firsts)
    probes = [np.random.default_rng(7 + k).uniform(0.5, 1.5, g.shape) for k, g in enumerate(firsts)]

    def directional(*inputs: Any) -> Any:
        return sum(np.sum(g * p) for g, p in zip(evaluate(graph, list(inputs)), probes, strict=True))

    total = constant(0.0)
    for g, p in zip(firsts, probes, strict=True):
        total = total + call("sum", g * constant(p))
    for k, second in zip(wrt, reverse(total, [nodes[k] for k in wrt]), strict=True):
        wanted = _differences(directional, values, k, h=1e-5)
        if second is None:
            np.testing.assert_allclose(wanted, 0, atol=1e-6)
            continue
        every = every_value(verify(Graph(nodes, [second])), values)
        typed_as_declared(every)
        np.testing.assert_allclose(every[second], wanted, rtol=1e-6, atol=2e-7, err_msg=f"by input {k}")
        u = np.random.default_rng(k).uniform(-1, 1, nodes[k].shape)
        tangent = input_node("t", nodes[k].shape, np.float64)
        (moved,) = forward([total], [nodes[k]], [tangent])
        assert moved is not None
        along = evaluate(verify(Graph([*nodes, tangent], [moved])), [*values, u])[0]
        np.testing.assert_allclose(along, np.sum(every[second] * u), rtol=1e-10, atol=1e-11)


def check_dtypes(case: Case) -> None:
    """Derivatives of float32 graphs stay float32 in every node; integers and booleans are never active."""
    nodes = case.nodes()
    out = case.node(nodes)
    if out.dtype.kind != "f":
        return
    floats = [node for node in nodes if node.dtype.kind == "f"]
    widest = np.result_type(out.dtype, *(node.dtype for node in floats)) if floats else out.dtype
    loss = call("sum", out)
    for node, gradient in zip(floats, reverse(loss, floats), strict=True):
        if gradient is None:
            continue
        assert (gradient.shape, gradient.dtype) == (node.shape, node.dtype)
        for made in Graph(nodes, [gradient]).nodes:
            if made.dtype.kind == "f" and not made.is_constant:
                assert made.dtype.itemsize <= widest.itemsize, f"{made!r} is wider than {widest}"
    tangents = [constant(_zeros(node) + 1) for node in floats]
    (moved,) = forward([out], floats, tangents)
    if moved is not None:
        assert (moved.shape, moved.dtype) == (out.shape, out.dtype)
        for made in Graph(nodes, [moved]).nodes:
            if made.dtype.kind == "f" and not made.is_constant:
                assert made.dtype.itemsize <= widest.itemsize, f"{made!r} is wider than {widest}"
