"""Program to numbers: the engines that run what was written."""

from typing import TYPE_CHECKING

from workings.engines.engine import Engine, compile_function, get, names
from workings.lazy import attached

if TYPE_CHECKING:
    from workings.engines.jit import jit
    from workings.engines.native import NativeEngine
    from workings.engines.numpy import NumpyEngine
    from workings.engines.reference import ReferenceEngine

__all__ = ["Engine", "NativeEngine", "NumpyEngine", "ReferenceEngine", "compile_function", "get", "jit", "names"]

_HOMES = {
    "NativeEngine": "workings.engines.native",
    "NumpyEngine": "workings.engines.numpy",
    "ReferenceEngine": "workings.engines.reference",
    "jit": "workings.engines.jit",
}

__getattr__ = attached(__name__, _HOMES)
