"""The formulas in LaTeX mean what the engine computes: SymPy reads them, evaluates them and derives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy.parsing.latex import LaTeXParsingError

from tests.strategies import scalar_graphs
from tests.write_maths.functions import FUNCTIONS
from tests.write_maths.lines import Lines, lines_of
from tests.write_maths.sympy_reading import read, worth
from workings.graph import Graph, Node, every_value
from workings.trace.trace import trace_function
from workings.write.latex import latex

# of numbers alone; SymPy knows of nothing that is taken as given
SCALAR = [
    name
    for name, (_, arguments) in FUNCTIONS.items()
    if name != "stopped" and all(np.shape(value) == () and not isinstance(value, list) for value in arguments.values())
]


def computed(graph: Graph, inputs: Sequence[Any], algebra: bool) -> tuple[Lines, dict[Node, Any]]:
    """The lines of a function, and the value of every node."""
    lines = lines_of(graph, algebra=algebra)
    with np.errstate(all="ignore"):
        return lines, every_value(lines.graph, list(inputs))


def check(lines: Lines, values: Mapping[Node, Any]) -> None:
    """Every line has the value of its node, and the derivatives that SymPy takes of the lines of the forward pass
    give, by the chain rule, the gradient that the engine computes."""
    names = {latex(line.symbol): sympy.Symbol(f"n{i}", real=True) for i, line in enumerate(lines.all)}
    assert len(names) == len(lines.all)
    numbers = {names[latex(line.symbol)]: float(values[line.node]) for line in lines.all}
    read_back: dict[sympy.Symbol, Any] = {}
    for line in lines.all:
        if line.formula is not None:
            tex = latex(line.formula)
            found = read_back[names[latex(line.symbol)]] = read(tex, names, condition=line.node.dtype.kind == "b")
            value = worth(found, numbers)
            size = max([1.0, *(abs(numbers[s]) for s in found.free_symbols)])
            assert value == pytest.approx(float(values[line.node]), rel=1e-7, abs=1e-9 * size), tex
    for x, adjoint in lines.slopes.items():
        rates = {names[latex(line.symbol)]: (float(line.node is x), float(line.node is x)) for line in lines.inputs}
        for line in lines.forward:
            found = read_back[names[latex(line.symbol)]]
            parts = [(*rates[s], worth(found.diff(s), numbers)) for s in found.free_symbols]
            rate = sum(inner * local for inner, _, local in parts)
            rates[names[latex(line.symbol)]] = rate, sum(abs(size * local) for _, size, local in parts)
        loss = next(line for line in (*lines.forward, *lines.inputs) if line.node is lines.graph.outputs[0])
        rate, size = rates[names[latex(loss.symbol)]]
        assert rate == pytest.approx(float(values[adjoint]), rel=1e-7, abs=1e-9 * max(size, 1.0))


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("algebra", [False, True])
def test_the_formulas_of_the_golden_functions_mean_what_is_computed(name, algebra):
    function, arguments = FUNCTIONS[name]
    found = trace_function(function, arguments)
    check(*computed(found.graph, found.leaves(arguments), algebra))


@settings(max_examples=120)
@given(scalar_graphs(), st.booleans())
def test_the_formulas_of_a_random_graph_mean_what_is_computed(sample, algebra):
    lines, values = computed(sample.graph, sample.values, algebra)
    assume(all(map(np.isfinite, values.values())))  # beyond, floats and SymPy part ways
    check(lines, values)


@pytest.mark.parametrize("name", ["signs", "tanh_neuron"])
def test_a_lost_parenthesis_is_found(name, monkeypatch):
    monkeypatch.setattr("workings.write.notation._Setting.round", lambda self, made: made)
    function, arguments = FUNCTIONS[name]
    found = trace_function(function, arguments)
    with pytest.raises((AssertionError, LaTeXParsingError)):
        check(*computed(found.graph, found.leaves(arguments), False))
