"""What is drawn has the distribution that it says, held against SciPy; the seeds are fixed, the bounds generous."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import workings as wk
from workings import random
from workings.random import _fractions

N = 200_000
SEEDS = [random.key(seed) for seed in (1, 2**40)]
FLOATS = [np.float32, np.float64]


def fits(counts: Any, expected: Any = None) -> bool:
    return bool(1e-4 < scipy.stats.chisquare(counts, expected).pvalue < 1 - 1e-4)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("key", SEEDS, ids=str)
def test_uniform(key: Any, dtype: Any) -> None:
    x = random.uniform(key, N, dtype)
    assert (x.dtype, x.shape) == (dtype, (N,))
    assert x.min() >= 0
    assert x.max() < 1
    whole = x.astype(np.float64) * 2 ** (24 if dtype == np.float32 else 53)
    assert np.all(whole == np.rint(whole))
    assert scipy.stats.kstest(x.astype(np.float64), "uniform").pvalue > 1e-4
    assert abs(x.mean(dtype=float) - 0.5) < 5 * math.sqrt(1 / 12 / N)
    assert abs(x.var(dtype=float) - 1 / 12) < 5 * math.sqrt(1 / 180 / N)
    assert fits(np.bincount((x * 1000).astype(int), minlength=1000))
    # the bits that come last are random too
    assert fits(np.bincount(whole.astype(np.int64) & 255, minlength=256))
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 5 / math.sqrt(N)


def test_uniform_between_bounds() -> None:
    low, high = np.array([-1.0, 0.0, 10.0]), np.array([1.0, 1e-3, 1e6])
    x = random.uniform(SEEDS[0], (N // 10, 3), low=low, high=high)
    assert np.all((x >= low) & (x <= high))
    for k in range(3):
        assert scipy.stats.kstest(x[:, k], "uniform", (low[k], high[k] - low[k])).pvalue > 1e-4
    one = random.uniform(SEEDS[0], 100, np.float32, -2, 2)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, random.uniform(SEEDS[0], 100, np.float32) * 4 - 2)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("key", SEEDS, ids=str)
def test_normal(key: Any, dtype: Any) -> None:
    x = random.normal(key, N, dtype)
    assert (x.dtype, x.shape) == (dtype, (N,))
    x = x.astype(np.float64)
    assert scipy.stats.kstest(x, "norm").pvalue > 1e-4
    for power, mean in ((1, 0), (2, 1), (3, 0), (4, 3)):
        spread = math.sqrt(scipy.stats.norm.moment(2 * power) - mean**2)
        assert abs(np.mean(x**power) - mean) < 5 * spread / math.sqrt(N)
    # far out: as many as there should be, on both sides
    for side in (x, -x):
        for bound in (2.0, 3.0, 4.0):
            expected = scipy.stats.norm.sf(bound)
            assert scipy.stats.binomtest(int(np.sum(side > bound)), N, expected).pvalue > 1e-4
    # the two of a pair know nothing of one another, nor do their sizes, nor do neighbors
    for one, two in ((x[0::2], x[1::2]), (x[1:-1:2], x[2::2])):
        assert abs(np.corrcoef(one, two)[0, 1]) < 5 / math.sqrt(N / 2)
        assert abs(np.corrcoef(one**2, two**2)[0, 1]) < 5 / math.sqrt(N / 2)
    angles = np.arctan2(x[1::2], x[0::2])
    assert scipy.stats.kstest(angles, "uniform", (-math.pi, 2 * math.pi)).pvalue > 1e-4


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal_is_accurate(dtype: Any) -> None:
    """To a few last places of what the exact formula gives for the same random bits."""
    n = 10_000
    u = _fractions(SEEDS[0], n, np.dtype(dtype)).astype(np.longdouble)
    radius, angle = np.sqrt(-2 * np.log(u[0::2])), 2 * np.pi * u[1::2]
    exact = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
    # an angle of up to 2π is rounded to eps / 2 of itself
    bound = 8 * np.finfo(dtype).eps * np.maximum(np.repeat(radius, 2), 1)
    assert np.all(np.abs(random.normal(SEEDS[0], n, dtype) - exact) <= bound)


def _block(monkeypatch: pytest.MonkeyPatch, words: tuple[int, int]) -> None:
    """Every block of random bits is this one."""
    monkeypatch.setattr(
        random.lacking, "threefry", lambda key, counter: np.full((*np.shape(counter), 2), words, np.uint32)
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_ends_of_what_can_be_drawn(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all bits 0, and all bits 1: finite numbers, within the bounds, and no warning."""
    key, wide = SEEDS[0], dtype == np.float64
    _block(monkeypatch, (0, 0))
    assert random.uniform(key, 1, dtype) == 0
    largest = random.normal(key, 1, dtype)[0]
    assert largest == pytest.approx(math.sqrt(2 * math.log(2) * (65 if wide else 33)), rel=1e-6)
    assert round(float(largest), 1) == (9.5 if wide else 6.8)
    assert random.gumbel(key, 1, dtype)[0] == pytest.approx(math.log(2) * (65 if wide else 33), rel=1e-6)
    assert random.bernoulli(key, 2.0**-32)
    assert not random.bernoulli(key, 0.0)
    _block(monkeypatch, (2**32 - 1, 2**32 - 1))
    assert random.uniform(key, 1, dtype) == 1 - np.finfo(dtype).epsneg
    assert random.normal(key, 1, dtype) == 0
    smallest = -math.log(math.log(2) * (53 if wide else 24))
    assert random.gumbel(key, 1, dtype)[0] == pytest.approx(smallest, rel=1e-6)
    assert random.bernoulli(key, 1.0)
    assert not random.bernoulli(key, 1 - 2.0**-32)


@pytest.mark.parametrize("dtype", FLOATS)
def test_gumbel(dtype: Any) -> None:
    x = random.gumbel(SEEDS[1], N, dtype)
    assert x.dtype == dtype
    assert scipy.stats.kstest(x.astype(np.float64), "gumbel_r").pvalue > 1e-4
    assert abs(x.mean(dtype=float) - np.euler_gamma) < 5 * math.pi / math.sqrt(6 * N)
    for bound in (4.0, 7.0, 10.0):
        assert scipy.stats.binomtest(int(np.sum(x > bound)), N, scipy.stats.gumbel_r.sf(bound)).pvalue > 1e-4


@pytest.mark.parametrize("p", [0.5, 0.1, 0.999, 1e-3, np.float32(0.3), 1 / 3])
def test_bernoulli(p: float) -> None:
    drawn = random.bernoulli(SEEDS[0], p, N)
    assert drawn.dtype == bool
    assert scipy.stats.binomtest(int(drawn.sum()), N, float(p)).pvalue > 1e-4


def test_bernoulli_never_always_and_each_its_own() -> None:
    p = np.array([0.0, 1.0, 0.25])
    drawn = random.bernoulli(SEEDS[0], p, (N, 3))
    assert drawn.sum(axis=0)[:2].tolist() == [0, N]
    assert scipy.stats.binomtest(int(drawn[:, 2].sum()), N, 0.25).pvalue > 1e-4
    assert random.bernoulli(SEEDS[0], p).shape == (3,)
    assert random.bernoulli(SEEDS[0], 1) == np.True_
    assert type(random.bernoulli(SEEDS[0], 0)) is np.bool_
    # a traced probability: what is kept of a layer is a setting that may change
    keep = wk.jit(lambda p: random.bernoulli(SEEDS[0], p, 1000))
    for share in (0.0, 0.2, 1.0):
        np.testing.assert_array_equal(keep(share), random.bernoulli(SEEDS[0], share, 1000))
    np.testing.assert_array_equal(keep(np.float32(0.2)), random.bernoulli(SEEDS[0], np.float32(0.2), 1000))


@pytest.mark.parametrize("dtype", FLOATS)
def test_categorical(dtype: Any) -> None:
    logits = np.array([0.3, -np.inf, 2.0, -1.0, 100.0 - 98.5], dtype)
    wanted = scipy.special.softmax(logits.astype(float))
    drawn = random.categorical(SEEDS[0], np.broadcast_to(logits, (N, 5)))
    counts = np.bincount(drawn, minlength=5)
    assert counts[1] == 0
    assert fits(np.delete(counts, 1), N * np.delete(wanted, 1))
    # along another axis, and one at a time
    by_column = random.categorical(SEEDS[1], np.broadcast_to(logits[:, None], (5, N)), axis=0)
    assert fits(np.delete(np.bincount(by_column, minlength=5), 1), N * np.delete(wanted, 1))
    assert random.categorical(SEEDS[0], [0.0, 1000.0, 0.0]) == 1
    assert random.categorical(SEEDS[0], [0, 1000, 0]) == 1
    assert np.shape(random.categorical(SEEDS[0], np.zeros((2, 3, 4)))) == (2, 3)


def test_rare_classes_are_drawn_in_float32() -> None:
    """With as fine a grain as float64 has for one in a hundred thousand."""
    logits = np.array([0.0, math.log(1e-5)], np.float32)
    drawn = sum(
        int(random.categorical(random.fold_in(SEEDS[0], k), np.broadcast_to(logits, (N, 2))).sum()) for k in range(10)
    )
    assert scipy.stats.binomtest(drawn, 10 * N, 1e-5 / (1 + 1e-5)).pvalue > 1e-4
