"""What hangs on chance and on training: start values, dropout, the states of a batch norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import workings as wk
from workings import nn, random

SHAPE = (300, 200)
# each start value with its deviation for a matrix of 300 × 200, and whether it is uniform or normal
DEVIATIONS = {
    "glorot_uniform": ((2 / 500) ** 0.5, "uniform"),
    "glorot_normal": ((2 / 500) ** 0.5, "norm"),
    "he_uniform": ((2 / 300) ** 0.5, "uniform"),
    "he_normal": ((2 / 300) ** 0.5, "norm"),
    "lecun_uniform": ((1 / 300) ** 0.5, "uniform"),
    "lecun_normal": ((1 / 300) ** 0.5, "norm"),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_start_values_have_their_distribution(name: str) -> None:
    deviation, kind = DEVIATIONS[name]
    drawn = getattr(nn, name)(SHAPE, 0, np.float64).ravel()
    frozen = (
        scipy.stats.uniform(-deviation * 3**0.5, 2 * deviation * 3**0.5)
        if kind == "uniform"
        else scipy.stats.norm(0, deviation)
    )
    assert scipy.stats.kstest(drawn, frozen.cdf).pvalue > 0.01


def test_truncated_normal() -> None:
    drawn = nn.truncated_normal(SHAPE, 0, np.float64, deviation=0.5).ravel()
    assert scipy.stats.kstest(drawn, scipy.stats.truncnorm(-2, 2, scale=0.5).cdf).pvalue > 0.01
    assert np.max(np.abs(drawn)) <= 1.0
    assert np.std(drawn) == pytest.approx(0.88 * 0.5, rel=0.01)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = nn.orthogonal(shape, 1, np.float64)
    assert q.shape == shape
    flat = q.reshape(shape[0], -1)
    gram = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-14)


def test_orthogonal_is_uniform() -> None:
    """The first entry of a random rotation of three dimensions is uniform (Archimedes)."""
    rng = np.random.default_rng(0)
    entries = [nn.orthogonal((3, 3), rng, np.float64)[0, 0] for _ in range(2000)]
    assert scipy.stats.kstest(entries, scipy.stats.uniform(-1, 2).cdf).pvalue > 0.01


def test_fans_of_kernels_and_of_what_has_none() -> None:
    kernel = nn.he_uniform((8, 3, 5, 5), 0, np.float64)
    assert 0.95 * (6 / 75) ** 0.5 < np.max(np.abs(kernel)) <= (6 / 75) ** 0.5
    with pytest.raises(wk.ArgumentError, match="have no fans"):
        nn.glorot_normal((3,))


def test_zeros_and_ones() -> None:
    assert nn.Linear(2, 2, initial=nn.zeros).weight.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert nn.ones((2,)).dtype == np.float32


def test_seeds() -> None:
    def weights(rng: Any = None) -> Any:
        return nn.Linear(3, 3, rng=rng).weight

    nn.seed(4)
    first, second = weights(), weights()
    nn.seed(4)
    assert np.array_equal(first, weights())
    assert not np.array_equal(first, second)
    assert np.array_equal(weights(4), first)
    rng = np.random.default_rng(4)
    assert np.array_equal(weights(rng), first)
    assert np.array_equal(weights(rng), second)


def test_layers_made_in_a_traced_function_are_refused() -> None:
    with pytest.raises(wk.UnstableError):
        wk.trace(lambda x: nn.Linear(4, 4)(x), np.ones((2, 4), np.float32))


# ── dropout ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_dropout_keeps_its_share_and_the_mean() -> None:
    x = np.full(100_000, 3.0)
    with random.drawing(random.key(1)):
        y = nn.Dropout(0.3)(x)
    assert set(np.unique(y)) == {0.0, 3.0 / 0.7}
    kept = np.count_nonzero(y)
    assert scipy.stats.binomtest(kept, x.size, 0.7).pvalue > 0.01


def test_dropout_when_nothing_is_trained_or_left_out() -> None:
    x = np.ones(5)
    assert nn.Dropout(0.5)(x) is x
    with random.drawing(random.key(1), training=False):
        assert nn.Dropout(0.5)(x) is x
    with random.drawing(random.key(1)):
        assert nn.Dropout(0.0)(x) is x
    with random.drawing(training=True), pytest.raises(wk.ArgumentError, match="a drawing without a key"):
        nn.Dropout(0.5)(x)


def test_each_dropout_draws_its_own_and_each_key_others() -> None:
    def twice(key: Any, x: Any) -> Any:
        with random.drawing(key):
            return nn.dropout(x, 0.5), nn.dropout(x, 0.5)

    x = np.ones(64)
    one, two = twice(random.key(1), x)
    again, _ = twice(random.key(1), x)
    other, _ = twice(random.key(2), x)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, other)
    traced = wk.jit(twice)(random.key(1), x)
    assert np.array_equal(traced[0], one)
    assert np.array_equal(traced[1], two)


# ── batch norm ──────────────────────────────────────────────────────────────────────────────────────────────


def test_states_follow_the_batches() -> None:
    layer = nn.BatchNorm(2, momentum=0.25, dtype=np.float64)
    x = np.array([[1.0, 2.0], [3.0, 6.0], [8.0, 1.0]])
    with random.drawing(training=True):
        for _ in range(3):
            layer(x)
    share = 0.75**3
    np.testing.assert_allclose(layer.running_mean, (1 - share) * x.mean(0), rtol=1e-14)
    np.testing.assert_allclose(layer.running_variance, share + (1 - share) * x.var(0, ddof=1), rtol=1e-14)
    before = layer.running_mean
    layer(x)
    assert layer.running_mean is before


def test_tracing_leaves_the_states_alone() -> None:
    layer = nn.BatchNorm(2)
    before = layer.running_mean

    def after(model: Any, x: Any) -> Any:
        with random.drawing(training=True):
            model(x)
        return model.running_mean, model.running_variance

    x = np.array([[1.0, 2.0], [3.0, 6.0]], np.float32)
    mean, variance = wk.jit(after)(layer, x)
    assert layer.running_mean is before
    np.testing.assert_allclose(mean, 0.1 * x.mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-6)
    assert mean.dtype == variance.dtype == np.float32


# ── recurrent ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_sequence_in_two_parts_is_the_whole(kind: Any) -> None:
    layer = kind(3, 4, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(2, 7, 3))
    whole, last = layer.run(x)
    first, carried = layer.run(x[:, :3])
    rest, end = layer.run(x[:, 3:], carried)
    np.testing.assert_allclose(np.concatenate([first, rest], axis=1), whole, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(end), np.asarray(last), rtol=1e-14)
    np.testing.assert_allclose(layer(x[:, 3:], carried), rest, rtol=1e-14)


def test_the_forget_gate_starts_open() -> None:
    assert nn.LSTM(3, 2).bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    recurrent = nn.GRU(3, 4, dtype=np.float64).recurrent
    np.testing.assert_allclose(recurrent[:, :4] @ recurrent[:, :4].T, np.eye(4), atol=1e-14)


# ── attention ───────────────────────────────────────────────────────────────────────────────────────────────


def test_causal_attention_does_not_see_what_comes() -> None:
    block = nn.TransformerBlock(8, 2, causal=True, rotary=True, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(1, 6, 8))
    changed = x.copy()
    changed[:, 4:] += 1
    np.testing.assert_allclose(block(changed)[:, :4], block(x)[:, :4], rtol=1e-13)
    assert not np.allclose(block(changed)[:, 4:], block(x)[:, 4:])


def test_turned_scores_hang_on_distance_alone() -> None:
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(1, 8)), rng.normal(size=(1, 8))
    scores = [float(np.sum(nn.rotary(query, start=t) * nn.rotary(key, start=t + 3))) for t in (0, 5, 40)]
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-12)


def test_a_row_that_may_look_at_nothing_is_the_mean() -> None:
    values = np.array([[[1.0], [3.0]]])
    found = nn.attention(np.ones((1, 2, 2)), np.ones((1, 2, 2)), values, np.zeros((2, 2), bool))
    assert found.ravel().tolist() == [2.0, 2.0]
