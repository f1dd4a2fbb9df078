"""The machine and the versions, in words."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import workings as wk

__all__ = ["machine", "versions"]


def machine() -> dict[str, str | int | float]:
    """The processor, its cores, the system, and how busy it was."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
    return {"cpu": name, "cores": os.cpu_count() or 1, "system": platform.platform(), "load": load}


def versions(torch: str, jax: str) -> dict[str, str]:
    """What ran; the versions of PyTorch and JAX are those of the interpreters that have them."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index, call-overload]
    found = {
        "workings": wk.__version__,
        "Python": platform.python_version(),
        "NumPy": f"{np.__version__} with {blas['name']} {blas['version']}",
        "llvmlite": _version(sys.executable, "llvmlite"),
        "PyTorch": _version(torch, "torch"),
        "JAX": _version(jax, "jax"),
    }
    compiler = shutil.which("gcc")
    if compiler is None:
        return {**found, "gcc": "there is none"}
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    return {**found, "gcc": said.splitlines()[0].rpartition(" ")[2]}


def _version(interpreter: str, package: str) -> str:
    """The version of an installed package, without importing it."""
    code = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    done = subprocess.run([interpreter, "-c", code], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "not installed"
