"""A run: what was learned, how the loss went, and every question one may ask about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from workings.errors import ArgumentError
from workings.graph.display import AsHtml
from workings.train.arguments import nearest
from workings.train.checks import check_count, check_setting
from workings.train.events import EpochEnded, Event, Listener, Reason
from workings.train.loop import Position, run_steps
from workings.train.progress import Progress, shown, wanted
from workings.train.record import Before, Leg, before, recorded, spread
from workings.train.stops import BOUNDS, Stops, check_bound
from workings.train.values import learned, named_value

if TYPE_CHECKING:
    from workings.draw.picture import Direction, Picture
    from workings.engines import Engine
    from workings.explain import Derivation
    from workings.explain.page import Page
    from workings.graph import Program
    from workings.train.checkpoints import Checkpoints
    from workings.train.epochs import Epochs
    from workings.train.history import History
    from workings.train.metrics import Metric
    from workings.train.program import Built
    from workings.write.written import Written

__all__ = ["Run", "check_steps"]


class Run(AsHtml):
    """A training run. It can go on (`resume`), be asked (`value`), be read (`source`, `explain`).

    program       the program that runs: forward pass, backward pass and update as one graph
    parameters    what was learned, in the form the parameters were given in (copies)
    losses        the loss before each update: `losses[i]` is the loss before update i
    steps         how many steps have been run; `len(losses)`
    settings      the learning rate and the bounds of the stop conditions, as they stand
    reason        why it stopped, a `Reason`

    >>> import workings as wk
    >>> run = wk.train(lambda w: (w - 1) ** 2, {"w": 0.5}, optimizer=wk.SGD(0.25), steps=2)
    >>> run.losses
    array([0.25  , 0.0625])
    >>> run
    <run of f: 2 steps, loss 0.25 → 0.0625, engine native; the steps are spent>
    """

    def __init__(
        self,
        built: Built,
        engine: Engine,
        listeners: Sequence[Listener] = (),
        progress: bool | None = None,
        epochs: Epochs | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._built = built
        self._engine = engine
        self._stops = Stops(built.program)
        self._data = tuple(built.program.data.values())
        self._position = Position(built.program.start(), np.empty(0, built.program.loss.dtype))
        self._settings = dict(built.program.settings)
        self._kinds = [node.dtype.type for node in built.program.setting_inputs]
        self._legs: list[Leg] = []
        self._listeners = tuple(listeners)
        self._progress = progress
        self._epochs = epochs
        self._checkpoints = checkpoints
        self.reason = Reason.STEPS
        self._running = False

    # ── what came of it ──

    @property
    def program(self) -> Program:
        """The program that runs."""
        return self._built.program

    @property
    def engine(self) -> str:
        """The name of the engine that runs it."""
        return self._engine.name

    @property
    def engine_note(self) -> str:
        """Why it is not the engine native that runs, where engine="auto" was asked for; empty otherwise."""
        return self._engine.note

    @property
    def parameters(self) -> Any:
        """What was learned, in the form in which the parameters were given (copies)."""
        trees = learned(self._built, self._position.carry)
        return trees["parameters"] if set(trees) == {"parameters"} else trees

    @property
    def losses(self) -> np.ndarray:
        """The loss before each update (a copy)."""
        return self._position.losses.copy()

    @property
    def steps(self) -> int:
        """How many steps have been run."""
        return self._position.step

    @property
    def settings(self) -> dict[str, float]:
        """The settings as they stand: the learning rate, the bounds of the stop conditions."""
        return dict(self._settings)

    # ── going on ──

    def resume(
        self,
        steps: int | None = None,
        *,
        epochs: int | None = None,
        learning_rate: float | None = None,
        progress: bool | None = None,
        chunk: int | None = None,
        **settings: float,
    ) -> Run:
        """Run so many steps or epochs more, from where it stands, and return the run itself; the losses go on.

        A new `learning_rate`, or another setting of the optimizer or bound of a stop condition by its name,
        holds from here on (a bound of 0 lets a run go on that it had stopped); nothing is compiled again. The
        numbers are those of a run that had never stopped, to the last bit. Ctrl-C ends it early, and keeps what
        was learned; so does an error in a listener.

        >>> import workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=2)
        >>> run.resume(steps=3).steps
        5

        Raises `NonFiniteError` at the first step that makes inf or nan; the run then stands before that step.
        """
        count = self._count(steps, epochs)
        if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, (int, np.integer)) or chunk < 1):
            raise ArgumentError(
                f"chunk is {chunk!r}; it is a number of steps, 1 or more", fix="chunk=100, or leave it out"
            )
        if self._running:
            raise ArgumentError(
                "this run is running; it cannot be resumed by one of its own listeners",
                fix="run.resume(…) after it has returned, or more steps to begin with",
            )
        self._settings |= self._changed({"learning_rate": learning_rate, **settings})
        self._begin_leg()
        before = float(self._epochs.history[-1]["seconds"]) if self._epochs and self._epochs.history else 0.0
        bars = [Progress()] if wanted(self._progress if progress is None else progress) else []
        listeners = (*bars, *self._listeners)

        def emit(event: Event) -> None:
            for listener in listeners:
                listener(event)

        self._running = True
        self.reason = Reason.STEPS  # a checkpoint on the way is of a run that goes on
        try:
            self.reason = run_steps(
                self._engine,
                self._stops,
                self._position,
                self._data,
                self._setting_values,
                count,
                chunk=chunk,
                emit=emit,
                epoch=None if self._epochs is None else self.program.batches,
                between=lambda seconds: self._between(before + seconds, emit),
            )
        finally:
            self._running = False
            for bar in bars:
                bar.close()
        if self._checkpoints is not None and self.reason is not Reason.NON_FINITE:
            self._checkpoints.save(self.steps, *self._state())
        if self.reason is Reason.NON_FINITE:
            from workings.train.autopsy import autopsy

            values = self._setting_values()
            error = autopsy(self.program, self._position.carry, self._data, values, self.steps)
            error.run = self
            raise error
        return self

    def _count(self, steps: int | None, epochs: int | None) -> int:
        """How many steps are asked for; epochs go to the end of the last one."""
        if (steps is None) == (epochs is None):
            raise ArgumentError(
                "a run is resumed for a number of steps or of epochs",
                fix="run.resume(steps=100), or run.resume(epochs=5)",
            )
        if epochs is None:
            return check_steps(steps)
        size = self.program.batches
        return max(check_count("epochs", epochs, 0) * size - self.steps % size, 0)

    def _begin_leg(self) -> None:
        """From here on steps are replayed from here, if the settings or what is carried are others than before."""
        now = self._setting_values()
        if not self._legs or self._legs[-1].settings != now:
            self._legs.append(Leg(self.steps, self._position.carry, now))

    def _between(self, seconds: float, emit: Listener) -> Reason | None:
        """The end of an epoch."""
        epochs, step, size = self._epochs, self.steps, self.program.batches
        assert epochs is not None
        row = epochs.end(step, self._position.losses[step - size : step], lambda: self.model, seconds)
        emit(EpochEnded(row["epoch"], step, row, seconds))
        factor = epochs.rate(row)
        if factor != 1.0:
            self._settings["learning_rate"] *= factor
            self._begin_leg()
        reason = Reason.PATIENCE if epochs.watch(row, self._position.carry) else None
        if self._checkpoints is not None:
            self._keep(self._checkpoints, row["epoch"], reason is None)
        if reason is not None and epochs.best.carry is not None:
            self._position.carry = epochs.best.carry
            self._legs.append(Leg(step, self._position.carry, self._setting_values()))
        return reason

    def _changed(self, settings: dict[str, float | None]) -> dict[str, float]:
        """The settings that are not None, checked."""
        changed = {}
        for name, value in settings.items():
            if value is None:
                continue
            if name in BOUNDS and name not in self._settings:
                raise ArgumentError(
                    f"this run was made without {name}, and the condition is part of its program",
                    fix=f"wk.train(…, {name}={value!r})",
                )
            if name not in self._settings:
                raise ArgumentError(f"this run has no setting {name!r}", fix=nearest(name, self._settings))
            changed[name] = check_bound(name, value) if name in BOUNDS else check_setting(name, value)
        return changed

    def _setting_values(self) -> tuple[Any, ...]:
        return tuple(kind(value) for kind, value in zip(self._kinds, self._settings.values(), strict=True))

    # ── a model ──

    def _task(self, what: str) -> Epochs:
        if self._epochs is None:
            raise ArgumentError(
                f"this run is of a function, and has no {what}",
                fix="run.parameters and run.value(name, …), or wk.fit for a model",
            )
        return self._epochs

    @property
    def model(self) -> Any:
        """The model as it was trained (a copy), with the averaged parameters if an average is kept."""
        self._task("model")
        found = dict(zip((c.input for c in self.program.carry), self._position.carry, strict=True))
        averaged = {node: found[mean] for node, mean in self._built.averages.items()}
        return learned(self._built, [averaged.get(node, value) for node, value in found.items()])["model"]

    @property
    def history(self) -> History:
        """How training went, one row for each epoch."""
        return self._task("history").history

    def predict(self, x: Any) -> Any:
        """The predictions of the model for other inputs, one for each row, by the engine of the run.

        Layers are as they are when they are not trained. The rows are computed in blocks of the batch size.
        """
        return self._task("predictions").evaluator.predict(self.model, x)

    def evaluate(
        self, x: Any = None, y: Any = None, metrics: str | Metric | Sequence[str | Metric] | None = None
    ) -> dict[str, Any]:
        """The loss on other data, as the mean over their rows, and metrics: those of the training if none are named.

        Without `x` and `y` it is about the validation data.
        """
        from workings.train.metrics import metrics_of

        task = self._task("evaluation")
        if x is None and y is None:
            x, y = task.held
        return task.evaluator.evaluate(self.model, x, y, task.metrics if metrics is None else metrics_of(metrics))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model, what it was trained with and how it went into one file; `wk.load` reads it.

        `digits` becomes digits.safetensors. Modules of `nn` are saved by name; of other code the arrays are.

        Raises `CheckpointError` where it cannot be written; a file that was there is as it was then.
        """
        from workings.train.saved import file_of
        from workings.train.storage import write

        where = file_of(path)
        write(where, *self._state())
        return where

    def restored(self) -> int:
        """Go back to the latest checkpoint, if there is one; how many epochs it had."""
        from workings.train.checkpoints import latest, restore

        found = latest(self._checkpoints.path) if self._checkpoints is not None else None
        if found is None:
            return 0
        self._position, settings, reason = restore(found, self.program, self._epochs, self._mark)
        self._settings |= settings
        self.reason = Reason(reason)
        self._legs = [Leg(self.steps, self._position.carry, self._setting_values())]
        return self.steps // self.program.batches

    def _keep(self, kept: Checkpoints, epoch: int, goes_on: bool) -> None:
        """Write the checkpoints that are due at the end of an epoch; that of the end of the run is written there."""
        assert self._epochs is not None
        best, due = kept.best and self._epochs.best.epoch == epoch, goes_on and epoch % kept.every == 0
        if not best and not due:
            return
        state = self._state()
        if best:
            kept.save_best(*state)
        if due:
            kept.save(self.steps, *state)

    @cached_property
    def _mark(self) -> str:
        from workings.train.checkpoints import fingerprint

        return fingerprint(self.program)

    def _state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything that the run needs to go on, and its model, as arrays and facts."""
        from workings.train.checkpoints import state_of
        from workings.train.saved import model_facts

        task = self._task("model to save")
        arrays, facts = state_of(
            self.program, self._position, self._settings, str(self.reason), self._epochs, self._mark
        )
        own, about = model_facts(self.model, task.facts)
        drawn, graph = self._predictions
        return {**arrays, **own, **drawn}, {**facts, **about, **graph}

    @cached_property
    def _predictions(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The graph of the predictions for a block of rows, as arrays and facts."""
        from workings.train.saved import graph_facts, predicting

        task = self._task("predictions")
        block = task.batches.size
        few = self._built.arguments.first(block)["x"]
        return graph_facts(predicting(self.model, few), block)

    # ── questions ──

    def value(self, name: str, /, **data: Any) -> Any:
        """Any named value, with the parameters as they stand, for the data of the training or other data.

        The engine of the run computes it. `name` is that of a variable in the loss, of a parameter, or of a derivative
        as the written program has it (`d_w`, for the data of the training). Data that are left out are those of the
        training, in batches those of the next step; for other data layers behave as they do when they are not trained.
        Arrays may have another number of rows than in training, and what the value does not depend on may then be left
        out. Where one name was used several times (`h`, `h_2`, `h_3` in the written program) asking for `h`
        gives all of them as a dict.

        >>> import workings as wk
        >>> def loss(w, x, expected):
        ...     y = w * x
        ...     return (y - expected) ** 2
        >>> run = wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, steps=200)
        >>> float(run.value("y", x=3.0))
        5.920854240274253

        Raises `ArgumentError` for a name there is not, naming the nearest ones, and for data that do not fit.
        """
        values = self._setting_values()
        return named_value(self._built, self._position.carry, values, name, data, self.steps, self.engine)

    @cached_property
    def _written(self) -> Written:
        from workings.write.python import write_python

        return getattr(self._engine, "written", None) or write_python(self.program)

    def source(self, language: str = "python") -> str:
        """The program as a text that stands alone; in Python it is what the numpy engine runs, word for word.

        Started by itself it begins where this run began, with the settings from then. Larger arrays lie in an
        .npz beside the text; `write` saves both. "loops" and "llvm" show what the native engine runs.

        >>> import workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=2)
        >>> "w = w - learning_rate * d_w" in run.source("python")
        True
        """
        if language == "python":
            return self._written.source
        sources: Mapping[str, str] = getattr(self._engine, "sources", {})
        if language in sources:
            return sources[language]
        if language in ("loops", "llvm"):
            raise ArgumentError(
                f"the engine {self.engine} runs no {language}", fix=f"engine='native' for source({language!r})"
            )
        raise ArgumentError(f"there is no writer for {language!r}", fix="'python'")

    def write(self, path: str | os.PathLike[str]) -> list[Path]:
        """Save the program that `source` gives, and its arrays as .npz beside it; the files written.

        >>> import tempfile, workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in run.write(folder + "/square.py")]
        ['square.py']
        """
        return self._written.save(path)

    def explain(self, step: int | None = None, *, most: int | None = None) -> Derivation:
        """The derivation of one step, with the numbers of that step; of the next one if `step` is left out.

        `step` counts from 0; the parameters before it are worked out again by running the steps up to it. Layers are
        folded, each into one line, so far that at most `most` values have a line, 40 if it is left out: 0 folds all
        that can be.
        """
        if most is not None:
            check_count("most", most, 0)
        at = self.steps if step is None else step
        if isinstance(at, bool) or not isinstance(at, (int, np.integer)) or not self._first <= at <= self.steps:
            before = " (those before it were run before a checkpoint)" if self._first else ""
            raise ArgumentError(
                f"step is {step!r}; steps {self._first} to {self.steps} can be explained{before}",
                fix=f"run.explain(step={self.steps})",
            )
        return recorded(self.program, next(self._before([int(at)])), most).derivation

    def draw(
        self,
        step: int | None = None,
        *,
        depth: int | None = None,
        scope: str | Sequence[str] = (),
        values: bool = True,
        backward: bool = True,
        direction: Direction = "down",
        most: int = 60,
    ) -> Picture:
        """The net as a picture, with the values and the gradients of one step; of the next one if `step` is left out.

        `step` is as for `explain`, and the other options are those of `wk.draw`.

        >>> import workings as wk
        >>> run = wk.train(lambda w: (w - 1) ** 2, {"w": 0.5}, optimizer=wk.SGD(0.25), steps=1)
        >>> print(run.draw())
                             value    gradient
        f = z²               0.0625
        └─ z = w − 1         −0.25    −0.5
           └─ w  parameter   0.75     −0.5
        """
        from workings.draw.picture import picture

        subject = self.explain(step).subject
        return picture(
            subject.graph,
            values=subject.values if values else {},
            gradients=subject.gradients if values and backward else {},
            names=subject.names,
            depth=depth,
            scope=scope,
            backward=backward,
            direction=direction,
            most=most,
        )

    def page(self, steps: int = 100, *, progress: bool | None = None) -> Page:
        """The run as a page: derivation, picture and program, with a slider over recorded steps.

        At most so many `steps` are recorded, spread over those that were run, the first and the last among them;
        each is worked out again, derived and checked. A page is of one graph, so that steps with the smaller last
        batch of an epoch are left out where there are others. The page stands alone: `page.save("run.html")`.

        >>> import workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=5)
        >>> run.page().title
        'How f changes with w'

        Raises `ArgumentError` unless `steps` is a whole number, 1 or more.
        """
        from workings.explain.page import run_page  # the writers of pages, for those who want one

        if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
            raise ArgumentError(f"steps is {steps!r}; a page shows 1 step or more", fix="steps=100")
        every = range(self._first, self.steps + 1)
        alike = every if self.program.final is None else [s for s in every if self.program.at(s) is self.program]
        alike = alike or every[:1]  # the next step alone is there, and its batch is the smaller one
        chosen = [alike[i] for i in spread(len(alike) - 1, int(steps))]
        bar = wanted(self._progress if progress is None else progress)
        frames = [recorded(self.program, found) for found in shown(self._before(chosen), len(chosen), "recording", bar)]
        graph = self.program.at(chosen[0]).step
        return run_page(frames, graph, self._written, self.losses, about=self._about())

    @property
    def _first(self) -> int:
        """The earliest step that can be worked out again."""
        return self._legs[0].first if self._legs else self.steps

    def _before(self, steps: Sequence[int]) -> Iterator[Before]:
        """What was carried into these steps, which ascend, and the settings there: the legs, replayed."""
        return before(self._engine, self._data, self._legs, self._position, self._setting_values(), steps)

    def _about(self) -> str:
        """The run in a few words, below the title of its page."""
        count = f"{self.steps:,} step{'' if self.steps == 1 else 's'}"
        return f"A run of {self.program.step.name}: {count}, engine {self.engine}{self._because()}; {self.reason}."

    def __reduce__(self) -> NoReturn:
        raise ArgumentError(
            "a run cannot be pickled or copied; it holds the engine that runs it",
            fix="run.parameters and run.losses for what was learned, run.write(path) for the program",
        )

    def __repr__(self) -> str:
        count = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        if not self.steps:
            return f"<run of {self.program.step.name}: {count}, engine {self.engine}{self._because()}>"
        first, last = float(self._position.losses[0]), float(self._position.losses[-1])
        return (
            f"<run of {self.program.step.name}: {count}, loss {first:.6g} → {last:.6g}, "
            f"engine {self.engine}{self._because()}; {self.reason}>"
        )

    def _because(self) -> str:
        return f" ({self.engine_note})" if self.engine_note else ""


def check_steps(steps: Any) -> int:
    """The number of steps. Raises `ArgumentError` unless it is a whole number, 0 or more."""
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        whole = isinstance(steps, float) and steps.is_integer() and steps >= 0
        raise ArgumentError(
            f"steps is {steps!r}; it is a whole number, 0 or more", fix=f"steps={int(steps)}" if whole else "steps=100"
        )
    return int(steps)
