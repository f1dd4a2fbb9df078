"""`workings lesson --out` and `--open`: the page is written whole or not at all, and shown where that is wanted."""

from __future__ import annotations

import os
import stat
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from click.testing import CliRunner

from workings.cli import main


def lesson(*arguments: object):
    return CliRunner().invoke(main, ["lesson", *map(str, arguments)], prog_name="workings")


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The addresses that the browser was asked to open."""
    found: list[str] = []

    def open_(address: str, *_: object) -> bool:
        found.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    return found


def place(address: str) -> Path:
    return Path(unquote(urlparse(address).path))


def test_a_page_is_written_and_where_is_said(tmp_path, opened):
    path = tmp_path / "a lesson & more.html"
    result = lesson("--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Wrote {path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert opened == []


def test_a_name_without_an_ending_gets_one(tmp_path):
    assert lesson("--out", tmp_path / "lesson").exit_code == 0
    assert (tmp_path / "lesson.html").exists()


def test_the_numbers_can_be_set(tmp_path):
    path = tmp_path / "lesson.html"
    assert lesson("--out", path, "--set", "learning_rate=1.01").exit_code == 0
    assert "the learning rate is too high" in " ".join(path.read_text(encoding="utf-8").split())


def test_it_can_be_written_to_the_standard_output():
    result = lesson("--out", "/dev/stdout")
    assert result.exit_code == 0
    assert result.stderr == "Wrote /dev/stdout\n"


@pytest.mark.parametrize("name", ["missing/lesson.html", ".", "", "lesson.txt", "folder.html"])
def test_where_it_cannot_be_written(name, tmp_path):
    (tmp_path / "folder.html").mkdir()
    before = sorted(tmp_path.rglob("*"))
    result = lesson("--out", tmp_path / name)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert result.stderr.count("Error") == 1
    assert "Traceback" not in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "setting",
    ["start=<script>alert(1)</script>", "start=nan", "start=1e400", "x=0", "learning_rate=-1", "start=1;import os"],
)
def test_what_is_no_number_for_a_lesson_writes_nothing(setting, tmp_path):
    path = tmp_path / "lesson.html"
    path.write_text("as it was", encoding="utf-8")
    result = lesson("--out", path, "--set", setting)
    assert result.exit_code in (1, 2)
    assert result.stderr.count("Error") == 1
    assert path.read_text(encoding="utf-8") == "as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "lesson.html"
    path.write_text("as it was", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = lesson("--out", path)
    assert result.exit_code == 1
    assert "No space left on device" in " ".join(result.stderr.split())
    assert path.read_text(encoding="utf-8") == "as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_open_shows_what_was_written(tmp_path, opened):
    path = tmp_path / "my lesson.html"
    assert lesson("--out", path, "--open").exit_code == 0
    assert [place(address) for address in opened] == [path]


def test_open_alone_writes_where_none_but_its_owner_can_read(tmp_path, opened, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = lesson("--open")
    assert result.exit_code == 0
    (address,) = opened
    path = place(address)
    assert path.name == "one_neuron.html"
    assert path.parent.parent == tmp_path
    assert result.stderr == f"Wrote {path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    if os.name == "posix":
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_no_browser_is_an_error_that_says_where_the_page_is(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda *_: False)
    path = tmp_path / "lesson.html"
    result = lesson("--out", path, "--open")
    assert result.exit_code == 1
    assert "no browser could be opened" in result.stderr
    assert path.exists()
