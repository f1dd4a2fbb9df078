"""What the names in a model file stand for: required ones, those made by a function, optimizers with another rate."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from workings.cli.failures import seen
from workings.errors import ModelFileError
from workings.graph import Origin

__all__ = ["kind", "made", "required", "with_rate"]


def required(named: str, names: Mapping[str, Any], name: str, fix: str) -> Any:
    """The value of a name; an error, with the nearest name, where the file has none."""
    if name in names:
        return names[name]
    known = {n.lower(): n for n in names if not n.startswith("__")}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    more = f" (is `{known[near[0]]}` meant?)" if near else ""
    raise ModelFileError(f"{seen(named)} has no `{name}`{more}", fix=fix)


def made(named: str, name: str, value: Any, rng: np.random.Generator) -> Any:
    """The value of a name, made by the function if it is one."""
    if not inspect.isroutine(value):
        return value
    needed = [
        p.name
        for p in inspect.signature(value).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if len(needed) > 1:
        raise ModelFileError(
            f"the function `{name}` in {seen(named)} takes {', '.join(needed)}",
            where=Origin(named, value.__code__.co_firstlineno) if inspect.isfunction(value) else None,
            fix=f"def {name}(rng): …, where rng is a generator such as np.random.default_rng() gives",
        )
    return value(rng) if needed else value()


def kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"


def with_rate(optimizer: Any, learning_rate: float) -> Any:
    """The optimizer with another learning rate, in place of a number or a schedule."""
    fields = {f.name for f in dataclasses.fields(optimizer)} if dataclasses.is_dataclass(optimizer) else set()
    if "learning_rate" not in fields or isinstance(optimizer, type):
        raise ModelFileError(
            f"the optimizer of this file, {type(optimizer).__name__}, has no field learning_rate to set from outside",
            fix="set it in the file",
        )
    return dataclasses.replace(optimizer, learning_rate=learning_rate)
