"""Where a run ends: stop conditions leave the loop at the very step they are met, however the steps are cut up."""

from __future__ import annotations

import numpy as np
import pytest

import workings as wk
from workings.train import Progressed, Reason, Started, Stopped

CHUNKS = [None, 1, 7, 1000]


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


def train(dtype=np.float64, **keywords):
    keywords = {"optimizer": wk.SGD(0.01), "steps": 5000, **keywords}
    return wk.train(loss, {"w": dtype(0.5)}, {"x": dtype(1.0), "expected": dtype(2.0)}, **keywords)


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_below_a_loss(dtype, chunk, engine):
    run = train(dtype, until_loss=0.04, chunk=chunk, engine=engine)
    assert run.reason is Reason.LOSS
    assert run.losses[-1] < 0.04 <= run.losses[-2]
    assert run.losses.dtype == run.parameters["w"].dtype == dtype
    if dtype is np.float64:
        assert run.steps == 101
        assert run.parameters["w"] == train(steps=101).parameters["w"]


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_loss_changes_no_more(dtype, chunk, engine):
    run = train(dtype, until_change=1e-3, chunk=chunk, engine=engine)
    assert run.reason is Reason.CHANGE
    changes = np.abs(np.diff(run.losses))
    assert changes[-1] < dtype(1e-3)
    assert np.all(changes[:-1] >= dtype(1e-3))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_whichever_is_met_first(chunk):
    both = {"until_loss": 0.04, "chunk": chunk}
    assert train(until_change=1e-9, **both).reason is Reason.LOSS
    assert train(until_change=0.05, **both).reason is Reason.CHANGE
    run = train(until_change=1e-9, steps=100, **both)
    assert (run.reason, run.steps) == (Reason.STEPS, 100)


@pytest.mark.parametrize("chunk", [101, 50, 7, 1])
def test_met_at_the_last_step_of_a_chunk_or_of_all(chunk):
    run = train(until_loss=0.04, steps=101, chunk=chunk)
    assert (run.reason, run.steps) == (Reason.LOSS, 101)
    again = train(until_loss=0.04, steps=202, chunk=chunk)
    assert (again.reason, again.steps) == (Reason.LOSS, 101)


def test_the_first_step_has_no_change():
    run = train(until_change=1e6)
    assert (run.reason, run.steps) == (Reason.CHANGE, 2)


def test_the_change_is_counted_across_legs():
    whole = train(until_change=1e-3)
    parts = train(until_change=1e-3, steps=5)
    while parts.reason is Reason.STEPS:
        parts.resume(3)
    assert (parts.steps, parts.reason) == (whole.steps, Reason.CHANGE)


def test_a_bound_can_be_changed_on_the_way_and_steps_before_it_explained():
    run = train(until_loss=1.0)
    met = run.steps
    assert run.resume(10).steps == met + 1  # still below the bound, so that it ends after each step
    run.resume(10).resume(10)
    assert run.steps == met + 3
    run.resume(1000, until_loss=0.5)
    assert run.losses[-1] < 0.5 <= run.losses[-2]
    assert run.settings == {"learning_rate": 0.01, "until_loss": 0.5}
    # the steps of a leg are run again through the steps at which it had stopped
    for step in (met - 1, met, met + 1, met + 2, met + 3, met + 5, run.steps):
        fresh = train(steps=step)
        assert str(run.explain(step)) == str(fresh.explain(step))


def test_a_loss_that_stays_where_it_is():
    run = train(optimizer=wk.SGD(0.0), until_change=1e-12)
    assert (run.reason, run.steps) == (Reason.CHANGE, 2)


def test_events_in_order():
    events = []
    run = train(steps=20, chunk=8, listeners=[events.append])
    assert [type(e) for e in events] == [Started, Progressed, Progressed, Progressed, Stopped]
    assert events[0] == Started(0, 20, "native")
    assert [e.step for e in events[1:4]] == [8, 16, 20]
    assert [e.loss for e in events[1:4]] == run.losses[[7, 15, 19]].tolist()
    seconds = [e.seconds for e in events[1:]]
    assert seconds == sorted(seconds)
    assert (events[4].step, events[4].reason, events[4].loss) == (20, Reason.STEPS, run.losses[-1])
    events.clear()
    run.resume(3)
    assert events[0] == Started(20, 23, "native")
    assert events[-1].step == 23


def test_events_of_a_run_that_ends_early():
    events = []
    train(until_loss=0.04, chunk=70, listeners=events.append)
    assert [e.step for e in events[1:]] == [70, 101, 101]
    assert events[-1].reason is Reason.LOSS
    assert str(events[-1].reason) == "the loss is below its bound"


def test_no_steps():
    events = []
    run = train(steps=0, listeners=events.append)
    assert repr(run) == "<run of loss: 0 steps, engine native>"
    assert events[-1].loss is None
    assert [type(e) for e in events] == [Started, Stopped]
    assert run.parameters["w"] == 0.5
    assert repr(run.resume(1)) == "<run of loss: 1 step, loss 2.25 → 2.25, engine native; the steps are spent>"
