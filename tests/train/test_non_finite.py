"""Inf and nan: the run stops at the very step, keeps what was learned before, and names the first culprit."""

from __future__ import annotations

import multiprocessing
import pickle
import traceback
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import workings as wk
from workings.errors import NonFiniteError
from workings.train import Reason, Stopped


def parabola(w, x):
    y = w * x
    loss = y**2
    return loss


def growing(w, x):
    y = w * x
    loss = np.mean(np.exp(y))
    return loss


def root(w, x):
    r = np.sqrt(w * x)
    loss = r + 1.0
    return loss


def steep(w, x):
    y = w * x
    loss = np.sum(y)
    return loss


def attention(w, x):
    mask = np.triu(np.full((3, 3), -np.inf), 1)
    scores = np.outer(x, x) * w + mask
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    weights = e / np.sum(e, axis=1, keepdims=True)
    return np.mean((weights @ x - 1) ** 2)


def fails(*arguments, **keywords):
    with pytest.raises(NonFiniteError) as caught:
        wk.train(*arguments, **keywords)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def at(error):
    """The message without the place of the file."""
    return str(error).replace(f"{__file__}, ", "")


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("chunk", [None, 1, 7, 1000])
def test_a_rate_too_large(chunk, engine):
    error = fails(parabola, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(0.1), steps=2000, chunk=chunk, engine=engine)
    assert at(error) == (
        "step 120: loss is inf, made by square from y = 2.8211885615580233e+154\n"
        f"  at line {error.where.line}, in parabola:\n"
        "      loss = y**2\n"
        "             ^^^^\n"
        "  Instead: a smaller learning rate than 0.1, so that the values do not grow from step to step"
    )
    assert error.step == error.run.steps == len(error.run.losses) == 120
    assert error.node.name == "loss"
    assert error.values == {"y": 2.8211885615580233e154}
    before = wk.train(parabola, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(0.1), steps=120)
    assert error.run.parameters == before.parameters
    assert error.run.losses.tobytes() == before.losses.tobytes()
    assert error.run.reason is Reason.NON_FINITE


def test_an_update_that_went_too_far_can_be_done_again_with_a_smaller_rate():
    error = fails(steep, {"w": 1.0}, {"x": 1e5}, optimizer=wk.SGD(1e304))
    run = error.run.resume(10, learning_rate=1e-6)
    assert (run.steps, run.reason) == (10, Reason.STEPS)
    assert (
        run.losses.tobytes()
        == wk.train(steep, {"w": 1.0}, {"x": 1e5}, optimizer=wk.SGD(1e-6), steps=10).losses.tobytes()
    )


def test_after_a_resume():
    run = wk.train(parabola, {"w": 1.0}, {"x": 1.0}, steps=10)
    carried = []
    run._listeners = (carried.append,)
    with pytest.raises(NonFiniteError) as caught:
        run.resume(2000, learning_rate=50.0)
    assert caught.value.run is run
    assert caught.value.step == run.steps == 88
    assert isinstance(carried[-1], Stopped)
    assert (carried[-1].step, carried[-1].reason, carried[-1].loss) == (88, Reason.NON_FINITE, run.losses[-1])


def test_in_the_forward_pass_of_the_first_step_in_an_array():
    error = fails(growing, {"w": 1.0}, {"x": np.array([1.0, 1000.0])})
    assert at(error) == (
        "step 0: z[1] is inf, made by exp from y[1] = 1000.0\n"
        f"  at line {error.where.line}, in growing:\n"
        "      loss = np.mean(np.exp(y))\n"
        "                     ^^^^^^^^^\n"
        "  Instead: workings.functions.softmax, log_softmax or logsumexp, which take the largest value out first"
    )
    assert error.run.steps == error.step == 0
    assert error.run.parameters == {"w": 1.0}
    assert error.values["y"].tolist() == [1.0, 1000.0]


def test_in_the_backward_pass():
    error = fails(root, {"w": 0.0}, {"x": 1.0})
    assert at(error) == (
        "step 0: d_z is inf, made by divide from 1.0 and g = 0.0, in the backward pass, where the derivative "
        "passes r\n"
        f"  at line {error.where.line}, in root:\n"
        "      r = np.sqrt(w * x)\n"
        "          ^^^^^^^^^^^^^^\n"
        "  Instead: a value that stays above 0; the slope of a root is infinite there"
    )
    assert error.run.parameters == {"w": 0.0}


def test_in_the_update():
    start = {"w": np.array([[1.0, 3e38]], np.float32)}
    error = fails(steep, start, {"x": np.array([[1.0, -1.0]], np.float32)}, optimizer=wk.SGD(1e38))
    assert error.step == 0
    assert error.values["w"].tolist() == start["w"].tolist()
    message = str(error)
    assert "[0, 1] is inf, made by subtract from w[0, 1] = 3e+38 and " in message.replace("3.0e+38", "3e+38")
    assert "other start values, or data of a smaller scale" in message
    assert error.run.parameters["w"].tolist() == start["w"].tolist()


def test_minus_infinity_of_a_mask_is_no_culprit():
    x = np.array([1.0, 2.0, 3.0])
    assert wk.train(attention, {"w": 1.0}, {"x": x}).steps == 100
    error = fails(lambda w, x: attention(w, x) + np.log(w - 1.0), {"w": 1.0}, {"x": x})
    assert "is -inf, made by log from " in str(error)
    assert error.node.op.name == "log"


def test_the_culprit_is_found_among_values_that_a_mask_made():
    def loss(w, x):
        scores = x * w + np.array([-np.inf, 0.0])
        low = np.log(w - 1.0)
        return np.sum(scores + low)

    error = fails(loss, {"w": 1.0}, {"x": np.ones(2)})
    assert error.problem == "step 0: low is -inf, made by log from z_2 = 0.0"


def test_all_masked():
    def loss(w, x):
        hidden = x * w + np.full(3, -np.inf)
        e = np.exp(hidden)
        p = e / np.sum(e)
        return np.mean(p)

    error = fails(loss, {"w": 1.0}, {"x": np.ones(3)})
    assert error.problem == "step 0: p[0] is nan, made by divide from e[0] = 0.0 and z_2 = 0.0"
    assert error.fix == "a divisor that cannot reach 0"


def test_infinite_data_make_a_nan():
    error = fails(steep, {"w": 0.0}, {"x": np.array([1.0, np.inf])})
    assert error.problem == "step 0: y[1] is nan, made by multiply from w = 0.0 and x[1] = inf"


def test_shapes_that_differ():
    def loss(w, x):
        y = x @ w
        return np.sum(y)

    error = fails(loss, {"w": np.array([1e308, 1e308])}, {"x": np.full((3, 2), 10.0)})
    assert error.problem == (
        "step 0: y[0] is inf, made by matmul from x between 10 and 10, shape (3, 2) and w between 1e+308 and 1e+308, "
        "shape (2,)"
    )


def test_what_the_reference_does_not_find(monkeypatch):
    run = wk.train(parabola, {"w": 1.0}, {"x": 1.0}, steps=3)

    def broken(carry, data, settings, losses, first, last):
        if last > 4:
            losses[4] = np.nan
            return carry, 5
        return carry, last

    monkeypatch.setattr(run._engine, "run", broken)
    with pytest.raises(NonFiniteError) as caught:
        run.resume(5, chunk=1)
    assert str(caught.value) == (
        "step 4: a value is not finite, and the reference engine does not find it so\n"
        "  Instead: engine='reference', to see whether it is met there"
    )
    assert run.steps == 4


def test_it_goes_through_pickle_with_its_message():
    error = fails(parabola, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(0.1), steps=2000)
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.step, copy.values, copy.run, copy.node) == (120, error.values, None, None)


def diverge(rate):
    return wk.train(parabola, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(rate), steps=2000).steps


def test_it_comes_back_from_another_process():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with pytest.raises(NonFiniteError, match="step 120: loss is inf"):
            pool.submit(diverge, 0.1).result()
        assert pool.submit(diverge, 0.001).result() == 2000


def test_it_can_be_raised_from():
    error = fails(parabola, {"w": 1.0}, {"x": 10.0}, optimizer=wk.SGD(0.1), steps=2000)
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError("no model") from error
    assert "step 120: loss is inf" in "".join(traceback.format_exception(caught.value))
