"""Program to numbers: the engines that run what was written."""

from workings.engines.engine import Engine, compile_function, get, names
from workings.engines.jit import jit
from workings.engines.native import NativeEngine
from workings.engines.numpy import NumpyEngine
from workings.engines.reference import ReferenceEngine

__all__ = ["Engine", "NativeEngine", "NumpyEngine", "ReferenceEngine", "compile_function", "get", "jit", "names"]
