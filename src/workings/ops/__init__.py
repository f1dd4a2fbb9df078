"""The ops: one record for each primitive, in families. Importing this package enters them in the registry."""

from workings.ops import arithmetic, choose, control, index, linear, move, reduce, smooth

__all__ = ["arithmetic", "choose", "control", "index", "linear", "move", "reduce", "smooth"]
