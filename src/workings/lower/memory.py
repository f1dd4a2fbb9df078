"""Where scratch buffers lie in one piece of memory: those that are never needed at one time share their place."""

from __future__ import annotations

from collections.abc import Mapping

from workings.lower.loops import Buffer, Loops, touched

__all__ = ["arena"]

_LINE = 64


def arena(loops: Loops) -> tuple[Mapping[Buffer, int], int]:
    """For each scratch buffer its offset, in bytes, in a piece of memory, and the size of that.

    A buffer needs its place from the part that first writes it to the last one that reads it; largest first, each
    takes the lowest place that is free all that time.
    """
    lives: dict[Buffer, tuple[int, int]] = {}
    for place, part in enumerate(loops.everything):
        reads, writes = touched(part)
        for buffer in reads | writes:
            if buffer.role == "scratch":
                lives[buffer] = lives.get(buffer, (place, place))[0], place
    if loops.training is not None:
        # what a step gives is read at its end
        t, last = loops.training, len(loops.everything)
        lives |= {b: (0, last) for b in (t.loss, t.finite, t.stop) if b.role == "scratch"}
    # the order of declaration, where sizes are equal
    order = sorted((b for b in loops.buffers if b in lives), key=lambda b: -b.size * b.dtype.itemsize)
    placed: dict[Buffer, tuple[int, int]] = {}
    end = 0
    for buffer in order:
        size = -(-max(buffer.size * buffer.dtype.itemsize, 1) // _LINE) * _LINE
        first, last = lives[buffer]
        taken = sorted(placed[b] for b in placed if lives[b][0] <= last and lives[b][1] >= first)
        offset = 0
        for low, high in taken:
            if offset + size <= low:
                break
            offset = max(offset, high)
        placed[buffer] = offset, offset + size
        end = max(end, offset + size)
    return {b: low for b, (low, _) in placed.items()}, end
