"""What surrounds a layer: the key it draws with, and whether it is trained."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.ops.checks import same_bits
from workings import random
from workings.graph import evaluate

KEY = random.key(3)
X = np.linspace(-1, 1, 12).reshape(3, 4)


def dropout(x: Any, rate: float = 0.5) -> Any:
    """A layer as one would write it."""
    if not wk.training():
        return x
    keep = random.bernoulli(random.next_key(), 1 - rate, np.shape(x))
    return np.where(keep, x / (1 - rate), 0.0)


def test_outside_nothing_is_trained_and_nothing_is_drawn() -> None:
    assert not wk.training()
    assert dropout(X) is X
    with pytest.raises(wk.ArgumentError) as caught:
        random.next_key()
    assert str(caught.value) == (
        "a key for random numbers is asked for outside of workings.random.drawing\n"
        "  Instead: with workings.random.drawing(workings.random.key(seed)): … around the call"
    )


def test_keys_count_up_from_0_each_time() -> None:
    for _ in range(2):
        with random.drawing(KEY):
            assert wk.training()
            for draw in range(3):
                assert same_bits(random.next_key(), random.fold_in(KEY, draw))
    assert not wk.training()


def test_the_inner_one_holds() -> None:
    with random.drawing(KEY):
        random.next_key()
        with random.drawing(random.key(4), training=False):
            assert not wk.training()
            assert same_bits(random.next_key(), random.fold_in(random.key(4), 0))
        with random.drawing(training=False), pytest.raises(wk.ArgumentError, match="inside of a drawing without a key"):
            random.next_key()
        assert wk.training()
        assert same_bits(random.next_key(), random.fold_in(KEY, 1))


def test_it_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), random.drawing(KEY):
        raise ZeroDivisionError
    assert not wk.training()


def test_a_seed_is_no_key() -> None:
    with pytest.raises(wk.DtypeError, match="the key 7 is int64"), random.drawing(7):
        pass


def test_another_thread_is_outside() -> None:
    found = []
    with random.drawing(KEY):
        thread = threading.Thread(target=lambda: found.append(wk.training()))
        thread.start()
        thread.join()
    assert found == [False]


# ── traced ──


def loss(w: Any, step: Any) -> Any:
    """Draws with the key of its step, which may be traced."""
    with random.drawing(random.fold_in(KEY, step)):
        return np.sum(dropout(dropout(w * X)) ** 2)


def test_a_traced_function_that_draws_with_a_traced_key() -> None:
    graph = wk.trace(loss, 2.0, 0)
    for step in (0, 1, 2**40):
        plain = loss(2.0, step)
        assert same_bits(evaluate(graph, [np.float64(2.0), np.int64(step)])[0], plain)
        for engine in ("numpy", "reference"):
            assert same_bits(wk.jit(loss, engine=engine)(2.0, step), plain)
        # the gradient sees the same mask as the value
        assert wk.grad(loss)(2.0, step) == pytest.approx(plain, rel=1e-14)  # d(c·w²)/dw = 2·c·w, and w is 2
    assert len({float(loss(2.0, step)) for step in range(20)}) > 15


def test_what_is_entered_around_a_trace() -> None:
    """Both calls of the tracer draw the same, and what is drawn after it goes on."""

    def f(w: Any) -> Any:
        return np.sum(dropout(w * X))

    with random.drawing(KEY):
        first, second = f(2.0), f(2.0)
    assert first != second
    with random.drawing(KEY):
        value, gradient = wk.value_and_grad(f)(2.0)
        assert same_bits(value, first)
        assert gradient == pytest.approx(first / 2, rel=1e-14)
        assert same_bits(evaluate(wk.trace(f, 2.0), [np.float64(2.0)])[0], second)
        assert same_bits(random.next_key(), random.fold_in(KEY, 2))
    with random.drawing(KEY, training=False):
        assert same_bits(evaluate(wk.trace(f, 2.0), [np.float64(2.0)])[0], f(2.0))


def test_jit_does_not_keep_what_was_drawn() -> None:
    f = wk.jit(lambda w: np.sum(dropout(w * X)), engine="numpy")
    plain = np.sum(2.0 * X)
    assert f(2.0) == plain
    found = []
    for seed in range(3):
        with random.drawing(random.key(seed)):
            found.append(f(2.0))
        with random.drawing(random.key(seed)):
            assert same_bits(np.sum(dropout(2.0 * X)), found[-1])
    assert len(set(found)) == 3
    assert f(2.0) == plain


def test_jit_inside_of_a_traced_function() -> None:
    """What is drawn by a traced key is part of the graph, though the arguments are plain."""
    noise = wk.jit(lambda n: random.uniform(random.next_key()) * n)

    def f(step: Any) -> Any:
        with random.drawing(random.fold_in(KEY, step)):
            return noise(3.0)

    graph = wk.trace(f, 0)
    for step in (0, 5):
        assert same_bits(evaluate(graph, [np.int64(step)])[0], f(step))


def test_derivatives_inside_of_a_traced_function() -> None:
    def f(w: Any, step: Any) -> Any:
        with random.drawing(random.fold_in(KEY, step)):
            return wk.grad(lambda v: np.sum(dropout(v * X) ** 2))(w)

    assert same_bits(wk.jit(f)(2.0, 3), f(2.0, 3))
    assert f(2.0, 3) != f(2.0, 4)


def test_a_counter_that_goes_on_is_found() -> None:
    """A context that a function does not enter itself, but only keeps open, makes two calls differ."""
    keep = random.drawing(KEY)
    keep.__enter__()
    try:
        count = iter(range(10))
        with pytest.raises(wk.UnstableError):
            wk.trace(lambda w: w * random.uniform(random.fold_in(KEY, next(count))), 1.0)
    finally:
        keep.__exit__(None, None, None)


def test_boxes_of_a_picture_are_the_functions_that_draw() -> None:
    graph = wk.trace(loss, 2.0, 0)
    scopes = {node.scope for node in graph.nodes if node.op.name == "threefry"}
    assert ("dropout", "bernoulli", "bits") in scopes
    assert not any(part.startswith("_") for node in graph.nodes for part in node.scope)


def test_a_plain_key_in_a_traced_function_draws_constants() -> None:
    graph = wk.trace(lambda x: x + random.normal(KEY, 3), np.zeros(3))
    (noise,) = (node for node in graph.nodes if node.is_constant)
    assert same_bits(noise.value, random.normal(KEY, 3))


# ── trained ──


def test_a_training_that_draws_runs_alone_with_numpy(tmp_path: Path) -> None:
    """The written program, started by itself with warnings as errors, prints the losses of the run."""

    def noisy(w: Any, b: Any, x: Any, y: Any, step: Any) -> Any:
        with random.drawing(random.fold_in(KEY, step)):
            h = dropout(np.tanh(x @ w + b))
            spread = random.normal(random.next_key(), np.shape(h))
            return np.mean((h + 0.01 * spread - y[random.permutation(random.next_key(), 3)]) ** 2)

    start: dict[str, Any] = {
        "parameters": {"w": np.full((4, 2), 0.1), "b": np.zeros(2)},
        "data": {"x": X, "y": np.eye(3, 2), "step": 5},
    }
    runs = [wk.train(noisy, **start, steps=20, engine=engine) for engine in ("numpy", "reference")]
    assert same_bits(runs[0].losses, runs[1].losses)
    half = wk.train(noisy, **start, steps=7, engine="numpy")
    half.resume(steps=13)
    assert same_bits(half.losses, runs[0].losses)
    assert {"threefry", "shuffled"} <= {node.op.name for node in runs[0].program.step.nodes}
    assert "threefry(" in str(runs[0].explain(step=0))
    runs[0].write(tmp_path / "program.py")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(tmp_path / "program.py")], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert f"step 0: loss {runs[0].losses[0]}" in done.stdout
    assert f"step 19: loss {runs[0].losses[19]}" in done.stdout
