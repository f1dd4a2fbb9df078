"""The loss as it is traced: with the states that its modules leave behind, and with nothing rebound that is trained."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workings import random
from workings.errors import ArgumentError, GradientError
from workings.graph import Node, call
from workings.trace.trace import Trace, call_bound, title_of, trace_function
from workings.trace.traced import Traced
from workings.trace.trees import Path, flatten
from workings.train.arguments import Arguments, spelled

__all__ = ["Objective", "trace_evaluated", "trace_objective"]


class Objective(NamedTuple):
    """A traced loss: its scalar, and what each state is after the call."""

    trace: Trace
    loss: Node
    states: tuple[Node, ...]


def trace_objective(
    arguments: Arguments, values: Any, counter: Node, seed: int = 0, names: Mapping[Path, str] | None = None
) -> Objective:
    """Trace the loss as in training for these values of its arguments. What it draws is keyed by the seed and by
    `counter`, the number of the step."""
    inner = _with_states(arguments)

    @functools.wraps(inner)
    def objective(**given: Any) -> Any:
        with random.drawing(random.fold_in(random.key(seed), Traced(counter))):
            return inner(**given)

    trace = trace_function(objective, values, roles=arguments.role, names=names, titled=False, beside=[counter])
    count = len(arguments.states)
    outputs = trace.graph.outputs
    found, states = outputs[: len(outputs) - count], outputs[len(outputs) - count :]
    loss = _checked(trace, found)
    return Objective(trace, loss, tuple(states))


def trace_evaluated(arguments: Arguments, values: Any) -> Trace:
    """Trace the loss for these values of its arguments, with layers as they are when they are not trained."""

    @functools.wraps(arguments.loss)
    def evaluated(*given: Any, **named: Any) -> Any:
        with random.drawing(training=False):
            return arguments.loss(*given, **named)

    return trace_function(evaluated, values, roles=arguments.role)


def _with_states(arguments: Arguments) -> Callable[..., Any]:
    """The loss as a function that also returns the states that its arguments have after the call."""
    loss = arguments.loss

    def objective(**given: Any) -> Any:
        before = dict(flatten(given))
        result = call_bound(loss, given)
        after = dict(flatten(given))
        _check_unchanged(arguments, before, after)
        return (result, [after[path] for path in arguments.states]) if arguments.states else result

    functools.update_wrapper(objective, loss, assigned=())
    objective.__name__ = title_of(loss)
    kind = inspect.Parameter.KEYWORD_ONLY
    objective.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in arguments.values])
    return objective


def _check_unchanged(arguments: Arguments, before: dict[Path, Any], after: dict[Path, Any]) -> None:
    """Raise where the call has left something else in the place of a parameter, or added or taken away one."""
    for path in arguments.states:
        if path not in after:
            raise ArgumentError(
                f"{title_of(arguments.loss)} leaves no number in the place of {spelled(path, arguments.values)}, "
                "which is a state",
                fix="a state of the same shape, as np.zeros_like gives it",
            )
    for path in [*before, *after]:
        if path[0] in arguments.trained and path not in arguments.states and before.get(path) is not after.get(path):
            name = spelled(path, arguments.values) if path in before else ".".join(path)
            raise ArgumentError(
                f"{title_of(arguments.loss)} puts something else in the place of {name}, which is a parameter",
                fix="a variable of another name, or a field made by nn.state() for what is carried on and not trained",
            )


def _checked(trace: Trace, outputs: tuple[Node, ...]) -> Node:
    """The scalar that the loss returns, by the name of the loss where it has none."""
    title = trace.graph.name
    if len(outputs) != 1:
        raise GradientError(
            f"{title} returns {len(outputs)} values; training needs one scalar", fix="return the loss alone"
        )
    (output,) = outputs
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
    if output.name is not None or not output.inputs:
        return output
    return call(
        output.op.name, *output.inputs, label=title, origin=output.origin, scope=output.scope, **output.attributes
    )
