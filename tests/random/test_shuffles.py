"""Shuffles are bijections, every order as likely as any other, and the same one by one as all at once."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

import workings as wk
from tests.ops.checks import same_bits
from workings import random

KEY = random.key(5)
POWERS = [2**k + d for k in range(1, 17) for d in (-1, 0, 1)]
PRIMES = [2, 3, 5, 7, 11, 13, 97, 101, 997, 7919, 65537]


def many(n: int, count: int, key: Any = KEY) -> np.ndarray:
    """`count` shuffles of n, each by a key of its own."""
    return random.shuffled(random.split(key, count)[:, None, :], n, np.arange(n))


@pytest.mark.parametrize("n", sorted({0, 1, *POWERS, *PRIMES, *range(2, 70), 60_000, 10**5}))
def test_a_permutation_holds_each_number_once(n: int) -> None:
    for seed in range(3):
        found = random.permutation(random.key(seed), n)
        assert (found.dtype, found.shape) == (np.int64, (n,))
        assert np.array_equal(np.sort(found), np.arange(n))


def test_places_one_by_one() -> None:
    for n in (1, 2, 10, 1000, 60_000):
        whole = random.permutation(KEY, n)
        some = np.arange(n)[:: max(1, n // 50)]
        assert same_bits(random.shuffled(KEY, n, some), whole[some])
        assert same_bits(random.shuffled(KEY, n, some.reshape(-1, 1)), whole[some].reshape(-1, 1))
        for i in some[:10]:
            assert random.shuffled(KEY, n, int(i)) == whole[i]
        for dtype in (np.int32, np.uint32, np.uint64):
            assert same_bits(random.shuffled(KEY, n, some.astype(dtype)), whole[some])
        assert random.shuffled(KEY, n, np.zeros(0, int)).shape == (0,)


@pytest.mark.parametrize("engine", ["numpy", "reference"])
def test_traced_keys_and_places(engine: str) -> None:
    """A batch of an epoch: the key folded from the epoch, the places from the step."""
    n, size = 1000, 32

    def batch(step: Any) -> Any:
        steps = n // size
        places = step % steps * size + np.arange(size)
        return random.shuffled(random.fold_in(KEY, step // steps), n, places)

    jitted = wk.jit(batch, engine=engine)
    for step in (0, 1, 30, 31, 61):
        wanted = random.permutation(random.fold_in(KEY, step // 31), n)[step % 31 * size :][:size]
        assert same_bits(jitted(step), wanted)
        assert same_bits(jitted(np.int64(step)), wanted)
    epoch = np.concatenate([jitted(step) for step in range(31, 62)])
    assert len(set(epoch.tolist())) == 31 * size


def test_a_traced_place_out_of_range_counts_modulo() -> None:
    at = wk.jit(lambda i: random.shuffled(KEY, 10, i))
    whole = random.permutation(KEY, 10)
    assert at(13) == whole[3]
    assert at(-1) == whole[9]


def test_a_shuffle_of_billions_stores_nothing() -> None:
    n = 2**32
    places = np.arange(0, n, n // 1000)
    found = random.shuffled(KEY, n, places)
    assert len(set(found.tolist())) == places.size
    assert found.min() >= 0
    assert found.max() < n
    assert scipy.stats.kstest(found / n, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(places, found)[0, 1]) < 5 / math.sqrt(places.size)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7])
def test_every_order_is_as_likely_as_any_other(n: int) -> None:
    orders = list(itertools.permutations(range(n)))
    found = many(n, 40 * len(orders) if n > 4 else 4000)
    code = found @ n ** np.arange(n)
    counts = [np.sum(code == np.array(order) @ n ** np.arange(n)) for order in orders]
    assert 1e-4 < scipy.stats.chisquare(counts).pvalue < 1 - 1e-4


@pytest.mark.parametrize("n", [8, 9, 10, 25, 49, 100])
def test_larger_shuffles(n: int) -> None:
    """Where each goes, where each two go, odd and even orders, inversions, fixed points and steps between neighbors."""
    count = 20_000
    found = many(n, count)
    for i in (0, 1, n // 2, n - 1):
        assert 1e-4 < scipy.stats.chisquare(np.bincount(found[:, i], minlength=n)).pvalue < 1 - 1e-4
    for i, j in ((0, 1), (0, n - 1), (n // 2, n - 1), (1, n // 2 + 1)):
        pairs = np.bincount(found[:, i] * n + found[:, j], minlength=n * n).reshape(n, n)
        assert 1e-4 < scipy.stats.chisquare(pairs[~np.eye(n, dtype=bool)]).pvalue < 1 - 1e-4
    inversions = sum((found[:, i, None] > found[:, i + 1 :]).sum(axis=1) for i in range(n))
    assert scipy.stats.binomtest(int((inversions % 2).sum()), count).pvalue > 1e-4
    variance = n * (n - 1) * (2 * n + 5) / 72
    assert abs(inversions.mean() - n * (n - 1) / 4) < 5 * math.sqrt(variance / count)
    assert abs(inversions.var() / variance - 1) < 0.08
    fixed = (found == np.arange(n)).sum(axis=1)
    assert abs(fixed.mean() - 1) < 5 / math.sqrt(count)
    assert abs(fixed.var() - 1) < 0.1
    steps = np.bincount(((found[:, 1:] - found[:, :-1]) % n).ravel(), minlength=n)[1:]
    assert 1e-4 < scipy.stats.chisquare(steps).pvalue < 1 - 1e-4


def test_batches_are_mixed_well() -> None:
    """Of sorted classes, each batch of an epoch has what a draw without putting back would give it."""
    n, size, classes = 10_000, 100, 10
    labels = np.arange(n) * classes // n
    spread = size / classes * (1 - 1 / classes) * (n - size) / (n - 1)
    ratios = []
    for epoch in range(40):
        batches = labels[random.permutation(random.fold_in(KEY, epoch), n)].reshape(-1, size)
        counts = np.stack([np.bincount(batch, minlength=classes) for batch in batches])
        ratios.append(np.mean((counts - size / classes) ** 2) / spread)
    # of about 900 independent squares each
    assert abs(np.mean(ratios) - 1) < 5 * math.sqrt(2 / 900 / 40)
    assert 0.5 < np.std(ratios) / math.sqrt(2 / 900) < 1.6


def test_shuffles_by_neighboring_keys_are_independent() -> None:
    n = 50_000
    keys = [random.key(0), random.key(1), random.fold_in(random.key(0), 0), random.fold_in(random.key(0), 1)]
    orders = [random.permutation(key, n) for key in keys]
    for one, two in itertools.combinations([np.arange(n), *orders], 2):
        assert abs(scipy.stats.spearmanr(one, two).statistic) < 5 / math.sqrt(n)
        assert np.sum(one == two) < 12  # about one is expected
