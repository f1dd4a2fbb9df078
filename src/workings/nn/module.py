"""What a layer is: a dataclass of arrays that is called."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import Operators
from workings.trace.frames import layer, user_origin
from workings.trace.trees import flatten, states, walk

if TYPE_CHECKING:
    from workings.nn.summary import Summary

__all__ = [
    "Module",
    "called",
    "check_axis_size",
    "check_rate",
    "check_whole",
    "floating",
    "is_module",
    "lines",
    "refuse",
    "shown",
    "sizes",
]


class Module:
    """A layer, or a whole net: a dataclass whose fields are arrays and other modules, and which is called.

    A field that is an array, or a tree of arrays, is trained; one marked `static()` is a plain value of the code, such
    as a stride; one marked `state()` is carried along without being trained, and `__call__` may bind it anew. The
    base class is not needed for any of this: it adds `parameters`, `states`, `summary` and how a module is shown.

    >>> from dataclasses import dataclass
    >>> from workings import nn
    >>> @dataclass(repr=False)
    ... class Scaled(nn.Module):
    ...     weight: np.ndarray
    ...     power: int = nn.static(default=1)
    ...     def __call__(self, x):
    ...         return x ** self.power * self.weight
    >>> square = Scaled(np.array([2.0, 3.0]), power=2)
    >>> square
    Scaled(weight=float64[2], power=2)
    >>> square(np.array([1.0, 2.0]))
    array([ 2., 12.])
    """

    def parameters(self) -> dict[str, Any]:
        """The arrays that are trained, by their dotted paths, which are also their names in a graph.

        >>> from workings import nn
        >>> {name: p.shape for name, p in nn.Sequential(nn.Linear(2, 3), nn.ReLU()).parameters().items()}
        {'layers.0.weight': (2, 3), 'layers.0.bias': (3,)}
        """
        carried = states(self)
        return {".".join(path): leaf for path, leaf in flatten(self) if path not in carried}

    def states(self) -> dict[str, Any]:
        """The arrays that are carried along without being trained, as the running mean, by their dotted paths.

        >>> from workings import nn
        >>> list(nn.BatchNorm(3).states())
        ['running_mean', 'running_variance']
        """
        carried = states(self)
        return {".".join(path): leaf for path, leaf in flatten(self) if path in carried}

    def summary(self, *examples: Any, dtype: Any = None) -> Summary:
        """The layers with the number of their parameters, and with the shapes they give if there are examples.

        An example is an input of the net, or the shape of one; `dtype` is that of inputs given by their shapes (None:
        that of the parameters).

        >>> from workings import nn
        >>> print(nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)).summary((32, 64)))
        layer     what              gives      parameters
        layers.0  Linear(64 → 128)  (32, 128)       8,320
        layers.1  ReLU()            (32, 128)           0
        layers.2  Linear(128 → 10)  (32, 10)        1,290
        Sequential, 9,610 parameters, 37.5 KiB
        """
        from workings.nn.summary import summarize

        return summarize(self, examples, dtype)

    def __repr__(self) -> str:
        fields = dataclasses.fields(self) if dataclasses.is_dataclass(self) else ()
        return called(type(self).__name__, {f.name: getattr(self, f.name, None) for f in fields})


def called(name: str, fields: dict[str, Any]) -> str:
    """A module as it is shown, with arrays by dtype and shape; what holds other modules has a line for each.

    >>> called("Layer", {"weight": np.zeros((2, 3), np.float32), "stride": 2})
    'Layer(weight=float32[2,3], stride=2)'
    """
    parts = [f"{key}={shown(value)}" for key, value in fields.items()]
    if not any(_holds_modules(value) for value in fields.values()):
        return f"{name}({', '.join(parts)})"
    return f"{name}(\n{lines(parts)})"


def lines(parts: Iterable[str]) -> str:
    """Each part on lines of its own, set in."""
    return "".join(f"  {line}\n" for part in parts for line in f"{part},".splitlines())


def is_module(value: Any) -> bool:
    """Whether a value is a layer or a net: a dataclass that can be called."""
    return dataclasses.is_dataclass(value) and callable(value) and not isinstance(value, type)


def _holds_modules(value: Any) -> bool:
    return any(is_module(v) for _, v in walk(value))


def shown(value: Any) -> str:
    """A field of a module: an array by its dtype and shape, a function by its name."""
    if isinstance(value, (np.ndarray, Operators)):
        array: Any = value
        return f"{array.dtype.name}[{','.join(map(str, array.shape))}]" if array.shape else array.dtype.name
    if is_module(value) and not isinstance(value, Module):
        return Module.__repr__(value)
    if isinstance(value, Mapping) and _holds_modules(value):
        return "{\n" + lines(f"{key!r}: {shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)) and _holds_modules(value):
        return f"[\n{lines(map(shown, value))}]"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return repr(value)


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────


def refuse(module: Any, problem: str, fix: str, kind: type[Exception] = ShapeError) -> NoReturn:
    """Raise what is wrong with the input of a layer, naming the layer and the user's line.

    `problem` goes on behind the name of the layer: "wants x of shape …".
    """
    found = layer()
    title = repr(module).partition("\n")[0].removesuffix("(")
    place = f"{found[0]}, {title}," if found is not None and found[0] else title
    raise kind(f"{place} {problem}", where=user_origin(), fix=fix)  # type: ignore[call-arg]


def check_axis_size(module: Any, x: Any, size: int, axis: int = -1, least: int = 1, form: str = "") -> None:
    """Raise unless x has at least `least` axes, `size` elements along `axis`, and floats; `form` spells the shape."""
    shape = np.shape(x)
    wanted = form or f"(…, {size})"
    if len(shape) < max(least, 1) or shape[axis] != size:
        refuse(
            module,
            f"wants an input of shape {wanted}, and got {shape}",
            _chain_fix(shape, size, axis) if len(shape) >= least else f"an input with {least} or more axes",
        )
    floating(module, x)


def _chain_fix(shape: tuple[int, ...], size: int, axis: int) -> str:
    if axis == -1 and len(shape) > 2 and math.prod(shape[1:]) == size:
        return "nn.Flatten() before it"
    return f"a layer before it that gives {size}, or {shape[axis]} in place of {size} in this one"


def floating(module: Any, x: Any) -> None:
    """Raise unless x holds floats."""
    value: Any = x if isinstance(x, Operators) else np.asarray(x)
    kind = value.dtype
    if kind.kind != "f":
        pixels = " / 255, if they are pixels" if kind == np.uint8 else ""
        refuse(module, f"wants floats, and got {kind}", f"x.astype(np.float32){pixels}", DtypeError)


def check_whole(owner: str, least: int = 1, **values: Any) -> None:
    """Raise unless each value is a whole number, of at least `least`."""
    for name, value in values.items():
        try:
            number = operator.index(value)
        except TypeError:
            number = None
        if number is None or isinstance(value, (bool, np.bool_)) or number < least:
            raise ArgumentError(
                f"{owner}: {name} is {value!r}, and has to be a whole number of at least {least}",
                where=user_origin(),
                fix=f"{name}={max(least, 1)}, or more",
            )


def check_rate(owner: str, name: str, value: Any, most: float = 1.0, *, below: bool = False) -> None:
    """Raise unless a value lies from 0 to `most` (`below`: not reaching it)."""
    number = isinstance(value, (int, float, np.floating, np.integer)) and not isinstance(value, bool)
    if not number or not 0 <= value <= most or (below and value == most):
        raise ArgumentError(
            f"{owner}: {name} is {value!r}, and has to be a number from 0 {'to below' if below else 'to'} {most:g}",
            where=user_origin(),
            fix=f"{name}=0.1",
        )


def sizes(shape: Sequence[int]) -> str:
    """A shape with the batch left open: `(…, 3, 8)`."""
    return f"(…, {', '.join(map(str, shape))})"
