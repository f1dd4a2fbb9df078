"""A value with its number, as a notebook shows it."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np

from workings.graph import Node
from workings.trace.value import Elements, Value, numbers, refuse

__all__ = ["Cell", "Slope"]


class Slope(NamedTuple):
    """What a gradient is called: that of `top` with respect to `bottom`; of a gradient again where `again` is set."""

    top: Node
    bottom: Node
    again: Slope | None = None

    def __str__(self) -> str:
        top = f"({self.again})" if self.again else self.top.name or "loss"
        return f"d{top}/d{self.bottom.name or 'w'}"


class Cell(Elements, Value):
    """A value with its number, as in a notebook: `y = w * x` shows its formula and what it comes to.

    `value` is the number (a NumPy scalar or array). `float()`, `if` and formats work on it.
    """

    __slots__ = ("slope", "varies")

    def __init__(self, node: Node, number: Any, *, varies: bool, slope: Slope | None = None) -> None:
        super().__init__(node)
        self.slope = slope  # of a gradient
        self.varies = varies  # whether it depends on a parameter
        numbers[node] = number

    @property
    def value(self) -> Any:
        """The number."""
        return numbers[self.node]

    @property
    def title(self) -> str | None:
        """What it is shown as where that is no variable: dloss/dw."""
        return None if self.slope is None else str(self.slope)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __complex__(self) -> complex:
        return complex(self.value)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.value, digits) if digits is not None else round(self.value)

    def __contains__(self, item: Any) -> bool:
        return (item.value if isinstance(item, Cell) else item) in self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        refuse(
            f"{self._label()} would lose its workings in a plain array",
            f"{self.node.name or 'x'}.value for the number alone, np.stack([a, b]) for np.array([a, b])",
        )

    def __repr__(self) -> str:
        number = self.value
        shown = repr(number.item()) if np.ndim(number) == 0 else np.array2string(number, threshold=32)
        name = self.title or self.node.name
        made = "" if self.node.is_input else repr(self.node)
        if self.title is None:
            made = made.removeprefix(f"{name} = ")
        head, *rest = [part for part in (name, made) if part]
        if self.shape:
            head = f"{head}: {self.node.type}"
        # a matrix begins on a line of its own, so that its rows stand below each other
        return " = ".join([head, *rest]) + (f" =\n{shown}" if "\n" in shown else f" = {shown}")
