"""A picture as SVG that stands alone: it needs no Graphviz, no script and no other file.

No id is used, so that pictures never get in each other's way on one page. Colors are variables of CSS, with the
light ones as attributes for programs that know no variables.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from workings.draw.arrows import ASIDE, arrow
from workings.draw.card import Line, Piece, card
from workings.draw.layout import Group, Item, Layout, Link, Point, Rect, layout
from workings.draw.legend import legend
from workings.draw.letters import FONT, clean, cut, is_known, width
from workings.draw.paint import drawn, escape, light, span, style, written
from workings.draw.picture import Box, Edge, Picture, pairs
from workings.draw.shapes import PADDING, point
from workings.draw.words import words

__all__ = ["style", "svg"]

_MARGIN = 14.0
_NARROWEST = 300.0  # so that a legend has room
_GAP = (24.0, 30.0)
_LABEL, _TITLE = 12.0, 12.5
_HEAD = 18.0  # of a frame
_WIDEST_TITLE = 240.0
# text above lines
_HALO = f' stroke="{light("paper")}" stroke-width="4" paint-order="stroke"'


def svg(picture: Picture, *, styled: bool = True) -> str:
    """The picture as SVG; without its own style if not `styled`."""
    return _Sheet(picture).svg(styled)


class _Sheet:
    """A picture with everything in its place."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.right = picture.direction == "right"
        self.boxes = {box.key: box for box in picture.boxes}
        self.cards = {box.key: card(box, live=picture.ids is not None) for box in picture.boxes}
        self.pairs = pairs(picture.edges)
        self.placed = self._layout()

    def _layout(self) -> Layout:
        """Everything placed in a flow downward; one to the right is turned when it is drawn."""
        picture = self.picture
        items = []
        for box in picture.boxes:
            size = self.cards[box.key].width, self.cards[box.key].height
            items.append(Item(box.key, *self._turn(*size), box.inside))
        groups = []
        for frame in picture.frames:
            room = min(width(clean(frame.title), _TITLE, bold=True) + 22, _WIDEST_TITLE)
            groups.append(Group(frame.key, frame.inside, _HEAD, 0.0 if self.right else room))
        links = [Link(edge.source, edge.target, self._label_room(back)) for edge, back in self.pairs]
        return layout(items, groups, links, gap=_GAP)

    def _label_room(self, back: Edge | None) -> tuple[float, float] | None:
        """The room for the factor at a pair of arrows, on both sides of it, since it is placed by its middle."""
        if back is None or not back.label:
            return None
        wide = width(clean(back.label), _LABEL)
        if self.right:
            return 2 * (_LABEL + ASIDE + 4), wide + 8
        return 2 * (wide + ASIDE + 8), _LABEL + 4

    def _turn(self, a: float, b: float) -> tuple[float, float]:
        return (b, a) if self.right else (a, b)

    def _rect(self, rect: Rect) -> Rect:
        return Rect(rect.y, rect.x, rect.height, rect.width) if self.right else rect

    # ── the whole ──

    def svg(self, styled: bool) -> str:
        picture = self.picture
        inner_width, inner_height = self._turn(self.placed.width, self.placed.height)
        wide = max(inner_width + 2 * _MARGIN, _NARROWEST)
        foot, end = legend(picture, _MARGIN, inner_height + 2 * _MARGIN, wide - 2 * _MARGIN)
        size = f"{point(wide)} {point(end)}"
        parts = [*self._frames(), *self._arrows(), *self._titles(), *map(self._box, picture.boxes), *self._labels()]
        css = f"<style>{style()}</style>" if styled else ""
        role = "img" if picture.ids is None else "group"  # what is an image has nothing in it that can be reached
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="wk-picture" viewBox="0 0 {size}" width="{point(wide)}" '
            f'height="{point(end)}" role="{role}" aria-label="{escape(clean(picture.title))}" '
            f'font-family="{escape(FONT)}">'
            f"<title>{escape(clean(picture.title))}</title><desc>{escape(words(picture))}</desc>{css}"
            f'<rect class="wk-paper" width="{point(wide)}" height="{point(end)}" rx="8" fill="{light("paper")}"/>'
            f'<g transform="translate({point((wide - inner_width) / 2)} {point(_MARGIN)})">{"".join(parts)}</g>'
            f"{foot}</svg>"
        )

    def _frames(self) -> Iterator[str]:
        for frame in self.picture.frames:
            x, y, w, h = self._rect(self.placed.frames[frame.key])
            yield (
                f'<rect class="wk-frame" x="{point(x)}" y="{point(y)}" width="{point(w)}" height="{point(h)}" '
                f'rx="9" fill="none" stroke="{light("folded")}" stroke-dasharray="1 3.5" stroke-linecap="round"/>'
            )

    def _titles(self) -> Iterator[str]:
        """The titles of frames, above the arrows that cross them."""
        for frame in self.picture.frames:
            x, y, w, h = self._rect(self.placed.frames[frame.key])
            title = cut(clean(frame.title), (h if self.right else w) - 18, _TITLE, bold=True)
            more, at = "", (x + 10, y + 16)
            if self.right:  # the title stands on the side that the flow comes from
                at = (x + 16, y + h - 9)
                more = f' transform="rotate(-90 {point(at[0])} {point(at[1])})"'
            yield written(title, "title", _TITLE, *at, more=more + _HALO, bold=True)

    # ── boxes ──

    def _box(self, box: Box) -> str:
        place = self._rect(self.placed.boxes[box.key])
        # on a page numbers change, and the page says them
        said = box.title if self.picture.ids is not None else ", ".join(t for t in (box.title, box.numbers) if t)
        said = escape(clean(said))
        return (
            f'<g class="wk-box wk-{box.kind}"{self._marks(box)} role="img" aria-label="{said}"><title>{said}</title>'
            f"{drawn(box.kind, place)}{''.join(self._texts(box, place))}</g>"
        )

    def _marks(self, box: Box) -> str:
        """What a page knows the box by."""
        ids = self.picture.ids
        if ids is None:
            return ""
        main = ids(box.node) if box.node is not None and box.kind != "folded" else None
        rest = [found for node in box.nodes if (found := ids(node)) is not None and found != main]
        marks = f' data-node="{escape(main)}"' if main else ""
        marks += f' data-nodes="{escape(" ".join(rest))}"' if rest else ""
        marks += f' data-scope="{escape("/".join(box.scope))}"' if box.scope else ""
        return f'{marks} tabindex="0"' if marks else ""

    def _texts(self, box: Box, place: Rect) -> Iterator[str]:
        left, _, right, _ = PADDING[box.kind]
        for line in self.cards[box.key].lines:
            x, y = place.x + left, place.y + line.foot
            if all(is_known(p.text) for p in line.pieces):
                spans = "".join(span(p.text, p.style, bold=p.bold, more=self._numbered(p, box)) for p in line.pieces)
                yield f'<text x="{point(x)}" y="{point(y)}" font-size="{line.size:g}">{spans}</text>'
            else:
                yield from self._apart(line, box, x, y)
            if line.right is not None:
                end = place.x + place.width - right
                more = ' text-anchor="end"'
                yield written(line.right.text, line.right.style, line.size, end, y, more=more)

    def _apart(self, line: Line, box: Box, x: float, y: float) -> Iterator[str]:
        """The pieces of a line each at a place of its own, where the width of letters is not known."""
        for piece in line.pieces:
            more = self._numbered(piece, box)
            yield written(piece.text.strip(), piece.style, line.size, x, y, more=more, bold=piece.bold)
            x += width(piece.text, line.size, bold=piece.bold) + width(" ", line.size)

    def _numbered(self, piece: Piece, box: Box) -> str:
        """The mark of a number that a page changes."""
        ids = self.picture.ids
        found = ids(box.node) if ids is not None and piece.mark else None
        if found is None:
            return ""
        before = escape(piece.before)
        return f' data-{piece.mark}="{escape(found)}" data-before="{before}" data-room="{piece.room}"'

    # ── arrows ──

    def _arrows(self) -> Iterator[str]:
        drawn: dict[bool, set[tuple[Point, Point]]] = {False: set(), True: set()}

        def along(edge: Edge, route: Sequence[Point], aside: float) -> str:
            more, seen = self._ends(edge), drawn[edge.backward]
            return arrow(route, backward=edge.backward, aside=aside, right=self.right, more=more, drawn=seen)

        # values and derivatives that leave a box the same way go side by side
        forward = {
            part for (edge, _), route in self._routes() if not edge.backward for part in itertools.pairwise(route)
        }
        for (edge, back), route in self._routes():
            apart = edge.backward and any(part in forward for part in itertools.pairwise(route))
            yield along(edge, route, -ASIDE if back is not None else ASIDE if apart else 0.0)
            if back is not None:
                yield along(back, route[::-1], ASIDE)

    def _routes(self) -> Iterator[tuple[tuple[Edge, Edge | None], Sequence[Point]]]:
        return zip(self.pairs, self.placed.routes, strict=True)

    def _ends(self, edge: Edge) -> str:
        """What a page knows an arrow by: the nodes at its ends."""
        ids = self.picture.ids
        if ids is None:
            return ""
        ends = ("from", self.boxes[edge.source]), ("to", self.boxes[edge.target])
        found = [(way, ids(box.node)) for way, box in ends if box.node is not None]
        return "".join(f' data-{way}="{escape(key)}"' for way, key in found if key)

    def _labels(self) -> Iterator[str]:
        for (_, back), middle in zip(self.pairs, self.placed.labels, strict=True):
            if back is None or not back.label or middle is None:
                continue
            x, y = self._turn(*middle)
            at, anchor = (x + ASIDE + 6, y + 4), "start"
            if self.right:
                at, anchor = (x, y + ASIDE + _LABEL), "middle"
            more = f' text-anchor="{anchor}"{_HALO}'
            label = written(clean(back.label), "factor", _LABEL, *at, more=more)
            yield f"<g><title>{escape(clean(back.more))}</title>{label}</g>"
