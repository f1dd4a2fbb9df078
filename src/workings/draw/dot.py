"""A picture in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Mapping

from workings.draw.letters import clean
from workings.draw.lines import nested, texts
from workings.draw.paint import colors, light
from workings.draw.picture import Box, Edge, Kind, Picture

__all__ = ["dot"]

_SHAPES: Mapping[Kind, str] = {
    "parameter": 'box, style="rounded,filled"',
    "data": "parallelogram, style=filled",
    "constant": "octagon, style=filled",
    "state": "cylinder, style=filled",
    "setting": "hexagon, style=filled",
    "operation": "box, style=filled",
    "output": "box, style=filled, peripheries=2",
    "derivative": 'box, style="filled,dashed"',
    "update": "cds, style=filled",
    "folded": "box3d, style=filled",
    "end": "box, style=dotted",
}
_HEAD = """\
  labelloc=b; fontname="sans-serif"; fontsize=10;
  node [fontname="sans-serif", fontsize=11, margin="0.15,0.08"];
  edge [fontname="sans-serif", fontsize=10, arrowsize=0.8];
"""


def dot(picture: Picture) -> str:
    """The picture as a digraph; frames are clusters.

    >>> from workings.draw.picture import Box, Edge
    >>> w, y = Box("b0", "parameter", "parameter", "w"), Box("b1", "output", "square", "y", formula="w²", relation="=")
    >>> print(dot(Picture("y", (w, y), (Edge("b0", "b1"),))).splitlines()[-2])
      b0 -> b1 [color="#0b57d0"];
    """
    notes = "\n".join(map(clean, picture.notes))
    head = f"digraph {_quoted(clean(picture.title))} {{\n  rankdir={'LR' if picture.direction == 'right' else 'TB'};\n"
    head += f"  label={_quoted(notes)};\n" if notes else ""
    body = []
    for depth, thing in nested(picture):
        pad = "  " * (depth + 1)
        if thing is None:
            body.append(f"{pad}}}")
        elif isinstance(thing, Box):
            body.append(pad + _box(thing))
        else:
            body.append(f"{pad}subgraph cluster_{thing.key} {{")
            line = light("folded")
            body.append(
                f'{pad}  label={_quoted(clean(thing.title))}; labelloc=t; style="dotted,rounded"; color="{line}";'
            )
    return f"{head}{_HEAD}" + "\n".join([*body, *map(_edge, picture.edges), "}"]) + "\n"


def _box(box: Box) -> str:
    line, fill = colors(box.kind)
    return (
        f"{box.key} [label={_quoted(chr(10).join(texts(box)))}, shape={_SHAPES[box.kind]}, "
        f'color="{line}", fillcolor="{fill}", tooltip={_quoted(clean(box.title))}];'
    )


def _edge(edge: Edge) -> str:
    if not edge.backward:
        return f'  {edge.source} -> {edge.target} [color="{light("forward")}"];'
    color = light("backward")
    more = f', label={_quoted(clean(edge.label))}, fontcolor="{color}"' if edge.label else ""
    more += ", constraint=false" if edge.against else ""
    return f'  {edge.source} -> {edge.target} [color="{color}", style=dashed, arrowhead=vee{more}];'


def _quoted(text: str) -> str:
    """A string of Graphviz, which reads escapes and the entities of HTML in it."""
    text = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
