"""Values that NumPy code runs on: each stands for a node of the graph that the code is building.

`Traced` has a shape and a dtype, and no number. `Cell` has its number too. Python's operators, NumPy's ufuncs
(`__array_ufunc__`), its functions (`__array_function__`) and the methods of arrays all end in `apply`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import numpy as np

from workings.errors import (
    DtypeError,
    EscapedError,
    MutationError,
    NumberNeededError,
    PromotionWarning,
    RefusedError,
    WorkingsError,
)
from workings.graph import Node, Operators, Role, call, constant
from workings.graph.node import weak_dtype
from workings.trace.frames import Scopes, locate, user_origin

__all__ = ["Cell", "Traced", "Value", "apply", "current_scopes", "refuse"]

current_scopes: ContextVar[Scopes | None] = ContextVar("current_scopes", default=None)

# the numbers of the nodes that cells have made; a node that nobody holds any more takes its number along
numbers: WeakKeyDictionary[Node, Any] = WeakKeyDictionary()


class Value(Operators):
    """What stands for an array in the user's code. `weak` values (settings) take the dtype of what they meet."""

    __slots__ = ("__weakref__", "node", "weak")
    __hash__ = object.__hash__

    def __init__(self, node: Node, *, weak: bool = False) -> None:
        self.node = node
        self.weak = weak

    # ── what is known without a number ──

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @property
    def dtype(self) -> np.dtype:
        return self.node.dtype

    @property
    def ndim(self) -> int:
        return self.node.ndim

    @property
    def size(self) -> int:
        return self.node.size

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self._label()} is a scalar and has no length")
        return self.shape[0]

    def _label(self) -> str:
        return self.node.name or f"a value made by {self.node.op.name}"

    # ── operators ──

    def _call(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        return apply(op, inputs, attributes)

    def __eq__(self, other: object) -> Any:
        return apply("equal", (self, other), {})

    def __ne__(self, other: object) -> Any:
        return apply("not_equal", (self, other), {})

    def __floordiv__(self, other: Any) -> Any:
        return apply("floor_divide", (self, other), {})

    def __rfloordiv__(self, other: Any) -> Any:
        return apply("floor_divide", (other, self), {})

    def __mod__(self, other: Any) -> Any:
        return apply("remainder", (self, other), {})

    def __rmod__(self, other: Any) -> Any:
        return apply("remainder", (other, self), {})

    def _bits(self, op: str, *inputs: Any) -> Any:
        for x in inputs:
            kind = x.dtype.kind if hasattr(x, "dtype") else np.dtype(type(x)).kind
            if kind != "b":
                raise DtypeError(
                    f"& | ^ ~ join conditions, and {getattr(x, '_label', lambda: repr(x))()} is not bool",
                    where=user_origin(),
                    fix="compare first, as in (x > 0) & (x < 1); the brackets are needed",
                )
        return apply(op, inputs, {})

    def __and__(self, other: Any) -> Any:
        return self._bits("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._bits("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return self._bits("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._bits("logical_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._bits("logical_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._bits("logical_xor", other, self)

    def __invert__(self) -> Any:
        return self._bits("logical_not", self)

    def __getitem__(self, key: Any) -> Any:
        from workings.trace.indexing import index

        return index(self, key)

    def __iter__(self) -> Any:
        # len() first, so that iterating over a scalar is an error at once
        return iter([self[i] for i in range(len(self))])

    # ── writing into an array ──

    def _assign(self, op: str, sign: str, other: Any) -> Any:
        if self.shape != ():
            name = self.node.name or "h"
            raise MutationError(
                f"{sign}= writes into the array {self._label()}, which tracing cannot follow",
                where=user_origin(),
                fix=f"{name} = {name} {sign} …, which makes a new one",
            )
        return apply(op, (self, other), {})

    def __iadd__(self, other: Any) -> Any:
        return self._assign("add", "+", other)

    def __isub__(self, other: Any) -> Any:
        return self._assign("subtract", "-", other)

    def __imul__(self, other: Any) -> Any:
        return self._assign("multiply", "*", other)

    def __itruediv__(self, other: Any) -> Any:
        return self._assign("divide", "/", other)

    def __ipow__(self, other: Any) -> Any:
        return self.__pow__(other) if self.shape == () else self._assign("power", "**", other)

    def __imatmul__(self, other: Any) -> Any:
        return self._assign("matmul", "@", other)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise MutationError(
            f"the code writes into {self._label()}, which tracing cannot follow",
            where=user_origin(),
            fix="np.where(mask, new, old), np.concatenate or np.stack make a new array",
        )

    def __delitem__(self, key: Any) -> NoReturn:
        raise MutationError(f"the code deletes from {self._label()}", where=user_origin(), fix="slice it")

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: Any) -> Value:
        return self

    def __reduce__(self) -> NoReturn:
        raise RefusedError(f"{self._label()} cannot be pickled; it belongs to its graph", where=user_origin())

    # ── NumPy ──

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from workings.trace.functions import call_ufunc

        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from workings.trace.functions import call_function

        return call_function(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from workings.trace.functions import method

        return method(self, name)


class Traced(Value):
    """A value inside a traced function: it stands for whatever the function will be given."""

    __slots__ = ()

    def _no_number(self, what: str, fix: str) -> NoReturn:
        raise NumberNeededError(
            f"{what} needs the number of {self._label()} ({self.node.type}), which is not known while tracing",
            where=user_origin(3),
            fix=fix,
        )

    def __bool__(self) -> bool:
        self._no_number(
            "`if`, `while`, `and`, `or` or `not`", "np.where(condition, a, b), or & | ~ for conditions"
        )

    def __float__(self) -> float:
        self._no_number("float() or math.*", "the function of NumPy, as np.sqrt for math.sqrt")

    def __int__(self) -> int:
        self._no_number("int()", ".astype(int), or pass the number from outside")

    def __index__(self) -> int:
        self._no_number(
            "range(), an index or a shape",
            "a plain int from outside, as in `lambda x: f(x, 3)`; shapes are plain",
        )

    def __complex__(self) -> complex:
        self._no_number("complex()", "real numbers only")

    def __round__(self, digits: int | None = None) -> NoReturn:
        self._no_number("round()", "np.rint")

    def __floor__(self) -> NoReturn:
        self._no_number("math.floor", "np.floor")

    def __ceil__(self) -> NoReturn:
        self._no_number("math.ceil", "np.ceil")

    def __trunc__(self) -> NoReturn:
        self._no_number("math.trunc", "np.trunc")

    def __contains__(self, item: Any) -> bool:
        self._no_number("`in`", "np.any(x == item)")

    def __format__(self, spec: str) -> str:
        if spec:
            self._no_number(f"the format {spec!r}", "print it without a format, or print after training")
        return repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise RefusedError(
            f"something turned {self._label()} ({self.node.type}) into a plain array (np.array, np.asarray, "
            "np.full, a method or index of a plain array, a function of another library)",
            where=user_origin(),
            fix="np.stack([a, b]) for np.array([a, b]), A @ t for A.dot(t), "
            "workings.functions.take(table, t) for table[t]",
        )

    def __repr__(self) -> str:
        return f"<traced {self.node.name or self.node.op.name}: {self.node.type}>"


class Cell(Value):
    """A value with its number, as in a notebook: `y = w * x` shows its formula and what it comes to.

    `value` is the number (a NumPy scalar or array). `float()`, `if` and formats work on it.
    """

    __slots__ = ("title", "varies")

    def __init__(self, node: Node, number: Any, *, varies: bool, title: str | None = None) -> None:
        super().__init__(node)
        self.title = title  # what it is shown as, where that is no variable: dloss/dw
        self.varies = varies  # whether it depends on a parameter
        numbers[node] = number

    @property
    def value(self) -> Any:
        """The number."""
        return numbers[self.node]

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __complex__(self) -> complex:
        return complex(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits) if digits is not None else round(self.value)

    def __contains__(self, item: Any) -> bool:
        return item in self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise RefusedError(
            f"{self._label()} would lose its workings in a plain array",
            where=user_origin(),
            fix=f"{self.node.name or 'x'}.value for the number alone, np.stack([a, b]) for np.array([a, b])",
        )

    def __repr__(self) -> str:
        number = self.value
        shown = repr(number.item()) if np.ndim(number) == 0 else np.array2string(number, threshold=32)
        if self.node.is_input:
            return f"{self.node.name} = {shown}"
        if np.ndim(number):
            shown = f"\n{shown}" if "\n" in shown else shown
        return f"{self.title} = {self.node!r} = {shown}" if self.title else f"{self.node!r} = {shown}"


def refuse(what: str, fix: str | None = None) -> NoReturn:
    """Refuse something by name, at the user's line."""
    raise RefusedError(what, where=user_origin(), fix=fix)


# ── the one way from code to graph ──────────────────────────────────────────────────────────────────────────


def apply(op: str, inputs: Sequence[Any], attributes: dict[str, Any], *, element: int | None = None) -> Any:
    """Apply an op to values, numbers and arrays, and wrap the node as what its inputs are.

    `element` is the place of the result where the user's operation gives several.
    """
    scopes = current_scopes.get()
    place = locate(scopes, element)
    # a function of ours that is one op and no more is no scope
    scope = place.scope[:-1] if place.scope[-1:] == (op,) else place.scope
    try:
        traced, cells = _kinds(inputs)
        nodes, weak = _nodes(inputs, traced)
        node = call(op, *nodes, origin=place.origin, scope=scope, label=place.name, **attributes)
    except WorkingsError as error:
        if error.where is None:
            error.where = place.origin
        raise
    except OverflowError as error:
        raise DtypeError(f"{op}: {error}", where=place.origin) from error
    if not weak:
        _warn_of_promotion(op, nodes, node)
    if traced:
        return Traced(node, weak=weak)
    values = [numbers[n] if n in numbers else n.value for n in nodes]
    for n, value in zip(nodes, values, strict=True):
        numbers.setdefault(n, value)
    with np.errstate(all="ignore"):
        number = node.op.numpy(*values, **attributes)
    return Cell(node, number, varies=any(c.varies for c in cells))


def _kinds(inputs: Sequence[Any]) -> tuple[bool, list[Cell]]:
    traced = any(isinstance(x, Traced) for x in inputs)
    cells = [x for x in inputs if isinstance(x, Cell)]
    if not traced and not cells and current_scopes.get() is not None:
        traced = True
    return traced, cells


def as_node(value: Any, strong: Sequence[np.dtype], traced: bool) -> Node:
    """The node for one input of an op."""
    if isinstance(value, Cell):
        if not traced:
            return value.node
        if value.varies:
            raise EscapedError(
                f"the traced function uses the cell {value._label()}, which depends on a parameter",
                where=user_origin(3),
                fix=f"pass it as an argument, or {value.node.name or 'w'}.value for its number as it is now",
            )
        return constant(value.value, name=value.node.name)
    if isinstance(value, Value):
        if value.weak and strong:
            dtype = np.result_type(*strong, value.dtype.type(0).item())
            return value.node if value.dtype == dtype else call("astype", value.node, dtype=dtype)
        return value.node
    if isinstance(value, Node):
        return value
    if type(value) in (bool, int, float, complex):
        return constant(value, weak_dtype(value, strong))
    if isinstance(value, (list, tuple)) and any(isinstance(v, Value) for v in value):
        refuse("a list of traced values stands where an array should", "np.stack([a, b])")
    return constant(value, origin=user_origin(3))


def _nodes(inputs: Sequence[Any], traced: bool) -> tuple[list[Node], bool]:
    """The nodes of the inputs; and whether all of them are weak, so that the result is weak too."""
    strong: list[np.dtype] = []
    for x in inputs:
        if isinstance(x, Value):
            if not x.weak:
                strong.append(x.dtype)
        elif isinstance(x, Node):
            strong.append(x.dtype)
        elif type(x) not in (bool, int, float, complex):
            strong.append(x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype)
    weak = not strong and any(isinstance(x, Value) for x in inputs)
    if weak:
        strong = [x.dtype for x in inputs if isinstance(x, Value)]
        return [as_node(x, strong if not isinstance(x, Value) else (), traced) for x in inputs], True
    return [as_node(x, strong, traced) for x in inputs], False


_PROMOTERS = frozenset({"getitem", "put", "astype"})


def _warn_of_promotion(op: str, inputs: Sequence[Node], node: Node) -> None:
    """Warn where a floating value became wider because of what it met; that doubles the cost of all that follows."""
    if node.dtype.kind != "f" or op in _PROMOTERS:
        return
    narrow = [i for i in inputs if i.dtype.kind == "f" and i.dtype.itemsize < node.dtype.itemsize]
    if not narrow:
        return
    wide = next((i for i in inputs if i.dtype.itemsize >= node.dtype.itemsize), inputs[-1])
    small, other = narrow[0], wide.name or ("a constant" if wide.is_constant else wide.op.name)
    message = (
        f"{small.name or small.op.name} is {small.dtype.name} and becomes {node.dtype.name} where it meets {other} "
        f"({wide.dtype.name}); a Python number keeps the dtype, as in 64 ** 0.5 for np.sqrt(64), "
        f"and so does .astype(np.{small.dtype.name})"
    )
    origin = node.origin
    if origin is None:
        warnings.warn(message, PromotionWarning, stacklevel=2)
    else:
        warnings.warn_explicit(message, PromotionWarning, origin.file, origin.line)


def is_parameter(node: Node) -> bool:
    return node.role is Role.PARAMETER
