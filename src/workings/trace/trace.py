"""From a function written in NumPy to a graph.

The function is called once with values that stand for its arguments, and whatever it does to them becomes
nodes. It is called a second time to see that it does the same again. Nothing is global and there is no tape:
a trace inside a trace makes a graph of its own, and using it is substitution.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from workings import random
from workings.errors import ArgumentError, DtypeError, EscapedError, RefusedError, WorkingsError
from workings.graph import Graph, Node, Origin, Role, call, evaluate, input_node
from workings.trace.apply import as_node
from workings.trace.cell import Cell
from workings.trace.frames import Scopes, raised_at, user_origin
from workings.trace.stability import Draws, compare
from workings.trace.traced import Traced
from workings.trace.trees import Path, flatten, is_leaf, leaf_names, rebuild
from workings.trace.value import Value, current_scopes, numbers

__all__ = ["Trace", "apply_graph", "bind", "trace", "trace_function"]

_enclosing: ContextVar[frozenset[Node]] = ContextVar("enclosing", default=frozenset())


class Trace(NamedTuple):
    """A traced function: its graph, and how arguments and result are taken apart and put together.

    `paths` are the leaves of the arguments by name (`("parameters", "w1")`), one for each input of the graph;
    `result` is the function's result with the number of a graph output at each leaf.
    """

    graph: Graph
    paths: tuple[Path, ...]
    arguments: Mapping[str, Any]
    result: Any

    def leaves(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The values of the graph's inputs in these arguments, in order."""
        found = dict(flatten_arguments(arguments))
        missing = [path for path in self.paths if path not in found]
        if missing or len(found) != len(self.paths):
            raise ArgumentError(f"{self.graph.name}: the arguments have another structure than when it was traced")
        return [found[path] for path in self.paths]

    def assemble(self, outputs: Sequence[Any]) -> Any:
        """The function's result, with these outputs of the graph in it."""
        return rebuild(self.result, lambda _, leaf: outputs[int(leaf)])


def bind(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], also: Sequence[str] = ()
) -> dict[str, Any]:
    """The arguments of a call by the names of the signature.

    A default that the call leaves alone stays what it is, a plain value of the function (`depth=3` can be
    counted to), unless it is among `also`.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return {**{f"x_{i}" if i else "x": a for i, a in enumerate(args)}, **kwargs}
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(
            f"{title_of(function)}{signature} does not take these arguments: {error}",
            where=user_origin(),
            fix="one value for each argument",
        ) from None
    given = set(bound.arguments) | set(also)
    bound.apply_defaults()
    return {name: value for name, value in bound.arguments.items() if name in given}


def call_bound(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call a function with arguments by the names of its signature."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function(*arguments.values())
    bound = inspect.BoundArguments(signature, dict(arguments))
    return function(*bound.args, **bound.kwargs)


def flatten_arguments(arguments: Mapping[str, Any]) -> list[tuple[Path, Any]]:
    """The leaves of all arguments, each with its path."""
    return list(flatten(dict(arguments)))


def trace(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """The graph of a function of NumPy, for arguments of these shapes and dtypes.

    The arguments are examples: floats, arrays, or trees of them (dicts, lists, tuples, dataclasses); their
    values do not matter. Inputs are named after the arguments, values after the variables they are stored in.

    >>> import workings as wk
    >>> def loss(w, x, expected):
    ...     y = w * x
    ...     return (y - expected) ** 2
    >>> print(wk.trace(loss, 0.5, 1.0, 2.0))
    graph loss(w: data float64, x: data float64, expected: data float64)
      y: float64 = multiply(w, x)
      %z: float64 = subtract(y, expected)
      loss: float64 = square(%z)
      return loss

    In the function an argument answers as what it stands for: `isinstance(x, np.ndarray)`, `hasattr(x, "shape")`,
    and so on. Only `type(x)` cannot be made to: it is a type of this library, so that `type(x) is float` is false
    without a word, and `isinstance(x, float)` is what to write.

    Raises `TraceError` for what cannot be traced, naming the line and what to write instead, and `ShapeError`
    for shapes that do not go together.
    """
    return trace_function(function, bind(function, args, kwargs)).graph


def trace_function(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    roles: Callable[[Path], Role] = lambda path: Role.DATA,
    names: Mapping[Path, str] | None = None,
    weak: Callable[[Path], bool] | None = None,
    titled: bool = True,
    beside: Sequence[Node] = (),
) -> Trace:
    """Trace a function, with a role for each leaf of its arguments.

    Every call of the function is made twice, and the two must build the same graph. `weak` says which leaves
    take the dtype of what they meet; if it is not given, plain Python numbers do, as they do in NumPy. A sole
    result without a name takes that of the function, if it is `titled`. Inputs `beside` its arguments may be used
    by the function, and the graph is then part of one that has them.
    """
    leaves = flatten_arguments(arguments)
    paths = [path for path, _ in leaves]
    whole = [name for name, tree in arguments.items() if dataclasses.is_dataclass(tree)]
    titles = dict(zip(paths, leaf_names(paths, whole), strict=True)) | dict(names or {})
    title = title_of(function)
    draws = Draws(function, arguments)
    drawing = random.current()
    drawn = 0 if drawing is None else drawing.draws
    graphs: list[Graph] = []
    results: list[Any] = []
    for again in (False, True):
        scopes = Scopes(_call.__code__, again=again)
        if drawing is not None:
            drawing.draws = drawn  # the second call takes the keys of the first
        inputs: dict[Path, Node] = {}
        values: dict[Path, Traced] = {}
        for path, leaf in leaves:
            node = input_node(titles[path], _shape(leaf), _dtype(leaf, titles[path]), roles(path))
            python = type(leaf) in (int, float)
            like = leaf.like if isinstance(leaf, Traced) else type(leaf) if not isinstance(leaf, Value) else None
            inputs[path] = node
            values[path] = Traced(node, weak=python if weak is None else weak(path), like=like, owner=scopes)
        token = _enclosing.set(_enclosing.get() | set(inputs.values()) | set(beside))
        try:
            own = rebuild(dict(arguments), lambda path, _, v=values: v[path])
            scopes.place(own)
            output = _call(function, own, scopes)
            result, outputs = _outputs(function, output)
        finally:
            _enclosing.reset(token)
            scopes.close()
        graph = Graph(inputs.values(), outputs, name=title)
        _check_bound(graph, beside)
        graphs.append(graph)
        results.append(result)
        draws.after_a_trace()
    compare(*graphs, *results)
    draws.check(title)
    outputs = list(graphs[0].outputs)
    graph = Graph(graphs[0].inputs, _titled(outputs, title) if titled else outputs, name=title)
    return Trace(graph, tuple(paths), dict(arguments), results[0])


def _titled(outputs: list[Node], title: str) -> list[Node]:
    """A result that no variable holds is called by the name of the function that returns it."""
    if len(outputs) != 1 or outputs[0].name is not None or not outputs[0].inputs:
        return outputs
    node = outputs[0]
    named = call(node.op.name, *node.inputs, label=title, origin=node.origin, scope=node.scope, **node.attributes)
    return [named]


def title_of(function: Callable[..., Any]) -> str:
    """What a function is called in a message and in its graph; `f` where it has no name."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return "f" if name == "<lambda>" else name


def place_of(function: Callable[..., Any]) -> Origin | None:
    """Where a function is defined."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return None if code is None else Origin(code.co_filename, code.co_firstlineno)


def _shape(leaf: Any) -> tuple[int, ...]:
    return tuple(leaf.shape) if hasattr(leaf, "shape") else ()


def _dtype(leaf: Any, name: str) -> np.dtype:
    if not isinstance(leaf, Value) and isinstance(leaf, np.ndarray) and type(leaf) not in (np.ndarray, np.memmap):
        raise ArgumentError(
            f"{name} is a {type(leaf).__name__}, whose own rules (a mask, * for the matrix product) a graph has not",
            fix=f"np.asarray({name})",
        )
    dtype = leaf.dtype if hasattr(leaf, "dtype") else np.dtype(type(leaf))
    if type(leaf) is int and not -(2**63) <= leaf < 2**63:
        raise too_large(leaf, name)
    if dtype.kind not in "biuf":
        raise ArgumentError(f"{name} has dtype {dtype}, which is no real number", fix="an array of numbers")
    return dtype


def too_large(number: int, name: str) -> DtypeError:
    """The error where a Python int is no int64."""
    return DtypeError(
        f"{name} is {number:.6e}, which does not fit int64" if abs(number) < 10**300 else f"{name} does not fit int64",
        where=user_origin(),
        fix=f"float({name})" if not 0 < number < 2**64 else f"np.uint64({name}), or float({name})",
    )


def _call(function: Callable[..., Any], arguments: Mapping[str, Any], scopes: Scopes) -> Any:
    """Call the function with traced values, and show the refusal where something hid it behind another error."""
    token = current_scopes.set(scopes)
    try:
        output = call_bound(function, arguments)
    except Exception as error:
        if scopes.refused and error is not scopes.refused[0]:
            raise scopes.refused[0] from error
        if isinstance(error, WorkingsError) and error.where is None:
            error.where = raised_at(error.__traceback__)
        hidden: BaseException | None = error
        while hidden is not None and not isinstance(error, WorkingsError):
            if isinstance(hidden, WorkingsError):
                raise hidden from error
            hidden = hidden.__cause__ or hidden.__context__
        raise
    finally:
        current_scopes.reset(token)
    if scopes.refused:  # caught on the way: with numbers the code would have gone another way
        raise scopes.refused[0]
    return output


def _outputs(function: Callable[..., Any], output: Any) -> tuple[Any, list[Node]]:
    """The result with a number at each leaf, and the nodes that these numbers stand for."""
    nodes: list[Node] = []
    where = place_of(function)

    def place(path: Path, leaf: Any) -> int:
        nodes.append(leaf.node if isinstance(leaf, Traced) else as_node(leaf, (), True))
        return len(nodes) - 1

    for _, leaf in flatten(output):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "O":
            raise RefusedError(
                f"{title_of(function)} returns a plain array that holds traced values",
                where=where,
                fix="np.stack([a, b])",
            )
    result = rebuild(output, place)
    if not nodes and not is_leaf(output):
        what = "nothing" if output is None else type(output).__name__
        raise ArgumentError(
            f"{title_of(function)} returned {what}, in which there is no value",
            where=where,
            fix="return the value, as in `return loss`",
        )
    return result, nodes


def _check_bound(graph: Graph, beside: Sequence[Node]) -> None:
    """Every input node that is reached must be the graph's own, or belong to a trace that is still going on."""
    known = set(graph.inputs) | _enclosing.get() | set(beside)
    for node in graph.nodes:
        if node.is_input and node not in known:
            user = next((u for u in graph.users[node] if u.origin is not None), node)
            raise EscapedError(
                f"{graph.name} uses {node.name or 'a value'}, which belongs to another trace that is over",
                where=user.origin,
                fix="return it from the function that made it, or pass it as an argument",
            )


# ── using a graph on values ─────────────────────────────────────────────────────────────────────────────────


def apply_graph(graph: Graph, arguments: Sequence[Any]) -> list[Any]:
    """The outputs of a graph for numbers, cells or traced values: numbers, cells or traced values."""
    unbound = [node for node in graph.nodes[len(graph.inputs) :] if node.is_input]
    traced = any(isinstance(a, Traced) for a in arguments) or any(node not in numbers for node in unbound)
    if traced or unbound or any(isinstance(a, Cell) for a in arguments):
        nodes = []
        for a, node in zip(arguments, graph.inputs, strict=True):
            nodes.append(as_node(a if isinstance(a, Value) else number(a, node), (), traced))
        varies = any(isinstance(a, Cell) and a.varies for a in arguments)
        varies = varies or any(node.role is Role.PARAMETER for node in unbound)
        return [Traced(node) if traced else cell_of(node, varies=varies) for node in graph(*nodes)]
    values = [number(a, node) for a, node in zip(arguments, graph.inputs, strict=True)]
    with np.errstate(all="ignore"):
        return evaluate(graph, values)


def number(value: Any, node: Node) -> Any:
    """A number or array as the input `node` takes it."""
    return node.dtype.type(value) if node.shape == () else np.asarray(value, dtype=node.dtype)


def cell_of(node: Node, *, varies: bool) -> Cell:
    """A cell for a node made from the nodes of cells; the numbers on the way are worked out and kept."""
    todo = [node]
    with np.errstate(all="ignore"):
        while todo:
            top = todo[-1]
            if top in numbers:
                todo.pop()
                continue
            if top.is_input:
                raise EscapedError(f"{top.name} belongs to a traced function and has no number here")
            waiting = [i for i in top.inputs if i not in numbers]
            if waiting:
                todo.extend(waiting)
                continue
            todo.pop()
            numbers[top] = (
                top.value if top.is_constant else top.op.numpy(*(numbers[i] for i in top.inputs), **top.attributes)
            )
    return Cell(node, numbers[node], varies=varies)
