"""The ops: one record for each primitive, in families. Importing this package enters them in the registry."""

from workings.ops import arithmetic, bits, choose, control, index, linear, move, random, reduce, smooth

__all__ = ["arithmetic", "bits", "choose", "control", "index", "linear", "move", "random", "reduce", "smooth"]
