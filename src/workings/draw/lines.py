"""A picture line by line, for languages that place its boxes themselves."""

from __future__ import annotations

from collections.abc import Iterator

from workings.draw.letters import clean, equation, shortened
from workings.draw.picture import Box, Frame, Picture

__all__ = ["nested", "texts"]

_LONGEST = 48  # characters of a line
_ROOM = 20  # of a number


def nested(picture: Picture) -> Iterator[tuple[int, Box | Frame | None]]:
    """Boxes and frames, each with how deep it lies; a frame is followed by what is in it, and by None at its end."""
    inner: dict[str | None, list[Box | Frame]] = {}
    for thing in (*picture.boxes, *picture.frames):
        inner.setdefault(thing.inside, []).append(thing)
    stack: list[tuple[int, Box | Frame | None]] = [(0, thing) for thing in reversed(inner.get(None, []))]
    while stack:
        depth, thing = stack.pop()
        yield depth, thing
        if isinstance(thing, Frame):
            stack.append((depth, None))
            stack += [(depth + 1, part) for part in reversed(inner.get(thing.key, []))]


def texts(box: Box) -> Iterator[str]:
    """What stands in a box, in short lines."""
    found = [f"{box.word}  {box.shape}".rstrip()]
    found.append(f"{box.name} {box.relation} {box.formula}" if box.relation else box.name)
    if box.formula and not box.relation:
        found.append(box.formula)
    if box.value:
        found.append(equation(box.of, shortened(box.value, _ROOM)).lstrip())
    if box.gradient:
        found.append(equation(box.slope, shortened(box.gradient, _ROOM)))
    for line in map(clean, found):
        yield line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
