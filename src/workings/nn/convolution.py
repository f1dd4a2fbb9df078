"""Convolution layers: the same small weights at every place of a signal or an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.nn.initial import Initial, Rng, generator, glorot_uniform
from workings.nn.module import Module, check_whole, floating, refuse
from workings.ops.functions import conv1d, conv2d, conv_transpose2d
from workings.trace.frames import user_origin
from workings.trace.trees import static

__all__ = ["Conv1d", "Conv2d", "ConvTranspose2d"]

_PLACES = {1: "length", 2: "height, width"}


class _Convolution(Module):
    """What the convolution layers share: their sizes, and how they are shown."""

    inputs: int
    outputs: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: Any
    dilation: tuple[int, ...]
    groups: int
    weight: Any
    bias: Any

    def _sizes(
        self, axes: int, inputs: int, outputs: int, kernel: Any, stride: Any, padding: Any, dilation: Any, groups: int
    ) -> None:
        name = type(self).__name__
        check_whole(name, inputs=inputs, outputs=outputs, groups=groups)
        if inputs % groups or outputs % groups:
            raise ArgumentError(
                f"{name}: {inputs} channels in and {outputs} out do not divide into {groups} groups",
                where=user_origin(),
                fix="groups that divide both",
            )
        self.inputs, self.outputs, self.groups = inputs, outputs, groups
        self.kernel = along(name, "kernel", kernel, axes)
        self.stride = along(name, "stride", stride, axes)
        self.dilation = along(name, "dilation", dilation, axes)
        self.padding = checked_padding(name, padding, axes)

    def _check(self, x: Any) -> None:
        shape, axes = np.shape(x), len(self.kernel)
        if len(shape) != axes + 2 or shape[1] != self.inputs:
            wrong = len(shape) != axes + 2
            refuse(
                self,
                f"wants an input of shape (batch, {self.inputs}, {_PLACES[axes]}), and got {shape}",
                f"np.expand_dims(x, 1) for a single channel, or {axes + 2} axes"
                if wrong
                else f"channels on the second axis; {shape[1]} in place of {self.inputs} if that is their number",
            )
        floating(self, x)

    def _biased(self, y: Any) -> Any:
        return y if self.bias is None else y + np.reshape(self.bias, (self.outputs, *(1,) * len(self.kernel)))

    def __repr__(self) -> str:
        options = "".join(
            f", {name}={compact(value)}"
            for name, plain in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))
            if compact(value := getattr(self, name)) != str(plain)
        )
        bias = ", bias=False" if self.bias is None else ""
        return (
            f"{type(self).__name__}({self.inputs} → {self.outputs}, {'×'.join(map(str, self.kernel))}{options}{bias})"
        )


@dataclass(init=False, eq=False, repr=False)
class Conv2d(_Convolution):
    """The sum of each window of an image times each kernel, plus a number for each kernel: `functions.conv2d`.

    weight    (outputs, inputs / groups, *kernel), drawn by `initial`
    bias      (outputs,), starts at 0; None with `bias=False`
    kernel    the height and width of a window, or one number for both; so are `stride` and `dilation`
    padding   zeros around the image: a number, one for each axis, a pair (before, after) for each axis, or "same"

    The input has shape (batch, inputs, height, width), the result (batch, outputs, height', width'), as in PyTorch.
    Raises `ShapeError` for another number of channels, and where no window fits.

    >>> layer = Conv2d(1, 8, 3, padding="same")
    >>> layer
    Conv2d(1 → 8, 3×3, padding='same')
    >>> layer(np.zeros((2, 1, 8, 8), np.float32)).shape
    (2, 8, 8, 8)

    Source: LeCun et al., Gradient-based learning applied to document recognition (1998).
    """

    inputs: int = static()
    outputs: int = static()
    kernel: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()
    dilation: tuple[int, ...] = static()
    groups: int = static()
    weight: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        padding: Any = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._sizes(2, inputs, outputs, kernel, stride, padding, dilation, groups)
        self.weight = initial((outputs, inputs // groups, *self.kernel), generator(rng), dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None

    def __call__(self, x: Any) -> Any:
        self._check(x)
        y = conv2d(x, self.weight, self.stride, self.padding, self.dilation, self.groups)
        return self._biased(y)


@dataclass(init=False, eq=False, repr=False)
class Conv1d(_Convolution):
    """The sum of each window of a signal times each kernel, plus a number for each kernel: `functions.conv1d`.

    As `Conv2d`, along one axis: the input has shape (batch, inputs, length), the weights (outputs, inputs / groups,
    kernel). With `padding=(kernel − 1, 0)` no value sees what comes after it.

    >>> Conv1d(3, 8, 5, padding=(4, 0))(np.zeros((2, 3, 20), np.float32)).shape
    (2, 8, 20)

    Source: Waibel et al., Phoneme recognition using time-delay neural networks (1989).
    """

    inputs: int = static()
    outputs: int = static()
    kernel: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()
    dilation: tuple[int, ...] = static()
    groups: int = static()
    weight: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: Any = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._sizes(1, inputs, outputs, kernel, stride, padding, dilation, groups)
        self.weight = initial((outputs, inputs // groups, *self.kernel), generator(rng), dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None

    def __call__(self, x: Any) -> Any:
        self._check(x)
        y = conv1d(x, self.weight, self.stride[0], self.padding, self.dilation[0], self.groups)
        return self._biased(y)


@dataclass(init=False, eq=False, repr=False)
class ConvTranspose2d(_Convolution):
    """The way back of a convolution, to a larger image: `functions.conv_transpose2d`.

    weight    (inputs, outputs / groups, *kernel), drawn by `initial`, with the fans of the way forward
    bias      (outputs,), starts at 0; None with `bias=False`
    padding   what the convolution pads with, and so is cut off: a number, one for each axis, or "same"
    extra     rows and columns more, which a stride leaves open (PyTorch: `output_padding`); below the stride

    The input has shape (batch, inputs, height, width), the result (batch, outputs, height', width') with
    height' = stride · (height − 1) + dilation · (kernel − 1) + 1 − 2 · padding + extra.

    >>> ConvTranspose2d(8, 1, 2, stride=2)(np.zeros((2, 8, 5, 5), np.float32)).shape
    (2, 1, 10, 10)

    Source: Zeiler et al., Deconvolutional networks (2010).
    """

    inputs: int = static()
    outputs: int = static()
    kernel: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: Any = static()
    dilation: tuple[int, ...] = static()
    groups: int = static()
    extra: tuple[int, ...] = static()
    weight: Any
    bias: Any

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        padding: Any = 0,
        extra: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        initial: Initial = glorot_uniform,
        rng: Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self._sizes(2, inputs, outputs, kernel, stride, padding, dilation, groups)
        self.extra = along("ConvTranspose2d", "extra", extra, 2, least=0)
        if any(self.extra) and (
            self.padding == "same" or any(e >= s for e, s in zip(self.extra, self.stride, strict=True))
        ):
            raise ArgumentError(
                f"ConvTranspose2d: extra={extra!r} with stride={stride!r} and padding={padding!r}",
                where=user_origin(),
                fix="an extra below the stride, and a padding in numbers",
            )
        way_forward = initial((outputs // groups, inputs, *self.kernel), generator(rng), dtype)
        self.weight = np.ascontiguousarray(np.swapaxes(way_forward, 0, 1))
        self.bias = np.zeros(outputs, dtype) if bias else None

    def __call__(self, x: Any) -> Any:
        self._check(x)
        size = None
        if any(self.extra):
            spans = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
            around = [sum(p) if isinstance(p, tuple) else 2 * p for p in self.padding]
            size = tuple(
                s * (n - 1) + span - pad + e
                for n, s, span, pad, e in zip(np.shape(x)[2:], self.stride, spans, around, self.extra, strict=True)
            )
        y = conv_transpose2d(x, self.weight, self.stride, self.padding, self.dilation, self.groups, size)
        return self._biased(y)


# ── arguments ───────────────────────────────────────────────────────────────────────────────────────────────


def along(owner: str, name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """A whole number for each axis, from one for all of them or one for each."""
    every = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(every) != axes:
        raise ArgumentError(
            f"{owner}: {name} is {value!r}, and there {'is 1 axis' if axes == 1 else f'are {axes} axes'}",
            where=user_origin(),
            fix=f"{name}=3" if axes == 1 else f"{name}=3, or {name}=(3, 3)",
        )
    for part in every:
        check_whole(owner, least, **{name: part})
    return tuple(int(part) for part in every)


def checked_padding(owner: str, padding: Any, axes: int) -> Any:
    """A padding as the functions take it: "same", or for each axis a number or a pair."""
    if padding in ("same", "valid"):
        return padding
    if axes == 1:
        pair = padding if isinstance(padding, (tuple, list)) else (padding, padding)
        return along(owner, "padding", pair, 2, least=0)
    every = padding if isinstance(padding, (tuple, list)) else (padding,) * axes
    if len(every) != axes:
        raise ArgumentError(
            f"{owner}: padding is {padding!r}, and there are {axes} axes", where=user_origin(), fix='padding="same"'
        )
    return tuple(
        along(owner, "padding", p, 2, least=0) if isinstance(p, (tuple, list)) else along(owner, "padding", p, 1, 0)[0]
        for p in every
    )


def compact(value: Any) -> str:
    """A number for each axis as one where they are equal: `3` for (3, 3)."""
    alike = isinstance(value, tuple) and all(part == value[0] for part in value)
    return repr(value[0] if alike else value)
