"""The lesson as a page."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page

from workings.cli import main

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lesson") / "lesson.html"
    assert CliRunner().invoke(main, ["lesson", "--out", str(path)]).exit_code == 0
    return path


@pytest.fixture
def shown(lesson: Path, page: Page) -> Page:
    page.goto(lesson.as_uri())
    return page


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility_and_no_sideways_scrolling(scheme, width, shown: Page, axe) -> None:
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 844})
    axe(shown)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_ten_steps_each_with_its_place_in_the_contents(shown: Page) -> None:
    entries = shown.get_by_role("navigation", name="Steps of the lesson").get_by_role("link")
    numbered = [text for text in entries.all_inner_texts() if text.strip()[0].isdigit()]
    assert len(numbered) == 10
    for entry in entries.all():
        target = (entry.get_attribute("href") or "").removeprefix("#")
        assert shown.locator(f'[id="{target}"]').count() == 1
    entries.nth(4).click()
    assert shown.evaluate("document.querySelector(':target') !== null")


def test_the_however_shows_both_losses_over_w_with_the_steps_on_them(shown: Page) -> None:
    section = shown.locator("main section").filter(has=shown.get_by_role("heading", name="However"))
    assert section.locator("svg.wk-plot").count() == 2
    assert section.locator("svg.wk-plot [data-series]").count() >= 4


def test_the_plots_are_read_by_pointer_and_by_keyboard(shown: Page) -> None:
    plot = shown.locator("svg.wk-plot").first
    readout = plot.locator("xpath=following-sibling::p[1]")
    waiting = readout.inner_text()
    plot.hover()
    assert readout.inner_text() != waiting
    plot.focus()
    shown.keyboard.press("Home")
    first = readout.inner_text()
    shown.keyboard.press("ArrowRight")
    assert readout.inner_text() != first


def test_all_that_can_be_used_is_reached_by_tab(shown: Page) -> None:
    usable = shown.locator("a[href]:visible, button:visible, summary:visible, [tabindex='0']:visible").count()
    reached = 0
    for _ in range(usable + 20):
        shown.keyboard.press("Tab")
        if shown.evaluate("document.activeElement === document.body"):
            break
        reached += 1
    assert reached >= usable


def test_every_printed_page_has_something_on_it(shown: Page) -> None:
    texts = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(shown.pdf(format="A4"))).pages]
    assert all(len(text.split()) > 5 for text in texts), [len(text.split()) for text in texts]
