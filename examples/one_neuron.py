"""The net of the lesson: one neuron that learns to double.

workings train examples/one_neuron.py
workings explain examples/one_neuron.py
workings write examples/one_neuron.py
"""

import workings as wk


def loss(w, x, expected):
    y = w * x
    return (y - expected) ** 2


parameters = {"w": 0.5}
data = {"x": 1.0, "expected": 2.0}
optimizer = wk.SGD(0.01)
steps = 100
