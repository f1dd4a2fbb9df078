"""Takes the screens in docs/screens/: pages and pictures in a browser without a window.

`make screens` runs it. It needs an installed Chromium or Chrome, as the browser tests do.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from playwright.sync_api import Browser, Page

import workings as wk
from docs.png import small
from tests.browser.chromium import launched
from workings.lessons.one_neuron import one_neuron
from workings.lessons.page import Paper

FOLDER = Path(__file__).parent / "screens"


# ── what is shown ──


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def neuron() -> wk.Run:
    return wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, optimizer=wk.SGD(0.01), steps=200)


def layer(x, w, b):
    return np.tanh(x @ w + b)


def classify(layers, out, x, t):
    h = x
    for weights in layers:
        h = layer(h, **weights)
    logits = h @ out["w"] + out["b"]
    log_p = wk.functions.log_softmax(logits)
    return -np.mean(np.sum(t * log_p, axis=1))


def four_layers(steps: int = 200) -> wk.Run:
    rng = np.random.default_rng(0)
    sizes = (2, 16, 16, 16)
    points = rng.normal(size=(100, 2))
    inside = ((points**2).sum(axis=1) < 1.2).astype(int)
    return wk.train(
        classify,
        {
            "layers": [{"w": rng.normal(size=(a, b)) / a**0.5, "b": np.zeros(b)} for a, b in itertools.pairwise(sizes)],
            "out": {"w": rng.normal(size=(16, 2)) / 4, "b": np.zeros(2)},
        },
        {"x": points, "t": np.eye(2)[inside]},
        optimizer=wk.SGD(0.5),
        engine="numpy",
        steps=steps,
    )


def paths(w, x):
    a = w * x
    b = w**2 + x
    c = np.tanh(a) * b
    return (c - a * w) ** 2


def several_paths() -> wk.Run:
    return wk.train(paths, {"w": 0.7}, {"x": 1.5}, optimizer=wk.SGD(0.05), steps=60)


def block(h, w, v):
    return h + np.tanh(h @ w) @ v


def tower(blocks, x, t):
    h = x
    for weights in blocks:
        h = block(h, **weights)
    return np.mean((h - t) ** 2)


def thousand() -> wk.Graph:
    """A net of a thousand operations in 250 blocks."""
    rng = np.random.default_rng(0)
    blocks = [{"w": rng.normal(size=(4, 4)) / 9, "v": rng.normal(size=(4, 4)) / 9} for _ in range(250)]
    return wk.trace(tower, blocks, rng.normal(size=(8, 4)), np.zeros((8, 4)))


def lesson() -> str:
    paper = Paper()
    paper.present(one_neuron)
    return paper.page().html


# ── the screens ──


class Screen(NamedTuple):
    """A page in a window of some size; what is done on it before it is taken, and what is taken of it."""

    name: str
    html: Callable[[], str]
    width: int = 1440
    height: int = 900
    dark: bool = False
    prepare: Callable[[Page], None] = lambda page: None
    part: str = ""  # a selector, if not what is in the window
    sharp: float = 1.0


def page_of(run: Callable[[], wk.Run], steps: int = 100) -> Callable[[], str]:
    return lambda: run().page(steps, progress=False).html


def pin(page: Page, name: str, panel: str = "program") -> None:
    """Keeps lit what has this name in the program."""
    node = page.locator(f"#program .wk-name:text-is('{name}')").first.get_attribute("data-node")
    page.locator(f"#{panel} [data-node='{node}']:visible").first.click()
    page.mouse.move(5, 5)


def neuron_at_work(page: Page) -> None:
    page.locator("#wk-step").fill("20")
    pin(page, "z")


def folded(page: Page) -> None:
    page.get_by_role("button", name="Fold the layers").click()
    page.locator("#wk-step").fill("30")
    pin(page, "h_2")


def unfolded(page: Page) -> None:
    page.get_by_role("button", name="Unfold them").click()
    page.locator("#wk-step").fill("30")
    pin(page, "h_2")


def one_path(page: Page) -> None:
    page.locator("#wk-step").fill("5")
    pin(page, "a")


# both losses over w, with the nudges on them
PLOTS = "#step-9 figure:has(svg.wk-plot)"

SCREENS = (
    Screen("neuron", page_of(neuron), prepare=neuron_at_work),
    Screen("layers_folded", page_of(four_layers), 1680, 900, dark=True, prepare=folded),
    Screen("layers_unfolded", page_of(four_layers), 1680, 900, prepare=unfolded),
    Screen("several_paths", page_of(several_paths), 1680, 900, prepare=one_path),
    Screen("narrow", page_of(neuron), 390, 844, sharp=2.0),
    Screen("printed", page_of(neuron), 718, 1046, prepare=lambda page: page.emulate_media(media="print")),
    Screen("however_difference", lesson, 1100, 900, part=f"{PLOTS} >> nth=0"),
    Screen("however_square", lesson, 1100, 900, part=f"{PLOTS} >> nth=1"),
    Screen("thousand", lambda: f"<!DOCTYPE html>{wk.draw(thousand()).svg()}", part="svg"),
)


def take(browser: Browser, screen: Screen, folder: Path) -> None:
    """Opens the page and keeps what is to be seen of it."""
    context = browser.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.sharp,
        color_scheme="dark" if screen.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    path = folder / f"{screen.name}.html"
    path.write_text(screen.html(), encoding="utf-8")
    page.goto(path.as_uri())
    if page.locator("#wk-data").count():
        page.wait_for_selector("body[data-ready]", state="attached")
    screen.prepare(page)
    shown = page.locator(screen.part).first if screen.part else page
    to = FOLDER / f"{screen.name}.png"
    taken = shown.screenshot()
    empty = context.new_page()  # whose policy forbids nothing
    to.write_bytes(small(taken, empty))
    context.close()
    print(f"{to.relative_to(FOLDER.parents[1])}, {to.stat().st_size // 1000} kB")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with launched() as browser, tempfile.TemporaryDirectory() as folder:
        for screen in SCREENS:
            take(browser, screen, Path(folder))


if __name__ == "__main__":
    main()
