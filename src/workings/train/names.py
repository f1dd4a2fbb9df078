"""What can be asked for by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from workings.errors import ArgumentError
from workings.train.arguments import nearest

__all__ = ["by_name"]

T = TypeVar("T")


def by_name(kind: str, name: Any, known: Mapping[str, T]) -> T:
    """What goes by this name; an error with the nearest names where nothing does.

    >>> by_name("optimizer", "sgd", {"sgd": 1, "adam": 2})
    1
    """
    found = known.get(name.lower()) if isinstance(name, str) else None
    if found is None:
        raise ArgumentError(f"there is no {kind} {name!r}", fix=nearest(name, known))
    return found
