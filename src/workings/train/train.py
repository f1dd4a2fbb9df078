"""`train`: a loss, its parameters and data, made into a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workings.engines import get
from workings.errors import ArgumentError
from workings.train.events import Listener
from workings.train.feed import Batches
from workings.train.optimizers import SGD, Optimizer
from workings.train.program import build
from workings.train.run import Run, check_steps
from workings.train.updates import Nudging

__all__ = ["checked_listeners", "prepare", "train"]


def train(
    loss: Callable[..., Any],
    parameters: Any,
    data: Mapping[str, Any] | None = None,
    *,
    optimizer: Optimizer | None = None,
    steps: int = 100,
    engine: str = "auto",
    threads: int | None = None,
    until_loss: float | None = None,
    until_change: float | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
    average: float | None = None,
    rates: Mapping[str, float] | None = None,
    frozen: Sequence[str] = (),
    progress: bool | None = None,
    listeners: Listener | Sequence[Listener] = (),
    chunk: int | None = None,
) -> Run:
    """Train: nudge the parameters of a loss against its gradient, step by step.

    loss            a function of NumPy that returns a scalar
    parameters      start values by the names of its arguments: floats, arrays, or trees of them; float64 stays
                    float64 and float32 stays float32. A loss with an argument called `parameters` takes the
                    whole tree there
    data            the other arguments: numbers or arrays with one row for each example, all of one length
    optimizer       the update rule; `SGD(0.01)` if left out
    steps           how many steps at most
    engine          "native" compiles the program, and refuses ops that it does not have; "numpy" runs the written
                    program; "reference" goes node by node, with the bits of numpy. "auto" is native where that can
                    run all of it, and numpy otherwise: `run.engine` and `run.engine_note` say which and why
    threads         how many threads share the work of native where it is large; None: those that the environment
                    variable WORKINGS_THREADS asks for, or as many as there are processors. It never changes a number
    until_loss      stop after the step whose loss is below this bound
    until_change    stop after the step whose loss differs from the one before by less than this
    batch_size      how many rows of the data a step sees, the last one of an epoch seeing what is left; None: all
    shuffle         whether each epoch goes through the rows in an order of its own
    seed            what the orders of the rows, and random numbers in the loss, are drawn from
    clip_value      each element of a gradient is held between −clip_value and clip_value
    clip_norm       gradients are scaled down together where their norm is larger than this
    accumulate      so many steps share one update, by the mean of their gradients
    average         a moving average of the parameters is kept, of which so large a part is the old average
    rates           factors of the learning rate, by name of a parameter or pattern ("layers.0.*")
    frozen          names or patterns of the parameters that are not trained
    progress        a progress bar on standard error; None: where that is a terminal
    listeners       functions, or one, called with each event of the run (`Started`, `Progressed`, `Stopped`)
    chunk           steps in one call of the engine; None: about 50 ms. It never changes a number

    Returns a `Run`. Ctrl-C ends it early and keeps what was learned.

    >>> import workings as wk
    >>> def loss(w, x, expected):
    ...     y = w * x
    ...     return (y - expected) ** 2
    >>> run = wk.train(loss, parameters={"w": 0.5}, data={"x": 1.0, "expected": 2.0}, steps=100)
    >>> float(run.parameters["w"])
    1.80107066615787

    Raises `ArgumentError`, `GradientError`, `ShapeError` or `TraceError` before the first step for whatever does
    not fit, and `NonFiniteError` at the first step that makes inf or nan; its `run` has what was learned before.
    """
    return prepare(
        loss,
        parameters,
        data,
        optimizer=optimizer,
        steps=steps,
        engine=engine,
        threads=threads,
        until_loss=until_loss,
        until_change=until_change,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        clip_value=clip_value,
        clip_norm=clip_norm,
        accumulate=accumulate,
        average=average,
        rates=rates,
        frozen=frozen,
        progress=progress,
        listeners=listeners,
    ).resume(steps, chunk=chunk)


def prepare(
    loss: Callable[..., Any],
    parameters: Any,
    data: Mapping[str, Any] | None = None,
    *,
    optimizer: Optimizer | None = None,
    steps: int = 100,
    engine: str = "auto",
    threads: int | None = None,
    until_loss: float | None = None,
    until_change: float | None = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
    average: float | None = None,
    rates: Mapping[str, float] | None = None,
    frozen: Sequence[str] = (),
    progress: bool | None = None,
    listeners: Listener | Sequence[Listener] = (),
) -> Run:
    """A run of which no step has been run yet; the arguments are those of `train`."""
    built = build(
        loss,
        parameters,
        {} if data is None else data,
        SGD() if optimizer is None else optimizer,
        check_steps(steps),
        bounds={"until_loss": until_loss, "until_change": until_change},
        nudging=Nudging(clip_value, clip_norm, accumulate, average, rates or {}, frozen),
        batches=None if batch_size is None else Batches(batch_size, shuffle, seed),
        seed=seed,
    )
    return Run(built, get(engine, threads)(built.program), checked_listeners(listeners), progress)


def checked_listeners(listeners: Any) -> tuple[Listener, ...]:
    """The listeners as a tuple. Raises `ArgumentError` for one that cannot be called."""
    every: tuple[Any, ...] = tuple(listeners) if isinstance(listeners, (list, tuple)) else (listeners,)
    for listener in every:
        if not callable(listener):
            raise ArgumentError(
                f"listeners holds {listener!r}, which cannot be called", fix="listeners=[print], called with each event"
            )
    return every
