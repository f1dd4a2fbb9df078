"""Derivations as documents in LaTeX: what a TeX would make of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import workings as wk
from tests.explain.nets import HOSTILE, NETS, hostile_names
from tests.explain.tex import read
from tests.ops.cases import CASES
from workings.explain import derive
from workings.explain.layout import Heading, Rows, blocks
from workings.graph import input_node
from workings.write.glyphs import spelled
from workings.write.latex import latex
from workings.write.maths import expression
from workings.write.ruler import broken, equals, measured, spread, tex

GOLDENS = sorted((Path(__file__).parents[1] / "golden" / "derivation").glob("*.tex"))


def sum_of(count: int, name: str = "x"):
    """A sum of products with long names."""
    values = [input_node(f"{name}{k}", (), float) for k in range(count)]
    total = values[0] * values[1]
    for value in values[2:]:
        total = total + values[0] * value
    return total


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [*NETS, "hostile names"])
def test_a_document_is_whole_and_knows_its_commands(name):
    derivation = hostile_names() if name == "hostile names" else NETS[name].derivation()
    body = read(derivation.latex())
    assert body.count(r"\section{") == len(derivation.sections)
    assert r"\htmlData" not in body


def test_this_reader_would_see_it():
    good = NETS["squared_loss"].derivation().latex()
    for old, new in (
        (r"\frac", r"\input"),
        (r"\frac{", r"\frac"),
        (r"\end{align*}", ""),
        ("&=", "&= $x$"),
        (r"\section{The nudge}", r"\section{The_nudge}"),
        (r"\section{The nudge}", "50% & more"),
        ("The nudge", "nudge ä"),
        ("The nudge", r"\alpha"),
    ):
        assert old in good
        with pytest.raises((AssertionError, IndexError)):
            read(good.replace(old, new, 1))


def test_the_notebooks_derivation_stands_there():
    body = read(NETS["squared_loss"].derivation().latex())
    line = r"= 2 z \cdot 1 \cdot x = 2 (y - \mathrm{expected}) x = -3"
    assert line in body
    assert r"w - \text{learning rate} \cdot \frac{\mathrm{d}\thinspace \mathrm{loss}}{\mathrm{d}w}" in body
    assert r"$\mathrm{loss}$: $2.25 \to 2.1609$, smaller by 0.0891." in body
    assert r"central differences} &= -3.000000000032085 &&\quad \reason" in body
    assert r"$3.2 \times 10^{-11}$ apart" in body


@pytest.mark.parametrize("name", NETS)
def test_every_formula_and_every_value_stands_there(name):
    derivation = NETS[name].derivation()
    body = derivation.latex()
    for block in blocks(derivation):
        if isinstance(block, Heading):
            continue
        rows = block.rows if isinstance(block, Rows) else ()
        for part in (part for row in rows for part in row.parts if not isinstance(part, str)):
            if spread(measured(part, 36)) < 15:  # others may be on two lines
                assert latex(part) in body


def test_loud_remarks_are_in_bold():
    x = input_node("x", (), float)
    loud = derive(x**2, [x], {x: 1.0}, engine_gradients={x: np.float64(3.0)})
    assert not loud.ok
    assert "\\begin{quote}\n\\bfseries THEY DIFFER" in read(loud.latex())


def test_a_value_and_a_run_have_their_documents():
    w = wk.parameter(0.5)
    y = w * 3.0
    assert r"\frac{\mathrm{d}y}{\mathrm{d}w}" in read(wk.explain(y, w).latex())
    run = wk.train(lambda w, x: (w * x - 1) ** 2, {"w": 0.5}, {"x": 2.0}, steps=2, progress=False)
    read(run.explain(step=1).latex())


# ── what a user wrote ───────────────────────────────────────────────────────────────────────────────────────


def test_nothing_of_the_users_is_a_command():
    body = read(hostile_names().latex())
    assert r"\input" not in body
    assert "/etc/passwd" in body
    assert body.count(r"\end{document}") == 1
    assert "\u202e" not in body
    assert r"\codeframe{202E}" in body


@pytest.mark.parametrize("word", [*HOSTILE, *"\\{}$&#%_^~<>|`'\"-\n\t\0\ud800", "--", "---", "?`", "x̂", "ĳ", "½", "ﷺ"])
def test_any_word_can_be_a_name(word):
    x = input_node("x", (), float)
    body = read(derive(x * x, [x], {x: 2.0}, names={x: word}).latex())
    assert r"\section{Forward: the values}" in body


def test_letters_are_spelled_for_any_font():
    assert spelled("naïve Łódź, œuvre") == r"na\"{\i}ve \L{}\'{o}d\'{z}, \oe{}uvre"
    assert spelled("x̂ ≤ 2") == r"\^{x} $\le$ 2"
    assert spelled("ｗ１") == "w1"
    assert spelled("＼＆") == r"\textbackslash{}\&"
    assert spelled("x⁻½") == r"x\textsuperscript{$-$}1/2"
    assert spelled("ж") == r"\codepoint{0436}{ж}"
    assert spelled("�\u200b") == r"\codeframe{FFFD}\codeframe{200B}"
    assert spelled("a\u2003b\xa0c") == "a b~c"


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_measured_is_what_is_written(case):
    tree = expression(case.node(case.nodes()))
    assert tex(measured(tree, 1000)) == latex(tree)


@pytest.mark.parametrize("room", [5, 8, 12, 20, 40])
def test_lines_fit_and_say_the_same(room):
    line = equals(measured(expression(sum_of(9)), room), measured(expression(sum_of(5, "y")), room))
    lines = broken(line, room, 1)
    assert " ".join(lines) == tex(line)
    assert len(lines) >= spread(line) / room
    assert all(piece.startswith(("+", r"\cdot", "=")) for piece in lines[1:])


def test_the_best_place_is_taken():
    a, b, c = (input_node(name, (), float) for name in ("alpha", "beta", "gamma"))
    line = measured(expression((a + b) * (b + c) + a * c), 40)
    assert broken(line, spread(line) - 0.1) == [
        r"(\alpha + \beta) \cdot (\beta + \gamma)",
        r"+ \alpha \cdot \gamma",
    ]


def test_a_factor_without_a_sign_has_one_at_the_head_of_a_line():
    a, b = input_node("a_rather_long_name", (), float), input_node("another_rather_long_name", (), float)
    first, second = broken(measured(expression(2 * (a * b)), 15), 15)
    assert first.startswith("2 ")
    assert second.startswith(r"\cdot ")


def test_what_is_too_wide_is_spelled_so_that_it_can_be_broken():
    top, bottom = sum_of(9), sum_of(9, "y")
    for node in (top / bottom, np.sqrt(1.0) * (top**2), (1 / top) * (1 / bottom + top)):
        tree = expression(node)
        assert all(chunk.width <= 20 for chunk in measured(tree, 20)), latex(tree)
    assert r"\frac" not in tex(measured(expression(top / bottom), 20))


# ── a real one ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on PATH to set the documents with")
@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_pdflatex_sets_it_within_the_page(path, tmp_path):
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", str(path)]
    for _ in range(2):  # the columns of a table over two pages are known after the first
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / f"{path.stem}.log").read_text(encoding="utf-8", errors="replace")
    assert "Overfull \\hbox" not in log
    assert "Missing character" not in log
