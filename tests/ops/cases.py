"""One table of cases for all ops: input types and attributes; values are drawn from each op's domain.

`case("add", "f8[4,3]", "f4[3]")` is add of a float64 array of shape (4, 3) and a float32 one of shape (3,).
An array in place of a type is given as it is: indices have to be in range.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import workings.ops
from workings.graph import Node, call, input_node, lookup

__all__ = ["APART", "CASES", "SIGNATURES", "Case", "case", "cases_of"]

assert workings.ops  # importing it enters the ops in the registry


@dataclass(frozen=True)
class Case:
    """An op on inputs of given types, with attributes."""

    op: str
    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [i if isinstance(i, str) else f"{i.dtype.str[1:]}{i.tolist()}" for i in self.inputs]
        shown += [f"{key}={_short(value)}" for key, value in self.attributes.items()]
        return f"{self.op}({', '.join(shown)})"

    @property
    def differentiable(self) -> bool:
        """Whether its derivative can be held against differences in float64."""
        types = [_type(i) for i in self.inputs]
        return lookup(self.op).differentiable and any(dtype == np.float64 for dtype, _ in types)

    def nodes(self) -> list[Node]:
        """Fresh input nodes of the case's types, named x, y, z, …"""
        names = "xyzuvw"
        return [input_node(names[k], shape, dtype) for k, (dtype, shape) in enumerate(map(_type, self.inputs))]

    def node(self, nodes: list[Node]) -> Node:
        """The op called on these nodes."""
        return call(self.op, *nodes, label="out", **self.attributes)

    def values(self, draw: int = 0) -> list[Any]:
        """Values for the inputs, the same ones for the same `draw`."""
        rng = np.random.default_rng([zlib.crc32(str(self).encode()), draw])
        domain = lookup(self.op).domain
        types = [_type(i) for i in self.inputs]
        intervals = [domain[min(k, len(domain) - 1)] for k in range(len(types))]
        floats = [k for k, (dtype, _) in enumerate(types) if dtype.kind == "f"]
        values: dict[int, Any] = {}
        for interval in {intervals[k] for k in floats}:
            # inputs of one interval share its strata, so that no two values come near a tie
            members = [k for k in floats if intervals[k] == interval]
            drawn = iter(_apart(rng, sum(int(np.prod(types[k][1])) for k in members), interval))
            for k in members:
                dtype, shape = types[k]
                flat = [next(drawn) for _ in range(int(np.prod(shape)))]
                values[k] = np.array(flat, dtype).reshape(shape)[()]
        for k, (dtype, shape) in enumerate(types):
            if not isinstance(self.inputs[k], str):
                values[k] = self.inputs[k]
            elif dtype.kind in "iu":
                low, high = np.ceil(intervals[k][0]), np.floor(intervals[k][1])
                low = max(low, 0) if dtype.kind == "u" else low
                values[k] = np.asarray(rng.integers(int(low), int(max(high, low + 1)) + 1, shape)).astype(dtype)[()]
            elif dtype.kind == "b":
                values[k] = np.asarray(rng.random(shape) < 0.5)[()]
        return [values[k] for k in range(len(types))]


def _apart(rng: np.random.Generator, count: int, interval: tuple[float, float]) -> np.ndarray:
    """`count` values of the interval in random order, none nearer to another than half of their share of it,
    and none within 0.02 of 0, where much has a kink."""
    low, high = interval
    width = (high - low) / max(count, 1)
    drawn = low + width * (np.arange(count) + 0.25 + 0.5 * rng.random(count))
    drawn = np.where(np.abs(drawn) < 0.02, drawn + 0.04 if high > 0.04 else drawn - 0.04, drawn)
    return rng.permutation(drawn)


def _type(spec: Any) -> tuple[np.dtype, tuple[int, ...]]:
    if not isinstance(spec, str):
        return spec.dtype, spec.shape
    match = re.fullmatch(r"([bfiu]\d)(?:\[([\d,]*)\])?", spec)
    assert match, spec
    return np.dtype(match[1]), tuple(int(n) for n in (match[2] or "").split(",") if n)


def _short(value: Any) -> str:
    return re.sub(r"slice\((\S+), (\S+), (\S+)\)", r"\1:\2:\3", str(value)).replace("None:", ":").replace(":None", ":")


# no functions of arrays; tests/transform/test_scan.py has the loops
APART = ("input", "constant", "scan", "result")

CASES: list[Case] = []


def case(op: str, *inputs: Any, **attributes: Any) -> None:
    CASES.append(Case(op, inputs, attributes))


def cases_of(op: str) -> list[Case]:
    return [c for c in CASES if c.op == op]


# ── element by element ──────────────────────────────────────────────────────────────────────────────────────

_SMOOTH = (
    "sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh"
)
for _op in _SMOOTH.split():
    for _spec in ("f8", "f8[3,4]", "f4[5]", "f8[1]", "f8[0]"):
        case(_op, _spec)
for _op in ("exp", "sqrt", "expm1", "sin", "arctan"):
    case(_op, "i8[3]")
    case(_op, "i4")
for _spec in ("f8", "f8[3,4]", "f4[5]", "f4", "f8[1]", "f8[0,2]"):
    case("erf", _spec)
    for _op in ("negative", "reciprocal", "square", "absolute", "sign", "floor", "ceil", "rint", "trunc"):
        case(_op, _spec)
    for _op in ("stop_gradient", "isfinite", "isnan", "isinf", "logical_not"):
        case(_op, _spec)
for _op in ("negative", "square", "absolute", "sign", "stop_gradient", "isfinite", "logical_not"):
    case(_op, "i8[3]")
    case(_op, "i4")
for _op in ("logical_not", "stop_gradient", "isfinite"):
    case(_op, "b1[4]")

_PAIRS = (
    ("f8", "f8"),
    ("f8[3]", "f8[3]"),
    ("f8[4,3]", "f8[3]"),
    ("f8[4,1]", "f8[2,1,3]"),
    ("f8", "f8[2,3]"),
    ("f8[1]", "f8[3]"),
    ("f8[1,1]", "f8"),
    ("f8[0]", "f8[1]"),
    ("f4[3]", "f4"),
    ("f4[2,3]", "f4[2,1]"),
    ("f4[3]", "f8[3]"),
    ("f8[3]", "i8[3]"),
    ("f4[3]", "i4[3]"),
)
_ARITHMETIC = "add subtract multiply divide power maximum minimum floor_divide remainder arctan2 hypot logaddexp"
_COMPARISONS = "less less_equal greater greater_equal equal not_equal"
_LOGIC = "logical_and logical_or logical_xor"
for _op in _ARITHMETIC.split() + _COMPARISONS.split() + _LOGIC.split():
    for _pair in _PAIRS:
        case(_op, *_pair)
for _op in f"add subtract multiply divide maximum minimum floor_divide remainder {_COMPARISONS}".split():
    case(_op, "i8[3]", "i8[3]")
    case(_op, "i4[3]", "i8")
for _op in f"add multiply maximum minimum equal not_equal {_LOGIC}".split():
    case(_op, "b1[3]", "b1[3]")

_BITS = "bitwise_and bitwise_or bitwise_xor left_shift right_shift"
for _op in _BITS.split():
    for _pair in (
        ("i8", "i8"),
        ("i8[3]", "i8[3]"),
        ("i4[4,3]", "i4[3]"),
        ("i4[3]", "i8"),
        ("u4[4,1]", "u4[2,1,3]"),
        ("u4", "u4"),
        ("u1[3]", "u1[3]"),
        ("u4[3]", "i4[3]"),
        ("b1[3]", "i8[3]"),
        ("b1[3]", "b1[3]"),
        ("i8[0]", "i8[1]"),
    ):
        case(_op, *_pair)
for _spec in ("i8", "i8[3,4]", "i4[5]", "u4", "u4[3]", "u1[3]", "b1[3]", "i8[0]"):
    case("invert", _spec)
for _op in ["add", "subtract", "multiply", "floor_divide", "remainder"]:
    for _pair in (("u4[3]", "u4[3]"), ("u4", "u4"), ("u1[3]", "u1"), ("u8[2,1]", "u8[3]")):
        case(_op, *_pair)
for _op in ("negative", "square"):
    case(_op, "u4[3]")
    case(_op, "u4")

for _types in (
    ("f8", "f8"),
    ("f8[3]", "f8[3]"),
    ("f8[4,3]", "f8"),
    ("f8", "f8[3]"),
    ("f8[4,1]", "f8[3]"),
    ("f4[3]", "f4[3]"),
    ("f4[3]", "f8[3]"),
    ("f8[0]", "f8"),
    ("i8[3]", "i8[3]"),
    ("f8[3]", "i8[3]"),
):
    case("where", "b1[3]" if "3" in "".join(_types) else "b1", *_types)
case("where", "b1[4,1]", "f8[3]", "f8")
case("where", "b1", "f8[3]", "f8[1]")
for _types in (
    ("f8", "f8", "f8"),
    ("f8[5]", "f8", "f8"),
    ("f8[4,3]", "f8[3]", "f8[4,1]"),
    ("f8", "f8[3]", "f8[1]"),
    ("f4[5]", "f4", "f4"),
    ("f4[5]", "f8", "f4"),
    ("f8[0]", "f8", "f8"),
    ("i8[5]", "i8", "i8"),
    ("i4[5]", "f8", "f8"),
):
    case("clip", *_types)

# ── reductions ──────────────────────────────────────────────────────────────────────────────────────────────

for _op in ("sum", "mean", "prod", "max", "min", "argmax", "argmin", "all", "any"):
    case(_op, "f8")
    case(_op, "f8[5]")
    case(_op, "f8[3,4]")
    case(_op, "f8[3,4]", axis=0)
    case(_op, "f8[3,4]", axis=1, keepdims=True)
    case(_op, "f8[3,4]", keepdims=True)
    case(_op, "f8[2,3,4]", axis=1)
    case(_op, "f8[1,3]", axis=0)
    case(_op, "f4[3,4]", axis=0)
    case(_op, "f4[3]")
    case(_op, "i8[4]")
    case(_op, "i4[3,2]", axis=1)
    case(_op, "b1[4]")
    if not _op.startswith("arg"):
        case(_op, "f8[2,3,4]", axis=(0, 2))
        case(_op, "f8[2,3,4]", axis=(1, 2), keepdims=True)
        case(_op, "f4[2,3]", axis=(0, 1))
for _op in ("sum", "prod", "all", "any"):
    case(_op, "f8[0]")
    case(_op, "f8[0,3]", axis=0)
for _op in ("max", "mean"):
    case(_op, "f8[0,3]", axis=1)
for _type_of_cumsum in ("f8[3,4]", "f4[3,4]", "i4[3,4]", "b1[3,4]", "f8[0,4]"):
    case("cumsum", _type_of_cumsum, axis=0)
    case("cumsum", _type_of_cumsum, axis=1)
case("cumsum", "f8[5]", axis=0)

# ── matrix products ─────────────────────────────────────────────────────────────────────────────────────────

for _a, _b in (
    ("[3]", "[3]"),
    ("[3]", "[3,4]"),
    ("[2,3]", "[3]"),
    ("[2,3]", "[3,4]"),
    ("[1,3]", "[3,1]"),
    ("[3]", "[5,3,4]"),
    ("[5,2,3]", "[3]"),
    ("[5,2,3]", "[3,4]"),
    ("[2,3]", "[5,3,4]"),
    ("[5,2,3]", "[5,3,4]"),
    ("[5,1,2,3]", "[6,3,4]"),
    ("[1,2,3]", "[5,3,4]"),
    ("[2,0]", "[0,3]"),
    ("[0]", "[0]"),
    ("[0,2]", "[2,3]"),
):
    case("matmul", "f8" + _a, "f8" + _b)
case("matmul", "f4[2,3]", "f4[3,4]")
case("matmul", "f4[3]", "f4[3]")
case("matmul", "f4[2,3]", "f8[3]")
case("matmul", "i8[2,3]", "f8[3,2]")
case("matmul", "i4[2,3]", "i8[3,2]")
for _a, _b in (("f8[3]", "f8[4]"), ("f8[1]", "f8[1]"), ("f4[3]", "f4[2]"), ("f8[0]", "f8[2]"), ("i8[2]", "f8[2]")):
    case("outer", _a, _b)

# ── moving ──────────────────────────────────────────────────────────────────────────────────────────────────

case("transpose", "f8", axes=())
case("transpose", "f8[3]", axes=(0,))
for _kind in ("f8", "f4", "i8", "b1"):
    case("transpose", _kind + "[2,3]", axes=(1, 0))
    case("transpose", _kind + "[2,3,4]", axes=(2, 0, 1))
    case("reshape", _kind + "[2,6]", shape=(3, 4))
    case("broadcast_to", _kind + "[3]", shape=(2, 3))
    case("squeeze", _kind + "[1,3]", axis=0)
    case("expand_dims", _kind + "[3]", axis=0)
    case("flip", _kind + "[3,2]", axis=0)
    case("concatenate", _kind + "[2,3]", _kind + "[1,3]", axis=0)
    case("stack", _kind + "[3]", _kind + "[3]", axis=1)
case("reshape", "f8[2,6]", shape=(-1,))
case("reshape", "f8[2,6]", shape=(2, -1, 3))
case("reshape", "f8", shape=(1, 1))
case("reshape", "f8[1,1]", shape=())
case("reshape", "f8[0,3]", shape=(3, 0))
case("broadcast_to", "f8", shape=(2, 3))
case("broadcast_to", "f8[2,1]", shape=(4, 2, 3))
case("broadcast_to", "f8[1]", shape=(0,))
case("squeeze", "f8[1,3,1]", axis=(0, 2))
case("squeeze", "f8[1]", axis=0)
case("expand_dims", "f8[3,2]", axis=(0, 3))
case("expand_dims", "f8", axis=0)
case("flip", "f8[3,2]", axis=(0, 1))
case("flip", "f8[0]", axis=0)
case("concatenate", "f8[2,3]", "f8[2,1]", "f8[2,2]", axis=1)
case("concatenate", "f8[3]", axis=0)
case("concatenate", "f8[0]", "f8[2]", axis=0)
case("concatenate", "f4[2]", "f8[3]", axis=0)
case("concatenate", "i8[2]", "f8[3]", axis=0)
case("stack", "f8", "f8", "f8", axis=0)
case("stack", "f8[2,3]", "f8[2,3]", axis=0)
case("stack", "f4[2]", "f8[2]", axis=1)
case("stack", "i8[2]", "f8[2]", axis=0)
for _from in ("f8[3]", "f4[2,3]", "f8", "i8[3]", "b1[3]"):
    for _to in ("f8", "f4", "i8", "b1"):
        case("astype", _from, dtype=np.dtype(_to))

# ── indexing ────────────────────────────────────────────────────────────────────────────────────────────────

_ALL = slice(None)
_AT = np.array([2, 0, 2])
_GRID = np.array([[0, 1], [2, 2]])
for _key, _rest in (
    ((1,), ()),
    ((-1,), ()),
    ((slice(1, None),), ()),
    ((slice(None, None, -2),), ()),
    ((0, 1), ()),
    ((_ALL, 1), ()),
    ((..., slice(0, 2)), ()),
    ((None, _ALL), ()),
    ((slice(5, 9),), ()),
    (("array",), (_AT,)),
    (("array",), (_GRID,)),
    (("array",), (np.array(-1),)),
    (("array",), (np.array([], int),)),
    ((_ALL, "array"), (_AT,)),
    (("array", "array"), (_AT, np.array([1, 1, 1]))),
    (("array", "array"), (_GRID, np.array([0, 3]))),
    (("array", 1), (_AT,)),
    (("array", slice(None, None, 2)), (_AT.astype("i4"),)),
):
    for _kind in ("f8", "f4"):
        case("getitem", _kind + "[3,4]", *_rest, key=_key)
        _shape = ",".join(map(str, cases_of("getitem")[-1].node(cases_of("getitem")[-1].nodes()).shape))
        case("put", f"{_kind}[{_shape}]", *_rest, shape=(3, 4), key=_key)
case("getitem", "i8[3,4]", key=(1,))
case("getitem", "b1[3]", _AT, key=("array",))
case("getitem", "f8", key=(None,))
case("getitem", "f8", key=())
case("put", "f8", shape=(), key=())
case("put", "i8[2]", shape=(4,), key=(slice(0, 2),))

# ── sums of products ────────────────────────────────────────────────────────────────────────────────────────

for _subscripts, _shapes in (
    ("i->i", ("[3]",)),
    ("i->", ("[3]",)),
    ("ij->ji", ("[2,3]",)),
    ("ii->i", ("[3,3]",)),
    ("ii->", ("[3,3]",)),
    ("iji->j", ("[2,3,2]",)),
    ("iii->i", ("[2,2,2]",)),
    ("iijj->ij", ("[2,2,3,3]",)),
    ("i,i->", ("[3]", "[3]")),
    ("i,j->ij", ("[3]", "[2]")),
    ("ij,jk->ik", ("[2,3]", "[3,4]")),
    ("ij,kj->ki", ("[2,3]", "[4,3]")),
    ("ij,jk->", ("[2,3]", "[3,4]")),
    ("ij,k->k", ("[2,3]", "[4]")),
    ("ii,ij->j", ("[3,3]", "[3,2]")),
    ("bhid,bhjd->bhij", ("[2,3,2,4]", "[2,3,5,4]")),
    (",i->i", ("", "[3]")),
    (",->", ("", "")),
    ("ij,jk,kl->il", ("[2,3]", "[3,2]", "[2,4]")),
    ("i,i,i->i", ("[3]", "[3]", "[3]")),
    ("ij,jk->ik", ("[2,0]", "[0,3]")),
    ("ij,jk->ik", ("[0,2]", "[2,1]")),
):
    case("einsum", *("f8" + s for s in _shapes), subscripts=_subscripts)
case("einsum", "f4[2,3]", "f4[3,4]", subscripts="ij,jk->ik")
case("einsum", "f4[3]", "f8[3]", subscripts="i,i->i")
case("einsum", "i8[2,3]", "f8[3]", subscripts="ij,j->i")
case("einsum", "i4[2,3]", "i4[3]", subscripts="ij,j->i")
case("einsum", "b1[3]", "f8[3]", subscripts="i,i->")

# ── borders ─────────────────────────────────────────────────────────────────────────────────────────────────

for _kind in ("f8", "f4", "i8", "b1"):
    case("pad", _kind + "[2,3]", pad_width=((1, 2), (0, 1)))
    case("pad", _kind + "[3]", pad_width=((1, 1),), constant_values=1)
case("pad", "f8[2,3]", pad_width=((0, 0), (0, 0)))
case("pad", "f8[2,0]", pad_width=((0, 0), (1, 1)), constant_values=-0.5)
case("pad", "f4[1]", pad_width=((0, 3),), constant_values=float("-inf"))

# ── order ───────────────────────────────────────────────────────────────────────────────────────────────────

for _op in ("sort", "argsort"):
    for _kind in ("f8", "f4", "i8", "b1"):
        case(_op, _kind + "[5]", axis=0)
        case(_op, _kind + "[3,4]", axis=0)
        case(_op, _kind + "[2,3,4]", axis=1)
    case(_op, "f8[1]", axis=0)
    case(_op, "f8[0,3]", axis=0)
    case(_op, "f8[3,0]", axis=0)
for _at, _axis in (
    (np.array([[2, 0], [0, 0], [1, -1]]), 1),
    (np.array([[2, 0, 0, 1]]), 0),
    (np.array([[2, 0, 0, 1], [-3, -1, 2, 1]], "i4"), 0),
    (np.zeros((3, 0), int), 1),
    (np.array([[3], [1], [0]], "u8"), 1),
):
    _taken = ",".join(map(str, _at.shape))
    for _kind in ("f8", "f4"):
        case("take_along_axis", _kind + "[3,4]", _at, axis=_axis)
        case("put_along", f"{_kind}[{_taken}]", _at, axis=_axis, length=4 if _axis else 3)
case("take_along_axis", "i8[4]", np.array([3, 3, 0]), axis=0)
case("take_along_axis", "b1[4]", np.array([3, 3, 0]), axis=0)
case("take_along_axis", "f8[2,3,2]", np.array([[[2, 1]], [[0, 0]]]), axis=1)
case("put_along", "i8[3]", np.array([3, 3, 0]), axis=0, length=5)
case("put_along", "f8[2,1,2]", np.array([[[2, 1]], [[0, 0]]]), axis=1, length=3)
case("put_along", "f8[0]", np.zeros(0, int), axis=0, length=0)

# ── windows ─────────────────────────────────────────────────────────────────────────────────────────────────


def _convolutions(x: str, kernel: str, **attributes: Any) -> None:
    """A convolution, and the two others that go with it."""
    case("conv2d", x, kernel, **attributes)
    made = CASES[-1].node(CASES[-1].nodes())
    y = f"{made.dtype.str[1:]}[{','.join(map(str, made.shape))}]"
    size, window = made.inputs[0].shape[2:], made.inputs[1].shape[2:]
    case("conv_transpose2d", y, kernel, size=size, **attributes)
    case("conv_kernel2d", x, y, size=window, **attributes)


_convolutions("f8[1,1,3,3]", "f8[1,1,2,2]")
_convolutions("f8[2,2,4,3]", "f8[3,2,2,3]")
_convolutions("f8[2,1,3,4]", "f8[2,1,1,1]")
_convolutions("f8[1,2,3,3]", "f8[2,2,3,3]", padding=1)
_convolutions("f8[1,1,4,5]", "f8[1,1,2,3]", padding=((0, 1), (2, 0)))
_convolutions("f8[1,2,5,4]", "f8[1,2,2,2]", stride=2)
_convolutions("f8[1,1,6,5]", "f8[2,1,3,2]", stride=(3, 2), padding=1)
_convolutions("f8[1,1,5,6]", "f8[1,1,2,2]", dilation=2)
_convolutions("f8[1,1,5,7]", "f8[1,1,2,3]", dilation=(3, 2), stride=(1, 2), padding=((2, 1), (0, 1)))
_convolutions("f8[1,4,3,3]", "f8[4,2,2,2]", groups=2)
_convolutions("f8[2,3,3,3]", "f8[6,1,2,2]", groups=3, padding=1, stride=2)
_convolutions("f8[1,1,2,2]", "f8[1,1,1,1]", padding=1)
_convolutions("f8[1,1,1,4]", "f8[1,1,1,3]", padding=((0, 0), (1, 1)))
_convolutions("f8[0,2,3,3]", "f8[2,2,2,2]")
_convolutions("f8[1,0,3,3]", "f8[2,0,2,2]")
_convolutions("f8[1,2,3,3]", "f8[0,2,2,2]")
_convolutions("f4[2,2,4,4]", "f4[2,2,3,3]", padding=1)
case("conv2d", "f4[1,1,3,3]", "f8[1,1,2,2]")
case("conv2d", "i8[1,1,3,3]", "f8[1,1,2,2]")
case("conv_transpose2d", "f4[1,1,2,2]", "f8[1,1,2,2]", size=(3, 3))
case("conv_kernel2d", "f8[1,1,3,3]", "f4[1,1,2,2]", size=(2, 2))
_convolutions("i4[1,1,3,3]", "i4[1,1,2,2]", padding=1)
case("conv2d", "b1[1,1,3,3]", "f8[1,1,2,2]")

for _shape, _attributes in (
    ("[2,2,4,4]", {"size": 2, "stride": 2}),
    ("[1,1,5,5]", {"size": 3, "stride": 1}),
    ("[1,2,5,7]", {"size": (2, 3), "stride": (2, 3)}),
    ("[1,1,5,6]", {"size": 2, "stride": (3, 1)}),
    ("[1,1,1,1]", {"size": 1, "stride": 1}),
    ("[0,1,4,4]", {"size": 2, "stride": 2}),
    ("[1,0,4,4]", {"size": 2, "stride": 2}),
):
    for _kind in ("f8", "f4"):
        case("max_pool2d", _kind + _shape, **_attributes)
        case("avg_pool2d", _kind + _shape, **_attributes)
        _pooled = CASES[-1].node(CASES[-1].nodes())
        _small = f"{_kind}[{','.join(map(str, _pooled.shape))}]"
        case("avg_unpool2d", _small, shape=_pooled.inputs[0].shape[2:], **_attributes)
case("max_pool2d", "i8[1,1,4,4]", size=2, stride=2)
case("max_pool2d", "b1[1,1,4,4]", size=2, stride=2)
for _values in (np.array([[1.0, 3, 3, 0], [3, 2, 0, np.nan]]), np.array([[1, 1, 0, 2], [1, 0, 2, 2]], "f4")):
    for _size, _stride in ((2, 2), ((1, 2), 1), (1, 1)):
        _pictures = _values[None, None]
        _windows = np.lib.stride_tricks.sliding_window_view(_pictures, np.broadcast_to(_size, 2), (2, 3))
        _steps = np.broadcast_to(_stride, 2)
        _largest = _windows[:, :, :: _steps[0], :: _steps[1]].max(axis=(4, 5))
        case("argmax_pool2d", _pictures, _largest, size=_size, stride=_stride)

SIGNATURES = [str(c) for c in CASES]
