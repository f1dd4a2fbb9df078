"""Long sums in blocks: each block is summed by itself, and then the sums of the blocks are.

So rounding errors grow with the length of a block and the number of blocks, not with the length of the sum, and
threads can share the blocks. Where a block ends hangs on shapes alone.

Source: Higham, The accuracy of floating point summation (1993), for the error of sums in blocks.
"""

from __future__ import annotations

from dataclasses import replace

from workings.lower.loops import Access, Buffer, Fold, Instruction, Kernel, Store, moved
from workings.lower.views import row_by_row

__all__ = ["in_blocks"]

_BLOCK = 8192
_FEW = 256  # results, up to which a sum of many turns is taken in blocks


def in_blocks(kernel: Kernel) -> list[Kernel]:
    """The kernel itself, or for a long fold the kernels of the blocks, of what is left over, and of their sums."""
    fold = kernel.fold
    if fold is None or kernel.folded != 1 or kernel.ordered or kernel.extents[-1] < 2 * _BLOCK:
        return [kernel]
    count = 1
    for n in kernel.outer:
        count *= n
    indexed = any(i.op == "index" and i.value == len(kernel.extents) - 1 for i in kernel.body)
    if count > _FEW or indexed:
        return [kernel]
    blocks, left = divmod(kernel.extents[-1], _BLOCK)
    places = blocks + (left > 0)
    outer = len(kernel.outer)
    partial = Buffer(f"{kernel.stores[0].access.buffer.name}.blocks", fold.dtype, (*kernel.outer, places), "scratch")
    strides = row_by_row(partial.shape)
    sums = [_block(kernel, partial, strides, blocks, _BLOCK, 0)]
    if left:
        sums.append(_block(kernel, partial, strides, 1, left, blocks))
    load = Instruction("load", fold.dtype, access=Access(partial, strides))
    how = "sum" if fold.how == "dot" else fold.how
    last = replace(
        kernel,
        extents=(*kernel.extents[:outer], places),
        body=(load,),
        fold=Fold(how, fold.dtype, (load,)),
    )
    return [*sums, last]


def _block(kernel: Kernel, partial: Buffer, strides: tuple[int, ...], count: int, length: int, first: int) -> Kernel:
    """So many blocks of this length, from the one with the number `first` on."""
    assert kernel.fold is not None

    def body(access: Access) -> Access:
        step = access.strides[-1]
        offset = access.offset + step * first * _BLOCK
        return replace(access, strides=(*access.strides[:-1], step * _BLOCK, step), offset=offset)

    other = moved(replace(kernel, after=(), stores=()), body, lambda access: access)
    value = Instruction("fold", kernel.fold.dtype)
    store = Store(Access(partial, strides, first), value)
    return replace(other, extents=(*kernel.outer, count, length), after=(value,), stores=(store,))
