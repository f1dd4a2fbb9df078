"""A line through points that scatter around y = 2 x − 1, by gradient descent on the mean squared error.

workings train examples/line.py --until-change 1e-9
"""

import numpy as np

import workings as wk


def loss(slope, offset, x, y):
    error = slope * x + offset - y
    return np.mean(error**2)


def data(rng):
    x = np.linspace(-1, 1, 50)
    return {"x": x, "y": 2 * x - 1 + rng.normal(0, 0.1, x.shape)}


parameters = {"slope": 0.0, "offset": 0.0}
optimizer = wk.SGD(0.1)
steps = 500
