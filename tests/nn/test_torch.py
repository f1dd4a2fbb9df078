"""Layers and losses against PyTorch's: values and gradients from the same parameters, in float64."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import workings as wk
from tests.nn.cases import CASES, example, options
from tests.nn.test_layers import calling
from tests.nn.test_losses import LABELS, OTHERS, ROWS, SHARES, WEIGHTS, YES
from workings import nn, random

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
F = torch.nn.functional


def of_module(module: Any, parameters: dict[str, Any], *inputs: Any, **more: Any) -> Any:
    """A module of PyTorch called with these tensors for its parameters."""
    assert set(parameters) == {name for name, _ in module.named_parameters()}
    return torch.func.functional_call(module, parameters, inputs, more)


def attention_parameters(p: dict[str, Any], at: str = "") -> dict[str, Any]:
    names = [f"{at}{name}" for name in ("query", "key", "value")]
    return {
        "in_proj_weight": torch.cat([p[f"{n}.weight"].T for n in names]),
        "in_proj_bias": torch.cat([p[f"{n}.bias"] for n in names]),
        "out_proj.weight": p[f"{at}output.weight"].T,
        "out_proj.bias": p[f"{at}output.bias"],
    }


def padding(layer: Any, lengths: Any, time: int) -> Any:
    return None if lengths is None else torch.arange(time) >= torch.tensor(lengths)[:, None]


def later(time: int) -> Any:
    return torch.triu(torch.ones(time, time, dtype=torch.bool), 1)


def attention(layer: Any, p: Any, x: Any, context: Any = None, lengths: Any = None) -> Any:
    context = x if context is None else context
    module = torch.nn.MultiheadAttention(layer.size, layer.heads, batch_first=True, dtype=torch.float64)
    return of_module(
        module,
        attention_parameters(p),
        x,
        context,
        context,
        key_padding_mask=padding(layer, lengths, context.shape[1]),
        need_weights=False,
    )[0]


def turned_attention(layer: Any, p: Any, x: Any) -> Any:
    """PyTorch has no rotary positions; the turn is a product of complex numbers here."""
    heads = [
        (x @ p[f"{name}.weight"] + p[f"{name}.bias"]).unflatten(-1, (layer.heads, -1)).transpose(1, 2)
        for name in ("query", "key", "value")
    ]
    half = layer.size // layer.heads // 2
    angles = torch.outer(torch.arange(x.shape[1]).double(), 10000.0 ** (-torch.arange(half).double() / half))
    turn = torch.polar(torch.ones_like(angles), angles)
    points = [torch.complex(h[..., :half], h[..., half:]) * turn for h in heads[:2]]
    query, key = (torch.cat([point.real, point.imag], -1) for point in points)
    mixed = F.scaled_dot_product_attention(query, key, heads[2], is_causal=True)
    return mixed.transpose(1, 2).flatten(-2) @ p["output.weight"] + p["output.bias"]


def block(layer: Any, p: Any, x: Any, lengths: Any = None) -> Any:
    module = torch.nn.TransformerEncoderLayer(
        layer.size,
        layer.attention.heads,
        layer.widen.outputs,
        dropout=0.0,
        activation="gelu",
        batch_first=True,
        norm_first=True,
        dtype=torch.float64,
    )
    parameters = {f"self_attn.{name}": t for name, t in attention_parameters(p, "attention.").items()}
    for theirs, ours in (("norm1", "attention_norm"), ("norm2", "feed_norm")):
        parameters |= {f"{theirs}.{name}": p[f"{ours}.{name}"] for name in ("weight", "bias")}
    for theirs, ours in (("linear1", "widen"), ("linear2", "narrow")):
        parameters |= {f"{theirs}.weight": p[f"{ours}.weight"].T, f"{theirs}.bias": p[f"{ours}.bias"]}
    mask = later(x.shape[1]) if layer.attention.causal else None
    return of_module(module, parameters, x, src_mask=mask, src_key_padding_mask=padding(layer, lengths, x.shape[1]))


def recurrent(kind: Any, layer: Any, p: Any, x: Any) -> Any:
    """PyTorch adds two biases; one of them is 0 here, but for the candidate of a GRU."""
    second = torch.zeros_like(p["bias"])
    if "candidate_bias" in p:
        second = torch.cat([second[: 2 * layer.size], p["candidate_bias"]])
    parameters = {
        "weight_ih_l0": p["weight"].T,
        "weight_hh_l0": p["recurrent"].T,
        "bias_ih_l0": p["bias"],
        "bias_hh_l0": second,
    }
    states, _ = of_module(kind(layer.inputs, layer.size, batch_first=True, dtype=torch.float64), parameters, x)
    return states[:, -1] if layer.last else states


def batch_norm(layer: Any, p: Any, x: Any, training: bool) -> Any:
    states = [torch.tensor(s) for s in (layer.running_mean, layer.running_variance)]
    return F.batch_norm(x, *states, p["weight"], p["bias"], training, layer.momentum, layer.epsilon)


Theirs = Callable[..., Any]

LAYERS: dict[str, Theirs] = {
    "Linear": lambda m, p, x: F.linear(x, p["weight"].T, p["bias"]),
    "Linear, rows": lambda m, p, x: F.linear(x, p["weight"].T),
    "Embedding": lambda m, p, x: F.embedding(x, p["weight"]),
    "Flatten": lambda m, p, x: torch.flatten(x, 1),
    "ReLU": lambda m, p, x: F.relu(x),
    "LeakyReLU": lambda m, p, x: F.leaky_relu(x, m.slope),
    "GELU": lambda m, p, x: F.gelu(x),
    "SiLU": lambda m, p, x: F.silu(x),
    "Tanh": lambda m, p, x: torch.tanh(x),
    "Sigmoid": lambda m, p, x: torch.sigmoid(x),
    "Softplus": lambda m, p, x: F.softplus(x),
    "Softmax": lambda m, p, x: F.softmax(x, -1),
    "LogSoftmax": lambda m, p, x: F.log_softmax(x, 0),
    "Sequential": lambda m, p, x: F.linear(
        torch.tanh(F.linear(x, p["layers.0.weight"].T, p["layers.0.bias"])), p["layers.2.weight"].T, p["layers.2.bias"]
    ),
    "Residual": lambda m, p, x: x + F.linear(x, p["inner.weight"].T, p["inner.bias"]),
    "LayerNorm": lambda m, p, x: F.layer_norm(x, m.shape, p["weight"], p["bias"], m.epsilon),
    "LayerNorm, two axes": lambda m, p, x: F.layer_norm(x, m.shape, p["weight"], None, m.epsilon),
    "RMSNorm": lambda m, p, x: F.rms_norm(x, m.shape, p["weight"], m.epsilon),
    "BatchNorm": functools.partial(batch_norm, training=False),
    "BatchNorm, training": functools.partial(batch_norm, training=True),
    "BatchNorm, images": functools.partial(batch_norm, training=True),
    "Dropout": lambda m, p, x: F.dropout(x, m.rate, training=False),
    "MultiHeadAttention": attention,
    "MultiHeadAttention, causal": turned_attention,
    "MultiHeadAttention, context": attention,
    "TransformerBlock": block,
    "TransformerBlock, lengths": block,
    "RNN": functools.partial(recurrent, torch.nn.RNN),
    "GRU": functools.partial(recurrent, torch.nn.GRU),
    "LSTM": functools.partial(recurrent, torch.nn.LSTM),
    "Conv1d": lambda m, p, x: F.conv1d(F.pad(x, m.padding), p["weight"], p["bias"], m.stride, 0, m.dilation, m.groups),
    "Conv2d": lambda m, p, x: F.conv2d(x, p["weight"], p["bias"], m.stride, m.padding, m.dilation, m.groups),
    "Conv2d, groups": lambda m, p, x: F.conv2d(x, p["weight"], p["bias"], m.stride, m.padding, m.dilation, m.groups),
    "ConvTranspose2d": lambda m, p, x: F.conv_transpose2d(
        x, p["weight"], p["bias"], m.stride, m.padding, m.extra, m.groups, m.dilation
    ),
    "MaxPool1d": lambda m, p, x: F.max_pool1d(x, m.size),
    "AvgPool1d": lambda m, p, x: F.avg_pool1d(x, m.size),
    "MaxPool2d": lambda m, p, x: F.max_pool2d(x, m.size),
    "MaxPool2d, overlapping": lambda m, p, x: F.max_pool2d(x, m.size, m.stride, m.padding),
    "AvgPool2d": lambda m, p, x: F.avg_pool2d(x, m.size, m.stride),
    "GlobalAvgPool": lambda m, p, x: F.adaptive_avg_pool2d(x, 1).flatten(1),
    "GlobalMaxPool": lambda m, p, x: F.adaptive_max_pool2d(x, 1).flatten(1),
    "Upsample2d": lambda m, p, x: F.interpolate(x, scale_factor=m.scale),
}
# PyTorch has no layers for positions, and draws other random numbers
ALONE = {"LearnedPositions", "SinusoidalPositions", "Dropout, training"}


def test_every_case_is_compared() -> None:
    assert set(LAYERS) | ALONE == set(CASES)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    layer, inputs = example(name)
    call = calling(name)
    weights = np.random.default_rng(9).normal(size=np.shape(call(layer, inputs)))
    layer, inputs = example(name)  # as it was, for a batch norm has moved its states

    def loss(model: Any, inputs: Any) -> Any:
        return np.sum(call(model, inputs) * weights)

    theirs = {name: torch.tensor(p, requires_grad=True) for name, p in layer.parameters().items()}
    given = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    y = LAYERS[name](layer, theirs, *given, **options(name))
    np.testing.assert_allclose(call(example(name)[0], inputs), y.detach().numpy(), rtol=1e-10, atol=1e-12)
    (y * torch.tensor(weights)).sum().backward()
    if layer.parameters():
        gradients = wk.grad(loss)(layer, inputs)
        for path, found in nn.Module.parameters(gradients).items():
            np.testing.assert_allclose(found, theirs[path].grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=path)
    if inputs[0].dtype.kind == "f":
        for found, x in zip(wk.grad(loss, wrt=1)(layer, inputs), given, strict=True):
            np.testing.assert_allclose(found, x.grad.numpy(), rtol=1e-9, atol=1e-11)


def test_states_of_batch_norm() -> None:
    layer, (x,) = example("BatchNorm, images")
    states = [torch.tensor(s) for s in (layer.running_mean, layer.running_variance)]
    for step in range(3):
        F.batch_norm(torch.tensor(x + step), *states, training=True, momentum=layer.momentum)
        with random.drawing(training=True):
            layer(x + step)
    np.testing.assert_allclose(layer.running_mean, states[0].numpy(), rtol=1e-12)
    np.testing.assert_allclose(layer.running_variance, states[1].numpy(), rtol=1e-12)


def tensor(x: Any) -> Any:
    return torch.tensor(x)


LOSSES: dict[str, tuple[Any, Any, Theirs]] = {
    "mse": (nn.mse, OTHERS, F.mse_loss),
    "mae": (nn.mae, OTHERS, F.l1_loss),
    "huber": (functools.partial(nn.huber, delta=0.7), OTHERS, functools.partial(F.huber_loss, delta=0.7)),
    "cosine": (nn.cosine, OTHERS, lambda z, t: F.cosine_embedding_loss(z, t, torch.ones(6))),
    "poisson": (nn.poisson, np.abs(OTHERS), F.poisson_nll_loss),
    "cross_entropy": (nn.cross_entropy, LABELS, F.cross_entropy),
    "cross_entropy, all options": (
        functools.partial(nn.cross_entropy, smoothing=0.3, ignore=2, weights=WEIGHTS),
        LABELS,
        lambda z, t: F.cross_entropy(z, t, tensor(WEIGHTS), ignore_index=2, label_smoothing=0.3),
    ),
    "cross_entropy, smoothing and ignore": (
        functools.partial(nn.cross_entropy, smoothing=0.3, ignore=0),
        LABELS,
        functools.partial(F.cross_entropy, ignore_index=0, label_smoothing=0.3),
    ),
    "cross_entropy, shares": (
        functools.partial(nn.cross_entropy, smoothing=0.3, weights=WEIGHTS),
        SHARES,
        lambda z, t: F.cross_entropy(z, t, tensor(WEIGHTS), label_smoothing=0.3),
    ),
    "cross_entropy, places": (
        lambda z, t: nn.cross_entropy(z.reshape(2, 3, 4), t.reshape(2, 3)),
        LABELS,
        lambda z, t: F.cross_entropy(z.reshape(2, 3, 4).transpose(1, 2), t.reshape(2, 3)),
    ),
    "binary_cross_entropy": (
        nn.binary_cross_entropy,
        YES.astype(float),
        F.binary_cross_entropy_with_logits,
    ),
    "binary_cross_entropy, weight": (
        functools.partial(nn.binary_cross_entropy, weight=3.0),
        YES.astype(float),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, pos_weight=tensor(3.0)),
    ),
    "kl_divergence": (
        nn.kl_divergence,
        SHARES,
        lambda z, t: F.kl_div(F.log_softmax(z, -1), t, reduction="batchmean"),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str) -> None:
    ours, target, theirs = LOSSES[name]
    z = torch.tensor(ROWS, requires_grad=True)
    value = theirs(z, tensor(target))
    value.backward()
    found, gradient = wk.value_and_grad(lambda prediction: ours(prediction, target))(ROWS)
    assert float(found) == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy(), rtol=1e-10, atol=1e-13)
