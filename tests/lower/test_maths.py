"""The expansions against mpmath, in units in the last place; specials, symmetry, exact values; the bits of LLVM."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special

from tests.lower.coefficients import tables
from tests.lower.llvm_builder import compiled
from tests.lower.numpy_builder import evaluate, fma32, fma64, slow_fma
from workings.lower.coefficients import POLYNOMIALS
from workings.lower.maths import EXPANSIONS

KINDS = ["float32", "float64"]
INTEGERS = {"float32": np.int32, "float64": np.int64}
ORACLES: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "expm1": mpmath.expm1,
    "tanh": mpmath.tanh,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": mpmath.log10,
    "power": lambda x, y: x**y,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "arctan": mpmath.atan,
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan2": mpmath.atan2,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y),
    "erf": mpmath.erf,
}
TWO = ("power", "arctan2", "hypot")
ONE = [name for name in EXPANSIONS if name not in TWO]
DOMAINS = {
    "log": (0, np.inf),
    "log2": (0, np.inf),
    "log10": (0, np.inf),
    "log1p": (-1, np.inf),
    "arcsin": (-1, 1),
    "arccos": (-1, 1),
    "arctanh": (-1, 1),
    "arccosh": (1, np.inf),
}
ODD = ("tanh", "sinh", "sin", "tan", "arctan", "arcsin", "arcsinh", "arctanh", "erf")
EVEN = ("cosh", "cos")


def points(name: str, kind: str, seed: int, count: int) -> Any:
    """Arguments over the whole range and dense where something happens, in the domain of a function of one."""
    rng = np.random.default_rng(seed)
    integers = INTEGERS[kind]
    limits = np.iinfo(integers)
    info = np.finfo(kind)
    signs = rng.choice([-1, 1], count)
    near = np.concatenate(
        [
            rng.integers(1, 2000, count) * math.log(2) / 2,  # where exp and the logarithms are reduced
            rng.integers(1, 10**6, count) * math.pi / 4,  # the roots and seams of the circular functions
            rng.integers(1, 64, count) / 16,  # the seams of erf, arctan, arcsin and tanh
            math.log(float(info.max)) + rng.normal(size=count),
            math.log(float(info.tiny)) - rng.uniform(0, 40, count),
            np.full(count, 29 / 32),
        ]
    )
    parts = [
        rng.integers(limits.min, limits.max, 3 * count, dtype=integers, endpoint=True).view(kind),
        near.astype(kind) * rng.choice([-1, 1], near.size) * (1 + rng.integers(-3, 4, near.size) * info.eps),
        1 + rng.normal(size=count) * 10.0 ** rng.uniform(-math.log10(1 / info.eps), 0, count),
        signs * 10.0 ** rng.uniform(-6, 3, count),
        rng.normal(size=count),
        signs * info.smallest_subnormal * rng.integers(1, 100, count),
    ]
    with np.errstate(all="ignore"):
        x = np.concatenate([np.asarray(part).astype(kind) for part in parts])
    low, high = DOMAINS.get(name, (-np.inf, np.inf))
    x = x[np.isfinite(x) & (x > low) & (x < high)]
    if name in ("exp", "exp2", "expm1", "sinh", "cosh"):  # mpmath would write out the huge and the tiny
        x = x[abs(x) < (1200 if kind == "float64" else 200)]
    if name in ("erf", "tanh"):
        x = x[abs(x) < 100]
    return x


def pairs(name: str, kind: str, seed: int, count: int) -> tuple[Any, Any]:
    """Arguments of a function of two, of all exponents; for powers those that end within the range or just beyond."""
    rng = np.random.default_rng(seed)
    top = np.finfo(kind).maxexp
    x = np.exp2(rng.uniform(-top - 20, top - 1e-3, count))
    if name == "power":
        x[: count // 2] = abs(1 + rng.normal(size=count // 2) * 10.0 ** rng.uniform(-7, -0.7, count // 2))
        x = x.astype(kind)
        with np.errstate(divide="ignore"):
            y = rng.uniform(-top - 30, top + 1, count) / np.log2(x.astype(float))
        y = np.where(np.isfinite(y), y, 2.0)
        keep = (abs(y) < np.finfo(kind).max) & (x != 1)
        return x[keep], y[keep].astype(kind)
    y = np.exp2(rng.uniform(-top - 20, top - 1e-3, count))
    y[: count // 2] = np.minimum(x / 8 * np.exp2(rng.normal(size=count)), 2.0 ** (top - 1))[: count // 2]
    x, y = (v.astype(kind) * rng.choice([-1, 1], count).astype(kind) for v in (x, y))
    keep = (x != 0) & (y != 0)
    return x[keep], y[keep]


def off(name: str, kind: str, arguments: tuple[Any, ...], result: Any) -> tuple[float, str]:
    """By how many units in the last place a result is off at most, and where; beyond the largest number is inf."""
    info = np.finfo(kind)
    circular = name in ("sin", "cos", "tan")
    worst, place = 0.0, ""
    with mpmath.workprec(1300 if circular and kind == "float64" else 320):
        limit = mpmath.mpf(2) ** info.maxexp
        for row, got in zip(zip(*(a.tolist() for a in arguments), strict=True), result.tolist(), strict=True):
            exact = ORACLES[name](*map(mpmath.mpf, row))
            exponent = max(mpmath.frexp(exact)[1] - 1, info.minexp) if exact else info.minexp
            unit = mpmath.ldexp(1, int(exponent) - info.nmant)
            if abs(exact) >= limit:
                wrong = 0.0 if got == math.copysign(math.inf, exact) else math.inf
            elif math.isinf(got):
                wrong = float(abs(mpmath.sign(got) * limit - exact) / unit)
            else:
                wrong = float(abs(got - exact) / unit) if got == got else math.inf
            if wrong > worst:
                worst, place = wrong, f"{name}{row} gave {got!r}"
    return worst, place


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXPANSIONS)
def test_the_bound_holds_over_the_whole_range(name: str, kind: str) -> None:
    arguments = pairs(name, kind, 1, 600) if name in TWO else (points(name, kind, 1, 60),)
    worst, place = off(name, kind, arguments, evaluate(EXPANSIONS[name].write, *arguments))
    assert worst <= EXPANSIONS[name].ulps[kind], place


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXPANSIONS)
def test_the_bound_holds_at_many_more_points(name: str, kind: str) -> None:
    arguments = pairs(name, kind, 2, 20_000) if name in TWO else (points(name, kind, 2, 2000),)
    worst, place = off(name, kind, arguments, evaluate(EXPANSIONS[name].write, *arguments))
    assert worst <= EXPANSIONS[name].ulps[kind], place


@pytest.mark.parametrize("name", ONE)
def test_float32_is_within_its_bound_of_float64_at_many_points(name: str) -> None:
    """A float64 function of NumPy or SciPy is exact here, but for the last thousandth of a unit."""
    x = np.arange(7, 2**32, 16381, dtype=np.uint32).view(np.float32)
    oracle = getattr(scipy.special if name == "erf" else np, name)
    with np.errstate(all="ignore"):
        exact = oracle(x.astype(np.float64))
        got = evaluate(EXPANSIONS[name].write, x).astype(np.float64)
        unit = np.ldexp(1.0, np.maximum(np.frexp(exact)[1] - 24, -149))
        assert np.array_equal(np.isnan(exact), np.isnan(got))
        beyond = abs(exact) >= 2.0**128
        assert np.array_equal(got[beyond], np.copysign(np.inf, exact[beyond]))
        got = np.where(np.isinf(got), np.copysign(2.0**128, got), got)
        wrong = np.where(beyond | np.isnan(exact), 0, abs(got - exact) / unit)
    assert wrong.max() <= EXPANSIONS[name].ulps["float32"] + 1e-3, x[np.argmax(wrong)]


def specials(kind: str) -> Any:
    info = np.finfo(kind)
    values = [0, 1, 0.5, 2, 3, 7.5, 2.0**30, 2.0**30 + 1, info.tiny, info.smallest_subnormal, info.max, np.inf, np.nan]
    values += [1 - info.epsneg, 1 + info.eps, 2.0**info.nmant - 1, 2.0**info.nmant + 1, 2.0 ** (info.nmant + 1)]
    return np.array([s * v for v in values for s in (1, -1)]).astype(kind)


def is_special(x: Any) -> Any:
    return ~np.isfinite(x) | (x == 0) | (abs(x) == 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXPANSIONS)
def test_specials_are_those_of_numpy(name: str, kind: str) -> None:
    values = specials(kind)
    arguments = tuple(np.array(list(itertools.product(values, values)), kind).T) if name in TWO else (values,)
    with np.errstate(all="ignore"):
        expected = getattr(scipy.special if name == "erf" else np, name)(*arguments)
    got = evaluate(EXPANSIONS[name].write, *arguments)
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))
    exact = numbers & is_special(expected)
    if name in ("cosh", "cos", "power", "tanh", "erf"):  # 1 is also what many numbers round to
        exact &= ~np.isin(abs(expected), [1])
    assert np.array_equal(got[exact], expected[exact])
    with np.errstate(all="ignore"):
        close = abs(got - expected) <= 4 * np.spacing(abs(expected))
    assert (close | exact | ~numbers).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*ODD, *EVEN])
def test_symmetry_holds_to_the_bit(name: str, kind: str) -> None:
    x = points(name, kind, 3, 400)
    at, against = (evaluate(EXPANSIONS[name].write, v) for v in (x, -x))
    integers = INTEGERS[kind]
    assert np.array_equal(at.view(integers), (against if name in EVEN else -against).view(integers))


@pytest.mark.parametrize("kind", KINDS)
def test_values_that_are_exact_come_out_exact(kind: str) -> None:
    info = np.finfo(kind)
    k = np.arange(info.minexp - info.nmant, info.maxexp)
    powers = np.ldexp(1.0, k).astype(kind)
    assert np.array_equal(evaluate(EXPANSIONS["exp2"].write, k.astype(kind)), powers)
    assert np.array_equal(evaluate(EXPANSIONS["log2"].write, powers), k.astype(kind))
    tens = np.arange(0, 11 if kind == "float32" else 23)
    assert np.array_equal(evaluate(EXPANSIONS["log10"].write, 10.0 ** tens.astype(kind)), tens.astype(kind))
    whole = np.arange(-40, 41).astype(kind)
    assert np.array_equal(evaluate(EXPANSIONS["power"].write, whole, np.full_like(whole, 2)), whole**2)
    assert np.array_equal(evaluate(EXPANSIONS["power"].write, whole, np.full_like(whole, 3)), whole**3)
    assert np.array_equal(evaluate(EXPANSIONS["hypot"].write, 3 * powers[60:-9], 4 * powers[60:-9]), 5 * powers[60:-9])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "log", "log1p", "erf", "arctan"])
def test_no_step_down_is_larger_than_the_bound(name: str, kind: str) -> None:
    """Neighbors may change places by rounding, but by no more than two results within the bound can."""
    integers = INTEGERS[kind]
    centers = [0.01, 0.125, 0.4375, 0.5 * math.log(2), 0.6875, 0.90625, 1.0, 1.5, 2.4375, 3.9, 5.9]
    starts = np.array(centers).astype(kind).view(integers)
    x = (starts[:, None] + np.arange(-200, 200)).astype(integers).view(kind).ravel()
    y = evaluate(EXPANSIONS[name].write, x).reshape(len(centers), -1).astype(np.longdouble)
    falls = (y[:, :-1] - y[:, 1:]) / np.spacing(abs(y[:, :-1]).astype(kind))
    assert falls.max() <= 1


def test_the_float64_nearest_to_a_multiple_of_half_pi() -> None:
    # 6381956970095103 · 2**797, of J.-M. Muller, Elementary Functions, and the classic hard arguments of fdlibm
    x = np.array([math.ldexp(6381956970095103, 797), 1e22, 5.319372648326541e255, math.ldexp(1, 1023)])
    for name in ("sin", "cos", "tan"):
        worst, place = off(name, "float64", (x,), evaluate(EXPANSIONS[name].write, x))
        assert worst <= EXPANSIONS[name].ulps["float64"], place
    assert evaluate(EXPANSIONS["sin"].write, x)[1] == -0.8522008497671888


def test_polynomials_are_what_their_script_makes() -> None:
    assert tables() == POLYNOMIALS


@pytest.mark.parametrize(("name", "polynomial"), [("exp", "exp"), ("log", "log"), ("arctan", "arctan"), ("cos", "cos")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_coefficient_is_caught(name: str, polynomial: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = POLYNOMIALS[polynomial][kind]
    wrong = (first * (1 + 256 * np.finfo(kind).eps), *rest)
    monkeypatch.setitem(POLYNOMIALS[polynomial], kind, wrong)
    x = points(name, kind, 1, 60)
    assert off(name, kind, (x,), evaluate(EXPANSIONS[name].write, x))[0] > EXPANSIONS[name].ulps[kind]


def test_every_expansion_has_an_oracle() -> None:
    assert ORACLES.keys() == EXPANSIONS.keys()


def test_the_fused_multiply_add_of_the_tests_is_exact() -> None:
    rng = np.random.default_rng(4)
    a, b = (rng.normal(size=3000) * 2.0 ** rng.integers(-60, 60, 3000) for _ in range(2))
    c = np.where(rng.random(3000) < 0.5, -a * b * (1 + rng.integers(-2, 3, 3000) * 2.0**-52), rng.normal(size=3000))
    got = fma64(a, b, c)
    assert got.tolist() == [float(Fraction(p) * Fraction(q) + Fraction(r)) for p, q, r in zip(a, b, c, strict=True)]
    assert got.tolist() == [slow_fma(*map(float, row)) for row in zip(a, b, c, strict=True)]
    small = [v.astype(np.float32) for v in (a, b, c)]
    with np.errstate(over="ignore"):
        narrow = fma32(*small)
    for p, q, r, got32 in zip(*small, narrow, strict=True):
        exact = Fraction(float(p)) * Fraction(float(q)) + Fraction(float(r))
        if np.isfinite(got32):
            below, above = (abs(Fraction(float(np.nextafter(got32, np.float32(s)))) - exact) for s in (-np.inf, np.inf))
            assert abs(Fraction(float(got32)) - exact) <= min(below, above)


@pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed")
@pytest.mark.parametrize("width", [1, 4, 16])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", EXPANSIONS)
def test_llvm_gives_the_same_bits(name: str, kind: str, width: int) -> None:
    if name in TWO:
        arguments = pairs(name, kind, 5, 500)
    else:
        arguments = (np.concatenate([specials(kind), points(name, kind, 5, 40)]),)
    arguments = tuple(a[: a.size // 16 * 16] for a in arguments)
    got = compiled(EXPANSIONS[name].write, kind, len(arguments), width)(*arguments)
    assert_same_bits(got, evaluate(EXPANSIONS[name].write, *arguments))


def assert_same_bits(got: Any, expected: Any) -> None:
    nan = np.isnan(expected)
    integers = INTEGERS[str(expected.dtype)]
    assert np.array_equal(np.isnan(got), nan)
    assert np.array_equal(got[~nan].view(integers), expected[~nan].view(integers))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "tanh", "log", "sin", "erf"])
def test_avx2_gives_the_same_bits(name: str, kind: str) -> None:
    binding = pytest.importorskip("llvmlite.binding", reason="llvmlite is not installed")
    host = binding.get_host_cpu_features()
    if not (host.get("avx2") and host.get("fma")):
        pytest.skip("this machine has no AVX2")
    x = points(name, kind, 6, 40)
    x = x[: x.size // 8 * 8]
    got = compiled(EXPANSIONS[name].write, kind, 1, 8, features="+avx2,+fma")(x)
    assert_same_bits(got, evaluate(EXPANSIONS[name].write, x))
