"""The reference names all there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import workings as wk
from workings import functions, random
from workings.trace.allowed import FUNCTIONS, UFUNCS

TEXT = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")

# what a schedule or a metric of one's own is made of, and how they are found by name
FOR_EXTENDING = {"Schedule", "Plateau", "Metric", "Statistic", "METRICS", "metric_of", "metrics_of"}


def named(start: str) -> set[str]:
    """The names in the paragraph that begins so."""
    paragraph = TEXT[TEXT.index(start) :].split("\n\n")[0]
    return set(re.findall(r"`([\w.]+)`", paragraph.split(":", 1)[1]))


def test_every_function_of_ours_is_named() -> None:
    assert named("In `workings.functions`") == set(functions.__all__)


def test_every_random_function_is_named() -> None:
    assert named("In `workings.random`") == set(random.__all__)


def test_every_ufunc_is_named() -> None:
    assert named("Element by element") == {ufunc.__name__ for ufunc in UFUNCS}


def test_every_function_of_numpy_is_named() -> None:
    modules = {f"{f.__module__}.{f.__name__}".removeprefix("numpy.") for f in FUNCTIONS}
    assert named("Over arrays") == modules


def test_every_public_function_and_event_is_named() -> None:
    errors = {name for name in wk.__all__ if name.endswith(("Error", "Warning"))}
    rest = set(wk.__all__) - errors - {"__version__", "Program", "Derivation", "Reason", "Optimizer"}
    assert rest <= set(re.findall(r"wk\.(\w+)", TEXT))


def test_every_schedule_metric_and_reader_is_named() -> None:
    for module in (wk.schedules, wk.metrics, wk.data):
        line = next(line for line in TEXT.splitlines() if line.startswith(f"| `wk.{module.__name__.split('.')[-1]}` |"))
        public = {n for n in module.__all__ if n not in FOR_EXTENDING}
        assert public <= set(re.findall(r"`(\w+)`", line))
