"""What the lessons say about numbers: sentences that depend on what came out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workings.lessons.nudges import Way

__all__ = [
    "about_answer",
    "about_difference_plot",
    "about_direction",
    "about_first_loss",
    "about_however",
    "about_question",
    "about_square_plot",
    "about_squared_nudge",
    "about_steps",
    "about_training",
    "figure",
]


def figure(value: Any) -> str:
    """A number as it stands in a sentence: whole where it is whole, and of six digits at most.

    >>> figure(2.0), figure(-1.5), figure(1.80107066615787)
    ('2', '−1.5', '1.80107')
    """
    return f"{float(value):.6g}".replace("-", "−")


def about_answer(y: float, expected: float) -> str:
    if y == expected:
        return f"The answer is {figure(y)}, just as expected: with this start value there is nothing left to learn."
    return f"The answer is {figure(y)}, and {figure(expected)} was expected. The net has not learned anything yet."


def about_first_loss(loss: float) -> str:
    if loss == 0:
        return "The loss is 0: the answer is right already."
    much = "too little" if loss < 0 else "too much"
    return f"The loss is {figure(loss)}: the net answers {much}, by {figure(abs(loss))}."


def about_direction(gradient: float) -> str:
    if gradient > 0:
        return (
            f"The gradient is {figure(gradient)}, which is positive: the loss grows when w grows. We want it smaller, "
            "so w has to go down. Subtracting the gradient from w does that."
        )
    return (
        f"The gradient is {figure(gradient)}, which is negative: the loss falls when w grows. We want it smaller, so "
        "w has to go up. Subtracting the gradient from w does that, since it is negative."
    )


def about_however(first: tuple[float, float], then: tuple[float, float], expected: float) -> list[str]:
    """One nudge against the gradient of the plain difference: what became of it, and why."""
    (y, loss), (new_y, new_loss) = first, then
    went = f"The answer went from {figure(y)} to {figure(new_y)}, and {figure(expected)} was expected"
    became = f"the loss went from {figure(loss)} to {figure(new_loss)}"
    if new_loss == loss:
        return [f"Nothing has changed: the answer is still {figure(y)}. A learning rate of 0 is no nudge at all."]
    why = (
        "A subtraction has a direction. The difference is negative where the net answers too little and positive "
        "where it answers too much, and there is always something smaller than it, without end."
    )
    here = (
        "Where the net answers too little already, making the difference smaller makes the answer worse."
        if loss < 0
        else "So the nudge did not come to rest at the goal, but went on past it."
    )
    if abs(new_loss) > abs(loss):
        return [
            f"{went}: it has moved away. And {became}. That is smaller, just as ordered: {figure(new_loss)} is less "
            f"than {figure(loss)}. But it is further from 0, and so it is worse.",
            f"The gradient is not to blame; it did what it was asked to. The question was wrong. {why} {here}",
        ]
    return [
        f"{went}; {became}. It is closer to 0, and so it is better. Only it was luck.",
        f"{why} Here the net answered too much, and so smaller was better. Had it answered too little, the same nudge "
        "would have moved it away from the goal; and at 0 it will not stop.",
    ]


def about_difference_plot(way: Way) -> str:
    """What is seen where the nudges are drawn on the plain difference."""
    words = "The difference over w is a straight line. It passes through 0 at the goal, and does not stop there"
    ws, goal = way.ws, way.goal
    if len(ws) < 2:
        return f"{words}. With a learning rate of 0 there are no nudges to draw."
    start, side = ws[0], "left" if ws[1] < ws[0] else "right"
    toward = (goal - start) * (ws[1] - start) > 0
    where = "to the goal and past it" if toward else "away from the goal"
    return (
        f"{words}: to the {side} it goes down without end. The nudges{_to_an_arrow(way.every)} follow it, {where}, "
        "all of the same length."
    )


def about_square_plot(way: Way) -> str:
    """What is seen where the nudges are drawn on the square."""
    words = "The square over w is a valley, and its lowest point is the goal"
    ws, losses, goal = way.ws, way.losses, way.goal
    if len(ws) < 2:
        return f"{words}. There are no nudges to draw: w stays where it is."
    arrows = _to_an_arrow(way.every)
    first, last = abs(ws[0] - goal), abs(ws[-1] - goal)
    if losses[1] > losses[0]:
        return f"{words}. The nudges{arrows} jump across it, and each ends higher up on the other side."
    if losses[1] == losses[0]:
        return f"{words}. The nudges{arrows} jump across it, and each ends as high up on the other side."
    if losses[1] == 0 and way.every == 1:
        return f"{words}. The first nudge lands right there, and there is no other."
    if (ws[1] - goal) * (ws[0] - goal) < 0:
        return f"{words}. The nudges{arrows} jump across it, and each ends lower down on the other side."
    if last == 0 or last < 0.7 * first:
        return f"{words}. The nudges{arrows} lead down to it, and become shorter as the slope gets flatter."
    return f"{words}. The nudges{arrows} lead toward it, in very small steps."


def _to_an_arrow(every: int) -> str:
    return "" if every == 1 else f", {every:,} to an arrow,"


def about_squared_nudge(before: float, after: float, loss: float, new_loss: float) -> str:
    if loss == 0:
        return "The loss is 0 and so is its gradient: at the goal there is no nudge, and w stays where it is."
    if after == before:
        return "w has not moved, since a learning rate of 0 is no nudge at all."
    way = "up" if after > before else "down"
    moved = f"This time w went {way}, from {figure(before)} to {figure(after)}, and the loss"
    if new_loss < loss:
        return (
            f"{moved} went down, from {figure(loss)} to {figure(new_loss)}. It is better, and it counts as better. "
            "With this loss the nudge goes toward the goal from either side, and is smaller the closer it is."
        )
    return (
        f"{moved} went from {figure(loss)} to {figure(new_loss)}, which is no better. The direction is right, but the "
        "nudge is so large that it goes past the goal: the learning rate is too high."
    )


def about_steps(steps: int, start: float, w: float, goal: float) -> str:
    moved = f"{steps} steps have taken w from {figure(start)} to {figure(w)}; the goal is {figure(goal)}."
    before, now = abs(goal - start), abs(goal - w)
    if now == 0:
        return f"{moved} It is there, to the last digit."
    if now < before:
        return f"{moved} Not there yet, but on the way."
    return f"{moved} It is not getting closer."


def about_training(losses: np.ndarray, learning_rate: float) -> str:
    """The course of the losses in words."""
    first, last, count = float(losses[0]), float(losses[-1]), len(losses)
    if first == 0:
        return "The loss was 0 from the beginning, and stays there."
    if last > first:
        return (
            f"The loss grows, from {figure(first)} to {figure(last)}. A learning rate of {figure(learning_rate)} is "
            "too high: each nudge goes past the goal, and comes to rest on its other side, "
            f"{math.sqrt(float(losses[1]) / first):.3g} times as far from it as before."
        )
    if last == first and learning_rate > 0:
        return (
            f"The loss stays at {figure(first)}. Each nudge goes past the goal, and comes to rest on its other side, "
            "as far from it as before. The learning rate is just too high."
        )
    if last == first:
        return f"The loss stays at {figure(first)}; nothing is learned."
    half = int(np.argmax(losses <= first / 2))
    share = 1 - float(losses[1]) / first
    words = f"In words: the loss falls from {figure(first)} to {figure(last)}."
    if last <= first / 2:
        words += f" Half of it is gone after {half} step{'' if half == 1 else 's'}."
    if last > 0 and share < 0.5 and count > 2:
        words += (
            f" Each step takes off about {100 * share:.2g} % of what is left, so the loss falls fast at first, then "
            "ever more slowly."
        )
    return words


def about_question(x: float, question: float, answer: float, expected: float) -> str:
    wanted = expected / x * question
    off = abs(answer - wanted)
    if off > 0.05 * abs(wanted):
        return (
            f"If it had learned its example, it would answer {figure(wanted)}. It answers {figure(answer)}: this "
            "training was not a success."
        )
    near = "exactly" if off == 0 else "close to"
    return (
        f"Nobody told it about {figure(question)}, and yet its answer is {near} {figure(wanted)}, which is what the "
        "rule behind the example gives. A net that has found the rule can answer questions that it has never seen."
    )
