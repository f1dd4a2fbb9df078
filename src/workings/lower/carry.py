"""What is carried from turn to turn, or from step to step, taken to its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workings.lower.loops import Buffer, Kernel, Repeat, exchanged, touched
from workings.lower.lowering import Lowering
from workings.lower.views import whole

__all__ = ["carried_on"]

Part = Kernel | Repeat


def carried_on(low: Lowering, parts: Sequence[Part], pairs: Sequence[tuple[Buffer, Buffer]]) -> list[Part]:
    """The parts, with each new value, the first of a pair, at the place of the old one, the second, when they are
    through. It is written there where nothing reads the old value later on, and otherwise taken there at the end."""
    writers: dict[Buffer, list[int]] = {}
    readers: dict[Buffer, list[int]] = {}
    for k, part in enumerate(parts):
        reads, writes = touched(part)
        for buffer in reads:
            readers.setdefault(buffer, []).append(k)
        for buffer in writes:
            writers.setdefault(buffer, []).append(k)
    places: dict[Buffer, Buffer] = {}
    copies: list[tuple[Buffer, Buffer]] = []
    for new, old in pairs:
        written, read = writers.get(new, []), readers.get(old, [])
        # it is written once, when nothing reads the old value any more, or just where it is written
        once = len(written) == 1 and (not read or read[-1] <= written[0]) and new not in places
        if once and (written[0] not in read or _element_by_element(parts[written[0]], old, new)):
            places[new] = old
        else:
            copies.append((new, old))
    low.parts = []
    for new, old in copies:
        low.copy(whole(places.get(new, new)), whole(old))
    return [*exchanged(parts, places), *low.parts]


def _element_by_element(part: Part, old: Buffer, new: Buffer) -> bool:
    """Whether the turn that writes an element of the new value reads that element alone of the old one."""
    if isinstance(part, Repeat) or part.ordered or part.again is not None:
        return False
    (store,) = (s.access for s in part.stores if s.access.buffer is new)
    wanted = replace(store, buffer=old)
    reads = [i for i in part.instructions if i.access is not None and i.access.buffer is old]
    return all(i.access == wanted and not i.inputs for i in reads) and not (
        part.fold is not None and any(i in part.body for i in reads)
    )
