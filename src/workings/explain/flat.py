"""Why a gradient is 0: no way through, or a slope of 0 on every way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from workings.explain.local import Slope
from workings.explain.setting import Setting
from workings.explain.steps import Remark, Words
from workings.graph import Node, reachable
from workings.write.maths import expression
from workings.write.tree import Tree

__all__ = ["no_path", "why_zero"]


def no_path(setting: Setting, node: Node) -> Remark:
    """The derivative is 0 because nothing that has a slope leads from the node to the loss."""
    made = {node}
    stopped = None
    for n in reachable([setting.loss], stop=[node]):
        if any(i in made for i in n.inputs):
            made.add(n)
            if stopped is None and not (n.op.differentiable and n.dtype.kind == "f"):
                stopped = n
    if len(made) == 1:
        return Remark(("the gradient is 0: ", setting.symbol(setting.loss), " is not made from ", setting.symbol(node)))
    words: Words = ("the gradient is 0: nothing that has a slope leads from ", setting.symbol(node), " to ")
    words = (*words, setting.symbol(setting.loss))
    if stopped is not None:
        words = (*words, "; of ", expression(stopped, setting.known), f" ({stopped.op.name}) one has to say: ")
        words = (*words, stopped.op.rule or "it has no slope")
    return Remark(words)


def why_zero(setting: Setting, links: Mapping[tuple[Node, Node], Slope], paths: Sequence[Sequence[Node]]) -> Remark:
    """The derivative is 0 at these numbers: which slope is 0, or that the paths cancel."""
    words: list[str | Tree] = ["the gradient is 0 here, a nudge changes nothing: "]
    zeros: dict[tuple[Node, Node], None] = {}
    for path in paths:
        flat = [pair for pair in pairwise(path) if setting.evaluate(links[pair].formula) == 0]
        if not flat:
            return Remark((*words, "the paths cancel"))
        zeros[flat[0]] = None
    for i, (top, bottom) in enumerate(zeros):
        words += [" and " if i else "", setting.rate(top, bottom), " is 0"]
    return Remark(tuple(words))
