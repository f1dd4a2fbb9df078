"""Random small nets in training, from random layers, losses, optimizers and batches."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import workings as wk
from tests.fuzz.check import MACHINES, shared_from
from tests.fuzz.near import Found, compare
from tests.ops.checks import same_bits
from tests.write.programs import arguments
from workings import nn
from workings.engines import NativeEngine
from workings.engines.native.function import Function
from workings.engines.values import prepared
from workings.errors import UnsupportedError, WorkingsError
from workings.graph import Graph, Program
from workings.graph.layouts import contiguous
from workings.train.optimizers import OPTIMIZERS

__all__ = ["check_program", "random_training"]

_SIZES = (1, 2, 3, 5, 8, 13, 16, 17, 31, 33)
_ACTIVATIONS = (nn.Tanh, nn.ReLU, nn.Sigmoid, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.Softplus)


def random_training(seed: int) -> Program:
    """The program of a random training, the same for the same seed."""
    for attempt in range(20):
        try:
            return _training(seed, random.Random(1000 * seed + attempt))
        except WorkingsError:  # as a batch of one for layers that want more
            continue
    raise AssertionError("no training was found")


def _training(seed: int, rng: random.Random) -> Program:
    draw = np.random.default_rng(seed)
    dtype = rng.choice(["float32", "float64"])
    rows, width = rng.choice([1, 2, 7, 16, 20, 33]), rng.choice(_SIZES)
    options: dict[str, Any] = {"rng": draw, "dtype": dtype}
    shape, layers = rng.choice([_table, _table, _images, _sequences, _tokens])(rng, width, options)
    whole = layers[0].__class__ is nn.Embedding
    x = draw.integers(0, 5, (rows, *shape)) if whole else draw.normal(size=(rows, *shape)).astype(dtype)
    model = nn.Sequential(*layers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = model(x)
        if y.ndim > 2 and rng.random() < 0.5:
            layers.append(nn.Flatten())
            y = nn.Sequential(*layers)(x)
        classes = y.ndim == 2 and rng.random() < 0.4
        wanted = draw.integers(0, y.shape[-1], rows) if classes else draw.normal(size=y.shape).astype(dtype)
        how: Callable[..., Any] = nn.cross_entropy if classes else rng.choice([nn.mse, nn.mae, nn.huber])
        return wk.train(
            lambda model, x, wanted: how(model(x), wanted),
            {"model": nn.Sequential(*layers)},
            {"x": x, "wanted": wanted},
            optimizer=OPTIMIZERS[rng.choice(sorted(OPTIMIZERS))](),
            batch_size=rng.choice([None, None, *(n for n in (1, 3, 8, 16) if n <= rows)]),
            shuffle=rng.random() < 0.8,
            clip_norm=rng.choice([None, None, 1.0]),
            seed=seed,
            steps=1,
            engine="reference",
        ).program


def _table(rng: random.Random, width: int, options: dict[str, Any]) -> tuple[tuple[int, ...], list[Any]]:
    layers, size = [], width
    for _ in range(rng.randint(1, 3)):
        new = rng.choice(_SIZES)
        layers.append(nn.Linear(size, new, bias=rng.random() < 0.8, **options))
        size = new
        layers.append(rng.choice(_ACTIVATIONS)())
        if rng.random() < 0.3:
            layers.append(rng.choice([nn.LayerNorm, nn.RMSNorm, nn.BatchNorm])(size, dtype=options["dtype"]))
        if rng.random() < 0.2:
            layers.append(nn.Dropout(0.3))
    return (width,), [*layers, nn.Linear(size, rng.choice(_SIZES), **options)]


def _images(rng: random.Random, width: int, options: dict[str, Any]) -> tuple[tuple[int, ...], list[Any]]:
    channels, made = rng.choice([1, 2, 3]), rng.choice([1, 4, 5])
    layers: list[Any] = [
        nn.Conv2d(
            channels, made, rng.choice([1, 2, 3]), stride=rng.choice([1, 1, 2]), padding=rng.choice([0, 1]), **options
        ),
        rng.choice(_ACTIVATIONS)(),
    ]
    if rng.random() < 0.7:
        layers.append(rng.choice([nn.MaxPool2d, nn.AvgPool2d])(2))
    return (channels, rng.choice([6, 7, 9]), rng.choice([6, 8])), [*layers, nn.Flatten()]


def _sequences(rng: random.Random, width: int, options: dict[str, Any]) -> tuple[tuple[int, ...], list[Any]]:
    size, made = rng.choice(_SIZES), rng.choice([nn.RNN, nn.GRU, nn.LSTM])
    layer = made(width, size, last=rng.random() < 0.5, **options)
    return (rng.choice([1, 2, 5, 9]), width), [layer, nn.Linear(size, rng.choice(_SIZES), **options)]


def _tokens(rng: random.Random, width: int, options: dict[str, Any]) -> tuple[tuple[int, ...], list[Any]]:
    layers: list[Any] = [nn.Embedding(5, 8, **options)]
    if rng.random() < 0.6:
        layers.append(nn.TransformerBlock(8, 2, **options))
    return (rng.choice([2, 3, 7]),), [*layers, nn.Linear(8, rng.choice(_SIZES), **options)]


def check_program(program: Program, seed: int, threads: int) -> Found:
    """A few steps in one call, and one by one by another number of threads, planned for another machine, with all
    accesses checked: the same bits; and each step against the reference. `UnsupportedError` where the engine lacks
    an op."""
    try:
        return _checked(program, seed, threads)
    except UnsupportedError:
        raise
    except Exception as error:  # whatever it is, it has to be reported with its program
        return Found(0, 0, 0, f"{type(error).__name__}: {error}")


def _checked(program: Program, seed: int, threads: int) -> Found:
    rng = random.Random(seed)
    steps = rng.randint(1, 6)
    data, settings = arguments(program)
    losses, again = np.zeros(steps), np.zeros(steps)
    with shared_from(rng.choice([1, 50, 1000])):
        checked, engine = NativeEngine(program, 1), NativeEngine(program, threads)
        checked._function = Function(checked.loops, 1, machine=rng.choice(MACHINES), checked=True)
    carry: tuple[Any, ...] = program.start()
    total, done = np.zeros(3, int), 0
    # first, since an access outside is not made by this one
    while done < steps and (not done or np.isfinite(losses[done - 1])):
        after, _ = checked.run(carry, data, settings, losses, done, done + 1)
        inputs = prepared(program.inputs, (*carry, *data, *settings))
        split = len(carry), len(carry) + len(data)
        parts = inputs[: split[0]], inputs[split[0] : split[1]], inputs[split[1] :]
        values = [contiguous(v) for v in program.at(done).values(*parts, done)]
        graph = program.at(done).step
        wanted = Graph(graph.inputs, [graph.outputs[0], *graph.outputs[3:]], name=graph.name)
        found = compare(wanted, values, [losses[done].astype(graph.outputs[0].dtype), *after])
        if found.wrong is not None:
            return found._replace(wrong=f"step {done}: {found.wrong}")
        total += found[:3]
        carry, done = after, done + 1
    at_once, reached = engine.run(program.start(), data, settings, again, 0, done)
    if reached != done or losses.tobytes() != again.tobytes() or not all(map(same_bits, at_once, carry)):
        return Found(0, 0, 0, f"{done} steps one by one, and in one call by {threads} threads, give other bits")
    return Found(*total.tolist(), None)
