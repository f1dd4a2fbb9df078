"""A picture of a large net made short: what repeats itself is shown for a few turns, and long middles are folded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from workings.draw.fold import Folded, Frame, Part, deepest, fold, joined
from workings.draw.units import Units

__all__ = ["MOST", "folded_to_fit"]

MOST = 60
# what repeats itself is shown for so many turns, the last one behind the fold
_BEFORE, _BEHIND = 2, 1
_LONGEST_TURN = 64
_LEAST = 3  # parts that are worth a fold


def folded_to_fit(
    units: Units,
    *,
    depth: int | None = None,
    base: tuple[str, ...] = (),
    outputs: Sequence[int] = (),
    most: int = MOST,
) -> Folded:
    """The net folded to `depth`, or, if that is None, no more than it takes for the picture to have `most` boxes.

    What is still larger has long stretches folded. `outputs` are kept, as far as there is room for them.
    """
    kept = frozenset(outputs[: max(most // 4, 1)])
    levels = deepest(units, base)
    tries = range(levels, 0, -1) if depth is None else [min(depth, levels)]
    found = None
    for level in tries:
        found = fold(units, depth=level, base=base, outputs=kept)
        # nobody follows many boxes through a tangle of links
        if len(found.parts) <= most and len(found.links) - len(found.parts) <= most // 3:
            return found
    assert found is not None
    if len(found.parts) <= most:
        return found
    for shortened in _steps(found, units, base, kept, most):
        found = shortened
        if len(found.parts) <= most:
            break
    return found


def _steps(folded: Folded, units: Units, base: tuple[str, ...], kept: Collection[int], most: int) -> Iterator[Folded]:
    """The picture shorter and shorter."""
    while True:
        run = _longest_run(folded, units, kept)
        if run is None:
            break
        folded = _stretched(folded, units, base, [run])
        yield folded
    folded = _stretched(folded, units, base, _middles(folded, kept, max(most // 6, 2)))
    yield folded
    for alike in (_by_users, _by_role):
        folded = joined(units, _gathered(folded, units, alike), folded.depth, base)
        yield folded


# ── stretches ───────────────────────────────────────────────────────────────────────────────────────────────


def _sequence(folded: Folded) -> list[int]:
    """The parts that operations make, in computing order."""
    return [at for at, part in enumerate(folded.parts) if not part.given and part.how != "to"]


def _is_kept(part: Part, kept: Collection[int]) -> bool:
    return any(number in kept for number in part.units)


def _longest_run(folded: Folded, units: Units, kept: Collection[int]) -> tuple[list[int], int] | None:
    """The parts that repeat most often what comes before them, and how many turns they are."""
    sequence = _sequence(folded)
    alike = _likenesses(folded, units, sequence, kept)
    best: tuple[int, int, int] | None = None  # hidden, turn, first
    for turn in range(1, min(_LONGEST_TURN, len(sequence) // (_BEFORE + _BEHIND + 1)) + 1):
        length = 0
        for i in range(len(sequence) - turn + 1):
            if i < len(sequence) - turn and alike[i] == alike[i + turn]:
                length += 1
                continue
            turns = (length + turn) // turn - _BEFORE - _BEHIND
            if length and turns * turn >= max(_LEAST, turn + 1) and turns * turn > (best[0] if best else 0):
                best = turns * turn, turn, i - length
            length = 0
    if best is None:
        return None
    hidden, turn, first = best
    start = first + _BEFORE * turn
    # a fold that begins behind a value which the user named is easier to follow
    spare = range(min(turn, _spare(alike, start + hidden, turn)) + 1)
    named = [s for s in spare if _is_named(folded.parts[sequence[start + s - 1]], units)]
    start += named[0] if named else 0
    return sequence[start : start + hidden], hidden // turn


def _spare(alike: Sequence[int], end: int, turn: int) -> int:
    """By how many parts a fold that ends here may move on."""
    count = 0
    while end + count + turn < len(alike) and alike[end + count] == alike[end + count + turn]:
        count += 1
    return count


def _is_named(part: Part, units: Units) -> bool:
    return part.how == "scope" or units.all[part.units[-1]].node.name is not None


def _likenesses(folded: Folded, units: Units, sequence: Sequence[int], kept: Collection[int]) -> list[int]:
    """For each part a number that it shares with those made alike, from alike ones at the same distance."""
    position = {at: i for i, at in enumerate(sequence)}
    sources: list[list[int]] = [[] for _ in folded.parts]
    for source, target in folded.links:
        sources[target].append(source)
    numbers: dict[object, int] = {}
    result = []
    for i, at in enumerate(sequence):
        part = folded.parts[at]
        look: object
        if part.how == "stretch" or _is_kept(part, kept):
            look = (part.how, i)
        else:
            made = tuple(units.all[n].node.op.name for n in part.units)
            name = re.sub(r"_\d+$", "", part.scope[-1]) if part.scope else ""
            reach = sorted(
                i - position[s] if s in position and folded.parts[s].phase == part.phase else 0 for s in sources[at]
            )
            look = (part.how, part.phase, name, made, tuple(reach))
        result.append(numbers.setdefault(look, len(numbers)))
    return result


def _middles(folded: Folded, kept: Collection[int], ends: int) -> list[tuple[list[int], int]]:
    """All but the first and the last operations, as runs without what is kept, each within one pass."""
    runs: list[list[int]] = []
    before = None
    for at in _sequence(folded)[ends:-ends]:
        part = folded.parts[at]
        now = None if _is_kept(part, kept) else part.phase
        if now is not None and now == before:
            runs[-1].append(at)
        elif now is not None:
            runs.append([at])
        before = now
    return [(run, 0) for run in runs if len(run) >= _LEAST]


def _stretched(folded: Folded, units: Units, base: tuple[str, ...], runs: Sequence[tuple[list[int], int]]) -> Folded:
    """The picture with each run of parts, and the inputs that only it uses, in one part."""
    host = {at: i for i, (run, _) in enumerate(runs) for at in run}
    users: dict[int, set[int | None]] = {}
    for source, target in folded.links:
        users.setdefault(source, set()).add(host.get(target))
    for at, takers in users.items():
        if folded.parts[at].phase == "input" and len(takers) == 1 and None not in takers:
            (into,) = takers
            assert into is not None
            host[at] = into
    parts = [part for at, part in enumerate(folded.parts) if at not in host]
    for i, (run, turns) in enumerate(runs):
        members = [folded.parts[at] for at in sorted(host) if host[at] == i]
        numbers = tuple(sorted(n for part in members for n in part.units))
        frame = _around([folded.parts[at].frame for at in run])
        parts.append(Part("stretch", numbers, folded.parts[run[0]].phase, (), frame, turns))
    return joined(units, parts, folded.depth, base)


def _around(frames: Sequence[Frame | None]) -> Frame | None:
    """The innermost frame that holds all of these."""
    first = frames[0]
    if first is None or any(f is None or f.phase != first.phase for f in frames):
        return None
    same = 0
    scopes = [f.scope for f in frames if f is not None]
    while all(len(s) > same and s[same] == first.scope[same] for s in scopes):
        same += 1
    return Frame(first.phase, first.scope[:same]) if same else None


# ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────


def _by_users(folded: Folded, units: Units) -> list[object]:
    users: list[list[int]] = [[] for _ in folded.parts]
    for source, target in folded.links:
        users[source].append(target)
    return [(units.all[part.units[0]].node.role, *users[at]) for at, part in enumerate(folded.parts)]


def _by_role(folded: Folded, units: Units) -> list[object]:
    return [units.all[part.units[0]].node.role for part in folded.parts]


def _gathered(folded: Folded, units: Units, alike: Callable[[Folded, Units], list[object]]) -> list[Part]:
    """The parts, with inputs that are alike in one part from the third on."""
    keys = alike(folded, units)
    groups: dict[object, list[Part]] = {}
    for part, key in zip(folded.parts, keys, strict=True):
        if part.phase == "input":
            groups.setdefault((part.how == "from", key), []).append(part)
    parts = [part for part in folded.parts if part.phase != "input"]
    for group in groups.values():
        first = 2 if len(group) >= 2 + _LEAST else len(group)
        parts += group[:first]
        if len(group) > first:
            numbers = tuple(sorted(n for part in group[first:] for n in part.units))
            parts.append(Part("inputs", numbers, "input", (), _around([part.frame for part in group])))
    return parts
