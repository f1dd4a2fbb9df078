"""The kernels of a graph under way: where each value lies, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from workings.errors import UnsupportedError
from workings.graph import Graph, Node
from workings.lower.elements import DTYPES, MATHS, constant, elementwise, has
from workings.lower.loops import MOST, Buffer, Instruction, Kernel, Repeat, Store, exchanged
from workings.lower.views import VIEWS, View, view, whole

__all__ = ["Lowering", "Rule", "loops_over", "read"]

Rule = Callable[["Lowering", Node], "View | dict[int, View]"]


class Lowering:
    """The kernels of a graph, one for each value that needs memory, and where the values lie.

    `rules` has by op what is neither elementwise nor a view. A rule adds kernels and returns where the value lies;
    of a node with several results those that are read, by their numbers. The inputs are taken from `given`; within a
    loop of the graph `turns` says how many loops there are around.
    """

    def __init__(
        self,
        graph: Graph,
        given: Mapping[Node, View],
        rules: Mapping[str, Rule],
        target: str,
        outside: Lowering | None = None,
    ) -> None:
        self.graph = graph
        self.rules = rules
        self.target = target
        self.views: dict[Node, View] = dict(given)
        self._given = {found.buffer for found in given.values()}
        self.several: dict[Node, dict[int, View]] = {}
        self.parts: list[Kernel | Repeat] = []
        self.bordered: dict[tuple[View, tuple[tuple[int, int], ...]], View] = {}
        self.turns: int = 0 if outside is None else outside.turns + 1
        self._names: dict[str, int] = {} if outside is None else outside._names
        if outside is None:
            for found in given.values():
                self._names[found.buffer.name] = 1
        outputs = set(graph.outputs)
        for node in graph.nodes:
            self._check(node)
        self.inlined: set[Node] = set()
        sizes: dict[Node, int] = {}
        for node in graph.nodes:
            sizes[node] = 20 if node.op.name in MATHS else 1
            sizes[node] += sum(sizes[i] for i in node.inputs if i in self.inlined)
            # a chain without an end would take long to compile in one piece
            if node not in outputs and sizes[node] < MOST and self._is_inline(node):
                self.inlined.add(node)
        for node in graph.nodes[len(graph.inputs) :]:
            if node not in self.inlined:
                self._lower(node)

    def _check(self, node: Node) -> None:
        op = node.op.name
        several = node.op.results is not None
        values = [x for x in (*node.inputs, node) if x.op.results is None]
        strange = next((x for x in values if x.dtype not in DTYPES), None)
        known = node.is_input or node.is_constant or several or op in VIEWS or op in self.rules or has(node)
        if strange is None and known:
            return
        what = f"{op} of {node.name or 'a value'}" if node.is_input or node.is_constant else op
        of = f" on {strange.dtype.name}" if strange is not None else ""
        if strange is None and any(i.dtype.kind != "f" for i in node.inputs):
            of = f" on {', '.join(dict.fromkeys(i.dtype.name for i in node.inputs))}"
        raise UnsupportedError(
            f"{self.target} has no {what}{of}", where=node.origin, fix="engine='numpy', which has every op"
        )

    def results(self, outputs: Sequence[Node]) -> list[Buffer]:
        """A buffer of its own for each output, written row by row."""
        results: list[Buffer] = []
        for node in outputs:
            found = self.views[node]
            own = found.buffer.role == "scratch" and found.buffer not in self._given
            if not own or not found.whole or found.buffer in results:
                buffer = self.buffer(node)
                self.copy(found, whole(buffer))
                results.append(buffer)
            elif found.buffer.shape != node.shape:
                results.append(self._reshaped(found.buffer, node.shape))
            else:
                results.append(found.buffer)
        return results

    def _reshaped(self, old: Buffer, shape: tuple[int, ...]) -> Buffer:
        """The same memory, declared in another shape: an access counts elements."""
        new = replace(old, shape=shape)
        self.parts = exchanged(self.parts, {old: new})
        self.views = {n: replace(v, buffer=new) if v.buffer is old else v for n, v in self.views.items()}
        return new

    def _is_inline(self, node: Node) -> bool:
        """Whether a value is computed where it is used, in the same turn: it is used once, and as it is."""
        users = self.graph.users[node]
        if len(users) != 1:
            return False
        (user,) = users
        rule = self.rules.get(user.op.name)
        if not self.is_element(node):
            takes = getattr(rule, "takes", None)
            return takes is not None and takes(user, node)
        if rule is not None:
            return getattr(rule, "inlines", False)
        return self.is_element(user) and user.shape == node.shape

    def is_element(self, node: Node) -> bool:
        """Whether the value is computed element by element."""
        return not (node.is_input or node.is_constant or node.op.name in VIEWS or node.op.name in self.rules) and has(
            node
        )

    # ── memory ──────────────────────────────────────────────────────────────────────────────────────────────
    def buffer(
        self,
        node: Node,
        shape: tuple[int, ...] | None = None,
        dtype: np.dtype | None = None,
        value: np.ndarray | None = None,
    ) -> Buffer:
        """A new buffer named after a node, for its value or one of another shape or dtype that goes before it."""
        name = self.graph.names.get(node) or node.name or node.op.name
        count = self._names[name] = self._names.get(name, 0) + 1
        role = "scratch" if value is None else "constant"
        shape = node.shape if shape is None else shape
        return Buffer(name if count == 1 else f"{name}.{count}", dtype or node.dtype, shape, role, value)

    def copy(self, source: View, target: View) -> None:
        """A kernel that moves the elements of one view to another of the same shape."""
        axes = loops_over(source.shape)
        load = read(source, axes, source.shape)
        store = Store(target.access(axes, source.shape), load)
        self.parts.append(Kernel(tuple(source.shape[a] for a in axes), 0, (load,), None, (), (store,)))

    def fill(self, target: View, value: float) -> None:
        """A kernel that writes one number to every element."""
        axes = loops_over(target.shape)
        number = constant(value, target.buffer.dtype)
        store = Store(target.access(axes, target.shape), number)
        self.parts.append(Kernel(tuple(target.shape[a] for a in axes), 0, (number,), None, (), (store,)))

    def compact(self, node: Node, x: View) -> View:
        """The same elements in a buffer of their own, row by row, unless they lie so already."""
        if x.row_by_row:
            return x
        target = whole(self.buffer(node, x.shape, x.buffer.dtype))
        self.copy(x, target)
        return target

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────
    def _lower(self, node: Node) -> None:
        if node.is_constant:
            self.views[node] = whole(self.buffer(node, value=np.asarray(node.value, order="C")))
        elif node.op.name in VIEWS:
            x = self.views[node.inputs[0]]
            found = view(node, x) or view(node, self.compact(node.inputs[0], x))
            assert found is not None
            self.views[node] = found
        elif node.op.name in self.rules:
            lies = self.rules[node.op.name](self, node)
            if isinstance(lies, View):
                self.views[node] = lies
            else:
                self.several[node] = lies
        else:
            self.views[node] = self._map(node)

    def _map(self, node: Node) -> View:
        axes = loops_over(node.shape)
        body, value = self.expression(node, axes, compute=True)
        result = whole(self.buffer(node))
        store = Store(result.access(axes, node.shape), value)
        self.parts.append(Kernel(tuple(node.shape[a] for a in axes), 0, tuple(body), None, (), (store,)))
        return result

    def expression(
        self, node: Node, axes: tuple[int, ...], compute: bool | None = None
    ) -> tuple[list[Instruction], Instruction]:
        """The instructions for an element of `node`, in loops over these axes of its shape, and the one that is its
        value. It is computed, with all that is computed in place, or loaded; by default as it was found to be."""
        compute = node in self.inlined if compute is None else compute
        inner: set[Node] = set()
        todo = [node] if compute else []
        while todo:
            some = todo.pop()
            inner.add(some)
            todo.extend(i for i in some.inputs if i in self.inlined)
        body: list[Instruction] = []
        values: dict[Node, Instruction] = {}
        order = sorted(inner, key=lambda n: n.serial)
        leaves = dict.fromkeys(i for some in order for i in some.inputs if i not in inner) if compute else [node]
        for leaf in leaves:
            values[leaf] = read(self.views[leaf], axes, node.shape)
            body.append(values[leaf])
        for some in order:
            given = [values[i] for i in some.inputs]
            made = elementwise(some, given)
            body += [i for i in made if i not in given]
            values[some] = made[-1]
        return body, values[node]


def read(x: View, axes: tuple[int, ...], shape: tuple[int, ...]) -> Instruction:
    """An element of `x`, in loops along these axes of a shape that it broadcasts to."""
    if x.buffer.value is not None and x.buffer.size == 1:
        return constant(x.buffer.value.item(), x.buffer.dtype)
    return Instruction("load", x.buffer.dtype, access=x.access(axes, shape))


def loops_over(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that need a loop."""
    return tuple(a for a, n in enumerate(shape) if n != 1)
