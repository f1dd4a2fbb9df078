"""Pictures kept as files, which are read and reviewed as text: each net as text, words, DOT and Mermaid."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import workings as wk
from tests.draw.nets import loop, mlp, mlp_program, nested, neuron, paths
from workings.draw import Picture, picture
from workings.write.text import columns

FOLDER = Path(__file__).parents[1] / "golden" / "picture"


def _neuron_program() -> Picture:
    run = wk.train(lambda w, x, expected: (w * x - expected) ** 2, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, steps=0)
    return wk.draw(run.program)


PICTURES: dict[str, Callable[[], Picture]] = {
    "neuron": lambda: wk.draw(neuron()),
    "neuron_forward": lambda: wk.draw(neuron(), backward=False, direction="right"),
    "neuron_program": _neuron_program,
    "paths": lambda: wk.draw(paths()),
    # without numbers, whose last digits depend on the machine
    "mlp_whole": lambda: picture(mlp().graph, depth=0),
    "mlp_folded": lambda: picture(mlp().graph, depth=1),
    "mlp_unfolded": lambda: picture(mlp().graph),
    "mlp_layer": lambda: picture(mlp().graph, scope="layer_2"),
    "mlp_program": lambda: wk.draw(mlp_program()),
    "nested": lambda: wk.draw(wk.trace(nested, np.ones((4, 4)), np.ones((3, 4)))),
    "loop": lambda: wk.draw(wk.trace(loop, 0.1, 0.2, 0.3)),
}
_FORMS: dict[str, Callable[[Picture], str]] = {
    "txt": lambda p: f"{p.text()}\n\n{p.words()}\n",
    "dot": Picture.dot,
    "mmd": Picture.mermaid,
}


@cache
def drawn(name: str) -> Picture:
    return PICTURES[name]()


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("form", _FORMS)
def test_the_picture_is_the_reviewed_one(name, form, update_goldens):
    written = _FORMS[form](drawn(name))
    path = FOLDER / f"{name}.{form}"
    if update_goldens:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_no_golden_file_is_without_its_picture():
    assert {path.stem for path in FOLDER.iterdir()} == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_net_gives_the_same_bytes(name):
    again = PICTURES[name]()
    assert again.svg() == drawn(name).svg()
    assert again.dot() == drawn(name).dot()


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_of_text_is_longer_than_the_width(name, width):
    for line in drawn(name).text(width).splitlines():
        assert columns(line) <= width


def test_what_is_used_twice_is_shown_once_in_the_text():
    lines = drawn("paths").text().splitlines()
    assert sum("a = z²" in line for line in lines) == 1
    assert sum(line.endswith("a ↑") for line in lines) == 1
    assert sum("w  parameter" in line for line in lines) == 1
    assert sum(line.endswith("w ↑") for line in lines) == 2


def test_a_deep_tree_goes_on_below():
    text = wk.draw(wk.trace(lambda x: loop(x, x, x, turns=15), 0.5), most=1000).text()
    shown = [line.lstrip("│├└─ ").split(" = ")[0] for line in text.splitlines() if " = " in line]
    assert len(shown) == len(set(shown)) == 3 * 15 + 1
    for line in text.splitlines():
        if line.endswith(" ↓"):
            assert line.lstrip("│├└─ ").removesuffix(" ↓") in shown


def test_in_a_narrow_text_numbers_stand_below():
    lines = wk.draw(neuron()).text(40).splitlines()
    assert lines[:4] == ["loss = z²", "│  = 2.25", "└─ z = y − expected", "   │  = −1.5"]
    assert lines[-1] == "         = 2"


def test_words_say_where_ways_join():
    assert "w is used by z, b and z_3: the derivatives that come back on these ways add up." in drawn("paths").words()


def test_words_give_the_loss_and_the_steepest_gradients():
    words = drawn("neuron").words()
    assert "loss is 2.25." in words
    assert "The steepest gradient is dloss/dw = −3." in words
