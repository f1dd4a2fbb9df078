"""What the tests of rewrites check, as functions of one rule, so that planted rules can be run against them too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.ops.checks import same_bits
from workings.graph import Graph, Node, call, constant, evaluate, input_node, verify
from workings.graph.layouts import CONTIGUOUS
from workings.graph.node import weak_dtype
from workings.transform import simplify
from workings.transform.rules import ALGEBRA, EXACT, Pattern

__all__ = ["NUMBERS", "check_pattern", "check_pattern_bits", "names_in", "side", "special"]

NUMBERS = ((3, -2.5), (0.1, 7), (-1.5, 0.3), (2, 2))


def special(dtype: Any) -> np.ndarray:
    """Values on which careless rewrites break: signed zeros, subnormals, the largest, inf, nan."""
    info = np.finfo(dtype)
    tiny, least = info.tiny, info.smallest_subnormal
    ends = [
        0.0,
        least,
        3 * least,
        tiny / 2,
        tiny,
        1.0,
        1 + info.eps,
        1.5,
        3.0,
        0.1,
        info.max / 2,
        info.max,
        np.inf,
        np.nan,
    ]
    return np.array([*ends, *(-v for v in ends)], dtype)


def names_in(text: str) -> list[str]:
    """The names of a pattern that stand for values, in order: `x`, `y`, `c`, not functions."""
    return list(dict.fromkeys(re.findall(r"\b[a-z]\b(?!\()", text)))


def side(text: str, values: Mapping[str, Any], like: Node) -> Node:
    """One side of a pattern as a node, read by Python itself and not by the code under test."""

    class Functions(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return lambda *inputs: call(name, *inputs)

    found = eval(text, {"__builtins__": {}}, Functions(values))
    if not isinstance(found, Node):
        found = constant(found, like.dtype)
    return found if found.shape == like.shape else call("broadcast_to", found, shape=like.shape)


def both_sides(
    rule: Pattern, types: Mapping[str, tuple[Any, tuple[int, ...]]], numbers: Sequence[Any]
) -> tuple[list[Node], Node, Node]:
    """Input nodes for the names, and the two sides; `m` and `n` are constants."""
    inputs = [input_node(name, *reversed(types[name])) for name in names_in(rule.before) if name not in "mn"]
    floats = [node.dtype for node in inputs if node.dtype.kind == "f"] or [np.dtype(float)]
    constants = {name: constant(number, weak_dtype(number, floats)) for name, number in zip("mn", numbers, strict=True)}
    values = {node.name: node for node in inputs} | constants
    before = side(rule.before, values, inputs[0])
    return inputs, before, side(rule.after, values, before)


def types_for(rule: Pattern, dtype: Any, shape: tuple[int, ...]) -> dict[str, tuple[Any, tuple[int, ...]]]:
    logic = "logical" in rule.before
    return {name: (bool if logic or name == "c" else dtype, shape) for name in names_in(rule.before)}


def check_pattern(rule: Pattern) -> None:
    """The rule fires on its own left side, leaves its right side, and the two agree on ordinary values."""
    for numbers in NUMBERS:
        for shape in ((), (4,)):
            inputs, before, after = both_sides(rule, types_for(rule, np.float64, shape), numbers)
            done = simplify(Graph(inputs, [before]), algebra=rule.tag == ALGEBRA, inputs=CONTIGUOUS)
            verify(done.graph)
            if numbers != NUMBERS[-1]:  # twice the same number is also a case of other rules
                assert rule.reason in [note.reason for note in done.notes], f"{rule.before} stays {done.graph}"
            wanted = simplify(Graph(inputs, [after]), algebra=rule.tag == ALGEBRA, inputs=CONTIGUOUS).graph
            assert str(done.graph) == str(wanted)
            rng = np.random.default_rng(5)
            values = [
                rng.uniform(0.5, 2, shape) if node.dtype != bool else np.asarray(rng.random(shape) < 0.5)[()]
                for node in inputs
            ]
            found = evaluate(Graph(inputs, [before, after, done.graph.outputs[0]]), values)
            np.testing.assert_allclose(found[0], found[1], rtol=1e-13)
            np.testing.assert_allclose(found[0], found[2], rtol=1e-13)


def check_pattern_bits(rule: Pattern, dtype: Any, *, random: int = 2000) -> None:
    """Both sides of an exact rule have the same bits, for special values and random bits, scalars and arrays."""
    assert rule.tag == EXACT
    names = [name for name in names_in(rule.before) if name not in "mn"]
    rng = np.random.default_rng(11)
    words = rng.integers(
        0, 2 ** (8 * np.dtype(dtype).itemsize), size=(len(names), random), dtype=f"u{np.dtype(dtype).itemsize}"
    )
    around = rng.normal(size=(len(names), random)).astype(dtype)
    grid = [axis.ravel() for axis in np.meshgrid(*[special(dtype)] * len(names))]
    for numbers in NUMBERS:
        columns = [np.concatenate([g, w.view(dtype), a]) for g, w, a in zip(grid, words, around, strict=True)]
        types = types_for(rule, dtype, columns[0].shape)
        given = [
            (column > 0) if types[name][0] is bool else column for name, column in zip(names, columns, strict=True)
        ]
        _same_on(rule, types, numbers, given)
        # scalars take other loops in NumPy than arrays do
        for k in range(0, len(grid[0]), 1 + len(grid[0]) // 200):
            _same_on(rule, types_for(rule, dtype, ()), numbers, [value[k] for value in given])
        if not {"m", "n"} & set(names_in(rule.before)):
            break


def _same_on(rule: Pattern, types: Any, numbers: Sequence[Any], given: Sequence[Any]) -> None:
    inputs, before, after = both_sides(rule, types, numbers)
    with np.errstate(all="ignore"):
        left, right = evaluate(Graph(inputs, [before, after]), given)
    if not same_bits(left, right):
        where = np.flatnonzero([not same_bits(a, b) for a, b in zip(np.ravel(left), np.ravel(right), strict=True)])[:1]
        shown = [(np.ravel(g)[where], np.ravel(left)[where], np.ravel(right)[where]) for g in given]
        raise AssertionError(f"{rule.before} is not {rule.after} at {shown}")
