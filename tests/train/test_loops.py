"""Recurrent nets, trained: the program, its source on its own, the derivation and the picture."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import workings as wk

rng = np.random.default_rng(3)
STEPS, EXAMPLES, WIDTH = 6, 16, 5
XS = rng.normal(size=(EXAMPLES, STEPS))
TOTALS = np.sum(XS, axis=1)  # the task: say the sum of what was heard
SEEN = rng.integers(0, 4, (EXAMPLES, STEPS))
START = {
    "w": rng.normal(size=(1, WIDTH)) / 2,
    "u": np.eye(WIDTH) * 0.9,
    "b": np.zeros(WIDTH),
    "v": rng.normal(size=WIDTH) / 2,
}


def sums(w, u, b, v, xs, expected):
    def cell(h, x):
        h = np.tanh(x[:, None] @ w + h @ u + b)
        return h, np.mean(h)

    h, means = wk.scan(cell, np.zeros((len(expected), WIDTH)), xs.T)
    y = h @ v
    return np.mean((y - expected) ** 2) + 0.001 * np.sum(means**2)


def lstm(table, u, v, tokens, expected):
    def cell(carry, token):
        h, c = carry
        z = wk.functions.take(table, token, axis=0) + h @ u
        keep, add, show, new = z[:, :3], z[:, 3:6], z[:, 6:9], z[:, 9:]
        c = wk.functions.sigmoid(keep) * c + wk.functions.sigmoid(add) * np.tanh(new)
        h = wk.functions.sigmoid(show) * np.tanh(c)
        return (h, c), None

    zeros = np.zeros((len(expected), 3))
    (h, _), _ = wk.scan(cell, (zeros, zeros), tokens.T)
    return np.mean((h @ v - expected) ** 2)


def both_ways(w, u, v, xs, expected):
    def cell(h, x):
        h = np.tanh(x[:, None] * w + h @ u)
        return h, h

    start = np.zeros((len(expected), WIDTH))
    last, seen = wk.scan(cell, start, xs.T)
    first, heard = wk.scan(cell, start, xs.T, reverse=True)
    return np.mean(((last + first) @ v + np.sum(np.mean(seen * heard, axis=2), axis=0) - expected) ** 2)


def _sums(engine: str = "numpy", steps: int = 60) -> wk.Run:
    data = {"xs": XS, "expected": TOTALS}
    return wk.train(sums, START, data, optimizer=wk.SGD(0.05), steps=steps, engine=engine)


def _lstm(engine: str = "numpy", steps: int = 30) -> wk.Run:
    draw = np.random.default_rng(5)
    start = {"table": draw.normal(size=(4, 12)), "u": draw.normal(size=(3, 12)) / 3, "v": draw.normal(size=3)}
    data = {"tokens": SEEN, "expected": np.sum(SEEN == 2, axis=1) * 1.0}
    return wk.train(lstm, start, data, optimizer=wk.SGD(0.5), steps=steps, engine=engine)


def _both_ways(engine: str = "numpy", steps: int = 30) -> wk.Run:
    start = {name: START[name] for name in ("u", "v")} | {"w": START["w"][0]}
    return wk.train(
        both_ways, start, {"xs": XS, "expected": TOTALS}, optimizer=wk.SGD(0.02), steps=steps, engine=engine
    )


RUNS = [_sums, _lstm, _both_ways]
IDS = ["sums", "lstm", "both ways"]


@pytest.mark.parametrize("train", RUNS, ids=IDS)
def test_it_learns_and_both_engines_have_the_same_bits(train):
    run, again = train(), train("reference")
    assert run.losses[-1] < run.losses[0] / 2
    assert run.losses.tobytes() == again.losses.tobytes()
    for name, value in run.parameters.items():
        assert value.tobytes() == again.parameters[name].tobytes()


@pytest.mark.parametrize("train", RUNS, ids=IDS)
def test_the_source_alone_gives_the_same_losses(train, tmp_path: Path):
    run = train()
    run.write(tmp_path / "net.py")
    alone = "import runpy, sys; found = runpy.run_path('net.py', run_name='__main__')['losses'].tobytes().hex()"
    alone += "; assert 'workings' not in sys.modules; print('FOUND' + found)"
    # -I leaves out the paths of this process, so that only what is installed is found
    done = subprocess.run([sys.executable, "-I", "-c", alone], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("FOUND")[1].strip() == run.losses.tobytes().hex()


def test_the_source_is_a_loop_in_the_users_names():
    source = str(_sums(steps=1).source("python"))
    turn = re.search(r"def cell\(.*?\n    return .*?\n", source, re.DOTALL)
    assert turn is not None
    lines = [line.strip() for line in turn[0].splitlines()]
    for line in ("for t in range(6):", "x = xs[t]", "h = np.tanh(z @ w + h @ u + b)", "means[t] = np.mean(h)"):
        assert line in lines, source
    assert "for t in reversed(range(6)):" in source
    assert "d_u = d_u + h.T @ " in source
    # the weights stand in the signature, what is carried starts inside
    assert lines[0] == "def cell(xs, w, u, b):"
    assert "h = np.zeros((16, 5))" in lines


@pytest.mark.parametrize("train", RUNS, ids=IDS)
def test_a_run_that_goes_on_is_a_run_that_never_stopped(train):
    whole, parts = train(steps=7), train(steps=3)
    parts.resume(steps=4)
    assert whole.losses.tobytes() == parts.losses.tobytes()


@pytest.mark.parametrize("train", RUNS, ids=IDS)
def test_the_derivation_agrees_and_shows_the_loop(train):
    run = train(steps=3)
    document = run.explain(step=1)
    assert document.ok
    text = str(document)
    assert "cell is a loop of 6 turns" in " ".join(text.split())
    assert "the loop is gone through backwards" in " ".join(text.split())
    assert "THEY DIFFER" not in text
    assert "cell" in document.markdown()
    assert "cell_backward" in document.html()


def test_the_derivation_has_the_formulas_of_a_turn():
    text = str(_sums(steps=1).explain(step=0))
    assert "h_2 = tanh(" in text
    assert "and for the next turn h becomes h_2" in " ".join(text.split())


@pytest.mark.parametrize("train", RUNS, ids=IDS)
def test_the_picture_has_the_loop_as_a_box(train, tmp_path: Path):
    run = train(steps=1)
    picture = wk.draw(run.program)
    boxes = [box for box in picture.boxes if box.word == "loop, 6 turns"]
    assert boxes
    assert all("in each turn: " in box.more for box in boxes)
    assert any("h ← h_2" in box.more or "← h" in box.more for box in boxes)
    picture.save(tmp_path / "net.svg")
    for depth in (0, 1, None):
        assert str(wk.draw(run.program, depth=depth))
    assert "cell" in (tmp_path / "net.svg").read_text(encoding="utf-8")


def test_values_of_a_run_by_name():
    run = _sums(steps=2)
    h = run.value("h")
    assert h.shape == (EXAMPLES, WIDTH)
    assert run.value("means").shape == (STEPS,)
    longer = run.value("y", xs=np.ones((3, 9)), expected=np.ones(3))
    assert longer.shape == (3,)


def test_a_value_that_is_not_finite_in_a_loop_is_found():
    def loss(w, x):
        y, _ = wk.scan(lambda y, _: (np.exp(y) * w, None), x, length=5)
        return y

    with pytest.raises(wk.NonFiniteError) as caught:
        wk.train(loss, {"w": 3.0}, {"x": 1.0}, optimizer=wk.SGD(0.1), steps=3)
    # exp(1) · 3 = 8.15…, exp of that times 3 = 10415…, and the exp of that is beyond all floats
    assert "step 0: in turn 2 of loop, z is inf, made by exp from y = 104" in caught.value.problem
    assert "np.exp(y) * w" in caught.value.where.source()
