"""How `loss` is trained: 100 steps of gradient descent.

The parameters are w and b, given x and t. Each step computes the loss, then its derivative with
respect to each parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(w, b, x, t, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w, b and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        y = w * x + b
        z_2 = y - t
        loss = np.square(z_2)
        losses[step] = loss

        # Backward pass: d_z_2 is the derivative of loss with respect to z_2
        d_z_2 = 2 * z_2
        d_b = d_z_2
        d_w = d_z_2 * x

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w
        b = b - learning_rate * d_b

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.isfinite(w) and np.isfinite(b)):
            return w, b, step + 1

        # Leave when a stop condition is met
        if loss < 0.001:
            return w, b, step + 1

    return w, b, last


if __name__ == "__main__":
    # Start values
    w = np.float64(0.5)
    b = np.float64(0.1)

    # Data
    x = np.float64(1.5)
    t = np.float64(2.0)

    # Settings
    learning_rate = np.float64(0.01)

    losses = np.empty(100)
    w, b, step = train(w, b, x, t, learning_rate, losses, 0, 100)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
    print("b =", b)
