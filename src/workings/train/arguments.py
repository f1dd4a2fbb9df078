"""What training is given, checked before anything runs."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.graph import Role
from workings.trace.cell import Cell
from workings.trace.trees import Path, flatten, is_leaf, rebuild, states, walk
from workings.trace.value import Value

__all__ = ["Arguments", "as_data", "as_dtype", "nearest", "prepare", "spelled"]

_MOST_NAMES = 40  # in a message


@dataclass(frozen=True)
class Arguments:
    """A loss and what it is called with: every leaf checked, and as NumPy has it.

    loss       takes the arguments by these names
    values     the arguments by name, in the order of the signature; each may be a tree
    trained    the names of those that are parameters
    states     the leaves of parameters that are carried on as a call leaves them, and not trained
    rows       how many rows the arrays of the data have; 0 where there are none
    """

    loss: Callable[..., Any]
    values: Mapping[str, Any]
    trained: frozenset[str]
    states: tuple[Path, ...] = ()
    rows: int = 0

    def role(self, path: Path) -> Role:
        """Whether the leaf at this path is a parameter, a state or data."""
        if path[0] not in self.trained:
            return Role.DATA
        return Role.STATE if path in self.states else Role.PARAMETER

    def first(self, rows: int) -> dict[str, Any]:
        """The arguments with only so many rows of the data."""
        return {
            name: tree
            if name in self.trained
            else rebuild(tree, lambda _, leaf: leaf[:rows] if np.ndim(leaf) else leaf, (name,))
            for name, tree in self.values.items()
        }

    @property
    def data(self) -> dict[str, Any]:
        """The arguments that are data."""
        return {name: tree for name, tree in self.values.items() if name not in self.trained}


def prepare(loss: Callable[..., Any], parameters: Any, data: Any) -> Arguments:
    """Match parameters and data with the arguments of the loss, and check every leaf.

    Each name among `parameters` and `data` is an argument of the loss. A loss with an argument called
    `parameters` takes all of them there as one tree, and likewise for `data`.
    """
    signature = _signature(loss)
    title = f"{_title(loss)}{signature}"
    given, trained = _matched(signature, title, parameters, data)
    names = {path: spelled(path, given) for path, _ in flatten(given)}
    if not any(path[0] in trained for path in names):
        raise ArgumentError(
            f"there are no numbers among the parameters of {title}, so there is nothing to train",
            fix='parameters={"w": 0.5}',
        )
    kept = states({name: tree for name, tree in given.items() if name in trained})
    values = {
        name: as_parameters(name, tree, kept) if name in trained else as_data(name, tree)
        for name, tree in given.items()
    }
    rows = _rows({names[path]: leaf for path, leaf in flatten(values) if path[0] not in trained})
    own = _by_name(loss, list(given)) if _has_rest(signature) else loss
    ordered = tuple(path for path, _ in flatten(values) if path in kept)
    return Arguments(own, values, frozenset(trained), ordered, rows)


def _has_rest(signature: inspect.Signature) -> bool:
    """Whether there is a `**rest`, which takes any name."""
    return any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())


def _matched(signature: inspect.Signature, title: str, parameters: Any, data: Any) -> tuple[dict[str, Any], set[str]]:
    """The arguments by name, in the order of the signature, and which of them are parameters."""
    known = [name for name, p in signature.parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    found: dict[str, Any] = {}
    trained: set[str] = set()
    for kind, part in (("parameters", parameters), ("data", data)):
        named = {kind: part} if kind in known and not (isinstance(part, Mapping) and kind in part) else part
        if not isinstance(named, Mapping):
            example = (known or ["w"])[kind == "data" and len(known) > 1]
            raise ArgumentError(
                f"{kind} is {_a(part)}, and not a dict of arguments of {title}", fix=f'{kind}={{"{example}": …}}'
            )
        for name, value in named.items():
            if name not in known and not (_has_rest(signature) and isinstance(name, str)):
                raise ArgumentError(
                    f"{kind} has {name!r}, which is no argument of {title}", fix=nearest(name, known, "it takes ")
                )
            if name in found:
                raise ArgumentError(
                    f"{name!r} is both in parameters and in data; {title} takes it once",
                    fix="parameters for what is trained, data for what is given",
                )
            found[name] = value
            if kind == "parameters":
                trained.add(name)
    missing = [n for n in known if n not in found and signature.parameters[n].default is inspect.Parameter.empty]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        raise ArgumentError(
            f"{title} needs {names}, and neither parameters nor data have {'it' if len(missing) == 1 else 'them'}",
            fix=f'data={{…, "{missing[0]}": …}}, or parameters={{…, "{missing[0]}": …}} if it is trained',
        )
    return {name: found[name] for name in (*known, *found) if name in found}, trained


def _signature(loss: Callable[..., Any]) -> inspect.Signature:
    example = "def loss(w, x, expected): return (w * x - expected) ** 2"
    if isinstance(loss, Value):
        raise ArgumentError("wk.train takes the loss as a function, and this is a value", fix=example)
    if not callable(loss):
        raise ArgumentError(f"wk.train takes the loss as a function, and this is {_a(loss)}", fix=example)
    try:
        return inspect.signature(loss)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"Python does not know the arguments of {_title(loss)}, so they cannot be matched by name", fix=example
        ) from None


def _title(loss: Callable[..., Any]) -> str:
    while isinstance(loss, functools.partial):
        loss = loss.func
    name = getattr(loss, "__name__", type(loss).__name__)
    return "loss" if name == "<lambda>" else name


def _by_name(loss: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """A loss that ends in `**rest` as a function of just these arguments."""

    def named(**arguments: Any) -> Any:
        own = {n: arguments.pop(n) for n in positional if n in arguments}
        return loss(*own.values(), **arguments)

    positional = [n for n, p in inspect.signature(loss).parameters.items() if p.kind is p.POSITIONAL_ONLY]
    named.__name__ = _title(loss)
    kind = inspect.Parameter.KEYWORD_ONLY
    named.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])
    return named


def nearest(name: Any, known: Iterable[str], otherwise: str = "one of ") -> str | None:
    """The known names that look most like this one, or all of them; None where there are none.

    >>> nearest("expectd", ["w", "expected"]), nearest("q", ["w", "x"])
    ("'expected'", 'one of w, x')
    """
    every = list(dict.fromkeys(known))
    near = difflib.get_close_matches(str(name), every, n=3)
    shown = every if len(every) <= _MOST_NAMES else [*every[:_MOST_NAMES], "…"]
    return " or ".join(repr(n) for n in near) or (f"{otherwise}{', '.join(shown)}" if shown else None)


def spelled(path: Path, arguments: Mapping[str, Any]) -> str:
    """A leaf of the arguments as the user would write it.

    >>> spelled(("layers", "0", "w"), {"layers": [{"w": 0.5}]})
    "layers[0]['w']"
    """
    text, tree = path[0], arguments[path[0]]
    for part in path[1:]:
        if isinstance(tree, Mapping):
            key = next(key for key in tree if str(key) == part)
            text, tree = f"{text}[{key!r}]", tree[key]
        elif isinstance(tree, (list, tuple)) and not hasattr(tree, "_fields"):
            text, tree = f"{text}[{part}]", tree[int(part)]
        else:
            text, tree = f"{text}.{part}", getattr(tree, part)
    return text


def _a(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeioAEIO' or name == 'ndarray' else 'a'} {name}"


def _check_tree(name: str, tree: Any, kind: str) -> None:
    """Raise where something stands in the tree that looks like numbers, and would be passed on as it is."""
    for path, value in walk({name: tree}):
        problem = fix = None
        # asked for last, since it is imported when it is asked for
        if isinstance(value, np.ndarray) and type(value) is not np.ndarray and isinstance(value, np.ma.MaskedArray):
            problem, fix = "a masked array, and its mask would be lost", "{0}.filled(0), and the mask as an array"
        elif kind == "data" and isinstance(value, list) and value and all(map(_is_number, value)):
            problem, fix = f"a list of {len(value):,} numbers, and not an array", "np.array({0})"
        elif not is_leaf(value) and isinstance(value, complex):
            problem, fix = "a complex number", "its .real and .imag, as two numbers"
        elif not is_leaf(value) and hasattr(value, "__array__") and not isinstance(value, type):
            problem, fix = f"{_a(value)}, and not an array of NumPy", "np.asarray({0})"
        if problem and fix:
            where = spelled(path, {name: tree})
            raise ArgumentError(f"the {kind} {where} is {problem}", fix=fix.format(where))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, complex, np.generic))


def as_parameters(name: str, tree: Any, states: Collection[Path] = ()) -> Any:
    """Start values: floats or arrays of floats, finite, as NumPy scalars and arrays of their own; a state may be of
    whole numbers too."""
    _check_tree(name, tree, "parameter")

    def checked(path: Path, leaf: Any) -> Any:
        return (_datum if path in states else _parameter)(spelled(path, {name: tree}), leaf)

    return rebuild(tree, checked, (name,))


def as_data(name: str, tree: Any) -> Any:
    """Values of the data, without nan, as NumPy scalars and arrays of their own."""
    _check_tree(name, tree, "data")
    return rebuild(tree, lambda path, leaf: _datum(spelled(path, {name: tree}), leaf), (name,))


def _parameter(name: str, leaf: Any) -> Any:
    value = _own(leaf)
    if value.dtype.kind != "f":
        last = name.rsplit(".", 1)[-1]
        whole = value.ndim == 0 and value.dtype.kind in "iu"
        raise GradientError(
            f"the parameter {name} is {value.dtype}, and only floating values can be nudged",
            fix=f"{float(value)!r}" if whole else f"{last}.astype(float)",
        )
    if not np.all(np.isfinite(value)):
        raise ArgumentError(
            f"the parameter {name} starts as {_where(value, ~np.isfinite(value))}", fix="finite start values"
        )
    return value[()]


def _datum(name: str, leaf: Any) -> Any:
    value = _own(leaf)
    if value.dtype.kind not in "biuf":
        fixes = {"O": "rows of equal length, as an array of numbers", "c": "its .real and .imag, as two arrays"}
        raise ArgumentError(
            f"the data {name} has dtype {value.dtype}, which is no real number",
            fix=fixes.get(value.dtype.kind, "an array of numbers"),
        )
    if value.dtype.kind == "f" and np.any(np.isnan(value)):
        raise ArgumentError(
            f"the data {name} is {_where(value, np.isnan(value))}",
            fix="drop those rows, or fill them in" if value.ndim else "a number",
        )
    return value[()]


def _own(leaf: Any) -> np.ndarray:
    value = np.array(leaf.value if isinstance(leaf, Cell) else leaf, order="C")
    return value.astype(value.dtype.newbyteorder("="), copy=False)  # arithmetic gives the machine's own byte order


def _where(value: np.ndarray, bad: np.ndarray) -> str:
    """The first bad value, where it stands, and how many there are."""
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    shown, count = str(value[first]), int(np.count_nonzero(bad))
    if not first:
        return shown
    more = f" (in all, {count:,} of {value.size:,} values are not finite)" if count > 1 else ""
    return f"{shown} at [{', '.join(map(str, first))}]{more}"


def as_dtype(name: str, value: Any, dtype: np.dtype) -> Any:
    """The value in the dtype that the net was trained with; an error where that would change whole numbers."""
    with np.errstate(all="ignore"):
        cast = value.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(cast, value):
        raise ArgumentError(f"{name} was {dtype} in training, and {value.dtype} does not fit", fix=f"{dtype} numbers")
    return cast


def _rows(data: Mapping[str, Any]) -> int:
    """The number of rows that all arrays among the data have. Raises unless it is one number."""
    lengths = {name: value.shape[0] for name, value in data.items() if np.ndim(value)}
    if 0 in lengths.values():
        empty = [name for name, count in lengths.items() if count == 0]
        raise ArgumentError(
            f"the data are empty: {' and '.join(empty)} {'has' if len(empty) == 1 else 'have'} no rows",
            fix="one row for each example",
        )
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} has {count:,}" for name, count in lengths.items())
        raise ArgumentError(
            f"the data are of unequal lengths: {each} rows",
            fix="one row for each example in every array; a table that is no data can be a variable outside the loss",
        )
    return next(iter(lengths.values()), 0)
