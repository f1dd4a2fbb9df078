"""A graph, or a program with its loop over the steps, as loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from workings.errors import UnsupportedError
from workings.graph import Graph, Node, Program
from workings.lower.elements import BOOL, DTYPES, constant, convert, elementwise, has
from workings.lower.fuse import collapse, fuse, lanes
from workings.lower.loops import Access, Buffer, Fold, Instruction, Kernel, Loops, Training, moved
from workings.lower.verify import verify_loops
from workings.lower.views import VIEWS, View, row_by_row, view
from workings.ops.reduce import reduced_axes

__all__ = ["lower_graph", "lower_program"]

_FOLDS = {"sum": "sum", "mean": "sum", "max": "maximum", "min": "minimum", "all": "and", "any": "or"}


def lower_graph(graph: Graph, target: str = "loops") -> Loops:
    """A graph as kernels that run once; `UnsupportedError`, which names `target`, for an op they do not have."""
    _check(graph, target)
    low = _Lowering(graph, lambda node: "data")
    results = low.results(graph.outputs)
    kernels = fuse(low.kernels, results)
    outputs = {b: replace(b, role="output") for b in results}
    kernels = [_exchanged(kernel, outputs) for kernel in kernels]
    given = tuple(low.views[node].buffer for node in graph.inputs)
    return _finished(graph.name, given, tuple(outputs[b] for b in results), low, kernels, None)


def lower_program(program: Program, target: str = "loops") -> Loops:
    """The steps of a program as kernels that run again and again.

    What is carried is written where it lies if nothing reads the old value later on, and otherwise kept apart until
    the end of the step. Raises `UnsupportedError` as `lower_graph` does, and for batches.
    """
    if program.feed is not None or program.final is not None:
        raise UnsupportedError(
            f"{target} cannot take batches from the data yet", fix="all the data in each step, or engine='numpy'"
        )
    step = program.step
    _check(step, target)
    carried = {c.input for c in program.carry}
    low = _Lowering(step, lambda node: "carry" if node in carried else str(node.role))
    # what is carried on as it is needs no kernel
    changing = [c for c in program.carry if c.output is not c.input]
    loss, finite, stop, *after = low.results([*step.outputs[:3], *(c.output for c in changing)])
    kernels = fuse(low.kernels, [loss, finite, stop, *after])
    copies: list[Kernel] = []
    for c, new in zip(changing, after, strict=True):
        place = low.views[c.input].buffer
        if _in_place(kernels, place, new):
            kernels = [_exchanged(kernel, {new: place}) for kernel in kernels]
        else:
            copies.append(_copy(View(new, place.shape, row_by_row(place.shape)), place))
    given = tuple(low.views[node].buffer for node in program.inputs)
    results = tuple(low.views[c.input].buffer for c in program.carry)
    counter = None if program.counter is None else low.views[program.counter].buffer
    training = Training(loss, finite, stop, counter)
    return _finished(step.name, given, results, low, [*kernels, *copies], training)


def _finished(
    name: str,
    given: tuple[Buffer, ...],
    results: tuple[Buffer, ...],
    low: _Lowering,
    kernels: Sequence[Kernel],
    training: Training | None,
) -> Loops:
    kernels = tuple(lanes(collapse(kernel)) for kernel in kernels if kernel.stores)
    buffers = dict.fromkeys([*(low.views[node].buffer for node in low.graph.inputs), *results])
    for kernel in kernels:
        buffers |= dict.fromkeys(access.buffer for access in (*kernel.reads(), *kernel.writes()))
    return verify_loops(Loops(name, given, results, tuple(buffers), kernels, training))


def _check(graph: Graph, target: str) -> None:
    for node in graph.nodes:
        strange = next((x for x in (node, *node.inputs) if x.dtype not in DTYPES), None)
        known = node.is_input or node.is_constant or node.op.name in (*VIEWS, *_FOLDS, "matmul") or has(node)
        if strange is None and known:
            continue
        what = f"{node.op.name} of {node.name or 'a value'}" if node.is_input or node.is_constant else node.op.name
        of = f" on {strange.dtype.name}" if strange is not None else ""
        if strange is None and not known and any(i.dtype.kind != "f" for i in node.inputs):
            of = f" on {', '.join(dict.fromkeys(i.dtype.name for i in node.inputs))}"
        raise UnsupportedError(
            f"{target} has no {what}{of}", where=node.origin, fix="engine='numpy', which has every op"
        )


class _Lowering:
    """The kernels of a graph, one for each value that needs memory, and where the values lie."""

    def __init__(self, graph: Graph, role: Callable[[Node], str]) -> None:
        self.graph = graph
        self.views: dict[Node, View] = {}
        self.kernels: list[Kernel] = []
        self._names: dict[str, int] = {}
        outputs = set(graph.outputs)
        self._inline = {node for node in graph.nodes if node not in outputs and self._is_inline(node)}
        for node in graph.inputs:
            self.views[node] = _whole(self._buffer(node, role(node)))
        for node in graph.nodes[len(graph.inputs) :]:
            if node not in self._inline:
                self._lower(node)

    def results(self, outputs: Sequence[Node]) -> list[Buffer]:
        """A buffer of its own for each output, written row by row."""
        results: list[Buffer] = []
        for node in outputs:
            found = self.views[node]
            if found.buffer.role != "scratch" or not found.whole or found.buffer in results:
                buffer = self._buffer(node, "scratch")
                self.kernels.append(_copy(found, buffer))
                results.append(buffer)
            else:
                results.append(found.buffer)
        return results

    def _is_inline(self, node: Node) -> bool:
        """Whether a value is computed where it is used, in the same turn: it is used once, and as it is."""
        users = self.graph.users[node]
        if len(users) != 1 or not _is_element(node):
            return False
        (user,) = users
        if user.op.name in _FOLDS:
            return True
        return _is_element(user) and user.shape == node.shape

    def _buffer(self, node: Node, role: str, value: np.ndarray | None = None) -> Buffer:
        name = self.graph.names.get(node) or node.op.name
        count = self._names[name] = self._names.get(name, 0) + 1
        return Buffer(name if count == 1 else f"{name}.{count}", node.dtype, node.shape, role, value)

    def _lower(self, node: Node) -> None:
        if node.is_constant:
            self.views[node] = _whole(self._buffer(node, "constant", np.asarray(node.value, order="C")))
        elif node.op.name in VIEWS:
            x = self.views[node.inputs[0]]
            found = view(node, x)
            if found is None:
                buffer = self._buffer(node.inputs[0], "scratch")
                self.kernels.append(_copy(x, buffer))
                found = view(node, _whole(buffer))
            assert found is not None
            self.views[node] = found
        else:
            buffer = self._buffer(node, "scratch")
            self.views[node] = _whole(buffer)
            make = _OTHERS.get(node.op.name, _Lowering._fold if node.op.name in _FOLDS else _Lowering._map)
            self.kernels.append(make(self, node, buffer))

    def _map(self, node: Node, buffer: Buffer) -> Kernel:
        axes = _loops(node.shape)
        body, value = self._expression(node, axes, compute=True)
        store = _whole(buffer).access(axes, node.shape)
        return Kernel(tuple(node.shape[a] for a in axes), 0, tuple(body), None, (), ((store, value),))

    def _fold(self, node: Node, buffer: Buffer) -> Kernel:
        (x,) = node.inputs
        reduced = reduced_axes(node)
        kept = tuple(a for a in _loops(x.shape) if a not in reduced)
        folded = tuple(a for a in _loops(x.shape) if a in reduced)
        body, value = self._expression(x, (*kept, *folded), compute=x in self._inline)
        value = convert(value, node.dtype)
        body += _steps_to(value, body)
        how = _FOLDS[node.op.name]
        how = "or" if how == "maximum" and node.dtype == BOOL else how
        how = "and" if how == "minimum" and node.dtype == BOOL else how
        after = [Instruction("fold", node.dtype)]
        if node.op.name == "mean":
            count = constant(int(np.prod([x.shape[a] for a in reduced], dtype=np.int64)), node.dtype)
            after += [count, Instruction("divide", node.dtype, (after[0], count))]
        extents = tuple(x.shape[a] for a in (*kept, *folded))
        store = Access(buffer, row_by_row(tuple(x.shape[a] for a in kept)))
        fold = Fold(how, node.dtype, (value,))
        return Kernel(extents, len(folded), tuple(body), fold, tuple(after), ((store, after[-1]),))

    def _product(self, node: Node, buffer: Buffer) -> Kernel:
        """A sum of products for each element of the result, over the last axis of the first and the first of the
        second; a vector is a matrix of one row, or of one column."""
        a, b = (self.views[i] for i in node.inputs)
        if len(a.shape) == 1:
            a = replace(a, shape=(1, *a.shape), strides=(0, *a.strides))
        if len(b.shape) == 1:
            b = replace(b, shape=(*b.shape, 1), strides=(*b.strides, 0))
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*batch, a.shape[-2], b.shape[-1], a.shape[-1])
        first = View(a.buffer, (*a.shape[:-1], 1, a.shape[-1]), (*a.strides[:-1], 0, a.strides[-1]), a.offset)
        second = View(
            b.buffer,
            (*b.shape[:-2], 1, b.shape[-1], b.shape[-2]),
            (*b.strides[:-2], 0, b.strides[-1], b.strides[-2]),
            b.offset,
        )
        axes = _loops(shape)
        body: list[Instruction] = []
        factors: list[Instruction] = []
        for x in (first, second):
            load = _read(x, axes, shape)
            factor = convert(load, node.dtype)
            body += [load, *_steps_to(factor, [load])]
            factors.append(factor)
        outer = tuple(n for n in shape[:-1] if n != 1)
        result = Instruction("fold", node.dtype)
        store = Access(buffer, row_by_row(outer))
        folded = int(shape[-1] != 1)
        fold = Fold("dot", node.dtype, (factors[0], factors[1]))
        return Kernel(tuple(shape[a] for a in axes), folded, tuple(body), fold, (result,), ((store, result),))

    def _outer(self, node: Node, buffer: Buffer) -> Kernel:
        axes = _loops(node.shape)
        a, b = (self.views[i] for i in node.inputs)
        column = replace(a, shape=(*a.shape, 1), strides=(*a.strides, 0))
        loads = [_read(x, axes, node.shape) for x in (column, b)]
        body = [*loads, *elementwise(node, loads)]
        store = _whole(buffer).access(axes, node.shape)
        return Kernel(tuple(node.shape[a] for a in axes), 0, tuple(body), None, (), ((store, body[-1]),))

    def _expression(self, node: Node, axes: tuple[int, ...], compute: bool) -> tuple[list[Instruction], Instruction]:
        """The instructions for an element of `node`, in loops over these axes of its shape, and the one that is its
        value. It is computed, with all that is computed in place, or loaded."""
        inner: set[Node] = set()
        todo = [node] if compute else []
        while todo:
            some = todo.pop()
            inner.add(some)
            todo.extend(i for i in some.inputs if i in self._inline)
        body: list[Instruction] = []
        values: dict[Node, Instruction] = {}
        order = sorted(inner, key=lambda n: n.serial)
        leaves = dict.fromkeys(i for some in order for i in some.inputs if i not in inner) if compute else [node]
        for leaf in leaves:
            values[leaf] = _read(self.views[leaf], axes, node.shape)
            body.append(values[leaf])
        for some in order:
            given = [values[i] for i in some.inputs]
            made = elementwise(some, given)
            body += [i for i in made if i not in given]
            values[some] = made[-1]
        return body, values[node]


def _is_element(node: Node) -> bool:
    return not node.is_input and not node.is_constant and node.op.name not in (*VIEWS, *_OTHERS) and has(node)


_OTHERS = {"matmul": _Lowering._product, "outer": _Lowering._outer}


def _whole(buffer: Buffer) -> View:
    return View(buffer, buffer.shape, row_by_row(buffer.shape))


def _read(x: View, axes: tuple[int, ...], shape: tuple[int, ...]) -> Instruction:
    """An element of `x`, in loops along these axes of a shape that it broadcasts to."""
    if x.buffer.value is not None and x.buffer.size == 1:
        return constant(x.buffer.value.item(), x.buffer.dtype)
    return Instruction("load", x.buffer.dtype, access=x.access(axes, shape))


def _loops(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that need a loop."""
    return tuple(a for a, n in enumerate(shape) if n != 1)


def _steps_to(value: Instruction, known: Sequence[Instruction]) -> list[Instruction]:
    """What a conversion adds to the instructions that are there."""
    if value in known:
        return []
    return [*(i for i in value.inputs if i not in known), value]


def _copy(source: View, target: Buffer) -> Kernel:
    axes = _loops(source.shape)
    load = _read(source, axes, source.shape)
    store = View(target, source.shape, row_by_row(source.shape)).access(axes, source.shape)
    return Kernel(tuple(source.shape[a] for a in axes), 0, (load,), None, (), ((store, load),))


def _exchanged(kernel: Kernel, new: dict[Buffer, Buffer]) -> Kernel:
    def change(access: Access) -> Access:
        return replace(access, buffer=new.get(access.buffer, access.buffer))

    return moved(kernel, change, change)


def _in_place(kernels: Sequence[Kernel], old: Buffer, new: Buffer) -> bool:
    """Whether the new value may take the place of the old one when it is written: nothing reads the old one later,
    and in the turn that writes an element only that element is read."""
    writer = next(k for k, kernel in enumerate(kernels) if any(a.buffer is new for a in kernel.writes()))
    for k, kernel in enumerate(kernels):
        if not any(access.buffer is old for access in kernel.reads()):
            continue
        if k > writer:
            return False
        if k == writer:
            (store,) = (access for access in kernel.writes() if access.buffer is new)
            wanted = replace(store, buffer=old)
            reads = [i.access for i in kernel.instructions if i.access is not None and i.access.buffer is old]
            if any(access != wanted for access in reads):
                return False
            if kernel.fold is not None and any(i.access in reads for i in kernel.body if i.access is not None):
                return False
    return True
