"""JAX: a step compiled by `jit` and called from Python, and the whole loop compiled as one `scan`.

What is carried is donated, so that it is updated where it lies; the data lie on the device, and the rows of a batch are
gathered in the compiled function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.peers.task import Competitor, Task, joined

__all__ = ["scanned", "stepwise"]


# ── the nets ────────────────────────────────────────────────────────────────────────────────────────────────


def neuron(p: Any, expected: Any, x: Any) -> Any:
    return jnp.square(p["w"] * x - expected)


def moons(p: Any, points: Any, upper: Any) -> Any:
    h = jnp.tanh(points @ p["w1"] + p["b1"])
    h = jnp.tanh(h @ p["w2"] + p["b2"])
    score = h @ p["w3"] + p["b3"]
    return jnp.mean(jax.nn.softplus(score) - upper * score)


def cross_entropy(scores: Any, labels: Any) -> Any:
    chosen = jnp.take_along_axis(scores, labels[..., None], -1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(scores, -1) - chosen)


def mlp(p: Any, x: Any, y: Any) -> Any:
    layers = len(p) // 2
    for i in range(layers):
        x = x @ p[f"layers.{2 * i}.weight"] + p[f"layers.{2 * i}.bias"]
        if i < layers - 1:
            x = jax.nn.relu(x)
    return cross_entropy(x, y)


def cnn(looped: bool) -> Callable[..., Any]:
    """Channels last, as XLA's convolution on a processor likes them.

    Within a loop XLA takes a slow convolution, ten times the time of a product of the windows, so there it is that.
    """

    def convolved(x: Any, weight: Any) -> Any:
        if not looped:
            kernel = jnp.transpose(weight, (2, 3, 1, 0))
            return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        batch, height, width, channels = x.shape
        framed = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifts = [framed[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
        windows = jnp.concatenate(shifts, -1).reshape(-1, 9 * channels)
        product = windows @ jnp.transpose(weight, (2, 3, 1, 0)).reshape(9 * channels, -1)
        return product.reshape(batch, height, width, -1)

    def loss(p: Any, x: Any, y: Any) -> Any:
        x = jnp.moveaxis(x, 1, -1)
        for at in ("layers.0", "layers.3"):
            x = jax.nn.relu(convolved(x, p[f"{at}.weight"]) + p[f"{at}.bias"])
            top = jnp.maximum(x[:, ::2, ::2], x[:, ::2, 1::2])  # faster than reduce_window and its derivative
            x = jnp.maximum(top, jnp.maximum(x[:, 1::2, ::2], x[:, 1::2, 1::2]))
        x = jnp.moveaxis(x, -1, 1)
        return cross_entropy(x.reshape(len(x), -1) @ p["layers.7.weight"] + p["layers.7.bias"], y)

    return loss


def layer_norm(p: Any, at: str, x: Any) -> Any:
    centered = x - jnp.mean(x, -1, keepdims=True)
    variance = jnp.mean(jnp.square(centered), -1, keepdims=True)
    return centered * lax.rsqrt(variance + 1e-5) * p[f"{at}.weight"] + p[f"{at}.bias"]


def transformer(heads: int, layers: int) -> Callable[..., Any]:
    def loss(p: Any, x: Any, y: Any) -> Any:
        batch, time = x.shape
        h = p["layers.0.weight"][x] + p["layers.1.weight"]
        width = h.shape[-1]
        seen = jnp.tri(time, dtype=bool)
        for i in range(2, 2 + layers):
            at = f"layers.{i}"
            normal = layer_norm(p, f"{at}.attention_norm", h)
            joined = normal @ p[f"{at}.joined.weight"] + p[f"{at}.joined.bias"]
            query, key, value = jnp.moveaxis(joined.reshape(batch, time, 3, heads, width // heads), 2, 0)
            scores = jnp.einsum("bthd,bshd->bhts", query, key) * (width // heads) ** -0.5
            weights = jax.nn.softmax(jnp.where(seen, scores, -1e9))
            mixed = jnp.einsum("bhts,bshd->bthd", weights, value).reshape(batch, time, width)
            h = h + mixed @ p[f"{at}.attention.output.weight"] + p[f"{at}.attention.output.bias"]
            normal = layer_norm(p, f"{at}.feed_norm", h)
            wide = jax.nn.gelu(normal @ p[f"{at}.widen.weight"] + p[f"{at}.widen.bias"], approximate=False)
            h = h + wide @ p[f"{at}.narrow.weight"] + p[f"{at}.narrow.bias"]
        h = layer_norm(p, f"layers.{2 + layers}", h)
        head = f"layers.{3 + layers}"
        return cross_entropy(h @ p[f"{head}.weight"] + p[f"{head}.bias"], y)

    return loss


def gru(p: Any, x: Any, y: Any) -> Any:
    given = p["layers.0.weight"][x] @ p["layers.1.weight"] + p["layers.1.bias"]
    size = p["layers.1.candidate_bias"].shape[0]

    def turn(h: Any, given: Any) -> tuple[Any, Any]:
        asked = h @ p["layers.1.recurrent"]
        gates = jax.nn.sigmoid(given[:, : 2 * size] + asked[:, : 2 * size])
        r, z = gates[:, :size], gates[:, size:]
        n = jnp.tanh(given[:, 2 * size :] + r * (asked[:, 2 * size :] + p["layers.1.candidate_bias"]))
        h = (1 - z) * n + z * h
        return h, h

    _, states = lax.scan(turn, jnp.zeros((len(x), size)), jnp.swapaxes(given, 0, 1))
    scores = states @ p["layers.2.weight"] + p["layers.2.bias"]
    return cross_entropy(scores, jnp.swapaxes(y, 0, 1))


def net(task: Task, looped: bool) -> Callable[..., Any]:
    """The loss of the task; `looped` says whether it is compiled within a loop."""
    if task.net == "cnn":
        return cnn(looped)
    if task.net == "transformer":
        return transformer(task.shape["heads"], task.shape["layers"])
    return {"neuron": neuron, "moons": moons, "mlp": mlp, "gru": gru}[task.net]


def parameters(task: Task) -> dict[str, Any]:
    """The start values; the three products of an attention are one."""
    values = joined(task.parameters)
    return {name: jnp.array(value) for name, value in values.items()}


# ── the step ────────────────────────────────────────────────────────────────────────────────────────────────


def started(task: Task, looped: bool) -> tuple[Callable[..., Any], Any, Any]:
    """The function of a step, `(data, carry, number) → (carry, loss)`, what is carried into the first, and the data."""
    if task.parameters[next(iter(task.parameters))].dtype == np.float64:
        jax.config.update("jax_enable_x64", True)
    gradient = jax.value_and_grad(net(task, looped))
    values = {name: jnp.array(v if v.dtype.kind == "f" else v.astype(np.int32)) for name, v in task.data.items()}
    data = (tuple(values.values()), None if task.index is None else jnp.array(task.index))
    p = parameters(task)

    def batch(data: Any, number: Any) -> Any:
        whole, index = data
        if index is None:
            return whole
        rows = index[number % len(index)]
        return [values.at[rows].get(mode="promise_in_bounds") for values in whole]

    def sgd(data: Any, p: Any, number: Any) -> Any:
        loss, slopes = gradient(p, *batch(data, number))
        return {name: p[name] - task.rate * slopes[name] for name in p}, loss

    decay = 1 - task.rate * DECAY if task.rule == "adamw" else 1.0

    def adam(data: Any, carry: Any, number: Any) -> Any:
        p, first, second = carry
        loss, slopes = gradient(p, *batch(data, number))
        count = number.astype(jnp.float32) + 1
        rate = task.rate / -jnp.expm1(count * np.log(0.9))
        root = jnp.sqrt(-jnp.expm1(count * np.log(0.999)))
        first = {name: 0.9 * first[name] + 0.1 * slopes[name] for name in p}
        second = {name: 0.999 * second[name] + 0.001 * jnp.square(slopes[name]) for name in p}
        p = {n: decay * p[n] - rate * first[n] / (jnp.sqrt(second[n]) / root + 1e-8) for n in p}
        return (p, first, second), loss

    if task.rule == "sgd":
        return sgd, p, data
    return adam, (p, *({name: jnp.zeros_like(value) for name, value in p.items()} for _ in range(2))), data


DECAY = 0.01  # of AdamW, as in workings


# ── the loops ───────────────────────────────────────────────────────────────────────────────────────────────


def stepwise(task: Task) -> Competitor:
    """A step in one call."""
    function, carry, data = started(task, False)
    # the number of the step is carried along too, so that nothing goes over from Python
    step = jax.jit(lambda data, carry, i: (*function(data, carry, i), i + 1), donate_argnums=(1, 2))
    number, loss = jnp.zeros((), jnp.int32), jnp.zeros(())

    def run(steps: int) -> None:
        nonlocal carry, number, loss
        for _ in range(steps):
            carry, loss, number = step(data, carry, number)
        jax.block_until_ready((carry, loss))

    return Competitor(run, lambda: float(loss))


def scanned(task: Task) -> Competitor:
    """All steps in one call, which returns the loss of each."""
    function, carry, data = started(task, True)

    @partial(jax.jit, static_argnums=3, donate_argnums=1)
    def loop(data: Any, carry: Any, first: Any, steps: int) -> Any:
        return lax.scan(lambda carry, i: function(data, carry, i), carry, first + jnp.arange(steps, dtype=jnp.int32))

    done, losses = 0, np.zeros(1)

    def run(steps: int) -> None:
        nonlocal carry, done, losses
        carry, losses = jax.block_until_ready(loop(data, carry, np.int32(done), steps))
        done += steps

    return Competitor(run, lambda: float(losses[-1]))
