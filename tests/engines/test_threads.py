"""Threads of the engine native: how many, the same bits for any number, and runs at the same time."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import nn
from workings.engines.native import jit
from workings.engines.native.schedule import shared_out
from workings.engines.native.threads import available, run_together, thread_count
from workings.errors import ArgumentError
from workings.lower import lower_program
from workings.trace.trees import flatten

DIGITS = pytest.importorskip("sklearn.datasets").load_digits()


def test_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKINGS_THREADS", raising=False)
    assert 1 <= available() == thread_count() <= 8
    assert thread_count(3) == 3
    monkeypatch.setenv("WORKINGS_THREADS", "2")
    assert (thread_count(), thread_count(1)) == (2, 1)
    for wrong in ("0", "two", "-1", "65", "1.5"):
        monkeypatch.setenv("WORKINGS_THREADS", wrong)
        with pytest.raises(ArgumentError) as caught:
            thread_count()
        assert str(caught.value) == (
            f"the environment variable WORKINGS_THREADS is {wrong!r}; it is a number of threads from 1 to 64"
            "\n  Instead: WORKINGS_THREADS=1"
        )
    for number in (0, -1, 65, 1.5, True):
        with pytest.raises(ArgumentError, match=f"threads is {number}; it is a number from 1 to 64"):
            wk.jit(lambda x: x + 1, engine="native", threads=number)(np.ones(3))  # type: ignore[arg-type]


def test_all_are_called_and_the_first_one_answers() -> None:
    called: list[int] = []

    def each(thread: int, threads: int, meeting: int, rest: int) -> int:
        assert threads == 3
        assert meeting % 128 == 0
        assert rest
        called.append(thread)
        return thread + 10

    assert run_together(each, 3) == 10
    assert sorted(called) == [0, 1, 2]


def test_an_error_of_one_is_raised() -> None:
    def each(thread: int, threads: int, meeting: int, rest: int) -> int:
        if thread:
            raise OSError("no")
        return 0

    with pytest.raises(OSError, match="no"):
        run_together(each, 2)
    assert run_together(lambda thread, *_: thread, 2) == 0


def _large(x: Any) -> Any:
    h = np.tanh(x @ x.T)
    return h, np.sum(np.exp(h), axis=0), np.max(h), np.mean(h * h)


def test_any_number_gives_the_same_bits() -> None:
    x = np.random.default_rng(0).normal(size=(301, 257)).astype(np.float32)
    one = wk.jit(_large, engine="native", threads=1)(x)
    for threads in (2, 3, 7):
        for a, b in zip(one, wk.jit(_large, engine="native", threads=threads)(x), strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def test_runs_at_the_same_time() -> None:
    x = np.random.default_rng(0).normal(size=(150, 150))
    f = wk.jit(_large, engine="native", threads=2)
    expected, found = f(x), []
    workers = [threading.Thread(target=lambda: found.extend(f(x) for _ in range(20))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 80
    for some in found:
        assert [np.asarray(v).tobytes() for v in some] == [np.asarray(v).tobytes() for v in expected]


# ── on the runs that people have ────────────────────────────────────────────────────────────────────────────


def _digits(**options: Any) -> wk.Run:
    model = nn.Sequential(
        nn.Linear(64, 128, rng=0), nn.ReLU(), nn.Linear(128, 64, rng=1), nn.ReLU(), nn.Linear(64, 10, rng=2)
    )
    x = DIGITS.data[:500] / 16
    settings = {"loss": "cross_entropy", "optimizer": wk.Adam(0.003), "epochs": 3, "batch_size": 64}
    return wk.fit(model, x, DIGITS.target[:500], engine="native", progress=False, **settings, **options)


def _transformer(**options: Any) -> wk.Run:
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Embedding(30, 64, rng=rng),
        nn.LearnedPositions(64, 64, rng=rng),
        nn.TransformerBlock(64, 4, causal=True, rng=rng),
        nn.LayerNorm(64),
        nn.Linear(64, 30, rng=rng),
    )
    text = rng.integers(0, 30, (48, 65))
    settings = {"loss": "cross_entropy", "optimizer": wk.AdamW(0.003), "epochs": 2, "batch_size": 16}
    return wk.fit(model, text[:, :-1], text[:, 1:], engine="native", progress=False, **settings, **options)


@pytest.mark.parametrize("train", [_digits, _transformer])
def test_a_run_has_the_same_bits_on_one_thread_and_two_and_for_other_registers(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = train(threads=2)
    assert shared_out(lower_program(two.program), jit.host_machine()), "nothing is shared out"
    runs = [train(threads=1)]
    host = jit._host()
    if "+avx2" in host.features.split(",") and "+fma" in host.features.split(","):
        # a processor without AVX-512: other registers, and other instructions
        older = host._replace(cpu="haswell", features="+avx,+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt,+f16c,+movbe")
        monkeypatch.setattr(jit, "_host", lambda: older)
        assert jit.host_machine().vector == 32
        runs += [train(threads=1), train(threads=2)]
        assert "zmm" not in jit._machine().emit_assembly(_module(runs[-1]))
    for run in runs:
        assert run.losses.tobytes() == two.losses.tobytes()
        for (_, a), (_, b) in zip(flatten(run.model), flatten(two.model), strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def _module(run: wk.Run) -> Any:
    module = jit._llvm().parse_assembly(run.source("llvm"))
    module.triple = jit._host().triple
    return module
