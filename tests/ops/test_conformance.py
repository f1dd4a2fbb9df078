"""Every op means what NumPy (or SciPy) means, in shape, dtype and value, on every engine."""

from __future__ import annotations

import pytest

from tests.ops.cases import APART, CASES, SIGNATURES, Case
from tests.ops.checks import ENGINES, Engine, check_engine, check_inference
from workings.graph import lookup, registered


def test_every_op_has_cases() -> None:
    covered = {case.op for case in CASES} | set(APART)
    missing = [op.name for op in registered() if op.name not in covered]
    assert not missing, f"tests/ops/cases.py has no case for: {', '.join(missing)}"


def test_no_case_is_there_twice() -> None:
    twice = sorted({s for s in SIGNATURES if SIGNATURES.count(s) > 1})
    assert not twice


def test_every_op_has_a_domain_and_a_rule_for_each_input() -> None:
    for case in CASES:
        op = lookup(case.op)
        assert op.domain, op.name
        if op.partials is not None:
            assert len(op.partials) == len(case.inputs) == len(op.domain), op.name


@pytest.mark.parametrize("case", CASES, ids=SIGNATURES)
def test_inferred_as_numpy_gives(case: Case) -> None:
    check_inference(case)


@pytest.mark.parametrize("engine", ENGINES, ids=[e.name for e in ENGINES])
@pytest.mark.parametrize("case", CASES, ids=SIGNATURES)
def test_value(case: Case, engine: Engine) -> None:
    check_engine(case, engine)
