"""What a task is for workings: a loss and its parameters, and the rows of its batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import workings as wk
from bench.peers.task import Task

__all__ = ["RULES", "built", "named", "rows"]

RULES = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}


def neuron(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def moons(w1, b1, w2, b2, w3, b3, points, upper):
    h = np.tanh(points @ w1 + b1)
    h = np.tanh(h @ w2 + b2)
    score = h @ w3 + b3
    return np.mean(np.logaddexp(0, score) - upper * score)


FUNCTIONS: dict[str, Callable[..., Any]] = {"neuron": neuron, "moons": moons}


def built(task: Task) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The loss and its parameters; those of a function are the task's, those of a module start the same anywhere."""
    if task.net in FUNCTIONS:
        return FUNCTIONS[task.net], {name: value[()] for name, value in task.parameters.items()}
    from bench.peers.modules import MODULES, cross_entropy  # a cold start of a function is not to import them

    return cross_entropy, {"model": MODULES[task.net](**task.shape)}


def prepared(task: Task, engine: str) -> wk.Run:
    """A run of the task of which no step has been run yet."""
    loss, parameters = built(task)
    optimizer = getattr(wk, RULES[task.rule])(task.rate)
    return wk.train(
        loss,
        parameters,
        task.data,
        optimizer=optimizer,
        steps=0,
        batch_size=task.batch,
        engine=engine,
        progress=False,
    )


def named(task: Task) -> dict[str, np.ndarray]:
    """The start values of a module's parameters, by name."""
    from workings.trace.trees import flatten

    return {".".join(path): np.asarray(leaf) for path, leaf in flatten(built(task)[1]["model"])}


def rows(task: Task, steps: int) -> np.ndarray:
    """The rows that each of so many steps sees, as workings draws them: (steps, batch)."""
    from workings.graph import evaluate

    program = prepared(task, "reference").program
    assert program.feed is not None
    assert program.final is None, "the number of rows is a multiple of the batch"
    taken = next(node for node in program.feed.outputs if node.op.name == "getitem").inputs[1]
    drawn = wk.Graph(program.feed.inputs, [taken])
    data = program.data.values()
    return np.stack([evaluate(drawn, [*data, np.int64(step)])[0] for step in range(steps)])
