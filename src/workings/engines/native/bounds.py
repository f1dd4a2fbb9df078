"""LLVM's text in which every load and store is held against the bounds of its buffer, for tests.

One that would leave its buffer is counted, and made in a place apart instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from workings.lower import Buffer

__all__ = ["WITHIN", "with_bounds"]

_BYTES = {"i1": 1, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8}
_MOVED = re.compile(r"  (%\S+) = getelementptr .*?, ptr (%[\w.]+)")
_PLACE = re.compile(r"ptr (%[\w.]+)")
_KIND = re.compile(r"(?:load|store|atomicrmw \w+ ptr %[\w.]+,) (?:<(\d+) x (\w+)>|(\w+))")

# the entry of the module puts the address of the counts, one for each buffer, into @counts
WITHIN = """\
@counts = internal global ptr null
@apart = internal global [1024 x i8] zeroinitializer, align 64
define internal ptr @within(ptr %place, i64 %bytes, ptr %start, i64 %size, i64 %number) noinline {
  %a = ptrtoint ptr %place to i64
  %b = ptrtoint ptr %start to i64
  %low = sub i64 %a, %b
  %high = add i64 %low, %bytes
  %after = icmp sge i64 %low, 0
  %before = icmp sle i64 %high, %size
  %good = and i1 %after, %before
  br i1 %good, label %in, label %out
in:
  ret ptr %place
out:
  %counts = load ptr, ptr @counts
  %count = getelementptr i64, ptr %counts, i64 %number
  %old = atomicrmw add ptr %count, i64 1 monotonic
  ret ptr @apart
}"""


def with_bounds(lines: Iterable[str], buffers: Mapping[str, tuple[Buffer, int]]) -> list[str]:
    """The lines of a function, in which these names are the addresses of buffers, each with its number."""
    roots = {name: name for name in buffers}
    result: list[str] = []
    for line in lines:
        moved = _MOVED.match(line)
        if moved and moved[2] in roots:
            roots[moved[1]] = roots[moved[2]]
        kind, place = _KIND.search(line), _PLACE.search(line)
        if moved or kind is None or place is None or place[1] not in roots:
            # an address that left its buffer is a number as any other here
            result.append(line.replace("getelementptr inbounds", "getelementptr"))
            continue
        root = roots[place[1]]
        buffer, number = buffers[root]
        count = int(kind[1] or 1) * _BYTES[kind[2] or kind[3]]
        size = buffer.size * buffer.dtype.itemsize
        name = f"%within{len(result)}"
        given = f"ptr {place[1]}, i64 {count}, ptr {root}, i64 {size}, i64 {number}"
        result.append(f"  {name} = call ptr @within({given})")
        result.append(line.replace(place[0], f"ptr {name}", 1))
    return result
