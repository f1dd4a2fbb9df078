"""Reverse mode: the chain rule from the output back, as more graph.

A derivative is a fact of its op (`workings.ops`). What stands here is the rule that chains them, and the one
place where broadcasting is undone.

Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3; the vocabulary (vjp, adjoint) is JAX's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workings.errors import GradientError
from workings.graph import Because, Node, call, constant, provenance, remake
from workings.transform.flow import depending
from workings.transform.loop import loop_vjp

__all__ = ["adjoints", "chain", "fit", "pull", "reverse"]


def reverse(output: Node, wrt: Sequence[Node], seed: Node | None = None) -> list[Node | None]:
    """The gradient of `output` with respect to each node of `wrt`; None where it does not depend on it.

    `seed` is the adjoint of the output, 1 for a scalar. What `wrt` nodes are made from is not looked at: they
    are taken as given. Each gradient has the shape and dtype of its node, and every node made on the way says
    which forward node it comes from, and by which rule.
    """
    table = adjoints(output, wrt, seed)
    return [table.get(node) for node in wrt]


def adjoints(output: Node, wrt: Sequence[Node], seed: Node | None = None) -> dict[Node, Node]:
    """The derivative of `output` with respect to every node between it and `wrt`, both included."""
    for node in (output, *wrt):
        if node.dtype.kind != "f":
            raise GradientError(
                f"{node.name or 'the output'} is {node.dtype.name}: only floating values have a gradient",
                where=node.origin,
                fix="start from a float, as in 1.0 or np.zeros(3)",
            )
    if seed is None:
        if output.shape != ():
            raise GradientError(
                f"{output.name or 'the output'} has shape {output.shape}; a gradient is taken of a scalar",
                where=output.origin,
                fix="reduce it with np.sum or np.mean",
            )
        seed = constant(1, output.dtype)
    elif (seed.shape, seed.dtype) != (output.shape, output.dtype):
        raise GradientError(f"{output.name or 'the output'} is {output.type}, and its adjoint {seed.type}")
    return pull([output], [seed], wrt)


def pull(outputs: Sequence[Node], seeds: Sequence[Node], wrt: Sequence[Node]) -> dict[Node, Node]:
    """The derivatives of several outputs together, each weighted by its seed, as `adjoints` has those of one."""
    active = depending(outputs, wrt)
    border = set(wrt)
    uses: dict[Node, int] = {}
    for node in active.values():
        for i in () if node in border else node.inputs:
            uses[i] = uses.get(i, 0) + 1
    paths: dict[Node, list[Node]] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        paths.setdefault(output, []).append(seed)
    parted: dict[Node, dict[int, Node]] = {}  # the adjoints of a node's results
    found: dict[Node, Node] = {}
    for node in sorted(active.values(), key=lambda n: n.serial, reverse=True):
        if node in paths:
            adjoint = found[node] = _total(node, paths.pop(node))
            if node in border:
                continue
            if node.op.name == "result":
                of, index = parted.setdefault(node.inputs[0], {}), node.attributes["index"]
                of[index] = of[index] + adjoint if index in of else adjoint
                continue
        elif node in parted:
            adjoint = None
        else:
            continue
        wanted = [i in active for i in node.inputs]
        because = Because(node, node.op.rule or f"the derivative of {node.op.name}")
        with provenance(node.origin, node.scope, because):
            parts = loop_vjp(node, parted.pop(node), wanted, pull) if adjoint is None else vjp(adjoint, node, wanted)
            for x, part in zip(node.inputs, parts, strict=True):
                if part is None or x not in active:
                    continue
                part = fit(part, x)
                if uses[x] == 1 and part.because == because:
                    part = remake(part, part.inputs, because=because._replace(of=x))
                paths.setdefault(x, []).append(part)
    return found


def _total(node: Node, parts: list[Node]) -> Node:
    total = parts[0]
    for i, part in enumerate(parts[1:], start=2):
        last = i == len(parts)
        with provenance(node.origin, node.scope, Because(node, "the paths add up", node if last else None)):
            total = total + part
    return total


def vjp(adjoint: Node, node: Node, wanted: Sequence[bool]) -> Sequence[Node | None]:
    """What `node` hands back to each of its inputs, before broadcasting is undone."""
    if node.op.partials is None:
        assert node.op.vjp is not None
        return node.op.vjp(adjoint, node)
    return [
        chain(adjoint, partial if isinstance(partial, int) else partial(*node.inputs, node)) if want else None
        for partial, want in zip(node.op.partials, wanted, strict=True)
    ]


def chain(g: Node, partial: Any) -> Node | None:
    """One link of the chain rule: the derivative so far times a local partial, without factors of 1 and 0."""
    if not isinstance(partial, Node):
        if partial == 0:
            return None
        return g if partial == 1 else -g if partial == -1 else g * partial
    if partial.is_literal(0):
        return None
    if partial.is_literal(1):
        return g
    if g.is_literal(1):
        return partial
    if partial.op.name == "divide" and partial.inputs[0].is_literal(1):
        return g / partial.inputs[1]
    if partial.op.name == "where":
        # a chosen value hands on the derivative itself, so that 0 · inf never makes a nan
        condition, a, b = partial.inputs
        yes, no = chain(g, a), chain(g, b)
        if yes is None and no is None:
            return None
        return call("where", condition, 0 if yes is None else yes, 0 if no is None else no)
    return g * partial


def fit(adjoint: Node, x: Node) -> Node:
    """Undo broadcasting and promotion: the adjoint in the shape and dtype of `x`.

    A value that was repeated collects the derivatives of its repeats. This is the only place that knows it.
    """
    if adjoint.shape != x.shape:
        extra = adjoint.ndim - x.ndim
        if extra < 0:
            adjoint = call("broadcast_to", adjoint, shape=x.shape)
        else:
            stretched = [i for i, n in enumerate(adjoint.shape) if i < extra or (x.shape[i - extra] == 1 and n != 1)]
            axis: Any = tuple(stretched) if len(stretched) > 1 else stretched[0]
            if len(stretched) == adjoint.ndim and x.ndim == 0:
                adjoint = call("sum", adjoint)
            elif extra == 0:
                adjoint = call("sum", adjoint, axis=axis, keepdims=True)
            else:
                adjoint = call("sum", adjoint, axis=axis)
            if adjoint.shape != x.shape:
                adjoint = call("reshape", adjoint, shape=x.shape)
    if adjoint.dtype != x.dtype:
        adjoint = call("astype", adjoint, dtype=x.dtype)
    return adjoint
