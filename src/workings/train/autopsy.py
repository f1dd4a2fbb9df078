"""What was the first value that was not finite, and what was it made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.engines import ReferenceEngine
from workings.errors import NonFiniteError
from workings.graph import Node, Program, Role, every_value, reachable
from workings.graph.layouts import contiguous
from workings.ops.control import Loop

__all__ = ["autopsy", "culprit"]

# what to write in place of an op that makes inf or nan from finite values
_STABLE = {
    "exp": "workings.functions.softmax, log_softmax or logsumexp, which take the largest value out first",
    "log": "workings.functions.log_softmax in place of log(softmax(x)), or a value that cannot reach 0",
    "divide": "a divisor that cannot reach 0",
    "sqrt": "a value that stays above 0; the slope of a root is infinite there",
    "power": "a base that stays above 0",
}
_NOT_THE_RATE = frozenset({"log", "sqrt", "divide", "power"})


def culprit(outputs: Sequence[Node], values: Mapping[Node, Any]) -> Node | None:
    """The earliest node that is not finite though all it is made from is, on a path of such nodes to the outputs.

    A constant that is not finite (a mask's −inf) is no culprit. Where every path begins with one, it is the
    earliest node that makes a nan from none, or else the earliest that is not finite.
    """
    bad = {node for node in reachable(outputs) if not _is_finite(values[node])}
    behind: set[Node] = set()
    todo = [node for node in outputs if node in bad]
    while todo:
        node = todo.pop()
        if node not in behind:
            behind.add(node)
            todo.extend(i for i in node.inputs if i in bad)
    found = sorted((node for node in behind if node.inputs), key=lambda node: node.serial)
    nan = {node for node in behind if _is_nan(values[node])}
    first = [node for node in found if not any(i in bad for i in node.inputs)]
    first += [node for node in found if node in nan and not any(i in nan for i in node.inputs)]
    return next(iter((*first, *found)), None)


def _is_nan(value: Any) -> bool:
    return any(map(_is_nan, value)) if isinstance(value, tuple) else bool(np.any(np.isnan(value)))


def _is_finite(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_finite, value))
    return np.asarray(value).dtype.kind != "f" or bool(np.all(np.isfinite(value)))


def autopsy(
    program: Program, carry: Sequence[Any], data: Sequence[Any], settings: Sequence[Any], step: int
) -> NonFiniteError:
    """The error for a step that met a value that is not finite; `carry` is from before that step."""
    values = ReferenceEngine(program).values(carry, data, settings, step)
    program = program.at(step)
    node = culprit([program.loss], values)
    if node is None:
        node = culprit([c.output for c in program.carry], values)
    if node is None:
        error = NonFiniteError(
            f"step {step}: a value is not finite, and the reference engine does not find it so",
            fix="engine='reference', to see whether it is met there",
        )
    else:
        where, node, values, names = _within(node, values, program.step.names)
        rates = {n.name: float(v) for n, v in zip(program.setting_inputs, settings, strict=True)}
        error = NonFiniteError(
            f"step {step}: {where}{_words(node, values, names)}{_behind(node, names)}",
            where=node.origin,
            fix=_tainted(node, values, names) or _advice(node, step, rates.get("learning_rate")),
        )
        error.values = {names[i]: values[i] for i in node.inputs if i in names}
    error.node, error.step = node, step
    return error


def _within(
    node: Node, values: Mapping[Node, Any], names: Mapping[Node, str]
) -> tuple[str, Node, Mapping[Node, Any], Mapping[Node, str]]:
    """The culprit in a loop: in which turn it was, what it is there, and the values and names of that turn."""
    if node.op.results is None:
        return "", node, values, names
    loop = Loop(node)
    state, rows, constants = loop.split([values[i] for i in node.inputs])
    for t in reversed(range(loop.length)) if loop.reverse else range(loop.length):
        with np.errstate(all="ignore"):
            turn = every_value(loop.body, [*map(contiguous, state), *(x[t] for x in rows), *constants])
        found = culprit(loop.body.outputs, turn)
        if found is not None:
            where, found, turn, inner = _within(found, turn, loop.body.names)
            return f"in turn {t} of {names.get(node, 'the loop')}, {where}", found, turn, inner
        state = [turn[output] for output in loop.body.outputs[: loop.carry]]
    return "", node, values, names


def _words(node: Node, values: Mapping[Node, Any], names: Mapping[Node, str]) -> str:
    """The culprit and what went into it."""
    value = np.asarray(values[node])
    at: tuple[int, ...] = ()
    place = ""
    if value.ndim:
        at = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
        place = f"[{', '.join(map(str, at))}]"
    parts = []
    for i in node.inputs:
        given = np.asarray(values[i])
        if i not in names:
            if len(node.inputs) > 1:
                parts.append(f"{given[()]!s}")
        elif given.ndim == 0:
            parts.append(f"{names[i]} = {given[()]!s}")
        elif given.shape == value.shape:
            parts.append(f"{names[i]}{place} = {given[at]!s}")
        elif given.size and given.dtype.kind != "b":
            between = f"between {np.min(given):.6g} and {np.max(given):.6g}"
            parts.append(f"{names[i]} {between}, shape {given.shape}")
        else:
            parts.append(f"{names[i]} of shape {given.shape}")
    made = " and ".join(parts)
    return f"{names.get(node, node.op.name)}{place} is {value[at]!s}, made by {node.op.name} from {made}"


def _behind(node: Node, names: Mapping[Node, str]) -> str:
    """The value whose derivative the culprit is part of."""
    if node.because is None:
        return ""
    source = node.because.node
    return f", in the backward pass, where the derivative passes {names.get(source, source.op.name)}"


def _tainted(node: Node, values: Mapping[Node, Any], names: Mapping[Node, str]) -> str | None:
    """What to write where it came with the data."""
    from_data = [i for i in node.inputs if i.is_input and i.role is Role.DATA and not _is_finite(values[i])]
    return f"data that are finite: {names[from_data[0]]} is not" if from_data and from_data[0] in names else None


def _advice(node: Node, step: int, rate: float | None) -> str:
    ops = [node.op.name] if node.because is None else [node.because.node.op.name, node.op.name]
    if step > 0 and rate and not _NOT_THE_RATE.intersection(ops):
        return f"a smaller learning rate than {rate:g}, so that the values do not grow from step to step"
    stable = [_STABLE[op] for op in ops if op in _STABLE]
    return stable[0] if stable else "other start values, or data of a smaller scale"
