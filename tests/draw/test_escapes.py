"""Names, scopes and values never become markup, in any form of a picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.draw.nets import SVG
from workings.draw import Picture, picture
from workings.graph import Graph, call, input_node
from workings.write.ids import Ids

NASTY = [
    "</text><script>alert(1)</script>",
    '" onload="alert(1)',
    "' onfocus='alert(1)",
    "]]><script>alert(1)</script>",
    "<!-- --><img src=x onerror=alert(1)>",
    "a\\",
    'a\\"];evil [label="x',
    "two\nlines\r\nmore",
    "&lt;b&gt; &#60;",
    "\x00\x07\x1b[31m\ud800\uffff",
    "\u202eright to left",
    '"]; click b0 href "javascript:alert(1)"',
    "#quot;#35;%%{init: {}}%%",
    "`**bold**` _em_ $$x$$ 1. one",
    "end",
    "subgraph",
    "\\N\\G\\l\\E",
    "{{{[[(()|",
]
OPTIONS = [{}, {"depth": 0}, {"depth": 1}, {"direction": "right"}, {"scope": True}, {"ids": True}]


def nasty(name: str, options: dict[str, object]) -> Picture:
    """A net in which everything that a user can name is named so."""
    w, x = input_node(name, (), float, "parameter"), input_node(name + "2", (2,), float)
    y = call("multiply", w, x, label=name, scope=(name,))
    z = call("sum", call("tanh", y, label=name + "3", scope=(name, name)), label=name + "4")
    graph = Graph([w, x], [call("square", z, label=name)], name=name)
    names = {node: node.name or name for node in graph.nodes}
    values = dict.fromkeys(graph.nodes, 0.5)
    chosen = {"scope": (name,)} if options.get("scope") else {"ids": Ids(graph)} if options.get("ids") else options
    return picture(graph, values=values, gradients=values, names=names, **chosen)


@pytest.fixture(params=NASTY, ids=range(len(NASTY)))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("options", OPTIONS)
def test_svg(name, options):
    drawn = nasty(name, options)
    written = drawn.svg()
    root = ET.fromstring(written.encode("utf-8"))
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        *("svg", "title", "desc", "style", "g", "rect", "path", "text", "tspan"),
    }
    for element in root.iter():
        assert not [key for key in element.attrib if key.startswith("on") or "href" in key]
    known = ET.fromstring(nasty("m" * len(name), options).svg())
    # the same elements as for a plain name: a text may be cut in two, or fitted, and nothing else
    counted = [sum(e.tag == f"{SVG}{tag}" for e in root.iter()) for tag in ("g", "path", "rect", "title", "style")]
    assert counted == [
        sum(e.tag == f"{SVG}{tag}" for e in known.iter()) for tag in ("g", "path", "rect", "title", "style")
    ]


def test_svg_shows_the_name_as_it_is():
    drawn = nasty(NASTY[0], {})
    root = ET.fromstring(drawn.svg())
    assert any(f"{NASTY[0]}, parameter" in (t.text or "") for t in root.iter(f"{SVG}title"))


_STRING = re.compile(r'"(?:[^"\\]|\\["\\n])*"')


@pytest.mark.parametrize("options", OPTIONS)
def test_dot(name, options):
    """With its strings taken out, what is left is what it is for a plain name."""

    def bare(drawn: Picture) -> list[str]:
        return _STRING.sub("S", drawn.dot()).splitlines()

    found = bare(nasty(name, options))
    assert found == bare(nasty("m" * len(name), options))
    assert not any('"' in line or "\\" in line for line in found)


_LABEL = re.compile(r'"(?:[^\W_]|[ ,.=()/:…·×−→←⊙∂≈∞√⁻²³ᵀ≤≥≠]|#\d+;|<br/>)*"')


@pytest.mark.parametrize("options", OPTIONS)
def test_mermaid(name, options):
    """Labels hold letters, a few signs, and numbers of others; with labels taken out, all is as for a plain name."""

    def bare(drawn: Picture) -> list[str]:
        return [line for line in _LABEL.sub("L", drawn.mermaid()).splitlines() if not line.startswith("%%")]

    found = bare(nasty(name, options))
    assert found == bare(nasty("m" * len(name), options))
    assert not any('"' in line for line in found)


@pytest.mark.parametrize("options", OPTIONS)
def test_text_and_words_are_single_lines(name, options):
    drawn = nasty(name, options)
    assert len(drawn.text(400).splitlines()) == len(nasty("m" * len(name), options).text(400).splitlines())
    for text in (drawn.text(), drawn.words()):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\u202e]", text)
        text.encode("utf-8")
