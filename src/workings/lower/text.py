"""Loops as text, to be read."""

from __future__ import annotations

from collections.abc import Sequence

from workings.lower.loops import Access, Buffer, Instruction, Kernel, Loops, Repeat, Store

__all__ = ["loops_text"]

_INDICES = "ijklmnpqrstuvw"
_TURNS = "abcdefgh"


def loops_text(loops: Loops) -> str:
    """The loops as lines, indented as they nest.

    >>> import numpy as np
    >>> import workings.ops
    >>> from workings.graph import Graph, call, input_node
    >>> from workings.lower import lower_graph
    >>> x = input_node("x", (3, 4), "float64")
    >>> print(loops_text(lower_graph(Graph([x], [call("sum", call("square", x), label="y")]))), end="")
    loops f
      x: float64[3,4] (data)
      y: float64 (output)
    <BLANKLINE>
      fold i in 12 by 8: sum of
        t0 = load x[i]
        t1 = multiply t0, t0
      then
        t2 = sum t1
        store y[] = t2
    """
    lines = [f"loops {loops.name}"]
    lines += [f"  {_declared(buffer)}" for buffer in loops.buffers]
    indent = "  "
    if loops.training is not None:
        lines += ["", "  for step in first .. last:"]
        indent = "    "
    t = loops.training
    if t is not None and t.final is not None:
        lines += ["", f"    if step is the last of each {t.batches}:"]
        lines += _parts(t.final, indent + "  ", 0)
        lines += ["", "    otherwise:"]
        indent += "  "
    lines += _parts(loops.kernels, indent, 0)
    if t is not None:
        lines += ["", f"    losses[step] = {t.loss.name}", f"    leave if not {t.finite.name} or {t.stop.name}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _parts(parts: Sequence[Kernel | Repeat], indent: str, depth: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Repeat):
            lines += ["", f"{indent}repeat {_TURNS[depth]} in {part.length}:"]
            lines += _parts(part.body, indent + "  ", depth + 1)
        else:
            lines += ["", *(indent + line for line in _kernel(part))]
    return lines


def _declared(buffer: Buffer) -> str:
    shape = f"[{','.join(map(str, buffer.shape))}]" if buffer.shape else ""
    return f"{buffer.name}: {buffer.dtype.name}{shape} ({buffer.role})"


def _kernel(kernel: Kernel) -> list[str]:
    lines: list[str] = []
    depth = 0
    outer = len(kernel.outer)
    for axis, extent in enumerate(kernel.extents):
        word = "for" if axis < outer else "fold"
        by = f" by {kernel.width}" if axis == kernel.axis else " in order" if axis in kernel.ordered else ""
        end = ":" if word == "for" or axis < len(kernel.extents) - 1 else f": {_how(kernel)}"
        lines.append(f"{'  ' * depth}{word} {_INDICES[axis]} in {extent}{by}{end}")
        depth += 1
    if kernel.fold is not None and not kernel.folded:
        lines.append(f"{'  ' * depth}fold once: {_how(kernel)}")
        depth += 1
    names: dict[Instruction, str] = {}
    lines += [f"{'  ' * depth}{_instruction(kernel, i, names)}" for i in kernel.body]
    if kernel.fold is not None:
        depth = outer
        lines.append(f"{'  ' * depth}then")
        depth += 1
    lines += [f"{'  ' * depth}{_instruction(kernel, i, names)}" for i in kernel.after]
    lines += [f"{'  ' * depth}{_store(store, names)}" for store in kernel.stores]
    if kernel.again is not None:
        lines.append(f"{'  ' * depth}again if {names[kernel.again]}")
    return lines


def _store(store: Store, names: dict[Instruction, str]) -> str:
    place = _place(store.access, [names[i] for i in store.indices])
    return f"{'store' if store.how == 'set' else store.how} {place} = {names[store.value]}"


def _how(kernel: Kernel) -> str:
    assert kernel.fold is not None
    return f"{kernel.fold.how} of"


def _instruction(kernel: Kernel, instruction: Instruction, names: dict[Instruction, str]) -> str:
    name = names[instruction] = f"t{len(names)}"
    if instruction.access is not None:
        return f"{name} = load {_place(instruction.access, [names[i] for i in instruction.inputs])}"
    if instruction.op in ("index", "turn"):
        return f"{name} = {(_INDICES if instruction.op == 'index' else _TURNS)[instruction.value]}"
    if instruction.op == "times":
        return f"{name} = times"
    if instruction.op in ("wrapped", "within"):
        return f"{name} = {names[instruction.inputs[0]]} {instruction.op} {instruction.value}"
    if instruction.op == "constant":
        return f"{name} = {instruction.value} ({instruction.dtype.name})"
    if instruction.op == "fold":
        assert kernel.fold is not None
        return f"{name} = {kernel.fold.how} {', '.join(names[i] for i in kernel.fold.inputs)}"
    to = f" to {instruction.dtype.name}" if instruction.op == "convert" else ""
    return f"{name} = {instruction.op} {', '.join(names[i] for i in instruction.inputs)}{to}"


def _place(access: Access, indices: Sequence[str] = ()) -> str:
    loops = [
        *zip(_TURNS, access.turns, strict=False),
        *zip(_INDICES, access.strides, strict=False),
        *zip(indices, access.by, strict=True),
    ]
    terms = [name if stride == 1 else f"{stride}{name}" for name, stride in loops if stride]
    if access.offset:
        terms.append(str(access.offset))
    return f"{access.buffer.name}[{' + '.join(terms)}]"
