"""What of a graph is to be drawn, and by which names: the options of a picture, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from workings.draw.phrases import listing
from workings.errors import ArgumentError
from workings.graph import Graph, Node
from workings.graph.names import Names

__all__ = ["check_options", "forward_part", "names_for", "scope_path"]


def check_options(depth: Any, direction: Any, most: Any) -> None:
    """Raise `ArgumentError` for values that mean nothing."""
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 0):
        raise ArgumentError(
            f"depth is {depth!r}; it is a number of levels, 0 or more, or None", fix="depth=1, a box for each layer"
        )
    if direction not in ("down", "right"):
        raise ArgumentError(f"there is no direction {direction!r}", fix="direction='down' or direction='right'")
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 10:
        raise ArgumentError(f"most is {most!r}; it is a number of boxes, 10 or more", fix="most=60")


def scope_path(scope: Any, there: Sequence[tuple[str, ...]], title: str) -> tuple[str, ...]:
    """The scope as names from the outside in; an error where it is not among those that are there."""
    path = (scope,) if isinstance(scope, str) else scope
    if not isinstance(path, (tuple, list)) or not all(isinstance(name, str) for name in path):
        raise ArgumentError(
            f"scope is {scope!r}; it is the name of a layer, or names from the outside in", fix="('layer',)"
        )
    path = tuple(path)
    if path and path not in there:
        inside = "" if there else "; nothing in it was made by a function that it calls"
        raise ArgumentError(
            f"{title} has no scope {_spelled(path)}{inside}",
            fix=f"scope={listing(list(map(_spelled, there)), 'or')}" if there else "leave scope out",
        )
    return path


def _spelled(scope: tuple[str, ...]) -> str:
    return repr(scope if len(scope) > 1 else "".join(scope))


def forward_part(graph: Graph, updates: Collection[Node]) -> Graph:
    """The graph without its derivatives, unless there is nothing else in it."""
    outputs = [n for n in graph.outputs if n.because is None and n not in updates]
    if not outputs or len(outputs) == len(graph.outputs):
        return graph
    plain = Graph(graph.inputs, outputs, name=graph.name)
    return Graph([n for n in plain.inputs if plain.users[n] or not graph.users[n]], outputs, name=graph.name)


def names_for(graph: Graph, names: Mapping[Node, str] | None) -> dict[Node, str]:
    """A name for each value, the given one or else one that is free."""
    if names is None:
        return dict(graph.names)
    known = {node: names[node] for node in graph.nodes if node in names}
    free = Names(set(known.values()))
    for node, name in graph.names.items():
        if node not in known:
            known[node] = free.give(name if node.name is not None else name.rstrip("0123456789").rstrip("_"))
    return known
