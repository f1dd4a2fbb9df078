"""Programs built by hand, for tests of writers and engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import workings.ops  # noqa: F401
from workings.graph import Carry, Graph, Node, Program, Role, call, constant, input_node
from workings.graph.layouts import CONTIGUOUS
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
        outputs = simplify(graph, inputs=CONTIGUOUS).graph.outputs
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


def with_bias() -> Program:
    """y = w * x + b, whose gradient with respect to b is that with respect to y."""

    def loss(w: Node, b: Node, x: Node, t: Node) -> Node:
        y = call("add", w * x, b, label="y")
        return call("square", y - t, label="loss")

    return program(loss, {"w": 0.5, "b": 0.1}, {"x": 1.5, "t": 2.0}, below=1e-3, name="loss")


def labels() -> Program:
    """Softmax cross-entropy of whole-number labels in float32: indexing, and its derivative."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 5)).astype("float32")
    t = rng.integers(0, 3, 40)

    def loss(w: Node, x: Node, t: Node) -> Node:
        scores = call("matmul", x, w, label="scores")
        shifted = call("subtract", scores, call("max", scores, axis=1, keepdims=True), label="shifted")
        total = call("sum", call("exp", shifted), axis=1, keepdims=True)
        log_p = call("subtract", shifted, call("log", total), label="log_p")
        rows = constant(np.arange(40))
        picked = call("getitem", log_p, rows, t, key=("array", "array"), label="picked")
        return call("negative", call("mean", picked), label="loss")

    return program(loss, {"w": np.zeros((5, 3), "float32")}, {"x": x, "t": t}, rate=0.1, steps=50)


def momentum() -> Program:
    """Gradient descent with a velocity, which the parameter's update reads after it is renewed."""
    rng = np.random.default_rng(2)
    w = input_node("w", (4,), "float64", Role.PARAMETER)
    v = input_node("velocity", (4,), "float64", Role.STATE)
    x = input_node("x", (30, 4), "float64")
    t = input_node("t", (30,), "float64")
    learning_rate = input_node("learning_rate", (), "float64", Role.SETTING)
    y = call("matmul", x, w, label="y")
    loss = call("mean", call("square", y - t), label="loss")
    (gradient,) = reverse(loss, [w])
    assert gradient is not None
    velocity = 0.9 * v + gradient
    nudged = w - learning_rate * velocity
    finite = call("logical_and", call("isfinite", loss), call("all", call("isfinite", nudged)))
    data = {x: rng.normal(size=(30, 4)), t: rng.normal(size=30)}
    carry = [(w, nudged, np.zeros(4)), (v, velocity, np.zeros(4))]
    return assemble([loss, finite, constant(False)], carry, data, {learning_rate: 0.01}, {w: gradient}, steps=60)


def settled() -> Program:
    """Stops when the loss hardly changes: the loss before is carried on, and read by the check."""
    w = input_node("w", (), "float64", Role.PARAMETER)
    before = input_node("loss_before", (), "float64", Role.STATE)
    x = input_node("x", (), "float64")
    learning_rate = input_node("learning_rate", (), "float64", Role.SETTING)
    loss = call("square", w * x - 2, label="loss")
    (gradient,) = reverse(loss, [w])
    assert gradient is not None
    stop = call("less", call("absolute", before - loss), 1e-4)
    nudged = w - learning_rate * gradient
    carry = [(w, nudged, 0.5), (before, loss, np.inf)]
    finite = call("isfinite", nudged)
    return assemble([loss, finite, stop], carry, {x: 1.0}, {learning_rate: 0.05}, {w: gradient}, steps=100)


def tangled() -> Program:
    """Values carried on that read one another before and after: a swap, a shift, and an update that waits."""
    a, b, c, d, w = (input_node(n, (), "float64", Role.STATE if n != "w" else Role.PARAMETER) for n in "abcdw")
    x = input_node("x", (), "float64")
    rate = input_node("rate", (), "float64", Role.SETTING)
    loss = call("square", w * x - a, label="loss")
    (gradient,) = reverse(loss, [w])
    assert gradient is not None
    nudged = w - rate * gradient
    followed = 0.5 * d + w  # reads w as it was
    after = c + nudged * d  # reads w as it is now, and d as it was
    carry = [(a, b, 1.0), (b, a, 2.0), (c, after, 0.0), (d, followed, 3.0), (w, nudged, 0.25)]
    return assemble([loss, call("isfinite", loss), nudged > 100], carry, {x: 1.0}, {rate: 0.1}, {w: gradient}, steps=30)


def turned() -> Program:
    """What is carried on comes out in other layouts: transposed, stretched, and without axes."""
    rng = np.random.default_rng(3)
    w = input_node("w", (3, 3), "float64", Role.PARAMETER)
    m = input_node("m", (3, 3), "float64", Role.STATE)
    s = input_node("s", (2, 3), "float64", Role.STATE)
    k = input_node("k", (), "float64", Role.STATE)
    x = input_node("x", (5, 3), "float64")
    rate = input_node("rate", (), "float64", Role.SETTING)
    loss = call("mean", call("square", call("matmul", x, w, label="y") - 1), label="loss")
    (gradient,) = reverse(loss, [w])
    assert gradient is not None
    nudged = (w - rate * gradient).T
    mixed = 0.5 * m.T + nudged
    stretched = call("broadcast_to", call("sum", mixed, axis=0), shape=(2, 3))
    least = call("where", loss < k, loss, k)
    carry = [
        (w, nudged, rng.normal(size=(3, 3))),
        (m, mixed, np.zeros((3, 3))),
        (s, stretched, np.zeros((2, 3))),
        (k, least, 10.0),
    ]
    finite = call("all", call("isfinite", nudged))
    data = {x: rng.normal(size=(5, 3))}
    return assemble([loss, finite, constant(False)], carry, data, {rate: 0.1}, {w: gradient}, steps=40)


def gelu() -> Program:
    """A function that NumPy lacks, numbers in float32, and a constant that is an array."""
    x = np.linspace(-2, 2, 24, dtype="float32").reshape(12, 2)

    def loss(w: Node, x: Node) -> Node:
        scale = constant(np.array([0.5, 2.0], "float32"), name="scale")
        mask = constant((np.arange(24).reshape(12, 2) % 3 == 0).astype("float32"), name="mask")
        h = call("multiply", x * scale, w, label="h")
        smooth = call("multiply", 0.5 * h, 1 + call("erf", h / 2**0.5), label="smooth")
        clipped = call("clip", smooth, -0.1, 1.9, label="clipped")
        chosen = call("where", clipped > 0.1, clipped, 0, label="chosen")
        return call("mean", call("square", chosen - mask), label="loss")

    return program(loss, {"w": np.array([1.0, -1.0], "float32")}, {"x": x}, rate=0.1, steps=20)


def images() -> Program:
    """A small convolutional net: what NumPy lacks stands in the preamble, each function behind those it calls."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 1, 8, 8))
    kernels = {"K_1": rng.normal(size=(2, 1, 3, 3)) / 3, "K_2": rng.normal(size=(3, 2, 3, 3)) / 4}

    def loss(first: Node, second: Node, x: Node) -> Node:
        h_1 = call("tanh", call("conv2d", x, first, padding=1), label="h_1")
        pooled = call("max_pool2d", h_1, size=2, stride=2, label="pooled")
        h_2 = call("tanh", call("conv2d", pooled, second, stride=2, padding=((0, 1), (0, 1))), label="h_2")
        y = call("avg_pool2d", h_2, size=2, stride=1, label="y")
        return call("mean", call("square", y - 1), label="loss")

    return program(loss, kernels, {"x": x}, rate=0.1, steps=20)


def wide() -> Program:
    """Twelve parameters with long names: lines that have to be wrapped."""

    def loss(*nodes: Node) -> Node:
        *weights, x, expected = nodes
        total = weights[0] * x
        for k, weight in enumerate(weights[1:], start=2):
            total = total + weight * x**k
        return call("square", total - expected, label="squared_distance")

    weights = {f"coefficient_{k}": 0.1 * k for k in range(1, 13)}
    return program(loss, weights, {"x": 0.5, "expected": 1.0}, steps=25)


def explodes() -> Program:
    """A learning rate so large that the loss becomes infinite on the way."""

    def loss(w: Node, x: Node) -> Node:
        return call("square", call("square", w * x, label="y"), label="loss")

    return program(loss, {"w": 3.0}, {"x": 1.0}, rate=0.5, steps=50)


ALL = {
    p.__name__: p
    for p in (neuron, with_bias, mlp, labels, momentum, settled, tangled, turned, gelu, images, wide, explodes)
}


def arguments(p: Program) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Data and settings as an engine takes them."""
    data = zip(p.data_inputs, p.data.values(), strict=True)
    settings = zip(p.setting_inputs, p.settings.values(), strict=True)
    return tuple(_strong(n, v) for n, v in data), tuple(_strong(n, v) for n, v in settings)


def _strong(node: Node, value: Any) -> Any:
    return node.dtype.type(value) if node.shape == () else np.asarray(value, node.dtype)
