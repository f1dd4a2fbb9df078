"""Trees of arguments: dicts, lists, tuples and dataclasses with numbers and arrays at the leaves."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Operators

__all__ = ["Path", "flatten", "is_leaf", "leaf_names", "rebuild", "state", "states", "static", "walk"]

Path = tuple[str, ...]
_MOST_DEPTH = 200
_KIND = "workings"  # where the metadata of a field says what it is


def static(**options: Any) -> Any:
    """A field of a dataclass that is no part of the tree: a plain value of the code, such as a stride or a count.

    `options` are those of `dataclasses.field`.

    >>> import dataclasses
    >>> @dataclasses.dataclass
    ... class Scaled:
    ...     weight: float
    ...     power: int = static(default=2)
    >>> list(flatten(Scaled(0.5)))
    [(('weight',), 0.5)]
    """
    return dataclasses.field(**options, metadata={_KIND: "static"})


def state(**options: Any) -> Any:
    """A field of a dataclass that is carried from step to step without being trained, such as a running mean.

    A call may rebind it, and what it holds after the call is carried on. `options` are those of
    `dataclasses.field`.
    """
    return dataclasses.field(**options, metadata={_KIND: "state"})


def states(tree: Any) -> frozenset[Path]:
    """The paths of the leaves that lie in state fields.

    >>> import dataclasses
    >>> @dataclasses.dataclass
    ... class Centered:
    ...     weight: float
    ...     mean: float = state(default=0.0)
    >>> states({"model": Centered(0.5)})
    frozenset({('model', 'mean')})
    """
    tops = [
        (*path, f.name)
        for path, value in walk(tree)
        if dataclasses.is_dataclass(value)
        for f in dataclasses.fields(value)
        if f.metadata.get(_KIND) == "state"
    ]
    return frozenset(path for path, _ in flatten(tree) if any(path[: len(top)] == top for top in tops))


def is_leaf(value: Any) -> bool:
    """Whether a value is a number or an array (or stands for one), rather than a branch or something else."""
    return isinstance(value, (Operators, np.ndarray, np.generic)) or type(value) in (int, float)


def _branches(tree: Any) -> list[tuple[str, Any]] | None:
    """The branches of a tree by name, or None where it is not one."""
    if isinstance(tree, Mapping):
        names = [str(key) for key in tree]
        if len(set(names)) != len(names):
            raise ArgumentError(
                f"a dict has two keys that are written alike: {', '.join(map(repr, tree))}", fix="keys of one kind"
            )
        return [(name, tree[key]) for name, key in zip(names, tree, strict=True)]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(name, getattr(tree, name)) for name in tree._fields]  # type: ignore[attr-defined]
    if isinstance(tree, (list, tuple)):
        return [(str(i), branch) for i, branch in enumerate(tree)]
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return [(f.name, getattr(tree, f.name)) for f in dataclasses.fields(tree) if f.metadata.get(_KIND) != "static"]
    return None


def walk(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Everything in a tree with its path, the tree first: branches, leaves, and what is neither."""
    todo: list[tuple[Path, Any]] = [((), tree)]
    while todo:
        path, value = todo.pop()
        if len(path) > _MOST_DEPTH:
            raise ArgumentError(
                f"{'.'.join(path[:8])}.… never ends: it holds itself", fix="a tree, without a way back up"
            )
        yield path, value
        if not is_leaf(value):
            for key, branch in reversed(_branches(value) or ()):
                todo.append(((*path, key), branch))


def flatten(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Each leaf of a tree with its path, in the tree's own order. What is neither leaf nor branch is skipped."""
    return ((path, value) for path, value in walk(tree) if is_leaf(value))


def rebuild(tree: Any, replace: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """The same tree with each leaf replaced; other values stay as they are."""
    if is_leaf(tree):
        return replace(path, tree)
    branches = _branches(tree)
    if branches is None:
        if isinstance(tree, (set, frozenset)) and any(is_leaf(v) for v in tree):
            raise ArgumentError(f"{'.'.join(path) or 'the argument'} is a set, which has no order", fix="a list")
        return tree
    new = [rebuild(branch, replace, (*path, key)) for key, branch in branches]
    if isinstance(tree, Mapping):
        pairs = zip(tree, new, strict=True)
        if type(tree) is dict or not isinstance(tree, MutableMapping):
            return dict(pairs)
        kept = copy.copy(tree)  # an OrderedDict, or a defaultdict with its factory
        kept.update(pairs)
        return kept
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)._make(new)  # type: ignore[attr-defined]
    if isinstance(tree, (list, tuple)):
        return type(tree)(new)
    made = object.__new__(type(tree))  # a dataclass, without running its __init__ again
    for key, value in getattr(tree, "__dict__", {}).items():  # what is no field stays too
        object.__setattr__(made, key, value)
    for f in dataclasses.fields(tree):  # and static fields, which may lie in slots
        object.__setattr__(made, f.name, getattr(tree, f.name))
    for (key, _), value in zip(branches, new, strict=True):
        object.__setattr__(made, key, value)
    return made


def leaf_names(paths: list[Path], whole: Collection[str] = ()) -> list[str]:
    """Short names for leaves: the last word of a path that is enough to tell it from the others.

    In the trees that are `whole`, by their first words, it is all that follows the first word.

    >>> leaf_names([("parameters", "w"), ("parameters", "b"), ("x",)])
    ['w', 'b', 'x']
    >>> leaf_names([("a", "w"), ("b", "w"), ("layers", "0")])
    ['a.w', 'b.w', 'layers.0']
    >>> leaf_names([("model", "layers", "0", "weight"), ("x",)], whole=["model"])
    ['layers.0.weight', 'x']
    """
    names = [".".join(path[1:] if path[0] in whole and path[1:] else path[_start(path, paths) :]) for path in paths]
    return [".".join(path) if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]


def _start(path: Path, paths: list[Path]) -> int:
    """Where the part of a path begins that tells it from the others."""
    for start in range(len(path) - 1, -1, -1):
        tail = path[start:]
        if not (tail[0].isdigit() and start > 0) and sum(other[-len(tail) :] == tail for other in paths) == 1:
            return start
    return 0
