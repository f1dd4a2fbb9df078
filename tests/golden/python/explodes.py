"""How `loss` is trained: 50 steps of gradient descent.

The parameter is w, given x. Each step computes the loss, then its derivative with respect to each
parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(w, x, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        z = w * x
        y = np.square(z)
        loss = np.square(y)
        losses[step] = loss

        # Backward pass: d_y is the derivative of loss with respect to y
        d_y = 2 * y
        d_z = d_y * (2 * z)
        d_w = d_z * x

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.isfinite(w)):
            return w, step + 1

    return w, last


if __name__ == "__main__":
    # Start values
    w = np.float64(3.0)

    # Data
    x = np.float64(1.0)

    # Settings
    learning_rate = np.float64(0.5)

    losses = np.empty(50)
    w, step = train(w, x, learning_rate, losses, 0, 50)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
