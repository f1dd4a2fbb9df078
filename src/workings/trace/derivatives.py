"""Derivatives of functions: `grad`, `value_and_grad`, `jvp`, `hessian`, `check_gradient`.

Each takes a function of NumPy and gives a function, or numbers; each works on plain numbers, on cells, and
inside a traced function, where it becomes part of the graph. So they nest to any depth.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import Graph, Node, call, constant, input_node, remake, substitute
from workings.trace.cell import Cell
from workings.trace.frames import locate, user_origin
from workings.trace.trace import Trace, apply_graph, bind, number, place_of, title_of, trace_function
from workings.trace.trees import Path, rebuild
from workings.trace.value import Value, current_scopes
from workings.transform import GradientCheck, check_graph, forward, reverse, simplify

__all__ = ["check_gradient", "grad", "hessian", "jvp", "value_and_grad"]

Wrt = int | str | Sequence[int | str]


def grad(f: Callable[..., Any], wrt: Wrt = 0) -> Callable[..., Any]:
    """The gradient of a function: a function of the same arguments.

    `f` returns a scalar. `wrt` says with respect to which argument: its position or name, or a tuple of them
    (then the result is a tuple). An argument may be a tree, and its gradient is a tree of the same form; each
    gradient has the shape and dtype of its leaf. For the gradient of a *value* there is `wk.gradient`.

    >>> import workings as wk
    >>> wk.grad(lambda x: x ** 3)(2.0)
    np.float64(12.0)
    >>> wk.grad(wk.grad(lambda x: x ** 3))(2.0)
    np.float64(12.0)

    Raises `GradientError` where there is no gradient, `TraceError` where `f` cannot be traced.
    """
    _check_function("wk.grad", f)

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return _value_and_gradient(f, wrt, args, kwargs, alone=True)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], wrt: Wrt = 0) -> Callable[..., Any]:
    """The value of a function together with its gradient, as `grad` has it.

    >>> import workings as wk
    >>> wk.value_and_grad(lambda x: x ** 3)(2.0)
    (np.float64(8.0), np.float64(12.0))
    """
    _check_function("wk.grad", f)

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        return _value_and_gradient(f, wrt, args, kwargs, alone=False)

    return value_and_gradient


def _value_and_gradient(
    f: Callable[..., Any], wrt: Wrt, args: Sequence[Any], kwargs: Mapping[str, Any], *, alone: bool
) -> Any:
    """The value and the gradient; `alone` says that the user's call returns the gradient alone."""
    arguments = bind(f, args, kwargs, _wanted(f, wrt, ()))
    traced = trace_function(f, arguments)
    wanted, chosen = _chosen(f, wrt, traced)
    output = _scalar(f, traced)
    nodes = [traced.graph.inputs[traced.paths.index(path)] for path in chosen]
    gradients = [
        _zeros(node) if found is None else found for node, found in zip(nodes, reverse(output, nodes), strict=True)
    ]
    graph = simplify(Graph(traced.graph.inputs, [output, *gradients], name=traced.graph.name)).graph
    places: list[int | None] = list(range(len(chosen))) if isinstance(wrt, (tuple, list)) else [None]
    if alone and len(places) == len(chosen):
        graph = _called(graph, dict(enumerate(places, start=1)))
    elif not alone:
        graph = _called(graph, {0: 0, 1: 1} if len(places) == len(chosen) and places[0] is None else {0: 0})
    value, *results = apply_graph(graph, traced.leaves(arguments))
    return value, _as_asked(wanted, arguments, dict(zip(chosen, results, strict=True)), wrt)


def _called(graph: Graph, places: Mapping[int, int | None]) -> Graph:
    """Inside a traced function: the graph with outputs called by the variables that are about to hold them.

    `places` says for an output which element it is of what the user's call returns; None: it is the whole.
    """
    scopes = current_scopes.get()
    if scopes is None:
        return graph
    outputs = list(graph.outputs)
    for i, element in places.items():
        name = locate(scopes, element, 3, direct=True).name
        if outputs[i].inputs:  # with a name or without, so that both traces make the same nodes
            outputs = substitute(outputs, {outputs[i]: remake(outputs[i], outputs[i].inputs, name=name)})
    return Graph(graph.inputs, outputs, name=graph.name)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of a function, and how it moves when its arguments move along `tangents` (forward mode).

    `primals` and `tangents` are tuples of the same form. Gives the value and the directional derivative, each
    of the form of the function's result.

    >>> import workings as wk
    >>> wk.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (np.float64(6.0), np.float64(3.0))

    Raises `GradientError` where a tangent does not have the shape of its primal.
    """
    _check_function("wk.jvp", f)
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("wk.jvp takes its primals and tangents as tuples", fix="wk.jvp(f, (x,), (dx,))")
    arguments, moves = bind(f, primals, {}), bind(f, tangents, {})
    traced = trace_function(f, arguments)
    leaves = traced.leaves(arguments)
    moved = traced.leaves(moves)
    for node, move in zip(traced.graph.inputs, moved, strict=True):
        if np.shape(move) != node.shape:
            raise GradientError(
                f"{node.name} has shape {node.shape}, and its tangent {np.shape(move)}",
                fix="a tangent of the same shape",
            )
        if node.dtype.kind != "f" and (isinstance(move, Value) or np.any(move)):
            raise GradientError(
                f"{node.name} is {node.dtype.name}; only floating values can move",
                fix="1.0 in place of 1, or .astype(float)",
            )
    active = [node for node in traced.graph.inputs if node.dtype.kind == "f"]
    directions = [input_node(f"t_{node.name}", node.shape, node.dtype) for node in active]
    found = forward(traced.graph.outputs, active, directions)
    slopes = [_zeros(o) if t is None else t for o, t in zip(traced.graph.outputs, found, strict=True)]
    graph = Graph([*traced.graph.inputs, *directions], [*traced.graph.outputs, *slopes], name=traced.graph.name)
    given = [m for m, node in zip(moved, traced.graph.inputs, strict=True) if node in active]
    count = len(traced.graph.outputs)
    alone = {0: 0, 1: 1} if count == 1 and traced.result == 0 else {}
    results = apply_graph(_called(simplify(graph).graph, alone), [*leaves, *given])
    return traced.assemble(results[:count]), traced.assemble(results[count:])


def hessian(f: Callable[..., Any], wrt: int | str = 0) -> Callable[..., Any]:
    """The matrix of second derivatives of a scalar function with respect to one argument, an array or a number.

    For an argument of shape s the result has shape s + s; it is symmetric. Each column is a directional
    derivative of the gradient (forward over reverse).

    >>> import workings as wk
    >>> wk.hessian(lambda x: np.sum(x ** 3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    _check_function("wk.hessian", f)

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def second(*args: Any, **kwargs: Any) -> Any:
        arguments = bind(f, args, kwargs, _wanted(f, wrt, ()))
        traced = trace_function(f, arguments)
        _, chosen = _chosen(f, wrt, traced)
        output = _scalar(f, traced)
        if len(chosen) != 1:
            raise ArgumentError("wk.hessian takes one array or number, not a tree", fix="wrt=… of another argument")
        x = traced.graph.inputs[traced.paths.index(chosen[0])]
        (slope,) = reverse(output, [x])
        direction = input_node("direction", x.shape, x.dtype)
        column = None if slope is None else forward([slope], [x], [direction])[0]
        if column is None:
            column = _zeros(x)
        graph = simplify(Graph([*traced.graph.inputs, direction], [column], name=f"hessian_{traced.graph.name}")).graph
        leaves = traced.leaves(arguments)
        columns = []
        for k in range(x.size):
            unit = np.zeros(x.size, x.dtype)
            unit[k] = 1
            columns.append(apply_graph(graph, [*leaves, unit.reshape(x.shape)[()]])[0])
        if not columns:
            return np.zeros(x.shape + x.shape, x.dtype)
        return np.reshape(np.stack(columns, axis=-1) if x.shape else columns[0], x.shape + x.shape)

    return second


def check_gradient(
    f: Callable[..., Any],
    *args: Any,
    wrt: Wrt | None = None,
    order: int = 1,
    tolerance: float = 1e-6,
    **kwargs: Any,
) -> GradientCheck:
    """Hold the gradient of a function against central differences, and say how far they are apart.

    `wrt` is as in `grad`; left out, every floating argument is checked. `order=2` checks the gradient's own
    gradient along one direction as well. The result is true where they agree to `tolerance`, relative to the
    size of the gradient; printing it gives the differences. float64 is meant; float32 has few digits.

    >>> import workings as wk
    >>> check = wk.check_gradient(lambda x: np.tanh(x) * x, 0.3)
    >>> print(str(check).splitlines()[0])
    gradient and central differences agree (relative difference, at most 1e-06):
    """
    _check_function("wk.check_gradient", f)
    arguments = bind(f, args, kwargs, () if wrt is None else _wanted(f, wrt, ()))
    traced = trace_function(f, arguments)
    output = _scalar(f, traced)
    if wrt is None:
        chosen = [p for p, n in zip(traced.paths, traced.graph.inputs, strict=True) if n.dtype.kind == "f"]
    else:
        _, chosen = _chosen(f, wrt, traced)
    positions = [traced.paths.index(path) for path in chosen]
    graph = Graph(traced.graph.inputs, [output], name=traced.graph.name)
    leaves = [
        number(leaf.value if isinstance(leaf, Cell) else leaf, node)
        for leaf, node in zip(traced.leaves(arguments), traced.graph.inputs, strict=True)
    ]
    for _ in range(1, order):
        nodes = [graph.inputs[i] for i in positions]
        total: Node | None = None
        rng = np.random.default_rng(0)  # one fixed direction, so that the check is the same every time
        for node, found in zip(nodes, reverse(graph.outputs[0], nodes), strict=True):
            if found is not None:
                term = found * constant(rng.normal(size=node.shape).astype(node.dtype))
                term = term if term.shape == () else _sum(term)
                total = term if total is None else total + term
        if total is None:
            break
        graph = simplify(Graph(graph.inputs, [total], name=graph.name)).graph
    return check_graph(graph, leaves, positions, tolerance)


def _sum(node: Node) -> Node:
    return call("sum", node)


def _zeros(node: Node) -> Node:
    return constant(np.zeros(node.shape, node.dtype) if node.shape else 0, node.dtype)


def _check_function(name: str, f: Any) -> None:
    if isinstance(f, Value):
        title = f.node.name or "loss"
        raise ArgumentError(
            f"{name} takes a function, and {title} is a value",
            where=user_origin(),
            fix=f"wk.gradient({title}, w), the gradient of a value",
        )
    if not callable(f):
        raise ArgumentError(
            f"{name} takes a function, not {type(f).__name__}", where=user_origin(), fix=f"{name}(f), then call it"
        )


def _scalar(f: Callable[..., Any], traced: Trace) -> Node:
    if len(traced.graph.outputs) != 1:
        raise GradientError(
            f"{traced.graph.name} returns {len(traced.graph.outputs)} values; a gradient is taken of one scalar",
            where=place_of(f),
            fix="return the loss alone",
        )
    (output,) = traced.graph.outputs
    if output.shape != ():
        raise GradientError(
            f"{traced.graph.name} returns shape {output.shape}; a gradient is taken of a scalar",
            where=output.origin or place_of(f),
            fix="np.sum or np.mean of it",
        )
    if output.dtype.kind != "f":
        raise GradientError(
            f"{traced.graph.name} returns {output.dtype.name}; only floating values have a gradient",
            where=output.origin or place_of(f),
            fix="a loss made of floats, without .astype(int), np.argmax or a comparison at the end",
        )
    return output


def _order(f: Callable[..., Any], arguments: Sequence[str]) -> list[str]:
    """The names of the function's arguments, in order; `arguments` are those of a call."""
    try:
        named = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return list(arguments)
    return named + [name for name in arguments if name not in named]


def _wanted(f: Callable[..., Any], wrt: Wrt, arguments: Sequence[str]) -> list[str]:
    """The names of the arguments that `wrt` means."""
    order = _order(f, arguments)
    wanted = []
    for w in wrt if isinstance(wrt, (tuple, list)) else (wrt,):
        if isinstance(w, int) and not isinstance(w, bool) and -len(order) <= w < len(order):
            wanted.append(order[w])
        elif isinstance(w, str) and w in order:
            wanted.append(w)
        else:
            raise ArgumentError(
                f"wrt={w!r} is no argument of {title_of(f)}, which takes {', '.join(order)}",
                where=user_origin(),
                fix="a position from 0, or a name",
            )
    return wanted


def _chosen(f: Callable[..., Any], wrt: Wrt, traced: Trace) -> tuple[list[str], list[Path]]:
    """The arguments that `wrt` names, and the paths of their leaves."""
    wanted = _wanted(f, wrt, list(traced.arguments))
    chosen = [path for path in traced.paths if path[0] in wanted]
    for path in chosen:
        node = traced.graph.inputs[traced.paths.index(path)]
        if node.dtype.kind != "f":
            raise GradientError(
                f"{node.name} is {node.dtype.name}; only floating values have a gradient",
                where=user_origin(),
                fix="1.0 in place of 1, or .astype(float)",
            )
    if not chosen:
        raise GradientError(
            f"there is no number in {', '.join(wanted)} of {traced.graph.name}",
            where=user_origin(),
            fix="wrt=… of an argument that holds floats",
        )
    return wanted, chosen


def _as_asked(wanted: list[str], arguments: dict[str, Any], found: dict[Path, Any], wrt: Wrt) -> Any:
    trees = [rebuild(arguments[name], lambda path, _, name=name: found[(name, *path)]) for name in wanted]
    return tuple(trees) if isinstance(wrt, (tuple, list)) else trees[0]
