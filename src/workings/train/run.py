"""A run: what was learned, how the loss went, and every question one may ask about it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workings import engines
from workings.errors import ArgumentError
from workings.explain import Derivation, derive_step
from workings.graph import Graph, Node, Role, every_value
from workings.trace.trace import trace_function
from workings.trace.trees import flatten, rebuild
from workings.train.arguments import as_data
from workings.train.autopsy import autopsy
from workings.train.events import Event, Listener, Reason
from workings.train.loop import run_steps
from workings.train.optimizers import check_rate
from workings.train.program import Built
from workings.train.progress import Progress, wanted
from workings.transform import simplify
from workings.write.python import write_python

if TYPE_CHECKING:
    from workings.graph import Program

__all__ = ["Run"]


class _Leg(NamedTuple):
    """A stretch of steps that were run with the same settings, from where it began."""

    first: int
    carry: tuple[Any, ...]
    settings: tuple[Any, ...]


class Run:
    """A training run. It can go on (`resume`), be asked (`value`), be read (`source`, `explain`).

    program       the program that runs: forward pass, backward pass and update as one graph
    parameters    what was learned, in the form the parameters were given in (copies)
    losses        the loss before each update: `losses[i]` is the loss before update i
    steps         how many steps have been run; `len(losses)`
    reason        why it stopped, a `Reason`
    """

    def __init__(self, built: Built, engine: str, listeners: Sequence[Listener], progress: bool | None) -> None:
        self._built = built
        self._engine = engines.get(engine)(built.program)
        self._carry = built.program.start()
        self._data = tuple(built.program.data.values())
        self._settings = dict(built.program.settings)
        self._losses = np.empty(0, built.program.loss.dtype)
        self._legs: list[_Leg] = []
        self._listeners = tuple(listeners)
        self._progress = progress
        self.reason = Reason.STEPS

    # ── what came of it ──

    @property
    def program(self) -> Program:
        """The program that runs."""
        return self._built.program

    @property
    def engine(self) -> str:
        """The name of the engine."""
        return self._engine.name

    @property
    def parameters(self) -> Any:
        """What was learned, in the form in which the parameters were given."""
        return self._tree(self._carry)

    @property
    def losses(self) -> np.ndarray:
        """The loss before each update (a copy)."""
        return self._losses.copy()

    @property
    def steps(self) -> int:
        """How many steps have been run."""
        return len(self._losses)

    @property
    def settings(self) -> dict[str, float]:
        """The settings as they stand: the learning rate, the bounds of the stop conditions."""
        return dict(self._settings)

    def _tree(self, carry: Sequence[Any]) -> Any:
        found = {c.input: value for c, value in zip(self.program.carry, carry, strict=True)}
        trace = self._built.trace
        leaves = {p: found[n] for p, n in zip(trace.paths, trace.graph.inputs, strict=True) if n in found}
        trees = {
            name: rebuild(self._built.arguments[name], lambda path, _: np.copy(leaves[path])[()], (name,))
            for name in self._built.arguments
            if name in self._built.trained
        }
        return trees["parameters"] if set(trees) == {"parameters"} else trees

    # ── going on ──

    def resume(
        self, steps: int, *, learning_rate: float | None = None, progress: bool | None = None, chunk: int | None = None
    ) -> Run:
        """Run so many steps more, from where it stands, and return the run itself; the losses go on.

        A new `learning_rate` holds from here on; nothing is compiled again. The numbers are those of a run
        that had never stopped, to the last bit. Raises `NonFiniteError` at the first step that makes inf or nan.

        >>> import workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=2)
        >>> run.resume(steps=3).steps
        5
        """
        count = _steps(steps)
        if chunk is not None and (not isinstance(chunk, (int, np.integer)) or chunk < 1):
            raise ArgumentError(f"chunk is {chunk!r}; it is a number of steps", fix="chunk=100, or leave it out")
        if learning_rate is not None:
            if "learning_rate" not in self._settings:
                raise ArgumentError("this optimizer has no learning rate")
            check_rate("learning_rate", learning_rate)
            self._settings["learning_rate"] = float(learning_rate)
        settings = tuple(node.dtype.type(self._settings[node.name or ""]) for node in self.program.setting_inputs)
        if not self._legs or any(a != b for a, b in zip(self._legs[-1].settings, settings, strict=True)):
            self._legs.append(_Leg(self.steps, self._carry, settings))
        shown = [Progress()] if wanted(self._progress if progress is None else progress) else []

        def emit(event: Event) -> None:
            for listener in (*shown, *self._listeners):
                listener(event)

        try:
            outcome = run_steps(
                self._engine,
                self.program,
                self._carry,
                self._data,
                settings,
                self._losses,
                self.steps,
                self.steps + count,
                chunk=chunk,
                emit=emit,
            )
        finally:
            for bar in shown:
                bar.close()
        self.reason = outcome.reason
        if outcome.reason is Reason.NON_FINITE:
            bad = outcome.step - 1
            carry, first = outcome.chunk
            scratch = np.empty(max(bad, 1), self._losses.dtype)
            # from the start of the chunk to just before the step that failed: the same steps, the same bits
            self._carry, _ = self._engine.run(carry, self._data, settings, scratch, first, bad)
            self._losses = outcome.losses[:bad]
            error = autopsy(self.program, self._carry, self._data, settings, bad)
            error.run = self
            raise error
        self._carry, self._losses = outcome.carry, outcome.losses
        return self

    # ── questions ──

    def value(self, name: str, **data: Any) -> Any:
        """Any named value, with the parameters as they stand, for the data of the training or other data.

        `name` is that of a variable in the loss. Data that the value does not depend on may be left out, and
        arrays may have another number of rows than in training. Where one name was used several times (`h`,
        `h_2`, `h_3` in the written program) asking for `h` gives all of them as a dict.

        >>> import workings as wk
        >>> def loss(w, x, expected):
        ...     y = w * x
        ...     return (y - expected) ** 2
        >>> run = wk.train(loss, {"w": 0.5}, {"x": 1.0, "expected": 2.0}, steps=200)
        >>> float(run.value("y", x=3.0))
        5.920854240274253

        Raises `ArgumentError` for a name there is not, naming the nearest ones, and for data that do not fit.
        """
        graph, inputs, dummies = self._forward(data)
        names = graph.names
        found = {names[n]: n for n in graph.nodes if n in names and (names[n] == name or n.name == name)}
        if not found:
            known = [names[n] for n in graph.nodes if n in names]
            near = difflib.get_close_matches(name, known, n=3)
            raise ArgumentError(
                f"there is no value {name!r} in {graph.name}; there are {', '.join(known)}",
                fix=" or ".join(repr(n) for n in near) or None,
            )
        with np.errstate(all="ignore"):
            part = Graph(graph.inputs, found.values(), name=graph.name)
            missing = [n.name for n in part.inputs if n in dummies and part.users[n]]
            if missing:
                raise ArgumentError(
                    f"{name} depends on {', '.join(map(str, missing))} too, given for another number of rows",
                    fix=f"run.value({name!r}, {', '.join(f'{m}=…' for m in [*data, *missing])})",
                )
            values = every_value(part, inputs)
        results = {title: values[node] for title, node in found.items()}
        return next(iter(results.values())) if len(results) == 1 or name in results and len(found) == 1 else results

    def _forward(self, data: Mapping[str, Any]) -> tuple[Graph, list[Any], set[Node]]:
        """The forward pass for these data: its graph, the values of its inputs, and which of them are made up."""
        built = self._built
        arguments = {**built.arguments}
        parameters = self._tree(self._carry)
        for name in built.trained:
            arguments[name] = parameters if built.trained == {"parameters"} else parameters[name]
        own = {name: tree for name, tree in built.arguments.items() if name not in built.trained}
        whole = len(own) == 1 and "data" in own and isinstance(own["data"], Mapping)
        table = dict(own["data"]) if whole else dict(own)
        for name, value in data.items():
            if name not in table:
                near = difflib.get_close_matches(name, table, n=1)
                raise ArgumentError(
                    f"{name!r} is none of the data, which are {', '.join(table) or 'none'}",
                    fix=repr(near[0]) if near else None,
                )
            old = dict(flatten(table[name]))
            table[name] = rebuild(
                value, lambda path, leaf, o=old, n=name: as_data((n, *path), leaf).astype(_dtype_of(o, path, leaf))
            )
        rows = {leaf.shape[0] for name in data for _, leaf in flatten(table[name]) if np.ndim(leaf)}
        made_up: set[str] = set()
        if len(rows) == 1:
            (count,) = rows
            for name in table:
                if name not in data:
                    table[name] = rebuild(table[name], lambda _, leaf, n=name: _resized(leaf, count, n, made_up))
        arguments |= {"data": table} if whole else table
        traced = trace_function(
            built.loss,
            arguments,
            roles=lambda path: Role.PARAMETER if path[0] in built.trained else Role.DATA,
        )
        clean = simplify(traced.graph).graph
        at = 1 if whole else 0
        dummies = {
            node
            for path, node in zip(traced.paths, traced.graph.inputs, strict=True)
            if path[0] not in built.trained and len(path) > at and path[at] in made_up
        }
        return clean, traced.leaves(arguments), dummies

    def source(self, language: str = "python") -> str:
        """The program as a text that stands alone; in Python it is what the numpy engine runs, word for word.

        >>> import workings as wk
        >>> run = wk.train(lambda w: w ** 2, {"w": 1.0}, steps=2)
        >>> "w = w - learning_rate * d_w" in run.source("python")
        True
        """
        if language != "python":
            raise ArgumentError(f"there is no writer for {language!r}", fix="'python'")
        return write_python(self.program).source

    def explain(self, step: int | None = None) -> Derivation:
        """The derivation of one step, with the numbers of that step; of the next one if `step` is left out.

        `step` counts from 0; the parameters before it are worked out again by running the steps up to it.
        """
        at = self.steps if step is None else step
        if not isinstance(at, (int, np.integer)) or not 0 <= at <= self.steps:
            raise ArgumentError(f"step is {step!r}; steps 0 to {self.steps} can be explained")
        carry, settings = self._before(int(at))
        names = [node.name or "" for node in self.program.setting_inputs]
        return derive_step(self.program, carry, settings=dict(zip(names, settings, strict=True)))

    def _before(self, step: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What was carried into a step, and the settings there: the leg it lies in, replayed."""
        if step == self.steps or not self._legs:
            settings = tuple(n.dtype.type(self._settings[n.name or ""]) for n in self.program.setting_inputs)
            return self._carry, settings
        leg = next(leg for leg in reversed(self._legs) if leg.first <= step)
        scratch = np.empty(max(step, 1), self._losses.dtype)
        carry, _ = self._engine.run(leg.carry, self._data, leg.settings, scratch, leg.first, step)
        return carry, leg.settings

    def __repr__(self) -> str:
        count = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        if not self.steps:
            return f"<run of {self.program.step.name}: {count}, engine {self.engine}>"
        first, last = float(self._losses[0]), float(self._losses[-1])
        return (
            f"<run of {self.program.step.name}: {count}, loss {first:.6g} → {last:.6g}, "
            f"engine {self.engine}; {self.reason}>"
        )


def _dtype_of(old: Mapping[Any, Any], path: Any, leaf: Any) -> np.dtype:
    return np.asarray(old.get(path, leaf)).dtype


def _resized(leaf: Any, count: int, name: str, made_up: set[str]) -> Any:
    """Rows for a value that nobody asked about: their number matters while tracing, and nothing else does."""
    if np.ndim(leaf) == 0 or leaf.shape[0] == count:
        return leaf
    made_up.add(name)
    return np.resize(leaf, (count, *leaf.shape[1:]))


def _steps(steps: Any) -> int:
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        whole = isinstance(steps, float) and math.isfinite(steps) and steps == int(steps) and steps >= 0
        raise ArgumentError(
            f"steps is {steps!r}; it is a whole number, 0 or more", fix=f"steps={int(steps)}" if whole else "steps=100"
        )
    return int(steps)
