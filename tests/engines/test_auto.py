"""The engine "auto": native where it can run all of it, numpy otherwise, whole and with the reason."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import workings as wk
from tests.write import programs
from workings import nn
from workings.cli import main
from workings.engines import NativeEngine, NumpyEngine, compile_function, get, names
from workings.errors import UnsupportedError
from workings.graph import Graph, call, input_node
from workings.lower.rules import RULES

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
Y = np.tanh(X @ rng.normal(size=(3, 2)))


@pytest.fixture(autouse=True)
def without_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    """An op that native lacks."""
    monkeypatch.delitem(RULES, "sort")  # type: ignore[arg-type]


def loss(w: Any, x: Any) -> Any:
    y = np.tanh(x @ w)
    return np.mean(y**2)


def sorted_loss(w: Any, x: Any) -> Any:
    return np.mean(np.sort(x @ w, axis=0) ** 2)


def _train(engine: str, f: Any = loss, steps: int = 20) -> wk.Run:
    return wk.train(f, {"w": np.full(3, 0.3)}, {"x": X}, optimizer=wk.SGD(0.1), steps=steps, engine=engine)


def test_it_is_native_where_that_has_every_op() -> None:
    assert "auto" in names()
    assert isinstance(get("auto")(programs.mlp()), NativeEngine)
    run, native = _train("auto"), _train("native")
    assert (run.engine, run.engine_note) == ("native", "")
    assert run.losses.tobytes() == native.losses.tobytes()
    assert repr(run) == repr(native)


def test_it_is_numpy_with_the_reason_where_an_op_is_missing() -> None:
    run, numpy = _train("auto", sorted_loss), _train("numpy", sorted_loss)
    assert run.engine == "numpy"
    assert run.engine_note == "engine native has no sort"
    assert repr(run).endswith("engine numpy (engine native has no sort); the steps are spent>")
    assert "engine numpy (engine native has no sort)" in run._repr_html_()
    assert run.losses.tobytes() == numpy.losses.tobytes()
    assert (
        repr(_train("auto", sorted_loss, 0))
        == "<run of sorted_loss: 0 steps, engine numpy (engine native has no sort)>"
    )
    assert numpy.engine_note == ""
    with pytest.raises(UnsupportedError, match="engine native has no sort"):
        _train("native", sorted_loss)


@pytest.mark.parametrize(("name", "op"), [("labels", "getitem"), ("images", "put_along")])
def test_it_runs_what_native_refuses(name: str, op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, op)  # type: ignore[arg-type]
    p = programs.ALL[name]()
    engine = get("auto")(p)
    assert isinstance(engine, NumpyEngine)
    assert engine.source == NumpyEngine(p).source


def test_it_is_numpy_where_llvmlite_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    run = _train("auto")
    assert run.engine == "numpy"
    assert run.engine_note == "the engine native needs the package 'llvmlite', which is not installed"
    assert run.losses.tobytes() == _train("numpy").losses.tobytes()
    assert wk.jit(loss, engine="auto")(np.ones(3), X) == loss(np.ones(3), X)


def test_it_is_numpy_where_llvmlite_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from workings.engines.native import jit

    def broken() -> Any:
        raise OSError("Could not find/load shared object file 'libllvmlite.so'")

    monkeypatch.setattr(jit, "_llvm", broken)
    assert _train("auto").engine_note == (
        "llvmlite cannot be loaded: Could not find/load shared object file 'libllvmlite.so'"
    )


def test_a_function() -> None:
    x = input_node("x", (3,), "float64")
    fast = compile_function(Graph([x], [call("tanh", x)]), "auto")
    assert fast.source.startswith("loops ")  # type: ignore[attr-defined]
    slow = compile_function(Graph([x], [call("sort", x, axis=0)]), "auto")
    assert slow.source.startswith(('"""', "import", "def"))  # type: ignore[attr-defined]
    assert slow(np.array([3.0, 1.0, 2.0]))[0].tolist() == [1.0, 2.0, 3.0]


def test_jit() -> None:
    w = np.full(3, 0.3)
    found = wk.jit(loss, engine="auto")
    assert found.source(w, X).startswith("loops ")
    assert found(w, X) == wk.jit(loss, engine="native")(w, X)
    other = wk.jit(sorted_loss, engine="auto")
    assert "def sorted_loss" in other.source(w, X)
    assert other(w, X) == wk.jit(sorted_loss, engine="numpy")(w, X)
    gradient = wk.jit(wk.grad(loss), engine="auto")
    np.testing.assert_allclose(gradient(w, X), wk.grad(loss)(w, X), rtol=1e-12)
    assert gradient.source(w, X).startswith("loops ")


def test_values_are_those_of_the_engine_that_runs() -> None:
    run = _train("auto")
    (before,) = run.resume(steps=1).losses[20:]
    again = _train("auto")
    assert again.value("loss").tobytes() == before.tobytes()
    np.testing.assert_allclose(again.value("y", x=X[:7]), np.tanh(X[:7] @ again.parameters["w"]), rtol=1e-14)
    np.testing.assert_allclose(again.value("d_w"), wk.grad(loss)(again.parameters["w"], X), rtol=1e-12)
    slow = _train("auto", sorted_loss)
    assert slow.value("sorted_loss") == sorted_loss(slow.parameters["w"], X)


@pytest.mark.parametrize("engine", ["auto", "numpy"])
def test_a_model_predicts_by_what_runs_it(engine: str, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    run = wk.fit(model, X, Y, loss="mse", epochs=3, batch_size=len(X), engine=engine, progress=False)
    assert run.engine == ("native" if engine == "auto" else "numpy")
    assert run.engine_note == ""
    expected = run.model(X.astype(np.float32))
    np.testing.assert_allclose(run.predict(X), expected, rtol=1e-4, atol=1e-6)
    saved = wk.load(run.save(tmp_path / "model"))
    assert saved.predict(X).tobytes() == run.predict(X).tobytes()
    assert saved.evaluate(X, Y) == run.evaluate(X, Y)


def test_a_model_of_which_native_lacks_an_op_is_predicted_by_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(RULES, "getitem")  # type: ignore[arg-type]
    model = nn.Sequential(nn.Embedding(5, 4, rng=0), nn.Flatten(), nn.Linear(8, 2, rng=1))
    words = rng.integers(0, 5, (40, 2))
    runs = {
        engine: wk.fit(model, words, Y, loss="mse", epochs=2, batch_size=40, engine=engine, progress=False)
        for engine in ("auto", "numpy")
    }
    assert runs["auto"].engine == "numpy"
    assert runs["auto"].engine_note.startswith("engine native has no ")
    assert runs["auto"].predict(words).tobytes() == runs["numpy"].predict(words).tobytes()
    assert wk.load(runs["auto"].save(tmp_path / "m")).predict(words).tobytes() == runs["auto"].predict(words).tobytes()


FILE = """
import numpy as np
parameters = {"w": np.array([0.3, 0.2])}
data = {"x": np.arange(6.0).reshape(3, 2)}

def loss(w, x):
    return np.mean(np.sort(x @ w) ** 2)
"""


def test_the_command_line_says_why(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(FILE)
    result = CliRunner().invoke(main, ["train", str(file), "--steps", "2", "--engine", "auto"])
    assert result.exit_code == 0, result.output
    first, second, *_ = result.stdout.splitlines()
    assert first.endswith(": 2 steps on engine numpy, learning rate 0.01")
    assert second == "It ran on numpy since engine native has no sort."
    file.write_text(FILE.replace("np.sort(x @ w)", "np.tanh(x @ w)"))
    result = CliRunner().invoke(main, ["train", str(file), "--steps", "2", "--engine", "auto"])
    first, second, *_ = result.stdout.splitlines()
    assert first.endswith(": 2 steps on engine native, learning rate 0.01")
    assert second == "It stopped because the steps are spent."
