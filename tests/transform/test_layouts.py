"""The bits of a sum depend on how its terms lie in memory: plain NumPy, `jit` and a training run have to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.ops.checks import same_bits
from workings import functions
from workings.graph import Graph, call, input_node
from workings.graph.layouts import CONTIGUOUS, UNKNOWN
from workings.transform import simplify

ROWS, COLUMNS = 37, 53
SMALL = wk.SGD(1e-9)

# of x (37, 53), y (53, 37), r (53,) and q (3, 5, 7); each ends in sums taken in the order of memory
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "a flat copy in the old shape": lambda x, y, r, q: np.sum(np.exp(x.T).reshape(-1).reshape(53, 37)),
    "a flat copy of the input": lambda x, y, r, q: np.sum(x.ravel().reshape(x.shape) + 0.1),
    "three shapes": lambda x, y, r, q: np.sum(x.T.reshape(37, 53).reshape(-1).reshape(53, 37) * y),
    "cut and put back": lambda x, y, r, q: np.mean((x.T * y).reshape(53 * 37, 1).reshape(53, 37).T + x),
    "the same choice": lambda x, y, r, q: np.sum(np.where(y > 0, x.T, x.T) * 1.1),
    "the same choice of a column": lambda x, y, r, q: np.sum(np.where(r[:, None] > 0, y.T[:, :].T, y)),
    "times 1": lambda x, y, r, q: np.sum((x.T * 1)[:, ::2] * 1) + np.sum(x[:, ::2] * 1),
    "over 1": lambda x, y, r, q: np.sum(x[::2, 1:] / 1) + np.sum(y.T[1:] / 1.0),
    "minus 0": lambda x, y, r, q: np.sum(x[:, 3:40] - 0) * np.sum(q[:, :, ::2] - 0),
    "two signs": lambda x, y, r, q: np.sum(-np.negative(x[:, 5:])) + np.sum(-np.negative(q.transpose(2, 0, 1)[1:])),
    "two signs of a product": lambda x, y, r, q: np.sum((-np.broadcast_to(r, x.shape)) * (-y.T)),
    "two signs of a quotient": lambda x, y, r, q: np.sum((-np.broadcast_to(r, x.shape)) / (-(y.T))),
    "minus a negative": lambda x, y, r, q: np.sum(y.T - (-np.broadcast_to(r, x.shape))),
    "plus a negative": lambda x, y, r, q: np.sum((-np.broadcast_to(r, x.shape)) + y.T),
    "a sign turned": lambda x, y, r, q: np.sum(x.T * -1) + np.sum(y[1:, ::3] / -1),
    "a square of a sign": lambda x, y, r, q: np.sum((-x[:, ::2].T) ** 2),
    "a distance of a sign": lambda x, y, r, q: np.sum(np.abs(-x.T)) + np.sum(np.abs(np.abs(y.T))),
    "doubled": lambda x, y, r, q: np.sum(x.T[1:] + x.T[1:]) + np.sum(y.T * y.T),
    "the same type": lambda x, y, r, q: np.sum(x[:, ::2].astype(float)) + np.sum(x.T.astype(float)),
    "the same type, stretched": lambda x, y, r, q: np.sum(np.broadcast_to(r, x.shape).astype(float) * 0.1),
    "turned and back": lambda x, y, r, q: np.sum(np.transpose(np.transpose(q, (1, 2, 0)), (1, 2, 0)) * 0.1),
    "turned to where it was": lambda x, y, r, q: np.sum(np.exp(q).transpose(0, 1, 2).reshape(7, 15)),
    "stretched twice": lambda x, y, r, q: np.sum(np.broadcast_to(np.broadcast_to(r, (2, 53)), (37, 2, 53)) * r),
    "stretched by itself": lambda x, y, r, q: np.sum(np.broadcast_to(r, x.shape) * y.T),
    "one value in any shape": lambda x, y, r, q: np.sum(np.broadcast_to(r[0], (6, 4)).reshape(8, 3) * 0.1),
    "a row and a column": lambda x, y, r, q: np.sum((x[:1] * 1) + (y[:, :1] - 0)),
    "reversed": lambda x, y, r, q: np.sum(np.flip(x, 1) * 1) + np.sum(x[::-1, ::-1].reshape(-1).reshape(37, 53)),
    "joined": lambda x, y, r, q: np.sum(np.concatenate([x.T * 1, y]) * 0.1) + np.sum(np.stack([-np.negative(x.T), y])),
    "a product of matrices": lambda x, y, r, q: np.sum((x * 1) @ (y.T * 1).T) + np.sum((x.T * y) @ r[:37]),
    "sums of sums": lambda x, y, r, q: np.sum(np.sum(q.transpose(1, 2, 0) * 1, axis=1) * 1.1),
    "along an axis": lambda x, y, r, q: np.sum(np.cumsum(x.T, axis=0).reshape(-1).reshape(53, 37)),
    "a spread": lambda x, y, r, q: functions.std(x.T.reshape(-1).reshape(53, 37)) + functions.softmax(y.T * 1)[3, 3],
}


def _arrays() -> list[np.ndarray]:
    rng = np.random.default_rng(11)
    return [rng.normal(size=s) for s in ((ROWS, COLUMNS), (COLUMNS, ROWS), (COLUMNS,), (3, 5, 7))]


def _turned(x: np.ndarray) -> np.ndarray:
    """The same values, which lie column by column."""
    return np.asfortranarray(x)


def _gaps(x: np.ndarray) -> np.ndarray:
    """The same values, each beside another that does not belong to them."""
    return np.repeat(x, 2, axis=-1)[..., ::2]


def _middle(x: np.ndarray) -> np.ndarray:
    """The same values, whose last axis is neither the first nor the last in memory."""
    order = (1, 0) if x.ndim == 2 else (2, 0, 1)[: x.ndim] if x.ndim == 3 else (0,)
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


LAYOUTS = {"rows": np.ascontiguousarray, "columns": _turned, "gaps": _gaps, "middle": _middle}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_plain_function_and_jit_give_the_same_bits(name: str, layout: str) -> None:
    given = [LAYOUTS[layout](x) for x in _arrays()]
    wanted = FUNCTIONS[name](*given)
    for engine in ("numpy", "reference"):
        assert same_bits(wk.jit(FUNCTIONS[name], engine=engine)(*given), wanted), engine


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_training_gives_the_bits_of_the_plain_function_on_rows(name: str, layout: str, engine: str) -> None:
    """A run lays out row by row whatever it is given; so how the user's arrays lie does not matter to it."""
    f = FUNCTIONS[name]

    def loss(w: Any, y: Any) -> Any:
        # a run asks that the loss depends on each parameter
        used = 0.5 * (w["x"][0, 0] + w["r"][0] + w["q"][0, 0, 0])
        return f(w["x"], y, w["r"], w["q"]) + used

    x, y, r, q = map(LAYOUTS[layout], _arrays())
    rows = [np.ascontiguousarray(a) for a in (x, y, r, q)]
    run = wk.train(loss, {"w": {"x": x, "r": r, "q": q}}, {"y": y}, steps=1, optimizer=SMALL, engine=engine)
    given = {"x": rows[0], "r": rows[2], "q": rows[3]}
    assert same_bits(np.float64(run.losses[0]), loss(given, rows[1]))
    gradients = wk.jit(wk.grad(loss), engine="reference")(given, rows[1])
    for key, start in given.items():
        assert same_bits(run.parameters["w"][key], start - SMALL.learning_rate * gradients[key])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_those_of_jit(name: str, layout: str) -> None:
    given = [LAYOUTS[layout](x) for x in _arrays()]
    gradient = wk.grad(FUNCTIONS[name])
    wanted = gradient(*given)
    for engine in ("numpy", "reference"):
        assert same_bits(wk.jit(gradient, engine=engine)(*given), wanted), engine


def test_a_value_of_a_run_is_taken_of_rows() -> None:
    x = _arrays()[0]

    def loss(w: Any, x: Any) -> Any:
        total = np.sum(np.exp(w * x))
        return total

    run = wk.train(loss, {"w": 0.5}, {"x": x}, steps=1, optimizer=SMALL, engine="numpy")
    w = run.parameters["w"]
    assert same_bits(run.value("total", x=np.asfortranarray(x)), loss(w, x))


# ── when a rule is applied ──────────────────────────────────────────────────────────────────────────────────


def test_what_may_move_in_memory_stays_and_what_cannot_goes() -> None:
    x = input_node("x", (2, 3), np.float64)
    flat = call("reshape", call("reshape", x, shape=(6,)), shape=(3, 2))
    once = call("multiply", x, 1)
    own = call("multiply", call("exp", x), 1)
    for node, unknown in ((flat, 0), (once, 0), (own, 1)):
        assert len(simplify(Graph([x], [node]), inputs=UNKNOWN).notes) == unknown
        assert len(simplify(Graph([x], [node]), inputs=CONTIGUOUS).notes) == 1
