"""Every layer: its value, its gradient, the same on plain arrays as in a trace, and all that reads a graph."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.nn.cases import CASES, example, options
from workings import nn, random
from workings.graph import evaluate, verify
from workings.trace.trees import rebuild

NAMES = list(CASES)


def calling(name: str) -> Callable[[Any, Any], Any]:
    """A function of the layer and its inputs, as in training if the case is."""

    def call(model: Any, inputs: Any) -> Any:
        with random.drawing(random.key(3)) if CASES[name].training else contextlib.nullcontext():
            return model(*inputs, **options(name))

    return call


def weighing(name: str) -> Callable[[Any, Any], Any]:
    """A scalar to which each element of the result adds with another weight."""
    call = calling(name)
    weights = np.random.default_rng(9).normal(size=np.shape(call(*example(name))))

    def loss(model: Any, inputs: Any) -> Any:
        y = call(model, inputs)
        return np.sum(y * weights.astype(y.dtype))

    return loss


def test_every_layer_has_a_case() -> None:
    kinds = {name: getattr(nn, name) for name in nn.__all__}
    modules = {name for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, nn.Module)}
    assert modules - {"Module"} == {name.partition(",")[0] for name in CASES}


@pytest.mark.parametrize("name", [n for n in NAMES if CASES[n].formula is not None])
def test_value(name: str) -> None:
    layer, inputs = example(name)
    formula = CASES[name].formula
    assert formula is not None
    wanted = formula(layer, *inputs, **options(name))
    np.testing.assert_allclose(calling(name)(layer, inputs), wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_gradient(name: str) -> None:
    layer, inputs = example(name)
    if name == "Embedding":
        check = wk.check_gradient(weighing(name), layer, inputs, wrt=0)
    else:
        check = wk.check_gradient(weighing(name), layer, inputs)
    assert check.ok, str(check)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_plain_arrays_and_a_trace_give_the_same_bits(name: str, dtype: Any) -> None:
    layer, inputs = example(name, dtype)
    graph = wk.trace(calling(name), layer, inputs)
    verify(graph)
    (traced,) = evaluate(graph, [*layer.parameters().values(), *layer.states().values(), *inputs])
    plain = calling(name)(layer, inputs)
    assert plain.dtype == traced.dtype == dtype
    assert np.asarray(traced).tobytes() == np.asarray(plain).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_scopes_and_names_are_those_of_the_model(name: str) -> None:
    layer, inputs = example(name)
    graph = wk.trace(calling(name), layer, inputs)
    names = [*layer.parameters(), *layer.states()]
    assert [n.name for n in graph.inputs[: len(names)]] == names
    made = [n for n in graph.nodes if n.inputs]
    assert all(n.scope[:1] == ("model",) for n in made)
    assert not any("__call__" in part or part.startswith("_") for n in made for part in n.scope)
    assert all(n.origin is not None and n.origin.file == __file__ for n in made)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_trained_written_derived_and_drawn(name: str) -> None:
    layer, inputs = example(name, np.float32)
    call = calling(name)
    scale = np.ones(np.shape(call(layer, inputs))[-1], np.float32)

    parameters: dict[str, Any]

    def loss(scale: Any, model: Any, inputs: Any) -> Any:
        return np.mean(np.square(call(model, inputs) * scale))

    if layer.states():  # what carries them from step to step is `fit`; here they stay as they are

        def loss(scale: Any, weights: Any, inputs: Any) -> Any:
            model = rebuild(layer, lambda path, leaf: weights.get(".".join(path), leaf))
            return np.mean(np.square(call(model, inputs) * scale))

        parameters, data = {"scale": scale, "weights": layer.parameters()}, {"inputs": inputs}
    elif layer.parameters():
        parameters, data = {"scale": scale, "model": layer}, {"inputs": inputs}
    else:
        parameters, data = {"scale": scale}, {"inputs": inputs, "model": layer}
    run = wk.train(loss, parameters, data, steps=3, optimizer=wk.SGD(0.002), engine="numpy")
    other = wk.train(loss, parameters, data, steps=3, optimizer=wk.SGD(0.002), engine="reference")
    assert run.losses.tobytes() == other.losses.tobytes()
    assert run.losses[-1] < run.losses[0]
    assert "def train(" in run.source("python")
    assert str(run.explain(step=0))
    picture = wk.draw(run.program.step)
    assert picture.svg()
    assert picture.words()
