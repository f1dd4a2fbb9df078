"""The printed formulas give the gradient: evaluated, and read back from their text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.explain.nets import NETS
from tests.explain.reading import read
from tests.strategies import array_graphs, scalar_graphs
from workings.explain import derive
from workings.explain.steps import Backward, Chain, Check, Given, Value
from workings.graph import Graph, evaluate
from workings.transform import reverse
from workings.write.text import columns, text


def derivation_of(sample):
    """The derivation of a random graph with respect to all that the loss depends on."""
    wrt = [n for n in sample.wrt if n.dtype.kind == "f"]
    values = dict(zip(sample.graph.inputs, sample.values, strict=True))
    return derive(sample.graph.outputs[0], wrt, values, learning_rate=0.001), wrt


def gradients_of(sample, wrt):
    found = reverse(sample.graph.outputs[0], wrt)
    with np.errstate(all="ignore"):
        return {
            node: np.zeros(node.shape) if g is None else evaluate(Graph(sample.graph.inputs, [g]), sample.values)[0]
            for node, g in zip(wrt, found, strict=True)
        }


def known_values(derivation):
    """What the document itself says about each name."""
    return {step.symbol.name: step.value for step in derivation.steps if isinstance(step, (Given, Value))}


def close(a, b, scale=1.0):
    size = max(float(np.max(np.abs(b), initial=0.0)), scale)
    return np.allclose(a, b, rtol=1e-7, atol=1e-9 * size, equal_nan=True)


@settings(max_examples=200)
@given(scalar_graphs())
def test_the_formula_of_a_random_scalar_graph_is_its_gradient(sample):
    derivation, wrt = derivation_of(sample)
    gradients = gradients_of(sample, wrt)
    checks = [step for step in derivation.steps if isinstance(step, Check)]
    assert [check.node for check in checks] == wrt
    for check in checks:
        assert close(check.rows[0].value, gradients[check.node])
    for line in derivation.text().splitlines():
        assert columns(line) <= 80


@settings(max_examples=200)
@given(scalar_graphs())
def test_the_text_read_back_is_the_gradient(sample):
    derivation, wrt = derivation_of(sample)
    gradients = gradients_of(sample, wrt)
    values = known_values(derivation)
    for chain in (step for step in derivation.steps if isinstance(step, Chain)):
        assert close(read(text(chain.final), values), chain.value, 1e3 * abs(float(chain.value)))
    for node in wrt:
        chains = [s for s in derivation.steps if isinstance(s, Chain) and s.path[-1] is node]
        if chains:
            assert close(read(text(chains[-1].final), values), gradients[node])


@settings(max_examples=150)
@given(scalar_graphs())
def test_every_forward_line_read_back_is_its_value(sample):
    derivation, _ = derivation_of(sample)
    values = known_values(derivation)
    for step in derivation.steps:
        if isinstance(step, Value):
            assert close(read(text(step.formula), values), step.value)


@settings(max_examples=100)
@given(array_graphs())
def test_the_lines_of_a_random_graph_of_arrays_give_its_gradient(sample):
    derivation, wrt = derivation_of(sample)
    gradients = gradients_of(sample, wrt)
    for check in (step for step in derivation.steps if isinstance(step, Check)):
        assert close(check.rows[0].value, gradients[check.node])
    for render in (derivation.text(), derivation.markdown()):
        assert "\\text{}" not in render
    for line in derivation.text().splitlines():
        assert columns(line) <= 80


@pytest.mark.parametrize("name", NETS)
def test_the_lines_of_the_kept_derivations_are_checked(name):
    derivation = NETS[name].derivation()
    assert derivation.ok == (name != "logarithm_of_zero")
    for step in derivation.steps:
        if isinstance(step, Backward) and np.shape(step.value) == ():
            assert np.isfinite(step.value)
