"""A reader of the formulas that derivations print: the text back to a number, by the rules a person reads by."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "read"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:e−?\d+)?)|(?P<word>(?:(?![⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵐ])[^\W\d])(?:(?![⁰¹²³⁴⁵⁶⁷⁸⁹ⁿᵏᵐ])\w)*)|(?P<raised>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<mark>.))"
)
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "erf": np.vectorize(math.erf),
    "clip": np.clip,
    "nan": None,
}


class _Reader:
    def __init__(self, line: str, values: Mapping[str, Any]) -> None:
        self.tokens = [(m.lastgroup, m.group(m.lastgroup or 0)) for m in _TOKEN.finditer(line.strip())]
        self.at = 0
        self.values = values
        self.bars = 0

    @property
    def ahead(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    @property
    def kind(self) -> str | None:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def take(self, mark: str) -> None:
        assert self.ahead == mark, f"{mark} wanted before {self.tokens[self.at :]}"
        self.at += 1

    def accept(self, mark: str) -> bool:
        if self.ahead != mark:
            return False
        self.at += 1
        return True

    def choice(self) -> Any:
        yes = self.logic()
        if not self.accept("where"):
            return yes
        condition = self.logic()
        self.take(",")
        self.take("else")
        no = self.logic()
        return np.where(condition, yes, no)[()]

    def logic(self) -> Any:
        left = ~np.bool_(self.relation()) if self.accept("not") else self.relation()
        while self.ahead in ("and", "or", "xor"):
            word = self.ahead
            self.at += 1
            right = self.relation()
            left = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[word](left, right)
        return left

    def relation(self) -> Any:
        left = self.sum()
        signs = {"<": np.less, "≤": np.less_equal, ">": np.greater, "≥": np.greater_equal}
        signs |= {"=": np.equal, "≠": np.not_equal}
        if self.ahead in signs:
            sign = self.ahead
            self.at += 1
            return signs[sign](left, self.sum())
        return left

    def sum(self) -> Any:
        total = self.product()
        while self.ahead in ("+", "−"):
            sign = self.ahead
            self.at += 1
            part = self.product()
            total = total + part if sign == "+" else total - part
        return total

    def product(self) -> Any:
        if self.accept("−"):
            return -self.product()
        result = self.power()
        while True:
            if self.accept("·"):
                result = result * self.power()
            elif self.accept("/"):
                result = result / self.power()
            elif self.begins():
                result = result * self.power()
            else:
                return result

    def begins(self) -> bool:
        """Whether a factor stands here without a sign before it."""
        if self.kind == "word":
            return self.ahead not in ("where", "else", "and", "or", "xor", "not")
        if self.ahead == "|":
            return self.bars == 0
        return self.ahead in ("(", "√", "⌊", "⌈") or self.kind == "number"

    def power(self) -> Any:
        base = self.atom()
        if self.kind == "raised":
            exponent = float(self.ahead.translate(_RAISED))
            self.at += 1
            return np.power(base, exponent)
        if self.accept("ⁿ"):
            return np.power(base, self.values["n"])
        if self.accept("^"):
            return np.power(base, self.atom())
        return base

    def atom(self) -> Any:
        if self.kind == "number":
            value = np.float64(self.ahead.replace("−", "-"))
            self.at += 1
            return value
        if self.accept("("):
            value = self.choice()
            self.take(")")
            return value
        if self.accept("√"):
            return np.sqrt(self.atom())
        if self.accept("|"):
            self.bars += 1
            value = np.abs(self.choice())
            self.bars -= 1
            self.take("|")
            return value
        for left, right, rounding in (("⌊", "⌋", np.floor), ("⌈", "⌉", np.ceil)):
            if self.accept(left):
                value = rounding(self.choice())
                self.take(right)
                return value
        assert self.kind == "word", f"a value wanted before {self.tokens[self.at :]}"
        word = self.ahead
        self.at += 1
        if word not in self.values and self.accept("("):
            arguments = [self.choice()]
            while self.accept(","):
                arguments.append(self.choice())
            self.take(")")
            return (FUNCTIONS.get(word) or getattr(np, word))(*arguments)
        return self.values[word]


def read(line: str, values: Mapping[str, Any]) -> Any:
    """The value of a printed formula.

    >>> read("2 (y − t) x²", {"y": 1.0, "t": 3.0, "x": 2.0})
    np.float64(-16.0)
    """
    reader = _Reader(line, values)
    with np.errstate(all="ignore"):
        result = reader.choice()
    assert reader.at == len(reader.tokens), f"{line!r}: read up to {reader.tokens[reader.at :]}"
    return result
