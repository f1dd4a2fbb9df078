"""A model as plain data, and back: which modules of `nn` it is made of, by name, with its arrays named beside it.

Nothing is run that the data name: only the modules of `nn`, and functions of NumPy and of `workings.functions` that
can be traced, are known by name.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from workings import functions, nn
from workings.errors import ArgumentError
from workings.trace.trees import is_leaf

__all__ = ["built", "described"]


def described(model: Any, arrays: dict[str, np.ndarray], path: str = "model") -> Any:
    """The model as data for JSON; its arrays go into `arrays`, named by their paths.

    >>> from workings import nn
    >>> arrays = {}
    >>> described(nn.Sequential(nn.ReLU()), arrays)
    {'module': 'Sequential', 'fields': {'layers': {'tuple': [{'module': 'ReLU', 'fields': {}}]}}}

    Raises `ArgumentError`, saying which part, for what is neither a module of `nn` nor plain data.
    """
    if isinstance(model, (bool, str)) or model is None:
        return model
    if type(model) is int:
        return model
    if type(model) is float:
        return model if math.isfinite(model) else {"float": repr(model)}
    if is_leaf(model):
        arrays[path] = np.asarray(model)
        return {"array": path}
    if isinstance(model, (list, tuple)) and type(model) in (list, tuple):
        kind = type(model).__name__
        return {kind: [described(part, arrays, f"{path}.{i}") for i, part in enumerate(model)]}
    if type(model) is dict and all(isinstance(key, str) for key in model):
        return {"dict": {key: described(part, arrays, f"{path}.{key}") for key, part in model.items()}}
    if dataclasses.is_dataclass(model) and not isinstance(model, type) and _known(type(model).__name__) is type(model):
        parts = {f.name: getattr(model, f.name) for f in dataclasses.fields(model)}
        fields = {name: described(part, arrays, f"{path}.{name}") for name, part in parts.items()}
        return {"module": type(model).__name__, "fields": fields}
    name = getattr(model, "__name__", None)
    for home, module in _FUNCTIONS.items():
        if name is not None and getattr(module, name, None) is model:
            return {"function": f"{home}.{name}"}
    raise ArgumentError(f"{path} is a {type(model).__name__}, which is no module of workings.nn")


_FUNCTIONS = {"numpy": np, "workings.functions": functions}


def _known(name: str) -> type | None:
    found = getattr(nn, name, None) if name in nn.__all__ else None
    return found if isinstance(found, type) and dataclasses.is_dataclass(found) else None


def built(data: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The model that the data describe. Raises `ValueError` for data that describe none."""
    if data is None or isinstance(data, (bool, str, int, float)):
        return data
    if not isinstance(data, dict) or not data:
        raise ValueError(f"{data!r} describes no part of a model")
    kind, inner = next(iter(data.items()))
    if kind == "array":
        return arrays[inner]
    if kind == "float":
        return float(inner)
    if kind in ("list", "tuple"):
        parts = [built(part, arrays) for part in inner]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict":
        return {key: built(part, arrays) for key, part in inner.items()}
    if kind == "function":
        home, _, name = str(inner).rpartition(".")
        function = getattr(functions, name, None) if home == "workings.functions" else getattr(np, name, None)
        if home not in _FUNCTIONS or (home == "numpy" and not isinstance(function, np.ufunc)) or not callable(function):
            raise ValueError(f"{inner!r} is no function that a model may have")
        return function
    if kind == "module":
        known = _known(str(inner))
        if known is None:
            raise ValueError(f"there is no module {inner!r} in this version")
        fields = data["fields"]
        names = {f.name for f in dataclasses.fields(known)}
        if set(fields) != names:
            raise ValueError(f"{inner} has the fields {', '.join(sorted(names))}, and not {', '.join(sorted(fields))}")
        module = object.__new__(known)  # what its __init__ makes is in the fields already
        for name, part in fields.items():
            object.__setattr__(module, name, built(part, arrays))
        return module
    raise ValueError(f"{kind!r} is no part of a model")
