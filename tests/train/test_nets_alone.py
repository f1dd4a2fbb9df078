"""Deep nets written as programs: each, started by itself with NumPy alone, gives the losses of the engine."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workings as wk
from workings import nn

ALONE = """
import json, runpy, sys, warnings
warnings.simplefilter("error")
found = runpy.run_path("net.py", run_name="__main__")["losses"]
assert "workings" not in sys.modules
print("FOUND" + found.dtype.name + " " + found.tobytes().hex())
"""
DRAW = np.random.default_rng(0)
IMAGES, LABELS = DRAW.random((22, 1, 6, 6)), DRAW.integers(0, 3, 22)
TEXT = DRAW.integers(0, 7, (22, 6))


def moved(images: Any) -> Any:
    """Each image of a batch one column to the right, or not."""
    right = wk.random.bernoulli(wk.random.next_key(), 0.5, (images.shape[0], 1, 1, 1))
    return np.where(right, np.roll(images, 1, axis=3), images)


@functools.cache
def convolutional(engine: str) -> wk.Run:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", rng=0),
        nn.BatchNorm(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 2, rng=1),
        nn.GELU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(24, 3, rng=2),
    )
    optimizer = wk.AdamW(wk.schedules.OneCycle(0.01, steps=9))
    return wk.fit(model, IMAGES, LABELS, loss="cross_entropy", optimizer=optimizer, augment=moved, **_options(engine))


@functools.cache
def transformer(engine: str) -> wk.Run:
    model = nn.Sequential(
        nn.Embedding(7, 8, rng=0),
        nn.LearnedPositions(6, 8, rng=1),
        nn.TransformerBlock(8, heads=2, causal=True, rng=2),
        nn.TransformerBlock(8, heads=2, causal=True, rotary=True, rng=3),
        nn.LayerNorm(8),
        nn.Linear(8, 7, rng=4),
    )
    return wk.fit(
        model,
        TEXT,
        np.roll(TEXT, -1, axis=1),
        loss="cross_entropy",
        optimizer="nadam",
        clip_norm=1.0,
        **_options(engine),
    )


@functools.cache
def recurrent(engine: str) -> wk.Run:
    model = nn.Sequential(nn.Embedding(7, 8, rng=0), nn.GRU(8, 8, rng=1), nn.Linear(8, 7, rng=2))
    return wk.fit(
        model,
        TEXT,
        np.roll(TEXT, -1, axis=1),
        loss="cross_entropy",
        optimizer="rmsprop",
        average=0.9,
        **_options(engine),
    )


def _options(engine: str) -> dict[str, Any]:
    return {"batch_size": 8, "epochs": 3, "engine": engine, "progress": False}


NETS = [convolutional, transformer, recurrent]


@pytest.mark.parametrize("train", NETS, ids=lambda f: f.__name__)
def test_its_program_alone_gives_the_losses_of_both_engines(train: Any, tmp_path: Path) -> None:
    run, reference = train("numpy"), train("reference")
    assert run.losses.dtype == np.float32
    assert run.losses.tobytes() == reference.losses.tobytes()
    run.write(tmp_path / "net.py")
    # -I leaves out the paths of this process, so that only what is installed is found
    done = subprocess.run([sys.executable, "-I", "-c", ALONE], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("FOUND")[1].split() == ["float32", run.losses.tobytes().hex()]


@pytest.mark.parametrize("train", NETS, ids=lambda f: f.__name__)
def test_no_array_is_wider_than_its_parameters(train: Any) -> None:
    step = train("numpy").program.step
    wide = [node for node in step.nodes if node.dtype == np.float64 and node.size > 1]
    assert not wide


@pytest.mark.parametrize("train", NETS, ids=lambda f: f.__name__)
def test_every_layer_is_in_its_source_its_derivation_and_its_picture(train: Any) -> None:
    run = train("numpy")
    source, derivation, picture = run.source(), str(run.explain(step=1)), wk.draw(run.program).svg()
    for place in range(len(run.model)):
        assert f"# layers.{place}\n" in source
    for name in run.model.parameters():
        written = name.replace(".", "_")
        assert f"d_{written}" in source
        place = name.rpartition(".")[0]
        layer = ".".join(place.split(".")[:2])
        assert layer in derivation or written in derivation, name
        assert layer in picture or written in picture, name
