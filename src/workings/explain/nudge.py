"""The nudge: what the update makes of each parameter, and of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workings.explain.check import moved_loss, rounded
from workings.explain.setting import Setting, worth
from workings.explain.steps import Loss, Nudge, Remark, Step, Words
from workings.graph import Node, Role, input_node
from workings.graph.names import identifier
from workings.write.maths import expression
from workings.write.tree import Number, Symbol, Tree

__all__ = ["nudge_steps"]


def nudge_steps(
    setting: Setting,
    gradients: Mapping[Node, Any],
    learning_rate: float | None,
    updates: Mapping[Node, Node],
    update_gradients: Mapping[Node, Node],
    settings: Mapping[Node, Any],
) -> list[Step]:
    """A step for each parameter that is updated, and the loss after all of them."""
    steps: list[Step] = []
    moved: dict[Node, Any] = {}
    for node in setting.wrt:
        if node not in gradients or not (node in updates or learning_rate is not None):
            continue
        if not np.all(np.isfinite(gradients[node])):
            words: Words = (setting.derivative(node), " is not finite: a nudge would carry that into ")
            steps.append(Remark((*words, setting.symbol(node)), loud=True))
            continue
        if node in updates:
            step = _by_update(setting, node, gradients[node], updates[node], update_gradients, settings)
        else:
            rate = input_node("learning_rate", (), node.dtype, Role.SETTING)
            slope = input_node("gradient", node.shape, node.dtype)
            step = _by_update(
                setting,
                node,
                gradients[node],
                node - rate * slope,
                {node: slope},
                {rate: node.dtype.type(learning_rate)},
            )
        moved[node] = step.value
        steps.append(step)
    if moved:
        steps += _after(setting, gradients, moved)
    return steps


def _by_update(
    setting: Setting,
    node: Node,
    gradient: Any,
    update: Node,
    update_gradients: Mapping[Node, Node],
    settings: Mapping[Node, Any],
) -> Nudge:
    slopes = {slope: n for n, slope in update_gradients.items()}
    if node in update_gradients:
        slopes[update_gradients[node]] = node  # parameters may share a gradient; here it is this one's
    known = {**setting.values, **settings}
    known.update({slope: gradient for slope, n in slopes.items() if n is node})
    value = worth(update, known)

    def leaf(n: Node) -> Tree | None:
        if n in slopes:
            return setting.derivative(slopes[n])
        if n.is_input and n.role is Role.SETTING:
            return Symbol((n.name or "setting").replace("_", " "), n, words=True)
        if n in setting.names:
            return setting.symbol(n)
        if n.is_input and n.role is Role.STATE:
            return Symbol(identifier(n.name or "state"), n)
        return None

    def put_in(n: Node) -> Tree | None:
        if n in known and n.shape == ():
            return Number(known[n], n, short=True)
        return leaf(n)

    formula = expression(update, leaf)
    numbers = expression(update, put_in) if update.shape == () else None
    before = setting.values[node]
    return Nudge(node, setting.symbol(node), formula, numbers, before, value, _which_way(setting, node, before, value))


def _which_way(setting: Setting, node: Node, before: Any, after: Any) -> Words:
    if node.shape:
        with np.errstate(all="ignore"):
            most = float(np.max(np.abs(np.asarray(after, float) - np.asarray(before, float)), initial=0.0))
        return (f"changes by at most {rounded(most)}",)
    if after > before:
        return (setting.symbol(node), " goes up, because the loss falls as it grows")
    if after < before:
        return (setting.symbol(node), " goes down, because the loss grows with it")
    return (setting.symbol(node), " stays where it is")


def _after(setting: Setting, gradients: Mapping[Node, Any], moved: Mapping[Node, Any]) -> list[Step]:
    before = setting.values[setting.loss]
    after = moved_loss(setting, moved)
    change = float(after) - float(before)
    promised = sum(
        float(np.sum(np.asarray(gradients[n], float) * (np.asarray(v, float) - np.asarray(setting.values[n], float))))
        for n, v in moved.items()
    )
    if not np.isfinite(change):
        return [
            Loss(setting.symbol(setting.loss), before, after),
            Remark(("the loss after the nudge is not finite: the step was too long",), loud=True),
        ]
    more = _moves_more(setting, moved, after, change)
    if change < 0:
        words = f"smaller by {rounded(-change)}"
    elif change > 0:
        words = f"LARGER by {rounded(change)}" + ("" if more else ": the step was too long for this slope")
    else:
        words = "no change"
    steps: list[Step] = [Loss(setting.symbol(setting.loss), before, after, (words,))]
    if promised and abs(change - promised) > 1e-3 * abs(change):
        told = f"the slope alone promises {rounded(promised)}; "
        why = "what is taken as given moves too" if more else "the loss is curved"
        told += f"{why}, so it is {rounded(change)}"
        steps.append(Remark((told,)))
    elif promised and abs(change - promised) > 1e-9 * abs(change):
        steps.append(Remark((f"nearly what the slope promises: {rounded(promised)}",)))
    elif promised:
        steps.append(Remark((f"just as the slope promises: {rounded(promised)}",)))
    return steps


def _moves_more(setting: Setting, moved: Mapping[Node, Any], after: Any, change: float) -> bool:
    """Whether values that the derivative takes as given have a part in the change of the loss."""
    held = list(dict.fromkeys(n for node in moved for n in setting.stopped(node)))
    return bool(held) and abs(float(moved_loss(setting, moved, held)) - float(after)) > 1e-3 * abs(change)
