"""Random graphs: scalar ones and ones of arrays, over all ops, with values at which they are smooth.

A graph grows node by node, and its values with it, so that every op meets values of its domain, away from
kinks and ties; where a value lies outside, it is first squeezed into the domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import workings.ops
from workings.graph import Graph, Node, Role, call, constant, evaluate_node, input_node, lookup, registered

__all__ = ["ARRAY_OPS", "SCALAR_OPS", "Sample", "array_graphs", "scalar_graphs"]

assert workings.ops

# `stop_gradient` lies about its derivative on purpose: tests of differences leave it out
_APART = {"where", "stop_gradient"}
_LOGIC = {"logical_and", "logical_or", "logical_xor", "logical_not", "isfinite", "isnan", "isinf"}
_COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
_BITS = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"}
_FLAT = _LOGIC | _COMPARISONS | _BITS
_ELEMENTWISE = [op.name for op in registered() if op.elementwise and op.name not in _FLAT | _APART]
_REDUCTIONS = ["sum", "mean", "prod", "max", "min"]
_MOVES = [
    "transpose",
    "reshape",
    "broadcast_to",
    "squeeze",
    "expand_dims",
    "flip",
    "concatenate",
    "stack",
    "getitem",
    "put",
    "take",
    "cumsum",
]
_ALONG = ["pad", "sort", "take_along_axis", "put_along", "einsum"]
_WINDOWS = ["conv2d", "max_pool2d", "avg_pool2d"]
# what rules of simplification look for would hardly ever come by chance
_IDIOMS = [
    "times one",
    "minus zero",
    "minus minus",
    "minus negative",
    "square",
    "twice",
    "again",
    "same where",
    "number",
]
SCALAR_OPS = [*_ELEMENTWISE, "where", *_IDIOMS]
ARRAY_OPS = [
    *_ELEMENTWISE,
    "where",
    *_IDIOMS,
    *_REDUCTIONS * 3,
    *_MOVES * 2,
    *["matmul", "outer"] * 4,
    *_ALONG,
    *_WINDOWS,
]


class Sample(NamedTuple):
    """A graph with one scalar output, and values for its inputs at which it is smooth."""

    graph: Graph
    values: list[Any]

    @property
    def wrt(self) -> list[Node]:
        return [node for node in self.graph.inputs if node.dtype.kind == "f"]


class Growing:
    """A graph being grown: its nodes so far with their values."""

    def __init__(self, draw: Callable[[Any], Any], dtype: Any, most: int = 64) -> None:
        self.draw = draw
        self.dtype = np.dtype(dtype)
        self.most = most  # elements of an array
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.values: dict[Node, Any] = {}
        self.inputs: list[Node] = []

    def input(self, name: str, shape: tuple[int, ...]) -> None:
        node = input_node(
            name, shape, self.dtype, self.draw(st.sampled_from([r for r in Role if r is not Role.COUNTER]))
        )
        self.values[node] = (
            self.rng.uniform(-2, 2, shape).astype(self.dtype)[()] if shape else self.dtype.type(self.rng.uniform(-2, 2))
        )
        self.inputs.append(node)

    def pool(self) -> list[Node]:
        return [node for node in self.values if node.dtype == self.dtype]

    def pick(self, fits: Callable[[Node], bool] = lambda node: True) -> Node | None:
        """One of the nodes so far; the newest ones more often."""
        nodes = [node for node in self.pool() if fits(node)]
        if not nodes:
            return None
        return self.draw(st.sampled_from(nodes[-3:] * 3 + nodes))

    def make(self, op: str, *inputs: Any, **attributes: Any) -> Node:
        """A node and its value; a third of them have names, and some the same name."""
        named = self.draw(st.sampled_from([None, None, None, "h", "y", "total"]))
        node = call(op, *inputs, label=named, **attributes)
        for i in node.inputs:
            if i.is_constant:
                self.values.setdefault(i, i.value)
        with np.errstate(all="ignore"):
            self.values[node] = evaluate_node(node, [self.values[i] for i in node.inputs])
        return node

    def tame(self, node: Node, low: float = -30.0, high: float = 30.0) -> Node:
        """The node itself where all its values lie in the interval, and otherwise squeezed into it."""
        value = np.asarray(self.values[node])
        margin = 0.02 * (high - low)
        if np.all(np.isfinite(value)) and np.all((value > low + margin) & (value < high - margin)):
            return node
        if not np.all(np.isfinite(value)):
            node = self.make("where", self.make("isfinite", node), node, 1.0)
        return self.make(
            "add", self.make("multiply", self.make("tanh", node), 0.9 * (high - low) / 2), (low + high) / 2
        )

    def number(self) -> Any:
        return self.draw(st.sampled_from([1, 0, -1, 2, 3, 0.5, -0.25, 1.5, -0.0, 10]))

    def array(self, shape: tuple[int, ...]) -> Node:
        """A constant array."""
        return constant(self.rng.uniform(-1.5, 1.5, shape).astype(self.dtype))

    def partner(self, node: Node) -> Any:
        """Something that broadcasts with the node."""
        kind = self.draw(st.sampled_from(["pool", "pool", "pool", "number", "array", "input"]))
        if kind == "number":
            return self.number()
        if kind == "array" and node.shape:
            return self.array(self.draw(st.sampled_from([node.shape, node.shape[-1:], (1,) * len(node.shape)])))
        return self.pick(lambda other: _broadcast(node.shape, other.shape, self.most))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...], most: float = math.inf) -> bool:
    try:
        return math.prod(np.broadcast_shapes(a, b)) <= most
    except ValueError:
        return False


def _near_kink(op: str, values: Sequence[Any]) -> bool:
    """Whether a small step could cross a kink, a jump or a tie."""
    x = np.asarray(values[0])
    if op in ("maximum", "minimum", *_COMPARISONS):
        return bool(np.any(np.abs(x - values[1]) < 1e-2))
    if op in ("max", "min"):
        flat = np.sort(x, axis=None)
        return bool(np.any(np.diff(flat) < 1e-2))
    if op == "clip":
        return any(bool(np.any(np.abs(x - v) < 1e-2)) for v in values[1:])
    if op in ("sort", "max_pool2d"):
        return bool(np.any(np.diff(np.sort(x, axis=None)) < 1e-2))
    if op in ("absolute", "sign"):
        return bool(np.any(np.abs(x) < 1e-2))
    if op in ("floor", "ceil", "rint", "trunc"):
        return bool(np.any(np.abs(x * 2 - np.rint(x * 2)) < 1e-2))
    if op in ("remainder", "floor_divide"):
        ratio = x / values[1]
        return bool(np.any(np.abs(ratio - np.rint(ratio)) < 1e-2))
    return False


def _grow(g: Growing, op: str) -> None:
    x = g.pick()
    assert x is not None
    if op in _ELEMENTWISE or op == "stop_gradient":
        domain = lookup(op).domain
        inputs: list[Any] = [x]
        for _ in domain[1:]:
            inputs.append(g.partner(inputs[0]))
        made = [i if isinstance(i, Node) else constant(i, g.dtype) for i in inputs]
        for node in made:
            if node.is_constant:
                g.values.setdefault(node, node.value)
        try:
            if math.prod(np.broadcast_shapes(*(node.shape for node in made))) > g.most:
                return
        except ValueError:
            return
        made = [g.tame(node, low, high) for node, (low, high) in zip(made, domain, strict=True)]
        if not _near_kink(op, [g.values[node] for node in made]):
            g.tame(g.make(op, *made))
    elif op == "where":
        y = g.pick(lambda other: _broadcast(x.shape, other.shape, g.most))
        assert y is not None
        other = g.partner(x)
        compared = g.draw(st.sampled_from(sorted(_COMPARISONS)))
        if _near_kink(compared, [g.values[x], g.values[y]]):
            return
        condition = g.make(compared, x, y)
        if g.draw(st.booleans()):
            condition = g.make("logical_not", condition)
        if isinstance(other, Node):
            g.values.setdefault(other, other.value if other.is_constant else None)
            if not _broadcast(np.broadcast_shapes(x.shape, y.shape), other.shape, g.most):
                return
        g.make("where", condition, *g.draw(st.permutations([x, other])))
    elif op in _IDIOMS:
        _idiom(g, op, x)
    elif op in _REDUCTIONS:
        attributes = _axes(g, x)
        if op == "prod":
            x = g.tame(x, 0.2, 2)
        if not _near_kink(op, [g.values[x]]):
            g.tame(g.make(op, x, **attributes))
    elif op == "matmul":
        _multiply(g, x)
    elif op == "outer":
        a, b = g.pick(lambda n: n.ndim == 1), g.pick(lambda n: n.ndim == 1)
        if a is not None and b is not None and a.size * b.size <= g.most:
            g.tame(g.make("outer", a, b))
    elif op in _ALONG:
        _along(g, op, x)
    elif op in _WINDOWS:
        _slide(g, op, x)
    else:
        _move(g, op, x)


def _along(g: Growing, op: str, x: Node) -> None:
    if x.ndim == 0:
        return
    axis = g.draw(st.integers(0, x.ndim - 1))
    if op == "pad":
        widths = tuple((g.draw(st.integers(0, 1)), g.draw(st.integers(0, 1))) for _ in x.shape)
        if math.prod(n + sum(pair) for n, pair in zip(x.shape, widths, strict=True)) <= g.most:
            border = g.draw(st.sampled_from([{}, {"constant_values": 0.5}]))
            g.make("pad", x, pad_width=widths, **border)
    elif op == "sort":
        if not _near_kink(op, [g.values[x]]):
            g.make("sort", x, axis=axis)
    elif op == "einsum":
        _sum_products(g, x)
    else:
        count = x.shape[axis] if op == "put_along" else g.draw(st.integers(1, 3))
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        places = constant(g.rng.integers(0, x.shape[axis], shape))
        if math.prod(shape) <= g.most:
            g.make(op, x, places, axis=axis, **({"length": x.shape[axis]} if op == "put_along" else {}))


def _sum_products(g: Growing, x: Node) -> None:
    """A sum of products with another value, in which equal lengths may be the same letter, also within one value."""
    y = g.pick(lambda n: n.ndim > 0)
    assert y is not None
    lengths: dict[str, int] = {}
    terms = []
    for node in (x, y):
        term = ""
        for n in node.shape:
            new = "abcdefgh"[len(lengths)]
            letter = g.draw(st.sampled_from([new, *(c for c, length in lengths.items() if length == n)]))
            lengths[letter] = n
            term += letter
        terms.append(term)
    result = "".join(g.draw(st.permutations(sorted(g.draw(st.sets(st.sampled_from(sorted(lengths))))))))
    if math.prod(lengths.values()) <= 8 * g.most and math.prod(lengths[c] for c in result) <= g.most:
        g.tame(g.make("einsum", x, y, subscripts=f"{','.join(terms)}->{result}"))


def _slide(g: Growing, op: str, x: Node) -> None:
    """Windows over the values as images."""
    if x.ndim > 4 or x.ndim == 0:
        return
    images = x if x.ndim == 4 else g.make("reshape", x, shape=(*(1,) * (4 - x.ndim), *x.shape))
    size = tuple(g.draw(st.integers(1, min(n, 2))) for n in images.shape[2:])
    stride = g.draw(st.integers(1, 2))
    if op == "conv2d":
        kernel = g.array((g.draw(st.integers(1, 2)), images.shape[1], *size))
        if images.size * kernel.shape[0] * 2 <= g.most:
            g.tame(g.make(op, images, kernel, stride=stride, padding=g.draw(st.integers(0, 1))))
    elif not _near_kink(op, [g.values[images]]):
        g.make(op, images, size=size, stride=stride)


def _idiom(g: Growing, op: str, x: Node) -> None:
    y = g.pick(lambda other: _broadcast(x.shape, other.shape, g.most))
    if op == "times one":
        g.make("multiply", *g.draw(st.permutations([x, 1])))
    elif op == "minus zero":
        g.make("subtract", x, 0)
    elif op == "minus minus":
        g.make("negative", g.make("negative", x))
    elif op == "minus negative":
        g.tame(g.make(g.draw(st.sampled_from(["add", "subtract"])), x, g.make("negative", y)))
    elif op == "square":
        g.tame(g.make("multiply", x, x))
    elif op == "twice":
        g.tame(g.make("add", x, x))
    elif op == "again":
        for _ in range(2):
            g.tame(g.make("add", g.make("sin", x), y))
    elif op == "same where":
        g.make("where", g.make("isfinite", x), x, x)
    else:
        g.tame(
            g.make(
                g.draw(st.sampled_from(["add", "subtract", "multiply", "divide"])),
                g.tame(x, 0.3, 3),
                g.draw(st.sampled_from([2, 3, -1, 0.5])),
            )
        )


def _axes(g: Growing, x: Node) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if x.ndim and g.draw(st.booleans()):
        axes = tuple(sorted(g.draw(st.sets(st.integers(0, x.ndim - 1), min_size=1))))
        attributes["axis"] = axes if len(axes) > 1 else axes[0]
    if g.draw(st.booleans()):
        attributes["keepdims"] = True
    return attributes


def _multiply(g: Growing, x: Node) -> None:
    if x.ndim == 0:
        return
    k = x.shape[-1]
    other = g.pick(
        lambda n: n.ndim > 0 and n.shape[-2 if n.ndim > 1 else 0] == k and _broadcast(x.shape[:-2], n.shape[:-2])
    )
    if other is None or g.draw(st.booleans()):
        other = g.array(g.draw(st.sampled_from([(k,), (k, 2), (k, 3)])))
    if math.prod(x.shape[:-1]) * math.prod(other.shape) // k <= g.most:
        g.tame(g.make("matmul", x, other))


def _move(g: Growing, op: str, x: Node) -> None:
    axis = g.draw(st.integers(0, x.ndim - 1)) if x.ndim else None
    if op == "transpose":
        g.make(op, x, axes=tuple(g.draw(st.permutations(range(x.ndim)))))
    elif op == "reshape":
        divisors = [d for d in range(1, x.size + 1) if x.size % d == 0]
        d = g.draw(st.sampled_from(divisors))
        g.make(op, x, shape=g.draw(st.sampled_from([(-1,), (d, x.size // d), (d, -1), (1, x.size, 1)])))
    elif op == "broadcast_to":
        if x.size * 4 <= g.most:
            wide = tuple(3 if n == 1 else n for n in x.shape)
            g.make(op, x, shape=g.draw(st.sampled_from([(2, *x.shape), wide, x.shape])))
    elif op == "expand_dims":
        if x.ndim < 4:
            g.make(op, x, axis=g.draw(st.integers(0, x.ndim)))
    elif op == "concatenate" and axis is not None:
        y = g.pick(
            lambda n: (
                n.shape[:axis] == x.shape[:axis] and n.shape[axis + 1 :] == x.shape[axis + 1 :] and n.ndim == x.ndim
            )
        )
        if y is not None and x.size + y.size <= g.most:
            g.make(op, x, y, axis=axis)
    elif op == "stack":
        y = g.pick(lambda n: n.shape == x.shape)
        if x.size * 2 <= g.most and x.ndim < 4:
            g.make(op, x, y, axis=g.draw(st.integers(0, x.ndim)))
    elif axis is None:
        return
    elif op == "squeeze":
        if x.shape[axis] == 1:
            g.make(op, x, axis=axis)
    elif op in ("flip", "cumsum"):
        g.tame(g.make(op, x, axis=axis))
    elif op == "getitem":
        n = x.shape[axis]
        part = g.draw(
            st.sampled_from([0, n - 1, -1, slice(0, max(1, n - 1)), slice(None, None, 2), slice(None, None, -1)])
        )
        g.make(op, x, key=(*(slice(None),) * axis, part))
    elif op == "take":
        indices = constant(g.rng.integers(0, x.shape[axis], g.draw(st.sampled_from([(), (2,), (3,), (2, 2)]))))
        g.make("getitem", x, indices, key=(*(slice(None),) * axis, "array"))
    elif op == "put":
        indices = constant(g.rng.integers(0, x.shape[0] + 1, x.shape[0]))
        g.make(op, x, indices, shape=(x.shape[0] + 1, *x.shape[1:]), key=("array",))


def _finish(g: Growing) -> Sample:
    """A scalar of the newest nodes."""
    total = None
    for node in [node for node in g.pool() if not node.is_constant][-3:]:
        node = g.tame(node, -10, 10)
        term = g.make("mean", node) if node.shape else node
        total = term if total is None else g.make("add", total, term)
    assert total is not None
    return Sample(Graph(g.inputs, [total], name="loss"), [g.values[node] for node in g.inputs])


@st.composite
def scalar_graphs(draw: Any, dtype: Any = np.float64, *, stops: bool = False) -> Sample:
    """A graph of scalars; with `stops`, of `stop_gradient` too."""
    g = Growing(draw, dtype)
    for name in ("w", "x", "b")[: draw(st.integers(1, 3))]:
        g.input(name, ())
    for _ in range(draw(st.integers(1, 12))):
        _grow(g, draw(st.sampled_from([*SCALAR_OPS, *["stop_gradient"] * stops])))
    return _finish(g)


@st.composite
def array_graphs(draw: Any, dtype: Any = np.float64, *, stops: bool = False, large: bool = False) -> Sample:
    """A graph of arrays of up to 64 elements, or of thousands if `large`; with `stops`, of `stop_gradient` too."""
    g = Growing(draw, dtype, 4096 if large else 64)
    for name in ("w", "x", "b")[: draw(st.integers(1, 3))]:
        g.input(
            name,
            tuple(
                draw(
                    st.lists(
                        st.sampled_from([1, 9, 17, 33] if large else [1, 2, 3, 4]),
                        min_size=0,
                        max_size=2 if large else 3,
                    )
                )
            ),
        )
    for _ in range(draw(st.integers(1, 10))):
        _grow(g, draw(st.sampled_from([*ARRAY_OPS, *["stop_gradient"] * stops])))
    return _finish(g)
