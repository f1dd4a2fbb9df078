"""`jit`: a function of NumPy, traced once for each kind of arguments and run by an engine."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable, Hashable, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from workings import random
from workings.engines.engine import compile_function, get
from workings.errors import ArgumentError
from workings.graph import Graph, Node
from workings.trace.trace import Trace, apply_graph, bind, too_large, trace_function
from workings.trace.trees import flatten, is_leaf, walk
from workings.trace.value import Value
from workings.transform import simplify

__all__ = ["jit"]

_MOST_KINDS = 256


class _Compiled(NamedTuple):
    trace: Trace
    graph: Graph
    run: Callable[..., tuple[Any, ...]]


def jit(f: Callable[..., Any] | None = None, *, engine: str = "auto", threads: int | None = None) -> Callable[..., Any]:
    """The same function, traced once for each kind of arguments, simplified, and run by an engine.

    A kind is the form of the arguments, the shapes and dtypes of their numbers and arrays, and the values of
    all else (strings, flags, functions). An object that cannot be compared by value, such as one whose
    attributes may change, is looked at anew, and so traced anew, in each call. What the function reads from
    outside, as a global, is read when it is traced; inside of `random.drawing` that is in each call. The bits are
    those of the traced function, and with engine "native" as near as `compile_function` says; "auto" is native where
    that has every op, and numpy otherwise. Inside another traced
    function, and on cells, it is part of their graph.
    `f.source(...)` on the result gives the text that runs for these arguments.

    >>> import workings as wk
    >>> @wk.jit
    ... def area(width, height):
    ...     return width * height
    >>> area(2.0, 3.0)
    np.float64(6.0)

    Raises what `wk.trace` raises, `ArgumentError` for an engine there is not, and `UnsupportedError` for an op that
    the engine does not have.
    """
    get(engine)
    if f is None:
        return lambda g: jit(g, engine=engine, threads=threads)
    if isinstance(f, Value) or not callable(f):
        raise ArgumentError(f"wk.jit takes a function, not {type(f).__name__}", fix="@wk.jit above a def")
    compiled: dict[Hashable, _Compiled] = {}

    def ready(arguments: Mapping[str, Any]) -> _Compiled:
        # what a function draws inside of `random.drawing` hangs on more than its arguments
        kind = _kind(arguments) if random.current() is None else None
        if kind is not None and kind in compiled:
            return compiled[kind]
        traced = trace_function(f, arguments)
        graph = simplify(traced.graph).graph
        made = _Compiled(traced, graph, compile_function(graph, engine, threads))
        if kind is not None:
            if len(compiled) >= _MOST_KINDS:
                compiled.pop(next(iter(compiled)))
            compiled[kind] = made
        return made

    @functools.wraps(f, updated=())
    def jitted(*args: Any, **kwargs: Any) -> Any:
        arguments = bind(f, args, kwargs)
        drawing = random.current()
        key = None if drawing is None else drawing.key
        if any(isinstance(leaf, Value) for leaf in (key, *(leaf for _, leaf in flatten(arguments)))):
            traced = trace_function(f, arguments)
            return traced.assemble(apply_graph(traced.graph, traced.leaves(arguments)))
        traced, graph, run = ready(arguments)
        leaves = traced.leaves(arguments)
        values = [_given(leaf, node) for leaf, node in zip(leaves, graph.inputs, strict=True)]
        return traced.assemble(run(*values))

    def source(*args: Any, **kwargs: Any) -> str:
        found = ready(bind(f, args, kwargs))
        return getattr(found.run, "source", str(found.graph))

    jitted.source = source  # type: ignore[attr-defined]
    return jitted


def _given(leaf: Any, node: Node) -> Any:
    try:
        return np.asarray(leaf, node.dtype)[()]
    except OverflowError:  # the kind is traced already, with a smaller number
        raise too_large(leaf, node.name or "x") from None


def _kind(arguments: Mapping[str, Any]) -> Hashable | None:
    """What must be the same for two calls to share one trace; None where that cannot be told."""
    parts: list[Hashable] = []
    for _, value in walk(dict(arguments)):
        if is_leaf(value):
            dtype = value.dtype if hasattr(value, "dtype") else np.dtype(type(value))
            # the type too: a Python number takes the dtype of what it meets, a scalar of NumPy does not; and the
            # function may ask what it was given
            parts.append((type(value), dtype, np.shape(value)))
        elif isinstance(value, Mapping):
            parts.append((type(value), tuple(value)))
        elif isinstance(value, (list, tuple)):
            parts.append((type(value), len(value)))
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            rest = _beside_the_fields(value)
            if not all(type(v) in _PLAIN or isinstance(v, _COMPARED_AS_THEY_ARE) for v in rest.values()):
                return None
            parts.append((type(value), *((name, type(v), v) for name, v in rest.items())))
        elif isinstance(value, _COMPARED_AS_THEY_ARE) or _has_a_value(value):
            parts.append((type(value), value))
        else:
            return None
    return tuple(parts)


def _beside_the_fields(value: Any) -> dict[str, Any]:
    """What a dataclass holds that is none of its fields, as what its `__post_init__` stored."""
    fields = {f.name for f in dataclasses.fields(value)}
    return {name: v for name, v in getattr(value, "__dict__", {}).items() if name not in fields}


# of which equal means the same; 0.0 and −0.0 do not
_PLAIN = (bool, int, str, bytes, type(None))

# by which object they are; what they read from outside is read once, as everywhere
_COMPARED_AS_THEY_ARE = (type, enum.Enum, FunctionType, BuiltinFunctionType, ModuleType, np.ufunc)


def _has_a_value(value: Any) -> bool:
    """Whether equal means the same value: the type says what equal is, and that it does not change."""
    if type(value).__eq__ is object.__eq__:
        return value is None
    try:
        hash(value)
    except TypeError:
        return False
    return True
