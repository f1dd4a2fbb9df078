"""The ops: one record for each primitive, in families. Importing this package enters them in the registry."""

from workings.ops import arithmetic, choose, einsum, index, linear, move, order, reduce, smooth, window

__all__ = ["arithmetic", "choose", "einsum", "index", "linear", "move", "order", "reduce", "smooth", "window"]
