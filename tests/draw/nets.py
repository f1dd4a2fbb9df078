"""Nets to be drawn, and what tests read off a picture."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

import workings as wk
from workings.draw import Picture, picture
from workings.graph import Graph, Node, Program, Role, call, every_value
from workings.transform import adjoints

SVG = "{http://www.w3.org/2000/svg}"


def neuron() -> Any:
    """The loss of one neuron, cell by cell."""
    w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    y = w * x
    loss = (y - expected) ** 2
    return loss


def paths() -> Any:
    """A parameter that is used three times."""
    w, x = wk.parameter(0.5), wk.constant(1.0)
    a = (w * x) ** 2
    b = w * a
    c = b**2 + a * w
    loss = (c - x) ** 2
    return loss


def layer(x: Any, w: Any, b: Any) -> Any:
    return np.tanh(x @ w + b)


def classify(p: Any, x: Any, t: Any) -> Any:
    h = x
    for i in range(3):
        h = layer(h, **p[i])
    logits = h @ p[3]["w"] + p[3]["b"]
    log_p = wk.functions.log_softmax(logits)
    return -np.mean(np.sum(t * log_p, axis=1))


def block(x: Any, w: Any) -> Any:
    return layer(layer(x, w, 0.5), w, 0.25) + x


def nested(w: Any, x: Any) -> Any:
    return np.sum(block(block(x, w), w))


def loop(w: Any, b: Any, x: Any, turns: int = 333) -> Any:
    for _ in range(turns):
        h = w * x
        x = np.tanh(h + b)
    return x**2


class Net(NamedTuple):
    """A graph with the values of its nodes, and of the gradient of its output with respect to them."""

    graph: Graph
    values: Mapping[Node, Any]
    gradients: Mapping[Node, Any]

    def picture(self, **options: Any) -> Picture:
        return picture(self.graph, values=self.values, gradients=self.gradients, **options)


def mlp_program() -> Program:
    rng = np.random.default_rng(0)
    sizes = [2, 16, 16, 16, 2]
    p = [{"w": rng.normal(size=s) / s[0] ** 0.5, "b": np.zeros(s[1])} for s in itertools.pairwise(sizes)]
    x = rng.normal(size=(100, 2))
    data = {"x": x, "t": np.eye(2)[(x[:, 0] > 0).astype(int)]}
    return wk.train(classify, {"p": p}, data, optimizer=wk.SGD(0.1), steps=0).program


def mlp() -> Net:
    """Four layers, three of them from one function."""
    program = mlp_program()
    graph = Graph(program.step.inputs[: len(program.carry) + len(program.data)], [program.loss], name="net")
    starts = {c.input: c.start for c in program.carry}
    return with_numbers(graph, [starts.get(n, program.data.get(n.name or "")) for n in graph.inputs])


def with_numbers(graph: Graph, inputs: Any) -> Net:
    with np.errstate(all="ignore"):
        values = every_value(graph, list(inputs))
        floats = [n for n in graph.inputs if n.dtype.kind == "f"]
        wrt = [n for n in floats if n.role is Role.PARAMETER] or floats
        table = adjoints(graph.outputs[0], wrt)
        known = every_value(Graph(graph.inputs, [*graph.outputs, *table.values()]), list(inputs))
    return Net(graph, values, {node: known[adjoint] for node, adjoint in table.items()})


def scoped(graph: Graph, scope: Callable[[int], tuple[str, ...]]) -> Graph:
    """The same graph, with a scope for each operation by its number."""
    new: dict[Node, Node] = {node: node for node in graph.inputs}
    for i, node in enumerate(graph.nodes):
        if node in new or not node.inputs:
            new[node] = node
            continue
        inputs = [new[n] for n in node.inputs]
        new[node] = call(node.op.name, *inputs, scope=scope(i), label=node.name, **node.attributes)
    return Graph(graph.inputs, [new[n] for n in graph.outputs], name=graph.name)


# ── what is read off a picture ──


def parsed(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg())


def shapes(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """The rectangle (left, top, right, bottom) around each box."""
    found = []
    for group in root.iter(f"{SVG}g"):
        if "wk-box" in group.get("class", "").split():
            marks = [p.get("d", "") for p in group.iter(f"{SVG}path") if p.get("class") == "wk-shape"]
            assert len(marks) == 1
            found.append(bounds(marks[0]))
    return found


def bounds(path: str) -> tuple[float, float, float, float]:
    """The rectangle around a path of straight lines and quarters of circles."""
    x = y = 0.0
    points = []
    for command, arguments in re.findall(r"([MLhvaz])([^MLhvaz]*)", path):
        numbers = [float(n) for n in arguments.split()]
        if command in "ML":
            x, y = numbers
        elif command == "h":
            x += numbers[0]
        elif command == "v":
            y += numbers[0]
        elif command == "a":
            x, y = x + numbers[5], y + numbers[6]
        points.append((x, y))
    return (
        min(p[0] for p in points),
        min(p[1] for p in points),
        max(p[0] for p in points),
        max(p[1] for p in points),
    )


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] - 0.1 and b[0] < a[2] - 0.1 and a[1] < b[3] - 0.1 and b[1] < a[3] - 0.1
