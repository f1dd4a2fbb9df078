"""What a picture shows, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator

from workings.draw.letters import clean, equation
from workings.draw.phrases import listing, plural
from workings.draw.picture import Box, Picture
from workings.graph import Role

__all__ = ["words"]

_MOST_STEPS = 12
_MOST_JOINS = 4


def words(picture: Picture) -> str:
    """The picture in sentences: what goes in, what is made of what, where ways join, the loss and its gradients."""
    return clean(" ".join(s for s in _sentences(picture) if s))


def _sentences(picture: Picture) -> Iterator[str]:
    yield f"{picture.title}."
    yield _inputs(picture)
    yield _size(picture)
    yield from _steps(picture)
    yield from _joins(picture)
    yield _numbers(picture)
    yield from picture.notes


def _inputs(picture: Picture) -> str:
    """What goes in, by kind; names are given while they are few."""
    found: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for box in picture.boxes:
        if box.kind == "end":
            continue
        for node in box.nodes:
            if node.role is not None:
                counts[node.role.value] = counts.get(node.role.value, 0) + 1
        if box.kind in [role.value for role in Role]:
            found.setdefault(box.kind, []).append(box.name)
    groups = []
    for role in Role:
        names = found.get(role.value, [])
        if counts.get(role.value, 0) > len(names):
            groups.append(plural(counts[role.value], role.value))
        elif names:
            many = "s" if len(names) > 1 and role is not Role.DATA else ""
            groups.append(f"the {role.value}{many} {listing(names)}")
    given = [box.name for box in picture.boxes if box.kind == "end" and box.word.startswith("from")]
    groups += [f"{listing(given)} from outside"] if given else []
    if not groups:
        return ""
    many = len(groups) > 1 or " and " in groups[0] or groups[0][0].isdigit()
    both = ", and " if any(" and " in group for group in groups) else " and "
    *first, last = groups
    return f"In {'go' if many else 'goes'} {', '.join(first) + both if first else ''}{last}."


def _size(picture: Picture) -> str:
    operations = sum(n.role is None and bool(n.inputs) for b in picture.boxes if b.kind != "end" for n in b.nodes)
    layers = [frame.title.replace(", ", " ") for frame in picture.frames if frame.inside is None]
    layers += [_called(box) for box in picture.boxes if box.kind == "folded" and box.scope and box.inside is None]
    there = plural(operations, "operation")
    return f"There {'is' if operations == 1 else 'are'} {there}" + (f", in {listing(layers)}." if layers else ".")


def _steps(picture: Picture) -> Iterator[str]:
    """What is made of what."""
    steps = [b for b in picture.boxes if b.relation or (b.kind == "folded" and b.formula)]
    for box in steps[:_MOST_STEPS]:
        yield f"{box.name} {box.relation} {box.formula}." if box.relation else f"{box.name}: {box.formula}."
    if len(steps) > _MOST_STEPS:
        yield f"And {len(steps) - _MOST_STEPS} more."


def _joins(picture: Picture) -> Iterator[str]:
    """Values that are used more than once; a derivative comes back to them on every way."""
    names = {box.key: _called(box) for box in picture.boxes}
    used: dict[str, list[str]] = {key: [] for key in names}
    returning = dict.fromkeys(names, 0)
    for edge in picture.edges:
        if edge.against:
            returning[edge.target] += 1
        else:
            used[edge.source].append(edge.target)
    differentiated = any(returning.values())
    joins = []
    for box in picture.boxes:
        users = used[box.key]
        if returning[box.key] > 1:
            joins.append(
                f"{box.name} is used by {listing([names[k] for k in users])}: "
                "the derivatives that come back on these ways add up."
            )
        elif len(users) > 1 and not differentiated:
            joins.append(f"{box.name} is used by {listing([names[k] for k in users])}.")
    yield from joins[:_MOST_JOINS]
    if len(joins) > _MOST_JOINS:
        yield f"{len(joins) - _MOST_JOINS} more values are used more than once."


def _called(box: Box) -> str:
    """What a box is called within a list."""
    return f"the update of {box.name}" if box.kind == "update" else box.name.replace(", ", " ")


def _numbers(picture: Picture) -> str:
    """The output, and the steepest gradients."""
    said = [f"{box.name} is {box.value}." for box in picture.boxes if box.key in picture.outputs and box.value]
    if picture.steepest:
        first, *rest = [equation(slope, number) for slope, number in picture.steepest]
        said.append(f"The steepest gradient is {first}" + (f"; then {listing(rest)}." if rest else "."))
    return " ".join(said)
