"""Numbers of things, and lists of them, in words."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["listing", "plural"]

_LISTED = 12


def plural(count: int, word: str) -> str:
    """`1 operation`, `2 operations`, `2 data`."""
    return f"{count:,} {word}" if count == 1 or word.endswith("data") else f"{count:,} {word}s"


def listing(items: Sequence[str], last: str = "and", most: int = _LISTED) -> str:
    """`a, b and c`, or, of more than `most`, `a, b and 10 more`.

    >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], "or", most=2)
    ('a, b and c', 'a or 2 more')
    """
    items = list(items)
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1:,} more"]
    if not last or len(items) < 2:
        return ", ".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
