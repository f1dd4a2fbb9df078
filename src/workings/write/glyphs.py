r"""Characters beyond ASCII, spelled so that every TeX sets them with the fonts it brings along.

An accented letter becomes an accent over a letter, a sign or a Greek letter its command. What those fonts lack
becomes `\codepoint{0436}{ж}`, which shows the character itself where the font has it (XeLaTeX and LuaLaTeX with a
font of the user's), and its number in a small frame, `\codeframe{0436}`, elsewhere. What cannot be seen is always that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from workings.write.alphabet import GREEK, REPLACEMENT
from workings.write.latex import LETTERS, escape

__all__ = ["CODEPOINT", "spelled"]

# for the head of a document in which one of the two stands; pdfTeX reads the character's bytes and leaves them out
CODEPOINT = r"""% Letters that TeX's own fonts lack are shown by their numbers; XeLaTeX and LuaLaTeX show the letters
% themselves after \usepackage{fontspec} \setmainfont{a font that has them}.
\DeclareRobustCommand{\codepoint}[2]{%
  \ifdefined\Umathchar\iffontchar\font"#1 #2\else\codeframe{#1}\fi\else\codeframe{#1}\fi}
\newcommand{\codeframe}[1]{{\setlength{\fboxsep}{1pt}\fbox{\tiny\ttfamily #1}}}"""

_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0323": "d",
    "\u0327": "c",
    "\u0331": "b",
}
_UNDER = "\u0323\u0327\u0331"  # of these, the accents under a letter: they leave it its dot
_MATHS = {
    "−": "-",
    "×": r"\times",
    "÷": r"\div",
    "±": r"\pm",
    "·": r"\cdot",
    "…": r"\ldots",
    "→": r"\to",
    "←": r"\leftarrow",
    "≈": r"\approx",
    "∞": r"\infty",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "⊙": r"\odot",
    "√": r"\surd",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∈": r"\in",
} | {letter: LETTERS[letter] for letter in (*GREEK.values(), "ϵ", "ϕ", "ϑ", "ς")}
_WORDS = {
    "\xa0": "~",
    "⁄": "/",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "¡": "!`",
    "¿": "?`",
    "•": r"\textbullet{}",
    "§": r"\S{}",
    "©": r"\copyright{}",
    "°": r"$^{\circ}$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "ᵀ": r"\textsuperscript{T}",
}
_SPELLED: Mapping[str, str] = {c: f"${sign}$" for c, sign in _MATHS.items()} | _WORDS
_BEYOND = re.compile("([A-Za-z])([" + "".join(_ACCENTS) + "])|[^\x00-\x7f]")


def spelled(document: str) -> str:
    r"""Text of a document in LaTeX, in which all that TeX would read as a command is escaped already, in ASCII but for
    the second argument of each `\codepoint`.

    >>> print(spelled("Größe: 2 → 3, π²"))
    Gr\"{o}\ss{}e: 2 $\to$ 3, $\pi$\textsuperscript{2}
    >>> print(spelled("вес"))
    \codepoint{0432}{в}\codepoint{0435}{е}\codepoint{0441}{с}
    """
    if document.isascii():
        return document
    return _BEYOND.sub(_spelled, "".join(map(_apart, document)))


def _apart(c: str) -> str:
    """A letter with one accent as the two."""
    two = unicodedata.normalize("NFD", c)
    return two if len(two) == 2 and two[0].isascii() and two[1] in _ACCENTS else c


def _spelled(found: re.Match[str]) -> str:
    c = found[0]
    if found[1]:
        letter = rf"\{found[1]}" if found[1] in "ij" and found[2] not in _UNDER else found[1]
        return rf"\{_ACCENTS[found[2]]}{{{letter}}}"
    if c in _SPELLED:
        return _SPELLED[c]
    plain = unicodedata.normalize("NFKC", c)
    if plain != c and plain.strip() and all(p.isascii() or p in _SPELLED for p in plain):
        kind = unicodedata.decomposition(c)
        raised = "textsuperscript" if "<super>" in kind else "textsubscript" if "<sub>" in kind else ""
        words = "".join(_SPELLED.get(p) or escape(p) for p in plain)
        return rf"\{raised}{{{words}}}" if raised else words
    if c.isspace():
        return " "
    if not c.isprintable() or c == REPLACEMENT:  # LuaTeX takes the latter for a mistake in the bytes of the file
        return rf"\codeframe{{{ord(c):04X}}}"
    return rf"\codepoint{{{ord(c):04X}}}{{{c}}}"
