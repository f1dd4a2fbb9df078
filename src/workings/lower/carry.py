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
    result = list(parts)
    copies: list[tuple[Buffer, Buffer]] = []
    for new, place in pairs:
        if _in_place(result, place, new):
            result = exchanged(result, {new: place})
        else:
            copies.append((new, place))
    low.parts = []
    for new, place in copies:
        low.copy(whole(new), whole(place))
    return [*result, *low.parts]


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
