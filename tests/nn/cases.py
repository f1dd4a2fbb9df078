"""One table of layers: each with inputs, and with its value by a formula of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.special

from tests.nn import formulas
from tests.nn.formulas import convolved, convolved_1d, logistic, normalized, padded, scaled, windows
from workings import nn


class Case(NamedTuple):
    """A layer by the dtype of its parameters, its inputs, and the value it has by `formula(layer, *inputs)`.

    `training` says that it is called as in training.
    """

    make: Callable[[Any], Any]
    inputs: Callable[[np.random.Generator], tuple[Any, ...]]
    formula: Callable[..., Any] | None = None
    training: bool = False
    lengths: Any = None


def drawn(*shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: (rng.normal(size=shape),)


def apart(*shape: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Values that are far from each other and from 0, so that no step of a difference meets a kink."""

    def make(rng: np.random.Generator) -> tuple[Any, ...]:
        count = math.prod(shape)
        return ((rng.permutation(count).reshape(shape) - count / 2 + 0.25) / 4,)

    return make


CASES: dict[str, Case] = {
    "Linear": Case(lambda dtype: nn.Linear(4, 3, dtype=dtype), drawn(5, 4), lambda m, x: x @ m.weight + m.bias),
    "Linear, rows": Case(
        lambda dtype: nn.Linear(4, 3, bias=False, dtype=dtype), drawn(2, 5, 4), lambda m, x: np.dot(x, m.weight)
    ),
    "Embedding": Case(
        lambda dtype: nn.Embedding(7, 3, dtype=dtype),
        lambda rng: (np.array([[1, 1, 6], [0, 2, 1]]),),
        lambda m, x: np.eye(7)[x] @ m.weight,
    ),
    "Flatten": Case(lambda dtype: nn.Flatten(), drawn(2, 3, 4), lambda m, x: np.stack([r.ravel() for r in x])),
    "ReLU": Case(lambda dtype: nn.ReLU(), apart(3, 4), lambda m, x: np.maximum(x, 0)),
    "LeakyReLU": Case(lambda dtype: nn.LeakyReLU(0.1), apart(3, 4), lambda m, x: np.maximum(x, 0.1 * x)),
    "GELU": Case(lambda dtype: nn.GELU(), drawn(3, 4), lambda m, x: x * scipy.special.ndtr(x)),
    "SiLU": Case(lambda dtype: nn.SiLU(), drawn(3, 4), lambda m, x: x * logistic(x)),
    "Tanh": Case(lambda dtype: nn.Tanh(), drawn(3, 4), lambda m, x: 2 * logistic(2 * x) - 1),
    "Sigmoid": Case(lambda dtype: nn.Sigmoid(), drawn(3, 4), lambda m, x: logistic(x)),
    "Softplus": Case(lambda dtype: nn.Softplus(), drawn(3, 4), lambda m, x: np.log1p(np.exp(x))),
    "Softmax": Case(lambda dtype: nn.Softmax(), drawn(3, 4), lambda m, x: scipy.special.softmax(x, -1)),
    "LogSoftmax": Case(lambda dtype: nn.LogSoftmax(0), drawn(3, 4), lambda m, x: scipy.special.log_softmax(x, 0)),
    "Sequential": Case(
        lambda dtype: nn.Sequential(nn.Linear(4, 3, dtype=dtype), np.tanh, nn.Linear(3, 2, dtype=dtype)),
        drawn(5, 4),
        lambda m, x: np.tanh(x @ m[0].weight + m[0].bias) @ m[2].weight + m[2].bias,
    ),
    "Residual": Case(
        lambda dtype: nn.Residual(nn.Linear(4, 4, dtype=dtype)),
        drawn(5, 4),
        lambda m, x: x + x @ m.inner.weight + m.inner.bias,
    ),
    "LayerNorm": Case(
        lambda dtype: nn.LayerNorm(4, dtype=dtype),
        drawn(3, 4),
        lambda m, x: normalized(x, -1, m.epsilon) * m.weight + m.bias,
    ),
    "LayerNorm, two axes": Case(
        lambda dtype: nn.LayerNorm((2, 3), bias=False, dtype=dtype),
        drawn(4, 2, 3),
        lambda m, x: normalized(x, (-1, -2), m.epsilon) * m.weight,
    ),
    "RMSNorm": Case(
        lambda dtype: nn.RMSNorm(4, dtype=dtype),
        drawn(3, 4),
        lambda m, x: x / np.sqrt((x**2).mean(-1, keepdims=True) + m.epsilon) * m.weight,
    ),
    "BatchNorm": Case(lambda dtype: nn.BatchNorm(4, dtype=dtype), drawn(3, 4), formulas.from_states),
    "BatchNorm, training": Case(
        lambda dtype: nn.BatchNorm(4, dtype=dtype), drawn(5, 4), lambda m, x: scaled(m, x, 0), training=True
    ),
    "BatchNorm, images": Case(
        lambda dtype: nn.BatchNorm(2, dtype=dtype),
        drawn(3, 2, 4, 3),
        lambda m, x: scaled(m, x, (0, 2, 3)),
        training=True,
    ),
    "Dropout": Case(lambda dtype: nn.Dropout(0.4), drawn(3, 4), lambda m, x: x),
    "Dropout, training": Case(lambda dtype: nn.Dropout(0.4), drawn(3, 4), training=True),
    "LearnedPositions": Case(
        lambda dtype: nn.LearnedPositions(6, 4, dtype=dtype), drawn(2, 5, 4), lambda m, x: x + m.weight[:5]
    ),
    "SinusoidalPositions": Case(
        lambda dtype: nn.SinusoidalPositions(), drawn(2, 5, 4), lambda m, x: x + formulas.sinusoidal(5, 4)
    ),
    "MultiHeadAttention": Case(
        lambda dtype: nn.MultiHeadAttention(8, 2, dtype=dtype), drawn(2, 5, 8), formulas.attended
    ),
    "MultiHeadAttention, causal": Case(
        lambda dtype: nn.MultiHeadAttention(8, 2, causal=True, rotary=True, dtype=dtype),
        drawn(2, 5, 8),
        formulas.attended,
    ),
    "MultiHeadAttention, context": Case(
        lambda dtype: nn.MultiHeadAttention(8, 4, dtype=dtype),
        lambda rng: (rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 5, 8))),
        formulas.attended,
        lengths=np.array([2, 5]),
    ),
    "TransformerBlock": Case(
        lambda dtype: nn.TransformerBlock(8, 2, causal=True, dtype=dtype), drawn(2, 5, 8), formulas.block
    ),
    "TransformerBlock, lengths": Case(
        lambda dtype: nn.TransformerBlock(8, 2, hidden=6, dtype=dtype),
        drawn(2, 5, 8),
        formulas.block,
        lengths=np.array([5, 3]),
    ),
    "RNN": Case(lambda dtype: nn.RNN(3, 4, dtype=dtype), drawn(2, 5, 3), formulas.elman),
    "GRU": Case(lambda dtype: nn.GRU(3, 4, last=True, dtype=dtype), drawn(2, 5, 3), formulas.gated),
    "LSTM": Case(lambda dtype: nn.LSTM(3, 4, dtype=dtype), drawn(2, 5, 3), formulas.remembered),
    "Conv1d": Case(
        lambda dtype: nn.Conv1d(2, 3, 3, dilation=2, padding=(4, 0), dtype=dtype),
        drawn(2, 2, 7),
        lambda m, x: convolved_1d(m, x, 4, 0),
    ),
    "Conv2d": Case(
        lambda dtype: nn.Conv2d(2, 3, 3, padding="same", dtype=dtype),
        drawn(2, 2, 5, 4),
        lambda m, x: convolved(m, x, 1, 1),
    ),
    "Conv2d, groups": Case(
        lambda dtype: nn.Conv2d(4, 6, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2, dtype=dtype),
        drawn(2, 4, 5, 6),
        lambda m, x: convolved(m, x, 1, 2),
    ),
    "ConvTranspose2d": Case(
        lambda dtype: nn.ConvTranspose2d(3, 2, (2, 3), stride=2, padding=(0, 1), extra=1, dtype=dtype),
        drawn(2, 3, 3, 2),
        formulas.spread,
    ),
    "MaxPool1d": Case(
        lambda dtype: nn.MaxPool1d(2), apart(2, 3, 5), lambda m, x: x[..., :4].reshape(2, 3, 2, 2).max(-1)
    ),
    "AvgPool1d": Case(
        lambda dtype: nn.AvgPool1d(2), drawn(2, 3, 5), lambda m, x: x[..., :4].reshape(2, 3, 2, 2).mean(-1)
    ),
    "MaxPool2d": Case(
        lambda dtype: nn.MaxPool2d(2), apart(2, 3, 4, 5), lambda m, x: windows(x, (2, 2), (2, 2)).max((-1, -2))
    ),
    "MaxPool2d, overlapping": Case(
        lambda dtype: nn.MaxPool2d(3, stride=2, padding=1),
        apart(2, 2, 5, 5),
        lambda m, x: windows(padded(x, 1, 1, -np.inf), (3, 3), (2, 2)).max((-1, -2)),
    ),
    "AvgPool2d": Case(
        lambda dtype: nn.AvgPool2d((2, 3), stride=1),
        drawn(2, 3, 4, 5),
        lambda m, x: windows(x, (2, 3), (1, 1)).mean((-1, -2)),
    ),
    "GlobalAvgPool": Case(
        lambda dtype: nn.GlobalAvgPool(), drawn(2, 3, 4, 5), lambda m, x: x.reshape(2, 3, 20).mean(-1)
    ),
    "GlobalMaxPool": Case(
        lambda dtype: nn.GlobalMaxPool(), apart(2, 3, 4, 5), lambda m, x: x.reshape(2, 3, 20).max(-1)
    ),
    "Upsample2d": Case(
        lambda dtype: nn.Upsample2d(2), drawn(2, 3, 2, 2), lambda m, x: x.repeat(2, axis=2).repeat(2, axis=3)
    ),
}


def example(name: str, dtype: Any = np.float64, seed: int = 0) -> tuple[Any, tuple[Any, ...]]:
    """The layer of a case and its inputs, all of them drawn, so that no parameter is 0 or 1."""
    case, rng = CASES[name], np.random.default_rng(seed)
    nn.seed(seed)
    layer = case.make(dtype)
    for path, leaf in {**layer.parameters(), **layer.states()}.items():
        draw = rng.uniform(0.5, 1.5, leaf.shape) if "variance" in path else leaf + 0.3 * rng.normal(size=leaf.shape)
        put(layer, path, np.asarray(draw, dtype))
    inputs = tuple(x.astype(dtype) if x.dtype.kind == "f" else x for x in case.inputs(rng))
    return layer, inputs


def options(name: str) -> dict[str, Any]:
    """What the layer is called with besides its inputs."""
    lengths = CASES[name].lengths
    return {} if lengths is None else {"lengths": lengths}


def put(layer: Any, path: str, value: Any) -> None:
    """Set what lies at a dotted path."""
    *way, last = path.split(".")
    for part in way:
        layer = layer[int(part)] if part.isdigit() else getattr(layer, part)
    setattr(layer, last, value)
