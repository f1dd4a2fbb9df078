"""How `loss` is trained: 40 steps of gradient descent.

The parameter is w, given x. Each step computes the loss, then its derivative with respect to each
parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(w, m, s, k, x, rate, losses, first, last):
    """Run the steps from `first` up to `last`; return w, m, s, k and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        y = x @ w
        z = y - 1
        loss = np.mean(np.square(z))
        losses[step] = loss

        # Backward pass: d_z is the derivative of loss with respect to z
        d_z = 1 / 15 * (2 * z)
        d_w = x.T @ d_z

        # Nudge each parameter against its gradient
        w_next = (w - rate * d_w).T
        m_next = 0.5 * m.T + w_next
        s = np.ascontiguousarray(np.broadcast_to(np.sum(m_next, axis=0), (2, 3)))
        k = np.where(loss < k, loss, k)[()]
        w = np.ascontiguousarray(w_next)
        m = np.ascontiguousarray(m_next)

        # Leave when a value is no longer finite
        if not np.all(np.isfinite(w_next)):
            return w, m, s, k, step + 1

    return w, m, s, k, last


if __name__ == "__main__":
    # Start values
    w = np.array([
        [2.0409191213851825, -2.5556650313141818, 0.41809884672577885],
        [-0.5677696061279298, -0.45264929211044586, -0.2155971630897659],
        [-2.019986129147251, -0.23193237764418947, -0.8652130762749417],
    ])
    m = np.zeros((3, 3))
    s = np.zeros((2, 3))
    k = np.float64(10.0)

    # Data
    x = np.array([
        [3.3229995166448827, 0.22578661322792176, -0.3526307943415954],
        [-0.2812874181513504, -0.6680463461089501, -1.0551505512051214],
        [-0.39080097723465473, 0.48194538850678587, -0.2385536065733667],
        [0.9577587029597641, -0.19980212906658, 0.024259565076664623],
        [1.545820851212812, 0.5451055226876446, -0.505228735614018],
    ])

    # Settings
    rate = np.float64(0.1)

    losses = np.empty(40)
    w, m, s, k, step = train(w, m, s, k, x, rate, losses, 0, 40)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("w =", w)
