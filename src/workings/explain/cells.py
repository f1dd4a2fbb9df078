"""`explain` for cells: the derivation of a value that was made step by step."""

from __future__ import annotations

import math
from typing import Any

from workings.errors import ArgumentError
from workings.explain.derive import derive
from workings.explain.steps import Derivation
from workings.graph import Role, reachable
from workings.trace.cell import Cell
from workings.trace.cells import part
from workings.trace.traced import Traced
from workings.trace.value import Value, numbers

__all__ = ["explain"]


def explain(loss: Any, *wrt: Any, learning_rate: float | None = None) -> Derivation:
    """How a value changes with others, derived by the chain rule, with the numbers put in and checked.

    `loss` is a scalar cell; `wrt` are the cells it is differentiated by, or all its parameters if left out.
    With a `learning_rate` the nudge of gradient descent follows. The result prints as text and shows as
    mathematics in a notebook; `.text(width)` and `.markdown()` give it as either. For a run there is
    `run.explain(step)`.

    >>> import workings as wk
    >>> w, x, expected = wk.parameter(0.5), wk.constant(1.0), wk.constant(2.0)
    >>> y = w * x
    >>> loss = (y - expected) ** 2
    >>> print(wk.explain(loss, w))  # doctest: +ELLIPSIS
    How loss changes with w
    ...

    Raises `GradientError` where there is no gradient.
    """
    if len(wrt) == 1 and isinstance(wrt[0], (tuple, list)):
        wrt = tuple(wrt[0])
    if learning_rate is not None and not (math.isfinite(learning_rate) and learning_rate >= 0):
        raise ArgumentError(
            f"learning_rate is {learning_rate:g}; it must be finite and not negative",
            fix="learning_rate=0.01; the minus sign is in the nudge already",
        )
    if not isinstance(loss, Value) and callable(loss):
        name = getattr(loss, "__name__", "loss")
        raise ArgumentError(
            f"wk.explain takes a value, and {name} is a function",
            fix=f"wk.train({name}, …).explain(step=0), or call {name} on wk.parameter and wk.constant first",
        )
    for what, value in (("the loss", loss), *(("w", w) for w in wrt)):
        if isinstance(value, Traced) or not isinstance(value, Cell):
            raise ArgumentError(
                f"wk.explain takes values made by wk.parameter and wk.constant, and {what} is "
                + ("being traced" if isinstance(value, Traced) else type(value).__name__),
                fix="w = wk.parameter(0.5); loss = …; wk.explain(loss, w)",
            )
    assert isinstance(loss, Cell)
    chosen = wrt or _parameters(loss)
    piece = part(loss, chosen)
    return derive(piece.loss, piece.wrt, piece.values, learning_rate=learning_rate)


def _parameters(loss: Cell) -> tuple[Cell, ...]:
    """The parameters that a cell was made from, in the order they were made."""
    found = tuple(
        Cell(n, numbers[n], varies=True) for n in reachable([loss.node]) if n.role is Role.PARAMETER and n in numbers
    )
    if not found:
        raise ArgumentError(
            f"{loss.node.name or 'the value'} depends on no parameter", fix="wk.parameter(…) for what is to be nudged"
        )
    return found
