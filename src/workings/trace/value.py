"""Values that NumPy code runs on: each stands for a node of the graph that the code is building.

`Traced`, in traced.py, has a shape and a dtype, and no number; `Cell`, in cell.py, has its number too. Python's
operators, NumPy's ufuncs (`__array_ufunc__`), its functions (`__array_function__`) and the methods of arrays all
end in `apply`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import numpy as np

from workings.errors import DtypeError, MutationError, RefusedError, WorkingsError
from workings.graph import Node, Operators, Origin
from workings.graph.display import AsMarkdown
from workings.graph.operators import squares
from workings.trace.frames import Scopes, user_origin
from workings.trace.source import text_of

__all__ = ["Elements", "Value", "current_scopes", "numbers", "refuse", "stop"]

current_scopes: ContextVar[Scopes | None] = ContextVar("current_scopes", default=None)

# the numbers of the nodes that cells have made; a node that nobody holds any more takes its number along
numbers: WeakKeyDictionary[Node, Any] = WeakKeyDictionary()


def stop(
    kind: type[WorkingsError],
    problem: str,
    fix: str | None = None,
    *,
    where: Origin | None = None,
    scopes: Scopes | None = None,
) -> NoReturn:
    """Raise an error at the user's line, and remember it, since the code or a library may catch and hide it."""
    error = kind(problem, where=where or user_origin(), fix=fix)
    scopes = scopes or current_scopes.get()
    if scopes is not None:
        scopes.refused.append(error)
    raise error


def refuse(what: str, fix: str | None = None) -> NoReturn:
    """Refuse something by name, at the user's line."""
    stop(RefusedError, what, fix)


class Value(Operators, AsMarkdown):
    """What stands for an array in the user's code. `weak` values take the dtype of what they meet."""

    __slots__ = ("__weakref__", "node", "weak")
    __hash__ = object.__hash__

    def __init__(self, node: Node, *, weak: bool = False) -> None:
        self.node = node
        self.weak = weak

    # ── what is known without a number ──

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @shape.setter
    def shape(self, new: Any) -> NoReturn:
        stop(MutationError, f"the code changes the shape of {self._label()} in place", "np.reshape(x, shape)")

    @property
    def dtype(self) -> np.dtype:
        return self.node.dtype

    @dtype.setter
    def dtype(self, new: Any) -> NoReturn:
        stop(MutationError, f"the code changes the dtype of {self._label()} in place", "x.astype(dtype)")

    @property
    def ndim(self) -> int:
        return self.node.ndim

    @property
    def size(self) -> int:
        return self.node.size

    def _label(self) -> str:
        """What an error calls this value: its name, else the expression that made it, else its op."""
        node = self.node
        return node.name or text_of(node.origin) or f"a value made by {node.op.name}"

    # ── operators ──

    def _call(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        from workings.trace.apply import apply

        return apply(op, inputs, attributes, operator=True)

    def __eq__(self, other: object) -> Any:
        return self._call("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self._call("not_equal", self, other)

    def __mul__(self, other: Any) -> Any:
        return self._call("multiply", self, self._no_repetition(other))

    def __rmul__(self, other: Any) -> Any:
        return self._call("multiply", self._no_repetition(other), self)

    def _no_repetition(self, other: Any) -> Any:
        if isinstance(other, (list, tuple)) and self.dtype.kind in "iu" and not self.shape:
            refuse(f"a list times the whole number {self._label()} is the list over and over", "a plain int")
        return other

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            refuse("pow with a modulus", "x ** y % modulus")
        return self._call("square", self) if squares(self, other) else self._call("power", self, other)

    def __floordiv__(self, other: Any) -> Any:
        return self._call("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._call("floor_divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._call("remainder", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._call("remainder", other, self)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def _bits(self, condition: str, whole: str, *inputs: Any) -> Any:
        """The op `condition` of conditions, or the op `whole` where one is a whole number."""
        kinds = [x.dtype.kind if hasattr(x, "dtype") else np.asarray(x).dtype.kind for x in inputs]
        for x, kind in zip(inputs, kinds, strict=True):
            if kind not in "biu":
                stop(
                    DtypeError,
                    f"& | ^ ~ join conditions or whole numbers, and {x._label() if isinstance(x, Value) else repr(x)} "
                    "is neither",
                    "compare first, as in (x > 0) & (x < 1); the brackets are needed",
                )
        return self._call(condition if all(kind == "b" for kind in kinds) else whole, *inputs)

    def __and__(self, other: Any) -> Any:
        return self._bits("logical_and", "bitwise_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._bits("logical_and", "bitwise_and", other, self)

    def __or__(self, other: Any) -> Any:
        return self._bits("logical_or", "bitwise_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._bits("logical_or", "bitwise_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._bits("logical_xor", "bitwise_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._bits("logical_xor", "bitwise_xor", other, self)

    def __invert__(self) -> Any:
        return self._bits("logical_not", "invert", self)

    def __lshift__(self, other: Any) -> Any:
        return self._call("left_shift", self, other)

    def __rlshift__(self, other: Any) -> Any:
        return self._call("left_shift", other, self)

    def __rshift__(self, other: Any) -> Any:
        return self._call("right_shift", self, other)

    def __rrshift__(self, other: Any) -> Any:
        return self._call("right_shift", other, self)

    def __getitem__(self, key: Any) -> Any:
        from workings.trace.indexing import index

        return index(self, key)

    # ── writing into an array ──

    def _is_array(self) -> bool:
        return self.shape != ()

    def _assign(self, op: str, sign: str, other: Any) -> Any:
        if self._is_array():
            name = self.node.name or "h"
            stop(
                MutationError,
                f"{sign}= writes into the array {self._label()}, which tracing cannot follow",
                f"{name} = {name} {sign} …, which makes a new one",
            )
        return self._call(op, self, other)

    def __iadd__(self, other: Any) -> Any:
        return self._assign("add", "+", other)

    def __isub__(self, other: Any) -> Any:
        return self._assign("subtract", "-", other)

    def __imul__(self, other: Any) -> Any:
        return self._assign("multiply", "*", other)

    def __itruediv__(self, other: Any) -> Any:
        return self._assign("divide", "/", other)

    def __ifloordiv__(self, other: Any) -> Any:
        return self._assign("floor_divide", "//", other)

    def __imod__(self, other: Any) -> Any:
        return self._assign("remainder", "%", other)

    def __ipow__(self, other: Any) -> Any:
        if squares(self, other) and not self._is_array():
            return self._call("square", self)
        return self._assign("power", "**", other)

    def __imatmul__(self, other: Any) -> Any:
        return self._assign("matmul", "@", other)

    def __iand__(self, other: Any) -> Any:
        return self._assign("logical_and", "&", other) if self._is_array() else self & other

    def __ior__(self, other: Any) -> Any:
        return self._assign("logical_or", "|", other) if self._is_array() else self | other

    def __ixor__(self, other: Any) -> Any:
        return self._assign("logical_xor", "^", other) if self._is_array() else self ^ other

    def __ilshift__(self, other: Any) -> Any:
        return self._assign("left_shift", "<<", other)

    def __irshift__(self, other: Any) -> Any:
        return self._assign("right_shift", ">>", other)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        stop(
            MutationError,
            f"the code writes into {self._label()}, which tracing cannot follow",
            "np.where(mask, new, old), np.concatenate or np.stack make a new array",
        )

    def __delitem__(self, key: Any) -> NoReturn:
        stop(MutationError, f"the code deletes from {self._label()}", "np.concatenate([x[:i], x[i + 1:]])")

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: Any) -> Value:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        refuse(f"{self._label()} cannot be pickled; it belongs to its graph", "run first, and pickle the numbers")

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
        from workings.trace.methods import method

        return method(self, name)


class Elements:
    """What has a length and elements; a number has neither, and the code may ask."""

    __slots__ = ()

    def __len__(self: Any) -> int:
        if not self.shape:
            raise TypeError(f"{self._label()} is a scalar and has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return self._elements(len(self))  # len() first, so that iterating over a scalar is an error at once

    def _elements(self, count: int) -> Iterator[Any]:
        from workings.trace.apply import apply

        for i in range(count):
            yield apply("getitem", (self,), {"key": (i,)}, element=i, iterating=True)
