"""Files that commands write: checked before the work begins, and written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from workings.cli.failures import seen
from workings.errors import ArgumentError
from workings.trace.trees import flatten
from workings.train import Run
from workings.write.written import is_device, packed, replace_file

__all__ = ["announce", "arrays_of", "checked", "put"]


def checked(out: str, model: str | None, suffix: str | tuple[str, ...], option: str = "--out") -> Path:
    """Where to write: `out`, or in the folder `out` a file named after the model; an error if that cannot be.

    Without a model, `out` is the file itself.

    A name without an ending gets `suffix`, or the first of several, and one with another ending is refused. A device
    or a pipe, as /dev/stdout, is taken as it is; of a link, the place that it leads to has to be good.
    """
    suffixes = (suffix,) if isinstance(suffix, str) else suffix
    suffix = suffixes[0]
    path = Path(out)
    if is_device(path):
        return path
    if path.is_dir():
        if model is None:
            raise ArgumentError(f"{seen(path)} is a folder", fix=f"{option} {seen(path / ('name' + suffix))}")
        path = path / Path(model).with_suffix(suffix).name
    elif out.endswith(("/", os.sep)):
        raise ArgumentError(f"there is no folder {seen(out)} to write to", fix=f"mkdir {seen(out)} first")
    if not path.suffix:
        path = path.with_suffix(suffix)
    if path.suffix.lower() not in suffixes:
        raise click.BadParameter(f"{seen(out)} should end in {' or '.join(suffixes)}", param_hint=f"'{option}'")
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise ArgumentError(
            f"{seen(path)} cannot be written: {seen(folder)} {what}", fix="a folder that exists, or make it first"
        )
    if path.is_dir():
        raise ArgumentError(f"{seen(path)} cannot be written: it is a folder")
    if model is not None and path.exists() and Path(model).exists() and path.samefile(model):
        raise ArgumentError(f"{seen(path)} is the model file itself, and is left as it is", fix="another name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ArgumentError(
            f"{seen(path)} cannot be written: {seen(folder)} may not be written to", fix="a folder of your own"
        )
    return path


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; an error says why it cannot be."""
    try:
        replace_file(path, content)
    except OSError as error:
        raise ArgumentError(f"{seen(path)} cannot be written: {error.strerror or error}") from error


def announce(*paths: Path) -> None:
    """Say on standard error what was written, so that standard output holds results only."""
    click.echo("Wrote " + " and ".join(map(seen, paths)), err=True)


def arrays_of(run: Run) -> bytes:
    """The losses and the parameters of a run as the bytes of an .npz.

    The loss before each step is `losses`; a parameter is `parameters/w`, and one in a tree `parameters/layer/w`.
    """
    arrays: dict[str, Any] = {"losses": run.losses}
    for path, value in flatten(run.parameters):
        arrays["/".join(["parameters", *map(_entry, path)])] = value
    return packed(arrays)


def _entry(part: str) -> str:
    """A name as one part of a path in an archive: it leads nowhere else, and no two become one."""
    text = str(part)
    for c in ("%", "/", "\\", "\0"):
        text = text.replace(c, f"%{ord(c):02X}")
    return text.replace(".", "%2E") if text.strip(".") == "" else text
