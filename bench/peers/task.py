"""What a competitor is given: parameters, data and the order of the rows, as files in a folder.

Every process of every competitor reads the same files, so this module imports nothing but NumPy. They are .npy and no
.npz, which would have a cold start import zipfile.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Competitor", "RefusalError", "Task", "joined"]


class Competitor(NamedTuple):
    """`run(steps)` runs so many steps on from where it stands, and returns when they are done; `loss()` is the last.

    `rest` is called before a round, which does not count.
    """

    run: Callable[[int], Any]
    loss: Callable[[], float]
    rest: Callable[[], Any] | None = None


class RefusalError(Exception):
    """A competitor that cannot run this here, and why."""


@dataclass
class Task:
    """One workload as data.

    net         which net it is: "neuron", "moons", "mlp", "cnn", "transformer" or "gru"
    shape       its sizes: widths of the layers, number of characters, …
    rule        the optimizer: "sgd", "adam" or "adamw", with the settings that are the same everywhere
    rate        the learning rate
    threads     how many threads may be used
    parameters  start values by name
    data        all rows, by name
    batch       how many rows a step sees; None: all
    index       the rows of each step, (steps, batch), where there are batches
    """

    net: str
    shape: dict[str, Any]
    rule: str
    rate: float
    threads: int
    batch: int | None = None
    parameters: dict[str, np.ndarray] = field(default_factory=dict)
    data: dict[str, np.ndarray] = field(default_factory=dict)
    index: np.ndarray | None = None

    def write(self, folder: str) -> None:
        """Write the files, into an empty folder."""
        facts = {name: value for name, value in asdict(self).items() if name not in ("parameters", "data", "index")}
        with open(os.path.join(folder, "task.json"), "w", encoding="utf-8") as file:
            json.dump(facts, file)
        for part in ("parameters", "data"):
            os.mkdir(os.path.join(folder, part))
            for name, array in getattr(self, part).items():
                np.save(os.path.join(folder, part, f"{name}.npy"), array)
        if self.index is not None:
            np.save(os.path.join(folder, "index.npy"), self.index)

    @staticmethod
    def read(folder: str) -> Task:
        """The task whose files are in a folder."""
        with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
            task = Task(**json.load(file))
        task.parameters, task.data = _arrays(os.path.join(folder, "parameters")), _arrays(os.path.join(folder, "data"))
        index = os.path.join(folder, "index.npy")
        task.index = np.load(index) if os.path.exists(index) else None
        return task


def _arrays(folder: str) -> Mapping[str, np.ndarray]:
    return {name.removesuffix(".npy"): np.load(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}


def joined(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same parameters, the three products of an attention as one."""
    values = dict(parameters)
    for name in [name for name in values if name.endswith("attention.query.weight")]:
        at = name.removesuffix("attention.query.weight")
        for kind in ("weight", "bias"):
            parts = [values.pop(f"{at}attention.{part}.{kind}") for part in ("query", "key", "value")]
            values[f"{at}joined.{kind}"] = np.concatenate(parts, axis=-1)
    return values
