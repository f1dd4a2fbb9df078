"""Boxes in layers: each below what leads to it, in an order with few crossings, at places that keep links straight.

The method is that of Sugiyama, Tagawa and Toda (1981): layers, then the order within each, then places. Links
that span several layers pass through bends, which are boxes of no size in the layers between.
"""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median

__all__ = ["Arc", "Cell", "Placed", "arrange", "nearest"]

_SWEEPS = 12  # of ordering; the best order that was met is kept
_PASSES = 10  # of placing
_STRAIGHTENED = 2  # times, since a long link makes room for another
# how strongly a link between two bends, a bend and a box, two boxes asks to be straight (Gansner et al. 1993)
_STRAIGHT = (1.0, 2.0, 8.0)
# and how much more so one from what is made from something: the way through a net is straight, inputs stand aside
_SPINE = 60.0


@dataclass(frozen=True)
class Cell:
    """A box to be placed. `end` keeps it in the first ("top") or last ("bottom") layer."""

    width: float
    height: float
    end: str = ""


@dataclass(frozen=True)
class Arc:
    """A link from one cell to another, by their numbers; a `label` of some width and height stands on its way.

    `leave` and `enter` say how far from the middle of its source it has to leave, and of its target to enter.
    """

    source: int
    target: int
    label: tuple[float, float] | None = None
    leave: float = 0.0
    enter: float = 0.0


@dataclass
class Placed:
    """Centers of the cells, and for each arc its bends, from source to target, as (x, top, bottom) of the layers
    it passes through, and the center of its label. `rows` holds the top and the bottom of each layer."""

    xs: list[float]
    ys: list[float]
    layer: list[int]
    rows: list[tuple[float, float]]
    bends: list[list[tuple[float, float, float]]]
    labels: list[tuple[float, float] | None]
    turned: list[bool]


@dataclass
class _Net:
    """Cells and bends together, by number; the cells come first."""

    width: list[float]
    height: list[float]
    layer: list[int]
    count: int
    below: list[list[int]] = field(default_factory=list)
    above: list[list[int]] = field(default_factory=list)
    pull: dict[tuple[int, int], float] = field(default_factory=dict)
    aside: dict[tuple[int, int], float] = field(default_factory=dict)

    def bend(self, layer: int, size: tuple[float, float]) -> int:
        self.width.append(size[0])
        self.height.append(size[1])
        self.layer.append(layer)
        self.below.append([])
        self.above.append([])
        return len(self.width) - 1

    def join(self, upper: int, lower: int, strength: float, aside: float) -> None:
        """Join two neighbors; the link asks so strongly to be straight, which it is with `lower` so far aside."""
        if (upper, lower) not in self.pull:
            self.below[upper].append(lower)
            self.above[lower].append(upper)
            self.aside[upper, lower] = aside
        pull = strength * _STRAIGHT[(upper >= self.count) + (lower >= self.count)]
        self.pull[upper, lower] = max(pull, self.pull.get((upper, lower), 0.0))


def arrange(cells: Sequence[Cell], arcs: Sequence[Arc], gap: tuple[float, float]) -> Placed:
    """Place cells so that none overlap; `gap` is the least distance between neighbors and between layers."""
    turned = _turned(len(cells), arcs)
    directed = [(a.target, a.source) if t else (a.source, a.target) for a, t in zip(arcs, turned, strict=True)]
    # where one link has a label, all get a layer for theirs, so that equals stay side by side
    span = 2 if any(a.label is not None for a in arcs) else 1
    layer, made = _layers(cells, directed, span)
    net = _Net(
        [c.width for c in cells],
        [c.height for c in cells],
        layer,
        len(cells),
        [[] for _ in cells],
        [[] for _ in cells],
    )
    ways = _ways(net, arcs, directed, made)
    order = _order(net)
    xs = _places(net, order, gap[0])
    rows, ys = _rows(net, order, gap[1])
    bends, labels = [], []
    for way, arc, back in zip(ways, arcs, turned, strict=True):
        route = [(xs[n], *rows[net.layer[n]]) for n in way]
        bends.append(route[::-1] if back else route)
        labels.append(next(((xs[n], ys[n]) for n in way if net.height[n] > 0), None) if arc.label else None)
    count = len(cells)
    return Placed(xs[:count], ys[:count], net.layer[:count], rows, bends, labels, turned)


# ── layers ──────────────────────────────────────────────────────────────────────────────────────────────────


def _turned(count: int, arcs: Sequence[Arc]) -> list[bool]:
    """The arcs that close a circle, in the order in which the cells were given; they are laid out turned round."""
    out: list[list[int]] = [[] for _ in range(count)]
    for i, arc in enumerate(arcs):
        out[arc.source].append(i)
    turned = [False] * len(arcs)
    state = [0] * count  # 1 on the way, 2 done
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(out[root]))]
        while stack:
            node, rest = stack[-1]
            for i in rest:
                target = arcs[i].target
                if state[target] == 1:
                    turned[i] = True
                elif state[target] == 0:
                    state[target] = 1
                    stack.append((target, iter(out[target])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return turned


def _layers(cells: Sequence[Cell], arcs: Sequence[tuple[int, int]], span: int) -> tuple[list[int], list[bool]]:
    """The layer of each cell, and whether anything leads to it, here or from outside.

    A cell stands as high as what leads to it allows; then what has more links below it than above goes down to
    them, so that inputs stand right above their use.
    """
    count = len(cells)
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in arcs:
        after[source].append(target)
        before[target].append(source)
    waiting = [len(found) for found in before]
    row = [i for i in range(count) if not waiting[i]]
    layer = [0] * count
    for node in row:  # grows while it is gone through
        for target in after[node]:
            layer[target] = max(layer[target], layer[node] + span)
            waiting[target] -= 1
            if not waiting[target]:
                row.append(target)
    for node in reversed(row):
        if len(after[node]) > len(before[node]) and cells[node].end != "top":
            layer[node] = min(layer[target] for target in after[node]) - span
    free = [i for i in range(count) if not cells[i].end]
    for end, sign in (("top", -1), ("bottom", 1)):
        ends = [i for i in range(count) if cells[i].end == end]
        edge = max((sign * layer[i] for i in free), default=0) + span
        for i in ends:
            layer[i] = sign * edge
    # what leads from one end to the other without anything between
    first = min(layer, default=0)
    return [n - first for n in layer], [bool(found or cell.end) for found, cell in zip(before, cells, strict=True)]


def _ways(net: _Net, arcs: Sequence[Arc], directed: Sequence[tuple[int, int]], made: Sequence[bool]) -> list[list[int]]:
    """For each arc the bends it passes through. Arcs from one cell share their bends while none has a label."""
    shared: dict[tuple[int, int], int] = {}
    ways = []
    for arc, (source, target) in zip(arcs, directed, strict=True):
        first, last = net.layer[source], net.layer[target]
        strength = _SPINE if made[source] else 1.0
        middle = (first + last) // 2 if arc.label is not None else None
        way: list[int] = []
        at = source
        back = arc.source != source
        leave, enter = (arc.enter, arc.leave) if back else (arc.leave, arc.enter)
        for layer in range(first + 1, last):
            if middle is None:
                bend = shared.get((source, layer))
                if bend is None:
                    bend = shared[source, layer] = net.bend(layer, (0.0, 0.0))
            else:
                bend = net.bend(layer, arc.label if layer == middle and arc.label else (0.0, 0.0))
            net.join(at, bend, strength, leave if at == source else 0.0)
            way.append(bend)
            at = bend
        net.join(at, target, strength, (leave if at == source else 0.0) - enter)
        ways.append(way)
    return ways


# ── the order within layers ─────────────────────────────────────────────────────────────────────────────────


def _order(net: _Net) -> list[list[int]]:
    """Each layer from left to right, by the median of the neighbors (Eades and Wormald 1994), swept down and up."""
    layers: list[list[int]] = [[] for _ in range(max(net.layer, default=-1) + 1)]
    seen = [False] * len(net.width)
    # from the last layer up, so that what belongs together begins side by side
    for root in sorted(range(len(net.width)), key=lambda n: (-net.layer[n], n)):
        stack = [root]
        while stack:
            node = stack.pop()
            if not seen[node]:
                seen[node] = True
                layers[net.layer[node]].append(node)
                # all inputs to one side of the way through the net
                above = sorted((net.pull[m, node] < _SPINE, i, m) for i, m in enumerate(net.above[node]))
                stack.extend(m for _, _, m in reversed(above))
    best, fewest = [list(row) for row in layers], _crossings(net, layers)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        near = net.above if down else net.below
        place = {node: i for row in layers for i, node in enumerate(row)}
        for row in layers if down else reversed(layers):
            row.sort(key=lambda n: _median([place[m] for m in near[n]], place[n]))
            for i, node in enumerate(row):
                place[node] = i
        crossings = _crossings(net, layers)
        if crossings < fewest:
            best, fewest = [list(row) for row in layers], crossings
    return best


def _median(places: list[int], own: int) -> float:
    if not places:
        return own
    places.sort()
    n = len(places)
    return places[n // 2] if n % 2 else (places[n // 2 - 1] + places[n // 2]) / 2


def _crossings(net: _Net, layers: Sequence[Sequence[int]]) -> int:
    place = {node: i for row in layers for i, node in enumerate(row)}
    total = 0
    for row in layers:
        met: list[int] = []
        for node in row:
            ends = sorted(place[m] for m in net.below[node])
            for end in ends:
                total += len(met) - _rank(met, end)
            for end in ends:
                insort(met, end)
    return total


def _rank(met: list[int], end: int) -> int:
    low, high = 0, len(met)
    while low < high:
        middle = (low + high) // 2
        if met[middle] <= end:
            low = middle + 1
        else:
            high = middle
    return low


# ── places ──────────────────────────────────────────────────────────────────────────────────────────────────


def _places(net: _Net, order: Sequence[Sequence[int]], gap: float) -> list[float]:
    """The middle of each box: as near to its neighbors as the order and the gap allow, layer by layer."""
    xs = [0.0] * len(net.width)
    for row in order:
        x = 0.0
        for i, node in enumerate(row):
            x += _apart(net, row[i - 1], node, gap) if i else 0.0
            xs[node] = x
    for turn in range(_PASSES):
        both = turn >= _PASSES - 2
        for row in order if turn % 2 == 0 else reversed(order):
            apart = [0.0, *(_apart(net, a, b, gap) for a, b in itertools.pairwise(row))]
            wanted, weights = [], []
            for i, node in enumerate(row):
                above = [(net.pull[m, node], xs[m] + net.aside[m, node]) for m in net.above[node]]
                below = [(net.pull[node, m], xs[m] - net.aside[node, m]) for m in net.below[node]]
                near = above + below if both else (below or above) if turn % 2 else (above or below)
                total = sum(pull for pull, _ in near)
                # what stands alone keeps to its neighbor
                alone = wanted[-1] + apart[i] if wanted else xs[node]
                wanted.append(sum(pull * x for pull, x in near) / total if total else alone)
                weights.append(total or 0.01)
            for node, x in zip(row, nearest(wanted, weights, apart), strict=True):
                xs[node] = x
    _straighten(net, order, xs, gap)
    left = min((xs[n] - net.width[n] / 2 for n in range(len(xs))), default=0.0)
    return [x - left for x in xs]


def _straighten(net: _Net, order: Sequence[Sequence[int]], xs: list[float], gap: float) -> None:
    """Long links go straight down as far as there is room, instead of a little aside in every layer."""
    before = {b: a for row in order for a, b in itertools.pairwise(row)}
    after = {a: b for row in order for a, b in itertools.pairwise(row)}

    def room(node: int) -> tuple[float, float]:
        a, b = before.get(node), after.get(node)
        least = -inf if a is None else xs[a] + _apart(net, a, node, gap)
        return least, inf if b is None else max(xs[b] - _apart(net, node, b, gap), least)

    ways = list(_long(net))
    for way in ways * _STRAIGHTENED:
        stretches: list[tuple[list[int], float, float]] = []
        for node in way:
            least, most = room(node)
            if stretches:
                stretch, low, high = stretches[-1]
                if max(low, least) <= min(high, most):
                    stretches[-1] = [*stretch, node], max(low, least), min(high, most)
                    continue
            stretches.append(([node], least, most))
        for stretch, low, high in stretches:
            x = min(max(median(xs[n] for n in stretch), low), high)
            for n in stretch:
                xs[n] = x


def _long(net: _Net) -> Iterator[list[int]]:
    """The bends that follow each other, each in one way."""
    taken: set[int] = set()
    for first in range(net.count, len(net.width)):
        way, node = [], first
        while node is not None and node not in taken:
            taken.add(node)
            way.append(node)
            node = next((n for n in net.below[node] if n >= net.count), None)
        if len(way) > 1:
            yield way


def _apart(net: _Net, a: int, b: int, gap: float) -> float:
    bends = (a >= net.count) + (b >= net.count)
    return (net.width[a] + net.width[b]) / 2 + (gap, gap * 0.7, gap * 0.45)[bends]


def nearest(wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, in least squares, that keep the distances: isotonic regression by
    pooling adjacent violators (Ayer et al. 1955)."""
    offset, offsets = 0.0, []
    for distance in apart:
        offset += distance
        offsets.append(offset)
    pools: list[list[float]] = []  # mean, weight, count
    for x, weight, shift in zip(wanted, weights, offsets, strict=True):
        pools.append([x - shift, weight, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, heavy, count = pools.pop()
            last = pools[-1]
            whole = last[1] + heavy
            last[0] = (last[0] * last[1] + mean * heavy) / whole
            last[1] = whole
            last[2] += count
    means = [mean for mean, _, count in pools for _ in range(int(count))]
    return [mean + shift for mean, shift in zip(means, offsets, strict=True)]


def _rows(net: _Net, order: Sequence[Sequence[int]], gap: float) -> tuple[list[tuple[float, float]], list[float]]:
    """The top and the bottom of each layer, and the middle of each box."""
    rows: list[tuple[float, float]] = []
    ys = [0.0] * len(net.width)
    bottom, held = 0.0, False
    for i, row in enumerate(order):
        holds = any(n < net.count and net.height[n] for n in row)
        # a layer of labels or bends alone lies within the gap between two layers of boxes
        top = bottom + (gap if held and holds else gap / 2) if i else 0.0
        bottom, held = top + max((net.height[n] for n in row), default=0.0), holds
        rows.append((top, bottom))
        for node in row:
            ys[node] = (top + bottom) / 2
    return rows, ys
