"""Layers of a long derivation, each as one line: what it makes of what it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workings.explain.setting import Setting
from workings.graph import Node

__all__ = ["Fold", "folded"]


@dataclass(frozen=True)
class Fold:
    """A value that a layer gives: the layer's scope, and the values that the layer is given, without its parameters."""

    scope: tuple[str, ...]
    given: tuple[Node, ...]


def folded(setting: Setting, lines: Sequence[Node], most: int) -> Mapping[Node, Fold | None]:
    """The lines that are left when layers are folded so far that at most so many are left, or else as far as can be.

    A line that a layer gives has its `Fold`; one that stands in no folded layer has None.
    """
    left: Mapping[Node, Fold | None] = dict.fromkeys(lines)
    for depth in range(max((len(n.scope) for n in lines), default=0), 0, -1):
        if len(left) <= most:
            break
        left = _folded_to(setting, lines, depth)
    return left


def _folded_to(setting: Setting, lines: Sequence[Node], depth: int) -> dict[Node, Fold | None]:
    """The lines that are left when every scope of this depth is folded."""
    place = {n: n.scope[:depth] if len(n.scope) >= depth else () for n in setting.forward}
    given: dict[tuple[str, ...], dict[Node, None]] = {}
    leaving = {setting.loss}
    for node in setting.forward:
        for i in node.inputs:
            if place.get(i, ()) != place[node]:
                leaving.add(i)
                if place[node] and i not in setting.wrt and (i in place or i in setting.given_set):
                    given.setdefault(place[node], {})[i] = None
    named = set(lines)
    # what leaves a layer without a name of its own is said by its formula, and that needs the lines within
    whole = {place[n] for n in leaving if place.get(n) and n not in named}
    # and a line that is alone says as much as its layer's name
    whole |= {scope for scope, count in Counter(place.get(n, ()) for n in lines).items() if count == 1}
    left: dict[Node, Fold | None] = {}
    for node in lines:
        scope = place.get(node, ())
        if not scope or scope in whole:
            left[node] = None
        elif node in leaving:
            left[node] = Fold(scope, tuple(n for n in given.get(scope, ()) if n in setting.names))
    return left
