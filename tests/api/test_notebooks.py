"""What a notebook shows of each kind of value, and of an error, in a kernel of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import workings as wk
from tests.api.markup import Reader, read
from workings import errors, notebook
from workings.graph.display import AsHtml, AsMarkdown

ROOT = Path(__file__).parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")

NET = """\
import numpy as np
import workings as wk

def layer(x, w):
    return np.tanh(x @ w)

def loss(w, v, x, expected):
    h = layer(x, w)
    return np.mean((h @ v - expected) ** 2)

start = {"w": np.full((2, 3), 0.5), "v": np.ones(3)}
data = {"x": np.ones((4, 2)), "expected": np.zeros(4)}
run = wk.train(loss, start, data, steps=20)
w = wk.parameter(0.5)
x = wk.constant(2.0)
y = w * x
z = y ** 2
"""
SHOWN = {
    "parameter": "w",
    "value": "y",
    "gradient": "wk.gradient(z, w)",
    "array": "h = np.tanh(wk.parameter(np.eye(2), 'm') * 2)\nh",
    "node": "wk.trace(loss, *start.values(), *data.values()).outputs[0]",
    "graph": "wk.trace(loss, *start.values(), *data.values())",
    "program": "run.program",
    "run": "run",
    "derivation": "wk.explain(z, w)",
    "picture": "wk.draw(z)",
    "page": "wk.explain(z, w).page()",
    "error": "try:\n    wk.gradient(z, wk.parameter(1.0, 'other'))\nexcept wk.GradientError as e:\n    kept = e\nkept",
}
FAILING = {
    "in the cell": "np.ones((3, 2)) @ wk.parameter(np.ones(3), 'b')",
    "in a function of another cell": "wk.train(loss, start | {'w': np.ones((3, 3))}, data)",
    "in all detail": "%tb Verbose",
    "of an argument": "wk.train(loss, {'u': 1.0}, data)",
    "that is not ours": "wk.train(lambda w: {}['key'], {'w': 1.0})",
}
TRAINED = {
    "history": "wk.fit(wk.nn.Linear(2, 1), np.ones((8, 2)), np.ones((8, 1)), loss='mse', progress=False).history",
    "rates": "wk.find_learning_rate(loss, start, data)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The output of each cell, by its name."""
    sources = {"net": NET, **SHOWN, **FAILING, **TRAINED}
    cells = [nbformat.v4.new_code_cell(source) for source in sources.values()]
    book = nbformat.v4.new_notebook(cells=cells)
    folder = tmp_path_factory.mktemp("notebook")
    resources = {"metadata": {"path": folder}}
    NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True, resources=resources).execute()
    found = {name: cell.get("outputs", []) for name, cell in zip(sources, book.cells, strict=True)}
    assert all(len(outputs) == (name != "net") for name, outputs in found.items()), found
    return {name: outputs[0] for name, outputs in found.items() if outputs}


def only(outputs: Mapping[str, Any], name: str, mime: str) -> str:
    """What is shown in this form; there is no other form beside it but text."""
    data = outputs[name]["data"]
    assert sorted(data) == sorted({mime, "text/plain"})
    return data[mime]


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text", "formula"),
    [
        ("parameter", "w = 0.5", r"w = 0\.5"),
        ("value", "y = w · x = 1.0", r"y = w .*x = 1"),
        ("gradient", "dz/dw = 2 y x = 4.0", r"\\frac\{.*z\}\{.*w\} = 2 .*y.* x = 4"),
    ],
)
def test_a_number_is_shown_with_its_formula(outputs, name, text, formula):
    shown = only(outputs, name, "text/markdown")
    assert re.fullmatch(rf"\$\\displaystyle {formula}\$", shown), shown
    assert outputs[name]["data"]["text/plain"] == text


def test_an_array_is_shown_with_its_formula_dtype_and_numbers(outputs):
    shown = only(outputs, "array", "text/markdown")
    head, numbers = shown.split("\n\n")
    assert re.fullmatch(r"\$\\displaystyle .*h.* = .*tanh.*m.*2.*\$ `float64\[2,2\]`", head), head
    assert numbers == "```text\n[[0.96402758 0.        ]\n [0.         0.96402758]]\n```"
    assert outputs["array"]["data"]["text/plain"] == (
        "h: float64[2,2] = tanh(m · 2) =\n[[0.96402758 0.        ]\n [0.         0.96402758]]"
    )


def test_a_node_is_shown_with_its_formula_and_type(outputs):
    shown = only(outputs, "node", "text/markdown")
    assert shown.endswith("`float64`")
    assert shown.startswith("$")
    assert r"\mathrm{mean}" in shown or r"\operatorname{mean}" in shown


def test_a_large_array_shows_its_corners():
    cell = wk.parameter(np.arange(250_000.0).reshape(500, 500), "big")
    shown = notebook.markdown(cell)
    assert "`float64[500,500]`" in shown
    assert "..." in shown
    assert len(shown) < 1000


def test_what_is_not_float64_says_so():
    assert notebook.markdown(wk.parameter(np.float32(0.5), "w")).endswith("= 0.5$ `float32`")
    assert notebook.markdown(wk.constant(True, "b")).endswith("`bool`")


def test_inputs_of_a_graph_say_what_they_are_for():
    w = wk.trace(lambda w: w * np.arange(3.0), 0.5).inputs[0]
    assert notebook.markdown(w) == r"$\displaystyle w$ `float64` data"


def test_a_gradient_of_a_gradient_is_a_derivative_of_a_derivative():
    w = wk.parameter(2.0)
    y = w**3
    shown = notebook.markdown(wk.gradient(wk.gradient(y, w), w))
    assert re.match(r"\$\\displaystyle \\frac\{\\mathrm\{d\}\}\{\\mathrm\{d\} w\} \\frac\{.*y\}\{.*w\} = ", shown), (
        shown
    )
    assert shown.endswith("= 12$")


def test_a_page_is_shown_in_a_frame_of_its_own(outputs):
    found = html(outputs, "page")
    assert found.tags == ["iframe"]
    assert read(found.elements[0][1]["srcdoc"] or "").tags[0] == "html"


def test_a_derivation_is_shown_as_markdown(outputs):
    shown = only(outputs, "derivation", "text/markdown")
    assert re.match("#+ How", shown)
    assert "$$" in shown
    assert outputs["derivation"]["data"]["text/plain"].startswith("How z changes with w")


# ── what is HTML ────────────────────────────────────────────────────────────────────────────────────────────


def html(outputs: Mapping[str, Any], name: str) -> Reader:
    return read(only(outputs, name, "text/html"))


@pytest.mark.parametrize("name", ["graph", "program", "run", "history", "rates", "picture", "error"])
def test_html_is_balanced_and_keeps_to_itself(outputs, name):
    shown = only(outputs, name, "text/html")
    found = read(shown)
    assert not {"script", "link", "object", "embed", "base", "form"} & set(found.tags)
    for tag, attributes in found.elements:
        assert not [key for key in attributes if key.startswith("on")], tag
        for key in ("src", "href", "action", "xlink:href"):
            assert attributes.get(key) is None, (tag, key)
    for style in found.styles:
        assert "@import" not in style
        assert "url(" not in style
        selectors = re.findall(r"(?:^|[{}])([^{}@]+)\{", re.sub(r"@media[^{]*\{", "", style))
        assert selectors
        assert [s for rule in selectors for s in rule.split(",") if ".wk-" not in s] == []
    assert len(shown) < 40_000


def test_a_graph_is_shown_as_a_picture_with_its_text_below(outputs):
    found = html(outputs, "graph")
    assert "svg" in found.tags
    assert "details" in found.tags
    text = outputs["graph"]["data"]["text/plain"]
    assert text.startswith("graph loss(w: data float64[2,3], v: data float64[3]")
    assert text in found.text


def test_a_program_is_shown_with_what_it_starts_from(outputs):
    found = html(outputs, "program")
    assert "svg" in found.tags
    assert "Program of loss: 20 steps" in found.text
    assert "wparameterfloat64[2,3]" in found.text
    assert "learning_ratesettingfloat640.01" in found.text
    assert "def train(" in found.text
    assert outputs["program"]["data"]["text/plain"].startswith(
        "<program of loss: parameter w, v; data x, expected; setting learning_rate; "
    )


def test_a_run_is_shown_with_its_losses_and_what_was_learned(outputs):
    found = html(outputs, "run")
    assert "Run of loss: 20 steps on engine native; the steps are spent." in found.text
    assert re.search(r"The loss was 5\.2\d+ before step 0, and \d[\d.]+ before step 19\.", found.text)
    points = next(attributes["data-points"] for _, attributes in found.elements if "data-points" in attributes)
    assert points is not None
    assert points.count("[") == 21
    assert re.search(r"wfloat64\[2,3\]\[?.*vfloat64\[3\]", found.text)
    assert re.fullmatch(
        r"<run of loss: 20 steps, loss .* engine native; the steps are spent>", outputs["run"]["data"]["text/plain"]
    )


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_runs_of_few_steps(steps):
    run = wk.train(lambda w: w**2, {"w": 1.0}, steps=steps)
    found = read(notebook.html(run))
    assert f"{steps} step{'' if steps == 1 else 's'} on engine native" in found.text
    assert ("not begun" in found.text) == (steps == 0)
    assert found.text.count("before step") == min(steps, 2)
    assert ("svg" in found.tags) == (steps == 2)


def test_a_history_is_shown_as_a_plot_and_a_table(outputs):
    found = html(outputs, "history")
    assert "svg" in found.tags
    assert found.tags.count("tr") == 11
    assert "validation_loss" not in found.text


def test_a_learning_rate_is_shown_with_its_reason(outputs):
    found = html(outputs, "rates")
    assert "svg" in found.tags
    assert re.search(r"Learning rate [\d.]+: the loss, .* at first, falls fastest at", found.text), found.text


def test_losses_far_apart_are_plotted_by_powers_of_ten():
    def axis(steps: int) -> bool:
        run = wk.train(lambda w: w**2, {"w": 1.0}, optimizer=wk.SGD(0.1), steps=steps)
        found = read(notebook.html(run))
        told = next(attributes["data-plot"] for _, attributes in found.elements if "data-plot" in attributes)
        return '"log":true' in (told or "")

    assert not axis(3)
    assert axis(100)


def test_parameters_in_a_tree_are_named():
    def loss(layers):
        return sum(np.sum(layer["w"] ** 2) for layer in layers)

    run = wk.train(loss, {"layers": [{"w": np.ones(2)}, {"w": np.ones((3, 3))}]}, steps=1)
    text = read(notebook.html(run)).text
    assert re.search(r"0\.wfloat64\[2\].*1\.wfloat64\[3,3\]", text), text


def test_an_error_as_a_value_is_its_message(outputs):
    found = html(outputs, "error")
    message = found.text
    assert message.startswith("GradientError: z does not depend on other\n  at Cell In[13], line 2:\n")
    assert "  Instead: a value that z was computed from" in message
    assert found.tags == ["pre", "strong"]


# ── errors that are raised ──────────────────────────────────────────────────────────────────────────────────


def traceback(outputs: Mapping[str, Any], name: str) -> str:
    assert outputs[name]["output_type"] == "error"
    return ANSI.sub("", "\n".join(outputs[name]["traceback"]))


def test_an_error_shows_the_line_and_what_to_write_instead(outputs):
    shown = traceback(outputs, "in the cell")
    assert shown.startswith(
        "ShapeError: matmul: the shapes do not chain: a constant has shape (3, 2), b has shape (3,)\n"
        "  at Cell In[14], line 1:\n"
        "      np.ones((3, 2)) @ wk.parameter(np.ones(3), 'b')\n"
        "  Instead: "
    ), shown
    assert outputs["in the cell"]["ename"] == "ShapeError"
    assert "site-packages" not in shown
    assert "src/workings" not in shown


def test_an_error_shows_the_way_through_the_users_code(outputs):
    shown = traceback(outputs, "in a function of another cell")
    way = [
        "Traceback (most recent call last):",
        "  Cell In[15], line 1:",
        "      wk.train(loss, start | {'w': np.ones((3, 3))}, data)",
        "  Cell In[1], line 8, in loss:",
        "      h = layer(x, w)",
        "ShapeError: matmul: the shapes do not chain: x has shape (4, 2), w has shape (3, 3)",
        "  at Cell In[1], line 5, in layer:",
        "      return np.tanh(x @ w)",
        "                     ^^^^^",
    ]
    places = [shown.index(line) for line in way]
    assert places == sorted(places)
    assert "Instead: " in shown
    assert re.search(r"\(\d+ frames inside workings and NumPy left out; %tb Verbose shows all\)$", shown)
    assert ".py" not in shown
    assert len(shown.splitlines()) < 20


def test_all_frames_are_there_for_those_who_ask(outputs):
    shown = traceback(outputs, "in all detail")
    assert "src/workings/trace/apply.py" in shown.replace("\\", "/")
    assert "ShapeError" in shown


def test_the_line_of_the_call_is_shown_where_the_message_has_none(outputs):
    shown = traceback(outputs, "of an argument")
    assert "Cell In[17], line 1:\n      wk.train(loss, {'u': 1.0}, data)" in shown
    assert "ArgumentError: parameters has 'u'" in shown


def test_errors_of_the_user_are_shown_as_ever(outputs):
    shown = traceback(outputs, "that is not ours")
    assert "KeyError" in shown
    assert "src/workings" in shown.replace("\\", "/")


def test_python_by_itself_shows_every_frame(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import numpy as np, workings as wk\nnp.ones((3, 2)) @ wk.parameter(np.ones(3))\n")
    done = subprocess.run([sys.executable, path], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "script.py" in done.stderr
    assert "apply.py" in done.stderr
    assert "Cell In" not in done.stderr


def test_outside_of_a_notebook_a_traceback_is_plain():
    with pytest.raises(wk.ArgumentError) as caught:
        wk.gradient(3.0, 1)
    lines = "\n".join(caught.value._render_traceback_())
    assert "\x1b" not in lines
    assert "ArgumentError: wk.gradient takes values" in lines
    assert "cells.py" not in lines


def test_the_cause_of_an_error_is_told_in_one_line():
    error = errors.ParseError("no graph")
    error.__cause__ = KeyError("a\x1b[31mb")
    assert error._render_traceback_() == ["ParseError: no graph", r"  Because of KeyError: 'a\x1b[31mb'"]


def test_an_error_that_was_never_raised_has_a_traceback_of_one_line():
    assert errors.GraphError("no graph", fix="another")._render_traceback_() == [
        "GraphError: no graph\n  Instead: another"
    ]


# ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────


def kinds(base: type) -> list[type]:
    found = [base]
    for kind in found:
        found.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("base", [AsHtml, AsMarkdown, wk.Derivation, wk.WorkingsError])
def test_nothing_has_two_forms(base):
    forms = ("_repr_html_", "_repr_markdown_", "_repr_mimebundle_", "_repr_latex_")
    for kind in kinds(base):
        assert len([form for form in forms if hasattr(kind, form)]) == 1, kind


def test_what_draws_and_writes_is_loaded_when_a_notebook_asks():
    code = (
        "import sys, workings as wk\n"
        "w = wk.parameter(0.5)\n"
        "assert repr(w * 2) == 'w · 2 = 1.0'\n"
        "assert not any(m.startswith(('workings.notebook', 'workings.draw.svg', 'IPython')) for m in sys.modules)\n"
        "assert w._repr_markdown_() == r'$\\displaystyle w = 0.5$'\n"
        "assert 'workings.notebook' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_layers_above_there_is_text_alone():
    code = (
        "from workings.graph import Graph, input_node\n"
        "import workings.ops\n"
        "w = input_node('w', (), float)\n"
        "assert w._repr_markdown_() is None\n"
        "assert Graph([w], [w * w])._repr_html_() is None\n"
        "assert repr(w * w) == '?: float64 = multiply(w, w)'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ── what a user wrote is shown, and never runs ──────────────────────────────────────────────────────────────

EVIL = ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>", "$</style><b>", "a`b``c", "]]>&lt;\x1b[2J"]


def named(name: str) -> Callable[..., Any]:
    def loss(w):
        return np.sum(w**2)

    loss.__name__ = name
    return loss


@pytest.mark.parametrize("evil", EVIL)
def test_names_in_markdown_are_text(evil):
    for value in (wk.parameter(0.5, evil), wk.parameter(np.ones(2), evil) * 2):
        shown = notebook.markdown(value)
        assert not set("<>\x1b") & set(shown)
        head = shown.split(" `float64")[0]
        assert head.count("`") == 0
        assert len(re.findall(r"(?<!\\)\$", head)) == 2


@pytest.mark.parametrize("evil", EVIL)
def test_names_in_html_are_text(evil):
    graph = wk.trace(named(evil), np.ones(2))
    run = wk.train(named(evil), {"w": np.ones(2)}, steps=3)
    for what in (graph, run, run.program):
        found = read(notebook.html(what))
        assert not {"script", "img", "b"} & set(found.tags)
        assert "\x1b" not in found.text
        assert not [key for _, attributes in found.elements for key in attributes if key.startswith("on")]


@pytest.mark.parametrize("evil", EVIL)
def test_messages_in_html_are_text(evil):
    found = read(wk.ArgumentError(evil, fix=evil)._repr_html_())
    assert found.tags == ["pre", "strong"]
    assert evil.replace("\x1b", r"\x1b") in found.text
