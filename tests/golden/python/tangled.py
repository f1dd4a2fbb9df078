"""How `loss` is trained: 30 steps of gradient descent.

The parameter is w, given x. Each step computes the loss, then its derivative with respect to each
parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(a, b, c, d, w, x, rate, losses, first, last):
    """Run the steps from `first` up to `last`; return a, b, c, d, w and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        z_2 = w * x - a
        loss = np.square(z_2)
        losses[step] = loss

        # Backward pass: d_z_2 is the derivative of loss with respect to z_2
        d_z_2 = 2 * z_2
        d_w = d_z_2 * x

        # Nudge each parameter against its gradient
        w_next = w - rate * d_w
        d_next = 0.5 * d + w
        c = c + w_next * d
        d = d_next
        w = w_next
        a, b = b, a

        # Leave when a value is no longer finite
        if not np.isfinite(loss):
            return a, b, c, d, w, step + 1

        # Leave when a stop condition is met
        if w_next > 100:
            return a, b, c, d, w, step + 1

    return a, b, c, d, w, last


if __name__ == "__main__":
    # Start values
    a = np.float64(1.0)
    b = np.float64(2.0)
    c = np.float64(0.0)
    d = np.float64(3.0)
    w = np.float64(0.25)

    # Data
    x = np.float64(1.0)

    # Settings
    rate = np.float64(0.1)

    losses = np.empty(30)
    a, b, c, d, w, step = train(a, b, c, d, w, x, rate, losses, 0, 30)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
