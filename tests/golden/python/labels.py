"""How `loss` is trained: 50 steps of gradient descent.

The parameter is w, given x and t. Each step computes the loss, then its derivative with respect to
each parameter, and nudges the parameters so that the loss goes down.
"""

from pathlib import Path

import numpy as np


def train(w, x, t, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w and the step reached.

    The loss before each step goes into `losses`.
    """
    constant = np.arange(40)
    for step in range(first, last):
        # Forward pass
        scores = x @ w
        z = np.max(scores, axis=1, keepdims=True)
        shifted = scores - z
        z_2 = np.exp(shifted)
        z_3 = np.sum(z_2, axis=1, keepdims=True)
        log_p = shifted - np.log(z_3)
        picked = log_p[constant, t]
        loss = -np.mean(picked)
        losses[step] = loss

        # Backward pass: d_picked is the derivative of loss with respect to picked
        d_picked = np.broadcast_to(np.float32(-0.025), (40,))
        d_log_p = np.zeros((40, 3), dtype=np.float32)
        np.add.at(d_log_p, (constant, t), d_picked)
        d_z_3 = np.sum(-d_log_p, axis=1, keepdims=True) / z_3
        d_shifted = d_log_p + d_z_3 * z_2
        d_z = np.sum(-d_shifted, axis=1, keepdims=True)
        g_5 = (scores == z).astype(np.float32)
        d_scores = d_shifted + d_z * (g_5 / np.sum(g_5, axis=1, keepdims=True))
        d_w = x.T @ d_scores

        # Nudge each parameter against its gradient
        w = w - learning_rate * d_w

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.all(np.isfinite(w))):
            return w, step + 1

    return w, last


if __name__ == "__main__":
    start = np.load(Path(__file__).with_suffix(".npz"))

    # Start values
    w = np.zeros((5, 3), dtype=np.float32)

    # Data
    x = start["x"]
    t = start["t"]

    # Settings
    learning_rate = np.float32(0.1)

    losses = np.empty(50, dtype=np.float32)
    w, step = train(w, x, t, learning_rate, losses, 0, 50)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
