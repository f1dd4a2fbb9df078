"""A written program: its text and the arrays that lie beside it."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from workings.errors import ArgumentError
from workings.graph import Node

__all__ = ["Written", "is_device", "packed", "replace_file"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
# the comment of an archive that belongs to a program: such a file may be written over with the program
_MARK = b"the arrays of a program written by workings"
# folders of what is open already
_OPEN = (Path("/dev"), Path("/dev/fd"))


@dataclass(frozen=True, eq=False)
class Written:
    """A program in some language.

    source      its text
    arrays      what is too large for a text, by name; the program reads it from an .npz beside it
    lines       for each line (the first is 1) that computes a node of the graph: that node
    function    the name of the function in the text
    constants   names of those `arrays` that the function takes after its data, since they belong to the net
    """

    source: str
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    lines: Mapping[int, Node] = field(default_factory=dict)
    function: str = "train"
    constants: tuple[str, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the text to `path`, and its arrays beside it as .npz; the files written.

        Each file appears whole or not at all, and the arrays before the text that reads them. A link stays, and
        what it leads to is written; a device or a pipe is written to. Raises `ArgumentError` where the name of
        the .npz is taken by a file that is not the arrays of a program, and writes nothing then.
        """
        path = Path(path)
        if not path.name or path.suffix == ".npz":
            raise ArgumentError(f"{str(path)!r} cannot hold a program", fix="a file name such as 'train.py'")
        saved = []
        if self.arrays:
            if is_device(path):
                raise ArgumentError(
                    f"{str(path)!r} is no place for this program: it reads arrays from a file beside it",
                    fix="a file name such as 'train.py'",
                )
            beside = path.with_suffix(".npz")
            if beside.exists() and not _is_ours(beside):
                raise ArgumentError(
                    f"the arrays of this program go into {str(beside)!r}, and there is a file of that name that was "
                    "not written for a program; it is left as it is",
                    fix="another name for the program, or move that file",
                )
            replace_file(beside, packed(self.arrays, _MARK))
            saved.append(beside)
        replace_file(path, self.source.encode("utf-8"))
        return [path, *saved]


def packed(arrays: Mapping[str, np.ndarray], comment: bytes = b"") -> bytes:
    """The bytes of an .npz; the same arrays give the same bytes, and any name will do."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, value in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(value), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue())
    return packed.getvalue()


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _MARK
    except (zipfile.BadZipFile, OSError):  # another kind of file, or one that cannot even be read
        return False


def is_device(path: Path) -> bool:
    """Whether what is at `path` takes bytes and keeps no file: a device, a pipe, the standard output."""
    # /dev/stdout may lead to a plain file that a shell holds open: it is written to, and not replaced
    return path.exists() and not path.is_dir() and (not path.is_file() or path.absolute().parent in _OPEN)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one move, so that no reader and no crash meets half of it.

    Where `path` is a link, what it leads to is replaced; a device or a pipe is written to as it is.
    """
    if is_device(path):
        path.write_bytes(content)
        return
    path = Path(os.path.realpath(path))
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """The permissions that the file has already, or that a new file gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
