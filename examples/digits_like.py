"""Images of digits, 8 by 8 and made here with noise, told apart by a net with one hidden layer of 32 neurons.

    workings summary examples/digits_like.py
    workings train examples/digits_like.py --out digits.safetensors

`data` is a function of a random generator here; --seed draws other images.
"""

import numpy as np

import workings as wk
from workings import nn

EACH = 80  # images of each digit
FONT = """
### .#. ### ### #.# ### ### ### ### ###
#.# ##. ..# ..# #.# #.. #.. ..# #.# #.#
#.# .#. ### ### ### ### ### .#. ### ###
#.# .#. #.. ..# ..# ..# #.# .#. #.# ..#
### ### ### ### ..# ### ### .#. ### ###
"""


def data(rng):
    rows = [line.split() for line in FONT.strip().splitlines()]
    digits = np.array([[[c == "#" for c in row[d]] for row in rows] for d in range(10)], float)
    labels = rng.permutation(np.repeat(np.arange(10), EACH))
    images = np.zeros((len(labels), 8, 8))
    for image, label in zip(images, labels, strict=True):
        down, right = rng.integers(1, 3), rng.integers(2, 4)  # 5 by 3 pixels, not always in one place
        image[down : down + 5, right : right + 3] = digits[label] * rng.uniform(0.6, 1.0)
    images += rng.normal(0, 0.08, images.shape)
    return images.reshape(-1, 64), labels


model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
loss = "cross_entropy"
optimizer = wk.Adam(0.01)
batch_size = 32
epochs = 15
validation = 0.2
stratify = True
metrics = "accuracy"
