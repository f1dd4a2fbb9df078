"""Pooling: one value for each window of an image, or for all of it, and images made larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.nn.convolution import along, checked_padding, compact
from workings.nn.module import Module, check_whole, refuse
from workings.ops.functions import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d, upsample2d
from workings.trace.trees import static

__all__ = ["AvgPool1d", "AvgPool2d", "GlobalAvgPool", "GlobalMaxPool", "MaxPool1d", "MaxPool2d", "Upsample2d"]


class _Pool(Module):
    """What the pooling layers share."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Any

    def _sizes(self, axes: int, size: Any, stride: Any, padding: Any) -> None:
        name = type(self).__name__
        self.size = along(name, "size", size, axes)
        self.stride = self.size if stride is None else along(name, "stride", stride, axes)
        self.padding = checked_padding(name, padding, axes)

    def _check(self, x: Any) -> None:
        _check_axes(self, x, len(self.size))

    def __repr__(self) -> str:
        stride = "" if self.stride == self.size else f", stride={compact(self.stride)}"
        padding = "" if compact(self.padding) == "0" else f", padding={compact(self.padding)}"
        return f"{type(self).__name__}({'×'.join(map(str, self.size))}{stride}{padding})"


@dataclass(init=False, eq=False, repr=False)
class MaxPool2d(_Pool):
    """The largest value of each window of an image: `functions.max_pool2d`.

    size, stride   numbers, or one for each axis; the stride is the size if it is left out
    padding        as in `Conv2d`; what is added is lower than every number

    The input has shape (batch, channels, height, width).

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    size: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()

    def __init__(self, size: int | Sequence[int], *, stride: Any = None, padding: Any = 0) -> None:
        self._sizes(2, size, stride, padding)

    def __call__(self, x: Any) -> Any:
        self._check(x)
        return max_pool2d(x, self.size, self.stride, self.padding)


@dataclass(init=False, eq=False, repr=False)
class AvgPool2d(_Pool):
    """The mean of each window of an image: `functions.avg_pool2d`. As `MaxPool2d`; zeros of the padding count.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    size: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()

    def __init__(self, size: int | Sequence[int], *, stride: Any = None, padding: Any = 0) -> None:
        self._sizes(2, size, stride, padding)

    def __call__(self, x: Any) -> Any:
        self._check(x)
        return avg_pool2d(x, self.size, self.stride, self.padding)


@dataclass(init=False, eq=False, repr=False)
class MaxPool1d(_Pool):
    """The largest value of each window of a signal (batch, channels, length): `functions.max_pool1d`.

    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[3.0, 2.0]]]
    """

    size: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()

    def __init__(self, size: int, *, stride: Any = None, padding: Any = 0) -> None:
        self._sizes(1, size, stride, padding)

    def __call__(self, x: Any) -> Any:
        self._check(x)
        return max_pool1d(x, self.size[0], self.stride[0], self.padding)


@dataclass(init=False, eq=False, repr=False)
class AvgPool1d(_Pool):
    """The mean of each window of a signal (batch, channels, length): `functions.avg_pool1d`.

    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[2.0, 1.0]]]
    """

    size: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()

    def __init__(self, size: int, *, stride: Any = None, padding: Any = 0) -> None:
        self._sizes(1, size, stride, padding)

    def __call__(self, x: Any) -> Any:
        self._check(x)
        return avg_pool1d(x, self.size[0], self.stride[0], self.padding)


@dataclass(eq=False, repr=False)
class GlobalAvgPool(Module):
    """The mean of each channel: (batch, channels, …) becomes (batch, channels).

    >>> GlobalAvgPool()(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[1.5, 5.5]]

    Source: Lin, Chen and Yan, Network in network (2013), section 3.2.
    """

    def __call__(self, x: Any) -> Any:
        return np.mean(x, axis=_places(self, x))


@dataclass(eq=False, repr=False)
class GlobalMaxPool(Module):
    """The largest value of each channel: (batch, channels, …) becomes (batch, channels). Of equals, each has its share
    of the derivative, as in `np.max`.

    >>> GlobalMaxPool()(np.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[3.0, 7.0]]
    """

    def __call__(self, x: Any) -> Any:
        return np.max(x, axis=_places(self, x))


@dataclass(init=False, eq=False, repr=False)
class Upsample2d(Module):
    """Images made larger by a whole factor: `functions.upsample2d`, of which `mode` says how.

    >>> Upsample2d(2)(np.array([[[[1.0, 2.0]]]])).tolist()
    [[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]]
    """

    scale: int = static()
    mode: str = static()

    def __init__(self, scale: int, mode: str = "nearest") -> None:
        check_whole("Upsample2d", scale=scale)
        self.scale, self.mode = scale, mode

    def __call__(self, x: Any) -> Any:
        _check_axes(self, x, 2)
        return upsample2d(x, self.scale, self.mode)


def _check_axes(module: Module, x: Any, axes: int) -> None:
    if np.ndim(x) != axes + 2:
        places = "length" if axes == 1 else "height, width"
        refuse(
            module, f"wants an input of shape (batch, channels, {places}), and got {np.shape(x)}", f"{axes + 2} axes"
        )


def _places(module: Module, x: Any) -> tuple[int, ...]:
    if np.ndim(x) < 3:
        refuse(module, f"wants an input of shape (batch, channels, …), and got {np.shape(x)}", "places behind channels")
    return tuple(range(2, np.ndim(x)))
