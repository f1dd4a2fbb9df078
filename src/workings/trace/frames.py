"""What the user's code says about a value: the variable it is stored in, its line and column, its function.

The name is found by following the value through the bytecode (`workings.trace.bytecode`) of the frame that
runs, and through `return` and `yield` into the frames that called it. No trace or profile hook is used; those
miss names that are bound again, and clash with profilers, debuggers and coverage.
"""

from __future__ import annotations

import sys
import threading
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

from workings.errors import WorkingsError
from workings.graph import Origin
from workings.places import is_the_users
from workings.trace.bytecode import NOWHERE, Stored, branches, follow, unpacks

__all__ = ["Place", "Scopes", "asked_by_user", "locate", "raised_at", "user_branches", "user_origin"]

_COMPOSITES = {str(Path(__file__).parent.parent / "ops" / name) for name in ("functions.py", "images.py")}


class Kind(Enum):
    """Whose code a frame runs."""

    USER = "user"
    COMPOSITE = "composite"  # a function of `workings.functions`
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
        self.after: dict[tuple[int, int | None, bool], Stored] = {}
        self.origins: dict[int, Origin] = {}
        self.raw: bytes = b""
        self.positions: list[tuple[int | None, ...]] | None = None

    def stored(self, offset: int, element: int | None, iterating: bool = False) -> Stored:
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
    if file in _COMPOSITES:
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

    Tells two calls of one function apart: `layer`, `layer_2`. A refusal that the user's code, or a library,
    caught and hid is raised at the end, since the code has gone another way than it would with numbers. `again`
    says that this is the second trace, which is only compared and needs no names.
    """

    def __init__(self, root: CodeType, *, again: bool = False) -> None:
        self.root = root
        self.again = again
        self.over = False
        self.refused: list[WorkingsError] = []
        self.thread = threading.get_ident()
        self._names: dict[FrameType, tuple[str, ...]] = {}
        self._counts: dict[tuple[str, ...], int] = {}

    def close(self) -> None:
        """The trace is over: its values must not be used any more, and its frames are let go."""
        self.over = True
        self._names.clear()

    def scope(self, frames: list[FrameType]) -> tuple[str, ...]:
        """The path of the functions these frames run, outermost first; the traced function itself is not in it."""
        path: tuple[str, ...] = ()
        for frame in frames:
            name = frame.f_code.co_name
            if name.startswith("<"):
                continue
            known = self._names.get(frame)
            if known is None:
                count = self._counts[(*path, name)] = self._counts.get((*path, name), 0) + 1
                known = (*path, name if count == 1 else f"{name}_{count}")
                self._names[frame] = known
            path = known
        return path


def locate(
    scopes: Scopes | None = None,
    element: int | None = None,
    depth: int = 2,
    *,
    iterating: bool = False,
    direct: bool = False,
) -> Place:
    """The place in the user's code that is running, and the name its value is about to get.

    `element` is the index of the value where the operation gives several, as `np.split` does; `iterating` says
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
        inner.append(frame)
        if scopes is None and known.kind is Kind.USER and not following:
            break
        frame = frame.f_back
    if scopes is not None:
        scope = scopes.scope(inner[-2::-1]) if len(inner) > 1 else ()
    else:
        scope = tuple(f.f_code.co_name for f in reversed(inner) if _of(f.f_code).kind is Kind.COMPOSITE)
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
