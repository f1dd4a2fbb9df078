"""The grammar of graphs, checked by machine. Tests run it after every pass."""

from __future__ import annotations

from workings.errors import GraphError, WorkingsError
from workings.graph.graph import Graph
from workings.graph.node import Role
from workings.graph.op import registered

__all__ = ["verify"]


def verify(graph: Graph) -> Graph:
    """Return the graph if it is legal; raise `GraphError` naming the node if it is not.

    Legal means: every op is registered; every input of the graph is an input node and has a role; every
    input node met on the way is among the graph's inputs; a node comes after what it is made from; and each
    node's shape and dtype are those that its op infers; and what has several results is read one by one. A graph
    among a node's attributes is legal too.
    """
    known = set(registered())
    seen = set()
    for node in graph.inputs:
        if not node.is_input:
            raise GraphError(f"graph {graph.name}: {node!r} is among the inputs and is a result of {node.op.name}")
        if not isinstance(node.role, Role):
            raise GraphError(f"graph {graph.name}: input {node.name} has no role")
        seen.add(node)
    for node in graph.nodes[len(graph.inputs) :]:
        label = f"graph {graph.name}: node {node.name or node.serial} ({node.op.name})"
        for value in node.attributes.values():
            if isinstance(value, Graph):
                verify(value)
        if node.op not in known:
            raise GraphError(f"{label}: the op is not registered", where=node.origin)
        if node.is_input:
            raise GraphError(f"{label}: input {node.name!r} is not among the graph's inputs", where=node.origin)
        if node.is_constant:
            value = node.value
            if value.shape != node.shape or value.dtype != node.dtype:
                raise GraphError(f"{label}: recorded as {node.type}, but holds {value.dtype}{list(value.shape)}")
            seen.add(node)
            continue
        for i in node.inputs:
            if i.op.results is not None and node.op.name != "result":
                raise GraphError(f"{label}: takes all the results of a {i.op.name} at once", where=node.origin)
            if i not in seen:
                raise GraphError(f"{label}: uses {i.name or i.serial} before it is made", where=node.origin)
        try:
            shape, dtype = node.op.infer(node.inputs, node.attributes)
        except WorkingsError as error:
            raise GraphError(f"{label}: {error.problem}", where=node.origin) from error
        if (shape, dtype) != (node.shape, node.dtype):
            raise GraphError(
                f"{label}: recorded as {node.type}, but the op gives {dtype.name}{list(shape)}", where=node.origin
            )
        seen.add(node)
    for node in graph.outputs:
        if node not in seen:
            raise GraphError(f"graph {graph.name}: an output is not among its nodes")
        if node.op.results is not None:
            raise GraphError(f"graph {graph.name}: an output is all the results of a {node.op.name} at once")
    return graph
