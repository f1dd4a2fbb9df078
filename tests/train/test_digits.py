"""A net of two layers on handwritten digits: it learns, and its bits are the same however it is run."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import workings as wk

STEPS = 200


def loss(parameters, x, t):
    hidden = np.tanh(x @ parameters["w1"] + parameters["b1"])
    scores = hidden @ parameters["w2"] + parameters["b2"]
    largest = np.max(scores, axis=1, keepdims=True)
    shifted = scores - largest
    log_sum = np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(np.sum(t * (shifted - log_sum), axis=1))


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    x, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order] / 16.0, labels[order]


@pytest.fixture(scope="module")
def start():
    rng = np.random.default_rng(1)
    return {
        "w1": rng.normal(size=(64, 32)) / 8,
        "b1": np.zeros(32),
        "w2": rng.normal(size=(32, 10)) / np.sqrt(32),
        "b2": np.zeros(10),
    }


@pytest.fixture(scope="module")
def data(digits):
    x, labels = digits
    return {"x": x[:1400], "t": np.eye(10)[labels[:1400]]}


def bits(run):
    return run.losses.tobytes(), {k: v.tobytes() for k, v in run.parameters.items()}


@pytest.fixture(scope="module")
def trained(start, data):
    return wk.train(loss, start, data, optimizer=wk.SGD(0.5), steps=STEPS, engine="numpy")


def test_it_learns(start, data, digits):
    x, labels = digits
    run = wk.train(loss, start, data, optimizer=wk.SGD(0.5), steps=1000)
    scores = run.value("scores", x=x[1400:])
    assert scores.shape == (397, 10)
    assert np.mean(np.argmax(scores, axis=1) == labels[1400:]) >= 0.95


@pytest.mark.parametrize("chunks", [1, 4, STEPS])
def test_any_number_of_chunks_gives_the_same_bits(start, data, trained, chunks):
    chunk = -(-STEPS // chunks)
    run = wk.train(loss, start, data, optimizer=wk.SGD(0.5), steps=STEPS, engine="numpy", chunk=chunk)
    assert bits(run) == bits(trained)


def test_the_reference_engine_gives_the_same_bits(start, data, trained):
    run = wk.train(loss, start, data, optimizer=wk.SGD(0.5), steps=STEPS, engine="reference")
    assert bits(run) == bits(trained)


def test_resuming_is_never_having_stopped(start, data, trained):
    run = wk.train(loss, start, data, optimizer=wk.SGD(0.5), steps=13, engine="numpy")
    for more in (1, 0, 6, STEPS - 20):
        run.resume(more)
    assert bits(run) == bits(trained)


def test_the_program_runs_with_numpy_alone(trained, tmp_path):
    path = tmp_path / "digits.py"
    assert trained.write(path) == [path, tmp_path / "digits.npz"]
    assert path.read_text(encoding="utf-8") == trained.source()
    code = (
        "import runpy, sys\n"
        "sys.modules['workings'] = None\n"
        f"done = runpy.run_path({str(path)!r}, run_name='__main__')\n"
        "print(done['losses'].tobytes().hex())\n"
        "print(done['w1'].tobytes().hex())\n"
    )
    out = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    *_, losses, w1 = out.split()
    assert bytes.fromhex(losses) == trained.losses.tobytes()
    assert bytes.fromhex(w1) == trained.parameters["w1"].tobytes()


def test_float32_stays_float32(start, data):
    small = {k: v.astype(np.float32) for k, v in start.items()}
    given = {k: v.astype(np.float32) for k, v in data.items()}
    bounds = {"until_loss": 1e-9, "until_change": 1e-12}
    run = wk.train(loss, small, given, optimizer=wk.SGD(0.5), steps=10, engine="numpy", **bounds)
    assert run.losses.dtype == np.float32
    assert all(v.dtype == np.float32 for v in run.parameters.values())
    wide = [n for n in run.program.step.nodes if n.dtype == np.float64]
    assert all(n.role == "setting" for n in wide), wide
    assert run.value("scores", x=data["x"][:3]).dtype == np.float32
    assert run.value("d_w1").dtype == np.float32
    again = wk.train(loss, small, given, optimizer=wk.SGD(0.5), steps=4, engine="reference")
    assert again.resume(6).losses.tobytes() == run.losses.tobytes()
