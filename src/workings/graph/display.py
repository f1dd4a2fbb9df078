"""How values, graphs and runs show themselves: they ask here, and layers above, which write it, fill this in.

A notebook asks an object for one form: `_repr_markdown_` of what is a formula, `_repr_html_` of what has a picture.
No object here has both, for these reasons.

- Of several forms, Jupyter, VS Code and Colab all take HTML first, and marimo puts one beside the other in tabs.
- Formulas in Markdown, as LaTeX between dollar signs, are set as mathematics by all four. In HTML only MathML would be:
  Colab and VS Code look for no LaTeX there. And where a notebook is not trusted, as one that came by mail and was not
  run, or where it is shown on GitHub, MathML is taken out of HTML, and what is left of a fraction is wrong. Markdown
  stays.
- `_repr_latex_` would be taken before Markdown by VS Code alone, and could hold no table. Printing by nbconvert makes
  LaTeX of the Markdown.
- A picture is SVG, which has to be in HTML: as image/svg+xml it is shown as an image that cannot see a dark theme.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["AsHtml", "AsMarkdown", "Hooks", "hooks"]


@dataclass
class Hooks:
    """What layers above fill in.

    line      a node as a line of mathematics, its repr
    markdown  what a notebook shows of a value
    html      what a notebook shows of a graph, a program, a run and what belongs to it
    """

    line: Callable[[Any], str] | None = None
    markdown: Callable[[Any], str] | None = None
    html: Callable[[Any], str] | None = None


hooks = Hooks()


class AsMarkdown:
    """What a notebook shows as Markdown with formulas."""

    __slots__ = ()

    def _repr_markdown_(self) -> str | None:
        return None if hooks.markdown is None else hooks.markdown(self)


class AsHtml:
    """What a notebook shows as HTML."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return None if hooks.html is None else hooks.html(self)
