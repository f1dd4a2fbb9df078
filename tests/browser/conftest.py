"""A page in an installed browser: what it logs, what it asks for, and whether it is accessible."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.chromium import MISSING, find, launched

# where make installs what tests/browser/package.json names
MODULES = Path(sys.prefix) / "js" / "node_modules"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where there is no browser the tests are skipped, or fail if one is required."""
    if item.get_closest_marker("browser") and find() is None:
        (pytest.fail if os.environ.get("WORKINGS_BROWSER_REQUIRED") == "1" else pytest.skip)(MISSING)


# not for the whole session: while Playwright runs, no other test could start an event loop
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The installed browser."""
    with launched() as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile. The test fails when one of its pages logs an error or asks for anything but files given to it.

    Pages are shown at 1440 by 900, light, and without animations.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened: list[str] = []
    asked: list[str] = []
    logged: list[str] = []

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: logged.append(str(error)))
        page.on("console", lambda said: logged.append(said.text) if said.type in ("error", "warning") else None)
        page.on("framenavigated", lambda frame: opened.append(_file(frame.url)) if frame == page.main_frame else None)
        page.on("request", lambda request: asked.append(_file(request.url)))

    context.on("page", listen)
    yield context
    context.close()
    assert logged == []
    assert [url for url in asked if url not in opened and not url.startswith(("data:", "blob:"))] == []
    assert [url for url in opened if not url.startswith(("file:", "about:", "data:", "blob:"))] == []


def _file(url: str) -> str:
    return url.split("#")[0]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page in a fresh profile, see `context`."""
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.fixture
def open_html(page: Page, tmp_path: Path) -> Callable[..., Page]:
    """Writes a page to a file and opens the file."""

    def open_(text: str, name: str = "page.html") -> Page:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        page.goto(path.as_uri())
        return page

    return open_


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fails where axe-core finds a serious or critical fault of accessibility on the page."""
    # evaluated from outside, since a page forbids every script that was not written into it
    source = (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def check(page: Page) -> None:
        page.evaluate(f"() => {{ {source} }}")
        found = page.evaluate("async () => (await axe.run()).violations")
        grave = [
            f"{fault['impact']}: {fault['id']}: {fault['help']}: {[node['html'][:200] for node in fault['nodes'][:5]]}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert grave == []

    return check
