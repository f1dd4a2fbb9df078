"""The ways of arrows, as paths of SVG: smooth, with heads of their own, and side by side where two are a pair."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from workings.draw.layout import Point
from workings.draw.paint import light
from workings.draw.shapes import point

__all__ = ["ASIDE", "arrow"]

ASIDE = 3.5  # how far the two arrows of a pair lie from the middle between them
_LENGTH, _WING = 8.0, 3.8  # of a head


def arrow(
    route: Sequence[Point],
    *,
    backward: bool = False,
    aside: float = 0.0,
    right: bool = False,
    more: str = "",
    drawn: set[tuple[Point, Point]] | None = None,
) -> str:
    """An arrow along a route that flows downward, or to the `right` if it is turned.

    A forward arrow is solid and has a filled head, a `backward` one is dashed and has an open head. `aside` is how
    far it lies beside the route. Where several arrows go the same way, what is `drawn` is not drawn again: dashes
    upon dashes would make a line.
    """
    kind = "backward" if backward else "forward"
    color = light(kind)
    points = [Point(p.x + aside, p.y) for p in route]
    end, before = points[-1], points[-2]
    down = 1.0 if end.y >= before.y else -1.0
    # the line ends within the head
    inner = end._replace(y=end.y - down * (1.0 if backward else _LENGTH - 1.0))
    if abs(end.y - before.y) <= _LENGTH:
        inner = end
    way = _way([*points[:-1], inner], aside, right, set() if drawn is None else drawn)
    wings = [Point(end.x + side * _WING, end.y - down * _LENGTH) for side in (-1, 1)]
    tip = "M" + "L".join(_at(p, right) for p in (wings[0], end, wings[1]))
    if backward:
        dash = ' stroke-dasharray="5 3.5"'
        head = f'<path d="{tip}"/>'
    else:
        dash = ""
        head = f'<path class="wk-tip" fill="{color}" stroke-linejoin="round" d="{tip}z"/>'
    return (
        f'<g class="wk-{kind}" fill="none" stroke="{color}" stroke-width="1.4"{more}><path{dash} d="{way}"/>{head}</g>'
    )


def _way(points: Sequence[Point], aside: float, right: bool, drawn: set[tuple[Point, Point]]) -> str:
    """Straight down where the next point is below, and otherwise a curve that leaves and arrives straight."""
    parts: list[str] = []
    at = None
    for a, b in itertools.pairwise(points):
        if (a, b) in drawn:
            continue
        drawn.add((a, b))
        if a != at:
            parts.append(f"M{_at(a, right)}")
        at = b
        if abs(a.x - b.x) < 0.1:
            parts.append(f"L{_at(b, right)}")
            continue
        # beside another curve, this one turns a little earlier or later
        turn = aside if (b.x > a.x) == (b.y > a.y) else -aside
        middle = (a.y + b.y) / 2 - turn
        parts.append(f"C{_at(Point(a.x, middle), right)} {_at(Point(b.x, middle), right)} {_at(b, right)}")
    return "".join(parts)


def _at(p: Point, right: bool) -> str:
    return f"{point(p.y)} {point(p.x)}" if right else f"{point(p.x)} {point(p.y)}"
