"""A picture of a net as data: boxes, the arrows between them, and the frames around layers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from workings.draw.letters import equation
from workings.errors import ArgumentError
from workings.graph import Graph, Node
from workings.write.written import replace_file

__all__ = ["Box", "Direction", "Edge", "Frame", "Ids", "Kind", "Picture", "pairs", "picture"]

Kind = Literal[
    "parameter",
    "data",
    "constant",
    "state",
    "setting",
    "operation",
    "output",
    "derivative",
    "update",
    "folded",
    "end",
]
Direction = Literal["down", "right"]
Ids: TypeAlias = Callable[["Node | None"], "str | None"]


@dataclass(frozen=True, eq=False)
class Box:
    """One box of a picture. Texts are whole; it is for the writers to cut them.

    key        what edges and frames call it
    kind       decides its shape and color
    word       its kind in a word or a few: "parameter", "matmul", "3 operations, 2 parameters"
    name       of its value, or of what is folded in it
    made_up    whether the name is none of the user's
    formula    what it is made of; of a folded box, what comes in and out
    relation   what stands between name and formula: "=", "←" or nothing
    shape      of its value, as in 100×16
    of         of which value the numbers are, where that is not the name
    value      the value, and `gradient` that of its gradient, whose name is `slope`; "" where there is none
    node       the node of its value: what its marks on a page say
    nodes      all nodes that it stands for
    scope      the scope that is folded in it, or that it leads to
    inside     the key of the frame it stands in
    more       what else there is to say of it, in words
    """

    key: str
    kind: Kind
    word: str
    name: str
    made_up: bool = False
    formula: str = ""
    relation: str = ""
    shape: str = ""
    of: str = ""
    value: str = ""
    gradient: str = ""
    slope: str = ""
    node: Node | None = None
    nodes: tuple[Node, ...] = ()
    scope: tuple[str, ...] = ()
    inside: str | None = None
    more: str = ""

    @property
    def title(self) -> str:
        """The box in one line, without its numbers."""
        made = f"{self.name} {self.relation} {self.formula}" if self.relation else f"{self.name}, {self.formula}"
        parts = [made if self.formula else self.name, self.word]
        parts += [f"shape {self.shape}"] if self.shape else []
        return ", ".join(part for part in [*parts, self.more] if part)

    @property
    def numbers(self) -> str:
        """Its value and its gradient in one line."""
        parts = [f"{self.of or 'value'} {self.value}"] if self.value else []
        return ", ".join([*parts, equation(self.slope, self.gradient)] if self.gradient else parts)


@dataclass(frozen=True)
class Edge:
    """An arrow from one box to another.

    backward  whether a derivative goes along it
    against   whether it runs beside a forward edge, the other way
    label     short text at it: the factor that the derivative takes up on this way
    more      the same in full
    """

    source: str
    target: str
    backward: bool = False
    against: bool = False
    label: str = ""
    more: str = ""


def pairs(edges: Sequence[Edge]) -> list[tuple[Edge, Edge | None]]:
    """Each edge, with the one that runs against it if there is one."""
    against = {(edge.target, edge.source): edge for edge in edges if edge.against}
    return [(edge, against.get((edge.source, edge.target))) for edge in edges if not edge.against]


@dataclass(frozen=True)
class Frame:
    """An open layer around its boxes."""

    key: str
    title: str
    scope: tuple[str, ...]
    inside: str | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """The graph of a net as a picture. A notebook shows it, `print` gives it as text, `save` writes it to a file.

    `svg()`, `dot()`, `mermaid()` and `text()` are its forms, and `words()` says in plain sentences what there is to
    see. Where `ids` are given, the marks of a page are in the SVG.
    """

    title: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    frames: tuple[Frame, ...] = ()
    notes: tuple[str, ...] = ()
    steepest: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    direction: Direction = "down"
    ids: Ids | None = None

    def svg(self, *, styled: bool = True) -> str:
        """The picture as SVG, which stands alone and needs no Graphviz; light or dark as its surroundings.

        A page with several pictures may have the style of `workings.draw.svg.style` once, and leave it out here.
        """
        from workings.draw.svg import svg

        return svg(self, styled=styled)

    def dot(self) -> str:
        """The picture in the language of Graphviz."""
        from workings.draw.dot import dot

        return dot(self)

    def mermaid(self) -> str:
        """The picture as a flowchart of Mermaid, as GitHub shows it."""
        from workings.draw.mermaid import mermaid

        return mermaid(self)

    def text(self, width: int = 80) -> str:
        """The picture as a tree of text, from the output down to the inputs, at most `width` columns wide."""
        from workings.draw.tree import tree

        return tree(self, width)

    def words(self) -> str:
        """What the picture shows, in sentences."""
        from workings.draw.words import words

        return words(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, whole or not at all; its ending says in which form. The path.

        .svg, .dot or .gv for Graphviz, .mmd or .mermaid, .txt

        Raises `ArgumentError` for another ending.
        """
        path = Path(path)
        form = _FORMS.get(path.suffix.lower())
        if form is None:
            ending = f"the ending {path.suffix!r}" if path.suffix else "no ending"
            raise ArgumentError(
                f"{str(path)!r} has {ending}, which says nothing about the form of a picture",
                fix=f"one of {', '.join(_FORMS)}, as in {str(path.with_suffix('.svg'))!r}" if path.name else "net.svg",
            )
        replace_file(path, form(self).encode("utf-8"))
        return path

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        # SVG within HTML, since an image of its own would not see whether the notebook is dark
        return f'<div style="overflow-x:auto">{self.svg()}</div>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": self.text()}


_FORMS: Mapping[str, Callable[[Picture], str]] = {
    ".svg": lambda p: '<?xml version="1.0" encoding="UTF-8"?>\n' + p.svg() + "\n",
    ".dot": Picture.dot,
    ".gv": Picture.dot,
    ".mmd": Picture.mermaid,
    ".mermaid": Picture.mermaid,
    ".txt": lambda p: p.text() + "\n",
}


def picture(
    graph: Graph,
    *,
    values: Mapping[Node, Any] | None = None,
    gradients: Mapping[Node, Any] | None = None,
    depth: int | None = None,
    scope: Sequence[str] = (),
    backward: bool = True,
    ids: Ids | None = None,
    names: Mapping[Node, str] | None = None,
    direction: Direction = "down",
    most: int = 60,
) -> Picture:
    """The picture of a graph.

    values      numbers of nodes, and `gradients` those of the gradient of the first output with respect to nodes
    depth       how many levels of scopes are open: 0 folds all operations into one box, 1 those of each outermost
                scope, and so on; None opens as many as can be read
    scope       draw the inside of this scope alone
    backward    whether the way of the derivative is drawn beside that of the values
    ids         marks for a page (`workings.write.ids`)
    names       other names than those of the graph; a node without one is written out in the formula it is part of
    direction   "down" or "right"
    most        the boxes that a picture may have before long stretches of it are folded

    Raises `ArgumentError` for options that mean nothing.

    >>> from workings.graph import Graph, input_node
    >>> import workings.ops
    >>> w, x = input_node("w", (), float, "parameter"), input_node("x", (), float)
    >>> print(picture(Graph([w, x], [w * x], name="y")))
    y = w · x
    ├─ w  parameter
    └─ x  data
    """
    from workings.draw.content import compose

    return compose(
        graph,
        values=values or {},
        gradients=gradients or {},
        depth=depth,
        scope=scope,
        backward=backward,
        ids=ids,
        names=names,
        direction=direction,
        most=most,
    )
