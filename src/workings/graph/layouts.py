"""Which values certainly lie in memory row by row.

The bits of a sum depend on the order in which it is taken, and NumPy takes it in the order of memory. So what
is written or simplified must lay out its values just as the graph's meaning does. Where that is not certain
here, the written program makes it so, and a simplification is left undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from workings.graph.node import Node

__all__ = ["CONTIGUOUS", "ORDERED", "UNKNOWN", "Layout", "Layouts", "contiguous"]

_LIKE_UFUNCS = frozenset({"where", "clip"})
_JOINED = frozenset({"concatenate", "stack"})  # laid out by the strides of all, those of 0 among them
_REDUCTIONS = frozenset({"sum", "mean", "prod", "max", "min", "all", "any", "argmax", "argmin", "cumsum"})
_FRESH = frozenset({"outer", "put", "result", "threefry", "max_pool2d", "argmax_pool2d", "avg_pool2d", "avg_unpool2d"})
_SCALARS = _REDUCTIONS | {"result"}  # give a scalar of NumPy where the shape is ()
_AS_GIVEN = frozenset({"conv2d", "conv_kernel2d", "pad", "sort", "argsort"})  # row by row where the inputs are
_SAME = frozenset({"expand_dims", "squeeze", "stop_gradient"})
_NEW = _LIKE_UFUNCS | _JOINED | _REDUCTIONS | _FRESH | _AS_GIVEN | {"matmul", "astype"}
_REARRANGED = _SAME | {"reshape", "transpose"}


def contiguous(value: Any) -> Any:
    """The value as a NumPy scalar, or as an array that lies row by row; not copied if it does.

    So that a run which was saved and resumed has the same bits as one which was not, whatever is handed from step
    to step, or from turn to turn of a loop, lies in one order.
    """
    value = np.asarray(value)
    return np.ascontiguousarray(value) if value.ndim else value[()]


class Layout(int):
    """How much is certain: nothing, that later axes have smaller strides, or that it is C-contiguous."""

    __slots__ = ()


UNKNOWN, ORDERED, CONTIGUOUS = Layout(0), Layout(1), Layout(2)


class Layouts:
    """What is certain of each node, where the inputs have the layout `inputs`; found when it is asked for."""

    def __init__(self, given: Iterable[Node], inputs: Layout = CONTIGUOUS) -> None:
        self._found: dict[Node, tuple[Layout, bool]] = {
            node: (inputs, inputs == CONTIGUOUS) for node in given if node.ndim
        }

    def within(self, loop: Node) -> Layouts:
        """What is certain inside of a loop: what is carried lies row by row, and a row as what it is one of."""
        body, carry, rows = (loop.attributes[key] for key in ("body", "carry", "rows"))
        inner = Layouts(body.inputs)
        for k, (given, node) in enumerate(zip(loop.inputs, body.inputs, strict=True)):
            if k >= carry and node.ndim:
                layout, compact = self._of(given)
                inner._found[node] = layout, compact and (k >= carry + rows or layout == CONTIGUOUS)
        return inner

    def __getitem__(self, node: Node) -> Layout:
        return self._of(node)[0]

    def compact(self, node: Node) -> bool:
        """Whether its elements certainly lie side by side, in any order of the axes."""
        return self._of(node)[1]

    def certain(self, node: Node) -> bool:
        """Whether the node certainly lies row by row, or is a NumPy scalar where its shape is ()."""
        if node.ndim:
            return self[node] == CONTIGUOUS
        # a scalar may come as an array of no axes, except from these
        return node.is_input or node.is_constant or isinstance(node.op.numpy, np.ufunc) or node.op.name in _SCALARS

    def _of(self, node: Node) -> tuple[Layout, bool]:
        found, todo = self._found, [node]
        while todo:
            last = todo[-1]
            missing = [] if last in found or not last.ndim else [i for i in last.inputs if i not in found]
            if missing:
                todo.extend(missing)
                continue
            todo.pop()
            if last not in found:
                found[last] = _derived(last, [found[i] for i in last.inputs] if last.ndim else [])
        return found[node]


def _derived(node: Node, inputs: list[tuple[Layout, bool]]) -> tuple[Layout, bool]:
    if node.is_constant or node.ndim == 0:
        return CONTIGUOUS, True
    if node.is_input:
        return UNKNOWN, False
    layout = _layout(node, [known for known, _ in inputs])
    new = isinstance(node.op.numpy, np.ufunc) or node.op.name in _NEW
    return layout, layout == CONTIGUOUS or new or (node.op.name in _REARRANGED and inputs[0][1])


def _layout(node: Node, inputs: list[Layout]) -> Layout:
    name = node.op.name
    worst = min(inputs, default=CONTIGUOUS)
    if name in _SAME or (name in ("astype", "reshape") and worst == CONTIGUOUS):
        return inputs[0]
    if name == "broadcast_to":
        same = node.shape == node.inputs[0].shape
        return inputs[0] if same else ORDERED if worst >= ORDERED else UNKNOWN
    if name == "matmul":
        return CONTIGUOUS if node.ndim <= 2 else UNKNOWN
    if name in _FRESH or (name == "put_along" and node.attributes["axis"] == node.ndim - 1):
        return CONTIGUOUS
    if name == "conv_transpose2d":  # a part of a new array
        return ORDERED
    if name in _JOINED or name in _AS_GIVEN:
        return CONTIGUOUS if worst == CONTIGUOUS else UNKNOWN
    if isinstance(node.op.numpy, np.ufunc) or name in _LIKE_UFUNCS or name in _REDUCTIONS:
        return CONTIGUOUS if worst >= ORDERED or node.ndim == 1 else UNKNOWN
    return UNKNOWN
