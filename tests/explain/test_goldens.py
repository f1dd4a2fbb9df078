"""Derivations kept as files, which are read and reviewed as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.explain.nets import NETS, hostile_names
from workings.write.text import columns

FOLDER = Path(__file__).parents[1] / "golden" / "derivation"
DOCUMENTS = ("squared_loss", "two_paths", "tiny", "leaky", "two_layers", "cross_entropy", "many_paths")


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("kind", ["txt", "md"])
def test_the_derivation_is_the_reviewed_one(name, kind, update_goldens):
    derivation = NETS[name].derivation()
    written = derivation.text() if kind == "txt" else derivation.markdown()
    path = FOLDER / f"{name}.{kind}"
    if update_goldens:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*DOCUMENTS, "hostile_names"])
def test_the_document_is_the_reviewed_one(name, update_goldens):
    derivation = hostile_names() if name == "hostile_names" else NETS[name].derivation()
    path = FOLDER / f"{name}.tex"
    if update_goldens:
        path.write_text(derivation.latex(), encoding="utf-8")
    assert derivation.latex() == path.read_text(encoding="utf-8")


def test_no_golden_file_is_without_its_net():
    assert {path.stem for path in FOLDER.iterdir()} == {*NETS, "hostile_names"}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_longer_than_the_width(name, width):
    for line in NETS[name].derivation().text(width).splitlines():
        assert columns(line) <= width


def test_the_notebooks_line_stands_there():
    text = str(NETS["squared_loss"].derivation())
    assert "dloss/dw = dloss/dz · dz/dy · dy/dw = 2z · 1 · x = 2 (y − expected) x = −3" in text
    assert "w − learning rate · dloss/dw = 0.5 − 0.01 · (−3) = 0.53" in text
    assert "loss: 2.25 → 2.1609" in text


def test_the_net_of_digits_is_read_in_about_three_screens():
    assert len(NETS["cross_entropy"].derivation().text().splitlines()) <= 76


@pytest.mark.parametrize("name", NETS)
def test_the_latex_is_balanced(name):
    markdown = NETS[name].derivation().markdown()
    formulas = re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", markdown, flags=re.DOTALL)
    assert formulas
    for formula in ("".join(parts) for parts in formulas):
        plain = formula.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert len(re.findall(r"\\left\b", formula)) == len(re.findall(r"\\right\b", formula))
        assert len(re.findall(r"\\begin\b", formula)) == len(re.findall(r"\\end\b", formula))
        assert "−" not in formula
        assert not re.search(r"\^\{[^{}]*\}\^", formula)
