"""Arrays put together: each part is written to its own place in one buffer."""

from __future__ import annotations

from dataclasses import replace

from workings.graph import Node
from workings.lower.elements import convert
from workings.lower.fold import new_steps
from workings.lower.loops import Kernel, Store
from workings.lower.lowering import Lowering, loops_over
from workings.lower.views import View, whole

__all__ = ["RULES"]


def _written(low: Lowering, x: Node, target: View) -> None:
    """A kernel that computes a value, or loads it, and writes it there."""
    axes = loops_over(x.shape)
    body, value = low.expression(x, axes)
    number = convert(value, target.buffer.dtype)
    body += new_steps(number, body)
    store = Store(target.access(axes, x.shape), number)
    low.parts.append(Kernel(tuple(x.shape[a] for a in axes), 0, tuple(body), None, (), (store,)))


def _concatenate(low: Lowering, node: Node) -> View:
    result = whole(low.buffer(node))
    step, start = result.strides[node.attributes["axis"]], 0
    for x in node.inputs:
        _written(low, x, replace(result, shape=x.shape, offset=start * step))
        start += x.shape[node.attributes["axis"]]
    return result


def _stack(low: Lowering, node: Node) -> View:
    result = whole(low.buffer(node))
    axis = node.attributes["axis"]
    strides = (*result.strides[:axis], *result.strides[axis + 1 :])
    for place, x in enumerate(node.inputs):
        _written(low, x, replace(result, shape=x.shape, strides=strides, offset=place * result.strides[axis]))
    return result


def _pad(low: Lowering, node: Node) -> View:
    (x,) = node.inputs
    result = whole(low.buffer(node))
    widths = node.attributes["pad_width"]
    if node.shape != x.shape:
        low.fill(result, node.attributes.get("constant_values", 0))
    offset = sum(before * stride for (before, _), stride in zip(widths, result.strides, strict=True))
    _written(low, x, replace(result, shape=x.shape, offset=offset))
    return result


RULES = {"concatenate": _concatenate, "stack": _stack, "pad": _pad}
for _rule in RULES.values():
    _rule.inlines = True  # type: ignore[attr-defined]
