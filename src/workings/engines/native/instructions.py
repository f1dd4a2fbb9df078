"""The instructions of LLVM for single numbers, and for several of them side by side."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workings.lower import Instruction
from workings.lower.elements import MATHS

__all__ = ["Writer", "plain"]

_TYPES = {"float64": "double", "float32": "float", "bool": "i1"}
_TYPES |= {f"{sign}int{bits}": f"i{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_SHORT = {"float64": "f64", "float32": "f32"}
_FLOATS = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "fmod": "frem"}
_WHOLES = {"add": "add", "subtract": "sub", "multiply": "mul", "left_shift": "shl"}
_SIGNS = {"i": {"divide": "sdiv", "fmod": "srem", "right_shift": "ashr"}}
_SIGNS["u"] = {"divide": "udiv", "fmod": "urem", "right_shift": "lshr"}
_BITS = {"and": "and", "or": "or", "xor": "xor"}
_INTRINSICS = {"absolute": "fabs", "sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "rint": "rint", "trunc": "trunc"}
_INTRINSICS |= {"fma": "fma", "copysign": "copysign"}
# a comparison with nan is false, but for "not equal"
_ORDERED = {
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
    "equal": "oeq",
    "not_equal": "une",
}
_SIGNED = {
    "less": "slt",
    "less_equal": "sle",
    "greater": "sgt",
    "greater_equal": "sge",
    "equal": "eq",
    "not_equal": "ne",
}


def plain(dtype: np.dtype, *, memory: bool = False) -> str:
    """The type of one number; in memory a bool takes a byte."""
    return "i8" if memory and dtype.kind == "b" else _TYPES[dtype.name]


class Writer:
    """Lines of a function under way. What changes lies in slots, which LLVM turns into registers.

    `define` enters the definition of an approximated function; within one there is none. With `inlines` such a
    function becomes part of where it is called, which makes longer text and faster code.
    """

    def __init__(self, define: Callable[..., None] | None = None, *, inlines: bool = True) -> None:
        self.define = define
        self.inlines = inlines
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self._count = 0

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────
    def line(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def emit(self, text: str) -> str:
        """A line that computes something; its name."""
        self._count += 1
        self.line(f"%v{self._count} = {text}")
        return f"%v{self._count}"

    def label(self) -> str:
        self._count += 1
        return f"l{self._count}"

    def place(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def slot(self, kind: str) -> str:
        self._count += 1
        self.entry.append(f"  %s{self._count} = alloca {kind}")
        return f"%s{self._count}"

    def store(self, kind: str, value: str, pointer: str) -> None:
        self.line(f"store {kind} {value}, ptr {pointer}")

    def loop(self, start: int | str, stop: int | str, by: int, body: Callable[[str], None]) -> None:
        """A loop over an index, from one number to another, which may be known to the machine alone; a single turn
        needs none."""
        known = isinstance(start, int) and isinstance(stop, int)
        if known and int(stop) <= int(start):
            return
        if known and int(stop) - int(start) <= by:
            body(str(start))
            return
        slot = self.slot("i64")
        self.store("i64", str(start), slot)
        top, out = self.label(), self.label()
        if known:
            self.line(f"br label %{top}")
        else:
            self.line(f"br i1 {self.emit(f'icmp slt i64 {start}, {stop}')}, label %{top}, label %{out}")
        self.place(top)
        index = self.emit(f"load i64, ptr {slot}")
        body(index)
        after = self.emit(f"add nuw nsw i64 {index}, {by}")
        self.store("i64", after, slot)
        self.line(f"br i1 {self.emit(f'icmp slt i64 {after}, {stop}')}, label %{top}, label %{out}")
        self.place(out)

    def only_if(self, condition: str, body: Callable[[], None]) -> None:
        """What is done where a condition holds."""
        inside, out = self.label(), self.label()
        self.line(f"br i1 {self.emit(condition)}, label %{inside}, label %{out}")
        self.place(inside)
        body()
        self.line(f"br label %{out}")
        self.place(out)

    def while_true(self, body: Callable[[], str]) -> None:
        """What is done, and done again as long as the bool that it gives holds."""
        top, out = self.label(), self.label()
        self.line(f"br label %{top}")
        self.place(top)
        self.line(f"br i1 {body()}, label %{top}, label %{out}")
        self.place(out)

    # ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────
    def kind(self, dtype: np.dtype, width: int, *, memory: bool = False) -> str:
        one = plain(dtype, memory=memory)
        return one if width == 1 else f"<{width} x {one}>"

    def number(self, dtype: np.dtype, value: Any, width: int) -> str:
        return self.repeated(_literal(dtype, value), dtype, width)

    def take(self, pointer: str, dtype: np.dtype, width: int, step: int) -> str:
        """Load one number, or several that lie `step` apart."""
        one, size = plain(dtype, memory=True), dtype.itemsize
        if width == 1 or step == 0:
            value = self._truth(self.emit(f"load {one}, ptr {pointer}, align {size}"), dtype, 1)
            return self.repeated(value, dtype, width)
        if step == 1:
            many = self.kind(dtype, width, memory=True)
            return self._truth(self.emit(f"load {many}, ptr {pointer}, align {size}"), dtype, width)
        if 2 * abs(step) <= width:
            return self._taken_apart(pointer, dtype, width, step)
        result = "poison"
        for n in range(width):
            place = self.emit(f"getelementptr inbounds {one}, ptr {pointer}, i64 {n * step}")
            value = self._truth(self.emit(f"load {one}, ptr {place}, align {size}"), dtype, 1)
            result = self._inserted(result, value, dtype, width, n)
        return result

    def _taken_apart(self, pointer: str, dtype: np.dtype, width: int, step: int) -> str:
        """Numbers that lie a few places apart, out of all from the first to the last of them."""
        one, kind = plain(dtype, memory=True), self.kind(dtype, width, memory=True)
        places = [n * step for n in range(width)]
        lowest, last = min(places), max(places)
        result, held = "poison", [False] * width
        for start in range(lowest, last + 1, width):
            # the last piece ends with the last number
            first = min(start, last + 1 - width)
            there = [start <= place < start + width for place in places]
            piece = f"getelementptr inbounds {one}, ptr {pointer}, i64 {first}"
            part = self.emit(f"load {kind}, ptr {self.emit(piece)}, align {dtype.itemsize}")
            picks = [width + p - first if t else n for n, (p, t) in enumerate(zip(places, there, strict=True))]
            mask = ", ".join(
                f"i32 {pick}" if t or h else "i32 poison" for pick, t, h in zip(picks, there, held, strict=True)
            )
            result = self.emit(f"shufflevector {kind} {result}, {kind} {part}, <{width} x i32> <{mask}>")
            held = [a or b for a, b in zip(held, there, strict=True)]
        return self._truth(result, dtype, width)

    def put(self, pointer: str, dtype: np.dtype, width: int, step: int, value: str) -> None:
        """Store one number, or several `step` apart."""
        one, size = plain(dtype, memory=True), dtype.itemsize
        if dtype.kind == "b":
            kinds = self.kind(dtype, width), self.kind(dtype, width, memory=True)
            value = self.emit(f"zext {kinds[0]} {value} to {kinds[1]}")
        many = self.kind(dtype, width, memory=True)
        if width == 1 or step == 1:
            self.line(f"store {many} {value}, ptr {pointer}, align {size}")
            return
        for n in range(width):
            place = self.emit(f"getelementptr inbounds {one}, ptr {pointer}, i64 {n * step}")
            self.line(f"store {one} {self.emit(f'extractelement {many} {value}, i64 {n}')}, ptr {place}, align {size}")

    def _truth(self, value: str, dtype: np.dtype, width: int) -> str:
        if dtype.kind != "b":
            return value
        kind = self.kind(dtype, width, memory=True)
        return self.emit(f"icmp ne {kind} {value}, {'0' if width == 1 else 'zeroinitializer'}")

    def _inserted(self, vector: str, value: str, dtype: np.dtype, width: int, n: int) -> str:
        return self.emit(f"insertelement {self.kind(dtype, width)} {vector}, {plain(dtype)} {value}, i64 {n}")

    def repeated(self, value: str, dtype: np.dtype, width: int) -> str:
        """One number in each of so many lanes."""
        if width == 1:
            return value
        if not value.startswith("%"):
            return f"<{', '.join([f'{plain(dtype)} {value}'] * width)}>"
        first = self._inserted("poison", value, dtype, width, 0)
        kind = self.kind(dtype, width)
        return self.emit(f"shufflevector {kind} {first}, {kind} poison, <{width} x i32> zeroinitializer")

    def lane(self, vector: str, dtype: np.dtype, width: int, n: int) -> str:
        """The number in one lane."""
        return vector if width == 1 else self.emit(f"extractelement {self.kind(dtype, width)} {vector}, i64 {n}")

    def gathered(self, pointers: Sequence[str], dtype: np.dtype, width: int) -> str:
        """The numbers at these places, each in a lane of its own."""
        result = "poison"
        for n, pointer in enumerate(pointers):
            result = self._inserted(result, self.take(pointer, dtype, 1, 0), dtype, width, n)
        return result

    def turned(self, vectors: Sequence[str], dtype: np.dtype, width: int) -> list[str]:
        """Vectors with the first, the second, … number of each of these, which have `width` numbers."""
        count, size = len(vectors), 1
        while size < max(count, width):
            size *= 2
        rows = [v if width == size else self._widened(v, dtype, width, size) for v in vectors]
        rows += ["poison"] * (size - count)
        kind, step = self.kind(dtype, size), size // 2
        while step:
            for n in range(size):
                if n & step:
                    continue
                a, b = rows[n], rows[n + step]
                low = ", ".join(f"i32 {m if not m & step else size + m - step}" for m in range(size))
                high = ", ".join(f"i32 {m + step if not m & step else size + m}" for m in range(size))
                rows[n] = self.emit(f"shufflevector {kind} {a}, {kind} {b}, <{size} x i32> <{low}>")
                rows[n + step] = self.emit(f"shufflevector {kind} {a}, {kind} {b}, <{size} x i32> <{high}>")
            step //= 2
        if count == size:
            return rows[:width]
        if count == 1:
            return [self.lane(row, dtype, size, 0) for row in rows[:width]]
        mask = ", ".join(f"i32 {n}" for n in range(count))
        return [self.emit(f"shufflevector {kind} {r}, {kind} poison, <{count} x i32> <{mask}>") for r in rows[:width]]

    def wrapped(self, index: str, dtype: np.dtype, length: int, width: int, fault: str) -> str:
        """An index along an axis, as int64: from the end where it is negative, and 0 with the flag set outside."""
        int64, truth = np.dtype(np.int64), np.dtype(bool)
        if dtype.itemsize < 8:
            how = "sext" if dtype.kind == "i" else "zext"
            index = self.emit(f"{how} {self.kind(dtype, width)} {index} to {self.kind(int64, width)}")
        kind = self.kind(int64, width)
        if dtype.kind == "i":
            moved = self.emit(f"add {kind} {index}, {self.number(int64, length, width)}")
            negative = self.compared("less", int64, width, index, self.number(int64, 0, width))
            index = self.emit(f"select {self.kind(truth, width)} {negative}, {kind} {moved}, {kind} {index}")
        # one that is still negative is a large number without a sign
        within = self.compared("less", np.dtype(np.uint64), width, index, self.number(int64, length, width))
        outside = self.emit(f"xor {self.kind(truth, width)} {within}, {self.number(truth, True, width)}")
        self._faulty(outside, width, fault)
        zero = self.number(int64, 0, width)
        return self.emit(f"select {self.kind(truth, width)} {within}, {kind} {index}, {kind} {zero}")

    def checked(self, value: str, condition: str, width: int, fault: str) -> str:
        """A value; the flag is set where a condition does not hold."""
        truth = np.dtype(bool)
        self._faulty(self.operation("not", truth, width, [condition]), width, fault)
        return value

    def _faulty(self, wrong: str, width: int, fault: str) -> None:
        """Set the flag where one of these bools holds."""
        found = self.halves("or", np.dtype(bool), width, wrong)
        before = self.emit(f"load i64, ptr {fault}")
        self.store("i64", self.emit(f"or i64 {before}, {self.emit(f'zext i1 {found} to i64')}"), fault)

    # ── instructions ────────────────────────────────────────────────────────────────────────────────────────
    def instruction(self, i: Instruction, values: Sequence[str], width: int) -> str:
        """An op on numbers in so many lanes."""
        if i.op == "constant":
            return self.number(i.dtype, i.value, width)
        if i.op == "convert":
            return self._converted(values[0], i.inputs[0].dtype, i.dtype, width)
        kind = self.kind(i.dtype, width)
        if i.op == "select":
            truth = self.kind(i.inputs[0].dtype, width)
            return self.emit(f"select {truth} {values[0]}, {kind} {values[1]}, {kind} {values[2]}")
        if i.op in _ORDERED:
            return self.compared(i.op, i.inputs[0].dtype, width, values[0], values[1])
        if i.op in MATHS:
            return self._called(i.op, i.dtype, width, values)
        return self.operation(i.op, i.dtype, width, values)

    def operation(self, op: str, dtype: np.dtype, width: int, values: Sequence[str]) -> str:
        kind = self.kind(dtype, width)
        if op in _BITS:
            return self.emit(f"{_BITS[op]} {kind} {values[0]}, {values[1]}")
        if op == "not":
            return self.emit(f"xor {kind} {values[0]}, {self.number(dtype, dtype.kind == 'b' or -1, width)}")
        if dtype.kind == "f":
            if op == "negative":
                return self.emit(f"fneg {kind} {values[0]}")
            if op in _INTRINSICS:
                return self._intrinsic(_INTRINSICS[op], dtype, width, values)
            return self.emit(f"{_FLOATS[op]} {kind} {values[0]}, {values[1]}")
        if op == "negative":
            return self.emit(f"sub {kind} {self.number(dtype, 0, width)}, {values[0]}")
        name = _WHOLES.get(op) or _SIGNS[dtype.kind][op]
        return self.emit(f"{name} {kind} {values[0]}, {values[1]}")

    def compared(self, op: str, dtype: np.dtype, width: int, a: str, b: str) -> str:
        kind = self.kind(dtype, width)
        if dtype.kind == "f":
            return self.emit(f"fcmp {_ORDERED[op]} {kind} {a}, {b}")
        sign = _SIGNED[op] if dtype.kind == "i" else _SIGNED[op].replace("s", "u", 1)
        return self.emit(f"icmp {sign} {kind} {a}, {b}")

    def _converted(self, value: str, old: np.dtype, new: np.dtype, width: int) -> str:
        if old.kind == "f" and new.kind in "iu":
            return self._whole(value, old, new, width)
        if old.kind in "iu" and new.kind in "iu":
            how = "trunc" if new.itemsize < old.itemsize else "sext" if old.kind == "i" else "zext"
            if new.itemsize == old.itemsize:
                return value
        elif new.kind == "f":
            floats = "fpext" if new.itemsize > old.itemsize else "fptrunc"
            how = {"f": floats, "i": "sitofp", "u": "uitofp", "b": "uitofp"}[old.kind]
        else:
            how = "zext"
        return self.emit(f"{how} {self.kind(old, width)} {value} to {self.kind(new, width)}")

    def _whole(self, value: str, old: np.dtype, new: np.dtype, width: int) -> str:
        """A float as a whole number, as NumPy's common machines have it: rounded towards 0 to a signed number of 32
        or 64 bits, to the smallest of these where it does not fit or is nan, of which the lower bits are taken."""
        truth, real = np.dtype(bool), self.kind(old, width)
        signed = np.dtype(np.int64 if new.itemsize == 8 or new == np.uint32 else np.int32)
        half = 2.0 ** (8 * signed.itemsize - 1)
        kind = self.kind(signed, width)
        large = ""
        if new == np.uint64:
            # the upper half is taken half of all numbers lower
            large = self.compared("greater_equal", old, width, value, self.number(old, half, width))
            lower = self.operation("subtract", old, width, [value, self.number(old, half, width)])
            value = self.emit(f"select {self.kind(truth, width)} {large}, {real} {lower}, {real} {value}")
        low = self.compared("greater", old, width, value, self.number(old, -half - 1, width))
        high = self.compared("less", old, width, value, self.number(old, half, width))
        fits = self.operation("and", truth, width, [low, high])
        whole = self.emit(f"fptosi {real} {value} to {kind}")
        least = self.number(signed, int(-half), width)
        whole = self.emit(f"select {self.kind(truth, width)} {fits}, {kind} {whole}, {kind} {least}")
        if large:
            upper = self.emit(f"zext {self.kind(truth, width)} {large} to {kind}")
            upper = self.emit(f"shl {kind} {upper}, {self.number(signed, 63, width)}")
            whole = self.emit(f"xor {kind} {whole}, {upper}")
        return self._converted(whole, signed, new, width)

    def _intrinsic(self, name: str, dtype: np.dtype, width: int, values: Sequence[str]) -> str:
        kind = self.kind(dtype, width)
        full = f"@llvm.{name}.{'' if width == 1 else f'v{width}'}{_SHORT[dtype.name]}"
        self.declared[full] = f"declare {kind} {full}({', '.join([kind] * len(values))})"
        return self.emit(f"call {kind} {full}({', '.join(f'{kind} {v}' for v in values)})")

    def _called(self, name: str, dtype: np.dtype, width: int, values: Sequence[str]) -> str:
        kind = self.kind(dtype, width)
        full = f"@{name}.{'' if width == 1 else f'v{width}'}{_SHORT[dtype.name]}{'' if self.inlines else '.called'}"
        if full not in self.declared:
            assert self.define is not None
            self.define(name, dtype, width, full, len(values), self.declared, self.inlines)
        return self.emit(f"call {kind} {full}({', '.join(f'{kind} {v}' for v in values)})")

    def looked_up(self, table: Sequence[float], dtype: np.dtype, width: int, index: str, of: np.dtype) -> str:
        """The entries of a table of constants at these places, which lie within it."""
        one = plain(dtype)
        words = ", ".join(f"{one} {_literal(dtype, value)}" for value in table)
        kind = f"[{len(table)} x {one}]"
        name = f"@table.{hashlib.sha256(f'{kind} {words}'.encode()).hexdigest()[:16]}"
        self.declared[name] = f"{name} = internal constant {kind} [{words}]"
        result = "poison"
        for n in range(width):
            place = index if width == 1 else self.emit(f"extractelement {self.kind(of, width)} {index}, i64 {n}")
            pointer = self.emit(f"getelementptr inbounds {one}, ptr {name}, {plain(of)} {place}")
            value = self.emit(f"load {one}, ptr {pointer}")
            if width == 1:
                return value
            result = self._inserted(result, value, dtype, width, n)
        return result

    # ── folds ───────────────────────────────────────────────────────────────────────────────────────────────
    def accumulator(self, how: str, dtype: np.dtype, width: int) -> str:
        """A slot that holds what changes nothing; a sum starts at 0, so that one of −0 is 0, as NumPy's is."""
        kind = self.kind(dtype, width)
        slot = self.slot(kind)
        self.store(kind, self.number(dtype, _neutral(how, dtype), width), slot)
        return slot

    def accumulate(self, how: str, dtype: np.dtype, width: int, slot: str, values: Sequence[str], some: int) -> None:
        """Put values in so many lanes to those in the slot; lanes for which there is none stay as they are."""
        kind = self.kind(dtype, width)
        before = self.emit(f"load {kind}, ptr {slot}")
        if some < width:
            values = [self._widened(v, dtype, some, width) for v in values]
        if how == "dot" and dtype.kind == "f":
            after = self._intrinsic("fma", dtype, width, [*values, before])
        elif how == "dot":
            product = self.put_together("product", dtype, width, values[0], values[1])
            after = self.put_together("sum", dtype, width, before, product)
        else:
            after = self.put_together(how, dtype, width, before, values[0])
        if some < width:
            mask = ", ".join(f"i32 {n if n < some else width + n}" for n in range(width))
            after = self.emit(f"shufflevector {kind} {after}, {kind} {before}, <{width} x i32> <{mask}>")
        self.store(kind, after, slot)

    def _widened(self, value: str, dtype: np.dtype, some: int, width: int) -> str:
        if some == 1:
            return self._inserted("poison", value, dtype, width, 0)
        kind = self.kind(dtype, some)
        mask = ", ".join(f"i32 {n}" if n < some else "i32 poison" for n in range(width))
        return self.emit(f"shufflevector {kind} {value}, {kind} poison, <{width} x i32> <{mask}>")

    def put_together(self, how: str, dtype: np.dtype, width: int, a: str, b: str) -> str:
        if how in ("sum", "dot", "product"):
            names = ("or", "and") if dtype.kind == "b" else ("add", "multiply")
            return self.operation(names[how == "product"], dtype, width, [a, b])
        if how in _BITS:
            return self.operation(how, dtype, width, [a, b])
        wins = self.compared("greater" if how == "maximum" else "less", dtype, width, a, b)
        truth, kind = self.kind(np.dtype(bool), width), self.kind(dtype, width)
        if dtype.kind == "f":
            wins = self.operation("or", np.dtype(bool), width, [wins, self.compared("not_equal", dtype, width, a, a)])
        return self.emit(f"select {truth} {wins}, {kind} {a}, {kind} {b}")

    def halves(self, how: str, dtype: np.dtype, width: int, vector: str) -> str:
        """The lanes put together: the first half of them with the second, until one is left."""
        while width > 1:
            if width % 2:
                # an odd one is put to the last of the others at the end
                last = self.lane(vector, dtype, width, width - 1)
                kind, rest = self.kind(dtype, width), width - 1
                mask = ", ".join(f"i32 {n}" for n in range(rest))
                vector = self.emit(f"shufflevector {kind} {vector}, {kind} poison, <{rest} x i32> <{mask}>")
                if rest == 1:
                    vector = self.emit(f"extractelement <1 x {plain(dtype)}> {vector}, i64 0")
                return self.put_together(how, dtype, 1, self.halves(how, dtype, rest, vector), last)
            kind, half = self.kind(dtype, width), width // 2
            parts = []
            for start in (0, half):
                mask = ", ".join(f"i32 {n}" for n in range(start, start + half))
                parts.append(self.emit(f"shufflevector {kind} {vector}, {kind} poison, <{half} x i32> <{mask}>"))
            if half == 1:
                parts = [self.emit(f"extractelement <1 x {plain(dtype)}> {part}, i64 0") for part in parts]
            vector = self.put_together(how, dtype, half, parts[0], parts[1])
            width = half
        return vector


def _neutral(how: str, dtype: np.dtype) -> Any:
    if how in ("and", "or"):
        return how == "and"
    if how in ("sum", "dot"):
        return 0
    if how == "product":
        return 1
    if dtype.kind == "f":
        return -np.inf if how == "maximum" else np.inf
    return np.iinfo(dtype).min if how == "maximum" else np.iinfo(dtype).max


def _literal(dtype: np.dtype, value: Any) -> str:
    if dtype.kind == "f":
        # a float32 is written as the float64 of the same value
        with np.errstate(all="ignore"):
            return f"0x{struct.unpack('<Q', struct.pack('<d', float(dtype.type(value))))[0]:016X}"
    if dtype.kind == "b":
        return str(bool(value)).lower()
    # the same bits with a sign
    half = 1 << 8 * dtype.itemsize - 1
    return str((int(value) + half) % (2 * half) - half)
