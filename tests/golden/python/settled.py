"""How `loss` is trained: 100 steps of gradient descent.

The parameter is w, given x. Each step computes the loss, then its derivative with respect to each
parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(w, loss_before, x, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w, loss_before and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        z_2 = w * x - 2
        loss = np.square(z_2)
        losses[step] = loss

        # Backward pass: d_z_2 is the derivative of loss with respect to z_2
        d_z_2 = 2 * z_2
        d_w = d_z_2 * x

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w

        # Check the values before they are handed on to the next step
        finite = np.isfinite(w)
        stop = np.absolute(loss_before - loss) < 0.0001
        loss_before = loss

        # Leave when a value is no longer finite
        if not finite:
            return w, loss_before, step + 1

        # Leave when a stop condition is met
        if stop:
            return w, loss_before, step + 1

    return w, loss_before, last


if __name__ == "__main__":
    # Start values
    w = np.float64(0.5)
    loss_before = np.float64(np.inf)

    # Data
    x = np.float64(1.0)

    # Settings
    learning_rate = np.float64(0.05)

    losses = np.empty(100)
    w, loss_before, step = train(w, loss_before, x, learning_rate, losses, 0, 100)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
