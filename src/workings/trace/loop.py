"""`scan`: a loop that hands a value from turn to turn, as one node of the graph."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Graph, Node, Role, call, constant, input_node, provenance, substitute
from workings.ops.control import call_loop, result
from workings.trace.apply import as_node, belonging
from workings.trace.frames import locate, user_origin
from workings.trace.trace import Trace, bind, place_of, title_of, trace_function
from workings.trace.traced import Traced
from workings.trace.trees import Path, flatten, is_leaf, rebuild
from workings.trace.value import Value, current_scopes

__all__ = ["scan"]

_NUMBERS = (int, float)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """A loop over the rows of `xs` that hands a value from turn to turn: a recurrent net.

    `f(carry, x)` is called with what is carried, `init` at first, and a row of `xs`; it returns what is carried to
    the next turn, and a row of the result:

        (c₁, y₀) = f(init, x₀),   (c₂, y₁) = f(c₁, x₁),   …

    The result is the last that was carried, and the rows y stacked along a first axis. What is carried, `xs` and y
    may be trees (dicts, lists, tuples, dataclasses) of arrays and numbers; `xs` may be None, with `length` turns,
    and y may be None. With `reverse` the last row comes first. What is carried keeps its shapes and dtypes.

    >>> import numpy as np
    >>> import workings as wk
    >>> def sum_up(total, x):
    ...     total = total + x
    ...     return total, total
    >>> last, totals = wk.scan(sum_up, 0.0, np.array([1.0, 2.0, 3.0]))
    >>> float(last), totals.tolist()
    (6.0, [1.0, 3.0, 6.0])

    On numbers and on cells it is an ordinary loop. In a traced function it is one node, however many turns there
    are, and its derivative is a loop backwards. `f` may use values from around it, as the weights of a layer:

    >>> def loss(w, xs):
    ...     def turn(h, x):
    ...         h = np.tanh(w * h + x)
    ...         return h, None
    ...     h, _ = wk.scan(turn, 0.0, xs)
    ...     return h
    >>> print(wk.trace(loss, 0.5, np.array([1.0, 2.0, 3.0])).nodes[-1].type)
    float64
    >>> wk.check_gradient(loss, 0.5, np.array([1.0, 2.0, 3.0])).ok
    True

    Raises `ShapeError` and `DtypeError` where what is carried comes out of a turn as something else than it went in,
    or the arrays of `xs` have another number of rows than each other, and `ArgumentError` for what is no loop.

    Source: the arguments are those of `jax.lax.scan`.
    """
    if isinstance(f, Value) or not callable(f):
        raise ArgumentError(f"wk.scan takes a function, not {type(f).__name__}", fix="wk.scan(f, init, xs)")
    turns = _turns(xs, length)
    scopes = current_scopes.get()
    if scopes is None:
        return _numbers(f, init, xs, turns, reverse)
    body = _traced(f, init, xs, turns)
    values = [leaf for _, leaf in (*flatten(init), *flatten(xs))]
    if not body.around and not any(isinstance(leaf, Value) for leaf in values):
        return _numbers(f, init, xs, turns, reverse)
    _, owner = belonging(values, scopes)
    place = locate(scopes, direct=True)
    with provenance(place.origin, place.scope):
        carried = [
            _in_dtype(leaf, node.dtype) for (_, leaf), node in zip(flatten(init), body.graph.inputs, strict=False)
        ]
        rows = [as_node(leaf, (), True) for _, leaf in flatten(xs)]
        node = call_loop(body.graph, carried, rows, body.around, length=turns, reverse=bool(reverse))
        paths = [(0, *path) for path, _ in flatten(init)] + [(1, *path) for path, _ in flatten(body.ys)]
        found = [
            Traced(result(node, k, _variable(path, init if path[0] == 0 else body.ys)), owner=owner)
            for k, path in enumerate(paths)
        ]
    last = dict(zip((path for path, _ in flatten(init)), found, strict=False))
    return rebuild(init, lambda path, _: last[path]), rebuild(body.ys, lambda _, leaf: found[int(leaf)])


def _turns(xs: Any, length: int | None) -> int:
    """How many turns there are."""
    if length is not None:
        length = operator.index(length)
        if length < 0:
            raise ArgumentError(f"length is {length}", where=user_origin(), fix="the number of turns, 0 or more")
    first: tuple[str, int] | None = None if length is None else ("length", length)
    for path, leaf in flatten(xs):
        name = ".".join(("xs", *path))
        shape = np.shape(leaf) if not isinstance(leaf, Value) else leaf.shape
        if not shape:
            raise ShapeError(
                f"{name} is one number, and has no rows to go through",
                where=user_origin(),
                fix="an array; what is the same in every turn need not be in xs",
            )
        if first is None:
            first = (f"{name} has", shape[0])
        elif first[1] != shape[0]:
            given = first[0] == "length"
            raise ShapeError(
                f"{name} has {shape[0]} rows, and {f'length is {first[1]}' if given else f'{first[0]} {first[1]}'}",
                where=user_origin(),
                fix="xs alone, which says how many turns there are" if given else "as many rows in each array of xs",
            )
    if first is None:
        raise ArgumentError(
            "wk.scan has no rows to go through, and no number of turns",
            where=user_origin(),
            fix="wk.scan(f, init, xs), or wk.scan(f, init, length=10)",
        )
    return first[1]


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(f: Callable[..., Any], init: Any, xs: Any, turns: int, reverse: bool) -> tuple[Any, Any]:
    """The loop itself, turn by turn."""
    carry = init
    rows: list[Any] = []
    check = _Check(f, init, xs)
    for t in reversed(range(turns)) if reverse else range(turns):
        carry, y = check(f(carry, rebuild(xs, lambda _, leaf, t=t: leaf[t])))
        rows.append(y)
    last = rebuild(carry, lambda _, leaf: leaf if isinstance(leaf, Value) else np.asarray(leaf)[()])
    if not rows:
        body = _traced(f, init, xs, turns)
        types = body.graph.outputs
        return last, rebuild(body.ys, lambda _, k: np.empty((0, *types[int(k)].shape), types[int(k)].dtype))
    if reverse:
        rows.reverse()
    leaves = [dict(flatten(y)) for y in rows]
    if any(leaf.keys() != leaves[0].keys() for leaf in leaves):
        raise ArgumentError(
            f"{title_of(f)} returns rows of another form from turn to turn", where=place_of(f), fix="one form for all"
        )
    return last, rebuild(rows[0], lambda path, _: np.stack([leaf[path] for leaf in leaves]))


# ── one turn, checked ───────────────────────────────────────────────────────────────────────────────────────


class _Check:
    """Holds what a turn returns against what it was given, and makes of it what the next turn is given."""

    def __init__(self, f: Callable[..., Any], init: Any, xs: Any) -> None:
        self.title = title_of(f)
        self.where = place_of(f)
        names = list(bind(f, (init, xs), {}))
        self.carry = names[0] if names else "carry"
        self.init = init
        # a Python number has the dtype that it comes out with
        self.given: dict[Path, tuple[tuple[int, ...], Any]] = {
            path: (_shape(leaf), None if _is_weak(leaf) else leaf.dtype) for path, leaf in flatten(init)
        }
        self.weak = set(self.given)

    def name(self, path: Path) -> str:
        return ".".join((self.carry, *path))

    def __call__(self, output: Any) -> tuple[Any, Any]:
        if not isinstance(output, tuple) or len(output) != 2:
            what = "one value" if is_leaf(output) else type(output).__name__
            what = f"a tuple of {len(output)}" if isinstance(output, tuple) else what
            raise ArgumentError(
                f"{self.title} returns {what}, and a turn gives two: what is carried on, and a row of the result",
                where=self.where,
                fix="return carry, y, or return carry, None",
            )
        after, y = output
        leaves = dict(flatten(after))
        if leaves.keys() != self.given.keys():
            raise ArgumentError(
                f"{self.title} is given {_listed(map(self.name, self.given))} to carry, and returns "
                f"{_listed(map(self.name, leaves))}",
                where=self.where,
                fix="a carry of the same form as init",
            )
        return rebuild(self.init, lambda path, _: self._fitting(path, leaves[path])), y

    def _fitting(self, path: Path, leaf: Any) -> Any:
        shape, dtype = self.given[path]
        if _shape(leaf) != shape:
            raise ShapeError(
                f"{self.title} is given {self.name(path)} of shape {shape}, and returns it with shape {_shape(leaf)}",
                where=_origin(leaf) or self.where,
                fix=f"the same shape in every turn, or an init of shape {_shape(leaf)} from the start",
            )
        if _is_weak(leaf):
            if dtype is None:
                return leaf
            return leaf.astype(dtype) if isinstance(leaf, Value) else dtype.type(leaf)
        self.weak.discard(path)
        if dtype is None:
            self.given[path] = (shape, leaf.dtype)
        elif leaf.dtype != dtype:
            raise DtypeError(
                f"{self.title} is given {self.name(path)} as {dtype.name}, and returns it as {leaf.dtype.name}",
                where=_origin(leaf) or self.where,
                fix=f".astype(np.{dtype.name}) of what is returned, or an init of dtype {leaf.dtype.name}",
            )
        return leaf


def _shape(leaf: Any) -> tuple[int, ...]:
    return leaf.shape if isinstance(leaf, Value) else np.shape(leaf)


def _is_weak(leaf: Any) -> bool:
    return leaf.weak if isinstance(leaf, Value) else type(leaf) in _NUMBERS


def _origin(leaf: Any) -> Any:
    return leaf.node.origin if isinstance(leaf, Value) else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"


# ── one turn, traced ────────────────────────────────────────────────────────────────────────────────────────


class _Body(NamedTuple):
    """One turn as a graph, the values from around it that it uses, and the form of a row of the result, with the
    number of an output at each leaf."""

    graph: Graph
    around: list[Node]
    ys: Any


def _traced(f: Callable[..., Any], init: Any, xs: Any, turns: int) -> _Body:
    """One turn, traced. A Python number that is carried takes the dtype that it comes out of a turn with."""
    row = rebuild(xs, lambda _, leaf: _example(leaf.shape[1:], leaf.dtype))
    start = init
    while True:
        first = constant(0).serial
        check = _Check(f, start, row)
        traced = _turn(f, start, row, check)
        numbers = {path: check.given[path] for path, leaf in flatten(start) if _is_weak(leaf)}
        strong = {path: kind for path, kind in numbers.items() if path not in check.weak}
        if not strong:
            break
        start = rebuild(start, lambda path, leaf, s=strong: _example(*s[path]) if path in s else leaf)
    around = _around(traced.graph, first)
    fresh = {node: input_node(node.name or "z", node.shape, node.dtype, Role.CONSTANT) for node in around}
    graph = Graph([*traced.graph.inputs, *fresh.values()], substitute(traced.graph.outputs, fresh), name=_title(f))
    return _Body(graph, around, traced.result[1])


def _turn(f: Callable[..., Any], start: Any, row: Any, check: _Check) -> Trace:
    @functools.wraps(f)
    def turn(*args: Any, **kwargs: Any) -> Any:
        carry, y = check(f(*args, **kwargs))
        return [leaf for _, leaf in flatten(carry)], y

    arguments = bind(f, (start, row), {})
    weak = {(check.carry, *path) for path, leaf in flatten(start) if _is_weak(leaf)}
    return trace_function(
        turn,
        arguments,
        roles=lambda path: Role.STATE if path[0] == check.carry else Role.DATA,
        weak=lambda path: path in weak,
        titled=False,
    )


def _title(f: Callable[..., Any]) -> str:
    """What the loop is called: as its function is, if that has a name."""
    return "loop" if getattr(f, "__name__", "") == "<lambda>" else title_of(f)


def _example(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Some array of this shape, without the memory of one."""
    return np.broadcast_to(np.zeros((), dtype), shape) if shape else dtype.type(0)


def _around(graph: Graph, first: int) -> list[Node]:
    """The values that a turn uses and did not make: those from before the node of number `first`."""
    used = [i for node in graph.nodes if node.serial >= first for i in node.inputs]
    outside = [n for n in (*used, *graph.outputs) if n.serial < first and not (n.is_constant and n.shape == ())]
    return sorted(dict.fromkeys(outside), key=lambda n: n.serial)


def _in_dtype(leaf: Any, dtype: np.dtype) -> Node:
    node = as_node(leaf, (dtype,) if _is_weak(leaf) else (), True)
    return node if node.dtype == dtype else call("astype", node, dtype=dtype)


def _variable(path: Sequence[Any], tree: Any) -> str | None:
    """The variable that the user's code puts a result into, or the one with the tree that it is in."""
    scopes = current_scopes.get()
    places = _places(tree, path[1:])
    if places is not None:
        name = locate(scopes, (path[0], *places), direct=True).name
        if name is not None:
            return name
    name = locate(scopes, path[0], direct=True).name if len(path) > 1 else None
    return None if name is None else ".".join((name, *path[1:]))


def _places(tree: Any, path: Sequence[str]) -> tuple[int, ...] | None:
    """Where a leaf sits in tuples in one another; None where it is in anything else."""
    places = []
    for key in path:
        if not isinstance(tree, (tuple, list)):
            return None
        at = list(getattr(tree, "_fields", map(str, range(len(tree))))).index(key)
        places.append(at)
        tree = tree[at]
    return tuple(places)
