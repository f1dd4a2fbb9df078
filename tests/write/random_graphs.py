"""Random graphs over the whole registry: many dtypes, shapes and memory layouts, and numbers beside values."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import workings.ops  # noqa: F401
from tests.ops.cases import APART
from workings.errors import WorkingsError
from workings.graph import Carry, Graph, Node, Program, Role, call, constant, input_node, registered
from workings.transform import reverse

__all__ = ["arguments", "random_call", "random_graph", "random_program"]

_SHAPES = ((), (1,), (3,), (4,), (3, 4), (4, 3), (3, 1), (1, 4), (2, 3, 4), (0,), (3, 0))
_DTYPES = ("float64", "float64", "float32", "int64", "bool", "int8", "float16")
_NUMBERS = (2, 0, -1, 0.5, -0.0, 0.1, 1 / 1438, 3.0, 1e-8, float("inf"), float("nan"), True, 7)
_OPS = [op.name for op in registered() if op.name not in APART]


def random_graph(seed: int, size: int = 12, dtypes: tuple[str, ...] = _DTYPES) -> Graph:
    """A graph of about `size` nodes whose outputs are all that nothing else uses."""
    rng = random.Random(seed)
    inputs = [input_node(f"x{k}", rng.choice(_SHAPES), rng.choice(dtypes)) for k in range(rng.randint(1, 4))]
    nodes: list[Node] = list(inputs)
    for _ in range(size * 20):
        if len(nodes) >= len(inputs) + size:
            break
        made = random_call(rng, rng.choice(_OPS), nodes)
        if made is not None and made.size <= 4096:
            nodes.append(made)
    used = {i for node in nodes for i in node.inputs}
    outputs = [node for node in nodes if node not in used and not node.is_input] or [nodes[-1]]
    return Graph(inputs, outputs)


def random_call(rng: random.Random, op: str, nodes: list[Node]) -> Node | None:
    """One call of this op, or None if the values at hand do not suit it."""
    label = rng.choice([None, None, None, "h", "y", "train_2", "é"])
    some: list[Any] = [*rng.choices(nodes[-8:], k=3), rng.choice(_NUMBERS), rng.choice(_NUMBERS)]
    x = rng.choice(nodes[-8:])
    try:
        inputs = _inputs(rng, op, x, some)
        attributes = _window(op, inputs[0]) if op in _WINDOWS else _attributes(rng, op, x)
        return call(op, *inputs, label=label, **attributes)
    except (WorkingsError, StopIteration, OverflowError):
        return None


def _count(op: str) -> int:
    record = next(o for o in registered() if o.name == op)
    return len(record.domain) or 1


def _inputs(rng: random.Random, op: str, x: Node, some: list[Any]) -> list[Any]:
    if op in ("concatenate", "stack"):
        return [x, *(rng.choice([x, constant(np.ones(x.shape, x.dtype))]) for _ in range(rng.randint(0, 2)))]
    if op in ("getitem", "put", "einsum"):
        return [x]
    if op in ("take_along_axis", "put_along"):
        return [x, _indices(rng, x, 0)]
    if op in _WINDOWS:
        return _images(rng, op, x)
    count = _count(op)
    inputs = rng.choices(some, k=count) if count > 1 else [x]
    if op == "where":
        inputs[0] = call("less", x, rng.choice([0, 1, x]))
    if not any(isinstance(i, Node) for i in inputs):
        inputs[rng.randrange(count)] = x
    return inputs


_WINDOWS = tuple(op for op in _OPS if op.endswith("2d"))


def _indices(rng: random.Random, x: Node, low: int) -> Node:
    """Places along the first axis of x, which may be turned."""
    at = np.random.default_rng(rng.randrange(99)).integers(low, max(x.shape[0] if x.shape else 1, 1), x.shape)
    return constant(at.T).T if rng.random() < 0.3 else constant(at)


def _images(rng: random.Random, op: str, x: Node) -> list[Any]:
    """The values of x as images, and what else an op of windows takes: kernels of 1 by 2, windows of 1 by 1."""
    shape = (*(1,) * (4 - x.ndim), *x.shape) if x.ndim <= 4 else (1, 1, 1, x.size)
    images = x if x.ndim == 4 else call("reshape", x, shape=shape)
    if rng.random() < 0.3:
        images = call("transpose", images, axes=(1, 0, 2, 3))
    n, c, h, w = images.shape
    if op in ("conv2d", "conv_transpose2d"):
        window = (1, 2) if op == "conv2d" else (1, 1)
        shape = (2, c, *window) if op == "conv2d" else (c, 2, *window)
        return [images, constant(np.linspace(-1, 1, int(np.prod(shape))).reshape(shape).astype(x.dtype))]
    if op == "conv_kernel2d":
        return [images, constant(np.ones((n, 2, h, w), x.dtype))]
    return [images, call("max_pool2d", images, size=1, stride=1)] if op == "argmax_pool2d" else [images]


def _window(op: str, images: Node) -> dict[str, Any]:
    """The attributes that go with `_images`."""
    if op == "conv2d":
        return {"padding": 1}
    size = images.shape[2:] if op == "conv_transpose2d" else 1
    if op.startswith("conv"):
        return {"size": (1, 1) if op == "conv_kernel2d" else size}
    return {"size": 1, "stride": 1} | ({"shape": images.shape[2:]} if op == "avg_unpool2d" else {})


def _attributes(rng: random.Random, op: str, x: Node) -> dict[str, Any]:
    axes = list(range(x.ndim))
    if op in ("sum", "mean", "prod", "max", "min", "all", "any"):
        chosen = tuple(sorted(rng.sample(axes, rng.randint(0, len(axes)))))
        axis: Any = chosen[0] if len(chosen) == 1 else chosen
        found = {} if not chosen else {"axis": axis}
        return found | ({"keepdims": True} if rng.random() < 0.3 else {})
    if op in ("argmax", "argmin"):
        return {} if not axes or rng.random() < 0.3 else {"axis": rng.choice(axes)}
    if op == "einsum":
        letters = "ijkl"[: x.ndim]
        return {"subscripts": f"{letters}->{''.join(rng.sample(letters, rng.randint(0, x.ndim)))}"}
    if op == "pad":
        return {"pad_width": tuple((rng.randint(0, 2), 1) for _ in x.shape)}
    if op in ("take_along_axis", "put_along"):
        return {"axis": 0} if op == "take_along_axis" else {"axis": 0, "length": x.shape[0] if x.shape else 1}
    if op in ("cumsum", "flip", "concatenate", "sort", "argsort"):
        return {"axis": rng.choice(axes)} if axes else {"axis": 0}
    if op == "transpose":
        return {"axes": tuple(rng.sample(axes, len(axes)))}
    if op == "reshape":
        return {"shape": rng.choice([(-1,), x.shape, (1, *x.shape), tuple(reversed(x.shape)), (*x.shape, 1)])}
    if op == "broadcast_to":
        return {"shape": rng.choice([x.shape, (2, *x.shape), tuple(3 if n == 1 else n for n in x.shape)])}
    if op == "squeeze":
        ones = tuple(i for i, n in enumerate(x.shape) if n == 1)
        return {"axis": ones}
    if op in ("expand_dims", "stack"):
        return {"axis": rng.randint(0, x.ndim)}
    if op == "astype":
        return {"dtype": np.dtype(rng.choice(_DTYPES))}
    if op == "getitem":
        return {"key": _key(rng, x)}
    if op == "put":
        return {"shape": (*x.shape, 3), "key": (*(slice(None) for _ in x.shape), rng.randrange(3))}
    return {}


def _key(rng: random.Random, x: Node) -> tuple[Any, ...]:
    parts: list[Any] = []
    for n in x.shape:
        options: list[Any] = [slice(None), slice(0, n, 2), slice(None, None, -1), slice(1, None)]
        parts.append(rng.choice([*options, rng.randrange(n)] if n else options))
    if rng.random() < 0.3:
        parts.insert(rng.randint(0, len(parts)), None)
    return tuple(parts) if rng.random() < 0.8 else (..., *parts)


def arguments(graph: Graph, seed: int) -> list[Any]:
    """Values for the graph's inputs, with the edges of arithmetic among them."""
    rng = np.random.default_rng(seed)
    values = []
    for node in graph.inputs:
        value = np.asarray(rng.normal(size=node.shape) * 3)
        edge = rng.random(node.shape) < 0.1
        value = np.where(edge, rng.choice([0.0, -0.0, np.inf, np.nan, 1.0], size=node.shape), value)
        if node.dtype.kind in "ib":
            value = np.where(np.isfinite(value), value, 0)
        values.append(value.astype(node.dtype)[()])
    return values


def random_program(seed: int) -> Program:
    """A step whose carried values are tangled: each becomes any value of the step, old or new."""
    rng = random.Random(seed)
    shape = rng.choice([(), (2, 2), (3,)])
    count = rng.randint(1, 5)
    carried = [input_node(f"c{k}", shape, "float64", rng.choice([Role.PARAMETER, Role.STATE])) for k in range(count)]
    x = input_node("x", shape, "float64")
    rate = input_node("rate", (), "float64", Role.SETTING)
    nodes: list[Node] = [*carried, x, rate]
    for _ in range(rng.randint(1, 14)):
        name = rng.choice(["multiply", "add", "subtract", "tanh", "sin", "transpose", "stop_gradient", "where"])
        a, b = (rng.choice(nodes[-6:]) for _ in range(2))
        label = rng.choice([None, None, "h", "c1", "c0_next"])
        if name == "transpose":
            nodes.append(call(name, a, axes=tuple(reversed(range(a.ndim))), label=label))
        elif name == "where":
            nodes.append(call(name, a < b, a, rng.choice([b, 0.5]), label=label))
        else:
            nodes.append(call(name, *([a] if name in ("tanh", "sin", "stop_gradient") else [a, b]), label=label))
    loss = call("tanh", call("sum", rng.choice(nodes)), label="loss")
    parameters = [c for c in carried if c.role is Role.PARAMETER]
    found = zip(parameters, reverse(loss, parameters), strict=True)
    gradients = {p: constant(0.0) if g is None else g for p, g in found}
    fitting = [n for n in nodes if n.shape == shape]
    fitting += [p - rate * g for p, g in gradients.items() if g.shape == shape]
    outputs = [rng.choice([*fitting, *carried]) for _ in carried]
    stop = rng.choice([constant(False), call("sum", rng.choice([*carried, *outputs])) > 1.5])
    finite = call("logical_and", call("isfinite", loss), call("all", call("isfinite", rng.choice(nodes))))
    graph = Graph([*carried, x, rate], [loss, finite, stop, *outputs], name="loss")
    starts = np.random.default_rng(seed).normal(size=(count + 1, *shape))
    carry = tuple(Carry(c, o, s) for c, o, s in zip(carried, outputs, starts, strict=False))
    return Program(graph, carry, {"x": starts[-1]}, {"rate": 0.1}, gradients, steps=12)
