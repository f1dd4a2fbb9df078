"""The text of an LLVM module → a function of this machine."""

from __future__ import annotations

import ctypes
from typing import Any

from workings.engines.native.llvm import ENTRY
from workings.engines.native.schedule import Machine
from workings.optional import load

__all__ = ["Compiled", "host"]


def host() -> Machine:
    """The registers of this machine."""
    features = _llvm().get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512vl"):
        return Machine(64, 32)
    return Machine(32, 16) if features.get("avx2") else Machine(16, 32 if "neon" in features else 16)


class Compiled:
    """A compiled module, for as long as this object lives. Calling it runs the function that is its entry."""

    def __init__(self, text: str) -> None:
        llvm = _llvm()
        target = llvm.Target.from_default_triple()
        # with the features of this machine, and without contraction: nothing here asks for it
        machine = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
        )
        module = llvm.parse_assembly(text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        kind = ctypes.CFUNCTYPE(number, pointer, pointer, number, number, number, number, pointer, pointer)
        self._function = kind(self._engine.get_function_address(ENTRY))

    def __call__(self, *arguments: Any) -> int:
        return self._function(*arguments)


def _llvm() -> Any:
    llvm = load("llvmlite.binding", "the engine native", "pip install llvmlite")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm
