"""From a loss, its parameters and data to a program: forward pass, backward pass, update, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import (
    Carry,
    Graph,
    Node,
    Program,
    Role,
    call,
    constant,
    input_node,
    reachable,
    substitute,
)
from workings.graph.layouts import CONTIGUOUS
from workings.trace.trace import Trace, bind, trace_function
from workings.trace.trees import Path
from workings.train.arguments import Arguments, prepare, spelled
from workings.train.optimizers import Optimizer, check_setting
from workings.train.stops import BOUNDS, Conditions, check_bound, conditions, either, finite
from workings.transform import reverse, simplify

__all__ = ["Built", "build"]


class Built(NamedTuple):
    """A program, and what is needed to speak of it in the user's terms.

    `conditions` are the nodes of the program that say a stop condition is met, by the reason they are;
    `moved` says what became of each node of the trace when the program was simplified.
    """

    program: Program
    trace: Trace
    arguments: Arguments
    conditions: Conditions
    moved: Mapping[Node, Node]


def build(
    loss: Callable[..., Any],
    parameters: Any,
    data: Any,
    optimizer: Optimizer,
    steps: int,
    bounds: Mapping[str, float | None] | None = None,
) -> Built:
    """Trace the loss, derive its gradient, trace the update, and put them together as one step.

    `bounds` are those of the stop conditions, `until_loss` and `until_change`.
    """
    arguments = prepare(loss, parameters, data)
    values = _settings(optimizer, bounds or {})
    settings = {name: input_node(name, (), np.float64, Role.SETTING) for name in values}
    traced = trace_function(arguments.loss, arguments.values, roles=arguments.role)
    output = _checked_loss(traced)
    inputs = list(zip(traced.paths, traced.graph.inputs, traced.leaves(arguments.values), strict=True))
    weights = [(path, node, start) for path, node, start in inputs if node.role is Role.PARAMETER]
    given = {node: value for _, node, value in inputs if node.role is not Role.PARAMETER}
    gradients = _gradients(traced, arguments, output, [(path, node) for path, node, _ in weights])
    own = {name: node for name, node in settings.items() if name not in BOUNDS}
    carry = _updates(optimizer, [(node, start) for _, node, start in weights], gradients, own)
    stops, carried = conditions(output, settings)
    carry += carried
    after = [c.output for c in carry]
    outputs = [output, finite(output, after), either(stops), *after, *stops.values()]
    rates, outputs = _in_one_dtype(list(settings.values()), outputs)
    count = 3 + len(carry)

    step = Graph([*(c.input for c in carry), *given, *rates], outputs[:count], name=traced.graph.name)
    clean, notes, moved = simplify(step, inputs=CONTIGUOUS)
    program = Program(
        step=clean,
        carry=tuple(Carry(c.input, n, c.start) for c, n in zip(carry, clean.outputs[3:], strict=True)),
        data=_by_name(given),
        settings=values,
        gradients={node: moved.get(g, g) for node, g in gradients.items()},
        steps=steps,
        notes=notes,
    )
    met = dict(zip(stops, (moved[node] for node in outputs[count:]), strict=True))
    return Built(program, traced, arguments, met, moved)


def _settings(optimizer: Optimizer, bounds: Mapping[str, float | None]) -> dict[str, float]:
    """The settings of the optimizer and the bounds of the stop conditions, as checked numbers."""
    if isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        name = optimizer.__name__ if isinstance(optimizer, type) else ""
        raise ArgumentError(
            f"optimizer is {optimizer!r}, which is no optimizer",
            fix=f"optimizer={name}(…), an instance" if name else "optimizer=wk.SGD(0.01)",
        )
    values = {name: check_setting(name, value) for name, value in optimizer.settings().items()}
    for name, bound in bounds.items():
        if name in values:
            raise ArgumentError(
                f"{name} is a setting of {optimizer!r}, and the name of a stop condition", fix="another name"
            )
        if bound is not None:
            values[name] = check_bound(name, bound)
    return values


def _in_one_dtype(settings: Sequence[Node], outputs: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """Settings and outputs, where a setting that is used in one dtype alone is given in it from the start."""
    fitted: list[Node] = []
    replaced: dict[Node, Node] = {}
    nodes = reachable(outputs)
    for setting in settings:
        users = [node for node in nodes if setting in node.inputs]
        dtypes = {node.dtype for node in users if node.op.name == "astype"}
        if len(dtypes) == 1 and all(node.op.name == "astype" for node in users):
            narrow = input_node(setting.name or "", (), dtypes.pop(), Role.SETTING)
            replaced |= dict.fromkeys(users, narrow)
            fitted.append(narrow)
        else:
            fitted.append(setting)
    return fitted, substitute(outputs, replaced)


def _by_name(given: Mapping[Node, Any]) -> dict[str, Any]:
    data = {node.name or "": value for node, value in given.items()}
    if len(data) < len(given):
        names = [node.name for node in given]
        twice = next(name for name in names if names.count(name) > 1)
        raise ArgumentError(f"two of the data are both called {twice}", fix="keys without dots")
    return data


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
            f"{title} returns shape {output.shape}; training needs a scalar",
            where=output.origin,
            fix="np.mean of it, or np.sum",
        )
    if output.dtype.kind != "f":
        raise GradientError(
            f"{title} returns {output.dtype.name}, which has no slope; training needs a floating loss",
            where=output.origin,
            fix="a loss that moves with the parameters, such as (y - expected) ** 2",
        )
    return output


def _gradients(
    traced: Trace, arguments: Arguments, output: Node, weights: Sequence[tuple[Path, Node]]
) -> dict[Node, Node]:
    """The gradient of each parameter; an error for one that the loss does not depend on."""
    result = {}
    for (path, node), gradient in zip(weights, reverse(output, [node for _, node in weights]), strict=True):
        if gradient is None:
            flat = "; it goes only where there is no slope: a comparison, a rounding, an index, a product with 0"
            raise GradientError(
                f"the loss does not depend on the parameter {spelled(path, arguments.values)}"
                + (flat if traced.graph.users[node] else ""),
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
) -> list[Carry]:
    """Trace the optimizer's rule for each parameter: what is carried, and what each becomes."""
    carry: list[Carry] = []
    kept: list[Carry] = []
    rates = dict.fromkeys(settings, 0.0)  # a Python number: like a setting, it takes the dtype of what it meets
    for node, start in weights:
        own = {name: np.array(value)[()] for name, value in optimizer.state(start).items()}
        states = {name: input_node(f"{name}_{node.name}", v.shape, v.dtype, Role.STATE) for name, v in own.items()}
        rule = trace_function(optimizer.update, bind(optimizer.update, (start, start, own, rates), {}), titled=False)
        after = rule.graph(node, gradients[node], *states.values(), *settings.values())
        new, state = _checked_update(optimizer, rule.assemble(after), states)
        carry.append(Carry(node, _fitting(node, new, optimizer), start))
        kept += [Carry(n, _fitting(n, state[name], optimizer), own[name]) for name, n in states.items()]
    return carry + kept


def _checked_update(optimizer: Optimizer, result: Any, states: Mapping[str, Node]) -> tuple[Any, Mapping[str, Any]]:
    """What an update returned: the next parameter and the next state, with every name that it had."""
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], Mapping):
        kind = "one value" if isinstance(result, Node) else type(result).__name__
        raise ArgumentError(
            f"the update of {optimizer!r} returns {kind}, and not a parameter and a state",
            fix="return parameter, {}",
        )
    new, state = result
    if set(state) != set(states):
        had, has = (", ".join(sorted(names)) or "nothing" for names in (states, state))
        raise ArgumentError(
            f"{optimizer!r} keeps {had} at the start, and {has} after an update", fix="the same names in both"
        )
    return new, state


def _fitting(node: Node, new: Any, optimizer: Optimizer) -> Node:
    """What a carried value becomes, with the dtype it had; an error if its shape is another."""
    after = new if isinstance(new, Node) else constant(np.asarray(new, node.dtype))
    if after.shape != node.shape:
        raise ArgumentError(
            f"{optimizer!r} makes {node.name} of shape {node.shape} into shape {after.shape}",
            fix="an update that keeps the shape",
        )
    return after if after.dtype == node.dtype else call("astype", after, dtype=node.dtype)
