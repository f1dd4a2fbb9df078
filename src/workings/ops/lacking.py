"""What NumPy lacks, as short functions that a written program copies into its preamble.

Each uses `np`, `math`, its arguments and one another alone, so that its source can stand anywhere.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["erf", "getitem", "put"]


def erf(x):
    """The error function, element by element."""
    return np.vectorize(math.erf, otypes=[x.dtype])(x)[()]


def getitem(x, *indices, key):
    """x[key]; each "array" in the key stands for the next of the indices."""
    rest = iter(indices)
    return x[tuple(next(rest) if isinstance(part, str) else part for part in key)]


def put(values, *indices, shape, key):
    """Zeros of the given shape, with the values added at the key."""
    rest = iter(indices)
    zeros = np.zeros(shape, values.dtype)
    np.add.at(zeros, tuple(next(rest) if isinstance(part, str) else part for part in key), values)
    return zeros
