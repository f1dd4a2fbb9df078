"""What the user's code says about a value: the variable it is stored in, its line and column, its function.

Python keeps no record of the variable an expression is assigned to, but the bytecode does: the instruction
that follows the operation stores it. So the name is found by following the value over the stack from there,
through tuples and through `return` into the caller. No trace or profile hook is used; those miss names that
are bound again, and clash with profilers, debuggers and coverage.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_left, bisect_right
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np

from workings.graph import Origin

__all__ = ["Place", "Scopes", "locate", "user_origin"]

_PACKAGE = Path(__file__).parent.parent
_OURS = str(_PACKAGE) + "/"
_OURS_WINDOWS = str(_PACKAGE) + "\\"
_NUMPY = str(Path(np.__file__).parent)
# nets that the package itself brings are the user's code as far as names are concerned
_NETS = tuple(str(_PACKAGE / part) for part in ("lessons",))
_COMPOSITES = str(_PACKAGE / "ops" / "functions.py")


class Kind(Enum):
    """Whose code a frame runs."""

    USER = "user"
    COMPOSITE = "composite"  # a function of `workings.functions`
    INTERNAL = "internal"  # NumPy and workings


class Place(NamedTuple):
    """Where a value was made, and what it is called there."""

    origin: Origin | None
    name: str | None
    scope: tuple[str, ...]


class _Stored(NamedTuple):
    """What becomes of a value: stored under `name`, or handed to the caller (as element `element` of a tuple)."""

    name: str | None
    returned: bool = False
    element: int | None = None


class _Code:
    """What is worth remembering about a code object."""

    __slots__ = ("after", "code", "instructions", "kind", "offsets", "positions")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # held, so that its id stays its own
        self.kind = _kind(code.co_filename)
        self.after: dict[tuple[int, int | None], _Stored] = {}
        self.instructions: list[dis.Instruction] | None = None
        self.positions: list[tuple[int | None, ...]] | None = None
        self.offsets: list[int] = []

    def stored(self, offset: int, element: int | None) -> _Stored:
        key = (offset, element)
        found = self.after.get(key)
        if found is None:
            if self.instructions is None:
                self.instructions = list(dis.get_instructions(self.code))
                self.offsets = [ins.offset for ins in self.instructions]
            # while it calls a Python function, a frame stands in the cache entries behind its call
            start = bisect_right(self.offsets, offset)
            found = self.after[key] = _follow(self.instructions, start, element)
        return found

    def origin(self, offset: int) -> Origin:
        if self.positions is None:
            self.positions = list(self.code.co_positions())
        index = offset // 2
        line, end_line, column, end_column = (
            self.positions[index] if 0 <= index < len(self.positions) else (None,) * 4
        )
        first = self.code.co_firstlineno
        return Origin(self.code.co_filename, line or first, column, end_column, self.code.co_name, end_line)


def _kind(file: str) -> Kind:
    if file == _COMPOSITES:
        return Kind.COMPOSITE
    if file.startswith(_NETS):
        return Kind.USER
    if file.startswith((_OURS, _OURS_WINDOWS, _NUMPY)) or file == "<__array_function__ internals>":
        return Kind.INTERNAL
    return Kind.USER


_codes: dict[int, _Code] = {}
_MOST_CODES = 20_000


def _of(code: CodeType) -> _Code:
    known = _codes.get(id(code))
    if known is None:
        if len(_codes) >= _MOST_CODES:
            _codes.clear()
        known = _codes[id(code)] = _Code(code)
    return known


# ── following a value over the stack ────────────────────────────────────────────────────────────────────────

_STORES = frozenset({"STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF", "STORE_FAST_MAYBE_NULL"})
_NEUTRAL = frozenset({"NOP", "RESUME", "CACHE", "EXTENDED_ARG", "KW_NAMES", "NOT_TAKEN"})
_RESULTS = (
    "LOAD_",
    "PUSH_",
    "BINARY_",
    "CALL",
    "COMPARE_",
    "CONTAINS_",
    "IS_OP",
    "UNARY_",
    "BUILD_",
    "PRECALL",
    "FORMAT_",
    "MAKE_FUNCTION",
    "SET_FUNCTION_ATTRIBUTE",
)
_NOWHERE = _Stored(None)


def _follow(instructions: list[dis.Instruction], start: int, element: int | None) -> _Stored:
    """What becomes of the value on top of the stack, from the instruction `start` on.

    `depth` counts what lies above it; `element` is its index where it sits in a tuple at that depth.
    """
    depth, at = 0, start
    while at < len(instructions):
        ins = instructions[at]
        at += 1
        op, n = ins.opname, ins.arg or 0
        if op in _NEUTRAL:
            continue
        if op == "JUMP_FORWARD":  # as behind the first branch of `a if c else b`
            at = bisect_left(instructions, ins.argval, key=lambda i: i.offset)
            continue
        if op in _STORES:
            if depth == 0:
                return _NOWHERE if element is not None else _Stored(str(ins.argval))
            depth -= 1
        elif op in ("STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"):
            first, second = ins.argval if isinstance(ins.argval, tuple) else (None, None)
            if depth == 0:
                return _NOWHERE if element is not None else _Stored(first)
            if op == "STORE_FAST_STORE_FAST":
                if depth == 1:
                    return _NOWHERE if element is not None else _Stored(second)
                depth -= 2
        elif op == "STORE_ATTR":
            if depth < 2:
                return _Stored(str(ins.argval)) if depth == 1 and element is None else _NOWHERE
            depth -= 2
        elif op == "COPY":
            depth = 0 if n == depth + 1 else depth + 1
        elif op == "SWAP":
            depth = n - 1 if depth == 0 else 0 if depth == n - 1 else depth
        elif op == "UNPACK_SEQUENCE":
            if depth == 0:
                if element is None or element >= n:
                    return _NOWHERE
                depth, element = element, None
            else:
                depth += n - 1
        elif op in ("BUILD_TUPLE", "BUILD_LIST") and depth < n:
            if element is not None:
                return _NOWHERE
            depth, element = 0, n - 1 - depth
        elif op == "RETURN_VALUE":
            return _Stored(None, True, element) if depth == 0 else _NOWHERE
        elif op.startswith(_RESULTS):
            effect = dis.stack_effect(ins.opcode, ins.arg, jump=False)
            taken = 1 - effect if effect <= 0 or op.startswith(("LOAD_ATTR", "LOAD_METHOD")) else 0
            if op == "PRECALL":
                taken = n
            elif op in ("LOAD_ATTR", "LOAD_METHOD"):
                taken = 1
            elif op.startswith(("LOAD_", "PUSH_")):
                taken = 0
            if taken > depth:
                return _NOWHERE
            depth += effect
        else:
            return _NOWHERE
    return _NOWHERE


# ── from a frame to a place ─────────────────────────────────────────────────────────────────────────────────


class Scopes:
    """Tells two calls of one function apart while it is traced: `layer`, `layer_2`."""

    def __init__(self, root: CodeType) -> None:
        self.root = root
        self._names: dict[FrameType, tuple[str, ...]] = {}
        self._counts: dict[tuple[str, ...], int] = {}

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


def locate(scopes: Scopes | None = None, element: int | None = None, depth: int = 2) -> Place:
    """The place in the user's code that is running, and the name its value is about to get.

    `element` is the index of the value where the operation gives several, as `np.split` does.
    """
    frame: FrameType | None = sys._getframe(depth)
    origin: Origin | None = None
    name: str | None = None
    following = True
    inner: list[FrameType] = []
    while frame is not None:
        code = frame.f_code
        if scopes is not None and code is scopes.root:
            break
        known = _of(code)
        if known.kind is Kind.INTERNAL:
            frame = frame.f_back
            continue
        if following:
            stored = known.stored(frame.f_lasti, element)
            name, element, following = stored.name, stored.element, stored.returned
        if known.kind is Kind.USER and origin is None:
            origin = known.origin(frame.f_lasti)
            if scopes is None and not following:
                break
        inner.append(frame)
        if scopes is None and known.kind is Kind.USER and not following:
            break
        frame = frame.f_back
    if scopes is not None:
        scope = scopes.scope(inner[-2::-1] if inner else [])
    else:
        scope = tuple(f.f_code.co_name for f in reversed(inner) if _of(f.f_code).kind is Kind.COMPOSITE)
    return Place(origin, name, scope)


def user_origin(depth: int = 2) -> Origin | None:
    """The place in the user's code that is running."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        known = _of(frame.f_code)
        if known.kind is Kind.USER:
            return known.origin(frame.f_lasti)
        frame = frame.f_back
    return None
