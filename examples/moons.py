"""Two half moons of points, told apart by a net with one hidden layer of 16 neurons.

    workings train examples/moons.py --out moons.npz
    workings write examples/moons.py --out moons_program.py

`parameters` and `data` are functions of a random generator here; --seed draws others.
"""

import numpy as np

import workings as wk

POINTS = 100  # of each moon


def loss(parameters, points, upper):
    h = np.tanh(points @ parameters["w1"] + parameters["b1"])
    score = h @ parameters["w2"] + parameters["b2"]
    # the cross-entropy of a sigmoid: softplus(score) − upper · score, without overflow
    return np.mean(np.logaddexp(0, score) - upper * score)


def parameters(rng):
    return {
        "w1": rng.normal(0, 1, (2, 16)),
        "b1": np.zeros(16),
        "w2": rng.normal(0, 0.25, 16),
        "b2": 0.0,
    }


def data(rng):
    angle = rng.uniform(0, np.pi, (2, POINTS))
    upper = np.stack([np.cos(angle[0]), np.sin(angle[0])], axis=1)
    lower = np.stack([1 - np.cos(angle[1]), 0.5 - np.sin(angle[1])], axis=1)
    points = np.concatenate([upper, lower]) + rng.normal(0, 0.1, (2 * POINTS, 2))
    return {"points": points, "upper": np.repeat([1.0, 0.0], POINTS)}


optimizer = wk.SGD(0.5)
steps = 2000
