"""On a terminal of 80×24: the lesson waits, a long training shows a bar, Ctrl-C keeps what was learned."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from tests.cli.terminal import CONTROL, EXAMPLES, on_terminal, piped, plain

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

NEURON = EXAMPLES / "one_neuron.py"
PROMPT = "Enter goes on, q quits"
SLOW = """\
import numpy as np


def loss(w, x):
    return np.mean((np.tanh(x @ w) - 0.5) ** 2)


def data(rng):
    return {"x": rng.normal(0, 1, (2000, 100))}


parameters = {"w": np.zeros(100)}
steps = 100_000_000
"""


def read(child, keys: str = "\r") -> list[str]:
    """Go through a lesson with these keys, again and again; what each screen added."""
    import pexpect

    screens = []
    count = 0
    while child.expect([re.escape(PROMPT), pexpect.EOF]) == 0:
        screens.append(child.before)
        child.send(keys[count % len(keys)])
        count += 1
    screens.append(child.before)
    child.close()
    return screens


def test_the_lesson_waits_for_enter_and_fits_the_screen():
    child = on_terminal("lesson")
    screens = read(child, keys="\r \n")
    assert child.exitstatus == 0
    assert len(screens) > 15
    for screen in screens:
        lines = plain(screen).strip("\n").split("\n")
        assert len(lines) <= 22
        assert all(len(line) <= 80 for line in lines)
    told = plain(child.logfile_read.getvalue())
    assert told.count("\n── ") == 12
    assert "5.920854240274253" in told
    assert PROMPT not in told  # the prompt is taken away when the lesson goes on


def test_on_a_terminal_and_in_a_pipe_the_lesson_is_the_same():
    child = on_terminal("lesson")
    shown = "".join(read(child))
    words = " ".join(CONTROL.sub("", shown).split())
    assert words == " ".join(piped("lesson").stdout.split())


@pytest.mark.parametrize("size", [(40, 10), (60, 24), (200, 60)], ids=str)
def test_the_lesson_fits_other_screens(size):
    columns, rows = size
    child = on_terminal("lesson", columns=columns, rows=rows)
    screens = read(child)
    assert child.exitstatus == 0
    for screen in screens:
        lines = plain(screen).strip("\n").split("\n")
        prose = [line for line in lines if line and line[0] not in " ─"]
        assert all(len(line) <= min(columns, 80) for line in prose)
        assert len(lines) <= max(rows - 2, 4)


@pytest.mark.parametrize("key", ["q", "Q", "\x1b", "\x04"])
def test_the_lesson_can_be_left(key):
    child = on_terminal("lesson")
    child.expect(PROMPT)
    child.send("x")  # means nothing
    child.send(key)
    child.wait()
    assert child.exitstatus == 0
    assert "1 · The net" not in child.logfile_read.getvalue()


def test_ctrl_c_leaves_the_lesson():
    child = on_terminal("lesson")
    child.expect(PROMPT)
    child.sendintr()
    child.expect("Interrupted")
    child.wait()
    assert child.exitstatus == 130
    assert "Traceback" not in child.logfile_read.getvalue()


def test_no_pause():
    child = on_terminal("lesson", "--no-pause")
    screens = read(child)
    assert (len(screens), child.exitstatus) == (1, 0)


def test_code_is_colored_on_a_terminal_and_not_if_unwanted():
    child = on_terminal("lesson", "--no-pause")
    read(child)
    assert re.search(r"\x1b\[[0-9;]*3[1-7]m", child.logfile_read.getvalue())
    child = on_terminal("lesson", "--no-pause", NO_COLOR="1")
    read(child)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", child.logfile_read.getvalue())


def test_an_error_is_colored_on_a_terminal_and_not_if_unwanted():
    for more, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
        child = on_terminal("train", "missing.py", **more)
        child.wait()
        child.read()
        assert child.exitstatus == 1
        assert ("\x1b[31m" in child.logfile_read.getvalue()) is colored


def test_a_long_training_shows_a_bar_and_ctrl_c_keeps_what_was_learned(write_model, tmp_path):
    child = on_terminal("train", write_model(SLOW), "--out", "run.npz", cwd=tmp_path)
    child.expect("training")
    child.expect("loss")
    child.sendintr()
    child.expect("interrupted; what was learned")
    child.expect("Wrote run.npz")
    child.wait()
    assert child.exitstatus == 130
    shown = child.logfile_read.getvalue()
    assert "Traceback" not in shown
    with np.load(tmp_path / "run.npz") as run:
        assert 0 < len(run["losses"]) < 100_000_000
        assert np.all(np.isfinite(run["parameters/w"]))
        assert np.any(run["parameters/w"])


def test_ctrl_c_while_the_file_is_run(write_model):
    child = on_terminal("train", write_model("import time\nprint('begun', flush=True)\ntime.sleep(60)\n"))
    child.expect("begun")
    child.sendintr()
    child.expect("Interrupted")
    child.wait()
    assert child.exitstatus == 130
    assert "Traceback" not in child.logfile_read.getvalue()


def test_silence_in_a_pipe(write_model):
    long_enough = SLOW.replace("100_000_000", "3000")
    result = piped("train", write_model(long_enough))
    assert (result.returncode, result.stderr) == (0, "")
    assert "training" not in result.stdout


@pytest.mark.parametrize("command", ["train", "explain"])
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_reports_fit_the_terminal(command, columns):
    child = on_terminal(command, NEURON, columns=columns)
    child.expect("w = ")
    child.read()
    child.wait()
    assert all(len(line) <= min(columns, 80) for line in plain(child.logfile_read.getvalue()).split("\n")[1:])
