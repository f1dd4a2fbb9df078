"""Derivations of nets of many parameters, folded: they stay short, and what differs is still loud."""

from __future__ import annotations

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError, nn

X = np.random.default_rng(0).normal(size=(32, 8, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def block() -> wk.Run:
    model = nn.TransformerBlock(16, 2, causal=True, rng=2)
    return wk.fit(model, X, X, loss="mse", optimizer=wk.AdamW(0.01), epochs=2, batch_size=16, progress=False)


def test_a_folded_transformer_block_reads_on_two_pages(block):
    lines = str(block.explain(most=0)).splitlines()
    assert len(lines) <= 2 * 66  # lines of a printed page
    assert max(map(len, lines)) <= 80


def test_what_is_folded_is_said(block):
    text = str(block.explain(most=0))
    assert "attention(" in text
    assert "so too the other 15, by the same rule: by at most" in " ".join(text.split())
    assert "16 gradients agree: the run" in text
    assert block.explain(most=0).ok


def test_with_room_every_parameter_has_its_lines(block):
    text = str(block.explain())
    assert "16 gradients agree" not in text
    assert text.count("changes by at most") == 16
    with pytest.raises(ArgumentError, match="most is -1"):
        block.explain(most=-1)


def test_a_gradient_that_differs_is_shown_by_itself():
    def loss(a, b, c, x):
        return np.mean((a * x + b * x**2 + c) ** 2)

    run = wk.train(loss, {"a": np.ones(3), "b": np.ones(3), "c": np.ones(3)}, {"x": X[:, 0, :3].astype(float)}, steps=1)
    from workings.explain.derive import derive

    graph = run.program
    values = dict(zip(graph.step.inputs, graph.values(graph.start(), tuple(graph.data.values()), (), 0), strict=False))
    given = [c.input for c in graph.carry]
    wrong = {given[1]: np.ones(3)}
    found = derive(
        graph.loss, given, {n: values[n] for n in (*given, *graph.data_inputs)}, engine_gradients=wrong, most=1
    )
    assert not found.ok
    assert "2 gradients agree" in str(found)
    assert "THEY DIFFER" in str(found)
