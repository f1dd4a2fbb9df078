"""Division that rounds down, and what it leaves, of floats: NumPy's algorithm, to the bit."""

from __future__ import annotations

from workings.lower.build import Number, like, made, select

__all__ = ["floor_divide", "remainder"]


def _rest(x: Number, y: Number) -> tuple[Number, Number, Number]:
    """What `fmod` leaves, the same moved to the sign of y, and whether it was moved."""
    left, zero = made("fmod", x, y), like(x, 0)
    apart = made("xor", made("less", y, zero), made("less", left, zero))
    moves = made("and", made("not_equal", left, zero), apart)
    rest = select(moves, made("add", left, y), left)
    # where nothing is left, that nothing has the sign of y
    return left, select(made("equal", left, zero), made("copysign", zero, y), rest), moves


def remainder(x: Number, y: Number) -> Number:
    """What is left of x after whole steps of y, with the sign of y; nan where y is 0."""
    _, rest, _ = _rest(x, y)
    return rest


def floor_divide(x: Number, y: Number) -> Number:
    """x / y rounded down, so that it fits to the remainder; x / y itself where y is 0."""
    zero, one = like(x, 0), like(x, 1)
    left, _, moves = _rest(x, y)
    steps = made("divide", made("subtract", x, left), y)
    steps = select(moves, made("subtract", steps, one), steps)
    # nearly whole: to the whole number that is nearest
    down = made("floor", steps)
    far = made("greater", made("subtract", steps, down), like(x, 0.5))
    whole = select(far, made("add", down, one), down)
    quotient = made("divide", x, y)
    whole = select(made("equal", steps, zero), made("copysign", zero, quotient), whole)
    return select(made("equal", y, zero), quotient, whole)
