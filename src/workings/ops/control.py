"""Control: a loop over rows, as one node whose body is a graph of its own, and its results one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import DtypeError, GraphError, ShapeError
from workings.graph import Graph, Node, Op, call, evaluate, input_node, register, substitute
from workings.graph.layouts import contiguous
from workings.graph.node import Role
from workings.graph.op import Shape
from workings.ops.infer import label

__all__ = ["Loop", "call_loop", "result", "results"]

Attributes = Mapping[str, Any]
Inferred = tuple[Shape, np.dtype]


@dataclass(frozen=True, eq=False)
class Loop:
    """A scan node in its parts.

    The inputs of the node, and those of its `body` in the same order, are what is carried, what is gone through
    row by row, and what stays the same in every turn. The body's outputs are what is carried to the next turn, and
    the rows that are stacked up; the results of the node are the last of the former and the whole of the latter.
    """

    node: Node

    @property
    def body(self) -> Graph:
        return self.node.attributes["body"]

    @property
    def length(self) -> int:
        return self.node.attributes["length"]

    @property
    def reverse(self) -> bool:
        return self.node.attributes["reverse"]

    @property
    def carry(self) -> int:
        """How many values are carried."""
        return self.node.attributes["carry"]

    @property
    def rows(self) -> int:
        """How many arrays are gone through."""
        return self.node.attributes["rows"]

    def split(self, inputs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """What stands for the inputs, as three: carried, gone through, and the same in every turn."""
        return _split(inputs, self.carry, self.rows)


def _split(inputs: Sequence[Any], carry: int, rows: int) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    return inputs[:carry], inputs[carry : carry + rows], inputs[carry + rows :]


def call_loop(
    body: Graph,
    carried: Sequence[Node],
    rows: Sequence[Node],
    constants: Sequence[Node],
    *,
    length: int,
    reverse: bool,
    name: str | None = None,
) -> Node:
    """A scan node. An array that the body holds becomes an input, so that it lies outside of the loop."""
    arrays = [node for node in body.nodes if node.is_constant and node.shape != ()]
    if arrays:
        fresh = {a: input_node(a.name or "constant", a.shape, a.dtype, Role.CONSTANT) for a in arrays}
        body = Graph([*body.inputs, *fresh.values()], substitute(body.outputs, fresh), name=body.name)
    inputs = [*carried, *rows, *constants, *arrays]
    attributes = {"body": body, "carry": len(carried), "length": length, "reverse": reverse, "rows": len(rows)}
    return call("scan", *inputs, label=name, **attributes)


def results(node: Node) -> list[Node]:
    """Every result of a node that has several."""
    assert node.op.results is not None
    return [result(node, index) for index in range(len(node.op.results(node.attributes)))]


def result(node: Node, index: int, name: str | None = None) -> Node:
    """One result of a node that has several."""
    return call("result", node, index=index, label=name)


# ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────


def _results(attributes: Attributes) -> list[Inferred]:
    """The last of what is carried, then the rows stacked up."""
    carry, length = attributes["carry"], attributes["length"]
    outputs = attributes["body"].outputs
    return [
        *((node.shape, node.dtype) for node in outputs[:carry]),
        *(((length, *node.shape), node.dtype) for node in outputs[carry:]),
    ]


def _infer(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    body, carry, rows, length = (attributes[key] for key in ("body", "carry", "rows", "length"))
    title = f"the loop {body.name}"
    if len(inputs) != len(body.inputs) or len(inputs) < carry + rows or len(body.outputs) < carry:
        raise GraphError(f"{title} takes {len(body.inputs)} values, not {len(inputs)}")
    if length < 0:
        raise ShapeError(f"{title} has {length} turns", fix="0 turns, or more")
    if any(node.is_constant and node.shape != () for node in body.nodes):
        raise GraphError(f"{title} holds an array", fix="an input of the loop")
    carried, gone_through, _ = _split(range(len(inputs)), carry, rows)
    for k, (given, wanted) in enumerate(zip(inputs, body.inputs, strict=True)):
        shape = given.shape
        if k in gone_through:
            if given.shape[:1] != (length,):
                raise ShapeError(
                    f"{title} has {length} turns, and {label(given)} has shape {given.shape}",
                    fix=f"an array of {length} rows",
                )
            shape = given.shape[1:]
        if shape != wanted.shape:
            raise ShapeError(
                f"{title}: {wanted.name} has shape {wanted.shape}, and is given {shape}", fix=f"shape {wanted.shape}"
            )
        if given.dtype != wanted.dtype:
            raise DtypeError(f"{title}: {wanted.name} is {wanted.dtype.name}, and is given {given.dtype.name}")
    for before, after in zip((body.inputs[k] for k in carried), body.outputs, strict=False):
        if (before.shape, before.dtype) != (after.shape, after.dtype):
            raise ShapeError(
                f"{title}: {before.name} is {before.type} before a turn, and {after.type} after it",
                fix="one shape and dtype, whatever the turn",
            )
    return (), np.dtype(object)


def _scan(*values: Any, body: Graph, carry: int, length: int, reverse: bool, rows: int) -> tuple[Any, ...]:
    """The meaning: turn by turn, what is carried laid out row by row."""
    start, gone_through, constants = _split(values, carry, rows)
    state = [contiguous(value) for value in start]
    stacked = [np.empty((length, *node.shape), node.dtype) for node in body.outputs[carry:]]
    for t in reversed(range(length)) if reverse else range(length):
        after = evaluate(body, [*state, *(x[t] for x in gone_through), *constants])
        state = [contiguous(value) for value in after[:carry]]
        for whole, row in zip(stacked, after[carry:], strict=True):
            whole[t] = row
    return (*state, *stacked)


register(
    Op(
        "scan",
        "a loop: what is carried from turn to turn, and the rows that each turn makes, stacked up",
        _infer,
        _scan,
        results=_results,
        rule="the loop is gone through backwards, and each turn hands its derivatives to the turn before it; "
        "what stays the same in every turn adds up the derivatives of all",
        maths="loop",
    )
)


def _result_type(inputs: Sequence[Node], attributes: Attributes) -> Inferred:
    (node,) = inputs
    index = attributes["index"]
    if node.op.results is None:
        raise GraphError(f"{label(node)} is one value, and has no results")
    found = node.op.results(node.attributes)
    if not 0 <= index < len(found):
        raise GraphError(f"{node.op.name} has {len(found)} results, and none has the number {index}")
    return found[index]


register(
    Op(
        "result",
        "one of the results of a loop",
        _result_type,
        lambda values, index: values[index],
        # reverse and forward hand the derivatives of results to the node that they are results of
        vjp=lambda g, node: (None,),
        rule="the derivative goes into the loop that it is a result of",
        maths="result",
    )
)
