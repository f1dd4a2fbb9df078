"""Which values certainly lie in memory row by row.

The bits of a sum depend on the order in which it is taken, and NumPy takes it in the order of memory. So the
written program must lay out what it carries, and what it computes in place, just as the graph's meaning does.
Where it is not certain here, the program makes it so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workings.graph import Graph, Node

__all__ = ["CONTIGUOUS", "ORDERED", "UNKNOWN", "Layout", "certain", "layouts"]

_LIKE_UFUNCS = frozenset({"where", "clip"})
_JOINED = frozenset({"concatenate", "stack"})  # laid out by the strides of all, those of 0 among them
_REDUCTIONS = frozenset({"sum", "mean", "prod", "max", "min", "all", "any", "argmax", "argmin", "cumsum"})
_FRESH = frozenset({"outer", "put"})
_SAME = frozenset({"expand_dims", "squeeze", "stop_gradient"})


class Layout(int):
    """How much is certain: nothing, that later axes have smaller strides, or that it is C-contiguous."""

    __slots__ = ()


UNKNOWN, ORDERED, CONTIGUOUS = Layout(0), Layout(1), Layout(2)


def layouts(graph: Graph, inputs: Layout = CONTIGUOUS) -> Mapping[Node, Layout]:
    """What is certain of each node, where the graph's inputs have the layout `inputs`."""
    known: dict[Node, Layout] = dict.fromkeys(graph.inputs, inputs)
    for node in graph.nodes:
        if node in known and node.ndim:
            continue
        known[node] = CONTIGUOUS if node.is_constant or node.ndim == 0 else _of(node, [known[i] for i in node.inputs])
    return known


def _of(node: Node, inputs: list[Layout]) -> Layout:
    name = node.op.name
    worst = min(inputs, default=CONTIGUOUS)
    if name in _SAME or (name in ("astype", "reshape") and worst == CONTIGUOUS):
        return inputs[0]
    if name == "broadcast_to":
        same = node.shape == node.inputs[0].shape
        return inputs[0] if same else ORDERED if worst >= ORDERED else UNKNOWN
    if name == "matmul":
        return CONTIGUOUS if node.ndim <= 2 else UNKNOWN
    if name in _FRESH:
        return CONTIGUOUS
    if name in _JOINED:
        return CONTIGUOUS if worst == CONTIGUOUS else UNKNOWN
    if isinstance(node.op.numpy, np.ufunc) or name in _LIKE_UFUNCS or name in _REDUCTIONS:
        return CONTIGUOUS if worst >= ORDERED or node.ndim == 1 else UNKNOWN
    return UNKNOWN


def certain(known: Mapping[Node, Layout], node: Node) -> bool:
    """Whether the node certainly lies row by row, or is a NumPy scalar where its shape is ()."""
    if node.ndim:
        return known[node] == CONTIGUOUS
    # a scalar may come as an array of no axes, except from these
    return node.is_input or node.is_constant or isinstance(node.op.numpy, np.ufunc) or node.op.name in _REDUCTIONS
