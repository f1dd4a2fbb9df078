"""Why a gradient is 0: no way through, or a slope of 0 on every way."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

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
    """The derivative is 0 at these numbers: which slope is 0, what is too small, or that paths cancel."""
    words: list[str | Tree] = ["the gradient is 0 here, a nudge changes nothing: "]
    zeros: dict[tuple[Node, Node], None] = {}
    small = other = 0
    for path in paths:
        slopes = {pair: setting.evaluate(links[pair].formula) for pair in pairwise(path)}
        flat = [pair for pair, slope in slopes.items() if slope == 0]
        if flat:
            zeros[flat[0]] = None
        elif _product(slopes.values()) == 0:
            small += 1
        else:
            other += 1
    # a single product that is not 0 has nothing to cancel with: the printed formula, in its order, lost it
    if other > 1:
        return Remark((*words, "the paths cancel"))
    if other or small:
        slopes_of = "the slopes" if len(paths) == 1 else "the slopes of a path"
        words.append(f"{slopes_of} multiply to a number so small that {setting.loss.dtype.name} has only 0 for it")
    for i, (top, bottom) in enumerate(zeros):
        words += [" and " if i or len(words) > 1 else "", setting.rate(top, bottom), " is 0"]
    return Remark(tuple(words))


def _product(slopes: Iterable[Any]) -> Any:
    with np.errstate(all="ignore"):
        return reduce(operator.mul, slopes)
