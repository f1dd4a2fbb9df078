"""Python's operators, by the names of the ops that they mean."""

from __future__ import annotations

from typing import Any

__all__ = ["Operators", "squares"]


def squares(x: Any, exponent: Any) -> bool:
    """Whether `x ** exponent` is a product, x times x.

    That is faster, exact, and what NumPy does for arrays, where it keeps the dtype of x. Any other 2, as
    `np.float64(2)`, or 2.0 where x holds whole numbers, has a say in the dtype of the result.
    """
    if type(exponent) is int:
        return exponent == 2 and (x.dtype.kind != "b" or x.shape != ())
    return type(exponent) is float and exponent == 2 and x.dtype.kind == "f"


class Operators:
    """Python's operators and NumPy's array methods, by the names of the ops that mean them.

    `Node` and the tracer's values share this table; each says in `_call` what calling an op is.
    """

    __slots__ = ()
    # NumPy's arrays leave mixed expressions to us
    __array_priority__ = 1000

    def _call(self, op: str, *inputs: Any, **attributes: Any) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return self._call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._call("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._call("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._call("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._call("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._call("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._call("square", self) if squares(self, other) else self._call("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._call("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._call("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._call("matmul", other, self)

    def __neg__(self) -> Any:
        return self._call("negative", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._call("absolute", self)

    def __lt__(self, other: Any) -> Any:
        return self._call("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._call("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._call("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._call("greater_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return self._call("logical_and", self, other)

    def __rand__(self, other: Any) -> Any:
        return self._call("logical_and", other, self)

    def __or__(self, other: Any) -> Any:
        return self._call("logical_or", self, other)

    def __ror__(self, other: Any) -> Any:
        return self._call("logical_or", other, self)

    def __xor__(self, other: Any) -> Any:
        return self._call("logical_xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        return self._call("logical_xor", other, self)

    def __invert__(self) -> Any:
        return self._call("logical_not", self)
