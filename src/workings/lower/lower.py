"""A graph, or a program with its loop over the steps, as loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workings.graph import Graph, Node, Program, Role, substitute
from workings.lower.fuse import collapse, fuse, lanes
from workings.lower.loops import Buffer, Kernel, Loops, Repeat, Training, exchanged, kernels_of, touched
from workings.lower.lowering import Lowering
from workings.lower.rules import RULES
from workings.lower.verify import verify_loops
from workings.lower.views import View, whole

__all__ = ["lower_graph", "lower_program"]

Part = Kernel | Repeat


def lower_graph(graph: Graph, target: str = "loops") -> Loops:
    """A graph as kernels that run once; `UnsupportedError`, which names `target`, for an op they do not have."""
    given = _inputs(graph.inputs, {})
    low = Lowering(graph, given, RULES, target)
    results = low.results(graph.outputs)
    outputs = {b: replace(b, role="output") for b in results}
    parts = exchanged(fuse(low.parts, results), outputs)
    return _finished(graph.name, tuple(v.buffer for v in given.values()), tuple(outputs[b] for b in results), parts)


def lower_program(program: Program, target: str = "loops") -> Loops:
    """The steps of a program as kernels that run again and again.

    The batch of a step is taken from the data by the kernels of the step itself. What is carried is written where it
    lies if nothing reads the old value later on, and otherwise kept apart until the end of the step. Raises
    `UnsupportedError` as `lower_graph` does.
    """
    roles = {c.input: "carry" for c in program.carry}
    given = _inputs(program.inputs, roles)
    buffers = tuple(v.buffer for v in given.values())
    counter: Buffer | None = None
    if program.counter is not None or program.feed is not None:
        counter = Buffer("step", np.dtype(np.int64), (), "counter")
    parts, scalars = _step(program, given, counter, target)
    loss, finite, stop = scalars
    training = Training(loss, finite, stop, counter)
    if program.final is not None:
        final, others = _step(program.final, given, counter, target)
        same = dict(zip(others, scalars, strict=True))
        training = replace(training, final=tuple(exchanged(final, same)), batches=program.batches)
    results = tuple(given[c.input].buffer for c in program.carry)
    if counter is not None:
        buffers = (*buffers, counter)
    return _finished(program.step.name, buffers, results, parts, training)


def _inputs(nodes: Sequence[Node], roles: dict[Node, str]) -> dict[Node, View]:
    """A buffer for each input."""
    return {
        node: whole(Buffer(node.name or "x", node.dtype, node.shape, roles.get(node, _role(node)))) for node in nodes
    }


def _role(node: Node) -> str:
    return str(node.role) if node.role in (Role.SETTING, Role.COUNTER) else "data"


def _step(
    program: Program, given: dict[Node, View], counter: Buffer | None, target: str
) -> tuple[list[Part], list[Buffer]]:
    """The kernels of one step, and the scalars that say its loss, whether all is finite, and whether to stop."""
    graph, inputs = _with_feed(program), dict(zip(program.inputs, given.values(), strict=True))
    if graph.inputs and graph.inputs[-1].role is Role.COUNTER:
        assert counter is not None
        inputs[graph.inputs[-1]] = whole(counter)
    low = Lowering(graph, inputs, RULES, target)
    # what is carried on as it is needs no kernel
    changing = [k for k, c in enumerate(program.carry) if c.output is not c.input]
    loss, finite, stop, *after = low.results([*graph.outputs[:3], *(graph.outputs[3 + k] for k in changing)])
    parts = fuse(low.parts, [loss, finite, stop, *after])
    copies: list[tuple[Buffer, Buffer]] = []
    for k, new in zip(changing, after, strict=True):
        place = inputs[program.inputs[k]].buffer
        if _in_place(parts, place, new):
            parts = exchanged(parts, {new: place})
        else:
            copies.append((new, place))
    low.parts = []
    for new, place in copies:
        low.copy(whole(new), whole(place))
    return [*parts, *low.parts], [loss, finite, stop]


def _with_feed(program: Program) -> Graph:
    """The graph of a step that takes its batch itself, from all of the data."""
    step, feed = program.step, program.feed
    if feed is None:
        return step
    number = feed.inputs[-1]
    new = dict(zip(program.data_inputs, feed.outputs, strict=True))
    if program.counter is not None:
        new[program.counter] = number
    outputs = substitute(step.outputs, {old: node for old, node in new.items() if old is not node})
    return Graph([*program.inputs, number], outputs, name=step.name)


def _finished(
    name: str,
    given: tuple[Buffer, ...],
    results: tuple[Buffer, ...],
    parts: Sequence[Part],
    training: Training | None = None,
) -> Loops:
    kernels = _scheduled(parts)
    if training is not None and training.final is not None:
        training = replace(training, final=_scheduled(training.final))
    loops = Loops(name, given, results, (), kernels, training)
    buffers = dict.fromkeys([*given, *results])
    if training is not None:
        buffers |= dict.fromkeys([training.loss, training.finite, training.stop])
    for kernel in kernels_of(loops.everything):
        buffers |= dict.fromkeys(access.buffer for access in (*kernel.reads(), *kernel.writes()))
    return verify_loops(replace(loops, buffers=tuple(buffers)))


def _scheduled(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts without what stores nothing, with fewer loops and some of them in lanes."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, Repeat):
            result.append(replace(part, body=_scheduled(part.body)))
        elif part.stores:
            result.append(lanes(collapse(part)))
    return tuple(result)


def _in_place(parts: Sequence[Part], old: Buffer, new: Buffer) -> bool:
    """Whether the new value may take the place of the old one when it is written: nothing reads the old one later,
    and in the turn that writes an element only that element is read."""
    writers = [k for k, part in enumerate(parts) if new in touched(part)[1]]
    if len(writers) != 1:
        return False
    (writer,) = writers
    part = parts[writer]
    if any(old in touched(other)[0] for other in parts[writer + 1 :]):
        return False
    if old not in touched(part)[0]:
        return True
    if isinstance(part, Repeat) or part.ordered or part.again is not None:
        return False
    (store,) = (s.access for s in part.stores if s.access.buffer is new)
    wanted = replace(store, buffer=old)
    reads = [i for i in part.instructions if i.access is not None and i.access.buffer is old]
    return all(i.access == wanted and not i.inputs for i in reads) and not (
        part.fold is not None and any(i in part.body for i in reads)
    )
