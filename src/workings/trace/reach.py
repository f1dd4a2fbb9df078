"""The random generators that a function can reach: its globals, closure and object, and those of what it calls.

Nothing is run to find them: no property, no `__getattr__`. What is reached by other ways, as through a dict of a
dict of a dict or `getattr` with a name that is made up, is not found.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinMethodType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

__all__ = ["generators"]

_KINDS = (np.random.Generator, np.random.RandomState, random.Random)
# libraries that hold no generator of the user's; what they draw from is looked at by itself
_LIBRARIES = sys.stdlib_module_names | {"numpy", "scipy", "workings", "sklearn", "pandas", "matplotlib", "torch", "jax"}
_LIBRARIES -= {"__main__"}
_MOST_LOOKED_AT = 5000
_MOST_ELEMENTS = 100


def generators(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each generator within reach, with a name to call it by: `rng`, `self.rng`, `Holder.rng`, `noise.rng`."""
    found: dict[int, Any] = {}
    seen: dict[tuple[int, ...], Any] = {}  # holds what it has seen, so that each id stays its own
    # what is to be looked at: its name, itself, and the code that reaches for its attributes
    todo: list[tuple[str, Any, tuple[str, ...]]] = [(name, value, ()) for name, value in arguments.items()]
    todo.append(("", function, ()))
    while todo and len(seen) < _MOST_LOOKED_AT:
        title, value, names = todo.pop()
        if isinstance(value, _KINDS):
            if id(value) not in found:
                found[id(value)] = value
                yield title or type(value).__name__, value
            continue
        if value is None or isinstance(value, (str, bytes, int, float, complex, np.ndarray, np.generic, CodeType)):
            continue
        key = (id(value), hash(names)) if isinstance(value, ModuleType) else (id(value),)
        if key not in seen:
            seen[key] = value
            if isinstance(value, FunctionType) and (id(value.__globals__),) not in seen:
                seen[(id(value.__globals__),)] = value.__globals__
                todo.extend((name, v, ()) for name, v in value.__globals__.items() if isinstance(v, _KINDS))
            todo.extend(_within(title, value, names))


def _within(title: str, value: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    if isinstance(value, functools.partial):
        yield title, value.func, names
        for i, part in enumerate((*value.args, *value.keywords.values())):
            yield f"argument {i} of partial", part, ()
    elif isinstance(value, MethodType):
        yield title, value.__func__, names
        yield title or "self", value.__self__, ()
    elif isinstance(value, FunctionType):
        yield from _of_function(value)
    elif isinstance(value, ModuleType):
        if not _of_library(value.__name__):
            own = vars(value)
            for name in names:
                if name in own:
                    yield f"{title}.{name}", own[name], names
    elif isinstance(value, Mapping):
        if type(value) is dict and len(value) <= _MOST_ELEMENTS:
            for key, part in value.items():
                yield f"{title}[{key!r}]", part, names
    elif isinstance(value, (list, tuple, set, frozenset)):
        if len(value) <= _MOST_ELEMENTS:
            for i, part in enumerate(value):
                yield f"{title}[{i}]", part, names
    elif isinstance(value, (staticmethod, classmethod)):
        yield title, value.__func__, names
    elif isinstance(value, property):
        yield title, value.fget, names
    elif isinstance(value, type):
        yield from _of_class(title, value)
    elif isinstance(value, BuiltinMethodType):  # draw = rng.random
        yield title, value.__self__, ()
    else:
        yield from _of_object(title, value)


def _of_library(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _LIBRARIES


def _of_function(function: FunctionType) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    wrapped = function.__dict__.get("__wrapped__")
    if wrapped is not None:
        yield "", wrapped, ()
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents, _names(function.__code__)
        except ValueError:  # a variable that has no value yet
            continue
    if _of_library(function.__module__):
        return
    names = _names(function.__code__)
    for name in names:
        if name in function.__globals__:
            yield name, function.__globals__[name], names
    for value in function.__defaults__ or ():
        yield f"a default of {function.__name__}", value, ()
    for name, value in (function.__kwdefaults__ or {}).items():
        yield name, value, ()


@functools.lru_cache(maxsize=10_000)
def _names(code: CodeType) -> tuple[str, ...]:
    """The globals and attributes that a code, and the functions within it, reach for."""
    names: dict[str, None] = {}
    todo = [code]
    while todo:
        top = todo.pop()
        names.update(dict.fromkeys(top.co_names))
        todo.extend(c for c in top.co_consts if isinstance(c, CodeType))
    return tuple(names)


def _of_class(title: str, kind: type) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    for base in kind.__mro__:
        if not _of_library(base.__module__) and base is not object:
            for name, value in vars(base).items():
                yield f"{title}.{name}", value, ()


def _of_object(title: str, value: Any) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    kind = type(value)
    if _of_library(kind.__module__):
        return
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    for name, part in own.items():
        yield f"{title}.{name}", part, ()
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            slot = base.__dict__.get(name)
            if isinstance(slot, MemberDescriptorType):
                try:
                    yield f"{title}.{name}", slot.__get__(value, kind), ()
                except AttributeError:  # a slot without a value
                    continue
    yield title, kind, ()
