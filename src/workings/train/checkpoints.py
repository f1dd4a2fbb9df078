"""A run on disk: everything that it needs to go on, bit for bit, as if it had never stopped."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workings.errors import ArgumentError, CheckpointError
from workings.graph import Program
from workings.graph.text import write as text_of
from workings.train.checks import check_count
from workings.train.epochs import Epochs, Watched
from workings.train.history import History
from workings.train.loop import Position
from workings.train.schedules import Plateau
from workings.train.storage import ENDING, digest, read, write

__all__ = ["Checkpoints", "latest", "restore", "state_of"]

_NAME = re.compile(r"step-(\d+)" + re.escape(ENDING))


@dataclass(frozen=True)
class Checkpoints:
    """Where a run is saved while it goes on, and how often.

    folder  holds the files `step-000120.safetensors`, and `best.safetensors`
    every   a file is written after so many epochs, and at the end
    keep    so many of the latest are kept
    best    whether the epoch in which the watched number was best is kept as well: that of early stopping, or else
            the loss of validation, or of training
    replace whether a run that is begun anew may take the place of one that is there; it is refused otherwise

    >>> Checkpoints("runs/digits", keep=2)
    Checkpoints(folder='runs/digits', every=1, keep=2, best=True, replace=False)
    """

    folder: str | os.PathLike[str]
    every: int = 1
    keep: int = 3
    best: bool = True
    replace: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.folder, (str, os.PathLike)):
            raise ArgumentError(f"checkpoints is {self.folder!r}, which names no folder", fix='checkpoints="runs/one"')
        check_count("every", self.every)
        check_count("keep", self.keep)

    @property
    def path(self) -> Path:
        return Path(self.folder)

    def check(self, resume: bool) -> None:
        """Raise `CheckpointError` unless files can be written there, and no run is lost by it."""
        there = latest(self.path)
        if there is not None and not resume and not self.replace:
            instead = f"wk.Checkpoints({str(self.folder)!r}, replace=True)"
            raise CheckpointError(
                f"{self.path} has the checkpoints of a run, the latest {there.name}, and a run is to begin anew",
                fix=f"resume=True to go on with it, another folder, or {instead}",
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise CheckpointError(
                f"checkpoints cannot be written to {self.path}: {error.strerror or error}",
                fix="a folder that can be written to",
            ) from error

    def save(self, step: int, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Write a file, and take away those that are too many, or of a run that had come further than this one."""
        write(self.path / f"step-{step:06d}{ENDING}", arrays, facts)
        found = _found(self.path)
        own = [number for number in found if number <= step][-self.keep :]
        for number in found.keys() - own:
            found[number].unlink(missing_ok=True)

    def save_best(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Write the file of the best epoch."""
        write(self.path / f"best{ENDING}", arrays, facts)


def _found(folder: Path) -> dict[int, Path]:
    """The checkpoints of a folder by their steps, the earliest first."""
    files = [(int(m[1]), path) for path in folder.glob(f"step-*{ENDING}") if (m := _NAME.fullmatch(path.name))]
    return dict(sorted(files))


def latest(folder: Path) -> Path | None:
    """The latest checkpoint of a folder; None if there is none."""
    return next(reversed(_found(folder).values()), None)


def fingerprint(program: Program) -> str:
    """What tells two programs apart, the settings they begin with, and the data that they are given."""
    arrays = {f"data/{name}": np.asarray(value) for name, value in program.data.items()}
    arrays |= {f"setting/{name}": np.asarray(value) for name, value in program.settings.items()}
    texts = []
    for part in (program, program.final):
        for graph in (part.step, part.feed) if part is not None else ():
            if graph is not None:
                text, constants = text_of(graph)
                arrays |= {f"{len(texts)}/{i}": value for i, value in enumerate(constants)}
                texts.append(text)
    return digest(arrays, "\n".join(texts))


def state_of(
    program: Program,
    position: Position,
    settings: Mapping[str, float],
    reason: str,
    epochs: Epochs | None,
    mark: str,
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """All that a run needs to go on, as arrays and facts. `mark` is the program's fingerprint."""
    arrays = {f"carry/{i}": np.asarray(value) for i, value in enumerate(position.carry)}
    arrays["losses"] = position.losses
    facts: dict[str, Any] = {
        "program": mark,
        "carry": [c.name for c in program.carry],
        "step": position.step,
        "settings": {name: float(value).hex() for name, value in settings.items()},
        "reason": reason,
    }
    if epochs is not None:
        best = epochs.best
        arrays |= {f"best/{i}": np.asarray(value) for i, value in enumerate(best.carry or ())}
        facts["history"] = list(epochs.history)
        facts["best"] = {
            "value": best.value,
            "epoch": best.epoch,
            "waited": best.waited,
            "kept": best.carry is not None,
        }
        facts["plateau"] = list(epochs.reduced)
    return arrays, facts


def restore(path: Path, program: Program, epochs: Epochs | None, mark: str) -> tuple[Position, dict[str, float], str]:
    """Where the run of a checkpoint stood, its settings, and why it had stopped. `epochs` is set to what it was.

    Raises `CheckpointError` for a checkpoint of another program, or of other data.
    """
    arrays, facts = read(path)
    if facts.get("program") != mark:
        names = [c.name for c in program.carry]
        other = facts.get("carry")
        what = "another net or optimizer" if other != names else "another program, other settings of it, or other data"
        raise CheckpointError(
            f"{path} is of {what} than this run",
            fix="the arguments with which it was begun, or another folder for the checkpoints",
        )
    carry = tuple(_own(arrays[f"carry/{i}"]) for i in range(len(program.carry)))
    position = Position(carry, np.array(arrays["losses"]), int(facts["step"]))
    if epochs is not None:
        best = facts["best"]
        kept = tuple(_own(arrays[f"best/{i}"]) for i in range(len(program.carry))) if best["kept"] else None
        value = None if best["value"] is None else float(best["value"])
        epochs.best = Watched(value, int(best["epoch"]), kept, int(best["waited"]))
        epochs.history = History.restored(facts["history"])
        epochs.reduced = Plateau(*facts["plateau"])
    return position, {name: float.fromhex(v) for name, v in facts["settings"].items()}, str(facts["reason"])


def _own(value: np.ndarray) -> Any:
    return value[()] if value.ndim == 0 else np.ascontiguousarray(value)
