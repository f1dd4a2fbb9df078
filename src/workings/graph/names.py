"""One name for each node, the same in every formula, program, picture and error."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import TYPE_CHECKING

from workings.graph.node import Node

if TYPE_CHECKING:
    from workings.graph.graph import Graph

__all__ = ["RESERVED", "Names", "assign", "identifier", "of_loop"]

# words that a written program needs for itself
RESERVED = frozenset(
    {"np", "train", "losses", "first", "last", "step", "range", "return", "stop", "finite", "main", "start"}
    | {"math", "Path", "print", "erf", "put_along", "patches2d", "shifts2d"}
    | {"conv2d", "conv_transpose2d", "conv_kernel2d", "max_pool2d", "argmax_pool2d", "avg_pool2d", "avg_unpool2d"}
    | set(keyword.kwlist)
)


def identifier(text: str) -> str:
    """`text` as a Python identifier: `encoder.w` becomes `encoder_w`.

    >>> identifier("encoder.w"), identifier("2nd"), identifier("<lambda>")
    ('encoder_w', '_2nd', 'lambda_')
    """
    # Python reads names in this form, in which two that look different may be one
    text = unicodedata.normalize("NFKC", text)
    legal = "".join(c if f"_{c}".isidentifier() else "_" for c in re.sub(r"\W+", "_", text))
    word = legal.strip("_") or "value"
    if text.startswith("_"):
        word = "_" + word
    if not word.isidentifier():
        word = "_" + word
    return word + "_" if keyword.iskeyword(word) else word


class Names:
    """Gives out names, each once: `h`, `h_2`, `h_3`."""

    def __init__(self, taken: frozenset[str] | set[str] = RESERVED) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def give(self, wanted: str) -> str:
        base = identifier(wanted)
        name = base
        count = self._counts.get(base, 1)
        while name in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._counts[base] = count
        self._taken.add(name)
        return name


def assign(graph: Graph) -> dict[Node, str]:
    """The names of a graph's nodes.

    Inputs keep theirs. A node takes the name of the variable it was stored in, the graph's name if it is
    the only output, `d_y` if it is the derivative with respect to `y`, and otherwise the next of `z`, `z_2`, …
    Scalar constants are spelled as numbers and take no name. A loop has the name of its body.
    """
    names = Names()
    result: dict[Node, str] = {}
    for node in graph.inputs:
        result[node] = names.give(node.name or "x")
    forward = [n for n in graph.nodes[len(graph.inputs) :] if n.because is None and (n.inputs or n.shape != ())]
    sole = graph.outputs[0] if len(graph.outputs) == 1 else None
    # what the user named comes first, so that a `z` of theirs stays `z`
    for node in forward:
        title = node.name or (graph.name if node is sole and node.inputs else None)
        if title is not None:
            result[node] = names.give(title)
    for node in forward:
        if node not in result:
            result[node] = names.give("constant" if node.is_constant else _of_loop(node, graph) or "z")
    derivative = [n for n in graph.nodes if n.because is not None and (n.inputs or n.shape != ())]
    for node in derivative:
        because = node.because
        assert because is not None
        if node in result:
            continue
        if node.name is not None:
            result[node] = names.give(node.name)
        elif because.of is not None and because.of in result:
            result[node] = names.give("d_" + result[because.of])
        else:
            result[node] = names.give(_of_loop(node, graph) or "g")
    return {node: result[node] for node in graph.nodes if node in result}


def _of_loop(node: Node, graph: Graph) -> str | None:
    """The name of a loop, which is a function in a written program, and so not that of the graph."""
    name = of_loop(node)
    return f"{name}_loop" if name == graph.name and node.op.results is not None else name


def of_loop(node: Node) -> str | None:
    """What a loop is called, or a result of one that has no name: after what it is in the loop's body."""
    if node.op.results is not None:
        return node.attributes["body"].name
    if node.op.name != "result":
        return None
    loop, index = node.inputs[0], node.attributes["index"]
    body, carry = loop.attributes["body"], loop.attributes["carry"]
    output = body.outputs[index]
    if output not in body.names:
        return "ys" if index >= carry else None
    if index < carry:
        return body.names[body.inputs[index]]
    return f"{body.names[output]}s_before" if output in body.inputs[:carry] else f"{output.name or body.names[output]}s"
