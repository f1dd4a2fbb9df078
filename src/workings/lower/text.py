"""Loops as text, to be read."""

from __future__ import annotations

from workings.lower.loops import Access, Buffer, Instruction, Kernel, Loops

__all__ = ["loops_text"]

_INDICES = "ijklmnpqrstuvw"


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
    for kernel in loops.kernels:
        lines += ["", *(indent + line for line in _kernel(kernel))]
    if loops.training is not None:
        t = loops.training
        lines += ["", f"    losses[step] = {t.loss.name}", f"    leave if not {t.finite.name} or {t.stop.name}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _declared(buffer: Buffer) -> str:
    shape = f"[{','.join(map(str, buffer.shape))}]" if buffer.shape else ""
    return f"{buffer.name}: {buffer.dtype.name}{shape} ({buffer.role})"


def _kernel(kernel: Kernel) -> list[str]:
    lines: list[str] = []
    depth = 0
    outer = len(kernel.outer)
    for axis, extent in enumerate(kernel.extents):
        word = "for" if axis < outer else "fold"
        by = f" by {kernel.width}" if axis == kernel.axis else ""
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
    lines += [f"{'  ' * depth}store {_place(access)} = {names[i]}" for access, i in kernel.stores]
    return lines


def _how(kernel: Kernel) -> str:
    assert kernel.fold is not None
    return f"{kernel.fold.how} of"


def _instruction(kernel: Kernel, instruction: Instruction, names: dict[Instruction, str]) -> str:
    name = names[instruction] = f"t{len(names)}"
    if instruction.access is not None:
        return f"{name} = load {_place(instruction.access)}"
    if instruction.op == "constant":
        return f"{name} = {instruction.value} ({instruction.dtype.name})"
    if instruction.op == "fold":
        assert kernel.fold is not None
        return f"{name} = {kernel.fold.how} {', '.join(names[i] for i in kernel.fold.inputs)}"
    to = f" to {instruction.dtype.name}" if instruction.op == "convert" else ""
    return f"{name} = {instruction.op} {', '.join(names[i] for i in instruction.inputs)}{to}"


def _place(access: Access) -> str:
    terms = [
        _INDICES[axis] if stride == 1 else f"{stride}{_INDICES[axis]}"
        for axis, stride in enumerate(access.strides)
        if stride
    ]
    if access.offset:
        terms.append(str(access.offset))
    return f"{access.buffer.name}[{' + '.join(terms)}]"
