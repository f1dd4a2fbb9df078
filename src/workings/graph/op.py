"""The record of an operation, and the registry that finds it by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from workings.errors import GraphError

if TYPE_CHECKING:
    from workings.graph.node import Node

__all__ = ["Op", "lookup", "register", "registered"]

Shape = tuple[int, ...]
Infer = Callable[[Sequence["Node"], Mapping[str, Any]], tuple[Shape, np.dtype]]
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class Op:
    """One primitive operation: everything there is to know about it.

    name        NumPy's name; the regular spelling in a program is `np.{name}`
    doc         one line of meaning
    infer       (inputs, attributes) -> (shape, dtype) of the result; raises `ShapeError`, `DtypeError`
    numpy       the meaning: called with the input values, and the attributes as keywords
    partials    elementwise ops: for each input its local partial, an expression of the inputs and the output;
                a plain 0, 1 or -1 stands for itself
    vjp         structural ops: (adjoint, node) -> an adjoint for each input, None where there is none
    jvp         structural ops: (tangents, node) -> tangent; absent where the op is linear in all its inputs
    results     an op with several results, as a loop: attributes -> (shape, dtype) of each. Its value is a tuple,
                and its node has the dtype object; `result` takes one of them out
    rule        the derivative in words, for the derivation; made from the partials where absent
    maths       how mathematics writes it: a kind that `write/maths.py` knows; absent: as a named function
    spellings   by language, where the regular spelling does not do: a template of `{0}`, `{1}` and attributes
    domain      for tests: an interval for each input where the op is defined and smooth enough to compare
    """

    name: str
    doc: str
    infer: Infer
    numpy: Callable[..., Any]
    partials: tuple[Callable[..., Any] | int, ...] | None = None
    vjp: Callable[[Node, Node], Sequence[Node | None]] | None = None
    jvp: Callable[[Sequence[Node | None], Node], Node] | None = None
    results: Callable[[Mapping[str, Any]], Sequence[tuple[Shape, np.dtype]]] | None = None
    rule: str | None = None
    maths: str | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    domain: tuple[Interval, ...] = ()

    @property
    def elementwise(self) -> bool:
        """Whether each element of the result depends on the matching elements of the inputs alone."""
        return self.partials is not None

    @property
    def differentiable(self) -> bool:
        """Whether any input has a derivative that is not identically zero."""
        if self.partials is not None:
            return any(partial != 0 for partial in self.partials)
        return self.vjp is not None or self.results is not None

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.doc}>"


_OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Enter `op` in the registry; a second op of the same name is an error."""
    if op.name in _OPS:
        raise GraphError(f"there is an op {op.name!r} already")
    _OPS[op.name] = op
    return op


def lookup(name: str) -> Op:
    """The op of this name."""
    try:
        return _OPS[name]
    except KeyError:
        raise GraphError(f"there is no op {name!r}") from None


def registered() -> tuple[Op, ...]:
    """All ops, in the order they were entered."""
    return tuple(_OPS.values())
