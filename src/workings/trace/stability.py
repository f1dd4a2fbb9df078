"""Whether a function does the same twice: two traces compared, and the random generators it can reach."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from workings.errors import UnstableError
from workings.graph import Graph, Node, Origin
from workings.trace.reach import generators

__all__ = ["Draws", "compare"]

_FIX = "draw random numbers outside and pass them as an argument; keep no counter or clock in the function"


def compare(one: Graph, two: Graph, result: Any, other: Any) -> None:
    """Raise unless the two traces are the same graph, constants included, with results of the same form."""
    place = dict(zip(one.inputs, two.inputs, strict=True))
    for a, b in zip(one.nodes, two.nodes, strict=False):
        if not _same(a, b, place):
            _differs(one, a)
        place[a] = b
    longer = one if len(one.nodes) >= len(two.nodes) else two
    rest = longer.nodes[min(len(one.nodes), len(two.nodes)) :]
    if rest:
        where = next((n.origin for n in rest if n.origin is not None), None)
        raise UnstableError(
            f"{one.name} does not do the same twice: one call made {len(rest)} more values than the other",
            where=where,
            fix=_FIX,
        )
    for a, b in zip(one.outputs, two.outputs, strict=False):
        if place[a] is not b:
            _differs(one, a)
    if repr(result) != repr(other):
        raise UnstableError(
            f"{one.name} does not do the same twice: it returns {result!r} and then {other!r}", fix=_FIX
        )


def _same(a: Node, b: Node, place: dict[Node, Node]) -> bool:
    if a.is_input:
        return place.get(a, a) is b
    if a.op is not b.op or a.shape != b.shape or a.dtype != b.dtype or len(a.inputs) != len(b.inputs):
        return False
    if a.is_constant:
        x, y = a.attributes["value"], b.attributes["value"]
        if isinstance(x, np.ndarray):
            return bool(np.array_equal(x, y, equal_nan=a.dtype.kind == "f"))
        return repr(x) == repr(y)  # tells −0.0 from 0.0, and nan is nan
    if not all(place.get(i, i) is j for i, j in zip(a.inputs, b.inputs, strict=True)):
        return False
    return a.attributes.keys() == b.attributes.keys() and all(
        _same_graph(value, b.attributes[key]) if isinstance(value, Graph) else value == b.attributes[key]
        for key, value in a.attributes.items()
    )


def _same_graph(one: Graph, two: Graph) -> bool:
    """Whether two graphs within a node, of two traces, are the same."""
    if len(one.nodes) != len(two.nodes) or len(one.inputs) != len(two.inputs):
        return False
    place = dict(zip(one.nodes, two.nodes, strict=True))
    given = zip(one.inputs, two.inputs, strict=True)
    return (
        all((a.shape, a.dtype) == (b.shape, b.dtype) for a, b in given)
        and all(_same(a, b, place) for a, b in place.items())
        and [place[node] for node in one.outputs] == list(two.outputs)
    )


def _differs(graph: Graph, node: Node) -> NoReturn:
    if node.is_constant:
        users = graph.users.get(node, ())
        where = node.origin or next((u.origin for u in users if u.origin is not None), None)
        what = f"the number {node.attributes['value']}" if node.shape == () else f"an array of shape {node.shape}"
    else:
        where, what = node.origin, node.name or node.op.name
    raise UnstableError(
        f"{graph.name} does not do the same twice: {what} differs between two calls", where=where, fix=_FIX
    )


class Draws:
    """The random generators within a function's reach, and whether tracing it drew from them.

    Two draws can be equal by chance (a coin that decides whether a layer is left out), and then the two traces
    are equal too. A generator that is in another state after the second trace than after the first was drawn
    from all the same; one that the function makes or seeds itself is not.
    """

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any] | None = None) -> None:
        self.origin = _place(function)
        self._sources: dict[str, Callable[[], Any]] = {"random": random.getstate, "np.random": _global_state}
        for name, value in generators(function, arguments or {}):
            if isinstance(value, random.Random):
                self._sources[name] = value.getstate
            else:
                self._sources[name] = functools.partial(_state_of, value)
        self._states: list[dict[str, Any]] = []

    def after_a_trace(self) -> None:
        """Note the states."""
        self._states.append({name: state() for name, state in self._sources.items()})

    def check(self, title: str) -> None:
        """Raise if a generator was drawn from."""
        first, second = self._states
        for name, state in first.items():
            if not _equal(state, second[name]):
                raise UnstableError(
                    f"{title} draws random numbers from {name}, which come out another way in every call",
                    where=self.origin,
                    fix=_FIX,
                )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_equal(value, b[key]) for key, value in a.items())
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def _place(function: Callable[..., Any]) -> Origin | None:
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else Origin(code.co_filename, code.co_firstlineno)


def _global_state() -> Any:
    return _plain(np.random.get_state())


def _state_of(generator: Any) -> Any:
    if isinstance(generator, np.random.RandomState):
        return _plain(generator.get_state())
    return generator.bit_generator.state


def _plain(state: Any) -> Any:
    return tuple(part.tobytes() if isinstance(part, np.ndarray) else part for part in state)
