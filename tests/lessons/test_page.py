"""The lesson as a page: the same telling, well formed, with its figures out of cells and its remarks after them."""

from __future__ import annotations

import html
import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from workings.explain.glossary import TERMS, TERMS_TO_COME
from workings.lessons import LESSONS
from workings.lessons.nudges import way
from workings.lessons.one_neuron import one_neuron
from workings.lessons.page import Paper

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}


def told(**settings: float) -> str:
    paper = Paper()
    assert paper.present(one_neuron, **settings)
    return paper.page().html


class Reader(HTMLParser):
    """The elements of a page, each checked to be closed in its order, and the text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.pieces.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    def ids(self) -> list[str]:
        return [a["id"] for _, a in self.elements if a.get("id")]  # type: ignore[misc]


@pytest.fixture(scope="module")
def page() -> str:
    return told()


@pytest.fixture(scope="module")
def reader(page) -> Reader:
    return Reader(page)


def test_the_ten_steps_and_a_way_to_each(reader):
    sections = [a["id"] for a in reader.of("section")]
    assert sections == [*(f"step-{i}" for i in range(1, 11)), "the-words", "what-comes-next"]
    links = [a["href"] for a in reader.of("a")]
    assert all(f"#{section}" in links for section in sections)


def test_headings_are_in_order(reader):
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_ids_are_unique_and_links_lead_somewhere(reader):
    ids = reader.ids()
    assert len(ids) == len(set(ids))
    for link in (a["href"] for a in reader.of("a")):
        assert link is not None
        assert link.startswith("#")
        assert link[1:] in ids
    for name in ("aria-labelledby", "aria-describedby"):
        for _, attributes in reader.elements:
            assert set((attributes.get(name) or "").split()) <= set(ids)


def test_it_stands_alone(page, reader):
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/)[\w.-]+\.\w+/", re.sub(r"//[^\n]*\n", "\n", page))
    assert not any(a.get("src") for _, a in reader.elements)
    assert "@import" not in page
    assert "url(" not in page
    assert len(page.encode()) < 300_000


def math_text(page: str) -> list[str]:
    """What the formulas say, without their elements."""
    formulas = re.findall(r"<math.*?</math>", page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", f)).replace("\u2062", "").replace("\u2061", "") for f in formulas]


def compact(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_figures_to_the_last_bit(page):
    formulas = [compact(f) for f in math_text(page)]
    for figure in ("y=w⋅x=0.5", "loss=y−expected=−1.5", "=0.49", "loss=y−expected=−1.51", "loss=z2=2.25", "=0.53"):
        figure = figure.replace("⋅", "·")
        assert any(figure in f.replace("⋅", "·") for f in formulas), figure
    printed = [html.unescape(p) for p in re.findall(r'<pre class="wk-printed">(.*?)</pre>', page, re.DOTALL)]
    assert printed[0] == "1.80107066615787\n"
    assert printed[1].startswith("0.03957287986287364\n0.0380057938203038\n0.03650076438501975\n")
    assert printed[2] == "1.9736180800914178\n"
    assert printed[-1] == "5.920854240274253\n"


def test_the_gradients(page):
    formulas = [compact(f) for f in math_text(page)]
    assert "dlossdw=x=1" in formulas
    assert any(f.endswith("expected)x=−3") for f in formulas)


def plots(page: str) -> list[dict[str, list[list[float]]]]:
    found = []
    for svg in re.findall(r'<svg[^>]*class="wk-plot".*?</svg>', page, re.DOTALL):
        series = re.findall(r'data-series="([^"]*)" data-style="\w+" data-points="([^"]*)"', svg)
        found.append({html.unescape(name): json.loads(points) for name, points in series})
    return found


def test_both_losses_over_w_and_the_nudges_on_them(page):
    difference, square, _ = plots(page)
    line, nudges, goal = difference.values()
    assert [next(iter(difference)), next(iter(square))] == ["loss = y − expected", "loss = (y − expected)²"]
    assert all(loss == pytest.approx(w - 2) for w, loss in line)
    assert nudges[0] == [0.5, -1.5]
    assert all(loss == pytest.approx(w - 2) for w, loss in nudges)
    assert all(after[0] < before[0] for before, after in itertools.pairwise(nudges))
    assert goal == [[2.0, 0.0]]
    curve, nudges, goal = square.values()
    assert all(loss == pytest.approx((w - 2) ** 2) for w, loss in curve)
    assert nudges[0] == [0.5, 2.25]
    assert all(loss == (w - 2) ** 2 for w, loss in nudges)
    assert all(before[0] < after[0] < 2 for before, after in itertools.pairwise(nudges))
    assert goal == [[2.0, 0.0]]


def test_the_losses_of_the_training_are_all_there(page):
    (losses,) = plots(page)[2].values()
    assert [step for step, _ in losses] == list(range(200))
    assert losses[0][1] == 2.25
    assert losses[100][1] == 0.03957287986287364


def test_the_nudges_are_those_of_training():
    def loss(w, x, expected):
        y = w * x
        return (y - expected) ** 2

    found = way(loss, 0.5, 0.01, 1.0, 2.0)
    assert found.every == 10
    assert found.ws[1] == pytest.approx(2 - 1.5 * 0.98**10)
    hundred = way(loss, 0.5, 0.001, 1.0, 2.0)
    assert hundred.every == 100
    w = 0.5
    for _ in range(100):
        w = w - 0.001 * (2 * (w - 2.0))
    assert hundred.ws[1] == w


def test_pictures_say_themselves(reader, page):
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) == 7
    for figure in figures:
        assert re.search(r"<figcaption>\s*\S", figure)
        assert "<title>" in figure or "aria-label" in figure


def test_the_dictionary_is_linked_where_its_terms_are_used(reader):
    links = [a["href"] for a in reader.of("a") if a.get("class") == "wk-term"]
    for term in TERMS:
        if term.name != "stochastic":
            assert f"#term-{term.name.replace(' ', '-')}" in links, term.name
    ids = reader.ids()
    assert all(f"term-{term.name.replace(' ', '-')}" in ids for term in (*TERMS, *TERMS_TO_COME))


def test_a_term_is_linked_once_in_a_section_and_only_after_it_was_introduced(page):
    for section in re.findall(r"<section id=\"step-.*?</section>", page, re.DOTALL):
        # what a derivation says has sections, and so links, of its own
        outside = re.sub(r'<div class="wk-derivation">.*?</table></div></div>', "", section, flags=re.DOTALL)
        links = re.findall(r"<p>.*?</p>", outside)
        found = [link for p in links for link in re.findall(r'class="wk-term" href="([^"]*)"', p)]
        assert found
    assert "#term-loss" not in page[: page.index('id="step-5"')]
    assert "at step 7" not in re.findall(r">[^<]*</a>", page)


def test_it_says_nothing_about_keys_and_prompts(reader):
    assert "Enter" not in reader.text
    assert "&gt;&gt;&gt;" not in reader.text
    assert "that begin with" not in reader.text
    assert "Each was run when this page was made" in reader.text


def test_a_learning_rate_that_is_too_high_is_told_so():
    text = Reader(told(learning_rate=1.01)).text
    assert "the learning rate is too high" in text
    assert "jump across it, and each ends higher up on the other side" in text
    assert "this training was not a success" in text
    assert "become shorter" not in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "The nudges, 50 to an arrow, follow it, away from the goal"),
        ({}, "lead down to it, and become shorter as the slope gets flatter"),
        ({"start": 3.0}, "follow it, to the goal and past it"),
        ({"x": -1.0}, "to the right it goes down without end"),
        ({"learning_rate": 0.6}, "each ends lower down on the other side"),
        ({"learning_rate": 1.0}, "each ends as high up on the other side"),
        ({"learning_rate": 0.5}, "The first nudge lands right there"),
        ({"learning_rate": 0.0}, "With a learning rate of 0 there are no nudges to draw"),
        ({"learning_rate": 1e-6}, "lead toward it, in very small steps"),
        ({"start": 2.0}, "There are no nudges to draw"),
        ({"start": 0.25}, "here we just say 0.25"),
    ],
    ids=str,
)
def test_the_text_follows_the_numbers(settings, said):
    page = Reader(told(**settings))
    assert said in page.text
    ids = page.ids()
    assert len(ids) == len(set(ids))


def test_the_same_telling_gives_the_same_bytes(page):
    assert told() == page


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_can_be_told_on_a_page(name):
    paper = Paper()
    assert paper.present(LESSONS[name].load())
    Reader(paper.page().html)


def test_what_a_lesson_says_is_text_and_never_markup():
    bad = '<script>alert("1")</script>&amp;'
    paper = Paper()
    paper.title(bad)
    paper.step(f"1 · {bad}")
    paper.say(f"{bad} `{bad}` *{bad}*")
    paper.show(bad)
    paper.cell(f"print({bad!r})\n{bad!r}")
    paper.terms([(bad, bad)])
    page = paper.page().html
    found = Reader(page)
    assert len(found.of("script")) == 1
    assert "alert" in found.text
    assert "<script>alert" not in page


def test_cells_keep_their_empty_lines_and_show_what_each_line_gave():
    paper = Paper()
    paper.cell("a = 1\n\n\ndef f():\n    return a\n\na\nf()\n")
    page = paper.page().html
    cell = re.search(r'<div class="wk-cell">(.*?)</main>', page, re.DOTALL)
    assert cell is not None
    plain = re.sub(r"<(?!/?pre)[^>]*>", "", cell[1])
    assert plain.startswith(
        '<pre class="wk-code">a = 1\n\ndef f():\n    return a\n\na</pre><pre class="wk-printed">1</pre>'
        '<pre class="wk-code">f()</pre><pre class="wk-printed">1</pre>'
    )
