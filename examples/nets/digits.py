"""Handwritten digits, told apart by a net of matrices and by one of convolutions.

    python examples/nets/digits.py            scikit-learn's 1,797 digits of 8 × 8 pixels (needs scikit-learn)
    python examples/nets/digits.py FOLDER     MNIST's, of 28 × 28 pixels: any pair *-images-idx3-ubyte.gz and
                                              *-labels-idx1-ubyte.gz in the folder

A part of the digits, the same share of each class, is held out, and asked about at the end alone.
"""

import sys
from pathlib import Path

import numpy as np

import workings as wk
from workings import nn


def small_digits():
    """Images, (1797, 1, 8, 8) with values from 0 to 1, and their labels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images.reshape(-1, 1, 8, 8).astype(np.float32) / 16, labels


def mnist(folder):
    """Images, (…, 1, 28, 28) with values from 0 to 1, and their labels, of all pairs of files in the folder."""
    pairs = [(path, path.with_name(path.name.replace("images-idx3", "labels-idx1"))) for path in images_in(folder)]
    images = np.concatenate([wk.data.read_idx(images) for images, _ in pairs])
    labels = np.concatenate([wk.data.read_idx(labels) for _, labels in pairs])
    return images[:, np.newaxis].astype(np.float32) / 255, labels.astype(int)


def images_in(folder):
    """The files of images in a folder."""
    return sorted(Path(folder).glob("*-images-idx3-ubyte*"))


def perceptron(pixels, hidden):
    """Two hidden layers, with dropout."""
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(pixels**2, hidden, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(hidden, hidden, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(hidden, 10, rng=rng),
    )


def convolutional(pixels, channels):
    """Two convolutions, the largest of 2 × 2 places, two matrices; larger images are made smaller in between too."""
    rng = np.random.default_rng(0)
    between = [nn.MaxPool2d(2)] if pixels > 16 else []
    places = (pixels // 4 if between else pixels // 2) ** 2
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding="same", rng=rng),
        nn.ReLU(),
        *between,
        nn.Conv2d(channels, 2 * channels, 3, padding="same", rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(2 * channels * places, 128, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10, rng=rng),
    )


def shifted(most):
    """A function that moves each image of a batch by up to `most` pixels, down or up and across."""

    def augment(images):
        count, _, height, width = images.shape
        moves = wk.random.bits(wk.random.next_key(), (count, 2)) % (2 * most + 1)
        framed = np.pad(images, ((0, 0), (0, 0), (most, most), (most, most)))
        rows = (moves[:, :1] + np.arange(height))[:, np.newaxis, :, np.newaxis]
        columns = (moves[:, 1:] + np.arange(width))[:, np.newaxis, np.newaxis, :]
        return np.take_along_axis(np.take_along_axis(framed, rows, axis=2), columns, axis=3)

    return augment


def train(model, x, y, *, epochs, rate, batch_size=32, most=0, progress=None, engine="auto"):
    """AdamW, with a rate that rises and falls once."""
    steps = epochs * -(-len(x) // batch_size)
    return wk.fit(
        model,
        x,
        y,
        loss=nn.cross_entropy,
        optimizer=wk.AdamW(wk.schedules.OneCycle(rate, steps=steps)),
        batch_size=batch_size,
        epochs=epochs,
        augment=shifted(most) if most else None,
        progress=progress,
        engine=engine,
    )


def main(folder=None):
    x, y = mnist(folder) if folder else small_digits()
    (x, y), (x_held, y_held) = wk.data.split(x, y, 0.2, seed=1, stratify=True)
    most = 2 if folder else 1
    run = train(convolutional(x.shape[-1], 16), x, y, epochs=20, rate=0.004, batch_size=64, most=most)
    print(run.history)
    found = run.evaluate(x_held, y_held, metrics="accuracy")
    print(f"{found['accuracy']:.2%} of {len(x_held):,} digits that were held out are recognized")


if __name__ == "__main__":
    main(*sys.argv[1:])
