"""What stands in the boxes of a picture and at its arrows, from a graph and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workings.draw.fold import Folded, Part, scopes
from workings.draw.fold import Frame as Open
from workings.draw.letters import shortened
from workings.draw.links import Links, links
from workings.draw.options import check_options, forward_part, names_for, scope_path
from workings.draw.phrases import listing, plural
from workings.draw.picture import Box, Direction, Edge, Frame, Ids, Kind, Picture
from workings.draw.shorten import folded_to_fit
from workings.draw.units import Phase, Unit, Units, arrange
from workings.errors import ArgumentError
from workings.graph import Graph, Node, Role
from workings.write.maths import expression, stated
from workings.write.text import text
from workings.write.tree import Symbol, Tree
from workings.write.turn import turn_of
from workings.write.values import value_text

__all__ = ["compose"]

_STEEPEST = 3
_LONGEST_FACTOR = 10


def compose(
    graph: Graph,
    *,
    values: Mapping[Node, Any],
    gradients: Mapping[Node, Any],
    depth: int | None = None,
    scope: Sequence[str] = (),
    backward: bool = True,
    ids: Ids | None = None,
    names: Mapping[Node, str] | None = None,
    direction: Direction = "down",
    most: int = 60,
    updates: Mapping[Node, Node] | None = None,
    notes: Sequence[str] = (),
) -> Picture:
    """The picture of a graph; see `workings.draw.picture.picture`.

    `updates` are the outputs that are carried to the next step, each with the input that it becomes; `notes` are
    sentences to go with the picture.
    """
    check_options(depth, direction, most)
    if not graph.outputs:
        raise ArgumentError(f"{graph.name} has no output, and so no picture", fix="Graph(inputs, [output])")
    if not backward:
        graph, gradients = forward_part(graph, updates or {}), {}
    updates = {node: into for node, into in (updates or {}).items() if node in graph.outputs}
    known = names_for(graph, names)
    parts = [n for n in graph.nodes if names is not None and n not in names]
    units = arrange(graph, updates, parts)
    base = scope_path(scope, scopes(units), graph.name)
    outputs = [units.place[node] for node in graph.outputs if node not in updates]
    folded = folded_to_fit(units, depth=depth, base=base, outputs=outputs, most=most)
    writer = _Writer(graph, units, folded, known, values, gradients, updates, ids)
    way = links(graph, units, values, gradients, known) if backward else Links()
    return Picture(
        title=f"{base[-1]}, a part of {graph.name}" if base else f"The graph of {graph.name}",
        boxes=tuple(writer.box(at) for at in range(len(folded.parts))),
        edges=writer.edges(way),
        frames=tuple(writer.frame(frame) for frame in folded.frames),
        notes=(*writer.notes(depth, base), *notes),
        steepest=writer.steepest(),
        outputs=tuple(dict.fromkeys(f"b{folded.place[n]}" for n in outputs if n in folded.place)),
        direction=direction,
        ids=ids,
    )


# ── boxes ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class _Writer:
    """Writes what stands in a picture, from all that is known of it."""

    graph: Graph
    units: Units
    folded: Folded
    names: Mapping[Node, str]
    values: Mapping[Node, Any]
    gradients: Mapping[Node, Any]
    updates: Mapping[Node, Node]
    ids: Ids | None

    @cached_property
    def differentiated(self) -> bool:
        """Whether the first output is a loss, of which a gradient is taken."""
        first = self.graph.outputs[0]
        if first.because is not None or first.shape != () or first.dtype.kind != "f":
            return False
        return bool(self.gradients) or any(n.because is not None for n in self.graph.nodes)

    @cached_property
    def outside(self) -> tuple[frozenset[int], ...]:
        """For each part the values in it that are used elsewhere, or given out."""
        place = self.folded.place
        found: list[set[int]] = [set() for _ in self.folded.parts]
        for source, target in self.units.links:
            if source in place and place.get(target) != place[source]:
                found[place[source]].add(source)
        for node in self.graph.outputs:
            number = self.units.place[node]
            if number in place:
                found[place[number]].add(number)
        return tuple(map(frozenset, found))

    def name(self, number: int) -> str:
        node = self.units.all[number].node
        if node in self.updates:
            return self.names[self.updates[node]]
        return self.names.get(node) or (text(expression(node)) if node.is_constant else "z")

    def box(self, at: int) -> Box:
        part = self.folded.parts[at]
        if part.how == "whole":
            return self._value(at, part)
        return self._end(at, part) if part.how in ("from", "to") else self._fold(at, part)

    def _value(self, at: int, part: Part) -> Box:
        (number,) = part.units
        unit = self.units.all[number]
        node = unit.node
        kind, word = self._kind(unit)
        renewed = node in self.updates
        more = node.because.rule if node.because is not None and unit.phase == "backward" else ""
        if node.op.results is not None:
            more = _turn(node)
        return Box(
            key=f"b{at}",
            kind=kind,
            word=word,
            name=self.name(number),
            made_up=node.name is None and not renewed and not (kind == "output" and len(self.graph.outputs) == 1),
            formula="" if unit.phase == "input" else self._formula(unit),
            relation="" if unit.phase == "input" else "←" if renewed else "=",
            inside=self._inside(part),
            nodes=unit.nodes,
            more=more,
            **self._numbers(node),
        )

    def _kind(self, unit: Unit) -> tuple[Kind, str]:
        node = unit.node
        if unit.phase == "input":
            if node.role is not None:
                return _ROLES[node.role]
            if node.is_constant:
                return "constant", "constant"
            return ("parameter", "parameter") if node in self.gradients else ("constant", "given")
        if node in self.updates:
            return "update", "update"
        if node in self.graph.outputs and unit.phase == "forward":
            loss = self.differentiated and node is self.graph.outputs[0]
            return "output", "loss" if loss else "output"
        if unit.phase == "backward":
            return "derivative", "derivative"
        return "operation", _operation(node) if len(unit.nodes) == 1 else plural(len(unit.nodes), "operation")

    def _formula(self, unit: Unit) -> str:
        own = set(unit.nodes)

        def leaf(node: Node) -> Tree | None:
            if node in own or node not in self.names:
                return None
            return Symbol(self.names[self.updates.get(node, node)], node)

        return text(stated(expression(unit.node, leaf)))

    def _numbers(self, node: Node) -> dict[str, Any]:
        """Shape, value and gradient of a box."""
        found: dict[str, Any] = {"node": node, "shape": "×".join(map(str, node.shape))}
        if node in self.values and node.op.results is None:
            found["value"] = _shown(self.values[node])
        if node in self.gradients and node is not self.graph.outputs[0]:
            found["gradient"] = _shown(self.gradients[node])
            found["slope"] = self._slope(node)
        return found

    def _slope(self, node: Node) -> str:
        """How the gradient with respect to a value is called: dloss/dz, or d_z where it is no number."""
        name = self.names.get(node, "z")
        if node.shape != ():
            return f"d_{name}"
        return f"d{self.names.get(self.graph.outputs[0], self.graph.name)}/d{name}"

    def _fold(self, at: int, part: Part) -> Box:
        units = [self.units.all[n] for n in part.units]
        given = [u for u in units if u.phase == "input"]
        made = sum(len(u.nodes) for u in units if u.phase != "input")
        counts = _counted(given) if part.how != "inputs" else []
        counts.insert(0, plural(made, "operation") if part.how == "scope" else "folded")
        leaving = sorted(self.outside[at])
        inner = [self.names.get(u.node, "") for u in given]
        more = [f"holds {listing([n for n in inner if n])}"] if any(inner) and part.how != "inputs" else []
        shown = self.units.all[leaving[0]].node if len(leaving) == 1 and part.how != "inputs" else None
        numbers: dict[str, Any] = {}
        if shown is not None:
            numbers = self._numbers(shown) | {"shape": "", "of": self.name(leaving[0])}
        return Box(
            key=f"b{at}",
            kind="folded",
            word=", ".join(counts),
            name=self._fold_name(part, made, given),
            formula=self._through(at, leaving) if part.how != "inputs" else listing(inner),
            nodes=tuple(n for u in units for n in u.nodes),
            scope=part.scope if part.how == "scope" else (),
            inside=self._inside(part),
            more="; ".join([*more, *self._repeats(part)]),
            **numbers,
        )

    def _fold_name(self, part: Part, made: int, given: Sequence[Unit]) -> str:
        if part.how == "scope":
            title = part.scope[-1] if part.scope else self.graph.name
            return _side(title, part.phase)
        if part.how == "inputs":
            (count,) = _counted(given, "more ") if len({u.node.role for u in given}) == 1 else (f"{len(given)} more",)
            return f"… {count} …"
        return f"… {plural(made, 'more operation')} …"

    def _repeats(self, part: Part) -> list[str]:
        if not part.turns:
            return []
        operations = [n for n in part.units if self.units.all[n].phase != "input"]
        places = len({self.folded.place[n] for n in operations})
        assert places == 1
        return [f"what comes before it, {part.turns:,} more times"]

    def _through(self, at: int, leaving: Sequence[int]) -> str:
        """What comes in and goes out: `x 100×2 → h 100×16`. Parameters are named only if nothing else comes in."""
        entering = dict.fromkeys(
            source
            for source, target in self.units.links
            if self.folded.place.get(target) == at and self.folded.place.get(source) != at
        )
        flowing = [n for n in entering if self.units.all[n].node.role in (None, Role.DATA)] or list(entering)
        both = [listing([self._typed(n) for n in numbers], "", 2) for numbers in (flowing, leaving)]
        return " → ".join(both)

    def _typed(self, number: int) -> str:
        shape = "×".join(map(str, self.units.all[number].node.shape))
        return f"{self.name(number)} {shape}".rstrip()

    def _end(self, at: int, part: Part) -> Box:
        """Where the part of the net that is shown begins or ends."""
        node = self.units.all[part.units[0]].node
        place = part.scope[-1] if part.scope else ""
        name = self.name(part.units[0])
        if len(part.units) > 1 and not part.scope:
            word = "from outside" if part.how == "from" else "goes on"
            return Box(f"b{at}", "end", word, f"… {plural(len(part.units), 'more value')} …")
        if part.how == "from":
            word = f"from {place}" if place else "from outside"
            return Box(f"b{at}", "end", word, name, nodes=(node,), scope=part.scope, **self._numbers(node))
        if place:
            return Box(f"b{at}", "end", "goes on", _side(place, part.phase), scope=part.scope)
        return Box(f"b{at}", "end", "goes on", name, node=node, nodes=(node,))

    # ── arrows and frames ──

    def edges(self, way: Links) -> tuple[Edge, ...]:
        """The arrows of the values, and beside them those of the derivative."""
        between: dict[tuple[int, int], list[tuple[int, int]]] = {}
        place = self.folded.place
        onward = {n: at for at, part in enumerate(self.folded.parts) if part.how == "to" for n in part.units}
        for source, target in self.units.links:
            a = place.get(source)
            for b in (place.get(target), onward.get(target)):
                if a is not None and b is not None:
                    between.setdefault((a, b), []).append((source, target))
        edges: list[Edge] = []
        for a, b in self.folded.links:
            target = self.folded.parts[b]
            edges.append(Edge(f"b{a}", f"b{b}", backward=target.phase == "backward"))
            taken = [pair for pair in between[a, b] if pair in way.active]
            if taken:
                alone = len(taken) == 1 and target.how == "whole" and not self.folded.parts[a].folded
                label, more = self._factor(way, *taken[0]) if alone else ("", "")
                edges.append(Edge(f"b{b}", f"b{a}", backward=True, against=True, label=label, more=more))
        return tuple(edges)

    def _factor(self, way: Links, source: int, target: int) -> tuple[str, str]:
        """The factor of a link, short and in full. On a page, where numbers change, it is the formula."""
        slope = way.slope(source, target)
        if slope is None:
            return "", ""
        live = self.ids is not None
        more = f"d{self.name(target)}/d{self.name(source)} = {slope.formula}"
        if slope.number and slope.number != slope.formula and not live:
            more += f" = {slope.number}"
        if slope.number and not live:
            return f"× {shortened(slope.number, _LONGEST_FACTOR)}", more
        return f"× {slope.formula}" if len(slope.formula) <= _LONGEST_FACTOR else "", more

    def _inside(self, part: Part) -> str | None:
        return None if part.frame is None else self._frame_key(part.frame)

    def _frame_key(self, frame: Open) -> str:
        return f"f{self.folded.frames.index(frame)}"

    def frame(self, frame: Open) -> Frame:
        outer = Open(frame.phase, frame.scope[:-1])
        around = self._frame_key(outer) if outer in self.folded.frames else None
        title = _side(frame.scope[-1] if around else " › ".join(frame.scope), frame.phase)
        return Frame(self._frame_key(frame), title, frame.scope, around)

    # ── words ──

    def notes(self, depth: int | None, base: tuple[str, ...]) -> tuple[str, ...]:
        """What a reader must know of what is folded."""
        notes = []
        hidden = sum(len(p.units) for p in self.folded.parts if p.how == "scope")
        levels = max((len(s) for s in scopes(self.units)), default=0) + 1 - len(base)
        if depth is None and hidden:
            notes.append(f"Folded to depth {self.folded.depth} of {levels}, so that it can be read.")
        for part in self.folded.parts:
            if part.turns:
                turn = sum(self.units.all[n].phase != "input" for n in part.units) // part.turns
                notes.append(f"… stands for {part.turns:,} more turns of the {plural(turn, 'operation')} before it.")
        stretches = [p for p in self.folded.parts if p.how == "stretch" and not p.turns]
        if stretches:
            notes.append("… stands for the middle of a long net.")
        return tuple(dict.fromkeys(notes))

    def steepest(self) -> tuple[tuple[str, str], ...]:
        """The parameters with the largest gradients, and those gradients."""
        found = []
        shown = {n for p in self.folded.parts if p.how != "to" for u in p.units for n in self.units.all[u].nodes}
        for node in self.graph.inputs:
            if node in shown and node in self.gradients and node.role in (None, Role.PARAMETER):
                size = float(np.max(np.abs(np.asarray(self.gradients[node], float)), initial=0.0))
                found.append((size, self._slope(node), value_text(self.gradients[node], mean=False)))
        found.sort(key=lambda entry: -entry[0] if np.isfinite(entry[0]) else -np.inf)
        return tuple((slope, shown) for _, slope, shown in found[:_STEEPEST])


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

_ROLES: Mapping[Role, tuple[Kind, str]] = {
    Role.PARAMETER: ("parameter", "parameter"),
    Role.DATA: ("data", "data"),
    Role.CONSTANT: ("constant", "constant"),
    Role.STATE: ("state", "state"),
    Role.SETTING: ("setting", "setting"),
    Role.COUNTER: ("setting", "number of the step"),
}


def _side(title: str, phase: Phase) -> str:
    """The title of a scope, and whether it is the way back through it."""
    return title if phase in ("forward", title) else f"{title}, {phase}"


def _turn(node: Node) -> str:
    """What a loop does in each turn."""
    turn = turn_of(node)
    lines = [f"{text(symbol)} = {text(tree)}" for symbol, tree in turn.lines]
    lines += [f"{text(symbol)} ← {text(tree)}" for symbol, tree in turn.carried]
    return f"in each turn: {'; '.join(lines)}"


def _operation(node: Node) -> str:
    if node.op.results is not None:
        return f"loop, {plural(node.attributes['length'], 'turn')}"
    return "constant" if node.is_constant else node.op.name.replace("_", " ")


def _shown(value: Any) -> str:
    return value_text(value)


def _counted(given: Sequence[Unit], more: str = "") -> list[str]:
    """How many inputs of each kind there are: `2 parameters`."""
    counts: dict[str, int] = {}
    for unit in given:
        word = unit.node.role.value if unit.node.role is not None else "constant"
        counts[word] = counts.get(word, 0) + 1
    return [plural(count, more + word) for word, count in counts.items()]
