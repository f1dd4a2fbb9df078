"""What an expansion is written in: numbers with operators, over a builder that emits them.

An expansion (`workings.lower.maths`) is a Python function that computes with `Number`. Each operator calls one method
of the builder below it, so the same function writes LLVM IR over one builder and computes with NumPy over another. A
builder does exactly what it is asked, in that order: it contracts no product with a sum, regroups nothing and flushes
no subnormal, and then every target gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["BITS", "Builder", "Number"]

BITS = {"float32": "int32", "float64": "int64"}
"""The integers that hold the bits of a float."""


class Builder(Protocol):
    """The operations of one scalar; a value is what the builder makes of it, and knows its own type.

    Kinds are "float32", "float64", "int32", "int64" and "bool". Operands of one operation have one kind. Integers wrap.
    Rounding is to nearest, ties to even. No operation traps, and which nan comes out does not matter.
    """

    def constant(self, value: float | int, kind: str) -> Any:
        """The number `value`, which the kind holds exactly."""
        ...

    def add(self, a: Any, b: Any) -> Any:
        """`a + b`, floats or integers."""
        ...

    def subtract(self, a: Any, b: Any) -> Any:
        """`a - b`, floats or integers."""
        ...

    def multiply(self, a: Any, b: Any) -> Any:
        """`a · b`, floats."""
        ...

    def divide(self, a: Any, b: Any) -> Any:
        """`a / b`, floats, rounded correctly."""
        ...

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """`a · b + c`, floats, rounded once."""
        ...

    def negate(self, a: Any) -> Any:
        """The float `a` with its sign turned."""
        ...

    def absolute(self, a: Any) -> Any:
        """The float `a` without its sign."""
        ...

    def sqrt(self, a: Any) -> Any:
        """The square root of a float, rounded correctly."""
        ...

    def round(self, a: Any) -> Any:
        """The nearest whole number as a float, ties to even."""
        ...

    def compare(self, relation: str, a: Any, b: Any) -> Any:
        """A bool: `a relation b` for one of `<`, `<=`, `>`, `>=`, `==`, `!=`; floats or signed integers.

        With a nan only `!=` holds.
        """
        ...

    def select(self, condition: Any, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`; both are computed, and nothing of the other one shows."""
        ...

    def both(self, a: Any, b: Any) -> Any:
        """`a and b`, of bools or of the bits of integers."""
        ...

    def either(self, a: Any, b: Any) -> Any:
        """`a or b`, of bools or of the bits of integers."""
        ...

    def shift_left(self, a: Any, count: int) -> Any:
        """An integer shifted to the left."""
        ...

    def shift_right(self, a: Any, count: int) -> Any:
        """An integer shifted to the right, zeros coming in."""
        ...

    def bits(self, a: Any) -> Any:
        """The bits of a float as an integer, or of an integer as a float, of the same width."""
        ...

    def convert(self, a: Any, kind: str) -> Any:
        """A float as one of the other width, rounded; or an integer as one of the other width, its sign kept."""
        ...

    def lookup(self, table: Sequence[float], index: Any, kind: str) -> Any:
        """`table[index]`, floats of that kind; the index is in range for every input, nan too."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A value of a builder, with the operators of Python; a plain number beside it takes its kind."""

    builder: Builder
    value: Any
    kind: str

    def like(self, value: Any) -> Number:
        """`value` as a number of the same kind."""
        return value if isinstance(value, Number) else self.constant(value)

    def constant(self, value: float | int, kind: str | None = None) -> Number:
        """A constant of this kind, or of another one."""
        return Number(self.builder, self.builder.constant(value, kind or self.kind), kind or self.kind)

    def _binary(self, method: str, other: Any) -> Number:
        return Number(self.builder, getattr(self.builder, method)(self.value, self.like(other).value), self.kind)

    def _compare(self, relation: str, other: Any) -> Number:
        return Number(self.builder, self.builder.compare(relation, self.value, self.like(other).value), "bool")

    def __add__(self, other: Any) -> Number:
        return self._binary("add", other)

    def __sub__(self, other: Any) -> Number:
        return self._binary("subtract", other)

    def __mul__(self, other: Any) -> Number:
        return self._binary("multiply", other)

    def __truediv__(self, other: Any) -> Number:
        return self._binary("divide", other)

    def __radd__(self, other: Any) -> Number:
        return self.like(other) + self

    def __rsub__(self, other: Any) -> Number:
        return self.like(other) - self

    def __rmul__(self, other: Any) -> Number:
        return self.like(other) * self

    def __rtruediv__(self, other: Any) -> Number:
        return self.like(other) / self

    def __and__(self, other: Any) -> Number:
        return self._binary("both", other)

    def __or__(self, other: Any) -> Number:
        return self._binary("either", other)

    def __lshift__(self, count: int) -> Number:
        return Number(self.builder, self.builder.shift_left(self.value, count), self.kind)

    def __rshift__(self, count: int) -> Number:
        return Number(self.builder, self.builder.shift_right(self.value, count), self.kind)

    def __neg__(self) -> Number:
        return Number(self.builder, self.builder.negate(self.value), self.kind)

    def __abs__(self) -> Number:
        return Number(self.builder, self.builder.absolute(self.value), self.kind)

    def __lt__(self, other: Any) -> Number:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Number:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Number:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Number:
        return self._compare(">=", other)

    def equals(self, other: Any) -> Number:
        """`self == other`."""
        return self._compare("==", other)

    def differs(self, other: Any) -> Number:
        """`self != other`; of itself only nan does."""
        return self._compare("!=", other)

    def fma(self, factor: Any, term: Any) -> Number:
        """`self · factor + term`, rounded once."""
        value = self.builder.fma(self.value, self.like(factor).value, self.like(term).value)
        return Number(self.builder, value, self.kind)

    def sqrt(self) -> Number:
        """The square root."""
        return Number(self.builder, self.builder.sqrt(self.value), self.kind)

    def round(self) -> Number:
        """The nearest whole number, ties to even."""
        return Number(self.builder, self.builder.round(self.value), self.kind)

    def bits(self) -> Number:
        """The bits of a float as an integer, or of an integer as a float."""
        kind = {**BITS, **{integer: real for real, integer in BITS.items()}}[self.kind]
        return Number(self.builder, self.builder.bits(self.value), kind)

    def convert(self, kind: str) -> Number:
        """The number in another width."""
        return self if kind == self.kind else Number(self.builder, self.builder.convert(self.value, kind), kind)

    def lookup(self, table: Sequence[float], kind: str) -> Number:
        """`table[self]`."""
        return Number(self.builder, self.builder.lookup(table, self.value, kind), kind)

    def choose(self, a: Any, b: Any) -> Number:
        """`a` where this bool holds, else `b`; at least one of them is a number."""
        a, b = (a, a.like(b)) if isinstance(a, Number) else (b.like(a), b)
        return Number(self.builder, self.builder.select(self.value, a.value, b.value), a.kind)
