"""Model files that are none: one clear paragraph, with the line, and exit code 1."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from tests.cli.terminal import piped
from workings.cli import main

LOSS = "def loss(w, x):\n    return (w * x - 2) ** 2\n"
PARAMETERS = 'parameters = {"w": 0.5}\n'
DATA = 'data = {"x": 1.0}\n'
BROKEN = {
    "syntax error": ("def loss(w, x:\n    return w\n", ("is not Python", "line 1", "def loss(w, x:")),
    "empty": ("", ("has no `loss`", "def loss(w, x)")),
    "no loss": (PARAMETERS + DATA, ("has no `loss`",)),
    "nearly loss": ("def losss(w): return w\n" + PARAMETERS, ("has no `loss` (is `losss` meant?)",)),
    "no parameters": (LOSS + DATA, ("has no `parameters`", 'parameters = {"w": 0.5}')),
    "no data": (LOSS + PARAMETERS, ("has no `data`", "data = {}")),
    "loss no function": ("loss = 3\n" + PARAMETERS + DATA, ("of type int, not a function",)),
    "other names": (LOSS + 'parameters = {"v": 0.5}\n' + DATA, ("'v'", "loss(w, x)")),
    "a name missing": (LOSS + PARAMETERS + "data = {}\n", ("'x'",)),
    "parameters no dict": (LOSS + "parameters = 3\n" + DATA, ("parameters",)),
    "raising": ("import os\n1 / 0\n", ("ZeroDivisionError: division by zero", "line 2", "1 / 0")),
    "raising in the loss": (
        f"def loss(w, x):\n    y = w * x\n    return y + nowhere\n{PARAMETERS}{DATA}",
        ("NameError: name 'nowhere' is not defined", "line 3, in loss", "return y + nowhere"),
    ),
    "raising in parameters": (
        f"{LOSS}{DATA}def parameters(rng):\n    return rng.nothing()\n",
        ("AttributeError", "in parameters", "return rng.nothing()"),
    ),
    "two generators": (f"{LOSS}{DATA}def parameters(a, b):\n    return {{}}\n", ("takes a, b", "def parameters(rng)")),
    "a missing import": ("import no_such_package_as_this\n", ("ModuleNotFoundError", "line 1")),
    "leaving": ("import sys\nsys.exit(0)\n", ("ended the program", "line 2", "__main__")),
    "an optimizer by name": (LOSS + PARAMETERS + DATA + 'optimizer = "sgd"\n', ("`optimizer`", "wk.SGD(0.01)")),
    "an optimizer's class": (
        "import workings as wk\n" + LOSS + PARAMETERS + DATA + "optimizer = wk.SGD\n",
        ("the class SGD", "wk.SGD(0.01)"),
    ),
    "steps in words": (LOSS + PARAMETERS + DATA + 'steps = "ten"\n', ("'ten'", "whole number")),
    "infinite parameter": (LOSS + 'parameters = {"w": float("inf")}\n' + DATA, ("w", "inf")),
    "nan in the data": (LOSS + PARAMETERS + 'data = {"x": float("nan")}\n', ("x", "nan")),
    "not a scalar": (
        "import numpy as np\ndef loss(w, x):\n    return w * x\n" + PARAMETERS + 'data = {"x": np.ones(3)}\n',
        ("shape (3,)", "scalar"),
    ),
    "branching": (
        f"def loss(w, x):\n    if w > 0:\n        return w * x\n    return x - w\n{PARAMETERS}{DATA}",
        ("line 2", "if w > 0", "np.where"),
    ),
}


@pytest.mark.parametrize("command", ["train", "explain", "draw", "write"])
@pytest.mark.parametrize("broken", BROKEN)
def test_broken_files(broken, command, write_model):
    text, parts = BROKEN[broken]
    path = write_model(text)
    result = CliRunner().invoke(main, [command, str(path)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert "\n\n" not in result.stderr
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in " ".join(result.stderr.split()) or part in result.stderr


def test_a_training_that_diverges(write_model, tmp_path):
    path = write_model("def loss(w):\n    return (w * w) * (w * w)\nparameters = {'w': 2.0}\ndata = {}\n")
    out = tmp_path / "run.npz"
    result = CliRunner().invoke(main, ["train", str(path), "--learning-rate", "1", "--out", str(out)])
    assert (result.exit_code, result.stdout) == (1, "")
    for part in ("Error: step ", "line 2, in loss", "return (w * w) * (w * w)", "a smaller learning rate than 1"):
        assert part in result.stderr
    assert not out.exists()


@pytest.mark.parametrize("arguments", [("train", "--traceback"), ("--traceback", "train")], ids=" ".join)
def test_the_whole_traceback(arguments, write_model):
    path = write_model("def loss(w, x):\n    return helper(w)\ndef helper(w):\n    return 1 / 0\n" + PARAMETERS + DATA)
    result = CliRunner().invoke(main, [*arguments, str(path)])
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "return helper(w)" in result.stderr  # the source of the file is shown
    assert "ZeroDivisionError: division by zero" in result.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.py", "there is no file missing.py"),
        ("folder.py", "folder.py is a folder"),
        (".", ". is a folder"),
        ("notes.txt", "notes.txt is no Python file by its name"),
        ("bytes.py", "bytes.py is not text that Python reads"),
        ("nowhere/net.py", "there is no file nowhere/net.py"),
    ],
)
def test_files_that_cannot_be_read(name, said, tmp_path):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00x = 1")
    result = piped("train", name, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {said}")


def test_the_nearest_file_is_named(write_model):
    path = write_model()
    result = CliRunner().invoke(main, ["train", str(path.with_name("nets.py"))])
    assert f"Instead:{path}" in "".join(result.stderr.split())  # wherever a long path is folded


def test_an_error_in_a_module_beside_the_file(write_model):
    write_model("def f(w):\n    return w.nothing\n", "beside_one.py")
    path = write_model("import beside_one\ndef loss(w):\n    return beside_one.f(w)\n" + PARAMETERS + "data = {}\n")
    result = CliRunner().invoke(main, ["train", str(path)])
    assert result.exit_code == 1
    assert "beside_one.py, line 2, in f" in result.stderr


def test_a_module_beside_the_file_is_found(write_model):
    write_model("def square(v):\n    return v * v\n", "beside_two.py")
    path = write_model("from beside_two import square\ndef loss(w):\n    return square(w)\n" + PARAMETERS + "data = {}")
    assert CliRunner().invoke(main, ["train", str(path)]).exit_code == 0


def test_what_the_file_does_as_a_program_is_left_out(write_model):
    path = write_model(LOSS + PARAMETERS + DATA + 'if __name__ == "__main__":\n    raise SystemExit(9)\n')
    assert CliRunner().invoke(main, ["train", str(path)]).exit_code == 0


def test_what_the_file_prints_does_not_get_into_the_program(write_model):
    path = write_model("print('loading')\n" + LOSS + PARAMETERS + DATA)
    result = piped("write", path)
    assert result.returncode == 0
    assert "loading" not in result.stdout
    assert "loading\n" in result.stderr


def test_the_legacy_generator_is_seeded(write_model):
    path = write_model("import numpy as np\n" + LOSS + 'parameters = {"w": np.random.normal()}\n' + DATA)
    first, again, other = (piped("train", path, "--seed", s).stdout for s in ("1", "1", "2"))
    assert first == again != other


def test_dataclasses_in_a_model_file(write_model):
    path = write_model(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Net:\n    w: float\n"
        "def loss(parameters):\n    return (parameters.w - 2) ** 2\n"
        "parameters = Net(0.5)\ndata = {}\n"
    )
    result = CliRunner().invoke(main, ["train", str(path), "--steps", "1"])
    assert result.exit_code == 0, result.stderr
    assert "w = 0.53" in result.stdout


def test_names_that_would_steer_a_terminal_or_a_program(write_model, tmp_path):
    evil = ["w = 1; import os", "../../up", "\x1b[31m", "[red]", "losses", "a/b", ".."]
    path = write_model(
        f"def loss(parameters):\n    return sum(parameters[n] ** 2 for n in {evil!r})\n"
        f"parameters = dict.fromkeys({evil!r}, 1.0)\ndata = {{}}\n"
    )
    out = tmp_path / "run.npz"
    result = CliRunner().invoke(main, ["train", str(path), "--steps", "2", "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert "'w = 1; import os' = 0.96" in result.stdout
    import numpy as np

    with np.load(out) as run:
        assert len(run.files) == len(evil) + 1
        assert not any(".." in name.split("/") or name.startswith("/") for name in run.files)
        assert run["losses"].shape == (2,)
    written = CliRunner().invoke(main, ["write", str(path)])
    assert written.exit_code == 0, written.stderr
    compile(written.stdout, "written", "exec")
    assert "import os" not in [line.strip() for line in written.stdout.splitlines()]
    assert "\x1b" not in written.stdout


def test_file_names_that_would_steer_a_terminal(tmp_path):
    result = piped("train", "a\x1b[31mb.py", cwd=tmp_path)
    assert result.returncode == 1
    assert "a\\x1b[31mb.py" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="file permissions")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(write_model):
    path = write_model()
    path.chmod(0)
    result = CliRunner().invoke(main, ["train", str(path)])
    assert result.exit_code == 1
    assert "cannot be read: Permission denied" in result.stderr
