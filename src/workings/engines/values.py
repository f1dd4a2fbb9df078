"""The values that go into an engine, as it needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Node
from workings.graph.layouts import contiguous

__all__ = ["prepared", "strong"]


def prepared(nodes: Sequence[Node], values: Sequence[Any]) -> tuple[Any, ...]:
    """The values for these inputs, laid out row by row.

    Raises `ArgumentError` where one has another shape or dtype than its input, or where there are more or fewer.
    """
    if len(nodes) != len(values):
        names = ", ".join(node.name or "?" for node in nodes)
        raise ArgumentError(f"{len(nodes)} values are needed ({names}), and {len(values)} are given")
    result = []
    for node, value in zip(nodes, values, strict=True):
        value = contiguous(value)
        if (value.shape, value.dtype) != (node.shape, node.dtype):
            given = f"{value.dtype.name}[{','.join(map(str, value.shape))}]" if value.shape else value.dtype.name
            raise ArgumentError(
                f"{node.name} is {node.type} in the program, and the value given is {given}",
                fix=f"a value of dtype {node.dtype.name} and shape {node.shape}",
            )
        result.append(value)
    return tuple(result)


def strong(node: Node, value: Any) -> Any:
    """A value of NumPy's: a Python number takes the dtype of its input."""
    return value if isinstance(value, (np.generic, np.ndarray)) else np.asarray(value, node.dtype)[()]
