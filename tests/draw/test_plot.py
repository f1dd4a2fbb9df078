"""Line plots: what is drawn, what is said, and what a script finds."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workings.draw.axis import axis
from workings.draw.plot import Plot, Series, plot, style
from workings.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"
STEPS = np.arange(200)
LOSSES = 2.25 * 0.9604**STEPS


def of(*series: Series, **settings) -> Plot:
    return plot(series, **{"title": "Training", "x_label": "step", "y_label": "loss", **settings})


def parsed(picture: Plot) -> ET.Element:
    return ET.fromstring(picture.svg(styled=False))


def points(tree: ET.Element) -> dict[str, list[list[float]]]:
    found = tree.iter(f"{SVG}g")
    return {g.attrib["data-series"]: json.loads(g.attrib["data-points"]) for g in found if "data-series" in g.attrib}


def frame(tree: ET.Element) -> dict:
    return json.loads(next(g for g in tree.iter() if g.get("class") == "wk-overlay").attrib["data-plot"])


def lines(tree: ET.Element) -> list[list[tuple[float, float]]]:
    """The runs of points of the first line that is drawn."""
    series = next(g for g in tree.iter() if "data-series" in g.attrib)
    path = series.find(f"{SVG}path")
    assert path is not None
    runs = path.attrib["d"].split("M")[1:]
    return [[tuple(map(float, p.split())) for p in run.split("L")] for run in runs]  # type: ignore[misc]


def test_a_loss_is_drawn_where_the_frame_says():
    tree = parsed(of(Series("loss", STEPS, LOSSES)))
    at = frame(tree)
    (drawn,) = lines(tree)
    assert len(drawn) == 200
    for (x, y), step, loss in zip(drawn, STEPS, LOSSES, strict=True):
        assert x == pytest.approx(
            at["left"] + (step - at["x0"]) / (at["x1"] - at["x0"]) * (at["right"] - at["left"]), abs=0.06
        )
        assert y == pytest.approx(
            at["bottom"] + (loss - at["y0"]) / (at["y1"] - at["y0"]) * (at["top"] - at["bottom"]), abs=0.06
        )
    assert at["y0"] == 0.0
    assert (at["x"], at["y"], at["log"]) == ("step", "loss", False)


def test_a_script_finds_every_number_to_its_last_bit():
    found = points(parsed(of(Series("loss", STEPS, LOSSES))))["loss"]
    assert [p[0] for p in found] == STEPS.tolist()
    assert [p[1] for p in found] == LOSSES.tolist()
    assert points(parsed(of(Series("a", [0], np.array([0.1], np.float32)))))["a"] == [[0, 0.1]]


def test_of_thousands_of_points_no_peak_is_lost():
    values = np.sin(np.arange(100_000.0) * 7) * 0.01
    values[54_321] = 5.0
    values[77_777] = -3.0
    picture = of(Series("loss", np.arange(100_000), values))
    found = points(parsed(picture))["loss"]
    assert [54_321, 5.0] in found
    assert [77_777, -3.0] in found
    assert found[0][0] == 0
    assert found[-1][0] == 99_999
    assert len(found) < 1400
    assert len(picture.svg()) < 90_000


@pytest.mark.parametrize("kind", ["points", "steps"])
def test_marks_that_would_lie_on_each_other_are_one(kind):
    rng = np.random.default_rng(0)
    picture = of(Series("many", rng.normal(size=50_000), np.full(50_000, 2.0), kind))
    assert len(points(parsed(picture))["many"]) <= 2_500
    one = of(Series("one", np.full(5_000, 1.0), np.full(5_000, 2.0), kind))
    assert len(points(parsed(one))["one"]) <= 2


def test_what_cannot_be_shown_leaves_a_gap_and_is_said():
    values = LOSSES.copy()
    values[[50, 51, 120]] = [np.nan, np.inf, -np.inf]
    picture = of(Series("loss", STEPS, values))
    assert [len(run) for run in lines(parsed(picture))] == [50, 68, 79]
    assert picture.words().endswith("3 of 200 values are not finite, the first at step 50.")
    assert "nan" not in picture.svg()
    assert "inf" not in re.sub(r"<desc>.*</desc>", "", picture.svg(styled=False)).lower()


def test_a_value_between_two_gaps_is_a_dot():
    tree = parsed(of(Series("loss", [0, 1, 2], [np.nan, 4.0, np.nan])))
    dots = [p for p in tree.iter(f"{SVG}path") if p.get("stroke-linecap") == "round"]
    assert [p.attrib["d"].count("h0") for p in dots] == [1]


def test_logarithmic():
    picture = of(Series("loss", STEPS, np.where(STEPS == 7, 0.0, 10.0 ** (-STEPS / 10))), log=True)
    tree = parsed(picture)
    at = frame(tree)
    assert at["log"] is True
    assert [len(run) for run in lines(tree)] == [7, 192]
    assert "1 of 200 values are not shown, being not finite or not above 0, the first at step 7." in picture.words()
    straight = np.array(lines(tree)[1])
    slopes = np.diff(straight[:, 1]) / np.diff(straight[:, 0])
    assert np.all(np.abs(slopes - slopes.mean()) < 0.15)
    labels = [t.text for t in tree.iter(f"{SVG}text")]
    assert labels[3:8] == ["1e−20", "1e−15", "1e−10", "1e−5", "1"]


@pytest.mark.parametrize(
    ("ys", "labels"),
    [
        ([0.0, 2.25], ["0.0", "0.5", "1.0", "1.5", "2.0"]),
        ([-1.5, -1.51], ["−1.510", "−1.508", "−1.506", "−1.504", "−1.502", "−1.500"]),
        ([0.0, 1e7], ["0", "2e6", "4e6", "6e6", "8e6", "1e7"]),
        ([0.0, 6000.0], ["0", "2,000", "4,000", "6,000"]),
        ([0.0, 3e-7], ["0", "1e−7", "2e−7", "3e−7"]),
    ],
)
def test_ticks_are_round(ys, labels):
    assert [t.label for t in axis(np.array(ys), 200.0, 0.0, margin=0.04).ticks(6)] == labels


def test_whole_numbers_have_whole_ticks():
    assert [t.label for t in axis(np.array([0.0, 2.0]), 0, 100).ticks(9)] == ["0", "1", "2"]
    assert [t.label for t in axis(np.array([0.0, 2.5]), 0, 100).ticks(9)] == ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    log=st.booleans(),
    margin=st.sampled_from([0.0, 0.04]),
)
@settings(deadline=None)
def test_any_finite_numbers_have_an_axis(values, log, margin):
    if log:
        values = [abs(v) for v in values if v]
    numbers = np.array(values)
    found = axis(numbers, 300.0, 20.0, log=log, margin=margin)
    assert found.low < found.high
    assert np.all((found.at(numbers) >= 19.99) & (found.at(numbers) <= 300.01))
    ticks = found.ticks(6)
    assert ticks
    assert len(ticks) <= 7
    assert all(a.value < b.value for a, b in itertools.pairwise(ticks))
    assert len({t.label for t in ticks}) == len(ticks)
    assert all(found.low <= t.value <= found.high for t in ticks)


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ([], []),
        ([3], [2.25]),
        ([0, 1], [7.5, 7.5]),
        ([0, 1], [0.0, 0.0]),
        ([0, 1, 2], [np.nan] * 3),
        ([1, 1, 1], [1.0, 2.0, 3.0]),
        ([0, 1, 2], [-1e308, 1e308, 1.7e308]),
        ([0, 1, 2], [5e-324, 1e-310, 0.0]),
        ([0, 1, 2], [-2.0, -1.0, 0.0]),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["line", "points", "steps"])
@pytest.mark.parametrize("log", [False, True])
def test_all_of_it_lies_in_the_frame(xs, ys, kind, log):
    picture = of(Series("v", xs, np.array(ys), kind), log=log)
    tree = parsed(picture)
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    assert picture.words().startswith("v: ")
    for text in tree.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height
    for mark in tree.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML](-?[\d.]+|nan|inf) (-?[\d.]+|nan|inf)", mark.attrib["d"]):
            assert -1 <= float(x) <= width + 1
            assert -1 <= float(y) <= height + 1


def test_series_are_told_apart_by_more_than_color():
    names = [f"series {i}" for i in range(5)]
    tree = parsed(of(*(Series(n, [0, 1], [i, i + 1]) for i, n in enumerate(names))))
    series = [g for g in tree.iter() if "data-series" in g.attrib]
    paths = [g.find(f"{SVG}path") for g in series]
    assert len({p.get("stroke-dasharray") for p in paths if p is not None}) == 5
    tree = parsed(of(*(Series(n, [0, 1], [i, i + 1], "points") for i, n in enumerate(names))))
    series = [g for g in tree.iter() if "data-series" in g.attrib]
    shapes = {re.sub(r"M[\d.]+ [\d.]+", "", next(iter(g)).attrib["d"]) for g in series}
    assert len(shapes) == 5


def test_names_stand_beside_the_ends_of_lines_and_never_on_each_other():
    near = [Series(f"net {i}", STEPS, LOSSES + 0.001 * i) for i in range(4)]
    tree = parsed(of(*near))
    heights = [float(t.attrib["y"]) for t in tree.iter(f"{SVG}text") if (t.text or "").startswith("net")]
    assert len(heights) == 4
    assert all(abs(a - b) >= 18 for a, b in itertools.combinations(heights, 2))
    assert max(heights) < frame(tree)["bottom"] + 20


def test_names_that_are_long_or_many_stand_above_in_rows():
    tree = parsed(of(*(Series(f"a rather long name of a series, {i}", STEPS, LOSSES + i) for i in range(6))))
    entries = [t for t in tree.iter(f"{SVG}text") if (t.text or "").startswith("a rather")]
    assert len(entries) == 6
    assert max(float(t.attrib["y"]) for t in entries) < frame(tree)["top"]
    assert frame(tree)["bottom"] - frame(tree)["top"] > 150


def test_one_series_with_the_name_of_its_axis_needs_no_legend():
    assert [t.text for t in parsed(of(Series("loss", STEPS, LOSSES))).iter(f"{SVG}text")].count("loss") == 1


def heads(tree: ET.Element) -> list[list[tuple[float, float]]]:
    """The arrow heads of the first series: tip, left, right."""
    series = next(g for g in tree.iter() if "data-series" in g.attrib)
    found = []
    for path in series.findall(f"{SVG}path"):
        for head in re.findall(r"M([-\d. ]+)L([-\d. ]+)L([-\d. ]+)z", path.attrib["d"]):
            found.append([tuple(map(float, p.split())) for p in head])
    return found


@pytest.mark.parametrize("size", [1.0, 0.001])
@pytest.mark.parametrize("way", [1, -1])
def test_a_step_says_which_way_however_short_it_is(size, way):
    tree = parsed(of(Series("nudge", [0.0, way * size], [0.0, 0.0], "steps"), Series("loss", [-4, 4], [-4, 4])))
    ((tip, left, right),) = heads(tree)
    assert (tip[0] - left[0]) * way > 5
    assert (tip[0] - right[0]) * way > 5


def test_what_came_from_a_user_is_text_and_nothing_else():
    bad = '</title><script>alert("1")</script>&amp;\x00\x1b\ud800 \'"<img onerror=x>'
    picture = of(Series(bad, [0, 1], [1, 2]), Series("b", [0], [1]), title=bad, x_label=bad, y_label=bad)
    tree = parsed(picture)
    assert {e.tag.removeprefix(SVG) for e in tree.iter()} <= {
        *("svg", "title", "desc", "rect", "text", "path", "g", "line", "circle"),
    }
    assert not any(name.startswith("on") for e in tree.iter() for name in e.attrib)
    title = tree.find(f"{SVG}title")
    assert title is not None
    assert title.text == bad.replace("\x00", "�").replace("\x1b", "�").replace("\ud800", "�")
    assert frame(tree)["x"].startswith('</title><script>alert("1")</script>')
    picture.svg().encode("utf-8")


def test_two_plots_never_get_in_each_others_way():
    svg = of(Series("loss", STEPS, LOSSES)).svg()
    assert " id=" not in svg
    assert "url(#" not in svg
    assert svg == of(Series("loss", STEPS, LOSSES)).svg()


def test_it_is_read_to_those_who_do_not_see_it():
    tree = parsed(of(Series("loss", STEPS, LOSSES)))
    assert tree.attrib["role"] == "img"
    assert [e.tag.removeprefix(SVG) for e in list(tree)[:2]] == ["title", "desc"]
    assert tree[1].text == "loss: from 2.25 at step 0 down to 0.000724704 at step 199."


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (Series("loss", [0, 1, 2], [4.0, 1.0, 2.0]), "loss: from 4 at w = 0 to 2 at w = 2; lowest 1 at w = 1."),
        (Series("loss", [0, 1, 2], [1, 5, 2]), "loss: from 1 at w = 0 to 2 at w = 2; highest 5 at w = 1."),
        (Series("loss", [0, 1], [1.0, 1.0]), "loss: 1 all the way, from w = 0 to w = 1."),
        (Series("loss", [3], [2.25]), "loss: 2.25 at w = 3."),
        (Series("loss", [], []), "loss: no values to show."),
        (
            Series("nudges", [0.5, 0.49, 0.48], [-1.5, -1.51, -1.52], "steps"),
            "nudges: 2 steps, from −1.5 at w = 0.5 to −1.52 at w = 0.48.",
        ),
        (Series("nudge", [0.5, 0.49], [-1.5, -1.51], "steps"), "nudge: 1 step, from −1.5 at w = 0.5 to −1.51"),
        (Series("net", [0, 1], [12345678, 2]), "net: from 12,345,678 at w = 0 down to 2 at w = 1."),
    ],
)
def test_words(series, said):
    assert of(series, x_label="w").words().startswith(said)


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ([], "nothing to plot"),
        ([Series("a", [1, 2], [1])], "'a' has 2 xs and 1 ys"),
        ([Series("a", [[1]], [[1]])], "not a row of numbers"),
        ([Series("a", [0], ["one"])], "not a row of numbers"),
        ([Series("a", [0], [1j])], "not a row of numbers"),
        ([Series("a", [0], [1], "bars")], "no style 'bars'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_plotted(series, said):
    with pytest.raises(ArgumentError, match=said):
        of(*series)


def test_a_picture_without_room():
    with pytest.raises(ArgumentError, match="no room"):
        of(Series("loss", [0], [1]), width=100)


def test_its_style_is_of_plots_only():
    rules = re.sub(r"@media[^{]*\{", "", style())
    for selector in re.findall(r"([^{}]+)\{", rules):
        assert all(".wk-plot" in part or ".wk-readout" in part for part in selector.split(",")), selector


def test_a_notebook_shows_it():
    bundle = of(Series("loss", STEPS, LOSSES))._repr_mimebundle_()
    assert bundle["text/html"].startswith("<svg")
    assert bundle["text/plain"] == "Training. loss: from 2.25 at step 0 down to 0.000724704 at step 199."


# ── axes that go by ratios, and numbers that are said without a script ──


def test_rates_lie_at_equal_ratios():
    rates = np.array([1e-4, 1e-3, 1e-2, 1e-1])
    tree = parsed(of(Series("loss", rates, [4.0, 3.0, 2.0, 1.0]), log_x=True))
    (drawn,) = lines(tree)
    assert np.diff([x for x, _ in drawn]) == pytest.approx(drawn[1][0] - drawn[0][0], abs=0.2)
    assert frame(tree)["logX"] is True
    assert "logX" not in frame(parsed(of(Series("loss", rates, rates))))


def test_what_has_no_logarithm_is_left_out():
    picture = of(Series("loss", [0.0, 1.0, 10.0], [3.0, 2.0, 1.0]), log_x=True)
    assert points(parsed(picture))["loss"] == [[1.0, 2.0], [10.0, 1.0]]
    assert "1 of 3 values are not shown" in picture.words()


@pytest.mark.parametrize(
    ("ys", "log"), [([1000.0, 1.0], True), ([50.0, 1.0], False), ([1000.0, -1.0], False), ([np.nan, 1.0], False)]
)
def test_the_scale_is_chosen_by_the_numbers(ys, log):
    assert of(Series("loss", [0, 1], ys), log=None).log is log


def test_numbers_are_said_where_the_pointer_rests():
    picture = of(Series("a", [0, 1, 2], [1.0, np.nan, -3.0]), Series("b", [0, 1, 2], [4.0, 5.0, 6.0]))
    tree = ET.fromstring(picture.svg(hover=True))
    columns = [(r, r.find(f"{SVG}title")) for r in tree.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    assert [title.text for _, title in columns] == ["step 0\na 1\nb 4", "step 1\nb 5", "step 2\na −3\nb 6"]
    at = frame(tree)
    ends = [(float(r.attrib["x"]), float(r.attrib["x"]) + float(r.attrib["width"])) for r, _ in columns]
    assert (ends[0][0], ends[-1][1]) == pytest.approx((at["left"], at["right"]), abs=0.2)
    assert all(a[1] == pytest.approx(b[0], abs=0.2) for a, b in itertools.pairwise(ends))
    assert "<rect" in picture.svg()
    assert "step 1" not in picture.svg().partition("</desc>")[2]


def test_of_many_points_a_hundred_columns_or_so_say_their_numbers():
    picture = of(Series("loss", np.arange(10_000), np.arange(10_000)))
    assert 90 <= picture.svg(hover=True).count("<title>") <= 110
    assert of(Series("loss", [], [])).svg(hover=True).count("<title>") == 1
