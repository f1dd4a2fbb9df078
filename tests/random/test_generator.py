"""The generator against its published vectors, keys, and the same bits however it is run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import workings as wk
from tests.ops.checks import same_bits
from tests.ops.oracles import mixed, threefry_words
from workings import random
from workings.graph import Graph, evaluate
from workings.write import write_python_function

# rounds, counter, key, words: tests/kat_vectors of Random123, by Salmon, Moraes, Dror and Shaw
PUBLISHED = [
    (13, (0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x9D1C5EC6, 0x8BD50731)),
    (13, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    (13, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
    (20, (0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    (20, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    (20, (0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    (32, (0x00000000, 0x00000000), (0x00000000, 0x00000000), (0xCEE3D47E, 0xA23DFD5C)),
    (32, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x6E2FE0D0, 0xB1B76F82)),
]

KEY = random.key(20_260_401)


@pytest.mark.parametrize(("rounds", "counter", "key", "words"), PUBLISHED)
def test_the_oracle_gives_the_published_words(rounds: int, counter: Any, key: Any, words: Any) -> None:
    assert threefry_words(key, counter, rounds) == words


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize(("counter", "key", "words"), [row[1:] for row in PUBLISHED if row[0] == 20])
def test_published_words(counter: Any, key: Any, words: Any, dtype: type) -> None:
    """For plain arrays, and traced on every engine, with one counter and with several."""
    keys = np.array(key, np.uint32)
    number = np.uint64(counter[0] + (counter[1] << 32)).astype(dtype)
    for numbers in (number, np.full((2, 3), number)):
        for function in (
            random.threefry,
            wk.jit(random.threefry),
            wk.jit(random.threefry, engine="reference"),
            lambda k, c: evaluate(wk.trace(random.threefry, k, c), [k, c])[0],
        ):
            found = function(keys, numbers)
            assert (found.dtype, found.shape) == (np.uint32, (*numbers.shape, 2))
            assert np.all(found == np.array(words))


def test_the_mixing_of_shuffles_is_murmurs() -> None:
    # MurmurHash3 of no bytes is the end of it alone, applied to the seed: Appleby's 32-bit variant for x86
    assert mixed(0) == 0
    assert mixed(1) == 0x514E28B7
    assert mixed(0xFFFFFFFF) == 0x81F16F39


# ── keys ──


def test_keys_of_seeds() -> None:
    for seed, words in ((0, [0, 0]), (7, [7, 0]), (2**32 + 5, [5, 1]), (2**64 - 1, [2**32 - 1] * 2)):
        found = random.key(seed)
        assert (found.tolist(), found.dtype) == (words, np.uint32)
    assert random.key(np.uint8(7)).tolist() == [7, 0]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "7", None])
def test_no_key_of(seed: Any) -> None:
    with pytest.raises(wk.ArgumentError, match="makes no key"):
        random.key(seed)


def test_a_traced_seed_is_told_what_to_do() -> None:
    with pytest.raises(wk.ArgumentError, match="fold_in"):
        wk.trace(lambda seed: random.key(seed), 3)


@pytest.mark.parametrize("wrong", [7, [7, 0], np.array([7, 0]), np.array([1.0, 2.0]), np.zeros(2, np.uint64)])
def test_what_is_no_key_by_its_dtype(wrong: Any) -> None:
    for draw in (
        lambda: random.uniform(wrong, 3),
        lambda: random.fold_in(wrong, 3),
        lambda: random.permutation(wrong, 3),
    ):
        with pytest.raises(wk.DtypeError, match=r"two words of uint32\n.*workings\.random\.key\(seed\)"):
            draw()


def test_what_is_no_key_by_its_shape() -> None:
    with pytest.raises(wk.ShapeError, match=r"shape \(3,\), and a key is two words"):
        random.uniform(np.zeros(3, np.uint32))
    with pytest.raises(wk.ShapeError, match=r"one key is needed, and \(2,\) are given"):
        random.normal(random.split(KEY), 3)
    with pytest.raises(wk.ShapeError, match="a key is two words"):
        wk.trace(lambda k: random.threefry(k, 0), np.zeros(3, np.uint32))


def test_what_cannot_be_folded_in() -> None:
    for data in (-1, np.array([0, -1]), 2**63):
        with pytest.raises(wk.ArgumentError, match="negative, or too large"):
            random.fold_in(KEY, data)
    with pytest.raises(wk.DtypeError, match="float64 is no whole number"):
        random.fold_in(KEY, 1.0)
    with pytest.raises(wk.DtypeError, match="float64 is no whole number"):
        wk.trace(lambda step: random.fold_in(KEY, step), 1.0)


@pytest.mark.parametrize(
    "data",
    [3, np.int64(2**40 + 1), np.uint8(200), np.int32(7), np.uint32(2**32 - 1), np.arange(4), np.array([[1], [2]])],
)
def test_traced_numbers_are_folded_in_as_plain_ones(data: Any) -> None:
    wanted = random.fold_in(KEY, data)
    assert wanted.shape == (*np.shape(data), 2)
    for engine in ("numpy", "reference"):
        assert same_bits(wk.jit(lambda d: random.fold_in(KEY, d), engine=engine)(data), wanted)
        assert same_bits(wk.jit(random.fold_in, engine=engine)(KEY, data), wanted)
    each = [random.fold_in(KEY, int(d)) for d in np.ravel(data)]
    assert same_bits(np.reshape(np.stack(each), wanted.shape), wanted)


def test_keys_and_draws_of_one_key_share_no_block() -> None:
    """Folding in takes the counters below 0, and drawing those from 0 on."""
    drawn = {tuple(block) for block in random.threefry(KEY, np.arange(3000)).tolist()}
    keys = {tuple(key) for key in random.fold_in(KEY, np.arange(3000)).tolist()}
    assert len(drawn) == len(keys) == 3000
    assert not drawn & keys


def test_every_seed_step_and_draw_has_a_key_of_its_own() -> None:
    steps = np.arange(50)
    found = [
        random.fold_in(random.fold_in(random.key(seed), steps)[:, None, :], np.arange(20))
        for seed in (0, 1, 2, 2**32, 2**63)
    ]
    assert len({tuple(key) for key in np.stack(found).reshape(-1, 2).tolist()}) == 5 * 50 * 20


@pytest.mark.parametrize("part", ["seed", "step", "draw"])
def test_one_bit_changes_half_of_the_bits(part: str) -> None:
    """In what is drawn for (seed, step, draw), whichever of the three a bit is flipped in."""
    flips = []
    for bit in range(32):
        for n in range(40):
            at = {"seed": n * 7919, "step": n * 31, "draw": n}
            moved = at | {part: at[part] ^ 1 << bit}
            one, two = (
                random.bits(random.fold_in(random.fold_in(random.key(a["seed"]), a["step"]), a["draw"]), 8)
                for a in (at, moved)
            )
            flips.append(np.bitwise_count(one ^ two).sum())
    counts = np.array(flips)  # each of 256 fair coins
    assert abs(counts.mean() - 128) < 5 * 8 / np.sqrt(counts.size)
    assert 0.8 < counts.var() / 64 < 1.2
    assert counts.min() > 80
    assert counts.max() < 176


@pytest.mark.parametrize("other", ["seed", "step", "draw"])
def test_neighbors_are_independent(other: str) -> None:
    n = 100_000
    keys = {
        "seed": (random.key(11), random.key(12)),
        "step": (random.fold_in(KEY, 4), random.fold_in(KEY, 5)),
        "draw": tuple(random.fold_in(random.fold_in(KEY, 4), np.arange(2))),
    }[other]
    x, y = (random.uniform(key, n) for key in keys)
    assert abs(np.corrcoef(x, y)[0, 1]) < 5 / np.sqrt(n)
    cells = np.histogram2d(x, y, bins=16)[0]
    assert 1e-4 < scipy.stats.chisquare(cells.ravel()).pvalue < 1 - 1e-4
    assert scipy.stats.ks_2samp(x, y).pvalue > 1e-4


def test_splitting() -> None:
    found = random.split(KEY, 5)
    assert (found.shape, found.dtype) == ((5, 2), np.uint32)
    assert len({tuple(key) for key in found.tolist()}) == 5
    assert same_bits(random.split(KEY), found[:2])
    assert random.split(KEY, 0).shape == (0, 2)
    with pytest.raises(wk.ArgumentError, match="-1 is no count"):
        random.split(KEY, -1)


# ── bits ──


def test_bits_are_as_likely_as_each_other() -> None:
    words = random.bits(KEY, 200_000)
    ones = (words[:, None] >> np.arange(32, dtype=np.uint32) & 1).sum(axis=0, dtype=int)
    z = (ones - 100_000) / np.sqrt(50_000)
    assert np.abs(z).max() < 4.5
    for shift in (0, 8, 16, 24):
        counts = np.bincount(words >> shift & 255, minlength=256)
        assert 1e-4 < scipy.stats.chisquare(counts).pvalue < 1 - 1e-4
    pairs = np.bincount((words[:-1] >> 28) * 16 + (words[1:] >> 28), minlength=256)
    assert 1e-4 < scipy.stats.chisquare(pairs).pvalue < 1 - 1e-4


def test_a_shorter_draw_begins_a_longer_one() -> None:
    whole = random.bits(KEY, 101)
    for n in range(8):
        assert same_bits(random.bits(KEY, n), whole[:n])
    assert same_bits(random.bits(KEY, (4, 25)), whole[:100].reshape(4, 25))
    assert same_bits(random.bits(KEY), whole[0])
    for dtype in (np.float32, np.float64):
        assert same_bits(random.uniform(KEY, 7, dtype), random.uniform(KEY, 30, dtype)[:7])


# ── the same however it is run ──

DRAWS: dict[str, Callable[[Any], Any]] = {
    "bits": lambda key: random.bits(key, (3, 5)),
    "bits of none": lambda key: random.bits(key, (0, 5)),
    "one word": lambda key: random.bits(key),
    "uniform": lambda key: random.uniform(key, (4, 3)),
    "uniform float32": lambda key: random.uniform(key, 7, np.float32, -1.0, 3.0),
    "one number": lambda key: random.uniform(key),
    "normal": lambda key: random.normal(key, 33),
    "normal float32": lambda key: random.normal(key, (5, 7), np.float32),
    "one normal": lambda key: random.normal(key),
    "no normal": lambda key: random.normal(key, 0),
    "gumbel": lambda key: random.gumbel(key, 5),
    "gumbel float32": lambda key: random.gumbel(key, 6, np.float32),
    "bernoulli": lambda key: random.bernoulli(key, 0.3, (3, 3)),
    "categorical": lambda key: random.categorical(key, np.log(np.arange(1.0, 13)).reshape(3, 4)),
    "permutation": lambda key: random.permutation(key, 37),
    "split": lambda key: random.split(key, 3),
    "nested": lambda key: random.uniform(random.fold_in(random.fold_in(key, 5), 2**40), 3),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_bits_everywhere(name: str) -> None:
    """Plain, as a graph, on both engines, and as the written function on its own, where a warning is an error."""
    draw = DRAWS[name]
    wanted = draw(KEY)
    graph = wk.trace(draw, KEY)
    assert same_bits(evaluate(graph, [KEY])[0], wanted)
    for engine in ("numpy", "reference"):
        assert same_bits(wk.jit(draw, engine=engine)(KEY), wanted)
    # only the key's type is known, so one graph serves every key
    other = random.key(2**64 - 1)
    assert same_bits(evaluate(graph, [other])[0], draw(other))
    written = write_python_function(Graph(graph.inputs, graph.outputs, name="f"))
    namespace: dict[str, Any] = {}
    exec(written.source, namespace)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = namespace["f"](KEY, *(written.arrays[constant] for constant in written.constants))
    assert same_bits(found, wanted)


def test_unsigned_scalars_wrap_around_without_a_warning_in_the_written_function() -> None:
    written = write_python_function(wk.trace(lambda x, y: -(x * y + x - 7), np.uint32(1), np.uint32(1)), "f")
    namespace: dict[str, Any] = {}
    exec(written.source, namespace)
    x, y = 2**32 - 5, 2**31 + 9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert namespace["f"](np.uint32(x), np.uint32(y)) == -(x * y + x - 7) % 2**32


def test_cells_draw_too() -> None:
    key = wk.constant(KEY)
    noise = random.normal(key, 3)
    assert same_bits(noise.value, random.normal(KEY, 3))
    w = wk.parameter(2.0)
    assert same_bits(wk.gradient(np.sum(w * noise), w).value, np.sum(random.normal(KEY, 3)))


def test_random_numbers_have_no_derivative_but_their_bounds_have() -> None:
    u = random.uniform(KEY, 5)
    drawn = wk.grad(lambda low, high: np.sum(random.uniform(KEY, 5, low=low, high=high)), wrt=(0, 1))(1.0, 3.0)
    np.testing.assert_allclose(drawn, (np.sum(1 - u), np.sum(u)), rtol=1e-14)


def test_a_key_is_one_node_and_a_draw_a_few() -> None:
    graph = wk.trace(lambda step: random.bernoulli(random.fold_in(KEY, step), 0.5, 64), 3)
    assert [node.op.name for node in graph.nodes if node.inputs] == [
        "invert",
        "threefry",
        "threefry",
        "reshape",
        "less",
    ]


@pytest.mark.parametrize(
    ("draw", "error", "words"),
    [
        (lambda: random.uniform(KEY, 3, np.float16), wk.DtypeError, "no random numbers of dtype float16"),
        (lambda: random.normal(KEY, 3, int), wk.DtypeError, "no random numbers of dtype int64"),
        (lambda: random.uniform(KEY, -1), wk.ArgumentError, "uniform: -1 is no count"),
        (lambda: random.bits(KEY, 2.0), wk.ArgumentError, "bits: 2.0 is no count"),  # type: ignore[arg-type]
        (lambda: random.bernoulli(KEY, 1.5), wk.ArgumentError, "p is no probability"),
        (lambda: random.bernoulli(KEY, np.array([0.5, np.nan])), wk.ArgumentError, "p is no probability"),
        (lambda: random.categorical(KEY, 1.0), wk.ShapeError, "nothing to choose"),
        (lambda: random.threefry(KEY, 0.5), wk.DtypeError, "float64 is no whole number"),
        (lambda: random.shuffled(KEY, 5, 5), wk.ShapeError, "out of range for 5 numbers"),
        (lambda: random.shuffled(KEY, 5, [-1]), wk.ShapeError, "out of range for 5 numbers"),
        (lambda: random.shuffled(KEY, 0, 0), wk.ArgumentError, "0 numbers cannot be shuffled"),
        (lambda: random.shuffled(KEY, 2**32 + 1, 0), wk.ArgumentError, "cannot be shuffled"),
        (lambda: random.permutation(KEY, 2.5), wk.ArgumentError, "2.5 is no count"),  # type: ignore[arg-type]
    ],
)
def test_bad_arguments(draw: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        draw()
