"""Rows of the adversarial table: a function a NumPy user might write, and what tracing must make of it.

`@same(...)` says that the graph gives what the function gives on plain values. `@refused(Error, "words", ...)`
says that tracing raises this error, at the line that ends in `# here`, with these words in the message.
"""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import workings as wk
from workings.graph import evaluate, verify
from workings.trace import Cell, trace_function
from workings.trace.trace import bind
from workings.trace.trees import flatten, rebuild

V = np.array([0.5, -1.25, 2.0])
M = np.array([[0.5, -1.0, 0.25], [1.5, 2.0, -0.75]])
S = np.float64(0.75)
I = np.array([2, 0, 1])  # noqa: E741


@dataclass(frozen=True)
class Row:
    """One function of the table; `error` is None where its result must be right: every bit, or within `tolerance`."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    tolerance: float | None = None
    error: type[Exception] | None = None
    words: tuple[str, ...] = ()
    place: bool = True

    @property
    def name(self) -> str:
        return self.function.__name__


class Table:
    """Collects the rows of one file."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def same(self, *arguments: Any, tolerance: float | None = None) -> Callable[..., Any]:
        def enter(function: Callable[..., Any]) -> Callable[..., Any]:
            self.rows.append(Row(function, arguments or (V,), tolerance))
            return function

        return enter

    def refused(
        self, error: type[Exception], *words: str, arguments: tuple[Any, ...] = (V,), place: bool = True
    ) -> Callable[..., Any]:
        def enter(function: Callable[..., Any]) -> Callable[..., Any]:
            self.rows.append(Row(function, arguments, None, error, words, place))
            return function

        return enter


def another(value: Any) -> Any:
    """Other numbers of the same shape and dtype, so that a number baked into a graph shows."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return ~array if array.ndim else type(value)(not value)
    if array.dtype.kind in "iu":
        changed = np.flip(array) if array.ndim else array + 1
    else:
        changed = (np.flip(array) * np.array(1.5, array.dtype) + np.array(0.125, array.dtype)).astype(array.dtype)
    return np.array(changed) if isinstance(value, np.ndarray) else type(value)(changed)


def check(row: Row) -> None:
    """Hold a row to what it says; whatever is traced must give the plain function's results on two inputs."""
    if row.error is None:
        _check_same(row)
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = wk.trace(row.function, *row.arguments)
    except Exception as error:
        _check_refused(row, error)
    else:
        raise AssertionError(f"{row.name} was traced, and should not have been:\n{graph}")


def _check_same(row: Row) -> None:
    first = bind(row.function, row.arguments, {})
    second = rebuild(first, lambda _, leaf: another(leaf))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = trace_function(row.function, first)
        verify(traced.graph)
        for arguments in (first, second):
            values = traced.leaves(arguments)
            cast = [np.asarray(v, n.dtype)[()] for v, n in zip(values, traced.graph.inputs, strict=True)]
            found = traced.assemble(evaluate(traced.graph, cast))
            # plain arrays last, and a copy of them, since the function may write
            fresh = rebuild(arguments, lambda _, leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf)
            expected = row.function(*(fresh[name] for name in fresh))
            _compare(row, found, expected)


def _compare(row: Row, found: Any, expected: Any) -> None:
    ours, plain = dict(flatten(found)), dict(flatten(expected))
    assert list(ours) == list(plain), f"{row.name}: the result has another form"
    assert plain or found == expected, f"{row.name}: nothing was compared"
    for path, value in plain.items():
        a, b = np.asarray(ours[path]), np.asarray(value.value if isinstance(value, Cell) else value)
        assert a.shape == b.shape, f"{row.name}{path}: shape {a.shape}, plain {b.shape}"
        assert a.dtype == b.dtype, f"{row.name}{path}: dtype {a.dtype}, plain {b.dtype}"
        if row.tolerance is None:
            assert a.tobytes() == b.tobytes(), f"{row.name}{path}: {a} is not {b}"
        else:
            np.testing.assert_allclose(a, b, rtol=row.tolerance, atol=row.tolerance)


def _check_refused(row: Row, error: Exception) -> None:
    assert row.error is not None
    if type(error) is not row.error:
        raise AssertionError(f"{row.name}: {type(error).__name__} in place of {row.error.__name__}") from error
    text = str(error)
    for word in row.words:
        assert word in text, f"{row.name}: {word!r} is not in the message:\n{text}"
    fix = getattr(error, "fix", None)
    assert fix or isinstance(error, wk.ShapeError), f"{row.name}: the error does not say what to write instead:\n{text}"
    if not row.place:
        return
    where = getattr(error, "where", None)
    assert where is not None, f"{row.name}: the error names no line:\n{text}"
    line = linecache.getline(where.file, where.line)
    assert line.rstrip().endswith("# here"), f"{row.name}: the error is at {where.file}:{where.line}:\n{line}"
    assert where.file in text, f"{row.name}: the message does not show the file"
    assert line.strip() in text, f"{row.name}: the message does not show the line:\n{text}"
