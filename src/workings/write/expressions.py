"""One node as a Python expression, with no more parentheses than it needs."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from workings.errors import UnsupportedError
from workings.graph import Node
from workings.graph.node import weak_dtype
from workings.ops import lacking
from workings.write.literals import name_of, number, typed

__all__ = ["ANY", "ATOM", "Expression", "express", "literal", "needed", "operators"]

# how tightly an expression binds
ANY, COMPARED, OR, XOR, AND, SHIFT, SUM, PRODUCT, SIGN, ATOM = range(10)
_LEVELS: Mapping[type, int] = {
    ast.BitOr: OR,
    ast.BitXor: XOR,
    ast.BitAnd: AND,
    ast.LShift: SHIFT,
    ast.RShift: SHIFT,
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Mult: PRODUCT,
    ast.Div: PRODUCT,
    ast.FloorDiv: PRODUCT,
    ast.Mod: PRODUCT,
    ast.MatMult: PRODUCT,
    ast.USub: SIGN,
    ast.Invert: SIGN,
}


class Expression(NamedTuple):
    """A text, how tightly it binds, how deep it is nested, and the nodes whose names it reads."""

    text: str
    level: int = ATOM
    depth: int = 0
    reads: frozenset[Node] = frozenset()

    def at(self, level: int) -> str:
        """The text, in parentheses where it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


# ── literals ────────────────────────────────────────────────────────────────────────────────────────────────


def literal(node: Node, user: Node | None = None, position: int = 0) -> Expression:
    """A scalar constant, bare where what stands beside it gives it its type, and else with its type."""
    stored, dtype = node.attributes["value"], node.dtype
    if user is None or position not in _bare(user):
        return Expression(typed(stored, dtype))
    text = number(stored, dtype, fractions=True, derived=node.because is not None)
    return Expression(text, PRODUCT if "/" in text else SIGN if text.startswith("-") else ATOM)


def _bare(user: Node) -> frozenset[int]:
    """The positions of the literals among a node's inputs that NumPy gives the right type by itself."""
    op, inputs = user.op, user.inputs
    literals = {k for k, i in enumerate(inputs) if i.is_constant and i.shape == ()}
    if op.name == "where" or op.name == "clip":
        places = {1, 2}
    elif op.name == "getitem":
        return frozenset(literals - {0})
    elif isinstance(op.numpy, np.ufunc):
        places = set(range(len(inputs)))
    else:
        return frozenset()
    beside = [i.dtype for k, i in enumerate(inputs) if k not in literals and (k in places or op.name == "clip")]
    if not beside:
        return frozenset()
    for k in literals & places:
        if weak_dtype(inputs[k].attributes["value"], beside) != inputs[k].dtype:
            return frozenset()
    if isinstance(op.numpy, np.ufunc):
        weak = [_weak(i) if k in literals else i.dtype for k, i in enumerate(inputs)]
        strong = [i.dtype for i in inputs]
        try:
            same = op.numpy.resolve_dtypes((*weak, None)) == op.numpy.resolve_dtypes((*strong, None))
        except TypeError:
            same = False
        if not same:
            return frozenset()
    return frozenset(literals & places)


def _weak(node: Node) -> Any:
    """What NumPy takes the bare text of a literal for."""
    if node.dtype.kind == "b":
        return node.dtype
    return int if number(node.attributes["value"], node.dtype).lstrip("-").isdigit() else float


# ── templates ───────────────────────────────────────────────────────────────────────────────────────────────


class _Template(NamedTuple):
    """A spelling, taken apart: how tightly it binds, and how tightly what fills each place has to."""

    level: int
    places: Mapping[str, int]
    functions: tuple[str, ...]
    pieces: tuple[tuple[str, str | None], ...]


@cache
def _template(text: str) -> _Template:
    pieces = tuple((before, field) for before, field, _, _ in string.Formatter().parse(text))
    root = ast.parse(
        "".join(before + ("" if field is None else f"_place_{field}") for before, field in pieces), mode="eval"
    )
    needs: dict[str, int] = {}
    functions = []

    def place(part: ast.AST, level: int) -> None:
        if isinstance(part, ast.Name) and part.id.startswith("_place_"):
            name = part.id.removeprefix("_place_")
            needs[name] = max(level, needs.get(name, ANY))

    place(root.body, ANY)
    for part in ast.walk(root):
        if isinstance(part, ast.BinOp):
            level = _LEVELS[type(part.op)]
            place(part.left, level)
            place(part.right, level + 1)
        elif isinstance(part, ast.UnaryOp):
            place(part.operand, ATOM)
        elif isinstance(part, ast.Compare):
            for side in (part.left, *part.comparators):
                place(side, SUM)
        elif isinstance(part, (ast.Attribute, ast.Subscript)):
            place(part.value, ATOM)
        elif isinstance(part, ast.Call):
            for argument in (*part.args, *(keyword.value for keyword in part.keywords)):
                place(argument, ANY)
            if isinstance(part.func, ast.Name):
                functions.append(part.func.id)
    return _Template(_level(root.body), needs, tuple(functions), pieces)


def _level(root: ast.expr) -> int:
    if isinstance(root, (ast.BinOp, ast.UnaryOp)):
        return _LEVELS[type(root.op)]
    if isinstance(root, ast.Compare):
        return COMPARED
    return ATOM if isinstance(root, (ast.Call, ast.Attribute, ast.Subscript, ast.Name)) else ANY


def _fill(node: Node, template: _Template, operands: Sequence[Expression]) -> tuple[str, int]:
    parts = []
    level = template.level
    for before, field in template.pieces:
        parts.append(before)
        if field is None:
            continue
        if not field.isdigit():
            parts.append(attribute(node, node.attributes[field]))
            continue
        operand = operands[int(field)]
        text = operand.at(template.places.get(field, ATOM))
        if text.startswith("-") and before.endswith(("+ ", "- ")):
            text = f"({text})"
        if len(template.pieces) == 1 and not before:
            level = operand.level
        parts.append(text)
    return "".join(parts), level


# ── spellings of their own ──────────────────────────────────────────────────────────────────────────────────


def attribute(node: Node, value: Any) -> str:
    """An attribute as Python writes it."""
    if isinstance(value, np.dtype):
        return name_of(value)
    if isinstance(value, tuple):
        inner = ", ".join(attribute(node, v) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is None or type(value) in (bool, int, str):
        return repr(value)
    if type(value) is float:
        return number(value, np.dtype("float64"))
    raise unsupported(node, f"its attribute {value!r}")


def _key(node: Node, operands: Sequence[Expression]) -> str:
    """The key of an index as it stands between the brackets."""
    rest = iter(operands)
    parts = []
    for part in node.attributes["key"]:
        if isinstance(part, str):
            parts.append(next(rest).text)
        elif isinstance(part, slice):
            bounds = ["" if b is None else str(int(b)) for b in (part.start, part.stop)]
            step = "" if part.step is None else f":{int(part.step)}"
            parts.append(":".join(bounds) + step)
        elif part is Ellipsis:
            parts.append("...")
        elif part is None or isinstance(part, int):
            parts.append(str(part))
        else:
            raise unsupported(node, f"the index {part!r}")
    return ", ".join(parts) or "()"


def _getitem(node: Node, operands: Sequence[Expression]) -> str:
    return f"{operands[0].at(ATOM)}[{_key(node, operands[1:])}]"


def put_lines(node: Node, name: str, operands: Sequence[Expression]) -> tuple[str, str]:
    """Zeros of the shape, and the line that adds the values to them, as `name`, at the key."""
    shape = tuple(node.attributes["shape"])
    whole = str(shape[0]) if len(shape) == 1 else str(shape)
    kind = "" if node.dtype == np.float64 else f", dtype={name_of(node.dtype)}"
    values, key = operands[0].text, _key(node, operands[1:])
    zeros = f"np.zeros({whole}{kind})"
    if len(operands) == 1:
        return zeros, f"{name}[{key}] += {values}"
    if len(node.attributes["key"]) > 1:
        parts = iter(operands[1:])
        items = [next(parts).text if isinstance(p, str) else _plain(node, p) for p in node.attributes["key"]]
        key = f"({', '.join(items)})"
    elif ":" in key:
        key = _plain(node, node.attributes["key"][0])
    return zeros, f"np.add.at({name}, {key}, {values})"


def _plain(node: Node, part: Any) -> str:
    """A part of a key where no brackets stand around it."""
    if isinstance(part, slice):
        bounds = (part.start, part.stop) if part.step is None else (part.start, part.stop, part.step)
        return f"slice({', '.join(str(b if b is None else int(b)) for b in bounds)})"
    return "..." if part is Ellipsis else str(part)


def _transpose(node: Node, operands: Sequence[Expression]) -> str:
    axes = tuple(node.attributes["axes"])
    if len(axes) > 1 and axes == tuple(reversed(range(len(axes)))):
        return f"{operands[0].at(ATOM)}.T"
    return f"np.transpose({operands[0].text}, {axes})"


def _reshape(node: Node, operands: Sequence[Expression]) -> str:
    shape, x = tuple(node.attributes["shape"]), operands[0]
    if x.level == ATOM and shape:
        return f"{x.text}.reshape({', '.join(map(str, shape))})"
    return f"np.reshape({x.text}, {shape})"


def _joined(function: str) -> Callable[[Node, Sequence[Expression]], str]:
    def write(node: Node, operands: Sequence[Expression]) -> str:
        return f"{function}([{', '.join(x.text for x in operands)}], axis={node.attributes['axis']})"

    return write


def _einsum(node: Node, operands: Sequence[Expression]) -> str:
    arrays = ", ".join(x.text for x in operands)
    return f'np.einsum("{node.attributes["subscripts"]}", {arrays}, optimize=True)'


_OWN: Mapping[str, Callable[[Node, Sequence[Expression]], str]] = {
    "getitem": _getitem,
    "einsum": _einsum,
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast_to": lambda node, operands: f"np.broadcast_to({operands[0].text}, {tuple(node.attributes['shape'])})",
    "concatenate": _joined("np.concatenate"),
    "stack": _joined("np.stack"),
    "astype": lambda node, operands: f"{operands[0].at(ATOM)}.astype({name_of(node.attributes['dtype'])})",
}

# ── a node ──────────────────────────────────────────────────────────────────────────────────────────────────


def express(node: Node, operands: Sequence[Expression]) -> Expression:
    """The expression of a node whose inputs are written as `operands`. Raises `UnsupportedError` for an op
    that has no spelling in Python."""
    op = node.op
    level = ATOM
    if op.name in _OWN:
        text = _OWN[op.name](node, operands)
    elif "python" in op.spellings and not _wraps(node):
        text, level = _fill(node, _template(op.spellings["python"]), operands)
    else:
        regular = getattr(np, op.name, None) is op.numpy
        if not regular and op.name not in _lacking():
            raise unsupported(node, f"the op {op.name!r}")
        arguments = [x.text for x in operands]
        arguments += [f"{key}={attribute(node, value)}" for key, value in node.attributes.items()]
        text = f"{'np.' if regular else ''}{op.name}({', '.join(arguments)})"
    depth = 1 + max((x.depth for x in operands), default=0)
    return Expression(text, level, depth, frozenset().union(*(x.reads for x in operands)))


def _wraps(node: Node) -> bool:
    """Whether it is a sum or product of unsigned scalars. Those wrap around, and NumPy warns of it where they are
    written with an operator; its functions, and arrays, wrap without a word."""
    level = _template(node.op.spellings["python"]).level
    return node.shape == () and node.dtype.kind == "u" and level in (SUM, PRODUCT, SIGN) and node.op.name != "invert"


def operators(node: Node) -> bool:
    """Whether the node is written with an operator, which NumPy may carry out in the place of an operand."""
    spelling = node.op.spellings.get("python")
    return spelling is not None and COMPARED < _template(spelling).level < SIGN


def needed(node: Node) -> tuple[str, ...]:
    """The functions that NumPy lacks and that the expression of this node calls, each behind those it calls."""
    op = node.op
    if op.name in _OWN or op.name == "put":
        return ()
    if "python" in op.spellings:
        return _with_callees(f for f in _template(op.spellings["python"]).functions if f in _lacking())
    return _with_callees([op.name] if getattr(np, op.name, None) is not op.numpy and op.name in _lacking() else [])


def _with_callees(functions: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for function in functions:
        called = _lacking()[function].__code__.co_names
        found |= dict.fromkeys(_with_callees(f for f in called if f in _lacking() and f != function))
        found[function] = None
    return tuple(found)


@lru_cache(maxsize=1)
def _lacking() -> Mapping[str, FunctionType]:
    return {name: getattr(lacking, name) for name in lacking.__all__}


def unsupported(node: Node, what: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} of {node.name or node.op.name} has no spelling in Python",
        where=node.origin,
        fix="write the net without it, or run it with engine='reference'",
    )
