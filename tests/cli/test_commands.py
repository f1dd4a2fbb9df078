"""Each command, by click's runner and in a process of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import workings
from tests.cli.terminal import EXAMPLES, ROOT, piped
from workings.cli import main

NEURON = EXAMPLES / "one_neuron.py"
DIGITS = EXAMPLES / "digits_like.py"
COMMANDS = ("lesson", "train", "summary", "explain", "draw", "write")


def invoked(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="workings")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("lesson", "--list"),
        ("lesson",),
        ("train", NEURON),
        ("explain", NEURON),
        ("explain", NEURON, "--format", "markdown"),
        ("draw", NEURON),
        ("draw", NEURON, "--format", "svg"),
        ("write", NEURON),
        ("summary", DIGITS),
        ("summary", NEURON),
        ("train",),
        ("nonsense",),
        ("lesson", "nonsense"),
        ("train", "missing.py"),
    ],
    ids=lambda arguments: " ".join(Path(str(a)).name for a in arguments),
)
def test_the_runner_and_a_process_say_the_same(arguments):
    here, there = invoked(*arguments), piped(*arguments)
    assert (here.exit_code, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)


def test_version():
    assert invoked("--version").stdout == f"workings {workings.__version__}\n"


@pytest.mark.parametrize("engine", ["numpy", "reference"])
def test_the_figures_of_the_neuron_to_the_last_bit(engine, tmp_path):
    result = piped("train", NEURON, "--engine", engine)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"loss before step 0 +2\.25\n", result.stdout)
    assert "\n  w = 1.80107066615787\n" in result.stdout
    assert f"on engine {engine}, learning rate 0.01" in result.stdout
    result = piped("train", NEURON, "--engine", engine, "--steps", "200", "--out", tmp_path / "run.npz")
    assert result.returncode == 0
    assert "\n  w = 1.9736180800914178\n" in result.stdout
    with np.load(tmp_path / "run.npz") as run:
        assert [float(v) for v in run["losses"][100:103]] == [
            0.03957287986287364,
            0.0380057938203038,
            0.03650076438501975,
        ]
        assert float(run["parameters/w"]) == 1.9736180800914178


def test_a_loss_that_grows_is_told():
    done = invoked("train", NEURON, "--steps", "20", "--learning-rate", "1.5")
    assert done.exit_code == 0
    assert "The loss has grown. Each nudge goes too far: try a smaller --learning-rate." in done.stdout


def test_training_is_told_briefly():
    assert invoked("train", NEURON, "--steps", "2").stdout == (
        f"{NEURON}: 2 steps on engine native, learning rate 0.01\n"
        "It stopped because the steps are spent.\n"
        "\n"
        "  loss before step 0  2.25\n"
        "  loss before step 1  2.1609\n"
        "\n"
        "  w = 0.5594\n"
    )


@pytest.mark.parametrize("steps", [0, 1])
def test_few_steps(steps):
    result = invoked("train", NEURON, "--steps", steps)
    assert result.exit_code == 0
    assert f"{steps} step" in result.stdout
    assert result.stdout.count("loss before") == steps


def test_options_take_the_place_of_what_the_file_says():
    assert "w = 0.8" in invoked("train", NEURON, "--steps", "1", "--learning-rate", "0.1").stdout
    assert "the loss is below its bound" in invoked("train", NEURON, "--until-loss", "1").stdout
    assert "the loss has stopped changing" in invoked("train", NEURON, "--until-change", "0.05").stdout


def test_the_seed_draws_other_values_and_the_same_again():
    moons = EXAMPLES / "moons.py"
    first, again, other = (invoked("train", moons, "--steps", "3", "--seed", s).stdout for s in (1, 1, 2))
    assert first == again != other


def test_parameters_and_data_are_drawn_independently(write_model):
    path = write_model(
        "def loss(w, x):\n    return (w * x) ** 2\n"
        "def parameters(rng):\n    return {'w': rng.normal()}\n"
        "def data(rng):\n    return {'x': rng.normal()}\n"
    )
    shown = invoked("explain", path).stdout
    found = re.search(r"w = (\S+), +x = (\S+)", shown)
    assert found is not None
    assert found[1] != found[2]


def test_an_explanation_of_a_later_step():
    shown = invoked("explain", NEURON, "--step", "100").stdout
    assert "1.80107066615787" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_an_explanation_as_markdown():
    shown = invoked("explain", NEURON, "--format", "markdown").stdout
    assert shown.startswith("#")
    assert "$" in shown


def test_the_written_program_is_the_one_that_runs_and_stands_alone(tmp_path):
    program = tmp_path / "program.py"
    result = piped("write", NEURON, "--out", program)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"Wrote {program}\n")
    assert program.read_text(encoding="utf-8") == invoked("write", NEURON).stdout
    assert "workings" not in program.read_text(encoding="utf-8")
    alone = subprocess.run([sys.executable, "-I", program], capture_output=True, encoding="utf-8", check=True)
    assert alone.stdout.endswith("w = 1.80107066615787\n")


def test_a_program_with_arrays_needs_a_place(tmp_path):
    result = invoked("write", EXAMPLES / "moons.py")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--out program.py" in result.stderr
    result = invoked("write", EXAMPLES / "moons.py", "--steps", "5", "--out", tmp_path)
    assert result.exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["moons.npz", "moons.py"]
    alone = subprocess.run([sys.executable, tmp_path / "moons.py"], capture_output=True, encoding="utf-8", check=True)
    trained = invoked("train", EXAMPLES / "moons.py", "--steps", "5").stdout
    last = re.search(r"loss before step 4 +(\S+)", trained)
    assert last is not None
    assert f"step 4: loss {last[1]}\n" in alone.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_the_help_work(command, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER", f"{shlex.quote(sys.executable)} -c pass %s")  # for --open
    help_text = invoked(command, "--help").stdout
    lines = [line.strip() for line in help_text.partition("Example")[2].splitlines() if "workings " in line]
    assert lines
    for line in lines:
        words = [w.replace("examples/", f"{EXAMPLES}/") for w in shlex.split(line)[1:]]
        result = piped(*words, cwd=tmp_path)
        assert result.returncode == 0, result.stderr


# started by themselves, with data of the user's; bench/results.py trains their nets
SCRIPTS = {EXAMPLES / "characters.py", EXAMPLES / "digits.py"}


@pytest.mark.parametrize("example", sorted(set(EXAMPLES.glob("*.py")) - {DIGITS} - SCRIPTS), ids=lambda p: p.stem)
def test_each_example_trains(example):
    result = invoked("train", example)
    assert result.exit_code == 0, result.stderr
    first, last = re.findall(r"loss before step \d+ +(\S+)", result.stdout)
    assert float(last) < float(first) / 10


@pytest.mark.parametrize(
    "arguments",
    [
        ("train",),
        ("train", NEURON, "--steps", "-1"),
        ("train", NEURON, "--steps", "1.5"),
        ("train", NEURON, "--learning-rate", "-0.1"),
        ("train", NEURON, "--learning-rate", "nan"),
        ("train", NEURON, "--until-loss", "inf"),
        ("train", NEURON, "--engine", "steam"),
        ("train", NEURON, "--seed", "-3"),
        ("train", NEURON, "--out", "run.txt"),
        ("explain", NEURON, "--format", "pdf"),
        ("explain", NEURON, "--step", "-1"),
        ("explain", NEURON, "--out", "neuron.pdf"),
        ("explain", NEURON, "--format", "html", "--out", "neuron.md"),
        ("explain", NEURON, "--format", "markdown", "--open"),
        ("explain", NEURON, "--steps", "3"),
        ("explain", NEURON, "--format", "html", "--steps", "3", "--step", "2"),
        ("draw", NEURON, "--format", "png"),
        ("draw", NEURON, "--out", "net.png"),
        ("draw", NEURON, "--format", "dot", "--out", "net.svg"),
        ("draw", NEURON, "--out", "net.dot", "--open"),
        ("draw", NEURON, "--depth", "-1"),
        ("draw", NEURON, "--step", "x"),
        ("draw", NEURON, "--scope", "layer"),
        ("train", NEURON, "--epochs", "3"),
        ("train", NEURON, "--out", "run.safetensors"),
        ("train", NEURON, "--events", "run.txt"),
        ("train", DIGITS, "--steps", "3"),
        ("train", DIGITS, "--until-loss", "3"),
        ("train", DIGITS, "--epochs", "x"),
        ("write", DIGITS, "--steps", "3"),
        ("write", NEURON, "--epochs", "3"),
        ("write", NEURON, "--language", "cobol"),
        ("write", NEURON, "--out", "program.txt"),
        ("lesson", "nonsense"),
        ("lesson", "--set", "w=1"),
        ("lesson", "--set", "start"),
        ("lesson", "--set", "start=half"),
        ("--nonsense",),
    ],
    ids=lambda arguments: " ".join(Path(str(a)).name for a in arguments),
)
def test_usage_errors_exit_2(arguments):
    result = invoked(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


def test_no_color_in_a_pipe():
    for arguments in (("lesson",), ("train", NEURON), ("explain", NEURON), ("draw", NEURON), ("train", "missing.py")):
        result = piped(*arguments)
        assert "\x1b" not in result.stdout + result.stderr


def test_a_pipe_that_closes_early_is_no_error():
    command = f"{shlex.quote(sys.executable)} -m workings lesson | head -n 1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60)
    assert result.stdout.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_an_output_that_is_not_unicode_still_gets_its_text():
    result = piped("lesson", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "5.920854240274253" in result.stdout
