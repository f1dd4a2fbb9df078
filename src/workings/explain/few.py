"""Many parameters in few lines: what is said of each of them is said of all together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workings.explain.check import rounded
from workings.explain.setting import Setting
from workings.explain.steps import Check, Nudge, Remark, Step, Words

__all__ = ["few_checks", "few_nudges"]


def few_nudges(setting: Setting, steps: Sequence[Step], most: int) -> list[Step]:
    """The nudges; where there are more than so many, the first one and how far the others go."""
    nudges = [step for step in steps if isinstance(step, Nudge)]
    if len(nudges) <= max(most, 1):
        return list(steps)
    first, *others = nudges
    moves = sorted((float(np.max(np.abs(n.value - n.before), initial=0.0)), i) for i, n in enumerate(others))
    (least, a), (farthest, b) = moves[0], moves[-1]
    words: Words = (
        f"so too the other {len(others):,}, by the same rule: by at most {rounded(least, 2)} (",
        setting.symbol(others[a].node),
        f") to {rounded(farthest, 2)} (",
        setting.symbol(others[b].node),
        ")",
    )
    rest = [step for step in steps if not isinstance(step, Nudge)]
    return [first, Remark(words), *rest]


def few_checks(checks: Sequence[Check], most: int) -> list[Step]:
    """The checks; where there are more than so many, those that fail, and how far the others are apart at most."""
    passed = [check for check in checks if check.ok]
    if len(passed) <= max(most, 1):
        return list(checks)
    words: list[Any] = [f"{len(passed):,} gradients agree:"]
    for place in range(1, min(len(check.rows) for check in passed)):
        worst = max(passed, key=lambda check: check.rows[place].difference or 0.0)
        apart = worst.rows[place].difference or 0.0
        far = f"at most {rounded(apart, 2)} apart" if apart else "the same to the last bit"
        words += ["," if place > 1 else "", " ", *worst.rows[place].label, f" {far}"]
        words += [" (", worst.left, ")"] if apart else []
    return [Remark(tuple(words)), *(check for check in checks if not check.ok)]
