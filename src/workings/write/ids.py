"""A short id for each node, the same in the formula, in the picture and in the program of one page."""

from __future__ import annotations

from workings.graph import Graph, Node

__all__ = ["Ids"]


class Ids:
    """The ids of a graph's nodes: `n0`, `n1`, … in its order.

    A derivative that was derived once more, for a document, has the id of the node of the graph that is the
    derivative with respect to the same value. What the graph has nothing for has no id (None).

    >>> from workings.graph import input_node
    >>> import workings.ops
    >>> w = input_node("w", (), float)
    >>> ids = Ids(Graph([w], [w * w]))
    >>> ids(w), ids(input_node("x", (), float))
    ('n0', None)
    """

    def __init__(self, graph: Graph) -> None:
        self._ids = {node: f"n{i}" for i, node in enumerate(graph.nodes)}
        self._derivatives: dict[Node, str] = {}
        for node, name in self._ids.items():
            if node.because is not None and node.because.of is not None:
                self._derivatives.setdefault(node.because.of, name)

    def __call__(self, node: Node | None) -> str | None:
        if node is None:
            return None
        found = self._ids.get(node)
        if found is None and node.because is not None and node.because.of is not None:
            return self._derivatives.get(node.because.of)
        return found

    def derivative(self, node: Node) -> str | None:
        """The id of the derivative with respect to a node."""
        return self._derivatives.get(node)
