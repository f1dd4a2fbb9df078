"""The figures of one neuron, to the last bit: start values, a nudge in the wrong direction, 100 steps, 100 more."""

from __future__ import annotations

import numpy as np
import pytest

import workings as wk

ENGINES = ["numpy", "reference", "native"]
PARAMETERS = {"w": 0.5}
DATA = {"x": 1.0, "expected": 2.0}

# the losses of steps 100 to 147
LOSSES = [
    0.03957287986287364,
    0.0380057938203038,
    0.03650076438501975,
    0.035055334115372976,
    0.033667142884404186,
    0.03233392402618175,
    0.03105350063474499,
    0.02982378200960908,
    0.028642760242028557,
    0.02750850693644425,
    0.02641917006176105,
    0.025372970927315296,
    0.024368201278593637,
    0.0234032205079613,
    0.02247645297584601,
    0.021586385438002488,
    0.02073156457465762,
    0.01991059461750116,
    0.019122135070648125,
    0.018364898521850456,
    0.017637648540385166,
    0.01693919765818591,
    0.016268405430921742,
    0.015624176575857253,
    0.015005459183453283,
    0.014411242999788559,
    0.013840557776996946,
    0.013292471689027856,
    0.012766089810142366,
    0.01226055265366075,
    0.0117750347685758,
    0.011308743391740202,
    0.010860917153427276,
    0.010430824834151569,
    0.010017764170719161,
    0.009621060709558673,
    0.009240066705460138,
    0.008874160063923924,
    0.008522743325392549,
    0.00818524268970699,
    0.00786110707919461,
    0.00754980723885851,
    0.007250834872199707,
    0.006963701811260583,
    0.0066879392195346625,
    0.006423096826441072,
    0.006168742192114011,
    0.0059244600013063035,
]


def difference(w, x, expected):
    y = w * x
    loss = y - expected
    return loss


def squared(w, x, expected):
    y = w * x
    loss = (y - expected) ** 2
    return loss


@pytest.mark.parametrize("engine", ENGINES)
def test_the_difference_as_a_loss_gets_worse(engine):
    run = wk.train(difference, PARAMETERS, DATA, optimizer=wk.SGD(0.01), steps=2, engine=engine)
    assert run.losses.tolist() == [-1.5, -1.51]
    once = wk.train(difference, PARAMETERS, DATA, optimizer=wk.SGD(0.01), steps=1, engine=engine)
    assert once.parameters["w"] == 0.49
    assert once.value("d_w") == 1.0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_square_and_its_slope_at_the_start(engine):
    run = wk.train(squared, PARAMETERS, DATA, optimizer=wk.SGD(0.01), steps=0, engine=engine)
    assert run.losses.tolist() == []
    assert run.value("y") == 0.5
    assert run.value("loss") == 2.25
    assert run.value("d_w") == -3.0
    assert run.resume(1).parameters["w"] == 0.53
    assert run.losses.tolist() == [2.25]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("chunk", [None, 1, 7, 1000])
def test_a_hundred_steps_and_a_hundred_more(engine, chunk):
    run = wk.train(squared, PARAMETERS, DATA, optimizer=wk.SGD(0.01), steps=100, engine=engine, chunk=chunk)
    assert run.parameters["w"] == 1.80107066615787
    assert run.resume(steps=100, chunk=chunk) is run
    assert len(LOSSES) == 48
    assert run.losses[100:148].tolist() == LOSSES
    assert run.steps == len(run.losses) == 200
    assert run.parameters["w"] == 1.9736180800914178
    assert run.value("y", x=3.0) == 5.920854240274253
    assert type(run.parameters["w"]) is np.float64


def test_the_written_program_is_the_run():
    run = wk.train(squared, PARAMETERS, DATA, steps=200)
    scope = {"__name__": "elsewhere"}
    exec(run.source("python"), scope)
    losses = np.empty(200)
    w, step = scope["train"](np.float64(0.5), np.float64(1.0), np.float64(2.0), np.float64(0.01), losses, 0, 200)
    assert (w, step) == (1.9736180800914178, 200)
    assert losses.tobytes() == run.losses.tobytes()


def test_the_derivation_of_the_first_step():
    run = wk.train(squared, PARAMETERS, DATA, steps=100).resume(steps=100)
    text = str(run.explain(step=0))
    assert "dloss/dw = dloss/dz · dz/dy · dy/dw = 2z · 1 · x = 2 (y − expected) x = −3" in text


def test_in_plain_python_it_is_the_same():
    w = 0.5
    losses = []
    for _ in range(200):
        y = w * 1.0
        losses.append((y - 2.0) * (y - 2.0))
        w = w - 0.01 * (2 * (y - 2.0) * 1.0)
    assert wk.train(squared, PARAMETERS, DATA, steps=200).losses.tolist() == losses
