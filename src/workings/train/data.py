"""Data: files of the IDX format, as MNIST comes in, and a split into training and validation."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workings.errors import ArgumentError
from workings.trace.trees import flatten, rebuild
from workings.train.arguments import spelled
from workings.train.checks import check_count, check_number

__all__ = ["read_idx", "split"]

# the third byte of a file says what its values are; they are written with the most significant byte first
_DTYPES: Mapping[int, str] = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array in a file of the IDX format, gzipped or not: the images and labels of MNIST and its kin.

    The array has the shape and the dtype that the file says, uint8, int8, int16, int32, float32 or float64, in the
    byte order of the machine; it is a copy of its own, and may be written to.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(path)
    array([7, 2, 1], dtype=uint8)

    Raises `ArgumentError` where there is no such file, and for one that is of another format, has been cut off, or
    holds more than it says.

    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits (1998), section on file formats.
    """
    where = Path(path)
    try:
        content = where.read_bytes()
    except OSError as error:
        raise ArgumentError(
            f"{where} cannot be read: {error.strerror or error}",
            fix="the path of a file such as train-images-idx3-ubyte.gz",
        ) from None
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(where, f"cannot be unpacked: {error}") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES:
        begins = f"it begins with {content[:4].hex(' ')}" if content else "it is empty"
        raise ArgumentError(
            f"{where} is no IDX file: {begins}",
            fix="a file that begins with 00 00, the kind of its values and the number of its axes",
        )
    axes, dtype = content[3], np.dtype(_DTYPES[content[2]])
    start = 4 + 4 * axes
    if len(content) < start:
        raise _damaged(where, f"ends before the lengths of its {axes} axes")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", axes, offset=4))
    wanted, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found != wanted:
        raise _damaged(where, f"has {found:,} bytes of values, and an array of shape {shape} needs {wanted:,}")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def _damaged(where: Path, how: str) -> ArgumentError:
    return ArgumentError(f"{where} {how}", fix="the whole file, fetched again")


def split(
    x: Any, y: Any, fraction: float = 0.2, seed: int = 0, *, stratify: bool | Any = False
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Split data into training and validation: `(x_train, y_train), (x_validation, y_validation)`.

    x, y        arrays with one row for each example, or trees of them (dicts, tuples, …) for nets with several inputs
                or outputs; what comes back has the same form. `y` may be None
    fraction    how much goes into validation; the count is rounded, to at least 1
    seed        decides which rows do; the same seed gives the same rows, on every machine
    stratify    True: each class of `y`, labels or one-hot, has its share in both parts, to within one example. An
                array of labels, one for each row, does the same by these. A class of one example stays in training

    Rows keep their order within each part; the parts are copies.

    >>> x, y = np.arange(10) * 10, np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    >>> (x_train, y_train), (x_validation, y_validation) = split(x, y, 0.5, stratify=True)
    >>> y_train, y_validation
    (array([0, 0, 0, 0, 1]), array([0, 0, 0, 0, 1]))

    Raises `ArgumentError` for arrays of unequal lengths, a fraction that leaves one part empty, and classes that are
    none.
    """
    rows = _rows({"x": x, "y": y})
    share = check_number("fraction", fraction, "0.2")
    if not 0 < share < 1:
        raise ArgumentError(f"fraction is {share:g}; it lies between 0 and 1", fix="fraction=0.2")
    if rows < 2:
        there = "is one row" if rows else "are no rows"
        raise ArgumentError(f"there {there}, and two parts to fill", fix="two rows, or more")
    count = min(max(round(share * rows), 1), rows - 1)
    # raw bits of a generator with a key are the same in every version of NumPy, which shuffles are not
    keys = np.random.Philox(check_count("seed", seed, 0)).random_raw(rows)
    order = np.argsort(keys, kind="stable")
    if stratify is not False and stratify is not None:
        labels = _labels(y if stratify is True else stratify, rows, "y" if stratify is True else "stratify")
        order = _by_class(order, labels, count)
    chosen = np.zeros(rows, bool)
    chosen[order[:count]] = True
    training, validation = (
        tuple(rebuild(part, lambda _, leaf, m=mask: np.asarray(leaf)[m]) for part in (x, y))
        for mask in (~chosen, chosen)
    )
    return (training[0], training[1]), (validation[0], validation[1])


def _rows(trees: Mapping[str, Any]) -> int:
    """How many rows all the arrays have."""
    lengths: dict[str, int] = {}
    for path, leaf in flatten(dict(trees)):
        name = spelled(path, trees)
        if not np.ndim(leaf):
            raise ArgumentError(
                f"{name} is a number, and has no rows", fix="arrays, as np.asarray(…) makes of a list of numbers"
            )
        lengths[name] = len(leaf)
    if not lengths:
        raise ArgumentError("there are no arrays in x and y", fix="arrays with one row for each example")
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} has {count:,}" for name, count in lengths.items())
        raise ArgumentError(
            f"x and y are of unequal lengths: {each} rows", fix="one row for each example in every array"
        )
    return next(iter(lengths.values()))


def _labels(y: Any, rows: int, name: str) -> np.ndarray:
    """The class of each row."""
    labels = np.asarray(y) if isinstance(y, (np.ndarray, list)) else None
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels is not None and labels.ndim == 2 and np.array_equal((labels == 1).sum(axis=1), np.ones(len(labels))):
        labels = np.argmax(labels, axis=1)
    if labels is None or labels.shape != (rows,):
        raise ArgumentError(
            f"{name} is no array of one class for each of the {rows:,} rows",
            fix="stratify=labels, an array of shape (rows,)",
        )
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.trunc(labels)):
        raise ArgumentError(f"{name} holds numbers that are no classes", fix="stratify=False, or labels")
    return labels


def _by_class(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The order with each class's share of the first `count` rows in front.

    What is left over when the shares are rounded down goes to the classes with the largest remainders.
    """
    _, label, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    exact = count * sizes / len(labels)
    shares = np.where(sizes > 1, np.floor(exact), 0).astype(int)
    remainder = np.where(sizes > 1, exact - shares, -1.0)
    room = sizes - 1 - shares
    while shares.sum() < count:
        best = int(np.argmax(np.where(room > 0, remainder, -2.0)))
        if room[best] <= 0:
            raise ArgumentError(
                f"{count:,} rows cannot be taken so that each class keeps one in training", fix="a smaller fraction"
            )
        shares[best], room[best], remainder[best] = shares[best] + 1, room[best] - 1, remainder[best] - 1
    place = np.empty(len(order), int)  # the how-manieth of its class each row is, in this order
    for k in range(len(sizes)):
        rows = order[label[order] == k]
        place[rows] = np.arange(len(rows))
    return np.argsort(place >= shares[label], kind="stable")
