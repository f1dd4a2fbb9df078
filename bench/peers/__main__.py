"""What a step of training takes, against PyTorch, JAX and C written by hand.

    python -m bench.peers                          measures everything and writes docs/benchmarks.md and .json
    python -m bench.peers --only moons digits-sgd  measures some of it, and prints that alone
    python -m bench.peers --only mnist --mnist FOLDER --json mnist.json
    python -m bench.peers --torch-python /path/with/torch/bin/python --jax-python /path/with/jax/bin/python

Images and text are those that --mnist and --text name, or that lie in the folder WORKINGS_DATA as mnist/ and
tinyshakespeare.txt; otherwise they are made here.

A competitor that cannot run something says so in its line, and the others go on. It ends with 0 whatever the figures
are: the page says which bars are met.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peers.machine import machine, versions
from bench.peers.measure import ROOT, Options, Row, measure
from bench.peers.report import document, section, verdict
from bench.peers.workloads import WORKLOADS, Sources

JSON, MARKDOWN = ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "benchmarks.md"


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(WORKLOADS), metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}"
    )
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="rounds of each workload (5)")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument(
        "--threads", type=positive, default=min(2, cores), metavar="N", help="threads of each competitor (2)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="F", help="where figures go (docs/benchmarks.json; --only: nowhere)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="F", help="where the page goes (docs/benchmarks.md; --only: nowhere)"
    )
    parser.add_argument("--torch-python", default=sys.executable, metavar="F", help="a Python that has PyTorch")
    parser.add_argument("--jax-python", default=sys.executable, metavar="F", help="a Python that has JAX")
    parser.add_argument("--mnist", type=Path, metavar="FOLDER", help="the files of MNIST; else made here")
    parser.add_argument("--text", type=Path, metavar="FILE", help="the text that is learned; else made here")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = parsed(arguments)
    json_file, page = chosen.json, chosen.out
    if chosen.only is None:
        json_file, page = json_file or JSON, page or MARKDOWN
    sources = found(chosen.mnist, chosen.text)
    names = chosen.only or list(WORKLOADS)
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "versions": versions(chosen.torch_python, chosen.jax_python),
        "threads": chosen.threads,
        "rounds": chosen.rounds,
        "data": told(sources),
    }
    rows: list[Row] = []
    for number, name in enumerate(names, 1):
        tell = progress(f"[{number}/{len(names)}] {name}")
        options = Options(
            chosen.rounds, chosen.threads, chosen.torch_python, chosen.jax_python, sources=sources, tell=tell
        )
        rows.append(measure(name, WORKLOADS[name], options))
        tell("")
        print(section(rows[-1]), end="\n\n", flush=True)
        write(rows, facts, json_file, page)  # after each, so that an end before the last one loses nothing
    for file in filter(None, (json_file, page)):
        print(f"written: {file}")


def write(rows: Sequence[Row], facts: Mapping[str, Any], json_file: Path | None, page: Path | None) -> None:
    """Write the figures as JSON and as a page, where files for them are named."""
    figures = [{**asdict(row), "bars": [verdict(row, b)._asdict() for b in WORKLOADS[row.name].bars]} for row in rows]
    if json_file is not None:
        json_file.write_text(json.dumps({**facts, "workloads": figures}, indent=2) + "\n", encoding="utf-8")
    if page is not None:
        page.write_text(document(rows, facts), encoding="utf-8")


def found(mnist: Path | None, text: Path | None) -> Sources:
    """What is named, or else what lies in the folder WORKINGS_DATA as mnist/ and tinyshakespeare.txt."""
    home = Path(os.environ["WORKINGS_DATA"]) if os.environ.get("WORKINGS_DATA") else None
    if home is not None:
        mnist = mnist or (home / "mnist" if (home / "mnist").is_dir() else None)
        text = text or (home / "tinyshakespeare.txt" if (home / "tinyshakespeare.txt").is_file() else None)
    return Sources(mnist, text)


def told(sources: Sources) -> str:
    """What was trained on, in words."""
    images = "scikit-learn's digits, enlarged to 28 × 28," if sources.mnist is None else "MNIST's"
    text = "made at random, a character from the one before" if sources.text is None else sources.text.name
    return f"digits are scikit-learn's; the images {images} and the text {text}"


def progress(title: str):
    """A function that says what is going on, in one line of a terminal that is written over; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda line: None

    def tell(line: str) -> None:
        print(f"\r\033[K{title}: {line}" if line else "\r\033[K", end="", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    main()
