"""Functions that NumPy lacks: activations, softmax and its kin, `erf`. They take arrays and traced values alike.

>>> from workings.functions import softmax
>>> softmax([0.0, 0.0]).tolist()
[0.5, 0.5]
"""

from __future__ import annotations

from workings.ops.functions import (
    erf,
    gelu,
    leaky_relu,
    log_softmax,
    logsumexp,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    std,
    stop_gradient,
    take,
    var,
)

__all__ = [
    "erf",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "std",
    "stop_gradient",
    "take",
    "var",
]
