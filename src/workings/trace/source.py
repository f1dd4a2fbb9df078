"""The user's own expression at a place: its text, and the name of what it calls."""

from __future__ import annotations

import ast
import linecache
import re
from typing import NamedTuple

from workings.graph import Origin

__all__ = ["Called", "branch", "called", "text_of"]

_MOST_CHARACTERS = 40
_ASSIGNS = re.compile(r"\s*(//|\*\*|<<|>>|[-+*/%@&|^])?=(?!=)")


def _segment(origin: Origin) -> str:
    """The source between the columns of a place, which may go over several lines; "" where it is not at hand."""
    if origin.column is None or origin.end_column is None or origin.end_line is None:
        return ""
    lines = [linecache.getline(origin.file, n).encode() for n in range(origin.line, origin.end_line + 1)]
    if not lines or not all(lines):
        return ""
    lines[-1] = lines[-1][: origin.end_column]
    lines[0] = lines[0][origin.column :]
    return b"".join(lines).decode(errors="replace")


def _is_target(origin: Origin) -> bool:
    """Whether what stands at a place is assigned to, as `h[0]` in `h[0] = 1`."""
    assert origin.end_line is not None
    rest = linecache.getline(origin.file, origin.end_line).encode()[origin.end_column :].decode(errors="replace")
    return _ASSIGNS.match(rest) is not None


def text_of(origin: Origin | None) -> str | None:
    """The expression at a place as a short text for a message, or None."""
    text = "" if origin is None else _segment(origin)
    return text if text and "\n" not in text and len(text) <= _MOST_CHARACTERS else None


class Called(NamedTuple):
    """What an expression does: `kind` is "call", "index" or "write", `spelled` what it is done to, `name` the last
    word of that; `of` is "list" where a list or tuple is written out among the arguments, else "".
    """

    kind: str
    name: str
    spelled: str
    of: str = ""


def called(origin: Origin | None) -> Called | None:
    """What the expression at a place calls or indexes, read from its source; None where it is something else."""
    text = "" if origin is None else _segment(origin)
    try:
        body = ast.parse(f"({text}\n)" if "=" not in text.split("(")[0] else text).body if text else []
    except SyntaxError:
        return None
    match body:
        case [ast.Expr(value=ast.Call(func=function, args=arguments))]:
            listed = any(isinstance(a, (ast.List, ast.Tuple)) for a in arguments)
            return Called("call", _word(function), _spelled(function), "list" if listed else "")
        case [ast.Expr(value=ast.Subscript(value=value))]:
            kind = "write" if origin is not None and _is_target(origin) else "index"
            return Called(kind, _word(value), _spelled(value))
        case [ast.AugAssign(target=target)]:
            return Called("write", _word(target), _spelled(target))
    return None


def _spelled(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _MOST_CHARACTERS else _word(node)


def _word(node: ast.expr) -> str:
    match node:
        case ast.Attribute(attr=word) | ast.Name(id=word):
            return word
        case ast.Subscript(value=value) | ast.Call(func=value):
            return _word(value)
    return ""


_ALL_BRANCHES = "`if`, `while`, `assert`, `and`, `or`, `not` or a chain as in 0 < x < 1"
_BEFORE = re.compile(r"\b(if|elif|while|assert|and|or|not)[\s(]*$")
_BEHIND = re.compile(r"[\s)]*(and|or)\b")


def branch(origin: Origin | None) -> str:
    """The word that asks for the truth of the expression at a place; all such words where its source is not known."""
    text = "" if origin is None else _segment(origin)
    if origin is None or not text:
        return _ALL_BRANCHES
    try:
        tree = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError:
        return _ALL_BRANCHES
    if isinstance(tree, ast.Compare) and len(tree.ops) > 1:
        return f"the chain of comparisons {text}" if len(text) <= _MOST_CHARACTERS else "a chain of comparisons"
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return "`not`"
    line = linecache.getline(origin.file, origin.line).encode()
    last = linecache.getline(origin.file, origin.end_line or origin.line).encode()
    behind = _BEHIND.match(last[origin.end_column :].decode(errors="replace"))
    before = _BEFORE.search(line[: origin.column].decode(errors="replace"))
    found = behind or before
    return f"`{found[1]}`" if found else _ALL_BRANCHES
