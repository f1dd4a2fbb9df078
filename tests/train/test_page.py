"""The page of a run: recorded steps are those of the run, bit for bit."""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np
import pytest

import workings as wk
from workings.explain.frames import joined, restored
from workings.explain.html import parts
from workings.train.record import spread
from workings.write.ids import Ids
from workings.write.values import value_text


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def run_of(steps, **options):
    return wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, steps=steps, **options)


def data_of(page):
    packed = re.search(r'id="wk-data">([^<]*)</script>', page.html)[1]
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def listed(data, what, at):
    markup = restored(data[what], data["strings"], data["columns"], at)
    section = data[what]
    codes, next_ = [sum(data["columns"][place][: at + 1]) for place in section["columns"]], 1
    found = {}
    for key in data["order"]:
        texts = section["rows"][codes[next_]].split("\x00")
        next_ += 1
        numbers = [data["strings"][c] for c in codes[next_ : next_ + len(texts) - 1]]
        next_ += len(texts) - 1
        found[key] = texts[0] + "".join(n + t for n, t in zip(numbers, texts[1:], strict=True))
    assert "".join(found.values()) == markup
    return found


def test_every_recorded_step_has_the_numbers_of_the_run():
    run = run_of(40)
    data = data_of(run.page())
    ids = Ids(run.program.step)
    w, d_w = run.program.step.inputs[0], run.program.gradients[run.program.step.inputs[0]]
    assert data["steps"] == list(range(41))
    for at, step in enumerate(data["steps"]):
        other = run_of(step)  # a run of its own, stopped there
        values = listed(data, "values", at)
        assert values[ids(w)] == value_text(np.float64(other.parameters["w"]))
        gradient = 2 * (other.parameters["w"] * 1.0 - 2.0)
        assert values[ids(d_w)] == value_text(np.float64(gradient))
        assert listed(data, "gradients", at)[ids(w)] == value_text(np.float64(gradient))
    assert data["losses"][:40] == [value_text(v) for v in run.losses]


def test_the_sections_at_a_recorded_step_are_those_of_its_derivation():
    run = run_of(30)
    data = data_of(run.page(steps=7))
    ids = Ids(run.program.step)
    assert data["steps"] == [0, 5, 10, 15, 20, 25, 30]
    for at, step in enumerate(data["steps"]):
        for part in parts(run.explain(step), ids):
            assert restored(data["sections"][part.key], data["strings"], data["columns"], at) == joined(part.body)


def test_a_run_that_was_resumed_with_another_rate_is_recorded_as_it_went():
    run = run_of(10).resume(10, learning_rate=0.1)
    data = data_of(run.page())
    w = Ids(run.program.step)(run.program.step.inputs[0])
    twelve = run_of(10).resume(2, learning_rate=0.1)
    assert listed(data, "values", 12)[w] == value_text(np.float64(twelve.parameters["w"]))


def test_steps_are_spread_over_the_run():
    assert spread(3, 100) == [0, 1, 2, 3]
    assert spread(200, 5) == [0, 50, 100, 150, 200]
    assert spread(7, 1) == [0]
    assert spread(0, 5) == [0]
    assert len(spread(10**9, 100)) == 100


@pytest.mark.parametrize("steps", [0, -1, 1.5, True, "3"])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    with pytest.raises(wk.ArgumentError, match="a page shows 1 step or more"):
        run_of(1).page(steps)


def test_a_run_that_has_not_begun_has_a_page():
    assert "slider" not in run_of(0).page().title
    assert data_of(run_of(0).page())["steps"] == [0]


def test_steps_with_a_smaller_batch_are_left_out():
    def batched(steps):
        rows = {"x": np.arange(1.0, 8.0), "expected": np.ones(7)}
        return wk.train(
            lambda w, x, expected: np.mean((w * x - expected) ** 2), {"w": 0.5}, rows, batch_size=3, steps=steps
        )

    run = batched(8)  # the next step is the last of an epoch
    assert data_of(run.page())["steps"] == [0, 1, 3, 4, 6, 7]
    assert data_of(run.page(steps=1))["steps"] == [0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(run), "_first", 8)
        assert data_of(run.page())["steps"] == [8]


def test_a_page_is_saved_whole_under_a_name_of_a_page(tmp_path):
    page = run_of(2).page()
    assert page.save(tmp_path / "neuron.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(wk.ArgumentError, match="no name for a page"):
        page.save(tmp_path / "neuron.py")
    assert [p.name for p in tmp_path.iterdir()] == ["neuron.html"]


def test_the_same_run_has_the_same_page():
    assert run_of(5).page().html == run_of(5).page().html


def test_two_hundred_recorded_steps_are_a_few_hundred_kilobytes():
    assert len(run_of(200).page(201).html.encode()) < 300_000
