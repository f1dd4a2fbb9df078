"""IDX files written byte by byte, and splits."""

from __future__ import annotations

import gzip
import struct
from collections import namedtuple

import numpy as np
import pytest

import workings as wk
from workings.errors import ArgumentError

# the kinds of the format: the byte, how struct writes a value, the dtype it is read as, and values at the edges
KINDS = {
    0x08: ("B", np.uint8, [0, 1, 255]),
    0x09: ("b", np.int8, [-128, 0, 127]),
    0x0B: ("h", np.int16, [-32768, 1, 32767]),
    0x0C: ("i", np.int32, [-(2**31), 258, 2**31 - 1]),
    0x0D: ("f", np.float32, [-1.5, 0.0, 3.25]),
    0x0E: ("d", np.float64, [-1e300, 0.1, 2.0]),
}


def idx(kind: int, shape: tuple[int, ...], values: list) -> bytes:
    head = bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return head + struct.pack(f">{len(values)}{KINDS[kind][0]}", *values)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(tmp_path, kind, packed):
    _, dtype, values = KINDS[kind]
    content = idx(kind, (2, 1, 3), [*values, *values[::-1]])
    path = tmp_path / "data"  # its name says nothing
    path.write_bytes(gzip.compress(content) if packed else content)
    for given in (path, str(path)):
        found = wk.data.read_idx(given)
        assert found.dtype == dtype
        assert found.dtype.isnative
        assert found.tolist() == [[values], [values[::-1]]]
        assert found.flags.writeable
        assert found.flags.c_contiguous


def test_shapes(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(idx(0x08, (), [7]))
    assert wk.data.read_idx(path).tolist() == 7
    path.write_bytes(idx(0x08, (0, 28, 28), []))
    assert wk.data.read_idx(path).shape == (0, 28, 28)


WHOLE = idx(0x08, (2, 3), [1, 2, 3, 4, 5, 6])
AGAIN = "the whole file, fetched again"
FORM = "a file that begins with 00 00, the kind of its values and the number of its axes"

DAMAGED = {
    "cut off": (WHOLE[:-1], "has 5 bytes of values, and an array of shape (2, 3) needs 6", AGAIN),
    "too long": (WHOLE + b"\0", "has 7 bytes of values, and an array of shape (2, 3) needs 6", AGAIN),
    "cut off in the lengths": (WHOLE[:9], "ends before the lengths of its 2 axes", AGAIN),
    "cut off in the first four": (WHOLE[:3], "is no IDX file: it begins with 00 00 08", FORM),
    "empty": (b"", "is no IDX file: it is empty", FORM),
    "a picture": (b"\x89PNG\r\n\x1a\n", "is no IDX file: it begins with 89 50 4e 47", FORM),
    "a kind that is none": (b"\0\0\x0a\x01\0\0\0\0", "is no IDX file: it begins with 00 00 0a 01", FORM),
    "lengths beyond all files": (
        bytes([0, 0, 8, 3]) + b"\xff" * 12,
        "has 0 bytes of values, and an array of shape (4294967295, 4294967295, 4294967295) needs "
        "79,228,162,458,924,105,385,300,197,375",
        AGAIN,
    ),
    "packed and cut off": (
        gzip.compress(WHOLE, mtime=0)[:-9],
        "cannot be unpacked: Compressed file ended before the end-of-stream marker was reached",
        AGAIN,
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_and_foreign_files(tmp_path, case):
    content, problem, fix = DAMAGED[case]
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(ArgumentError) as caught:
        wk.data.read_idx(path)
    assert str(caught.value) == f"{path} {problem}\n  Instead: {fix}"


def test_a_packed_file_that_was_altered(tmp_path):
    packed = bytearray(gzip.compress(WHOLE, mtime=0))
    packed[-5] ^= 1  # of the checksum
    path = tmp_path / "data.gz"
    path.write_bytes(packed)
    with pytest.raises(ArgumentError, match="cannot be unpacked: CRC check failed"):
        wk.data.read_idx(path)


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ArgumentError, match="cannot be read: "):
            wk.data.read_idx(path)


# ── splits ──

X, Y = np.arange(200).reshape(100, 2), np.arange(100) % 3


def test_every_row_goes_into_one_part():
    (x_train, y_train), (x_validation, y_validation) = wk.data.split(X, Y, 0.25, seed=1)
    assert (len(x_train), len(x_validation)) == (75, 25)
    assert sorted([*x_train[:, 0], *x_validation[:, 0]]) == X[:, 0].tolist()
    for x, y in ((x_train, y_train), (x_validation, y_validation)):
        assert (x[:, 0] // 2 % 3).tolist() == y.tolist()  # rows stay together
        assert np.all(np.diff(x[:, 0]) > 0)  # and in order
    x_train[:] = 0
    assert X[1, 1] == 3


def test_the_seed_decides():
    def chosen(seed):
        return wk.data.split(X, Y, 0.25, seed)[1][0][:, 0].tolist()

    assert chosen(5) == chosen(5)
    assert len({tuple(chosen(seed)) for seed in range(20)}) == 20
    # each row about as often as any other
    often = np.zeros(200, int)
    for seed in range(400):
        often[chosen(seed)] += 1
    assert 60 < often[::2].min() <= often[::2].max() < 140


def test_the_rows_of_a_seed_are_the_same_in_every_version():
    # the 25 smallest of 100 raw numbers of Philox, whose bits are fixed by its paper
    keys = np.random.Philox(3).random_raw(100)
    assert wk.data.split(X, Y, 0.25, 3)[1][0][:, 0].tolist() == sorted(2 * np.argsort(keys)[:25])


@pytest.mark.parametrize("form", ["labels", "one-hot", "column", "given"])
def test_classes_keep_their_shares(form):
    labels = np.repeat([0, 1, 2, 3], [60, 25, 12, 3])
    labels = labels[np.random.default_rng(0).permutation(100)]
    y = {"one-hot": np.eye(4)[labels], "column": labels[:, None]}.get(form, labels)
    for seed in range(20):
        stratify = labels if form == "given" else True
        (_, _), (x, _) = wk.data.split(X, None if form == "given" else y, 0.2, seed, stratify=stratify)
        assert len(x) == 20
        counts = np.bincount(labels[x[:, 0] // 2], minlength=4)
        assert np.all(np.abs(counts - 0.2 * np.bincount(labels)) <= 1)
        assert counts.tolist() in ([12, 5, 2, 1], [12, 5, 3, 0])


def test_a_class_of_one_stays_in_training():
    y = np.array([0] * 9 + [1])
    for seed in range(30):
        (_, y_train), (_, y_validation) = wk.data.split(np.arange(10), y, 0.5, seed, stratify=True)
        assert y_train.tolist().count(1) == 1
        assert y_validation.tolist() == [0] * 5


Pair = namedtuple("Pair", "left right")


def test_several_inputs_and_outputs():
    x, y = {"image": X, "more": (Y, Pair(X[:, 0], X[:, 1]))}, [Y, Y + 1]
    (x_train, y_train), (x_validation, y_validation) = wk.data.split(x, y, 0.1)
    assert x_train["image"].shape == (90, 2)
    assert x_validation["more"][1].left.tolist() == x_validation["image"][:, 0].tolist()
    assert isinstance(x_train["more"][1], Pair)
    assert (y_validation[1] - y_validation[0]).tolist() == [1] * 10
    assert y_train[0].shape == (90,)


def test_without_targets():
    (x, none), (other, also) = wk.data.split(X, None, 0.3)
    assert (len(x), none, len(other), also) == (70, None, 30, None)


REFUSED = {
    "unequal lengths": (
        lambda: wk.data.split({"a": X, "b": Y[:7]}, Y),
        "x and y are of unequal lengths: x['a'] has 100, x['b'] has 7, y has 100 rows\n"
        "  Instead: one row for each example in every array",
    ),
    "a number": (
        lambda: wk.data.split(X, [1, 2]),
        "y[0] is a number, and has no rows\n  Instead: arrays, as np.asarray(…) makes of a list of numbers",
    ),
    "nothing": (
        lambda: wk.data.split({}, None),
        "there are no arrays in x and y\n  Instead: arrays with one row for each example",
    ),
    "a fraction of all": (
        lambda: wk.data.split(X, Y, 1.0),
        "fraction is 1; it lies between 0 and 1\n  Instead: fraction=0.2",
    ),
    "a count": (
        lambda: wk.data.split(X, Y, 20),
        "fraction is 20; it lies between 0 and 1\n  Instead: fraction=0.2",
    ),
    "one row": (
        lambda: wk.data.split(X[:1], Y[:1]),
        "there is one row, and two parts to fill\n  Instead: two rows, or more",
    ),
    "no rows": (
        lambda: wk.data.split(X[:0], Y[:0]),
        "there are no rows, and two parts to fill\n  Instead: two rows, or more",
    ),
    "a seed that is none": (
        lambda: wk.data.split(X, Y, seed=-1),
        "seed is -1; it is a whole number, 0 or more\n  Instead: seed=0",
    ),
    "classes of a tree": (
        lambda: wk.data.split(X, {"a": Y}, stratify=True),
        "y is no array of one class for each of the 100 rows\n  Instead: stratify=labels, an array of shape (rows,)",
    ),
    "too few classes": (
        lambda: wk.data.split(X, Y, stratify=Y[:50]),
        "stratify is no array of one class for each of the 100 rows\n"
        "  Instead: stratify=labels, an array of shape (rows,)",
    ),
    "numbers for classes": (
        lambda: wk.data.split(X, Y + 0.5, stratify=True),
        "y holds numbers that are no classes\n  Instead: stratify=False, or labels",
    ),
    "classes that leave no room": (
        lambda: wk.data.split(X, np.arange(100) // 2, 0.6, stratify=True),
        "60 rows cannot be taken so that each class keeps one in training\n  Instead: a smaller fraction",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    make, message = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == message
