"""`draw`: a picture of a value, a graph, a program, and of what can draw itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.draw.content import compose
from workings.draw.picture import Direction, Picture
from workings.errors import ArgumentError
from workings.graph import Graph, Node, Program, Role, evaluate_node, reachable
from workings.trace.cell import Cell
from workings.trace.traced import Traced
from workings.trace.value import Value, numbers
from workings.transform import adjoints

__all__ = ["draw"]


def draw(
    what: Any,
    *,
    depth: int | None = None,
    scope: str | Sequence[str] = (),
    values: bool = True,
    backward: bool = True,
    direction: Direction = "down",
    most: int = 60,
) -> Picture:
    """A picture of the graph of composed functions: what is made of what, with values and gradients.

    what        a value made by `wk.parameter` and `wk.constant`: the graph behind it, with its numbers, and if it
                is a number itself, the gradient of it with respect to every value on the way. A gradient is drawn as
                what it is made of. A `Graph`, or a `Program`: its step, forward, backward and update. Or what draws
                itself, as a run
    depth       how far layers are unfolded: 0 puts all operations in one box, 1 those of each function that the
                net calls, and so on; None unfolds as much as can be read
    scope       the inside of one function alone, by its name: "layer_2", or ("encoder", "layer_2")
    values      whether numbers are shown
    backward    whether the derivatives are
    direction   "down" or "right"
    most        the boxes above which long stretches are folded

    A notebook shows the picture, `print` gives it as text, and `.save("net.svg")` writes it; so do .dot for Graphviz,
    .mmd for Mermaid and .txt. `.words()` says it in sentences.

    >>> import workings as wk
    >>> w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    >>> y = w * x
    >>> loss = (y - expected) ** 2
    >>> print(wk.draw(loss))
                               value   gradient
    loss = z²                  2.25
    └─ z = y − expected        −1.5    −3
       ├─ y = w · x            0.5     −3
       │  ├─ w  parameter      0.5     −3
       │  └─ x  constant       1
       └─ expected  constant   2

    Raises `ArgumentError` for what has no graph.
    """
    options: dict[str, Any] = {
        "depth": depth,
        "scope": scope,
        "backward": backward,
        "direction": direction,
        "most": most,
    }
    if isinstance(what, Cell):
        return _cell(what, values, options)
    if isinstance(what, Graph):
        return compose(what, values={}, gradients={}, **options)
    if isinstance(what, Program):
        return _program(what, options)
    own: Any = getattr(what, "draw", None) if not isinstance(what, (type, Value)) else None
    if callable(own):
        # what was left as it is need not be known to a class that draws itself
        defaults = inspect.signature(draw).parameters
        chosen = {k: v for k, v in {**options, "values": values}.items() if v != defaults[k].default}
        drawn: Any = own(**chosen)
        return drawn
    raise _undrawable(what)


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def _cell(cell: Cell, values: bool, options: Mapping[str, Any]) -> Picture:
    """The graph behind a value. What nudges made is taken as given, so that `w = w - …` can go on for ever."""
    node = cell.node
    nudged = _nudged(node)
    nodes = reachable([node], stop=nudged)
    inputs = [n for n in nodes if n.is_input or n in nudged]
    title = cell.title or node.name or "value"
    graph = Graph(inputs, [node], name=title)
    names = {**graph.names, node: title} if node.name is None else None
    known: dict[Node, Any] = {}
    gradients: dict[Node, Any] = {}
    if values:
        for n in nodes:
            known[n] = numbers[n] if n in numbers else _worth(n, known)
        wrt = [n for n in inputs if n.dtype.kind == "f" and (n in nudged or n.role is Role.PARAMETER)]
        plain = all(n.because is None for n in nodes)
        if wrt and plain and options["backward"] and node.shape == () and node.dtype.kind == "f":
            gradients = _gradients(node, wrt, known)
    return compose(graph, values=known, gradients=gradients, names=names, **options)


def _nudged(node: Node) -> set[Node]:
    """The values that are what gradient descent made of one of the same name: `w` in `w = w - rate * gradient`."""
    found: set[Node] = set()
    sloped: set[Node] = set()  # gradients, and what is made of them by operations without a name
    for n in reachable([node]):
        if n.because is not None or any(i in sloped and (i.name is None or i.because) for i in n.inputs):
            sloped.add(n)
            if n.name is not None and n.because is None and n is not node and n.name in _names_within(n):
                found.add(n)
    return found


def _names_within(node: Node) -> set[str]:
    """The names of the values that a value is directly made from."""
    names: set[str] = set()
    todo = list(node.inputs)
    while todo:
        n = todo.pop()
        if n.name is not None:
            names.add(n.name)
        elif n.because is None:
            todo.extend(n.inputs)
    return names


def _gradients(loss: Node, wrt: Sequence[Node], known: Mapping[Node, Any]) -> dict[Node, Any]:
    """The gradient of the loss with respect to every value between it and `wrt`."""
    table = adjoints(loss, wrt)
    found = dict(known)
    for node in reachable(table.values(), stop=list(known)):
        if node not in found:
            found[node] = _worth(node, found)
    return {node: found[adjoint] for node, adjoint in table.items()}


def _worth(node: Node, known: Mapping[Node, Any]) -> Any:
    with np.errstate(all="ignore"):
        return evaluate_node(node, [known[i] for i in node.inputs])


# ── programs ────────────────────────────────────────────────────────────────────────────────────────────────


def _program(program: Program, options: Mapping[str, Any]) -> Picture:
    """The step of a program without its bookkeeping: what the loss and the carry are made from."""
    step = program.step
    plain = Graph(step.inputs, dict.fromkeys([program.loss, *(c.output for c in program.carry)]), name=step.name)
    forward = set(reachable([program.loss]))
    used = [node for node in plain.inputs if plain.users[node] or not step.users[node]]
    graph = Graph(used, plain.outputs, name=step.name)
    updates = {c.output: c.input for c in program.carry if c.output not in forward and not c.output.is_input}
    left_out = len(step.nodes) > len(graph.nodes)
    notes = ["Left out: the checks of when to stop, as for values that are not finite."] if left_out else []
    return compose(graph, values={}, gradients={}, names=step.names, updates=updates, notes=notes, **options)


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────


def _undrawable(what: Any) -> ArgumentError:
    if isinstance(what, Traced):
        return ArgumentError(
            f"wk.draw draws what is finished, and {what.node.name or 'this value'} is being traced",
            fix="wk.draw(wk.trace(f, …)), outside of the function",
        )
    if isinstance(what, type):
        return ArgumentError(
            f"wk.draw draws values and graphs, and {what.__name__} is a class", fix="one of its objects"
        )
    if callable(what):
        name = getattr(what, "__name__", "f")
        name = "f" if name == "<lambda>" else name
        return ArgumentError(
            f"wk.draw draws graphs, and {name} is a function, which has none before it is traced",
            fix=f"wk.draw(wk.trace({name}, …)) with examples of its arguments, or the run of wk.train({name}, …)",
        )
    if isinstance(what, (bool, int, float, complex, np.ndarray, np.generic)):
        kind = "an array" if isinstance(what, np.ndarray) and what.ndim else "a number"
        return ArgumentError(
            f"{kind} has no graph behind it that could be drawn",
            fix="w = wk.parameter(…), and wk.draw of what is made from it",
        )
    if callable(getattr(what, "plot", None)):
        return ArgumentError(f"{type(what).__name__} has no graph behind it, and is plotted", fix="its method plot()")
    return ArgumentError(
        f"wk.draw draws values, graphs, programs and runs, and this is {type(what).__name__}",
        fix="wk.draw(loss), of a value made from wk.parameter(…)",
    )
