"""How `squared_distance` is trained: 25 steps of gradient descent.

The parameters are coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5,
coefficient_6, coefficient_7, coefficient_8, coefficient_9, coefficient_10, coefficient_11 and
coefficient_12, given x and expected. Each step computes the loss, then its derivative with respect
to each parameter, and nudges the parameters so that the loss goes down.
"""

import numpy as np


def train(
    coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5, coefficient_6,
    coefficient_7, coefficient_8, coefficient_9, coefficient_10, coefficient_11, coefficient_12, x,
    expected, learning_rate, losses, first, last,
):
    """Run the steps from `first` up to `last`; return coefficient_1, coefficient_2, coefficient_3,
    coefficient_4, coefficient_5, coefficient_6, coefficient_7, coefficient_8, coefficient_9,
    coefficient_10, coefficient_11, coefficient_12 and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        z_2 = np.square(x)
        z_5 = np.power(x, 3)
        z_8 = np.power(x, 4)
        z_7 = coefficient_1 * x + coefficient_2 * z_2 + coefficient_3 * z_5
        z_11 = np.power(x, 5)
        z_14 = np.power(x, 6)
        z_17 = np.power(x, 7)
        z_16 = z_7 + coefficient_4 * z_8 + coefficient_5 * z_11 + coefficient_6 * z_14
        z_20 = np.power(x, 8)
        z_23 = np.power(x, 9)
        z_26 = np.power(x, 10)
        z_25 = z_16 + coefficient_7 * z_17 + coefficient_8 * z_20 + coefficient_9 * z_23
        z_29 = np.power(x, 11)
        z_32 = np.power(x, 12)
        z_34 = z_25 + coefficient_10 * z_26 + coefficient_11 * z_29 + coefficient_12 * z_32
        z_35 = z_34 - expected
        squared_distance = np.square(z_35)
        losses[step] = squared_distance

        # Backward pass: d_z_35 is the derivative of squared_distance with respect to z_35
        d_z_35 = 2 * z_35
        d_coefficient_12 = d_z_35 * z_32
        d_coefficient_11 = d_z_35 * z_29
        d_coefficient_10 = d_z_35 * z_26
        d_coefficient_9 = d_z_35 * z_23
        d_coefficient_8 = d_z_35 * z_20
        d_coefficient_7 = d_z_35 * z_17
        d_coefficient_6 = d_z_35 * z_14
        d_coefficient_5 = d_z_35 * z_11
        d_coefficient_4 = d_z_35 * z_8
        d_coefficient_3 = d_z_35 * z_5
        d_coefficient_2 = d_z_35 * z_2
        d_coefficient_1 = d_z_35 * x

        # Nudge each parameter against its gradient
        coefficient_1 = coefficient_1 - learning_rate * d_coefficient_1
        coefficient_2 = coefficient_2 - learning_rate * d_coefficient_2
        coefficient_3 = coefficient_3 - learning_rate * d_coefficient_3
        coefficient_4 = coefficient_4 - learning_rate * d_coefficient_4
        coefficient_5 = coefficient_5 - learning_rate * d_coefficient_5
        coefficient_6 = coefficient_6 - learning_rate * d_coefficient_6
        coefficient_7 = coefficient_7 - learning_rate * d_coefficient_7
        coefficient_8 = coefficient_8 - learning_rate * d_coefficient_8
        coefficient_9 = coefficient_9 - learning_rate * d_coefficient_9
        coefficient_10 = coefficient_10 - learning_rate * d_coefficient_10
        coefficient_11 = coefficient_11 - learning_rate * d_coefficient_11
        coefficient_12 = coefficient_12 - learning_rate * d_coefficient_12

        # Leave when a value is no longer finite
        if not (
            np.isfinite(squared_distance)
            and np.isfinite(coefficient_1)
            and np.isfinite(coefficient_2)
            and np.isfinite(coefficient_3)
            and np.isfinite(coefficient_4)
            and np.isfinite(coefficient_5)
            and np.isfinite(coefficient_6)
            and np.isfinite(coefficient_7)
            and np.isfinite(coefficient_8)
            and np.isfinite(coefficient_9)
            and np.isfinite(coefficient_10)
            and np.isfinite(coefficient_11)
            and np.isfinite(coefficient_12)
        ):
            return (
                coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5,
                coefficient_6, coefficient_7, coefficient_8, coefficient_9, coefficient_10,
                coefficient_11, coefficient_12, step + 1,
            )

    return (
        coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5, coefficient_6,
        coefficient_7, coefficient_8, coefficient_9, coefficient_10, coefficient_11, coefficient_12,
        last,
    )


if __name__ == "__main__":
    # Start values
    coefficient_1 = np.float64(0.1)
    coefficient_2 = np.float64(0.2)
    coefficient_3 = np.float64(0.30000000000000004)
    coefficient_4 = np.float64(0.4)
    coefficient_5 = np.float64(0.5)
    coefficient_6 = np.float64(0.6000000000000001)
    coefficient_7 = np.float64(0.7000000000000001)
    coefficient_8 = np.float64(0.8)
    coefficient_9 = np.float64(0.9)
    coefficient_10 = np.float64(1.0)
    coefficient_11 = np.float64(1.1)
    coefficient_12 = np.float64(1.2000000000000002)

    # Data
    x = np.float64(0.5)
    expected = np.float64(1.0)

    # Settings
    learning_rate = np.float64(0.01)

    losses = np.empty(25)
    (
        coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5, coefficient_6,
        coefficient_7, coefficient_8, coefficient_9, coefficient_10, coefficient_11, coefficient_12,
        step,
    ) = train(
        coefficient_1, coefficient_2, coefficient_3, coefficient_4, coefficient_5, coefficient_6,
        coefficient_7, coefficient_8, coefficient_9, coefficient_10, coefficient_11, coefficient_12,
        x, expected, learning_rate, losses, 0, 25,
    )
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
    print("coefficient_1 =", coefficient_1)
    print("coefficient_2 =", coefficient_2)
    print("coefficient_3 =", coefficient_3)
    print("coefficient_4 =", coefficient_4)
    print("coefficient_5 =", coefficient_5)
    print("coefficient_6 =", coefficient_6)
    print("coefficient_7 =", coefficient_7)
    print("coefficient_8 =", coefficient_8)
    print("coefficient_9 =", coefficient_9)
    print("coefficient_10 =", coefficient_10)
    print("coefficient_11 =", coefficient_11)
    print("coefficient_12 =", coefficient_12)
