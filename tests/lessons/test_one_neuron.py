"""The lesson of one neuron: its figures come from the library, and its sentences follow them."""

from __future__ import annotations

import io
import re

import pytest

from workings.errors import ArgumentError
from workings.explain.glossary import TERMS
from workings.lessons import FIRST, LESSONS
from workings.lessons.one_neuron import one_neuron
from workings.lessons.terminal import Terminal


def told(**settings: float) -> str:
    file = io.StringIO()
    assert Terminal(file).present(one_neuron, **settings)
    return file.getvalue()


def words(**settings: float) -> str:
    return " ".join(told(**settings).split())


@pytest.fixture(scope="module")
def lesson() -> str:
    return told()


def test_the_figures_to_the_last_bit(lesson):
    figures = [
        "y = w · x = 0.5",
        "loss = y − expected = -1.5",
        "w = w − 0.01",
        "= 0.49",
        "loss = y − expected = -1.51",
        "loss = z² = 2.25",
        "dloss/dw = dloss/dz · dz/dy · dy/dw",
        ">>> 2 * (y - expected) * x\n    2 (y − expected) x = -3.0\n",
        "= 0.53",
        "1.80107066615787",
        "0.03957287986287364\n    0.0380057938203038\n    0.03650076438501975\n",
        "1.9736180800914178",
        "5.920854240274253",
    ]
    at = 0
    for figure in figures:
        at = lesson.index(figure, at)


def test_ten_steps_in_their_order(lesson):
    titles = re.findall(r"^── (\d+) · ", lesson, flags=re.MULTILINE)
    assert titles == [str(i) for i in range(1, 11)]


def test_no_line_is_longer_than_a_terminal(lesson):
    assert max(map(len, lesson.splitlines())) <= 80
    assert all(line == line.rstrip() for line in lesson.splitlines())


def test_the_code_that_is_shown_is_the_code_that_runs(lesson):
    """Typed into a Python prompt, the lines of the lesson give the figures of the lesson."""
    source, names = [], {}
    for line in lesson.splitlines():
        if line.startswith("    >>> "):
            source.append(line[8:])
        elif line.startswith("    ..."):
            source[-1] += "\n" + line[8:]
    for statement in source:
        exec(compile(statement, "<typed>", "exec"), names)
    assert float(names["run"].parameters["w"]) == 1.9736180800914178
    assert float(names["w"]) == 0.53


def test_the_terms_are_explained_and_most_were_used_before(lesson):
    told_before = " ".join(lesson[: lesson.index("── The words")].split())
    for term in TERMS:
        assert f"  {term.name} " in lesson
        if term.name not in ("batch", "epoch"):
            assert term.name in told_before


@pytest.mark.parametrize(
    ("settings", "figures"),
    [
        ({"start": 0.25}, ["here we just say 0.25", "y = w · x = 0.25", "-1.75", "3.0625"]),
        ({"x": 2.0, "expected": 6.0}, ["given 2, the net should answer 6", "You can see that it is 3", "= -5.0"]),
        ({"learning_rate": 0.1}, ["0.1 times the gradient", "w - 0.1 * gradient", "= 0.4", "wk.SGD(0.1)"]),
        ({"question": -4.0}, ["What about −4?", "close to −8", 'run.value("y", x=-4.0)']),
        ({"expected": 0.1}, ["the net answers too much, by 0.4", "Only it was luck", "This time w went down"]),
        ({"x": -1.0}, ["−1, which is negative", "w has to go up", "it is −2", "This time w went down"]),
    ],
)
def test_the_text_follows_the_numbers(settings, figures):
    text = words(**settings)
    usual = words()
    for figure in figures:
        assert figure in text
    assert text != usual


def test_a_learning_rate_that_is_too_high_is_told_so():
    text = words(learning_rate=1.01)
    assert "the learning rate is too high" in text
    assert "The loss grows, from 2.25" in text
    assert "this training was not a success" in text
    assert "Not there yet, but on the way" not in text


def test_a_learning_rate_of_0_is_no_nudge():
    text = words(learning_rate=0)
    assert "Nothing has changed: the answer is still 0.5" in text
    assert "The loss stays at 2.25; nothing is learned" in text


def test_a_start_at_the_goal():
    text = words(start=2)
    assert "there is nothing left to learn" in text
    assert "went on past it" in text
    assert "at the goal there is no nudge" in text
    assert "its answer is exactly 6" in text


def test_the_plain_difference_got_worse():
    text = words()
    assert "The answer went from 0.5 to 0.49, and 2 was expected: it has moved away." in text
    assert "−1.51 is less than −1.5. But it is further from 0, and so it is worse." in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"x": 0.0}, "with x = 0 the net answers 0 whatever w is"),
        ({"start": float("nan")}, "start is nan"),
        ({"expected": float("inf")}, "expected is inf"),
        ({"learning_rate": -0.1}, "must not be negative"),
    ],
)
def test_numbers_with_which_there_is_nothing_to_learn(settings, said):
    with pytest.raises(ArgumentError, match=said):
        told(**settings)


def test_the_table_of_lessons():
    assert FIRST in LESSONS
    for name, lesson in LESSONS.items():
        assert lesson.name == name
        assert callable(lesson.load())
        assert lesson.settings()
