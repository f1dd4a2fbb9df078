"""The letters of formulas: Greek names, the parts of a name, and one style of letters for each number of axes.

A scalar is set in italics, a vector in bold italics, a matrix in bold upright letters, and what has more axes
in bold letters without serifs, as ISO 80000-2 has it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from workings.graph import Node
from workings.write.tree import Symbol

__all__ = ["GREEK", "REPLACEMENT", "STYLES", "bold", "legible", "name_parts", "style"]

_SMALL = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
# Greek letters by their English names, small ones in small letters
GREEK: Mapping[str, str] = {
    word: unicodedata.lookup(f"GREEK {size} LETTER {title}")
    for size, spell in (("SMALL", str.lower), ("CAPITAL", str.capitalize))
    for word, title in ((spell(w), "LAMDA" if w == "lambda" else w.upper()) for w in _SMALL)
}

STYLES = ("scalar", "vector", "matrix", "tensor")

# where Unicode has the bold A, a, Α, α and 0 for each style
_BOLD: Mapping[str, tuple[int, int, int, int, int]] = {
    "vector": (0x1D468, 0x1D482, 0x1D71C, 0x1D736, 0x1D7CE),
    "matrix": (0x1D400, 0x1D41A, 0x1D6A8, 0x1D6C2, 0x1D7CE),
    "tensor": (0x1D5D4, 0x1D5EE, 0x1D756, 0x1D770, 0x1D7EC),
}


def style(node: Node | None) -> str:
    """How the symbol of a node is set: by the number of its axes. A symbol without a node is a scalar."""
    return STYLES[min(node.ndim, 3)] if node is not None else "scalar"


def name_parts(symbol: Symbol) -> tuple[str, str]:
    """A name and its index: `h_2` is h with the index 2, `x_train` is x with `train`. Others have no index.

    >>> name_parts(Symbol("h_2")), name_parts(Symbol("a_b_c")), name_parts(Symbol("lambda_"))
    (('h', '2'), ('a_b_c', ''), ('lambda', ''))
    """
    if symbol.name == "lambda_":  # Python keeps the name without the underscore for itself
        return "lambda", ""
    stem, _, index = symbol.name.partition("_")
    if symbol.words or not stem or not index or "_" in index:
        return symbol.name, ""
    return stem, index


def bold(word: str, style: str) -> str:
    """The word in the bold letters of a style. What has no bold letter there stays as it is.

    >>> bold("x", "vector"), bold("W", "matrix"), bold("T", "tensor"), bold("w", "scalar"), bold("ж", "matrix")
    ('𝒙', '𝐖', '𝗧', 'w', 'ж')
    """
    if style == "scalar":
        return word
    starts = _BOLD["matrix" if style == "vector" and len(word) > 1 else style]
    return "".join(_bold(c, starts) for c in word)


def _bold(c: str, starts: tuple[int, int, int, int, int]) -> str:
    for start, first, last in zip(starts, "AaΑα0", "ZzΩω9", strict=True):
        if first <= c <= last:
            return chr(start + ord(c) - ord(first))
    return c


REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def legible(words: str) -> str:
    """Words without the characters that no document may hold: ends of lines become spaces, control
    characters and halves of characters the sign for what cannot be shown.

    >>> legible("a\\tb\\x00") == "a b" + REPLACEMENT
    True
    """
    return words if words.isprintable() else "".join(map(_legible, words))


def _legible(c: str) -> str:
    kind = unicodedata.category(c)
    if c.isspace() and kind != "Zs":
        return " "
    return REPLACEMENT if kind in ("Cc", "Cs") or ord(c) & 0xFFFE == 0xFFFE else c
