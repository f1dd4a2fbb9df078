"""Arrays and facts in one file: safetensors, with the facts as JSON in its header and a digest of it all.

A file is there whole or not at all, and nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workings.errors import CheckpointError
from workings.write.written import replace_file

__all__ = ["ENDING", "digest", "plain", "read", "write"]

ENDING = ".safetensors"
_FORMAT = "workings 1"


def write(path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Put arrays and facts into a file, in one move.

    Raises `CheckpointError` where that is not possible; a file that was there is still there then, as it was.
    """
    from safetensors.numpy import save

    text = json.dumps(plain(facts), allow_nan=False)
    # an array of no axes or one that lies otherwise is written row by row
    rows = {name: np.array(value, order="C") for name, value in arrays.items()}
    header = {"format": _FORMAT, "facts": text, "digest": digest(rows, text)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, save(rows, metadata=header))
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror or error}",
            fix="a folder that can be written to, with room for it; what was saved there before is as it was",
        ) from error


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and facts of a file. Raises `CheckpointError` for one that is missing, foreign or damaged."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"there is no file {path}", fix="a file that run.save wrote, or a checkpoint")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} is no checkpoint, or was cut off: {error}", fix="a file that run.save wrote, whole"
        ) from None
    if header.get("format") != _FORMAT:
        found = header.get("format")
        what = f"of another version: {found}" if found else "arrays of another program's"
        raise CheckpointError(f"{path} is no checkpoint of workings but {what}", fix="a file that run.save wrote")
    text = header.get("facts", "")
    if digest(arrays, text) != header.get("digest"):
        raise CheckpointError(f"{path} was changed after it was written", fix="the file as run.save wrote it")
    return arrays, json.loads(text)


def digest(arrays: Mapping[str, np.ndarray], text: str = "") -> str:
    """What tells any two sets of arrays, and texts, apart: SHA-256."""
    found = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        found.update(f"\0{name}\0{value.dtype.str}\0{np.shape(arrays[name])}\0".encode())
        found.update(value.tobytes())
    return found.hexdigest()


def plain(value: Any) -> Any:
    """A value as JSON has it: NumPy's numbers and arrays as Python's, nan and inf as their names.

    >>> plain({"loss": np.float32(0.5), "counts": np.array([1, 2]), "worst": float("nan")})
    {'loss': 0.5, 'counts': [1, 2], 'worst': 'nan'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value
