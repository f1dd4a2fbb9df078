"""The parts of a page: recorded steps in little room, and the program with its names marked."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workings as wk
from tests.explain.nets import NETS
from workings.explain.code import code
from workings.explain.frames import Shared, compact, joined, restored
from workings.explain.html import ROW_END, ROW_START, parts
from workings.explain.shell import document, escape
from workings.write.ids import Ids

VOID = {"meta", "br", "input", "link", "hr", "img"}


class Reader(HTMLParser):
    """Text and marks of markup; fails where a tag is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert not reader.open
    return reader


# ── frames ──

pieces = st.one_of(
    st.sampled_from(
        ["<b>", "</b>", '<i data-n="n12">', "</i>", " = ", "−", "z", "w_2", "1e−7", "0.5", "12", "…", "nan"]
    ),
    st.floats(allow_nan=False).map(str),
)
rows = st.lists(pieces, max_size=8).map("".join)
sections = st.lists(rows, max_size=4).map(lambda found: "<t>".join(f"{ROW_START}{row}{ROW_END}" for row in found))


@given(st.lists(sections, min_size=1, max_size=6))
def test_every_recorded_step_is_restored_letter_for_letter(versions):
    shared = Shared()
    kept = compact(versions, shared)
    for i, markup in enumerate(versions):
        assert restored(kept, shared.strings.entries, shared.columns.entries, i) == joined(markup)


def test_what_differs_in_numbers_alone_is_kept_once():
    shared = Shared()
    versions = [f"<p>{ROW_START}<b>y = {k}.5, w = {k}, y = {k}.5</b>{ROW_END}</p>" for k in range(50)]
    kept = compact(versions, shared)
    assert kept["forms"] == ["<p>\x01</p>"]
    assert kept["rows"] == ["<b>y = \x00, w = \x00, y = \x00</b>"]
    assert len(shared.strings.entries) == 100
    # form, template, y, w, and y again
    form, template, y, w, again = kept["columns"]
    assert form == template
    assert y == again != w
    assert len(shared.columns.entries) == 3


# ── the derivation ──


@pytest.mark.parametrize("name", NETS)
def test_the_markup_is_balanced_and_says_what_the_text_says(name):
    derivation = NETS[name].derivation()
    for part in parts(derivation, Ids(derivation.subject.graph)):
        reader = read(joined(part.title) + joined(part.body))
        assert reader.text.strip()
    whole = read("".join(joined(part.body) for part in parts(derivation)))
    words = re.sub(r"\s+", "", whole.text)
    for row in (row for check in derivation.steps if hasattr(check, "rows") for row in check.rows):
        for word in row.words:
            assert re.sub(r"\s+", "", word) in words


def test_a_symbol_carries_its_node_and_a_rate_that_of_the_derivative():
    derivation = NETS["squared_loss"].derivation()
    graph = derivation.subject.graph
    ids = Ids(wk.Graph(graph.inputs, [*graph.outputs, *derivation.subject.adjoints.values()]))
    marks = [
        m["data-node"] for part in parts(derivation, ids) for _, m in read(joined(part.body)).seen if "data-node" in m
    ]
    for node in graph.nodes:
        if not node.is_constant:
            assert ids(node) in marks
    for node in derivation.subject.wrt:
        assert ids.derivative(node) in marks


# ── the program ──


def loss(w, x, axis):
    square = w * x
    y = np.sum(np.square(square), axis=0) * axis
    return (y - 1) ** 2


@pytest.fixture
def run():
    return wk.train(loss, {"w": np.array([0.5, 1.0])}, {"x": np.array([1.0, 2.0]), "axis": 3.0}, steps=2)


def test_the_program_reads_as_it_was_written(run):
    graph = run.program.step
    markup = code(run._written, graph, graph.names, Ids(graph))
    assert read(markup).text.rstrip("\n") == run.source().rstrip("\n")


def test_names_in_the_program_carry_their_nodes_and_functions_of_numpy_do_not(run):
    graph = run.program.step
    ids = Ids(graph)
    nodes = {name: node for node, name in graph.names.items()}
    markup = code(run._written, graph, graph.names, ids)
    marked = re.findall(r'<span class="wk-name" data-node="(n\d+)">([^<]*)</span>', markup)
    # `w = w - …` computes the next w, which is another node
    assert all(ids(nodes[name]) == found for found, name in marked if name != "w")
    assert len({found for found, name in marked if name == "w"}) == 2
    assert "np.<span" not in markup
    assert re.search(r"axis=<span class=\"wk-number\">0", markup)
    assert ids(nodes["axis"]) in [found for found, _ in marked]


def test_a_line_carries_the_nodes_that_are_computed_within_it(run):
    graph = run.program.step
    ids = Ids(graph)
    markup = code(run._written, graph, graph.names, ids)
    lines = dict(re.findall(r'id="line-(\d+)" data-nodes="([^"]*)"', markup))
    on_lines = {mark for marks in lines.values() for mark in marks.split()}
    computed = [n for n in graph.nodes if n.inputs and n.op.name not in ("isfinite", "all", "logical_and")]
    assert computed
    assert {ids(n) for n in computed} <= on_lines


# ── the document ──


def test_nothing_that_is_escaped_can_become_markup():
    nasty = "</script><img src=x onerror='alert(1)'>\"\x00\x02\ud800"
    assert not set('<>"\x00\x02\ud800') & set(escape(nasty))
    page = document(title=nasty, body=f"<p>{escape(nasty)}</p>")
    assert "<img" not in page
    page.encode("utf-8")


def test_a_document_allows_its_own_script_and_no_other():
    page = document(title="t", body="", script="let a = 1;")
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]+';", page)
    assert "default-src 'none'" in page
    read(re.sub(r"<script>.*?</script>|<style>.*?</style>|<!DOCTYPE html>", "", page, flags=re.DOTALL))
