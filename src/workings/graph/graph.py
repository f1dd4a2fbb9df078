"""A graph: inputs, outputs, and the nodes between them in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from workings.errors import GraphError
from workings.graph.display import AsHtml
from workings.graph.node import Node, remake

__all__ = ["Graph", "reachable", "substitute"]


def reachable(outputs: Iterable[Node], stop: Iterable[Node] = ()) -> list[Node]:
    """Every node that the outputs are made from, in the order they were made; `stop` is not looked behind."""
    border = set(stop)
    seen: set[Node] = set()
    todo = list(outputs)
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        if node not in border:
            todo.extend(node.inputs)
    return sorted(seen, key=_serial)


def _serial(node: Node) -> int:
    return node.serial


def substitute(outputs: Sequence[Node], replacement: Mapping[Node, Node]) -> list[Node]:
    """The outputs with nodes replaced, and remade where something they are made from was replaced.

    Only nodes that depend on a replaced one are new; `because` follows to the new forward nodes.
    """
    new: dict[Node, Node] = dict(replacement)
    for node in reachable(outputs, stop=replacement):
        if node in new:
            continue
        inputs = tuple(new.get(i, i) for i in node.inputs)
        because = node.because and node.because.moved(new)
        if inputs != node.inputs or because is not node.because:
            new[node] = remake(node, inputs, because=because)
    return [new.get(node, node) for node in outputs]


class Graph(AsHtml):
    """A function as nodes: `inputs`, `outputs`, and `nodes`, everything reachable in computing order.

    `nodes` holds the inputs first, then constants and operations in the order the user wrote them. A graph
    is a value: passes make new graphs. `str(graph)` is a text that `Graph.parse` reads back.
    """

    __slots__ = ("__dict__", "inputs", "name", "nodes", "outputs")
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    nodes: tuple[Node, ...]
    name: str

    def __init__(self, inputs: Iterable[Node], outputs: Iterable[Node], *, name: str = "f") -> None:
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)
        self.name = name
        known = set(self.inputs)
        if len(known) != len(self.inputs):
            raise GraphError(f"graph {name}: an input is listed twice")
        inner = [node for node in reachable(self.outputs, stop=known) if node not in known]
        self.nodes = (*self.inputs, *inner)

    @cached_property
    def users(self) -> Mapping[Node, tuple[Node, ...]]:
        """For each node the nodes that take it as an input, in computing order."""
        users: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        known = set(self.inputs)
        for node in self.nodes:
            if node not in known:
                for i in dict.fromkeys(node.inputs):
                    users[i].append(node)
        return {node: tuple(takers) for node, takers in users.items()}

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """The name of each node in every text about this graph; see `workings.graph.names`."""
        from workings.graph.names import assign

        return assign(self)

    def __call__(self, *arguments: Node) -> tuple[Node, ...]:
        """The outputs for other inputs: substitution, so that nothing of one use leaks into another."""
        if len(arguments) != len(self.inputs):
            raise GraphError(f"graph {self.name} takes {len(self.inputs)} inputs, not {len(arguments)}")
        return tuple(substitute(self.outputs, dict(zip(self.inputs, arguments, strict=True))))

    def __len__(self) -> int:
        return len(self.nodes)

    def __str__(self) -> str:
        from workings.graph.text import write

        return write(self)[0]

    def __repr__(self) -> str:
        return str(self)

    @classmethod
    def parse(cls, text: str, constants: Sequence[Any] = ()) -> Graph:
        """The graph that `text`, the `str` of a graph, describes; `constants` holds its large arrays."""
        from workings.graph.text import parse

        return parse(text, constants)
