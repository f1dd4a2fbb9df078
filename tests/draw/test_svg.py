"""The picture as SVG: everything is there once, nothing overlaps, and a page finds its marks."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import workings as wk
from tests.draw.nets import SVG, Net, loop, mlp, mlp_program, nested, neuron, overlap, parsed, paths, shapes
from workings.draw import Picture, picture
from workings.draw.letters import FONT, cut, is_known, shortened, width
from workings.draw.palette import COLORS
from workings.draw.svg import style
from workings.graph import Graph, call, input_node
from workings.write.ids import Ids

PICTURES = {
    "neuron": lambda: wk.draw(neuron()),
    "neuron to the right": lambda: wk.draw(neuron(), direction="right"),
    "paths": lambda: wk.draw(paths()),
    "mlp folded": lambda: mlp().picture(depth=1),
    "mlp unfolded": lambda: mlp().picture(),
    "mlp to the right": lambda: mlp().picture(direction="right"),
    "a layer": lambda: mlp().picture(scope="layer_2"),
    "a program": lambda: wk.draw(mlp_program()),
    "a program unfolded": lambda: wk.draw(mlp_program(), depth=5),
    "nested": lambda: wk.draw(wk.trace(nested, np.ones((4, 4)), np.ones((3, 4)))),
    "a loop": lambda: wk.draw(wk.trace(loop, 0.1, 0.2, 0.3)),
}


@pytest.fixture(params=PICTURES)
def drawn(request: pytest.FixtureRequest) -> Picture:
    return PICTURES[request.param]()


def attributes(root: ET.Element, name: str) -> list[str]:
    return [e.attrib[name] for e in root.iter() if name in e.attrib]


def test_no_two_boxes_overlap(drawn):
    rectangles = shapes(parsed(drawn))
    assert len(rectangles) == len(drawn.boxes)
    for a, b in itertools.combinations(rectangles, 2):
        assert not overlap(a, b)


def test_everything_lies_in_the_picture(drawn):
    root = parsed(drawn)
    _, _, wide, high = map(float, root.attrib["viewBox"].split())
    assert (wide, high) == (float(root.attrib["width"]), float(root.attrib["height"]))
    (inner,) = [g for g in root if "transform" in g.attrib]
    dx, dy = (float(n) for n in re.findall(r"-?[\d.]+", inner.attrib["transform"]))
    for left, top, right, bottom in shapes(root):
        assert left + dx >= 0
        assert top + dy >= 0
        assert right + dx <= wide
        assert bottom + dy <= high


def test_text_stays_within_its_box(drawn):
    """Each line begins in the box, and its letters, taken wide, end in it."""
    root = parsed(drawn)
    boxes = [g for g in root.iter(f"{SVG}g") if "wk-box" in g.get("class", "").split()]
    for group, (left, top, right, bottom) in zip(boxes, shapes(root), strict=True):
        for text in group.iter(f"{SVG}text"):
            x, size = float(text.attrib["x"]), float(text.attrib["font-size"])
            pieces = [text, *text.iter(f"{SVG}tspan")]
            long = sum(width(p.text or "", size, bold="font-weight" in p.attrib) for p in pieces)
            start = x - long if text.get("text-anchor") == "end" else x
            assert left < start
            assert start + long < right
            assert top < float(text.attrib["y"]) < bottom


def test_it_describes_itself(drawn):
    root = parsed(drawn)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == drawn.title
    assert [root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text] == [drawn.title, drawn.words()]
    for group in root.iter(f"{SVG}g"):
        if "wk-box" in group.get("class", "").split():
            assert group.attrib["role"] == "img"
            assert group.attrib["aria-label"] == group.find(f"{SVG}title").text
            assert "tabindex" not in group.attrib


def test_it_stands_alone(drawn):
    written = drawn.svg()
    assert not attributes(parsed(drawn), "id")
    assert not re.findall(r"url\(|href|@import|<script|<image|<foreignObject", written)
    assert re.findall(r"https?://[^\"]*", written) == ["http://www.w3.org/2000/svg"]


def test_every_kind_is_told_apart_without_color(drawn):
    """By its outline, its line and a word in the legend, which names what occurs and nothing else."""
    root = parsed(drawn)
    (legend,) = [g for g in root.iter(f"{SVG}g") if g.get("class") == "wk-legend"]
    swatches = [g.attrib["class"].removeprefix("wk-") for g in legend if g.tag == f"{SVG}g"]
    kinds = {box.kind for box in drawn.boxes}
    ways = ({"backward"} if any(e.backward for e in drawn.edges) else set()) | (
        {"forward"} if any(not e.backward for e in drawn.edges) else set()
    )
    assert sorted(swatches) == sorted(kinds | ways)
    looks = set()
    for box in [g for g in legend if g.tag == f"{SVG}g" and g.attrib["class"].removeprefix("wk-") in kinds]:
        (paint,) = box.findall(f"{SVG}g")
        paths_ = [re.sub(r"M[-\d.]+ [-\d.]+", "M", p.attrib["d"]) for p in paint]
        looks.add((tuple(re.sub(r"[-\d.]+ [-\d.]+", "", p) for p in paths_), paint.get("stroke-dasharray"), len(paint)))
    assert len(looks) == len(kinds)


def test_forward_and_backward_arrows_differ_in_dash_and_head():
    root = parsed(wk.draw(neuron()))
    forward = [g for g in root.iter(f"{SVG}g") if g.get("class") == "wk-forward"]
    backward = [g for g in root.iter(f"{SVG}g") if g.get("class") == "wk-backward"]
    # those of the picture, and one in the legend
    assert (len(forward), len(backward)) == (5 + 1, 3 + 1)
    for group in forward:
        way, head = group
        assert "stroke-dasharray" not in way.attrib
        assert head.attrib["d"].endswith("z")
    for group in backward:
        way, head = group
        assert "stroke-dasharray" in way.attrib
        assert not head.attrib["d"].endswith("z")


def test_a_derivative_goes_back_beside_each_link_that_it_takes():
    drawn = wk.draw(neuron())
    names = {box.key: box.name for box in drawn.boxes}
    back = {(names[e.source], names[e.target]): e for e in drawn.edges if e.backward}
    assert {pair: e.label for pair, e in back.items()} == {
        ("y", "w"): "× 1",
        ("z", "y"): "× 1",
        ("loss", "z"): "× −3",
    }
    assert back["loss", "z"].more == "dloss/dz = 2z = −3"


def test_numbers_are_whole_in_the_tooltip():
    w = wk.parameter(1 / 3)
    loss = w**2 * 1e-12
    root = parsed(wk.draw(loss))
    (said,) = [t.text for t in root.iter(f"{SVG}title") if (t.text or "").startswith("loss")]
    assert "value 1.111111111111111e−13" in (said or "")
    shown = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    assert "= 1.1111111111111…e−13" in shown


def test_colors_have_a_light_fallback_and_follow_the_page():
    written = wk.draw(neuron()).svg()
    assert f'stroke="{COLORS["parameter"][0]}"' in written
    assert "prefers-color-scheme:dark" in written
    assert all(f"--wk-{name}:" in style() for name in COLORS)
    for used in re.findall(r"var\(--wk-([\w-]+)\)", style()):
        assert used in COLORS
    assert "<style>" not in wk.draw(neuron()).svg(styled=False).replace(f"<style>{style()}</style>", "<style>")


# ── marks for a page ──


def marked(net: Net, **options: object) -> tuple[Picture, Ids]:
    ids = Ids(net.graph)
    return net.picture(ids=ids, **options), ids


@pytest.mark.parametrize("options", [{}, {"depth": 0}, {"depth": 1}, {"depth": 2}])
def test_every_node_is_marked_once(options):
    net = mlp()
    drawn, ids = marked(net, **options)
    found = attributes(parsed(drawn), "data-node")
    found += [one for some in attributes(parsed(drawn), "data-nodes") for one in some.split()]
    named = [ids(node) for node in net.graph.nodes if node in net.graph.names]
    assert sorted(found) == sorted(named)


def test_numbers_of_a_page_are_marked():
    net = mlp()
    drawn, ids = marked(net, depth=2)
    root = parsed(drawn)
    values = [ids(node) for node in net.graph.nodes if node in net.graph.names]
    assert sorted(attributes(root, "data-value")) == sorted(values)
    gradients = [ids(node) for node in net.gradients if node is not net.graph.outputs[0]]
    assert sorted(attributes(root, "data-gradient")) == sorted(gradients)
    for element in root.iter():
        if "data-value" in element.attrib or "data-gradient" in element.attrib:
            assert (element.text or "").startswith(element.attrib["data-before"].rstrip("= "))
            assert int(element.attrib["data-room"]) > 0


def test_a_box_of_a_page_can_be_reached_and_says_no_number_that_changes():
    drawn, _ = marked(mlp())
    root = parsed(drawn)
    assert root.attrib["role"] == "group"
    for group in root.iter(f"{SVG}g"):
        if "wk-box" in group.get("class", "").split():
            assert group.attrib["tabindex"] == "0"
            assert "value" not in group.attrib["aria-label"]
    assert {e.label for e in drawn.edges if e.label} == {"× −1"}


def test_factors_on_a_page_are_formulas():
    w, x, e = (input_node(n, (), float, "parameter" if n == "w" else "data") for n in "wxe")
    y = call("multiply", w, x, label="y")
    loss = call("square", call("subtract", y, e, label="z"), label="loss")
    graph = Graph([w, x, e], [loss])
    drawn = picture(graph, ids=Ids(graph))
    assert sorted(e.label for e in drawn.edges if e.label) == ["× 1", "× 2z", "× x"]


def test_folded_boxes_know_their_scope():
    drawn, _ = marked(mlp(), depth=1)
    assert attributes(parsed(drawn), "data-scope") == ["layer", "layer_2", "layer_3", "log_softmax"]
    inner = wk.trace(nested, np.ones((4, 4)), np.ones((3, 4)))
    drawn = picture(inner, depth=2, ids=Ids(inner))
    assert set(attributes(parsed(drawn), "data-scope")) == {
        f"{outer}/{layer}" for outer in ("block", "block_2") for layer in ("layer", "layer_2")
    }


def test_arrows_know_their_ends():
    net = mlp()
    drawn, ids = marked(net)
    root = parsed(drawn)
    found = {(g.attrib["data-from"], g.attrib["data-to"]) for g in root.iter(f"{SVG}g") if "data-from" in g.attrib}
    links = {(ids(i), ids(n)) for n in net.graph.nodes for i in n.inputs if i in net.graph.names}
    assert links <= found
    back = {(ids(n), ids(i)) for n in net.gradients for i in n.inputs if i in net.gradients}
    assert found == links | back


# ── letters ──


@pytest.mark.parametrize(
    ("text", "em"),
    # measured in DejaVu Sans, the widest of the fonts for screens
    [
        ("mmmm", 3.897),
        ("WWWW", 3.955),
        ("iiii", 1.111),
        ("0123456789", 6.362),
        ("learning_rate", 6.629),
        ("−1.5e−300", 5.789),
    ],
)
def test_widths_are_never_too_small(text, em):
    assert width(text, 100) >= 100 * em


def test_letters_of_unknown_width_are_fitted():
    name = "⸻ﷺ"
    assert not is_known(name)
    graph_input = input_node(name, (), float, "parameter")
    drawn = picture(Graph([graph_input], [call("square", graph_input)]), names={graph_input: name})
    fitted = [t for t in parsed(drawn).iter(f"{SVG}text") if t.text == name]
    assert [t.attrib["lengthAdjust"] for t in fitted] == ["spacingAndGlyphs"]


def test_a_long_name_is_cut_and_whole_in_the_tooltip():
    name = "a_name_that_goes_on_and_on_" * 10
    w = input_node(name, (), float, "parameter")
    root = parsed(picture(Graph([w], [call("square", w, label="y")])))
    shown = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    assert any(t.startswith("a_name_that") and t.endswith("…") for t in shown)
    assert any(t.text == f"{name.rstrip('_')}, parameter" for t in root.iter(f"{SVG}title"))
    assert float(root.attrib["width"]) < 400


def test_a_cut_text_fits():
    for room in range(20, 200, 7):
        assert width(cut("learning_rate · d_w", room, 12), 12) <= room


@pytest.mark.parametrize(
    ("number", "most", "expected"),
    [
        ("−0.5736205289803352", 19, "−0.5736205289803352"),
        ("−0.5736205289803352", 12, "−0.57362052…"),
        ("1.2345678901234567e−300", 14, "1.234567…e−300"),
        ("all 0.12", 20, "all 0.12"),
        ("−1.23e−300 … 1.23e−300, mean 0", 20, "−1.23e−300 … 1.23e−300"),
        ("≈ [0.123, 0.456, 0.789]", 16, "≈ [0.123, …"),
    ],
)
def test_a_number_is_cut_and_never_rounded(number, most, expected):
    assert shortened(number, most) == expected


def test_the_font_is_one_of_the_system():
    assert FONT.startswith("system-ui")
