"""Nets trained on real data, each figure held against its bar.

    python -m bench.results --mnist FOLDER --text FILE      trains them all and writes docs/results.md
    python -m bench.results --only digits                   trains some of them, and prints what it found

FOLDER holds images and labels of MNIST as pairs of files of the IDX format, gzipped or not, such as
t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz; FILE is a text such as tinyshakespeare.txt. Left out, they are
looked for in the folder that WORKINGS_DATA names, as mnist/ and tinyshakespeare.txt.

It ends with 1 if a bar is missed, and with 2 if data are missing.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import workings as wk
from examples.nets import characters, digits

RESULTS = Path(__file__).parent.parent / "docs" / "results.md"
PARTS = ("digits", "mnist", "text", "programs")
SAMPLE = 600  # characters

# The settings were chosen by a validation part of what is trained on. What these splits hold out was not looked at.
HELD_OUT = {"seed": 1, "stratify": True}
DIGITS_HELD_OUT, MNIST_HELD_OUT = 0.25, 0.2

# by the engine whose bits the written programs have
trained = functools.partial(digits.train, engine="numpy")
learned = functools.partial(characters.train, engine="numpy")


class Figure(NamedTuple):
    """What was measured, and what it was to reach: a value from `bar` on, or with `most` up to it."""

    what: str
    measured: str
    value: float
    bar: float | None
    run: wk.Run | None = None
    seconds: float = 0.0  # of the clock
    work: float = 0.0  # of the processor
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the bar was reached; a figure without one need only be a number."""
        if self.bar is None:
            return bool(np.isfinite(self.value))
        return self.value <= self.bar if self.most else self.value >= self.bar

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        share = self.measured == "accuracy"
        value, bar = (
            "" if number is None else f"{number:.2%}" if share else f"{number:.3f}" for number in (self.value, self.bar)
        )
        bound = f"{'≤' if self.most else '≥'} {bar}" if bar else "none"
        counts = (
            f"{parameters(self.run.model):,}",
            f"{len(self.run.history)}",
            f"{self.run.steps:,}",
        )
        return (self.what, *counts, self.measured, value, bound, f"{self.seconds:.0f}", f"{self.work:.0f}")


HEAD = ("net", "parameters", "epochs", "steps", "measured", "value", "bar", "seconds", "CPU seconds")


def parameters(model: Any) -> int:
    """How many numbers of a model are trained."""
    return sum(int(np.size(leaf)) for leaf in model.parameters().values())


def timed(train: Callable[[], wk.Run]) -> tuple[wk.Run, float, float]:
    """A run, and the seconds it took: of the clock, and of the processor."""
    clock, work = time.perf_counter(), time.process_time()
    run = train()
    return run, time.perf_counter() - clock, time.process_time() - work


# ── what is trained ─────────────────────────────────────────────────────────────────────────────────────────


def recognized(what: str, bar: float, held: tuple[Any, Any], train: Callable[[], wk.Run]) -> Figure:
    """The share of held-out images that a net recognizes."""
    run, seconds, work = timed(train)
    return Figure(what, "accuracy", run.evaluate(*held, metrics="accuracy")["accuracy"], bar, run, seconds, work)


def on_digits() -> Iterator[Figure]:
    """scikit-learn's digits."""
    (x, y), held = wk.data.split(*digits.small_digits(), DIGITS_HELD_OUT, **HELD_OUT)
    yield recognized(
        "digits, MLP", 0.975, held, lambda: trained(digits.perceptron(8, 128), x, y, epochs=60, rate=0.005)
    )
    yield recognized(
        "digits, CNN",
        0.985,
        held,
        lambda: trained(digits.convolutional(8, 16), x, y, epochs=30, rate=0.004, most=1),
    )


def on_mnist(folder: Path) -> Iterator[Figure]:
    """The images of MNIST in a folder."""
    (x, y), held = wk.data.split(*digits.mnist(folder), MNIST_HELD_OUT, **HELD_OUT)
    options = {"batch_size": 64, "most": 2}
    yield recognized(
        "MNIST, MLP",
        0.955,
        held,
        lambda: trained(digits.perceptron(28, 256), x, y, epochs=20, rate=0.003, **options),
    )
    yield recognized(
        "MNIST, CNN",
        0.98,
        held,
        lambda: trained(digits.convolutional(28, 16), x, y, epochs=14, rate=0.004, **options),
    )


def on_text(file: Path) -> Iterator[Figure]:
    """A text, character by character."""
    symbols, numbers = characters.numbered(file.read_text(encoding="utf-8"))
    cut = len(numbers) * 9 // 10
    (x, y), held = characters.rows(numbers[:cut]), characters.rows(numbers[cut:])
    nets = (("transformer", characters.transformer, 2.0), ("GRU", characters.recurrent, None))
    for name, net, bar in nets:
        run, seconds, work = timed(lambda net=net: learned(net(len(symbols)), x, y, validation=held))
        value = run.history[-1]["validation_loss"]
        yield Figure(f"characters, {name}", "validation loss, nats", value, bar, run, seconds, work, most=True)


# ── the programs alone ──────────────────────────────────────────────────────────────────────────────────────

_ALONE = """
import hashlib, runpy, sys
losses = runpy.run_path("program.py", run_name="__main__")["losses"]
assert "workings" not in sys.modules
print("losses", hashlib.sha256(losses.tobytes()).hexdigest())
"""


def same_alone(run: wk.Run) -> bool:
    """Whether the program that the run wrote gives the same losses, to the last bit, with NumPy alone."""
    with tempfile.TemporaryDirectory() as folder:
        run.write(Path(folder) / "program.py")
        done = subprocess.run(
            # -I leaves out the paths of this process, so that only what is installed is found
            [sys.executable, "-I", "-c", _ALONE],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout.split()[-1] == hashlib.sha256(run.losses.tobytes()).hexdigest()


def short_runs() -> Iterator[tuple[str, wk.Run]]:
    """One epoch of each kind of net, on data made here, with a smaller last batch."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((150, 1, 8, 8), np.float32), rng.integers(0, 10, 150)
    yield "CNN", trained(digits.convolutional(8, 8), images, labels, epochs=2, rate=0.003, most=1, progress=False)
    x, y = characters.rows(rng.integers(0, 20, 40 * characters.CONTEXT + 1))
    for name, net in (("transformer", characters.transformer), ("GRU", characters.recurrent)):
        yield name, learned(net(20), x, y, epochs=2, batch_size=16, progress=False)


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, its head first."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])


def machine() -> str:
    """The machine in words."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    load = f", {os.getloadavg()[0]:.0f} tasks running on average" if hasattr(os, "getloadavg") else ""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count())
    return f"{platform.system()} on {name}, {os.cpu_count()} cores, {threads} for matrix products{load}"


def versions() -> str:
    """What ran."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index, call-overload]
    return (
        f"workings {wk.__version__}, Python {platform.python_version()}, NumPy {np.__version__} "
        f"with {blas['name']} {blas['version']}"
    )


def document(figures: Sequence[Figure], programs: Sequence[tuple[str, bool]], sample: str) -> str:
    """docs/results.md"""
    alone = ", ".join(name for name, same in programs if same)
    return f"""# Results

Nets trained with `wk.fit` on the engine `numpy`. `make results` trains them again and writes this page; the nets are
in [examples/nets](../examples/nets), the settings in [bench/results.py](../bench/results.py).

{table([HEAD, *(figure.row() for figure in figures)])}

Digits are scikit-learn's 1,797 images of 8 × 8 pixels, {1 - DIGITS_HELD_OUT:.0%} of them to train; those of MNIST are
the 10,000 called t10k, of 28 × 28 pixels, {1 - MNIST_HELD_OUT:.0%} of them to train. The accuracy is that on the
others, held out by `wk.data.split` with seed {HELD_OUT["seed"]}, the same share of each class. They were asked about at
the end alone: settings were chosen by a validation part of the images to train. The characters are those of the
tiny Shakespeare, a megabyte; the last tenth of it is the validation. A loss is the mean surprise at a character, in
nats.

Start values come from `np.random.default_rng(0)`; the order of the rows, dropout and shifts from seed 0 of `wk.fit`.
The same machine, NumPy and number of threads give the same bits again.

Seconds include tracing and validation; CPU seconds are those of all threads.
Machine: {machine()}.
Versions: {versions()}.

## The programs alone

`run.write("program.py")` writes a program that needs nothing but NumPy. Short runs of these nets, started as
`python -I`, gave the same losses as the engine, to the last bit: {alone}.

## A sample

The transformer, asked for {SAMPLE} characters after a line break:

```text
{sample.strip()}
```
"""


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────


def found(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """The folder of MNIST and the text. Says what to put where, and ends with 2, if they are asked for and missing."""
    home = Path(os.environ.get("WORKINGS_DATA", "."))
    folder = Path(arguments.mnist or home / "mnist")
    text = Path(arguments.text or home / "tinyshakespeare.txt")
    missing = []
    if "mnist" in arguments.only and not digits.images_in(folder):
        missing.append(
            f"There are no images of MNIST in {folder}. Put t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz, "
            "from any copy of the MNIST database, into a folder, and name it by --mnist FOLDER."
        )
    if "text" in arguments.only and not text.is_file():
        missing.append(
            f"There is no text {text}. Save one of a megabyte, such as data/tinyshakespeare/input.txt of "
            "karpathy/char-rnn, and name it by --text FILE."
        )
    if missing:
        print(*missing, "WORKINGS_DATA may name a folder with both, as mnist/ and tinyshakespeare.txt.", sep="\n")
        sys.exit(2)
    return folder, text


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mnist", metavar="FOLDER", help="the folder with the files of MNIST")
    parser.add_argument("--text", metavar="FILE", help="the text that is learned")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="train these, and write no page")
    arguments = parser.parse_args()
    folder, text = found(arguments)
    figures: list[Figure] = []
    work = {"digits": on_digits, "mnist": lambda: on_mnist(folder), "text": lambda: on_text(text)}
    for part, measure in work.items():
        if part not in arguments.only:
            continue
        for figure in measure():
            figures.append(figure)
            print("  ".join(figure.row()), "" if figure.met else "  MISSED", flush=True)
    programs = [(name, same_alone(run)) for name, run in short_runs()] if "programs" in arguments.only else []
    for name, same in programs:
        print(f"the program of the {name} alone:", "the same losses" if same else "OTHER LOSSES")
    if set(arguments.only) == set(PARTS):
        symbols, _ = characters.numbered(text.read_text(encoding="utf-8"))
        transformer = next(figure.run for figure in figures if figure.what.endswith("transformer"))
        sample = characters.write(transformer.model, symbols, "\n", SAMPLE)
        RESULTS.write_text(document(figures, programs, sample), encoding="utf-8")
        print(f"written: docs/{RESULTS.name}")
    sys.exit(not (all(figure.met for figure in figures) and all(same for _, same in programs)))


if __name__ == "__main__":
    main()
