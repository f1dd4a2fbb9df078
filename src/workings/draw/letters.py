"""How wide a text will be in a font that nobody knows yet: rather too wide than too narrow.

The widths are the largest among DejaVu Sans, Liberation Sans (Arial) and Noto Sans; other fonts for screens are
narrower than DejaVu Sans.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

__all__ = ["FONT", "clean", "cut", "equation", "is_known", "shortened", "width"]

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",sans-serif'

_BOLDER = 0.09
_WIDTHS: Mapping[str, float] = {
    letter: share
    for share, letters in (
        (0.30, "'ijl"),
        (0.36, " ,./:;I\\|·ı"),
        (0.42, "()-[]ft⌊⌋⌈⌉›‹¹"),
        (0.46, "!r²³ᵀ⁰⁴⁵⁶⁷⁸⁹ᵏⁿ"),
        (0.55, '"*J`csz∂⁻'),
        (0.62, "?_kvxyᵐ"),
        (0.66, "0123456789$FLTabdeghnopqu{}√Σ"),
        (0.70, "BEPSZ∇"),
        (0.76, "ACKNRUVXYΔΠ"),
        (0.80, "&DGHOQ"),
        (0.86, "#+<=>^w~−×⊙≈∞≤≥≠"),
        (0.96, "%M"),
        (1.00, "m…→←"),
        (1.05, "@W"),
    )
    for letter in letters
}
_OTHER_LETTER, _WIDE, _EMOJI = 1.1, 1.02, 1.4
# what turns the direction of writing, and what no document may hold
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")


def equation(name: str, number: str) -> str:
    """`h = 0.5`, or `b ≈ [0.5, 1]` where the number says that it is rounded.

    >>> equation("h", "0.5"), equation("b", "≈ [0.5, 1]")
    ('h = 0.5', 'b ≈ [0.5, 1]')
    """
    return f"{name} {number}" if number.startswith("≈") else f"{name} = {number}"


def clean(text: str) -> str:
    """The text in one line, without characters that are not written.

    >>> clean("a\\nb\\x00")
    'a b\ufffd'
    """
    return " ".join(_UNFIT.sub("\ufffd", re.sub(r"[\t\n\r\u2028\u2029]", " ", text)).split(" ")).strip()


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is at most, in a font of this size.

    >>> width("iii", 10) < width("www", 10)
    True
    """
    return size * sum(_share(c) + (_BOLDER if bold else 0.0) for c in text)


def is_known(text: str) -> bool:
    """Whether all widths are known. Where they are not, a text is to be fitted into its width."""
    return all(_base(c) in _WIDTHS or _is_wide(c) for c in text)


def cut(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `room`."""
    if width(text, size, bold=bold) <= room:
        return text
    left = room - width("…", size, bold=bold)
    end = 0
    for letter in text:
        left -= width(letter, size, bold=bold)
        if left < 0:
            break
        end += 1
    while end and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def shortened(number: str, most: int) -> str:
    """A number in at most so many characters, or of a few numbers as many as fit: what is left out is replaced by
    an ellipsis, and nothing is rounded. The power of ten stays, and so do both ends of a range, which are short.

    >>> shortened("0.5736205289803352", 10), shortened("1.2345678901e−17", 10)
    ('0.5736205…', '1.234…e−17')
    >>> shortened("−1 … 2, mean 0.5", 10), shortened("[1e−5, 2e−5, 3e−5]", 14)
    ('−1 … 2', '[1e−5, 2e−5, …')
    """
    number = re.sub(r", mean .*$", "", number)
    if len(number) <= most or " … " in number:
        return number
    if ", " in number[:most]:
        return number[: number.rindex(", ", 0, most) + 2] + "…"
    power = re.search(r"e−?\d+$", number)
    end = power[0] if power else ""
    return number[: max(most - 1 - len(end), 1)] + "…" + end


def _base(letter: str) -> str:
    return letter if letter.isascii() else unicodedata.normalize("NFD", letter)[0]


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF" and unicodedata.category(letter) == "Lo"


def _share(letter: str) -> float:
    found = _WIDTHS.get(letter) or _WIDTHS.get(_base(letter))
    if found is not None:
        return found
    if unicodedata.combining(letter):
        return 0.0
    if _is_wide(letter):
        return _WIDE
    greek = "\u0370" <= letter <= "\u03ff"
    return 0.92 if greek else _OTHER_LETTER if unicodedata.category(letter)[0] == "L" else _EMOJI
