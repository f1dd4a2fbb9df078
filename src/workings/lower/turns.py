"""A loop of the graph as kernels that are repeated: where a turn reads and writes hangs on its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workings.graph import Node
from workings.lower.carry import carried_on
from workings.lower.fuse import fuse
from workings.lower.loops import Buffer, Kernel, Repeat, exchanged, touched
from workings.lower.lowering import Lowering
from workings.lower.views import View, whole
from workings.ops.control import Loop

__all__ = ["RULES"]

Part = Kernel | Repeat


def _scan(low: Lowering, node: Node) -> dict[int, View]:
    """The results of a loop: what was carried last, and the rows that anything reads.

    A turn finds what is carried in a buffer, and leaves the new value there. Where rows of it are results too, there
    is one row for each turn and one more: a turn reads a row and writes the next one. All other rows are written
    where they lie in the end, and what is the same in every turn is computed before.
    """
    loop = Loop(node)
    body, carry, turns = loop.body, loop.carry, _Turns(loop.length, loop.reverse, low.turns)
    starts, rows, same = loop.split([low.views[i] for i in node.inputs])
    called = {user.attributes["index"]: user for user in low.graph.users[node]}
    if not loop.length:
        empty = {k: low.buffer(r, value=np.empty(r.shape, r.dtype)) for k, r in called.items() if k >= carry}
        return dict(enumerate(starts)) | {k: whole(buffer) for k, buffer in empty.items()}
    stacked = {k: body.outputs[k] for k in called if k >= carry}
    first, last = list(starts), list(starts)
    tracks: dict[int, View] = {}
    changing = [k for k in range(carry) if body.outputs[k] is not body.inputs[k]]
    for k in changing:
        if {body.inputs[k], body.outputs[k]}.isdisjoint(stacked.values()):
            first[k] = last[k] = whole(low.buffer(body.inputs[k]))
            low.copy(starts[k], last[k])
        else:
            tracks[k] = track = whole(low.buffer(body.inputs[k], (loop.length + 1, *body.inputs[k].shape)))
            first[k], last[k] = turns.row(turns.before(track)), turns.end(track)
            low.copy(starts[k], turns.start(track))
    given = [*first, *(turns.row(x) for x in rows), *same]
    inner = Lowering(body, dict(zip(body.inputs, given, strict=True)), low.rules, low.target, outside=low)
    news = dict(zip(changing, inner.results([body.outputs[k] for k in changing]), strict=True))
    places = {k: last[k].buffer for k in changing if k not in tracks}
    before, inner.parts = _apart(inner.parts, {*places.values(), *news.values()}, low.turns)
    found, wide = _stacked(
        inner,
        stacked,
        turns,
        {news[k]: turns.after(track) for k, track in tracks.items()},
        {*places.values(), *(news[k] for k in places)},
    )
    parts = fuse(inner.parts, [*news.values(), *wide])
    for buffer, all_rows in wide.items():
        row = turns.row(all_rows)
        parts = exchanged(parts, {buffer: row.buffer}, row.offset, row.turns)
    parts = carried_on(inner, parts, [(news[k], place) for k, place in places.items()])
    low.parts += [*before, Repeat(loop.length, tuple(parts))]
    return dict(enumerate(last)) | found


def _stacked(
    inner: Lowering, outputs: dict[int, Node], turns: _Turns, wide: dict[Buffer, View], carried: set[Buffer]
) -> tuple[dict[int, View], dict[Buffer, View]]:
    """The rows of these outputs of a turn, and, for each buffer of a turn that is one row, all of its rows.

    `wide` has those that are known, and what is `carried` changes from turn to turn where it lies.
    """
    wide = dict(wide)
    written = {buffer for part in inner.parts for buffer in touched(part)[1]} | carried
    found: dict[int, View] = {}
    for k, output in outputs.items():
        x = inner.views[output]
        if x.buffer not in written:
            found[k] = turns.rows(x)
            continue
        # a small part of a buffer does not keep all of it
        if x.buffer not in wide and (x.buffer in carried or 2 * output.size < x.buffer.size):
            source, x = x, whole(inner.buffer(output))
            inner.copy(source, x)
        if x.buffer not in wide:
            wide[x.buffer] = whole(inner.buffer(output, (turns.length, *x.buffer.shape)))
        rows = wide[x.buffer]
        shape, strides = (turns.length, *x.shape), (rows.strides[0], *x.strides)
        found[k] = View(rows.buffer, shape, strides, rows.offset + x.offset)
    return found, wide


@dataclass(frozen=True)
class _Turns:
    """So many turns, backwards if `reverse`, within `depth` other repeats."""

    length: int
    reverse: bool
    depth: int

    def row(self, x: View) -> View:
        """The row of a turn."""
        step = x.strides[0]
        first, turns = x.offset, x.turns
        if step and self.length > 1:
            first += step * (self.length - 1) * self.reverse
            turns = (*turns, *(0,) * (self.depth - len(turns)), -step if self.reverse else step)
        return View(x.buffer, x.shape[1:], x.strides[1:], first, turns)

    def rows(self, x: View) -> View:
        """All rows, of which `x` is that of a turn."""
        step = sum(x.turns[self.depth :])
        first = x.offset + step * (self.length - 1) * self.reverse
        strides = (-step if self.reverse else step, *x.strides)
        return View(x.buffer, (self.length, *x.shape), strides, first, x.turns[: self.depth])

    # a track has the value that is carried after each turn, and before the first one
    def before(self, track: View) -> View:
        return _part(track, int(self.reverse), self.length)

    def after(self, track: View) -> View:
        return _part(track, int(not self.reverse), self.length)

    def start(self, track: View) -> View:
        return _one(track, self.length * self.reverse)

    def end(self, track: View) -> View:
        return _one(track, self.length * (not self.reverse))


def _part(x: View, first: int, count: int) -> View:
    return replace(x, shape=(count, *x.shape[1:]), offset=x.offset + first * x.strides[0])


def _one(x: View, number: int) -> View:
    return replace(x, shape=x.shape[1:], strides=x.strides[1:], offset=x.offset + number * x.strides[0])


def _apart(parts: Sequence[Part], carried: set[Buffer], depth: int) -> tuple[list[Part], list[Part]]:
    """The kernels that do the same in each turn, and those that do not, or that have to do with what is carried."""
    writers = Counter(buffer for part in parts for buffer in touched(part)[1])
    moving = carried | set(writers)
    same: list[Part] = []
    others: list[Part] = []
    for part in parts:
        reads, writes = touched(part)
        if (
            isinstance(part, Kernel)
            and reads.isdisjoint(moving)
            and all(writers[buffer] == 1 and buffer not in carried for buffer in writes)
            and not any(any(access.turns[depth:]) for access in part.reads())
            and not any(i.op == "turn" and i.value >= depth for i in part.instructions)
        ):
            same.append(part)
            moving -= writes
        else:
            others.append(part)
    return same, others


def _result(low: Lowering, node: Node) -> View:
    return low.several[node.inputs[0]][node.attributes["index"]]


RULES = {"scan": _scan, "result": _result}
