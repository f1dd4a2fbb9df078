"""Which values share a box: scopes fold, and so do long stretches of a net that is still too large.

A picture is read while it has some 60 boxes. Of what is larger than that, the beginning and the end are kept, and
of what repeats itself a few turns.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workings.draw.units import Phase, Units

__all__ = ["Folded", "Frame", "Part", "deepest", "fold", "joined", "scopes"]

_MOST_ENDS = 12

Scope = tuple[str, ...]
How = Literal["whole", "scope", "stretch", "inputs", "from", "to"]


@dataclass(frozen=True)
class Frame:
    """An open scope; the backward pass through a layer has a frame of its own."""

    phase: Phase
    scope: Scope


@dataclass(frozen=True)
class Part:
    """What one box shows.

    how     "whole": one value. Folded: a "scope", a "stretch" of operations, or several "inputs". Or an end of
            the part of the net that is shown: where something comes "from", or what it goes "to"
    units   the numbers of its values
    scope   the scope that is folded, or that of an end
    frame   the open scope it stands in
    turns   of a stretch: how many turns of what comes before it it holds, if it repeats that
    """

    how: How
    units: tuple[int, ...]
    phase: Phase
    scope: Scope = ()
    frame: Frame | None = None
    turns: int = 0

    @property
    def folded(self) -> bool:
        return self.how in ("scope", "stretch", "inputs")

    @property
    def given(self) -> bool:
        """Whether nothing leads to it."""
        return self.phase == "input" or self.how == "from"


@dataclass(frozen=True)
class Folded:
    """The parts of a picture in computing order; `links` are pairs of their numbers, from a part to its user.

    place   for each value that is in the picture the number of its part
    frames  the open scopes, outer ones first
    depth   how many levels are open
    """

    parts: tuple[Part, ...]
    links: tuple[tuple[int, int], ...]
    place: Mapping[int, int]
    frames: tuple[Frame, ...]
    depth: int


def scopes(units: Units) -> list[Scope]:
    """Every scope that something was made in, in the order of their first values, outer ones first."""
    found: dict[Scope, None] = {}
    for unit in units.all:
        for end in range(1, len(unit.scope) + 1):
            found.setdefault(unit.scope[:end])
    return list(found)


def deepest(units: Units, base: Scope = ()) -> int:
    """The depth at which every scope within `base` is open."""
    return max((len(u.scope) - len(base) for u in units.all if u.scope[: len(base)] == base), default=0) + 1


def fold(units: Units, *, depth: int, base: Scope = (), outputs: Collection[int] = ()) -> Folded:
    """The net with `depth` levels open: at 0 all operations share a box, at 1 those of each outermost scope do.

    With `base`, only what was made in that scope, and the ends of it: levels are counted from there. `outputs`
    have a box of their own.
    """
    level = len(base) + depth - 1
    inside = [unit.scope[: len(base)] == base for unit in units.all]
    keys: list[Frame | None] = [None] * len(units.all)
    for number, unit in reversed(list(enumerate(units.all))):  # users first
        if not inside[number]:
            # an input that the part uses is shown in full, wherever else it is used
            inside[number] = unit.phase == "input" and any(inside[user] for user in units.users[number])
        elif number in outputs or len(unit.scope) <= level:
            continue
        elif unit.phase != "input":
            keys[number] = Frame(unit.phase, unit.scope[: level + 1] if depth else base)
        elif unit.side != "input" and len({keys[user] for user in units.users[number]}) == 1:
            keys[number] = keys[units.users[number][0]]
    groups: dict[Frame | int, list[int]] = {}
    for number in range(len(units.all)):
        if inside[number]:
            groups.setdefault(keys[number] or number, []).append(number)
    parts = [_part(units, key, numbers, level, base) for key, numbers in groups.items()]
    return joined(units, [*parts, *_ends(units, inside, base)], depth, base)


def _part(units: Units, key: Frame | int, numbers: Sequence[int], level: int, base: Scope) -> Part:
    if isinstance(key, Frame):
        around = key.scope[:-1] if len(key.scope) > len(base) else base
        return Part("scope", tuple(numbers), key.phase, key.scope, _frame(key.phase, around))
    unit = units.all[key]
    within = unit.scope[: len(base)] == base
    return Part("whole", (key,), unit.phase, (), _frame(unit.side, unit.scope[: max(level, 0)]) if within else None)


def _frame(phase: Phase, scope: Scope) -> Frame | None:
    return Frame(phase, scope) if scope else None


def _ends(units: Units, inside: Sequence[bool], base: Scope) -> list[Part]:
    """Where what is shown comes from, value by value, and what it goes to, scope by scope."""
    sources: dict[int, Part] = {}
    targets: dict[Frame | int, Part] = {}
    for source, target in units.links:
        if inside[target] and not inside[source]:
            unit = units.all[source]
            sources[source] = Part("from", (source,), unit.phase, _beside(unit.scope, base))
        elif inside[source] and not inside[target] and units.all[source].phase != "input":
            unit = units.all[target]
            scope = _beside(unit.scope, base)
            key = Frame(unit.phase, scope) if scope else target
            before = targets[key].units if key in targets else ()
            targets[key] = Part("to", tuple(sorted({*before, target})), unit.phase, scope)
    scoped = [part for key, part in targets.items() if isinstance(key, Frame)]
    single = [part for key, part in targets.items() if not isinstance(key, Frame)]
    return [*_few(list(sources.values())), *scoped, *_few(single)]


def _few(ends: Sequence[Part]) -> list[Part]:
    """The ends, those that are too many in one."""
    if len(ends) <= _MOST_ENDS:
        return list(ends)
    first, rest = ends[: _MOST_ENDS // 2], ends[_MOST_ENDS // 2 :]
    return [*first, Part(rest[0].how, tuple(sorted(n for part in rest for n in part.units)), rest[0].phase)]


def _beside(scope: Scope, base: Scope) -> Scope:
    """The outermost scope around something that does not lie around `base` too."""
    same = 0
    while same < min(len(scope), len(base)) and scope[same] == base[same]:
        same += 1
    return scope[: same + 1] if len(scope) > same else ()


def joined(units: Units, parts: Sequence[Part], depth: int, base: Scope = ()) -> Folded:
    """Parts in an order in which they can be computed, as far as there is one, and the links between them."""
    places: dict[str, dict[int, int]] = {"from": {}, "to": {}, "": {}}
    for at, part in enumerate(parts):
        for number in part.units:
            places[part.how if part.how in places else ""][number] = at
    inner, sources, targets = places[""], places["from"], places["to"]
    found: dict[tuple[int, int], None] = {}
    for source, target in units.links:
        a = inner.get(source, sources.get(source) if target in inner else None)
        b = inner.get(target, targets.get(target) if source in inner else None)
        if a is not None and b is not None and a != b:
            found[a, b] = None
    order = _order([part.units[0] for part in parts], list(found))
    new = {at: i for i, at in enumerate(order)}
    frames: dict[Frame, None] = {}
    for part in parts:
        scope = part.frame.scope if part.frame else ()
        for end in range(max(len(base), 1), len(scope) + 1):
            assert part.frame is not None
            frames[Frame(part.frame.phase, scope[:end])] = None
    return Folded(
        tuple(parts[at] for at in order),
        tuple((new[a], new[b]) for a, b in found),
        {number: new[at] for number, at in {**sources, **inner}.items()},
        tuple(sorted(frames, key=lambda f: len(f.scope))),
        depth,
    )


def _order(first: Sequence[int], links: Sequence[tuple[int, int]]) -> list[int]:
    """Numbers of parts, each after those that lead to it, and otherwise by their first values.

    Where folding made a circle, the part with the earliest value goes first.
    """
    waiting = [0] * len(first)
    after: list[list[int]] = [[] for _ in first]
    for a, b in links:
        waiting[b] += 1
        after[a].append(b)
    left = set(range(len(first)))
    ready = [(first[i], i) for i in left if not waiting[i]]
    order: list[int] = []
    heapq.heapify(ready)
    while left:
        if not ready:
            heapq.heappush(ready, min((first[i], i) for i in left))
        _, at = heapq.heappop(ready)
        if at not in left:
            continue
        left.remove(at)
        order.append(at)
        for b in after[at]:
            waiting[b] -= 1
            if not waiting[b]:
                heapq.heappush(ready, (first[b], b))
    return order
