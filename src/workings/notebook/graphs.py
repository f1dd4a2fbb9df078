"""Graphs and programs in a notebook: the picture, with the text folded below it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workings.draw import Picture, draw
from workings.explain.shell import escape
from workings.graph import Graph, Program
from workings.notebook.parts import folded, rows, shown
from workings.write.python import write_python
from workings.write.values import value_text

__all__ = ["graph_html", "program_html"]


def graph_html(graph: Graph) -> str:
    """The picture of a graph, and its text."""
    return shown(_drawn(draw(graph)), folded("The graph as text", str(graph)))


def program_html(program: Program) -> str:
    """What a program starts from and is given, the picture of a step, and the program in Python."""
    head = f'<p class="wk-head">Program of <strong>{escape(program.step.name)}</strong>: {program.steps:,} steps</p>'
    return shown(
        head,
        rows(("name", "role", "dtype and shape", "value at the start"), _given(program)),
        _drawn(draw(program)),
        folded("The program in Python", write_python(program).source),
        folded("The graph of a step as text", str(program.step)),
    )


def _drawn(picture: Picture) -> str:
    return f'<div class="wk-scroll">{picture.svg()}</div>'


def _given(program: Program) -> Iterator[tuple[str, str, str, str]]:
    """What a step is given, in the order of its inputs."""
    carried = (c.start for c in program.carry)
    values = (*carried, *program.data.values(), *program.settings.values())
    for node, value in zip(program.step.inputs, values, strict=True):
        yield node.name or "", str(node.role), node.type, value_text(np.asarray(value)[()])
