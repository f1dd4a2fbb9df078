"""A loop as a function of its own: the body's lines within a `for`, in the names that they have in the user's code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workings.graph import Graph, Node
from workings.graph.layouts import Layouts
from workings.graph.names import RESERVED, Names, of_loop
from workings.ops.control import Loop, result
from workings.write.expressions import ATOM, Expression, literal
from workings.write.literals import name_of, spelled
from workings.write.page import Page
from workings.write.statements import Statement, compose, is_zeros, plan, starts_inside

__all__ = ["every_node", "write_loops"]

_ROW = 8  # where the lines of a turn stand


def every_node(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph, and those of the loops in it."""
    for node in graph.nodes:
        yield node
        if node.op.results is not None:
            yield from every_node(node.attributes["body"])


def write_loops(page: Page, graph: Graph, names: Mapping[Node, str], known: Layouts) -> None:
    """Write a function for each loop of a graph, above which stand those of the loops within it."""
    taken = set(RESERVED) | set(names.values())
    loops = [node for node in graph.nodes if node.op.results is not None]
    for node in every_node(graph):
        if node.op.results is not None:
            taken.update(node.attributes["body"].names.values())
    giver = Names(taken)
    for node in loops:
        _write(page, node, names[node], names, known, giver)


def _write(page: Page, node: Node, title: str, around: Mapping[Node, str], known: Layouts, giver: Names) -> None:
    body = node.attributes["body"]
    inner = known.within(node)
    names = dict(body.names)
    for within in body.nodes:
        if within.op.results is not None:
            names[within] = giver.give(within.attributes["body"].name)
            _write(page, within, names[within], names, inner, giver)
    _Lines(node, names, around, known, inner).write(page, title)
    page.gap(2)


class _Lines:
    """The lines of one function. A value that is carried is assigned to the name it replaces, where it can be."""

    def __init__(
        self, node: Node, names: dict[Node, str], around: Mapping[Node, str], known: Layouts, inner: Layouts
    ) -> None:
        self.loop = loop = Loop(node)
        self.known, self.inner = known, inner
        body = loop.body
        self.free = Names(RESERVED | set(names.values()))
        self.carried, self.rows, self.constants = loop.split(body.inputs)
        self.names = names
        self.arrays = {
            row: self.free.give(_several(names[row], whole, around))
            for row, whole in zip(self.rows, loop.split(node.inputs)[1], strict=True)
        }
        self.stacked = [
            (output, self.free.give(_result_name(node, number, around)))
            for number, output in enumerate(body.outputs[loop.carry :], start=loop.carry)
        ]
        self.turn = self.free.give("t")
        last = set(body.outputs[: loop.carry])
        lines = [n for n in body.outputs if n in last or n.name is not None or body.users[n]]
        self.layout = plan(body, dict.fromkeys(body.nodes, 0), lines)
        # what replaces a carried value at once, with the value that it replaces
        self.direct: dict[Node, Node] = {}
        for before, after in zip(self.carried, body.outputs, strict=False):
            if after is not before and after in self.layout.pinned:
                self.direct.setdefault(after, before)
        self._settle()

    def _name(self, node: Node, user: Node) -> str | None:
        return self.names[self.direct[node]] if node in self.direct else self.names.get(node)

    def _settle(self) -> None:
        while True:
            self.statements, self.pending = compose(self.layout, self._name, self.inner)
            refused = self._refused()
            if not refused:
                return
            for node in refused:
                del self.direct[node]

    def _refused(self) -> list[Node]:
        """The new values after which the old one is still read, or the new one before it is laid out anew."""
        at: dict[Node, int] = {}
        last_read: dict[Node, int] = {}
        for k, statement in enumerate(self.statements):
            at.update({node: k for node in (statement.node, *statement.results) if node is not None})
            last_read.update(dict.fromkeys(statement.expression.reads, k))
        end = len(self.statements)
        for output in self.loop.body.outputs:
            if output in self.pending:
                last_read.update(dict.fromkeys(self.pending[output].reads, end))
        for before, after in zip(self.carried, self.loop.body.outputs, strict=False):
            if self.direct.get(after) is not before and after is not before:
                last_read[after] = end
        return [
            node
            for node, before in self.direct.items()
            if last_read.get(before, -1) > at[node] or (not self._certain(node) and last_read.get(node, -1) > at[node])
        ]

    def _certain(self, node: Node) -> bool:
        """Whether a value that is carried on certainly lies row by row, or is a scalar of NumPy."""
        if node in self.constants and not node.ndim:
            return self.known.certain(self.loop.node.inputs[self.loop.body.inputs.index(node)])
        return self.inner.certain(node)

    def _text(self, node: Node) -> Expression:
        called = self._name(node, node)
        return self.pending.get(node) or (literal(node) if called is None else Expression(called))

    def write(self, page: Page, title: str) -> None:
        loop = self.loop
        inside = starts_inside(loop.node)
        start = loop.split(loop.node.inputs)[0]
        given = [self.names[n] for k, n in enumerate(self.carried) if k not in inside]
        given += [self.arrays[n] for n in self.rows] + [self.names[n] for n in self.constants]
        page.listed(f"def {title}(", given, "):")
        page.docstring(self._about(), indent=4)
        for k, (value, node) in enumerate(zip(start, self.carried, strict=True)):
            name = self.names[node]
            if k in inside:
                page.line(f"{name} = {_start(value)}", 4)
            elif not self.known.certain(value):
                page.line(f"{name} = {_laid_out(name, node)}", 4)
        for node, name in self.stacked:
            kind = "" if node.dtype.name == "float64" else f", dtype={name_of(node.dtype)}"
            shape = (loop.length, *node.shape)
            page.line(f"{name} = np.empty({shape if node.shape else loop.length}{kind})", 4)
        order = f"range({loop.length})"
        page.line(f"for {self.turn} in {f'reversed({order})' if loop.reverse else order}:", 4)
        self._write_turn(page)
        page.listed(
            "return ", [*(self.names[n] for n in self.carried), *(name for _, name in self.stacked)], "", 4, ("(", ")")
        )

    def _write_turn(self, page: Page) -> None:
        for node in self.rows:
            page.line(f"{self.names[node]} = {self.arrays[node]}[{self.turn}]", _ROW)
        before = set(self.carried)
        self._write_stacked(page, [s for s in self.stacked if s[0] in before])
        for statement in self.statements:
            self._write_statement(page, statement)
        self._write_stacked(page, [s for s in self.stacked if s[0] not in before])
        copies = [
            (self.names[b], self._carried_on(a), a)
            for b, a in zip(self.carried, self.loop.body.outputs, strict=False)
            if a is not b and self.direct.get(a) is not b
        ]
        page.copies(copies, {self.names[n]: n for n in self.carried}, _ROW)
        if not (self.rows or self.statements or self.stacked or copies):
            page.line("pass", _ROW)

    def _write_stacked(self, page: Page, stacked: Sequence[tuple[Node, str]]) -> None:
        for node, name in stacked:
            page.line(f"{name}[{self.turn}] = {self._text(node).text}", _ROW)

    def _carried_on(self, node: Node) -> str:
        text = self._text(node)
        return text.text if self._certain(node) else _laid_out(text.at(ATOM), node)

    def _write_statement(self, page: Page, statement: Statement) -> None:
        node = statement.node
        called = [self._name(n, n) or "_" if n is not None else "_" for n in statement.targets]
        if node in self.direct and not self._certain(node):
            text = _laid_out(statement.expression.at(ATOM), node)
            statement = statement._replace(expression=statement.expression._replace(text=text))
        page.statement(statement, ", ".join(called), _ROW)

    def _about(self) -> str:
        """What the loop goes through, and what it carries."""
        loop = self.loop
        arrays = [self.arrays[n] for n in self.rows]
        turns = f"{loop.length} turn{'' if loop.length == 1 else 's'}"
        over = f"The rows of {_listed(arrays)} one by one" if arrays else turns[0].upper() + turns[1:]
        over += ", from the last to the first" if loop.reverse else ""
        carried = [self.names[n] for n in self.carried]
        if not carried:
            return f"{over}."
        return f"{over}; {_listed(carried)} {'is' if len(carried) == 1 else 'are'} carried from turn to turn."


def _several(row: str, whole: Node, around: Mapping[Node, str]) -> str:
    """What the array is called that a row is taken from."""
    of = whole.because and whole.because.of
    known = whole.name is not None or whole.op.name == "result" or of is not None
    return around[whole] if known and whole in around else f"{row}s"


def _result_name(node: Node, number: int, around: Mapping[Node, str]) -> str:
    """What a result is called where it is used, or after what it is in the loop."""
    for one, name in around.items():
        if one.op.name == "result" and one.inputs[0] is node and one.attributes["index"] == number:
            return name
    return of_loop(result(node, number)) or "ys"


def _start(node: Node) -> str:
    """The start value of what is carried, where it is no more than zeros or a number."""
    if not node.shape:
        return literal(node).text
    if not is_zeros(node):
        text = spelled(node.value)
        assert text is not None
        return text.text
    kind = "" if node.dtype.name == "float64" else f", dtype={name_of(node.dtype)}"
    return f"np.zeros({node.shape[0] if node.ndim == 1 else node.shape}{kind})"


def _laid_out(text: str, node: Node) -> str:
    return f"np.ascontiguousarray({text})" if node.ndim else f"{text}[()]"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
