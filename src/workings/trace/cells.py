"""Cell by cell, as in a notebook: every value has its number at once, and its formula."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import Graph, Node, Role, input_node, reachable, substitute
from workings.trace.cell import Cell, Slope
from workings.trace.frames import locate, user_origin
from workings.trace.trace import cell_of, title_of
from workings.trace.traced import Traced
from workings.trace.value import Value, numbers
from workings.transform import adjoints, simplify

__all__ = ["Part", "constant", "gradient", "parameter", "part"]

# a cell that no variable holds is called w_1, x_2, …, each by a number of its own
_unnamed = itertools.count(1)


def parameter(value: Any, name: str | None = None) -> Cell:
    """A parameter: a value that training nudges.

    `value` is a float, or an array of them (it is copied); a Python float becomes float64. The name is that of
    the variable it is stored in, unless `name` says otherwise.

    >>> import workings as wk
    >>> w = wk.parameter(0.5)
    >>> x = wk.constant(2.0)
    >>> y = w * x
    >>> float(y)
    1.0

    Raises `GradientError` for whole numbers, which cannot be nudged.
    """
    cell = _input(value, name, Role.PARAMETER)
    if cell.dtype.kind != "f":
        raise GradientError(
            f"the parameter {cell.node.name} is {cell.dtype.name}, and only floating values can be nudged",
            where=cell.node.origin,
            fix=f"wk.parameter({float(cell.value)!r})" if cell.shape == () else "an array of floats",
        )
    return cell


def constant(value: Any, name: str | None = None) -> Cell:
    """A value that stays as it is: an input of the net, or the output expected of it.

    >>> import workings as wk
    >>> x = wk.constant([1.0, 2.0])
    >>> x.shape
    (2,)
    """
    return _input(value, name, Role.CONSTANT)


def _input(value: Any, name: str | None, role: Role) -> Cell:
    if isinstance(value, Value):
        raise ArgumentError(
            f"wk.{role} takes numbers, and {value.node.name or 'this'} is a value that has its workings already",
            where=user_origin(),
            fix=f"wk.{role}({value.node.name or 'x'}.value)",
        )
    number = np.array(value, order="C")
    if number.dtype.kind not in "biuf":
        raise ArgumentError(f"{value!r} is no number, nor an array of them", where=user_origin(), fix=f"wk.{role}(0.5)")
    place = locate(None, depth=3)
    if number.ndim:
        number.flags.writeable = False
    title = name or place.name or f"{'w' if role is Role.PARAMETER else 'x'}_{next(_unnamed)}"
    node = input_node(title, number.shape, number.dtype, role, origin=place.origin)
    return Cell(node, number[()], varies=role is Role.PARAMETER)


def gradient(loss: Any, *wrt: Any) -> Any:
    """The gradient of a value with respect to others: a value again, with its formula.

    `loss` and `wrt` are cells, `loss` a scalar. With several `wrt`, or a tuple of them, the result is a tuple.
    A gradient has the shape and dtype of what it is taken with respect to. What those are made from is not
    looked at, so that `w = w - rate * wk.gradient(loss, w)` can go on for ever. For the gradient of a *function*
    there is `wk.grad`.

    >>> import workings as wk
    >>> w = wk.parameter(0.5)
    >>> x = wk.constant(1.0)
    >>> expected = wk.constant(2.0)
    >>> y = w * x
    >>> loss = (y - expected) ** 2
    >>> float(wk.gradient(loss, w))
    -3.0

    Raises `GradientError` where there is no gradient: of what is no scalar, or does not depend on `wrt`.
    """
    if callable(loss) and not isinstance(loss, Value):
        raise ArgumentError(
            f"wk.gradient takes a value, and {title_of(loss)} is a function",
            where=user_origin(),
            fix=f"wk.grad({title_of(loss)})(…), the gradient of a function",
        )
    if len(wrt) == 1 and isinstance(wrt[0], (tuple, list)):
        return tuple(gradient(loss, w) for w in wrt[0])
    if not wrt:
        raise ArgumentError(
            "wk.gradient needs to know with respect to what", where=user_origin(), fix="wk.gradient(loss, w)"
        )
    for what, value in (("the loss", loss), *(("w", w) for w in wrt)):
        if isinstance(value, Traced):
            raise ArgumentError(
                f"wk.gradient takes values with numbers, and {value.node.name or what} is being traced",
                where=user_origin(),
                fix="wk.grad(f)(…), the gradient of a function, which works inside traced functions",
            )
        if not isinstance(value, Cell):
            raise ArgumentError(
                f"wk.gradient takes values made by wk.parameter and wk.constant, and {what} is {type(value).__name__}",
                where=user_origin(),
                fix="w = wk.parameter(0.5); loss = …; wk.gradient(loss, w)",
            )
    place = locate(None)
    nodes = [w.node for w in wrt]
    found = adjoints(loss.node, nodes)
    cells = []
    for w in nodes:
        if w not in found:
            raise _independent(loss.node, w, place.origin)
        shown = simplify(Graph(_known([found[w]]), [found[w]])).graph.outputs[0]
        cell = cell_of(shown, varies=True)
        cell.slope = Slope(loss.node, w, loss.slope)
        cells.append(cell)
    return cells[0] if len(cells) == 1 else tuple(cells)


def _independent(loss: Node, w: Node, where: Any) -> GradientError:
    title = loss.name or "the loss"
    same = [n for n in reachable([loss]) if n.name == w.name and n is not w]
    if same:
        return GradientError(
            f"{title} was made from another {w.name}, before {w.name} was changed",
            where=where,
            fix=f"compute {title} again from the new {w.name}, then ask for its gradient",
        )
    return GradientError(
        f"{title} does not depend on {w.name or 'this value'}",
        where=where,
        fix=f"a value that {title} was computed from",
    )


def _known(outputs: list[Node]) -> list[Node]:
    """The nodes behind the outputs whose numbers are known already; what is behind those is not looked at."""
    known: dict[Node, None] = {}
    seen: set[Node] = set()
    todo = list(outputs)
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in numbers and not node.is_constant:
            known[node] = None
        else:
            todo.extend(node.inputs)
    return list(known)


class Part:
    """What lies between a cell and the values it is asked about, as nodes of its own.

    `loss` and `wrt` are nodes, `wrt` inputs of role parameter; `values` has the number of every input.
    """

    def __init__(self, loss: Node, wrt: tuple[Node, ...], values: Mapping[Node, Any]) -> None:
        self.loss = loss
        self.wrt = wrt
        self.values = values


def part(loss: Cell, wrt: tuple[Cell, ...]) -> Part:
    """Cut the graph of a cell off at `wrt`: what they were made from is forgotten."""
    fresh = {
        w.node: input_node(w.node.name or f"w_{i}", w.shape, w.dtype, Role.PARAMETER, origin=w.node.origin)
        for i, w in enumerate(wrt, start=1)
    }
    (top,) = substitute([loss.node], fresh)
    new = set(fresh.values())
    values: dict[Node, Any] = {fresh[w.node]: w.value for w in wrt}
    values |= {n: numbers[n] for n in reachable([top], stop=new) if n.is_input and n not in new}
    return Part(top, tuple(fresh.values()), values)
