"""Forward mode: the derivative along a direction, from the same local partials as reverse mode."""

from __future__ import annotations

from collections.abc import Sequence

from workings.errors import GradientError
from workings.graph import Because, Node, call, provenance
from workings.transform.flow import depending
from workings.transform.loop import loop_jvp
from workings.transform.reverse import chain

__all__ = ["forward"]


def forward(outputs: Sequence[Node], wrt: Sequence[Node], tangents: Sequence[Node]) -> list[Node | None]:
    """The derivative of each output when the nodes of `wrt` move along `tangents`; None where it does not move.

    A tangent has the shape and dtype of its node, and so has the derivative of each output.
    """
    found: dict[Node, Node] = {}
    for node, tangent in zip(wrt, tangents, strict=True):
        if (tangent.shape, tangent.dtype) != (node.shape, node.dtype):
            raise GradientError(f"{node.name or 'the input'} is {node.type}, and its tangent {tangent.type}")
        found[node] = tangent
    parted: dict[Node, dict[int, Node]] = {}  # the tangents of a node's results
    for node in depending(outputs, wrt):
        if node in found:
            continue
        if node.op.name == "result":
            tangent = parted.get(node.inputs[0], {}).get(node.attributes["index"])
            if tangent is not None:
                found[node] = tangent
            continue
        with provenance(node.origin, node.scope, Because(node, node.op.rule or f"the derivative of {node.op.name}")):
            moves = [found.get(i) for i in node.inputs]
            if node.op.results is not None:
                parted[node] = loop_jvp(node, moves, forward)
                continue
            tangent = jvp(moves, node)
            if tangent is None:
                continue
            if tangent.shape != node.shape:
                tangent = call("broadcast_to", tangent, shape=node.shape)
            if tangent.dtype != node.dtype:
                tangent = call("astype", tangent, dtype=node.dtype)
        found[node] = tangent
    return [found.get(node) for node in outputs]


def jvp(tangents: Sequence[Node | None], node: Node) -> Node | None:
    """How `node` moves when its inputs move along `tangents` (None: they stay)."""
    if all(tangent is None for tangent in tangents):
        return None
    if node.op.jvp is not None:
        return node.op.jvp(tangents, node)
    if node.op.partials is None:
        return call(node.op.name, *(t for t in tangents if t is not None), **node.attributes)
    total: Node | None = None
    for partial, tangent in zip(node.op.partials, tangents, strict=True):
        if tangent is None:
            continue
        part = chain(tangent, partial if isinstance(partial, int) else partial(*node.inputs, node))
        if part is not None:
            total = part if total is None else total + part
    return total
