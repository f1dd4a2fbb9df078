"""What training is given, checked before anything runs."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from workings.errors import ArgumentError, GradientError
from workings.trace.trees import Path, flatten, rebuild
from workings.trace.value import Cell, Value

__all__ = ["arguments_of", "as_data", "as_parameter", "check_rows", "spelled"]


def arguments_of(
    loss: Callable[..., Any], parameters: Any, data: Mapping[str, Any]
) -> tuple[dict[str, Any], frozenset[str]]:
    """The arguments of the loss by name, and which of them are parameters.

    Each name among `parameters` and `data` is an argument of the loss. A loss with an argument called
    `parameters` takes all of them there as one tree, and likewise for `data`.
    """
    title = getattr(loss, "__name__", type(loss).__name__)
    if isinstance(loss, Value):
        raise ArgumentError(
            "wk.train takes the loss as a function, and this is a value",
            fix="def loss(w, x, expected): return (w * x - expected) ** 2",
        )
    try:
        signature = inspect.signature(loss)
    except (TypeError, ValueError):
        raise ArgumentError(f"{title} is no function that can be trained", fix="def loss(w, x): …") from None
    known = {name: p for name, p in signature.parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    open_ended = len(known) < len(signature.parameters)
    arguments: dict[str, Any] = {}
    trained: set[str] = set()
    for kind, given in (("parameters", parameters), ("data", data)):
        if kind in known and not (isinstance(given, Mapping) and kind in given):
            arguments[kind] = given
            trained |= {kind} if kind == "parameters" else set()
            continue
        if not isinstance(given, Mapping):
            raise ArgumentError(
                f"{kind} is {type(given).__name__}, not a dict of arguments of {title}{signature}",
                fix=f'{kind}={{"{next(iter(known), "w")}": …}}',
            )
        for name, value in given.items():
            if name not in known and not open_ended:
                raise ArgumentError(
                    f"{kind} has {name!r}, which is no argument of {title}{signature}", fix=_nearest(name, known)
                )
            if name in arguments:
                raise ArgumentError(f"{name!r} is among the parameters and the data of {title}")
            arguments[name] = value
            trained |= {name} if kind == "parameters" else set()
    missing = [n for n, p in known.items() if n not in arguments and p.default is inspect.Parameter.empty]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        raise ArgumentError(
            f"{title}{signature} needs {names}, and neither parameters nor data have it",
            fix=f'data={{…, "{missing[0]}": …}}, or parameters, if it is to be trained',
        )
    if not trained or not any(True for name in trained for _ in flatten(arguments[name])):
        raise ArgumentError(f"{title} has no parameters, so there is nothing to train", fix='parameters={"w": 0.5}')
    ordered = {name: arguments[name] for name in known if name in arguments}
    return {**ordered, **{n: v for n, v in arguments.items() if n not in ordered}}, frozenset(trained)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"{near[0]!r}" if near else f"one of {', '.join(known)}"


def spelled(path: Path) -> str:
    """A path in an argument as the user wrote it.

    >>> spelled(("parameters", "w1")), spelled(("layers", "0", "w"))
    ("parameters['w1']", "layers[0]['w']")
    """
    head, *rest = path
    return head + "".join(f"[{part}]" if part.isdigit() else f"[{part!r}]" for part in rest)


def as_parameter(path: Path, leaf: Any) -> Any:
    """A start value: a float or an array of floats, finite, as a NumPy scalar or an array of its own."""
    value = np.array(leaf.value if isinstance(leaf, Cell) else leaf, order="C")
    name = spelled(path)
    if value.dtype.kind != "f":
        shown = f"{float(value)!r}" if value.ndim == 0 and value.dtype.kind in "iu" else f"{path[-1]}.astype(float)"
        raise GradientError(
            f"the parameter {name} is {value.dtype.name}, and only floating values can be nudged", fix=shown
        )
    _refuse_nan(f"the parameter {name} starts", value, also_inf=True)
    return value[()]


def as_data(path: Path, leaf: Any) -> Any:
    """A value of the data, as a NumPy scalar or an array of its own, without nan."""
    value = np.array(leaf.value if isinstance(leaf, Cell) else leaf, order="C")
    name = spelled(path)
    if value.dtype.kind not in "biuf":
        raise ArgumentError(
            f"the data {name} has dtype {value.dtype}, which is no real number",
            fix="an array of numbers; rows of unequal length cannot be one array",
        )
    _refuse_nan(f"the data {name} is", value, also_inf=False)
    return value[()]


def _refuse_nan(what: str, value: np.ndarray, *, also_inf: bool) -> None:
    if value.dtype.kind != "f":
        return
    bad = ~np.isfinite(value) if also_inf else np.isnan(value)
    count = int(np.count_nonzero(bad))
    if not count:
        return
    if value.ndim == 0:
        raise ArgumentError(f"{what} {float(value)}", fix="a finite number")
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    at = first[0] if len(first) == 1 else first
    verb = "at" if what.endswith("is") else "with a value that is not finite at"
    raise ArgumentError(
        f"{what} {'nan ' if not also_inf else ''}{verb} {at}, and in {count} of {value.size} places in all",
        fix="drop those rows, or fill them in" if not also_inf else "finite start values",
    )


def check_rows(data: Mapping[Path, Any]) -> None:
    """Raise unless all arrays among the data have the same number of rows."""
    lengths = {spelled(path): value.shape[0] for path, value in data.items() if np.ndim(value)}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise ArgumentError(
            f"the data are of unequal lengths: {each} rows",
            fix="one row for each example in every array; a table that is no data can be a variable outside the loss",
        )
    if 0 in lengths.values():
        raise ArgumentError(f"the data are empty: {', '.join(lengths)} has no rows")


def prepare(arguments: Mapping[str, Any], trained: frozenset[str]) -> dict[str, Any]:
    """The arguments with every leaf checked, and as NumPy has it."""
    ready = {
        name: rebuild(tree, as_parameter if name in trained else as_data, (name,)) for name, tree in arguments.items()
    }
    check_rows({path: leaf for path, leaf in flatten(ready) if path[0] not in trained})
    return ready
