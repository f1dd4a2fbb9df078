"""The interface works as the documents show it: in a script, in the REPL, in a Jupyter kernel and under exec."""

from __future__ import annotations

import code
import contextlib
import io
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FILE = Path(__file__).with_name("as_shown.py")
SOURCE = FILE.read_text(encoding="utf-8")
FACTS = (
    "y = w · x = 0.5",
    "dloss/dw = 2 (y − expected) x = -3.0",
    "dloss/dw = dloss/dz · dz/dy · dy/dw = 2z · 1 · x = 2 (y − expected) x = −3",
    "1.80107066615787 100 2.25",
    "1.9736180800914178 0.03957287986287364",
    "5.920854240274253",
    "w = w - learning_rate * d_w",
    "y: float64 = multiply(w, x)",
    "-3.0 -3.0 (np.float64(-3.0), np.float64(-1.5))",
    "(np.float64(2.25), np.float64(-3.0))",
    "True\n2.25",
    "[{'w': array([1., 1.])}, (array([0., 0.]),)]",
)


def check(printed: str) -> None:
    for fact in FACTS:
        assert fact in printed, f"{fact!r} is not in:\n{printed}"


@pytest.fixture(scope="module")
def as_script() -> str:
    done = subprocess.run([sys.executable, str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_as_script(as_script: str) -> None:
    check(as_script)


def test_under_exec(as_script: str) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(SOURCE, {"__name__": "elsewhere"})
    assert out.getvalue() == as_script


def statements(source: str) -> list[str]:
    """The source as a person would type it: one statement after the other."""
    parts: list[str] = []
    for line in source.splitlines(keepends=True):
        if parts and (line.startswith((" ", "\t")) or not line.strip()):
            parts[-1] += line
        else:
            parts.append(line)
    return parts


def test_in_the_repl(as_script: str) -> None:
    console = code.InteractiveConsole()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for statement in statements(SOURCE):
            more = [console.push(line) for line in statement.rstrip("\n").split("\n")][-1]
            if more:
                console.push("")
    assert "Traceback" not in err.getvalue(), err.getvalue()
    # the REPL shows what a statement comes to: here the run, after `run.resume`
    lines = out.getvalue().splitlines(keepends=True)
    assert [line for line in lines if line.startswith("<run of loss: 200 steps")]
    assert "".join(line for line in lines if not line.startswith("<run of")) == as_script


def test_in_a_jupyter_kernel(as_script: str, tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(part) for part in SOURCE.split("\n\n")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    check(printed)
