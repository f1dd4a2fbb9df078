"""The layers of a net as a table: what each is, what it gives, how many parameters it has."""

from __future__ import annotations

import dataclasses
import functools
import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from workings.errors import ArgumentError
from workings.nn.module import is_module
from workings.trace.trace import trace_function
from workings.trace.trees import Path, flatten, is_leaf, states, walk

__all__ = ["Row", "Summary", "summarize"]


class Row(NamedTuple):
    """One module: its place in the net, what it is, the shapes it gives in its calls, its own parameters."""

    place: str
    what: str
    gives: tuple[str, ...]
    parameters: int


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """The layers of a net; `print` gives the table, and a notebook shows it.

    rows        the modules, outer ones first; each counts the parameters that lie in no module within it
    parameters  how many numbers are trained in all, and `bytes` how much memory they take
    states      how many are carried along without being trained
    """

    name: str
    rows: tuple[Row, ...]
    parameters: int
    states: int
    bytes: int

    def table(self) -> list[tuple[str, str, str, str]]:
        """The cells of the table, its head first."""
        head = ("layer", "what", "gives", "parameters")
        return [head, *((r.place, r.what, _calls(r.gives), self._count(r)) for r in self.rows)]

    def _count(self, row: Row) -> str:
        """The number of parameters, left open for a module that has none but those of modules within it."""
        holds = any(other.place.startswith(f"{row.place}.") for other in self.rows)
        return "" if holds and not row.parameters else f"{row.parameters:,}"

    def total(self) -> str:
        """All of it in one line."""
        carried = f", {self.states:,} numbers of state" if self.states else ""
        return f"{self.name}, {self.parameters:,} parameters{carried}, {_size(self.bytes)}"

    def __str__(self) -> str:
        cells = self.table()
        if not any(row.gives for row in self.rows):
            cells = [(place, what, "", count) for place, what, _, count in cells]
        widths = [max(len(row[i]) for row in cells) for i in range(4)]
        lines = []
        for *words, count in cells:
            left = [word.ljust(width) for word, width in zip(words, widths, strict=False) if width]
            lines.append("  ".join([*left, count.rjust(widths[3])]))
        return "\n".join([*(lines if self.rows else []), self.total()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = ([html.escape(cell) for cell in row] for row in self.table())
        lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
        for *words, count in rows:
            cells = "".join(f'<td style="text-align:left">{word}</td>' for word in words)
            lines.append(f'<tr>{cells}<td style="text-align:right">{count}</td></tr>')
        return f"<table>{''.join(lines)}</table><p>{html.escape(self.total())}</p>"


def summarize(model: Any, examples: Sequence[Any] = (), dtype: Any = None) -> Summary:
    """The summary of a model; with examples of its inputs, or their shapes, also of what its layers give."""
    carried = states(model)
    leaves = dict(flatten(model))
    trained = {path: np.asarray(leaf) for path, leaf in leaves.items() if path not in carried}
    modules = {path: module for path, module in walk(model) if path and is_module(module)}
    own = dict.fromkeys([(), *modules], 0)
    for path, leaf in trained.items():
        home = max((place for place in own if path[: len(place)] == place), key=len)
        own[home] += leaf.size
    kind = dtype or next((leaf.dtype for leaf in trained.values()), np.float32)
    gives = _shapes(model, [_example(e, kind) for e in examples]) if examples else {}
    shown = dict(modules)
    if own[()] or not modules:  # what stands outside of all inner modules
        shown = {(): model, **modules}
    rows = [Row(".".join(p) or "itself", _title(m), tuple(gives.get(p, ())), own[p]) for p, m in shown.items()]
    return Summary(
        type(model).__name__,
        tuple(rows),
        sum(leaf.size for leaf in trained.values()),
        sum(np.size(leaves[path]) for path in carried),
        sum(leaf.nbytes for leaf in trained.values()),
    )


def _title(module: Any) -> str:
    """What a module is, in one line: its name alone where it holds others, or shows all its arrays."""
    name = type(module).__name__
    ours = type(module).__repr__
    if getattr(ours, "__wrapped__", None) is not None:  # as a dataclass makes it
        return name
    first, _, rest = repr(module).partition("\n")
    return name if rest else first


def _example(example: Any, dtype: Any) -> Any:
    if isinstance(example, tuple) and all(isinstance(n, (int, np.integer)) and n >= 0 for n in example):
        return np.zeros(example, dtype)
    if is_leaf(example):
        return example
    raise ArgumentError(
        f"summary takes inputs of the net, or their shapes, and this is {example!r}", fix="model.summary((32, 64))"
    )


def _shapes(model: Any, examples: Sequence[Any]) -> Mapping[Path, list[str]]:
    """The shapes that each module gives, call by call, found by tracing: nothing is computed."""
    found: dict[Path, list[str]] = {}

    def summary(model: Any, inputs: Any) -> Any:
        found.clear()  # the function is traced twice
        for path, module in walk(model):  # of a copy of the model, whose objects are ours to change
            if is_module(module):
                object.__setattr__(module, "__class__", _noting(type(module), functools.partial(_note, found, path)))
        return model(*inputs)

    names = {("inputs", str(i)): f"x_{i + 1}" if len(examples) > 1 else "x" for i in range(len(examples))}
    trace_function(summary, {"model": model, "inputs": tuple(examples)}, names=names)
    return found


def _note(found: dict[Path, list[str]], path: Path, result: Any) -> None:
    found.setdefault(path, []).append(", ".join(str(tuple(np.shape(leaf))) for _, leaf in flatten(result)))


def _noting(kind: type, note: Any) -> type:
    """A class like this one, whose calls are noted."""

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
        result = kind.__call__(self, *args, **kwargs)
        note(result)
        return result

    return type(kind.__name__, (kind,), {"__slots__": (), "__call__": __call__, "__module__": kind.__module__})


def _calls(gives: tuple[str, ...]) -> str:
    """The shapes of several calls, each once."""
    different = list(dict.fromkeys(gives))
    return "; ".join(f"{shape} ×{gives.count(shape)}" if gives.count(shape) > 1 else shape for shape in different)


def _size(count: int) -> str:
    power = min(int(math.log(count, 1024)), 4) if count else 0
    return f"{count / 1024**power:.{1 if power else 0}f} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
