"""The consoles in docs/command_line.md: each command works, and shows what the page says it does."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.cli.terminal import ROOT, piped

PAGE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
CONSOLES = re.findall(r"^```console\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
COMMANDS = [part.split("\n", 1) for console in CONSOLES for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]]


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_consoles(command, shown):
    result = piped(*shlex.split(command)[1:])
    assert (result.returncode, result.stderr) == (0, "")
    if shown:
        assert result.stdout == shown
