"""How `loss` is trained: 20 steps of gradient descent.

The parameter is w, given x. Each step computes the loss, then its derivative with respect to each
parameter, and nudges the parameters so that the loss goes down.
"""

import math
from pathlib import Path

import numpy as np


def erf(x):
    """The error function, element by element; in float32 a quotient, right to 4 · 2⁻²³ of its value."""
    if x.dtype != np.float32:
        return np.vectorize(math.erf, otypes=[x.dtype])(x)[()]
    p = np.array([6.571955e-06, 0.0004052885, 0.004191926, 0.05556873, 0.1924245, 1.128379226], x.dtype)
    q = np.array([2.48051e-07, 7.09922e-05, 0.00140641816, 0.01620646194, 0.117201008, 0.50386524, 1], x.dtype)
    x = np.clip(x, -3.92, 3.92)  # from there on it is 1
    square = x * x
    y = x * (np.polyval(p, square) / np.polyval(q, square))
    return np.clip(y, -1, 1)


def train(w, x, mask, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w and the step reached.

    The loss before each step goes into `losses`.
    """
    scale = np.array([0.5, 2.0], dtype=np.float32)
    for step in range(first, last):
        # Forward pass
        z = x * scale
        h = z * w
        z_2 = 0.5 * h
        z_3 = h / 1.4142135
        z_5 = 1 + erf(z_3)
        smooth = z_2 * z_5
        clipped = np.clip(smooth, -0.1, 1.9)
        z_6 = clipped > 0.1
        chosen = np.where(z_6, clipped, 0)
        z_7 = chosen - mask
        loss = np.mean(np.square(z_7))
        losses[step] = loss

        # Backward pass: d_z_7 is the derivative of loss with respect to z_7
        d_z_7 = 1 / 24 * (2 * z_7)
        d_clipped = np.where(z_6, d_z_7, 0)
        d_smooth = np.where(np.logical_and(smooth >= -0.1, smooth <= 1.9), d_clipped, 0)
        d_z_2 = d_smooth * z_5
        d_z_5 = d_smooth * z_2
        d_z_3 = d_z_5 * (1.1283792 * np.exp(-np.square(z_3)))
        d_h = d_z_3 / 1.4142135 + d_z_2 * 0.5
        d_w = np.sum(d_h * z, axis=0)

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.all(np.isfinite(w))):
            return w, step + 1

    return w, last


if __name__ == "__main__":
    start = np.load(Path(__file__).with_suffix(".npz"))

    # Start values
    w = np.array([1.0, -1.0], dtype=np.float32)

    # Data
    x = start["x"]

    # Constants of the net
    mask = start["mask"]

    # Settings
    learning_rate = np.float32(0.1)

    losses = np.empty(20, dtype=np.float32)
    w, step = train(w, x, mask, learning_rate, losses, 0, 20)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
