"""A picture as a tree of text, from the output down to the inputs, for a terminal and for a screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from workings.draw.letters import clean, shortened
from workings.draw.picture import Box, Picture
from workings.write.text import columns, wrap

__all__ = ["tree"]

_NARROWEST = 40
_NARROW, _WIDE = 72, 100  # below, numbers stand under their names; above, they have more room
_NUMBER, _WIDE_NUMBER = 19, 24
_GAP = 3


class _Row(NamedTuple):
    """`more` is what is said behind the label where there is room, `below` what stands before a line under it."""

    label: str
    value: str = ""
    gradient: str = ""
    more: tuple[str, ...] = ()
    below: str = ""


def tree(picture: Picture, width: int = 80) -> str:
    """The picture as text. What is used twice is shown once; an arrow says where, above or below."""
    width = max(width, _NARROWEST)
    digits = _NUMBER if width < _WIDE else _WIDE_NUMBER
    rows = [
        row._replace(value=shortened(row.value, digits), gradient=shortened(row.gradient, digits))
        for row in _rows(picture, width // 3)
    ]
    lines = _narrow(rows, width) if width < _NARROW else _beside(rows, width)
    for note in _notes(picture, rows):
        lines += ["", *wrap(clean(note), width, 0)]
    return "\n".join(lines)


def _narrow(rows: list[_Row], width: int) -> list[str]:
    """Labels, with their numbers on lines of their own."""
    lines = []
    for row in rows:
        lines.append(_label(row, width))
        numbers = [f"= {row.value}"] * bool(row.value) + [f"d = {row.gradient}"] * bool(row.gradient)
        lines += [_label(_Row(f"{row.below}{number}"), width) for number in numbers]
    return lines


def _beside(rows: list[_Row], width: int) -> list[str]:
    """Labels, with their numbers in columns."""
    numbers = [[r.value for r in rows], [r.gradient for r in rows]]
    rooms = [max(map(columns, column), default=0) for column in numbers]
    heads = [head if room else "" for head, room in zip(("value", "gradient"), rooms, strict=True)]
    rooms = [max(room, len(head)) for room, head in zip(rooms, heads, strict=True)]
    taken = sum(room + _GAP for room in rooms if room)
    room = min(max(columns("".join([r.label, *r.more])) for r in rows), width - taken)
    lines = [_line("", heads, room, rooms)] if any(heads) else []
    return lines + [_line(_label(r, room), [r.value, r.gradient], room, rooms) for r in rows]


def _line(label: str, numbers: list[str], room: int, rooms: list[int]) -> str:
    parts = [_padded(label, room)]
    parts += [_padded(number, space) for number, space in zip(numbers, rooms, strict=True) if space]
    return (" " * _GAP).join(parts).rstrip()


def _notes(picture: Picture, rows: list[_Row]) -> list[str]:
    notes = list(picture.notes)
    up, down = (any(r.label.endswith(arrow) for r in rows) for arrow in "↑↓")
    if up or down:
        notes.append(" ".join([*["↑ is shown above."] * up, *["↓ is shown below."] * down]))
    return notes


def _rows(picture: Picture, deepest: int) -> Iterator[_Row]:
    """The boxes, each below what it leads to; what would stand too far to the right begins a tree of its own."""
    boxes = {box.key: box for box in picture.boxes}
    sources: dict[str, list[str]] = {key: [] for key in boxes}
    used = set()
    for edge in picture.edges:
        if not edge.against:
            sources[edge.target].append(edge.source)
            used.add(edge.source)
    titles = {frame.key: frame.title for frame in picture.frames}
    ends = [key for key in boxes if key not in used]
    roots = list(dict.fromkeys([*picture.outputs, *ends, *reversed(boxes)]))
    shown: set[str] = set()
    later: dict[str, None] = {}
    while roots or later:
        root = next(iter(later), None) if later else roots.pop(0)
        assert root is not None
        later.pop(root, None)
        # the key, what stands before it and before what is below it, and the frame around what it leads to
        stack: list[tuple[str, str, str, str | None]] = [(root, "", "", None)]
        if root in shown:
            continue
        while stack:
            key, before, below, around = stack.pop()
            box = boxes[key]
            if key in shown or key in later:
                yield _Row(f"{before}{clean(box.name)} {'↑' if key in shown else '↓'}")
                continue
            if len(before) > deepest and sources[key]:
                later[key] = None
                yield _Row(f"{before}{clean(box.name)} ↓")
                continue
            shown.add(key)
            parts = sources[key]
            under = below + ("│  " if parts else "   ")
            yield _row(box, before, titles if box.inside != around else {})._replace(below=under)
            for i, part in reversed(list(enumerate(parts))):
                last = i == len(parts) - 1
                stack.append((part, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), box.inside))


def _row(box: Box, before: str, titles: Mapping[str, str]) -> _Row:
    label, more = clean(box.name), []
    if box.relation:
        label += f" {box.relation} {clean(box.formula)}"
    else:
        more.append(f"  {clean(box.word)}")
        more += [f": {clean(box.formula)}"] if box.formula else []
    more += [f"  {clean(box.shape)}"] if box.shape else []
    more += [f"  in {clean(titles[box.inside])}"] if box.inside is not None and box.inside in titles else []
    return _Row(before + label, box.value, box.gradient, tuple(more))


def _label(row: _Row, room: int) -> str:
    """The label with as much behind it as there is room for, or cut if it is too long itself."""
    line = row.label
    for more in row.more:
        if columns(line + more) > room:
            break
        line += more
    if columns(line) <= room:
        return line
    used = 0
    for end, letter in enumerate(line):
        used += columns(letter)
        if used > room - 1:
            return line[:end] + "…"
    return line


def _padded(line: str, room: int) -> str:
    return line + " " * (room - columns(line))
