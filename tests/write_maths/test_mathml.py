"""MathML is well-formed, keeps to MathML Core, and says of every symbol which node it is for."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.strategies import array_graphs
from tests.write_maths.functions import FUNCTIONS
from tests.write_maths.lines import lines_of
from tests.write_maths.test_katex import NASTY
from workings.graph import Node, input_node
from workings.trace.trace import trace_function
from workings.write.alphabet import legible
from workings.write.ids import Ids
from workings.write.mathml import mathml, said
from workings.write.maths import expression
from workings.write.tree import Apply, Differential, Power, Rate, Reduce, Symbol, Tree

GOLDEN = Path(__file__).parents[1] / "golden" / "function"

# https://www.w3.org/TR/mathml-core: the elements, save those for actions and annotations
ELEMENTS = {
    *("math", "mi", "mn", "mo", "mtext", "mspace", "ms"),
    *("mrow", "mfrac", "msqrt", "mroot", "mstyle", "merror", "mpadded", "mphantom"),
    *("msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts"),
    *("mtable", "mtr", "mtd"),
}
# the attributes of all elements, save those that are scripts; and what single elements take
GLOBAL = {
    *("class", "dir", "displaystyle", "id", "mathbackground", "mathcolor", "mathsize", "nonce", "scriptlevel"),
    *("style", "tabindex", "data-node"),
}
OWN = {
    "math": {"display", "alttext"},
    "mi": {"mathvariant"},
    "mo": {
        *("form", "fence", "separator", "lspace", "rspace", "stretchy", "symmetric", "maxsize", "minsize"),
        *("largeop", "movablelimits"),
    },
    "mspace": {"width", "height", "depth"},
    "mfrac": {"linethickness"},
    "munder": {"accentunder"},
    "mover": {"accent"},
    "munderover": {"accent", "accentunder"},
    "mtd": {"columnspan", "rowspan"},
    "mpadded": {"width", "height", "depth", "lspace", "voffset"},
}
TEXTS = {"mi", "mn", "mo", "mtext", "ms"}
# how many children an element takes, where that is not any number
COUNTS = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
    **dict.fromkeys(("mspace", *TEXTS), 0),
}


def check(markup: str) -> ET.Element:
    """The formula as elements, all of them and their attributes known to MathML Core."""
    root = ET.fromstring(f"<math>{markup}</math>".encode())
    for element in root.iter():
        assert element.tag in ELEMENTS
        assert set(element.attrib) <= GLOBAL | OWN.get(element.tag, set())
        assert element.attrib.get("mathvariant", "normal") == "normal"
        assert len(element) == COUNTS.get(element.tag, len(element))
        if element.tag not in TEXTS:
            assert not (element.text or "").strip()
        assert not (element.tail or "").strip()
    for row in root.iter("mtable"):
        assert {child.tag for child in row} == {"mtr"}
        assert {child.tag for line in row for child in line} == {"mtd"}
    return root


def trees(tree: Tree) -> Iterator[Tree]:
    """The tree and all below it; a symbol in a differential is none of its own."""
    yield tree
    if isinstance(tree, (Differential, Rate)):
        return
    for field in fields(tree):
        value: Any = getattr(tree, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "node") and not isinstance(part, Node):
                yield from trees(part)


def marks(root: ET.Element) -> Counter[str]:
    return Counter(element.attrib["data-node"] for element in root.iter() if "data-node" in element.attrib)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_golden_formulas_keep_to_mathml_core(name):
    for line in (GOLDEN / f"{name}.mml").read_text(encoding="utf-8").splitlines():
        inner = re.fullmatch(r'<math display="block">(.*)</math>', line)
        assert inner is not None
        check(inner[1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_symbol_says_its_node(name):
    function, arguments = FUNCTIONS[name]
    lines = lines_of(trace_function(function, arguments).graph)
    ids = Ids(lines.graph)
    for line in lines.all:
        for shown in (line.symbol, line.formula):
            if shown is not None:
                _check_marks(shown, ids)


def _check_marks(shown: Tree, ids: Ids) -> None:
    found = marks(check(mathml(shown, ids=ids, shapes=True)))
    for tree in trees(shown):
        mark = ids(tree.node)
        if mark is not None:
            assert found[mark] > 0
        if isinstance(tree, (Symbol, Differential)):
            assert mark is not None, f"{tree} is of no node of its graph"
    assert set(found) == {ids(tree.node) for tree in trees(shown)} - {None}


@settings(max_examples=100)
@given(array_graphs())
def test_random_graphs_keep_to_mathml_core(sample):
    lines = lines_of(sample.graph)
    ids = Ids(lines.graph)
    for line in lines.all:
        if line.formula is not None:
            check(mathml(line.formula, ids=ids, shapes=True))
    check(mathml(expression(sample.graph.outputs[0], lambda node: None), shapes=True))


def hostile(word: str) -> list[str]:
    """Formulas in which everything that a user can name is named so."""
    node = input_node(word, (3, 3), float)
    symbol, scalar = Symbol(word, node), Symbol(word)
    shown = [symbol, scalar, Symbol(word, node, words=True), Differential(symbol), Rate(scalar, scalar)]
    shown += [Power(symbol, scalar), Reduce("sum", "rows", symbol, None, (0,), (3, 3))]
    shown += [Apply(word, (symbol,), ((word, word),)), Reduce(word, word, symbol)]
    return [said(word), *(mathml(tree, ids=lambda _: word, shapes=True) for tree in shown)]


@pytest.mark.parametrize("word", [*NASTY, "<script>alert(1)</script>", '"><mi onclick="x">', "' x='", "&lt;&#60;]]>"])
def test_no_name_becomes_markup(word):
    for markup in hostile(word):
        assert set(marks(check(markup))) <= {legible(word)}


def test_the_name_is_shown_as_it_is():
    assert "".join(check(mathml(Symbol("<b>&amp;</b>"))).itertext()) == "<b>&amp;</b>"
    assert (
        "".join(check(mathml(Symbol("a\x00\ud800b\nc"))).itertext())
        == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b c"
    )


def test_the_check_finds_what_is_wrong():
    for wrong in (
        "<mi>x",
        "<b>x</b>",
        '<mi onclick="x">x</mi>',
        "<mfrac><mn>1</mn></mfrac>",
        "x",
        "<mtable><mtd/></mtable>",
    ):
        with pytest.raises((AssertionError, ET.ParseError)):
            check(wrong)
