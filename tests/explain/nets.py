"""Nets whose derivations are kept as golden files: as a function, its arguments, and what to derive by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from workings.explain import Derivation, derive
from workings.ops.functions import log_softmax, stop_gradient
from workings.trace.trace import trace_function

__all__ = ["NETS", "Net", "hostile_names"]


class Net(NamedTuple):
    """A loss with its arguments, the names of its parameters, and the learning rate of the nudge."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    parameters: tuple[str, ...]
    learning_rate: float | None = 0.01

    def derivation(self) -> Derivation:
        traced = trace_function(self.function, self.arguments)
        graph = traced.graph
        inputs = {node.name: node for node in graph.inputs}
        values = dict(zip(graph.inputs, traced.leaves(self.arguments), strict=True))
        wrt = [inputs[name] for name in self.parameters]
        return derive(graph.outputs[0], wrt, values, learning_rate=self.learning_rate)


def linear(w, x, b):
    loss = w * x + b
    return loss


def first_loss(w, x, expected):
    y = w * x
    loss = y - expected
    return loss


def squared_loss(w, x, expected):
    y = w * x
    loss = (y - expected) ** 2
    return loss


def two_paths(w, x):
    a = w * x
    b = w**2 + x
    loss = a * b
    return loss


def tanh_neuron(w, b, x, expected):
    y = np.tanh(w * x + b)
    loss = (y - expected) ** 2
    return loss


def sigmoid_by_hand(w, x, expected):
    z = w * x
    y = 1 / (1 + np.exp(-z))
    loss = (y - expected) ** 2
    return loss


def cube(x):
    loss = x**3
    return loss


def leaky(w, x):
    a = w * x
    h = np.where(a > 0, a, 0.1 * a)
    loss = (h - 2) ** 2
    return loss


def dead_relu(w, x, expected):
    h = np.maximum(w * x, 0.0)
    loss = (h - expected) ** 2
    return loss


def division(x, w):
    loss = x / w
    return loss


def flat(w, x):
    steps = np.floor(w * x)
    loss = steps + x
    return loss


def logarithm_of_zero(w, x):
    p = w * x
    loss = -np.log(p)
    return loss


def vector_neuron(w, x, expected):
    y = w @ x
    loss = (y - expected) ** 2
    return loss


def mean_squared_error(w, b, X, t):
    y = X @ w + b
    loss = np.mean((y - t) ** 2)
    return loss


def two_layers(W_1, b_1, W_2, b_2, X, t):
    h = np.tanh(X @ W_1 + b_1)
    y = h @ W_2 + b_2
    loss = np.mean((y - t) ** 2)
    return loss


def cross_entropy(W_1, b_1, W_2, b_2, X, t):
    h = np.tanh(X @ W_1 + b_1)
    logits = h @ W_2 + b_2
    log_p = log_softmax(logits)
    loss = -np.mean(np.sum(t * log_p, axis=1))
    return loss


def many_paths(w, x):
    for _ in range(6):
        x = np.tanh(w * x) + x
    return x


def stopped(w, x):
    target = stop_gradient(2 * w * x)
    loss = (w * x - target) ** 2
    return loss


def tiny(w, x):
    a = 1e-7 * w
    loss = (2.5e-20 * a * x - 3e-26) ** 2 + 1e-9 * w
    return loss


HOSTILE = (
    r"\input{/etc/passwd}\end{document}",
    "a%b_c^d~e&f#g$h|i<j>k",
    "``quoted'' --- \\",
    "}\n\n\x1b[2J{",
    "größe_ŵ",
    "вес",
    "重み\u202e\N{PILE OF POO}",
    "＼ｉｎｐｕｔ｛ｘ｝",
    "Ω²₁",
)


def hostile_names() -> Derivation:
    """A net whose values and layers have the names that a document would suffer from most."""

    def layer(x, a, b):
        h = np.tanh(x @ a)
        return h * b

    title = f"layer {HOSTILE[0]} {HOSTILE[1]}"
    layer.__code__ = layer.__code__.replace(co_name=title, co_qualname=title)

    def loss(a, b, c, x):
        y = layer(x, a, b)
        z = layer(y, c, b)
        return np.mean((y - z) ** 2)

    values = {"a": np.eye(2), "b": np.ones(2), "c": np.eye(2) / 2, "x": np.arange(6.0).reshape(3, 2)}
    traced = trace_function(loss, values)
    graph = traced.graph
    names = dict(zip([node for node in graph.nodes if node.name], HOSTILE, strict=False))
    leaves = dict(zip(graph.inputs, traced.leaves(values), strict=True))
    return derive(graph.outputs[0], graph.inputs[:3], leaves, learning_rate=0.1, names=names)


_draws = np.random.default_rng(7)
_SMALL_NET = {
    "W_1": _draws.normal(size=(2, 3)),
    "b_1": np.zeros(3),
    "W_2": _draws.normal(size=(3, 1)),
    "b_2": np.zeros(1),
    "X": _draws.normal(size=(4, 2)),
    "t": _draws.normal(size=(4, 1)),
}
_DIGITS = {
    "W_1": _draws.normal(size=(64, 32)) / 8,
    "b_1": np.zeros(32),
    "W_2": _draws.normal(size=(32, 10)) / 6,
    "b_2": np.zeros(10),
    "X": _draws.normal(size=(100, 64)),
    "t": np.eye(10)[_draws.integers(0, 10, 100)],
}
_LAYERS = ("W_1", "b_1", "W_2", "b_2")

NETS: dict[str, Net] = {
    "linear": Net(linear, {"w": 0.5, "x": 3.0, "b": 0.25}, ("w", "b")),
    "first_loss": Net(first_loss, {"w": 0.5, "x": 1.0, "expected": 2.0}, ("w",)),
    "squared_loss": Net(squared_loss, {"w": 0.5, "x": 1.0, "expected": 2.0}, ("w",)),
    "squared_loss_float32": Net(
        squared_loss, {"w": np.float32(0.1), "x": np.float32(1.5), "expected": np.float32(2)}, ("w",)
    ),
    "two_paths": Net(two_paths, {"w": 0.5, "x": -1.0}, ("w",)),
    "tanh_neuron": Net(tanh_neuron, {"w": 0.5, "b": 0.1, "x": 1.5, "expected": 1.0}, ("w", "b"), 0.1),
    "sigmoid_by_hand": Net(sigmoid_by_hand, {"w": 0.5, "x": 1.5, "expected": 1.0}, ("w",), 0.1),
    "cube": Net(cube, {"x": 2.0}, ("x",)),
    "leaky": Net(leaky, {"w": 0.5, "x": -1.0}, ("w",)),
    "dead_relu": Net(dead_relu, {"w": -0.5, "x": 3.0, "expected": 1.0}, ("w",)),
    "division": Net(division, {"x": 3.0, "w": 0.5}, ("w",)),
    "step_too_long": Net(squared_loss, {"w": 0.5, "x": 1.0, "expected": 2.0}, ("w",), 1.5),
    "flat": Net(flat, {"w": 0.5, "x": 3.0}, ("w",)),
    "logarithm_of_zero": Net(logarithm_of_zero, {"w": 0.0, "x": 3.0}, ("w",)),
    "vector_neuron": Net(
        vector_neuron, {"w": np.array([0.5, -1, 2]), "x": np.array([1.0, 2, 3]), "expected": 1.0}, ("w",)
    ),
    "mean_squared_error": Net(
        mean_squared_error,
        {"w": _draws.normal(size=3), "b": 0.1, "X": _draws.normal(size=(20, 3)), "t": _draws.normal(size=20)},
        ("w", "b"),
    ),
    "two_layers": Net(two_layers, _SMALL_NET, _LAYERS, 0.1),
    "cross_entropy": Net(cross_entropy, _DIGITS, _LAYERS, 0.1),
    "stopped": Net(stopped, {"w": 0.5, "x": 3.0}, ("w",)),
    "tiny": Net(tiny, {"w": 1.5e-8, "x": 2e15}, ("w",)),
    "many_paths": Net(many_paths, {"w": 0.9, "x": 1.0}, ("w",), None),
}
