"""A model on disk: written by `run.save`, read by `load`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import workings
from workings.errors import ArgumentError, CheckpointError, WorkingsError
from workings.nn.losses import LOSSES
from workings.nn.spec import built, described
from workings.trace.trees import flatten, rebuild
from workings.train.checkpoints import latest
from workings.train.evaluate import Evaluator, caster
from workings.train.history import History
from workings.train.metrics import Metric, metrics_of
from workings.train.storage import ENDING, read

__all__ = ["Saved", "file_of", "load", "model_facts"]


def file_of(path: str | os.PathLike[str]) -> Path:
    """The file of this name: `digits` is digits.safetensors."""
    where = Path(path)
    return where if where.suffix == ENDING else where.with_name(where.name + ENDING)


def model_facts(model: Any, task: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """A model as arrays and facts; where it is not made of the modules of `nn`, the facts say why not."""
    arrays: dict[str, np.ndarray] = {}
    try:
        spec, foreign = described(model, arrays), None
    except ArgumentError as error:
        arrays = {".".join(("model", *path)): np.asarray(leaf) for path, leaf in flatten(model)}
        spec, foreign = None, error.problem
    versions = {"workings": workings.__version__, "numpy": np.__version__}
    return arrays, {"model": spec, "foreign": foreign, "task": dict(task), "versions": versions}


class Saved:
    """What was saved of a run.

    model     the model, where it is made of the modules of `nn`
    arrays    its arrays by name, parameters and states
    history   how training went
    losses    the loss before each update
    steps     how many steps were run
    settings  the learning rate, and the other numbers, as they stood
    versions  of workings and of NumPy, when it was saved

    `load` gives one.
    """

    def __init__(self, path: Path, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        self._path = path
        self._facts = facts
        self.arrays = {name.removeprefix("model."): v for name, v in arrays.items() if name.startswith("model")}
        self.losses = np.array(arrays["losses"])
        self.steps = int(facts["step"])
        self.settings = {name: float.fromhex(value) for name, value in facts["settings"].items()}
        self.versions = dict(facts["versions"])
        self.history = History(facts.get("history", ()))
        spec = facts["model"]
        try:
            self._model = None if spec is None else built(spec, arrays)
        except (ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"{path} holds a model that this version does not know: {error}",
                fix=f"workings {self.versions.get('workings')}, with which it was saved",
            ) from None

    @property
    def model(self) -> Any:
        """The model. Raises `CheckpointError` for one of foreign code, which is not in the file."""
        if self._model is None:
            raise CheckpointError(
                f"{self._path} has the arrays of a model whose code is not in it: {self._facts['foreign']}",
                fix="your model with these arrays: saved.restore(model)",
            )
        return self._model

    def restore(self, model: Any) -> Any:
        """A model of your own code, of the same structure, with the arrays that were saved (a copy)."""
        names = {".".join(path) for path, _ in flatten(model)}
        if names != set(self.arrays):
            lacks, more = sorted(set(self.arrays) - names), sorted(names - set(self.arrays))
            raise CheckpointError(
                f"the model does not have the structure that was saved: it lacks {', '.join(lacks) or 'nothing'}, "
                f"and has {', '.join(more) or 'nothing'} beside",
                fix="a model made in the same way",
            )
        return rebuild(model, lambda path, _: np.copy(self.arrays[".".join(path)])[()])

    def predict(self, x: Any) -> Any:
        """The predictions of the model for any number of rows."""
        return self._evaluator().predict(self.model, x)

    def evaluate(self, x: Any, y: Any, metrics: str | Metric | Sequence[str | Metric] = ()) -> dict[str, Any]:
        """The loss, if it is one of `nn`, as the mean over the rows, and metrics."""
        return self._evaluator().evaluate(self.model, x, y, metrics_of(metrics))

    def _evaluator(self) -> Evaluator:
        task = self._facts["task"]
        known = LOSSES.get(task["loss"])

        def loss(prediction: Any, target: Any) -> Any:
            if known is None:
                raise CheckpointError("the loss is a function that is not in the file", fix="saved.predict(x)")
            return known.function(prediction, target)

        return Evaluator(loss, task["engine"], int(task["block"]), caster(np.dtype(task["dtype"])))

    def __repr__(self) -> str:
        kind = "foreign code" if self._model is None else type(self._model).__name__
        return f"<saved {kind}: {len(self.arrays)} arrays, {self.steps:,} steps>"


def load(path: str | os.PathLike[str]) -> Saved:
    """What `run.save` wrote, or a checkpoint; of a folder of checkpoints the latest one.

    >>> import tempfile, numpy as np, workings as wk
    >>> from workings import nn
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> run = wk.fit(nn.Sequential(nn.Linear(1, 4), nn.Tanh()), x, np.tile(x, 4), loss="mse", epochs=1, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = wk.load(run.save(folder + "/line"))
    >>> bool(np.array_equal(saved.predict(x), run.predict(x)))
    True

    Modules of `nn` are built again by name, and no code in the file is run, since there is none. Raises
    `CheckpointError` for a file that is missing, cut off, changed, or something else.
    """
    where = Path(path)
    if where.is_dir():
        found = latest(where)
        if found is None:
            raise CheckpointError(f"there is no checkpoint in {where}", fix="the file that run.save wrote")
    else:
        found = where if where.is_file() else file_of(where)
    arrays, facts = read(found)
    try:
        return Saved(found, arrays, facts)
    except WorkingsError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{found} lacks what a saved run has: {error}", fix="a file that run.save wrote"
        ) from None
