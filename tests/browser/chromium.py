"""An installed Chromium or Chrome, without a window; none is ever downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

__all__ = ["MISSING", "find", "launched"]

MISSING = (
    "no Chromium or Chrome was found on PATH or in the usual places: install one, or say where it is with "
    "WORKINGS_BROWSER=/path/to/chromium"
)
_NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_PLACES = (
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "~/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "${PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
    "${PROGRAMFILES(X86)}/Google/Chrome/Application/chrome.exe",
    "${LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
    "${LOCALAPPDATA}/Chromium/Application/chrome.exe",
)
# it asks the network for nothing, and shows the same everywhere
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The program of an installed browser, None where there is none."""
    named = os.environ.get("WORKINGS_BROWSER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"WORKINGS_BROWSER is {named!r}, which is no program")
        return found
    candidates = [shutil.which(name) for name in _NAMES]
    candidates += [shutil.which(os.path.expandvars(os.path.expanduser(place))) for place in _PLACES]
    # a browser from a snap sees no temporary files, which is where the tests write their pages
    return next((path for path in candidates if path and not path.startswith("/snap/")), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """The installed browser, running until the block is left."""
    program = find()
    if program is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()
