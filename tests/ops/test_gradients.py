"""Every derivative, in both modes and of second order, against differences and complex steps in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tests.ops.cases import APART, CASES, Case, cases_of
from tests.ops.checks import (
    NOT_COMPLEX,
    check_complex_step,
    check_dtypes,
    check_forward,
    check_reverse,
    check_second_order,
)
from workings.graph import call, constant, evaluate, input_node, lookup, registered
from workings.graph.graph import Graph
from workings.transform import forward, reverse

# `where` is differentiable by its choices only, and so on: what is left are the cases with a float64 input
DIFFERENTIABLE = [c for c in CASES if c.differentiable and c.node(c.nodes()).dtype == np.float64]
# NumPy's loops over complex values take no integer exponents' shortcuts; these compare exactly
COMPLEX = [c for c in DIFFERENTIABLE if c.op not in NOT_COMPLEX]
FLAT = [op.name for op in registered() if not op.differentiable and op.name not in APART]


def test_every_differentiable_op_is_compared() -> None:
    compared = {c.op for c in DIFFERENTIABLE}
    missing = [op.name for op in registered() if op.differentiable and op.name not in {*compared, *APART}]
    assert not missing


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_reverse(case: Case) -> None:
    check_reverse(case)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_forward(case: Case) -> None:
    check_forward(case)


@pytest.mark.parametrize("case", COMPLEX, ids=str)
def test_complex_step(case: Case) -> None:
    check_complex_step(case)


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=str)
def test_second_order(case: Case) -> None:
    check_second_order(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives_keep_dtypes(case: Case) -> None:
    check_dtypes(case)


@pytest.mark.parametrize("op", FLAT)
def test_flat_ops_have_no_derivative(op: str) -> None:
    for case in cases_of(op):
        nodes = case.nodes()
        out = case.node(nodes)
        floats = [node for node in nodes if node.dtype.kind == "f"]
        assert forward([out], floats, [constant(np.ones(n.shape, n.dtype)) for n in floats]) == [None]
        if out.dtype.kind == "f":
            assert reverse(call("sum", out), floats) == [None] * len(floats)


def test_a_flat_input_of_an_op_has_no_derivative() -> None:
    for op in registered():
        for position, partial in enumerate(op.partials or ()):
            if partial != 0:
                continue
            case = next(c for c in cases_of(op.name) if c.node(c.nodes()).shape != (0,))
            nodes = case.nodes()
            out = case.node(nodes)
            if nodes[position].dtype.kind == out.dtype.kind == "f":
                assert reverse(call("sum", out), [nodes[position]]) == [None], op.name


@pytest.mark.parametrize("n", [0, 1, 2, 3, -1, 0.5, 1.0, 2.0, 4, -2])
@pytest.mark.parametrize("x", [1.7, 0.3])
def test_powers_with_a_number_as_exponent(n: float, x: float) -> None:
    node = input_node("x", (), np.float64)
    for power in (call("power", node, n), node**n):
        (first,) = reverse(power, [node])
        found = 0.0 if first is None else evaluate(Graph([node], [first]), [np.float64(x)])[0]
        np.testing.assert_allclose(found, n * x ** (n - 1), rtol=1e-14)
        if first is None:
            continue
        (second,) = reverse(first, [node]) if first.dtype.kind == "f" else (None,)
        found = 0.0 if second is None else evaluate(Graph([node], [second]), [np.float64(x)])[0]
        np.testing.assert_allclose(found, n * (n - 1) * x ** (n - 2), rtol=1e-13, atol=1e-15)


def test_higher_derivatives() -> None:
    x = input_node("x", (), np.float64)
    y = call("tanh", x) * call("exp", x)
    at = 0.4
    import mpmath

    for order in range(1, 6):
        (y,) = reverse(y, [x])
        assert y is not None
        wanted = float(mpmath.diff(lambda t: mpmath.tanh(t) * mpmath.exp(t), at, order))
        np.testing.assert_allclose(evaluate(Graph([x], [y]), [np.float64(at)])[0], wanted, rtol=1e-10)


def test_rules_are_in_words() -> None:
    for op in registered():
        if op.vjp is not None:
            assert op.rule, f"{op.name} has a derivative, and no word about it"
        assert lookup(op.name) is op
