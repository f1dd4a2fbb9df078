"""What `fit` is given, checked before anything is traced."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.trace.trace import Trace
from workings.trace.trees import flatten, states
from workings.train.arguments import as_parameters

__all__ = ["check_dtype", "check_indices", "check_model", "check_options", "check_ragged"]


def check_model(model: Any) -> None:
    """Raise unless the model can be called, and has arrays that can be trained."""
    if isinstance(model, type):
        raise ArgumentError(f"the model is the class {model.__name__}", fix=f"{model.__name__}(…), an instance")
    name = getattr(model, "__name__", type(model).__name__)
    if not callable(model):
        fix = "a module of nn"
        if isinstance(model, (list, tuple)):
            fix = "nn.Sequential(*layers)"
        elif hasattr(model, "forward"):
            fix = "the method called __call__ in place of forward"
        raise ArgumentError(f"the model is a {name}, which cannot be called", fix=fix)
    carried = states(model)
    if not any(path and path not in carried for path, _ in flatten(model)):
        raise ArgumentError(
            f"the model, {name}, has no arrays that are trained",
            fix="a module of nn with a layer such as nn.Linear; wk.train for a function and its parameters"
            if is_dataclass(model) or inspect.isroutine(model)
            else f"@dataclass above class {name}, with a line for each field, as `hidden: nn.Linear`",
        )
    as_parameters("model", model, frozenset(("model", *path) for path in carried))


def check_ragged(name: str, tree: Any) -> None:
    """Raise for a list of rows of unequal lengths, which is no array."""
    if isinstance(tree, list):
        try:
            np.asarray(tree)
        except ValueError:
            raise ArgumentError(
                f"{name} is a list of rows that are of unequal lengths",
                fix="rows of one length, the shorter ones padded",
            ) from None


def check_dtype(dtype: Any) -> None:
    """Raise unless NumPy knows the dtype."""
    try:
        np.dtype(dtype)
    except TypeError:
        raise ArgumentError(f"dtype is {dtype!r}, which NumPy does not know", fix="dtype=np.float32") from None


def check_options(options: Mapping[str, tuple[Any, type | Callable[..., Any], str]]) -> None:
    """Raise unless each option is None, or is what it has to be; the last of each says what to write instead."""
    for name, (value, wanted, fix) in options.items():
        fits = isinstance(value, wanted) if isinstance(wanted, type) else wanted(value)
        if value is not None and not fits:
            shown = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
            raise ArgumentError(f"{name} is {shown}", fix=fix)


def check_indices(trace: Trace, values: Mapping[str, Any]) -> None:
    """Raise where data that index an array, as those of an embedding do, lie outside of it."""
    given = dict(zip(trace.graph.inputs, zip(trace.paths, trace.leaves(values), strict=True), strict=True))
    for node in trace.graph.nodes:
        if node.op.name != "getitem" or node.attributes["key"][0] != "array" or node.inputs[1] not in given:
            continue
        table, (path, index) = node.inputs[0], given[node.inputs[1]]
        index = np.asarray(index)
        out = (index < -table.shape[0]) | (index >= table.shape[0])
        if np.any(out):
            raise ArgumentError(
                f"{'.'.join(path)} holds {index[out].flat[0]}, and {table.name} has {table.shape[0]} rows",
                fix=f"whole numbers from 0 to {table.shape[0] - 1}, or a larger {table.name}",
            )
