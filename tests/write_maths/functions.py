"""Functions of plain NumPy whose formulas are kept as golden files, each with arguments to trace it with."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.draw.nets import block, classify, layer
from tests.explain.nets import NETS
from workings import functions as wf

__all__ = ["FUNCTIONS", "PICTURES", "Function"]


class Function(NamedTuple):
    """A function and its arguments."""

    function: Callable[..., Any]
    arguments: dict[str, Any]


# ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────


def product(w, x):
    return w * x


def signs(w, x, y):
    return w - (x - y) - (-x + y) * -3.0 - -w


def products(w, x, y):
    return 2 * w * (x - y) * 3 * (w * x) * y**2


def powers(x, n):
    return x**3 + x**n + x**0.5 + x**-1 + (-x) ** 2 + 2**x + x ** (n + 1)


def fractions(w, x, y):
    return (w + x) / (x * y) - 1 / (1 + 1 / (1 + x)) + w / x / y - -w / y


def roots(x, y):
    return np.sqrt(x**2 + y**2) / np.sqrt(x) + np.hypot(x, y)


def constants(w, x):
    return (2.5e-20 * w * x - 3e-26) ** 2 + 1e300 * x + x / 3 - 1e-7**2


# ── named functions ─────────────────────────────────────────────────────────────────────────────────────────


def exponentials(x, y):
    return np.exp(-x) * np.exp(x * y) ** 2 + np.expm1(x) - np.exp2(y) * 2 * np.exp(x / y)


def logarithms(x, y):
    return np.log(x) + np.log(x + y) ** 2 - np.log1p(x) * np.log2(y) / np.log10(x * y)


def circles(x, y):
    return np.sin(x) * np.cos(y) + np.tan(x) ** 2 - np.arctan(y) * np.arcsin(x) + np.arctan2(y, x)


def hyperbolas(x, y):
    return np.sinh(x) / np.cosh(y) + np.tanh(x * y) + np.arcsinh(x) * np.arctanh(x) - np.arccosh(y)


def sigmoid(w, x):
    y = wf.sigmoid(w * x)
    return y


def softplus(x):
    return wf.softplus(x)


def gelu(x):
    return wf.gelu(x) + wf.silu(x)


# ── choices ─────────────────────────────────────────────────────────────────────────────────────────────────


def relu(w, x):
    h = wf.relu(w * x)
    return h**2


def huber(y, expected, delta):
    r = y - expected
    return np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2))


def regions(x, y):
    inside = (x > 0) & ~(y < 1) | (x == y)
    return np.where(inside, np.where(x >= y, x * y, -y), 0.1 * x) + np.where(x != 2, 1, y)


def bounded(x, low, high):
    return np.clip(x, low, high) + np.maximum(x, 0) * np.minimum(x, low - high)


def rounded(x):
    return x - np.floor(x) + np.ceil(2 * x) * np.abs(x - np.sign(x)) + np.abs(np.abs(x) - 1)


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────


def greek(alpha, beta_1, Omega, lambda_, θ, epsilon):
    return alpha * beta_1 + Omega**2 / lambda_ + 2 * θ * alpha + epsilon


def subscripts(w_1, w_2, x_1, x_2, x_train):
    z = w_1 * x_1 + w_2 * x_2
    return z**2 + w_1**2 * x_train**3 - x_2**-1


def reused(w, x):
    h = x
    for _ in range(3):
        h = np.tanh(w * h)
    return h


def long_names(learning_rate, weight, weight_of_bias, größe, d):
    return 2 * learning_rate * weight * (weight - weight_of_bias) + größe * d / weight


def normal_density(x, mu, sigma):
    z = (x - mu) / sigma
    density = np.exp(-(z**2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return -np.log(density)


# ── vectors and matrices ────────────────────────────────────────────────────────────────────────────────────


def elementwise(a, b, v):
    u = 2 * a * b * v + a / b
    return np.sum(u**2 * np.exp(-u))


def bilinear(u, A, v):
    return u @ A @ v


def products_of_matrices(A, B, C):
    M = A @ B @ (A @ B).T + (C * C) @ C.T
    return np.sum(M * (A @ B @ C.T))


def outer_product(u, v, A):
    return np.sum((A - np.outer(u, v)) ** 2)


def transposed(A, T):
    return np.sum(A.T @ A) + np.sum(np.transpose(T, (2, 0, 1)) ** 2) + np.sum(T.swapaxes(1, 2))


def sums(A, T, w_1):
    rows = np.sum(A, axis=0)
    both = np.sum(T, axis=(0, 2))
    one = np.sum(T * 2, axis=1)
    return np.sum(rows) + np.sum(both**2) - np.sum(-one) + np.sum(w_1, axis=0) * np.sum(np.sum(A, axis=1), axis=0)


def means(X, t):
    center = np.mean(X, axis=0)
    return np.mean((X - center) ** 2) + np.mean(t) - np.mean(np.mean(X * t, axis=1) ** 2)


def extremes(A):
    return np.max(A) - np.sum(np.min(A, axis=0)) + np.prod(A[0]) * np.sum(np.prod(A, axis=1) + np.max(A, axis=1))


def picked(X, b, rows):
    first = X[0]
    return np.sum(first * X[:, 1:]) if X.ndim == 3 else np.sum(X[:, 0] * b) + np.sum(X[rows] ** 2) + b[-1] * first[1]


def differences(v):
    step = v[1:] - v[:-1]
    return np.sum(step**2) + np.sum(v[::2])


def joined(u, v, A):
    both = np.concatenate([u, v])
    return np.sum(np.cumsum(both) ** 2) + np.sum(np.stack([u, u]) @ A) + np.sum(np.flip(v) * v)


def reshaped(x, W):
    h = x.reshape(2, 3) + W
    return np.sum(h.reshape(-1) * x) + np.sum(np.broadcast_to(x[:, None], (6, 2)) ** 2)


# ── nets ────────────────────────────────────────────────────────────────────────────────────────────────────


def logistic_regression(w, b, X, t):
    p = wf.sigmoid(X @ w + b)
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def regularized(w, X, t, strength):
    loss = np.mean((X @ w - t) ** 2)
    return loss + strength * np.sum(w**2)


def cross_entropy(logits, labels):
    log_p = wf.log_softmax(logits)
    return -np.mean(np.sum(labels * log_p, axis=1))


def nll(W, b, X, labels):
    log_p = wf.log_softmax(X @ W + b)
    return -np.mean(log_p[np.arange(4), labels])


def layer_norm(x, gain, shift, t):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=-1, keepdims=True)
    y = gain * (x - mean) / np.sqrt(variance + 1e-5) + shift
    return np.sum((y - t) ** 2)


def attention(Q, K, V):
    scores = Q @ K.T / 2
    weights = wf.softmax(scores)
    return np.sum((weights @ V) ** 2)


def heads(Q, K, V):
    scores = Q @ K.swapaxes(-1, -2)
    return np.sum(wf.softmax(scores) @ V)


def residual(w, x):
    return np.sum(block(block(x, w), w))


def similarity(u, v):
    return u @ v / (np.sqrt(u @ u) * np.sqrt(v @ v))


def layers(p, x, t):
    return classify(p, x, t)


def recurrent(W, U, b, x):
    h = np.zeros(3)
    for i in range(2):
        h = layer(x[i], W, h @ U + b)
    return np.sum(h)


_draws = np.random.default_rng(11)


def _array(*shape: int) -> Any:
    return _draws.normal(size=shape)


_SIZES = (2, 4, 4, 4, 2)
_LAYERS = [{"w": _array(m, n), "b": _array(n)} for m, n in itertools.pairwise(_SIZES)]
_OLD = ("linear", "squared_loss", "two_paths", "tanh_neuron", "sigmoid_by_hand", "leaky", "vector_neuron")
_OLD_ARRAYS = ("mean_squared_error", "two_layers", "stopped")

FUNCTIONS: dict[str, Function] = {
    "product": Function(product, {"w": 0.5, "x": 3.0}),
    **{name: Function(NETS[name].function, NETS[name].arguments) for name in (*_OLD, *_OLD_ARRAYS)},
    "signs": Function(signs, {"w": 0.5, "x": 3.0, "y": 1.0}),
    "products": Function(products, {"w": 0.5, "x": 3.0, "y": 1.0}),
    "powers": Function(powers, {"x": 1.5, "n": 2.0}),
    "fractions": Function(fractions, {"w": 0.5, "x": 3.0, "y": 2.0}),
    "roots": Function(roots, {"x": 3.0, "y": 4.0}),
    "constants": Function(constants, {"w": 0.5, "x": 3.0}),
    "exponentials": Function(exponentials, {"x": 0.5, "y": 2.0}),
    "logarithms": Function(logarithms, {"x": 0.5, "y": 4.0}),
    "circles": Function(circles, {"x": 0.5, "y": 2.0}),
    "hyperbolas": Function(hyperbolas, {"x": 0.5, "y": 2.0}),
    "sigmoid": Function(sigmoid, {"w": 0.5, "x": 3.0}),
    "softplus": Function(softplus, {"x": 0.5}),
    "gelu": Function(gelu, {"x": 0.5}),
    "relu": Function(relu, {"w": 0.5, "x": 3.0}),
    "huber": Function(huber, {"y": 0.5, "expected": 3.0, "delta": 1.0}),
    "regions": Function(regions, {"x": 0.5, "y": 2.0}),
    "bounded": Function(bounded, {"x": 0.5, "low": -1.0, "high": 1.0}),
    "rounded": Function(rounded, {"x": 0.7}),
    "greek": Function(greek, {"alpha": 0.5, "beta_1": 0.9, "Omega": 2.0, "lambda_": 4.0, "θ": 0.25, "epsilon": 1e-8}),
    "subscripts": Function(subscripts, {"w_1": 0.5, "w_2": 2.0, "x_1": 3.0, "x_2": 4.0, "x_train": 0.5}),
    "reused": Function(reused, {"w": 0.5, "x": 3.0}),
    "long_names": Function(
        long_names, {"learning_rate": 0.5, "weight": 3.0, "weight_of_bias": 1.0, "größe": 2.0, "d": 0.25}
    ),
    "normal_density": Function(normal_density, {"x": 0.5, "mu": 1.0, "sigma": 2.0}),
    "elementwise": Function(elementwise, {"a": _array(3), "b": _array(3), "v": _array(3)}),
    "bilinear": Function(bilinear, {"u": _array(4), "A": _array(4, 3), "v": _array(3)}),
    "products_of_matrices": Function(products_of_matrices, {"A": _array(4, 3), "B": _array(3, 4), "C": _array(4, 4)}),
    "outer_product": Function(outer_product, {"u": _array(4), "v": _array(3), "A": _array(4, 3)}),
    "transposed": Function(transposed, {"A": _array(4, 3), "T": _array(2, 3, 4)}),
    "sums": Function(sums, {"A": _array(4, 3), "T": _array(2, 3, 4), "w_1": _array(5)}),
    "means": Function(means, {"X": _array(4, 3), "t": _array(3)}),
    "extremes": Function(extremes, {"A": _array(4, 3)}),
    "picked": Function(picked, {"X": _array(4, 3), "b": _array(4), "rows": np.array([0, 2, 2])}),
    "differences": Function(differences, {"v": _array(6)}),
    "joined": Function(joined, {"u": _array(2), "v": _array(3), "A": _array(2, 2)}),
    "reshaped": Function(reshaped, {"x": _array(6), "W": _array(2, 3)}),
    "logistic_regression": Function(
        logistic_regression, {"w": _array(3), "b": 0.1, "X": _array(20, 3), "t": np.ones(20)}
    ),
    "regularized": Function(regularized, {"w": _array(3), "X": _array(20, 3), "t": _array(20), "strength": 0.1}),
    "cross_entropy": Function(cross_entropy, {"logits": _array(4, 3), "labels": np.eye(3)[[0, 2, 1, 1]]}),
    "nll": Function(nll, {"W": _array(2, 3), "b": _array(3), "X": _array(4, 2), "labels": np.array([0, 2, 1, 1])}),
    "layer_norm": Function(
        layer_norm, {"x": _array(4, 3), "gain": np.ones(3), "shift": np.zeros(3), "t": _array(4, 3)}
    ),
    "attention": Function(attention, {"Q": _array(5, 4), "K": _array(6, 4), "V": _array(6, 4)}),
    "heads": Function(heads, {"Q": _array(2, 5, 4), "K": _array(2, 6, 4), "V": _array(2, 6, 4)}),
    "residual": Function(residual, {"w": _array(3, 3), "x": _array(4, 3)}),
    "similarity": Function(similarity, {"u": _array(3), "v": _array(3)}),
    "layers": Function(layers, {"p": _LAYERS, "x": _array(5, 2), "t": np.eye(2)[[0, 1, 1, 0, 1]]}),
    "recurrent": Function(recurrent, {"W": _array(2, 3), "U": _array(3, 3), "b": _array(3), "x": _array(2, 2)}),
}

# Those that are drawn, and how: SVG is long, so not all are, few with their numbers, and deep nets folded.
PICTURES: dict[str, dict[str, Any]] = {
    name: options
    for names, options in (
        ("product linear squared_loss two_paths vector_neuron softplus", {"numbers": True}),
        ("tanh_neuron sigmoid_by_hand leaky mean_squared_error stopped sigmoid relu bilinear outer_product", {}),
        ("reused bounded similarity roots differences two_layers signs regularized", {}),
        ("logistic_regression cross_entropy layer_norm attention heads", {"depth": 0}),
        ("residual layers recurrent", {"depth": 1}),
    )
    for name in names.split()
}
