"""From a loss, its parameters and data to a program: forward pass, backward pass, update, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import Carry, Graph, Node, Program, Role, call, constant, input_node
from workings.trace.frames import Scopes
from workings.trace.trace import Trace, trace_function
from workings.trace.trees import Path
from workings.trace.value import Traced, current_scopes
from workings.train.arguments import arguments_of, prepare, spelled
from workings.train.optimizers import Optimizer, check_rate
from workings.transform import reverse, simplify

__all__ = ["Built", "build"]


class Built(NamedTuple):
    """A program, and what is needed to speak of it in the user's terms."""

    program: Program
    trace: Trace
    loss: Callable[..., Any]
    arguments: Mapping[str, Any]
    trained: frozenset[str]


def build(
    loss: Callable[..., Any],
    parameters: Any,
    data: Mapping[str, Any],
    optimizer: Optimizer,
    steps: int,
    until_loss: float | None = None,
    until_change: float | None = None,
) -> Built:
    """Trace the loss, derive its gradient, trace the update, and put them together as one step."""
    arguments, trained = arguments_of(loss, parameters, data)
    arguments = prepare(arguments, trained)
    traced = trace_function(loss, arguments, roles=lambda path: Role.PARAMETER if path[0] in trained else Role.DATA)
    output = _checked_loss(traced)
    inputs = list(zip(traced.paths, traced.graph.inputs, traced.leaves(arguments), strict=True))
    weights = [(path, node, start) for path, node, start in inputs if path[0] in trained]
    given = [(node, value) for path, node, value in inputs if path[0] not in trained]
    gradients = _gradients(traced, output, [(path, node) for path, node, _ in weights])

    settings = {name: input_node(name, (), np.float64, Role.SETTING) for name in optimizer.settings()}
    values: dict[str, float] = dict(optimizer.settings())
    carry, after = _updates(optimizer, [(node, start) for _, node, start in weights], gradients, settings)
    stop, more = _stop(output, until_loss, until_change, settings, values)
    carry += [c for c, _ in more]
    after += [n for _, n in more]

    step = Graph(
        [*(c.input for c in carry), *(node for node, _ in given), *settings.values()],
        [output, _finite(output, after), stop, *after],
        name=traced.graph.name,
    )
    clean = simplify(step)
    moved = clean.moved
    done = [Carry(c.input, n, c.start) for c, n in zip(carry, clean.graph.outputs[3:], strict=True)]
    program = Program(
        step=clean.graph,
        carry=tuple(done),
        data={node.name or "": value for node, value in given},
        settings=values,
        gradients={node: moved.get(g, g) for node, g in gradients.items()},
        steps=steps,
        notes=clean.notes,
    )
    return Built(program, traced, loss, arguments, trained)


def _checked_loss(traced: Trace) -> Node:
    title = traced.graph.name
    if len(traced.graph.outputs) != 1:
        raise GradientError(
            f"{title} returns {len(traced.graph.outputs)} values; training needs one scalar",
            fix="return the loss alone",
        )
    (output,) = traced.graph.outputs
    if output.shape != ():
        raise GradientError(
            f"{title} has shape {output.shape}; training needs a scalar",
            where=output.origin,
            fix="np.mean of it, or np.sum",
        )
    if output.dtype.kind != "f":
        raise GradientError(f"{title} is {output.dtype.name}; training needs a floating loss", where=output.origin)
    return output


def _gradients(traced: Trace, output: Node, weights: Sequence[tuple[Path, Node]]) -> dict[Node, Node]:
    """The gradient of each parameter; an error for one that the loss does not depend on."""
    result = {}
    for (path, node), gradient in zip(weights, reverse(output, [node for _, node in weights]), strict=True):
        if gradient is None:
            used = node in set(traced.graph.nodes[len(traced.graph.inputs) :]) or traced.graph.users[node]
            raise GradientError(
                f"the loss does not depend on the parameter {spelled(path)}"
                + (", but for values that have no derivative (a comparison, a rounding, an index)" if used else ""),
                where=output.origin,
                fix="leave it out of the parameters, or use it in the loss",
            )
        result[node] = gradient
    return result


def _updates(
    optimizer: Optimizer,
    weights: Sequence[tuple[Node, Any]],
    gradients: Mapping[Node, Node],
    settings: Mapping[str, Node],
) -> tuple[list[Carry], list[Node]]:
    """Trace the optimizer's rule for each parameter: what is carried, and what each becomes."""
    carry: list[Carry] = []
    kept: list[Carry] = []
    for node, start in weights:
        rates = {name: Traced(setting, weak=True) for name, setting in settings.items()}
        states = {
            name: (input_node(f"{name}_{node.name}", np.shape(v), np.asarray(v).dtype, Role.STATE), v)
            for name, v in optimizer.state(start).items()
        }
        token = current_scopes.set(Scopes(_updates.__code__))
        try:
            new, state = optimizer.update(
                Traced(node), Traced(gradients[node]), {name: Traced(n) for name, (n, _) in states.items()}, rates
            )
        finally:
            current_scopes.reset(token)
        carry.append(Carry(node, _fitting(node, new, optimizer), start))
        if set(state) != set(states):
            raise ArgumentError(f"{optimizer} keeps {sorted(states)} at the start, and {sorted(state)} after an update")
        kept += [Carry(n, _fitting(n, state[name], optimizer), v) for name, (n, v) in states.items()]
    return carry + kept, [c.output for c in carry + kept]


def _fitting(node: Node, new: Any, optimizer: Optimizer) -> Node:
    """What a carried value becomes, with the dtype it had; an error if its shape is another."""
    after = new.node if isinstance(new, Traced) else constant(np.asarray(new, node.dtype))
    if after.shape != node.shape:
        raise ArgumentError(f"{optimizer} makes {node.name} of shape {node.shape} into shape {after.shape}")
    return after if after.dtype == node.dtype else call("astype", after, dtype=node.dtype)


def _stop(
    loss: Node,
    until_loss: float | None,
    until_change: float | None,
    settings: dict[str, Node],
    values: dict[str, float],
) -> tuple[Node, list[tuple[Carry, Node]]]:
    """The node that says when to stop, and what must be carried for it."""
    conditions: list[Node] = []
    carried: list[tuple[Carry, Node]] = []
    for name, bound in (("until_loss", until_loss), ("until_change", until_change)):
        if bound is None:
            continue
        if name == "until_change":
            check_rate(name, bound)
        elif not math.isfinite(bound):
            raise ArgumentError(f"until_loss is {bound}; it must be finite", fix="until_loss=1e-6")
        setting = settings[name] = input_node(name, (), np.float64, Role.SETTING)
        values[name] = float(bound)
        limit = setting if loss.dtype == setting.dtype else call("astype", setting, dtype=loss.dtype)
        if name == "until_loss":
            conditions.append(call("less", loss, limit))
        else:
            previous = input_node("previous_loss", (), loss.dtype, Role.STATE)
            change = call("absolute", loss - previous)
            conditions.append(call("less", change, limit))
            carried.append((Carry(previous, loss, loss.dtype.type(np.inf)), loss))
    if not conditions:
        return constant(False), carried
    stop = conditions[0] if len(conditions) == 1 else call("logical_or", *conditions)
    return stop, carried


def _finite(loss: Node, after: Sequence[Node]) -> Node:
    """Whether the loss and everything that is carried on is finite."""
    result = call("isfinite", loss)
    for node in after:
        if node is loss or node.dtype.kind != "f":
            continue
        one = call("isfinite", node)
        result = call("logical_and", result, one if node.shape == () else call("all", one))
    return result
