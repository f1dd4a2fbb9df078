"""`fit`: a model, its data and a loss, made into a run of epochs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workings.engines import get
from workings.errors import ArgumentError
from workings.nn.losses import check_suited, loss_of
from workings.trace.trace import trace_function
from workings.trace.trees import flatten, rebuild
from workings.train.checkpoints import Checkpoints
from workings.train.checks import check_count
from workings.train.data import split
from workings.train.epochs import EarlyStopping, Epochs
from workings.train.evaluate import Evaluator, apply, caster, check_rows, loss_name, predict
from workings.train.events import Listener, Reason
from workings.train.feed import Batches
from workings.train.given import check_dtype, check_indices, check_model, check_options, check_ragged
from workings.train.metrics import Metric, metrics_of
from workings.train.optimizers import Adam, Optimizer, optimizer_of
from workings.train.program import build
from workings.train.run import Run
from workings.train.schedules import ReduceOnPlateau
from workings.train.train import checked_listeners
from workings.train.updates import Nudging

__all__ = ["fit"]

_USUAL_BATCH = 32


def fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: str | Callable[[Any, Any], Any],
    optimizer: str | Optimizer | None = None,
    batch_size: int | None = None,
    epochs: int = 10,
    validation: float | tuple[Any, Any] | None = None,
    stratify: bool = False,
    metrics: str | Metric | Sequence[str | Metric] = (),
    early_stopping: EarlyStopping | None = None,
    reduce_on_plateau: ReduceOnPlateau | None = None,
    augment: Callable[[Any], Any] | None = None,
    shuffle: bool = True,
    seed: int = 0,
    dtype: Any = np.float32,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
    average: float | None = None,
    rates: Mapping[str, float] | None = None,
    frozen: Sequence[str] = (),
    checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
    resume: bool = False,
    engine: str = "auto",
    threads: int | None = None,
    progress: bool | None = None,
    listeners: Listener | Sequence[Listener] = (),
    chunk: int | None = None,
    begin: bool = True,
) -> Run:
    """Train a model: nudge its parameters, batch by batch, against the gradient of the loss.

    model              a module of `nn`, or any dataclass of arrays that can be called; it stays as it is
    x, y               inputs and targets: arrays with one row for each example. A tuple or dict of arrays as `x` goes
                       into the model's arguments; one as `y` goes to the loss as it is
    loss               a function of prediction and target, or the name of one in `nn`: "cross_entropy", "mse", …
    optimizer          the update rule, or its name; `Adam()` if left out
    batch_size         rows in a step, the last step of an epoch taking what is left; None: 32, or all if fewer
    epochs             how many times all rows are gone through
    validation         data that are not trained on: a share of x and y, such as 0.1, or a pair (x, y)
    stratify           whether each class has its share in what is split off for validation
    metrics            what is measured on the validation data at the end of each epoch: "accuracy", …
    early_stopping     when to stop because nothing improves; see `EarlyStopping`
    reduce_on_plateau  when to reduce the learning rate because nothing improves; see `ReduceOnPlateau`
    augment            a function of NumPy that changes the inputs of each batch, as by `workings.random`
    shuffle, seed      the order of the rows in each epoch, and random numbers in layers, are keyed by the seed
    dtype              parameters and floating data are cast to it
    checkpoints        a folder, or `Checkpoints`: the run is saved there after each epoch
    resume             whether to go on from the latest checkpoint there, if there is one; the numbers are those of a
                       run that had never stopped, to the last bit
    clip_value, clip_norm, accumulate, average, rates, frozen, engine, threads, progress, listeners, chunk
                       as in `train`; with `average` it is the averaged parameters that are validated and predict
    begin              whether to train; a run that has not begun does so by `run.resume(epochs=…)`

    Returns a `Run` with `model`, `predict`, `evaluate`, `history`, and all else that a run has.

    >>> import numpy as np, workings as wk
    >>> from workings import nn
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> inside = (np.sum(x**2, axis=1) < 1).astype(int)
    >>> model = nn.Sequential(nn.Linear(2, 16, rng=0), nn.Tanh(), nn.Linear(16, 2, rng=1))
    >>> run = wk.fit(model, x, inside, loss=nn.cross_entropy, optimizer=wk.Adam(0.03), epochs=30, progress=False)
    >>> run.evaluate(x, inside, metrics="accuracy")["accuracy"] > 0.95
    True

    Raises `ArgumentError`, `ShapeError` and their kin before the first step for whatever does not fit.
    """
    check_model(model)
    check_ragged("x", x)
    check_ragged("y", y)
    check_dtype(dtype)
    check_options(
        {
            "augment": (augment, callable, "augment=lambda x: …, of the inputs of a batch"),
            "early_stopping": (early_stopping, EarlyStopping, "early_stopping=wk.EarlyStopping()"),
            "reduce_on_plateau": (
                reduce_on_plateau,
                ReduceOnPlateau,
                "reduce_on_plateau=wk.schedules.ReduceOnPlateau()",
            ),
        }
    )
    measure = loss_of(loss)
    cast = caster(np.dtype(dtype))
    x, y = cast("x", x), cast("y", y)
    held = _validation(validation, x, y, cast, seed, stratify)
    if isinstance(held, _Split):
        x, y, held = held.x, held.y, held.held
    model = rebuild(model, lambda path, leaf: cast(".".join(path), leaf))
    rows = check_rows(x, y)
    size = min(_USUAL_BATCH, rows) if batch_size is None else batch_size
    batches = Batches(size, shuffle, seed)
    batches.check(rows)
    _check_values(measure, model, size, (x, y), held)
    rule = Adam() if optimizer is None else optimizer_of(optimizer) if isinstance(optimizer, str) else optimizer
    count = check_count("epochs", epochs)
    named = {("model", *path): ".".join(path) or "weight" for path, _ in flatten(model)}
    built = build(
        _objective(measure, augment),
        {"model": model},
        {"x": x, "y": y},
        rule,
        count * batches.per_epoch(rows),
        nudging=Nudging(clip_value, clip_norm, accumulate, average, rates or {}, frozen),
        batches=batches,
        seed=seed,
        names=named,
    )
    if reduce_on_plateau is not None and "learning_rate" not in built.program.settings:
        raise ArgumentError(
            f"reduce_on_plateau is given, and {rule!r} has no setting learning_rate", fix="reduce_on_plateau=None"
        )
    kept = checkpoints if checkpoints is None or isinstance(checkpoints, Checkpoints) else Checkpoints(checkpoints)
    if resume and kept is None:
        raise ArgumentError("resume is asked for, and no checkpoints are named", fix='checkpoints="runs/one"')
    if kept is not None:
        kept.check(resume)
    runs = get(engine, threads)(built.program)
    # what is not run by native is not predicted by it either
    predicts = runs.name if runs.note else engine
    evaluator = Evaluator(measure, predicts, int(size), cast)
    task = Epochs(
        evaluator,
        held,
        metrics_of(metrics),
        early_stopping,
        reduce_on_plateau,
        batches,
        rows,
        {
            "loss": loss_name(measure),
            "engine": predicts,
            "block": int(size),
            "dtype": np.dtype(dtype).name,
            "seed": seed,
        },
    )
    run = Run(built, runs, checked_listeners(listeners), progress, task, kept)
    if held is not None:
        evaluator.check(model, *held, task.metrics)
    done = run.restored() if resume else 0
    if not begin or run.reason is Reason.PATIENCE or done >= count:
        return run
    return run.resume(epochs=count - done, chunk=chunk)


def _objective(measure: Callable[[Any, Any], Any], augment: Callable[[Any], Any] | None) -> Callable[..., Any]:
    def loss(model: Any, x: Any, y: Any) -> Any:
        return measure(apply(model, x if augment is None else augment(x)), y)

    return loss


class _Split:
    """Data with a part of them held back."""

    def __init__(self, x: Any, y: Any, held: tuple[Any, Any]) -> None:
        self.x, self.y, self.held = x, y, held


def _validation(
    validation: Any, x: Any, y: Any, cast: Callable[[str, Any], Any], seed: int, stratify: bool
) -> _Split | tuple[Any, Any] | None:
    if validation is None:
        return None
    if isinstance(validation, tuple) and len(validation) == 2:
        held = cast("the validation's x", validation[0]), cast("the validation's y", validation[1])
        check_rows(*held, "the validation's ")
        return held
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        check_rows(x, y)
        if not 0 < validation < 1:
            raise ArgumentError(f"validation is {validation:g}; a share lies between 0 and 1", fix="validation=0.1")
        (x, y), held = split(x, y, float(validation), seed, stratify=stratify)
        return _Split(x, y, held)
    raise ArgumentError(
        f"validation is a {type(validation).__name__}; it is a share of the data, or a pair of inputs and targets",
        fix="validation=0.1, or validation=(x_validation, y_validation)",
    )


def _check_values(measure: Callable[..., Any], model: Any, size: int, *given: tuple[Any, Any] | None) -> None:
    """Raise where targets do not suit the loss, or indices the model, by the values of pairs of inputs and targets."""
    (x, _), *_ = [pair for pair in given if pair is not None]
    first = rebuild(x, lambda _, leaf: leaf[:size])
    names = {("model", *path): ".".join(path) for path, _ in flatten(model)}
    trace = trace_function(predict, {"model": model, "x": first}, names=names)
    outputs = trace.graph.outputs
    for x, y in [pair for pair in given if pair is not None]:
        check_indices(trace, {"model": model, "x": x})
        if len(outputs) == 1 and isinstance(y, np.ndarray):
            check_suited(measure, (len(y), *outputs[0].shape[1:]), y)
