"""Names are imported when they are first used, and are what they are whatever was imported before."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PACKAGES = ["workings", "workings.train", "workings.engines"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_there(package: str) -> None:
    here = importlib.import_module(package)
    for name in here.__all__:
        value = getattr(here, name)
        home = getattr(here, "_HOMES", {}).get(name)
        if home is not None:
            assert value is getattr(importlib.import_module(home), name)
            assert not isinstance(value, ModuleType)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        here.nothing


@pytest.mark.parametrize(
    "lines",
    [
        "import workings.train.train, workings.train.fit; from workings.train import fit, train",
        "from workings.train.run import Run; from workings.train import train; from workings.train.fit import fit",
        "import workings as wk; train, fit = wk.train, wk.fit; import workings.train.train; assert wk.train is train",
        "from workings import train, fit, trace, jit; import workings.engines.jit, workings.trace.trace",
    ],
)
def test_functions_hide_modules_of_their_name(lines: str) -> None:
    script = f"""
{lines}
import workings as wk
from types import FunctionType
from workings.engines import jit
from workings.train import fit as f, train as t
assert all(type(g) is FunctionType for g in (train, fit, jit, wk.train, wk.fit, wk.jit, wk.trace, f, t))
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_training_loads_no_more_than_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a run whose code is in the cache starts at once."""
    monkeypatch.setenv("WORKINGS_CACHE", str(tmp_path / "cache"))
    script = """
import sys
import workings as wk
wk.train(lambda w: (w - 1) ** 2, {"w": 0.5}, steps=5, engine="native", progress=False)
heavy = "explain draw nn write lower.maths engines.numpy engines.native.llvm train.fit".split()
print(*(name for name in heavy if f"workings.{name}" in sys.modules))
"""
    for expected in ("lower.maths engines.native.llvm", ""):  # compiled, and then found
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        assert done.stdout.split() == expected.split()
