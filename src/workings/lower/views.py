"""Where the elements of a value lie: a buffer, or the same buffer seen in another shape or order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workings.graph import Node
from workings.lower.loops import Access, Buffer

__all__ = ["VIEWS", "View", "row_by_row", "turned", "view", "whole"]

VIEWS = frozenset({"transpose", "reshape", "broadcast_to", "expand_dims", "squeeze", "flip", "stop_gradient"})


@dataclass(frozen=True)
class View:
    """The elements of `buffer` at `offset` and, for each axis, `strides`; counted in elements.

    In what is repeated, the offset grows in each turn by `turns`, outermost first.
    """

    buffer: Buffer
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    turns: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether these are all elements of the buffer, row by row."""
        size = 1
        for n in self.shape:
            size *= n
        return size == self.buffer.size and self.offset == 0 and not any(self.turns) and self.row_by_row

    @property
    def row_by_row(self) -> bool:
        pairs = zip(self.shape, self.strides, row_by_row(self.shape), strict=True)
        return 0 in self.shape or all(n == 1 or stride == wanted for n, stride, wanted in pairs)

    def access(self, axes: tuple[int, ...], shape: tuple[int, ...]) -> Access:
        """The element in a nest of loops that go over `shape`, to which this one broadcasts, along these axes."""
        missing = len(shape) - len(self.shape)
        strides = (0,) * missing + tuple(
            0 if n == 1 else stride for n, stride in zip(self.shape, self.strides, strict=True)
        )
        return Access(self.buffer, tuple(strides[axis] for axis in axes), self.offset, self.turns)


def row_by_row(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array that lies row by row."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def whole(buffer: Buffer) -> View:
    """All of a buffer."""
    return View(buffer, buffer.shape, row_by_row(buffer.shape))


def turned(x: View, axes: tuple[int, ...]) -> View:
    """The axes in another order."""
    return replace(x, shape=tuple(x.shape[a] for a in axes), strides=tuple(x.strides[a] for a in axes))


def view(node: Node, x: View) -> View | None:
    """The value of a node that only looks at `x` in another way; None where the elements have to be moved."""
    name, attributes = node.op.name, node.attributes
    if name == "stop_gradient":
        return x
    if name == "transpose":
        return turned(x, attributes["axes"])
    if name == "broadcast_to":
        strides = x.access(tuple(range(node.ndim)), node.shape).strides
        return replace(x, shape=node.shape, strides=strides)
    if name == "flip":
        axis = attributes["axis"]
        axes = (axis,) if isinstance(axis, int) else axis
        back = [a in axes and x.shape[a] > 0 for a in range(len(x.shape))]
        offset = sum(s * (n - 1) for s, n, t in zip(x.strides, x.shape, back, strict=True) if t)
        strides = tuple(-s if t else s for s, t in zip(x.strides, back, strict=True))
        return replace(x, strides=strides, offset=x.offset + offset)
    # the others keep the order of the elements
    if x.row_by_row:
        return replace(x, shape=node.shape, strides=row_by_row(node.shape))
    if [n for n in x.shape if n != 1] == [n for n in node.shape if n != 1]:
        rest = iter([s for n, s in zip(x.shape, x.strides, strict=True) if n != 1])
        return replace(x, shape=node.shape, strides=tuple(next(rest) if n != 1 else 0 for n in node.shape))
    return None
