"""A value with its number, as a notebook shows it."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from workings.graph import Node
from workings.trace.value import Elements, Value, numbers, refuse

__all__ = ["Cell"]


class Cell(Elements, Value):
    """A value with its number, as in a notebook: `y = w * x` shows its formula and what it comes to.

    `value` is the number (a NumPy scalar or array). `float()`, `if` and formats work on it.
    """

    __slots__ = ("title", "varies")

    def __init__(self, node: Node, number: Any, *, varies: bool, title: str | None = None) -> None:
        super().__init__(node)
        self.title = title  # what it is shown as, where that is no variable: dloss/dw
        self.varies = varies  # whether it depends on a parameter
        numbers[node] = number

    @property
    def value(self) -> Any:
        """The number."""
        return numbers[self.node]

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
        formula = self.node.name if self.node.is_input else repr(self.node)
        parts = [self.title, formula] if self.title else [formula]
        # a matrix begins on a line of its own, so that its rows stand below each other
        return " = ".join(map(str, parts)) + (f" =\n{shown}" if "\n" in shown else f" = {shown}")
