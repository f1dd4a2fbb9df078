"""A picture as a flowchart of Mermaid, as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workings.draw.letters import clean
from workings.draw.lines import nested, texts
from workings.draw.paint import colors, light
from workings.draw.picture import Box, Edge, Kind, Picture, pairs

__all__ = ["mermaid"]

_SHAPES: Mapping[Kind, tuple[str, str]] = {
    "parameter": ("([", "])"),
    "data": ("[/", "/]"),
    "constant": ("[", "]"),
    "state": ("[(", ")]"),
    "setting": ("{{", "}}"),
    "operation": ("(", ")"),
    "output": ("[[", "]]"),
    "derivative": ("(", ")"),
    "update": (">", "]"),
    "folded": ("[[", "]]"),
    "end": ("[", "]"),
}
_DASHES: Mapping[Kind, str] = {"derivative": ",stroke-dasharray:5 3", "end": ",stroke-dasharray:1 4"}
# what Mermaid, Markdown and HTML all read as itself; other signs are written by their numbers
_PLAIN = re.compile(r"[^\W_]|[ ,.=()/:…·×−→←⊙∂≈∞√⁻²³ᵀ≤≥≠]")

_WORD = re.compile(r"[\w,.…]+")


def mermaid(picture: Picture) -> str:
    """The picture as a flowchart; frames are subgraphs.

    Where a derivative comes back beside a value, one dashed arrow with two heads stands for both: Mermaid would take
    two arrows for a circle, and lose the order of the boxes.

    >>> from workings.draw.picture import Box, Edge
    >>> w, y = Box("b0", "parameter", "parameter", "w"), Box("b1", "output", "square", "y", formula="w²", relation="=")
    >>> print(mermaid(Picture("y", (w, y), (Edge("b0", "b1"),))).splitlines()[1:4])
    ['  b0(["parameter<br/>w"]):::parameters', '  b1[["square<br/>y = w²"]]:::outputs', '  b0 --> b1']
    """
    body = [f"flowchart {'LR' if picture.direction == 'right' else 'TD'}"]
    body += ["%% " + " ".join(_WORD.findall(clean(note))) for note in picture.notes]
    if any(edge.against for edge in picture.edges):
        body.append("%% dashed, with two heads: the value goes forward, and its derivative comes back")
    for depth, thing in nested(picture):
        pad = "  " * (depth + 1)
        if thing is None:
            body.append(f"{pad}end")
        elif isinstance(thing, Box):
            opening, closing = _SHAPES[thing.kind]
            label = "<br/>".join(map(_escaped, texts(thing)))
            body.append(f'{pad}{thing.key}{opening}"{label}"{closing}:::{thing.kind}s')
        else:
            body.append(f'{pad}subgraph {thing.key}["{_escaped(clean(thing.title))}"]')
    ways = pairs(picture.edges)
    body += [_arrow(edge, back) for edge, back in ways]
    kinds: dict[Kind, None] = dict.fromkeys(box.kind for box in picture.boxes)
    for kind in kinds:
        line, fill = colors(kind)
        body.append(f"  classDef {kind}s stroke:{line},fill:{fill},color:{light('ink')}{_DASHES.get(kind, '')}")
    for backward in (False, True):
        numbers = [str(i) for i, (edge, back) in enumerate(ways) if (edge.backward or back is not None) is backward]
        if numbers:
            color = light("backward" if backward else "forward")
            body.append(f"  linkStyle {','.join(numbers)} stroke:{color}{f',color:{color}' if backward else ''}")
    return "\n".join(body) + "\n"


def _arrow(edge: Edge, back: Edge | None) -> str:
    arrow = "<-.->" if back is not None else "-.->" if edge.backward else "-->"
    label = f'|"{_escaped(clean(back.label))}"|' if back is not None and back.label else ""
    return f"  {edge.source} {arrow}{label} {edge.target}"


def _escaped(text: str) -> str:
    text = re.sub(r"\$(?=\$)", "$\u2060", text)  # two of them would begin a formula, however they are written
    return "".join(c if _PLAIN.fullmatch(c) else f"#{ord(c)};" for c in text)
