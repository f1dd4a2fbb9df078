"""Every op means what NumPy (or SciPy) means, in shape, dtype and value, on every engine."""

from __future__ import annotations

import pytest

from tests.ops.cases import APART, CASES, SIGNATURES, Case
from tests.ops.checks import ENGINES, Engine, check_engine, check_inference, graph_of
from workings.engines import compile_function
from workings.errors import UnsupportedError
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


_CELLS = [(case, engine) for case in CASES for engine in ENGINES if engine.has(graph_of(case))]
_LACKING = [(case, engine) for case in CASES for engine in ENGINES if not engine.has(graph_of(case))]


def _ids(cells: list[tuple[Case, Engine]]) -> list[str]:
    return [f"{case}-{engine.name}" for case, engine in cells]


@pytest.mark.parametrize(("case", "engine"), _CELLS, ids=_ids(_CELLS))
def test_value(case: Case, engine: Engine) -> None:
    check_engine(case, engine)


@pytest.mark.parametrize(("case", "engine"), _LACKING, ids=_ids(_LACKING))
def test_what_an_engine_lacks_is_refused_by_name(case: Case, engine: Engine) -> None:
    graph = graph_of(case)
    strange = next(
        (n.dtype.name for n in graph.nodes if n.dtype.name not in ("float64", "float32", "int64", "bool")), ""
    )
    with pytest.raises(UnsupportedError) as caught:
        compile_function(graph, engine.name)
    assert str(caught.value).startswith(f"engine {engine.name} has no ")
    assert case.op in str(caught.value) or strange in str(caught.value)


# the ops that an engine has for no dtype
MISSING: dict[str, str] = {}


@pytest.mark.parametrize("engine", ENGINES, ids=[e.name for e in ENGINES])
def test_which_ops_an_engine_has(engine: Engine) -> None:
    found = {case.op for case, some in _CELLS if some is engine}
    missing = sorted({case.op for case in CASES} - found)
    assert missing == MISSING.get(engine.name, "").split(), f"missing cells: {[(op, engine.name) for op in missing]}"
