"""Makes the polynomials of `workings/lower/coefficients.py`: `python tests/lower/coefficients.py` prints them.

Each is the polynomial through the function at Chebyshev nodes, worked out with 100 digits and rounded to the format.
Its degree is the smallest whose error, as a share of the result it goes into, is under a twelfth of a unit roundoff.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

DIGITS = {"float32": 24, "float64": 53}


class Fit(NamedTuple):
    """The function, its interval, and the relative error that an error of 1 in the polynomial makes in the result."""

    function: Callable[[Any], Any]
    low: Any
    high: Any
    weight: Callable[[Any], Any]


def odd(function: Callable[[Any], Any], first: int, end: Any) -> Fit:
    """`function(t) = first · (t + t³ · P(t²))`, for t up to the end."""
    return Fit(
        lambda z: (function(mpmath.sqrt(z)) - first * mpmath.sqrt(z)) / mpmath.sqrt(z) ** 3,
        0,
        end**2,
        lambda z: z / first,
    )


def fits() -> dict[str, Fit]:
    mp = mpmath.mp
    half_step = mp.log(2) / 2 * 1.01
    ratio = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * 1.001
    eighth = mp.pi / 4 * 1.01
    logarithm = odd(lambda s: mp.log((1 + s) / (1 - s)), 2, ratio)
    return {
        "exp": Fit(lambda r: (mp.exp(r) - 1 - r) / r**2, -half_step, half_step, lambda r: r**2 * 2),
        "log": logarithm,
        "log_rest": Fit(lambda z: (logarithm.function(z) - mp.mpf(2) / 3) / z, 0, ratio**2, lambda z: z**2 * 2**12),
        "sin": odd(mp.sin, 1, eighth),
        "cos": Fit(
            lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, eighth**2, lambda z: z**2 / mp.cos(mp.sqrt(z))
        ),
        "erf": Fit(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 0, mp.mpf(25) / 16, lambda z: 1),
        "log_erfc": Fit(lambda x: -mp.log(mp.erfc(x)), mp.mpf(5) / 4, 4, lambda x: 2 * mp.erfc(x)),
        "tanh": odd(mp.tanh, 1, mp.mpf(29) / 32),
        "arctan": odd(mp.atan, 1, mp.mpf(7) / 16 * 1.001),
        "arcsin": odd(mp.asin, 1, mp.mpf(1) / 2),
    }


def interpolated(fit: Fit, degree: int) -> list[Any]:
    """The coefficients of the polynomial of that degree, by Newton's divided differences."""
    middle, half = (mpmath.mpf(fit.low) + fit.high) / 2, (mpmath.mpf(fit.high) - fit.low) / 2
    nodes = [middle + half * mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    nodes = [node if abs(node) > 1e-30 else mpmath.mpf(10) ** -20 for node in nodes]
    differences = [fit.function(node) for node in nodes]
    for level in range(1, degree + 1):
        for k in range(degree, level - 1, -1):
            differences[k] = (differences[k] - differences[k - 1]) / (nodes[k] - nodes[k - level])
    result = [differences[degree]]
    for k in range(degree - 1, -1, -1):  # result · (v − node) + difference
        result = [
            low - nodes[k] * high for low, high in zip([mpmath.mpf(0), *result], [*result, mpmath.mpf(0)], strict=True)
        ]
        result[0] += differences[k]
    return result


def error(fit: Fit, coefficients: list[Any]) -> Any:
    points = [fit.low + (fit.high - fit.low) * (k + mpmath.mpf("0.31")) / 100 for k in range(100)]
    return max(abs(mpmath.polyval(coefficients[::-1], v) - fit.function(v)) * fit.weight(v) for v in points)


def polynomial(fit: Fit, kind: str) -> tuple[float, ...]:
    with mpmath.workdps(100):
        for degree in range(1, 20):
            coefficients = interpolated(fit, degree)
            if error(fit, coefficients) < mpmath.mpf(2) ** -DIGITS[kind] / 12:
                return tuple(float(np.dtype(kind).type(float(c))) for c in coefficients)
    raise AssertionError("no degree is enough")


def tables() -> dict[str, dict[str, tuple[float, ...]]]:
    only_float64, only_float32 = ("log_rest",), ("erf", "log_erfc", "tanh")  # others are taken in another way
    with mpmath.workdps(100):
        found = {
            name: {kind: polynomial(fit, kind) for kind in DIGITS if kind == "float32" or name not in only_float32}
            for name, fit in fits().items()
        }
    for name in only_float64:
        del found[name]["float32"]
    return found


if __name__ == "__main__":
    print("POLYNOMIALS: dict[str, dict[str, tuple[float, ...]]] =", tables())
