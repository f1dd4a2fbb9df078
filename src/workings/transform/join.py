"""Loops that go the same way are one loop, which makes what is used of it and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workings.graph import Graph, Node, provenance, reachable, remake, substitute
from workings.ops.control import Loop, call_loop, result

__all__ = ["joined_loops", "rebuilt"]


def joined_loops(graph: Graph) -> tuple[Graph, Mapping[Node, Node]]:
    """The graph with each loop once, and where the nodes went that are new in it.

    Two loops go the same way if they have the same inputs and carry the same values of the same body, as those do
    that a derivative makes, with the values it reads among their results. What no result needs, a loop does not
    make, carry or take.
    """
    loops = [node for node in graph.nodes[len(graph.inputs) :] if node.op.name == "scan"]
    if not loops:
        return graph, {}
    groups: dict[Any, list[Node]] = {}
    for node in loops:
        groups.setdefault(_way(node), []).append(node)
    used: dict[Node, set[int]] = {node: set() for node in loops}
    for node in graph.nodes:
        if node.op.name == "result" and node.inputs[0] in used:
            used[node.inputs[0]].add(node.attributes["index"])
    makes = {way: _together(members, used) for way, members in groups.items()}
    made: dict[Any, Node] = {}
    new: dict[Node, Node] = {}
    latest = -1
    for node in graph.nodes[len(graph.inputs) :]:
        inputs = tuple(new.get(i, i) for i in node.inputs)
        because = node.because and node.because.moved(new)
        behind = node.serial < latest and not node.is_constant
        if node in used:
            way = _way(node)
            if way not in made:
                carried, outputs = makes[way]
                whole = rebuilt(node, inputs, carried, outputs)
                made[way] = remake(whole, whole.inputs) if behind and whole is node else whole
            new[node] = made[way]
        elif node.op.name == "result" and node.inputs[0] in used:
            old, index = node.inputs[0], node.attributes["index"]
            carried, outputs = makes[_way(old)]
            stacked = index >= old.attributes["carry"]
            output = old.attributes["body"].outputs[index]
            number = outputs.index(output, len(carried)) if stacked else carried.index(index)
            if new[old] is not old or number != index or behind:
                with provenance(node.origin, node.scope, because):
                    new[node] = result(new[old], number, node.name)
        elif inputs != node.inputs or because is not node.because or behind:
            new[node] = remake(node, inputs, because=because)
        latest = max(latest, new.get(node, node).serial)
    if not any(old is not now for old, now in new.items()):
        return graph, {}
    return Graph(graph.inputs, [new.get(o, o) for o in graph.outputs], name=graph.name), new


def rebuilt(node: Node, inputs: Sequence[Node], carried: Sequence[int], outputs: Sequence[Node]) -> Node:
    """The loop with other outputs of its body, of which the first are what is carried, by its numbers.

    It takes only what the outputs are made from, and that once.
    """
    loop = Loop(node)
    body = loop.body
    outputs = _without_twins(loop, inputs, outputs)
    read = set(reachable(outputs, stop=body.inputs))
    first, end = loop.carry, loop.carry + loop.rows
    rows = [k for k in range(first, end) if body.inputs[k] in read]
    constants = [k for k in range(end, len(inputs)) if body.inputs[k] in read]
    kept = [*carried, *rows, *constants]
    if len(kept) == len(inputs) and tuple(outputs) == body.outputs:
        return node if tuple(inputs) == node.inputs else remake(node, tuple(inputs))
    with provenance(node.origin, node.scope, node.because):
        return call_loop(
            Graph([body.inputs[k] for k in kept], outputs, name=body.name),
            [inputs[k] for k in carried],
            [inputs[k] for k in rows],
            [inputs[k] for k in constants],
            length=loop.length,
            reverse=loop.reverse,
            name=node.name,
        )


def _without_twins(loop: Loop, inputs: Sequence[Node], outputs: Sequence[Node]) -> Sequence[Node]:
    """The outputs, where inputs of the body that are given the same value are one."""
    first: dict[tuple[bool, Node], Node] = {}
    twins: dict[Node, Node] = {}
    for k, (given, node) in enumerate(zip(inputs, loop.body.inputs, strict=True)):
        if k >= loop.carry:
            same = first.setdefault((k < loop.carry + loop.rows, given), node)
            if same is not node:
                twins[node] = same
    return substitute(outputs, twins) if twins else outputs


def _way(node: Node) -> Any:
    """What loops have in common that can be one."""
    loop = Loop(node)
    carried = loop.body.outputs[: loop.carry]
    return node.inputs, loop.body.inputs, carried, loop.carry, loop.rows, loop.length, loop.reverse


def _together(members: Sequence[Node], used: Mapping[Node, set[int]]) -> tuple[list[int], list[Node]]:
    """What is used of loops that go the same way: the numbers of what is carried, and the outputs of the body."""
    carried: set[int] = set()
    rows: dict[Node, None] = {}
    carry, body = Loop(members[0]).carry, Loop(members[0]).body
    for node in members:
        outputs = Loop(node).body.outputs
        carried |= {k for k in used[node] if k < carry}
        rows.update((outputs[k], None) for k in sorted(used[node]) if k >= carry)
    while True:  # what is carried to what is used
        read = set(reachable([*(body.outputs[k] for k in carried), *rows], stop=body.inputs))
        more = {k for k in range(carry) if body.inputs[k] in read} - carried
        if not more:
            return sorted(carried), [*(body.outputs[k] for k in sorted(carried)), *rows]
        carried |= more
