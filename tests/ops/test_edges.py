"""At the edges: 0, −0, inf, nan, nothing at all, one value, very large ones, and ties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import workings as wk
from tests.ops.cases import CASES
from tests.ops.checks import ENGINES, Engine, same_bits, same_number
from tests.ops.oracles import oracle
from workings import functions
from workings.graph import Graph, Node, call, evaluate, input_node, lookup, registered
from workings.transform import forward, reverse

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-310, 5e-324, 1e308, -1e308, 1000.0, -1000.0, np.inf, -np.inf, np.nan]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]
ELEMENTWISE = [op.name for op in registered() if op.elementwise and op.name not in ("where", "clip", "erf", *BITS)]


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


def _cells(ops: list[str], dtypes: list[type]) -> Any:
    """Each op with each dtype on each engine that has it."""
    cells = []
    for name, dtype, engine in itertools.product(ops, dtypes, ENGINES):
        nodes = [input_node(f"x{k}", (3,), dtype) for k in range(len(lookup(name).domain))]
        if engine.has(Graph(nodes, [call(name, *nodes)])):
            cells.append(pytest.param(name, dtype, engine, id=f"{name}-{dtype.__name__}-{engine.name}"))
    return pytest.mark.parametrize(("name", "dtype", "engine"), cells)


@_cells(ELEMENTWISE, [np.float64, np.float32])
def test_special_values(name: str, dtype: type, engine: Engine) -> None:
    count = len(lookup(name).domain)
    with np.errstate(all="ignore"):
        special = np.array(SPECIAL, np.float64).astype(dtype)
    columns = np.meshgrid(*[special] * count)
    wanted = [column.ravel() for column in columns]
    nodes = [input_node(f"x{k}", v.shape, dtype) for k, v in enumerate(wanted)]
    graph = Graph(nodes, [call(name, *nodes)])
    with np.errstate(all="ignore"):
        found, expected = engine.run(graph, wanted)[0], oracle(name)(*wanted)
    assert same_number(found, expected, engine.rounded.get(name, 0.0))


@_cells([*BITS, "add", "subtract", "multiply", "negative", "square"], [np.uint32, np.int32, np.int64, np.uint8])
def test_whole_numbers_at_their_ends(name: str, dtype: type, engine: Engine) -> None:
    """They wrap around; what is shifted by all its bits or more is gone. Python's whole numbers have no ends."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    width = 8 * np.dtype(dtype).itemsize
    some = sorted({low, low + 1, 0, 1, 2, 7, high // 3, high - 1, high, *((-1, -2) if low else ())})
    exact: dict[str, Callable[..., int]] = {
        "bitwise_and": lambda x, y: x & y,
        "bitwise_or": lambda x, y: x | y,
        "bitwise_xor": lambda x, y: x ^ y,
        "invert": lambda x: ~x,
        "left_shift": lambda x, y: x << y,
        "right_shift": lambda x, y: x >> y,
        "add": lambda x, y: x + y,
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: x * y,
        "negative": lambda x: -x,
        "square": lambda x: x * x,
    }
    count = len(lookup(name).domain)
    second = [0, 1, 5, width - 1, width, width + 9] if name.endswith("shift") else some
    rows = [(x,) for x in some] if count == 1 else [(x, y) for x in some for y in second]
    wanted = np.array([(exact[name](*row) - low) % 2**width + low for row in rows], object).astype(dtype)
    columns = [np.array(column, dtype) for column in zip(*rows, strict=True)]
    nodes = [input_node(f"x{k}", (len(rows),), dtype) for k in range(count)]
    assert same_bits(engine.run(Graph(nodes, [call(name, *nodes)]), columns)[0], wanted)
    scalars = [input_node(f"x{k}", (), dtype) for k in range(count)]
    graph = Graph(scalars, [call(name, *scalars)])
    for row, one in zip(rows, wanted, strict=True):
        assert same_bits(engine.run(graph, [dtype(x) for x in row])[0], one)


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
        ([1e-200, 1e-200, 1e200], [1, 1, 0]),
    ],
)
def test_prod_where_its_value_says_nothing(values: list[float], wanted: list[float]) -> None:
    assert gradient(lambda x: call("prod", x), values)[0].tolist() == wanted
    found = gradient(lambda x: call("prod", x, axis=1, keepdims=True), [values, values])[0]
    assert found.tolist() == [wanted, wanted]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1e200, 1e200, 1e-300], [1e-100, 1e-100, np.inf]),
        ([np.inf, 2.0], [2, np.inf]),
        ([-np.inf, 2.0, 0.5], [1, -np.inf, -np.inf]),
    ],
)
def test_prod_of_infinities(values: list[float], wanted: list[float]) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(wk.grad(np.prod)(np.array(values)), wanted, rtol=1e-15)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 8, 9, 17])
def test_prod_is_differentiable_again_where_factors_are_zero(count: int) -> None:
    values = np.arange(count) * 1.0 - 1  # 0 is among them
    x = input_node("x", (count,), np.float64)
    (once,) = reverse(call("prod", x), [x])
    assert once is not None

    def without(*left_out: int) -> float:
        return math.prod(float(v) for k, v in enumerate(values) if k not in left_out)

    for i in range(count):
        (twice,) = reverse(call("getitem", once, key=(i,)), [x])
        found = np.zeros(count) if twice is None else evaluate(Graph([x], [twice]), [values])[0]
        assert found.tolist() == [0.0 if j == i else without(i, j) for j in range(count)]
        if count > 2 and twice is not None:
            j = (i + 1) % count
            (thrice,) = reverse(call("getitem", twice, key=(j,)), [x])
            assert thrice is not None
            found = evaluate(Graph([x], [thrice]), [values])[0]
            assert found.tolist() == [0.0 if k in (i, j) else without(i, j, k) for k in range(count)]


@pytest.mark.parametrize("axis", [0, 1, 2, (0, 2), (2, 0), (1, 2), (0, 1, 2), None])
@pytest.mark.parametrize("keepdims", [{}, {"keepdims": True}])
def test_prod_leaves_out_one_factor_along_any_axes(axis: Any, keepdims: dict[str, bool]) -> None:
    x = np.random.default_rng(4).integers(-2, 4, (2, 3, 4)) * 1.0
    reduced = {} if axis is None else {"axis": axis}
    (found,) = gradient(lambda x: call("prod", x, **reduced, **keepdims), x)
    wanted = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        ones = x.copy()
        ones[index] = 1
        group = tuple(
            slice(None) if axis is None or k in np.atleast_1d(axis) else index[k : k + 1][0] for k in range(x.ndim)
        )
        wanted[index] = np.prod(ones[group])
    assert found.tolist() == wanted.tolist()


def test_the_mean_of_more_values_than_float16_can_count() -> None:
    for count in (65504, 65505, 70000):
        x = input_node("x", (count,), np.float16)
        (found,) = reverse(call("mean", x), [x])
        assert found is not None
        value = evaluate(Graph([x], [found]), [np.ones(count, np.float16)])[0]
        assert value.dtype == np.float16
        assert value[0] == np.float16(1 / count) != 0


def test_logaddexp_of_infinities() -> None:
    """Its slopes are the shares of its two parts; of two infinities of one sign each has half."""
    inf = np.inf
    x = [inf, 1.0, inf, -inf, -inf, 1.0, inf, -inf]
    y = [1.0, inf, inf, -inf, 1.0, -inf, -inf, inf]
    wanted = [1, 0, 0.5, 0.5, 0, 1, 1, 0]
    by_x, by_y = gradient(lambda x, y: call("logaddexp", x, y), x, y)
    np.testing.assert_allclose(by_x, wanted, rtol=1e-15)
    np.testing.assert_allclose(by_y, [1 - w for w in wanted], rtol=1e-15)
    for swapped in (False, True):
        parts = (lambda x: (0.0, x)) if swapped else (lambda x: (x, 0.0))
        (found,) = gradient(lambda x, p=parts: call("logaddexp", *p(x)), [-inf, -1000.0, 0.0, 1000.0, inf])
        assert found.tolist() == [0, 0, pytest.approx(0.5, rel=1e-15), 1, 1]


@pytest.mark.parametrize("function", [functions.softplus, functions.sigmoid])
def test_softplus_and_sigmoid_are_flat_or_straight_at_infinity(function: Callable[..., Any]) -> None:
    slope = wk.grad(function)
    assert slope(-np.inf) == 0
    assert slope(np.inf) == (1 if function is functions.softplus else 0)
    assert wk.grad(slope)(0.5) == pytest.approx((slope(0.5 + 1e-6) - slope(0.5 - 1e-6)) / 2e-6, rel=1e-6)
    assert wk.grad(slope)(np.inf) == 0


@pytest.mark.parametrize("point", [(0.3, 0.3), (0.3, -1.0), (40.0, 0.0), (2.0, 800.0)])
def test_logaddexp_is_differentiable_again_at_a_tie(point: tuple[float, float]) -> None:
    hessian = wk.hessian(lambda v: np.logaddexp(v[0], v[1]))(np.array(point))
    d = abs(point[0] - point[1])
    curve = np.exp(-d) / (1 + np.exp(-d)) ** 2
    np.testing.assert_allclose(hessian, [[curve, -curve], [-curve, curve]], rtol=1e-12, atol=1e-16)


def test_the_power_0_is_flat_everywhere() -> None:
    x, y = gradient(lambda x, y: call("power", x, y), [0.0, 2.0], [0.0, 0.0])
    assert x.tolist() == [0, 0]
    assert y.tolist() == [0, math.log(2)]
    assert wk.grad(lambda x, y: x**y)(np.inf, 0.0) == 0
    assert wk.grad(lambda x, y: x**y)(-2.0, 0.0) == 0
    # but as the exponent grows from 0, a slope in x appears: 1/x
    mixed = wk.grad(lambda y: wk.grad(lambda x: x**y)(2.0))
    assert mixed(0.0) == 0.5


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
