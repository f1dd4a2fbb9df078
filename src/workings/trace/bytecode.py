"""What the code does with a value next, read from its bytecode: the variable it is stored in, or that it is returned.

Python keeps no record of the variable an expression is assigned to, but the instructions that follow the
operation store it. The value is followed over the stack from there: through tuples, copies and jumps forward,
to a store or a return. Only the few instructions met on the way are decoded, so long functions cost no more.
"""

from __future__ import annotations

import dis
from types import CodeType
from typing import NamedTuple, TypeAlias

__all__ = ["NOWHERE", "Element", "Stored", "branches", "follow", "unpacks"]


# where a value sits in a tuple: its index, or its path through tuples in one another
Element: TypeAlias = int | tuple[int, ...] | None


class Stored(NamedTuple):
    """What becomes of a value: stored under `name`, or handed to the caller (as element `element` of a tuple)."""

    name: str | None
    returned: bool = False
    element: Element = None


NOWHERE = Stored(None)

_CACHE, _EXTENDED = 0, dis.opmap["EXTENDED_ARG"]
_FAST = frozenset({"STORE_FAST", "STORE_FAST_MAYBE_NULL", "STORE_DEREF"})
_NAMED = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_NEUTRAL = frozenset({"NOP", "RESUME", "KW_NAMES", "NOT_TAKEN"})
_RETURNS = frozenset({"RETURN_VALUE", "YIELD_VALUE"})
_TOO_DEEP = frozenset({"LOAD_SUPER_ATTR", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_FROM_DICT_OR_DEREF"})
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
    "CONVERT_VALUE",
    "MAKE_FUNCTION",
    "SET_FUNCTION_ATTRIBUTE",
)


def unpacks(raw: bytes, offset: int) -> bool:
    """Whether the instruction there takes a value apart, as `a, b = x` does."""
    return dis.opname[raw[offset]] in ("UNPACK_SEQUENCE", "UNPACK_EX")


def branches(raw: bytes, offset: int) -> bool:
    """Whether the instruction there asks for a truth value, as `if` and `not` do."""
    return dis.opname[raw[offset]].startswith(("POP_JUMP", "JUMP_IF", "UNARY_NOT", "TO_BOOL", "CONTAINS_OP"))


def _fast_name(code: CodeType, number: int) -> str:
    # the numbering that LOAD_FAST and its kin use: arguments and locals, then cells, then what is closed over
    cells = [name for name in code.co_cellvars if name not in code.co_varnames]
    return (*code.co_varnames, *cells, *code.co_freevars)[number]


def _outermost(element: Element) -> tuple[int | None, Element]:
    """The index in the outermost tuple, and where the value sits in what is there."""
    path = element if isinstance(element, tuple) else (element,)
    return path[0], path[1:] or None


def follow(code: CodeType, raw: bytes, offset: int, element: Element) -> Stored:
    """What becomes of the value on top of the stack, from the instruction at `offset` on.

    `raw` is `code.co_code`. `depth` counts what lies above the value; `element` is where it sits in a tuple at that
    depth. What is not understood ends the search: a value without a name is no error.
    """
    depth, extended, key = 0, 0, None
    while offset < len(raw):
        number, n = raw[offset], raw[offset + 1] | extended
        offset += 2
        if number == _CACHE:
            continue
        if number == _EXTENDED:
            extended = n << 8
            continue
        extended = 0
        op = dis.opname[number]
        if op in _NEUTRAL:
            continue
        last_key, key = key, None
        if op in _FAST or op in _NAMED:
            if depth == 0:
                name = _fast_name(code, n) if op in _FAST else code.co_names[n]
                return NOWHERE if element is not None else Stored(name)
            depth -= 1
        elif op in ("STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"):
            if depth == 0:
                return NOWHERE if element is not None else Stored(_fast_name(code, n >> 4))
            if op == "STORE_FAST_STORE_FAST":
                if depth == 1:
                    return NOWHERE if element is not None else Stored(_fast_name(code, n & 15))
                depth -= 2
        elif op == "STORE_ATTR":
            if depth < 2:
                return Stored(code.co_names[n]) if depth == 1 and element is None else NOWHERE
            depth -= 2
        elif op == "STORE_SUBSCR":
            if depth < 3:  # `cache["h"] = …` is as good as a variable
                return Stored(last_key) if depth == 2 and element is None and last_key else NOWHERE
            depth -= 3
        elif op == "POP_TOP":
            if depth == 0:
                return NOWHERE
            depth -= 1
        elif op == "COPY":
            depth = 0 if n == depth + 1 else depth + 1
        elif op == "SWAP":
            depth = n - 1 if depth == 0 else 0 if depth == n - 1 else depth
        elif op == "UNPACK_SEQUENCE" or op == "UNPACK_EX":
            before = n if op == "UNPACK_SEQUENCE" else n & 255
            if depth:
                depth += before - 1 if op == "UNPACK_SEQUENCE" else before + (n >> 8)
            else:
                at, element = _outermost(element)
                if at is None or at >= before:
                    return NOWHERE
                depth = at
        elif op in ("BUILD_TUPLE", "BUILD_LIST") and depth < n:
            if element is not None:
                return NOWHERE
            depth, element = 0, n - 1 - depth
        elif op in _RETURNS:
            return Stored(None, True, element) if depth == 0 else NOWHERE
        elif op == "JUMP_FORWARD":  # as behind the first branch of `a if c else b`
            offset += 2 * n
        elif op.startswith(_RESULTS) and op not in _TOO_DEEP:
            effect = dis.stack_effect(number, n if number >= dis.HAVE_ARGUMENT else None, jump=False)
            if op == "PRECALL":
                taken = n
            elif op in ("LOAD_ATTR", "LOAD_METHOD"):
                taken = 1
            elif op.startswith(("LOAD_", "PUSH_")):
                taken = 0
            else:
                taken = 1 - effect
            if taken > depth:
                return NOWHERE
            depth += effect
            if op == "LOAD_CONST" and isinstance(code.co_consts[n], str):
                key = code.co_consts[n]
        else:
            return NOWHERE
    return NOWHERE
