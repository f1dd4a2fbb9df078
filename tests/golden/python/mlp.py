"""How `loss` is trained: 200 steps of gradient descent.

The parameters are w1, b1, w2 and b2, given x and t. Each step computes the loss, then its
derivative with respect to each parameter, and nudges the parameters so that the loss goes down.
"""

from pathlib import Path

import numpy as np


def train(w1, b1, w2, b2, x, t, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w1, b1, w2, b2 and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        h = np.tanh(x @ w1 + b1)
        logits = h @ w2 + b2
        z_4 = np.max(logits, axis=1, keepdims=True)
        shifted = logits - z_4
        z_5 = np.exp(shifted)
        z_6 = np.sum(z_5, axis=1, keepdims=True)
        log_p = shifted - np.log(z_6)
        loss = -np.mean(np.sum(t * log_p, axis=1))
        losses[step] = loss

        # Backward pass: d_log_p is the derivative of loss with respect to log_p
        d_log_p = -1 / 20 * t
        d_z_6 = np.sum(-d_log_p, axis=1, keepdims=True) / z_6
        d_shifted = d_log_p + d_z_6 * z_5
        d_z_4 = np.sum(-d_shifted, axis=1, keepdims=True)
        g_5 = (logits == z_4).astype(np.float64)
        d_logits = d_shifted + d_z_4 * (g_5 / np.sum(g_5, axis=1, keepdims=True))
        d_b2 = np.sum(d_logits, axis=0)
        d_h = d_logits @ w2.T
        d_w2 = h.T @ d_logits
        d_z_2 = d_h * (1 - np.square(h))
        d_b1 = np.sum(d_z_2, axis=0)
        d_w1 = x.T @ d_z_2

        # Nudge each parameter against its gradient
        w1 = w1 - learning_rate * d_w1
        b1 = b1 - learning_rate * d_b1
        w2 = w2 - learning_rate * d_w2
        b2 = b2 - learning_rate * d_b2

        # Leave when a value is no longer finite
        if not (
            np.isfinite(loss)
            and np.all(np.isfinite(w1))
            and np.all(np.isfinite(b1))
            and np.all(np.isfinite(w2))
            and np.all(np.isfinite(b2))
        ):
            return w1, b1, w2, b2, step + 1

    return w1, b1, w2, b2, last


if __name__ == "__main__":
    start = np.load(Path(__file__).with_suffix(".npz"))

    # Start values
    w1 = start["w1"]
    b1 = np.zeros(32)
    w2 = start["w2"]
    b2 = np.zeros(10)

    # Data
    x = start["x"]
    t = start["t"]

    # Settings
    learning_rate = np.float64(0.5)

    losses = np.empty(200)
    w1, b1, w2, b2, step = train(w1, b1, w2, b2, x, t, learning_rate, losses, 0, 200)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("b2 =", b2)
