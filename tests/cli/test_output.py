"""`--out`: checked before the work, written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.cli.terminal import EXAMPLES, ROOT, piped
from workings.cli import main
from workings.write import written

COMMANDS = {"train": ".npz", "explain": ".txt", "draw": ".txt", "write": ".py"}


def invoked(*arguments: object):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.parametrize(("command", "ending"), COMMANDS.items())
def test_into_a_file_without_an_ending_and_into_a_folder(command, ending, write_model, tmp_path):
    path = write_model()
    (tmp_path / "there").mkdir()
    assert invoked(command, path, "--out", tmp_path / "result").exit_code == 0
    assert invoked(command, path, "--out", tmp_path / "there").exit_code == 0
    assert (tmp_path / f"result{ending}").is_file()
    assert (tmp_path / "there" / f"net{ending}").is_file()
    assert (tmp_path / f"result{ending}").read_bytes() == (tmp_path / "there" / f"net{ending}").read_bytes()


@pytest.mark.parametrize(("command", "ending"), COMMANDS.items())
@pytest.mark.parametrize("place", ["nowhere/result", "nowhere/", "file/result"])
def test_a_folder_that_is_missing(command, ending, place, write_model, tmp_path):
    path = write_model()
    (tmp_path / "file").write_text("a file")
    before = sorted(tmp_path.rglob("*"))
    out = f"{tmp_path}/{place}" + (ending if not place.endswith("/") else "")
    result = invoked(command, path, "--out", out)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert "folder" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("command", "ending"), COMMANDS.items())
def test_a_folder_of_that_name(command, ending, write_model, tmp_path):
    (tmp_path / f"result{ending}").mkdir()
    (tmp_path / f"result{ending}" / f"net{ending}").mkdir()
    result = invoked(command, write_model(), "--out", tmp_path / f"result{ending}")
    assert result.exit_code == 1
    assert "it is a folder" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("failing", ["replace", "fsync"])
def test_a_write_that_fails_leaves_what_was_there(command, failing, write_model, tmp_path, monkeypatch):
    path = write_model()
    out = tmp_path / f"result{COMMANDS[command]}"
    out.write_text("before")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(written.os, failing, fail)
    result = invoked(command, path, "--out", out)
    assert result.exit_code == 1
    assert "cannot be written: No space left on device" in " ".join(result.stderr.split())
    assert out.read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.py", out.name]


def test_the_model_file_is_not_written_over(write_model, tmp_path):
    path = write_model()
    before = path.read_bytes()
    for out in (path, tmp_path, path.with_suffix("")):
        result = invoked("write", path, "--out", out)
        assert result.exit_code == 1
        assert "is the model file itself" in " ".join(result.stderr.split())
    assert path.read_bytes() == before


def test_no_training_before_the_place_is_known_to_be_good(write_model, tmp_path):
    path = write_model("raise RuntimeError('run')\n")
    result = invoked("train", path, "--out", tmp_path / "nowhere" / "run.npz")
    assert "RuntimeError" not in result.stderr


def test_the_same_run_gives_the_same_bytes_and_the_usual_permissions(write_model, tmp_path):
    path = write_model()
    for name in ("a.npz", "b.npz"):
        assert invoked("train", path, "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE((tmp_path / "a.npz").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_a_tree_of_parameters_is_read_back(write_model, tmp_path):
    path = write_model(
        "import numpy as np\n"
        "def loss(parameters, x):\n"
        "    h = x\n"
        "    for layer in parameters:\n"
        "        h = np.tanh(h @ layer['w'] + layer['b'])\n"
        "    return np.mean(h ** 2)\n"
        "def parameters(rng):\n"
        "    return [{'w': rng.normal(0, 1, (3, 3)), 'b': np.zeros(3)} for _ in range(2)]\n"
        "def data(rng):\n"
        "    return {'x': rng.normal(0, 1, (5, 3))}\n"
    )
    out = tmp_path / "run.npz"
    result = invoked("train", path, "--out", out)
    assert result.exit_code == 0, result.stderr
    with np.load(out) as run:
        names = [f"parameters/{layer}/{part}" for layer in (0, 1) for part in ("w", "b")]
        assert run.files == ["losses", *names]
        assert run["parameters/1/w"].shape == (3, 3)
        assert run["losses"].shape == (100,)


def test_data_of_the_users_beside_the_program_is_left_as_it_is(tmp_path):
    np.savez(tmp_path / "program.npz", x=np.arange(3.0))
    before = (tmp_path / "program.npz").read_bytes()
    result = invoked("write", EXAMPLES / "moons.py", "--out", tmp_path / "program.py")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "it is left as it is" in " ".join(result.stderr.split())
    assert (tmp_path / "program.npz").read_bytes() == before
    assert not (tmp_path / "program.py").exists()
    for _ in range(2):  # a program's own arrays are written anew with it
        assert invoked("write", EXAMPLES / "moons.py", "--out", tmp_path / "moons.py").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs the devices of Unix")
def test_a_device_is_written_to(command, write_model, tmp_path):
    path = write_model()
    out = tmp_path / f"result{COMMANDS[command]}"
    assert invoked(command, path, "--out", out).exit_code == 0
    assert piped(command, path, "--out", "/dev/null").returncode == 0
    assert not Path(f"/dev/null{COMMANDS[command]}").exists()
    words = [sys.executable, "-m", "workings", command, str(path), "--out", "/dev/stdout"]
    through_pipe = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
    assert out.read_bytes() in through_pipe
    with (tmp_path / "redirected").open("wb") as file:
        subprocess.run(words, cwd=ROOT, stdout=file, stderr=subprocess.DEVNULL, check=True)
    assert (tmp_path / "redirected").read_bytes()
    assert not Path(f"/dev/stdout{COMMANDS[command]}").exists()


@pytest.mark.parametrize(("command", "ending"), COMMANDS.items())
def test_a_link_stays_a_link(command, ending, write_model, tmp_path):
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / f"result{ending}", tmp_path / f"link{ending}"
    link.symlink_to(real)
    for _ in range(2):
        assert invoked(command, write_model(), "--out", link).exit_code == 0
        assert link.is_symlink()
        assert real.is_file()
    link.unlink()
    link.symlink_to(tmp_path / "nowhere" / f"result{ending}")
    result = invoked(command, write_model(), "--out", link)
    assert result.exit_code == 1
    assert "does not exist" in " ".join(result.stderr.split())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another user")
def test_a_folder_that_may_not_be_written_to(write_model, tmp_path, monkeypatch):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):  # root may write everywhere
        monkeypatch.setattr("workings.cli.output.os.access", lambda path, mode: Path(path) != folder)
    result = invoked("train", write_model(), "--out", folder / "run.npz")
    folder.chmod(0o700)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "may not be written to" in " ".join(result.stderr.split())
    assert list(folder.iterdir()) == []
