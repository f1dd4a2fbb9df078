"""The steps of a derivation, as data: what each says, about which node, with trees of mathematics and values.

A renderer turns steps into text, Markdown, LaTeX or a page; nothing is computed after a `Derivation` is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from workings.graph import Graph, Node
from workings.write.tree import Differential, Rate, Symbol, Tree

if TYPE_CHECKING:
    from workings.explain.page import Page

__all__ = [
    "Agreement",
    "Backward",
    "Chain",
    "Check",
    "Derivation",
    "Given",
    "Line",
    "Local",
    "Loss",
    "Nudge",
    "Remark",
    "Rule",
    "Section",
    "Step",
    "Subject",
    "Summary",
    "Value",
    "Words",
]

# a sentence with formulas in it
Words: TypeAlias = tuple["str | Tree", ...]


@dataclass(frozen=True)
class Given:
    """A value that the derivation starts from: a parameter, data, a constant with a name."""

    node: Node
    symbol: Symbol
    value: Any


@dataclass(frozen=True)
class Value:
    """Forward: `symbol = formula = numbers = value`. `scope` names the composite that made it."""

    node: Node
    symbol: Symbol
    formula: Tree
    numbers: Tree | None
    value: Any
    words: Words = ()
    scope: tuple[str, ...] = ()


@dataclass(frozen=True)
class Local:
    """The local derivative of one composition, `rate = formula = value`, and its rule in words."""

    top: Node
    bottom: Node
    rate: Rate
    formula: Tree
    value: Any
    words: Words


@dataclass(frozen=True)
class Line:
    """One line of a chain of equalities, and why it equals the one before."""

    tree: Tree
    words: Words = ()


@dataclass(frozen=True)
class Chain:
    """`left = line = line = …`: the derivative along one path, or the whole of it.

    `final` is the last formula before the numbers, printed from the node `formula`, and `value` what that
    evaluates to; `path` lists the nodes from the loss to the parameter.
    """

    left: Rate | Differential
    lines: tuple[Line, ...]
    final: Tree
    formula: Node
    value: Any
    path: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Summary:
    """A whole derivation in one line: `left = tree = tree = … = value`."""

    left: Rate | Differential | Symbol
    trees: tuple[Tree, ...]
    value: Any


@dataclass(frozen=True)
class Rule:
    """How one kind of operation hands a derivative back, in words."""

    name: str
    words: Words


@dataclass(frozen=True)
class Backward:
    """Node by node: the derivative of the loss with respect to one value, from those after it."""

    node: Node
    left: Rate | Differential | Symbol
    formula: Tree
    formula_node: Node
    value: Any
    words: Words = ()
    scope: tuple[str, ...] = ()


@dataclass(frozen=True)
class Nudge:
    """The update of one parameter: `formula = numbers = value`, and what it means."""

    node: Node
    symbol: Symbol
    formula: Tree
    numbers: Tree | None
    before: Any
    value: Any
    words: Words = ()


@dataclass(frozen=True)
class Loss:
    """The loss before and after the nudge."""

    symbol: Symbol
    before: Any
    after: Any
    words: Words = ()


@dataclass(frozen=True)
class Agreement:
    """One value of the gradient held against the formula's; `difference` is the largest, `ok` the verdict."""

    label: Words
    value: Any
    difference: float | None
    ok: bool
    words: Words = ()


@dataclass(frozen=True)
class Check:
    """The printed formula's value for one parameter, the run's, and that of central differences.

    `held` are the values that the central differences keep, since the derivative takes them as given.
    """

    node: Node
    left: Rate | Differential
    rows: tuple[Agreement, ...]
    held: tuple[Node, ...] = ()

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)


@dataclass(frozen=True)
class Remark:
    """A sentence of its own; `loud` is for what must not be overlooked."""

    words: Words
    loud: bool = False


Step: TypeAlias = Given | Value | Local | Chain | Summary | Rule | Backward | Nudge | Loss | Check | Remark


@dataclass(frozen=True)
class Section:
    title: Words
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Subject:
    """What a derivation is about, for pictures of it.

    graph      from what is given to the loss, its only output
    wrt        what the loss is differentiated by; inputs of the graph
    values     the value of every node
    adjoints   the derivative of the loss with respect to each node that a derivative flows through, as graph
    gradients  the values of these derivatives
    names      the names of the nodes in the document; what is only a part of a line has none
    """

    graph: Graph
    wrt: tuple[Node, ...]
    values: Mapping[Node, Any]
    adjoints: Mapping[Node, Node]
    gradients: Mapping[Node, Any]
    names: Mapping[Node, str]


@dataclass(frozen=True)
class Derivation:
    """How the loss changes with its parameters, step by step, each step computed from the graph.

    `str()` and `text()` give Unicode text that fits 80 columns, `markdown()` Markdown with LaTeX, which a
    notebook shows by itself, `latex()` a document in LaTeX, `html()` and `page()` a page.
    """

    title: Words
    sections: tuple[Section, ...]
    subject: Subject

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps of all sections, in order."""
        return tuple(step for section in self.sections for step in section.steps)

    @property
    def ok(self) -> bool:
        """Whether every check agreed."""
        return all(step.ok for step in self.steps if isinstance(step, Check))

    def text(self, width: int = 80) -> str:
        """The derivation as Unicode text, no line longer than `width` columns."""
        from workings.explain.text import render

        return render(self, width)

    def markdown(self) -> str:
        """The derivation as Markdown with LaTeX between dollar signs, for notebooks and GitHub."""
        from workings.explain.markdown import render

        return render(self)

    def latex(self) -> str:
        r"""The derivation as a document in LaTeX, for pdfLaTeX, XeLaTeX and LuaLaTeX.

        >>> import workings as wk
        >>> w = wk.parameter(0.5)
        >>> loss = (w - 1) ** 2
        >>> print(wk.explain(loss, w).latex().splitlines()[0])
        \documentclass[11pt, fleqn]{article}
        """
        from workings.explain.latex import render

        return render(self)

    def html(self) -> str:
        """The derivation as an HTML page that stands alone; `page()` can be saved and opened."""
        return self.page().html

    def page(self) -> Page:
        """The derivation as a page: formula beside picture beside program, each name lit in all three.

        >>> import workings as wk
        >>> w = wk.parameter(0.5)
        >>> loss = (w - 1) ** 2
        >>> wk.explain(loss, w).page()  # doctest: +ELLIPSIS
        <page 'How loss changes with w', ... kB>
        """
        from workings.explain.page import derivation_page

        return derivation_page(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return self.markdown()
