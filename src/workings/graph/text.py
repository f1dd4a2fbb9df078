"""The text form of a graph: `write` makes it, `parse` reads it back.

    graph loss(w: parameter float64, x: data float64, expected: data float64)
      y: float64 = multiply(w, x)
      z: float64 = subtract(y, expected)
      loss: float64 = square(z)
      return loss

A name after `%` is one we gave; the node itself has none. Scalar constants stand where they are used, with
their dtype (`2:float64`); arrays of up to 8 elements as `[1.0, 2.0]:float64[2]`; larger ones as `@0`, `@1`, …
in a side table. A graph among the attributes stands in braces on one line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workings.errors import ParseError, WorkingsError
from workings.graph.graph import Graph
from workings.graph.names import RESERVED, Names, identifier
from workings.graph.node import Node, Role, call, constant, input_node

__all__ = ["parse", "write"]

_INLINE = 8
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-inf|-nan)(?![\w.]))
    | (?P<name>%?[^\W\d][\w.]*)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<table>@\d+)
    | (?P<mark>[()\[\]{}:,=;])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


def write(graph: Graph) -> tuple[str, list[np.ndarray]]:
    """The text of a graph, and the side table of its large arrays."""
    table: list[np.ndarray] = []
    return "\n".join(_lines(graph, table)), table


def _lines(graph: Graph, table: list[np.ndarray]) -> list[str]:
    names = graph.names
    written: dict[Node, str] = {}

    def shown(node: Node) -> str:
        if node not in written:
            written[node] = _shown(node, names, table)
        return written[node]

    heads = [f"{names[node]}: {node.role} {node.type}" for node in graph.inputs]
    lines = [f"graph {identifier(graph.name)}({', '.join(heads)})"]
    for node in graph.nodes[len(graph.inputs) :]:
        if node.is_constant:
            continue
        arguments = [shown(i) for i in node.inputs]
        arguments += [f"{key}={_attribute(value, table)}" for key, value in sorted(node.attributes.items())]
        lines.append(f"  {shown(node)}: {node.type} = {node.op.name}({', '.join(arguments)})")
    lines.append(f"  return {', '.join(map(shown, graph.outputs))}")
    return lines


def _shown(node: Node, names: Mapping[Node, str], table: list[np.ndarray]) -> str:
    if not node.is_constant:
        return names[node] if node.name is not None or node.is_input else "%" + names[node]
    stored = node.attributes["value"]
    if not isinstance(stored, np.ndarray):
        return f"{stored!r}:{node.dtype.name}"
    if stored.size <= _INLINE:
        return f"{stored.tolist()!r}:{node.type}"
    table.append(stored)
    return f"@{len(table) - 1}:{node.type}"


def _attribute(value: Any, table: list[np.ndarray]) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Graph):
        return "{" + "; ".join(line.strip() for line in _lines(value, table)) + "}"
    if isinstance(value, np.dtype):
        return f"dtype({value.name})"
    if isinstance(value, slice):
        return f"slice({value.start}, {value.stop}, {value.step})"
    if value is Ellipsis:
        return "Ellipsis"
    if isinstance(value, tuple):
        inner = ", ".join(_attribute(v, table) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, np.ndarray):
        table.append(value)
        return f"@{len(table) - 1}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise TypeError(f"an attribute of type {type(value).__name__} has no text form")


class _Reader:
    """A cursor over the tokens of a graph's text."""

    def __init__(self, text: str, constants: Sequence[Any]) -> None:
        self.text = text
        self.constants = constants
        self.arrays: dict[str, Node] = {}
        self.at = 0
        self.kind = self.token = ""
        self.advance()

    def advance(self) -> str:
        old = self.token
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            self.kind, self.token = "unknown", self.text[self.at :].strip()[:1]
            raise self.error("a name, a number or a mark")
        self.at = match.end()
        self.kind, self.token = match.lastgroup or "", match[match.lastgroup or 0]
        return old

    def error(self, expected: str) -> ParseError:
        line = self.text.count("\n", 0, self.at) + 1
        return ParseError(f"line {line}: expected {expected}, found {self.token or 'the end'!r}")

    def ahead(self, mark: str) -> bool:
        """Whether the token after this one is `mark`."""
        match = _TOKEN.match(self.text, self.at)
        return match is not None and match["mark"] == mark

    def take(self, mark: str) -> None:
        if self.token != mark:
            raise self.error(repr(mark))
        self.advance()

    def accept(self, mark: str) -> bool:
        if self.token != mark:
            return False
        self.advance()
        return True

    def name(self) -> str:
        if self.kind != "name":
            raise self.error("a name")
        return self.advance()

    def type(self) -> tuple[np.dtype, tuple[int, ...]]:
        word = self.name()
        try:
            dtype = np.dtype(word)
        except TypeError:
            raise self.error(f"a dtype, not {word}") from None
        shape = []
        if self.accept("["):
            while not self.accept("]"):
                if not self.token.isdecimal():
                    raise self.error("a length")
                shape.append(int(self.advance()))
                self.accept(",")
        return dtype, tuple(shape)

    def literal(self) -> Any:
        """A number, string, tuple, slice, dtype, side-table entry or nested graph."""
        if self.kind == "number":
            token = self.advance()
            return float(token) if token.strip("-") in ("inf", "nan") else ast.literal_eval(token)
        if self.kind == "string":
            return ast.literal_eval(self.advance())
        if self.kind == "table":
            return self.entry()
        if self.accept("{"):
            return self.graph("}")
        if self.accept("("):
            return tuple(self.sequence(")"))
        if self.accept("["):
            return self.sequence("]")
        word = self.name()
        plain = {"None": None, "True": True, "False": False, "Ellipsis": ..., "inf": np.inf, "nan": np.nan}
        if word in plain:
            return plain[word]
        if word == "slice":
            self.take("(")
            return slice(*self.sequence(")"))
        if word == "dtype":
            self.take("(")
            dtype, _ = self.type()
            self.take(")")
            return dtype
        raise self.error(f"a value, not {word}")

    def sequence(self, end: str) -> list[Any]:
        items = []
        while not self.accept(end):
            items.append(self.literal())
            if not self.accept(",") and self.token != end:
                raise self.error(f"',' or {end!r}")
        return items

    def entry(self) -> np.ndarray:
        index = int(self.token[1:])
        if index >= len(self.constants):
            raise self.error(f"at least {index + 1} constants")
        self.advance()
        return np.asarray(self.constants[index])

    def argument(self, known: Mapping[str, Node]) -> Node:
        # a variable may be called `inf`; a constant has its dtype behind it
        if self.kind == "name" and self.token in known and not self.ahead(":"):
            return known[self.advance()]
        if self.kind == "name" and self.token not in ("True", "False", "inf", "nan"):
            raise self.error("a name made above")
        entry = self.token if self.kind == "table" else None
        value = self.literal()
        self.take(":")
        dtype, shape = self.type()
        if entry is not None:  # an array that is used twice is one constant
            if entry not in self.arrays:
                self.arrays[entry] = constant(value)
            found = self.arrays[entry]
            if (found.dtype, found.shape) != (dtype, shape):
                raise self.error(f"{entry} of type {found.type}")
            return found
        try:
            if shape == () and not isinstance(value, (list, np.ndarray)):
                return constant(value, dtype)
            return constant(np.asarray(value, dtype=dtype).reshape(shape))
        except (WorkingsError, ValueError, TypeError, OverflowError) as error:
            raise self.error(f"a constant of type {dtype.name}{list(shape) or ''} ({error})") from error

    def graph(self, end: str) -> Graph:
        if self.name() != "graph":
            raise self.error("'graph'")
        title = self.name()
        self.take("(")
        known: dict[str, Node] = {}
        inputs = []
        while not self.accept(")"):
            name = self.name()
            self.take(":")
            role = self.name()
            if role not in list(Role):
                raise self.error(f"a role, not {role}")
            dtype, shape = self.type()
            if name in known:
                raise self.error(f"another name than {name}, which is taken")
            known[name] = input_node(name, shape, dtype, Role(role))
            inputs.append(known[name])
            self.accept(",")
        self.accept(";")
        while not self.accept("return"):
            self.statement(known)
            self.accept(";")
        outputs = []
        while self.token != end and self.kind != "end":
            outputs.append(self.argument(known))
            self.accept(",")
        if end:
            self.take(end)
        graph = Graph(inputs, outputs, name=title)
        # the names are those of the text, also where we gave them
        names = Names(RESERVED | {name.lstrip("%") for name in known})
        kept = {node: name.lstrip("%") for name, node in known.items()}
        arrays = [node for node in graph.nodes if node.is_constant and node.shape != ()]
        graph.__dict__["names"] = kept | {node: names.give("constant") for node in arrays}
        return graph

    def statement(self, known: dict[str, Node]) -> None:
        name = self.name()
        self.take(":")
        dtype, shape = self.type()
        self.take("=")
        op = self.name()
        self.take("(")
        arguments: list[Node] = []
        attributes: dict[str, Any] = {}
        while not self.accept(")"):
            if self.kind == "name" and self.ahead("="):
                key = self.name()
                self.take("=")
                attributes[key] = self.literal()
            else:
                arguments.append(self.argument(known))
            if not self.accept(",") and self.token != ")":
                raise self.error("',' or ')'")
        try:
            node = call(op, *arguments, label=None if name.startswith("%") else name, **attributes)
        except (WorkingsError, KeyError) as error:
            raise self.error(f"a legal node {name} ({getattr(error, 'problem', error)})") from error
        if (node.dtype, node.shape) != (dtype, shape):
            raise self.error(f"{name} of type {node.type}")
        if name in known:
            raise self.error(f"another name than {name}, which is taken")
        known[name] = node


def parse(text: str, constants: Sequence[Any] = ()) -> Graph:
    """The graph that a text describes; `constants` is the side table of its large arrays.

    Raises `ParseError` naming the line.
    """
    reader = _Reader(text, constants)
    graph = reader.graph("")
    if reader.kind != "end":
        raise reader.error("the end")
    return graph
