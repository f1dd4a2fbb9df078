"""The measurements: each competitor in a process of its own, all of a workload in turns."""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.peers.bound import bound
from bench.peers.task import Task
from bench.peers.workloads import COLD, JAX, NUMPY, OPTIMIZER, OURS, PYTORCH, WARM, Sources, Workload

__all__ = ["Cell", "Options", "Row", "agreement", "measure"]

ROOT = Path(__file__).parents[2]
MOST = 2 * 10**6  # steps in a round of a workload whose calls have a length
SETTLED = 0.3  # seconds in which the threads of the one before stop waiting for work
FIRST = 101  # steps, so that the last loss is that of the parameters after 100 updates
ROUND = 0.5  # about so many seconds of a competitor in each round
PATIENCE = 900  # seconds for an answer, compilation in
TOLERANCE = 1e-3  # relative, between the losses after 100 steps


@dataclass(frozen=True)
class Options:
    """How to measure. `torch` and `jax` are the interpreters that have PyTorch and JAX."""

    rounds: int = 5
    threads: int = 2
    torch: str = sys.executable
    jax: str = sys.executable
    sources: Sources = field(default_factory=Sources)
    seconds: float = ROUND
    tell: Callable[[str], None] = lambda line: None


@dataclass
class Cell:
    """What was found for one competitor.

    value      the median of the rounds: seconds for a step, seconds for a process, or bytes
    rounds     what each round found
    compiling  seconds from the data to the first result, import apart, less the steps themselves
    importing  seconds of the import of the library
    loss       after 100 steps
    steps      how many steps there are in a call
    refused    why there is no figure
    """

    competitor: str
    value: float | None = None
    rounds: list[float] = field(default_factory=list)
    compiling: float | None = None
    importing: float | None = None
    loss: float | None = None
    steps: int | None = None
    refused: str | None = None


@dataclass
class Row:
    """What was found for one workload; `void` says why its figures cannot be compared."""

    name: str
    title: str
    kind: str
    cells: list[Cell]
    bound: dict[str, Any] | None = None
    void: str | None = None

    def cell(self, competitor: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.competitor == competitor), None)


def measure(name: str, workload: Workload, options: Options) -> Row:
    """Measure one workload."""
    with tempfile.TemporaryDirectory() as folder:
        task = workload.task(options.sources, options.threads)
        task.write(folder)
        found = steps(workload, task, folder, options) if workload.kind == "step" else wholes(workload, folder, options)
        least = asdict(bound(task)) if workload.kind == "step" and workload.bound else None
    return Row(name, workload.title, workload.kind, found, least, agreement(found))


def agreement(cells: Sequence[Cell]) -> str | None:
    """Why the losses after 100 steps are not those of the same training; None where they are."""
    losses = {cell.competitor: cell.loss for cell in cells if cell.loss is not None}
    for competitor, loss in losses.items():
        if not math.isfinite(loss):
            return f"the loss of {competitor} after 100 steps is {loss}"
    ordered = sorted(losses, key=lambda competitor: losses[competitor])
    if not ordered:
        return None
    low, high = losses[ordered[0]], losses[ordered[-1]]
    if high - low <= TOLERANCE * max(abs(low), abs(high)):
        return None
    return (
        f"the losses after 100 steps differ by more than {TOLERANCE:g}, relative: "
        f"{ordered[0]} has {low:.6g}, and {ordered[-1]} {high:.6g}"
    )


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────────


def command(competitor: str, folder: str, options: Options, *more: str) -> list[str]:
    """The command line of a competitor's process."""
    interpreter = sys.executable
    if competitor in (OPTIMIZER, *PYTORCH):
        interpreter = options.torch
    if competitor in JAX:
        interpreter = options.jax
    return [interpreter, "-m", "bench.peers.worker", competitor, folder, *more]


def environment(threads: int, **more: str) -> dict[str, str]:
    """The environment of a process that may use so many threads."""
    every = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "WORKINGS_THREADS")
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **dict.fromkeys(every, str(threads)), "PYTHONPATH": path, **more}


class BrokenError(Exception):
    """A process that refused, ended or took too long."""


class Process:
    """A competitor in a process that waits for orders."""

    def __init__(self, competitor: str, folder: str, options: Options) -> None:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (`close` does)
        line = command(competitor, folder, options)
        try:
            self._process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env=environment(options.threads, WORKINGS_CACHE=""),
                cwd=ROOT,
            )
        except OSError as error:
            self._errors.close()
            raise BrokenError(f"{line[0]} does not start: {error.strerror}") from None

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises `BrokenError` with the reason if there is none."""
        assert self._process.stdout is not None
        late = threading.Timer(PATIENCE, self._process.kill)
        late.start()
        line = self._process.stdout.readline()
        in_time = late.is_alive()
        late.cancel()
        if not line:
            raise BrokenError(f"ended: {self._last_words()}" if in_time else f"no answer in {PATIENCE} s")
        found = json.loads(line)
        if "refused" in found:
            raise BrokenError(f"refused: {found['refused']}")
        return found

    def order(self, steps: int, calls: int = 1) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"steps": steps, "calls": calls}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise BrokenError(f"ended: {self._last_words()}") from None
        return self.answer()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors if line.strip()]
        return f"exit status {code}" + (f", {said[-1]}" if said else "")


@contextlib.contextmanager
def processes() -> Iterator[dict[str, Process]]:
    """Processes by competitor, that end with the block."""
    alive: dict[str, Process] = {}
    try:
        yield alive
    finally:
        for process in alive.values():
            process.close()


# ── the time of a step ──────────────────────────────────────────────────────────────────────────────────────


def steps(workload: Workload, task: Task, folder: str, options: Options) -> list[Cell]:
    """The time of a step of each competitor, in processes that live on."""
    cells = {competitor: Cell(competitor) for competitor in workload.competitors}
    calls: dict[str, int] = {}
    with processes() as alive:
        for competitor, cell in cells.items():
            options.tell(f"{competitor}: compiling")
            try:
                alive[competitor] = Process(competitor, folder, options)
                calls[competitor] = _first(alive[competitor], cell, workload, options)
            except BrokenError as reason:
                _give_up(alive, cell, reason)
        for number in range(options.rounds):
            for competitor in list(alive):
                options.tell(f"{competitor}: round {number + 1} of {options.rounds}")
                cell = cells[competitor]
                try:
                    count = cell.steps or 1
                    time.sleep(SETTLED)
                    took = alive[competitor].order(count, calls[competitor])["seconds"]
                    cell.rounds.append(took / (count * calls[competitor]))
                except BrokenError as reason:
                    _give_up(alive, cell, reason)
    for cell in cells.values():
        if cell.rounds and cell.refused is None:
            cell.value = statistics.median(cell.rounds)
            assert cell.compiling is not None
            cell.compiling = max(cell.compiling - FIRST * cell.value, 0.0)
    return list(cells.values())


def _first(process: Process, cell: Cell, workload: Workload, options: Options) -> int:
    """The first steps, and how many there are to be in a round: steps in a call in the cell, calls as the result."""
    made = process.answer()
    first = process.order(FIRST)
    cell.importing, cell.loss = made["imported"], first["loss"]
    cell.compiling = made["made"] + first["seconds"]  # less the steps, when it is known what these take
    step = process.order(FIRST)["seconds"] / FIRST
    for _ in range(2):  # once by a guess, once by what that showed: the first calls of a new length compile again
        cell.steps = workload.call or max(10, min(int(options.seconds / step), 10**6))
        process.order(cell.steps)
        step = process.order(cell.steps)["seconds"] / cell.steps
        if workload.call or abs(cell.steps * step / options.seconds - 1) < 0.5:
            break
    if not workload.call:
        return 1
    # a run of workings keeps all its losses: more of them than anyone has would be a measure of memory
    return max(1, min(int(options.seconds / (step * cell.steps)), MOST // workload.call))


def _give_up(alive: dict[str, Process], cell: Cell, reason: BrokenError) -> None:
    cell.refused, cell.compiling, cell.loss = str(reason), None, None
    process = alive.pop(cell.competitor, None)
    if process is not None:
        process.close()


# ── whole processes ─────────────────────────────────────────────────────────────────────────────────────────


def wholes(workload: Workload, folder: str, options: Options) -> list[Cell]:
    """Wall time, or memory, of a whole process of each competitor."""
    cells = {competitor: Cell(competitor) for competitor in workload.competitors}
    with tempfile.TemporaryDirectory() as cache:
        if WARM in cells:
            options.tell(f"{WARM}: filling the cache")
            with contextlib.suppress(BrokenError):  # the rounds will say why
                _whole(WARM, folder, cache, options, workload.kind)
        for number in range(options.rounds):
            for competitor, cell in cells.items():
                if cell.refused is not None:
                    continue
                options.tell(f"{competitor}: round {number + 1} of {options.rounds}")
                try:
                    value, cell.loss = _whole(competitor, folder, cache, options, workload.kind)
                    cell.rounds.append(value)
                except BrokenError as reason:
                    cell.refused, cell.loss = str(reason), None
    for cell in cells.values():
        if cell.refused is None:
            cell.value = statistics.median(cell.rounds)
    return list(cells.values())


def _whole(competitor: str, folder: str, cache: str, options: Options, kind: str) -> tuple[float, float | None]:
    """One process from start to end: its seconds, or the bytes it had at most, and the loss."""
    line = command(OURS if competitor in (COLD, WARM) else competitor, folder, options, str(FIRST))
    if competitor == NUMPY:
        line = [sys.executable, "-c", "import numpy"]
    settings = environment(options.threads, WORKINGS_CACHE=cache if competitor == WARM else "")
    begin = time.perf_counter()
    try:
        done = subprocess.run(line, capture_output=True, text=True, env=settings, cwd=ROOT, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise BrokenError(f"no answer in {PATIENCE} s") from None
    except OSError as error:
        raise BrokenError(f"{line[0]} does not start: {error.strerror}") from None
    seconds = time.perf_counter() - begin
    if competitor == NUMPY and done.returncode == 0:
        return seconds, None
    found = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}
    if "refused" in found:
        raise BrokenError(f"refused: {found['refused']}")
    if "loss" not in found:
        said = [text.strip() for text in done.stderr.splitlines() if text.strip()]
        raise BrokenError(f"ended: exit status {done.returncode}" + (f", {said[-1]}" if said else ""))
    return (seconds if kind == "start" else float(found["peak"])), found["loss"]
