"""Formulas in LaTeX read by SymPy's own parser.

That parser knows letters, arithmetic and the common functions, and takes a letter before parentheses for a function.
So every name is spelled `\\mathit{…}` for it, every other function as one capital letter, and each choice is read
on its own, from the innermost out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import sympy
from sympy.parsing.latex import parse_latex

__all__ = ["read", "worth"]

_GREEK = "alpha|beta|gamma|delta|varepsilon|theta|lambda|mu|sigma|Omega"
_NAME = rf"(?:\\mathrm\{{[a-z]+\}}|\\(?:{_GREEK})(?![a-zA-Z])|[a-zA-Z])(?:_\{{(?:\d+|[a-z]|\\mathrm\{{[a-z]+\}})\}})?"
_TOKEN = re.compile(
    r"(?P<ready>\\mathit\{\w+\})"
    r"|(?P<bars>\\[lr]vert\b)"
    r"|\\operatorname\{(?P<function>\w+|\\text\{\w+\\_\w+\})\}"
    r"|(?P<e>\\mathrm\{e\}(?=\^))"
    rf"|(?P<name>(?:\\mathrm\{{d\}}(?:\\thinspace )?)?{_NAME})"
    r"|(?P<command>\\[a-zA-Z]+(?:_\{\d+\})?)"
)
_CASES = re.compile(
    r"\\begin\{cases\} ((?:(?!\\begin).)*?) & \\text\{where \} ((?:(?!\\begin).)*?) \\\\ ((?:(?!\\begin).)*?) "
    r"& \\text\{else\} \\end\{cases\}"
)


class _Step(sympy.Function):
    """Constant but for jumps."""

    def fdiff(self, argindex: int = 1) -> Any:
        return sympy.Integer(0)


Floor, Ceiling, Rint, Trunc, Sign = (type(name, (_Step,), {}) for name in ("Floor", "Ceiling", "Rint", "Trunc", "Sign"))
_STEPS: Mapping[str, Callable[[Any], Any]] = {
    "Floor": mpmath.floor,
    "Ceiling": mpmath.ceil,
    "Rint": mpmath.nint,
    "Trunc": lambda x: mpmath.sign(x) * mpmath.floor(abs(x)),
    "Sign": mpmath.sign,
}


def _larger(x: Any, y: Any) -> Any:
    return sympy.Piecewise((x, x > y), (y, True))


def _smaller(x: Any, y: Any) -> Any:
    return sympy.Piecewise((x, x < y), (y, True))


# what the functions mean that SymPy's parser does not know, from the documentation of NumPy
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "absolute": lambda x: sympy.Piecewise((x, x >= 0), (-x, True)),
    "arccosh": sympy.acosh,
    "arcsinh": sympy.asinh,
    "arctan2": sympy.atan2,
    "arctanh": sympy.atanh,
    "clip": lambda x, low, high: _smaller(_larger(x, low), high),
    "erf": sympy.erf,
    "expm1": lambda x: sympy.exp(x) - 1,
    "floor_divide": lambda x, y: Floor(x / y),
    "hypot": lambda x, y: sympy.sqrt(x**2 + y**2),
    "log1p": lambda x: sympy.log(1 + x),
    "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
    "maximum": _larger,
    "minimum": _smaller,
    "remainder": lambda x, y: x - y * Floor(x / y),
    "rint": Rint,
    "sign": Sign,
    "trunc": Trunc,
}
_LETTERS = {name: chr(ord("A") + i) for i, name in enumerate(_FUNCTIONS)}


class _Reader:
    def __init__(self, names: Mapping[str, sympy.Symbol]) -> None:
        self.names = {tex: self.spelled(f"v{_letters(i)}") for i, tex in enumerate(names)}
        self.meanings: dict[Any, Any] = dict(zip(map(self.plain, self.names.values()), names.values(), strict=True))

    @staticmethod
    def spelled(word: str) -> str:
        return rf"\mathit{{{word}}}"

    @staticmethod
    def plain(spelled: str) -> sympy.Symbol:
        return sympy.Symbol(spelled.removeprefix(r"\mathit{").removesuffix("}"))

    def formula(self, tex: str) -> Any:
        """An expression of the given symbols."""
        while found := _CASES.search(tex):
            yes, condition, no = found.groups()
            choice = sympy.Piecewise((self.formula(yes), self.condition(condition)), (self.formula(no), True))
            spelled = self.spelled(f"q{_letters(len(self.meanings))}")
            self.meanings[self.plain(spelled)] = choice
            tex = tex[: found.start()] + spelled + tex[found.end() :]
        for name in sorted(self.names, key=len, reverse=True):
            if r"\text" in name:
                tex = tex.replace(name, self.names[name])
        spelled = _TOKEN.sub(self.token, tex.replace(r"\left", "").replace(r"\right", ""))
        assert r"\text" not in spelled, spelled
        found = parse_latex(spelled)
        found = found.xreplace({sympy.Symbol("e"): sympy.E}).replace(sympy.floor, Floor).replace(sympy.ceiling, Ceiling)
        for name, letter in _LETTERS.items():
            found = found.replace(sympy.Function(letter), _FUNCTIONS[name])
        unknown = found.free_symbols - set(self.meanings)
        assert not unknown, f"{unknown} in {tex}"
        return found.doit().xreplace(self.meanings)

    def token(self, match: re.Match[str]) -> str:
        kind, word = match.lastgroup, match[0]
        if kind == "bars":
            return f"{_LETTERS['absolute']}(" if word == r"\lvert" else ")"
        if kind == "function":
            name = match["function"].removeprefix(r"\text{").removesuffix("}").replace(r"\_", "_")
            return _LETTERS[name]
        if kind == "e":
            return "e"
        return self.names[word] if kind == "name" else word

    def condition(self, tex: str) -> Any:
        if tex in (r"\mathrm{true}", r"\mathrm{false}"):
            return sympy.true if "true" in tex else sympy.false
        if tex.startswith(r"\operatorname{isfinite}("):
            return sympy.true  # of values that are
        if tex.startswith(r"\text{not } "):
            return sympy.Not(self.condition(_inside(tex.removeprefix(r"\text{not } "))))
        for sign, relation in _RELATIONS.items():
            left, found, right = _cut(tex, f" {sign} ")
            if found and sign.startswith(r"\text"):
                return relation(self.condition(left), self.condition(right))
            if found:
                return relation(self.formula(left), self.formula(right))
        inside = _inside(tex)
        return self.condition(inside) if inside != tex else sympy.Ne(self.formula(tex), 0)


# loosest first
_RELATIONS: Mapping[str, Callable[..., Any]] = {
    r"\text{ or }": sympy.Or,
    r"\text{ and }": sympy.And,
    "<": sympy.Lt,
    ">": sympy.Gt,
    r"\le": sympy.Le,
    r"\ge": sympy.Ge,
    "=": sympy.Eq,
    r"\ne": sympy.Ne,
}


def _cut(tex: str, sign: str) -> tuple[str, str, str]:
    """What stands before and after a sign outside of parentheses."""
    at = next((i for i in range(len(tex)) if tex.startswith(sign, i) and _depth(tex[:i]) == 0), len(tex))
    return tex[:at], tex[at : at + len(sign)], tex[at + len(sign) :]


def _inside(tex: str) -> str:
    """What stands between parentheses around everything."""
    whole = tex.startswith("(") and all(_depth(tex[:i]) for i in range(1, len(tex)))
    return tex[1:-1] if whole else tex


def _depth(tex: str) -> int:
    return tex.count("(") - tex.count(")")


def _letters(number: int) -> str:
    """A number in letters: names of SymPy's parser have no digits, nor a d, which it takes for a differential."""
    return str(number).translate(str.maketrans("0123456789", "ghijklmnop"))


def read(tex: str, names: Mapping[str, sympy.Symbol], *, condition: bool = False) -> Any:
    """The formula as an expression of SymPy; `names` says which symbol each name in LaTeX is.

    A condition is 1 where it holds and else 0.

    >>> x, y = sympy.symbols("x y", real=True)
    >>> read(r"2 (x - y_{1}) x^{2}", {"x": x, "y_{1}": y})
    2*x**2*(x - y)
    """
    if condition:
        return sympy.Piecewise((1, _Reader(names).condition(tex)), (0, True))
    return _Reader(names).formula(tex)


def worth(expression: Any, values: Mapping[sympy.Symbol, float]) -> float:
    """The value of an expression, to 30 digits before it is rounded."""
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    function = sympy.lambdify(symbols, expression, modules=[dict(_STEPS), "mpmath"])
    with mpmath.workdps(30):
        return float(function(*(mpmath.mpf(float(values[s])) for s in symbols)))
