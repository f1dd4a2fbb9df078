"""The figures as a document: a table for each workload, and whether its bar is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bench.peers.measure import TOLERANCE, Cell, Row
from bench.peers.workloads import COLD, OURS, WORKLOADS, Bar

__all__ = ["Verdict", "document", "ratio", "section", "verdict"]

BOUND = "arithmetic bound"


class Verdict(NamedTuple):
    """Whether a bar is met (None: it cannot be told), and that in words."""

    met: bool | None
    words: str


def reference(row: Row) -> Cell | None:
    """The cell that the others are held against: that of workings native."""
    return row.cell(COLD) if row.kind == "start" else row.cell(OURS)


def ratio(row: Row, value: float | None) -> float | None:
    """A value as so many times that of workings native."""
    ours = reference(row)
    if row.void is not None or value is None or ours is None or ours.value is None:
        return None
    return value / ours.value


def verdict(row: Row, bar: Bar) -> Verdict:
    """Whether the row meets a bar."""
    wanted = _wanted(bar)
    if row.void is not None:
        return Verdict(None, f"{wanted}: cannot be told, the row is void.")
    ours = row.cell(bar.ours)
    if ours is None or ours.value is None:
        said = ours.refused if ours is not None else "was not run"
        return Verdict(False, f"{wanted}: not met, {bar.ours} has no figure ({said}).")
    values = {peer: _value(row, peer) for peer in bar.peers}
    there = {peer: value for peer, value in values.items() if value is not None}
    if not there:
        return Verdict(None, f"{wanted}: cannot be told, there is no figure of {' or '.join(bar.peers)}.")
    best = min(there, key=lambda peer: there[peer])
    if bar.least is not None:
        found = there[best] / ours.value
        met, measured = found >= bar.least, f"{_times(found)} the speed"
    elif bar.most is not None:
        found = ours.value / there[best]
        met, measured = found <= bar.most, f"{_times(found)} the {'memory' if row.kind == 'memory' else 'time'}"
    else:
        assert bar.above is not None
        found = ours.value - there[best]
        met, measured = found <= bar.above, f"{found:.3f} s over it"
    named = f"; the best is {best}" if len(bar.peers) > 1 else ""
    absent = [peer for peer in bar.peers if peer not in there]
    without = f", without {' and '.join(absent)}, which gave no figure" if absent else ""
    return Verdict(met, f"{wanted}: {'met' if met else '**not met**'}, {measured}{named}{without}.")


def _wanted(bar: Bar) -> str:
    peers = " or ".join("the arithmetic bound" if peer == "bound" else peer for peer in bar.peers)
    against = f"the best of {', '.join(bar.peers)}" if len(bar.peers) > 1 else peers
    who = "" if bar.ours == OURS else f"{bar.ours}, "
    if bar.least is not None:
        return f"{who}at least {bar.least:,g}× the speed of {against}"
    if bar.most is not None:
        return f"{who}at most {bar.most:g}× {against}"
    return f"{who}at most {bar.above:g} s over {against}"


def _value(row: Row, peer: str) -> float | None:
    if peer == "bound":
        return row.bound["seconds"] if row.bound is not None else None
    cell = row.cell(peer)
    return cell.value if cell is not None else None


# ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────


def section(row: Row) -> str:
    """The table of a workload, what makes it void, and its bars."""
    parts = [f"## {row.title}", ""]
    if row.void is not None:
        parts += [f"**This row is void**: {row.void}.", ""]
    parts += [table([HEADS[row.kind], *_lines(row)]), ""]
    parts += [f"- {verdict(row, bar).words}" for bar in WORKLOADS[row.name].bars]
    if WORKLOADS[row.name].note:
        parts += ["", WORKLOADS[row.name].note]
    if row.bound is not None:
        parts += ["", _bounded(row.bound)]
    return "\n".join(parts)


HEADS = {
    "step": ("", "time for a step", "times workings native", "compilation", "loss after 100 steps"),
    "start": ("", "time of the process", "times workings native", "loss after 100 steps"),
    "memory": ("", "most memory", "times workings native", "loss after 100 steps"),
}


def _lines(row: Row) -> list[tuple[str, ...]]:
    lines = []
    for cell in row.cells:
        if cell.value is None:
            lines.append((cell.competitor, cell.refused or "", *[""] * (len(HEADS[row.kind]) - 2)))
            continue
        times = ratio(row, cell.value)
        compiling = [f"{cell.compiling:.2f} s"] if row.kind == "step" and cell.compiling is not None else []
        loss = "" if cell.loss is None else f"{cell.loss:.6g}"
        figure = f"{cell.value / 2**20:.0f} MiB" if row.kind == "memory" else _duration(cell.value)
        lines.append((cell.competitor, figure, "" if times is None else _times(times), *compiling, loss))
    if row.bound is not None:
        times = ratio(row, row.bound["seconds"])
        lines.append((BOUND, _duration(row.bound["seconds"]), "" if times is None else _times(times), "", ""))
    return lines


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, its head first."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _times(value: float) -> str:
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def _bounded(bound: Mapping[str, Any]) -> str:
    what = "floating-point operations" if bound["limit"] == "operations" else "bytes moved"
    return (
        f"The bound is that of the {what}: {bound['peak'] / 1e9:.0f} GFLOP/s and {bound['bandwidth'] / 1e9:.0f} GB/s, "
        f"measured by {bound['how']}."
    )


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────


def document(rows: Sequence[Row], facts: Mapping[str, Any]) -> str:
    """docs/benchmarks.md"""
    verdicts = [verdict(row, bar) for row in rows for bar in WORKLOADS[row.name].bars]
    met = sum(v.met is True for v in verdicts)
    missed = sum(v.met is False for v in verdicts)
    machine = facts["machine"]
    untold = len(verdicts) - met - missed
    busy = machine["load"] > machine["cores"] / 4
    warning = (
        "**Other work kept the machine busy: these figures are not to be relied on.**" + chr(10) * 2 if busy else ""
    )
    open_ = f", and of {untold} it cannot be told" if untold else ""
    return f"""# Benchmarks

What a step of training takes with workings, PyTorch, JAX and C written by hand. `python -m bench.peers` measures it and
writes this page. {met} of {len(verdicts)} bars are met, {missed} {"is" if missed == 1 else "are"} not{open_}.

{warning}- Date: {facts["date"]}
- Processor: {machine["cpu"]}, {machine["cores"]} cores, of which {facts["threads"]} are used;
  {machine["load"]:g} tasks ran on average before
- System: {machine["system"]}
- Versions: {", ".join(f"{name} {version}" for name, version in facts["versions"].items())}
- Data: {facts["data"]}

Figures are medians of {facts["rounds"]} rounds, in which all take turns; each runs in a process of its own that lives
on, and steps follow each other in calls of about half a second, where nothing else is said. All start from the same
parameters and see the same rows in the same order, which they gather in the time that is measured. Where losses after
100 steps differ by more than {TOLERANCE:g}, relative, the row is void. "times workings native" is the time of a line as
so many times that of workings native: above 1 workings is faster. Compilation is from the data to the first result,
less the steps themselves and the import. float32 where nothing else is said.

{chr(10).join(section(row) + chr(10) for row in rows)}
## How to measure it again

```sh
make bench                                     # everything, with PyTorch and JAX installed for it
python -m bench.peers --only moons gru         # some of it, printed alone
python -m bench.peers --torch-python A/bin/python --jax-python B/bin/python
```

`torch.compile` needs a C++ compiler, and what is written in C needs gcc; without, their lines say so. `torch.compile`
is given the whole step, with gradient and update, as one graph; of the GRU, what lies around PyTorch's own kernel. The
nets are in
[bench/peers](../bench/peers/competitors), as every library has them; [bench/peers/bound.py](../bench/peers/bound.py)
counts the operations of the bound.
"""
