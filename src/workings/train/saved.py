"""A model on disk: written by `run.save`, read by `load`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import workings
from workings.engines import compile_function
from workings.errors import ArgumentError, CheckpointError, WorkingsError
from workings.graph import Graph
from workings.graph.text import write
from workings.nn.losses import LOSSES
from workings.nn.spec import built, described
from workings.trace.trace import Trace, trace_function
from workings.trace.trees import flatten, rebuild
from workings.train.checkpoints import latest
from workings.train.evaluate import Evaluator, caster, predict
from workings.train.history import History
from workings.train.metrics import Metric, metrics_of
from workings.train.storage import ENDING, read
from workings.transform.rows import in_blocks, rows

__all__ = ["Saved", "file_of", "graph_facts", "load", "model_facts", "predicting"]


def file_of(path: str | os.PathLike[str]) -> Path:
    """The file of this name: `digits` is digits.safetensors."""
    where = Path(path)
    return where if where.suffix == ENDING else where.with_name(where.name + ENDING)


def predicting(model: Any, x: Any) -> Trace:
    """What the model makes of inputs like these, as a graph."""
    return trace_function(predict, {"model": model, "x": x})


def graph_facts(trace: Trace, block: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The graph of a model's predictions for a block of so many rows, as arrays and facts."""
    text, constants = write(trace.graph)
    try:
        result = described(trace.result, {})
    except ArgumentError:  # a class of the user's, which a file cannot hold
        return {}, {"graph": None}
    facts = {"text": text, "inputs": [".".join(path) for path in trace.paths], "result": result, "block": block}
    return {f"graph/{i}": value for i, value in enumerate(constants)}, {"graph": facts}


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
        self._tensors = arrays
        self.arrays = {name.removeprefix("model."): v for name, v in arrays.items() if name.startswith("model")}
        self.losses = np.array(arrays["losses"])
        self.steps = int(facts["step"])
        self.settings = {name: float.fromhex(value) for name, value in facts["settings"].items()}
        self.versions = dict(facts["versions"])
        self.history = History.restored(facts.get("history", ()))
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
        """The predictions of the model for any number of rows.

        A model of foreign code is run as the graph that was saved, in padded blocks. Raises `CheckpointError`, with
        the reason, where it is not proven that each prediction is made from its own row alone.
        """
        if self._model is not None:
            return self._evaluator.predict(self._model, x)
        return self._graph(caster(np.dtype(self._facts["task"]["dtype"]))("x", x))

    @cached_property
    def _graph(self) -> Callable[[Any], Any]:
        """The predictions by the graph."""
        facts = self._facts.get("graph")
        if facts is None:
            raise CheckpointError(
                f"{self._path} holds neither the code of the model nor its graph", fix="saved.restore(model)"
            )
        count = sum(name.startswith("graph/") for name in self._tensors)
        graph = Graph.parse(facts["text"], [self._tensors[f"graph/{i}"] for i in range(count)])
        paths = dict(zip(facts["inputs"], graph.inputs, strict=True))
        given = {path: node for path, node in paths.items() if path.partition(".")[0] == "x"}
        apart = rows(graph, list(given.values()))
        for mixed in apart.mixed:
            if mixed is not None:
                raise CheckpointError(
                    f"the model may not be run for any number of rows, as it does not keep them apart: {mixed.reason}",
                    fix=f"saved.restore(model), and {facts['block']} rows at a time as in training",
                )
        run = compile_function(graph, self._facts["task"]["engine"])
        fixed = {node: self.arrays[path.removeprefix("model.")] for path, node in paths.items() if path not in given}

        def predicted(x: Any) -> Any:
            found = {".".join(("x", *path)): np.asarray(leaf) for path, leaf in flatten(x)}
            for path, node in given.items():
                value = found.get(path)
                if value is None or len(found) != len(given) or value.shape[1:] != node.shape[1:]:
                    wanted = ", ".join(f"{p} (…, {', '.join(map(str, n.shape[1:]))})" for p, n in given.items())
                    raise ArgumentError(f"the inputs have another form than those of the training: {wanted}")

            def block(*part: np.ndarray) -> tuple[Any, ...]:
                values = dict(zip(given.values(), part, strict=True)) | fixed
                return run(*(values[node] for node in graph.inputs))

            arrays = [found[path].astype(node.dtype, copy=False) for path, node in given.items()]
            outputs = in_blocks(block, int(facts["block"]), arrays)
            return rebuild(built(facts["result"], {}), lambda _, leaf: outputs[int(leaf)])

        return predicted

    def evaluate(self, x: Any, y: Any, metrics: str | Metric | Sequence[str | Metric] = ()) -> dict[str, Any]:
        """The loss, if it is one of `nn`, as the mean over the rows, and metrics."""
        return self._evaluator.evaluate(self.model, x, y, metrics_of(metrics))

    @cached_property
    def _evaluator(self) -> Evaluator:
        task = self._facts["task"]
        known = LOSSES.get(task["loss"])

        def lacking(prediction: Any, target: Any) -> Any:
            raise CheckpointError("the loss is a function that is not in the file", fix="saved.predict(x)")

        loss = lacking if known is None else known.function
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
