"""How `loss` is trained: 20 steps of gradient descent.

The parameters are K_1 and K_2, given x. Each step computes the loss, then its derivative with
respect to each parameter, and nudges the parameters so that the loss goes down.
"""

import math
from pathlib import Path

import numpy as np


def patches2d(x, size, stride, padding, dilation):
    """What a kernel of this size meets at each place of the images x: (N, C, h, w, places down, places across)."""
    stride, dilation = np.broadcast_to(stride, 2), np.broadcast_to(dilation, 2)
    x = np.pad(x, ((0, 0), (0, 0), *np.broadcast_to(padding, (2, 2))))
    windows = np.lib.stride_tricks.sliding_window_view(x, dilation * (np.array(size) - 1) + 1, axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return windows.transpose(0, 1, 4, 5, 2, 3)


def conv2d(x, kernel, stride=1, padding=0, dilation=1, groups=1):
    """The sum of each window of x times each kernel: one matrix product, with a column for each window."""
    patches = patches2d(x, kernel.shape[2:], stride, padding, dilation)
    n, c, h, w, height, width = patches.shape
    rows = c // groups * h * w
    columns = patches.reshape(n, groups, rows, height * width)
    y = kernel.reshape(groups, len(kernel) // groups, rows) @ columns
    return y.reshape(n, len(kernel), height, width)


def shifts2d(x, size, stride=1, dilation=1):
    """For each place in a window, from left to right and down: what all windows over x have there, as views."""
    (h, w), (down, right), (by, bx) = (np.broadcast_to(n, 2) for n in (size, stride, dilation))
    height = (x.shape[2] - by * (h - 1) - 1) // down + 1
    width = (x.shape[3] - bx * (w - 1) - 1) // right + 1
    corners = [(by * i, bx * j) for i in range(h) for j in range(w)]
    return [x[:, :, i : i + down * height : down, j : j + right * width : right] for i, j in corners]


def max_pool2d(x, size, stride):
    """The largest value of each window over x."""
    first, *rest = shifts2d(x, size, stride)
    largest = first.copy()
    for there in rest:
        np.maximum(largest, there, out=largest)
    return largest


def avg_pool2d(x, size, stride):
    """The mean of each window over x."""
    shifts = shifts2d(x, size, stride)
    total = np.zeros(shifts[0].shape, x.dtype)
    for there in shifts:
        total += there
    return total / len(shifts)


def avg_unpool2d(y, size, stride, shape):
    """Images of this shape; each y is shared out equally over its window: the way back of avg_pool2d."""
    x = np.zeros((*y.shape[:2], *shape), y.dtype)
    shifts = shifts2d(x, size, stride)
    for there in shifts:
        there += y / len(shifts)
    return x


def conv_transpose2d(y, kernel, size, stride=1, padding=0, dilation=1, groups=1):
    """Images of this size; each y adds its kernel, times y, to the window of its place: the way back of conv2d."""
    (top, bottom), (left, right) = np.broadcast_to(padding, (2, 2))
    n, o, height, width = y.shape
    _, c, h, w = kernel.shape
    rows = kernel.reshape(groups, o // groups, c * h * w).swapaxes(1, 2)
    patches = rows @ y.reshape(n, groups, o // groups, height * width)
    patches = patches.reshape(n, groups * c, h * w, height, width)
    x = np.zeros((n, groups * c, size[0] + top + bottom, size[1] + left + right), patches.dtype)
    for k, there in enumerate(shifts2d(x, (h, w), stride, dilation)):
        there += patches[:, :, k]
    return x[:, :, top : top + size[0], left : left + size[1]]


def conv_kernel2d(x, y, size, stride=1, padding=0, dilation=1, groups=1):
    """Kernels of this size: the sum of each window of x times the y of its place."""
    patches = patches2d(x, size, stride, padding, dilation)
    n, c, h, w, height, width = patches.shape
    columns = patches.reshape(n, groups, c // groups * h * w, height * width)
    rows = y.reshape(n, groups, y.shape[1] // groups, height * width)
    products = rows @ columns.swapaxes(2, 3)
    return np.sum(products, axis=0, dtype=products.dtype).reshape(y.shape[1], c // groups, h, w)


def argmax_pool2d(x, largest, size, stride):
    """Where the largest value of each window lies in its image, counted row by row: the first of equals."""
    (h, w), (down, right) = np.broadcast_to(size, 2), np.broadcast_to(stride, 2)
    nth, missed = np.zeros(largest.shape, int), np.ones(largest.shape, bool)
    for there in shifts2d(x, size, stride)[:-1]:
        missed &= (there != largest) & (there == there)  # nan alone is not equal to itself
        nth += missed
    within = np.array([i * x.shape[3] + j for i in range(h) for j in range(w)])
    rows, columns = np.arange(largest.shape[2]) * down, np.arange(largest.shape[3]) * right
    return within[nth] + (rows[:, np.newaxis] * x.shape[3] + columns)


def put_along(values, indices, axis, length):
    """Zeros, `length` of them along the axis, with the values added at the indices."""
    values, indices = np.moveaxis(values, axis, -1), np.moveaxis(indices, axis, -1)
    *rows, _ = values.shape
    zeros = np.zeros((*rows, length), values.dtype)
    starts = length * np.arange(math.prod(rows)).reshape(*rows, 1)
    places = starts + indices.astype(int) % max(length, 1)
    np.add.at(zeros.reshape(-1), places.reshape(-1), values.reshape(-1))
    return np.moveaxis(zeros, -1, axis)


def train(K_1, K_2, x, learning_rate, losses, first, last):
    """Run the steps from `first` up to `last`; return K_1, K_2 and the step reached.

    The loss before each step goes into `losses`.
    """
    for step in range(first, last):
        # Forward pass
        h_1 = np.tanh(conv2d(x, K_1, padding=1))
        pooled = max_pool2d(h_1, size=2, stride=2)
        h_2 = np.tanh(conv2d(pooled, K_2, stride=2, padding=((0, 1), (0, 1))))
        y = avg_pool2d(h_2, size=2, stride=1)
        z_3 = y - 1
        loss = np.mean(np.square(z_3))
        losses[step] = loss

        # Backward pass: d_z_3 is the derivative of loss with respect to z_3
        d_z_3 = 1 / 18 * (2 * z_3)
        d_h_2 = avg_unpool2d(d_z_3, shape=(2, 2), size=2, stride=1)
        d_z_2 = d_h_2 * (1 - np.square(h_2))
        d_pooled = conv_transpose2d(d_z_2, K_2, size=(4, 4), stride=2, padding=((0, 1), (0, 1)))
        d_K_2 = conv_kernel2d(pooled, d_z_2, size=(3, 3), stride=2, padding=((0, 1), (0, 1)))
        g_6 = argmax_pool2d(h_1, pooled, size=2, stride=2).reshape(6, 2, 16)
        g_7 = put_along(d_pooled.reshape(6, 2, 16), g_6, axis=2, length=64)
        d_h_1 = g_7.reshape(6, 2, 8, 8)
        d_K_1 = conv_kernel2d(x, d_h_1 * (1 - np.square(h_1)), size=(3, 3), padding=1)

        # Nudge each parameter against its gradient
        K_1 = K_1 - learning_rate * d_K_1
        K_2 = K_2 - learning_rate * d_K_2

        # Leave when a value is no longer finite
        if not (np.isfinite(loss) and np.all(np.isfinite(K_1)) and np.all(np.isfinite(K_2))):
            return K_1, K_2, step + 1

    return K_1, K_2, last


if __name__ == "__main__":
    start = np.load(Path(__file__).with_suffix(".npz"))

    # Start values
    K_1 = start["K_1"]
    K_2 = start["K_2"]

    # Data
    x = start["x"]

    # Settings
    learning_rate = np.float64(0.1)

    losses = np.empty(20)
    K_1, K_2, step = train(K_1, K_2, x, learning_rate, losses, 0, 20)
    print(f"step 0: loss {losses[0]}")
    print(f"step {step - 1}: loss {losses[step - 1]}")
