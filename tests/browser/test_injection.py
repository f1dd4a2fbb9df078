"""Whatever comes from a user shows as text and never runs: names, docstrings, comments, file names, layers, data.

The pages are opened as they are, and once more in a browser that was told to ignore their content security
policy, which alone would keep a script from running.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import workings as wk
from workings.lessons.page import Paper

pytestmark = pytest.mark.browser

HURT = "window.hurt = 1"
MARKUP = f"<img src=x onerror='{HURT}'>"
HOSTILE = f"\"'></title></style></text></desc></svg></pre></script><script>{HURT}</script>{MARKUP}&lt;"

SOURCE = f'''
import numpy as np

def layer(h, w):
    return np.tanh(h * w)  # {HOSTILE}

def loss(net, x):
    """</script><script>{HURT}</script>{MARKUP}"""
    h = layer(x["{MARKUP}"], net["{MARKUP}"])
    h = layer(h, net["ordinary"])
    return np.sum((h - 2) ** 2)
'''


@pytest.fixture(params=["as it is", "without its policy"])
def reader(request: pytest.FixtureRequest, page: Page, browser: Browser) -> Iterator[Page]:
    """A page in a browser that heeds policies, and in one that does not."""
    if request.param == "as it is":
        yield page
        return
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[wk.Run]:
    """A run whose every name is hostile."""
    path = tmp_path / f"{MARKUP}.py"
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("hostile", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile"] = module
    spec.loader.exec_module(module)
    module.layer.__name__ = module.layer.__qualname__ = HOSTILE
    module.loss.__name__ = module.loss.__qualname__ = HOSTILE
    yield wk.train(module.loss, {"net": {MARKUP: 0.5, "ordinary": 0.25}}, {"x": {MARKUP: 1.5}}, steps=3, progress=False)
    del sys.modules["hostile"]


def check_unhurt(page: Page, scripts: int) -> None:
    assert page.evaluate("typeof window.hurt") == "undefined"
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.querySelectorAll('script').length") == scripts


def test_this_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    """The hostile text does run where it is not escaped."""
    context = browser.new_context()
    page = context.new_page()
    for text in (HOSTILE, MARKUP):
        path = tmp_path / "open.html"
        path.write_text(f"<!DOCTYPE html><p>{text}</p>", encoding="utf-8")
        page.goto(path.as_uri())
        page.wait_for_function("window.hurt === 1")
    context.close()


def test_the_page_of_a_run(run: wk.Run, reader: Page, tmp_path: Path) -> None:
    path = run.page(progress=False).save(tmp_path / "run.html")
    check_page(reader, path)


def test_the_page_of_a_derivation(run: wk.Run, reader: Page, tmp_path: Path) -> None:
    path = run.explain(step=1).page().save(tmp_path / "derivation.html")
    check_page(reader, path)


def check_page(page: Page, path: Path) -> None:
    """Nothing ran when the page was opened, nor when all that is hidden in it was shown."""
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]", state="attached")
    for view in page.locator("#wk-view option").evaluate_all("(all) => all.map((one) => one.value)"):
        page.locator("#wk-view").select_option(view)
    seen: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("#program [data-node], #derivation [data-node]")].map((e) => {
            e.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
            return document.querySelector(".wk-status").textContent;
        })"""
    )
    # the name of the file, and what the user wrote on the line
    assert any(f"{MARKUP}.py" in text for text in seen)
    assert any(HOSTILE in text for text in seen)
    if page.locator("#wk-step").count():
        page.locator("#wk-step").fill("2")
    check_unhurt(page, scripts=2)
    page.pdf()
    check_unhurt(page, scripts=2)


@pytest.mark.parametrize("form", ["file", "within a page"])
def test_a_picture(run: wk.Run, form: str, reader: Page, tmp_path: Path) -> None:
    svg = wk.draw(run.program.step).svg()
    path = tmp_path / ("net.svg" if form == "file" else "net.html")
    path.write_text(svg if form == "file" else f"<!DOCTYPE html><title>A picture</title>{svg}", encoding="utf-8")
    reader.goto(path.as_uri())
    assert "</script>" in (reader.locator("svg").first.text_content() or "")
    check_unhurt(reader, scripts=0)


def test_the_page_of_a_lesson(reader: Page, tmp_path: Path) -> None:
    paper = Paper()
    paper.title(HOSTILE)
    paper.step(f"1 · {HOSTILE}")
    paper.say(f"{HOSTILE} `{HOSTILE}` *{MARKUP}*")
    paper.terms([(HOSTILE, HOSTILE)])
    paper.show(f"y = w * x  # {HOSTILE}")
    path = paper.page().save(tmp_path / "lesson.html")
    reader.goto(path.as_uri())
    assert reader.locator("h1").inner_text() == HOSTILE
    assert HOSTILE in reader.locator("main").inner_text()
    check_unhurt(reader, scripts=1)


def test_a_page_within_a_notebook(run: wk.Run, reader: Page, tmp_path: Path) -> None:
    path = tmp_path / "notebook.html"
    markup = run.page(progress=False)._repr_html_()
    path.write_text(f"<!DOCTYPE html><title>A notebook</title>{markup}", encoding="utf-8")
    reader.goto(path.as_uri())
    frame = reader.frame_locator("iframe")
    frame.locator("body[data-ready]").wait_for(state="attached")
    check_unhurt(reader, scripts=0)
    assert frame.locator("body").evaluate("typeof window.hurt") == "undefined"
    assert frame.locator("img").count() == 0


@pytest.mark.parametrize("what", ["run", "program", "graph", "picture", "error"])
def test_what_a_notebook_shows(run: wk.Run, what: str, reader: Page, tmp_path: Path) -> None:
    markup = _notebook(run, what)._repr_html_()
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>A notebook</title>{markup}", encoding="utf-8")
    reader.goto(path.as_uri())
    for fold in reader.locator("summary").all():
        fold.click()
    assert "<img" in (reader.locator("body").text_content() or "")
    check_unhurt(reader, scripts=0)


def _notebook(run: wk.Run, what: str) -> Any:
    if what == "error":
        with pytest.raises(wk.ArgumentError) as caught:
            run.value(MARKUP)
        return caught.value
    return {"run": run, "program": run.program, "graph": run.program.step, "picture": wk.draw(run.program)}[what]


def test_the_name_of_a_cell(reader: Page, tmp_path: Path) -> None:
    w = wk.parameter(0.5, name=HOSTILE)
    loss = (w * 2 - 1) ** 2
    path = wk.explain(loss, w).page().save(tmp_path / "cells.html")
    reader.goto(path.as_uri())
    reader.wait_for_selector("body[data-ready]", state="attached")
    check_unhurt(reader, scripts=2)
    path.write_text(f"<!DOCTYPE html><title>A picture</title>{wk.draw(loss).svg()}", encoding="utf-8")
    reader.goto(path.as_uri())
    check_unhurt(reader, scripts=0)
