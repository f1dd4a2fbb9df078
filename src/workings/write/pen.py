"""What a language of formulas in two dimensions has to spell; LaTeX and MathML are one pen each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

__all__ = ["KNOWN", "P", "Pen"]

# functions that mathematics writes by these very names
KNOWN = frozenset(
    {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min"}
)

P = TypeVar("P")


class Pen(ABC, Generic[P]):
    """How a language spells each piece of a formula; a piece, `P`, is what the language makes of it."""

    @abstractmethod
    def number(self, value: Any, short: bool) -> P:
        """A number, with its sign."""

    @abstractmethod
    def word(self, word: str, style: str) -> P:
        """A name, or a part of one, in the letters of a style."""

    @abstractmethod
    def upright(self, letter: str) -> P:
        """A letter that is no name: the d of a derivative, and the number e."""

    @abstractmethod
    def words(self, words: str) -> P:
        """Words in the midst of a formula."""

    @abstractmethod
    def sign(self, sign: str) -> P:
        """A sign between two pieces: + − · ⊙ = < ≤ > ≥ ≠."""

    @abstractmethod
    def row(self, pieces: Sequence[P]) -> P:
        """Pieces one after the other."""

    @abstractmethod
    def listed(self, pieces: Sequence[P]) -> P:
        """Pieces with commas between them."""

    @abstractmethod
    def negated(self, body: P) -> P:
        """A minus before the body."""

    @abstractmethod
    def beside(self, pieces: Sequence[P], apart: Sequence[bool]) -> P:
        """Factors without signs between them; `apart` says for each gap whether they would run together."""

    @abstractmethod
    def before(self, left: P, right: P) -> P:
        """Two pieces with no space between them, the right one in brackets."""

    @abstractmethod
    def fenced(self, body: P, kind: str, tall: bool) -> P:
        """The body between "round" or "square" brackets, or bars: "absolute", "floor", "ceil". They are as high as
        the body if it is `tall`."""

    @abstractmethod
    def fraction(self, top: P, bottom: P) -> P: ...

    @abstractmethod
    def root(self, body: P) -> P: ...

    @abstractmethod
    def raised(self, base: P, exponent: P) -> P: ...

    @abstractmethod
    def lowered(self, base: P, index: P) -> P: ...

    @abstractmethod
    def transposed(self, base: P) -> P: ...

    @abstractmethod
    def differential(self, symbol: P, long: bool) -> P:
        """An upright d before a symbol; `long` if the symbol is a word."""

    @abstractmethod
    def function(self, name: str, under: P | None = None) -> P:
        """The name of a function, with what stands under it."""

    @abstractmethod
    def applied(self, function: P, arguments: P) -> P:
        """A function before its arguments in parentheses."""

    @abstractmethod
    def big(self, word: str, under: P | None, over: P | None) -> P:
        """The large sign of a "sum" or a "prod" with its limits."""

    @abstractmethod
    def cases(self, yes: P, condition: P, no: P) -> P:
        """`yes` where the condition holds, else `no`."""

    @abstractmethod
    def shaped(self, symbol: P, shape: Sequence[int]) -> P:
        """A symbol with its shape under it."""

    @abstractmethod
    def marked(self, piece: P, mark: str) -> P:
        """The piece with the id of its node."""
