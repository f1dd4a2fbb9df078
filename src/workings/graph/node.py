"""A node of the graph: one value, made once from others by one op."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from workings.errors import DtypeError, GraphError
from workings.graph.display import AsMarkdown, hooks
from workings.graph.op import Op, Shape, lookup, register
from workings.graph.operators import Operators
from workings.graph.origin import Origin

__all__ = ["Because", "Node", "Role", "call", "constant", "input_node", "provenance", "remake"]


class Role(StrEnum):
    """What an input of a graph is for."""

    PARAMETER = "parameter"  # nudged by training
    DATA = "data"  # given, row by row
    STATE = "state"  # carried from step to step
    SETTING = "setting"  # changeable without compiling again, as the learning rate
    CONSTANT = "constant"  # given once
    COUNTER = "counter"  # the number of the step, counted from 0


class Because(NamedTuple):
    """Why a node of a derivative exists: it comes from the forward node `node` by `rule`.

    `of` is set on the node that is the whole derivative with respect to it, all its paths added up.
    """

    node: Node
    rule: str
    of: Node | None = None

    def moved(self, new: Mapping[Node, Node]) -> Because:
        """The same reason, where forward nodes were replaced by new ones."""
        node = new.get(self.node, self.node)
        of = None if self.of is None else new.get(self.of, self.of)
        return self if node is self.node and of is self.of else Because(node, self.rule, of)


class _Beside(NamedTuple):
    origin: Origin | None = None
    scope: tuple[str, ...] = ()
    because: Because | None = None


_beside: ContextVar[_Beside] = ContextVar("beside", default=_Beside())  # noqa: B039 (frozen)


@contextmanager
def provenance(
    origin: Origin | None = None, scope: tuple[str, ...] = (), because: Because | None = None
) -> Iterator[None]:
    """Nodes made inside carry this origin, scope and reason, unless they are given their own."""
    token = _beside.set(_Beside(origin, scope, because))
    try:
        yield
    finally:
        _beside.reset(token)


class Node(Operators, AsMarkdown):
    """One value of a graph: `op` applied to `inputs`, with `attributes`; its shape and dtype are known.

    Frozen, and compared and hashed by identity. Beside the meaning stand the `name` it had in the user's
    code, its `origin` there, its `scope` (which function or layer made it) and, in a derivative, `because`:
    the forward node and the rule it comes from. `serial` grows with every node made, so that sorting by it
    is always an order in which a graph can be computed, and the order in which the user wrote it.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "because",
        "dtype",
        "inputs",
        "name",
        "op",
        "origin",
        "scope",
        "serial",
        "shape",
    )
    op: Op
    inputs: tuple[Node, ...]
    attributes: Mapping[str, Any]
    shape: Shape
    dtype: np.dtype
    name: str | None
    origin: Origin | None
    scope: tuple[str, ...]
    because: Because | None
    serial: int

    _serials: ClassVar[Iterator[int]] = itertools.count()

    def __init__(
        self,
        op: Op,
        inputs: tuple[Node, ...],
        attributes: Mapping[str, Any],
        shape: Shape,
        dtype: np.dtype,
        *,
        name: str | None = None,
        origin: Origin | None = None,
        scope: tuple[str, ...] = (),
        because: Because | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "op", op)
        put(self, "inputs", inputs)
        put(self, "attributes", MappingProxyType(dict(attributes)) if attributes else _NOTHING)
        put(self, "shape", shape)
        put(self, "dtype", dtype)
        put(self, "name", name)
        put(self, "origin", origin)
        put(self, "scope", scope)
        put(self, "because", because)
        put(self, "serial", next(Node._serials))

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"a node is frozen; {key!r} cannot be set")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"a node is frozen; {key!r} cannot be deleted")

    def _call(self, op: str, *inputs: Any, **attributes: Any) -> Node:
        return call(op, *inputs, **attributes)

    def __bool__(self) -> bool:
        raise TypeError("a node has no truth value; it stands for a value that is not known yet")

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def T(self) -> Node:  # noqa: N802 (NumPy's name)
        return call("transpose", self, axes=tuple(reversed(range(self.ndim))))

    @property
    def is_constant(self) -> bool:
        return self.op is CONSTANT

    @property
    def is_input(self) -> bool:
        return self.op is INPUT

    @property
    def role(self) -> Role | None:
        """The role of an input; None for other nodes."""
        return self.attributes["role"] if self.op is INPUT else None

    @property
    def value(self) -> Any:
        """The value of a constant, as a NumPy scalar or a read-only array of its dtype."""
        stored = self.attributes["value"]
        return stored if isinstance(stored, np.ndarray) else self.dtype.type(stored)

    def is_literal(self, number: float) -> bool:
        """Whether this is a constant scalar equal to `number` (−0.0 is not 0)."""
        if self.op is not CONSTANT or self.shape != ():
            return False
        stored = self.value
        return bool(stored == number) and bool(np.signbit(stored) == np.signbit(float(number)))

    @property
    def type(self) -> str:
        """Dtype and shape as one word: `float64[3,4]`, or `float64` for a scalar."""
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]" if self.shape else self.dtype.name

    def __repr__(self) -> str:
        if hooks.line is not None:
            return hooks.line(self)
        left = f"{self.name or '?'}: {self.type}"
        if self.op is INPUT:
            return f"{left} ({self.role})"
        if self.op is CONSTANT:
            return f"{left} = {self.attributes['value']}"
        return f"{left} = {self.op.name}({', '.join(i.name or '?' for i in self.inputs)})"


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _declared(inputs: Sequence[Node], attributes: Mapping[str, Any]) -> tuple[Shape, np.dtype]:
    raise GraphError("inputs and constants declare their own shape and dtype")


def _given(**attributes: Any) -> Any:
    raise GraphError("an input has no value of its own; give it one to `evaluate`")


INPUT = register(Op("input", "a value given to the graph", _declared, _given))
CONSTANT = register(Op("constant", "a value that is part of the graph", _declared, lambda value: value))


def input_node(
    name: str,
    shape: Shape,
    dtype: Any,
    role: Role = Role.DATA,
    *,
    origin: Origin | None = None,
) -> Node:
    """A new input of a graph."""
    return Node(INPUT, (), {"role": Role(role)}, tuple(shape), np.dtype(dtype), name=name, origin=origin)


def constant(value: Any, dtype: Any = None, *, name: str | None = None, origin: Origin | None = None) -> Node:
    """A constant. A Python number keeps its spelling (`2` stays `2` though its dtype be float64);
    an array is copied and made read-only.

    Raises `DtypeError` for what is no number, or does not fit the dtype (`300` as int8).
    """
    beside = _beside.get()
    if isinstance(value, (bool, int, float, complex)) and type(value) in (bool, int, float, complex):
        kind = np.dtype(type(value) if dtype is None else dtype)
        try:
            np.array(value, kind)
        except (OverflowError, TypeError) as error:
            raise DtypeError(f"{value!r} does not fit {kind.name}", where=origin or beside.origin) from error
        stored: Any = value
        shape: Shape = ()
    else:
        array = np.asarray(value, dtype=dtype)
        kind, shape = array.dtype, array.shape
        if kind.kind not in "biufc":
            raise DtypeError(
                f"a constant of dtype {kind} is no number",
                where=origin or beside.origin,
                fix="convert it to numbers first",
            )
        if shape == ():
            stored = array.item()
        else:
            stored = np.array(array, order="C")
            stored.flags.writeable = False
    return Node(
        CONSTANT,
        (),
        {"value": stored},
        shape,
        kind,
        name=name,
        origin=origin or beside.origin,
        scope=beside.scope,
        because=beside.because,
    )


def weak_dtype(value: bool | int | float | complex, others: Sequence[np.dtype]) -> np.dtype:
    """The dtype that a Python number takes beside values of these dtypes (NumPy's rule, NEP 50)."""
    if not others:
        return np.dtype(type(value))
    return np.result_type(*others, value)


def call(
    name: str,
    *inputs: Any,
    origin: Origin | None = None,
    scope: tuple[str, ...] | None = None,
    label: str | None = None,
    **attributes: Any,
) -> Node:
    """Apply the op of this name: the one way in which nodes are made.

    Python numbers among the inputs become constants of the dtype that NumPy's weak rule gives them;
    arrays become constants of their own dtype. The shape and dtype of the result are inferred here, so a
    wrong shape is an error before anything runs.
    """
    op = lookup(name)
    if not all(isinstance(value, Node) for value in inputs):
        strong: list[np.dtype] = [value.dtype for value in inputs if hasattr(value, "dtype")]
        inputs = tuple(
            value
            if isinstance(value, Node)
            else constant(value, weak_dtype(value, strong))
            if type(value) in (bool, int, float, complex)
            else constant(value)
            for value in inputs
        )
    beside = _beside.get()
    with_origin = origin or beside.origin
    try:
        shape, dtype = op.infer(inputs, attributes)
    except (GraphError, DtypeError, ValueError, TypeError) as error:
        if getattr(error, "where", ...) is None:
            error.where = with_origin  # type: ignore[union-attr]
        raise
    return Node(
        op,
        inputs,
        attributes,
        shape,
        dtype,
        name=label,
        origin=with_origin,
        scope=beside.scope if scope is None else scope,
        because=beside.because,
    )


def remake(node: Node, inputs: tuple[Node, ...], *, because: Because | None = None, name: str | None = None) -> Node:
    """The same op on other inputs, for another reason or by another name, with all else that stood beside it."""
    if inputs == node.inputs:
        shape, dtype = node.shape, node.dtype
    else:
        shape, dtype = node.op.infer(inputs, node.attributes)
    return Node(
        node.op,
        inputs,
        node.attributes,
        shape,
        dtype,
        name=name or node.name,
        origin=node.origin,
        scope=node.scope,
        because=because or node.because,
    )
