"""Formulas as people write them: in Unicode and in LaTeX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import workings.ops
from tests.explain.reading import read
from tests.ops.cases import CASES
from workings.errors import UnsupportedError
from workings.graph import Node, Op, call, constant, input_node
from workings.write.latex import escape, latex, name, said
from workings.write.maths import expression, stated
from workings.write.text import columns, formula, number, text, wrap
from workings.write.tree import Apply, Differential, Number, Plus, Power, Product, Rate, Root, Symbol

assert workings.ops
GOLDEN = Path(__file__).parents[1] / "golden" / "text" / "ops.txt"

w, x, y, t, n = (input_node(title, (), float) for title in ("w", "x", "y", "expected", "n"))
e, i, alpha = (input_node(title, (), float) for title in ("e", "i", "alpha"))
A, B = input_node("A", (4, 3), float), input_node("B", (3, 5), float)
v, b = input_node("v", (3,), float), input_node("b", (5,), float)

_NESTED = r"\sum_{i = 1}^{3} \left(\sum_{j = 1}^{4} \mathbf{A}_{j, \text{:}}\right)_{i}"
FORMULAS = [
    (w * x, "w · x", r"w \cdot x"),
    (2 * (y - t) * x, "2 (y − expected) x", r"2 (y - \mathrm{expected}) x"),
    (2 * y, "2y", "2 y"),
    (3 * y**2, "3y²", "3 y^{2}"),
    (2 * t, "2 expected", r"2 \mathrm{expected}"),
    ((y - t) ** 2, "(y − expected)²", r"(y - \mathrm{expected})^{2}"),
    (x**3, "x³", "x^{3}"),
    (x**-1, "x⁻¹", "x^{-1}"),
    (x**0.5, "x^0.5", "x^{0.5}"),
    (x**n, "xⁿ", "x^{n}"),
    (x ** (n + 1), "x^(n + 1)", "x^{n + 1}"),
    ((-x) ** 2, "(−x)²", "(-x)^{2}"),
    (w - (x - y), "w − (x − y)", "w - (x - y)"),
    (w + (x - y), "w + x − y", "w + x - y"),
    (w + (-x), "w + (−x)", "w + (-x)"),
    (w * (x / y), "w · (x / y)", r"w \cdot \frac{x}{y}"),
    (w / (x * y), "w / (x · y)", r"\frac{w}{x \cdot y}"),
    ((w / x) / y, "(w / x) / y", r"\frac{\frac{w}{x}}{y}"),
    (-(-x / y), "−(−x / y)", r"-\frac{-x}{y}"),
    (-(w / x) * y, "−(w / x) · y", r"-\frac{w}{x} \cdot y"),
    (2 * y * (w - x), "2 · y · (w − x)", r"2 \cdot y \cdot (w - x)"),
    (2 * y**2 * (w - x), "2 y² (w − x)", r"2 y^{2} (w - x)"),
    (2 * alpha * x, "2 alpha x", r"2 \alpha x"),
    (w / (x / y), "w / (x / y)", r"\frac{w}{\frac{x}{y}}"),
    (-(w * x), "−w · x", r"-w \cdot x"),
    (x * -3.0, "x · (−3)", r"x \cdot (-3)"),
    (-y / x, "−y / x", r"\frac{-y}{x}"),
    (1 / (1 + call("exp", -x)), "1 / (1 + exp(−x))", r"\frac{1}{1 + \mathrm{e}^{-x}}"),
    (call("exp", -x), "exp(−x)", r"\mathrm{e}^{-x}"),
    (call("exp", -x / y), "exp(−x / y)", r"\exp\left(\frac{-x}{y}\right)"),
    (call("log2", x) + call("log10", y), "log2(x) + log10(y)", r"\log_{2}(x) + \log_{10}(y)"),
    (e * call("exp", e), "e · exp(e)", r"e \cdot \mathrm{e}^{e}"),
    (call("sqrt", x), "√x", r"\sqrt{x}"),
    (call("sqrt", x + 1), "√(x + 1)", r"\sqrt{x + 1}"),
    (call("absolute", x - y), "|x − y|", r"\lvert x - y \rvert"),
    (call("absolute", call("absolute", x) - y), "abs(|x| − y)", None),
    (call("floor", x), "⌊x⌋", r"\lfloor x \rfloor"),
    (call("tanh", w * x) ** 2, "tanh(w · x)²", None),
    (call("where", x > 0, x, 0.1 * x), "x where x > 0, else 0.1x", None),
    (
        w * call("where", x > 0, x, 0),
        "w · (x where x > 0, else 0)",
        r"w \cdot \left(\begin{cases} x & \text{where } x > 0 \\ 0 & \text{else} \end{cases}\right)",
    ),
    (call("logical_not", x > 0), "not (x > 0)", None),
    (A @ B + b, "A · B + b", r"\mathbf{A} \cdot \mathbf{B} + \boldsymbol{b}"),
    (A @ v, "A · v", r"\mathbf{A} \cdot \boldsymbol{v}"),
    (A.T @ A, "Aᵀ · A", r"\mathbf{A}^{\top} \cdot \mathbf{A}"),
    ((A * A) @ B, "(A ⊙ A) · B", r"(\mathbf{A} \odot \mathbf{A}) \cdot \mathbf{B}"),
    (A * (A @ (B @ B.T)), "A ⊙ (A · B · Bᵀ)", None),
    (2 * A, "2A", r"2 \mathbf{A}"),
    (call("outer", v, b), "v · bᵀ", r"\boldsymbol{v} \cdot \boldsymbol{b}^{\top}"),
    (call("sum", A), "Σ(A)", r"\sum_{i, j} \mathbf{A}_{i, j}"),
    (call("sum", A, axis=0), "Σ over rows of A", r"\sum_{i = 1}^{4} \mathbf{A}_{i, \text{:}}"),
    (2 * call("sum", A * A, axis=1), "2 (Σ over columns of (A ⊙ A))", None),
    (call("sum", call("sum", A, axis=0)), "Σ(Σ over rows of A)", _NESTED),
    (call("sum", i * A, axis=0), "Σ over rows of (i · A)", r"\sum_{j = 1}^{4} (i \cdot \mathbf{A})_{j, \text{:}}"),
    (x + call("sum", A), "x + Σ(A)", r"x + \sum_{i, j} \mathbf{A}_{i, j}"),
    (call("broadcast_to", x, shape=(4, 3)) * A, "x · A", r"x \cdot \mathbf{A}"),
    (call("mean", A), "mean(A)", r"\operatorname{mean}(\mathbf{A})"),
    (call("getitem", A, key=(slice(None), 1)), "A[:, 1]", None),
    (call("flip", A, axis=1), "flip(A, axis=1)", None),
]


@pytest.mark.parametrize(("node", "written", "tex"), FORMULAS, ids=[written for _, written, _ in FORMULAS])
def test_a_formula_is_written_as_a_person_writes_it(node, written, tex):
    tree = expression(node)
    assert text(tree) == written
    if tex is not None:
        assert latex(tree) == tex


def test_derivatives():
    z, wide = Symbol("z"), Symbol("expected")
    assert text(Rate(wide, z)) == "dexpected/dz"
    assert latex(Rate(z, wide)) == r"\frac{\mathrm{d}z}{\mathrm{d}\thinspace \mathrm{expected}}"
    assert text(Differential(Symbol("W_1"))) == "dW_1"
    assert text(Power(Differential(z), Number(2))) == "(dz)²"
    assert latex(Power(Differential(z), Number(2))) == r"(\mathrm{d}z)^{2}"
    assert latex(Differential(Symbol("alpha"))) == r"\mathrm{d}\alpha"
    assert latex(Differential(Symbol("W_1"))) == r"\mathrm{d}W_{1}"


PRODUCTS = [
    ((Number(1e-7), Number(2.5e20)), "1e−7 · 2.5e20", r"1 \times 10^{-7} \cdot 2.5 \times 10^{20}"),
    (
        (Number(2), Number(1e-7), Power(Number(2.5e20), Number(2))),
        "2 · 1e−7 · (2.5e20)²",
        r"2 \cdot 1 \times 10^{-7} \cdot (2.5 \times 10^{20})^{2}",
    ),
    ((Number(1e-300), Symbol("w")), "1e−300 · w", r"1 \times 10^{-300} w"),
    ((Number(1e-300), Symbol("z"), Symbol("w")), "1e−300 · z · w", r"1 \times 10^{-300} z w"),
    ((Number(2), Plus(Number(1e-7), Number(3))), "2 · (1e−7 + 3)", None),
    ((Number(2), Plus(Number(1e-7), Symbol("x2e5"))), "2 (1e−7 + x2e5)", None),
    ((Number(2), Power(Number(3), Symbol("w"))), "2 · 3^w", r"2 \cdot 3^{w}"),
    ((Number(2), Number(float("nan"))), "2 · nan", r"2 \cdot \mathrm{nan}"),
    ((Number(2), Apply("exp", (Number(3),))), "2 exp(3)", r"2 \mathrm{e}^{3}"),
    ((Number(2), Root(Number(1e-7))), "2 · √(1e−7)", r"2 \cdot \sqrt{1 \times 10^{-7}}"),
    ((Number(1.5), Number(np.float64(1) / 3, short=True)), "1.5 · 0.333333…", r"1.5 \cdot 0.333333\ldots"),
]


@pytest.mark.parametrize(("factors", "line", "tex"), PRODUCTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_number_with_a_power_of_ten_is_no_name(factors, line, tex):
    tree = Product(factors)
    assert text(tree) == line
    if tex is not None:
        assert latex(tree) == tex
    values = {"w": 5.0, "z": 7.0, "x2e5": 3.0}
    if "…" not in line and "nan" not in line:
        assert read(line, values) == pytest.approx(float(np.prod([float(read(text(f), values)) for f in factors])))


def test_a_number_with_a_power_of_ten_as_an_exponent():
    assert text(Power(Number(2), Number(1e-7))) == "2^(1e−7)"
    assert text(Power(Symbol("x"), Number(1e20))) == "x^(1e20)"
    assert text(Power(Number(50000.0), Number(2))) == "50000²"


@pytest.mark.parametrize(
    ("value", "written", "short"),
    [
        (64.0, "64", "64"),
        (-1.5, "−1.5", "−1.5"),
        (2, "2", "2"),
        (1e-8, "1e−8", "1e−8"),
        (1.25e30, "1.25e30", "1.25e30"),
        (np.float32(0.1), "0.1", "0.1"),
        (0.1 + 0.2, "0.30000000000000004", "0.300000…"),
        (-0.03957287986287364, "−0.03957287986287364", "−0.0395728…"),
        (1.2345678901234e-9, "1.2345678901234e−9", "1.23456…e−9"),
        (123456789.125, "123456789.125", "123456789.1…"),
        (-0.0, "−0", "−0"),
        (float("inf"), "∞", "∞"),
        (-float("inf"), "−∞", "−∞"),
        (float("nan"), "nan", "nan"),
        (np.bool_(True), "true", "true"),
    ],
)
def test_numbers_are_short_and_exact_or_cut_where_one_sees_it(value, written, short):
    assert number(value) == written
    assert number(value, short=True) == short


def test_every_number_of_float64_reads_back(rng):
    for value in rng.normal(size=200) * 10.0 ** rng.integers(-300, 300, 200):
        assert float(number(value).replace("−", "-")) == value


def test_an_equation_on_the_right_of_another_stands_in_parentheses():
    assert repr(call("equal", x, y, label="same")) == "same = (x = y)"
    assert repr(call("less", x, y, label="less")) == "less = x < y"
    same = stated(expression(call("equal", x, y)))
    assert (text(same), latex(same)) == ("(x = y)", "(x = y)")


def test_names_in_latex_are_set_as_names_and_never_as_commands():
    assert name("alpha") == r"\alpha"
    assert name("h_2") == "h_{2}"
    assert name("W_12") == "W_{12}"
    assert name("learning_rate") == r"\mathrm{learning}_{\mathrm{rate}}"
    assert name("λ") == r"\lambda"
    assert name("a_b_c") == r"{\text{a} \_ \text{b} \_ \text{c}}"
    assert name("größe") == r"\text{größe}"
    assert name("50% of $x$", words=True) == r"\text{50} \% \text{ of } \$ \text{x} \$"
    assert escape("\\input{x}") == r"\textbackslash{}input\{x\}"
    assert said("× 1 disappears") == r"\times \text{ 1 disappears}"


def test_an_unknown_kind_of_maths_is_refused():
    odd = Op("odd", "", lambda inputs, attributes: ((), inputs[0].dtype), np.abs, maths="runes")
    node = Node(odd, (x,), {}, (), x.dtype)
    with pytest.raises(UnsupportedError, match="'runes', which is not a known kind"):
        expression(node)


def test_depth_is_data():
    node = x
    for _ in range(100_000):
        node = call("tanh", node + 1)
    assert columns(formula(node)) < 600
    assert len(repr(node)) < 600


def test_shared_parts_do_not_blow_up():
    node = x
    for _ in range(200):
        node = node * node
    assert len(formula(node)) < 5000


def test_a_node_shows_its_formula():
    z = call("multiply", w, x, label="y")
    assert repr(z) == "y = w · x"
    assert repr(z - t) == "y − expected"
    assert repr(w) == "w: float64 (data)"
    assert repr(constant(2.5)) == "2.5"


def test_the_leaves_are_the_callers_to_say():
    z = w * x
    tree = expression(z + y, lambda node: Symbol("z", node) if node is z else Number(7, node) if node is y else None)
    assert text(tree) == "z + 7"
    assert tree.left.node is z


@pytest.mark.parametrize("width", [20, 33, 50, 80])
def test_wrapped_lines_fit_and_lose_nothing(width):
    line = (
        "dloss/dw = dloss/dz · dz/dy · dy/dw = 2 (y − expected · (w · x + b)) x + aVeryLongNameOfAVariableOfTheUser / 2"
    )
    lines = wrap(line, width, 6)
    assert all(columns(piece) <= width for piece in lines)
    assert "".join("".join(lines).split()) == "".join(line.split())


def test_wide_characters_count_twice():
    assert columns("w · x") == 5
    assert columns("重み") == 4
    assert all(columns(piece) <= 20 for piece in wrap("重み重み重み重み重み = 入力入力入力入力入力 · 重み", 20))


def test_every_op_has_a_formula(update_goldens):
    """One line for each op, to be read by eye: its text and its LaTeX."""
    lines: dict[str, str] = {}
    for case in CASES:
        tree = expression(case.node(case.nodes()))
        lines.setdefault(f"{case.op:<14} {text(tree):<48}", latex(tree))
    written = "".join(f"{line} {tex}\n" for line, tex in lines.items())
    if update_goldens:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(written, encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8")
