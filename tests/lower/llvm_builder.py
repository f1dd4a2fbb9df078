"""A builder that writes LLVM IR for several numbers side by side, and the function of it that goes over arrays."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.lower.scalar import Number

TYPES = {"float32": "float", "float64": "double", "int32": "i32", "int64": "i64", "bool": "i1"}
SHORT = {"float32": "f32", "float64": "f64"}
ORDERED = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
SIGNED = {"<": "slt", "<=": "sle", ">": "sgt", ">=": "sge", "==": "eq", "!=": "ne"}
OTHER = {"float32": "int32", "float64": "int64", "int32": "float32", "int64": "float64"}


class Value(NamedTuple):
    text: str
    kind: str


class LlvmBuilder:
    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []
        self.above: dict[str, str] = {}  # declarations and tables, by name

    def type(self, kind: str) -> str:
        return TYPES[kind] if self.width == 1 else f"<{self.width} x {TYPES[kind]}>"

    def emit(self, text: str, kind: str) -> Value:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return Value(name, kind)

    def literal(self, value: Any, kind: str) -> str:
        if kind in SHORT:  # a float32 too is written as the float64 of its value
            return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
        return str(value)

    def constant(self, value: Any, kind: str) -> Value:
        one = self.literal(value, kind)
        return Value(one if self.width == 1 else f"<{', '.join([f'{TYPES[kind]} {one}'] * self.width)}>", kind)

    def two(self, name: str, a: Value, b: Value, kind: str | None = None) -> Value:
        assert a.kind == b.kind
        return self.emit(f"{name} {self.type(a.kind)} {a.text}, {b.text}", kind or a.kind)

    def call(self, name: str, *values: Value) -> Value:
        kind = values[0].kind
        full = f"@llvm.{name}.{'' if self.width == 1 else f'v{self.width}'}{SHORT[kind]}"
        self.above[full] = f"declare {self.type(kind)} {full}({', '.join([self.type(kind)] * len(values))})"
        return self.emit(
            f"call {self.type(kind)} {full}({', '.join(f'{self.type(kind)} {v.text}' for v in values)})", kind
        )

    def add(self, a: Value, b: Value) -> Value:
        return self.two("fadd" if a.kind in SHORT else "add", a, b)

    def subtract(self, a: Value, b: Value) -> Value:
        return self.two("fsub" if a.kind in SHORT else "sub", a, b)

    def multiply(self, a: Value, b: Value) -> Value:
        return self.two("fmul", a, b)

    def divide(self, a: Value, b: Value) -> Value:
        return self.two("fdiv", a, b)

    def fma(self, a: Value, b: Value, c: Value) -> Value:
        return self.call("fma", a, b, c)

    def negate(self, a: Value) -> Value:
        return self.emit(f"fneg {self.type(a.kind)} {a.text}", a.kind)

    def absolute(self, a: Value) -> Value:
        return self.call("fabs", a)

    def sqrt(self, a: Value) -> Value:
        return self.call("sqrt", a)

    def round(self, a: Value) -> Value:
        return self.call("roundeven", a)

    def compare(self, relation: str, a: Value, b: Value) -> Value:
        name = f"fcmp {ORDERED[relation]}" if a.kind in SHORT else f"icmp {SIGNED[relation]}"
        return self.two(name, a, b, "bool")

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        assert a.kind == b.kind
        kind = self.type(a.kind)
        return self.emit(f"select {self.type('bool')} {condition.text}, {kind} {a.text}, {kind} {b.text}", a.kind)

    def both(self, a: Value, b: Value) -> Value:
        return self.two("and", a, b)

    def either(self, a: Value, b: Value) -> Value:
        return self.two("or", a, b)

    def shift_left(self, a: Value, count: int) -> Value:
        return self.two("shl", a, self.constant(count, a.kind))

    def shift_right(self, a: Value, count: int) -> Value:
        return self.two("lshr", a, self.constant(count, a.kind))

    def bits(self, a: Value) -> Value:
        return self.emit(f"bitcast {self.type(a.kind)} {a.text} to {self.type(OTHER[a.kind])}", OTHER[a.kind])

    def convert(self, a: Value, kind: str) -> Value:
        wider = kind.endswith("64")
        name = ("fpext" if wider else "fptrunc") if kind in SHORT else ("sext" if wider else "trunc")
        return self.emit(f"{name} {self.type(a.kind)} {a.text} to {self.type(kind)}", kind)

    def lookup(self, table: Sequence[float], index: Value, kind: str) -> Value:
        rows = ", ".join(f"{TYPES[kind]} {self.literal(value, kind)}" for value in table)
        body = f"private constant [{len(table)} x {TYPES[kind]}] [{rows}]"
        name = next((n for n, text in self.above.items() if text.endswith(body)), f"@table{len(self.above)}")
        self.above[name] = f"{name} = {body}"
        place = self.emit(
            f"getelementptr inbounds {TYPES[kind]}, ptr {name}, {self.type(index.kind)} {index.text}", "pointer"
        )
        if self.width == 1:
            return self.emit(f"load {TYPES[kind]}, ptr {place.text}", kind)
        w, short = self.width, SHORT[kind]
        full = f"@llvm.masked.gather.v{w}{short}.v{w}p0"
        self.above[full] = f"declare {self.type(kind)} {full}(<{w} x ptr>, i32, <{w} x i1>, {self.type(kind)})"
        mask = f"<{', '.join(['i1 true'] * w)}>"
        return self.emit(
            f"call {self.type(kind)} {full}(<{w} x ptr> {place.text}, i32 {8 if short == 'f64' else 4}, "
            f"<{w} x i1> {mask}, {self.type(kind)} poison)",
            kind,
        )


def module(expansion: Callable[..., Number], kind: str, inputs: int, width: int) -> str:
    """A function over `count` numbers, `width` at a time, of one output and as many inputs."""
    builder = LlvmBuilder(width)
    whole, align = builder.type(kind), 4 if kind == "float32" else 8
    numbers = []
    for n in range(inputs):
        place = builder.emit(f"getelementptr {TYPES[kind]}, ptr %in{n}, i64 %i", "pointer")
        value = builder.emit(f"load {whole}, ptr {place.text}, align {align}", kind)
        numbers.append(Number(builder, value, kind))
    result = expansion(*numbers).value
    place = builder.emit(f"getelementptr {TYPES[kind]}, ptr %out, i64 %i", "pointer")
    arguments = ", ".join(f"ptr noalias %in{n}" for n in range(inputs))
    return "\n".join(
        [
            *builder.above.values(),
            f"define void @over(i64 %count, ptr noalias %out, {arguments}) {{",
            "start:\n  br label %loop",
            "loop:\n  %i = phi i64 [0, %start], [%next, %loop]",
            *builder.lines,
            f"  store {whole} {result.text}, ptr {place.text}, align {align}",
            f"  %next = add i64 %i, {width}\n  %more = icmp slt i64 %next, %count",
            "  br i1 %more, label %loop, label %end",
            "end:\n  ret void\n}",
        ]
    )


def compiled(expansion: Callable[..., Number], kind: str, inputs: int, width: int, features: str | None = None) -> Any:
    """The function of arrays, whose length is a multiple of the width."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    host = llvm.get_host_cpu_features().flatten() if features is None else features
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name() if features is None else "", features=host, opt=3, jit=True
    )
    parsed = llvm.parse_assembly(module(expansion, kind, inputs, width))
    parsed.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(parsed, passes)
    engine = llvm.create_mcjit_compiler(parsed, machine)
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (inputs + 1))(
        engine.get_function_address("over")
    )

    def over(*arrays: Any) -> Any:
        arrays = tuple(np.ascontiguousarray(a, kind) for a in arrays)
        out = np.empty_like(arrays[0])
        assert out.size % width == 0
        call(out.size, out.ctypes.data, *(a.ctypes.data for a in arrays))
        return out

    over.keeps = engine  # type: ignore[attr-defined]
    return over
