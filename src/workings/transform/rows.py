"""Whether a graph keeps rows apart: each row of a result made from the same row of the inputs, and from no other.

A graph is traced for a block of B rows. Where its rows are apart it may be run for any number of them, block by block,
and else it may not: what else is in a block would change the result. So this is a proof. It follows the axis of the
rows from node to node, by the table of `axes.py`, which says for each op where the axes go; what the table does not
have, and what hangs on the place that a row has in its block, is not proven.

A reshape may join the axis of the rows with others, as (B, time, size) to (B · time, size), and part them again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Graph, Node, Origin
from workings.ops.control import Loop
from workings.ops.infer import label
from workings.transform.axes import Marks, marks

__all__ = ["Along", "Mixed", "Rows", "Same", "State", "follow", "in_blocks", "rows"]


@dataclass(frozen=True)
class Along:
    """A value with rows along an axis: of each row as many values as `before` times `after`, with its number between.

    The value of row r at (b, a) stands at place (b · B + r) · after + a of the axis.
    """

    axis: int
    before: int = 1
    after: int = 1


@dataclass(frozen=True)
class Same:
    """A value that is made from no row; along `axes`, of the length of a block, it is the same at every place."""

    axes: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Mixed:
    """A value whose rows are not proven to be apart, because of what `node` does."""

    node: Node
    why: str

    @property
    def reason(self) -> str:
        """Which op, on what, and what it does to the rows.

        >>> from workings.graph import call, input_node
        >>> x = input_node("x", (4, 3), float)
        >>> mu = call("mean", x, axis=0, label="mu")
        >>> rows(Graph([x], [x - mu]), [x]).mixed[0].reason
        'mu = mean(x) works along axis 0 of x, where the rows lie'
        """
        name, op, inputs = self.node.name, self.node.op.name, ", ".join(map(label, self.node.inputs))
        made = f"{op}({inputs})" if inputs else label(self.node)
        return f"{made if name is None or not inputs else f'{name} = {made}'} {self.why}"

    @property
    def where(self) -> Origin | None:
        """The user's line that made the node."""
        return self.node.origin


State = Along | Same | Mixed


@dataclass(frozen=True, eq=False)
class Rows:
    """What is proven of each output of a graph: `mixed` has None for rows that are apart, along axis 0.

    True if that holds for every output.
    """

    graph: Graph
    block: int
    mixed: tuple[Mixed | None, ...]

    def __bool__(self) -> bool:
        return all(found is None for found in self.mixed)

    def check(self) -> None:
        """Raise `ArgumentError`, with the reason and the user's line, unless the rows of every output are apart."""
        for found in self.mixed:
            if found is not None:
                raise ArgumentError(
                    f"{self.graph.name} may not be run for any number of rows, as they are not kept apart: "
                    f"{found.reason}",
                    where=found.where,
                    fix=f"just {self.block} rows at a time, for which it was traced",
                )


def rows(graph: Graph, inputs: Sequence[Node]) -> Rows:
    """What is proven of a graph, of whose inputs these have a row for each example along axis 0.

    An output whose rows are apart is f(row) in every row, with one f for all places; so the rows may be given in any
    order, and together with any others. Numbers that the user's code made of the count of rows, as in x / len(x), are
    numbers in the graph, and the graph does not tell them from others.

    Raises `ArgumentError` unless the inputs are the graph's and have one length, 2 or more: along an axis of length 1
    nothing can be told apart.

    >>> from workings.graph import call, input_node
    >>> x, w = input_node("x", (4, 3), float), input_node("w", (3, 2), float)
    >>> h = call("tanh", x @ w)
    >>> bool(rows(Graph([x, w], [h]), [x]))
    True
    >>> bool(rows(Graph([x, w], [h - call("max", h)]), [x]))
    False
    """
    strange = [node for node in inputs if node not in graph.inputs]
    if strange:
        raise ArgumentError(f"{label(strange[0])} is no input of {graph.name}", fix="inputs of the graph itself")
    lengths = {node.shape[0] if node.shape else None for node in inputs}
    block = lengths.pop() if len(lengths) == 1 else None
    if block is None or block < 2:
        each = ", ".join(f"{label(node)} has shape {node.shape}" for node in inputs) or "no inputs are given"
        raise ArgumentError(
            f"rows are found by one length of axis 0, which is 2 or more: {each}",
            fix="a graph that is traced for 2 rows, or more",
        )
    found = follow(graph, dict.fromkeys(inputs, Along(0)), block)
    return Rows(graph, block, tuple(_apart(node, found[node], block) for node in graph.outputs))


def _apart(node: Node, state: State, block: int) -> Mixed | None:
    """Why the rows of an output do not lie along axis 0; None where they do."""
    if isinstance(state, Mixed) or state == Along(0):
        return state if isinstance(state, Mixed) else None
    if isinstance(state, Same):
        return None if 0 in state.axes else Mixed(node, "is made from no row, and is not the same for all rows")
    if (state.before, state.after) != (1, 1):
        return Mixed(node, f"has several values of each row along axis {state.axis}: {node.shape} for {block} rows")
    return Mixed(node, f"has its rows along axis {state.axis}, not 0: {node.shape} for {block} rows")


# ── from node to node ───────────────────────────────────────────────────────────────────────────────────────


def follow(graph: Graph, given: Mapping[Node, State], block: int) -> dict[Node, State]:
    """What is known of each value of the graph, for what is given of its inputs; the others are made from no row."""
    found: dict[Node, State] = {node: given.get(node, Same()) for node in graph.inputs}
    loops: dict[Node, list[State]] = {}
    for node in graph.nodes[len(graph.inputs) :]:
        if node.op.name == "scan":
            loops[node] = _loop(node, [found[i] for i in node.inputs], block)
            found[node] = Same()  # a tuple, of which `result` takes a value
        elif node.op.name == "result":
            found[node] = loops[node.inputs[0]][node.attributes["index"]]
        elif node.is_constant:
            found[node] = Same(_same_along(np.asarray(node.value), block))
        else:
            found[node] = _made(node, [found[i] for i in node.inputs], block)
    return found


def _same_along(array: np.ndarray, block: int) -> frozenset[int]:
    """The axes of the length of a block along which an array has the same bits at every place."""
    axes = []
    for k, length in enumerate(array.shape):
        if length == block:
            first, *rest = np.moveaxis(array, k, 0)
            axes += [k] if all(part.tobytes() == first.tobytes() for part in rest) else []
    return frozenset(axes)


def _made(node: Node, states: Sequence[State], block: int) -> State:
    mixed = next((state for state in states if isinstance(state, Mixed)), None)
    if mixed is not None:
        return mixed
    if any(isinstance(state, Along) for state in states):
        found = _moved(node, states, block)
        return Mixed(node, found) if isinstance(found, str) else found
    axes: set[int] = set()
    if node.op.name == "broadcast_to":
        shape = (0,) * (node.ndim - node.inputs[0].ndim) + node.inputs[0].shape
        axes.update(k for k, n in enumerate(node.shape) if n == block != shape[k])
    # what is the same along an axis has rows along it, all alike, and where they go they are alike
    for k, state in enumerate(states):
        for axis in state.axes if isinstance(state, Same) else ():
            found = _moved(node, [*states[:k], Along(axis), *states[k + 1 :]], block)
            if isinstance(found, Along) and found == Along(found.axis):
                axes.add(found.axis)
    return Same(frozenset(axes))


def _moved(node: Node, states: Sequence[State], block: int) -> Along | str:
    """Where the rows of a node lie, or why they are not apart."""
    if node.op.name == "reshape":
        (state,) = states
        assert isinstance(state, Along)
        return _reshaped(state, node.inputs[0].shape, node.shape, block)
    known = marks(node)
    if known is None:
        return "is not known to keep rows apart"
    inputs, result = known
    with_rows = [(i, state, own) for i, state, own in _each(node, states, inputs) if isinstance(state, Along)]
    first, place, own = with_rows[0]
    row = own[place.axis]
    for i, state, own in with_rows:
        mark = own[state.axis]
        if mark is None or mark not in result:
            return f"works along axis {state.axis} of {label(i)}, where the rows lie"
        if mark != row or (state.before, state.after) != (place.before, place.after):
            return f"brings rows of {label(first)} together with other rows of {label(i)}"
        if own.count(mark) > 1:
            return f"takes a row of {label(i)} by its place in the block"
    if result.count(row) > 1:
        return f"lays a row of {label(first)} at its place in the block"
    for i, state, own in _each(node, states, inputs):
        for axis, mark in enumerate(own):
            if isinstance(state, Same) and mark == row and i.shape[axis] != 1 and axis not in state.axes:
                return (
                    "hangs on the place of a row in its block: "
                    f"{label(i)}, of shape {i.shape}, is not the same all along axis {axis}"
                )
    return Along(result.index(row), place.before, place.after)


def _each(node: Node, states: Sequence[State], inputs: Sequence[Marks]) -> Iterable[tuple[Node, State, Marks]]:
    return zip(node.inputs, states, inputs, strict=True)


def _reshaped(state: Along, old: Sequence[int], new: Sequence[int], block: int) -> Along | str:
    """The axis that holds the rows when all values stay in their order."""
    before = math.prod(old[: state.axis]) * state.before
    after = math.prod(old[state.axis + 1 :]) * state.after
    for axis, length in enumerate(new):
        outside, inside = math.prod(new[:axis]), math.prod(new[axis + 1 :])
        if (outside, length, inside) == (before, block, after):  # also where there are no values
            return Along(axis)
        if outside and inside and before % outside == 0 and after % inside == 0:
            found = Along(axis, before // outside, after // inside)
            if length == found.before * block * found.after:
                return found
    return f"tears the rows apart: {tuple(old)} becomes {tuple(new)}"


# ── loops ───────────────────────────────────────────────────────────────────────────────────────────────────


def _loop(node: Node, states: Sequence[State], block: int) -> list[State]:
    """What is known of each result of a loop: of what is carried, what holds before every turn and after the last."""
    loop = Loop(node)
    carried, through, constants = loop.split(states)
    carried = list(carried)
    turn = [_within(state, i, node) for state, i in zip(through, loop.split(node.inputs)[1], strict=True)]
    while True:
        found = follow(loop.body, dict(zip(loop.body.inputs, [*carried, *turn, *constants], strict=True)), block)
        after = [found[output] for output in loop.body.outputs]
        names = [label(i) for i in loop.body.inputs]
        held = [_both(*each, node) for each in zip(carried, after, names, strict=False)]
        if held == carried:
            return [*carried, *map(_stacked, after[loop.carry :])]
        carried = held


def _within(state: State, given: Node, node: Node) -> State:
    """What is known of one turn's part of an array that a loop goes through, along axis 0."""
    if isinstance(state, Same):
        return Same(frozenset(axis - 1 for axis in state.axes if axis))
    if isinstance(state, Mixed):
        return state
    if state.axis == 0:
        return Mixed(node, f"goes through axis 0 of {label(given)}, where the rows lie, and carries on from row to row")
    return Along(state.axis - 1, state.before, state.after)


def _stacked(state: State) -> State:
    if isinstance(state, Same):
        return Same(frozenset(axis + 1 for axis in state.axes))
    return state if isinstance(state, Mixed) else Along(state.axis + 1, state.before, state.after)


def _both(one: State, other: State, name: str, node: Node) -> State:
    """What is known of a value that is carried, which is the one before a turn and the other after it."""
    for state in (one, other):
        if isinstance(state, Mixed):
            return state
    if isinstance(one, Same) and isinstance(other, Same):
        return Same(one.axes & other.axes)
    place = one if isinstance(one, Along) else other
    assert isinstance(place, Along)
    if all(_holds(state, place) for state in (one, other)):
        return place
    if isinstance(one, Same) or isinstance(other, Same):
        return Mixed(node, f"carries {name}, which has rows after a turn, and starts otherwise for each of them")
    return Mixed(node, f"carries {name}, whose rows lie along another axis after a turn than before it")


def _holds(state: State, place: Along) -> bool:
    """Whether a value has its rows at this place, if only as it is the same all along it."""
    return state == place or (isinstance(state, Same) and place == Along(place.axis) and place.axis in state.axes)


# ── any number of rows ──────────────────────────────────────────────────────────────────────────────────────


def in_blocks(call: Callable[..., Sequence[Any]], block: int, arrays: Sequence[Any]) -> list[np.ndarray]:
    """What `call` gives for arrays of any number of rows, where it takes just `block` of them at a time.

    It is called with a part of each array, and gives one array or more, each with as many rows along axis 0. The last
    block is filled up with its last row, so that no value comes in that the data does not have, and what is made of
    the filling is cut off. For no rows it is called once, with zeros, for the shapes and dtypes.

    Raises `ArgumentError` for arrays of unequal lengths, and for results that have not as many rows as the block.

    >>> in_blocks(lambda x: [x * 2], 2, [np.array([1, 2, 3])])
    [array([2, 4, 6])]
    """
    given = [np.asarray(array) for array in arrays]
    lengths = {array.shape[0] if array.ndim else None for array in given}
    count = lengths.pop() if len(lengths) == 1 else None
    if count is None or block < 1:
        shapes = ", ".join(str(array.shape) for array in given) or "none"
        raise ArgumentError(
            f"arrays of one length are taken in blocks of at least one row, not {shapes} in blocks of {block}",
            fix="one row for each example in every array",
        )
    whole: list[np.ndarray] = []
    for first in range(0, max(count, 1), block):
        results = [np.asarray(result) for result in call(*(_block(array, first, block) for array in given))]
        for result in results:
            if result.shape[:1] != (block,):
                raise ArgumentError(
                    f"a result for {block} rows has shape {result.shape}", fix=f"{block} rows along axis 0"
                )
        # copied, as the arrays of a call may be those of the next
        whole = whole or [np.empty((count, *result.shape[1:]), result.dtype) for result in results]
        for there, result in zip(whole, results, strict=True):
            there[first : first + block] = result[: count - first]
    return whole


def _block(array: np.ndarray, first: int, block: int) -> np.ndarray:
    """The rows from the first on; what is missing at the end is its last row again, or zeros if there is none."""
    part = array[first : first + block]
    if len(part) == block:
        return part
    filling = part[-1:] if len(part) else np.zeros((1, *array.shape[1:]), array.dtype)
    return np.concatenate([part, np.broadcast_to(filling, (block - len(part), *array.shape[1:]))])
