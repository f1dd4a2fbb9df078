"""`workings explain` and `workings draw`: each form, by `--format` or by the ending of `--out`, and `--open`."""

from __future__ import annotations

import os
import re
import stat
import sys
import webbrowser
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from click.testing import CliRunner

from tests.cli.terminal import EXAMPLES, on_terminal, piped
from workings.cli import main
from workings.write import written

NEURON = EXAMPLES / "one_neuron.py"
LAYERS = """\
import numpy as np


def layer(x, w):
    return norm(np.tanh(x @ w))


def norm(x):
    return x / np.sqrt(np.mean(x**2))


def loss(w1, w2, x):
    return np.mean(layer(layer(x, w1), w2) ** 4)


parameters = {"w1": np.eye(3), "w2": np.eye(3)}
data = {"x": np.arange(6.0).reshape(2, 3)}
"""
# what each form begins with, and something in it
EXPLAINED = {
    "text": ("How loss changes with w", "dloss/dw = dloss/dz · dz/dy · dy/dw"),
    "markdown": ("## How", r"\begin{aligned}"),
    "latex": (r"\documentclass", r"\begin{alignat*}"),
    "html": ("<!DOCTYPE html>", "<math"),
}
DRAWN = {
    "text": ("                        value   gradient\nloss = z²", "└─ z = y − expected"),
    "svg": ("<svg ", "dloss/dw = −3"),
    "dot": ("digraph ", "->"),
    "mermaid": ("flowchart TD", "-->"),
}
ENDINGS = {
    "explain": {".txt": "text", ".md": "markdown", ".tex": "latex", ".html": "html", ".htm": "html", ".HTML": "html"},
    "draw": {
        ".txt": "text",
        ".svg": "svg",
        ".dot": "dot",
        ".gv": "dot",
        ".mmd": "mermaid",
        ".mermaid": "mermaid",
        ".SVG": "svg",
    },
}
FORMS = {"explain": EXPLAINED, "draw": DRAWN}
ALL = [(command, form) for command, forms in FORMS.items() for form in forms]
SHOWN = {"explain": ".html", "draw": ".svg"}


def invoked(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="workings")


def place(address: str) -> Path:
    return Path(unquote(urlparse(address).path))


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("command", "form"), ALL)
def test_each_form_goes_to_standard_output_and_nothing_else_does(command, form):
    result = piped(command, NEURON, "--format", form)
    assert (result.returncode, result.stderr) == (0, "")
    start, within = FORMS[command][form]
    assert result.stdout.startswith(start)
    assert within in result.stdout
    assert result.stdout.endswith("\n")
    assert not result.stdout.endswith("\n\n")


@pytest.mark.parametrize(("command", "ending"), [(c, e) for c, endings in ENDINGS.items() for e in endings])
def test_the_ending_says_the_form(command, ending, tmp_path):
    path = tmp_path / f"result{ending}"
    result = invoked(command, NEURON, "--out", path)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Wrote {path}\n")
    form = ENDINGS[command][ending]
    assert path.read_text(encoding="utf-8") == invoked(command, NEURON, "--format", form).stdout


@pytest.mark.parametrize(("command", "form"), ALL)
def test_a_name_without_an_ending_and_a_folder(command, form, tmp_path):
    ending = next(ending for ending, meant in ENDINGS[command].items() if meant == form)
    assert invoked(command, NEURON, "--format", form, "--out", tmp_path / "result").exit_code == 0
    assert invoked(command, NEURON, "--format", form, "--out", tmp_path).exit_code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([f"one_neuron{ending}", f"result{ending}"])


def test_an_unknown_ending_names_the_known_ones(tmp_path):
    for command, endings in ENDINGS.items():
        result = invoked(command, NEURON, "--out", tmp_path / "result.docx")
        assert (result.exit_code, result.stdout) == (2, "")
        said = " ".join(result.stderr.split())
        assert "'.docx' says nothing about the form" in said
        assert all(ending in said for ending in endings if ending.islower())
        assert list(tmp_path.iterdir()) == []


def test_an_ending_of_another_form_is_refused(tmp_path):
    result = invoked("draw", NEURON, "--format", "dot", "--out", tmp_path / "net.svg")
    assert result.exit_code == 2
    assert "net.svg should end in .dot or .gv" in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "ending"), SHOWN.items())
def test_a_page_or_picture_is_there_whole_or_not_at_all(command, ending, tmp_path, monkeypatch):
    path = tmp_path / f"result{ending}"
    path.write_text("as it was", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(written.os, "fsync", full)
    result = invoked(command, NEURON, "--out", path)
    assert result.exit_code == 1
    assert "cannot be written: No space left on device" in " ".join(result.stderr.split())
    assert path.read_text(encoding="utf-8") == "as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_the_place_is_checked_before_the_file_runs(write_model, tmp_path):
    path = write_model("raise RuntimeError('run')\n")
    for command, ending in SHOWN.items():
        result = invoked(command, path, "--out", tmp_path / "nowhere" / f"result{ending}")
        assert result.exit_code == 1
        assert "RuntimeError" not in result.stderr
        assert "does not exist" in " ".join(result.stderr.split())


@pytest.mark.parametrize(("command", "form"), ALL)
def test_the_same_bytes_each_time(command, form, write_model):
    path = write_model(LAYERS)
    first = piped(command, path, "--format", form, PYTHONHASHSEED="1")
    assert first.returncode == 0, first.stderr
    assert first.stdout == piped(command, path, "--format", form, PYTHONHASHSEED="2").stdout


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_records_the_steps_of_a_run():
    page = invoked("explain", NEURON, "--format", "html", "--steps", 5).stdout
    assert "A run of loss: 5 steps" in page
    assert "6 steps are recorded" in page
    assert '<input type="range"' in page


def test_a_page_of_one_step_has_that_step():
    page = invoked("explain", NEURON, "--format", "html", "--step", 100).stdout
    assert "1.80107066615787" in page
    assert '<input type="range"' not in page


def test_a_page_takes_its_steps_from_the_file(write_model):
    text = write_model().read_text() + "\nsteps = 7\n"
    assert "A run of loss: 7 steps" in invoked("explain", write_model(text), "--format", "html").stdout


def test_a_page_is_not_poured_into_a_terminal():
    child = on_terminal("explain", NEURON, "--format", "html")
    child.expect("too long for a terminal")
    child.read()
    child.wait()
    assert child.exitstatus == 2
    assert "<!DOCTYPE" not in child.logfile_read.getvalue()


def test_a_picture_goes_to_a_terminal_as_it_is():
    child = on_terminal("draw", NEURON, "--format", "dot", columns=40)
    child.expect("digraph")
    child.read()
    child.wait()
    assert child.exitstatus == 0
    assert child.logfile_read.getvalue().replace("\r\n", "\n") == invoked("draw", NEURON, "--format", "dot").stdout


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_tree_fits_the_terminal(columns, write_model):
    child = on_terminal("draw", write_model(LAYERS), columns=columns)
    child.expect("loss")
    child.read()
    child.wait()
    lines = child.logfile_read.getvalue().splitlines()
    assert all(len(line) <= min(columns, 80) for line in lines), lines


# ── the picture ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_is_xml_with_values_and_gradients():
    svg = invoked("draw", NEURON, "--format", "svg").stdout
    words = " ".join(ElementTree.fromstring(svg).itertext())
    for said in ("w = 0.5", "y = w · x", "dloss/dw = −3", "dloss/dz = −3"):
        assert said in words.replace("  ", " "), said


def test_values_are_those_of_the_step():
    assert re.search(r"w  parameter +0\.5 ", invoked("draw", NEURON).stdout)
    assert re.search(r"w  parameter +1\.80107066615787 ", invoked("draw", NEURON, "--step", 100).stdout)
    assert re.search(r"w  parameter +0\.8 ", invoked("draw", NEURON, "--step", 1, "--learning-rate", 0.1).stdout)


def test_without_the_gradients():
    drawn = invoked("draw", NEURON, "--no-backward").stdout
    assert "gradient" not in drawn
    assert "2.25" in drawn
    assert "−3" not in drawn
    assert invoked("draw", NEURON, "--backward").stdout == invoked("draw", NEURON).stdout


def test_layers_fold_and_unfold(write_model):
    path = write_model(LAYERS)
    folded, outer, inner = (invoked("draw", path, "--format", "svg", "--depth", d).stdout for d in (0, 1, 9))
    assert folded.count('data-scope="') <= outer.count('data-scope="')
    assert "tanh(" not in folded
    assert "tanh(" not in outer
    assert "layer_2" in outer
    assert "tanh(" in inner
    assert "norm" in inner


def test_the_inside_of_one_layer(write_model):
    path = write_model(LAYERS)
    drawn = invoked("draw", path, "--scope", "layer_2/norm")
    assert drawn.exit_code == 0, drawn.stderr
    assert "tanh" not in drawn.stdout
    assert "tanh" in invoked("draw", path, "--scope", "layer_2").stdout


@pytest.mark.parametrize("scope", ["laier", "layer/layer", "norm", "", "/"])
def test_a_scope_that_is_not_there_names_those_that_are(scope, write_model):
    result = invoked("draw", write_model(LAYERS), "--scope", scope)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "it calls layer, layer/norm, layer_2, layer_2/norm" in " ".join(result.stderr.split())


# ── the browser ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The addresses that the browser was asked to open."""
    found: list[str] = []

    def open_(address: str, *_: object) -> bool:
        found.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    return found


@pytest.mark.parametrize(("command", "ending"), SHOWN.items())
def test_open_shows_what_was_written(command, ending, tmp_path, opened):
    path = tmp_path / f"my result & more{ending}"
    result = invoked(command, NEURON, "--out", path, "--open")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Wrote {path}\n")
    assert [place(address) for address in opened] == [path]
    assert all(address.startswith("file:///") for address in opened)


@pytest.mark.parametrize(("command", "ending"), SHOWN.items())
def test_open_alone_writes_where_none_but_its_owner_can_read(command, ending, tmp_path, opened, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = invoked(command, NEURON, "--open")
    assert result.exit_code == 0, result.stderr
    (address,) = opened
    path = place(address)
    assert path.name == f"one_neuron{ending}"
    assert path.parent.parent == tmp_path
    assert (result.stdout, result.stderr) == ("", f"Wrote {path}\n")
    assert path.stat().st_size > 1000
    if os.name == "posix":
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("command", SHOWN)
def test_no_browser_is_an_error_that_says_where_the_file_is(command, tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda *_: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = invoked(command, NEURON, "--open")
    assert (result.exit_code, result.stdout) == (1, "")
    (written_there,) = tmp_path.glob("*/*")
    said = "".join(result.stderr.split())
    assert "nobrowsercouldbeopened" in said
    assert said.count(str(written_there)) == 2


@pytest.mark.parametrize("command", SHOWN)
def test_nothing_is_opened_when_the_net_is_wrong(command, write_model, tmp_path, opened, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    result = invoked(
        command, write_model("def loss(w):\n    return w @ w\nparameters = {'w': 1.0}\ndata = {}\n"), "--open"
    )
    assert result.exit_code == 1
    assert opened == []
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="a browser that is a script")
@pytest.mark.parametrize("command", SHOWN)
def test_the_browser_of_the_environment_is_called_with_the_address(command, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f"#!{sys.executable}\nimport sys\nopen({str(tmp_path / 'asked')!r}, 'w').write(sys.argv[1])\n")
    browser.chmod(0o700)
    out = tmp_path / f"net{SHOWN[command]}"
    result = piped(command, NEURON, "--out", out, "--open", BROWSER=f"{browser} %s")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"Wrote {out}\n")
    assert place((tmp_path / "asked").read_text()) == out


# ── what a user wrote is shown, and never runs ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("command", "form"), ALL)
def test_markup_in_a_file_is_text(command, form, write_model):
    evil = "</title><script>alert(1)</script>\\x1b[2J"
    path = write_model(
        f"def loss(w, x):\n    '''{evil}'''\n    y = w * x  # {evil}\n    return y ** 2\n"
        f"loss.__name__ = '{evil}'\nparameters = {{'w': 0.5}}\ndata = {{'x': 1.0}}\n",
        name="<b>net.py",
    )
    result = piped(command, path, "--format", form)
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    if form in ("html", "svg"):
        assert "<script>alert" not in result.stdout
        assert "<b>" not in result.stdout
