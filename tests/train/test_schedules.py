"""Learning rates as functions of the step: values worked out by hand, traced and for arrays of steps."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError
from workings.graph import evaluate

S = wk.schedules
COS = (1 + math.cos(math.pi / 4)) / 2  # a quarter of the way down

BY_HAND = {
    "constant": (S.Constant(0.2), {0: 0.2, 9: 0.2}),
    "warm-up": (S.Constant(0.2, warmup=4), {0: 0.05, 1: 0.1, 3: 0.2, 4: 0.2, 99: 0.2}),
    "step decay": (S.StepDecay(0.2, every=10, factor=0.5), {0: 0.2, 9: 0.2, 10: 0.1, 25: 0.05}),
    "step decay, warm": (S.StepDecay(0.2, every=10, factor=0.5, warmup=2), {0: 0.1, 1: 0.2, 11: 0.2, 12: 0.1}),
    "exponential": (S.Exponential(0.2, factor=0.5), {0: 0.2, 1: 0.1, 3: 0.025}),
    "exponential, slow": (S.Exponential(0.2, factor=0.25, every=2, warmup=1), {0: 0.2, 1: 0.2, 2: 0.1, 3: 0.05}),
    "cosine": (S.Cosine(0.2, steps=8), {0: 0.2, 2: 0.2 * COS, 4: 0.1, 8: 0.0, 100: 0.0}),
    "cosine to a floor": (S.Cosine(0.2, steps=8, floor=0.5), {0: 0.2, 4: 0.15, 8: 0.1, 100: 0.1}),
    "cosine, warm": (S.Cosine(0.2, steps=10, warmup=2), {0: 0.1, 1: 0.2, 2: 0.2, 4: 0.2 * COS, 6: 0.1, 10: 0.0}),
    "line": (S.Polynomial(0.2, steps=4), {0: 0.2, 1: 0.15, 3: 0.05, 4: 0.0, 5: 0.0}),
    "parabola": (S.Polynomial(0.2, steps=4, power=2, floor=0.2), {0: 0.2, 2: 0.2 * (0.2 + 0.8 / 4), 4: 0.04, 9: 0.04}),
    "one cycle": (
        S.OneCycle(0.2, steps=11, rise=5 / 11, first=0.5, last=0.1),  # the peak is at step 4, the end at step 10
        {0: 0.1, 2: 0.15, 4: 0.2, 7: 0.11, 10: 0.02, 99: 0.02},
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_by_hand(case):
    schedule, wanted = BY_HAND[case]
    for step, rate in wanted.items():
        for given in (step, np.int64(step)):
            found = schedule(given)
            assert np.ndim(found) == 0
            assert float(found) == pytest.approx(rate, rel=1e-14, abs=1e-17)
    steps = np.array(list(wanted))
    np.testing.assert_allclose(schedule(steps), list(wanted.values()), rtol=1e-14, atol=1e-17)
    # the base may be changed, and the whole schedule follows
    np.testing.assert_allclose(schedule.rate(0.4, steps), 2 * np.array(list(wanted.values())), rtol=1e-14, atol=1e-17)


@pytest.mark.parametrize("case", BY_HAND)
def test_traced(case):
    schedule, _ = BY_HAND[case]
    graph = wk.trace(schedule.rate, 0.1, np.int64(0))
    assert (graph.outputs[0].shape, graph.outputs[0].dtype) == ((), np.float64)
    for step in range(30):
        (traced,) = evaluate(graph, [np.float64(0.2), np.int64(step)])
        assert traced == schedule.rate(0.2, np.int64(step))


@pytest.mark.parametrize("case", BY_HAND)
def test_as_the_rate_of_an_optimizer(case):
    schedule, _ = BY_HAND[case]
    for rule in (wk.SGD, wk.Adam, wk.AdamW, wk.NAdam, wk.RMSProp, wk.Adagrad, wk.Lion, wk.Muon):
        assert rule(schedule).settings()["learning_rate"] == 0.2
        assert rule(schedule).learning_rate is schedule


REFUSED = {
    "a negative rate": (
        lambda: S.Constant(-0.1),
        "learning_rate is -0.1; it must not be negative\n"
        "  Instead: learning_rate=0.1; the minus sign is in the update already",
    ),
    "a negative warm-up": (
        lambda: S.Constant(0.1, warmup=-1),
        "warmup is -1; it is a whole number, 0 or more\n  Instead: warmup=0",
    ),
    "no steps": (lambda: S.Cosine(0.1, steps=0), "steps is 0; it is a whole number, 1 or more\n  Instead: steps=1"),
    "steps that are no count": (
        lambda: S.Polynomial(0.1, steps=1e3),
        "steps is 1000.0; it is a whole number, 1 or more\n  Instead: steps=1",
    ),
    "a warm-up that is all": (
        lambda: S.Cosine(0.1, steps=100, warmup=100),
        "steps is 100 and warmup is 100; the warm-up is a part of the steps\n"
        "  Instead: steps=200, or a shorter warm-up",
    ),
    "a floor that is a rate": (
        lambda: S.Cosine(0.1, steps=100, floor=2),
        "floor is 2; it is a share of the learning rate, between 0 and 1\n  Instead: floor=0.1",
    ),
    "no factor": (
        lambda: S.StepDecay(0.1, every=5, factor=0),
        "factor is 0; a rate stays above 0\n  Instead: factor=0.1",
    ),
    "a negative factor": (
        lambda: S.Exponential(0.1, factor=-0.5),
        "factor is -0.5; a rate stays above 0\n  Instead: factor=0.1",
    ),
    "no power": (
        lambda: S.Polynomial(0.1, steps=10, power=0),
        "power is 0; the rate falls with a power above 0\n  Instead: power=1.0",
    ),
    "no rise": (
        lambda: S.OneCycle(0.1, steps=10, rise=1.0),
        "rise is 1; it is a share of the steps, between 0 and 1\n  Instead: rise=0.3",
    ),
    "a cycle too short": (
        lambda: S.OneCycle(0.1, steps=3),
        "steps is 3, in which there is no room to rise for a share of 0.3\n  Instead: steps=4, or more",
    ),
    "a factor that raises": (
        lambda: S.ReduceOnPlateau(factor=1.5),
        "factor is 1.5; it is a share of the learning rate, between 0 and 1\n  Instead: factor=0.1",
    ),
    "an unknown mode": (
        lambda: S.ReduceOnPlateau(mode="least"),
        'mode is \'least\'; less is better, or more\n  Instead: mode="min", or mode="max"',
    ),
    "no patience": (
        lambda: S.ReduceOnPlateau(patience=-1),
        "patience is -1; it is a whole number, 0 or more\n  Instead: patience=0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == message


# ── plateaus ──


def scales(rule, values):
    state, found = S.Plateau(), []
    for value in values:
        scale, state = rule.after(value, state)
        found.append(scale)
    return found, state


def test_a_plateau_is_left_after_the_patience():
    rule = S.ReduceOnPlateau(factor=0.5, patience=2)
    found, state = scales(rule, [5.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0])
    assert found == [1, 1, 1, 1, 0.5, 1, 1, 0.5, 1]
    assert state == S.Plateau(best=3.0, waited=0, resting=0, scale=0.25)


def test_a_cooldown_lets_values_pass():
    rule = S.ReduceOnPlateau(factor=0.5, patience=0, cooldown=2)
    assert scales(rule, [4.0] * 8)[0] == [1, 0.5, 1, 1, 0.5, 1, 1, 0.5]


def test_better_by_less_than_the_threshold_is_no_better():
    rule = S.ReduceOnPlateau(factor=0.5, patience=0, threshold=0.1)
    assert scales(rule, [10.0, 9.5, 8.9, 8.2])[0] == [1, 0.5, 1, 0.5]
    # the same for a value that is to grow, and for one below 0
    assert scales(S.ReduceOnPlateau(0.5, 0, 0.1, mode="max"), [10.0, 10.5, 11.1, 12.0])[0] == [1, 0.5, 1, 0.5]
    assert scales(rule, [-10.0, -10.5, -11.1, -12.0])[0] == [1, 0.5, 1, 0.5]


def test_the_rate_is_not_reduced_below_the_minimum():
    rule = S.ReduceOnPlateau(factor=0.1, patience=0, minimum=0.05)
    found, state = scales(rule, [1.0] * 4)
    assert found == pytest.approx([1, 0.1, 0.5, 1])
    assert state.scale == 0.05


def test_nan_is_no_better():
    found, state = scales(S.ReduceOnPlateau(factor=0.5, patience=1), [math.nan, math.nan, 2.0, math.nan, math.nan])
    assert found == [1, 0.5, 1, 1, 0.5]
    assert state.best == 2.0


def test_where_it_stands_can_be_written_down():
    rule = S.ReduceOnPlateau(factor=0.5, patience=3, cooldown=1)
    values = [3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.5, 2.5, 1.0]
    whole, end = scales(rule, values)
    state, found = S.Plateau(), []
    for value in values:
        scale, state = rule.after(value, S.Plateau(*json.loads(json.dumps(state))))
        found.append(scale)
    assert (found, state) == (whole, end)


def test_every_schedule_is_tested():
    named = {getattr(S, name) for name in S.__all__}
    kinds = {kind for kind in named if issubclass(kind, S.Schedule) and kind is not S.Schedule}
    assert {type(schedule) for schedule, _ in BY_HAND.values()} == kinds
