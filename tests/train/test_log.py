"""The events of a run as lines of JSON."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest

import workings as wk
from workings import nn
from workings.train import EpochEnded, Progressed

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


def strict(text: str) -> list[dict]:
    """The lines, by a parser that takes only what JSON has."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def fitted(listeners, epochs=3):
    model = nn.Sequential(nn.Linear(3, 2, rng=0))
    settings = {"loss": "cross_entropy", "batch_size": 10, "engine": "numpy", "progress": False}
    return wk.fit(
        model, X, Y, epochs=epochs, validation=0.25, metrics="confusion_matrix", listeners=listeners, **settings
    )


def test_each_event_is_a_line(tmp_path):
    path, seen = tmp_path / "events.jsonl", []
    run = fitted([seen.append, wk.JsonLines(path)])
    lines = strict(path.read_text(encoding="utf-8"))
    assert [line["event"] for line in lines] == [type(event).__name__ for event in seen]
    assert lines[0] == {"event": "Started", "first": 0, "last": 9, "engine": "numpy", "epoch": 3}
    ended = [line for line in lines if line["event"] == "EpochEnded"]
    assert [line["epoch"] for line in ended] == [1, 2, 3]
    for line, row in zip(ended, run.history, strict=True):
        assert line["values"]["validation_loss"] == row["validation_loss"]
        assert line["values"]["confusion_matrix"] == np.asarray(row["confusion_matrix"]).tolist()
    assert lines[-1]["event"] == "Stopped"
    assert wk.Reason(lines[-1]["reason"]) is wk.Reason.STEPS


def test_a_file_is_appended_to(tmp_path):
    path = tmp_path / "events.jsonl"
    run = wk.train(lambda w: w**2, {"w": 1.0}, steps=5, listeners=wk.JsonLines(path))
    first = path.read_text()
    run.resume(5)
    assert path.read_text().startswith(first)
    assert [line["first"] for line in strict(path.read_text()) if line["event"] == "Started"] == [0, 5]


def test_a_line_is_there_while_the_run_goes_on(tmp_path):
    path, counts = tmp_path / "events.jsonl", []

    def count(event):
        counts.append(len(strict(path.read_text())))

    fitted([wk.JsonLines(path), count])
    assert counts == list(range(1, len(counts) + 1))


def test_a_path_stays_the_same_wherever_the_program_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    listener = wk.JsonLines("events.jsonl")
    monkeypatch.chdir(tmp_path / "other")
    listener(Progressed(1, 0.5, 0.1))
    assert strict((tmp_path / "events.jsonl").read_text()) == [
        {"event": "Progressed", "step": 1, "loss": 0.5, "seconds": 0.1}
    ]


def test_an_open_file_is_left_open():
    file = io.StringIO()
    wk.JsonLines(file)(Progressed(1, 0.5, 0.1))
    assert not file.closed
    assert len(strict(file.getvalue())) == 1


def test_numbers_that_json_has_not_are_texts():
    file = io.StringIO()
    values = {"loss": math.nan, "rates": np.array([[np.inf, 1.5]]), "low": np.float32(-np.inf), "count": np.int64(3)}
    wk.JsonLines(file)(EpochEnded(1, 10, values, 0.5))
    (line,) = strict(file.getvalue())
    assert line["values"] == {"loss": "nan", "rates": [["inf", 1.5]], "low": "-inf", "count": 3}
    assert math.isnan(float(line["values"]["loss"]))
    assert float(line["values"]["low"]) == -math.inf


def test_a_line_holds_no_line_end_and_letters_as_they_are():
    file = io.StringIO()
    wk.JsonLines(file)(EpochEnded(1, 10, {"müde\n": "a\nb"}, 0.5))
    assert file.getvalue().count("\n") == 1
    assert strict(file.getvalue())[0]["values"] == {"müde\n": "a\nb"}


@pytest.mark.parametrize(("file", "said"), [(3, "which is no file"), (None, "which is no file")])
def test_what_is_no_file(file, said):
    with pytest.raises(wk.ArgumentError, match=said):
        wk.JsonLines(file)


def test_a_place_that_cannot_be_written_is_known_before_the_run(tmp_path):
    with pytest.raises(wk.ArgumentError, match=r"events\.jsonl cannot be written: No such file or directory"):
        wk.JsonLines(tmp_path / "nowhere" / "events.jsonl")
    with pytest.raises(wk.ArgumentError, match="cannot be written"):
        wk.JsonLines(tmp_path)
