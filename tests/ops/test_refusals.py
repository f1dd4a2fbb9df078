"""Shapes and dtypes that do not go together are refused at once, with the names and the shapes."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workings.errors import DtypeError, GraphError, ShapeError
from workings.graph import Node, Origin, call, input_node, provenance
from workings.ops import reduce
from workings.ops.infer import label


def value(name: str, *shape: int, dtype: Any = np.float64) -> Node:
    return input_node(name, shape, dtype)


_A, _B, _X = value("apples", 3, 4), value("bears", 5), value("x", 2, 4, 5, 5)
_WORDS = ("apples", "(3, 4)")
_BOTH = ("apples", "(3, 4)", "bears", "(5,)")
_ELEMENTWISE = (
    "add subtract multiply divide power floor_divide remainder maximum minimum arctan2 hypot logaddexp "
    "less less_equal greater greater_equal equal not_equal logical_and logical_or logical_xor"
)

_REDUCTIONS = ("sum", "mean", "prod", "max", "min", "argmax", "argmin", "all", "any")

WRONG_SHAPES: list[tuple[str, tuple[Node, ...], dict[str, Any], tuple[str, ...]]] = [
    *((name, (_A, _B), {}, _BOTH) for name in _ELEMENTWISE.split()),
    ("add", (_A,), {}, ("2 inputs",)),
    ("exp", (_A, _B), {}, ("1 input",)),
    ("where", (value("chosen", 2, dtype=bool), _A, _B), {}, (*_BOTH, "chosen", "(2,)")),
    ("clip", (_A, _B, _B), {}, _BOTH),
    ("matmul", (_A, _B), {}, _BOTH),
    ("matmul", (_A, value("s")), {}, ("apples", "s", "()")),
    ("matmul", (value("p", 2, 3, 4), value("q", 5, 4, 2)), {}, ("p", "(2, 3, 4)", "q", "(5, 4, 2)")),
    ("outer", (_A, _B), {}, _BOTH),
    ("concatenate", (_A, _B), {"axis": 0}, _BOTH),
    ("concatenate", (_A, value("c", 3, 5)), {"axis": 0}, ("apples", "(3, 4)", "c", "(3, 5)")),
    ("concatenate", (_A, _A), {"axis": 2}, _WORDS),
    ("concatenate", (), {"axis": 0}, ("nothing",)),
    ("stack", (_A, _B), {"axis": 0}, _BOTH),
    ("stack", (_A, _A), {"axis": 3}, _WORDS),
    ("stack", (), {"axis": 0}, ("nothing",)),
    *((name, (_A,), {"axis": 2}, _WORDS) for name in _REDUCTIONS),
    *((name, (_A,), {"axis": (0, 0)}, _WORDS) for name in ["sum", "mean", "prod", "max", "min", "all", "any"]),
    *((name, (_A,), {"axis": (0, 1)}, _WORDS) for name in ("argmax", "argmin")),
    *((name, (value("empty", 0, 2),), {}, ("empty", "(0, 2)")) for name in ["max", "min", "argmax", "argmin", "mean"]),
    ("cumsum", (_A,), {"axis": -1}, _WORDS),
    ("transpose", (_A,), {"axes": (0, 0)}, _WORDS),
    ("transpose", (_A,), {"axes": (0,)}, _WORDS),
    ("reshape", (_A,), {"shape": (5, 2)}, _WORDS),
    ("reshape", (_A,), {"shape": (-1, 5)}, _WORDS),
    ("reshape", (_A,), {"shape": (-1, -1)}, ("-1",)),
    ("reshape", (_A,), {"shape": (-3, -4)}, _WORDS),
    ("broadcast_to", (_A,), {"shape": (3, 5)}, (*_WORDS, "(3, 5)")),
    ("broadcast_to", (_A,), {"shape": (4,)}, (*_WORDS, "(4,)")),
    ("squeeze", (_A,), {"axis": 0}, _WORDS),
    ("squeeze", (_A,), {"axis": 2}, _WORDS),
    ("expand_dims", (_A,), {"axis": 3}, _WORDS),
    ("expand_dims", (_A,), {"axis": (0, 0)}, ("twice",)),
    ("flip", (_A,), {"axis": 2}, _WORDS),
    ("getitem", (_A,), {"key": (3,)}, _WORDS),
    ("getitem", (_A,), {"key": (0, 0, 0)}, _WORDS),
    ("put", (_A,), {"shape": (4, 4), "key": (0,)}, (*_WORDS, "(4, 4)")),
    ("getitem", (_A, value("i", 2, dtype=int), value("j", 3, dtype=int)), {"key": ("array", "array")}, _WORDS),
    ("einsum", (_A, _B), {"subscripts": "ij,j->i"}, (*_BOTH, "'j'", "4 and 5")),
    ("einsum", (_A,), {"subscripts": "i->i"}, _WORDS),
    ("einsum", (_A,), {"subscripts": "ij,jk->ik"}, ("2 arrays, not 1",)),
    ("einsum", (_A,), {"subscripts": "ij->ii"}, ("twice",)),
    ("pad", (_A,), {"pad_width": ((1, 1),)}, _WORDS),
    ("pad", (_A,), {"pad_width": ((1, 1), (-1, 0))}, _WORDS),
    ("pad", (value("s"),), {"pad_width": ()}, ("s is one number",)),
    ("sort", (_A,), {"axis": 2}, _WORDS),
    ("argsort", (value("s"),), {"axis": 0}, ("s", "()")),
    ("take_along_axis", (_A, value("i", 2, 5, dtype=int)), {"axis": 1}, (*_WORDS, "i", "(2, 5)")),
    ("take_along_axis", (value("none", 3, 0), value("i", 3, 1, dtype=int)), {"axis": 1}, ("none", "nothing to take")),
    ("put_along", (_A, value("i", 3, 5, dtype=int)), {"axis": 1, "length": 9}, (*_WORDS, "i", "(3, 5)")),
    ("put_along", (_A, value("i", 3, 4, dtype=int)), {"axis": 1, "length": 0}, _WORDS),
    ("conv2d", (_A, _X), {}, (*_WORDS, "images, channels, height, width")),
    ("conv2d", (_X, value("k", 3, 5, 2, 2)), {}, ("x", "(2, 4, 5, 5)", "k", "(3, 5, 2, 2)", "4 channels")),
    ("conv2d", (_X, value("k", 3, 2, 2, 2)), {"groups": 2}, ("3 kernels", "2 groups")),
    ("conv2d", (_X, value("k", 3, 4, 6, 1)), {}, ("length 6", "(2, 4, 5, 5)")),
    ("conv_transpose2d", (_X, value("k", 3, 2, 2, 2)), {"size": (6, 6)}, ("4 channels", "3 kernels")),
    ("conv_transpose2d", (_X, value("k", 4, 2, 2, 2)), {"size": (7, 6)}, ("(7, 6)", "(6, 5)", "(5, 5)")),
    ("conv_kernel2d", (_X, value("y", 1, 3, 4, 4)), {"size": (2, 2)}, ("x", "y", "as many images")),
    ("conv_kernel2d", (_X, value("y", 2, 3, 5, 4)), {"size": (2, 2)}, ("(4, 4) windows", "(5, 4)")),
    ("max_pool2d", (_X,), {"size": 6, "stride": 1}, ("window of length 6", "(2, 4, 5, 5)")),
    ("argmax_pool2d", (_X, _X), {"size": 2, "stride": 2}, ("(2, 4, 2, 2)",)),
    ("avg_unpool2d", (_X,), {"size": 2, "stride": 2, "shape": (5, 5)}, ("(5, 5)", "(2, 2)")),
]
WRONG_DTYPES: list[tuple[str, tuple[Node, ...], dict[str, Any], tuple[str, ...]]] = [
    ("subtract", (value("p", dtype=bool), value("q", dtype=bool)), {}, ("p", "bool", "q")),
    ("negative", (value("p", dtype=bool),), {}, ("p", "bool")),
    ("erf", (value("n", dtype=int),), {}, ("n", "int64")),
    ("where", (_A, _A, _A), {}, ("apples", "float64")),
    ("matmul", (value("p", 2, dtype=bool), value("q", 2, dtype=bool)), {}, ("p", "q", "bool")),
    ("getitem", (_A, value("f", 2)), {"key": ("array",)}, ("f", "float64")),
    ("put", (value("v", 2), value("f", 2)), {"shape": (3,), "key": ("array",)}, ("f", "float64")),
    ("astype", (_A,), {"dtype": np.dtype(complex)}, ("complex128",)),
    ("einsum", (value("p", 2, dtype=bool),), {"subscripts": "i->"}, ("p is bool",)),
    ("einsum", (_A, _A, value("p", 3, dtype=bool)), {"subscripts": "ij,ij,i->"}, ("apples is float64", "p is bool")),
    ("take_along_axis", (_A, _A), {"axis": 0}, ("apples is float64",)),
    ("conv2d", (value("p", 1, 1, 2, 2, dtype=bool),) * 2, {}, ("p", "bool")),
    ("avg_pool2d", (value("n", 1, 1, 2, 2, dtype=int),), {"size": 1, "stride": 1}, ("n is int64",)),
    ("avg_unpool2d", (value("n", 1, 1, 2, 2, dtype=int),), {"size": 1, "stride": 1, "shape": (2, 2)}, ("n is int64",)),
]


def _ids(rows: list[Any]) -> list[str]:
    return [f"{name}({', '.join(n.name or '' for n in nodes)})-{attributes}" for name, nodes, attributes, _ in rows]


@pytest.mark.parametrize(("name", "nodes", "attributes", "words"), WRONG_SHAPES, ids=_ids(WRONG_SHAPES))
def test_wrong_shapes(name: str, nodes: tuple[Node, ...], attributes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ShapeError) as caught:
        call(name, *nodes, **attributes)
    message = str(caught.value).replace("−", "-")
    for word in words:
        assert word in message, message
    assert caught.value.fix, message


@pytest.mark.parametrize(
    ("name", "nodes", "attributes", "fix"),
    [
        ("reshape", (_A,), {"shape": (3, 5)}, ".reshape(3, -1)"),
        ("reshape", (_A,), {"shape": (5, 7)}, ".reshape(-1)"),
        ("concatenate", (_A, value("c", 3, 5)), {"axis": 0}, "axis=1 instead of axis=0"),
        ("concatenate", (_A, value("r", 4)), {"axis": 0}, "x[None]"),
        ("squeeze", (value("column", 3, 1),), {"axis": 0}, "axis=1"),
        ("squeeze", (_A,), {"axis": 0}, "no axis of length 1"),
        ("sum", (_A,), {"axis": (1, 1)}, "axis=(1,)"),
        ("sum", (value("s"),), {"axis": 0}, "one number"),
        ("transpose", (_A,), {"axes": (0, 0)}, "(0, 1)"),
        ("getitem", (_A,), {"key": (3,)}, "-3…2"),
        ("getitem", (_A,), {"key": (0, 0, 0)}, "at most 2 indices"),
        ("getitem", (value("s"),), {"key": (0,)}, "s itself"),
        ("put", (_A,), {"shape": (4, 4), "key": (0,)}, "shape (4,)"),
        ("broadcast_to", (_A,), {"shape": (3, 5)}, "ends in (3, 4)"),
    ],
)
def test_a_refusal_says_what_fits(name: str, nodes: tuple[Node, ...], attributes: dict[str, Any], fix: str) -> None:
    with pytest.raises(ShapeError) as caught:
        call(name, *nodes, **attributes)
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(("name", "nodes", "attributes", "words"), WRONG_DTYPES, ids=_ids(WRONG_DTYPES))
def test_wrong_dtypes(name: str, nodes: tuple[Node, ...], attributes: dict[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(DtypeError) as caught:
        call(name, *nodes, **attributes)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_an_error_names_the_line() -> None:
    origin = Origin("net.py", 12)
    with provenance(origin), pytest.raises(ShapeError, match=r"net\.py, line 12"):
        call("add", _A, _B)
    with pytest.raises(DtypeError, match=r"net\.py, line 12"):
        call("negative", value("p", dtype=bool), origin=origin)


def test_matmul_proposes_the_transpose() -> None:
    x, w = value("x", 100, 64), value("w", 10, 64)
    with pytest.raises(ShapeError, match=r"x @ w\.T would give \(100, 10\)"):
        x @ w
    with pytest.raises(ShapeError, match=r"x\.T @ v would give \(64, 3\)"):
        x @ value("v", 100, 3)


def test_unknown_op() -> None:
    with pytest.raises(GraphError, match="no op 'frobnicate'"):
        call("frobnicate", _A)


def test_values_without_a_name_are_called_by_what_made_them() -> None:
    assert label(_A + _A) == "add(apples, apples)"
    with pytest.raises(ShapeError, match=r"multiply\(apples, 2\) has shape|multiply\(apples, …\) has shape"):
        (_A * 2) + _B


def test_every_refused_shape_comes_with_what_to_write_instead() -> None:
    for path in Path(reduce.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ShapeError":
                assert "fix" in {k.arg for k in node.keywords}, f"{path.name}, line {node.lineno}"
