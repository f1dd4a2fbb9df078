"""How far a value of another engine may be from that of the reference.

Each op that an engine may round in its own way gets a bound for what that makes, from its values: none where sums and
products are exact, as those of eighths are; √n roundings of the sum of n magnitudes, since they do not all go one way;
and so many units in the last place of a function that is approximated. The graph is then evaluated again and again
with errors of that size put in, or where that is not enough of up to that size, with one sign for all elements or a
random one for each, and what moves an output is what it may be off. Where that tips a comparison, or what is finite,
the output moves with it.

Sources: Parker, Monte Carlo arithmetic (1997); Higham and Mary, A new approach to probabilistic rounding error
analysis (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.ops.checks import ENGINES, ROUNDED, same_bits
from workings.graph import Graph, Node, evaluate_node
from workings.graph.layouts import contiguous
from workings.lower.elements import MATHS
from workings.ops.control import Loop

__all__ = ["Found", "compare", "rounds"]

_ROUNDED = {"prod", *ROUNDED, *next(engine.rounded for engine in ENGINES if engine.name == "native")}
_APPROXIMATED = MATHS | {"logaddexp"}
# of two zeros that are equal but for their sign each is the largest; and what NumPy adds to 0 may be put there
_EITHER_ZERO = frozenset({"max", "min", "maximum", "minimum", "sort", "max_pool2d", "clip", *ROUNDED})
_UNITS = 4.0
_SAMPLES = 8


class Found(NamedTuple):
    """How many numbers were the same, were near, were not settled, and what is wrong with others, if anything is."""

    same: int
    near: int
    unsettled: int
    wrong: str | None


def rounds(graph: Graph) -> bool:
    """Whether anything in the graph may be rounded in another way."""
    return any(
        node.op.name in _ROUNDED
        or node.op.name in _APPROXIMATED | _EITHER_ZERO
        or (node.op.results is not None and rounds(node.attributes["body"]))
        for node in graph.nodes
    )


def compare(graph: Graph, values: Sequence[Any], found: Sequence[Any], samples: int = _SAMPLES) -> Found:
    """Hold the outputs that an engine gave against the reference."""
    with np.errstate(all="ignore"):
        wanted = _evaluate(graph, values, None)
        if all(same_bits(a, b) for a, b in zip(found, wanted, strict=True)):
            return Found(sum(np.size(b) for b in wanted), 0, 0, None)
        moved = [_evaluate(graph, values, _Errors(seed)) for seed in range(samples)] if rounds(graph) else []
        counts = np.zeros(3, int)
        for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
            got = _one(np.asarray(a), np.asarray(b), [np.asarray(m[k]) for m in moved])
            if isinstance(got, str):
                if moved and samples < 100:
                    return compare(graph, values, found, 200)
                return Found(0, 0, 0, f"output {k}, {graph.outputs[k]!r}: {got}")
            counts += got
    same, near, unsettled = counts.tolist()
    return Found(same, near, unsettled, None)


def _one(a: np.ndarray, b: np.ndarray, moved: list[np.ndarray]) -> str | tuple[int, int, int]:
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"{a.dtype}{list(a.shape)} for {b.dtype}{list(b.shape)}"
    equal = (a == b) & (np.signbit(a) == np.signbit(b)) | (a != a) & (b != b) if b.dtype.kind == "f" else a == b
    if np.all(equal):
        return b.size, 0, 0
    if not moved:
        return _shown(a, b, ~equal, np.zeros(b.shape))
    if b.dtype.kind == "f":
        settled = np.isfinite(b) & np.all([np.isfinite(m) for m in moved], axis=0)
        fixed = np.all([(m == b) | (m != m) & (b != b) for m in moved], axis=0) & ~np.isfinite(b)
    else:
        settled, fixed = np.ones(b.shape, bool), np.zeros(b.shape, bool)
    wide = [np.where(settled, m, b).astype(np.longdouble) - b for m in moved]
    spread = np.max(np.abs(np.where(np.isfinite(wide), wide, 0)), axis=0)
    off = np.abs(a.astype(np.longdouble) - b)
    signs = (
        np.any([np.signbit(m) != np.signbit(b) for m in moved], axis=0)
        if b.dtype.kind == "f"
        else np.zeros(b.shape, bool)
    )
    if b.dtype.kind == "f" and np.any(spread):
        # where what goes into the last rounding moves at all, it may tip
        spread = spread + np.where(settled, np.spacing(np.abs(np.where(settled, b, 0))), 0)
    near = settled & (off <= 2 * spread) & ((off > 0) | signs | (spread > 0))
    wrong = ~(equal | near | ~(settled | fixed))
    if np.any(wrong):
        return _shown(a, b, wrong, spread)
    return int(np.sum(equal)), int(np.sum(near & ~equal)), int(np.sum(~equal & ~near))


def _shown(a: np.ndarray, b: np.ndarray, wrong: np.ndarray, spread: np.ndarray) -> str:
    at = tuple(int(n) for n in np.argwhere(wrong)[0])
    return f"{np.sum(wrong)} of {b.size} numbers differ; that at {list(at)} is {a[at]!r}, and not {b[at]!r}" + (
        f" or at most {2 * float(spread[at]):.3g} from it" if np.any(spread) else ""
    )


# ── errors put in ───────────────────────────────────────────────────────────────────────────────────────────


class _Errors:
    """Errors as large as they may be, or of any size up to that, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.uniform = seed % 2 == 0
        # the roundings that follow are as they happen to be, and those of two errors are too few to tell
        self.full = seed < _SAMPLES or seed % 4 < 2

    def put_in(self, node: Node, inputs: Sequence[Any], value: Any) -> Any:
        bound = _bound(node, inputs, value)
        if bound is None:
            return value
        shape = () if self.uniform else np.shape(value)
        sign = self.rng.choice([-1.0, 1.0], size=shape)
        size = 1.0 if self.full else self.rng.random(shape)
        moved = np.asarray(value + (sign * size * bound).astype(node.dtype), node.dtype)
        if node.op.name in _EITHER_ZERO:
            moved = np.where(value == 0, np.copysign(value, sign.astype(node.dtype)), moved)
        return moved[()]


def _bound(node: Node, inputs: Sequence[Any], value: Any) -> Any:
    """How far this value may be off if its inputs are not; None for not at all."""
    name = node.op.name
    if node.dtype.kind != "f" or name not in _ROUNDED | _APPROXIMATED | _EITHER_ZERO:
        return None
    if name in _EITHER_ZERO - _ROUNDED:
        return 0.0
    finite = np.where(np.isfinite(value), np.abs(value), 0)
    if name == "logaddexp":  # the larger one, and something that may be minus nearly as much
        finite = np.maximum(
            finite, np.max([np.where(np.isfinite(x), np.abs(x), 0) for x in np.broadcast_arrays(*inputs)], axis=0)
        )
    if name in _APPROXIMATED:
        return _UNITS * np.spacing(finite.astype(node.dtype))
    # a sum of products: of magnitudes it is what rounding is relative to, and of ones how much is added up
    kind = node.dtype
    if name == "einsum":  # NumPy may sum up each input by itself before they meet
        kind = min((i.dtype for i in node.inputs if i.dtype.kind == "f"), key=lambda d: d.itemsize, default=kind)
    floats = [k for k, i in enumerate(node.inputs) if i.dtype.kind in "fb" or k < 1 or name in ("matmul", "einsum")]
    wide = [np.asarray(x, np.float64) if k in floats else x for k, x in enumerate(inputs)]
    total = node.op.numpy(*(np.abs(x) if k in floats else x for k, x in enumerate(wide)), **node.attributes)
    count = node.op.numpy(*(np.ones(np.shape(x)) if k in floats else x for k, x in enumerate(wide)), **node.attributes)
    if name in ("mean", "avg_pool2d", "avg_unpool2d"):
        count = np.asarray(node.inputs[0].size / max(node.size, 1))
    if name == "prod":
        total, count = finite, np.asarray(node.inputs[0].size / max(node.size, 1))
    elif _exact(kind, [wide[k] for k in floats], total * (count if name == "mean" else 1)):
        return 0.0 if name not in ("avg_pool2d", "avg_unpool2d") else 2 * np.spacing(finite.astype(node.dtype))
    return (np.sqrt(count) + 2) * np.finfo(kind).eps * np.where(np.isfinite(total), total, 0)


def _exact(dtype: np.dtype, inputs: Sequence[np.ndarray], total: Any) -> bool:
    """Whether all sums of these products are numbers of this dtype: they are multiples of one that is not too small."""
    digits = 0
    for x in inputs:
        if not np.all(np.isfinite(x)):
            return False
        fits = next((k for k in range(0, 60, 4) if np.all(np.ldexp(x, k) == np.rint(np.ldexp(x, k)))), None)
        if fits is None:
            return False
        digits += fits
    return bool(np.max(np.abs(total), initial=0) * 2.0**digits < 2.0 ** np.finfo(dtype).nmant)


def _evaluate(graph: Graph, values: Sequence[Any], errors: _Errors | None) -> list[Any]:
    """The outputs as the reference computes them, with errors put in."""
    known: dict[Node, Any] = dict(zip(graph.inputs, values, strict=True))
    for node in graph.nodes[len(graph.inputs) :]:
        if node.is_constant:
            known[node] = node.value
            continue
        inputs = [known[i] for i in node.inputs]
        if node.op.name == "scan":
            known[node] = _scan(node, inputs, errors)
            continue
        known[node] = evaluate_node(node, inputs)
        if errors is not None and node.op.results is None:
            known[node] = errors.put_in(node, inputs, known[node])
    return [known[o] for o in graph.outputs]


def _scan(node: Node, inputs: Sequence[Any], errors: _Errors | None) -> tuple[Any, ...]:
    if errors is None:
        return node.op.numpy(*inputs, **node.attributes)
    loop = Loop(node)
    start, rows, same = loop.split(inputs)
    state = [contiguous(v) for v in start]
    stacked = [np.empty((loop.length, *o.shape), o.dtype) for o in loop.body.outputs[loop.carry :]]
    for t in reversed(range(loop.length)) if loop.reverse else range(loop.length):
        after = _evaluate(loop.body, [*state, *(x[t] for x in rows), *same], errors)
        state = [contiguous(v) for v in after[: loop.carry]]
        for whole, row in zip(stacked, after[loop.carry :], strict=True):
            whole[t] = row
    return (*state, *stacked)
