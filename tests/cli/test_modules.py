"""Model files with a module: trained by epochs, summed up, derived, drawn and written."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import workings as wk
from tests.cli.terminal import EXAMPLES, on_terminal, piped, plain
from workings.cli import main

DIGITS = EXAMPLES / "digits_like.py"
NET = """\
import numpy as np
import workings as wk
from workings import nn
from workings import metrics  # a name of Python's module, which says nothing

model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def data(rng):
    x = rng.normal(size=(50, 3))
    return x, (x[:, 0] > 0).astype(int)


loss = "cross_entropy"
optimizer = wk.SGD(0.5)
batch_size = 20
epochs = 4
validation = 0.2
"""
DATA = "import numpy as np\nfrom workings import nn\nx = np.ones((8, 3))\ny = np.zeros((8, 2))\n"
MODEL = "model = nn.Linear(3, 2)\n"
LOSS = 'loss = "mse"\n'


def invoked(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="workings")


def rows(text: str) -> list[list[str]]:
    """The cells of the table of epochs, its head first."""
    lines = [line.split() for line in text.splitlines()]
    first = next(i for i, line in enumerate(lines) if line[:2] == ["epoch", "loss"])
    return lines[first : next(i for i in range(first, len(lines)) if not lines[i])]


def test_the_example_learns():
    result = invoked("train", DIGITS)
    assert (result.exit_code, result.stderr) == (0, "")
    head, *epochs = rows(result.stdout)
    assert head == ["epoch", "loss", "validation_loss", "accuracy", "seconds"]
    assert [int(row[0]) for row in epochs] == list(range(1, 16))
    assert float(epochs[-1][head.index("accuracy")]) > 0.95


def test_a_report_of_epochs(write_model):
    path = write_model(NET)
    shown = invoked("train", path, "--engine", "numpy").stdout
    assert shown.startswith(
        f"{path}: 4 epochs of 2 steps on engine numpy, learning rate 0.5\nIt stopped because the steps are spent.\n\n"
    )
    head, *epochs = rows(shown)
    assert head == ["epoch", "loss", "validation_loss", "seconds"]
    said = re.search(r"Validation\n\n  loss  (\S+)\n", shown)
    assert said is not None
    assert float(said[1]) == pytest.approx(float(epochs[-1][2]), rel=1e-3)


def test_a_long_history_is_shown_in_part(write_model):
    epochs = rows(invoked("train", write_model(NET), "--epochs", "200").stdout)[1:]
    assert len(epochs) == 20
    assert (epochs[0][0], epochs[-1][0]) == ("1", "200")


def test_options_take_the_place_of_what_the_file_says(write_model):
    path = write_model(NET)
    options = ("--epochs", "2", "--learning-rate", "0.125", "--engine", "numpy")
    shown = invoked("train", path, *options).stdout
    assert "2 epochs of 2 steps on engine numpy, learning rate 0.125" in shown
    bare = write_model(DATA + MODEL + LOSS, "bare.py")  # Adam, by wk.fit
    assert "learning rate 0.25" in invoked("train", bare, "--learning-rate", "0.25", "--epochs", "1").stdout
    named = write_model(DATA + MODEL + LOSS + 'optimizer = "rmsprop"\n', "named.py")
    assert "learning rate 0.25" in invoked("train", named, "--learning-rate", "0.25", "--epochs", "1").stdout


def test_the_engines_say_the_same(write_model):
    path = write_model(NET)
    first, other = (invoked("train", path, "--engine", engine).stdout for engine in ("numpy", "reference"))
    assert [row[:3] for row in rows(first)] == [row[:3] for row in rows(other)]


def test_the_seed_draws_model_data_and_order(write_model):
    path = write_model(NET)

    def trained(*arguments: str, path=path) -> list[str]:
        return [row[1] for row in rows(piped("train", path, *arguments).stdout)]

    assert trained() == trained("--seed", "0")
    assert trained() != trained("--seed", "1")
    own = write_model(NET + "seed = 1\n", "own.py")
    assert trained(path=own) != trained()
    assert trained("--seed", "3", path=own) == trained("--seed", "3")


def test_the_model_may_be_made_by_a_function(write_model):
    path = write_model(NET.replace("model = ", "def model(rng):\n    return ").replace("(3, 4)", "(3, 4, rng=rng)"))
    assert invoked("train", path).exit_code == 0


@pytest.mark.parametrize(
    "given",
    ["x = np.ones((8, 3))\ny = np.zeros((8, 2))\n", 'data = {"x": np.ones((8, 3)), "y": np.zeros((8, 2))}\n'],
)
def test_other_forms_of_the_data(given, write_model):
    path = write_model("import numpy as np\nfrom workings import nn\n" + given + MODEL + LOSS)
    assert invoked("train", path, "--epochs", "1").exit_code == 0
    assert "(8, 2)" in invoked("summary", path).stdout


def test_early_stopping_and_metrics_that_are_arrays(write_model):
    more = "early_stopping = wk.EarlyStopping(patience=0)\nmetrics = 'confusion_matrix'\noptimizer = wk.SGD(0.0)\n"
    shown = invoked("train", write_model(NET + more), "--epochs", "50").stdout
    assert "It stopped because what is watched has stopped improving." in shown
    matrix = np.array(re.findall(r"\d+", shown.partition("confusion_matrix")[2]), int)
    assert matrix.shape == (4,)
    assert matrix.sum() == 10


def test_a_rate_that_is_too_large_is_told(write_model):
    text = DATA.replace("np.zeros", "np.ones") + MODEL + LOSS + "import workings as wk\noptimizer = wk.SGD(1.0)\n"
    assert "The loss has grown." in invoked("train", write_model(text), "--epochs", "4").stdout


# ── what is written ──


def test_a_model_is_saved_and_loaded(write_model, tmp_path):
    path = write_model(NET)
    result = invoked("train", path, "--out", tmp_path / "net.safetensors")
    assert (result.exit_code, result.stderr) == (0, f"Wrote {tmp_path / 'net.safetensors'}\n")
    loaded = wk.load(tmp_path / "net.safetensors")
    assert loaded.predict(np.ones((5, 3))).shape == (5, 2)
    (tmp_path / "there").mkdir()
    assert invoked("train", path, "--out", tmp_path / "there").exit_code == 0
    assert (tmp_path / "there" / "net.safetensors").is_file()


def test_the_arrays_alone(write_model, tmp_path):
    result = invoked("train", write_model(NET), "--out", tmp_path / "net.npz")
    assert result.exit_code == 0, result.stderr
    with np.load(tmp_path / "net.npz") as run:
        assert run["losses"].shape == (8,)
        assert run["parameters/model/layers/0/weight"].shape == (3, 4)


def test_events_as_lines_of_json(write_model, tmp_path):
    path, file = write_model(NET), tmp_path / "events.jsonl"
    assert invoked("train", path, "--events", file).exit_code == 0
    events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [e["epoch"] for e in events if e["event"] == "EpochEnded"] == [1, 2, 3, 4]
    assert events[-1]["event"] == "Stopped"
    before = file.read_text()
    assert invoked("train", write_model(name="neuron.py"), "--steps", "3", "--events", file).exit_code == 0
    assert file.read_text().startswith(before)
    result = invoked("train", path, "--events", tmp_path / "nowhere" / "events.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not exist" in " ".join(result.stderr.split())


# ── the other commands ──


def test_a_summary(write_model):
    assert invoked("summary", write_model(NET)).stdout == (
        "layer     what           gives    parameters\n"
        "layers.0  Linear(3 → 4)  (20, 4)          16\n"
        "layers.1  Tanh()         (20, 4)           0\n"
        "layers.2  Linear(4 → 2)  (20, 2)          10\n"
        "Sequential, 26 parameters, 104 bytes\n"
    )
    bare = write_model("from workings import nn\nmodel = nn.Linear(3, 2)\n", "bare.py")
    assert "gives" not in invoked("summary", bare).stdout


def test_a_summary_of_a_net_of_several_inputs(write_model):
    path = write_model(
        "from dataclasses import dataclass\nimport numpy as np\nfrom workings import nn\n"
        "@dataclass(repr=False)\nclass Both(nn.Module):\n"
        "    left: nn.Linear\n    right: nn.Linear\n"
        "    def __call__(self, a, b):\n        return self.left(a) + self.right(b)\n"
        "model = Both(nn.Linear(3, 2), nn.Linear(5, 2))\n"
        'data = {"x": {"b": np.ones((6, 5)), "a": np.ones((6, 3))}, "y": np.ones((6, 2))}\n' + LOSS
    )
    assert "Linear(5 → 2)  (6, 2)" in invoked("summary", path).stdout
    assert invoked("train", path, "--epochs", "1").exit_code == 0


def test_the_derivation_and_the_picture(write_model):
    path = write_model(NET)
    assert "layers_0_weight" in invoked("explain", path, "--step", "1").stdout
    assert invoked("explain", path, "--format", "html", "--steps", "3").stdout.startswith("<!DOCTYPE html>")
    assert "loss = mean(surprise)" in invoked("draw", path).stdout
    assert "layers_2_weight  parameter" in invoked("draw", path, "--scope", "layers.2").stdout


def test_the_written_program_gives_the_losses_of_the_run(write_model, tmp_path):
    path = write_model(NET)
    assert invoked("write", path, "--epochs", "3", "--out", tmp_path / "program.py").exit_code == 0
    train = ("train", path, "--epochs", "3", "--engine", "numpy", "--out", tmp_path / "net.npz")
    assert invoked(*train).exit_code == 0
    alone = subprocess.run(
        [sys.executable, tmp_path / "program.py"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    with np.load(tmp_path / "net.npz") as run:
        assert f"step 5: loss {run['losses'][-1].item()!r}" in alone


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_long_training_shows_epochs_and_ctrl_c_keeps_what_was_learned(write_model, tmp_path):
    text = NET.replace("size=(50, 3)", "size=(20000, 3)")
    child = on_terminal("train", write_model(text), "--epochs", "100000", "--out", "net.npz", cwd=tmp_path, columns=100)
    child.expect(r"epoch \d+/100000")
    child.expect("validation")
    child.sendintr()
    child.expect("interrupted; what was learned")
    child.expect("Wrote net.npz")
    child.wait()
    assert child.exitstatus == 130
    assert "Traceback" not in plain(child.logfile_read.getvalue())


# ── files that are none ──

BROKEN = {
    "no data": ("from workings import nn\n" + MODEL + LOSS, ("has no `x`, nor `data`", "def data(rng)")),
    "no y": ("import numpy as np\nfrom workings import nn\nx = np.ones((8, 3))\n" + MODEL + LOSS, ("has no `y`",)),
    "no loss": (DATA + MODEL, ("has no `loss`", 'loss = "cross_entropy"')),
    "another loss": (DATA + MODEL + 'loss = "msee"\n', ("msee", "mse")),
    "a class": (DATA + "model = nn.Linear\n" + LOSS, ("the class Linear", "model = Linear(…)")),
    "no module": (DATA + "model = 3\n" + LOSS, ("of type int, not a module",)),
    "data of three": ("from workings import nn\ndata = (1, 2, 3)\n" + MODEL + LOSS, ("of type tuple", "a pair")),
    "data by other names": ("from workings import nn\ndata = {'z': 1}\n" + MODEL + LOSS, ("a dict of z", "a pair")),
    "seed in words": (DATA + MODEL + LOSS + "seed = 'one'\n", ("`seed`", "'one'")),
    "epochs in words": (DATA + MODEL + LOSS + "epochs = 'ten'\n", ("epochs is 'ten'",)),
    "shapes that do not chain": (
        DATA + "model = nn.Linear(4, 2)\n" + LOSS,
        ("Linear(4 → 2) wants an input of shape (…, 4), and got",),
    ),
    "a metric without validation data": (DATA + MODEL + LOSS + "validation = 2.0\n", ("2",)),
}


@pytest.mark.parametrize("command", ["train", "explain", "draw", "write"])
@pytest.mark.parametrize("broken", BROKEN)
def test_broken_files(broken, command, write_model):
    text, parts = BROKEN[broken]
    result = invoked(command, write_model(text))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in " ".join(result.stderr.split())


def test_an_error_of_no_line_of_the_file_names_no_other_line(write_model):
    result = piped("train", write_model(DATA + "model = nn.Linear(4, 2)\n" + LOSS))
    assert result.returncode == 1
    assert "line" not in result.stderr
    assert "click" not in result.stderr


def test_a_summary_of_a_function(write_model):
    result = invoked("summary", write_model())
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is about a function, which has no layers" in " ".join(result.stderr.split())


def test_a_function_may_have_a_helper_called_model(write_model):
    path = write_model(
        "def model(w, x):\n    return w * x\ndef loss(w, x):\n    return (model(w, x) - 2) ** 2\n"
        'parameters = {"w": 0.5}\ndata = {"x": 1.0}\n'
    )
    assert "w = " in invoked("train", path, "--steps", "2").stdout
