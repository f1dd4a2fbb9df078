"""Program to machine code: loops, LLVM's text, and a compiler that is part of the process."""

from workings.engines.native.engine import NativeEngine, compile_native

__all__ = ["NativeEngine", "compile_native"]
