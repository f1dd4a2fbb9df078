"""The derivation of deep nets: it is short, and the check measures what it should."""

from __future__ import annotations

import importlib

import numpy as np

import workings as wk
from workings import nn
from workings.explain import backward, check

DRAW = np.random.default_rng(0)
TEXT = DRAW.integers(0, 20, (16, 8))


def block_run(dtype: type = np.float32) -> wk.Run:
    model = nn.Sequential(
        nn.Embedding(20, 16, rng=0),
        nn.TransformerBlock(16, heads=2, causal=True, rng=1),
        nn.LayerNorm(16),
        nn.Linear(16, 20, rng=2),
    )
    y = np.roll(TEXT, -1, axis=1)
    return wk.fit(model, TEXT, y, loss="cross_entropy", optimizer="adamw", epochs=1, dtype=dtype, progress=False)


def test_small_values_are_checked_by_a_step_as_small() -> None:
    # an embedding of ±0.05 that is normed later: the usual step of float32, 0.005, is a long way there
    for dtype in (np.float32, np.float64):
        document = block_run(dtype).explain()
        assert document.ok, document


def test_a_gradient_that_is_0_but_for_rounding_is_no_mistake(monkeypatch) -> None:
    # softmax does not change with a bias of the keys; written out in full, its gradient rounds otherwise
    monkeypatch.setattr(backward, "UNFOLDED", 60)
    monkeypatch.setattr(importlib.import_module("workings.explain.derive"), "UNFOLDED", 60)
    for dtype in (np.float32, np.float64):
        document = block_run(dtype).explain()
        assert document.ok, document


def test_a_wrong_derivative_of_small_values_is_still_seen(monkeypatch) -> None:
    told = check._along
    monkeypatch.setattr(check, "_along", lambda s, node, value, *rest: told(s, node, value * 1.5, *rest))
    assert not block_run().explain().ok


def test_a_long_rule_is_said_once() -> None:
    document = str(block_run().explain())
    nudge = document[document.index("4  The nudge") : document.index("5  The check")]
    assert nudge.count("beta 2^(step + 1)") == 1
    assert nudge.count("m_layers_0_weight") == 1
    assert nudge.count("changes by at most") == 21  # every parameter
    assert nudge.count("so too, by the same rule:") == 1


def test_short_rules_are_said_for_each_parameter() -> None:
    run = wk.train(
        lambda w, b: np.sum((w * 2 + b) ** 2), {"w": np.ones(9), "b": np.ones(9)}, optimizer=wk.SGD(0.01), steps=1
    )
    document = str(run.explain())
    assert "w − learning rate · dw" in document
    assert "b − learning rate · db" in document
    assert "so too" not in document


def test_layers_are_folded_where_there_are_many_lines() -> None:
    run = block_run()
    document = str(run.explain())
    forward = document[document.index("1  Forward") : document.index("2  The rules")]
    for line in ("x_2", "layers.1.attention_norm(x_2)", "layers.1.attention(", "layers.1.feed_norm(", "layers.1.gelu("):
        assert line in forward, forward
    assert "more values" not in forward
    # what stands in no layer, and the last lines, are said in full
    assert "loss" in forward
    assert "mean(surprise)" in forward
    # two pages of a small print
    assert len(document.splitlines()) <= 250
