"""What of a graph is shown: its values, each with the parts that are written out in its formula."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workings.graph import Graph, Node, Role, reachable

__all__ = ["Phase", "Unit", "Units", "arrange"]

Phase = Literal["input", "forward", "backward", "update"]

# parts that are written out in one formula
_MOST_PARTS = 12
_FEW = 3  # updates
# inputs that belong to the layer that uses them; data and settings come from outside
_HELD = (Role.PARAMETER, Role.STATE, Role.CONSTANT)


@dataclass(frozen=True, eq=False)
class Unit:
    """One value of a picture: `node`, and all the `nodes` that it stands for, itself and the parts of its formula.

    `scope` is where it stands: for an input that belongs to a layer, the scope that all of its users share, and
    `side` the phase of those users.
    """

    node: Node
    nodes: tuple[Node, ...]
    phase: Phase
    scope: tuple[str, ...]
    side: Phase


@dataclass(frozen=True, eq=False)
class Units:
    """The values of a picture in computing order; `links` are pairs of their numbers, from a value to its user."""

    all: tuple[Unit, ...]
    links: tuple[tuple[int, int], ...]
    place: Mapping[Node, int]
    users: tuple[tuple[int, ...], ...]


def _forward(graph: Graph) -> set[Node]:
    """What the first output is made from; and what is made from that alone, which only its derivative reads."""
    found = set(reachable(graph.outputs[:1], stop=graph.inputs))
    for node in graph.nodes:
        made = [i for i in node.inputs if not i.is_constant]
        if node.because is None and any(i.inputs for i in made) and all(i in found for i in made):
            found.add(node)
    return found


def arrange(graph: Graph, updates: Collection[Node] = (), parts: Collection[Node] = ()) -> Units:
    """The values of a graph.

    Numbers that are literals have no value of their own. Neither have links of a derivative that are used once and
    have no name, nor those of `parts`, which a document writes as a part of a line. `updates` are the outputs that
    say what is carried to the next step.
    """
    inputs, outputs = set(graph.inputs), set(graph.outputs)
    forward = _forward(graph) if updates else set(graph.nodes)

    def phase(node: Node) -> Phase:
        if node in inputs or not node.inputs:
            return "input"
        if node.because is not None:
            return "backward"
        return "forward" if node in forward else "update"

    shown = [n for n in graph.nodes if n in inputs or n in outputs or not (n.is_constant and n.shape == ())]
    phases: dict[Node, Phase] = {n: phase(n) for n in shown}
    shown.sort(key=lambda n: phases[n] != "input")  # inputs first, and otherwise as they are computed
    host: dict[Node, Node] = {}
    counts: dict[Node, int] = {}
    for node in reversed(shown):
        users = graph.users[node]
        into = host.get(users[0]) if len(users) == 1 else None
        if (
            into is not None
            and node not in outputs
            and node.name is None
            and phases[node] == phases[into] != "input"
            and node.scope == into.scope
            and counts[into] < _MOST_PARTS
            and (_is_link(node) or phases[node] == "update" or node in parts)
        ):
            host[node] = into
            counts[into] += 1
        else:
            host[node] = node
            counts[node] = 1
    # the updates of many parameters fold away together
    together = ("update",) if sum(phases.get(n) == "update" for n in updates) > _FEW else ()
    members: dict[Node, list[Node]] = {}
    for node in shown:
        members.setdefault(host[node], []).append(node)
    mains = [node for node in shown if host[node] is node]
    place = {node: i for i, main in enumerate(mains) for node in members[main]}
    links = dict.fromkeys(
        (place[i], place[node])
        for node in shown
        if phases[node] != "input"
        for i in node.inputs
        if i in place and place[i] != place[node]
    )
    takers: list[list[int]] = [[] for _ in mains]
    for source, target in links:
        takers[source].append(target)
    units: list[Unit] = []
    for i, main in reversed(list(enumerate(mains))):  # users first
        side: Phase = phases[main]
        scope = (*together, *main.scope) if side == "update" else main.scope
        if side == "input":
            side, scope = _home(main, [units[len(mains) - 1 - t] for t in takers[i]])
        units.append(Unit(main, tuple(members[main]), phases[main], scope, side))
    return Units(tuple(reversed(units)), tuple(links), place, tuple(map(tuple, takers)))


def _is_link(node: Node) -> bool:
    """Whether a node is a step within a derivative, and not the derivative of anything by itself."""
    return node.because is not None and node.because.of is None


def _home(node: Node, users: Sequence[Unit]) -> tuple[Phase, tuple[str, ...]]:
    """Where an input stands: in the scope of its users, if they share one and it does not come from outside."""
    if len({user.side for user in users}) != 1 or not (node.role in _HELD or node.is_constant):
        return "input", ()
    shared = users[0].scope
    for user in users:
        same = 0
        while same < min(len(shared), len(user.scope)) and shared[same] == user.scope[same]:
            same += 1
        shared = shared[:same]
    return users[0].side, shared
