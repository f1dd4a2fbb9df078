"""What the user's code says about a value: the variable it is stored in, its line and column, its function.

The name is found by following the value through the bytecode (`workings.trace.bytecode`) of the frame that
runs, and through `return` and `yield` into the frames that called it. No trace or profile hook is used; those
miss names that are bound again, and clash with profilers, debuggers and coverage.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

from workings.errors import WorkingsError
from workings.graph import Origin
from workings.places import is_the_users
from workings.trace import trees
from workings.trace.bytecode import NOWHERE, Element, Stored, branches, follow, unpacks

__all__ = ["Place", "Scopes", "asked_by_user", "layer", "locate", "raised_at", "user_branches", "user_origin"]

# files and folders of ours that are written as a user's are: the variables there are the names of the values
_PACKAGE = Path(__file__).parent.parent
_COMPOSITES = tuple(
    str(_PACKAGE / part)
    for part in ("ops/functions.py", "ops/images.py", "random.py", "nn", "train/optimizers", "train/schedules.py")
)


class Kind(Enum):
    """Whose code a frame runs."""

    USER = "user"
    COMPOSITE = "composite"  # a composite of ours, a draw, a layer, a loss, an update rule, a schedule
    INTERNAL = "internal"  # NumPy, workings, the standard library


class Place(NamedTuple):
    """Where a value was made, and what it is called there."""

    origin: Origin | None
    name: str | None
    scope: tuple[str, ...]


class _Code:
    """What is worth remembering about a code object."""

    __slots__ = ("after", "code", "kind", "origins", "positions", "raw")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # held, so that its id stays its own
        self.kind = _kind(code.co_filename)
        self.after: dict[tuple[int, Element, bool], Stored] = {}
        self.origins: dict[int, Origin] = {}
        self.raw: bytes = b""
        self.positions: list[tuple[int | None, ...]] | None = None

    def stored(self, offset: int, element: Element, iterating: bool = False) -> Stored:
        key = (offset, element, iterating)
        found = self.after.get(key)
        if found is None:
            raw = self.raw = self.raw or self.code.co_code
            start = offset + 2  # behind the call; the cache entries there are skipped
            if iterating:  # the elements are asked for by the very instruction that stores them
                if unpacks(raw, offset):
                    start = offset
                else:
                    element = None
            found = follow(self.code, raw, start, element)
            if found.name is not None and not found.name.isidentifier():
                found = NOWHERE  # as `@py_assert1`, which a rewritten assertion stores, and `table["a b"]`
            self.after[key] = found
        return found

    def origin(self, offset: int) -> Origin:
        found = self.origins.get(offset)
        if found is None:
            if self.positions is None:
                self.positions = list(self.code.co_positions())
            at = offset // 2
            known = self.positions[at] if 0 <= at < len(self.positions) else (None,) * 4
            line, end_line, column, end_column = known
            found = self.origins[offset] = Origin(
                self.code.co_filename,
                line or self.code.co_firstlineno,
                column,
                end_column,
                self.code.co_name,
                end_line,
            )
        return found


def _kind(file: str) -> Kind:
    if file.startswith(_COMPOSITES):
        return Kind.COMPOSITE
    return Kind.USER if is_the_users(file) else Kind.INTERNAL


_codes: dict[int, _Code] = {}
_MOST_CODES = 20_000


def _of(code: CodeType) -> _Code:
    known = _codes.get(id(code))
    if known is None:
        if len(_codes) >= _MOST_CODES:
            _codes.clear()
        known = _codes[id(code)] = _Code(code)
    return known


# ── from a frame to a place ─────────────────────────────────────────────────────────────────────────────────


class Scopes:
    """One trace that is going on: the functions it is in, and what it refused.

    Tells two calls of one function apart: `layer`, `layer_2`. A call of a module is called by the module's place,
    `layers.0`, within the module that calls it. A refusal that the user's code, or a library, caught and hid is
    raised at the end, since the code has gone another way than it would with numbers. `again` says that this is the
    second trace, which is only compared and needs no names.
    """

    def __init__(self, root: CodeType, *, again: bool = False) -> None:
        self.root = root
        self.again = again
        self.over = False
        self.refused: list[WorkingsError] = []
        self.thread = threading.get_ident()
        # of each frame: its path of names, and the place of the module whose method it runs or lies in
        self._names: dict[FrameType, tuple[tuple[str, ...], trees.Path | None]] = {}
        self._counts: dict[tuple[str, ...], int] = {}
        self._modules: dict[int, tuple[Any, trees.Path]] = {}  # by id; held, so that each id stays its own

    def close(self) -> None:
        """The trace is over: its values must not be used any more, and its frames are let go."""
        self.over = True
        self._names.clear()
        self._modules.clear()

    def place(self, tree: Any, path: trees.Path = ()) -> None:
        """From here on the calls of the modules in a tree are called by where they stand in it."""
        for inner, value in trees.walk(tree):
            if dataclasses.is_dataclass(value):
                self._modules.setdefault(id(value), (value, (*path, *inner)))

    def scope(self, frames: list[FrameType]) -> tuple[str, ...]:
        """The path of what these frames run, outermost first; the first is the traced function, and is not in it."""
        path: tuple[str, ...] = ()
        within: trees.Path | None = None
        for frame in frames:
            known = self._names.get(frame)
            if known is None:
                name, within = self._called(frame, within, frame is frames[0])
                if name:
                    count = self._counts[(*path, name)] = self._counts.get((*path, name), 0) + 1
                    path = (*path, name if count == 1 else f"{name}_{count}")
                self._names[frame] = (path, within)
            else:
                path, within = known
        return path

    def _called(self, frame: FrameType, within: trees.Path | None, first: bool) -> tuple[str, trees.Path | None]:
        """What a frame is called within that place, and the place of its module; "" where it is no scope."""
        name = frame.f_code.co_name
        module = _module(frame)
        if module is None:
            return "" if first or name.startswith("<") else _title(frame), within
        if id(module) not in self._modules:
            self.place(module, () if first else (type(module).__name__,))
        path = self._modules[id(module)][1]
        ours = name != "__call__" and _of(frame.f_code).kind is Kind.COMPOSITE
        if first or ours:  # a method that one of our layers is written with is no layer
            return "", path
        start = 0 if within is None or path[: len(within)] != within else len(within)
        rest = path[start:] if name == "__call__" else (*path[start:], name)
        return ".".join(rest), path


def _own(frame: FrameType) -> Any:
    """The object whose method a frame runs, or None."""
    code = frame.f_code
    return frame.f_locals.get("self") if code.co_argcount and code.co_varnames[0] == "self" else None


def _module(frame: FrameType) -> Any:
    """The module (a dataclass) whose method a frame runs, or None."""
    own = _own(frame)
    return own if dataclasses.is_dataclass(type(own)) else None


def _title(frame: FrameType) -> str:
    """What the function of a frame is called by itself: a call of an object by the name of its class."""
    name = frame.f_code.co_name
    own = _own(frame) if name == "__call__" else None
    return name if own is None else type(own).__name__


def layer(depth: int = 2) -> tuple[str, Any] | None:
    """The module whose call is running, with its place in the outermost module that it is called in ("": itself).

    Works on plain arrays as well, and asks every frame for its object: it is for errors.
    """
    inner: Any = None
    place = ""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        module = _module(frame)
        if inner is None:
            inner = module
        elif module is not None and module is not inner:
            found = next((path for path, value in trees.walk(module) if value is inner), None)
            place = place if found is None else ".".join(found)
        frame = frame.f_back
    return None if inner is None else (place, inner)


def locate(
    scopes: Scopes | None = None,
    element: Element = None,
    depth: int = 2,
    *,
    iterating: bool = False,
    direct: bool = False,
) -> Place:
    """The place in the user's code that is running, and the name its value is about to get.

    `element` is where the value sits in what the operation gives, as `np.split` gives several; `iterating` says
    that they are asked for one by one, as `a, b = x` does; `direct` that it is what the user's call returns,
    whatever functions of ours lie between.
    """
    if scopes is not None and scopes.again:
        return Place(user_origin(depth + 1), None, ())
    frame: FrameType | None = sys._getframe(depth)
    origin: Origin | None = None
    name: str | None = None
    following, several = True, direct or element is not None
    inner: list[FrameType] = []
    while frame is not None:
        code = frame.f_code
        if scopes is not None and code is scopes.root:
            break
        known = _of(code)
        if known.kind is Kind.INTERNAL:
            # a step on the way inside a function of ours has no name; only what it returns is the user's value
            if following and not several:
                stored = known.stored(frame.f_lasti, element)
                element, following = stored.element, stored.returned
            frame = frame.f_back
            continue
        if following:
            stored = known.stored(frame.f_lasti, element, iterating and several)
            name, element, following, several = stored.name, stored.element, stored.returned, False
        if known.kind is Kind.USER and origin is None:
            origin = known.origin(frame.f_lasti)
        private = code.co_name.startswith("_") and code.co_name != "__call__"
        if known.kind is Kind.USER or not private:  # our private functions are no layers
            inner.append(frame)
        if scopes is None and known.kind is Kind.USER and not following:
            break
        frame = frame.f_back
    if scopes is not None:
        scope = scopes.scope(inner[::-1]) if len(inner) > 1 else ()
    else:
        scope = tuple(_title(f) for f in reversed(inner) if _of(f.f_code).kind is Kind.COMPOSITE)
    return Place(origin, name, scope)


def user_branches(depth: int = 2) -> bool:
    """Whether the user's code asks for a truth value itself, by `if` and its kin, rather than calls something."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        known = _of(frame.f_code)
        if known.kind is Kind.USER:
            return branches(known.code.co_code, frame.f_lasti)
        frame = frame.f_back
    return False


def asked_by_user() -> bool:
    """Whether the function that calls this was called by the user's code, with no code of ours between."""
    return _of(sys._getframe(2).f_code).kind is Kind.USER


def raised_at(traceback: TracebackType | None) -> Origin | None:
    """The place in the user's code from which an error comes."""
    found: Origin | None = None
    while traceback is not None:
        known = _of(traceback.tb_frame.f_code)
        if known.kind is Kind.USER:
            found = known.origin(traceback.tb_lasti)
        traceback = traceback.tb_next
    return found


def user_origin(depth: int = 2) -> Origin | None:
    """The place in the user's code that is running."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        known = _of(frame.f_code)
        if known.kind is Kind.USER:
            return known.origin(frame.f_lasti)
        frame = frame.f_back
    return None
