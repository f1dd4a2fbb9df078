"""How long a picture of a thousand nodes takes to lay out, and the page of a run to be made and to open.

    python bench/page.py            says it in words
    python bench/page.py --json F   writes the figures to F as well

Times are of this machine and this run. Pages are opened in an installed Chromium or Chrome, as in the tests; where
there is none, that part is left out and said so.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # for docs and tests, which are no part of the package

import workings as wk  # noqa: E402
from tests.browser.chromium import MISSING, find, launched  # noqa: E402

TIMES = 5
# since the navigation began, in milliseconds; `ready` is when the slider and what is pointed at answer
OPENED = """() => new Promise((resolve) => {
    const told = () => {
        const paint = performance.getEntriesByName("first-contentful-paint")[0];
        const { loadEventEnd } = performance.getEntriesByType("navigation")[0];
        if (!paint || !loadEventEnd || !("ready" in document.body.dataset)) return setTimeout(told, 1);
        resolve({ paint: paint.startTime, load: loadEventEnd, ready: window.readyAt });
    };
    told();
})"""
# the page says that it is ready by an attribute; this notes when
WATCH = """new MutationObserver((_, watcher) => {
    if (document.body && "ready" in document.body.dataset) {
        window.readyAt = performance.now();
        watcher.disconnect();
    }
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ready"] })"""


def drawing(graph: wk.Graph, depth: int) -> float:
    """Seconds to fold and lay out the graph, and to write it as SVG: the middle of a few."""
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        wk.draw(graph, depth=depth, most=10_000).svg()
        times.append(time.perf_counter() - start)
    return median(times)


def opening(html: str) -> dict[str, float]:
    """Seconds from the start of the navigation to the first paint, to the load event, and until it can be used."""
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        path = Path(folder) / "run.html"
        path.write_text(html, encoding="utf-8")
        for _ in range(TIMES + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.add_init_script(WATCH)
            page.goto(path.as_uri())
            found.append(page.evaluate(OPENED))
            context.close()
    # the first one also starts the browser's own parts
    return {what: median(one[what] for one in found[1:]) / 1000 for what in found[0]}


def main() -> None:
    from docs import screens

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="F", help="write the figures to this file")
    arguments = parser.parse_args()
    figures: dict[str, object] = {}

    graph = screens.thousand()
    made = sum(not node.is_input for node in graph.nodes)
    for depth, how in ((1, "folded by layer"), (2, "unfolded")):
        seconds = drawing(graph, depth)
        boxes = len(wk.draw(graph, depth=depth, most=10_000).boxes)
        print(f"A net of {made:,} operations, {how} into {boxes:,} boxes, is laid out and drawn in {seconds:.3f} s.")
        figures[f"draw, {how}"] = {"operations": made, "boxes": boxes, "seconds": seconds}
    seconds = median(_timed(lambda: wk.draw(graph).svg()) for _ in range(TIMES))
    print(f"The same, folded so far that it can be read, in {seconds:.3f} s.")
    figures["draw, readable"] = {"operations": made, "seconds": seconds}

    for name, run in (("one neuron", screens.neuron()), ("a net of four layers", screens.four_layers())):
        start = time.perf_counter()
        html = run.page(200, progress=False).html
        making = time.perf_counter() - start
        size = len(html.encode())
        print(f"The page of {name} with 200 recorded steps is made in {making:.1f} s and has {size // 1000} kB.")
        figures[f"page, {name}"] = {"making": making, "bytes": size}
        if find() is None:
            print(f"  How long it takes to open was not measured: {MISSING}.")
            continue
        opened = opening(html)
        print(
            f"  In the browser it is first painted after {opened['paint']:.2f} s, loaded after {opened['load']:.2f} s, "
            f"and answers after {opened['ready']:.2f} s."
        )
        figures[f"page, {name}"] = {"making": making, "bytes": size, **opened}
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2), encoding="utf-8")


def _timed(do) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
