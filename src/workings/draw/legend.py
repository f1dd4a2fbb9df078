"""What stands below a picture: a legend of what occurs in it, and notes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from workings.draw.arrows import arrow
from workings.draw.layout import Point, Rect
from workings.draw.letters import clean, width
from workings.draw.paint import drawn, written
from workings.draw.picture import Kind, Picture

__all__ = ["legend"]

_SIZE, _ROW, _SWATCH, _GAP = 12.0, 21.0, 26.0, 18.0

_WORDS: Mapping[Kind, str] = {
    "parameter": "parameter",
    "data": "data",
    "constant": "constant",
    "state": "state",
    "setting": "setting",
    "operation": "operation",
    "output": "output",
    "derivative": "derivative",
    "update": "update",
    "folded": "folded",
    "end": "the net goes on",
}


def legend(picture: Picture, left: float, top: float, room: float) -> tuple[str, float]:
    """The elements of legend and notes, from `top` down, in `room` of width; and where they end."""
    x, y = left, top + _ROW / 2
    parts: list[str] = []
    for swatch, words in _entries(picture):
        wide = _SWATCH + 7 + width(words, _SIZE)
        if x > left and x + wide > left + room:
            x, y = left, y + _ROW
        parts += [swatch(x, y), written(words, "note", _SIZE, x + _SWATCH + 7, y + 4)]
        x += wide + _GAP
    y += _ROW if parts else 0.0
    for note in picture.notes:
        for line in _lines(clean(note), room):
            parts.append(written(line, "note", _SIZE, left, y + 4))
            y += _ROW - 4
    return f'<g class="wk-legend">{"".join(parts)}</g>', y


def _entries(picture: Picture) -> Iterator[tuple[Callable[[float, float], str], str]]:
    """What occurs in the picture, and how it is drawn at a place."""
    kinds = {box.kind for box in picture.boxes}
    for kind, words in _WORDS.items():
        if kind in kinds:
            words = "loss" if kind == "output" and any(b.word == "loss" for b in picture.boxes) else words
            yield lambda x, y, kind=kind: f'<g class="wk-{kind}">{drawn(kind, _small(x, y))}</g>', words
    if any(not e.backward for e in picture.edges):
        yield lambda x, y: arrow([Point(y, x), Point(y, x + _SWATCH)], right=True), "values go forward"
    if any(e.backward for e in picture.edges):
        factors = any(e.label for e in picture.edges)
        words = "derivatives go back" + (", times the slope of each link" if factors else "")
        yield lambda x, y: arrow([Point(y, x), Point(y, x + _SWATCH)], right=True, backward=True), words


def _small(x: float, y: float) -> Rect:
    return Rect(x, y - 7.5, _SWATCH, 15)


def _lines(text: str, room: float) -> list[str]:
    """The text in lines that fit."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width(longer, _SIZE) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
