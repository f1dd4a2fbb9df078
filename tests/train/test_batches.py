"""Training in batches: which rows a step sees, in which order, and what happens to gradients on the way."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import workings as wk
from workings import ArgumentError
from workings.graph import verify

ROWS = 21
X = np.random.default_rng(0).normal(size=(ROWS, 3))
T = np.random.default_rng(1).normal(size=ROWS)
START = {"w": np.zeros(3), "b": 0.0}
ENGINES = ("numpy", "reference")


def loss(w, b, x, t):
    y = x @ w + b
    return np.mean((y - t) ** 2)


def trained(steps: int = 7, **options):
    options = {"optimizer": wk.SGD(0.1), "batch_size": 8, "engine": "numpy", **options}
    return wk.train(loss, START, {"x": X, "t": T}, steps=steps, **options)


def by_hand(steps: int, rows, update=lambda w, b, dw, db, step: (w - 0.1 * dw, b - 0.1 * db)):
    """The same in a few lines of NumPy; `rows(step)` are the rows that a step sees."""
    w, b, losses = np.zeros(3), 0.0, []
    for step in range(steps):
        x, t = X[rows(step)], T[rows(step)]
        error = x @ w + b - t
        losses.append(np.mean(error**2))
        w, b = update(w, b, x.T @ (2 * error / len(t)), np.sum(2 * error / len(t)), step)
    return w, b, np.array(losses)


def in_order(step: int):
    first = step % 3 * 8
    return np.arange(first, min(first + 8, ROWS))


def seen(steps: int, **options) -> list[list[int]]:
    """The rows that each step saw, told by a loss that is their sum of distinct powers of two."""
    marks = 2.0 ** np.arange(ROWS)
    run = wk.train(
        lambda w, m: np.sum(m) + 0 * w + w * 0.5,
        {"w": 0.0},
        {"m": marks},
        optimizer=wk.SGD(0.0),
        steps=steps,
        **options,
    )
    return [[i for i in range(ROWS) if int(value) >> i & 1] for value in run.losses]


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_shuffle_the_rows_come_in_order_and_the_last_batch_is_what_is_left(engine):
    run = trained(shuffle=False, engine=engine)
    w, b, losses = by_hand(7, in_order)
    np.testing.assert_allclose(run.losses, losses, rtol=1e-12)
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(run.parameters["b"], b, rtol=1e-12)


def test_each_epoch_goes_through_every_row_once_in_an_order_of_its_own():
    batches = seen(12, batch_size=8)
    assert [len(rows) for rows in batches] == [8, 8, 5] * 4
    epochs = [batches[k : k + 3] for k in range(0, 12, 3)]
    for epoch in epochs:
        assert sorted(i for rows in epoch for i in rows) == list(range(ROWS))
    assert len({str(epoch) for epoch in epochs}) == 4
    assert seen(12, batch_size=8, seed=1) != batches
    assert seen(12, batch_size=8) == batches


@pytest.mark.parametrize(
    "options", [{}, {"accumulate": 2, "clip_norm": 0.5, "average": 0.9, "optimizer": wk.Adam(0.1)}]
)
def test_engines_chunks_and_resumes_give_the_same_bits(options):
    whole = trained(25, **options)
    verify(whole.program.step), verify(whole.program.final.step), verify(whole.program.feed)
    for other in (
        trained(25, engine="reference", **options),
        trained(25, chunk=1, **options),
        trained(4, **options).resume(8).resume(13),
    ):
        assert np.array_equal(whole.losses, other.losses)
        assert all(np.array_equal(whole.parameters[name], other.parameters[name]) for name in START)


def test_the_written_program_runs_alone(tmp_path):
    run = trained(25, optimizer=wk.Adam(0.1), average=0.9)
    run.write(tmp_path / "net.py")
    (tmp_path / "net.py").write_text(
        (tmp_path / "net.py").read_text().replace('print("w =", w)', "print(losses.tobytes().hex())")
    )
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", tmp_path / "net.py"], capture_output=True, text=True, check=True
    )
    assert run.losses.tobytes().hex() in done.stdout


def test_a_batch_of_all_rows_and_one_that_divides_them_need_no_second_step():
    assert trained(batch_size=ROWS).program.feed is None
    assert trained(batch_size=7).program.final is None
    np.testing.assert_allclose(
        trained(batch_size=ROWS).losses, wk.train(loss, START, {"x": X, "t": T}, optimizer=wk.SGD(0.1), steps=7).losses
    )


def test_numbers_and_frozen_parameters_are_handed_to_each_batch():
    run = wk.train(
        lambda w, c, x, scale: np.mean((scale * x @ w + c) ** 2),
        {"w": np.ones(3), "c": 0.25},
        {"x": X, "scale": 2.0},
        batch_size=8,
        frozen=["c"],
        steps=5,
    )
    assert run.parameters["c"] == 0.25
    assert not np.array_equal(run.parameters["w"], np.ones(3))
    assert "d_c" not in run.source()


def test_values_and_derivations_are_those_of_the_batch_of_the_step():
    run = trained(2, shuffle=False)
    assert run.value("x").tolist() == X[16:].tolist()  # the next step is the last of the epoch
    assert "[5×3]" in str(run.explain())
    assert "[8×3]" in str(run.explain(step=1))
    assert run.value("y", x=np.zeros((2, 3))).shape == (2,)


# ── what happens to gradients ───────────────────────────────────────────────────────────────────────────────


def test_clipping_by_the_norm_of_all_gradients():
    def clipped(w, b, dw, db, step):
        scale = min(1.0, 0.3 / (np.sqrt(np.sum(dw**2) + db**2) + 1e-6))
        return w - 0.1 * scale * dw, b - 0.1 * scale * db

    run, (w, b, _) = trained(9, shuffle=False, clip_norm=0.3), by_hand(9, in_order, clipped)
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(run.parameters["b"], b, rtol=1e-12)
    assert run.settings["clip_norm"] == 0.3
    free = trained(4, shuffle=False, clip_norm=0.3).resume(5, clip_norm=1e9)  # a setting, changed on the way
    assert not np.array_equal(free.parameters["w"], run.parameters["w"])


def test_clipping_by_value():
    run = trained(9, shuffle=False, clip_value=0.2)
    w, _, _ = by_hand(
        9, in_order, lambda w, b, dw, db, s: (w - 0.1 * np.clip(dw, -0.2, 0.2), b - 0.1 * np.clip(db, -0.2, 0.2))
    )
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)


def test_accumulated_gradients_make_one_update_and_one_step_of_the_optimizer():
    total = {"w": 0.0, "b": 0.0, "m": 0.0, "v": 0.0, "n": 0}

    def accumulated(w, b, dw, db, step):
        total["w"], total["b"] = total["w"] + dw / 3, total["b"] + db / 3
        if step % 3 == 2:
            w, b = w - 0.1 * total["w"], b - 0.1 * total["b"]
            total["w"] = total["b"] = 0.0
        return w, b

    run, (w, b, _) = trained(8, shuffle=False, accumulate=3), by_hand(8, in_order, accumulated)
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(run.parameters["b"], b, rtol=1e-12)
    # three equal batches that share an update are one batch of them all
    same = {"x": np.tile(X[:8], (3, 1)), "t": np.tile(T[:8], 3)}
    shared = wk.train(loss, START, same, optimizer=wk.Adam(0.1), batch_size=8, accumulate=3, shuffle=False, steps=12)
    whole = wk.train(loss, START, {"x": X[:8], "t": T[:8]}, optimizer=wk.Adam(0.1), steps=4)
    np.testing.assert_allclose(shared.parameters["w"], whole.parameters["w"], rtol=1e-9)


def test_the_moving_average_of_the_parameters():
    means, last = [], np.zeros(3)
    for k in range(1, 6):
        last = 0.8 * last + (1 - 0.8) * trained(k, shuffle=False).parameters["w"]
        means.append(last)
    run = trained(5, shuffle=False, average=0.8)
    found = dict(zip((c.name for c in run.program.carry), run._position.carry, strict=True))
    np.testing.assert_allclose(found["average_w"], means[-1], rtol=1e-12)


def test_rates_by_name_and_by_pattern():
    run = trained(6, shuffle=False, rates={"b*": 0.5})
    w, b, _ = by_hand(6, in_order, lambda w, b, dw, db, s: (w - 0.1 * dw, b - 0.05 * db))
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)
    np.testing.assert_allclose(run.parameters["b"], b, rtol=1e-12)


def test_a_schedule_counts_updates():
    rate = wk.schedules.Exponential(0.1, factor=0.5)
    run = trained(6, shuffle=False, optimizer=wk.SGD(rate))
    w, _, _ = by_hand(6, in_order, lambda w, b, dw, db, s: (w - float(rate(s)) * dw, b - float(rate(s)) * db))
    np.testing.assert_allclose(run.parameters["w"], w, rtol=1e-12)


REFUSED = {
    "no rows in a batch": ({"batch_size": 0}, "batch_size is 0; it is a number of rows, 1 or more"),
    "more than there are": ({"batch_size": 22}, "batch_size is 22, and there are only 21 rows"),
    "everything frozen": ({"frozen": ["*"]}, "every parameter is frozen: w, b"),
    "an unknown name": ({"frozen": ["ww"]}, "frozen has 'ww', and no parameter is called so"),
    "an unknown rate": ({"rates": {"c": 1.0}}, "rates has 'c', and no parameter is called so"),
    "no update": ({"accumulate": 0}, "accumulate is 0; it is a number of steps, 1 or more"),
    "a norm of nothing": ({"clip_norm": 0.0}, "clip_norm is 0; it must be positive"),
    "a bound below 0": ({"clip_value": -1}, "clip_value is -1; it must be positive"),
    "a name alone": ({"frozen": "w"}, "frozen is 'w', a name and not a list of them"),
    "a factor alone": ({"rates": 0.5}, "rates is 0.5, and not a dict of factors"),
    "all of the old average": (
        {"average": 1.0},
        "average is 1; it is the share of the past that is kept: at least 0, and below 1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    options, message = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        trained(1, **options)
    assert caught.value.problem == message


def test_settings_beside_the_rule_are_checked_when_they_change():
    run = trained(1, clip_norm=1.0, average=0.5)
    for name, value in (("clip_norm", -1.0), ("average", 1.0)):
        with pytest.raises(ArgumentError, match=f"{name} is "):
            run.resume(steps=1, **{name: value})
    assert run.settings == {"learning_rate": 0.1, "clip_norm": 1.0, "average": 0.5}
    assert run.resume(steps=1, clip_norm=0.5).settings["clip_norm"] == 0.5


def test_a_value_that_was_simplified_away_is_there_in_a_smaller_batch_too():
    def loss(w, x, t):
        y = w * x
        same = y * 1.0
        return np.mean((same - t) ** 2)

    run = wk.train(loss, {"w": 0.5}, {"x": X[:, 0], "t": T}, batch_size=8, steps=2, shuffle=False)
    assert np.array_equal(run.value("same"), run.value("y"))
    assert np.array_equal(run.value("same"), run.parameters["w"] * X[16:, 0])
