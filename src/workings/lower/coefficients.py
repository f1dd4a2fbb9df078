"""The numbers in the expansions: polynomials, constants in two parts, 2/π to 1,200 bits, and the pieces of erf.

The polynomials are made by `tests/lower/coefficients.py`, lowest power first. All else is worked out here from
definitions, with integers and decimals, so that no long table has to be believed.
"""

from __future__ import annotations

import decimal
import functools
import math

import numpy as np

__all__ = ["POLYNOMIALS", "STEEP", "constant", "erf_pieces", "two_over_pi"]

POLYNOMIALS: dict[str, dict[str, tuple[float, ...]]] = {
    "exp": {
        "float32": (
            0.5,
            0.1666666716337204,
            0.04166645556688309,
            0.00833331048488617,
            0.0013934541493654251,
            0.00019891980628017336,
        ),
        "float64": (
            0.5,
            0.1666666666666667,
            0.04166666666666667,
            0.008333333333325544,
            0.0013888888888883327,
            0.00019841269876864356,
            2.4801587327007187e-05,
            2.755725283351691e-06,
            2.75572718102198e-07,
            2.5106274733573296e-08,
            2.0915442297780116e-09,
        ),
    },
    "erf": {
        "float32": (
            0.12837916612625122,
            -0.37612631916999817,
            0.11283683776855469,
            -0.026860568672418594,
            0.005209589842706919,
            -0.0008344853413291276,
            0.00010418097372166812,
            -7.616689345013583e-06,
        ),
    },
    "log_erfc": {
        "float32": (
            -0.00021718420612160116,
            1.12986421585083,
            0.6323904991149902,
            0.10959938913583755,
            -0.026171555742621422,
            0.004678613040596247,
            -0.0005807499401271343,
            4.427752719493583e-05,
            -1.5524822174484143e-06,
        ),
    },
    "log": {
        "float32": (0.6666668653488159, 0.399887353181839, 0.2958202362060547),
        "float64": (
            0.666666666666667,
            0.3999999999989827,
            0.2857142862653362,
            0.22222211043776857,
            0.18182895750119193,
            0.1533150161114533,
            0.1461916613488797,
        ),
    },
    "log_rest": {
        "float64": (
            0.4,
            0.28571428571429375,
            0.22222222221649277,
            0.18181818336889324,
            0.15384594802772,
            0.13334813373687013,
            0.11706004128016817,
            0.11725604536475413,
        )
    },
    "sin": {
        "float32": (-0.1666666716337204, 0.008333331905305386, -0.00019840039021801203, 2.724378191487631e-06),
        "float64": (
            -0.16666666666666666,
            0.008333333333333331,
            -0.00019841269841264567,
            2.7557319218954762e-06,
            -2.505210610025599e-08,
            1.6058510875319195e-10,
            -7.585486485235938e-13,
        ),
    },
    "cos": {
        "float32": (0.0416666641831398, -0.0013888279208913445, 2.4542870960431173e-05),
        "float64": (
            0.041666666666666664,
            -0.0013888888888887241,
            2.480158729853226e-05,
            -2.7557317151858866e-07,
            2.0876121534608454e-09,
            -1.1380868171449914e-11,
        ),
    },
    "tanh": {
        "float32": (
            -0.3333333134651184,
            0.13333256542682648,
            -0.05395305156707764,
            0.021754547953605652,
            -0.00843822117894888,
            0.002744070952758193,
            -0.0005136868567205966,
        )
    },
    "arctan": {
        "float32": (
            -0.3333333134651184,
            0.1999931037425995,
            -0.14256420731544495,
            0.1066688671708107,
            -0.062113650143146515,
        ),
        "float64": (
            -0.3333333333333333,
            0.199999999999994,
            -0.1428571428556411,
            0.11111111096409824,
            -0.09090908345125823,
            0.07692285283732204,
            -0.0666623756357216,
            0.058769015801081556,
            -0.052163838389235294,
            0.044910508794712374,
            -0.03310031010333527,
            0.014745576956543369,
        ),
    },
    "arcsin": {
        "float32": (
            0.1666666567325592,
            0.07500094175338745,
            0.04459940269589424,
            0.031100662425160408,
            0.017149237915873528,
            0.03369084745645523,
        ),
        "float64": (
            0.16666666666666669,
            0.07499999999998433,
            0.04464285714635543,
            0.030381944138531247,
            0.02237217294214989,
            0.017352392720869973,
            0.013971212973552933,
            0.011479177415184906,
            0.01032281435018578,
            0.005457506718640358,
            0.01740087944269402,
            -0.014851887071247204,
            0.028757851367421566,
        ),
    },
}
"""P by name and kind of float:

- exp: `exp(r) = 1 + r + r²·P(r)` for |r| ≤ ln(2)/2
- log: `log((1 + s)/(1 − s)) = 2s + s³·P(s²)`, and log_rest: its `P(z) = 2/3 + z·rest(z)`
- sin: `sin(r) = r + r³·P(r²)`, and cos: `cos(r) = 1 − r²/2 + r⁴·P(r²)`, for |r| ≤ π/4
- tanh: `tanh(x) = x + x³·P(x²)` for |x| ≤ 29/32
- arctan: `arctan(t) = t + t³·P(t²)` for |t| ≤ 7/16, and arcsin the same for |t| ≤ 1/2
"""

STEEP = 5  # of the pieces of erf, those with a slope of 1 apart


def whole_pi(bits: int) -> int:
    """π · 2**bits, cut off, from Machin's π/4 = 4 arctan(1/5) − arctan(1/239)."""

    def arctan_of_inverse(n: int) -> int:
        term, sum, k = (1 << (bits + 16)) // n, 0, 0
        while term:
            sum += (-1) ** k * (term // (2 * k + 1))
            term //= n * n
            k += 1
        return sum

    return (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) >> 16


def parts(value: int, exponent: int, kind: str, count: int) -> tuple[float, ...]:
    """`value · 2**exponent` as a sum of floats, each the nearest to what is left."""
    digits = 24 if kind == "float32" else 53
    found: list[float] = []
    for _ in range(count):
        drop = max(value.bit_length() - digits, 0)
        rounded = (
            (value + (1 << drop >> 1)) >> drop << drop if value > 0 else -((-value + (1 << drop >> 1)) >> drop << drop)
        )
        found.append(math.ldexp(rounded >> drop, drop + exponent))
        value -= rounded
    return tuple(found)


@functools.cache
def constant(name: str, kind: str) -> tuple[float, float]:
    """A constant of mathematics as a sum of two floats of a kind: ln2, log2e, log10e, log10_2, pi_2 (π/2)."""
    with decimal.localcontext(decimal.Context(prec=80)) as context:
        two, ten = decimal.Decimal(2), decimal.Decimal(10)
        value = {
            "ln2": lambda: two.ln(),
            "log2e": lambda: 1 / two.ln(),
            "log10e": lambda: 1 / ten.ln(),
            "log10_2": lambda: two.ln() / ten.ln(),
            "pi_2": lambda: decimal.Decimal(whole_pi(240)) / 2**241,
        }[name]()
        hi, lo = parts(int(context.multiply(value, 2**240)), -240, kind, 2)
    return hi, lo


@functools.cache
def two_over_pi(place: int, kind: str) -> tuple[float, ...]:
    """What of 2/π counts for floats from 2**(16·place) up to 2**(16·place + 16), times 2**(16·place).

    It is a sum of floats of 64 bits. Bits of 2/π that such a float, of the kind, can only turn into multiples of 4
    quarter turns are left out.
    """
    digits = 24 if kind == "float32" else 53
    bits = 16 * place + 300
    value = (1 << (2 * bits + 1)) // whole_pi(bits)  # 2/π · 2**bits
    kept = bits + 2 - (16 * place - digits + 1)  # 2**(2 − weight of the float's last bit)
    value &= (1 << kept) - 1
    return parts(value, 16 * place - bits, "float64", 2 if kind == "float32" else 4)


@functools.cache
def erf_pieces(kind: str) -> tuple[tuple[float, ...], ...]:
    """Columns for every c = k/8: erf(c) as a sum of two floats, then the polynomial P of its Taylor series there.

    With `t = x − c`, `erf(x) = erf(c) + t·P(t)`. For the first `STEEP` of the c, whose slope is about 1, this 1 is
    taken off, and `erf(x) = erf(c) + t + t·P(t)`, which rounds less. The series, with Hermite's polynomials Hₙ, is
    2/√π·exp(−c²)·Σ (−1)ⁿ·Hₙ(c)·tⁿ⁺¹/(n + 1)!.
    """
    count, degree = (33, 6) if kind == "float32" else (49, 11)
    values: list[tuple[float, ...]] = []
    rows: list[tuple[float, ...]] = []
    scale = 2**240
    with decimal.localcontext(decimal.Context(prec=80)):
        factor = 2 / (decimal.Decimal(whole_pi(240)) / scale).sqrt()
        for place in range(count):
            center = decimal.Decimal(place) / 8
            sum, term, n = decimal.Decimal(0), center, 0  # exp(−c²)·Σ 2ⁿ·c²ⁿ⁺¹/(2n + 1)!!, of positive terms
            while term > decimal.Decimal(10) ** -75:
                sum += term
                n += 1
                term = term * 2 * center**2 / (2 * n + 1)
            height = factor * (-(center**2)).exp()
            values.append(parts(int(height * sum * scale), -240, kind, 2))
            hermite = [decimal.Decimal(1), 2 * center]
            for n in range(1, degree):
                hermite.append(2 * center * hermite[n] - 2 * n * hermite[n - 1])
            row = [height * (-1) ** n * hermite[n] / math.factorial(n + 1) for n in range(degree)]
            row[0] -= place < STEEP
            rows.append(tuple(float(np.dtype(kind).type(float(c))) for c in row))
    return (*zip(*values, strict=True), *zip(*rows, strict=True))
