"""A model file with a function: `loss`, and dicts `parameters` and `data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.cli.contents import kind, made, required, with_rate
from workings.cli.failures import seen
from workings.errors import ModelFileError
from workings.train import SGD, Listener, Optimizer, Run, prepare

__all__ = ["FunctionFile", "function_file"]

_STEPS = 100


@dataclass(frozen=True)
class FunctionFile:
    """What the file says."""

    loss: Callable[..., Any]
    parameters: Any
    data: Any
    optimizer: Optimizer
    steps: Any

    def run(
        self,
        *,
        steps: int | None = None,
        learning_rate: float | None = None,
        engine: str = "auto",
        until_loss: float | None = None,
        until_change: float | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Run:
        """A run of which no step has been run yet; what is None is as the file has it."""
        return prepare(
            self.loss,
            self.parameters,
            self.data,
            optimizer=self.optimizer if learning_rate is None else with_rate(self.optimizer, learning_rate),
            steps=self.steps if steps is None else steps,
            engine=engine,
            until_loss=until_loss,
            until_change=until_change,
            listeners=listeners,
        )


def function_file(named: str, names: Mapping[str, Any], seed: int) -> FunctionFile:
    """What a file with these names says; `parameters` and `data` may be functions of a random generator."""
    loss = required(named, names, "loss", "def loss(w, x): …, which returns a scalar")
    parameters = required(named, names, "parameters", 'parameters = {"w": 0.5}')
    data = required(named, names, "data", 'data = {"x": 1.0}, or data = {} for a loss that needs none')
    if not callable(loss):
        raise ModelFileError(
            f"`loss` in {seen(named)} is {kind(loss)}, not a function",
            fix="def loss(w, x): …, which returns a scalar",
        )
    optimizer = names.get("optimizer")
    if optimizer is None:
        optimizer = SGD()
    elif isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        raise ModelFileError(
            f"`optimizer` in {seen(named)} is {kind(optimizer)}, which is no optimizer",
            fix="optimizer = wk.SGD(0.01), after import workings as wk",
        )
    first, second = np.random.default_rng(seed).spawn(2)
    return FunctionFile(
        loss=loss,
        parameters=made(named, "parameters", parameters, first),
        data=made(named, "data", data, second),
        optimizer=optimizer,
        steps=names.get("steps", _STEPS),
    )
