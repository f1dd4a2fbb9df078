"""A model asked for predictions, and how good they are, in blocks of rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings import random
from workings.engines import compile_function
from workings.errors import ArgumentError, ShapeError
from workings.nn.losses import LOSSES, check_suited
from workings.trace.trace import Trace, trace_function
from workings.trace.trees import flatten, rebuild
from workings.train.given import check_indices
from workings.train.metrics import Metric

__all__ = ["Evaluator", "apply", "caster", "check_rows", "loss_name", "predict", "rows_of"]


def apply(model: Callable[..., Any], x: Any) -> Any:
    """What a model makes of its inputs: a tuple or a dict holds several of them."""
    several = x if isinstance(x, (tuple, Mapping)) else (x,)
    _check_call(model, several)
    given = model(**several) if isinstance(several, Mapping) else model(*several)
    if given is None:
        raise ArgumentError(f"the model {type(model).__name__} returns None", fix="return the prediction at its end")
    return given


def _check_call(model: Callable[..., Any], several: tuple[Any, ...] | Mapping[str, Any]) -> None:
    """Raise unless a model takes so many inputs, or inputs of these names."""
    try:
        signature = inspect.signature(model)
    except (TypeError, ValueError):  # written in C, which tells nothing of its arguments
        return
    try:
        signature.bind(**several) if isinstance(several, Mapping) else signature.bind(*several)
    except TypeError as error:
        what = f"a dict of {', '.join(several)}" if isinstance(several, Mapping) else f"a tuple of {len(several)}"
        name = type(model).__name__
        raise ArgumentError(
            f"x is {what if len(several) != 1 or isinstance(several, Mapping) else 'one array'}, and the model is "
            f"called as {name}{signature}: {error}",
            fix="one array as x for a model of one argument; a tuple or a dict of arrays for a model of several",
        ) from None


def rows_of(name: str, tree: Any) -> int:
    """The number of rows that all arrays of a tree have. Raises `ArgumentError` unless it is one number."""
    counts = {".".join((name, *path)): np.shape(leaf)[0] if np.ndim(leaf) else None for path, leaf in flatten(tree)}
    if list(counts.values()) == [None]:
        raise ArgumentError(f"{name} is one number, and has no rows", fix="one row for each example")
    if len(set(counts.values())) != 1 or None in counts.values():
        each = ", ".join(f"{k} has {'no rows' if n is None else n}" for k, n in counts.items()) or f"{name} is empty"
        raise ArgumentError(f"the arrays of {name} are of unequal lengths: {each}", fix="one row for each example")
    return next(n for n in counts.values() if n is not None)


def check_rows(x: Any, y: Any, whose: str = "") -> int:
    """The number of rows of inputs and targets. Raises `ArgumentError` unless they are equally many."""
    counts = rows_of(f"{whose}x", x), rows_of(f"{whose}y", y)
    if counts[0] != counts[1]:
        raise ArgumentError(
            f"{whose}x has {counts[0]:,} rows and {whose}y has {counts[1]:,}", fix="one target for each input"
        )
    if not counts[0]:
        raise ArgumentError(f"{whose}x and {whose}y have no rows", fix="one row for each example")
    return counts[0]


def loss_name(loss: Callable[..., Any]) -> str | None:
    """The name of a loss of `nn`; None for another."""
    return next((name for name, known in LOSSES.items() if known.function == loss), None)


class _Compiled(NamedTuple):
    trace: Trace
    call: Callable[..., tuple[Any, ...]]


class Evaluator:
    """Predictions and losses of a model that is not trained meanwhile, compiled once for each number of rows.

    Each call is given the model as it is by then. `block` is how many rows are computed at a time, so that memory
    does not grow with the data; `cast` gives data the dtype that the model was trained with.
    """

    def __init__(
        self, loss: Callable[[Any, Any], Any], engine: str, block: int, cast: Callable[[str, Any], Any]
    ) -> None:
        self._loss = loss
        self._engine = engine
        self._block = block
        self._cast = cast
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def predict(self, model: Any, x: Any) -> Any:
        """The predictions for these inputs, one for each row."""
        x = self._cast("x", x)
        parts = list(self._blocks({"x": x}, lambda given: self._run(predict, {"model": model, **given})))
        return _joined(parts, rows_of("x", x))

    def evaluate(self, model: Any, x: Any, y: Any, metrics: Sequence[Metric]) -> dict[str, Any]:
        """The loss, as a mean over the rows, and the metrics, by name."""
        x, y = self._cast("x", x), self._cast("y", y)
        given = {"x": x, "y": y}
        total, statistics = 0.0, [[] for _ in metrics]
        count = check_rows(x, y)

        def measured(model: Any, x: Any, y: Any) -> tuple[Any, Any]:
            prediction = predict(model, x)
            return self._loss(prediction, y), prediction

        for block in self._blocks(given, lambda part: (part, self._run(measured, {"model": model, **part}))):
            part, (loss, prediction) = block
            if isinstance(prediction, np.ndarray) and isinstance(part["y"], np.ndarray):
                check_suited(self._loss, prediction.shape, part["y"])
            total += float(loss) * rows_of("y", part["y"])
            for found, metric in zip(statistics, metrics, strict=True):
                found.append(_statistic(metric, prediction, part["y"]))
        values = {m.name: m.finish(m.merge(found)) for m, found in zip(metrics, statistics, strict=True)}
        return {"loss": total / count, **values}

    def check(self, model: Any, x: Any, y: Any, metrics: Sequence[Metric]) -> None:
        """Raise where a metric does not take what the model gives, by the first block of rows."""
        if metrics:
            work = self._blocks(
                {"x": x, "y": y}, lambda part: (part, self._run(predict, {"model": model, "x": part["x"]}))
            )
            part, prediction = next(work)
            for metric in metrics:
                _statistic(metric, prediction, part["y"])

    def _blocks(self, given: Mapping[str, Any], work: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
        count = rows_of("the data", given)
        if not count:
            raise ArgumentError("there are no rows to evaluate", fix="one row for each example")
        for first in range(0, count, self._block):
            part = slice(first, first + self._block)
            yield work({k: rebuild(tree, lambda _, leaf, part=part: leaf[part]) for k, tree in given.items()})

    def _run(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        leaves = list(flatten(arguments))
        # with the paths: a dict whose keys stand in another order hands over its arrays in that order
        key = (function.__name__, *((path, np.shape(leaf), np.asarray(leaf).dtype) for path, leaf in leaves))
        found = self._compiled.get(key)
        if found is None:
            trace = trace_function(function, arguments)
            found = self._compiled[key] = _Compiled(trace, compile_function(trace.graph, self._engine))
        check_indices(found.trace, arguments)
        return found.trace.assemble(found.call(*(leaf for _, leaf in leaves)))


def predict(model: Any, x: Any) -> Any:
    """What a model makes of its inputs when it is not trained."""
    with random.drawing(training=False):
        return apply(model, x)


def _statistic(metric: Metric, prediction: Any, target: Any) -> Any:
    try:
        return metric.statistic(prediction, target)
    except ArgumentError as error:
        raise ArgumentError(f"the metric {metric.name}: {error.problem}", fix=error.fix) from None


def _joined(parts: Sequence[Any], rows: int) -> Any:
    """The predictions of all blocks, one below the other."""
    leaves = [dict(flatten(part)) for part in parts]

    def whole(path: tuple[str, ...], _: Any) -> np.ndarray:
        pieces = [np.asarray(found[path]) for found in leaves]
        if any(piece.ndim == 0 for piece in pieces) or sum(len(piece) for piece in pieces) != rows:
            raise ShapeError(
                f"the model gives {pieces[0].shape} for a block of rows, and not one prediction for each row",
                fix="x[None] for a single row, or a model that keeps the first axis",
            )
        return np.concatenate(pieces)

    return rebuild(parts[0], whole)


def caster(dtype: np.dtype) -> Callable[[str, Any], Any]:
    """What makes arrays of lists, and gives floating values the dtype of the run."""
    if dtype.kind != "f":
        raise ArgumentError(f"dtype is {dtype}, and only floating values can be nudged", fix="dtype=np.float32")

    def cast(name: str, tree: Any) -> Any:
        if isinstance(tree, list):
            tree = np.asarray(tree)
        if tree is None:
            raise ArgumentError(f"{name} is None", fix=f"an array with one row for each example as {name}")
        return rebuild(_arrays(tree), lambda _, leaf: _as(leaf, dtype))

    return cast


def _arrays(tree: Any) -> Any:
    """The same tree with arrays in place of what can be one, as a table of pandas."""
    if isinstance(tree, dict):
        return {key: _arrays(branch) for key, branch in tree.items()}
    if type(tree) is tuple:
        return tuple(map(_arrays, tree))
    return np.asarray(tree) if hasattr(tree, "__array__") and not any(flatten(tree)) else tree


def _as(leaf: Any, dtype: np.dtype) -> Any:
    value = np.asarray(leaf)
    return value.astype(dtype) if value.dtype.kind == "f" and value.dtype != dtype else value
