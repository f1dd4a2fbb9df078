"""The meaning of a graph: a fold over each op's NumPy meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.graph.graph import Graph
from workings.graph.node import Node

__all__ = ["evaluate", "evaluate_node", "every_value"]


def evaluate_node(node: Node, values: Sequence[Any]) -> Any:
    """The value of one node, given the values of its inputs."""
    if node.is_constant:
        return node.value
    return node.op.numpy(*values, **node.attributes)


def every_value(graph: Graph, inputs: Sequence[Any]) -> dict[Node, Any]:
    """The value of every node of the graph, for these values of its inputs."""
    if len(inputs) != len(graph.inputs):
        raise ArgumentError(f"graph {graph.name} takes {len(graph.inputs)} values, not {len(inputs)}")
    values: dict[Node, Any] = {}
    for node, value in zip(graph.inputs, inputs, strict=True):
        # NumPy's own values know their shape, and telling that of others takes longer than most ops
        if (value.shape if isinstance(value, (np.ndarray, np.generic)) else np.shape(value)) != node.shape:
            raise ArgumentError(f"{node.name} has shape {node.shape}, and the value given {np.shape(value)}")
        values[node] = value
    for node in graph.nodes[len(graph.inputs) :]:
        values[node] = evaluate_node(node, [values[i] for i in node.inputs])
    return values


def evaluate(graph: Graph, inputs: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
    """The outputs of the graph for these inputs, given in order or by name.

    Meaning, not speed: every op is called as NumPy has it, node by node.
    """
    if isinstance(inputs, Mapping):
        inputs = [inputs[node.name or ""] for node in graph.inputs]
    values = every_value(graph, inputs)
    return [values[node] for node in graph.outputs]
