"""What a notebook shows of values, graphs, programs and runs; `workings.graph.display` says in which form, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workings.graph import Graph, Program
from workings.notebook.graphs import graph_html, program_html
from workings.notebook.histories import history_html, range_html
from workings.notebook.runs import run_html
from workings.notebook.values import value_markdown
from workings.train import History, RangeTest, Run

__all__ = ["html", "markdown"]


def markdown(value: Any) -> str:
    """A value of a graph, or one that stands for it, as Markdown."""
    return value_markdown(value)


def html(what: Any) -> str:
    """A graph, a program, a run, its history or a test of learning rates as HTML."""
    for kind, write in _WRITERS.items():
        if isinstance(what, kind):
            return write(what)
    raise TypeError(f"a notebook has no form for {type(what).__name__}")


_WRITERS: dict[type, Callable[[Any], str]] = {
    Graph: graph_html,
    Program: program_html,
    Run: run_html,
    History: history_html,
    RangeTest: range_html,
}
