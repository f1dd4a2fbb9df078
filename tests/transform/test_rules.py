"""Every rule of simplification, as the pair of texts that it is: both sides are read, applied and evaluated."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.ops.checks import same_bits
from tests.transform.checks import NUMBERS, both_sides, check_pattern, check_pattern_bits, names_in
from workings.errors import WorkingsError
from workings.graph import Graph, evaluate
from workings.graph.layouts import CONTIGUOUS
from workings.transform import simplify
from workings.transform.rules import EXACT, PATTERNS, STRUCTURE, Pattern


def _name(rule: Pattern) -> str:
    return f"{rule.before} → {rule.after}"


EXACT_PATTERNS = [rule for rule in PATTERNS if rule.tag == EXACT]


@pytest.mark.parametrize("rule", PATTERNS, ids=_name)
def test_pattern(rule: Pattern) -> None:
    check_pattern(rule)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["f8", "f4"])
@pytest.mark.parametrize("rule", EXACT_PATTERNS, ids=_name)
def test_exact_pattern_keeps_every_bit(rule: Pattern, dtype: Any) -> None:
    check_pattern_bits(rule, dtype)


_DTYPES = [np.int8, np.uint8, np.int64, np.bool_, np.float32]


@pytest.mark.parametrize("rule", PATTERNS, ids=_name)
def test_no_rule_is_applied_to_integers_where_it_fails(rule: Pattern) -> None:
    names = [name for name in names_in(rule.before) if name not in "mn"]
    for dtypes in itertools.product(_DTYPES, repeat=len(names)):
        values = []
        for dtype in map(np.dtype, dtypes):
            info = None if dtype.kind in "bf" else np.iinfo(dtype)
            ends = [0, 1] if info is None else [0, 1, 2, 5, 100, info.min, info.max, info.max - 1]
            values.append(np.array(ends, dtype))
        given = [axis.ravel() for axis in np.meshgrid(*values)]
        types = {name: (v.dtype, v.shape) for name, v in zip(names, given, strict=True)}
        try:
            inputs, before, _ = both_sides(rule, types, NUMBERS[3])
        except WorkingsError:
            continue  # such a graph cannot be made
        after = simplify(Graph(inputs, [before]), inputs=CONTIGUOUS).graph.outputs[0]
        with np.errstate(all="ignore"):
            left, right = evaluate(Graph(inputs, [before, after]), given)
        assert same_bits(left, right), f"{_name(rule)} for {[d.__name__ for d in dtypes]}"


def test_reasons_are_words() -> None:
    for rule in (*PATTERNS, *STRUCTURE):
        assert rule.reason == rule.reason.strip() != ""


def test_no_pattern_is_there_twice() -> None:
    texts = [rule.before for rule in PATTERNS]
    assert len(texts) == len(set(texts))


# ── rules about shapes and axes: text before, text after ────────────────────────────────────────────────────

STRUCTURE_PAIRS = [
    ("reshape(x, shape=(2, 3))", "x"),
    ("reshape(reshape(x, shape=(6,)), shape=(3, 2))", "reshape(x, shape=(3, 2))"),
    ("reshape(reshape(x, shape=(6,)), shape=(2, 3))", "x"),
    ("reshape(reshape(x, shape=(-1,)), shape=(1, -1))", "reshape(x, shape=(1, -1))"),
    ("reshape(broadcast_to(s, shape=(2, 3)), shape=(6,))", "broadcast_to(s, shape=(6,))"),
    ("reshape(broadcast_to(s, shape=(2, 3)), shape=(3, -1))", "broadcast_to(s, shape=(3, 2))"),
    ("broadcast_to(x, shape=(2, 3))", "x"),
    ("broadcast_to(broadcast_to(r, shape=(2, 3)), shape=(4, 2, 3))", "broadcast_to(r, shape=(4, 2, 3))"),
    ("astype(x, dtype=dtype(float64))", "x"),
    ("transpose(x, axes=(0, 1))", "x"),
    ("transpose(transpose(x, axes=(1, 0)), axes=(1, 0))", "x"),
    ("transpose(transpose(q, axes=(1, 2, 0)), axes=(1, 2, 0))", "transpose(q, axes=(2, 0, 1))"),
    ("transpose(transpose(q, axes=(0, 2, 1)), axes=(1, 0, 2))", "transpose(q, axes=(2, 0, 1))"),
    *(
        pair
        for op in ("add", "subtract", "multiply", "divide")
        for pair in (
            (f"{op}(broadcast_to(r, shape=(2, 3)), x)", f"{op}(r, x)"),
            (f"{op}(x, broadcast_to(r, shape=(2, 3)))", f"{op}(x, r)"),
            (f"{op}(x, broadcast_to(s, shape=(2, 3)))", f"{op}(x, s)"),
        )
    ),
]
UNTOUCHED = [
    "astype(astype(x, dtype=dtype(float32)), dtype=dtype(float64))",
    "add(broadcast_to(r, shape=(2, 3)), broadcast_to(s, shape=(2, 3)))",
    "add(broadcast_to(r, shape=(4, 2, 3)), x)",
    "transpose(x, axes=(1, 0))",
    "multiply(x, -0.0:float64)",
    "add(x, 0:float64)",
    "add(x, -0.0:float64)",
    "multiply(x, 0:float64)",
    "subtract(x, -0.0:float64)",
    "subtract(x, x)",
    "divide(x, x)",
    "multiply(multiply(x, 2:float64), 3:float64)",
    "subtract(0:float64, x)",
    "negative(subtract(x, r))",
]


def expression(text: str) -> Graph:
    """A graph of x [2,3], r [3], q [2,3,4] and s [] that computes one nested expression."""
    import ast

    from workings.graph import call, constant, input_node

    inputs = {
        name: input_node(name, shape, np.float64)
        for name, shape in {"x": (2, 3), "r": (3,), "q": (2, 3, 4), "s": ()}.items()
    }

    def node(part: ast.expr) -> Any:
        if isinstance(part, ast.Name):
            return inputs[part.id]
        if isinstance(part, ast.Call):
            assert isinstance(part.func, ast.Name)
            return call(part.func.id, *map(node, part.args), **{k.arg or "": value(k.value) for k in part.keywords})
        return constant(ast.literal_eval(part), np.float64)

    def value(part: ast.expr) -> Any:
        if isinstance(part, ast.Call):
            assert isinstance(part.args[0], ast.Name)
            return np.dtype(part.args[0].id)
        return ast.literal_eval(part)

    tree = ast.parse(text.replace(":float64", ""), mode="eval").body
    return Graph(inputs.values(), [node(tree)])


@pytest.mark.parametrize(("before", "after"), STRUCTURE_PAIRS)
def test_structure(before: str, after: str) -> None:
    graph = expression(before)
    done = simplify(graph, inputs=CONTIGUOUS)
    wanted = expression(after)
    assert str(done.graph) == str(wanted)
    assert done.notes
    rng = np.random.default_rng(3)
    given = [rng.choice([-0.0, 0.0, np.inf, -np.inf, np.nan, 1.5, 5e-324, 1e300], node.shape) for node in graph.inputs]
    with np.errstate(all="ignore"):
        for found, expected in zip(evaluate(done.graph, given), evaluate(graph, given), strict=True):
            assert same_bits(found, expected)


def test_every_structure_rule_is_met() -> None:
    met = {
        (note.before.op.name, note.reason)
        for before, _ in STRUCTURE_PAIRS
        for note in simplify(expression(before), inputs=CONTIGUOUS).notes
    }
    missing = [(rule.op, rule.reason) for rule in STRUCTURE if (rule.op, rule.reason) not in met]
    assert not missing


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_would_change_bits_stays(text: str) -> None:
    graph = expression(text)
    done = simplify(graph, inputs=CONTIGUOUS)
    assert str(done.graph) == str(graph)
    assert not done.notes
