"""Random graphs, with random scopes: every form is made, and every value has its place in it."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.draw.nets import SVG, overlap, scoped, shapes, with_numbers
from tests.strategies import array_graphs, scalar_graphs
from workings.draw import Picture, picture
from workings.graph import Graph
from workings.transform import adjoints
from workings.write.text import columns

SCOPES = [(), ("f",), ("g",), ("f", "h"), ("f", "h", "k"), ("g", "h")]


def check(drawn: Picture, graph: Graph) -> None:
    """All that holds for every picture of a whole graph."""
    shown = [node for box in drawn.boxes for node in box.nodes]
    assert len(shown) == len(set(shown))
    # a number that is a literal has no box, unless it is all there is
    assert set(shown) == {node for node in graph.nodes if node in graph.names or node in graph.outputs}
    place = {node: box.key for box in drawn.boxes for node in box.nodes}
    links = {(place[i], place[n]) for n in shown for i in n.inputs if i in place and place[i] != place[n]}
    ways = [(e.source, e.target) for e in drawn.edges if not e.against]
    assert set(ways) == links
    assert len(ways) == len(links)
    back = [(e.target, e.source) for e in drawn.edges if e.against]
    assert len(back) == len(set(back))
    assert set(back) <= links
    frames = {f.key for f in drawn.frames}
    assert {b.inside for b in drawn.boxes} | {f.inside for f in drawn.frames} <= frames | {None}
    for frame in frames:
        assert any(thing.inside == frame for thing in (*drawn.boxes, *drawn.frames))
    check_forms(drawn)


def check_forms(drawn: Picture) -> None:
    root = ET.fromstring(drawn.svg())
    rectangles = shapes(root)
    assert len(rectangles) == len(drawn.boxes)
    assert not any(overlap(a, b) for a, b in itertools.combinations(rectangles, 2))
    assert root.find(f"{SVG}desc") is not None
    dot, mermaid, text = drawn.dot(), drawn.mermaid(), drawn.text()
    for box in drawn.boxes:
        assert dot.count(f"  {box.key} [") == 1
        assert sum(line.lstrip().startswith((f"{box.key}(", f"{box.key}[", f"{box.key}{{", f"{box.key}>"))
                   for line in mermaid.splitlines()) == 1  # fmt: skip
    assert dot.count(" -> ") == len(drawn.edges)
    assert all(columns(line) <= 80 for line in text.splitlines())
    assert drawn.words()


@pytest.mark.parametrize("graphs", [scalar_graphs, array_graphs])
@given(data=st.data())
@settings(max_examples=25)
def test_with_numbers_at_each_depth(graphs, data):
    sample = data.draw(graphs())
    chosen = data.draw(st.lists(st.sampled_from(SCOPES), min_size=1, max_size=8))
    graph = scoped(sample.graph, lambda i: chosen[i % len(chosen)])
    net = with_numbers(graph, sample.values)
    for depth in (None, 0, 1, 2, 3, 4):
        check(net.picture(depth=depth, direction="right" if depth == 2 else "down"), graph)


@given(sample=array_graphs())
@settings(max_examples=25)
def test_with_derivatives_as_values(sample):
    loss = sample.graph.outputs[0]
    table = adjoints(loss, sample.wrt)
    graph = Graph(sample.graph.inputs, [loss, *(table[w] for w in sample.wrt if w in table)], name="loss")
    for depth in (None, 0, 1):
        check(picture(graph, depth=depth), graph)


@given(sample=array_graphs(), data=st.data())
@settings(max_examples=25)
def test_one_scope_alone(sample, data):
    chosen = data.draw(st.lists(st.sampled_from(SCOPES), min_size=1, max_size=8))
    graph = scoped(sample.graph, lambda i: chosen[i % len(chosen)])
    there = dict.fromkeys(n.scope[:end] for n in graph.nodes for end in range(1, len(n.scope) + 1))
    for scope in there:
        drawn = picture(graph, scope=scope, depth=9)
        inside = {n for n in graph.nodes if n.scope[: len(scope)] == scope and n in graph.names}
        shown = {node for box in drawn.boxes if box.kind != "end" for node in box.nodes}
        assert inside <= shown
        # beside what was made in the scope, there are the inputs that it uses
        for node in shown - inside:
            assert node.is_input or node.is_constant
            assert any(user in inside for user in graph.users[node])
        check_forms(drawn)


@given(sample=scalar_graphs(), most=st.integers(10, 14))
@settings(max_examples=40)
def test_folded_to_a_few_boxes(sample, most):
    drawn = picture(sample.graph, most=most)
    check(drawn, sample.graph)
    assert len(drawn.boxes) <= max(most, 2 * len(sample.graph.inputs) + most)
    order = {b.key: i for i, b in enumerate(drawn.boxes)}
    assert all(order[e.source] < order[e.target] for e in drawn.edges if not e.against)
