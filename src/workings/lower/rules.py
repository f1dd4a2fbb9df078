"""The rule of every op that is neither elementwise nor a view; a family of ops is a file."""

from __future__ import annotations

from collections.abc import Mapping

from workings.lower import fold, gather, pool, product, random, turns, window
from workings.lower.lowering import Rule

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = {
    **fold.RULES,
    **gather.RULES,
    **pool.RULES,
    **product.RULES,
    **random.RULES,
    **turns.RULES,
    **window.RULES,
}
