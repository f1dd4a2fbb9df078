"""A written program as markup: every name in it carries the id of its node, and so does every line."""

from __future__ import annotations

import io
import keyword
import token
import tokenize
from collections.abc import Callable, Mapping, Sequence

from workings.explain.shell import escape
from workings.graph import Graph, Node
from workings.write.written import Written

__all__ = ["code"]

Ids = Callable[[Node | None], str | None]

_CLASSES = {token.COMMENT: "wk-comment", token.STRING: "wk-string", token.NUMBER: "wk-number"}
_PIECES = (token.NAME, token.COMMENT, token.STRING, token.NUMBER)


def code(written: Written, graph: Graph, names: Mapping[Node, str], ids: Ids) -> str:
    """The program in lines; `graph` is what it was written from, and `names` are the names in it.

    A name lights with its node. A line lights with the node it computes, and with those that are computed
    within it and have no line of their own.
    """
    nodes = {name: node for node, name in names.items()}
    inner = _inner(written, graph)
    lines = written.source.splitlines()
    tokens = list(tokenize.generate_tokens(io.StringIO(written.source).readline))
    marked = _marked(tokens, written, lines, nodes, ids)
    texts = [t for t in tokens if t.type == token.STRING and not t.line[: t.start[1]].strip()]
    prose = {number for t in texts for number in range(t.start[0], t.end[0] + 1)}
    result = []
    for number, line in enumerate(lines, start=1):
        node = written.lines.get(number)
        own = ids(node)
        within = [found for n in inner.get(number, ()) if (found := ids(n)) is not None]
        lit = [found for found in (own, *within) if found is not None]
        mark = f' data-nodes="{" ".join(dict.fromkeys(lit))}"' if lit else ""
        # where a long line is broken, code goes on a little further in, and text below itself
        inset = len(line) - len(line.lstrip(" ")) + (0 if number in prose else 2 if line.lstrip()[:1] == "#" else 4)
        style = f' style="--in:{inset}ch"' if inset else ""
        shown = marked.get(number, escape(line))
        result.append(f'<span class="wk-line" id="line-{number}"{mark}{style}>{shown}\n</span>')
    return f'<pre class="wk-code"><code>{"".join(result)}</code></pre>'


def _inner(written: Written, graph: Graph) -> dict[int, list[Node]]:
    """For each line the nodes that are computed within it: those that only it, or another such node, uses."""
    line_of: dict[Node, int] = {}
    for number, node in written.lines.items():
        line_of.setdefault(node, number)
    inner: dict[int, list[Node]] = {}
    for node in reversed(graph.nodes):
        if node in line_of or node.is_input:
            continue
        found = {line_of[user] for user in graph.users[node] if user in line_of}
        if found:
            line_of[node] = min(found)
            inner.setdefault(min(found), []).append(node)
    return inner


def _marked(
    tokens: Sequence[tokenize.TokenInfo], written: Written, lines: list[str], nodes: Mapping[str, Node], ids: Ids
) -> dict[int, str]:
    """The lines with their tokens marked; those that are not here are shown as they are."""
    pieces: dict[int, list[str]] = {}
    reached: dict[int, int] = {}

    def put(number: int, start: int, end: int, markup: str) -> None:
        line = pieces.setdefault(number, [])
        at = reached.get(number, 0)
        line += [escape(lines[number - 1][at:start]), markup]
        reached[number] = end

    before, depth = "", 0
    for found, after in zip(tokens, [*tokens[1:], None], strict=True):
        (row, start), (last, end) = found.start, found.end
        depth += (found.string in "([{") - (found.string in ")]}") if found.type == token.OP else 0
        # `square` of np.square and `axis` of axis=1 are no values of the net
        plain = before == "." or (depth > 0 and after is not None and after.string == "=")
        if found.type in _PIECES:
            for number in range(row, last + 1):
                left = start if number == row else 0
                right = end if number == last else len(lines[number - 1])
                text = lines[number - 1][left:right]
                put(number, left, right, _token(found, text, written.lines.get(number), {} if plain else nodes, ids))
        if found.type not in (token.NL, token.INDENT, token.DEDENT):
            before = found.string
    for number, line in pieces.items():
        line.append(escape(lines[number - 1][reached[number] :]))
    return {number: "".join(line) for number, line in pieces.items()}


def _token(found: tokenize.TokenInfo, text: str, line: Node | None, nodes: Mapping[str, Node], ids: Ids) -> str:
    style = _CLASSES.get(found.type)
    if found.type == token.NAME:
        if keyword.iskeyword(text):
            style = "wk-keyword"
        elif text in nodes:
            # what a line assigns to is what it computes: `w = w - …` makes the next w
            starts = line is not None and not found.line[: found.start[1]].strip()
            mark = ids(line) if starts else ids(nodes.get(text))
            if mark is not None:
                return f'<span class="wk-name" data-node="{mark}">{escape(text)}</span>'
    return f'<span class="{style}">{escape(text)}</span>' if style else escape(text)
