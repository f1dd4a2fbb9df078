"""How `loss` is trained: 100 steps of gradient descent.

The parameter is w, given x and expected. Each step computes the loss, then its derivative with
respect to each parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(w, x, expected, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        y = w * x
        z = y - expected
        loss = np.square(z)
        losses[step] = loss

        # Backward pass: d_z is the derivative of loss with respect to z
        d_z = 2 * z
        d_w = d_z * x

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.isfinite(w)):
            return w, step + 1

    return w, last


if __name__ == "__main__":
    # Start values
    w = np.float64(0.5)

    # Data
    x = np.float64(1.0)
    expected = np.float64(2.0)

    # Settings
    learning_rate = np.float64(0.01)

    losses = np.empty(100)
    w, step = train(w, x, expected, learning_rate, losses, 0, 100)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
