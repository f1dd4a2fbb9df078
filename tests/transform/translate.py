"""Graphs as PyTorch and as JAX calculate them: a small table each, for comparing gradients with both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workings.graph import Graph

__all__ = ["by_jax", "by_torch", "torch_table"]

Table = dict[str, Callable[..., Any]]

_UNARY = (
    "negative reciprocal square sqrt absolute sign floor ceil trunc exp exp2 expm1 log log2 log10 log1p sin cos tan "
    "arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh isfinite isnan isinf logical_not"
)
_BINARY = (
    "add subtract multiply power floor_divide remainder less less_equal greater greater_equal equal not_equal "
    "logical_and logical_or logical_xor maximum minimum arctan2 hypot logaddexp"
)
_OTHER_NAMES = {
    "negative": "neg",
    "power": "pow",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
}


def _whole(key: tuple[Any, ...], indices: Sequence[Any]) -> tuple[Any, ...]:
    rest = iter(indices)
    return tuple(next(rest) if isinstance(part, str) else part for part in key)


def _flat(widths: Any) -> tuple[int, ...]:
    """The border of each axis as PyTorch takes it: the last axis first."""
    return tuple(n for pair in reversed(widths) for n in pair)


def torch_table(torch: Any) -> Table:
    """PyTorch's function for each op."""
    table: Table = {name: getattr(torch, _OTHER_NAMES.get(name, name)) for name in (_UNARY + " " + _BINARY).split()}

    def axes(x: Any, axis: Any) -> tuple[int, ...]:
        return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis

    def reduced(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x, axis=None, keepdims=False: function(x, dim=axes(x, axis), keepdim=keepdims) if x.ndim else x

    def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        for a in sorted(axes(x, axis), reverse=True):
            x = torch.prod(x, dim=a, keepdim=keepdims)
        return x

    def getitem(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
        for position, part in enumerate(key):  # PyTorch has no negative steps
            if isinstance(part, slice) and part.step == -1:
                x = torch.flip(x, (position,))
        forwards = [slice(None) if isinstance(p, slice) and p.step == -1 else p for p in key]
        return x[_whole(tuple(forwards), indices)]

    def put(values: Any, *indices: Any, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
        return torch.zeros(shape, dtype=values.dtype).index_put(_whole(key, indices), values, accumulate=True)

    def put_along(values: Any, indices: Any, axis: int, length: int) -> Any:
        shape = [length if k == axis else n for k, n in enumerate(values.shape)]
        return torch.zeros(shape, dtype=values.dtype).scatter_add(axis, indices, values)

    functional = torch.nn.functional
    return table | {
        "pad": lambda x, pad_width, constant_values=0: functional.pad(x, _flat(pad_width), value=constant_values),
        "sort": lambda x, axis: torch.sort(x, dim=axis).values,
        "take_along_axis": lambda x, indices, axis: torch.gather(x, axis, indices),
        "put_along": put_along,
        "einsum": lambda *xs, subscripts: torch.einsum(subscripts, *xs),
        "conv2d": functional.conv2d,
        "max_pool2d": lambda x, size, stride: functional.max_pool2d(x, size, stride),
        "avg_pool2d": lambda x, size, stride: functional.avg_pool2d(x, size, stride),
        "divide": torch.true_divide,
        "rint": torch.round,
        "floor_divide": lambda x, y: torch.floor(x / y),  # its own has no derivative, not even 0
        "erf": torch.special.erf,
        "where": torch.where,
        "clip": lambda x, low, high: torch.minimum(torch.maximum(x, low), high),
        "stop_gradient": lambda x: x.detach(),
        "matmul": torch.matmul,
        "outer": torch.outer,
        "transpose": lambda x, axes: x.permute(axes),
        "reshape": lambda x, shape: x.reshape(shape),
        "broadcast_to": lambda x, shape: x.broadcast_to(shape),
        "squeeze": lambda x, axis: x.squeeze(axis),
        "expand_dims": lambda x, axis: x.unsqueeze(axis),
        "flip": lambda x, axis: torch.flip(x, (axis,)),
        "concatenate": lambda *parts, axis: torch.cat(parts, axis),
        "stack": lambda *parts, axis: torch.stack(parts, axis),
        "cumsum": lambda x, axis: torch.cumsum(x, axis),
        "getitem": getitem,
        "put": put,
        "sum": reduced(torch.sum),
        "mean": reduced(torch.mean),
        "max": reduced(torch.amax),
        "min": reduced(torch.amin),
        "prod": prod,
    }


def by_torch(torch: Any, graph: Graph, values: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The one output of a graph and its gradients, calculated by PyTorch."""
    table = torch_table(torch)
    inputs = [torch.tensor(np.asarray(v), requires_grad=True) for v in values]
    found = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.nodes[len(graph.inputs) :]:
        if node.is_constant:
            found[node] = torch.tensor(np.array(node.value))
        else:
            found[node] = table[node.op.name](*(found[i] for i in node.inputs), **node.attributes)
    out = found[graph.outputs[0]]
    if out.requires_grad:
        out.backward()
    return out.detach().numpy(), [np.zeros(i.shape) if i.grad is None else i.grad.numpy() for i in inputs]


def _jax_table(jax: Any) -> Table:
    jnp = jax.numpy

    def put(values: Any, *indices: Any, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
        return jnp.zeros(shape, values.dtype).at[_whole(key, indices)].add(values)

    def put_along(values: Any, indices: Any, axis: int, length: int) -> Any:
        shape = [length if k == axis else n for k, n in enumerate(values.shape)]
        zeros = jnp.moveaxis(jnp.zeros(shape, values.dtype), axis, -1)
        places, values = jnp.moveaxis(indices, axis, -1), jnp.moveaxis(values, axis, -1)
        rows = jnp.indices(places.shape)[:-1]
        return jnp.moveaxis(zeros.at[(*rows, places)].add(values), -1, axis)

    def conv2d(x: Any, kernel: Any, stride: int, padding: int) -> Any:
        return jax.lax.conv_general_dilated(x, kernel, (stride, stride), [(padding, padding)] * 2)

    def windows(x: Any, size: tuple[int, int], stride: int) -> Any:
        (h, w), (height, width) = size, x.shape[2:]
        rows = jnp.arange(0, height - h + 1, stride)[:, None] + jnp.arange(h)
        columns = jnp.arange(0, width - w + 1, stride)[:, None] + jnp.arange(w)
        return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]

    names = _UNARY + " " + _BINARY + " divide rint where matmul outer transpose reshape broadcast_to squeeze "
    names += "expand_dims flip cumsum sum mean max min prod sort"
    return {name: getattr(jnp, name) for name in names.split()} | {
        "erf": jax.scipy.special.erf,
        # jnp.clip halves the derivative at a bound; the composition has what we state
        "clip": lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high),
        "stop_gradient": jax.lax.stop_gradient,
        "concatenate": lambda *parts, axis: jnp.concatenate(parts, axis),
        "stack": lambda *parts, axis: jnp.stack(parts, axis),
        "getitem": lambda x, *indices, key: x[_whole(key, indices)],
        "put": put,
        "pad": lambda x, pad_width, constant_values=0: jnp.pad(x, pad_width, constant_values=constant_values),
        "take_along_axis": lambda x, indices, axis: jnp.take_along_axis(x, indices, axis),
        "put_along": put_along,
        "einsum": lambda *xs, subscripts: jnp.einsum(subscripts, *xs),
        "conv2d": conv2d,
        "max_pool2d": lambda x, size, stride: jnp.max(windows(x, size, stride), axis=(4, 5)),
        "avg_pool2d": lambda x, size, stride: jnp.mean(windows(x, size, stride), axis=(4, 5)),
    }


def by_jax(jax: Any, graph: Graph, values: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The one output of a graph and its gradients, calculated by JAX (in 64 bits, op by op)."""
    table = _jax_table(jax)

    def function(*inputs: Any) -> Any:
        found = dict(zip(graph.inputs, inputs, strict=True))
        for node in graph.nodes[len(graph.inputs) :]:
            if node.is_constant:
                found[node] = jax.numpy.asarray(np.array(node.value))
            else:
                found[node] = table[node.op.name](*(found[i] for i in node.inputs), **node.attributes)
        return found[graph.outputs[0]]

    out, gradients = jax.value_and_grad(function, argnums=tuple(range(len(values))))(*map(jax.numpy.asarray, values))
    return np.asarray(out), [np.asarray(g) for g in gradients]
