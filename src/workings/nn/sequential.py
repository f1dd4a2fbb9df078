"""Modules made of modules: one after the other, and around one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.nn.module import Module, lines, refuse, shown
from workings.trace.frames import user_origin

__all__ = ["Residual", "Sequential"]


@dataclass(init=False, eq=False, repr=False)
class Sequential(Module):
    """One layer after the other: each is given what the one before it gives.

    A layer is a module, or any function of one array, such as `np.tanh`. `model[0]` is the first layer.

    >>> from workings import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), np.tanh, nn.Linear(8, 1))
    >>> model(np.ones((3, 4), np.float32)).shape
    (3, 1)
    >>> model
    Sequential(
      Linear(4 → 8),
      tanh,
      Linear(8 → 1),
    )

    Raises `ArgumentError` for what cannot be called.
    """

    layers: tuple[Callable[[Any], Any], ...]

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for i, layer in enumerate(layers):
            if not callable(layer) or isinstance(layer, type):
                fix = "modules, or functions of one array"
                if isinstance(layer, type):
                    fix = f"{layer.__name__}()"
                elif isinstance(layer, (list, tuple)):
                    fix = "nn.Sequential(*layers), the layers one by one"
                raise ArgumentError(
                    f"layer {i} of Sequential is {layer!r}, which is no layer", where=user_origin(), fix=fix
                )
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        if not self.layers:
            return x
        *before, last = self.layers
        for layer in before:
            x = layer(x)
        return last(x)  # returned at once, so that it has the name that the caller gives it

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]

    def __repr__(self) -> str:
        return f"Sequential(\n{lines(map(shown, self.layers))})" if self.layers else "Sequential()"


@dataclass(eq=False, repr=False)
class Residual(Module):
    """x + inner(x): what the inner layers learn is the difference.

    Raises `ShapeError` where the inner layers give another shape than they are given.

    >>> from workings import nn
    >>> nn.Residual(nn.Linear(4, 4))(np.ones((2, 4), np.float32)).shape
    (2, 4)

    Source: He, Zhang, Ren and Sun, Deep residual learning for image recognition (2015), eq. 1.
    """

    inner: Callable[[Any], Any]

    def __call__(self, x: Any) -> Any:
        change = self.inner(x)
        if np.shape(change) != np.shape(x):
            refuse(
                self,
                f"got {np.shape(x)}, and its inner layers give {np.shape(change)}, which cannot be added to it",
                "inner layers that keep the shape",
            )
        return x + change
