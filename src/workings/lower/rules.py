"""The rule of every op that is neither elementwise nor a view; a family of ops is a file."""

from __future__ import annotations

from collections.abc import Mapping

from workings.lower import einsum, fold, gather, join, order, pool, product, random, turns, window
from workings.lower.lowering import Rule

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = {
    **einsum.RULES,
    **fold.RULES,
    **gather.RULES,
    **join.RULES,
    **order.RULES,
    **pool.RULES,
    **product.RULES,
    **random.RULES,
    **turns.RULES,
    **window.RULES,
}
