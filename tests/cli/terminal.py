"""Commands as a user runs them: in a process of their own, through a pipe or on a terminal of 80×24."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
COMMAND = [sys.executable, "-m", "workings"]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\].*?\x07")


def environment(**more: str) -> dict[str, str]:
    """The environment without what would change colors or widths, and with a browser that shows nothing."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    browser = f"{shlex.quote(sys.executable)} -c pass %s"
    return {**kept, "PYTHONIOENCODING": "utf-8", "TERM": "xterm-256color", "BROWSER": browser, **more}


def piped(*arguments: str | Path, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `workings` with these arguments; its outputs are pipes."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def on_terminal(*arguments: str | Path, cwd: Path = ROOT, columns: int = 80, rows: int = 24, **more: str):
    """Start `workings` on a terminal of its own; what it writes is in `.logfile_read`."""
    import pexpect

    child = pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], *map(str, arguments)],
        cwd=str(cwd),
        env=environment(**more),
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=60,
    )
    child.logfile_read = io.StringIO()
    return child


def plain(text: str) -> str:
    """What is left on the screen, line by line: without control sequences, and what was written over."""
    lines = []
    for line in CONTROL.sub("", text).replace("\r\n", "\n").split("\n"):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return "\n".join(lines)
