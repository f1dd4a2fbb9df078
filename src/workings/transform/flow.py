"""Where a derivative can flow."""

from __future__ import annotations

from collections.abc import Sequence

from workings.graph import Node, reachable

__all__ = ["depending"]


def depending(outputs: Sequence[Node], wrt: Sequence[Node]) -> dict[Node, Node]:
    """The nodes between `wrt` and the outputs through which a derivative can flow, in computing order."""
    active = dict.fromkeys(wrt)
    for node in reachable(outputs, stop=wrt):
        flows = node.op.differentiable and (node.dtype.kind == "f" or node.op.results is not None)
        if flows and any(i in active for i in node.inputs):
            active[node] = None
    return {node: node for node in active}
