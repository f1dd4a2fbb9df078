"""The approximated functions as functions of the module: each is an expansion, written once for each type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from workings.engines.native.instructions import Writer
from workings.lower.maths import EXPANSIONS
from workings.lower.scalar import Number

__all__ = ["define"]

_RELATIONS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}
_BOOL = np.dtype(bool)


def define(
    name: str, dtype: np.dtype, width: int, full: str, count: int, others: dict[str, str], inlines: bool
) -> None:
    """Enter the definition of the function `full` in `others`, with what it declares: this op on so many numbers."""
    w = Writer()
    builder = _Builder(w, width)
    kind = w.kind(dtype, width)
    given = [Number(builder, _Value(f"%x{k}", dtype), dtype.name) for k in range(count)]
    result = EXPANSIONS[name].write(*given).value
    others |= w.declared
    parameters = ", ".join(f"{kind} %x{k}" for k in range(count))
    lines = [
        f"define internal {kind} {full}({parameters}) {'alwaysinline' if inlines else 'noinline'} {{",
        *w.lines,
        f"  ret {kind} {result.text}",
        "}",
    ]
    others[full] = "\n".join(lines)


class _Value(NamedTuple):
    text: str
    dtype: np.dtype


class _Builder:
    """The operations that an expansion is written in, for several numbers side by side."""

    def __init__(self, writer: Writer, width: int) -> None:
        self.w = writer
        self.width = width

    def _made(self, op: str, *values: _Value) -> _Value:
        dtype = values[0].dtype
        return _Value(self.w.operation(op, dtype, self.width, [v.text for v in values]), dtype)

    def constant(self, value: float, kind: str) -> _Value:
        dtype = np.dtype(kind)
        return _Value(self.w.number(dtype, value, self.width), dtype)

    def add(self, a: _Value, b: _Value) -> _Value:
        return self._made("add", a, b)

    def subtract(self, a: _Value, b: _Value) -> _Value:
        return self._made("subtract", a, b)

    def multiply(self, a: _Value, b: _Value) -> _Value:
        return self._made("multiply", a, b)

    def divide(self, a: _Value, b: _Value) -> _Value:
        return self._made("divide", a, b)

    def fma(self, a: _Value, b: _Value, c: _Value) -> _Value:
        return self._made("fma", a, b, c)

    def negate(self, a: _Value) -> _Value:
        return self._made("negative", a)

    def absolute(self, a: _Value) -> _Value:
        return self._made("absolute", a)

    def sqrt(self, a: _Value) -> _Value:
        return self._made("sqrt", a)

    def round(self, a: _Value) -> _Value:
        return self._made("rint", a)

    def compare(self, relation: str, a: _Value, b: _Value) -> _Value:
        return _Value(self.w.compared(_RELATIONS[relation], a.dtype, self.width, a.text, b.text), _BOOL)

    def select(self, condition: _Value, a: _Value, b: _Value) -> _Value:
        truth, kind = self.w.kind(_BOOL, self.width), self.w.kind(a.dtype, self.width)
        return _Value(self.w.emit(f"select {truth} {condition.text}, {kind} {a.text}, {kind} {b.text}"), a.dtype)

    def both(self, a: _Value, b: _Value) -> _Value:
        return self._made("and", a, b)

    def either(self, a: _Value, b: _Value) -> _Value:
        return self._made("or", a, b)

    def shift_left(self, a: _Value, count: int) -> _Value:
        return self._shifted("shl", a, count)

    def shift_right(self, a: _Value, count: int) -> _Value:
        return self._shifted("lshr", a, count)

    def _shifted(self, how: str, a: _Value, count: int) -> _Value:
        by = self.w.number(a.dtype, count, self.width)
        return _Value(self.w.emit(f"{how} {self.w.kind(a.dtype, self.width)} {a.text}, {by}"), a.dtype)

    def bits(self, a: _Value) -> _Value:
        return self._cast("bitcast", a, np.dtype(f"{'i' if a.dtype.kind == 'f' else 'f'}{a.dtype.itemsize}"))

    def convert(self, a: _Value, kind: str) -> _Value:
        dtype = np.dtype(kind)
        wider = dtype.itemsize > a.dtype.itemsize
        how = {"f": ("fptrunc", "fpext"), "i": ("trunc", "sext")}[a.dtype.kind][wider]
        return self._cast(how, a, dtype)

    def _cast(self, how: str, a: _Value, dtype: np.dtype) -> _Value:
        kinds = self.w.kind(a.dtype, self.width), self.w.kind(dtype, self.width)
        return _Value(self.w.emit(f"{how} {kinds[0]} {a.text} to {kinds[1]}"), dtype)

    def lookup(self, table: Sequence[float], index: _Value, kind: str) -> _Value:
        dtype = np.dtype(kind)
        return _Value(self.w.looked_up(table, dtype, self.width, index.text, index.dtype), dtype)
