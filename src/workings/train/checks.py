"""Numbers that training is given, checked: each is finite, and lies where its meaning lets it lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from workings.errors import ArgumentError

__all__ = ["check_count", "check_number", "check_rate", "check_setting", "check_share"]


def check_number(name: str, value: Any, example: str = "0.01") -> float:
    """The value as a float. Raises `ArgumentError` unless it is a finite number."""
    try:
        # float() would take a text too
        number = float("" if isinstance(value, (str, bytes, bool)) else value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is {value!r}, which is no number", fix=f"{name}={example}") from None
    if not math.isfinite(number):
        raise ArgumentError(f"{name} is {number:g}; it must be finite", fix=f"{name}={example}")
    return number


def check_rate(name: str, value: Any, sign: str = "the minus sign is in the update already") -> float:
    """The value as a float. Raises `ArgumentError` unless it is a finite number, and not negative."""
    number = check_number(name, value)
    if number < 0:
        raise ArgumentError(f"{name} is {number:g}; it must not be negative", fix=f"{name}={-number:g}; {sign}")
    return number


def check_share(name: str, value: Any) -> float:
    """The value as a float. Raises `ArgumentError` unless it is at least 0 and below 1."""
    number = check_number(name, value, "0.9")
    if not 0 <= number < 1:
        raise ArgumentError(
            f"{name} is {number:g}; it is the share of the past that is kept: at least 0, and below 1",
            fix=f"{name}=0.9",
        )
    return number


def _check_bound(name: str, value: Any) -> float:
    """The value as a float. Raises `ArgumentError` unless it is a finite number above 0."""
    number = check_number(name, value, "1.0")
    if number <= 0:
        raise ArgumentError(f"{name} is {number:g}; it must be positive", fix=f"{name}=1.0, or leave it out")
    return number


def check_count(name: str, value: Any, least: int = 1) -> int:
    """The value as an int. Raises `ArgumentError` unless it is a whole number, and at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{name} is {value!r}; it is a whole number, {least} or more", fix=f"{name}={least}")
    return int(value)


_SHARES = frozenset({"average", "beta", "beta_1", "beta_2", "momentum"})
_BOUNDS = frozenset({"clip_norm", "clip_value"})

# settings that must not be negative, and why the number is meant as it is without a minus
_RATES: Mapping[str, str] = {
    "epsilon": "it is added to the divisor",
    "learning_rate": "the minus sign is in the update already",
    "momentum_decay": "it is the decay already",
    "rate_decay": "it is the decay already",
    "weight_decay": "the minus sign is in the update already",
}


def check_setting(name: str, value: Any) -> float:
    """The value of a setting as a float, checked by what its name says."""
    if name in _SHARES:
        return check_share(name, value)
    if name in _BOUNDS:
        return _check_bound(name, value)
    return check_rate(name, value, _RATES[name]) if name in _RATES else check_number(name, value)
