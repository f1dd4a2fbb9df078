"""Each net of PyTorch, JAX and C trains as that of workings does, from the same start and on the same rows."""

from __future__ import annotations

import pytest

from bench.peers.measure import measure
from bench.peers.workloads import JAX, OPTIMIZER
from tests.bench.cases import QUICK, TASKS, small

pytestmark = pytest.mark.oracle
pytest.importorskip("torch")
pytest.importorskip("jax")


@pytest.mark.parametrize("net", TASKS)
def test_the_losses_after_100_steps_are_the_same(net: str) -> None:
    by_hand = ("C by hand",) if net in ("neuron", "moons") else ()
    found = measure(net, small(net, "workings numpy", "PyTorch eager", OPTIMIZER, *JAX, *by_hand), QUICK)
    assert found.void is None
    assert [cell.refused for cell in found.cells if cell.competitor != "C by hand"] == [None] * 5


@pytest.mark.parametrize("net", TASKS)
def test_the_losses_of_the_compiled_step_are_the_same(net: str) -> None:
    found = measure(net, small(net, "workings numpy", "torch.compile"), QUICK)
    assert found.void is None
