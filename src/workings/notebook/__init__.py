"""What a notebook shows of values, graphs, programs and runs; `workings.graph.display` says in which form, and why."""

from __future__ import annotations

from typing import Any

from workings.graph import Graph, Program
from workings.notebook.graphs import graph_html, program_html
from workings.notebook.runs import run_html
from workings.notebook.values import value_markdown

__all__ = ["html", "markdown"]


def markdown(value: Any) -> str:
    """A value of a graph, or one that stands for it, as Markdown."""
    return value_markdown(value)


def html(what: Any) -> str:
    """A graph, a program or a run as HTML."""
    if isinstance(what, Graph):
        return graph_html(what)
    return program_html(what) if isinstance(what, Program) else run_html(what)
