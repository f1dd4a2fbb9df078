"""The text of an LLVM module → a function of this machine, compiled once and then found in the cache."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from workings.engines.native.cache import key_of, user_cache
from workings.engines.native.schedule import Machine
from workings.optional import load

__all__ = ["ENTRY", "Compiled", "host_machine"]

ENTRY = "run"  # the function that is called


class Compiled:
    """A compiled module, for as long as this object lives. Calling it runs the function that is its entry.

    `key` tells any two modules apart, and `write` gives the text of this one, which is asked for only where the cache
    does not have its code. Fresh or from the cache, what is run is the same code.
    """

    def __init__(self, key: bytes, write: Callable[[], str]) -> None:
        llvm = _llvm()
        host = _host()
        cache = user_cache()
        name = "" if cache is None else key_of(key, repr(host).encode(), _writers())
        code = None if cache is None else cache.get(name)
        if code is None:
            code = _compiled(write())
            if cache is not None:
                cache.put(name, code)
        # an empty module, since an engine wants one; it is given the machine too
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        kind = ctypes.CFUNCTYPE(number, pointer, pointer, number, number, number, number, pointer, pointer)
        self._function = kind(self._engine.get_function_address(ENTRY))

    def __call__(self, *arguments: Any) -> int:
        return self._function(*arguments)


def _compiled(text: str) -> bytes:
    """The code of a module, as an object file."""
    llvm = _llvm()
    machine = _machine()
    # in a context of its own, which goes with it: constants and types of the global one stay for good
    module = llvm.parse_assembly(text, llvm.create_context())
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)


class _Host(NamedTuple):
    """What code is compiled for, and by which LLVM."""

    triple: str
    cpu: str
    features: str
    llvmlite: str
    llvm: tuple[int, ...]


@functools.cache
def _host() -> _Host:
    llvm = _llvm()
    features = llvm.get_host_cpu_features().flatten()
    version = load("llvmlite", "the engine native", "pip install llvmlite").__version__
    return _Host(llvm.get_default_triple(), llvm.get_host_cpu_name(), features, version, llvm.llvm_version_info)


def host_machine() -> Machine:
    """The registers of this machine."""
    features = _host().features.split(",")
    if "+avx512f" in features and "+avx512vl" in features:
        return Machine(64, 32)
    return Machine(32, 16) if "+avx2" in features else Machine(16, 32 if "+neon" in features else 16)


def _machine() -> Any:
    """With the features of this machine, and without contraction: nothing here asks for it."""
    host = _host()
    target = _llvm().Target.from_triple(host.triple)
    return target.create_target_machine(cpu=host.cpu, features=host.features, opt=3, jit=True)


@functools.cache
def _writers() -> bytes:
    """The version of workings, and a digest of what makes a module of loops and code of a module: while that is worked
    on, the version is the same."""
    package = sys.modules["workings"]
    found = hashlib.sha256(package.__version__.encode())
    for folder in (Path(__file__).parent, Path(package.__path__[0]) / "lower"):
        for path in sorted(folder.rglob("*.py")):  # none in an archive
            found.update(path.read_bytes())
    return found.digest()


def _llvm() -> Any:
    llvm = load("llvmlite.binding", "the engine native", "pip install llvmlite")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm
