"""Mistakes planted on purpose, each caught by the very checks that should catch it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tests.ops import test_conformance as conformance
from tests.ops.cases import APART, CASES, Case, cases_of
from tests.ops.checks import (
    ENGINES,
    check_engine,
    check_forward,
    check_inference,
    check_reverse,
    check_second_order,
    graph_of,
)
from tests.transform import test_rules as rules
from tests.transform import test_scan as loops
from tests.transform.checks import check_pattern, check_pattern_bits
from workings.errors import WorkingsError
from workings.graph import Graph, Node, Op, call, lookup, register, registered
from workings.graph import op as registry
from workings.lower import elements
from workings.ops.infer import elementwise
from workings.transform import loop as derivative_of_loops
from workings.transform import simplify as simplify_function
from workings.transform.rules import ALGEBRA, EXACT, PATTERNS, STRUCTURE, Pattern, Structure

assert simplify_function
OPS = [op for op in registered() if op.name not in APART]
PARTIALS = [(op, k) for op in OPS for k, partial in enumerate(op.partials or ()) if partial != 0]
FLAT = [(op, k) for op in OPS for k, partial in enumerate(op.partials or ()) if partial == 0]
VJPS = [op for op in OPS if op.vjp is not None]
JVPS = [op for op in OPS if op.jvp is not None]


def _name(value: Any) -> str | None:
    return value.name if isinstance(value, Op) else None


@contextmanager
def planted(op: Op, **changes: Any) -> Iterator[Op]:
    """The registry with one op's record changed."""
    changed = dataclasses.replace(op, **changes)
    registry._OPS[op.name] = changed
    try:
        yield changed
    finally:
        registry._OPS[op.name] = op


def caught(check: Callable[..., None], cases: Sequence[Case], *rest: Any) -> bool:
    """Whether the check fails for one of the cases, as a test would."""
    for case in cases:
        try:
            check(case, *rest)
        except (AssertionError, WorkingsError, ValueError, TypeError):
            return True
    return False


def smooth(op: Op) -> list[Case]:
    return [c for c in cases_of(op.name) if c.differentiable and c.node(c.nodes()).dtype == np.float64]


def slightly_wrong(partial: Any) -> Any:
    if isinstance(partial, int):
        return lambda *values: 1.001 * partial
    return lambda *values: partial(*values) * 1.001


def replaced(partials: tuple[Any, ...], position: int, partial: Any) -> tuple[Any, ...]:
    return (*partials[:position], partial, *partials[position + 1 :])


# ── derivatives ─────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_caught_where_nothing_is_wrong() -> None:
    for op in OPS:
        with planted(op):
            assert not caught(check_inference, cases_of(op.name)), op.name
            assert not caught(check_reverse, smooth(op)), op.name
            assert not caught(check_forward, smooth(op)), op.name


@pytest.mark.parametrize(("op", "position"), PARTIALS, ids=_name)
def test_a_partial_that_is_off_by_a_thousandth(op: Op, position: int) -> None:
    assert op.partials is not None
    wrong = replaced(op.partials, position, slightly_wrong(op.partials[position]))
    with planted(op, partials=wrong):
        assert caught(check_reverse, smooth(op))
        # forward mode has the same partial, so it agrees with reverse mode, but not with differences
        assert caught(check_forward, smooth(op))


@pytest.mark.parametrize(("op", "position"), PARTIALS, ids=_name)
def test_a_partial_that_is_missing(op: Op, position: int) -> None:
    assert op.partials is not None
    with planted(op, partials=replaced(op.partials, position, lambda *values: 0)):
        assert caught(check_reverse, smooth(op))


@pytest.mark.parametrize("op", VJPS, ids=_name)
def test_a_wrong_vjp(op: Op) -> None:
    vjp = op.vjp
    assert vjp is not None

    def wrong(g: Node, node: Node) -> Sequence[Node | None]:
        return [None if part is None else part * 1.001 for part in vjp(g, node)]

    with planted(op, vjp=wrong):
        assert caught(check_reverse, smooth(op))
        assert caught(check_forward, smooth(op))


@pytest.mark.parametrize("op", JVPS, ids=_name)
def test_a_wrong_jvp(op: Op) -> None:
    jvp = op.jvp
    assert jvp is not None
    with planted(op, jvp=lambda tangents, node: jvp(tangents, node) * 1.001):
        assert caught(check_forward, smooth(op))


def test_a_derivative_that_is_right_only_once() -> None:
    # the number is right at every point, but it does not depend on x, so the second derivative is lost
    tanh = lookup("tanh")
    with planted(tanh, partials=(lambda x, y: call("stop_gradient", 1 - y**2),)):
        assert not caught(check_reverse, smooth(tanh))
        assert caught(check_second_order, smooth(tanh))


@pytest.mark.parametrize("wrong", ["scaled", "the same way"])
def test_a_wrong_derivative_of_loops(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scaled = derivative_of_loops.call_loop

    def planted_loop(*given: Any, reverse: bool, **rest: Any) -> Node:
        back = given[0].name.endswith("_backward")
        if back and wrong == "scaled":
            given = (Graph(given[0].inputs, [o * 1.001 for o in given[0].outputs], name="f"), *given[1:])
        return scaled(*given, reverse=reverse if wrong == "scaled" else reverse and not back, **rest)

    monkeypatch.setattr(derivative_of_loops, "call_loop", planted_loop)
    for net, values in loops.NETS:
        if net.__name__ in ("rnn", "lstm", "batch", "nested"):
            with pytest.raises(AssertionError):
                loops.test_its_gradient_is_that_of_its_turns(net, values)
            with pytest.raises(AssertionError):
                loops.test_its_gradient_is_that_of_differences(net, values, 1)


# ── meaning ─────────────────────────────────────────────────────────────────────────────────────────────────


def _other_dtype(infer: Any) -> Any:
    def wrong(inputs: Any, attributes: Any) -> Any:
        shape, dtype = infer(inputs, attributes)
        return shape, np.dtype(np.float64 if dtype == np.float32 else np.float32)

    return wrong


def _other_shape(infer: Any) -> Any:
    def wrong(inputs: Any, attributes: Any) -> Any:
        shape, dtype = infer(inputs, attributes)
        return shape[::-1] if shape != shape[::-1] else (*shape, 1), dtype

    return wrong


@pytest.mark.parametrize("change", [_other_dtype, _other_shape])
@pytest.mark.parametrize("op", OPS, ids=_name)
def test_a_wrong_shape_rule(op: Op, change: Any) -> None:
    with planted(op, infer=change(op.infer)):
        assert caught(check_inference, cases_of(op.name))


def test_a_shape_rule_that_is_wrong_for_some_shapes_only() -> None:
    for name, wrong in {
        "matmul": lambda inputs, attributes: ((*inputs[0].shape[:-1], *inputs[1].shape[1:]), np.dtype(float)),
        "add": lambda inputs, attributes: (inputs[0].shape, inputs[0].dtype),
        "sum": lambda inputs, attributes: ((), inputs[0].dtype),
        "divide": elementwise(np.multiply),
    }.items():
        with planted(lookup(name), infer=wrong):
            assert caught(check_inference, cases_of(name)), name


_BY_MEANING = [e for e in ENGINES if e.name != "native"]  # which has rules of its own


@pytest.mark.parametrize("name", ["exp", "maximum", "sign", "where", "logical_xor", "less"])
def test_a_wrong_rule_of_the_native_engine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (native,) = (e for e in ENGINES if e.name == "native")
    cases = [case for case in cases_of(name) if native.has(graph_of(case))]
    assert not caught(check_engine, cases, native)
    monkeypatch.setitem(elements._RULES, name, lambda *inputs: inputs[-1])
    assert caught(check_engine, cases, native)


@pytest.mark.parametrize("engine", _BY_MEANING, ids=[e.name for e in _BY_MEANING])
def test_a_wrong_meaning(engine: Any) -> None:
    for name, wrong in {"exp": np.expm1, "maximum": np.fmax, "rint": np.floor, "remainder": np.fmod}.items():
        op = lookup(name)
        changes = {"numpy": wrong, "spellings": {"python": f"np.{wrong.__name__}({{0}})"}}
        if len(op.domain) == 2:
            changes["spellings"] = {"python": f"np.{wrong.__name__}({{0}}, {{1}})"}
        nan = [np.nan, 1.0, -1.5]
        with planted(op, **changes):
            found = caught(check_engine, cases_of(name), engine)
            if name in ("maximum", "remainder"):  # the two differ only at nan, and for negative values
                from tests.ops.test_edges import test_special_values as special

                with pytest.raises(AssertionError):
                    special(name, np.float64, engine)
            else:
                assert found, (name, nan)


SPELLINGS = {
    "add": "{0} - {1}",
    "subtract": "{1} - {0}",
    "divide": "{1} / {0}",
    "multiply": "{0} * {0}",
    "negative": "{0}",
    "less": "{0} <= {0}",
    "matmul": "{1} @ {0}",
    "erf": "np.tanh({0})",
    "exp": "np.exp2({0})",
    "sum": "np.mean({0})",
    "log1p": "np.log({0})",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_wrong_spelling(name: str) -> None:
    (engine,) = (e for e in ENGINES if e.name == "numpy")
    (reference,) = (e for e in ENGINES if e.name == "reference")
    with planted(lookup(name), spellings={"python": SPELLINGS[name]}):
        assert caught(check_engine, cases_of(name), engine)
        assert not caught(check_engine, cases_of(name), reference)


# ── rewrites ────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def rewriting(
    monkeypatch: pytest.MonkeyPatch, *, patterns: Any = PATTERNS, structures: Any = STRUCTURE
) -> Iterator[None]:
    """Simplification by other rules."""
    import sys

    module = sys.modules["workings.transform.simplify"]
    caches = (module._patterns_for, module._structures_for)
    with monkeypatch.context() as patch:
        patch.setattr(module, "PATTERNS", patterns)
        patch.setattr(module, "STRUCTURE", structures)
        for cache in caches:
            cache.cache_clear()
        yield
    for cache in caches:
        cache.cache_clear()


WRONG_FOR_NUMBERS = [
    Pattern("x - y", "x + y", "wrong", ALGEBRA),
    Pattern("0 - x", "x", "wrong", ALGEBRA),
    Pattern("x / y", "y / x", "wrong", ALGEBRA),
    Pattern("sqrt(x ** 2)", "x * 2", "wrong", ALGEBRA),
    Pattern("exp(log(x))", "log(x)", "wrong", EXACT),
    Pattern("n * x + m * x", "(n - m) * x", "wrong", ALGEBRA),
]
WRONG_FOR_BITS = [
    Pattern("x + 0", "x", "−0 becomes 0", EXACT),
    Pattern("x - x", "0", "inf − inf is nan", EXACT),
    Pattern("x * 0", "0", "inf · 0 is nan", EXACT),
    Pattern("x / x", "1", "0 / 0 is nan", EXACT),
    Pattern("0 - x", "-x", "0 − 0 is 0", EXACT),
    Pattern("-(x - y)", "y - x", "−0", EXACT),
    Pattern("x * y / y", "x", "rounding", EXACT),
    Pattern("n * (m * x)", "(n * m) * x", "regrouping", EXACT),
    Pattern("x / n", "x * (1 / n)", "rounding", EXACT),
    Pattern("sqrt(x ** 2)", "absolute(x)", "overflow and underflow", EXACT),
    Pattern("log(exp(x))", "x", "overflow", EXACT),
]


@pytest.mark.parametrize("rule", WRONG_FOR_NUMBERS, ids=lambda rule: rule.before)
def test_a_wrong_rewrite(rule: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    with rewriting(monkeypatch, patterns=(rule,)), pytest.raises(AssertionError):
        check_pattern(rule)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", WRONG_FOR_BITS, ids=lambda rule: rule.before)
def test_a_rewrite_that_is_not_exact(rule: Pattern, dtype: Any) -> None:
    with pytest.raises(AssertionError, match="is not"):
        check_pattern_bits(rule, dtype)


def test_a_rule_that_never_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = next(r for r in PATTERNS if r.before == "x * 1")
    with (
        rewriting(monkeypatch, patterns=[r for r in PATTERNS if r is not rule]),
        pytest.raises(AssertionError, match="stays"),
    ):
        check_pattern(rule)


def test_a_wrong_structure_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(node: Node) -> Node | None:
        inner = node.inputs[0]
        if inner.op.name != "transpose":
            return None
        # the axes composed the wrong way round
        axes = tuple(node.attributes["axes"][a] for a in inner.attributes["axes"])
        return call("transpose", inner.inputs[0], axes=axes)

    wrong = [Structure(s.op, twice, s.reason) if s.apply.__name__ == "_transposed_twice" else s for s in STRUCTURE]
    assert any(s.apply is twice for s in wrong)
    failures = 0
    with rewriting(monkeypatch, structures=tuple(wrong)):
        for before, after in rules.STRUCTURE_PAIRS:
            try:
                rules.test_structure(before, after)
            except (AssertionError, WorkingsError):
                failures += 1
    assert failures
    for before, after in rules.STRUCTURE_PAIRS:
        rules.test_structure(before, after)


# ── completeness ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_op_without_a_case() -> None:
    register(Op("cube", "x³", elementwise(np.square), lambda x: x * x * x, partials=(lambda x, y: 3 * x**2,)))
    try:
        with pytest.raises(AssertionError, match=r"has no case for: cube"):
            conformance.test_every_op_has_cases()
    finally:
        del registry._OPS["cube"]
    conformance.test_every_op_has_cases()


def test_every_flat_input_is_really_flat() -> None:
    # the other direction: a derivative that is claimed to be 0 and is not
    for name in ("exp", "maximum", "sum"):
        op = lookup(name)
        changes: dict[str, Any] = (
            {"vjp": lambda g, node: (g * 0,)}
            if op.partials is None
            else {"partials": (lambda *v: 0,) * len(op.partials)}
        )
        with planted(op, **changes):
            assert caught(check_reverse, smooth(op)), name
    assert FLAT
    assert {c.op for c in CASES} >= {op.name for op, _ in FLAT}
