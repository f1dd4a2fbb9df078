"""A model file with a module: `model`, its data `x` and `y`, and the keywords of `wk.fit` by their names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from workings.cli.contents import kind, made, required, with_rate
from workings.cli.failures import seen
from workings.errors import ModelFileError
from workings.nn.summary import Summary, summarize
from workings.trace.trees import rebuild
from workings.train import Adam, Listener, Run, fit
from workings.train.optimizers import optimizer_of

__all__ = ["ModuleFile", "is_module_file", "module_file"]

_ROWS = 32  # of the data, for the shapes in a summary

# what the command line has options of its own for
_OURS = frozenset({"model", "x", "y", "engine", "progress", "listeners", "chunk", "begin"})


@dataclass(frozen=True)
class ModuleFile:
    """What the file says. `settings` are keywords of `fit`; `data` are inputs and targets, if it has any."""

    named: str
    model: Any
    data: tuple[Any, Any] | None
    settings: Mapping[str, Any]

    def train(
        self,
        *,
        epochs: int | None = None,
        learning_rate: float | None = None,
        engine: str = "auto",
        listeners: Sequence[Listener] = (),
        begin: bool = True,
    ) -> Run:
        """A run of so many epochs; what is None is as the file has it."""
        settings = dict(self.settings)
        if self.data is None:
            raise ModelFileError(f"{seen(self.named)} has no `x`, nor `data`", fix=_DATA)
        if "loss" not in settings:
            fix = 'loss = "cross_entropy", or a function of prediction and target'
            raise ModelFileError(f"{seen(self.named)} has no `loss`", fix=fix)
        if epochs is not None:
            settings["epochs"] = epochs
        if learning_rate is not None:
            rule = settings.get("optimizer") or Adam()
            settings["optimizer"] = with_rate(optimizer_of(rule) if isinstance(rule, str) else rule, learning_rate)
        return fit(self.model, *self.data, **settings, engine=engine, listeners=listeners, begin=begin)

    def run(
        self,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        engine: str = "auto",
    ) -> Run:
        """A run of which no step has been run yet; so many `steps` may be asked of it."""
        return self.train(epochs=epochs, learning_rate=learning_rate, engine=engine, begin=False)

    def summary(self) -> Summary:
        """The layers of the model, with the shapes they give for some rows of the data if there are any."""
        if self.data is None:
            return summarize(self.model)
        dtype = np.dtype(self.settings.get("dtype", np.float32))

        def cast(_: Any, leaf: Any) -> Any:
            value = np.asarray(leaf)
            return value.astype(dtype) if value.dtype.kind == "f" else value

        model = rebuild(self.model, cast)
        size = self.settings.get("batch_size") or _ROWS
        x = np.asarray(self.data[0]) if isinstance(self.data[0], list) else self.data[0]
        x = rebuild(x, lambda path, leaf: cast(path, leaf)[:size])
        if isinstance(x, Mapping):
            return summarize(model, inspect.signature(model).bind(**x).args)
        return summarize(model, x if isinstance(x, tuple) else (x,))


_DATA = "x = …, y = …, arrays with one row for each example, or def data(rng): … return x, y"


def is_module_file(names: Mapping[str, Any]) -> bool:
    """Whether a file with these names is about a module, and not about a function of parameters."""
    return "model" in names and "parameters" not in names


def module_file(named: str, names: Mapping[str, Any], seed: int | None) -> ModuleFile:
    """What a file with these names says; `model` and `data` may be functions of a random generator."""
    title = seen(named)
    number = names.get("seed", 0) if seed is None else seed
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 0:
        raise ModelFileError(f"`seed` in {title} is {number!r}", fix="seed = 0, or another whole number")
    first, second = np.random.default_rng(number).spawn(2)
    model = made(named, "model", names["model"], first)
    if isinstance(model, type) or not callable(model):
        fix = f"model = {model.__name__}(…)" if isinstance(model, type) else "model = nn.Sequential(…)"
        raise ModelFileError(f"`model` in {title} is {kind(model)}, not a module that can be called", fix=fix)
    known = [name for name in inspect.signature(fit).parameters if name not in _OURS]
    # a module of Python, such as `metrics` that was imported, says nothing
    settings = {n: names[n] for n in known if n in names and not isinstance(names[n], ModuleType)}
    return ModuleFile(named, model, _data(named, names, second), {**settings, "seed": int(number)})


def _data(named: str, names: Mapping[str, Any], rng: np.random.Generator) -> tuple[Any, Any] | None:
    """Inputs and targets: `x` and `y`, or what `data` holds or returns."""
    if "data" not in names:
        return (names["x"], required(named, names, "y", _DATA)) if "x" in names else None
    found = made(named, "data", names["data"], rng)
    if isinstance(found, Mapping) and set(found) == {"x", "y"}:
        return found["x"], found["y"]
    if isinstance(found, tuple) and len(found) == 2:
        return found[0], found[1]
    what = f"a dict of {', '.join(map(str, found)) or 'nothing'}" if isinstance(found, Mapping) else kind(found)
    raise ModelFileError(
        f"`data` in {seen(named)} is {what}; of a module it is a pair of inputs and targets",
        fix="def data(rng): … return x, y",
    )
