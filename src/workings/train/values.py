"""The values of a run by name: for the data it was trained on, or for other data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.engines import compile_function
from workings.errors import ArgumentError
from workings.graph import Graph, Node, Program, Role, reachable
from workings.graph.layouts import CONTIGUOUS, contiguous
from workings.trace.trees import flatten, rebuild
from workings.train.arguments import as_data, as_dtype, nearest
from workings.train.objective import trace_evaluated
from workings.train.program import Built, simplified_away
from workings.transform import simplify

__all__ = ["learned", "named_value"]

_MOST_NAMES = 40  # in a message


def learned(built: Built, carry: Sequence[Any]) -> dict[str, Any]:
    """The parameters by the names of the arguments, each in the form it was given in (copies)."""
    found = dict(zip((c.input for c in built.program.carry), carry, strict=True))
    leaves = dict(zip(built.trace.paths, built.trace.graph.inputs, strict=True))
    return {
        name: rebuild(tree, lambda path, _: np.copy(found[leaves[path]])[()], (name,))
        for name, tree in built.arguments.values.items()
        if name in built.arguments.trained
    }


def named_value(
    built: Built,
    carry: Sequence[Any],
    settings: Sequence[Any],
    name: str,
    data: Mapping[str, Any],
    number: int = 0,
    engine: str = "numpy",
) -> Any:
    """The value of this name at the step of this number, or a dict of them where several have it; see `Run.value`.

    It is computed with the bits of this engine; of numpy where native lacks an op that is no part of the run.
    """
    program = built.program.at(number)
    if data:
        forward = _other_data(built, carry, settings, data)
    else:
        step = Graph(program.step.inputs, [program.loss], name=program.step.name)
        values = program.values(carry, tuple(program.data.values()), settings, number)
        forward = _Forward(step, program.step.names, values, {}, built.named[program])
    graph, names, inputs, made_up, away = forward
    named = [n for n in graph.nodes if n in names and n.role is not Role.SETTING]
    found = {names[n]: n for n in named if name in (names[n], n.name)}
    if name in found and sum(n.name == name for n in found.values()) < 2:
        found = {name: found[name]}
    if not found and name in away:
        found = {name: away[name]}
    if not found:
        derivatives = _derivatives(program)
        if name not in derivatives:
            known = list(dict.fromkeys([*(names[n] for n in named if n.name is not None), *away]))
            listed = known if len(known) <= _MOST_NAMES else [*known[:_MOST_NAMES], "…"]
            raise ArgumentError(
                f"there is no value {name!r} in {graph.name}; there are {', '.join(listed)}",
                fix=nearest(name, [*known, *derivatives]),
            )
        if data:
            raise ArgumentError(
                f"{name} belongs to the backward pass, which is that of the data trained on; {', '.join(data)} "
                f"cannot be given for it",
                fix=f"run.value({name!r}), or wk.grad({graph.name}) for other data",
            )
        found = {name: derivatives[name]}
        graph = program.step
    part = Graph(graph.inputs, found.values(), name=graph.name)
    lacking = [title for node, title in made_up.items() if part.users[node] or node in part.outputs]
    if lacking:
        lacking = list(dict.fromkeys(lacking))
        raise ArgumentError(
            f"{name} depends on {' and '.join(lacking)} too, and {', '.join(data)} has another number of rows than in "
            "training",
            fix=f"run.value({name!r}, {', '.join(f'{m}=…' for m in [*data, *lacking])})",
        )
    compute = compile_function(part, "auto" if engine == "native" else "reference")
    values = compute(*(contiguous(value) for value in inputs))
    results = {title: _own(value) for title, value in zip(found, values, strict=True)}
    return results if len(results) > 1 else next(iter(results.values()))


def _own(value: Any) -> Any:
    return np.array(value)[()]


class _Forward(NamedTuple):
    """A forward pass: graph, names, the values of its inputs, and what stands in for data that were not given.

    `away` has the values that no node of the graph is called after: those that equal another, or that a
    simplification took the place of.
    """

    graph: Graph
    names: Mapping[Node, str]
    inputs: Sequence[Any]
    made_up: Mapping[Node, str]
    away: Mapping[str, Node]


def _derivatives(program: Program) -> dict[str, Node]:
    """The nodes of the backward pass, by what the written program calls them."""
    names = program.step.names
    backward = {names[n]: n for n in reachable(program.gradients.values()) if n in names and n.because is not None}
    # one value may be the gradient of two parameters, and then has the name of one of them
    return {**{f"d_{names[p]}": gradient for p, gradient in program.gradients.items()}, **backward}


def _other_data(built: Built, carry: Sequence[Any], settings: Sequence[Any], data: Mapping[str, Any]) -> _Forward:
    """The forward pass for other data, which may have another number of rows."""
    own = built.arguments.data
    whole = len(own) == 1 and isinstance(own.get("data"), Mapping)
    table: dict[str, Any] = dict(own["data"]) if whole else dict(own)
    unknown = [name for name in data if name not in table]
    if unknown:
        raise ArgumentError(
            f"{unknown[0]!r} is none of the data of {built.program.step.name}",
            fix=nearest(unknown[0], table) or "run.value(name) alone, since it has no data",
        )
    for name, tree in data.items():
        dtypes = {path: leaf.dtype for path, leaf in flatten(table[name])}
        table[name] = rebuild(
            as_data(name, tree),
            lambda path, leaf, known=dtypes, name=name: as_dtype(name, leaf, known.get(path, leaf.dtype)),
        )
    rows = {leaf.shape[0] for name in data for _, leaf in flatten(table[name]) if np.ndim(leaf)}
    made_up: set[str] = set()
    if len(rows) == 1:
        (count,) = rows
        for name in table.keys() - data.keys():
            table[name] = rebuild(table[name], lambda _, leaf, name=name: _rows(leaf, count, name, made_up))
    arguments = {**built.arguments.values, **learned(built, carry), **({"data": table} if whole else table)}
    traced = trace_evaluated(built.arguments, arguments)
    trained = built.arguments.trained
    inputs = list(zip(traced.paths, traced.graph.inputs, traced.leaves(arguments), strict=True))
    given = [(path, node, value) for path, node, value in inputs if path[0] not in trained]
    # with the inputs of a step in their order, so that every name is that of the written program
    program = built.program
    leaves = dict(zip(built.trace.graph.inputs, traced.graph.inputs, strict=True))
    graph = Graph(
        [
            *(leaves.get(c.input, c.input) for c in program.carry),
            *(node for _, node, _ in given),
            *program.setting_inputs,
        ],
        traced.graph.outputs,
        name=traced.graph.name,
    )
    values = [*carry, *(v for _, _, v in given), *settings]
    place = 1 if whole else 0
    stand_ins = {node: path[place] for path, node, _ in given if path[place] in made_up}
    clean, _, moved = simplify(graph, inputs=CONTIGUOUS)
    return _Forward(clean, clean.names, values, stand_ins, simplified_away(traced.graph.nodes, moved))


def _rows(leaf: Any, count: int, name: str, made_up: set[str]) -> Any:
    """So many rows for a value that nobody asked about: their number matters while tracing, and nothing else does."""
    if np.ndim(leaf) == 0 or leaf.shape[0] == count:
        return leaf
    made_up.add(name)
    return np.resize(leaf, (count, *leaf.shape[1:]))
