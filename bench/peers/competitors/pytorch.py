"""PyTorch: eager, and by torch.compile.

Written for speed: functions of tensors in place of modules, weights in the layout that `linear` wants, queries, keys
and values in one product, the fused optimizers, rows taken by `index_select`, and nothing read back between steps.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (as everybody calls it)

from bench.peers.task import Competitor, RefusalError, Task, joined

__all__ = ["compiled", "eager", "with_optimizer"]

Parameters = dict[str, Tensor]


# ── the nets ────────────────────────────────────────────────────────────────────────────────────────────────


def neuron(p: Parameters, expected: Tensor, x: Tensor) -> Tensor:
    return torch.square(p["w"] * x - expected)


def moons(p: Parameters, points: Tensor, upper: Tensor) -> Tensor:
    h = torch.tanh(F.linear(points, p["w1"], p["b1"]))
    h = torch.tanh(F.linear(h, p["w2"], p["b2"]))
    return F.binary_cross_entropy_with_logits(F.linear(h, p["w3"], p["b3"]), upper)


def mlp(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
    layers = len(p) // 2
    for i in range(layers):
        x = F.linear(x, p[f"layers.{2 * i}.weight"], p[f"layers.{2 * i}.bias"])
        if i < layers - 1:
            x = torch.relu(x)
    return F.cross_entropy(x, y)


def cnn(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
    for at in ("layers.0", "layers.3"):
        x = F.max_pool2d(torch.relu(F.conv2d(x, p[f"{at}.weight"], p[f"{at}.bias"], padding=1)), 2)
    return F.cross_entropy(F.linear(x.flatten(1), p["layers.7.weight"], p["layers.7.bias"]), y)


def transformer(heads: int, layers: int) -> Callable[..., Tensor]:
    def loss(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
        batch, time = x.shape
        h = F.embedding(x, p["layers.0.weight"]) + p["layers.1.weight"]
        width = h.shape[-1]
        for i in range(2, 2 + layers):
            at = f"layers.{i}"
            normal = F.layer_norm(h, (width,), p[f"{at}.attention_norm.weight"], p[f"{at}.attention_norm.bias"])
            joined = F.linear(normal, p[f"{at}.joined.weight"], p[f"{at}.joined.bias"])
            query, key, value = joined.view(batch, time, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            mixed = mixed.transpose(1, 2).reshape(batch, time, width)
            h = h + F.linear(mixed, p[f"{at}.attention.output.weight"], p[f"{at}.attention.output.bias"])
            normal = F.layer_norm(h, (width,), p[f"{at}.feed_norm.weight"], p[f"{at}.feed_norm.bias"])
            wide = F.gelu(F.linear(normal, p[f"{at}.widen.weight"], p[f"{at}.widen.bias"]))
            h = h + F.linear(wide, p[f"{at}.narrow.weight"], p[f"{at}.narrow.bias"])
        norm, head = f"layers.{2 + layers}", f"layers.{3 + layers}"
        h = F.layer_norm(h, (width,), p[f"{norm}.weight"], p[f"{norm}.bias"])
        scores = F.linear(h, p[f"{head}.weight"], p[f"{head}.bias"])
        return F.cross_entropy(scores.flatten(0, 1), y.flatten())

    return loss


# What torch.nn.GRU calls. torch.compile would unroll it, and then takes minutes for 64 steps of time.
turns = torch.compiler.disable(torch._VF.gru)


def gru(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
    h = F.embedding(x, p["layers.0.weight"])
    start = h.new_zeros(1, len(x), p["layers.1.candidate_bias"].shape[0])
    # PyTorch adds two biases; all but a part of the second stays 0 here, as the sum of two moves twice as far
    second = F.pad(p["layers.1.candidate_bias"], (2 * start.shape[-1], 0))
    weights = [p["layers.1.weight"], p["layers.1.recurrent"], p["layers.1.bias"], second]
    states, _ = turns(h, start, weights, True, 1, 0.0, True, False, True)
    scores = F.linear(states, p["layers.2.weight"], p["layers.2.bias"])
    return F.cross_entropy(scores.flatten(0, 1), y.flatten())


def net(task: Task) -> Callable[..., Tensor]:
    """The loss of the task."""
    if task.net == "transformer":
        return transformer(task.shape["heads"], task.shape["layers"])
    return {"neuron": neuron, "moons": moons, "mlp": mlp, "cnn": cnn, "gru": gru}[task.net]


def parameters(task: Task) -> Parameters:
    """The start values in PyTorch's layout: (outputs, inputs), and the three products of an attention as one."""
    values = joined(task.parameters)
    tables = ("layers.0.weight", "layers.1.weight") if task.net == "transformer" else ("layers.0.weight",)
    kept = tables if task.net in ("transformer", "gru") else ()
    result = {}
    for name, value in values.items():
        turned = value.T if value.ndim == 2 and name not in kept else value
        if task.net == "moons" and name in ("w3", "b3"):  # one output, where workings has none for the axis
            turned = turned.reshape((1, -1) if name == "w3" else 1)
        tensor = torch.tensor(turned.copy(order="C"))  # ascontiguousarray would give a number an axis
        if tensor.ndim == 4:  # of a convolution: channels last are faster
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        result[name] = tensor.requires_grad_()
    return result


# ── the loops ───────────────────────────────────────────────────────────────────────────────────────────────


def eager(task: Task) -> Competitor:
    """A step in Python: gradients of the parameters alone, and the fused update."""
    return _trained(task, net(task))


def with_optimizer(task: Task) -> Competitor:
    """A step in Python as PyTorch's documentation has it, by an optimizer of `torch.optim`, descent among them."""
    return _trained(task, net(task), by_hand=False)


def _trained(task: Task, loss: Callable[..., Tensor], *, by_hand: bool = True) -> Competitor:
    # a net of few numbers is slower on several threads than on one
    torch.set_num_threads(task.threads if _large(task) else 1)
    p, batch = parameters(task), _batches(task)
    weights = list(p.values())

    if task.rule == "sgd" and by_hand:
        # a step of torch.optim.SGD, without its bookkeeping
        def step(i: int) -> Tensor:
            found = loss(p, *batch(i))
            gradients = torch.autograd.grad(found, weights)
            with torch.no_grad():
                torch._foreach_add_(weights, gradients, alpha=-task.rate)
            return found
    else:
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[task.rule]
        optimizer = kind(weights, lr=task.rate, fused=True)

        def step(i: int) -> Tensor:
            found = loss(p, *batch(i))
            found.backward()
            optimizer.step()
            optimizer.zero_grad()
            return found

    return _looped(step)


def compiled(task: Task) -> Competitor:
    """The whole step compiled as one graph: rows, loss, gradient and update, which is written out for that.

    A GRU is PyTorch's own kernel, and what lies around it is compiled.
    """
    if not any(map(shutil.which, ("g++", "clang++", "c++"))):
        raise RefusalError("torch.compile needs a C++ compiler, and there is none")
    if task.net == "gru":
        return _trained(task, torch.compile(gru, dynamic=False))
    torch.set_num_threads(task.threads if _large(task) else 1)
    if not _large(task):
        torch._inductor.config.cpp_wrapper = True  # less Python around the kernels
    # a compiled step does not move a tensor without axes, so that a lone number becomes a row of one
    p = {name: torch.atleast_1d(value.detach()) for name, value in parameters(task).items()}
    loss = net(task)
    gradient = torch.func.grad_and_value(lambda p, *batch: loss(p, *batch).sum())
    data = list(_tensors(task).values())
    index = _index(task)
    first, second = ({name: torch.zeros_like(value) for name, value in p.items()} for _ in range(2))
    decay = 1 - task.rate * DECAY if task.rule == "adamw" else 1.0

    def whole(rows: Tensor | None, rate: Tensor | None, root: Tensor | None) -> Tensor:
        batch = data if rows is None else [values.index_select(0, rows) for values in data]
        slopes, found = gradient(p, *batch)
        for name, slope in slopes.items():
            if rate is None:
                p[name].sub_(task.rate * slope)
                continue
            m, v = first[name].lerp_(slope, 0.1), second[name].mul_(0.999).addcmul_(slope, slope, value=0.001)
            if decay != 1:
                p[name].mul_(decay)
            p[name].sub_(rate * m / (v.sqrt() / root + 1e-8))
        return found

    fast = torch.compile(whole, fullgraph=True, dynamic=False)

    def step(i: int) -> Tensor:
        rows = None if index is None else index[i % len(index)]
        if task.rule == "sgd":
            return fast(rows, None, None)
        rate, root = task.rate / (1 - 0.9 ** (i + 1)), math.sqrt(1 - 0.999 ** (i + 1))
        return fast(rows, torch.tensor(rate), torch.tensor(root))  # as tensors: a number would be compiled in

    return _looped(step)


DECAY = 0.01  # of AdamW, in PyTorch as in workings


def _looped(step: Callable[[int], Tensor]) -> Competitor:
    done, found = 0, torch.zeros(())

    def run(steps: int) -> None:
        nonlocal done, found
        for i in range(done, done + steps):
            found = step(i)
        done += steps

    return Competitor(run, lambda: float(found.item()))


def _large(task: Task) -> bool:
    return sum(value.size for value in task.parameters.values()) > 50_000 or task.net in ("cnn", "transformer", "gru")


def _tensors(task: Task) -> Parameters:
    tensors = {name: torch.tensor(value) for name, value in task.data.items()}
    if task.net == "moons":
        tensors["upper"] = tensors["upper"].unsqueeze(1)
    return tensors


def _index(task: Task) -> list[Tensor] | None:
    return None if task.index is None else list(torch.tensor(task.index).unbind(0))


def _batches(task: Task) -> Callable[[int], list[Tensor]]:
    data, index = list(_tensors(task).values()), _index(task)
    if index is None:
        return lambda i: data
    return lambda i: [values.index_select(0, index[i % len(index)]) for values in data]
