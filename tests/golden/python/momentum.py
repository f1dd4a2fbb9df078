"""How `loss` is trained: 60 steps of gradient descent.

The parameter is w, given x and t. Each step computes the loss, then its derivative with respect to
each parameter, and nudges the parameters so that the loss goes down.
"""

from pathlib import Path

import numpy as np


def train(w, velocity, x, t, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w, velocity and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        y = x @ w
        z = y - t
        loss = np.mean(np.square(z))
        losses[step] = loss

        # Backward pass: d_z is the derivative of loss with respect to z
        d_z = 1 / 30 * (2 * z)
        d_w = x.T @ d_z

        # Nudge each parameter against its gradient
        velocity = 0.9 * velocity + d_w
        w = w - learning_rate * velocity

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.all(np.isfinite(w))):
            return w, velocity, step + 1

    return w, velocity, last


if __name__ == "__main__":
    start = np.load(Path(__file__).with_suffix(".npz"))

    # Start values
    w = np.array([0.0, 0.0, 0.0, 0.0])
    velocity = np.array([0.0, 0.0, 0.0, 0.0])

    # Data
    x = start["x"]
    t = start["t"]

    # Settings
    learning_rate = np.float64(0.01)

    losses = np.empty(60)
    w, velocity, step = train(w, velocity, x, t, learning_rate, losses, 0, 60)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
