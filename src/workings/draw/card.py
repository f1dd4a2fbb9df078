"""The text in a box, line by line, and the room that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workings.draw.letters import clean, cut, shortened, width
from workings.draw.picture import Box
from workings.draw.shapes import PADDING

__all__ = ["Card", "Line", "Piece", "card"]

_WIDEST = 244.0  # a line of text
_WIDEST_NAME, _WIDEST_SLOPE = 170.0, 110.0
_SMALL, _LARGE, _MIDDLE = 11.5, 14.0, 12.5
_GAP = 14.0  # between the two ends of the first line
_NARROWEST = 54.0
# characters of a number: on a page, where numbers change, they keep their room, and the range of many needs more
_ROOM, _LIVE_ROOM, _LIVE_RANGE, _SHORT = 20, 9, 20, 5


@dataclass(frozen=True)
class Piece:
    """A stretch of text in one style; `mark` says which number it is, and `before` the words in front of that."""

    text: str
    style: str
    bold: bool = False
    mark: str = ""
    before: str = ""
    room: int = 0


@dataclass(frozen=True)
class Line:
    """A line, its letters' size, and the height of its foot in the box; `right` stands at the other end of it."""

    pieces: tuple[Piece, ...]
    size: float
    foot: float
    right: Piece | None = None


@dataclass(frozen=True)
class Card:
    """The lines of a box, and how large that makes it."""

    lines: tuple[Line, ...]
    width: float
    height: float


def card(box: Box, *, live: bool = False) -> Card:
    """What stands in a box; where it is `live`, its numbers will change."""
    left, top, right, bottom = PADDING[box.kind]
    lines: list[Line] = []
    widths: list[float] = [_NARROWEST]
    foot = top

    def add(pieces: Sequence[Piece], size: float, skip: float, end: Piece | None = None) -> None:
        nonlocal foot
        foot += skip
        lines.append(Line(tuple(pieces), size, foot, end))
        wide = sum(_width(p, size) for p in pieces)
        widths.append(wide + (_GAP + _width(end, size) if end else 0.0))

    shape = Piece(cut(clean(box.shape), 90, _SMALL), "word") if box.shape else None
    add([Piece(cut(clean(box.word), _WIDEST - 30, _SMALL), "word")], _SMALL, _SMALL, shape)
    many = box.node is not None and box.node.shape != ()
    # data rarely change from step to step
    changes = live and box.kind not in ("data", "constant")
    value = _number(box.value, f"{clean(box.of)} = " if box.of else "= ", "value", live, many, short=not changes)
    formula = clean(box.formula)
    room = _WIDEST_NAME if formula and box.relation else _WIDEST
    name = Piece(cut(clean(box.name), room, _LARGE, bold=True), _name_style(box), not box.made_up)
    if formula:
        lead = f" {box.relation} " if box.relation else ""
        whole = Piece(lead + formula, "formula")
        if box.relation and _width(name, _LARGE) + _width(whole, _LARGE) <= _WIDEST:
            add([name, whole], _LARGE, 18)
        else:
            add([name], _LARGE, 18)
            add([Piece(cut(f"{box.relation} {formula}".strip(), _WIDEST, _MIDDLE), "formula")], _MIDDLE, 17)
    elif value is not None and _width(name, _LARGE) + _width(value, _MIDDLE) < 140:
        add([name, _spaced(value)], _LARGE, 18)
        value = None
    else:
        add([name], _LARGE, 18)
    if value is not None:
        add([value], _MIDDLE, 17)
    if box.gradient:
        slope = cut(clean(box.slope), _WIDEST_SLOPE, _MIDDLE)
        gradient = _number(box.gradient, f"{slope} = ", "gradient", live, many)
        assert gradient is not None
        add([gradient], _MIDDLE, 17)
    return Card(tuple(lines), max(widths) + left + right, foot + 4 + bottom)


def _name_style(box: Box) -> str:
    return "made-up" if box.made_up else "name"


def _number(number: str, before: str, mark: str, live: bool, many: bool, *, short: bool = False) -> Piece | None:
    if not number:
        return None
    room = _ROOM if not live else _LIVE_RANGE if many else _LIVE_ROOM
    if live and short:
        room = min(room, max(len(number), _SHORT))
    said = before.removesuffix("= ") if number.startswith("≈") else before
    return Piece(said + shortened(number, room), mark, mark=mark, before=before, room=room if live else 0)


def _spaced(value: Piece) -> Piece:
    return replace(value, text=f" {value.text}", before=f" {value.before}")


def _width(piece: Piece, size: float) -> float:
    wide = width(piece.text, size, bold=piece.bold)
    if piece.room:
        wide = max(wide, width(piece.before + "0" * piece.room, size))
    return wide
