"""The measuring itself: that it measures, who refuses, what is void, and which bar is met. No figure is asserted."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from bench.peers.__main__ import main
from bench.peers.bound import bound, work
from bench.peers.measure import Cell, Row, agreement, measure
from bench.peers.nets import prepared
from bench.peers.report import document, ratio, section, verdict
from bench.peers.task import Task
from bench.peers.workloads import WORKLOADS, Bar, Sources
from tests.bench.cases import QUICK, TASKS, small

NOTEBOOK = 0.03957287986287364  # the neuron's loss after 100 steps, of the notebook
FACTS = {
    "date": "2000-01-01",
    "machine": {"cpu": "any", "cores": 1, "system": "any", "load": 0.0},
    "versions": {"workings": "0"},
    "threads": 1,
    "rounds": 2,
    "data": "none",
}


def row(name: str = "moons", void: str | None = None, **times: float | None) -> Row:
    cells = [Cell(competitor.replace("_", " "), value, loss=1.0) for competitor, value in times.items()]
    return Row(name, WORKLOADS[name].title, WORKLOADS[name].kind, cells, void=void)


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def measured() -> Row:
    return measure("neuron", small("neuron", "workings native", "workings numpy"), QUICK)


def test_every_competitor_runs_every_round(measured: Row) -> None:
    for cell in measured.cells:
        assert cell.refused is None
        assert len(cell.rounds) == 2
        assert all(seconds > 0 for seconds in cell.rounds)
        assert min(cell.rounds) <= cell.value <= max(cell.rounds)
        assert cell.loss == NOTEBOOK
    assert measured.void is None


def test_a_wrong_loss_makes_the_row_void(measured: Row) -> None:
    wrong = [*measured.cells[:-1], dataclasses.replace(measured.cells[-1], loss=1.002 * NOTEBOOK)]
    reason = agreement(wrong)
    assert reason is not None
    assert "workings numpy" in reason
    void = dataclasses.replace(measured, cells=wrong, void=reason)
    assert f"**This row is void**: {reason}." in section(void)
    assert ratio(void, measured.cells[0].value) is None
    assert all(verdict(void, bar).met is None for bar in WORKLOADS["neuron"].bars)


def test_losses_agree_up_to_a_thousandth() -> None:
    def losses(*values: float | None) -> list[Cell]:
        return [Cell(str(k), loss=value) for k, value in enumerate(values)]

    assert agreement(losses(1.0, 1.0009, None)) is None
    assert agreement(losses(-1.0, -1.0011)) is not None
    assert agreement(losses(1.0)) is None
    assert agreement([]) is None
    assert "of 1 after 100 steps is nan" in str(agreement(losses(1.0, math.nan, 1.0)))


def test_who_refuses_or_does_not_start_says_so_and_the_others_go_on() -> None:
    options = dataclasses.replace(QUICK, torch="/nowhere/python")
    found = measure("digits-sgd", small("mlp", "workings numpy", "C by hand", "PyTorch eager"), options)
    ours, by_hand, pytorch = found.cells
    assert ours.value is not None
    assert by_hand.refused == "refused: mlp is not written in C"
    assert pytorch.refused == "/nowhere/python does not start: No such file or directory"
    assert by_hand.value is None
    assert pytorch.value is None
    assert found.void is None
    assert "| C by hand | refused: mlp is not written in C |" in section(found)


def test_memory_and_start_are_those_of_whole_processes() -> None:
    for kind in ("memory", "start"):
        workload = dataclasses.replace(small("neuron", "workings numpy", "PyTorch eager"), kind=kind)
        ours, pytorch = measure(kind, workload, dataclasses.replace(QUICK, torch="/nowhere/python")).cells
        assert len(ours.rounds) == 2
        assert ours.loss == NOTEBOOK
        assert pytorch.refused is not None
        # a Python with NumPy has more than 10 MB and takes more than 10 ms, and neither has or takes 10 GB or minutes
        assert (10**7 < ours.value < 10**10) if kind == "memory" else (0.01 < ours.value < 600)


# ── the task ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_task_comes_back_from_its_files(tmp_path) -> None:
    task = TASKS["mlp"](Sources(), 1)
    task.write(str(tmp_path))
    again = Task.read(str(tmp_path))
    assert (again.net, again.shape, again.batch, again.rate) == (task.net, task.shape, task.batch, task.rate)
    for part in ("parameters", "data"):
        assert getattr(again, part).keys() == getattr(task, part).keys()
        for name, value in getattr(task, part).items():
            assert np.array_equal(getattr(again, part)[name], value)
    assert np.array_equal(again.index, task.index)


def test_each_epoch_sees_each_row_once() -> None:
    index = TASKS["mlp"](Sources(), 1).index  # 32 rows in batches of 8
    for epoch in index[:20].reshape(5, 32):
        assert sorted(epoch) == list(range(32))
    assert not np.array_equal(index[:4], index[4:8])


def test_the_rows_are_those_that_workings_trains_on() -> None:
    """By hand, the rows of the task give the losses of the run."""
    task = TASKS["mlp"](Sources(), 1)
    run = prepared(task, "numpy").resume(20)
    w1, b1, w2, b2 = (
        task.parameters[f"layers.{i}.{kind}"].astype(float) for i in (0, 2) for kind in ("weight", "bias")
    )
    for loss, rows in zip(run.losses, task.index, strict=False):
        x, y = task.data["x"][rows], task.data["y"][rows]
        h = np.maximum(x @ w1 + b1, 0)
        scores = h @ w2 + b2
        shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        assert loss == pytest.approx(-np.log(shares[np.arange(8), y]).mean(), rel=1e-5)
        d = (shares - np.eye(3)[y]) / 8
        dh = d @ w2.T * (h > 0)
        w1, b1 = w1 - 0.1 * x.T @ dh, b1 - 0.1 * dh.sum(0)
        w2, b2 = w2 - 0.1 * h.T @ d, b2 - 0.1 * d.sum(0)


# ── the bound ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("net", ["moons", "mlp", "gru"])
def test_the_bound_counts_the_products_of_the_program(net: str) -> None:
    """Nearly all of the work is products of matrices; the count has those of the program, and not twice as much."""
    task = TASKS[net](Sources(), 1)
    products = 0
    for node in prepared(task, "reference").program.step.nodes:
        if node.op.name == "matmul":
            products += 2 * math.prod(node.shape) * node.inputs[0].shape[-1]
        if node.op.name == "scan":
            products += sum(
                2 * math.prod(n.shape) * n.inputs[0].shape[-1] * task.shape["context"]
                for graph in node.attributes.values()
                for n in getattr(graph, "nodes", ())
                if n.op.name == "matmul"
            )
    assert products <= work(task).operations <= 3 * products


def test_the_bound_is_measured() -> None:
    least = bound(TASKS["mlp"](Sources(), 1))
    assert least.seconds > 0
    assert least.limit in ("operations", "memory")


# ── verdicts ────────────────────────────────────────────────────────────────────────────────────────────────


def test_bars_are_met_or_not() -> None:
    found = row(workings_native=2.0, JAX_scan=4.0, PyTorch_eager=5.0, C_by_hand=1.0)
    assert verdict(found, Bar(("JAX scan",), least=2)).met is True
    assert verdict(found, Bar(("JAX scan",), least=2.1)).met is False
    assert verdict(found, Bar(("PyTorch eager", "JAX scan"), least=2.1)).met is False  # the best of them counts
    assert verdict(found, Bar(("C by hand",), most=2)).met is True
    assert verdict(found, Bar(("C by hand",), most=1.9)).met is False
    assert verdict(found, Bar(("C by hand",), above=1)).met is True
    assert verdict(found, Bar(("C by hand",), above=0.9)).met is False
    assert verdict(found, Bar(("torch.compile",), least=1)).met is None
    assert verdict(row(workings_native=None, JAX_scan=4.0), Bar(("JAX scan",), least=2)).met is False


def test_a_best_without_a_figure_is_named() -> None:
    found = verdict(
        row(workings_native=1.0, JAX_scan=4.0, torch_compile=None), Bar(("torch compile", "JAX scan"), least=2)
    )
    assert found.met is True
    assert found.words.endswith("; the best is JAX scan, without torch compile, which gave no figure.")


def test_the_page_has_every_row_and_counts_the_bars() -> None:
    found = [row("moons", workings_native=1.0, JAX_scan=4.0, PyTorch_eager=90.0, C_by_hand=0.1)]
    page = document(found, FACTS)
    assert "2 of 3 bars are met, 1 is not." in page
    assert "| JAX scan | 4 s | 4× |" in page
    assert WORKLOADS["moons"].title in page


def test_the_command_writes_figures_and_page(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = dataclasses.replace(WORKLOADS["neuron"], competitors=("workings native", "workings numpy"), call=10)
    monkeypatch.setattr("bench.peers.__main__.WORKLOADS", {"neuron": quick})
    figures, page = tmp_path / "f.json", tmp_path / "f.md"
    main(["--only", "neuron", "--rounds", "2", "--threads", "1", "--json", str(figures), "--out", str(page)])
    (found,) = json.loads(figures.read_text())["workloads"]
    assert [cell["competitor"] for cell in found["cells"]] == ["workings native", "workings numpy"]
    assert [bar["met"] for bar in found["bars"]] == [None, None]
    assert "One neuron" in page.read_text()


def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rounds", "0"])
    assert "0 is not 1 or more" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--only", "everything"])
    assert "invalid choice: 'everything'" in capsys.readouterr().err
