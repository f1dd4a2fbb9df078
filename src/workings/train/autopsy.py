"""What was the first value that was not finite, and what was it made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.engines import ReferenceEngine
from workings.errors import NonFiniteError
from workings.graph import Node, Program, reachable

__all__ = ["autopsy", "culprit"]


def culprit(outputs: Sequence[Node], values: Mapping[Node, Any]) -> Node | None:
    """The earliest node that is not finite though all it is made from is, on a path of such nodes to the outputs.

    A constant that is not finite (a mask's −inf) is no culprit. Where every path begins with one, it is the
    earliest node that makes a nan from none, or else the earliest that is not finite.
    """
    bad = {n for n in reachable(outputs) if not _finite(values.get(n, n.value if n.is_constant else 0.0))}
    seen: set[Node] = set()
    todo = [n for n in outputs if n in bad]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(i for i in node.inputs if i in bad)
    found = sorted((n for n in seen if n.inputs), key=lambda n: n.serial)
    for node in found:
        if not any(i in bad for i in node.inputs):
            return node
    for node in found:
        if np.any(np.isnan(values[node])) and not any(np.any(np.isnan(values[i])) for i in node.inputs):
            return node
    return found[0] if found else None


def _finite(value: Any) -> bool:
    return np.asarray(value).dtype.kind != "f" or bool(np.all(np.isfinite(value)))


def autopsy(
    program: Program, carry: Sequence[Any], data: Sequence[Any], settings: Sequence[Any], step: int
) -> NonFiniteError:
    """The error for a step that met a value that is not finite; `carry` is from before that step."""
    values = ReferenceEngine(program).values(carry, data, settings)
    floating = [n for n in program.step.outputs[3:] if n.dtype.kind == "f"]
    names = program.step.names
    node = culprit([program.loss], values)
    if node is None:
        node = culprit(floating, values)
    rates = {n.name: v for n, v in zip(program.setting_inputs, settings, strict=True)}
    if node is None:
        error = NonFiniteError(
            f"step {step}: a value is not finite, and the reference engine does not find it so",
            fix="engine='reference', to see whether it is met there",
        )
    else:
        said, inputs = _words(node, values, names)
        error = NonFiniteError(
            f"step {step}: {said}" + _remark(node, names), where=node.origin, fix=_advice(node, step, rates)
        )
        error.values = inputs
    error.node, error.step = node, step
    return error


def _words(node: Node, values: Mapping[Node, Any], names: Mapping[Node, str]) -> tuple[str, dict[str, Any]]:
    """The culprit and what went in, in words and as values by name."""
    value = np.asarray(values[node])
    inputs = {names.get(i, repr(i.attributes.get("value"))): values[i] for i in node.inputs if not i.is_constant}
    at: tuple[int, ...] = ()
    place = ""
    if value.ndim:
        at = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
        place = f"[{', '.join(map(str, at))}]"
    spoken = f"{names.get(node, node.op.name)}{place} is {value[at]}"
    parts = []
    for i in node.inputs:
        given = np.asarray(values[i])
        name = names.get(i)
        if name is None:
            continue
        if given.ndim == 0:
            parts.append(f"{name} = {given[()]!s}")
        elif given.shape == value.shape:
            parts.append(f"{name}{place} = {given[at]!s}")
        else:
            parts.append(f"{name} between {np.min(given):.6g} and {np.max(given):.6g}, shape {given.shape}")
    made = f", made by {node.op.name}" + (f" from {', '.join(parts)}" if parts else "")
    return spoken + made, inputs


def _remark(node: Node, names: Mapping[Node, str]) -> str:
    if node.because is None:
        return ""
    source = node.because.node
    return f" (in the backward pass, behind {names.get(source, source.op.name)})"


def _advice(node: Node, step: int, settings: Mapping[str | None, Any]) -> str:
    rate = settings.get("learning_rate")
    stable = {
        "exp": "workings.functions.softmax, log_softmax or logsumexp, which take the largest value out first",
        "log": "workings.functions.log_softmax in place of log(softmax(x)), or a value that cannot reach 0",
        "divide": "a divisor that cannot reach 0",
        "sqrt": "a value that stays above 0; the slope of a root is infinite there",
    }
    if step > 0 and rate is not None and node.op.name not in ("log", "sqrt", "divide"):
        return f"a smaller learning rate than {float(rate):g}, so that the values do not grow from step to step"
    return stable.get(node.op.name, "other start values, or data of a smaller scale")
