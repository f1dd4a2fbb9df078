"""What layers compute, by formulas of their own: in float64, mostly in loops, with none of the library's functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

logistic = scipy.special.expit


def normalized(x: Any, axes: Any, epsilon: float) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def scaled(layer: Any, x: Any, axes: Any) -> Any:
    along = (1, -1, *(1,) * (x.ndim - 2))
    return normalized(x, axes, layer.epsilon) * layer.weight.reshape(along) + layer.bias.reshape(along)


def from_states(layer: Any, x: Any) -> Any:
    return (x - layer.running_mean) / np.sqrt(layer.running_variance + layer.epsilon) * layer.weight + layer.bias


def sinusoidal(time: int, size: int) -> Any:
    return [[f(t / 10000 ** (i / size)) for i in range(0, size, 2) for f in (math.sin, math.cos)] for t in range(time)]


# ── windows ─────────────────────────────────────────────────────────────────────────────────────────────────


def windows(x: Any, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)) -> Any:
    """Every window of images: (N, C, H', W', h, w)."""
    n, c, height, width = x.shape
    down = (height - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
    across = (width - dilation[1] * (kernel[1] - 1) - 1) // stride[1] + 1
    found = np.empty((n, c, down, across, *kernel))
    for p in range(down):
        for q in range(across):
            for i in range(kernel[0]):
                for j in range(kernel[1]):
                    row, column = p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]
                    found[:, :, p, q, i, j] = x[:, :, row, column]
    return found


def padded(x: Any, down: int, across: int, value: float = 0.0) -> Any:
    return np.pad(x, ((0, 0), (0, 0), (down, down), (across, across)), constant_values=value)


def convolved(layer: Any, x: Any, down: int, across: int) -> Any:
    seen = windows(padded(x, down, across), layer.kernel, layer.stride, layer.dilation)
    ins, outs = layer.inputs // layer.groups, layer.outputs // layer.groups
    parts = [
        np.einsum("ncpqij,ocij->nopq", seen[:, g * ins : (g + 1) * ins], layer.weight[g * outs : (g + 1) * outs])
        for g in range(layer.groups)
    ]
    return np.concatenate(parts, axis=1) + layer.bias[:, None, None]


def convolved_1d(layer: Any, x: Any, before: int, after: int) -> Any:
    x = np.pad(x, ((0, 0), (0, 0), (before, after)))
    (kernel,), (stride,), (dilation,) = layer.kernel, layer.stride, layer.dilation
    count = (x.shape[2] - dilation * (kernel - 1) - 1) // stride + 1
    y = np.zeros((x.shape[0], layer.outputs, count))
    for p in range(count):
        for i in range(kernel):
            y[:, :, p] += x[:, :, p * stride + i * dilation] @ layer.weight[:, :, i].T
    return y + layer.bias[:, None]


def spread(layer: Any, x: Any) -> Any:
    """The transpose of a convolution, value by value."""
    n, _, height, width = x.shape
    full = np.zeros(
        (n, layer.outputs, *(s * (m - 1) + k for s, m, k in zip(layer.stride, x.shape[2:], layer.kernel, strict=True)))
    )
    for p in range(height):
        for q in range(width):
            top, left = p * layer.stride[0], q * layer.stride[1]
            added = np.einsum("no,ocij->ncij", x[:, :, p, q], layer.weight)
            full[:, :, top : top + layer.kernel[0], left : left + layer.kernel[1]] += added
    full = np.pad(full, ((0, 0), (0, 0), (0, layer.extra[0]), (0, layer.extra[1])))
    down, across = layer.padding
    full = full[:, :, down : full.shape[2] - down, across : full.shape[3] - across]
    return full + layer.bias[:, None, None]


# ── sequences ───────────────────────────────────────────────────────────────────────────────────────────────


def turned(row: Any, t: int) -> Any:
    """Pairs of features as complex numbers, turned by multiplication."""
    half = row.size // 2
    point = (row[:half] + 1j * row[half:]) * np.exp(1j * t * 10000.0 ** (-np.arange(half) / half))
    return np.concatenate([point.real, point.imag])


def attended(layer: Any, x: Any, context: Any = None, lengths: Any = None) -> Any:
    """Multi-head attention, query by query."""
    context = x if context is None else context
    size = layer.size // layer.heads
    turn = turned if layer.rotary else lambda row, t: row
    result = np.empty(x.shape)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            mixed = []
            for head in range(layer.heads):
                part = slice(head * size, (head + 1) * size)
                query = (x[n, t] @ layer.query.weight + layer.query.bias)[part]
                scores, values = [], []
                for s in range(context.shape[1]):
                    if (layer.causal and s > t) or (lengths is not None and s >= lengths[n]):
                        continue
                    key = (context[n, s] @ layer.key.weight + layer.key.bias)[part]
                    scores.append(turn(query, t) @ turn(key, s) / math.sqrt(size))
                    values.append((context[n, s] @ layer.value.weight + layer.value.bias)[part])
                mixed.append(scipy.special.softmax(scores) @ np.array(values))
            result[n, t] = np.concatenate(mixed) @ layer.output.weight + layer.output.bias
    return result


def block(layer: Any, x: Any, lengths: Any = None) -> Any:
    """The transformer's block, norms first."""

    def norm(layer: Any, x: Any) -> Any:
        return normalized(x, -1, layer.epsilon) * layer.weight + layer.bias

    x = x + attended(layer.attention, norm(layer.attention_norm, x), lengths=lengths)
    hidden = norm(layer.feed_norm, x) @ layer.widen.weight + layer.widen.bias
    hidden = hidden * scipy.special.ndtr(hidden)
    return x + hidden @ layer.narrow.weight + layer.narrow.bias


def elman(layer: Any, x: Any) -> Any:
    h, states = np.zeros((x.shape[0], layer.size)), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ layer.weight + h @ layer.recurrent + layer.bias)
        states.append(h)
    return np.stack(states, axis=1)


def gated(layer: Any, x: Any) -> Any:
    h = np.zeros((x.shape[0], layer.size))
    w, u, b = (np.split(p, 3, axis=-1) for p in (layer.weight, layer.recurrent, layer.bias))
    for t in range(x.shape[1]):
        r, z = (logistic(x[:, t] @ w[i] + h @ u[i] + b[i]) for i in (0, 1))
        n = np.tanh(x[:, t] @ w[2] + b[2] + r * (h @ u[2] + layer.candidate_bias))
        h = (1 - z) * n + z * h
    return h


def remembered(layer: Any, x: Any) -> Any:
    h, c, states = np.zeros((x.shape[0], layer.size)), np.zeros((x.shape[0], layer.size)), []
    w, u, b = (np.split(p, 4, axis=-1) for p in (layer.weight, layer.recurrent, layer.bias))
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ w[k] + h @ u[k] + b[k] for k in range(4))
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        states.append(h)
    return np.stack(states, axis=1)
