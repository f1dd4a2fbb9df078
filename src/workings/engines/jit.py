"""`jit`: a function of NumPy, traced once for each kind of arguments and run by an engine."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from workings.engines.engine import compile_function, get
from workings.errors import ArgumentError
from workings.graph import Graph
from workings.trace.trace import Trace, apply_graph, bind, trace_function
from workings.trace.trees import flatten, rebuild
from workings.trace.value import Value
from workings.transform import simplify

__all__ = ["jit"]

_MOST_KINDS = 256


def jit(f: Callable[..., Any] | None = None, *, engine: str = "numpy") -> Callable[..., Any]:
    """The same function, traced once for each kind of arguments, simplified, and run by an engine.

    A kind is the form of the arguments, the shapes and dtypes of their numbers and arrays, and the values of
    all else (strings, flags). What the function reads from outside, as a global, is read when it is traced.
    The bits are those of the traced function. Inside another traced function, and on cells, it is part of
    their graph. `f.source(...)` on the result gives the text that runs for these arguments.

    >>> import workings as wk
    >>> @wk.jit
    ... def area(width, height):
    ...     return width * height
    >>> area(2.0, 3.0)
    np.float64(6.0)

    Raises what `wk.trace` raises, and `ArgumentError` for an engine there is not.
    """
    get(engine)
    if f is None:
        return lambda g: jit(g, engine=engine)
    if isinstance(f, Value) or not callable(f):
        raise ArgumentError(f"wk.jit takes a function, not {type(f).__name__}", fix="@wk.jit above a def")
    compiled: dict[Any, tuple[Trace, Graph, Callable[..., tuple[Any, ...]]]] = {}

    def ready(arguments: Mapping[str, Any]) -> tuple[Trace, Graph, Callable[..., tuple[Any, ...]]]:
        kind = _kind(arguments)
        found = compiled.get(kind)
        if found is None:
            traced = trace_function(f, arguments)
            graph = simplify(traced.graph).graph
            if len(compiled) >= _MOST_KINDS:
                compiled.pop(next(iter(compiled)))
            found = compiled[kind] = traced, graph, compile_function(graph, engine)
        return found

    @functools.wraps(f, updated=())
    def jitted(*args: Any, **kwargs: Any) -> Any:
        arguments = bind(f, args, kwargs)
        if any(isinstance(leaf, Value) for _, leaf in flatten(arguments)):
            traced = trace_function(f, arguments)
            return traced.assemble(apply_graph(traced.graph, traced.leaves(arguments)))
        traced, graph, run = ready(arguments)
        values = [
            np.asarray(leaf, node.dtype)[()] for leaf, node in zip(traced.leaves(arguments), graph.inputs, strict=True)
        ]
        return traced.assemble(run(*values))

    def source(*args: Any, **kwargs: Any) -> str:
        _, graph, run = ready(bind(f, args, kwargs))
        return getattr(run, "source", str(graph))

    jitted.source = source  # type: ignore[attr-defined]
    return jitted


def _kind(arguments: Mapping[str, Any]) -> Any:
    """What must be the same for two calls to share one trace."""
    form = repr(rebuild(dict(arguments), lambda _, leaf: _Hole(leaf)))
    return form


class _Hole:
    """A leaf in the form of the arguments: its shape and dtype alone."""

    def __init__(self, leaf: Any) -> None:
        dtype = leaf.dtype if hasattr(leaf, "dtype") else np.dtype(type(leaf))
        self.text = f"<{dtype}{list(np.shape(leaf))}>"

    def __repr__(self) -> str:
        return self.text
