"""Random graphs for the engine native: every op that it has, on many shapes, dtypes and ways to lie in memory."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.write.random_graphs import random_call
from workings.errors import WorkingsError
from workings.graph import Graph, Node, call, constant, evaluate_node, input_node, registered
from workings.lower import lower_graph
from workings.lower.elements import DTYPES
from workings.ops.control import call_loop, result
from workings.transform import reverse, simplify

__all__ = ["Sample", "random_sample"]

# around the 4, 8, 16 and 32 numbers of a vector, primes, and what is as small as it gets
_SIZES = (0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 130)
_MOST = 20_000
_NUMBERS = (1, 0, -1, 2, 3, 0.5, -0.25, 1.5, -0.0, 10)
_LARGE = 1e4


class Sample(NamedTuple):
    """A graph, and values for its inputs."""

    graph: Graph
    values: list[Any]


def random_sample(seed: int) -> Sample:
    """A graph with values, the same for the same seed; some with derivatives, and half of them simplified."""
    rng = random.Random(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        g = _Growing(rng)
        for k in range(rng.randint(1, 4)):
            g.input(f"x{k}")
        for _ in range(rng.randint(1, 14)):
            g.grow()
    used = {i for node in g.values for i in node.inputs}
    free = [n for n in g.values if not n.is_constant and n.op.results is None]
    outputs = [n for n in free if n not in used] or free[-1:]
    outputs += rng.sample(free, min(len(free), rng.randint(0, 2)))
    graph = Graph(g.inputs, list(dict.fromkeys(outputs)), name="fuzz")
    if rng.random() < 0.35:
        graph = _with_gradient(rng, graph)
    if rng.random() < 0.5:
        graph = simplify(graph).graph
    return Sample(graph, [g.values[node] for node in graph.inputs])


def _with_gradient(rng: random.Random, graph: Graph) -> Graph:
    """With the gradient of a sum of the outputs, where the engine has all of its ops."""
    floats = [o for o in graph.outputs if o.dtype.kind == "f" and o.size]
    wrt = [i for i in graph.inputs if i.dtype.kind == "f"]
    if not floats or not wrt:
        return graph
    loss = call("sum", call("square", floats[0]))
    for other in floats[1:]:
        loss = loss + call("mean", other)
    try:
        found = [g for g in reverse(loss, wrt) if g is not None]
        longer = Graph(graph.inputs, [*(graph.outputs if rng.random() < 0.3 else ()), loss, *found], name=graph.name)
        lower_graph(longer)
    except WorkingsError:
        return graph
    return longer


class _Growing:
    """A graph that grows node by node, with the value of each, so that numbers stay of a size that says something."""

    def __init__(self, rng: random.Random, outer: _Growing | None = None) -> None:
        self.rng = rng
        self.numbers = np.random.default_rng(rng.getrandbits(32))
        self.values: dict[Node, Any] = {}
        self.inputs: list[Node] = []
        self.depth = 0 if outer is None else outer.depth + 1
        if outer is None:
            self.sizes = [rng.choice(_SIZES) for _ in range(3)]
            kinds = sorted(d.name for d in DTYPES)
            self.dtypes = [rng.choice(["float64", "float32", *kinds]), rng.choice(["float64", "float32"])]
            self.data = rng.choice(["exact", "exact", "normal", "edges"])
        else:
            self.sizes, self.dtypes, self.data = outer.sizes, outer.dtypes, outer.data

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────
    def shape(self, most: int = 3) -> tuple[int, ...]:
        shape = tuple(self.rng.choice(self.sizes) for _ in range(self.rng.choice([0, 1, 2, 2, 2, 3][: most * 2])))
        return shape if math.prod(shape) <= _MOST else shape[:1]

    def array(self, shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
        """Numbers; "exact" ones are eighths, of which sums and products are no rounded ones for long."""
        dtype = np.dtype(dtype or self.rng.choice(self.dtypes))
        if dtype.kind == "b":
            return self.numbers.random(shape) < 0.5
        if dtype.kind in "iu":
            return self.numbers.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)
        if self.data == "exact":
            return (self.numbers.integers(-16, 17, shape) / 8).astype(dtype)
        value = np.asarray(self.numbers.normal(size=shape))
        if self.data == "edges":
            edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, 1e-40, 5e-324]
            value = np.where(self.numbers.random(shape) < 0.1, self.numbers.choice(edges, size=shape), value)
        return value.astype(dtype)

    def input(self, name: str, shape: tuple[int, ...] | None = None, dtype: Any = None) -> Node:
        value = np.asarray(self.array(self.shape() if shape is None else shape, dtype))
        node = input_node(name, value.shape, value.dtype)
        self.inputs.append(node)
        self.values[node] = value[()]
        return node

    def keep(self, node: Node) -> Node:
        """A new node, with its value and those of what it is made from."""
        todo = [node]
        while todo:
            last = todo[-1]
            missing = [i for i in last.inputs if i not in self.values]
            if missing:
                todo += missing
                continue
            todo.pop()
            if last not in self.values:
                known = [self.values[i] for i in last.inputs]
                self.values[last] = last.value if last.is_constant else evaluate_node(last, known)
        return node

    def pick(self, fits: Callable[[Node], bool] = lambda node: True) -> Node | None:
        """One of the nodes so far; the newest ones more often."""
        nodes = [n for n in self.values if n.op.results is None and fits(n)]
        return self.rng.choice(nodes[-4:] * 3 + nodes) if nodes else None

    def some(self) -> Node:
        node = self.pick()
        assert node is not None
        return node

    # ── growth ──────────────────────────────────────────────────────────────────────────────────────────────
    def grow(self) -> None:
        """One more value, if one is found that the engine has."""
        for _ in range(30):
            op = self.rng.choice(_OPS)
            try:
                node = self.make(op)
                if node is None or node.size > _MOST or any(i.size > _MOST for i in node.inputs):
                    continue
                _supported(node)
                self.keep(self.tamed(self.keep(node)))
            except (WorkingsError, OverflowError, StopIteration, IndexError, ValueError):
                continue  # not for these values, or not for NumPy: a whole number to a negative power
            return

    def tamed(self, node: Node) -> Node:
        """The value without what is infinite or not a number, and not too large to say something."""
        value = np.asarray(self.values[node]) if node.op.results is None else np.zeros(0)
        if node.dtype.kind in "iu" and value.size and np.max(np.abs(value.astype(float))) > _LARGE:
            return call("clip", node, *(np.asarray(n, node.dtype) for n in (0, 9)))
        if node.dtype.kind != "f" or not value.size:
            return node
        if not np.all(np.isfinite(value)) and (self.data != "edges" or self.rng.random() < 0.5):
            node = self.keep(call("where", call("isfinite", node), node, np.asarray(1, node.dtype)))
            value = np.asarray(self.values[node])
        largest = np.max(np.abs(value[np.isfinite(value)]), initial=0)
        if largest > _LARGE:
            scale = 2.0 ** -int(np.log2(largest / 16))
            node = call("multiply", node, np.asarray(scale, node.dtype))
        return node

    def make(self, op: str) -> Node | None:
        """A call of this op on values so far; None if none suit."""
        rng, x = self.rng, self.some()
        record = _RECORDS[op]
        if op.startswith("conv") and self.data == "edges":
            return None  # what is infinite or nan meets the zeros of a border, or is left out there
        if record.elementwise:
            return self.elementwise(op, x, len(record.domain))
        made = _MAKERS.get(op)
        if made is not None:
            return made(self, x)
        if op == "astype" and x.dtype.kind == "f":
            # numbers that the other dtype does not have mean something else on every machine
            x = call("clip", call("where", call("isfinite", x), x, np.asarray(1, x.dtype)), 0, 100)
        nodes = [n for n in self.values if n.op.results is None]
        node = random_call(rng, op, [*nodes[-4:], x])
        if node is not None and node.dtype.kind in "iu" and op == "astype":
            source = node.inputs[0]
            self.keep(source)
            value = np.asarray(self.values[source])
            if source.dtype.kind == "f" and not np.all((value >= 0) & (value <= 100)):
                return None
        return node

    def elementwise(self, op: str, x: Node, count: int) -> Node:
        rng = self.rng
        inputs: list[Any] = [x]
        for _ in range(count - 1):
            kind = rng.choice(["pool", "pool", "pool", "number", "array"])
            other: Any = rng.choice(_NUMBERS)
            if kind == "array":
                shape = rng.choice([x.shape, x.shape[-1:], x.shape[:-1] + (1,) * (x.ndim > 0)])
                other = constant(self.array(shape, x.dtype))
            elif kind == "pool":
                other = self.pick(lambda n: _broadcast(x.shape, n.shape))
            inputs.append(other)
        if op == "where":
            a, b = inputs[0], inputs[1]
            inputs = [call(rng.choice(["less", "equal", "greater_equal"]), a, b), *inputs[1:]]
        else:
            rng.shuffle(inputs)
        return call(op, *inputs, label=rng.choice([None, None, "h", "y"]))

    def loop(self) -> Node | None:
        """A loop: what is carried, gone through and the same are values so far, and its body is grown as this is."""
        rng = self.rng
        if self.depth >= 2:
            return None
        length = rng.choice([n for n in self.sizes if n <= 33] or [3])
        carried = [n for _ in range(rng.randint(0, 2)) if (n := self.pick(lambda n: n.size <= 2000)) is not None]
        rows = [
            n
            for _ in range(rng.randint(0, 2))
            if (n := self.pick(lambda n: n.shape[:1] == (length,) and n.size <= 5000)) is not None
        ]
        same = [n for _ in range(rng.randint(0, 2)) if (n := self.pick(lambda n: n.size <= 2000)) is not None]
        if not carried and not rows:
            return None
        inner = _Growing(rng, self)
        for k, (node, row) in enumerate(
            [*((n, False) for n in carried), *((n, True) for n in rows), *((n, False) for n in same)]
        ):
            inner.input(f"{'ab'[self.depth]}{k}", node.shape[1:] if row else node.shape, node.dtype)
        for _ in range(rng.randint(1, 6)):
            inner.grow()
        outputs = []
        for old in inner.inputs[: len(carried)]:
            fitting = [n for n in inner.values if (n.shape, n.dtype) == (old.shape, old.dtype)]
            new = rng.choice(fitting[-3:] * 3 + fitting)
            if new is not old and old.dtype.kind == "f" and rng.random() < 0.5:
                new = call("add", call("multiply", old, np.asarray(0.5, old.dtype)), new)
            # a value that grows in every turn would leave all bounds
            outputs.append(
                call("clip", new, *(np.asarray(n, new.dtype) for n in (-4, 4))) if new.dtype.kind == "f" else new
            )
        outputs += [
            n for n in (inner.pick(lambda n: n.size <= 2000) for _ in range(rng.randint(0, 3))) if n is not None
        ]
        if not outputs:
            return None
        body = Graph(inner.inputs, outputs, name="turn")
        node = call_loop(body, carried, rows, same, length=length, reverse=rng.random() < 0.5)
        _supported(node)
        found = [result(node, k) for k in range(len(outputs))]
        for one in rng.sample(found, rng.randint(1, len(found))):
            self.keep(one)
        return self.keep(rng.choice(found))


def _supported(node: Node) -> None:
    """Raise `UnsupportedError` if the engine does not have this op on these dtypes."""
    fresh = [i if i.is_constant else input_node("x", i.shape, i.dtype) for i in node.inputs if i.op.results is None]
    if len(fresh) < len(node.inputs):
        return
    inputs = [i for i in fresh if not i.is_constant]
    made = call(node.op.name, *fresh, **node.attributes)
    outputs = (
        [made] if made.op.results is None else [result(made, k) for k in range(len(made.op.results(made.attributes)))]
    )
    if outputs and made.op.name not in ("input", "constant"):
        lower_graph(Graph(inputs, outputs))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        return math.prod(np.broadcast_shapes(a, b)) <= _MOST
    except ValueError:
        return False


# ── ops that want shapes that go together ───────────────────────────────────────────────────────────────────


def _matmul(g: _Growing, x: Node) -> Node | None:
    if not x.ndim:
        return None
    k = x.shape[-1]
    fits = g.pick(
        lambda n: n.ndim > 0 and n.shape[-2 if n.ndim > 1 else 0] == k and _broadcast(x.shape[:-2], n.shape[:-2])
    )
    turned = g.pick(lambda n: n.ndim == 2 and n.shape[-1] == k)
    choices = [n for n in (fits, turned) if n is not None]
    width = g.rng.choice(g.sizes)
    y: Any = g.rng.choice([*choices, constant(g.array(g.rng.choice([(k,), (k, width)]), x.dtype))])
    if y is turned:
        y = call("transpose", y, axes=(1, 0))
    if math.prod(x.shape) * (y.size // max(k, 1)) > 4_000_000:
        return None
    return call("matmul", x, y, label=g.rng.choice([None, "h"]))


def _outer(g: _Growing, x: Node) -> Node | None:
    a, b = g.pick(lambda n: n.ndim == 1), g.pick(lambda n: n.ndim == 1)
    return None if a is None or b is None or a.size * b.size > _MOST else call("outer", a, b)


def _einsum(g: _Growing, x: Node) -> Node | None:
    """A sum of products, in which equal lengths may be the same letter, also within one value."""
    rng, lengths, terms = g.rng, {}, []
    # of one dtype: of several, NumPy multiplies the first two in theirs, and which they are is its own choice
    others = (g.pick(lambda n: n.dtype == x.dtype) for _ in range(rng.choice([0, 1, 1, 2])))
    nodes = [x, *(n for n in others if n is not None)]
    for node in nodes:
        term = ""
        for n in node.shape:
            new = "abcdefghijkl"[len(lengths)]
            letter = rng.choice([new, *(c for c, length in lengths.items() if length == n)])
            lengths[letter] = n
            term += letter
        terms.append(term)
    kept = rng.sample(sorted(lengths), rng.randint(0, min(len(lengths), 3)))
    if math.prod(lengths.values()) > 1_000_000 or math.prod(lengths[c] for c in kept) > _MOST:
        return None
    return call("einsum", *nodes, subscripts=f"{','.join(terms)}->{''.join(kept)}")


def _images(g: _Growing, x: Node) -> Node:
    shape = (*(1,) * (4 - x.ndim), *x.shape) if x.ndim <= 4 else (1, 1, 1, x.size)
    images = call("reshape", x, shape=shape)
    return call("transpose", images, axes=tuple(g.rng.sample(range(4), 4))) if g.rng.random() < 0.3 else images


def _window(g: _Growing, images: Node, most: int = 3) -> tuple[int, int]:
    return tuple(g.rng.randint(1, max(1, min(n, most))) for n in images.shape[2:])  # type: ignore[return-value]


def _conv2d(g: _Growing, x: Node) -> Node | None:
    rng, images = g.rng, _images(g, x)
    groups = rng.choice([1, 1, images.shape[1] or 1])
    width = images.shape[1] // groups
    size = _window(g, images)
    if images.shape[1] > 33 or images.size * math.prod(size) > _MOST * 4:
        return None
    kernel = constant(g.array((groups * rng.randint(1, 3), width, *size), x.dtype))
    options: dict[str, Any] = {"stride": rng.randint(1, 2), "padding": rng.randint(0, 2)}
    if rng.random() < 0.2:
        options["dilation"] = 2
    return (
        call("conv2d", images, kernel, groups=groups, **options)
        if groups > 1
        else call("conv2d", images, kernel, **options)
    )


def _pool(op: str) -> Callable[[_Growing, Node], Node]:
    def make(g: _Growing, x: Node) -> Node:
        images = _images(g, x)
        return call(op, images, size=_window(g, images), stride=g.rng.randint(1, 3))

    return make


def _take(g: _Growing, x: Node) -> Node | None:
    """Elements at places that are computed: constants, an input, or made from other values."""
    if not x.ndim or 0 in x.shape:
        return None
    axis = g.rng.randrange(x.ndim)
    at = g.numbers.integers(-x.shape[axis], x.shape[axis], g.shape(2))
    places: Any = constant(at) if g.rng.random() < 0.5 else call("add", constant(at // 2), constant(at - at // 2))
    return call("getitem", x, places, key=(*(slice(None),) * axis, "array"))


def _getitem(g: _Growing, x: Node) -> Node | None:
    return _take(g, x) if g.rng.random() < 0.4 else random_call(g.rng, "getitem", [x])


def _put(g: _Growing, x: Node) -> Node | None:
    if not x.ndim or g.rng.random() < 0.3:
        return random_call(g.rng, "put", [x])
    length = g.rng.randint(1, 9)
    places = constant(g.numbers.integers(-length, length, x.shape[0]))
    return call("put", x, places, shape=(length, *x.shape[1:]), key=("array",))


def _along(op: str) -> Callable[[_Growing, Node], Node | None]:
    def make(g: _Growing, x: Node) -> Node | None:
        if not x.ndim or 0 in x.shape:
            return None
        axis = g.rng.randrange(x.ndim)
        length = x.shape[axis] if op == "take_along_axis" else g.rng.randint(1, 9)
        count = g.rng.randint(0, 9) if op == "take_along_axis" else x.shape[axis]
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        places = constant(g.numbers.integers(-length, length, shape))
        return call(op, x, places, axis=axis, **({} if op == "take_along_axis" else {"length": length}))

    return make


def _joined(op: str) -> Callable[[_Growing, Node], Node | None]:
    def make(g: _Growing, x: Node) -> Node | None:
        if op == "concatenate" and not x.ndim:
            return None
        axis = g.rng.randrange(x.ndim + (op == "stack"))

        def fits(n: Node) -> bool:
            if op == "stack":
                return n.shape == x.shape
            return n.ndim == x.ndim and n.shape[:axis] == x.shape[:axis] and n.shape[axis + 1 :] == x.shape[axis + 1 :]

        return call(op, *(g.pick(fits) for _ in range(g.rng.randint(1, 3))), axis=axis)

    return make


def _broadcast_to(g: _Growing, x: Node) -> Node:
    wide = tuple(g.rng.choice(g.sizes) if n == 1 else n for n in x.shape)
    return call("broadcast_to", x, shape=g.rng.choice([wide, (g.rng.choice(g.sizes), *x.shape)]))


def _reshape(g: _Growing, x: Node) -> Node:
    if not x.size:
        return call("reshape", x, shape=g.rng.choice([(0,), (0, 3), (2, 0)]))
    d = g.rng.choice([d for d in range(1, min(x.size, 200) + 1) if x.size % d == 0])
    return call("reshape", x, shape=g.rng.choice([(-1,), (d, x.size // d), (x.size // d, d), (1, x.size, 1)]))


def _loop(g: _Growing, x: Node) -> Node | None:
    return g.loop()


_MAKERS: dict[str, Callable[[_Growing, Node], Node | None]] = {
    "matmul": _matmul,
    "outer": _outer,
    "einsum": _einsum,
    "conv2d": _conv2d,
    "max_pool2d": _pool("max_pool2d"),
    "avg_pool2d": _pool("avg_pool2d"),
    "getitem": _getitem,
    "put": _put,
    "take_along_axis": _along("take_along_axis"),
    "put_along": _along("put_along"),
    "concatenate": _joined("concatenate"),
    "stack": _joined("stack"),
    "broadcast_to": _broadcast_to,
    "reshape": _reshape,
    "scan": _loop,
}
_RECORDS = {op.name: op for op in registered() if op.name not in ("input", "constant", "result")}
# what is no elementwise op is as likely as all of those together
_OPS = [
    *(name for name, op in _RECORDS.items() if op.elementwise),
    *(name for name, op in _RECORDS.items() if not op.elementwise),
    *[name for name in _RECORDS if name in ("matmul", "sum", "mean", "max", "transpose", "flip", "getitem")] * 3,
    *["scan", "matmul", "einsum", "add", "multiply"] * 2,
]
