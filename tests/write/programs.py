"""Programs built by hand, for tests of writers and engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import workings.ops  # noqa: F401
from workings.graph import Carry, Graph, Node, Program, Role, call, constant, input_node
from workings.transform import reverse, simplify


def program(
    loss: Callable[..., Node],
    parameters: Mapping[str, Any],
    data: Mapping[str, Any],
    *,
    rate: float = 0.01,
    steps: int = 100,
    below: float | None = None,
    finite: bool = True,
    exact: bool = True,
    name: str = "loss",
) -> Program:
    """Gradient descent on `loss`, which is called with nodes in the order of the parameters and the data."""
    ps = [_node(n, v, Role.PARAMETER) for n, v in parameters.items()]
    ds = [_node(n, v, Role.DATA) for n, v in data.items()]
    learning_rate = input_node("learning_rate", (), ps[0].dtype, Role.SETTING)
    value = loss(*ps, *ds)
    gradients = reverse(value, ps)
    assert all(g is not None for g in gradients)
    nudged = [p - learning_rate * g for p, g in zip(ps, gradients, strict=True)]
    checks = [call("isfinite", value)]
    checks += [call("isfinite", p) if p.shape == () else call("all", call("isfinite", p)) for p in nudged]
    everything = checks[0]
    for check in checks[1:]:
        everything = call("logical_and", everything, check)
    stop = constant(False) if below is None else value < below
    return assemble(
        [value, everything if finite else constant(True), stop],
        list(zip(ps, nudged, parameters.values(), strict=True)),
        dict(zip(ds, data.values(), strict=True)),
        {learning_rate: rate},
        dict(zip(ps, gradients, strict=True)),
        steps=steps,
        exact=exact,
        name=name,
    )


def assemble(
    head: Sequence[Node],
    carry: Sequence[tuple[Node, Node, Any]],
    data: Mapping[Node, Any],
    settings: Mapping[Node, Any],
    gradients: Mapping[Node, Any],
    *,
    steps: int = 100,
    exact: bool = True,
    name: str = "loss",
) -> Program:
    """A program from its nodes; `exact` simplifies the step as training does."""
    inputs = [*(c[0] for c in carry), *data, *settings]
    graph = Graph(inputs, [*head, *(c[1] for c in carry), *gradients.values()], name=name)
    outputs = graph.outputs
    if exact:
        outputs = simplify(graph).graph.outputs
    size = len(head) + len(carry)
    found = dict(zip(gradients, outputs[size:], strict=True))
    return Program(
        Graph(inputs, outputs[:size], name=name),
        tuple(Carry(c[0], o, c[2]) for c, o in zip(carry, outputs[len(head) : size], strict=True)),
        {node.name or "": value for node, value in data.items()},
        {node.name or "": value for node, value in settings.items()},
        found,
        steps=steps,
    )


def _node(name: str, value: Any, role: Role) -> Node:
    value = np.asarray(value)
    return input_node(name, value.shape, value.dtype, role)


def neuron() -> Program:
    def loss(w: Node, x: Node, expected: Node) -> Node:
        y = call("multiply", w, x, label="y")
        return call("square", y - expected, label="loss")

    return program(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0})


def mlp(dtype: str = "float64", rows: int = 20) -> Program:
    """64-32-10 with tanh and softmax cross-entropy, as a person would write it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 64)).astype(dtype)
    t = np.eye(10)[rng.integers(0, 10, rows)].astype(dtype)

    def loss(w1: Node, b1: Node, w2: Node, b2: Node, x: Node, t: Node) -> Node:
        h = call("tanh", x @ w1 + b1, label="h")
        logits = call("add", h @ w2, b2, label="logits")
        shifted = call("subtract", logits, call("max", logits, axis=1, keepdims=True), label="shifted")
        total = call("sum", call("exp", shifted), axis=1, keepdims=True)
        log_p = call("subtract", shifted, call("log", total), label="log_p")
        return call("negative", call("mean", call("sum", t * log_p, axis=1)), label="loss")

    parameters = {
        "w1": (rng.normal(size=(64, 32)) / 8).astype(dtype),
        "b1": np.zeros(32, dtype),
        "w2": (rng.normal(size=(32, 10)) / 8).astype(dtype),
        "b2": np.zeros(10, dtype),
    }
    return program(loss, parameters, {"x": x, "t": t}, rate=0.5, steps=200)
