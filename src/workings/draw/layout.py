"""Where boxes, frames and links of a picture go. Geometry alone: nothing here knows of nets.

The flow is downward. Frames nest: the inside of each is laid out by itself, from the innermost out, and is one
box for what is around it; a link that crosses its border passes through a port there. So nothing that stands
outside a frame can get into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from workings.draw.layers import Arc, Cell, Placed, arrange, nearest

__all__ = ["Group", "Item", "Layout", "Link", "Point", "Rect", "layout"]


class Point(NamedTuple):
    x: float
    y: float


class Rect(NamedTuple):
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Item:
    """A box of known size; `inside` is the group it stands in, or None."""

    id: str
    width: float
    height: float
    inside: str | None = None


@dataclass(frozen=True)
class Group:
    """An open frame; `head` is the room for its title, and `width` what the title needs at least."""

    id: str
    inside: str | None = None
    head: float = 0.0
    width: float = 0.0


@dataclass(frozen=True)
class Link:
    """From one item to another; `label` is the width and height of a text that stands on it."""

    source: str
    target: str
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Layout:
    """Everything placed. A route has the points of a smooth path, the first on the border of its source and the
    last on that of its target; labels are given by their middles."""

    boxes: Mapping[str, Rect]
    frames: Mapping[str, Rect]
    routes: tuple[tuple[Point, ...], ...]
    labels: tuple[Point | None, ...]
    width: float
    height: float


_PAD = 14.0  # between a frame and what is in it
_PORTS = 0.7  # the part of a side that links begin or end on
_APART = 16.0  # between links on one side of a box, where there is room


class _Piece(NamedTuple):
    """The part of a link within one group: between two members, by their ids, or a port."""

    link: int
    source: str
    target: str
    label: tuple[float, float] | None


@dataclass
class _Inside:
    """A group laid out: its size, where its members stand in it, and the pieces of links in it."""

    width: float
    height: float
    places: dict[str, Rect]
    ports: dict[str, float]
    routes: dict[int, list[Point]]
    labels: dict[int, Point]


def layout(
    items: Sequence[Item],
    groups: Sequence[Group],
    links: Sequence[Link],
    *,
    gap: tuple[float, float] = (28.0, 36.0),
) -> Layout:
    """Place items, frames and links; the same input gives the same places.

    gap  the least distance between neighbors, and between layers

    Raises `ValueError` for a link from an item to itself, or from or to what is no item, and for ids used twice.
    """
    home = _homes(items, groups, links)
    depth = {group.id: len(_path(group.id, home)) for group in groups}
    members: dict[str | None, list[str]] = {None: [], **{group.id: [] for group in groups}}
    for thing in (*groups, *items):
        members[thing.inside].append(thing.id)
    pieces = _pieces(links, home)
    known = {group.id: group for group in groups}
    sizes: dict[str, tuple[float, float]] = {item.id: (item.width, item.height) for item in items}
    insides: dict[str | None, _Inside] = {}
    for owner in [*sorted(depth, key=lambda g: -depth[g]), None]:
        inside = _inside(known.get(owner or ""), members[owner], pieces.get(owner, []), sizes, insides, gap)
        insides[owner] = inside
        if owner is not None:
            sizes[owner] = (inside.width, inside.height)
    return _together(items, groups, links, insides, depth)


def _homes(items: Sequence[Item], groups: Sequence[Group], links: Sequence[Link]) -> dict[str, str | None]:
    home: dict[str, str | None] = {}
    for thing in (*groups, *items):
        if thing.id in home:
            raise ValueError(f"the id {thing.id!r} is used twice")
        home[thing.id] = thing.inside
    inner = {group.id for group in groups}
    for thing in (*groups, *items):
        if thing.inside is not None and thing.inside not in inner:
            raise ValueError(f"{thing.id!r} stands in {thing.inside!r}, which is no group")
    for link in links:
        for end in (link.source, link.target):
            if end not in home or end in inner:
                raise ValueError(f"a link leads from {link.source!r} to {link.target!r}, and {end!r} is no item")
        if link.source == link.target:
            raise ValueError(f"a link leads from {link.source!r} to itself")
    return home


def _path(of: str, home: Mapping[str, str | None]) -> list[str | None]:
    """The groups around something, from the innermost out; the last is None, the whole picture."""
    path: list[str | None] = []
    at: str | None = of
    while at is not None:
        at = home[at]
        if at in path:
            raise ValueError(f"the group {at!r} stands in itself")
        path.append(at)
    return path


def _pieces(links: Sequence[Link], home: Mapping[str, str | None]) -> dict[str | None, list[_Piece]]:
    """Each link cut at the borders it crosses; the label goes with the piece where both ends are members."""
    found: dict[str | None, list[_Piece]] = {}
    for i, link in enumerate(links):
        up, down = _path(link.source, home), _path(link.target, home)
        common = next(g for g in up if g in down)
        source, target = link.source, link.target
        for group in up[: up.index(common)]:
            found.setdefault(group, []).append(_Piece(i, source, f"out\0{i}", None))
            source = str(group)
        inner = down[: down.index(common)]
        for group in inner:
            found.setdefault(group, []).append(_Piece(i, f"in\0{i}", target, None))
            target = str(group)
        found.setdefault(common, []).append(_Piece(i, source, target, link.label))
    return found


def _inside(
    group: Group | None,
    members: Sequence[str],
    pieces: Sequence[_Piece],
    sizes: Mapping[str, tuple[float, float]],
    insides: Mapping[str | None, _Inside],
    gap: tuple[float, float],
) -> _Inside:
    """Lay out the members of one group."""
    ports = list(dict.fromkeys(end for p in pieces for end in (p.source, p.target) if "\0" in end))
    # one port for all the links that come in from one source, or go out from one
    number = {name: i for i, name in enumerate((*members, *ports))}
    cells = [Cell(*sizes[m]) for m in members]
    cells += [Cell(0.0, 0.0, "top" if p.startswith("in") else "bottom") for p in ports]
    arcs = [
        Arc(
            number[p.source],
            number[p.target],
            p.label,
            _off(p.source, "out", p, insides),
            _off(p.target, "in", p, insides),
        )
        for p in pieces
    ]
    placed = arrange(cells, arcs, gap)
    head, pad = (group.head, _PAD) if group is not None else (0.0, 0.0)
    shift_x, shift_y = pad, head + pad
    places: dict[str, Rect] = {}
    for i, member in enumerate(members):
        width, height = sizes[member]
        places[member] = Rect(placed.xs[i] - width / 2 + shift_x, placed.ys[i] - height / 2 + shift_y, width, height)
    width = max([placed.xs[i] + c.width / 2 for i, c in enumerate(cells)], default=0.0)
    bends = [x for way in placed.bends for x, _, _ in way]
    right = max(
        [width, *bends, *(p[0] + (a.label or (0, 0))[0] / 2 for p, a in zip(placed.labels, arcs, strict=True) if p)]
    )
    height = placed.rows[-1][1] if placed.rows else 0.0
    size = (max(right + 2 * pad, group.width if group is not None else 0.0), height + head + 2 * pad)
    entries = {p: placed.xs[number[p]] + shift_x for p in ports}
    ends = _ends(pieces, arcs, placed, number, places, insides, entries, size, shift_x)
    rows = [(a + shift_y, b + shift_y) for a, b in placed.rows]
    routes: dict[int, list[Point]] = {}
    labels: dict[int, Point] = {}
    for k, piece in enumerate(pieces):
        first, last = ends[k]
        back = placed.turned[k]
        route = [first]
        for x, top, bottom in placed.bends[k]:
            near, far = (bottom, top) if back else (top, bottom)
            route += [Point(x + shift_x, near + shift_y), Point(x + shift_x, far + shift_y)]
        route.append(last)
        # out of the layer first, so that no link cuts the corner of a higher neighbor
        start, stop = rows[placed.layer[arcs[k].source]], rows[placed.layer[arcs[k].target]]
        if not _is_port(piece.source):
            route.insert(1, Point(first.x, start[0] if back else start[1]))
        if not _is_port(piece.target):
            route.insert(-1, Point(last.x, stop[1] if back else stop[0]))
        routes[piece.link] = [p for i, p in enumerate(route) if i == 0 or p != route[i - 1]]
        found = placed.labels[k]
        if found is not None:
            labels[piece.link] = Point(found[0] + shift_x, found[1] + shift_y)
    return _Inside(*size, places, entries, routes, labels)


def _off(end: str, way: str, piece: _Piece, insides: Mapping[str | None, _Inside]) -> float:
    """How far from the middle of a group the port of a link is."""
    inner = None if _is_port(end) else insides.get(end)
    return inner.ports[f"{way}\0{piece.link}"] - inner.width / 2 if inner is not None else 0.0


def _is_port(end: str) -> bool:
    return "\0" in end


def _ends(
    pieces: Sequence[_Piece],
    arcs: Sequence[Arc],
    placed: Placed,
    number: Mapping[str, int],
    places: Mapping[str, Rect],
    insides: Mapping[str | None, _Inside],
    entries: Mapping[str, float],
    size: tuple[float, float],
    shift: float,
) -> list[tuple[Point, Point]]:
    """Where each piece begins and ends: spread over the side of a box, from left to right as they lead on."""
    sides: dict[tuple[str, bool], list[tuple[float, int, bool]]] = {}
    ends: list[list[Point]] = [[Point(0, 0), Point(0, 0)] for _ in pieces]
    for k, (piece, arc) in enumerate(zip(pieces, arcs, strict=True)):
        back = placed.turned[k]
        way = placed.bends[k]
        toward = way[0][0] if way else placed.xs[arc.target]
        came = way[-1][0] if way else placed.xs[arc.source]
        for end, at, low in ((piece.source, toward, not back), (piece.target, came, back)):
            is_source = end == piece.source
            if _is_port(end):
                y = size[1] if end.startswith("out") else 0.0
                ends[k][0 if is_source else 1] = Point(entries[end], y)
            elif end in insides:
                inner = insides[end]
                port = f"{'out' if is_source else 'in'}\0{piece.link}"
                box = places[end]
                ends[k][0 if is_source else 1] = Point(
                    box.x + inner.ports[port], box.y + box.height if is_source else box.y
                )
            else:
                sides.setdefault((end, low), []).append((at + shift, k, is_source))
    for (end, low), found in sides.items():
        box = places[end]
        found.sort()
        # as near as may be to where each leads, so that links are straight
        room = box.width * _PORTS
        left, apart = box.x + (box.width - room) / 2, min(_APART, room / len(found))
        most = room - apart * (len(found) - 1)
        wanted = [min(max(at - left - apart * i, 0.0), most) + apart * i for i, (at, _, _) in enumerate(found)]
        xs = nearest(wanted, [1.0] * len(found), [0.0, *[apart] * (len(found) - 1)])
        for x, (_, k, is_source) in zip(xs, found, strict=True):
            ends[k][0 if is_source else 1] = Point(left + x, box.y + box.height if low else box.y)
    return [(a, b) for a, b in ends]


def _together(
    items: Sequence[Item],
    groups: Sequence[Group],
    links: Sequence[Link],
    insides: Mapping[str | None, _Inside],
    depth: Mapping[str, int],
) -> Layout:
    """The insides put where their groups are, and the pieces of each link put end to end."""
    corner: dict[str | None, tuple[float, float]] = {None: (0.0, 0.0)}
    frames: dict[str, Rect] = {}
    boxes: dict[str, Rect] = {}

    def place(thing: Item | Group) -> Rect:
        rect = insides[thing.inside].places[thing.id]
        x, y = corner[thing.inside]
        return rect._replace(x=rect.x + x, y=rect.y + y)

    for group in sorted(groups, key=lambda g: depth[g.id]):
        frames[group.id] = place(group)
        corner[group.id] = frames[group.id][:2]
    for item in items:
        boxes[item.id] = place(item)
    home = {thing.id: thing.inside for thing in (*groups, *items)}
    routes, labels = [], []
    for i, link in enumerate(links):
        up, down = _path(link.source, home), _path(link.target, home)
        common = next(g for g in up if g in down)
        way = [*up[: up.index(common) + 1], *reversed(down[: down.index(common)])]
        route: list[Point] = []
        for group in way:
            x, y = corner[group]
            for point in insides[group].routes[i]:
                moved = Point(point.x + x, point.y + y)
                if not route or moved != route[-1]:
                    route.append(moved)
        routes.append(tuple(route))
        label = insides[common].labels.get(i)
        x, y = corner[common]
        labels.append(Point(label.x + x, label.y + y) if label is not None else None)
    whole = insides[None]
    return Layout(boxes, frames, tuple(routes), tuple(labels), whole.width, whole.height)
