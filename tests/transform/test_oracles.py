"""Gradients of random graphs, and of every op, against PyTorch and JAX."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import Sample, array_graphs, scalar_graphs
from tests.transform.translate import by_jax, by_torch
from workings.graph import Graph, evaluate
from workings.transform import reverse

pytestmark = pytest.mark.oracle
ANY = st.one_of(scalar_graphs(stops=True), array_graphs(stops=True))

By = Callable[[Any, Graph, Any], tuple[Any, list[Any]]]


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def jax() -> Any:
    pytest.importorskip("jax")
    module = importlib.import_module("jax")
    importlib.import_module("jax.scipy.special")
    before = module.config.jax_enable_x64
    module.config.update("jax_enable_x64", True)
    yield module
    module.config.update("jax_enable_x64", before)


def compare(by: By, library: Any, sample: Sample) -> None:
    graph, values = sample
    (loss,) = graph.outputs
    wanted, gradients = by(library, graph, values)
    # both libraries round their functions otherwise; a long chain magnifies it
    np.testing.assert_allclose(evaluate(graph, values)[0], wanted, rtol=1e-9, atol=1e-10)
    for node, gradient, theirs in zip(graph.inputs, reverse(loss, graph.inputs), gradients, strict=True):
        ours = np.zeros(node.shape) if gradient is None else evaluate(Graph(graph.inputs, [gradient]), values)[0]
        assert np.shape(ours) == np.shape(theirs)
        scale = max(1.0, float(np.max(np.abs(theirs), initial=0)))
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9 * scale, err_msg=f"{node.name} in\n{graph}")


@settings(max_examples=750)
@given(sample=ANY)
def test_pytorch(torch: Any, sample: Sample) -> None:
    compare(by_torch, torch, sample)


@settings(max_examples=500)
@given(sample=ANY)
def test_jax(jax: Any, sample: Sample) -> None:
    compare(by_jax, jax, sample)
