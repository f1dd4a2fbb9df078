"""Values inside a traced function, which have a shape and a dtype, and no number."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from workings.errors import EscapedError, MutationError, NumberNeededError, RefusedError
from workings.graph import Node
from workings.trace.frames import Scopes, asked_by_user, user_branches, user_origin
from workings.trace.refused import NUMBER_FIXES, array_fix
from workings.trace.source import branch, called
from workings.trace.value import Elements, Value, current_scopes, stop

__all__ = ["Traced", "escaped"]

_PYTHON = (int, float, bool)
_OF_ARRAYS = frozenset({"__iter__", "__getitem__", "shape", "dtype", "ndim", "size"})


class Traced(Value):
    """A value inside a traced function: it stands for whatever the function will be given.

    `like` is the type of what it stands for, so that `isinstance(x, np.ndarray)` answers as it will for the
    numbers; `owner` is the trace it belongs to.
    """

    __slots__ = ("like", "owner")
    __iter__ = None

    def __new__(
        cls, node: Node, *, weak: bool = False, like: type | None = None, owner: Scopes | None = None
    ) -> Traced:
        array = node.shape or (like is not None and issubclass(like, np.ndarray))
        return object.__new__(TracedArray if array else cls)

    def __init__(
        self, node: Node, *, weak: bool = False, like: type | None = None, owner: Scopes | None = None
    ) -> None:
        self.node = node
        self.weak = weak
        self.like = like or (np.ndarray if node.shape else node.dtype.type)
        self.owner = owner or current_scopes.get()

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return self.like

    # A number has no elements, and one of Python's no shape either. Code that asks, as hasattr(x, "shape") does,
    # must be told so, or it would take another way than it takes with numbers; our own code may still look.

    def __getattribute__(self, name: str, /) -> Any:
        if name in _OF_ARRAYS:
            like = object.__getattribute__(self, "like")
            if name == "__iter__" or (like in _PYTHON and asked_by_user()):
                raise AttributeError(name)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        like = object.__getattribute__(self, "like")
        if like in _PYTHON and not hasattr(like, name) and not name.startswith("__") and asked_by_user():
            label = self._label()
            raise AttributeError(
                f"{label} is a Python {like.__name__}, which has no attribute {name!r}; "
                f"np.{name}({label}) if there is one, or trace for an array or np.float64 in its place"
            )
        return super().__getattr__(name)

    def _is_array(self) -> bool:
        # a 0-d array that was passed in is written to by +=; a scalar is not
        return self.like is np.ndarray

    def _no_number(self, what: str, fix: str) -> NoReturn:
        """Refuse to give a number. Where the line calls something, it is named, with its own fix if it has one."""
        if self.owner is not None and self.owner.over:
            stop(EscapedError, *escaped(self))
        origin = user_origin(3)
        call = None if user_branches(3) else called(origin)
        if call is not None and call.kind == "call" and call.name:
            what, fix = f"{call.spelled}()", NUMBER_FIXES.get(call.name, fix)
        elif call is not None:
            what, fix = array_fix(call, self.node.name or "i")
        asking = what or branch(origin)
        stop(
            MutationError if call is not None and call.kind == "write" else NumberNeededError,
            f"{asking} needs the number of {self._label()} ({self.node.type}), which is not known while tracing",
            fix,
            where=origin,
            scopes=self.owner,
        )

    def __hash__(self) -> int:
        self._no_number("a set, a dict key or a cache", "the name of the value, or its index, as the key")

    def __bool__(self) -> bool:
        self._no_number("", "np.where(condition, a, b), or & | ~ between conditions in brackets")

    def __float__(self) -> float:
        self._no_number("a Python float", "the function of NumPy, as np.sqrt for math.sqrt")

    def __int__(self) -> int:
        self._no_number("a Python int", ".astype(int), or pass the number from outside")

    def __index__(self) -> int:
        self._no_number(
            "an index, a shape or a count",
            "a plain int from outside, as in `lambda x: f(x, 3)`, or workings.functions.take(table, i) for an index",
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

    def __format__(self, spec: str) -> str:
        if spec:
            self._no_number(f"the format {spec!r}", "print it without a format, or print after training")
        return repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        if self.owner is not None and self.owner.over:
            stop(EscapedError, *escaped(self))
        origin = user_origin()
        call = called(origin)
        what, fix = array_fix(call, self.node.name or "x")
        stop(
            MutationError if call is not None and call.kind == "write" else RefusedError,
            f"{what} needs a plain array of numbers, and {self._label()} ({self.node.type}) has none while tracing",
            fix,
            where=origin,
            scopes=self.owner,
        )

    def __repr__(self) -> str:
        return f"<traced {self.node.name or self.node.op.name}: {self.node.type}>"


class TracedArray(Elements, Traced):
    """A traced value that stands for an array."""

    __slots__ = ()
    __getattribute__ = object.__getattribute__
    __getattr__ = Value.__getattr__

    def __contains__(self, item: Any) -> bool:
        self._no_number("`in`", "np.any(x == item)")


def escaped(value: Traced) -> tuple[str, str]:
    """What is wrong, and what to do, where a value is used after its trace."""
    return (
        f"{value._label()} was made while a function was traced, and that trace is over",
        "return the value from the traced function; do not keep it in a list or a variable outside",
    )
