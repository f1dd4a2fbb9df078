"""Runs on disk: they go on bit for bit, survive being killed, and nothing in a file is ever run."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import workings as wk
from workings import ArgumentError, CheckpointError, nn
from workings.train import storage

X = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(int)


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8, rng=1), nn.BatchNorm(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2, rng=2))


def fitted(folder: Path | wk.Checkpoints | None = None, epochs: int = 6, **options: Any) -> wk.Run:
    options = {"optimizer": wk.Adam(0.02), "validation": 0.2, "metrics": "accuracy", "batch_size": 32, **options}
    return wk.fit(net(), X, Y, loss="cross_entropy", epochs=epochs, progress=False, checkpoints=folder, **options)


def same(one: wk.Run, two: wk.Run) -> bool:
    carried = zip(one._position.carry, two._position.carry, strict=True)
    return np.array_equal(one.losses, two.losses) and all(
        a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in carried
    )


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"average": 0.9, "accumulate": 2, "optimizer": wk.SGD(wk.schedules.Cosine(0.1, steps=15), momentum=0.9)},
        {"reduce_on_plateau": wk.schedules.ReduceOnPlateau(factor=0.5, patience=0)},
        {"early_stopping": wk.EarlyStopping(patience=50)},
    ],
    ids=["adam", "average", "plateau", "patience"],
)
def test_a_resumed_run_is_one_that_never_stopped(tmp_path, options):
    whole = fitted(**options)
    fitted(tmp_path, 2, **options)
    resumed = fitted(tmp_path, resume=True, **options)
    assert same(whole, resumed)
    assert whole.settings == resumed.settings
    for name in ("loss", "validation_loss", "accuracy"):
        assert np.array_equal(whole.history[name], resumed.history[name])
    assert str(resumed.explain()) == str(whole.explain())
    assert same(whole, fitted(tmp_path, resume=True, **options))  # there is nothing left to do


def test_a_run_stopped_by_patience_stays_stopped(tmp_path):
    options = {"early_stopping": wk.EarlyStopping(patience=0), "optimizer": wk.SGD(0.0), "epochs": 9}
    first = fitted(tmp_path, **options)
    again = fitted(tmp_path, resume=True, **options)
    assert first.reason is again.reason is wk.Reason.PATIENCE
    assert same(first, again)


def test_the_latest_and_the_best_are_kept(tmp_path):
    fitted(wk.Checkpoints(tmp_path, every=2, keep=2))
    assert files(tmp_path) == ["best.safetensors", "step-000012.safetensors", "step-000018.safetensors"]
    assert wk.load(tmp_path).steps == 18
    fitted(wk.Checkpoints(tmp_path / "other", keep=1, best=False), 3)
    assert files(tmp_path / "other") == ["step-000009.safetensors"]


def test_a_run_that_is_begun_anew_takes_the_place_of_another_only_if_told_to(tmp_path):
    before = fitted(tmp_path, 6)
    with pytest.raises(CheckpointError, match="has the checkpoints of a run, the latest step-000018"):
        fitted(tmp_path, 2)
    assert same(before, fitted(tmp_path, 6, resume=True))  # nothing was lost
    fitted(wk.Checkpoints(tmp_path, replace=True), 2)
    assert files(tmp_path) == ["best.safetensors", "step-000003.safetensors", "step-000006.safetensors"]
    assert wk.load(tmp_path).steps == 6


def test_the_best_is_that_of_an_epoch_whatever_else_is_kept(tmp_path):
    best = tmp_path / "best.safetensors"
    run = fitted(wk.Checkpoints(tmp_path, every=3), 1, optimizer=wk.SGD(0.0))
    run.resume(steps=1)  # into the second epoch
    assert wk.load(best).steps == 3
    run.resume(epochs=1, learning_rate=0.1)
    run.resume(epochs=1, learning_rate=1e3)  # the third ends worse than the second
    losses = run.history["validation_loss"]
    assert losses[1] < min(losses[0], losses[2])
    assert wk.load(best).steps == 6


def test_a_run_that_goes_on_after_its_patience_is_kept_as_one_that_goes_on(tmp_path):
    options = {"early_stopping": wk.EarlyStopping(patience=0), "optimizer": wk.SGD(0.0)}
    run = fitted(tmp_path, 9, **options)
    assert run.reason is wk.Reason.PATIENCE
    run.resume(steps=1)
    assert fitted(tmp_path, 1, resume=True, **options).reason is wk.Reason.STEPS


def test_a_history_is_read_as_it_was(tmp_path):
    run = fitted(epochs=2, metrics=["accuracy", "confusion_matrix"])
    run.history.append({**run.history[-1], "epoch": 3, "accuracy": float("nan"), "validation_loss": float("inf")})
    found = wk.load(run.save(tmp_path / "net")).history
    for name in ("epoch", "accuracy", "validation_loss", "confusion_matrix"):
        np.testing.assert_array_equal(found[name], run.history[name])
        assert found[name].dtype == run.history[name].dtype


def test_steps_before_a_checkpoint_cannot_be_worked_out_again(tmp_path):
    fitted(tmp_path, 2)
    run = fitted(tmp_path, resume=True)
    with pytest.raises(ArgumentError, match=r"steps 6 to 18 can be explained \(those before it were run before"):
        run.explain(step=5)
    assert run.page(steps=2).title


def test_another_run_is_not_taken_for_this_one(tmp_path):
    fitted(tmp_path, 1)
    for options, what in (
        ({"optimizer": wk.SGD(0.1)}, "another net or optimizer"),
        ({"seed": 5}, "another program, other settings of it, or other data"),
    ):
        with pytest.raises(CheckpointError, match=what):
            fitted(tmp_path, resume=True, **options)
    with pytest.raises(ArgumentError, match="no checkpoints are named"):
        fitted(resume=True)


# ── killed, and full disks ──────────────────────────────────────────────────────────────────────────────────

SCRIPT = """
import sys
import numpy as np
import workings as wk
from tests.train.test_checkpoints import fitted
run = fitted(sys.argv[1], int(sys.argv[2]), resume=True)
np.savez(sys.argv[3], *run._position.carry, losses=run.losses)
"""


def killed(folder: Path, times: int, epochs: int) -> None:
    """Start the run so many times, and kill it after a while that is drawn anew each time; then let it end."""
    rng = np.random.default_rng(times)
    arguments = [sys.executable, "-c", SCRIPT, str(folder), str(epochs), str(folder / "end.npz")]
    root = Path(__file__).parents[2]
    for _ in range(times):
        work = subprocess.Popen(arguments, cwd=root, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        before = len(list(folder.glob("step-*")))
        while not before and not list(folder.glob("step-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(float(rng.uniform(0, 1.5)))
        work.send_signal(signal.SIGKILL)
        work.wait()
    subprocess.run(arguments, cwd=root, check=True, timeout=300)
    whole, end = fitted(epochs=epochs), np.load(folder / "end.npz")
    assert np.array_equal(whole.losses, end["losses"])
    for i, value in enumerate(whole._position.carry):
        assert np.asarray(value).tobytes() == end[f"arr_{i}"].tobytes()
    assert not [name for name in files(folder) if name.endswith(".npz.part")]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_goes_on(tmp_path):
    killed(tmp_path, 2, 60)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_killed_twenty_times_goes_on(tmp_path):
    killed(tmp_path, 20, 400)


def test_on_a_full_disk_the_last_good_checkpoint_stays(tmp_path, monkeypatch):
    fitted(tmp_path, 2)
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError) as caught:
        fitted(tmp_path, resume=True)
    assert "cannot be written: No space left on device" in caught.value.problem
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == good
    assert same(fitted(), fitted(tmp_path, resume=True))


def test_a_place_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="checkpoints cannot be written to"):
        fitted(tmp_path / "file" / "folder")
    with pytest.raises(CheckpointError, match="cannot be written"):
        fitted(epochs=1).save(tmp_path / "file" / "model")


# ── saved models ────────────────────────────────────────────────────────────────────────────────────────────

MODELS = {
    "layers": lambda: (net(), X),
    "functions": lambda: (nn.Sequential(nn.Linear(4, 3, rng=0), np.tanh, wk.functions.softmax), X),
    "images": lambda: (
        nn.Sequential(nn.Conv2d(1, 2, 3, padding="same", rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                      nn.Linear(2, 2, rng=1)),
        X.reshape(-1, 1, 2, 2),
    ),
    "attention": lambda: (
        nn.Sequential(nn.Embedding(5, 8, rng=0), nn.LearnedPositions(4, 8, rng=1), nn.TransformerBlock(8, 2, rng=2),
                      nn.RMSNorm(8), nn.Linear(8, 5, rng=3)),
        np.random.default_rng(0).integers(0, 5, (90, 4)),
    ),
    "recurrent": lambda: (nn.Sequential(nn.Embedding(5, 3, rng=0), nn.GRU(3, 4, rng=1), nn.Linear(4, 2, rng=2)),
                          np.random.default_rng(0).integers(0, 5, (90, 4))),
    "residual": lambda: (nn.Residual(nn.Sequential(nn.Linear(4, 4, rng=0), nn.LayerNorm(4), nn.GELU())), X),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models_of_nn_are_saved_and_built_again(name, tmp_path):
    model, x = MODELS[name]()
    shape = wk.fit(model, x, x, loss=lambda p, t: np.mean(p) ** 2, epochs=1, progress=False, batch_size=30)
    path = shape.save(tmp_path / "model")
    assert path.name == "model.safetensors"
    saved = wk.load(tmp_path / "model")
    assert repr(saved.model) == repr(model)
    for rows in (1, 7, 90):
        assert np.array_equal(saved.predict(x[:rows]), shape.predict(x[:rows]))
    assert saved.steps == shape.steps
    assert np.array_equal(saved.losses, shape.losses)


def test_a_saved_run_answers_as_the_run(tmp_path):
    run = fitted()
    saved = wk.load(run.save(tmp_path / "digits.safetensors"))
    assert saved.evaluate(X, Y, "accuracy") == run.evaluate(X, Y)
    assert saved.settings == run.settings
    assert np.array_equal(saved.history["loss"], run.history["loss"])
    assert saved.versions["numpy"] == np.__version__


@dataclass
class Own:
    w: Any
    b: Any = 0.5

    def __call__(self, x):
        return x @ self.w + self.b


def test_a_model_of_other_code_gets_its_arrays_back(tmp_path):
    run = wk.fit(Own(np.zeros((4, 1))), X, X[:, :1], loss="mse", epochs=2, progress=False)
    saved = wk.load(run.save(tmp_path / "own"))
    for rows in (0, 1, 31, 90):  # in padded blocks
        np.testing.assert_allclose(saved.predict(X[:rows]), run.model(X[:rows]), rtol=1e-6)
    with pytest.raises(ArgumentError, match=r"another form than those of the training: x \(…, 4\)"):
        saved.predict(X[:, :3])
    again = saved.restore(Own(np.ones((4, 1))))
    assert np.array_equal(again.w, run.model.w)
    with pytest.raises(CheckpointError, match="whose code is not in it: model is a Own, which is no module"):
        _ = saved.model
    with pytest.raises(CheckpointError, match="it lacks b, w, and has layers"):
        saved.restore(nn.Sequential(nn.Linear(4, 1, rng=0)))


def test_a_graph_that_mixes_rows_is_not_run_in_blocks(tmp_path):
    @dataclass
    class Centered:
        w: Any

        def __call__(self, x):
            middle = np.mean(x, axis=0)
            return (x - middle) @ self.w

    run = wk.fit(Centered(np.zeros((4, 1))), X, X[:, :1], loss="mse", epochs=1, progress=False)
    saved = wk.load(run.save(tmp_path / "centered"))
    with pytest.raises(CheckpointError) as caught:
        saved.predict(X)
    assert "does not keep them apart: middle = mean(x) works along axis 0 of x, where the rows lie" in str(caught.value)


def test_graphs_of_models_give_what_the_modules_do(tmp_path):
    for name, make in MODELS.items():
        model, x = make()
        run = wk.fit(model, x, x, loss=lambda p, t: np.mean(p) ** 2, epochs=1, progress=False, batch_size=30)
        saved = wk.load(run.save(tmp_path / name))
        by_module = saved.predict(x[:40])
        saved._model = None
        np.testing.assert_allclose(saved.predict(x[:40]), by_module, rtol=1e-5, atol=1e-6)


def _changed(path: Path, change: Any) -> None:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(bytes(content))


DAMAGES = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "empty": lambda path: path.write_bytes(b""),
    "a text": lambda path: path.write_text("hello"),
    "one byte": lambda path: _changed(path, lambda content: content.__setitem__(-5, content[-5] ^ 1)),
    "a fact": lambda path: path.write_bytes(path.read_bytes().replace(b"Sequential", b"sequential", 1)),
    "of others": lambda path: save_file({"w": np.zeros(2, np.float32)}, path),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_file_is_a_clear_error(damage, tmp_path):
    path = fitted(epochs=1).save(tmp_path / "model")
    DAMAGES[damage](path)
    with pytest.raises(CheckpointError) as caught:
        wk.load(path)
    assert str(path) in str(caught.value)
    assert caught.value.fix


def test_nothing_that_a_file_names_is_run(tmp_path):
    for spec in (
        {"module": "os.system", "fields": {}},
        {"module": "Module", "fields": {}},
        {"module": "seed", "fields": {}},
        {"function": "numpy.load"},
        {"function": "os.system"},
        {"function": "workings.functions.__import__"},
        {"module": "ReLU", "fields": {"__class__": "x"}},
        {"evil": 1},
    ):
        path = fitted(epochs=1).save(tmp_path / "model")
        arrays, facts = storage.read(path)
        storage.write(path, arrays, {**facts, "model": spec})
        with pytest.raises(CheckpointError, match="a model that this version does not know"):
            wk.load(path)


def test_facts_are_plain_json(tmp_path):
    storage.write(tmp_path / "x.safetensors", {"a": np.float32(2)}, {"b": np.float64("inf"), "c": (1, np.int64(2))})
    arrays, facts = storage.read(tmp_path / "x.safetensors")
    assert arrays["a"].shape == ()
    assert facts == {"b": "inf", "c": [1, 2]}
    json.dumps(facts, allow_nan=False)
