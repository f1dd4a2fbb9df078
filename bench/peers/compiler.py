"""C, compiled where there is a compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers.task import RefusalError

__all__ = ["LOOSE", "STRICT", "library"]

STRICT = ("-O3", "-march=native", "-ffp-contract=off")
LOOSE = ("-O3", "-march=native", "-ffast-math")
SOURCES = Path(__file__).parent / "c"


def library(name: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The functions of a file of C. Raises `RefusalError` where there is no gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise RefusalError("there is no gcc")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.so"
        source = SOURCES / f"{name}.c"
        part = Path(folder) / f"{name}.o"
        # linked apart: with -ffast-math that would have numbers near 0 flushed to it in the whole process
        for command in (
            [compiler, *options, "-c", "-fPIC", "-pthread", "-o", str(part), str(source)],
            [compiler, "-shared", "-pthread", "-o", str(file), str(part), "-lm"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RefusalError(f"gcc does not compile {source.name}: {done.stderr.strip()}")
        return ctypes.CDLL(str(file))  # stays in memory when the file is gone
