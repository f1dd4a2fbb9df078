"""Gradients held against central differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import GradientError
from workings.graph import Graph, evaluate
from workings.transform.reverse import reverse

__all__ = ["GradientCheck", "central_differences", "check_graph"]


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """What the check found for each input: the largest difference, absolute and relative to the gradient's size.

    `ok` says whether every relative difference is below `tolerance`.
    """

    names: tuple[str, ...]
    gradients: tuple[Any, ...]
    differences: tuple[Any, ...]
    absolute: tuple[float, ...]
    relative: tuple[float, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        return all(r <= self.tolerance for r in self.relative)

    def __str__(self) -> str:
        verdict = "agree" if self.ok else "DIFFER"
        lines = [f"gradient and central differences {verdict} (relative difference, at most {self.tolerance:g}):"]
        width = max((len(name) for name in self.names), default=0)
        lines += [f"  {name:<{width}}  {r:.1e}" for name, r in zip(self.names, self.relative, strict=True)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def __bool__(self) -> bool:
        return self.ok


def central_differences(graph: Graph, inputs: Sequence[Any], position: int) -> np.ndarray:
    """(f(x + h) − f(x − h)) / 2h for every element of one input, for a graph with one scalar output.

    h is ∛ε times the size of x, which balances rounding against curvature. Source: Press et al., Numerical
    Recipes, section 5.7.
    """
    values = [np.array(v, dtype=node.dtype) for v, node in zip(inputs, graph.inputs, strict=True)]
    x = values[position]
    result = np.zeros(x.shape, x.dtype)
    step = np.cbrt(np.finfo(x.dtype).eps)
    for index in np.ndindex(x.shape):
        middle = x[index]
        h = step * max(1.0, abs(float(middle)))
        ends = []
        for moved in (middle + h, middle - h):
            x[index] = moved
            ends.append((x[index], evaluate(graph, [v[()] for v in values])[0]))
        x[index] = middle
        (above, f_above), (below, f_below) = ends
        result[index] = (f_above - f_below) / (above - below)
    return result[()]


def check_graph(graph: Graph, inputs: Sequence[Any], wrt: Sequence[int], tolerance: float) -> GradientCheck:
    """Hold the gradient of a scalar graph against central differences, for the inputs at these positions."""
    if len(graph.outputs) != 1:
        raise GradientError(f"{graph.name} has {len(graph.outputs)} outputs; a gradient is taken of one scalar")
    nodes = [graph.inputs[i] for i in wrt]
    gradients = []
    for node, gradient in zip(nodes, reverse(graph.outputs[0], nodes), strict=True):
        if gradient is None:
            gradients.append(np.zeros(node.shape, node.dtype))
        else:
            gradients.append(evaluate(Graph(graph.inputs, [gradient]), inputs)[0])
    differences = [central_differences(graph, inputs, i) for i in wrt]
    absolute, relative = [], []
    for gradient, difference in zip(gradients, differences, strict=True):
        worst = float(np.max(np.abs(gradient - difference), initial=0.0))
        size = max(1.0, float(np.max(np.abs(difference), initial=0.0)))
        absolute.append(worst)
        relative.append(worst / size if np.isfinite(worst) else float("inf"))
    return GradientCheck(
        tuple(node.name or "" for node in nodes),
        tuple(gradients),
        tuple(differences),
        tuple(absolute),
        tuple(relative),
        tolerance,
    )
