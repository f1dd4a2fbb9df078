"""At the edges: 0, −0, inf, nan, nothing at all, one value, very large ones, and ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.ops.cases import CASES
from tests.ops.checks import ENGINES, Engine, same_bits
from tests.ops.oracles import oracle
from workings.graph import Graph, Node, call, evaluate, input_node, lookup, registered
from workings.transform import forward, reverse

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-310, 5e-324, 1e308, -1e308, 1000.0, -1000.0, np.inf, -np.inf, np.nan]
ELEMENTWISE = [op.name for op in registered() if op.elementwise and op.name not in ("where", "clip", "erf")]


def gradient(make: Callable[..., Node], *values: Any) -> list[Any]:
    """The gradient of the sum of `make(...)` at these values, by reverse mode; forward mode has to agree."""
    arrays = [np.asarray(v, np.float64) for v in values]
    nodes = [input_node(f"x{k}", v.shape, np.float64) for k, v in enumerate(arrays)]
    out = make(*nodes)
    loss = call("sum", out)
    result: list[Any] = []
    with np.errstate(all="ignore"):
        for k, (node, found) in enumerate(zip(nodes, reverse(loss, nodes), strict=True)):
            result.append(np.zeros(node.shape) if found is None else evaluate(Graph(nodes, [found]), arrays)[0])
            for index in np.ndindex(node.shape):
                u = np.zeros(node.shape)
                u[index] = 1
                tangent = input_node("t", node.shape, np.float64)
                (moved,) = forward([loss], [node], [tangent])
                if moved is not None:
                    along = evaluate(Graph([*nodes, tangent], [moved]), [*arrays, u])[0]
                    np.testing.assert_allclose(along, np.asarray(result[k])[index], rtol=1e-12)
    return result


@pytest.mark.parametrize("engine", ENGINES, ids=[e.name for e in ENGINES])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_special_values(name: str, dtype: type, engine: Engine) -> None:
    count = len(lookup(name).domain)
    with np.errstate(all="ignore"):
        special = np.array(SPECIAL, np.float64).astype(dtype)
    columns = np.meshgrid(*[special] * count)
    wanted = [column.ravel() for column in columns]
    nodes = [input_node(f"x{k}", v.shape, dtype) for k, v in enumerate(wanted)]
    graph = Graph(nodes, [call(name, *nodes)])
    with np.errstate(all="ignore"):
        assert same_bits(engine.run(graph, wanted)[0], oracle(name)(*wanted))


# ── ties and kinks, as each op's doc states them ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_maximum_and_minimum_share_a_tie(name: str) -> None:
    x, y = gradient(lambda x, y: call(name, x, y), [1.0, 2.0, 3.0, 0.0], [1.0, 3.0, 2.0, -0.0])
    mine = [0.5, 0.0, 1.0, 0.5] if name == "maximum" else [0.5, 1.0, 0.0, 0.5]
    assert x.tolist() == mine
    assert y.tolist() == [1 - m for m in mine]


@pytest.mark.parametrize(("name", "values"), [("max", [2.0, 3.0, 3.0, 1.0]), ("min", [2.0, 1.0, 1.0, 3.0])])
def test_max_and_min_share_a_tie(name: str, values: list[float]) -> None:
    assert gradient(lambda x: call(name, x), values)[0].tolist() == [0, 0.5, 0.5, 0]
    rows = [values, [7.0, 7.0, 7.0, 7.0]]
    for keepdims in ({}, {"keepdims": True}):
        found = gradient(lambda x, k=keepdims: call(name, x, axis=1, **k), rows)[0]
        assert found.tolist() == [[0, 0.5, 0.5, 0], [0.25] * 4]


def test_the_bounds_of_clip() -> None:
    x, low, high = gradient(lambda x, a, b: call("clip", x, a, b), [-2.0, -1.0, 0.0, 1.0, 2.0], -1.0, 1.0)
    assert x.tolist() == [0, 1, 1, 1, 0]
    assert (low, high) == (1, 1)
    # bounds that cross: NumPy gives the upper one
    x, low, high = gradient(lambda x, a, b: call("clip", x, a, b), [-2.0, 0.0, 2.0], 1.0, -1.0)
    assert x.tolist() == [0, 0, 0]
    assert (low, high) == (0, 3)


def test_kinks_are_flat() -> None:
    assert gradient(lambda x: call("absolute", x), [-2.0, -0.0, 0.0, 3.0])[0].tolist() == [-1, 0, 0, 1]
    for name in ("sign", "floor", "ceil", "rint", "trunc"):
        assert gradient(lambda x, n=name: call(n, x), [-1.0, 0.0, 0.5, 2.0])[0].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([2.0, 3.0, 4.0], [12, 8, 6]),
        ([2.0, 0.0, 4.0], [0, 8, 0]),
        ([0.0, 0.0, 4.0], [0, 0, 0]),
        ([0.0], [1]),
        ([-0.0, 5.0], [5, 0]),
    ],
)
def test_prod_with_zeros(values: list[float], wanted: list[float]) -> None:
    assert gradient(lambda x: call("prod", x), values)[0].tolist() == wanted
    found = gradient(lambda x: call("prod", x, axis=1, keepdims=True), [values, values])[0]
    assert found.tolist() == [wanted, wanted]


def test_powers_at_zero() -> None:
    # 0² and 0³ are flat, 0¹ has slope 1, 0⁰ is constant; the exponent changes nothing where the base is 0
    for n, slope in ((2, 0), (3, 0), (1, 1), (0, 0)):
        assert gradient(lambda x, n=n: call("power", x, n), 0.0)[0] == slope
        assert gradient(lambda x, y: call("power", x, y), 0.0, float(n))[0] == slope
    assert gradient(lambda x, y: call("power", x, y), 0.0, 2.0)[1] == 0


def test_where_never_makes_nan_of_the_side_not_taken() -> None:
    def root(x: Node) -> Node:
        return call("where", x > 0, call("sqrt", call("where", x > 0, x, 1)), 0)

    assert gradient(root, [0.0, 4.0, -1.0])[0].tolist() == [0, 0.25, 0]
    found = gradient(lambda x, y: call("where", x > 0, x, y), [1.0, -1.0], [np.inf, 2.0])
    assert [f.tolist() for f in found] == [[1, 0], [0, 1]]


def test_infinite_slopes_are_infinite() -> None:
    assert gradient(lambda x: call("sqrt", x), 0.0)[0] == np.inf
    assert gradient(lambda x: call("log", x), 0.0)[0] == np.inf
    assert gradient(lambda x: call("exp", x), 1000.0)[0] == np.inf
    assert gradient(lambda x: call("exp", x), -1000.0)[0] == 0
    assert gradient(lambda x: call("tanh", x), 1000.0)[0] == 0
    assert gradient(lambda x, y: call("logaddexp", x, y), 1000.0, -1000.0) == [1, 0]


def test_nothing_and_one() -> None:
    for case in CASES:
        nodes = case.nodes()
        if 0 not in [n for node in nodes for n in node.shape]:
            continue
        out = case.node(nodes)
        if out.dtype != np.float64:
            continue
        floats = [n for n in nodes if n.dtype == np.float64]
        for node, found in zip(floats, reverse(call("sum", out), floats), strict=True):
            if found is not None:
                assert evaluate(Graph(nodes, [found]), case.values())[0].shape == node.shape


# ── against mpmath, to the last bits ────────────────────────────────────────────────────────────────────────

_TINY = [1e-300, 1e-20, -1e-20, 1e-10, -1e-10, 1e-5]
ACCURATE = {
    "erf": (mpmath.erf, [*_TINY, 0.5, -0.5, 1.0, 3.0, 5.9, -6.1, 30.0]),
    "expm1": (mpmath.expm1, [*_TINY, 0.5, -0.5, 1.0, -40.0, 700.0]),
    "log1p": (lambda t: mpmath.log1p(t), [*_TINY, 0.5, -0.5, -0.999999, 1e10, 1e300]),
}


@pytest.mark.parametrize("name", ACCURATE)
def test_accurate_where_the_plain_formula_is_not(name: str) -> None:
    exact, points = ACCURATE[name]
    x = input_node("x", (len(points),), np.float64)
    with mpmath.workdps(40):
        wanted = np.array([float(exact(mpmath.mpf(p))) for p in points])
        slopes = np.array([float(mpmath.diff(exact, mpmath.mpf(p))) for p in points])
    np.testing.assert_allclose(evaluate(Graph([x], [call(name, x)]), [np.array(points)])[0], wanted, rtol=5e-16)
    np.testing.assert_allclose(gradient(lambda t: call(name, t), points)[0], slopes, rtol=1e-14, atol=2e-16)


_PAIRS = [(0.0, 0.0), (1e-20, 0.0), (800.0, 800.0), (-800.0, -801.0), (30.0, -30.0), (1e300, 0.0)]


@pytest.mark.parametrize(("x", "y"), _PAIRS)
def test_logaddexp_is_accurate(x: float, y: float) -> None:
    with mpmath.workdps(60):
        a, b = mpmath.mpf(x), mpmath.mpf(y)
        wanted = float(max(a, b) + mpmath.log1p(mpmath.exp(-abs(a - b))))
        share = float(1 / (1 + mpmath.exp(b - a)))
    nodes = [input_node(n, (), np.float64) for n in "xy"]
    found = evaluate(Graph(nodes, [call("logaddexp", *nodes)]), [np.float64(x), np.float64(y)])[0]
    np.testing.assert_allclose(found, wanted, rtol=5e-16)
    # the share is exp(x − z): its error is that of z, which grows with the size of x
    by_x, by_y = gradient(lambda a, b: call("logaddexp", a, b), x, y)
    np.testing.assert_allclose(by_x, share, rtol=1e-13 * max(1, min(abs(x), 1000)), atol=1e-300)
    np.testing.assert_allclose(by_x + by_y, 1, rtol=1e-13 * max(1, min(abs(x), 1000)))
