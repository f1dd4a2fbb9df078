"""Formulas and pictures of functions of NumPy kept as files, which are read and reviewed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.draw.nets import with_numbers
from tests.write_maths.functions import FUNCTIONS, PICTURES
from tests.write_maths.lines import Line, Lines, lines_of
from workings.draw import draw
from workings.trace.trace import trace_function
from workings.write.ids import Ids
from workings.write.latex import latex
from workings.write.mathml import math, mathml
from workings.write.text import text, wrap

FOLDER = Path(__file__).parents[1] / "golden" / "function"
MOST = 620_000  # bytes in the folder


def traced(name: str) -> Lines:
    """The lines of a document: what the function makes, and its gradient."""
    return lines_of(trace_function(FUNCTIONS[name].function, FUNCTIONS[name].arguments).graph, algebra=True)


def as_text(name: str) -> str:
    lines = traced(name)

    def written(line: Line) -> str:
        shape = f"  [{'×'.join(map(str, line.node.shape))}]" if line.node.shape else ""
        made = f" = {text(line.formula)}" if line.formula is not None else ""
        return "\n".join(wrap(f"{text(line.symbol)}{made}{shape}", 110))

    parts = (lines.inputs, lines.forward, lines.backward)
    return "\n\n".join("\n".join(map(written, part)) for part in parts if part) + "\n"


def as_latex(name: str) -> str:
    def written(line: Line) -> str:
        left = latex(line.symbol, shapes=True)
        return left if line.formula is None else f"{left} = {latex(line.formula)}"

    return "".join(f"{written(line)}\n" for line in traced(name).all)


def as_mathml(name: str) -> str:
    lines = traced(name)
    ids = Ids(lines.graph)

    def written(line: Line) -> str:
        left = mathml(line.symbol, ids=ids, shapes=True)
        right = "" if line.formula is None else f"<mo>=</mo>{mathml(line.formula, ids=ids)}"
        return math(f"{left}{right}", block=True)

    return "".join(f"{written(line)}\n" for line in lines.all)


def as_svg(name: str) -> str:
    """The picture, a group to a line, without the style that all pictures share."""
    function, arguments = FUNCTIONS[name]
    found = trace_function(function, arguments)
    options = dict(PICTURES[name])
    if options.pop("numbers", False):
        drawn = with_numbers(found.graph, found.leaves(arguments)).picture(**options)
    else:
        drawn = draw(found.graph, **options)
    return drawn.svg(styled=False).replace("><g", ">\n<g") + "\n"


WRITERS: dict[str, Callable[[str], str]] = {"txt": as_text, "tex": as_latex, "mml": as_mathml, "svg": as_svg}
FILES = [(name, form) for form in WRITERS for name in (PICTURES if form == "svg" else FUNCTIONS)]


@pytest.mark.parametrize(("name", "form"), FILES)
def test_the_function_is_written_as_reviewed(name, form, update_goldens):
    written = WRITERS[form](name)
    path = FOLDER / f"{name}.{form}"
    if update_goldens:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_no_golden_file_is_without_its_function():
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.{form}" for name, form in FILES}


def test_the_golden_files_stay_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST
