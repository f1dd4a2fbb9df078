"""How the history of a run is shown: as a table, as plots, in a terminal, in a notebook; and the bar on the way."""

from __future__ import annotations

import importlib.util
import re
import sys

import numpy as np
import pytest

import workings as wk
from workings import nn
from workings.train import EpochEnded, History, Progressed, Started, Stopped
from workings.train.progress import Progress

ROWS = [
    {"epoch": 1, "loss": 2.0, "validation_loss": 2.5, "accuracy": 0.5, "confusion": np.eye(2), "seconds": 0.1},
    {"epoch": 2, "loss": 1.0, "validation_loss": 1.5, "accuracy": 0.75, "confusion": np.eye(2), "seconds": 0.2},
    {"epoch": 3, "loss": 0.5, "validation_loss": 1.75, "accuracy": 0.7, "confusion": np.eye(2), "seconds": 0.3},
]


def test_the_losses_are_plotted_over_the_epochs():
    drawn = History(ROWS).plot()
    assert [s.name for s in drawn.series] == ["loss", "validation_loss"]
    assert drawn.series[1].xs.tolist() == [1, 2, 3]
    assert drawn.series[1].ys.tolist() == [2.5, 1.5, 1.75]
    assert "validation_loss: from 2.5 at epoch 1 to 1.75 at epoch 3; lowest 1.5 at epoch 2." in drawn.words()
    assert [s.name for s in History([{"epoch": 1, "loss": 2.0}]).plot().series] == ["loss"]


def test_columns_are_plotted_by_name():
    drawn = History(ROWS).plot("accuracy", "loss")
    assert [s.name for s in drawn.series] == ["accuracy", "loss"]


def test_a_curve_for_a_terminal():
    drawn = History(ROWS).curve("validation_loss", width=30, height=4)
    assert drawn.splitlines()[0].startswith("2.5 ┤")
    assert drawn.splitlines()[-1].split() == ["1", "3"]


def test_bad_names_and_nothing_to_show():
    history = History(ROWS)
    with pytest.raises(wk.ArgumentError, match="no column 'acuracy'") as caught:
        history.plot("acuracy")
    assert "'accuracy'" in str(caught.value)
    with pytest.raises(wk.ArgumentError, match="no column 'confusion'"):  # which is no number
        history.curve("confusion")
    with pytest.raises(wk.ArgumentError, match="no epoch has ended"):
        History().plot()
    with pytest.raises(wk.ArgumentError, match="not finite in every epoch"):
        History([{"epoch": 1, "loss": np.nan}]).curve()


def test_in_a_notebook():
    shown = History(ROWS)._repr_html_()
    assert shown is not None
    assert "<svg" in shown
    assert "<script" not in shown
    assert "<title>epoch 2\nloss 1\nvalidation_loss 1.5</title>" in shown  # where the pointer rests
    assert re.findall(r'<th scope="col">(.*?)</th>', shown) == [
        "epoch",
        "loss",
        "validation_loss",
        "accuracy",
        "seconds",
    ]
    assert shown.count('<th scope="row">') == 3
    assert "No epoch has ended." in (History()._repr_html_() or "")


def test_the_history_of_a_run():
    x = np.random.default_rng(0).normal(size=(40, 3))
    run = wk.fit(nn.Linear(3, 1, rng=0), x, x[:, :1], loss="mse", epochs=4, validation=0.25, progress=False)
    assert str(run.history).splitlines()[0].split() == ["epoch", "loss", "validation_loss", "seconds"]
    assert run.history.plot().series[0].ys.tolist() == run.history["loss"].tolist()
    assert run.evaluate()["loss"] == run.history[-1]["validation_loss"]
    bare = wk.fit(nn.Linear(3, 1, rng=0), x, x[:, :1], loss="mse", begin=False, progress=False)
    with pytest.raises(wk.ArgumentError, match="no validation data"):
        bare.evaluate()


# ── matplotlib ──


def test_a_figure_without_matplotlib_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(wk.MissingExtraError) as caught:
        History(ROWS).plot().figure()
    assert str(caught.value) == (
        "a figure needs the package 'matplotlib', which is not installed\n  Instead: pip install 'workings[plot]'"
    )


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs the extra plot")
def test_a_figure_of_matplotlib(tmp_path):
    figure = History(ROWS).plot().figure()
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert [line.get_label() for line in axes.lines] == ["loss", "validation_loss"]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 1.0, 0.5]
    figure.savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    found = wk.find_learning_rate(lambda w: w**2, {"w": 1.0})
    assert found.plot().figure().axes[0].get_xscale() == "log"


# ── progress ──


def bar(*events, capsys, monkeypatch) -> str:
    """What a terminal is shown of these events."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # as rich takes a pipe for a terminal
    progress = Progress()
    for event in events:
        progress(event)
    if progress._bar is not None:
        progress._bar.refresh()
    progress(Stopped(1, wk.Reason.STEPS, None, 1.0))
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)


def test_the_bar_says_epoch_losses_and_the_time_left(capsys, monkeypatch):
    started = Started(0, 50, "numpy", epoch=10)
    ended = EpochEnded(1, 10, {"loss": 0.5, "validation_loss": 0.625}, 0.9)
    shown = bar(
        started, Progressed(10, 0.5, 0.8), ended, Progressed(15, 0.25, 1.5), capsys=capsys, monkeypatch=monkeypatch
    )
    assert "epoch 2/5" in shown
    assert "15/50" in shown
    assert "loss 0.25" in shown
    assert "validation 0.625" in shown
    assert re.search(r"\d:\d\d:\d\d|-:--:--", shown)


def test_the_bar_of_a_function_has_no_epochs(capsys, monkeypatch):
    shown = bar(Started(0, 50, "numpy"), Progressed(10, 0.5, 0.8), capsys=capsys, monkeypatch=monkeypatch)
    assert "loss 0.5" in shown
    assert "epoch" not in shown
    assert "validation" not in shown


def test_a_short_run_has_no_bar(capsys, monkeypatch):
    assert bar(Started(0, 50, "numpy"), Progressed(10, 0.5, 0.1), capsys=capsys, monkeypatch=monkeypatch) == ""


def test_a_plot_is_said_and_saved(tmp_path):
    plot = History([{"epoch": 1, "loss": 4.0}, {"epoch": 2, "loss": 1.0}]).plot()
    assert str(plot) == plot.words()
    assert plot.save(tmp_path / "loss.svg").read_text(encoding="utf-8") == plot.svg()
    with pytest.raises(wk.ArgumentError) as caught:
        plot.save(tmp_path / "loss.png")
    assert caught.value.fix.endswith(".svg', or .figure().savefig(…)")


def test_a_history_is_plotted_and_not_drawn():
    with pytest.raises(wk.ArgumentError) as caught:
        wk.draw(History([{"epoch": 1, "loss": 4.0}]))
    assert caught.value.fix == "its method plot()"
