"""From a loss, its parameters and data to a program: feed, forward pass, backward pass, update, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import Carry, Graph, Node, Program, Role, input_node, reachable, remake, substitute
from workings.graph.layouts import CONTIGUOUS
from workings.trace.trace import Trace
from workings.trace.trees import Path
from workings.train.arguments import Arguments, prepare, spelled
from workings.train.checks import check_setting
from workings.train.feed import Batches, feed, whole_inputs
from workings.train.objective import Objective, trace_objective
from workings.train.optimizers import Optimizer
from workings.train.stops import Stopping, check_bound, either, finite
from workings.train.updates import Nudging, Updates, fitting
from workings.transform import reverse, simplify

__all__ = ["Built", "build", "simplified_away"]


class Built(NamedTuple):
    """A program, and what is needed to speak of it in the user's terms.

    `named` says, for the program and for its `final`, what became of each value that the user named when it was
    simplified. `averages` are the inputs that hold the moving averages of parameters.
    """

    program: Program
    trace: Trace
    arguments: Arguments
    named: Mapping[Program, Mapping[str, Node]]
    averages: Mapping[Node, Node]


class _Step(NamedTuple):
    """One step, for a batch of one size: the data it sees, what its forward pass gives, and what comes of it."""

    data: list[Node]
    forward: list[Node]
    gradients: Mapping[Node, Node]
    carry: list[Carry]
    outputs: list[Node]
    stops: Mapping[str, Node]


def build(
    loss: Callable[..., Any],
    parameters: Any,
    data: Any,
    optimizer: Optimizer,
    steps: int,
    *,
    bounds: Mapping[str, float | None] | None = None,
    nudging: Nudging | None = None,
    batches: Batches | None = None,
    seed: int = 0,
    names: Mapping[Path, str] | None = None,
) -> Built:
    """Trace the loss, derive its gradient, trace the update, and put them together as one step.

    `bounds` are those of the stop conditions, `until_loss` and `until_change`. With `batches` each step sees some
    rows of the data; where the last batch of an epoch is smaller, its step is traced and derived as well. `seed` is
    that of the random numbers in the loss; `names` are those of leaves that are called otherwise than by their paths.
    """
    arguments = prepare(loss, parameters, data)
    nudging = nudging or Nudging()
    values = _settings(optimizer, nudging, bounds or {})
    settings = {name: input_node(name, (), np.float64, Role.SETTING) for name in values}
    counter = input_node("step", (), np.int64, Role.COUNTER)
    sizes = _sizes(arguments, batches)
    objectives = [trace_objective(arguments, arguments.first(size), counter, seed, names) for size in sizes]
    traced = objectives[0].trace
    starts = dict(zip(traced.graph.inputs, traced.leaves(arguments.values), strict=True))
    weights = [(node, start) for node, start in starts.items() if node.role is Role.PARAMETER]
    updates = Updates(optimizer, nudging, weights, settings, counter)
    stopping = Stopping(settings)
    made = [_step(objective, objectives[0], arguments, updates, stopping) for objective in objectives]
    rates, outputs = _in_one_dtype(list(settings.values()), [node for step in made for node in step.outputs])
    counted = [counter] if counter in reachable(outputs) else []
    given = {node: starts[node] for node in made[0].data}
    whole = whole_inputs(made[0].data, list(given.values()))
    programs: list[Program] = []
    named: dict[Program, Mapping[str, Node]] = {}
    for step in reversed(made):  # a program holds the one of its last step
        now, outputs = outputs[len(outputs) - len(step.outputs) :], outputs[: len(outputs) - len(step.outputs)]
        count = 3 + len(step.carry)
        graph = Graph(
            [*(c.input for c in step.carry), *step.data, *rates, *counted], now[:count], name=traced.graph.name
        )
        clean, notes, moved = simplify(graph, inputs=CONTIGUOUS)
        programs.append(
            Program(
                step=clean,
                carry=tuple(Carry(c.input, n, c.start) for c, n in zip(step.carry, clean.outputs[3:], strict=True)),
                data=_by_name(given),
                settings=values,
                gradients={node: moved.get(g, g) for node, g in step.gradients.items()},
                steps=steps,
                notes=notes,
                stops=dict(zip(step.stops, (moved[node] for node in now[count:]), strict=True)),
                feed=feed(step.data, whole, counter, batches, arguments.rows)
                if batches and whole != step.data
                else None,
                batches=batches.per_epoch(arguments.rows) if batches else 1,
                final=programs[-1] if programs else None,
            )
        )
        named[programs[-1]] = simplified_away(reachable(step.forward), moved)
    return Built(programs[-1], traced, arguments, named, updates.averages())


def simplified_away(nodes: Iterable[Node], moved: Mapping[Node, Node]) -> dict[str, Node]:
    """Where the values went that the user named, by their names."""
    return {n.name: moved[n] for n in nodes if n.name is not None and n.inputs and n in moved}


def _sizes(arguments: Arguments, batches: Batches | None) -> list[int]:
    """The number of rows that a step sees, and that of the last step of an epoch if it is another."""
    rows = arguments.rows
    if batches is None:
        return [rows]
    batches.check(rows)
    return [batches.size, rows % batches.size] if rows % batches.size else [batches.size]


def _step(objective: Objective, first: Objective, arguments: Arguments, updates: Updates, stopping: Stopping) -> _Step:
    """One step by this objective; whatever is not a batch of rows is an input of the first one's."""
    pairs = zip(objective.trace.graph.inputs, first.trace.graph.inputs, strict=True)
    shared = {own: one for own, one in pairs if own.shape == one.shape}
    output, *after = objective.loss, *objective.states
    if objective is not first:
        output, *after = _copied([output, *after], shared)
    gradients = _gradients(first.trace, arguments, output, updates.trained)
    carry = updates.apply(gradients)
    starts = dict(zip(first.trace.graph.inputs, first.trace.leaves(arguments.values), strict=True))
    kept = [node for node in starts if node.role is Role.STATE]
    carry += [Carry(node, fitting(node, new, "the call"), starts[node]) for node, new in zip(kept, after, strict=True)]
    stops, carried = stopping.conditions(output)
    carry += carried
    left = [c.output for c in carry]
    inputs = [shared.get(node, node) for node in objective.trace.graph.inputs]
    outputs = [output, finite(output, left), either(stops), *left, *stops.values()]
    given = [node for node in inputs if node.role is Role.DATA]
    return _Step(given, [output, *after], gradients, carry, outputs, stops)


def _copied(outputs: Sequence[Node], replaced: Mapping[Node, Node]) -> list[Node]:
    """The outputs with inputs replaced; every node is new, so that the lines stand in the order of the user's."""
    new = dict(replaced)
    for node in reachable(outputs):
        if node not in new and not node.is_input:
            new[node] = remake(node, tuple(new.get(i, i) for i in node.inputs))
    return [new.get(node, node) for node in outputs]


def _settings(optimizer: Optimizer, nudging: Nudging, bounds: Mapping[str, float | None]) -> dict[str, float]:
    """The settings of the optimizer and of the nudging, and the bounds of the stop conditions, as checked numbers."""
    if isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        name = optimizer.__name__ if isinstance(optimizer, type) else ""
        raise ArgumentError(
            f"optimizer is {optimizer!r}, which is no optimizer",
            fix=f"optimizer={name}(…), an instance" if name else "optimizer=wk.SGD(0.01)",
        )
    values = {name: check_setting(name, value) for name, value in optimizer.settings().items()}
    for name in [*nudging.settings(), *bounds]:
        if name in values:
            raise ArgumentError(f"{name} is a setting of {optimizer!r}, and one of training itself", fix="another name")
    values |= nudging.settings()
    for name, bound in bounds.items():
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


def _gradients(traced: Trace, arguments: Arguments, output: Node, trained: Sequence[Node]) -> dict[Node, Node]:
    """The gradient of each parameter that is trained; an error for one that the loss does not depend on."""
    result = {}
    paths = dict(zip(traced.graph.inputs, traced.paths, strict=True))
    for node, gradient in zip(trained, reverse(output, trained), strict=True):
        if gradient is None:
            flat = "; it goes only where there is no slope: a comparison, a rounding, an index, a product with 0"
            raise GradientError(
                f"the loss does not depend on the parameter {spelled(paths[node], arguments.values)}"
                + (flat if traced.graph.users[node] else ""),
                where=output.origin,
                fix="leave it out of the parameters, or use it in the loss",
            )
        result[node] = gradient
    return result
